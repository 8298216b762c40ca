/*
 * test_shapley.c
 *		Contributions against the definition of Shapley values.
 *
 * The definition is computed here by itself: the value of a coalition is the
 * tree's expectation when only its features are known (an unknown feature's
 * split averages both children by cover), and a feature's Shapley value is the
 * weighted mean, over all coalitions of the others, of what it adds.  Trees are
 * random: features repeat on paths, values are missing, splits are categorical,
 * covers are zero, trees carry weights, and there are several output groups.
 */
#include "unit.h"

#include "evaluate.h"
#include "explain.h"
#include "forest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEATURES_MAX 18
#define NODES_MAX 512

static uint64_t random_state = UINT64_C(88172645463325252);

static uint32_t
random_below(uint32_t bound)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t) (random_state >> 33) % bound;
}

static double
random_unit(void)
{
	return random_below(1 << 20) / (double) (1 << 20);
}

/* ----------
 * Random trees
 * ----------
 */
typedef struct Shape
{
	const char *name;
	uint32_t	features;
	uint32_t	trees;
	uint32_t	groups;
	int			depth;
	double		leaf_chance;	/* of a node above the depth */
	bool		chain;			/* every split has one leaf: long paths */
	bool		distinct;		/* a path takes the features in turn */
	bool		categorical;
	bool		zero_covers;
	bool		weights;
	bool		nan_thresholds;
	double		leaf;			/* the largest a leaf may be; 0: half */
} Shape;

static uint32_t category_pool[3] = {1, 4, 40};

static float
random_leaf(const Shape *shape)
{
	return (float) ((random_unit() - 0.5) * (shape->leaf > 0 ? 2 * shape->leaf : 1));
}

static void
grow(ModelTree *tree, const Shape *shape, uint32_t index, int depth, double cover)
{
	ModelNode  *node = &tree->nodes[index];
	double		share = shape->zero_covers && random_below(4) == 0 ? random_below(2) : random_unit();
	bool		leaf_left = shape->chain && random_below(2) == 0;

	node->cover = (float) cover;
	if (depth == shape->depth || (depth > 0 && random_unit() < shape->leaf_chance) ||
		tree->node_count + 2 > NODES_MAX)
	{
		node->left = -1;
		node->value = random_leaf(shape);
		return;
	}
	node->left = (int32_t) tree->node_count;
	tree->node_count += 2;
	node->feature = shape->distinct ? (uint32_t) depth % shape->features : random_below(shape->features);
	node->default_left = random_below(2);
	node->value = shape->nan_thresholds && random_below(3) == 0 ? NAN : (float) random_below(8);
	if (shape->categorical && random_below(2) == 0)
	{
		node->categorical = true;
		node->category_begin = random_below(3);
		node->category_count = 1 + random_below(3 - node->category_begin);
	}
	if (shape->chain)
	{
		uint32_t	leaf = (uint32_t) node->left + !leaf_left;
		uint32_t	split = (uint32_t) node->left + leaf_left;

		tree->nodes[leaf].left = -1;
		tree->nodes[leaf].value = random_leaf(shape);
		tree->nodes[leaf].cover = (float) (cover * share);
		grow(tree, shape, split, depth + 1, cover * (1.0 - share));
		return;
	}
	grow(tree, shape, (uint32_t) node->left, depth + 1, cover * share);
	grow(tree, shape, (uint32_t) node->left + 1, depth + 1, cover * (1.0 - share));
}

/* ----------
 * The definition
 * ----------
 */
static bool
goes_left(const ModelTree *tree, const ModelNode *node, const float *values)
{
	float		value = values[node->feature];

	if (isnan(value))
		return node->default_left;
	if (!node->categorical)
		return value < node->value;
	for (uint32_t i = 0; i < node->category_count; i++)
		if (value == (float) tree->categories[node->category_begin + i])
			return false;
	return true;
}

