/*
 * forest_trees.c
 *		Compiling the trees of a model into blocks.
 *
 * The trees of an output group are taken FOREST_LANES at a time, in the model's
 * order, because that is the order in which their leaves must be added.  Each is first drafted: its
 * reachable nodes breadth first (deleted nodes of pruned trees are gone), with
 * cover shares, depth and expected value.  Then the block becomes dense, padded
 * complete trees, if that wastes little, and nodes otherwise (forest.h).
 */
#include "forest_internal.h"
#include "quadrature.h"

#include <string.h>

/* Padding may make at most this many times as many nodes. */
#define PADDING_MAX 4

typedef struct DraftNode
{
	const ModelNode *source;
	uint32_t	left;			/* 0 for a leaf */
	double		right_share;	/* of the cover */
} DraftNode;

typedef struct Draft
{
	const ModelTree *source;
	DraftNode  *nodes;
	size_t		capacity;
	uint32_t	count;
	uint32_t	depth;
	uint32_t	distinct;		/* distinct features on a path, at most */
	bool		numeric;		/* is no split categorical? */
} Draft;

struct TreeCompiler
{
	Draft		drafts[FOREST_LANES];

	/* the path from the root to the node at hand, by feature */
	int64_t    *last_split;		/* the last split on the feature, -1 for none */
	double	   *path_share;		/* product of the cover shares of those splits */

	/* of the dense block at hand */
	ForestRepeat *repeats;
	size_t		repeats_capacity;
	size_t		repeat_count;

	/* of sparse trees: 1 + where a rule begins, by its number of points */
	uint32_t	rules[MODEL_DEPTH_MAX / 2 / FOREST_POINTS + 2];
	double	   *repeat_shares;	/* of the tree at hand */
	size_t		repeat_shares_capacity;
	size_t		repeats_begin;
};

/* The split, of those above on its path, that a split on a feature repeats */
typedef struct PathSplit
{
	int64_t		split;			/* -1 when there is none */
	double		share;
} PathSplit;

static PathSplit
path_enter(TreeCompiler *compiler, uint32_t feature, int64_t split)
{
	PathSplit	above = {compiler->last_split[feature], compiler->path_share[feature]};

	if (above.split < 0)
		above.share = 1.0;
	compiler->last_split[feature] = split;
	return above;
}

static void
path_leave(TreeCompiler *compiler, uint32_t feature, PathSplit above)
{
	compiler->last_split[feature] = above.split;
	compiler->path_share[feature] = above.share;
}

/* ----------
 * Drafts
 * ----------
 */

/* The share of a split's cover that goes right; half where there is no cover. */
static double
right_share(const ModelTree *tree, const ModelNode *node)
{
	double		left = tree->nodes[node->left].cover;
	double		right = tree->nodes[node->left + 1].cover;

	return left + right > 0.0 ? right / (left + right) : 0.5;
}

/*
 * Walks a draft from a node down, which this share of the cover reaches: depth,
 * distinct features, and what each split explains of the variance.  Returns the
 * expected value.  Recursion is bounded by MODEL_DEPTH_MAX.
 */
static double
measure(Builder *builder, Draft *draft, uint32_t index, double share, uint32_t depth, uint32_t distinct)
{
	const DraftNode *node = &draft->nodes[index];
	ForestFeature *feature;
	PathSplit	above;
	double		left,
				right;

	count_visit(builder);
	if (node->left == 0)
	{
		draft->depth = depth > draft->depth ? depth : draft->depth;
		draft->distinct = distinct > draft->distinct ? distinct : draft->distinct;
		return node->source->value * draft->source->weight;
	}
	above = path_enter(builder->compiler, node->source->feature, depth);
	distinct += above.split < 0;
	left = measure(builder, draft, node->left, share * (1.0 - node->right_share), depth + 1, distinct);
	right = measure(builder, draft, node->left + 1, share * node->right_share, depth + 1, distinct);
	path_leave(builder->compiler, node->source->feature, above);
	feature = (ForestFeature *) builder->features.data + node->source->feature;
	feature->weight += share * node->right_share * (1.0 - node->right_share) * (left - right) * (left - right);
	return right + (1.0 - node->right_share) * (left - right);
}

