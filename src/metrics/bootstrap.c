/*
 * bootstrap.c
 *		How much a metric would vary with other companies: percentile intervals
 *		by the bootstrap.
 *
 * A resample draws as many rows as there are, with replacement, each as likely as
 * any other: an exact multinomial draw.  Where outcomes have clusters, whole
 * clusters are drawn, as many as there are: the months of one company stand or fall
 * together.  The metric is computed anew from each resample's weights of the
 * distinct scores; one pass over the rows and one over the scores per resample.
 *
 * The generator is PostgreSQL's, seeded by the caller: the same outcomes and seed
 * give the same answer.  Resamples in which the metric is undefined (one class
 * only) are left out, and the rest are counted.
 *
 * Memory: 24 bytes per distinct score (40 for log loss and Brier score), 4 per entry
 * and 4 per unit that is drawn; where rows share entries 4 more per row, and for
 * clusters 4 more per entry, 16 while they are numbered.
 */
#include "metrics/metrics.h"

#include <math.h>

#include "common/pg_prng.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/result_row.h"

#define MAX_RESAMPLES 1000000

/* Units and entries are numbered by 32 bits; this many rows take 800 MB. */
#define MAX_UNITS INT64CONST(100000000)

typedef struct Resampler
{
	const Outcomes *outcomes;
	size_t		units;
	uint32	   *drawn;			/* by unit: how often */
	uint32	   *unit_of_entry;	/* NULL if rows are drawn */
	uint32	   *entry_of_row;	/* NULL if each entry is one row */
	double		scale;			/* of weights: that of the whole sample, whose sum it brings into range */

	/* groups of equal scores, lowest first */
	size_t		groups;
	uint32	   *group_of_entry;
	double	   *scores;
	double	   *positives;
	double	   *negatives;
} Resampler;

static void *
allocate(size_t count, size_t size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, Max(count, 1) * size);
}

typedef struct ClusterEntry
{
	uint64		cluster;
	uint64		entry;
} ClusterEntry;

#define ST_SORT sort_clusters
#define ST_ELEMENT_TYPE ClusterEntry
#define ST_COMPARE(a, b) ((a)->cluster < (b)->cluster ? -1 : (a)->cluster > (b)->cluster ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Numbers the clusters. */
static void
number_clusters(Resampler *resampler)
{
	const Outcomes *outcomes = resampler->outcomes;
	ClusterEntry *entries = allocate(outcomes->count, sizeof(ClusterEntry));
	int			field = outcomes_cluster_field(outcomes->layout);

	for (size_t i = 0; i < outcomes->count; i++)
		entries[i] = (ClusterEntry) {outcomes->fields[i * outcomes->width + field], i};
	sort_clusters(entries, outcomes->count);
	resampler->unit_of_entry = allocate(outcomes->count, sizeof(uint32));
	for (size_t i = 0; i < outcomes->count; i++)
	{
		if (i == 0 || entries[i].cluster != entries[i - 1].cluster)
			resampler->units++;
		resampler->unit_of_entry[entries[i].entry] = (uint32) (resampler->units - 1);
	}
	pfree(entries);
}

static void
resampler_begin(Resampler *resampler, const Outcomes *outcomes, double scale)
{
	int64		rows = outcomes_rows(outcomes);

	memset(resampler, 0, sizeof(Resampler));
	resampler->outcomes = outcomes;
	resampler->scale = scale;
	if (rows > MAX_UNITS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for a bootstrap"),
				 errdetail("There are %lld of at most %lld.", (long long) rows, (long long) MAX_UNITS)));
	if (outcomes->layout & OUTCOMES_CLUSTERED)
		number_clusters(resampler);
	else
	{
		resampler->units = rows;
		if ((size_t) rows != outcomes->count)
		{
			size_t		row = 0;

			resampler->entry_of_row = allocate(rows, sizeof(uint32));
			for (size_t i = 0; i < outcomes->count; i++)
				for (int64 n = counted_rows(outcomes->fields[(i + 1) * outcomes->width - 1]); n > 0; n--)
					resampler->entry_of_row[row++] = (uint32) i;
		}
	}
	resampler->drawn = allocate(Max(resampler->units, outcomes->count), sizeof(uint32));

	resampler->group_of_entry = allocate(outcomes->count, sizeof(uint32));
	for (size_t i = 0; i < outcomes->count; i++)
	{
		const uint64 *entry = outcomes->fields + i * outcomes->width;

		if (i == 0 || entry[0] != entry[-outcomes->width])
			resampler->groups++;
		resampler->group_of_entry[i] = (uint32) (resampler->groups - 1);
	}
	resampler->scores = allocate(resampler->groups, sizeof(double));
	resampler->positives = allocate(resampler->groups, sizeof(double));
	resampler->negatives = allocate(resampler->groups, sizeof(double));
	for (size_t i = 0; i < outcomes->count; i++)
	{
		const uint64 *entry = outcomes->fields + i * outcomes->width;

		resampler->scores[resampler->group_of_entry[i]] = double_from_sortable(entry[0]);
	}
}

