/*
 * explain.c
 *		Exact path-dependent Shapley values, by quadrature.
 *
 * Let f(S) be a tree's expected value when only the features in S are known:
 * at a split on an unknown feature both children count, by their share of the
 * training cover.  The Shapley value of feature i is the integral over t in
 * [0, 1] of the partial derivative of f's multilinear extension with respect to
 * feature i, when every feature is known with probability t.  For a tree whose
 * paths have at most d distinct features that is a polynomial of degree d - 1
 * in t, so a Gauss-Legendre rule with ceil(d / 2) points gives it exactly.
 *
 * At one point t, with weight w, one visit of the tree does it all.  For a
 * split, r is the share of the cover that goes right, e is r for a row that
 * goes left and r - 1 for one that goes right, and
 *
 *		a = [row goes left] - e * M		the probability of going left,
 *		g = gR + a * (gL - gR)			the expected value of the subtree,
 *		contribution += K * (gL - gR) * reach * e
 *
 * where reach is the probability (a product of signed factors, when features
 * repeat) with which the split is reached.  For the first split on a feature on
 * its path M = 1 - t and K = w.  Below another split on the same feature, let
 * rho be the product of the cover shares of the edges by which the path left
 * those splits: if the row itself would follow all those edges,
 * B = t + (1 - t) * rho, M = (1 - t) * rho / B and K = w * rho / B^2; if it
 * leaves the path at one of them, M = 1 and K = 0.  M and K depend on the
 * covers alone and stand ready in the image: no division is left, and a cover
 * of zero does no harm.
 *
 * Trees kept as nodes are visited one by one, in double.  The trees of a dense
 * block are visited together, in float32, as the lanes of vectors
 * (explain_kernel.h).  Where rows come many at a time it is the rows that are
 * the lanes: no split is then looked up lane by lane, and no sum is added to
 * lane by lane.  Both exist for several kinds of processor.  The operations and
 * their order are the image's, the same in every kernel, and never contracted:
 * the same image and row give the same bits everywhere.
 */
#include "explain.h"

#include <string.h>

typedef struct Points
{
	double		at[FOREST_POINTS];
} Points;

/* What is the same for all nodes of a visit */
typedef struct Visit
{
	const ForestImage *image;
	const ForestNode *nodes;	/* of the tree */
	const ForestShare *shares;
	const ForestSparseRepeat *repeats;
	const double *factors;		/* of the block of points */
	const double *complements;	/* 1 - t of the block's points */
	const double *weights;
	const ForestValue *vector;
	double	   *contributions;
	bool		follows[MODEL_DEPTH_MAX];	/* does the row follow the path at this depth? */
} Visit;

static const Points never_follows_m = {{1.0, 1.0, 1.0, 1.0}};
static const Points never_follows_k = {{0.0, 0.0, 0.0, 0.0}};

static Points
visit_node(Visit *visit, uint32_t index, uint32_t depth, const Points *reach)
{
	const ForestNode *node = visit->nodes + index;
	const ForestShare *share = visit->shares + index;
	const double *m = visit->complements;
	const double *k = visit->weights;
	bool		follows = true;
	bool		left;
	double		e;
	Points		a,
				reach_left,
				reach_right,
				value_left,
				value_right,
				result;
	double		terms[FOREST_POINTS];

	if (node->left == index)
	{
		for (int i = 0; i < FOREST_POINTS; i++)
			result.at[i] = node->leaf;
		return result;
	}

	if (share->repeat != 0)
	{
		const ForestSparseRepeat *repeat = visit->repeats + share->repeat - 1;

		follows = visit->follows[repeat->ancestor_depth];
		m = follows ? visit->factors + repeat->factors : never_follows_m.at;
		k = follows ? m + FOREST_POINTS : never_follows_k.at;
	}

	left = forest_goes_left(visit->image, node, visit->vector);
	e = left ? share->right_share : share->right_share - 1.0;
	for (int i = 0; i < FOREST_POINTS; i++)
	{
		a.at[i] = (left ? 1.0 : 0.0) - e * m[i];
		reach_left.at[i] = reach->at[i] * a.at[i];
		reach_right.at[i] = reach->at[i] - reach_left.at[i];
	}

	visit->follows[depth] = follows && left;
	value_left = visit_node(visit, node->left, depth + 1, &reach_left);
	visit->follows[depth] = follows && !left;
	value_right = visit_node(visit, node->left + 1, depth + 1, &reach_right);

	for (int i = 0; i < FOREST_POINTS; i++)
	{
		double		difference = value_left.at[i] - value_right.at[i];

		terms[i] = (k[i] * difference) * (reach->at[i] * e);
		result.at[i] = value_right.at[i] + a.at[i] * difference;
	}
	visit->contributions[forest_feature_of(visit->image, node->value & ~FOREST_CATEGORICAL)] +=
		(terms[0] + terms[1]) + (terms[2] + terms[3]);
	return result;
}

