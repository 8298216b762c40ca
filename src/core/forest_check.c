/*
 * forest_check.c
 *		Checking a forest image.
 *
 * forest_error() follows every index of the image, so that none leads outside.
 * It takes the depth of a tree kept as nodes for what the compiler of the image
 * said.  Images are never taken from outside, so this is for assertions and for
 * the programs that test the core; the library goes without it where its server
 * has no assertions.
 */
#ifdef COMPANY_RISK_VERSION
#include "pg_config.h"			/* the library's build: USE_ASSERT_CHECKING */
#endif

#if !defined(COMPANY_RISK_VERSION) || defined(USE_ASSERT_CHECKING)

#include "forest_internal.h"

#include <string.h>

/* Is an array of count elements at this offset inside the image, and aligned? */
static bool
inside(const ForestImage *image, uint64_t offset, uint64_t count, size_t size)
{
	return offset <= image->size && count <= (image->size - offset) / size &&
		offset % sizeof(uint32_t) == 0;
}

static bool
string_inside(const ForestImage *image, uint64_t offset)
{
	return offset < image->size &&
		memchr(FOREST_AT(image, char, offset), '\0', image->size - offset) != NULL;
}

/* How many elements fit between the offsets of two tables */
static uint64_t
between(uint64_t begin, uint64_t end, size_t size)
{
	return (end - begin) / size;
}

static bool
tables_inside(const ForestImage *image)
{
	uint64_t	offsets = image->features | image->base_margins | image->biases | image->trees |
		image->blocks | image->tables | image->weights | image->nodes | image->shares |
		image->category_words | image->repeats | image->factors | image->points |
		image->linear_weights;

	return offsets % SECTION_ALIGNMENT == 0 &&
		inside(image, image->features, image->feature_count, sizeof(ForestFeature)) &&
		inside(image, image->base_margins, image->group_count, sizeof(float)) &&
		inside(image, image->biases, image->group_count, sizeof(double)) &&
		inside(image, image->trees, image->tree_count, sizeof(ForestTree)) &&
		inside(image, image->blocks, image->block_count, sizeof(ForestBlock)) &&
		image->tables <= image->weights && image->weights <= image->nodes &&
		image->nodes <= image->shares && image->shares <= image->category_words &&
		image->category_words <= image->repeats &&
		image->repeats <= image->factors && image->factors <= image->points &&
		image->points <= image->linear_weights && image->linear_weights <= image->size &&
		(image->booster != MODEL_GBLINEAR ||
		 inside(image, image->linear_weights,
				((uint64_t) image->feature_count + 1) * image->group_count, sizeof(float)));
}

static const char *
feature_error(const ForestImage *image, const ForestFeature *feature)
{
	if (!string_inside(image, feature->name) ||
		!inside(image, feature->categories, feature->category_count, sizeof(ForestCategory)))
		return "a feature's name or categories are outside the image";
	for (uint32_t i = 0; i < feature->category_count; i++)
		if (!string_inside(image, FOREST_AT(image, ForestCategory, feature->categories)[i].name))
			return "a category's name is outside the image";
	return NULL;
}

static const char *
dense_error(const ForestImage *image, const ForestBlock *block)
{
	uint32_t	size = 1u << (block->depth <= FOREST_DENSE_DEPTH_MAX ? block->depth : 0);
	const ForestSplit *splits = FOREST_AT(image, ForestSplit, block->tables);
	const ForestRepeat *repeats;

	if (block->depth > FOREST_DENSE_DEPTH_MAX ||
		block->points < 2 || block->points > FOREST_POINTS ||
		block->tables % SECTION_ALIGNMENT != 0 || block->tables < image->tables ||
		block->tables > image->weights ||
		forest_tables_size(block) > image->weights - block->tables ||
		block->weights % SECTION_ALIGNMENT != 0 || block->weights < image->weights ||
		block->weights > image->nodes ||
		forest_repeats_offset(block) + block->repeat_ends[FOREST_LANES - 1] * sizeof(ForestRepeat) >
		image->nodes - block->weights)
		return "a block's tables are outside the image";
	for (uint32_t i = 0; i < FOREST_LANES * size; i++)
		if (splits[i].value < image->feature_count ||
			splits[i].value >= 3 * (uint64_t) image->feature_count)
			return "a split reads a feature that does not exist";
	repeats = FOREST_AT(image, ForestRepeat, block->weights + forest_repeats_offset(block));
	for (uint32_t lane = 1; lane < FOREST_LANES; lane++)
		if (block->repeat_ends[lane] < block->repeat_ends[lane - 1])
			return "a tree's repeats end before they begin";
	for (uint32_t i = 0; i < block->repeat_ends[FOREST_LANES - 1]; i++)
		if (repeats[i].split >= size || repeats[i].ancestor >= repeats[i].split)
			return "a repeat is not below its ancestor";
	return NULL;
}

