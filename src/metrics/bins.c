/*
 * bins.c
 *		Bins of scores: of equal width over [0, 1], or of equal weight.
 */
#include "metrics/bins.h"

#include "metrics/parameters.h"

static void
add_to_bin(Bin *bin, const ScoreGroup *group)
{
	DoubleDouble weight = dd_add(group->positive, group->negative);

	if (!dd_positive(bin->weight))
		bin->high = group->score;
	bin->low = group->score;
	bin->weight = dd_add(bin->weight, weight);
	bin->positive = dd_add(bin->positive, group->positive);
	bin->score_sum = dd_add(bin->score_sum, dd_scale(weight, group->score));
}

void
bins_of_width(ScoreGroups *groups, Bin *bins, int count)
{
	ScoreGroup	group;

	memset(bins, 0, count * sizeof(Bin));
	while (groups_next(groups, &group))
	{
		int			bin;

		/* bin i is above i / count and up to (i + 1) / count; 0 is in the first */
		metric_probability(group.score);
		bin = (int) (group.score * count);
		bin = Max(0, Min(bin, count - 1));
		while (bin > 0 && group.score <= (double) bin / count)
			bin--;
		while (bin < count - 1 && group.score > (double) (bin + 1) / count)
			bin++;
		add_to_bin(&bins[bin], &group);
	}
}

void
bins_of_weight(ScoreGroups *groups, Bin *bins, int count)
{
	DoubleDouble above = dd_from(0.0);
	ScoreGroup	group;

	memset(bins, 0, count * sizeof(Bin));
	while (groups_next(groups, &group))
	{
		DoubleDouble weight = dd_add(group.positive, group.negative);
		DoubleDouble middle = dd_add(above, dd_scale(weight, 0.5));
		int			bin = (int) (dd_divide(middle, groups->total) * count);

		add_to_bin(&bins[count - 1 - Max(0, Min(bin, count - 1))], &group);
		above = dd_add(above, weight);
	}
}
