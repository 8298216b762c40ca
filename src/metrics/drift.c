/*
 * drift.c
 *		Measures of drift for SQL: of counts, of two profiles' slices, and as the
 *		final functions of aggregates over (value, is_now).
 *
 * The state of those aggregates is a multiset of samples (outcomes.c), with is_now as
 * the label.  It is read in order of the values, so results are the same to the bit
 * in whatever order rows come.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"

#include "base/double_double.h"
#include "metrics/drift_measures.h"
#include "metrics/outcomes.h"

/* ----------
 * From counts
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
measure_counts(FunctionCallInfo fcinfo, DriftMeasure measure)
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
 * From the state of an aggregate
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
	uint64		field;

	if (*entry == outcomes->count)
		return false;
	field = outcomes->fields[2 * *entry];
	if (field == MISSING_FIELD)
		return false;
	*value = (SampleValue) {double_from_sortable(field), 0, 0};
	for (; *entry < outcomes->count && outcomes->fields[2 * *entry] == field; ++*entry)
	{
		uint64		counted = outcomes->fields[2 * *entry + 1];

		*(counted_label(counted) ? &value->now : &value->then) = counted_rows(counted);
	}
	return true;
}

static void
samples_argument(FunctionCallInfo fcinfo, Samples *samples)
{
	const Outcomes *outcomes = outcomes_argument(fcinfo, 0);

	/* states can be forged */
	if (outcomes->layout != OUTCOMES_SAMPLES || outcomes->parameter_count != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of an aggregate")));
	memset(samples, 0, sizeof(Samples));
	samples->outcomes = outcomes;
	samples->bins = drift_bins((int) Max(0.0, Min(outcomes->parameters[0], DRIFT_MAX_BINS + 1.0)));
	for (size_t i = 0; i < outcomes->count; i++)
	{
		bool		missing = outcomes->fields[2 * i] == MISSING_FIELD;
		uint64		counted = outcomes->fields[2 * i + 1];

		if (counted_label(counted))
			*(missing ? &samples->missing_now : &samples->now) += counted_rows(counted);
		else
			*(missing ? &samples->missing_then : &samples->then) += counted_rows(counted);
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
measure_bins(FunctionCallInfo fcinfo, DriftMeasure measure)
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

/* ----------
 * Two profiles of numbers
 * ----------
 */
PG_FUNCTION_INFO_V1(company_risk_slice_distance);
Datum
company_risk_slice_distance(PG_FUNCTION_ARGS)
{
	Datum	   *elements[2];
	bool	   *nulls[2];
	int			counts[2];
	double		result = 0.0;

	for (int i = 0; i < 2; i++)
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(i), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
						  TYPALIGN_DOUBLE, &elements[i], &nulls[i], &counts[i]);
	if (counts[0] != counts[1])
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there are %d slices then and %d now", counts[0], counts[1])));
	for (int i = 0; i < counts[0]; i++)
	{
		double		then = DatumGetFloat8(elements[0][i]);
		double		now = DatumGetFloat8(elements[1][i]);

		if (nulls[0][i] || nulls[1][i])
			PG_RETURN_NULL();
		/* not where both are infinite, or none of their values is a number */
		if (then != now && !(isnan(then) && isnan(now)))
			result += fabs(now - then) / counts[0];
	}
	PG_RETURN_FLOAT8(result);
}
