/*
 * outcomes.c
 *		Outcomes: the multiset of (score, label) that metrics are made from, as
 *		the state of aggregates and as a value of type bytea.  For measures of
 *		drift the score is any value, or missing, and the label says whether it
 *		is one of now.
 *
 * An entry is two to four words of 64 bits: the score, for survival data the
 * months, for weighted data the weight, for clustered data a hash of the cluster,
 * and last the tally, the number of such rows with their label.  Doubles are
 * written so that their words compare as they do.  Entries are in strict order of
 * their words, the label, not the count, deciding in the last: the same rows give
 * the same bytes, in whatever order they came and by whatever tree of partial
 * states.  Everything that is computed from outcomes reads them in that order, so
 * it does not depend on the order of rows to the last bit either.
 *
 * The flat value is a header and the entries, 16 bytes each for score and label, 8
 * more for each of the others; it ends with the last entry, up to 1 GB.  While an
 * aggregate gathers rows, its state is an expanded object: a child of the
 * aggregate's memory context that holds the entries in an array with room to spare,
 * a sorted part followed by rows as they came.  When the array is full the rows
 * are sorted and merged into the sorted part, equal ones into one; if that frees
 * less than half of it the array doubles.  So memory follows the number of distinct
 * entries, not of rows, at most twice their size and, while merging, the size of
 * the new part.  The executor knows expanded objects: it leaves them in place
 * between rows and flattens them where a state travels, to a parallel leader or
 * another server.  Flattening and reading sort what is not sorted yet; that does
 * not change the value, so final functions may do it.
 *
 * Flat values can come from anywhere, tables and users included: they are checked
 * in full before anything is read from them.  A state inside of an aggregate is
 * ours if its methods are ours.
 */
#include "metrics/outcomes.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "metrics/drift.h"
#include "metrics/metrics.h"

/* Also says which byte order and which version of the layout it is. */
#define OUTCOMES_MAGIC 0x43524F31	/* CRO1 */

#define OUTCOMES_MAX_WIDTH 4
#define OUTCOMES_INITIAL_CAPACITY 16

typedef struct FlatOutcomes
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint32		magic;
	uint32		layout;
	uint32		parameter;
	double		parameters[OUTCOMES_PARAMETERS];
	uint64		words[FLEXIBLE_ARRAY_MEMBER];
} FlatOutcomes;

#define FLAT_HEADER_SIZE offsetof(FlatOutcomes, words)

static Size outcomes_flat_size(ExpandedObjectHeader *header);
static void outcomes_flatten(ExpandedObjectHeader *header, void *result, Size allocated_size);

static const ExpandedObjectMethods outcomes_methods = {
	.get_flat_size = outcomes_flat_size,
	.flatten_into = outcomes_flatten
};

/* ----------
 * Entries
 * ----------
 */
static inline int
compare_entries(const uint64 *a, const uint64 *b, int width)
{
	for (int i = 0; i < width - 1; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return (int) tally_label(a[width - 1]) - (int) tally_label(b[width - 1]);
}

typedef struct Entry2
{
	uint64		words[2];
} Entry2;

typedef struct Entry3
{
	uint64		words[3];
} Entry3;

typedef struct Entry4
{
	uint64		words[4];
} Entry4;

#define ST_SORT sort_entries_2
#define ST_ELEMENT_TYPE Entry2
#define ST_COMPARE(a, b) compare_entries((a)->words, (b)->words, 2)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_entries_3
#define ST_ELEMENT_TYPE Entry3
#define ST_COMPARE(a, b) compare_entries((a)->words, (b)->words, 3)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_entries_4
#define ST_ELEMENT_TYPE Entry4
#define ST_COMPARE(a, b) compare_entries((a)->words, (b)->words, 4)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static void
sort_entries(uint64 *words, size_t count, int width)
{
	switch (width)
	{
		case 2:
			sort_entries_2((Entry2 *) words, count);
			break;
		case 3:
			sort_entries_3((Entry3 *) words, count);
			break;
		case 4:
			sort_entries_4((Entry4 *) words, count);
			break;
		default:
			pg_unreachable();
	}
}

static inline void
copy_entry(uint64 *to, const uint64 *from, int width)
{
	for (int i = 0; i < width; i++)
		to[i] = from[i];
}

static _Noreturn void
fail_too_many_rows(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many rows in one group"),
			 errdetail("Outcomes count up to 2^53 rows.")));
}

