/*
 * score_groups.c
 *		Outcomes by score: what metrics and tables read.
 *
 * From the highest score down, the weights of failures and of others with that
 * score; with entries in one order (outcomes.c) the sums are the same to
 * the last bit whoever makes them.  Weights may be of any size: totals far from 1
 * are scaled by a power of two, which no ratio of sums notices.  Only weights so far
 * below the total (some 300 decimal orders) that no double holds both go to nothing.
 */
#include "metrics/score_groups.h"

#include <math.h>

void
groups_rewind(ScoreGroups *groups)
{
	groups->left = groups->outcomes != NULL ? groups->outcomes->count : groups->count;
}

static bool
next_of_arrays(ScoreGroups *groups, ScoreGroup *group)
{
	while (groups->left > 0)
	{
		size_t		i = --groups->left;

		if (groups->positives[i] + groups->negatives[i] > 0.0)
		{
			group->score = groups->scores[i];
			group->positive = dd_from(groups->positives[i] * groups->factor);
			group->negative = dd_from(groups->negatives[i] * groups->factor);
			return true;
		}
	}
	return false;
}

static void
next_of_weights(ScoreGroups *groups, const uint64 *entry, ScoreGroup *group)
{
	int			width = groups->outcomes->width;
	uint64		score = entry[0];

	group->positive = group->negative = dd_from(0.0);
	do
	{
		uint64		counted = entry[width - 1];
		double		weight = double_from_sortable(entry[OUTCOMES_WEIGHT_FIELD]) * groups->factor;
		DoubleDouble product = dd_product(weight, (double) counted_rows(counted));

		if (counted_label(counted))
			group->positive = dd_add(group->positive, product);
		else
			group->negative = dd_add(group->negative, product);
		groups->left--;
		entry -= width;
	} while (groups->left > 0 && entry[0] == score);
}

static void
next_of_counts(ScoreGroups *groups, const uint64 *entry, ScoreGroup *group)
{
	int			width = groups->outcomes->width;
	uint64		score = entry[0];
	int64		counts[2] = {0, 0};

	do
	{
		uint64		counted = entry[width - 1];

		counts[counted_label(counted)] += counted_rows(counted);
		groups->left--;
		entry -= width;
	} while (groups->left > 0 && entry[0] == score);
	group->positive = dd_from((double) counts[true]);
	group->negative = dd_from((double) counts[false]);
}

bool
groups_next(ScoreGroups *groups, ScoreGroup *group)
{
	const Outcomes *outcomes = groups->outcomes;
	const uint64 *entry;

	if (outcomes == NULL)
		return next_of_arrays(groups, group);
	if (groups->left == 0)
		return false;
	entry = outcomes->fields + (groups->left - 1) * outcomes->width;
	group->score = double_from_sortable(entry[0]);
	if (outcomes->layout & OUTCOMES_WEIGHTED)
		next_of_weights(groups, entry, group);
	else
		next_of_counts(groups, entry, group);
	return true;
}

/* Counts need no scale and no care. */
static void
count_groups(ScoreGroups *groups)
{
	const Outcomes *outcomes = groups->outcomes;
	int64		counts[2] = {0, 0};

	for (size_t i = 0; i < outcomes->count; i++)
	{
		uint64		counted = outcomes->fields[(i + 1) * outcomes->width - 1];

		counts[counted_label(counted)] += counted_rows(counted);
	}
	groups->scale = groups->factor = 1.0;
	groups->positive = dd_from((double) counts[true]);
	groups->negative = dd_from((double) counts[false]);
	groups->total = dd_add(groups->positive, groups->negative);
	groups_rewind(groups);
}

/*
 * Sums up, and settles the factor: totals beyond these bounds are brought to about 1.
 * The scale is that which what is stored has already.
 */
static void
sum_groups(ScoreGroups *groups, double scale)
{
	ScoreGroup	group;

	groups->factor = 1.0;
	for (;;)
	{
		int			exponent;

		groups->positive = groups->negative = dd_from(0.0);
		groups_rewind(groups);
		while (groups_next(groups, &group))
		{
			groups->positive = dd_add(groups->positive, group.positive);
			groups->negative = dd_add(groups->negative, group.negative);
		}
		groups->total = dd_add(groups->positive, groups->negative);
		groups_rewind(groups);
		if (groups->factor != 1.0 || groups->total.high == 0.0)
			break;
		if (!isfinite(groups->total.high))
			exponent = 1023 + 63;	/* at most 2^53 rows of each entry, and not many entries */
		else
			(void) frexp(groups->total.high, &exponent);
		if (exponent >= -300 && exponent <= 300)
			break;
		groups->factor = ldexp(1.0, Max(-1022, Min(1022, -exponent)));
	}
	groups->scale = scale * groups->factor;
	if (!isfinite(groups->total.high))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("sum of weights is out of range")));
}

void
groups_of_outcomes(ScoreGroups *groups, const Outcomes *outcomes)
{
	memset(groups, 0, sizeof(ScoreGroups));
	if (outcomes->layout & OUTCOMES_SAMPLES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("samples of drift are no outcomes")));
	groups->outcomes = outcomes;
	if (outcomes->layout & OUTCOMES_WEIGHTED)
		sum_groups(groups, 1.0);
	else
		count_groups(groups);
}

void
groups_of_arrays(ScoreGroups *groups, const double *scores, const double *positives,
				 const double *negatives, size_t count, double scale)
{
	memset(groups, 0, sizeof(ScoreGroups));
	groups->scores = scores;
	groups->positives = positives;
	groups->negatives = negatives;
	groups->count = count;
	sum_groups(groups, scale);
}
