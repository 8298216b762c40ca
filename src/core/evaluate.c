/*
 * evaluate.c
 *		The margin of a row.
 *
 * XGBoost starts from the base margin and adds each tree's leaf in float32, in
 * the order of the model; float32 addition does not associate, so the order is
 * part of the result.  This file must be compiled without contraction to fused
 * multiply-add (the build says -ffp-contract=off).
 *
 * One tree is a chain of dependent loads, and a processor that waits for one
 * load can do others meanwhile: the trees of a block are walked side by side,
 * one level at a time, without a branch.  A dense block's trees all have the
 * same depth; in a sparse one whoever has reached a leaf stays there, and every
 * few levels we look whether all have.
 */
#include "evaluate.h"

#include <string.h>

/* Levels that a sparse block is walked between looks at whether it is done */
#define SPARSE_LEVELS 4

typedef void (*DenseWalk) (const ForestSplit *splits, const ForestValue *vector, float *leaves);

/* Walks the trees of a dense block of one depth. */
static inline __attribute__((always_inline)) void
walk_dense(const ForestSplit *splits, const ForestValue *vector, float *leaves, uint32_t depth)
{
	const uint64_t size = UINT64_C(1) << depth;
	const float *bottom = (const float *) (splits + FOREST_LANES * size);
	uint64_t	places[FOREST_LANES] = {1, 1, 1, 1, 1, 1, 1, 1};

#pragma GCC unroll 8
	for (uint32_t level = 0; level < depth; level++)
#pragma GCC unroll 8
		for (uint32_t lane = 0; lane < FOREST_LANES; lane++)
		{
			const ForestSplit *split = splits + lane * size + places[lane];

			places[lane] = 2 * places[lane] + (split->bound < vector[split->value].key);
		}
#pragma GCC unroll 8
	for (uint32_t lane = 0; lane < FOREST_LANES; lane++)
		leaves[lane] = bottom[(places[lane] - size) * FOREST_LANES + lane];
}

#define DENSE_WALK(depth) \
	static void \
	walk_dense_##depth(const ForestSplit *splits, const ForestValue *vector, float *leaves) \
	{ \
		walk_dense(splits, vector, leaves, depth); \
	}

DENSE_WALK(0)
DENSE_WALK(1)
DENSE_WALK(2)
DENSE_WALK(3)
DENSE_WALK(4)
DENSE_WALK(5)
DENSE_WALK(6)
DENSE_WALK(7)
DENSE_WALK(8)

static const DenseWalk dense_walks[FOREST_DENSE_DEPTH_MAX + 1] = {
	walk_dense_0, walk_dense_1, walk_dense_2, walk_dense_3, walk_dense_4,
	walk_dense_5, walk_dense_6, walk_dense_7, walk_dense_8
};

static void
walk_sparse(const ForestImage *image, const ForestBlock *block, const ForestValue *vector,
			float *leaves)
{
	const ForestTree *trees = FOREST_AT(image, ForestTree, image->trees) + block->first_tree;
	const ForestNode *trees_nodes[FOREST_LANES];
	uint32_t	places[FOREST_LANES] = {0};
	uint32_t	moved;

	/* lanes without a tree walk the last one again */
	for (uint32_t lane = 0; lane < FOREST_LANES; lane++)
		trees_nodes[lane] = FOREST_AT(image, ForestNode, image->nodes) +
			trees[lane < block->tree_count ? lane : block->tree_count - 1].node_begin;
	do
	{
		moved = 0;
		for (int level = 0; level < SPARSE_LEVELS; level++)
#pragma GCC unroll 8
			for (uint32_t lane = 0; lane < FOREST_LANES; lane++)
			{
				const ForestNode *node = trees_nodes[lane] + places[lane];
				uint32_t	next = node->left + (node->u.bound < vector[node->value].key);

				moved |= next ^ places[lane];
				places[lane] = next;
			}
	} while (moved != 0);
	for (uint32_t lane = 0; lane < FOREST_LANES; lane++)
		leaves[lane] = trees_nodes[lane][places[lane]].leaf;
}

static void
walk_categoric(const ForestImage *image, const ForestBlock *block, const ForestValue *vector,
			   float *leaves)
{
	const ForestTree *trees = FOREST_AT(image, ForestTree, image->trees) + block->first_tree;

	for (uint32_t lane = 0; lane < block->tree_count; lane++)
	{
		const ForestNode *nodes =
			FOREST_AT(image, ForestNode, image->nodes) + trees[lane].node_begin;
		uint32_t	place = 0;

		while (nodes[place].left != place)
			place = nodes[place].left + !forest_goes_left(image, &nodes[place], vector);
		leaves[lane] = nodes[place].leaf;
	}
}

/* A linear model: bias, base margin, then the present values in feature order. */
static void
linear_margins(const ForestImage *image, const ForestValue *vector, float *margins)
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
			float		value = vector[feature].value;

			if (value == value)
				sum += value * weights[(size_t) feature * groups + group];
		}
		margins[group] = sum;
	}
}

void
forest_margins(const ForestImage *image, const ForestValue *vector, float *margins)
{
	const ForestBlock *blocks = FOREST_AT(image, ForestBlock, image->blocks);

	if (image->booster == MODEL_GBLINEAR)
	{
		linear_margins(image, vector, margins);
		return;
	}
	memcpy(margins, FOREST_AT(image, float, image->base_margins),
		   image->group_count * sizeof(float));
	for (uint32_t i = 0; i < image->block_count; i++)
	{
		const ForestBlock *block = &blocks[i];
		float		leaves[FOREST_LANES];
		float		margin;

		if (block->kind == FOREST_DENSE)
			dense_walks[block->depth] (FOREST_AT(image, ForestSplit, block->tables),
									   vector, leaves);
		else if (block->kind == FOREST_SPARSE)
			walk_sparse(image, block, vector, leaves);
		else
			walk_categoric(image, block, vector, leaves);

		margin = margins[block->group];
		for (uint32_t lane = 0; lane < block->tree_count; lane++)
			margin += leaves[lane];
		margins[block->group] = margin;
	}
}
