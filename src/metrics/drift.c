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
 *
 * The aggregates have the state of those over scores (outcomes.c), with
 * is_now as the label.  It is read in order of the values, so results are the same
 * to the bit in whatever order rows come.
 */
#include "metrics/drift.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "metrics/outcomes.h"
#include "utils/array.h"

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

/* ----------
 * For SQL: from the state of an aggregate
 * ----------
 */
typedef struct Samples
{
	const Outcomes *outcomes;
	int			bins;
	int64		then;			/* rows that have a value */
	int64		now;
	int64		missing_then;
	int64		missing_now;
} Samples;

/* A value that occurs, and how often */
typedef struct SampleValue
{
	double		value;
	int64		then;
	int64		now;
} SampleValue;

/* The next value from an entry on, in ascending order; false when only missing ones are left. */
static bool
next_value(const Outcomes *outcomes, size_t *entry, SampleValue *value)
{
	uint64		word;

	if (*entry == outcomes->count)
		return false;
	word = outcomes->words[2 * *entry];
	if (word == MISSING_WORD)
		return false;
	*value = (SampleValue) {word_to_double(word), 0, 0};
	for (; *entry < outcomes->count && outcomes->words[2 * *entry] == word; ++*entry)
	{
		uint64		tally = outcomes->words[2 * *entry + 1];

		*(tally_label(tally) ? &value->now : &value->then) = tally_count(tally);
	}
	return true;
}

static void
samples_argument(FunctionCallInfo fcinfo, Samples *samples)
{
	const Outcomes *outcomes = outcomes_argument(fcinfo, 0);

	/* states can be forged */
	if (outcomes->layout != OUTCOMES_SAMPLES || outcomes->parameter != PARAMETER_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of an aggregate")));
	memset(samples, 0, sizeof(Samples));
	samples->outcomes = outcomes;
	samples->bins = drift_bins((int) Max(0.0, Min(outcomes->parameters[0], DRIFT_MAX_BINS + 1.0)));
	for (size_t i = 0; i < outcomes->count; i++)
	{
		bool		missing = outcomes->words[2 * i] == MISSING_WORD;
		uint64		tally = outcomes->words[2 * i + 1];

		if (tally_label(tally))
			*(missing ? &samples->missing_now : &samples->now) += tally_count(tally);
		else
			*(missing ? &samples->missing_then : &samples->then) += tally_count(tally);
	}
}

/* Counts both samples in bins cut by the first one, the last for missing values. */
static int
count_bins(const Samples *samples, int64 **then, int64 **now)
{
	double	   *quantiles = palloc((samples->bins + 1) * sizeof(double));
	double	   *bounds = palloc(2 * samples->bins * sizeof(double));
	int			bound_count = 0;
	size_t		entry = 0;
	SampleValue value;
	int			bins;

	if (samples->then > 0)
	{
		int64		seen = 0;
		int			k = 0;

		while (next_value(samples->outcomes, &entry, &value))
		{
			seen += value.then;
			while (k <= samples->bins && drift_quantile_place(samples->then, k, samples->bins) < seen)
				quantiles[k++] = value.value;
		}
		bound_count = drift_bounds(quantiles, samples->bins, bounds);
	}
	bins = bound_count + 2;
	*then = palloc0(bins * sizeof(int64));
	*now = palloc0(bins * sizeof(int64));
	for (entry = 0; next_value(samples->outcomes, &entry, &value);)
	{
		int			bin = drift_bin(bounds, bound_count, value.value);

		(*then)[bin] += value.then;
		(*now)[bin] += value.now;
	}
	(*then)[bins - 1] = samples->missing_then;
	(*now)[bins - 1] = samples->missing_now;
	return bins;
}

static Datum
measure_bins(FunctionCallInfo fcinfo, bool (*measure) (const int64 *, const int64 *, int, double *))
{
	Samples		samples;
	int64	   *then;
	int64	   *now;
	int			bins;
	double		result;

	samples_argument(fcinfo, &samples);
	bins = count_bins(&samples, &then, &now);
	if (!measure(then, now, bins, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

PG_FUNCTION_INFO_V1(company_risk_samples_stability_index);
Datum
company_risk_samples_stability_index(PG_FUNCTION_ARGS)
{
	return measure_bins(fcinfo, drift_stability_index);
}

PG_FUNCTION_INFO_V1(company_risk_samples_jensen_shannon);
Datum
company_risk_samples_jensen_shannon(PG_FUNCTION_ARGS)
{
	return measure_bins(fcinfo, drift_jensen_shannon);
}

/* The area between the two distribution functions */
PG_FUNCTION_INFO_V1(company_risk_samples_wasserstein);
Datum
company_risk_samples_wasserstein(PG_FUNCTION_ARGS)
{
	Samples		samples;
	SampleValue value;
	size_t		entry = 0;
	double		previous = 0.0;
	double		difference = 0.0;	/* of the two functions, from the previous value on */
	int64		below_then = 0;
	int64		below_now = 0;
	DoubleDouble result = dd_from(0.0);

	samples_argument(fcinfo, &samples);
	if (samples.then == 0 || samples.now == 0)
		PG_RETURN_NULL();
	while (next_value(samples.outcomes, &entry, &value))
	{
		/* an infinite way that nothing goes counts for nothing */
		if (difference > 0.0)
			dd_accumulate(&result, difference * (value.value - previous));
		below_then += value.then;
		below_now += value.now;
		difference = fabs((double) below_then / samples.then - (double) below_now / samples.now);
		previous = value.value;
	}
	PG_RETURN_FLOAT8(dd_to_double(result));
}

/* Mean of the values now less that of the values then */
PG_FUNCTION_INFO_V1(company_risk_samples_mean_difference);
Datum
company_risk_samples_mean_difference(PG_FUNCTION_ARGS)
{
	Samples		samples;
	SampleValue value;
	size_t		entry = 0;
	DoubleDouble mean_then = dd_from(0.0);
	DoubleDouble mean_now = dd_from(0.0);

	samples_argument(fcinfo, &samples);
	if (samples.then == 0 || samples.now == 0)
		PG_RETURN_NULL();
	while (next_value(samples.outcomes, &entry, &value))
	{
		/* an infinite value that did not occur counts for nothing */
		if (value.then > 0)
			dd_accumulate(&mean_then, value.value * ((double) value.then / samples.then));
		if (value.now > 0)
			dd_accumulate(&mean_now, value.value * ((double) value.now / samples.now));
	}
	PG_RETURN_FLOAT8(dd_to_double(mean_now) - dd_to_double(mean_then));
}