static double
expectation(const ModelTree *tree, const float *values, uint32_t known, uint32_t index)
{
	const ModelNode *node = &tree->nodes[index];
	double		left,
				right,
				cover_left,
				cover_right;

	if (node->left < 0)
		return (double) (node->value * tree->weight);
	if (known >> node->feature & 1)
		return expectation(tree, values, known,
						   (uint32_t) node->left + !goes_left(tree, node, values));
	left = expectation(tree, values, known, (uint32_t) node->left);
	right = expectation(tree, values, known, (uint32_t) node->left + 1);
	cover_left = tree->nodes[node->left].cover;
	cover_right = tree->nodes[node->left + 1].cover;
	if (cover_left + cover_right == 0.0)
		return (left + right) / 2.0;
	return (cover_left * left + cover_right * right) / (cover_left + cover_right);
}

/* values[coalition] of one tree, and from them the Shapley values */
static void
add_shapley(const ModelTree *tree, const float *values, uint32_t features, double *contributions)
{
	uint32_t	coalitions = UINT32_C(1) << features;
	double	   *worth = malloc(coalitions * sizeof(double));
	double		weights[FEATURES_MAX];

	for (uint32_t known = 0; known < coalitions; known++)
		worth[known] = expectation(tree, values, known, 0);
	/* weights[s] = s! (n - s - 1)! / n! */
	weights[0] = 1.0 / features;
	for (uint32_t s = 1; s < features; s++)
		weights[s] = weights[s - 1] * s / (features - s);
	for (uint32_t feature = 0; feature < features; feature++)
		for (uint32_t known = 0; known < coalitions; known++)
			if ((known >> feature & 1) == 0)
			{
				uint32_t	size = 0;

				for (uint32_t rest = known; rest != 0; rest &= rest - 1)
					size++;
				contributions[feature] += weights[size] *
					(worth[known | UINT32_C(1) << feature] - worth[known]);
			}
	contributions[features] += worth[0];
	free(worth);
}

/* ----------
 * Comparison
 * ----------
 */
typedef struct Build
{
	const Model *model;
	ForestImage *image;
} Build;

static void
build(CoreHost *host, void *argument)
{
	Build	   *request = argument;

	request->image = forest_build(host, request->model, request->model->round_count, NULL);
}

static void
check_shape(UnitHost *unit, const Shape *shape, int rows)
{
	ModelTree	trees[8];
	uint32_t	round_end = shape->trees;
	float		base_scores[2] = {0.25f, -1.5f};
	Model		model = {0};
	Build		request = {.model = &model};
	double		worst = 0.0;
	double		worst_sum = 0.0;
	double		leaf_sum = 0.0;
	size_t		stride = shape->features + 1;

	unit_group("%s", shape->name);
	for (uint32_t i = 0; i < shape->trees; i++)
	{
		memset(&trees[i], 0, sizeof(ModelTree));
		trees[i].nodes = calloc(NODES_MAX, sizeof(ModelNode));
		trees[i].node_count = 1;
		trees[i].categories = category_pool;
		trees[i].category_count = 3;
		trees[i].weight = shape->weights ? (float) random_unit() : 1.0f;
		trees[i].group = i % shape->groups;
		grow(&trees[i], shape, 0, 0, 100.0);
		for (uint32_t k = 0; k < trees[i].node_count; k++)
			if (trees[i].nodes[k].left < 0)
				leaf_sum += fabs(trees[i].nodes[k].value);
	}
	model.booster = MODEL_GBTREE;
	model.objective = (char *) "reg:squarederror";
	model.feature_count = shape->features;
	model.group_count = shape->groups;
	model.base_scores = base_scores;
	model.missing = NAN;
	model.tree_count = shape->trees;
	model.trees = trees;
	model.round_count = 1;
	model.round_ends = &round_end;
	if (CHECK_MESSAGE(unit_run(unit, build, &request), "the image is refused: %s", unit->detail))
		for (int row = 0; row < rows; row++)
		{
			float		values[FEATURES_MAX];
			ForestValue vector[3 * FEATURES_MAX];
			double		scratch[3 * FEATURES_MAX * FOREST_LANES];
			float		margins[2];
			double		actual[2 * (FEATURES_MAX + 1)];
			double		expected[2 * (FEATURES_MAX + 1)] = {0};

			for (uint32_t feature = 0; feature < shape->features; feature++)
				values[feature] = random_below(6) == 0 ? NAN :
					shape->categorical && random_below(3) == 0 ? (float) category_pool[random_below(3)] :
					(float) random_below(8);
			for (uint32_t group = 0; group < shape->groups; group++)
				expected[group * stride + shape->features] = base_scores[group];
			for (uint32_t i = 0; i < shape->trees; i++)
				add_shapley(&trees[i], values, shape->features, expected + trees[i].group * stride);
			memcpy(vector, values, shape->features * sizeof(float));
			forest_prepare(request.image, vector);
			forest_contributions(&unit->host, request.image, vector, actual, scratch);
			forest_margins(request.image, vector, margins);
			for (uint32_t group = 0; group < shape->groups; group++)
			{
				double		sum = 0.0;

				for (size_t k = 0; k < stride; k++)
				{
					worst = fmax(worst, fabs(actual[group * stride + k] - expected[group * stride + k]));
					sum += actual[group * stride + k];
				}
				worst_sum = fmax(worst_sum, fabs(sum - margins[group]) /
									 fmax(shape->leaf > 0 ? leaf_sum : 1.0, fabs(margins[group])));
			}
		}
	CHECK_MESSAGE(worst <= 1e-6 * fmax(1.0, leaf_sum), "a contribution differs by %g (leaves sum up to %g)",
				  worst, leaf_sum);
	CHECK_MESSAGE(worst_sum <= 1e-5, "contributions and margin differ by %g", worst_sum);
	for (uint32_t i = 0; i < shape->trees; i++)
		free(trees[i].nodes);
	unit_host_reset(unit);
}

