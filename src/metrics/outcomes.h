/*
 * outcomes.h
 *		Outcomes: the multiset of (score, label) that metrics and measures of drift
 *		are made from.
 *
 * See outcomes.c for the representation.
 */
#ifndef OUTCOMES_H
#define OUTCOMES_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/expandeddatum.h"

/* What an entry holds besides score, label and count, in this order */
#define OUTCOMES_WEIGHTED	1
#define OUTCOMES_CLUSTERED	2	/* a hash of the cluster, for the bootstrap */
#define OUTCOMES_SAMPLES	4	/* not scores: two samples of a value, the label says which; alone */

#define OUTCOMES_MAX_WIDTH 4

/* Parameters of an aggregate, kept beside its outcomes */
#define OUTCOMES_PARAMETERS 2

/* Counts up to here are exact as doubles. */
#define OUTCOMES_MAX_COUNT (INT64CONST(1) << 53)

typedef struct Outcomes
{
	ExpandedObjectHeader header;	/* of a state only */
	uint32		layout;
	int			width;			/* fields of an entry */
	int			parameter_count;
	double		parameters[OUTCOMES_PARAMETERS];	/* 0 beyond the count */
	size_t		count;			/* entries */
	size_t		sorted;			/* entries, from the first, in strict order */
	size_t		capacity;
	uint64	   *fields;
} Outcomes;

/* Words of an entry; 0 if there is no such layout. */
extern int	outcomes_width(uint32 layout);

/*
 * Reading.  An argument's outcomes are sorted and without duplicates, and not to be
 * changed.  NULL arguments are the caller's concern.
 */
extern Outcomes *outcomes_argument(FunctionCallInfo fcinfo, int argument);

/* Rows, of all entries together */
extern int64 outcomes_rows(const Outcomes *outcomes);

/*
 * States: outcomes that grow, in a memory context of their own below the parent;
 * EOHPGetRWDatum(&outcomes->header) is their value.
 */
extern Outcomes *outcomes_create(MemoryContext parent, uint32 layout, size_t capacity);
extern Outcomes *outcomes_copy(MemoryContext parent, const Outcomes *source);
extern Outcomes *outcomes_of_state(Datum datum);	/* NULL if it is none that may be changed */
extern void outcomes_reserve(Outcomes *outcomes, size_t more);
extern void outcomes_append_all(Outcomes *outcomes, const Outcomes *other);

/* A state as a flat value; the state is gone then. */
extern Datum outcomes_flat_value(Outcomes *outcomes);

/* An error unless a flat value is one, and of scores without parameters if that is asked for. */
extern void outcomes_check_value(struct varlena *value, bool with_parameters);

static inline void
outcomes_append(Outcomes *outcomes, const uint64 *entry)
{
	uint64	   *to;

	if (outcomes->count == outcomes->capacity)
		outcomes_reserve(outcomes, 1);
	to = outcomes->fields + outcomes->count++ * outcomes->width;
	for (int i = 0; i < outcomes->width; i++)
		to[i] = entry[i];
}

/*
 * The fields of an entry: the score is the first, then the weight, if there is one,
 * then the cluster; the last one counts the rows and has their label.
 */
#define OUTCOMES_WEIGHT_FIELD 1

static inline int
outcomes_cluster_field(uint32 layout)
{
	return (layout & OUTCOMES_WEIGHTED) ? 2 : 1;
}

/*
 * Doubles as numbers that sort as they do; -0 is 0.  The only NaN is the value that
 * samples miss, and comes last.
 */
static inline uint64
sortable_from_double(double value)
{
	uint64		bits;

	value += 0.0;				/* -0 becomes 0 */
	memcpy(&bits, &value, sizeof(bits));
	return (bits >> 63) ? ~bits : bits | (UINT64CONST(1) << 63);
}

static inline double
double_from_sortable(uint64 field)
{
	uint64		bits = (field >> 63) ? field & ~(UINT64CONST(1) << 63) : ~field;
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

#define MISSING_FIELD	UINT64CONST(0xFFF8000000000000)

/* The last field: how many rows, and in the lowest bit their label */
static inline int64
counted_rows(uint64 counted)
{
	return (int64) (counted >> 1);
}

static inline bool
counted_label(uint64 counted)
{
	return counted & 1;
}

static inline uint64
counted_of(int64 count, bool label)
{
	return ((uint64) count << 1) | label;
}

#endif							/* OUTCOMES_H */