/* Drafts a tree; returns its expected value. */
static double
make_draft(Builder *builder, Draft *draft, const ModelTree *tree)
{
	ForestFeature *features = builder->features.data;

	draft->source = tree;
	draft->nodes = core_grow(builder->host, draft->nodes, &draft->capacity,
							 tree->node_count, sizeof(DraftNode));
	draft->count = 1;
	draft->depth = 0;
	draft->distinct = 0;
	draft->numeric = true;
	draft->nodes[0].source = tree->nodes;
	for (uint32_t i = 0; i < draft->count; i++)
	{
		DraftNode  *node = &draft->nodes[i];
		const ModelNode *source = node->source;

		node->left = 0;
		node->right_share = 0.0;
		if (source->left < 0)
			continue;
		node->left = draft->count;
		node->right_share = right_share(tree, source);
		draft->nodes[draft->count++].source = tree->nodes + source->left;
		draft->nodes[draft->count++].source = tree->nodes + source->left + 1;
		draft->numeric = draft->numeric && !source->categorical;
		features[source->feature].used = 1;
		if (source->categorical && features[source->feature].kind == FOREST_NUMERIC)
			features[source->feature].kind = FOREST_CATEGORY_CODES;
	}
	return measure(builder, draft, 0, 1.0, 0, 0);
}

/*
 * The key that sends a row right when its own is greater.  No value is less than a
 * NaN, so all go right: every key is above that of what is missing and goes left.
 */
static uint32_t
bound_of(const ModelNode *node)
{
	return node->value != node->value ? FOREST_KEY_MISSING_LEFT : forest_key(node->value) - 1;
}

/* Where in a row's vector a split's compare looks: missing goes left or right. */
static uint32_t
value_index(const Builder *builder, const ModelNode *node)
{
	return node->feature + (node->default_left ? 1 : 2) * builder->model->feature_count;
}

/* M and K of explain.c for a split whose path has this share above it on its feature. */
static void
quadrature_factors(double share, double point, double weight, double *m, double *k)
{
	double		b = point + (1.0 - point) * share;

	*m = (1.0 - point) * share / b;
	*k = weight * share / (b * b);
}

/* ----------
 * Dense blocks
 * ----------
 */

/* A dense block being filled: its tables, and the tree at hand */
typedef struct Dense
{
	uint32_t	depth;
	uint32_t	size;			/* of a heap: 2^depth */
	uint32_t	points;
	double		point[FOREST_POINTS];
	double		weight[FOREST_POINTS];
	ForestSplit *splits;		/* of the tree at hand */
	float		(*leaves)[FOREST_LANES];
	float		(*shares)[FOREST_LANES];
	float		(*factors)[FOREST_LANES];
	const Draft *draft;
	uint32_t	lane;
} Dense;

static void
note_repeat(Builder *builder, const Dense *dense, uint32_t heap, uint32_t ancestor)
{
	TreeCompiler *compiler = builder->compiler;
	ForestRepeat *repeat;
	uint32_t	below = heap;

	while (below / 2 != ancestor)
		below /= 2;
	compiler->repeats = core_grow(builder->host, compiler->repeats, &compiler->repeats_capacity,
								  compiler->repeat_count + 1, sizeof(ForestRepeat));
	repeat = &compiler->repeats[compiler->repeat_count++];
	repeat->split = (uint16_t) heap;
	repeat->ancestor = (uint16_t) ancestor;
	repeat->right = below & 1 ? UINT32_MAX : 0;
}