/*
 * A number from 0 to below the range, each as likely: multiply, and draw again where
 * it does not divide
 */
static inline uint32
draw(pg_prng_state *generator, uint32 range)
{
	uint64		product = (uint64) (uint32) (pg_prng_uint64(generator) >> 32) * range;

	if (unlikely((uint32) product < range))
	{
		uint32		least = -range % range;

		while ((uint32) product < least)
			product = (uint64) (uint32) (pg_prng_uint64(generator) >> 32) * range;
	}
	return (uint32) (product >> 32);
}

/* Draws, and sums the weights up by score. */
static void
resample(Resampler *resampler, pg_prng_state *generator)
{
	const Outcomes *outcomes = resampler->outcomes;
	bool		weighted = (outcomes->layout & OUTCOMES_WEIGHTED) != 0;
	uint32	   *drawn = resampler->drawn;

	memset(drawn, 0, Max(resampler->units, outcomes->count) * sizeof(uint32));
	for (size_t i = 0; i < resampler->units; i++)
	{
		uint32		unit = draw(generator, (uint32) resampler->units);

		drawn[resampler->entry_of_row != NULL ? resampler->entry_of_row[unit] : unit]++;
		if ((i & 0xFFFFF) == 0xFFFFF)
			CHECK_FOR_INTERRUPTS();
	}

	memset(resampler->positives, 0, resampler->groups * sizeof(double));
	memset(resampler->negatives, 0, resampler->groups * sizeof(double));
	for (size_t i = 0; i < outcomes->count; i++)
	{
		const uint64 *entry = outcomes->fields + i * outcomes->width;
		uint64		counted = entry[outcomes->width - 1];
		double		weight;

		if (resampler->unit_of_entry != NULL)
			weight = (double) drawn[resampler->unit_of_entry[i]] * (double) counted_rows(counted);
		else
			weight = drawn[i];
		if (weighted)
			weight *= double_from_sortable(entry[OUTCOMES_WEIGHT_FIELD]) * resampler->scale;
		if (counted_label(counted))
			resampler->positives[resampler->group_of_entry[i]] += weight;
		else
			resampler->negatives[resampler->group_of_entry[i]] += weight;
	}
}

/* Losses are the same in all resamples. */
typedef struct Losses
{
	double	   *positive;
	double	   *negative;
} Losses;

static void
compute_losses(Losses *losses, const Resampler *resampler, const Metric *metric)
{
	losses->positive = allocate(resampler->groups, sizeof(double));
	losses->negative = allocate(resampler->groups, sizeof(double));
	for (size_t i = 0; i < resampler->groups; i++)
	{
		metric_probability(resampler->scores[i]);
		losses->positive[i] = metric->loss(resampler->scores[i], true);
		losses->negative[i] = metric->loss(resampler->scores[i], false);
	}
}

/* What metrics.c's does with groups, in one pass and with the losses at hand */
static bool
mean_loss(const Resampler *resampler, const Losses *losses, double *result)
{
	DoubleDouble sum = dd_from(0.0);
	DoubleDouble total = dd_from(0.0);

	for (size_t i = 0; i < resampler->groups; i++)
	{
		sum = dd_add(sum, dd_from(resampler->positives[i] * losses->positive[i] +
								  resampler->negatives[i] * losses->negative[i]));
		total = dd_add(total, dd_from(resampler->positives[i] + resampler->negatives[i]));
	}
	*result = dd_divide(sum, total);
	return dd_positive(total);
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return x < y ? -1 : x > y ? 1 : 0;
}

/* Between the two nearest of sorted values, by linear interpolation */
static double
quantile(const double *values, int count, double share)
{
	double		position = share * (count - 1);
	int			below = (int) position;

	if (below >= count - 1)
		return values[count - 1];
	if (values[below] == values[below + 1])
		return values[below];
	return values[below] + (position - below) * (values[below + 1] - values[below]);
}

