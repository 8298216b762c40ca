/*
 * explain.h
 *		Exact path-dependent Shapley values of a row.
 */
#ifndef CORE_EXPLAIN_H
#define CORE_EXPLAIN_H

#include "forest.h"

/*
 * values: as for forest_margins().  contributions: for each output group,
 * feature_count + 1 numbers in margin units, the features in order and the bias
 * (the expected margin) last; for each group they add up to its margin.  The
 * host is asked for interrupts after each tree.
 */
extern void forest_contributions(CoreHost *host, const ForestImage *image,
								 const float *values, double *contributions);

#endif