int
main(void)
{
	static const Shape shapes[] = {
		{.name = "one leaf",.features = 2,.trees = 1,.groups = 1,.depth = 0},
		{.name = "stumps",.features = 3,.trees = 5,.groups = 1,.depth = 1},
		{.name = "depth 4, features repeat",.features = 3,.trees = 6,.groups = 1,.depth = 4,.leaf_chance = 0.1},
		{.name = "depth 8, one feature",.features = 1,.trees = 4,.groups = 1,.depth = 8},
		{.name = "depth 8, two features",.features = 2,.trees = 4,.groups = 1,.depth = 8},
		{.name = "depth 7, ten features",.features = 10,.trees = 3,.groups = 1,.depth = 7,.leaf_chance = 0.1},
		{.name = "categorical",.features = 4,.trees = 6,.groups = 1,.depth = 5,.leaf_chance = 0.1,.categorical = true},
		{.name = "zero covers",.features = 4,.trees = 6,.groups = 1,.depth = 5,.leaf_chance = 0.1,.zero_covers = true},
		{.name = "weights of trees",.features = 4,.trees = 6,.groups = 1,.depth = 4,.weights = true},
		{.name = "thresholds that are not numbers",.features = 3,.trees = 6,.groups = 1,.depth = 5,.leaf_chance = 0.1,
			.nan_thresholds = true},
		{.name = "leaves of 30,000",.features = 10,.trees = 8,.groups = 1,.depth = 7,.leaf_chance = 0.1,.leaf = 30000},
		{.name = "two output groups",.features = 4,.trees = 6,.groups = 2,.depth = 4,.leaf_chance = 0.1},
		{.name = "chain of 9 distinct features: two blocks of points",.features = 9,.trees = 2,
			.groups = 1,.depth = 9,.chain = true,.distinct = true},
		{.name = "chain of 17 distinct features: three blocks of points",.features = 17,.trees = 1,
			.groups = 1,.depth = 17,.chain = true,.distinct = true},
		{.name = "chain of 60 splits on 12 features",.features = 12,.trees = 1,.groups = 1,.depth = 60,.chain = true},
	};
	UnitHost	unit;

	unit_host_init(&unit);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		check_shape(&unit, &shapes[i], shapes[i].features > 12 ? 2 : 20);
	return unit_finish();
}