/* Adds the rows of an equal entry. */
static inline void
add_tally(uint64 *tally, uint64 other)
{
	int64		count = tally_count(*tally) + tally_count(other);

	if (count > OUTCOMES_MAX_COUNT)
		fail_too_many_rows();
	*tally = ((uint64) count << 1) | (*tally & 1);
}

/* Merges equal neighbours; how many entries remain. */
static size_t
merge_equal(uint64 *words, size_t count, int width)
{
	size_t		kept = 0;

	for (size_t i = 1; i < count; i++)
	{
		const uint64 *entry = words + i * width;
		uint64	   *last = words + kept * width;

		if (compare_entries(last, entry, width) == 0)
			add_tally(&last[width - 1], entry[width - 1]);
		else if (++kept != i)
			copy_entry(words + kept * width, entry, width);
	}
	return count == 0 ? 0 : kept + 1;
}

static void
assert_outcomes(const Outcomes *outcomes)
{
#ifdef USE_ASSERT_CHECKING
	int			width = outcomes->width;

	Assert(width >= 2 && width <= OUTCOMES_MAX_WIDTH);
	Assert(outcomes->sorted <= outcomes->count && outcomes->count <= outcomes->capacity);
	for (size_t i = 0; i < outcomes->sorted; i++)
	{
		const uint64 *entry = outcomes->words + i * width;

		Assert(tally_count(entry[width - 1]) >= 1 && tally_count(entry[width - 1]) <= OUTCOMES_MAX_COUNT);
		Assert(i == 0 || compare_entries(entry - width, entry, width) < 0);
	}
#endif
}

/* Sorts the rows behind the sorted part and merges them into it. */
static void
outcomes_compact(Outcomes *outcomes)
{
	int			width = outcomes->width;
	uint64	   *words = outcomes->words;
	size_t		sorted = outcomes->sorted;
	uint64	   *tail = words + sorted * width;
	size_t		added = outcomes->count - sorted;
	uint64	   *copy;
	size_t		position = 0;
	size_t		rest = 0;

	if (added == 0)
		return;
	sort_entries(tail, added, width);
	added = merge_equal(tail, added, width);
	/* the state is whole should the allocation fail */
	outcomes->count = sorted + added;

	if (sorted > 0 && compare_entries(tail - width, tail, width) >= 0)
	{
		/* of the state's own memory: a tuplesort that flattens it may be in one that frees nothing */
		copy = MemoryContextAllocHuge(outcomes->header.eoh_context, added * width * sizeof(uint64));

		/* equal entries first, so that the others know their number */
		for (size_t i = 0; i < added; i++)
		{
			uint64	   *entry = tail + i * width;

			while (position < sorted && compare_entries(words + position * width, entry, width) < 0)
				position++;
			if (position < sorted && compare_entries(words + position * width, entry, width) == 0)
				add_tally(&words[position * width + width - 1], entry[width - 1]);
			else
				copy_entry(copy + rest++ * width, entry, width);
		}
		/* then from the end, into the place where the tail was */
		added = rest;
		position = sorted;
		while (rest > 0)
		{
			const uint64 *entry = copy + (rest - 1) * width;
			uint64	   *to = words + (position + rest - 1) * width;

			if (position > 0 && compare_entries(words + (position - 1) * width, entry, width) > 0)
				copy_entry(to, words + --position * width, width);
			else
			{
				copy_entry(to, entry, width);
				rest--;
			}
		}
		pfree(copy);
	}
	outcomes->count = outcomes->sorted = sorted + added;
	assert_outcomes(outcomes);
}

