/*
 * explain.h
 *		Exact path-dependent Shapley values of a row.
 */
#ifndef CORE_EXPLAIN_H
#define CORE_EXPLAIN_H

#include "forest.h"

/*
 * vector: the row, as forest_prepare() completed it.  contributions: for each
 * output group, feature_count + 1 numbers in margin units, the features in order
 * and the bias (the expected margin) last; for each group they add up to its
 * margin.  scratch: forest_contributions_scratch() doubles to work in.  The host
 * is asked for interrupts now and then.
 */
extern void forest_contributions(CoreHost *host, const ForestImage *image,
								 const ForestValue *vector, double *contributions,
								 double *scratch);
extern size_t forest_contributions_scratch(const ForestImage *image);

/*
 * The same, to the bit, for up to FOREST_BATCH rows at a time, in less time for
 * each.  vectors: count completed vectors, one after the other; contributions:
 * those of the rows, one after the other; scratch: forest_batch_scratch() doubles.
 */
#define FOREST_BATCH	16

extern void forest_batch_contributions(CoreHost *host, const ForestImage *image,
									   const ForestValue *vectors, uint32_t count,
									   double *contributions, double *scratch);
extern size_t forest_batch_scratch(const ForestImage *image);

/*
 * Chooses the kernels for dense blocks, by itself the widest that the processor
 * has: "portable", "avx2" or "avx512".  False when it has it not.  All give the
 * same bits.
 */
extern bool forest_use_kernel(const char *name);

#endif
