/*
 * outcomes.c
 *		Outcomes: the multiset of (score, label) that metrics are made from.  For
 *		measures of drift the score is any value, or missing, and the label says
 *		whether it is one of now.
 *
 * An entry is two to four fields of 64 bits: the score, for weighted data the
 * weight, for clustered data a hash of the cluster, and last how many such rows
 * there are, with their label.  Doubles are written so that as fields they compare as
 * numbers.  Entries are in strict order of their fields, the label, not the count,
 * deciding in the last: the same rows give the same bytes, in whatever order they
 * came and by whatever tree of partial states.  Everything that is computed from
 * outcomes reads them in that order, so it does not depend on the order of rows to
 * the last bit either.
 *
 * The flat value, of type risk.outcomes or, with the parameters of an aggregate or
 * two samples, risk_internal.metric_state, is a header of 32 bytes and the entries,
 * 16 bytes each for score and label, 8 more for each of the others; it ends with the
 * last entry, up to 1 GB.  The header begins with a signature and the version of the
 * layout.  All of it is little-endian, on disk as on the wire: what one server has
 * written any other reads, and the usual ones read it where it lies.
 *
 * While an aggregate gathers rows, its state is an expanded object: a child of the
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
 * Flat values can come from anywhere, other servers and users included: they are
 * checked in full before anything is read from them.  A state inside of an aggregate
 * is ours if its methods are ours.
 */
#include "metrics/outcomes.h"

#include <math.h>

#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/memutils.h"

#include "base/compat.h"

#define OUTCOMES_INITIAL_CAPACITY 16

/* "CRO" and the version of the layout, as a little-endian number */
#define OUTCOMES_SIGNATURE 0x004F5243
#define OUTCOMES_VERSION 1

/* Everything behind the varlena header is little-endian. */
typedef struct FlatOutcomes
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	uint32		signature;
	uint32		layout;
	uint32		parameter_count;
	uint64		parameters[OUTCOMES_PARAMETERS];
	uint64		fields[FLEXIBLE_ARRAY_MEMBER];
} FlatOutcomes;

#define FLAT_HEADER_SIZE offsetof(FlatOutcomes, fields)

#ifdef WORDS_BIGENDIAN
#define LITTLE_ENDIAN_32(x) pg_bswap32(x)
#define LITTLE_ENDIAN_64(x) pg_bswap64(x)
#else
#define LITTLE_ENDIAN_32(x) (x)
#define LITTLE_ENDIAN_64(x) (x)
#endif

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
	return (int) counted_label(a[width - 1]) - (int) counted_label(b[width - 1]);
}

typedef struct Entry2
{
	uint64		fields[2];
} Entry2;

typedef struct Entry3
{
	uint64		fields[3];
} Entry3;

typedef struct Entry4
{
	uint64		fields[4];
} Entry4;

