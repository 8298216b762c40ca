/*
 * drift_aggregate.c
 *		Measures of drift as aggregates over (value, is_now).
 *
 * The state is the two samples: distinct values with how often each occurred then
 * and now.  It is one flat value, so that partial states travel between workers,
 * and between servers.  New rows are put at its end; when it is full it is sorted
 * and equal values are added up, and only if that does not help does it grow.  So
 * it takes 16 bytes for each distinct value, up to twice that.
 *
 * Results are computed from the sorted state, so they are the same to the bit in
 * whatever order rows come.  All the aggregates have one state: a query that asks
 * for several of one column computes it once.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "compat.h"
#include "drift.h"

#define ENTRIES_MIN 16
#define ENTRIES_MAX ((MaxAllocSize - offsetof(Samples, entries)) / sizeof(SampleEntry))

typedef struct SampleEntry
{
	double		value;
	uint32		then;			/* how often; not both zero */
	uint32		now;
} SampleEntry;

typedef struct Samples
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int32		bins;
	int64		missing_then;
	int64		missing_now;
	int64		count;			/* entries used; there may be room for more */
	SampleEntry entries[FLEXIBLE_ARRAY_MEMBER];
} Samples;

static inline int64
capacity(const Samples *samples)
{
	return (VARSIZE(samples) - offsetof(Samples, entries)) / sizeof(SampleEntry);
}

static Samples *
new_samples(int64 entries)
{
	Size		size = offsetof(Samples, entries) + entries * sizeof(SampleEntry);
	Samples    *samples = palloc(size);

	memset(samples, 0, offsetof(Samples, entries));
	SET_VARSIZE(samples, size);
	return samples;
}

/* An error if a state is not one of ours (states can be stored). */
static Samples *
check_samples(Samples *samples)
{
	if (VARSIZE(samples) < offsetof(Samples, entries) ||
		samples->count < 0 || samples->count > capacity(samples) ||
		samples->bins < DRIFT_MIN_BINS || samples->bins > DRIFT_MAX_BINS ||
		samples->missing_then < 0 || samples->missing_now < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of an aggregate of drift")));
	return samples;
}

/* A state argument, aligned, and ours to sort */
static Samples *
samples_argument(FunctionCallInfo fcinfo, int argument)
{
	return check_samples((Samples *) PG_GETARG_BYTEA_P_COPY(argument));
}

/*
 * The state that a result is made of, to be sorted.  The aggregate's own is sorted
 * where it stands: it stays the same samples, and another result, or the next of a
 * window, finds it sorted.
 */
static Samples *
result_argument(FunctionCallInfo fcinfo)
{
	if (AggCheckCallContext(fcinfo, NULL))
		return check_samples((Samples *) PG_GETARG_BYTEA_P(0));
	return samples_argument(fcinfo, 0);
}

static int
compare_entries(const void *a, const void *b)
{
	double		left = ((const SampleEntry *) a)->value;
	double		right = ((const SampleEntry *) b)->value;

	/* half a second of sorting must be possible to cancel */
	CHECK_FOR_INTERRUPTS();
	return left < right ? -1 : left > right;
}

/* Sorts, and adds equal values up. */
static void
compact(Samples *samples)
{
	SampleEntry *entries = samples->entries;
	int64		kept = 0;

	qsort(entries, samples->count, sizeof(SampleEntry), compare_entries);
	for (int64 i = 0; i < samples->count; i++)
	{
		SampleEntry *last = kept > 0 ? &entries[kept - 1] : NULL;

		/* a value so frequent that its count has no room has a second entry */
		if (last != NULL && last->value == entries[i].value &&
			(uint64) last->then + entries[i].then <= PG_UINT32_MAX &&
			(uint64) last->now + entries[i].now <= PG_UINT32_MAX)
		{
			last->then += entries[i].then;
			last->now += entries[i].now;
		}
		else
			entries[kept++] = entries[i];
	}
	samples->count = kept;
}

static _Noreturn void
fail_too_many(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many different values for an aggregate of drift"),
			 errdetail("There may be %zu.", (Size) ENTRIES_MAX / 4 * 3),
			 errhint("Round the values, or use risk.drift_between, which sorts on disk.")));
}

/*
 * Makes room for another entry; the result may be another state.  A quarter of it is
 * free afterwards: fewer entries would have to be sorted too often.
 */
