/*
 * profile_numbers.h
 *		The profile of a column of numbers.
 */
#ifndef PROFILE_NUMBERS_H
#define PROFILE_NUMBERS_H

#include "base/compat.h"
#include "metrics/profile_row.h"

/* Numbers in ascending order, from a sort or at hand; none of them is NaN or -0. */
typedef struct SortedNumbers
{
	Tuplesortstate *sort;
	const float *next;
	int64		count;
} SortedNumbers;

/* Bins of a reference, between ascending bounds (drift_measures.h) */
typedef struct ReferenceBounds
{
	const double *bounds;
	int			count;
} ReferenceBounds;

/* Fills in what a profile knows of its values; without a reference, bins are the column's own. */
extern void profile_numbers(SortedNumbers *numbers, const ReferenceBounds *reference,
							Profile *profile);

#endif							/* PROFILE_NUMBERS_H */