#define ST_SORT sort_entries_2
#define ST_ELEMENT_TYPE Entry2
#define ST_COMPARE(a, b) compare_entries((a)->fields, (b)->fields, 2)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_entries_3
#define ST_ELEMENT_TYPE Entry3
#define ST_COMPARE(a, b) compare_entries((a)->fields, (b)->fields, 3)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_entries_4
#define ST_ELEMENT_TYPE Entry4
#define ST_COMPARE(a, b) compare_entries((a)->fields, (b)->fields, 4)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static void
sort_entries(uint64 *fields, size_t count, int width)
{
	switch (width)
	{
		case 2:
			sort_entries_2((Entry2 *) fields, count);
			break;
		case 3:
			sort_entries_3((Entry3 *) fields, count);
			break;
		case 4:
			sort_entries_4((Entry4 *) fields, count);
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
add_rows(uint64 *counted, uint64 other)
{
	int64		count = counted_rows(*counted) + counted_rows(other);

	if (count > OUTCOMES_MAX_COUNT)
		fail_too_many_rows();
	*counted = counted_of(count, counted_label(*counted));
}

/* Merges equal neighbours; how many entries remain. */
static size_t
merge_equal(uint64 *fields, size_t count, int width)
{
	size_t		kept = 0;

	for (size_t i = 1; i < count; i++)
	{
		const uint64 *entry = fields + i * width;
		uint64	   *last = fields + kept * width;

		if (compare_entries(last, entry, width) == 0)
			add_rows(&last[width - 1], entry[width - 1]);
		else if (++kept != i)
			copy_entry(fields + kept * width, entry, width);
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
		const uint64 *entry = outcomes->fields + i * width;

		Assert(counted_rows(entry[width - 1]) >= 1 && counted_rows(entry[width - 1]) <= OUTCOMES_MAX_COUNT);
		Assert(i == 0 || compare_entries(entry - width, entry, width) < 0);
	}
#endif
}

/*
 * Adds the rows of those new entries that the sorted part has, too, and copies the
 * others; how many these are.
 */
static size_t
set_others_apart(Outcomes *outcomes, const uint64 *added, size_t count, uint64 *others)
{
	int			width = outcomes->width;
	uint64	   *next = outcomes->fields;
	const uint64 *end = next + outcomes->sorted * width;
	size_t		rest = 0;

	for (const uint64 *entry = added; entry < added + count * width; entry += width)
	{
		while (next < end && compare_entries(next, entry, width) < 0)
			next += width;
		if (next < end && compare_entries(next, entry, width) == 0)
			add_rows(&next[width - 1], entry[width - 1]);
		else
			copy_entry(others + rest++ * width, entry, width);
	}
	return rest;
}

/* Merges entries into the sorted part, from its end, behind which there is room for them. */
static void
merge_others(Outcomes *outcomes, const uint64 *others, size_t rest)
{
	int			width = outcomes->width;
	uint64	   *fields = outcomes->fields;
	size_t		position = outcomes->sorted;

	while (rest > 0)
	{
		const uint64 *entry = others + (rest - 1) * width;
		uint64	   *to = fields + (position + rest - 1) * width;

		if (position > 0 && compare_entries(fields + (position - 1) * width, entry, width) > 0)
			copy_entry(to, fields + --position * width, width);
		else
		{
			copy_entry(to, entry, width);
			rest--;
		}
	}
}

/* Sorts the rows behind the sorted part and merges them into it. */
static void
outcomes_compact(Outcomes *outcomes)
{
	int			width = outcomes->width;
	uint64	   *tail = outcomes->fields + outcomes->sorted * width;
	size_t		added = outcomes->count - outcomes->sorted;

	if (added == 0)
		return;
	sort_entries(tail, added, width);
	added = merge_equal(tail, added, width);
	/* the state is whole should the allocation fail */
	outcomes->count = outcomes->sorted + added;

	if (outcomes->sorted > 0 && compare_entries(tail - width, tail, width) >= 0)
	{
		/* of the state's own memory: a tuplesort that flattens it may be in one that frees nothing */
		uint64	   *others = MemoryContextAllocHuge(outcomes->header.eoh_context,
													added * width * sizeof(uint64));

		added = set_others_apart(outcomes, tail, added, others);
		merge_others(outcomes, others, added);
		pfree(others);
	}
	outcomes->count = outcomes->sorted = outcomes->sorted + added;
	assert_outcomes(outcomes);
}

static size_t
max_capacity(int width)
{
	return (MaxAllocSize - FLAT_HEADER_SIZE) / (width * sizeof(uint64));
}

/* Makes room for more entries. */
void
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
		outcomes->fields = repalloc(outcomes->fields, capacity * outcomes->width * sizeof(uint64));
		outcomes->capacity = capacity;
	}
}

/*
 * Adds the entries of another.  Those that it has, too, take no room of their own
 * after all: where there is none for all at once they are merged by slices.
 */
void
outcomes_append_all(Outcomes *outcomes, const Outcomes *other)
{
	size_t		maximum = max_capacity(outcomes->width);
	size_t		slice = other->count <= maximum - outcomes->count ? other->count : maximum / 16;

	for (size_t done = 0; done < other->count; done += slice)
	{
		slice = Min(slice, other->count - done);
		outcomes_reserve(outcomes, slice);
		memcpy(outcomes->fields + outcomes->count * outcomes->width, other->fields + done * other->width,
			   slice * other->width * sizeof(uint64));
		outcomes->count += slice;
		/* a long run is cheaper to merge now than to sort with others later */
		if (slice >= outcomes->sorted / 8 || slice < other->count)
			outcomes_compact(outcomes);
	}
}

