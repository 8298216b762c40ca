/*
 * drift.c
 *		Measures of how far one distribution has moved from another.
 *
 * Two of them compare shares of bins that the reference cuts:
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
#include "drift.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"

#define SHARE_MIN 1e-4

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

/* ----------
 * For SQL: from counts
 * ----------
 */

/* An array of counts; an error unless each is one. */
static int64 *
counts_argument(FunctionCallInfo fcinfo, int argument, int *count)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(argument);
	Datum	   *elements;
	bool	   *nulls;
	int64	   *counts;

	deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, count);
	counts = palloc(Max(*count, 1) * sizeof(int64));
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("counts must not be null")));
		counts[i] = DatumGetInt64(elements[i]);
		if (counts[i] < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("counts must not be negative")));
	}
	return counts;
}

static Datum
measure_counts(FunctionCallInfo fcinfo, bool (*measure) (const int64 *, const int64 *, int, double *))
{
	int			bins_then;
	int			bins_now;
	int64	   *then = counts_argument(fcinfo, 0, &bins_then);
	int64	   *now = counts_argument(fcinfo, 1, &bins_now);
	double		result;

	if (bins_then != bins_now)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there are %d counts then and %d now", bins_then, bins_now),
				 errdetail("Both count the rows of the same bins.")));
	if (!measure(then, now, bins_then, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

PG_FUNCTION_INFO_V1(company_risk_stability_index);
Datum
company_risk_stability_index(PG_FUNCTION_ARGS)
{
	return measure_counts(fcinfo, drift_stability_index);
}

PG_FUNCTION_INFO_V1(company_risk_jensen_shannon);
Datum
company_risk_jensen_shannon(PG_FUNCTION_ARGS)
{
	return measure_counts(fcinfo, drift_jensen_shannon);
}