static void
linear_contributions(const ForestImage *image, const ForestValue *vector, double *contributions)
{
	const float *weights = FOREST_AT(image, float, image->linear_weights);
	uint32_t	groups = image->group_count;

	for (uint32_t group = 0; group < groups; group++)
		for (uint32_t feature = 0; feature < image->feature_count; feature++)
		{
			float		value = vector[feature].value;

			if (value == value)
				contributions[(size_t) group * (image->feature_count + 1) + feature] =
					(double) value * weights[(size_t) feature * groups + group];
		}
}

/* ----------
 * Kernels
 * ----------
 */
/* A key or bound in the order of signed numbers, which vectors compare */
static inline int32_t
signed_key(uint32_t key)
{
	return (int32_t) (key ^ UINT32_C(0x80000000));
}

/* What the quadrature points of a block come to, in one order everywhere */
#define SUM_OF_POINTS(terms, points) \
	((points) == 2 ? (terms)[0] + (terms)[1] : \
	 (points) == 3 ? ((terms)[0] + (terms)[1]) + (terms)[2] : \
	 ((terms)[0] + (terms)[1]) + ((terms)[2] + (terms)[3]))

/* What a dense block holds of its trees, by place in the heap */
typedef struct Tables
{
	const ForestSplit *splits;
	const float *leaves;		/* they stand below the splits: their places begin at size */
	const float *shares;
	const float *factors;
	size_t		size;			/* of a heap */
} Tables;

/* The tables from one tree on; one function, since all kernels have them alike. */
static inline Tables
find_tables(const ForestImage *image, const ForestBlock *block, uint32_t lane)
{
	Tables		tables = {.size = (size_t) 1 << block->depth};

	tables.splits = FOREST_AT(image, ForestSplit, block->tables) + lane * tables.size;
	tables.leaves = FOREST_AT(image, float, block->tables + forest_leaves_offset(block)) + lane -
		FOREST_LANES * tables.size;
	tables.shares = FOREST_AT(image, float, block->weights) + lane;
	tables.factors = FOREST_AT(image, float, block->weights + forest_factors_offset(block)) + lane;
	return tables;
}

/* A block's trees for one row, or for the FOREST_BATCH rows of which these are the keys */
typedef void (*RowKernel) (const ForestImage *image, const ForestBlock *block,
						   const ForestValue *vector, double *sums);
typedef void (*BatchKernel) (const ForestImage *image, const ForestBlock *block,
							 const int32_t *keys, double *sums);

#define KERNEL_NAME row_portable
#define KERNEL_TARGET
#define KERNEL_ROWS 0
#include "explain_kernel.h"

#define KERNEL_NAME batch_portable
#define KERNEL_TARGET
#define KERNEL_ROWS 4
#include "explain_kernel.h"