/* Fills in the subtree of a draft's node at a place of the heap; leaves are repeated. */
static void
fill_dense(Builder *builder, Dense *dense, uint32_t index, uint32_t heap, uint32_t level)
{
	const DraftNode *node = &dense->draft->nodes[index];
	const ModelNode *source = node->source;
	PathSplit	above = {-1, 1.0};

	count_visit(builder);
	if (level == dense->depth)
	{
		dense->leaves[heap - dense->size][dense->lane] =
			source->value * dense->draft->source->weight;
		return;
	}
	if (node->left != 0)
	{
		dense->splits[heap].bound = bound_of(source);
		dense->splits[heap].value = value_index(builder, source);
		dense->shares[heap][dense->lane] = (float) node->right_share;
		above = path_enter(builder->compiler, source->feature, heap);
		if (above.split >= 0)
			note_repeat(builder, dense, heap, (uint32_t) above.split);
	}
	for (uint32_t point = 0; point < dense->points; point++)
	{
		double		m,
					k;

		quadrature_factors(above.share, dense->point[point], dense->weight[point], &m, &k);
		dense->factors[2 * (heap * dense->points + point)][dense->lane] = (float) m;
		dense->factors[2 * (heap * dense->points + point) + 1][dense->lane] = (float) k;
	}
	if (node->left == 0)
	{
		fill_dense(builder, dense, index, 2 * heap, level + 1);
		fill_dense(builder, dense, index, 2 * heap + 1, level + 1);
		return;
	}
	builder->compiler->path_share[source->feature] = above.share * (1.0 - node->right_share);
	fill_dense(builder, dense, node->left, 2 * heap, level + 1);
	builder->compiler->path_share[source->feature] = above.share * node->right_share;
	fill_dense(builder, dense, node->left + 1, 2 * heap + 1, level + 1);
	path_leave(builder->compiler, source->feature, above);
}

static void
add_dense(Builder *builder, ForestBlock *block, uint32_t distinct)
{
	TreeCompiler *compiler = builder->compiler;
	Dense		dense = {.depth = block->depth,.size = 1u << block->depth};
	ForestSplit *splits;
	size_t		bytes;

	block->kind = FOREST_DENSE;
	block->points = dense.points = distinct <= 4 ? 2 : (distinct + 1) / 2;
	gauss_legendre(dense.points, dense.point, dense.weight);

	block->tables = section_align(builder, &builder->tables);
	splits = section_extend(builder, &builder->tables, forest_tables_size(block));
	dense.leaves = (float (*)[FOREST_LANES]) ((char *) splits + forest_leaves_offset(block));
	block->weights = section_align(builder, &builder->weights);
	dense.shares = section_extend(builder, &builder->weights, forest_repeats_offset(block));
	dense.factors = dense.shares + dense.size;

	/* padding, and lanes without a tree, compare something; their leaves are alike */
	for (uint32_t i = 0; i < FOREST_LANES * dense.size; i++)
		splits[i].value = builder->model->feature_count;
	compiler->repeat_count = 0;
	for (uint32_t lane = 0; lane < block->tree_count; lane++)
	{
		dense.draft = &compiler->drafts[lane];
		dense.lane = lane;
		dense.splits = splits + lane * dense.size;
		fill_dense(builder, &dense, 0, 1, 0);
		block->repeat_ends[lane] = (uint32_t) compiler->repeat_count;
	}
	for (uint32_t lane = block->tree_count; lane < FOREST_LANES; lane++)
		block->repeat_ends[lane] = (uint32_t) compiler->repeat_count;
	bytes = compiler->repeat_count * sizeof(ForestRepeat);
	if (bytes > 0)
		memcpy(section_extend(builder, &builder->weights, bytes), compiler->repeats, bytes);
}

/* ----------
 * Trees kept as nodes
 * ----------
 */

/*
 * A category set, as bits or, where that is shorter, as a list of codes: so its
 * length is bounded by what the model says, whatever the codes are.
 */
static uint32_t
add_category_set(Builder *builder, const ModelTree *tree, const ModelNode *node)
{
	const uint32_t *codes = tree->categories + node->category_begin;
	uint32_t	words = node->category_count == 0 ? 0 : codes[node->category_count - 1] / 32 + 1;
	uint32_t	begin = (uint32_t) builder->category_words.count;
	uint32_t   *set;

	if (node->category_count < words)
	{
		set = section_extend(builder, &builder->category_words, (size_t) node->category_count + 1);
		set[0] = node->category_count | FOREST_CATEGORY_LIST;
		memcpy(set + 1, codes, node->category_count * sizeof(uint32_t));
		return begin;
	}
	set = section_extend(builder, &builder->category_words, (size_t) words + 1);
	set[0] = words;
	for (uint32_t i = 0; i < node->category_count; i++)
		set[1 + codes[i] / 32] |= UINT32_C(1) << (codes[i] % 32);
	return begin;
}