static size_t
max_capacity(int width)
{
	return (MaxAllocSize - FLAT_HEADER_SIZE) / (width * sizeof(uint64));
}

/* Makes room for more entries. */
static void
outcomes_reserve(Outcomes *outcomes, size_t more)
{
	size_t		maximum = max_capacity(outcomes->width);
	size_t		capacity = outcomes->capacity;

	if (more <= capacity - outcomes->count)
		return;
	outcomes_compact(outcomes);
	if (more > maximum - outcomes->count ||
	/* merging would soon be all it does */
		(capacity == maximum && outcomes->count > maximum - maximum / 16))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct outcomes in one group"),
				 errdetail("%zu distinct entries of %zu bytes leave too little of 1 GB for others.",
						   outcomes->count, outcomes->width * sizeof(uint64)),
				 (outcomes->layout & OUTCOMES_SAMPLES) ?
				 errhint("Round the values, or use risk.drift_between, which sorts on disk.") :
				 errhint("Round the scores, or make smaller groups.")));
	/* half of it free, so that merges stay rare */
	while (capacity < maximum && (capacity - outcomes->count < more || outcomes->count > capacity / 2))
		capacity = Min(capacity * 2, maximum);
	if (capacity != outcomes->capacity)
	{
		outcomes->words = repalloc(outcomes->words, capacity * outcomes->width * sizeof(uint64));
		outcomes->capacity = capacity;
	}
}

/*
 * Adds the entries of another.  Those that it has, too, take no room of their own
 * after all: where there is none for all at once they are merged by slices.
 */
static void
outcomes_append_all(Outcomes *outcomes, const Outcomes *other)
{
	size_t		maximum = max_capacity(outcomes->width);
	size_t		slice = other->count <= maximum - outcomes->count ? other->count : maximum / 16;

	for (size_t done = 0; done < other->count; done += slice)
	{
		slice = Min(slice, other->count - done);
		outcomes_reserve(outcomes, slice);
		memcpy(outcomes->words + outcomes->count * outcomes->width, other->words + done * other->width,
			   slice * other->width * sizeof(uint64));
		outcomes->count += slice;
		/* a long run is cheaper to merge now than to sort with others later */
		if (slice >= outcomes->sorted / 8 || slice < other->count)
			outcomes_compact(outcomes);
	}
}

static inline void
outcomes_append(Outcomes *outcomes, const uint64 *entry)
{
	if (outcomes->count == outcomes->capacity)
		outcomes_reserve(outcomes, 1);
	copy_entry(outcomes->words + outcomes->count++ * outcomes->width, entry, outcomes->width);
}

int64
outcomes_rows(const Outcomes *outcomes)
{
	int64		rows = 0;

	for (size_t i = 0; i < outcomes->count; i++)
	{
		int64		count = tally_count(outcomes->words[(i + 1) * outcomes->width - 1]);

		/* states of many rows can be merged again and again */
		if (count > OUTCOMES_MAX_COUNT - rows)
			fail_too_many_rows();
		rows += count;
	}
	return rows;
}

/* ----------
 * Flat values
 * ----------
 */
static int
layout_width(uint32 layout)
{
	if (layout == OUTCOMES_TIMED)
		return 3;
	if (layout == OUTCOMES_SAMPLES)
		return 2;
	if ((layout & ~(OUTCOMES_WEIGHTED | OUTCOMES_CLUSTERED)) != 0)
		return 0;
	return 2 + ((layout & OUTCOMES_WEIGHTED) != 0) + ((layout & OUTCOMES_CLUSTERED) != 0);
}

