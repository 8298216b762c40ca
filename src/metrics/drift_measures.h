/*
 * drift_measures.h
 *		Bins of values, and how far one distribution over them has moved from
 *		another.
 */
#ifndef DRIFT_MEASURES_H
#define DRIFT_MEASURES_H

#include "postgres.h"

/* Bins are cut at the quantiles 0, 1/n, ... 1 of the reference. */
#define DRIFT_DEFAULT_BINS 10
#define DRIFT_MIN_BINS 2
#define DRIFT_MAX_BINS 1000

/*
 * The place, from 0, of quantile k of n in count sorted values: the smallest value
 * with at least the share k/n at or below it, as percentile_disc has it.
 */
static inline int64
drift_quantile_place(int64 count, int k, int n)
{
	int64		whole = count / n;
	int64		rest = count % n;
	int64		rank = whole * k + (rest * k + n - 1) / n;	/* count * k / n, upwards */

	return rank > 0 ? rank - 1 : 0;
}

/* A number of bins; an error if it is none. */
extern int	drift_bins(int bins);

/*
 * The bounds of bins from the quantiles 0, 1/n, ... 1 of the reference, n + 1 of
 * them; bounds has room for 2 * n.  Returns their number, one less than bins.
 */
extern int	drift_bounds(const double *quantiles, int n, double *bounds);

/* The bin of a value, from 0 */
extern int	drift_bin(const double *bounds, int bound_count, double value);

/* From the counts of the same bins; false when one of the two has no rows. */
typedef bool (*DriftMeasure) (const int64 *then, const int64 *now, int bins, double *result);

extern bool drift_stability_index(const int64 *then, const int64 *now, int bins, double *result);
extern bool drift_jensen_shannon(const int64 *then, const int64 *now, int bins, double *result);

#endif							/* DRIFT_MEASURES_H */
