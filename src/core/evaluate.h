/*
 * evaluate.h
 *		The margin of a row, bit-equal to XGBoost's.
 */
#ifndef CORE_EVALUATE_H
#define CORE_EVALUATE_H

#include "forest.h"

/*
 * values: feature_count float32, NaN is missing.  margins: group_count results,
 * as XGBoost's output_margin gives them.
 */
extern void forest_margins(const ForestImage *image, const float *values, float *margins);

#endif