static bool
entries_are_valid(const uint64 *words, size_t count, uint32 layout, int width)
{
	int64		rows = 0;

	for (size_t i = 0; i < count; i++)
	{
		const uint64 *entry = words + i * width;
		double		second = word_to_double(entry[1]);
		uint64		tally = entry[width - 1];

		if (!(layout == OUTCOMES_SAMPLES && entry[0] == MISSING_WORD) &&
			(isnan(word_to_double(entry[0])) || entry[0] == ~(UINT64CONST(1) << 63)))
			return false;
		if (tally_count(tally) < 1 || tally_count(tally) > OUTCOMES_MAX_COUNT - rows)
			return false;
		rows += tally_count(tally);
		if ((layout & OUTCOMES_TIMED) && (isnan(second) || entry[1] == ~(UINT64CONST(1) << 63)))
			return false;
		if ((layout & OUTCOMES_WEIGHTED) && !(second > 0.0 && isfinite(second)))
			return false;
		if (i > 0 && compare_entries(entry - width, entry, width) >= 0)
			return false;
	}
	return true;
}

/* Is a flat value, aligned, what outcomes_flatten makes? */
static bool
flat_is_valid(const FlatOutcomes *flat)
{
	Size		size = VARSIZE(flat);
	int			width;

	if (size < FLAT_HEADER_SIZE || flat->magic != OUTCOMES_MAGIC)
		return false;
	width = layout_width(flat->layout);
	if (width == 0 || (size - FLAT_HEADER_SIZE) % (width * sizeof(uint64)) != 0 ||
		flat->parameter > PARAMETER_BINS ||
		isnan(flat->parameters[0]) || isnan(flat->parameters[1]))
		return false;
	return entries_are_valid(flat->words, (size - FLAT_HEADER_SIZE) / (width * sizeof(uint64)),
							 flat->layout, width);
}

/* A bytea argument with an ordinary header, at an address that doubles can be read from. */
static FlatOutcomes *
flat_argument(Datum datum)
{
	struct varlena *value = PG_DETOAST_DATUM(datum);

	/* bytea is aligned to 4 bytes inside of a row */
	if ((uintptr_t) value % MAXIMUM_ALIGNOF != 0)
	{
		struct varlena *copy = palloc(VARSIZE(value));

		memcpy(copy, value, VARSIZE(value));
		value = copy;
	}
	if (!flat_is_valid((FlatOutcomes *) value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid outcomes"),
				 errhint("The aggregates risk.outcomes, risk.clustered_outcomes and risk.merge_outcomes make them.")));
	return (FlatOutcomes *) value;
}

static void
read_flat_header(Outcomes *outcomes, const FlatOutcomes *flat)
{
	outcomes->layout = flat->layout;
	outcomes->width = layout_width(flat->layout);
	outcomes->parameter = (OutcomesParameter) flat->parameter;
	memcpy(outcomes->parameters, flat->parameters, sizeof(outcomes->parameters));
	outcomes->count = (VARSIZE(flat) - FLAT_HEADER_SIZE) / (outcomes->width * sizeof(uint64));
}

static Size
outcomes_flat_size(ExpandedObjectHeader *header)
{
	Outcomes   *outcomes = (Outcomes *) header;

	outcomes_compact(outcomes);
	(void) outcomes_rows(outcomes);
	return FLAT_HEADER_SIZE + outcomes->count * outcomes->width * sizeof(uint64);
}

static void
outcomes_flatten(ExpandedObjectHeader *header, void *result, Size allocated_size)
{
	Outcomes   *outcomes = (Outcomes *) header;
	FlatOutcomes *flat = result;

	Assert(outcomes->sorted == outcomes->count && allocated_size == outcomes_flat_size(header));
	SET_VARSIZE(flat, allocated_size);
	flat->magic = OUTCOMES_MAGIC;
	flat->layout = outcomes->layout;
	flat->parameter = outcomes->parameter;
	memcpy(flat->parameters, outcomes->parameters, sizeof(flat->parameters));
	memcpy(flat->words, outcomes->words, outcomes->count * outcomes->width * sizeof(uint64));
}