#ifdef __x86_64__
#define KERNEL_NAME row_avx2
#define KERNEL_TARGET __attribute__((target("avx2")))
#define KERNEL_ROWS 0
#include "explain_kernel.h"

#define KERNEL_NAME batch_avx2
#define KERNEL_TARGET __attribute__((target("avx2")))
#define KERNEL_ROWS 8
#include "explain_kernel.h"

#define KERNEL_NAME batch_avx512
#define KERNEL_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define KERNEL_ROWS 16
#include "explain_kernel.h"
#endif

typedef struct Kernels
{
	RowKernel	row;
	BatchKernel batch;
} Kernels;

static Kernels kernels;

bool
forest_use_kernel(const char *name)
{
	if (strcmp(name, "portable") == 0)
		kernels = (Kernels) {row_portable, batch_portable};
#ifdef __x86_64__
	else if (strcmp(name, "avx2") == 0 && __builtin_cpu_supports("avx2"))
		kernels = (Kernels) {row_avx2, batch_avx2};
	else if (strcmp(name, "avx512") == 0 && __builtin_cpu_supports("avx512f") &&
			 __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
			 __builtin_cpu_supports("avx512vl"))
		kernels = (Kernels) {row_avx2, batch_avx512};
#endif
	else
		return false;
	return true;
}

static void
choose_kernels(void)
{
	if (kernels.row == NULL && !forest_use_kernel("avx512") && !forest_use_kernel("avx2"))
		forest_use_kernel("portable");
}

static void
visit_sparse(CoreHost *host, Visit *visit, const ForestTree *tree)
{
	const ForestImage *image = visit->image;
	const Points whole = {{1.0, 1.0, 1.0, 1.0}};

	visit->nodes = FOREST_AT(image, ForestNode, image->nodes) + tree->node_begin;
	visit->shares = FOREST_AT(image, ForestShare, image->shares) + tree->node_begin;
	for (uint32_t point = 0; point < tree->points; point += FOREST_POINTS)
	{
		visit->factors = FOREST_AT(image, double, image->factors) + 2 * (size_t) point;
		visit->complements =
			FOREST_AT(image, double, image->points) + tree->rule + 2 * (size_t) point;
		visit->weights = visit->complements + FOREST_POINTS;
		visit_node(visit, 0, 0, &whole);
		host->check_interrupts(host);
	}
}

/*
 * The sums of a group's dense blocks, which stand by index into the vector, tree
 * lane and row, are added to its contributions and cleared for the next group.
 */
static void
flush_sums(const ForestImage *image, double *sums, uint32_t rows, uint32_t row,
		   double *contributions)
{
	uint32_t	features = image->feature_count;

	for (uint32_t value = features; value < 3 * features; value++)
	{
		double	   *lanes = sums + (size_t) value * FOREST_LANES * rows + row;

		contributions[forest_feature_of(image, value)] +=
			((lanes[0] + lanes[rows]) + (lanes[2 * rows] + lanes[3 * rows])) +
			((lanes[4 * rows] + lanes[5 * rows]) + (lanes[6 * rows] + lanes[7 * rows]));
		for (int lane = 0; lane < FOREST_LANES; lane++)
			lanes[lane * rows] = 0.0;
	}
}

/* Biases, and zeros; all there is to a linear model.  True if there is more. */
static bool
begin_contributions(const ForestImage *image, const ForestValue *vector, double *contributions)
{
	const double *biases = FOREST_AT(image, double, image->biases);
	uint32_t	features = image->feature_count;
	size_t		stride = (size_t) features + 1;

	memset(contributions, 0, image->group_count * stride * sizeof(double));
	for (uint32_t group = 0; group < image->group_count; group++)
		contributions[group * stride + features] = biases[group];
	if (image->booster == MODEL_GBLINEAR)
		linear_contributions(image, vector, contributions);
	return image->booster != MODEL_GBLINEAR;
}