static const char *
node_error(const ForestImage *image, const ForestTree *tree, uint32_t index)
{
	const ForestNode *node =
		FOREST_AT(image, ForestNode, image->nodes) + tree->node_begin + index;
	const ForestShare *share =
		FOREST_AT(image, ForestShare, image->shares) + tree->node_begin + index;
	uint64_t	word_count = between(image->category_words, image->repeats, sizeof(uint32_t));
	uint64_t	repeat_count = between(image->repeats, image->factors, sizeof(ForestSparseRepeat));
	uint64_t	factor_count = between(image->factors, image->points, sizeof(double));
	uint32_t	value = node->value & ~FOREST_CATEGORICAL;

	if (node->left == index)
		return node->u.bound == UINT32_MAX && value < 3 * (uint64_t) image->feature_count ? NULL :
			"a leaf does not hold its place";
	if (node->left < index || (uint64_t) node->left + 1 >= tree->node_count)
		return "a split's children are outside its tree or before it";
	if (value < image->feature_count || value >= 3 * (uint64_t) image->feature_count)
		return "a split reads a feature that does not exist";
	if (node->value & FOREST_CATEGORICAL)
	{
		const uint32_t *words = FOREST_AT(image, uint32_t, image->category_words);

		if (node->u.category_set >= word_count ||
			(words[node->u.category_set] & ~FOREST_CATEGORY_LIST) >=
			word_count - node->u.category_set)
			return "a split's category set is outside the image";
	}
	if (share->repeat != 0)
	{
		const ForestSparseRepeat *repeat =
			FOREST_AT(image, ForestSparseRepeat, image->repeats) + share->repeat - 1;

		if (share->repeat > repeat_count || repeat->ancestor_depth >= MODEL_DEPTH_MAX ||
			(uint64_t) repeat->factors + 2 * (uint64_t) tree->points > factor_count)
			return "a repeated split's factors are outside the image";
	}
	return NULL;
}

/* Depths are not trusted: a cycle is impossible, as children come later. */
static const char *
sparse_error(const ForestImage *image, const ForestTree *tree)
{
	const char *error = NULL;

	if ((uint64_t) tree->node_begin + tree->node_count >
		between(image->nodes, image->shares, sizeof(ForestNode)) ||
		(uint64_t) tree->node_begin + tree->node_count >
		between(image->shares, image->category_words, sizeof(ForestShare)) ||
		tree->node_count == 0)
		return "a tree's nodes are outside the image";
	if (tree->depth > MODEL_DEPTH_MAX || tree->points % FOREST_POINTS != 0 ||
		(uint64_t) tree->rule + 2 * (uint64_t) tree->points >
		between(image->points, image->linear_weights, sizeof(double)))
		return "a tree's quadrature rule is outside the image";
	for (uint32_t i = 0; i < tree->node_count && error == NULL; i++)
		error = node_error(image, tree, i);
	return error;
}

static const char *
block_error(const ForestImage *image, const ForestBlock *block)
{
	const ForestTree *trees = FOREST_AT(image, ForestTree, image->trees);
	const char *error = NULL;

	if (block->tree_count == 0 || block->tree_count > FOREST_LANES ||
		(uint64_t) block->first_tree + block->tree_count > image->tree_count)
		return "a block has trees that do not exist";
	if (block->group >= image->group_count)
		return "a block adds to an output group that does not exist";
	if (block->kind == FOREST_DENSE)
		return dense_error(image, block);
	for (uint32_t i = 0; i < block->tree_count && error == NULL; i++)
		error = sparse_error(image, &trees[block->first_tree + i]);
	return error;
}

const char *
forest_error(const void *data, size_t size)
{
	const ForestImage *image = data;
	const char *error = forest_header_error(data, size);

	if (error != NULL)
		return error;
	if (!tables_inside(image) || !string_inside(image, image->objective))
		return "a table is outside the image";
	for (uint32_t i = 0; i < image->feature_count && error == NULL; i++)
		error = feature_error(image, FOREST_AT(image, ForestFeature, image->features) + i);
	for (uint32_t i = 0; i < image->block_count && error == NULL; i++)
		error = block_error(image, FOREST_AT(image, ForestBlock, image->blocks) + i);
	return error;
}

#endif
