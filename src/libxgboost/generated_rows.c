/*
 * generated_rows.c
 *		Rows that look for trouble in a model's evaluation.
 *
 * Values equal a threshold of the model or lie next to one, between two, or far
 * from all; they are missing, or what stands for it, both zeros, denormal and huge; categories are in a
 * set, in none, between two, or no category at all.  Of each feature a sample of
 * its thresholds is kept, so that any model fits.
 */
#include "libxgboost/generated_rows.h"

#include <float.h>
#include <math.h>

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/float.h"

#define THRESHOLDS_KEPT 256		/* of each feature */

/* What there is to know of a feature: some thresholds of its splits */
typedef struct FeatureRange
{
	int64		splits;			/* how many there are */
	float	   *thresholds;		/* a sample of them */
	int			kept;
	bool		categorical;
	uint32_t	highest_category;
} FeatureRange;

static void
note_split(FeatureRange *range, const ModelTree *tree, const ModelNode *node, pg_prng_state *random)
{
	if (node->categorical)
	{
		range->categorical = true;
		if (node->category_count > 0)
			range->highest_category = Max(range->highest_category,
										  tree->categories[node->category_begin +
														   node->category_count - 1]);
		return;
	}
	if (range->thresholds == NULL)
		range->thresholds = palloc(THRESHOLDS_KEPT * sizeof(float));
	range->splits++;
	if (range->kept < THRESHOLDS_KEPT)
		range->thresholds[range->kept++] = node->value;
	else
	{
		uint64		place = pg_prng_uint64_range(random, 0, range->splits - 1);

		if (place < THRESHOLDS_KEPT)
			range->thresholds[place] = node->value;
	}
}

static FeatureRange *
feature_ranges(const Model *model, pg_prng_state *random)
{
	FeatureRange *ranges = palloc0(sizeof(FeatureRange) * model->feature_count);

	for (uint32_t t = 0; t < model->tree_count; t++)
	{
		const ModelTree *tree = &model->trees[t];

		CHECK_FOR_INTERRUPTS();
		for (uint32_t i = 0; i < tree->node_count; i++)
			if (tree->nodes[i].left >= 0)
				note_split(&ranges[tree->nodes[i].feature], tree, &tree->nodes[i], random);
	}
	return ranges;
}

static float
within_range(float value)
{
	return isnan(value) ? 0.0f : value > FLT_MAX ? FLT_MAX : value < -FLT_MAX ? -FLT_MAX : value;
}

static float
random_threshold(const FeatureRange *range, pg_prng_state *random)
{
	return range->kept == 0 ? 0.0f :
		range->thresholds[pg_prng_uint64_range(random, 0, range->kept - 1)];
}

static float
generate_value(const FeatureRange *range, float missing, pg_prng_state *random)
{
	static const float specials[] = {0.0f, -0.0f, FLT_TRUE_MIN, -FLT_TRUE_MIN, FLT_MIN, -FLT_MIN,
	FLT_MAX, -FLT_MAX, 1.0f, -1.0f, 16777216.0f, 1e-30f, 1e30f};
	double		kind = pg_prng_double(random);
	float		threshold;

	if (kind < 0.15)
		return kind < 0.05 ? missing : get_float4_nan();
	if (range->categorical)
	{
		if (kind < 0.9)
			return (float) pg_prng_uint64_range(random, 0, (uint64) range->highest_category + 2);
		if (kind < 0.94)
			return (float) pg_prng_uint64_range(random, 0, range->highest_category) + 0.5f;
		if (kind < 0.98)
			return (float) MODEL_CATEGORY_MAX;
		return -1.0f;
	}
	if (kind < 0.25)
		return specials[pg_prng_uint64_range(random, 0, lengthof(specials) - 1)];
	threshold = random_threshold(range, random);
	if (kind < 0.40)
		return within_range(threshold);
	if (kind < 0.50)
		return within_range(nextafterf(within_range(threshold), -FLT_MAX));
	if (kind < 0.60)
		return within_range(nextafterf(within_range(threshold), FLT_MAX));
	if (kind < 0.80)
	{
		float		other = random_threshold(range, random);

		return within_range((float) ((double) within_range(threshold) +
							   pg_prng_double(random) * ((double) within_range(other) -
														 (double) within_range(threshold))));
	}
	return within_range((float) ((double) within_range(threshold) *
								 (4.0 * pg_prng_double(random) - 2.0)));
}

struct GeneratedRows
{
	pg_prng_state random;
	FeatureRange *ranges;
	uint32_t	feature_count;
	float		missing;
	int64		number;			/* of the next row, from 0 */
};

GeneratedRows *
generated_rows_begin(const Model *model, int64 seed)
{
	GeneratedRows *rows = palloc0(sizeof(GeneratedRows));

	pg_prng_seed(&rows->random, (uint64) seed);
	rows->ranges = feature_ranges(model, &rows->random);
	rows->feature_count = model->feature_count;
	rows->missing = model->missing;
	return rows;
}

void
generated_rows_next(GeneratedRows *rows, float *features)
{
	/* the first rows are all missing, all zero, all minus zero */
	for (uint32_t i = 0; i < rows->feature_count; i++)
		features[i] = rows->number == 0 ? get_float4_nan() : rows->number == 1 ? 0.0f :
			rows->number == 2 && !rows->ranges[i].categorical ? -0.0f :
			generate_value(&rows->ranges[i], rows->missing, &rows->random);
	rows->number++;
}