static int
read_parameters(FunctionCallInfo fcinfo, int argument, double *parameters)
{
	ArrayType  *array;
	int			count;

	if (PG_ARGISNULL(argument))
		return 0;
	array = PG_GETARG_ARRAYTYPE_P(argument);
	count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameters of a metric are a plain array without NULLs")));
	if (count > 0)
		memcpy(parameters, ARR_DATA_PTR(array), Min(count, METRIC_PARAMETERS) * sizeof(double));
	return count;
}

/* What is asked for, checked */
typedef struct Request
{
	const Metric *metric;
	double		parameters[METRIC_PARAMETERS];
	int			resamples;
	uint64		seed;
	double		confidence;
} Request;

/* (outcomes, metric, resamples, seed, confidence, parameters) */
static void
read_request(FunctionCallInfo fcinfo, Request *request)
{
	for (int i = 1; i < 5; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("metric, resamples, seed and confidence must not be null")));
	request->metric = metric_by_name(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	request->resamples = PG_GETARG_INT32(2);
	if (request->resamples < 1 || request->resamples > MAX_RESAMPLES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid number of resamples %d", request->resamples),
				 errdetail("It is from 1 to %d.", MAX_RESAMPLES)));
	request->seed = (uint64) PG_GETARG_INT64(3);
	request->confidence = PG_GETARG_FLOAT8(4);
	if (!(request->confidence > 0.0 && request->confidence < 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid confidence %g", request->confidence),
				 errdetail("It is between 0 and 1.")));
	metric_check_parameters(request->metric->name, request->metric->parameters,
							read_parameters(fcinfo, 5, request->parameters), request->parameters);
}

/* The metric of each resample in which it is defined; how many */
static int
resample_metric(const Request *request, const Outcomes *outcomes, double scale, double *values)
{
	const Metric *metric = request->metric;
	pg_prng_state generator;
	Resampler	resampler;
	Losses		losses = {NULL, NULL};
	ScoreGroups groups;
	int			count = 0;

	pg_prng_seed(&generator, request->seed);
	resampler_begin(&resampler, outcomes, scale);
	if (metric->loss != NULL)
		compute_losses(&losses, &resampler, metric);
	for (int i = 0; i < request->resamples; i++)
	{
		CHECK_FOR_INTERRUPTS();
		resample(&resampler, &generator);
		if (metric->loss != NULL)
			count += mean_loss(&resampler, &losses, &values[count]);
		else
		{
			groups_of_arrays(&groups, resampler.scores, resampler.positives,
							 resampler.negatives, resampler.groups, resampler.scale);
			count += metric->function(&groups, request->parameters, &values[count]);
		}
	}
	return count;
}

static double
standard_deviation(const double *values, int count)
{
	DoubleDouble sum = dd_from(0.0);
	DoubleDouble squares = dd_from(0.0);
	double		mean;

	for (int i = 0; i < count; i++)
		sum = dd_add(sum, dd_from(values[i]));
	mean = dd_divide(sum, dd_from(count));
	for (int i = 0; i < count; i++)
		squares = dd_add(squares, dd_product(values[i] - mean, values[i] - mean));
	return sqrt(dd_divide(squares, dd_from(count - 1)));
}

PG_FUNCTION_INFO_V1(company_risk_bootstrap);
Datum
company_risk_bootstrap(PG_FUNCTION_ARGS)
{
	Request		request = {0};
	const Outcomes *outcomes;
	ScoreGroups groups;
	double		estimate = 0.0;
	bool		defined;
	double	   *values;
	int			count;
	TupleDesc	descriptor;
	ResultRow	row = {0};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	read_request(fcinfo, &request);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();

	outcomes = outcomes_argument(fcinfo, 0);
	groups_of_outcomes(&groups, outcomes);
	defined = request.metric->function(&groups, request.parameters, &estimate);
	values = palloc(request.resamples * sizeof(double));
	count = defined ? resample_metric(&request, outcomes, groups.scale, values) : 0;
	qsort(values, count, sizeof(double), compare_doubles);

	row_put_float_if(&row, defined, estimate);
	for (int side = -1; side <= 1; side += 2)
		row_put_float_if(&row, count > 0,
						 count > 0 ? quantile(values, count, (1.0 + side * request.confidence) / 2.0) : 0.0);
	row_put_float_if(&row, count > 1, count > 1 ? standard_deviation(values, count) : 0.0);
	row_put_int(&row, count);
	PG_RETURN_DATUM(row_datum(&row, BlessTupleDesc(descriptor)));
}
