/*
 * evaluate.c
 *		The margin of a row.
 *
 * XGBoost starts from the base margin and adds each tree's leaf in float32, in
 * the order of the model; float32 addition does not associate, so the order is
 * part of the result.  This file must be compiled without contraction to fused
 * multiply-add (the build says -ffp-contract=off).
 */
#include "evaluate.h"

#include <string.h>

static float
tree_leaf(const ForestImage *image, const ForestNode *nodes, const float *values)
{
	const ForestNode *node = nodes;

	while (node->left != 0)
		node = nodes + node->left + !forest_goes_left(image, node, values);
	return node->u.leaf;
}

/* A linear model: bias, base margin, then the present values in feature order. */
static void
linear_margins(const ForestImage *image, const float *values, float *margins)
{
	const float *weights = FOREST_AT(image, float, image->linear_weights);
	const float *base_margins = FOREST_AT(image, float, image->base_margins);
	uint32_t	groups = image->group_count;

	for (uint32_t group = 0; group < groups; group++)
	{
		float		sum = weights[(size_t) image->feature_count * groups + group] +
			base_margins[group];

		for (uint32_t feature = 0; feature < image->feature_count; feature++)
		{
			float		value = values[feature];

			if (value == value)
				sum += value * weights[(size_t) feature * groups + group];
		}
		margins[group] = sum;
	}
}

void
forest_margins(const ForestImage *image, const float *values, float *margins)
{
	const ForestTree *trees = FOREST_AT(image, ForestTree, image->trees);
	const ForestNode *nodes = FOREST_AT(image, ForestNode, image->nodes);

	if (image->booster == MODEL_GBLINEAR)
	{
		linear_margins(image, values, margins);
		return;
	}
	memcpy(margins, FOREST_AT(image, float, image->base_margins),
		   image->group_count * sizeof(float));
	for (uint32_t tree = 0; tree < image->tree_count; tree++)
		margins[trees[tree].group] += tree_leaf(image, nodes + trees[tree].node_begin, values);
}