/* ----------
 * States
 * ----------
 */
static Outcomes *
new_state(MemoryContext parent, uint32 layout, size_t capacity)
{
	MemoryContext context = AllocSetContextCreate(parent, "company_risk outcomes", ALLOCSET_SMALL_SIZES);
	Outcomes   *outcomes = MemoryContextAllocZero(context, sizeof(Outcomes));

	EOH_init_header(&outcomes->header, &outcomes_methods, context);
	outcomes->layout = layout;
	outcomes->width = layout_width(layout);
	outcomes->capacity = Max(capacity, OUTCOMES_INITIAL_CAPACITY);
	outcomes->words = MemoryContextAlloc(context, outcomes->capacity * outcomes->width * sizeof(uint64));
	return outcomes;
}

/* The state that a value is, if it is one of ours. */
static Outcomes *
expanded_outcomes(Datum datum)
{
	ExpandedObjectHeader *header;

	if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(datum)))
		return NULL;
	header = DatumGetEOHP(datum);
	return header->eoh_methods == &outcomes_methods ? (Outcomes *) header : NULL;
}

Outcomes *
outcomes_argument(FunctionCallInfo fcinfo, int argument)
{
	Datum		datum = PG_GETARG_DATUM(argument);
	Outcomes   *outcomes = expanded_outcomes(datum);

	if (outcomes != NULL)
	{
		outcomes_compact(outcomes);
		/* as in flat values, all counts can be added up from here on */
		(void) outcomes_rows(outcomes);
	}
	else
	{
		FlatOutcomes *flat = flat_argument(datum);

		outcomes = palloc0(sizeof(Outcomes));
		read_flat_header(outcomes, flat);
		outcomes->sorted = outcomes->capacity = outcomes->count;
		outcomes->words = flat->words;
	}
	return outcomes;
}

/* A state in a memory context with the content of a value. */
static Outcomes *
state_from_datum(MemoryContext parent, FunctionCallInfo fcinfo, int argument)
{
	Outcomes   *source = outcomes_argument(fcinfo, argument);
	Outcomes   *outcomes = new_state(parent, source->layout, source->count);

	outcomes->parameter = source->parameter;
	memcpy(outcomes->parameters, source->parameters, sizeof(outcomes->parameters));
	outcomes->count = outcomes->sorted = source->count;
	memcpy(outcomes->words, source->words, source->count * source->width * sizeof(uint64));
	return outcomes;
}

/* The first argument as a state to change; NULL if it is NULL. */
static Outcomes *
state_argument(FunctionCallInfo fcinfo, MemoryContext context)
{
	Outcomes   *outcomes;

	if (PG_ARGISNULL(0))
		return NULL;
	outcomes = expanded_outcomes(PG_GETARG_DATUM(0));
	if (outcomes != NULL && VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(PG_GETARG_DATUM(0))))
		return outcomes;
	return state_from_datum(context, fcinfo, 0);
}

/* The answer to a row that does not count */
static Datum
same_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return PG_GETARG_DATUM(0);
}

static bool
any_null(FunctionCallInfo fcinfo)
{
	for (int i = 1; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			return true;
	return false;
}

/* Adds one row to the state, the first argument; the new state. */
static Datum
add_row(FunctionCallInfo fcinfo, const uint64 *entry, uint32 layout,
		OutcomesParameter parameter, double first, double second)
{
	MemoryContext context;
	Outcomes   *outcomes;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("step of an aggregate called outside of an aggregate")));
	outcomes = state_argument(fcinfo, context);
	if (outcomes == NULL)
	{
		outcomes = new_state(context, layout, 0);
		outcomes->parameter = parameter;
		outcomes->parameters[0] = first;
		outcomes->parameters[1] = second;
	}
	else if (outcomes->layout != layout || outcomes->parameter != parameter)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of an aggregate")));
	else if (outcomes->parameters[0] != first || outcomes->parameters[1] != second)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a parameter of the aggregate differs between rows"),
				 errhint("Group by it.")));
	outcomes_append(outcomes, entry);
	return EOHPGetRWDatum(&outcomes->header);
}