static bool
group_ends(const ForestImage *image, uint32_t block)
{
	const ForestBlock *blocks = FOREST_AT(image, ForestBlock, image->blocks);

	return block + 1 == image->block_count || blocks[block + 1].group != blocks[block].group;
}

static void
explain_sparse(CoreHost *host, const ForestImage *image, const ForestBlock *block,
			   const ForestValue *vector, double *contributions)
{
	const ForestTree *trees = FOREST_AT(image, ForestTree, image->trees);
	Visit		visit = {.image = image,.vector = vector,.contributions = contributions};

	visit.repeats = FOREST_AT(image, ForestSparseRepeat, image->repeats);
	for (uint32_t lane = 0; lane < block->tree_count; lane++)
		visit_sparse(host, &visit, &trees[block->first_tree + lane]);
}

size_t
forest_contributions_scratch(const ForestImage *image)
{
	return forest_vector_length(image->feature_count) * FOREST_LANES;
}

void
forest_contributions(CoreHost *host, const ForestImage *image, const ForestValue *vector,
					 double *contributions, double *scratch)
{
	const ForestBlock *blocks = FOREST_AT(image, ForestBlock, image->blocks);
	size_t		stride = (size_t) image->feature_count + 1;

	choose_kernels();
	if (!begin_contributions(image, vector, contributions))
		return;
	memset(scratch, 0, forest_contributions_scratch(image) * sizeof(double));
	for (uint32_t i = 0; i < image->block_count; i++)
	{
		const ForestBlock *block = &blocks[i];

		if (block->kind == FOREST_DENSE)
			kernels.row(image, block, vector, scratch);
		else
			explain_sparse(host, image, block, vector, contributions + block->group * stride);
		if (group_ends(image, i))
			flush_sums(image, scratch, 1, 0, contributions + block->group * stride);
		if (i % 64 == 63)
			host->check_interrupts(host);
	}
}

size_t
forest_batch_scratch(const ForestImage *image)
{
	/* the sums, and the keys of the vectors side by side */
	return forest_contributions_scratch(image) * FOREST_BATCH +
		(forest_vector_length(image->feature_count) * FOREST_BATCH + 1) / 2;
}

void
forest_batch_contributions(CoreHost *host, const ForestImage *image, const ForestValue *vectors,
						   uint32_t count, double *contributions, double *scratch)
{
	const ForestBlock *blocks = FOREST_AT(image, ForestBlock, image->blocks);
	size_t		stride = (size_t) image->feature_count + 1;
	size_t		row_stride = image->group_count * stride;
	size_t		length = forest_vector_length(image->feature_count);
	size_t		sum_count = forest_contributions_scratch(image) * FOREST_BATCH;
	int32_t    *keys = (int32_t *) (scratch + sum_count);
	bool		more = false;

	choose_kernels();
	for (uint32_t row = 0; row < count; row++)
		more = begin_contributions(image, vectors + row * length, contributions + row * row_stride);
	if (!more)
		return;
	memset(scratch, 0, sum_count * sizeof(double));

	/* a batch is always full: rows that are not there are the last one again */
	for (size_t value = 0; value < length; value++)
		for (uint32_t row = 0; row < FOREST_BATCH; row++)
			keys[value * FOREST_BATCH + row] =
				signed_key(vectors[(row < count ? row : count - 1) * length + value].key);

	for (uint32_t i = 0; i < image->block_count; i++)
	{
		const ForestBlock *block = &blocks[i];
		double	   *group = contributions + block->group * stride;

		if (block->kind == FOREST_DENSE)
			kernels.batch(image, block, keys, scratch);
		else
			for (uint32_t row = 0; row < count; row++)
				explain_sparse(host, image, block, vectors + row * length,
							   group + row * row_stride);
		if (group_ends(image, i))
			for (uint32_t row = 0; row < count; row++)
				flush_sums(image, scratch, FOREST_BATCH, row, group + row * row_stride);
		host->check_interrupts(host);
	}
}
