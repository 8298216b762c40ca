/*
 * drift_measures.c
 *		Bins of values, and how far one distribution over them has moved from
 *		another.
 *
 * Two measures compare shares of bins that the reference cuts:
 *
 *	population stability index	sum of (q - p) * ln(q / p)
 *	Jensen-Shannon divergence	mean of KL(p, m) and KL(q, m) with m = (p + q) / 2,
 *								in bits: from 0, the same, to 1, nothing in common
 *
 * p being the reference's share of a bin and q the present one.  A share below
 * SHARE_MIN counts as SHARE_MIN in the first, which would be infinite where a bin
 * is empty on one side; the second needs no such help.
 *
 * Numbers are cut at quantiles of the reference.  Each bound belongs to the bin
 * below it.  A value that is several of the quantiles, as the zero of a feature
 * that mostly is zero, is a bin of its own, written as a bound that stands twice:
 * else values would move from it to one side and stay in one bin with it.  Missing
 * values are one more bin, which callers count.
 */
#include "metrics/drift_measures.h"

#include <math.h>

#define SHARE_MIN 1e-4

int
drift_bins(int bins)
{
	if (bins < DRIFT_MIN_BINS || bins > DRIFT_MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins must be between %d and %d", DRIFT_MIN_BINS, DRIFT_MAX_BINS)));
	return bins;
}

int
drift_bounds(const double *quantiles, int n, double *bounds)
{
	int			count = 0;

	for (int k = 1; k < n; k++)
	{
		double		value = quantiles[k];

		if (count > 0 && bounds[count - 1] == value)
			continue;
		bounds[count++] = value;
		if (quantiles[k - 1] == value || quantiles[k + 1] == value)
			bounds[count++] = value;
	}
	return count;
}

int
drift_bin(const double *bounds, int bound_count, double value)
{
	int			low = 0;
	int			high = bound_count;

	/* the first bound that is not below the value */
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (bounds[middle] < value)
			low = middle + 1;
		else
			high = middle;
	}
	/* of two, the second closes the value's own bin */
	if (low + 1 < bound_count && bounds[low] == value && bounds[low + 1] == value)
		low++;
	return low;
}

static double
total(const int64 *counts, int bins)
{
	double		sum = 0.0;

	for (int i = 0; i < bins; i++)
		sum += (double) counts[i];
	return sum;
}

bool
drift_stability_index(const int64 *then, const int64 *now, int bins, double *result)
{
	double		rows_then = total(then, bins);
	double		rows_now = total(now, bins);

	if (rows_then <= 0.0 || rows_now <= 0.0)
		return false;
	*result = 0.0;
	for (int i = 0; i < bins; i++)
	{
		double		p = Max(then[i] / rows_then, SHARE_MIN);
		double		q = Max(now[i] / rows_now, SHARE_MIN);

		*result += (q - p) * log(q / p);
	}
	return true;
}

bool
drift_jensen_shannon(const int64 *then, const int64 *now, int bins, double *result)
{
	double		rows_then = total(then, bins);
	double		rows_now = total(now, bins);

	if (rows_then <= 0.0 || rows_now <= 0.0)
		return false;
	*result = 0.0;
	for (int i = 0; i < bins; i++)
	{
		double		p = then[i] / rows_then;
		double		q = now[i] / rows_now;
		double		mean = (p + q) / 2.0;

		if (p > 0.0)
			*result += p * log2(p / mean) / 2.0;
		if (q > 0.0)
			*result += q * log2(q / mean) / 2.0;
	}
	/* rounding may leave the range by a digit */
	*result = Min(Max(*result, 0.0), 1.0);
	return true;
}