/* The rule that is exact for paths of this many features; sets tree->points. */
static void
choose_rule(Builder *builder, ForestTree *tree, uint32_t distinct)
{
	uint32_t	blocks = ((distinct + 1) / 2 + FOREST_POINTS - 1) / FOREST_POINTS;
	uint32_t	count;
	uint32_t   *known;
	double	   *points;
	double	   *rule;

	if (blocks == 0)
		blocks = 1;
	known = &builder->compiler->rules[blocks];
	tree->points = count = blocks * FOREST_POINTS;
	if (*known == 0)
	{
		*known = (uint32_t) builder->points.count + 1;
		points = core_allocate(builder->host, 2 * (size_t) count, sizeof(double));
		gauss_legendre(count, points, points + count);
		rule = section_extend(builder, &builder->points, 2 * (size_t) count);
		for (uint32_t i = 0; i < count; i++)
		{
			double	   *block = rule + 2 * FOREST_POINTS * (i / FOREST_POINTS);

			block[i % FOREST_POINTS] = 1.0 - points[i];
			block[FOREST_POINTS + i % FOREST_POINTS] = points[count + i];
		}
		builder->host->release(builder->host, points);
	}
	tree->rule = *known - 1;
}

/* Notes the repeats of a tree's splits, from a node down. */
static void
find_repeats(Builder *builder, const Draft *draft, ForestShare *shares,
			 uint32_t index, uint32_t depth)
{
	TreeCompiler *compiler = builder->compiler;
	const DraftNode *node = &draft->nodes[index];
	uint32_t	feature = node->source->feature;
	PathSplit	above;

	count_visit(builder);
	if (node->left == 0)
		return;
	above = path_enter(compiler, feature, depth);
	if (above.split >= 0)
	{
		ForestSparseRepeat *repeat = section_extend(builder, &builder->repeats, 1);
		size_t		number = builder->repeats.count - compiler->repeats_begin;

		repeat->ancestor_depth = (uint32_t) above.split;
		compiler->repeat_shares = core_grow(builder->host, compiler->repeat_shares,
											&compiler->repeat_shares_capacity, number,
											sizeof(double));
		compiler->repeat_shares[number - 1] = above.share;
		shares[index].repeat = (uint32_t) builder->repeats.count;
	}
	compiler->path_share[feature] = above.share * (1.0 - node->right_share);
	find_repeats(builder, draft, shares, node->left, depth + 1);
	compiler->path_share[feature] = above.share * node->right_share;
	find_repeats(builder, draft, shares, node->left + 1, depth + 1);
	path_leave(compiler, feature, above);
}

static void
add_factors(Builder *builder, const ForestTree *tree)
{
	TreeCompiler *compiler = builder->compiler;

	for (size_t i = compiler->repeats_begin; i < builder->repeats.count; i++)
	{
		double		share = compiler->repeat_shares[i - compiler->repeats_begin];
		double	   *factors = section_extend(builder, &builder->factors, 2 * (size_t) tree->points);
		const double *rule = (double *) builder->points.data + tree->rule;

		count_visit(builder);
		((ForestSparseRepeat *) builder->repeats.data)[i].factors =
			(uint32_t) (factors - (double *) builder->factors.data);
		for (uint32_t point = 0; point < tree->points; point++)
		{
			size_t		at = 2 * FOREST_POINTS * (size_t) (point / FOREST_POINTS) +
				point % FOREST_POINTS;

			quadrature_factors(share, 1.0 - rule[at], rule[at + FOREST_POINTS],
							   &factors[at], &factors[at + FOREST_POINTS]);
		}
	}
}

static void
add_nodes(Builder *builder, const Draft *draft, ForestTree *tree)
{
	ForestNode *nodes;
	ForestShare *shares;

	tree->node_begin = (uint32_t) builder->nodes.count;
	tree->node_count = draft->count;
	nodes = section_extend(builder, &builder->nodes, draft->count);
	shares = section_extend(builder, &builder->shares, draft->count);
	for (uint32_t i = 0; i < draft->count; i++)
	{
		const DraftNode *node = &draft->nodes[i];

		shares[i].right_share = node->right_share;
		if (node->left == 0)
		{
			nodes[i].u.bound = UINT32_MAX;
			nodes[i].value = builder->model->feature_count;
			nodes[i].left = i;
			nodes[i].leaf = node->source->value * draft->source->weight;
			continue;
		}
		nodes[i].value = value_index(builder, node->source);
		nodes[i].left = node->left;
		if (node->source->categorical)
		{
			nodes[i].value |= FOREST_CATEGORICAL;
			nodes[i].u.category_set = add_category_set(builder, draft->source, node->source);
		}
		else
			nodes[i].u.bound = bound_of(node->source);
	}

	builder->compiler->repeats_begin = builder->repeats.count;
	find_repeats(builder, draft, shares, 0, 0);
	choose_rule(builder, tree, draft->distinct);
	add_factors(builder, tree);
}