/*
 * The step of aggregates over scores, after they have read their parameters: score,
 * label, perhaps a cluster, and a weight if there is one more argument.
 */
static Datum
outcomes_step(FunctionCallInfo fcinfo, uint32 layout, int weight_position,
			  OutcomesParameter parameter, double first, double second, uint64 cluster)
{
	uint64		entry[OUTCOMES_MAX_WIDTH];
	int			width = 1;
	double		weight;

	entry[0] = word_from_double(metric_score(PG_GETARG_FLOAT8(1)));
	if (PG_NARGS() > weight_position)
	{
		weight = metric_weight(PG_GETARG_FLOAT8(weight_position));
		/* a row of no weight is no row */
		if (weight == 0.0)
			return same_state(fcinfo);
		layout |= OUTCOMES_WEIGHTED;
		entry[width++] = word_from_double(weight);
	}
	if (layout & OUTCOMES_CLUSTERED)
		entry[width++] = cluster;
	entry[width++] = one_row(PG_GETARG_BOOL(2));
	return add_row(fcinfo, entry, layout, parameter, first, second);
}

/* (state, score, label [, weight]) */
PG_FUNCTION_INFO_V1(company_risk_outcomes_add);
Datum
company_risk_outcomes_add(PG_FUNCTION_ARGS)
{
	if (any_null(fcinfo))
		return same_state(fcinfo);
	return outcomes_step(fcinfo, 0, 3, PARAMETER_NONE, 0, 0, 0);
}

/* (state, score, label, cluster [, weight]) */
PG_FUNCTION_INFO_V1(company_risk_outcomes_add_clustered);
Datum
company_risk_outcomes_add_clustered(PG_FUNCTION_ARGS)
{
	text	   *cluster;

	if (any_null(fcinfo))
		return same_state(fcinfo);
	cluster = PG_GETARG_TEXT_PP(3);
	return outcomes_step(fcinfo, OUTCOMES_CLUSTERED, 4, PARAMETER_NONE, 0, 0,
						 hash_bytes_extended((unsigned char *) VARDATA_ANY(cluster),
											 VARSIZE_ANY_EXHDR(cluster), 0));
}

/* (state, score, label, beta [, weight]) */
PG_FUNCTION_INFO_V1(company_risk_outcomes_add_beta);
Datum
company_risk_outcomes_add_beta(PG_FUNCTION_ARGS)
{
	if (any_null(fcinfo))
		return same_state(fcinfo);
	return outcomes_step(fcinfo, 0, 4, PARAMETER_BETA, metric_beta(PG_GETARG_FLOAT8(3)), 0, 0);
}

/* (state, score, label, cases integer [, weight]) */
PG_FUNCTION_INFO_V1(company_risk_outcomes_add_cases);
Datum
company_risk_outcomes_add_cases(PG_FUNCTION_ARGS)
{
	if (any_null(fcinfo))
		return same_state(fcinfo);
	return outcomes_step(fcinfo, 0, 4, PARAMETER_CUT, metric_cases(PG_GETARG_INT32(3)), 0, 0);
}

/* (state, score, label, share [, weight]) */
PG_FUNCTION_INFO_V1(company_risk_outcomes_add_share);
Datum
company_risk_outcomes_add_share(PG_FUNCTION_ARGS)
{
	if (any_null(fcinfo))
		return same_state(fcinfo);
	return outcomes_step(fcinfo, 0, 4, PARAMETER_CUT, metric_share(PG_GETARG_FLOAT8(3)), 1, 0);
}