static Samples *
make_room(Samples *samples)
{
	int64		used;
	Samples    *larger;

	if (samples->count < capacity(samples))
		return samples;
	compact(samples);
	used = samples->count;
	if (used <= capacity(samples) / 4 * 3)
		return samples;
	if (capacity(samples) >= (int64) ENTRIES_MAX)
		fail_too_many();
	larger = new_samples(Min(2 * capacity(samples), (int64) ENTRIES_MAX));
	larger->bins = samples->bins;
	larger->missing_then = samples->missing_then;
	larger->missing_now = samples->missing_now;
	larger->count = used;
	memcpy(larger->entries, samples->entries, used * sizeof(SampleEntry));
	return larger;
}

static int
bins_argument(FunctionCallInfo fcinfo)
{
	int			bins;

	if (PG_NARGS() <= 3)
		return DRIFT_DEFAULT_BINS;
	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("bins must not be null")));
	bins = PG_GETARG_INT32(3);
	if (bins < DRIFT_MIN_BINS || bins > DRIFT_MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins must be between %d and %d", DRIFT_MIN_BINS, DRIFT_MAX_BINS)));
	return bins;
}

PG_FUNCTION_INFO_V1(company_risk_drift_add);
Datum
company_risk_drift_add(PG_FUNCTION_ARGS)
{
	Samples    *samples;
	bool		is_now;
	double		value;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "step of an aggregate of drift called outside of an aggregate");
	/* neither then nor now */
	if (PG_ARGISNULL(2))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	is_now = PG_GETARG_BOOL(2);

	/* the state is ours to change in place; a new one is copied by the caller */
	if (PG_ARGISNULL(0))
	{
		samples = new_samples(ENTRIES_MIN);
		samples->bins = bins_argument(fcinfo);
	}
	else
	{
		samples = check_samples((Samples *) PG_GETARG_BYTEA_P(0));
		if (samples->bins != bins_argument(fcinfo))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("bins must be the same in all rows")));
	}
	value = PG_ARGISNULL(1) ? get_float8_nan() : PG_GETARG_FLOAT8(1);
	if (isnan(value))
	{
		if (is_now)
			samples->missing_now++;
		else
			samples->missing_then++;
	}
	else
	{
		SampleEntry *entry;

		samples = make_room(samples);
		entry = &samples->entries[samples->count++];
		entry->value = value + 0.0; /* -0 becomes 0 */
		entry->then = !is_now;
		entry->now = is_now;
	}
	PG_RETURN_BYTEA_P((bytea *) samples);
}

PG_FUNCTION_INFO_V1(company_risk_drift_combine);
Datum
company_risk_drift_combine(PG_FUNCTION_ARGS)
{
	Samples    *a = samples_argument(fcinfo, 0);
	Samples    *b = samples_argument(fcinfo, 1);
	Samples    *sum;

	if (a->bins != b->bins)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("bins must be the same in all rows")));
	if (a->count + b->count > (int64) ENTRIES_MAX)
	{
		/* equal values may be in both; a chance, not a promise */
		compact(a);
		compact(b);
		if (a->count + b->count > (int64) ENTRIES_MAX)
			fail_too_many();
	}
	sum = new_samples(Max(a->count + b->count, ENTRIES_MIN));
	sum->bins = a->bins;
	sum->missing_then = a->missing_then + b->missing_then;
	sum->missing_now = a->missing_now + b->missing_now;
	sum->count = a->count + b->count;
	memcpy(sum->entries, a->entries, a->count * sizeof(SampleEntry));
	memcpy(sum->entries + a->count, b->entries, b->count * sizeof(SampleEntry));
	PG_RETURN_BYTEA_P((bytea *) sum);
}

/* ----------
 * Results
 * ----------
 */

/* How many values there are of each, missing ones aside */
static void
count_values(const Samples *samples, int64 *then, int64 *now)
{
	*then = *now = 0;
	for (int64 i = 0; i < samples->count; i++)
	{
		*then += samples->entries[i].then;
		*now += samples->entries[i].now;
	}
}