/* ----------
 * Blocks
 * ----------
 */
static void
add_block(Builder *builder, uint32_t group, const uint32_t *sources, uint32_t tree_count)
{
	TreeCompiler *compiler = builder->compiler;
	ForestBlock block = {.group = group,.first_tree = (uint32_t) builder->trees.count,
		.tree_count = tree_count};
	ForestTree *trees = section_extend(builder, &builder->trees, tree_count);
	uint32_t	distinct = 0;
	uint64_t	nodes = 0;
	bool		numeric = true;

	builder->host->check_interrupts(builder->host);
	for (uint32_t i = 0; i < tree_count; i++)
	{
		Draft	   *draft = &compiler->drafts[i];

		((double *) builder->biases.data)[group] +=
			make_draft(builder, draft, &builder->model->trees[sources[i]]);
		trees[i].depth = draft->depth;
		block.depth = draft->depth > block.depth ? draft->depth : block.depth;
		distinct = draft->distinct > distinct ? draft->distinct : distinct;
		nodes += draft->count;
		numeric = numeric && draft->numeric;
	}
	builder->node_count += nodes;
	if (block.depth > builder->max_depth)
		builder->max_depth = block.depth;

	if (numeric && block.depth <= FOREST_DENSE_DEPTH_MAX &&
		((uint64_t) tree_count << (block.depth + 1)) <= PADDING_MAX * (nodes + tree_count))
		add_dense(builder, &block, distinct);
	else
	{
		block.kind = numeric ? FOREST_SPARSE : FOREST_CATEGORIC;
		for (uint32_t i = 0; i < tree_count; i++)
			add_nodes(builder, &compiler->drafts[i], &trees[i]);
	}
	*(ForestBlock *) section_extend(builder, &builder->blocks, 1) = block;
}

/* The trees' numbers, those of a group together; begins[group] is where a group's begin. */
static uint32_t *
order_by_group(Builder *builder, uint32_t *begins)
{
	const ModelTree *trees = builder->model->trees;
	uint32_t	groups = builder->model->group_count;
	uint32_t   *order = core_allocate(builder->host, builder->tree_count, sizeof(uint32_t));
	uint32_t   *next = core_allocate(builder->host, groups, sizeof(uint32_t));

	for (uint32_t tree = 0; tree < builder->tree_count; tree++)
		begins[trees[tree].group + 1]++;
	for (uint32_t group = 0; group < groups; group++)
	{
		begins[group + 1] += begins[group];
		next[group] = begins[group];
	}
	for (uint32_t tree = 0; tree < builder->tree_count; tree++)
		order[next[trees[tree].group]++] = tree;
	return order;
}

void
forest_compile_trees(Builder *builder)
{
	uint32_t	features = builder->model->feature_count;
	uint32_t	groups = builder->model->group_count;
	TreeCompiler *compiler = core_allocate(builder->host, 1, sizeof(TreeCompiler));
	uint32_t   *begins = core_allocate(builder->host, (size_t) groups + 1, sizeof(uint32_t));
	uint32_t   *order = order_by_group(builder, begins);

	builder->compiler = compiler;
	compiler->last_split = core_allocate(builder->host, features, sizeof(int64_t));
	compiler->path_share = core_allocate(builder->host, features, sizeof(double));
	for (uint32_t feature = 0; feature < features; feature++)
		compiler->last_split[feature] = -1;
	for (uint32_t group = 0; group < groups; group++)
		for (uint32_t tree = begins[group]; tree < begins[group + 1]; tree += FOREST_LANES)
		{
			uint32_t	left = begins[group + 1] - tree;

			add_block(builder, group, order + tree, left < FOREST_LANES ? left : FOREST_LANES);
		}
}