int64
outcomes_rows(const Outcomes *outcomes)
{
	int64		rows = 0;

	for (size_t i = 0; i < outcomes->count; i++)
	{
		int64		count = counted_rows(outcomes->fields[(i + 1) * outcomes->width - 1]);

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
int
outcomes_width(uint32 layout)
{
	if (layout == OUTCOMES_SAMPLES)
		return 2;
	if ((layout & ~(OUTCOMES_WEIGHTED | OUTCOMES_CLUSTERED)) != 0)
		return 0;
	return 2 + ((layout & OUTCOMES_WEIGHTED) != 0) + ((layout & OUTCOMES_CLUSTERED) != 0);
}

/* Between the order of bytes here and that of flat values, either way */
static void
copy_fields(uint64 *to, const uint64 *from, size_t count)
{
#ifdef WORDS_BIGENDIAN
	for (size_t i = 0; i < count; i++)
		to[i] = LITTLE_ENDIAN_64(from[i]);
#else
	memcpy(to, from, count * sizeof(uint64));
#endif
}

static bool
entries_are_valid(const Outcomes *outcomes)
{
	int			width = outcomes->width;
	int64		rows = 0;

	for (size_t i = 0; i < outcomes->count; i++)
	{
		const uint64 *entry = outcomes->fields + i * width;
		double		weight = double_from_sortable(entry[OUTCOMES_WEIGHT_FIELD]);
		uint64		counted = entry[width - 1];

		if (!(outcomes->layout == OUTCOMES_SAMPLES && entry[0] == MISSING_FIELD) &&
			(isnan(double_from_sortable(entry[0])) || entry[0] == ~(UINT64CONST(1) << 63)))
			return false;
		if (counted_rows(counted) < 1 || counted_rows(counted) > OUTCOMES_MAX_COUNT - rows)
			return false;
		rows += counted_rows(counted);
		if ((outcomes->layout & OUTCOMES_WEIGHTED) && !(weight > 0.0 && isfinite(weight)))
			return false;
		if (i > 0 && compare_entries(entry - width, entry, width) >= 0)
			return false;
	}
	return true;
}

static bool
parameters_are_valid(const Outcomes *outcomes)
{
	if (outcomes->parameter_count < 0 || outcomes->parameter_count > OUTCOMES_PARAMETERS)
		return false;
	for (int i = 0; i < OUTCOMES_PARAMETERS; i++)
	{
		double		parameter = outcomes->parameters[i];

		/* -0 would be another value of the same meaning */
		if (isnan(parameter) || (parameter == 0.0 && signbit(parameter)) ||
			(parameter != 0.0 && i >= outcomes->parameter_count))
			return false;
	}
	return true;
}

/*
 * Reads a flat value, aligned: the entries where they lie, if their bytes are in this
 * machine's order.  False unless it is what outcomes_flatten makes.
 */
static bool
read_flat(FlatOutcomes *flat, Outcomes *outcomes)
{
	Size		size = VARSIZE(flat);

	memset(outcomes, 0, sizeof(Outcomes));
	if (size < FLAT_HEADER_SIZE ||
		(LITTLE_ENDIAN_32(flat->signature) & 0x00FFFFFF) != OUTCOMES_SIGNATURE)
		return false;
	if (LITTLE_ENDIAN_32(flat->signature) >> 24 != OUTCOMES_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("outcomes of version %u are not known",
						LITTLE_ENDIAN_32(flat->signature) >> 24),
				 errdetail("This version of company_risk reads version %d.", OUTCOMES_VERSION)));
	outcomes->layout = LITTLE_ENDIAN_32(flat->layout);
	outcomes->parameter_count = (int) LITTLE_ENDIAN_32(flat->parameter_count);
	copy_fields((uint64 *) outcomes->parameters, flat->parameters, OUTCOMES_PARAMETERS);
	outcomes->width = outcomes_width(outcomes->layout);
	if (outcomes->width == 0 || (size - FLAT_HEADER_SIZE) % (outcomes->width * sizeof(uint64)) != 0)
		return false;
	outcomes->count = (size - FLAT_HEADER_SIZE) / (outcomes->width * sizeof(uint64));
	outcomes->sorted = outcomes->capacity = outcomes->count;
#ifdef WORDS_BIGENDIAN
	outcomes->fields = MemoryContextAllocHuge(CurrentMemoryContext, size);
	copy_fields(outcomes->fields, flat->fields, outcomes->count * outcomes->width);
#else
	outcomes->fields = flat->fields;
#endif
	return parameters_are_valid(outcomes) && entries_are_valid(outcomes);
}

static _Noreturn void
fail_invalid(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid outcomes"),
			 errhint("The aggregates risk.outcomes, risk.clustered_outcomes and risk.merge_outcomes make them.")));
}

