/*
 * concordance.c
 *		Harrell's concordance index: do companies with a higher score fail
 *		sooner?
 *
 * A pair of companies is comparable if one was seen to fail, and the other was
 * still standing then: its months are more, or as many without a failure.  It is
 * concordant if the one that failed has the higher score; equal scores count for a
 * half.  Two failures at the same time are not comparable.
 *
 * Companies are taken from the latest time to the earliest, and those already
 * taken are counted in a Fenwick tree over the ranks of the scores: O(n log n) for n
 * distinct entries, 32 bytes each beside the outcomes.
 */
#include "metrics/metrics.h"

#include "miscadmin.h"
#include "utils/memutils.h"

typedef struct TimedEntry
{
	uint64		time;
	uint64		rank;			/* of the score, from 1 */
	uint64		tally;
} TimedEntry;

/* The latest first; at the same time those without a failure first */
static inline int
compare_times(const TimedEntry *a, const TimedEntry *b)
{
	if (a->time != b->time)
		return a->time > b->time ? -1 : 1;
	return (int) tally_label(a->tally) - (int) tally_label(b->tally);
}

#define ST_SORT sort_times
#define ST_ELEMENT_TYPE TimedEntry
#define ST_COMPARE(a, b) compare_times(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static void
tree_add(int64 *tree, size_t size, size_t rank, int64 count)
{
	for (; rank <= size; rank += rank & -rank)
		tree[rank] += count;
}

/* How many have a rank up to this one */
static int64
tree_sum(const int64 *tree, size_t rank)
{
	int64		sum = 0;

	for (; rank > 0; rank -= rank & -rank)
		sum += tree[rank];
	return sum;
}

PG_FUNCTION_INFO_V1(company_risk_concordance_index);
Datum
company_risk_concordance_index(PG_FUNCTION_ARGS)
{
	Outcomes   *outcomes = outcomes_argument(fcinfo, 0);
	TimedEntry *entries;
	int64	   *tree;
	size_t		ranks = 0;
	int64		standing = 0;
	DoubleDouble pairs = dd_from(0.0);
	DoubleDouble twice_concordant = dd_from(0.0);

	if (outcomes->layout != OUTCOMES_TIMED)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of an aggregate")));

	entries = MemoryContextAllocHuge(CurrentMemoryContext, (outcomes->count + 1) * sizeof(TimedEntry));
	for (size_t i = 0; i < outcomes->count; i++)
	{
		const uint64 *words = outcomes->words + i * outcomes->width;

		if (i == 0 || words[0] != words[-outcomes->width])
			ranks++;
		entries[i] = (TimedEntry) {.time = words[1], .rank = ranks, .tally = words[2]};
	}
	sort_times(entries, outcomes->count);

	tree = MemoryContextAllocExtended(CurrentMemoryContext, (ranks + 1) * sizeof(int64),
									  MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (size_t i = 0, next; i < outcomes->count; i = next)
	{
		size_t		event = i;

		/* those of one time: without a failure, then the failures */
		for (next = i; next < outcomes->count && entries[next].time == entries[i].time; next++)
			if (!tally_label(entries[next].tally))
			{
				tree_add(tree, ranks, entries[next].rank, tally_count(entries[next].tally));
				standing += tally_count(entries[next].tally);
				event = next + 1;
			}
		for (size_t k = event; k < next; k++)
		{
			double		count = (double) tally_count(entries[k].tally);
			int64		below = tree_sum(tree, entries[k].rank - 1);
			int64		up_to = tree_sum(tree, entries[k].rank);

			pairs = dd_add(pairs, dd_product(count, (double) standing));
			twice_concordant = dd_add(twice_concordant, dd_product(count, (double) (below + up_to)));
		}
		for (size_t k = event; k < next; k++)
		{
			tree_add(tree, ranks, entries[k].rank, tally_count(entries[k].tally));
			standing += tally_count(entries[k].tally);
		}
		CHECK_FOR_INTERRUPTS();
	}
	pfree(tree);
	pfree(entries);
	if (!dd_positive(pairs))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(dd_divide(twice_concordant, dd_scale(pairs, 2.0)));
}
