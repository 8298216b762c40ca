/*
 * evaluate.h
 *		The margin of a row, bit-equal to XGBoost's.
 */
#ifndef CORE_EVALUATE_H
#define CORE_EVALUATE_H

#include "forest.h"

/*
 * vector: the row, as forest_prepare() completed it.  margins: group_count
 * results, as XGBoost's output_margin gives them.
 */
extern void forest_margins(const ForestImage *image, const ForestValue *vector, float *margins);

#endif
