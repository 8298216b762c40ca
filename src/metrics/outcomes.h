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

#include "base/double_double.h"

/* What an entry holds besides score, label and count, in this order */
#define OUTCOMES_TIMED		1	/* months to failure; alone */
#define OUTCOMES_WEIGHTED	2
#define OUTCOMES_CLUSTERED	4	/* a hash of the cluster, for the bootstrap */
#define OUTCOMES_SAMPLES	8	/* not scores: two samples of a value, the label says which; alone */

/* What the parameters of an aggregate are, kept beside its outcomes */
typedef enum OutcomesParameter
{
	PARAMETER_NONE,
	PARAMETER_BETA,				/* of an F-score */
	PARAMETER_CUT,				/* cases or a share of them; 1 if it is a share */
	PARAMETER_BINS				/* how many; 1 if they are of equal weight */
} OutcomesParameter;

#define OUTCOMES_PARAMETERS 2

/* Counts up to here are exact as doubles. */
#define OUTCOMES_MAX_COUNT (INT64CONST(1) << 53)

typedef struct Outcomes
{
	ExpandedObjectHeader header;	/* of an aggregate's state only */
	uint32		layout;
	int			width;			/* words of an entry */
	OutcomesParameter parameter;
	double		parameters[OUTCOMES_PARAMETERS];
	size_t		count;			/* entries */
	size_t		sorted;			/* entries, from the first, in strict order */
	size_t		capacity;
	uint64	   *words;
} Outcomes;

/*
 * An argument's outcomes, sorted and without duplicates, not to be changed.  NULL
 * arguments are the caller's concern.
 */
extern Outcomes *outcomes_argument(FunctionCallInfo fcinfo, int argument);

/* Rows, of all entries together */
extern int64 outcomes_rows(const Outcomes *outcomes);

/* The place of a word in an entry; the score is the first word, the tally the last. */
static inline int
outcomes_weight_word(uint32 layout)
{
	return 1;
}

static inline int
outcomes_cluster_word(uint32 layout)
{
	return (layout & OUTCOMES_WEIGHTED) ? 2 : 1;
}

/*
 * Doubles as words that compare as they do; -0 is 0.  The only NaN is the value that
 * samples miss, and comes last.
 */
static inline uint64
word_from_double(double value)
{
	uint64		bits;

	value += 0.0;				/* -0 becomes 0 */
	memcpy(&bits, &value, sizeof(bits));
	return (bits >> 63) ? ~bits : bits | (UINT64CONST(1) << 63);
}

static inline double
word_to_double(uint64 word)
{
	uint64		bits = (word >> 63) ? word & ~(UINT64CONST(1) << 63) : ~word;
	double		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

#define MISSING_WORD	UINT64CONST(0xFFF8000000000000)

/* A tally is how many rows, and below it their label. */
static inline int64
tally_count(uint64 tally)
{
	return (int64) (tally >> 1);
}

static inline bool
tally_label(uint64 tally)
{
	return tally & 1;
}

static inline uint64
one_row(bool label)
{
	return (UINT64CONST(1) << 1) | label;
}

/* ----------
 * Reading by score
 *
 * Metrics see groups of equal scores, the highest first.  Where the weights' sizes
 * would make products of sums overflow or vanish, they are scaled by a power of 2.
 * ----------
 */
typedef struct ScoreGroup
{
	double		score;
	DoubleDouble positive;		/* weight with the label true */
	DoubleDouble negative;
} ScoreGroup;

typedef struct ScoreGroups
{
	/* either outcomes */
	const Outcomes *outcomes;
	/* or arrays, lowest score first: a resample, scaled; groups of no weight are skipped */
	const double *scores;
	const double *positives;
	const double *negatives;
	size_t		count;

	size_t		left;			/* entries not yet read */
	double		scale;			/* of what is read, to the weights that were put in */
	double		factor;			/* of what is read, to what is stored here */
	DoubleDouble positive;		/* totals */
	DoubleDouble negative;
	DoubleDouble total;
} ScoreGroups;

extern void groups_of_outcomes(ScoreGroups *groups, const Outcomes *outcomes);
extern void groups_of_arrays(ScoreGroups *groups, const double *scores, const double *positives,
							 const double *negatives, size_t count, double scale);
extern void groups_rewind(ScoreGroups *groups);
extern bool groups_next(ScoreGroups *groups, ScoreGroup *group);

#endif							/* OUTCOMES_H */