/* (state, score, label), or (state, score, label, bins, strategy [, weight]) */
PG_FUNCTION_INFO_V1(company_risk_outcomes_add_bins);
Datum
company_risk_outcomes_add_bins(PG_FUNCTION_ARGS)
{
	if (any_null(fcinfo))
		return same_state(fcinfo);
	metric_probability(metric_score(PG_GETARG_FLOAT8(1)));
	if (PG_NARGS() == 3)
		return outcomes_step(fcinfo, 0, 5, PARAMETER_BINS, METRIC_DEFAULT_BINS, 0, 0);
	return outcomes_step(fcinfo, 0, 5, PARAMETER_BINS, metric_bins(PG_GETARG_INT32(3)),
						 metric_strategy(PG_GETARG_TEXT_PP(4)), 0);
}

/* (state, score, months, event) */
PG_FUNCTION_INFO_V1(company_risk_outcomes_add_months);
Datum
company_risk_outcomes_add_months(PG_FUNCTION_ARGS)
{
	double		months;
	uint64		entry[OUTCOMES_MAX_WIDTH];

	if (any_null(fcinfo))
		return same_state(fcinfo);
	months = PG_GETARG_FLOAT8(2);
	if (isnan(months))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("months are not a number (NaN)")));
	entry[0] = word_from_double(metric_score(PG_GETARG_FLOAT8(1)));
	entry[1] = word_from_double(months);
	entry[2] = one_row(PG_GETARG_BOOL(3));
	return add_row(fcinfo, entry, OUTCOMES_TIMED, PARAMETER_NONE, 0, 0);
}

/* (state, value, is_now [, bins]); a value that is NULL or NaN is missing */
PG_FUNCTION_INFO_V1(company_risk_outcomes_add_sample);
Datum
company_risk_outcomes_add_sample(PG_FUNCTION_ARGS)
{
	uint64		entry[OUTCOMES_MAX_WIDTH];

	/* neither then nor now */
	if (PG_ARGISNULL(2))
		return same_state(fcinfo);
	if (PG_NARGS() > 3 && PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("bins must not be null")));
	entry[0] = PG_ARGISNULL(1) || isnan(PG_GETARG_FLOAT8(1)) ?
		MISSING_WORD : word_from_double(PG_GETARG_FLOAT8(1));
	entry[1] = one_row(PG_GETARG_BOOL(2));
	return add_row(fcinfo, entry, OUTCOMES_SAMPLES, PARAMETER_BINS,
				   PG_NARGS() > 3 ? drift_bins(PG_GETARG_INT32(3)) : DRIFT_DEFAULT_BINS, 0);
}

/*
 * The union of two multisets: combines partial states, and is the step of
 * risk.merge_outcomes.  Outside of an aggregate it answers a flat value.
 */
PG_FUNCTION_INFO_V1(company_risk_outcomes_combine);
Datum
company_risk_outcomes_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	bool		aggregate = AggCheckCallContext(fcinfo, &context);
	Outcomes   *outcomes;
	const Outcomes *other;

	if (!aggregate)
		context = CurrentMemoryContext;
	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	if (!aggregate && !PG_ARGISNULL(0))
		outcomes = state_from_datum(context, fcinfo, 0);	/* not ours to change */
	else
		outcomes = state_argument(fcinfo, context);
	if (outcomes == NULL)
		outcomes = state_from_datum(context, fcinfo, 1);
	else
	{
		other = outcomes_argument(fcinfo, 1);
		if (outcomes->layout != other->layout || outcomes->parameter != other->parameter)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("cannot merge outcomes of different kinds"),
					 errdetail("Some have weights or clusters and some do not.")));
		if (memcmp(outcomes->parameters, other->parameters, sizeof(other->parameters)) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a parameter of the aggregate differs between rows"),
					 errhint("Group by it.")));
		outcomes_append_all(outcomes, other);
	}
	if (!aggregate)
		return PointerGetDatum(PG_DETOAST_DATUM(EOHPGetRODatum(&outcomes->header)));
	return EOHPGetRWDatum(&outcomes->header);
}