void
outcomes_check_value(struct varlena *value, bool with_parameters)
{
	Outcomes	outcomes;

	if (!read_flat((FlatOutcomes *) value, &outcomes) ||
		(!with_parameters && (outcomes.parameter_count > 0 || outcomes.layout == OUTCOMES_SAMPLES)))
		fail_invalid();
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
	flat->signature = LITTLE_ENDIAN_32(OUTCOMES_SIGNATURE | ((uint32) OUTCOMES_VERSION << 24));
	flat->layout = LITTLE_ENDIAN_32(outcomes->layout);
	flat->parameter_count = LITTLE_ENDIAN_32((uint32) outcomes->parameter_count);
	copy_fields(flat->parameters, (const uint64 *) outcomes->parameters, OUTCOMES_PARAMETERS);
	copy_fields(flat->fields, outcomes->fields, outcomes->count * outcomes->width);
}

Datum
outcomes_flat_value(Outcomes *outcomes)
{
	Size		size = outcomes_flat_size(&outcomes->header);
	void	   *flat = palloc(size);

	outcomes_flatten(&outcomes->header, flat, size);
	DeleteExpandedObject(EOHPGetRWDatum(&outcomes->header));
	return PointerGetDatum(flat);
}

/* ----------
 * States
 * ----------
 */
Outcomes *
outcomes_create(MemoryContext parent, uint32 layout, size_t capacity)
{
	MemoryContext context = AllocSetContextCreate(parent, "company_risk outcomes",
												  ALLOCSET_SMALL_SIZES);
	Outcomes   *outcomes = MemoryContextAllocZero(context, sizeof(Outcomes));

	EOH_init_header(&outcomes->header, &outcomes_methods, context);
	outcomes->layout = layout;
	outcomes->width = outcomes_width(layout);
	outcomes->capacity = Max(capacity, OUTCOMES_INITIAL_CAPACITY);
	outcomes->fields = MemoryContextAlloc(context,
										  outcomes->capacity * outcomes->width * sizeof(uint64));
	return outcomes;
}

Outcomes *
outcomes_copy(MemoryContext parent, const Outcomes *source)
{
	Outcomes   *outcomes = outcomes_create(parent, source->layout, source->count);

	outcomes->parameter_count = source->parameter_count;
	memcpy(outcomes->parameters, source->parameters, sizeof(outcomes->parameters));
	outcomes->count = outcomes->sorted = source->count;
	memcpy(outcomes->fields, source->fields, source->count * source->width * sizeof(uint64));
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
outcomes_of_state(Datum datum)
{
	Outcomes   *outcomes = expanded_outcomes(datum);

	if (outcomes == NULL || !VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(datum)))
		return NULL;
	return outcomes;
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
		struct varlena *value = PG_DETOAST_DATUM(datum);

		/* the type is aligned as doubles are */
		Assert((uintptr_t) value == MAXALIGN((uintptr_t) value));
		outcomes = palloc(sizeof(Outcomes));
		if (!read_flat((FlatOutcomes *) value, outcomes))
			fail_invalid();
	}
	return outcomes;
}