/* Counts both samples in bins cut by the first one, the last for missing values. */
static int
count_bins(const Samples *samples, int64 **then, int64 **now)
{
	double	   *quantiles = palloc((samples->bins + 1) * sizeof(double));
	double	   *bounds = palloc(2 * samples->bins * sizeof(double));
	int			bound_count = 0;
	int64		values_then;
	int64		values_now;
	int			bins;

	count_values(samples, &values_then, &values_now);
	if (values_then > 0)
	{
		int64		seen = 0;
		int			k = 0;

		for (int64 i = 0; i < samples->count; i++)
		{
			seen += samples->entries[i].then;
			while (k <= samples->bins && drift_quantile_place(values_then, k, samples->bins) < seen)
				quantiles[k++] = samples->entries[i].value;
		}
		bound_count = drift_bounds(quantiles, samples->bins, bounds);
	}
	bins = bound_count + 2;
	*then = palloc0(bins * sizeof(int64));
	*now = palloc0(bins * sizeof(int64));
	for (int64 i = 0; i < samples->count; i++)
	{
		int			bin = drift_bin(bounds, bound_count, samples->entries[i].value);

		(*then)[bin] += samples->entries[i].then;
		(*now)[bin] += samples->entries[i].now;
	}
	(*then)[bins - 1] = samples->missing_then;
	(*now)[bins - 1] = samples->missing_now;
	return bins;
}

static Datum
measure_bins(FunctionCallInfo fcinfo, bool (*measure) (const int64 *, const int64 *, int, double *))
{
	Samples    *samples = result_argument(fcinfo);
	int64	   *then;
	int64	   *now;
	int			bins;
	double		result;

	compact(samples);
	bins = count_bins(samples, &then, &now);
	if (!measure(then, now, bins, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

PG_FUNCTION_INFO_V1(company_risk_drift_stability_index);
Datum
company_risk_drift_stability_index(PG_FUNCTION_ARGS)
{
	return measure_bins(fcinfo, drift_stability_index);
}

PG_FUNCTION_INFO_V1(company_risk_drift_jensen_shannon);
Datum
company_risk_drift_jensen_shannon(PG_FUNCTION_ARGS)
{
	return measure_bins(fcinfo, drift_jensen_shannon);
}

/* The area between the two distribution functions */
PG_FUNCTION_INFO_V1(company_risk_drift_wasserstein);
Datum
company_risk_drift_wasserstein(PG_FUNCTION_ARGS)
{
	Samples    *samples = result_argument(fcinfo);
	int64		values_then;
	int64		values_now;
	int64		below_then = 0;
	int64		below_now = 0;
	PreciseSum	result = {0.0, 0.0};

	compact(samples);
	count_values(samples, &values_then, &values_now);
	if (values_then == 0 || values_now == 0)
		PG_RETURN_NULL();
	for (int64 i = 0; i + 1 < samples->count; i++)
	{
		double		difference;

		below_then += samples->entries[i].then;
		below_now += samples->entries[i].now;
		difference = fabs((double) below_then / values_then - (double) below_now / values_now);
		/* an infinite way that nothing goes counts for nothing */
		if (difference > 0.0 && samples->entries[i + 1].value != samples->entries[i].value)
			precise_add(&result, difference * (samples->entries[i + 1].value - samples->entries[i].value));
	}
	PG_RETURN_FLOAT8(precise_result(&result));
}

/* Mean of the values now less that of the values then */
PG_FUNCTION_INFO_V1(company_risk_drift_mean_difference);
Datum
company_risk_drift_mean_difference(PG_FUNCTION_ARGS)
{
	Samples    *samples = result_argument(fcinfo);
	int64		values_then;
	int64		values_now;
	PreciseSum	mean_then = {0.0, 0.0};
	PreciseSum	mean_now = {0.0, 0.0};

	compact(samples);
	count_values(samples, &values_then, &values_now);
	if (values_then == 0 || values_now == 0)
		PG_RETURN_NULL();
	for (int64 i = 0; i < samples->count; i++)
	{
		const SampleEntry *entry = &samples->entries[i];

		/* an infinite value that did not occur counts for nothing */
		if (entry->then > 0)
			precise_add(&mean_then, entry->value * ((double) entry->then / values_then));
		if (entry->now > 0)
			precise_add(&mean_now, entry->value * ((double) entry->now / values_now));
	}
	PG_RETURN_FLOAT8(precise_result(&mean_now) - precise_result(&mean_then));
}
