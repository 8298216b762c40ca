/*
 * forest.h
 *		The forest image: what scoring and explaining need of a model, in one
 *		contiguous, immutable, position-independent block.
 *
 * The same bytes serve in shared memory, in private memory and in a test
 * program: every reference inside is an offset from the start of the image (or
 * an index into one of its arrays), never a pointer.  An image is rebuilt from
 * the registry's bytes whenever it is not in memory, so its layout may change
 * from one release to the next; FOREST_FORMAT says which layout it is.
 */
#ifndef CORE_FOREST_H
#define CORE_FOREST_H

#include "host.h"
#include "model.h"
#include "objective.h"

#define FOREST_MAGIC			0x46525243	/* "CRRF" in memory, little-endian */
#define FOREST_FORMAT			5
#define FOREST_BYTES_MAX		(UINT64_C(2) << 30)	/* of an image */

/*
 * Trees side by side: as many as are walked, and explained, together.  In all
 * tables of a block the trees are the fastest index, so that they are the lanes
 * of a vector.
 */
#define FOREST_LANES			8

/* Trees up to this depth are padded to complete ones; explain.c sizes by it. */
#define FOREST_DENSE_DEPTH_MAX	8

/*
 * The vector of a row holds each feature three times (forest_prepare): its
 * value as given; a key, lowest for missing; a key, highest for missing.  Keys
 * are whole numbers in the order of the values, -0 being 0, and leave room below
 * and above for missing ones.  So a numeric split asks one thing, "key > bound"
 * for right: those whose missing values go left read the first kind of key, the
 * others the second, and the bound is one less than the threshold's key.
 */
typedef union ForestValue
{
	float		value;			/* NaN is missing */
	uint32_t	key;
} ForestValue;

#define FOREST_KEY_MISSING_LEFT		UINT32_C(0)
#define FOREST_KEY_MISSING_RIGHT	UINT32_MAX

static inline size_t
forest_vector_length(uint32_t feature_count)
{
	return 3 * (size_t) feature_count;
}

/* The key of a value that is not missing. */
static inline uint32_t
forest_key(float value)
{
	union
	{
		float		value;
		uint32_t	bits;
	}			pun = {value + 0.0f};	/* -0 becomes 0 */

	return pun.bits ^ (pun.bits & UINT32_C(0x80000000) ? UINT32_MAX : UINT32_C(0x80000000));
}

/* What one split of a dense tree compares */
typedef struct ForestSplit
{
	uint32_t	bound;			/* the row goes right when its key is greater */
	uint32_t	value;			/* index into the row's vector */
} ForestSplit;

/*
 * Up to FOREST_LANES trees of one output group that follow each other in it.
 *
 * A dense block has all its trees padded to complete ones of one depth, laid
 * out as heaps: the root is split 1, the children of split i are 2i and 2i + 1,
 * and a leaf above the depth stands repeated below it.  Its tables, with
 * n = 2^depth and p quadrature points, stand one after the other (a heap's
 * place 0 is empty):
 *		ForestSplit splits[lanes][n];
 *		float leaves[n][lanes];
 * and elsewhere, what explaining adds to them:
 *		float right_shares[n][lanes];	share of the cover that goes right
 *		float factors[n][p][2][lanes];	M and K of explain.c
 *		ForestRepeat repeats[];			tree by tree, ancestors first
 * A tree's splits are side by side, so that the upper ones share a cache line;
 * all that scoring reads is, too, so that it is fewer pages, which each process
 * has to map for itself, and fewer lines of the caches.
 *
 * Other blocks hold their trees as nodes: deep or lopsided ones, which padding
 * would blow up, and those with categorical splits.
 */
typedef struct ForestBlock
{
	uint32_t	group;			/* output group that the trees add to */
	uint32_t	first_tree;
	uint32_t	tree_count;
	uint32_t	depth;			/* of the deepest tree */
	uint32_t	kind;			/* ForestBlockKind */
	/* of a dense block */
	uint32_t	points;			/* of its quadrature rule: 2 to 4 */
	uint32_t	repeat_ends[FOREST_LANES];	/* in its repeats, by tree */
	uint64_t	tables;			/* offset of its splits and leaves */
	uint64_t	weights;		/* offset of its other tables */
} ForestBlock;

typedef enum ForestBlockKind
{
	FOREST_DENSE,				/* complete trees, see above */
	FOREST_SPARSE,				/* nodes, all splits numeric */
	FOREST_CATEGORIC			/* nodes, some splits categorical */
} ForestBlockKind;

/*
 * A split of a dense block on a feature that its path has split on before:
 * whether the row follows the path there decides which factors hold.
 */
typedef struct ForestRepeat
{
	uint16_t	split;			/* in the tree's heap */
	uint16_t	ancestor;		/* the nearest such split above */
	uint32_t	right;			/* all ones if split is in the ancestor's right subtree, else 0 */
} ForestRepeat;

/*
 * A node of a sparse tree.  A leaf is its own left child, and no key is above
 * its bound: walking on from a leaf stays there.
 */
typedef struct ForestNode
{
	union
	{
		uint32_t	bound;
		uint32_t	category_set;	/* categorical split: index into the category words */
	}			u;
	uint32_t	value;			/* index into the row's vector, and the flag below */
	uint32_t	left;			/* index in the tree; right is left + 1 */
	float		leaf;			/* of a leaf: what it adds to the margin */
} ForestNode;

#define FOREST_CATEGORICAL		UINT32_C(0x80000000)

/* What explaining needs beside a sparse tree's node */
typedef struct ForestShare
{
	double		right_share;	/* share of the cover that goes right */
	uint32_t	repeat;			/* 1 + index into the sparse repeats; 0: feature new on the path */
	uint32_t	unused;
} ForestShare;

/*
 * A sparse split on a feature that the path above it has already split on.  For
 * each block of FOREST_POINTS quadrature points, as many values of M, then of K,
 * stand at factors + 2 * FOREST_POINTS * block.
 */
typedef struct ForestSparseRepeat
{
	uint32_t	ancestor_depth; /* of the nearest split above on the same feature */
	uint32_t	factors;		/* index into the factors */
} ForestSparseRepeat;

/* Sparse trees are explained at this many quadrature points at a time. */
#define FOREST_POINTS			4

typedef struct ForestTree
{
	uint32_t	depth;			/* splits on the longest path */
	/* of a sparse tree */
	uint32_t	node_begin;		/* in the nodes and shares */
	uint32_t	node_count;
	uint32_t	points;			/* of its quadrature rule, a multiple of FOREST_POINTS */
	uint32_t	rule;			/* where the rule begins in the points */
} ForestTree;

typedef enum ForestFeatureKind
{
	FOREST_NUMERIC,
	FOREST_CATEGORY_CODES,		/* categorical, the model knows codes only */
	FOREST_CATEGORY_NAMES		/* categorical, the model knows names */
} ForestFeatureKind;

typedef struct ForestFeature
{
	uint32_t	name;			/* offset of a NUL-terminated string */
	uint32_t	kind;			/* ForestFeatureKind */
	uint32_t	used;			/* does any split, or weight, read it? */
	uint32_t	damaged;		/* do category names hold U+FFFD for lost characters? */
	uint32_t	category_count;
	uint32_t	categories;		/* offset of ForestCategory[], ascending by name */
	double		weight;			/* what its splits explain of the margins' variance in training; of a
								 * linear model's, the size of its weights */
} ForestFeature;

typedef struct ForestCategory
{
	uint32_t	name;			/* offset of a NUL-terminated string */
	uint32_t	code;
} ForestCategory;

typedef struct ForestImage
{
	uint32_t	magic;
	uint32_t	format;
	uint64_t	size;			/* of the whole image in bytes */

	uint32_t	booster;		/* ModelBooster */
	uint32_t	transform;		/* ObjectiveTransform */
	uint32_t	feature_count;
	uint32_t	group_count;
	uint32_t	tree_count;
	uint32_t	max_depth;
	uint64_t	node_count;		/* of all trees, without padding */
	uint32_t	objective;		/* offset of its name */
	uint32_t	block_count;
	float		missing;		/* stands for missing, beside NaN; NaN where none does */
	uint32_t	unused;

	/* offsets of the arrays */
	uint64_t	features;		/* ForestFeature[feature_count] */
	uint64_t	base_margins;	/* float[group_count]: the base scores through the link */
	uint64_t	biases;			/* double[group_count]: the expected margins */
	uint64_t	trees;			/* ForestTree[tree_count], by group, then in the model's order */
	uint64_t	blocks;			/* ForestBlock[block_count] */
	uint64_t	tables;			/* of the dense blocks: splits and leaves */
	uint64_t	weights;		/* of the dense blocks: what explaining adds */
	uint64_t	nodes;			/* ForestNode[]: sparse trees, each breadth first */
	uint64_t	shares;			/* ForestShare[], beside the nodes */
	uint64_t	category_words; /* uint32[]: sets, see below */
	uint64_t	repeats;		/* ForestSparseRepeat[] */
	uint64_t	factors;		/* double[] */
	uint64_t	points;			/* double[]: by FOREST_POINTS, 1 - t, then weights */
	uint64_t	linear_weights; /* float[(feature_count + 1) * group_count], gblinear */
} ForestImage;

/*
 * A set of categories: the number of words that follow; they are its bits or,
 * with this flag, its codes, ascending.
 */
#define FOREST_CATEGORY_LIST	UINT32_C(0x80000000)

/* The array of an image at one of its offsets */
#define FOREST_AT(image, type, offset) \
	((const type *) ((const char *) (image) + (offset)))

/*
 * Compiles the first rounds boosting rounds (1 .. model->round_count; gblinear:
 * all that it has).  feature_names, feature_count of them, replace the model's
 * own; with neither, features are called f0, f1, ... as XGBoost does.  Fails where
 * the model's own names are needed and names_error, or missing_error, is set.
 */
extern ForestImage *forest_build(CoreHost *host, const Model *model, uint32_t rounds,
								 char *const *feature_names);

/* NULL, or what is wrong with an image's header; cheap. */
extern const char *forest_header_error(const void *image, size_t size);

/* NULL, or what is wrong anywhere in an image: every index is followed. */
extern const char *forest_error(const void *image, size_t size);

/*
 * The code of a category's name; category_count, which is in no set, if unknown.
 * Where XGBoost lost the end of a name (model_categories.c), a text of the same
 * beginning and the same number of characters is that name.
 */
extern uint32_t forest_category_code(const ForestImage *image, uint32_t feature,
									 const char *name, size_t length);

/* Does the objective's prediction consist of one number? */
static inline bool
forest_has_score(const ForestImage *image)
{
	return image->transform != TRANSFORM_UNKNOWN &&
		objective_output_count((ObjectiveTransform) image->transform, image->group_count) == 1;
}

/* The feature that a split's compare reads, from its index into the vector */
static inline uint32_t
forest_feature_of(const ForestImage *image, uint32_t value)
{
	return value < 2 * image->feature_count ? value - image->feature_count :
		value - 2 * image->feature_count;
}

/* Where a dense block's tables are: from the splits on, and from the shares on */
static inline uint64_t
forest_leaves_offset(const ForestBlock *block)
{
	return sizeof(ForestSplit[FOREST_LANES]) << block->depth;
}

static inline uint64_t
forest_tables_size(const ForestBlock *block)
{
	return forest_leaves_offset(block) + (sizeof(float[FOREST_LANES]) << block->depth);
}

static inline uint64_t
forest_factors_offset(const ForestBlock *block)
{
	return sizeof(float[FOREST_LANES]) << block->depth;
}

static inline uint64_t
forest_repeats_offset(const ForestBlock *block)
{
	return forest_factors_offset(block) +
		((2 * block->points * sizeof(float[FOREST_LANES])) << block->depth);
}

/*
 * Completes the vector of a row, forest_vector_length() long, of which the
 * first feature_count elements hold the values, NaN for a missing one; those that
 * equal the model's number for missing become NaN.  Answers whether any value is
 * infinite.
 */
extern bool forest_prepare(const ForestImage *image, ForestValue *vector);

/* Is a category in a set? */
static inline bool
forest_set_contains(const uint32_t *set, uint32_t code)
{
	uint32_t	low = 0;
	uint32_t	high = set[0] & ~FOREST_CATEGORY_LIST;

	if ((set[0] & FOREST_CATEGORY_LIST) == 0)
		return code / 32 < high && (set[1 + code / 32] >> (code % 32) & 1) != 0;
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (set[1 + middle] == code)
			return true;
		if (set[1 + middle] < code)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Where a row goes at a split of a tree kept as nodes */
static inline bool
forest_goes_left(const ForestImage *image, const ForestNode *node, const ForestValue *vector)
{
	const uint32_t *words = FOREST_AT(image, uint32_t, image->category_words);
	uint32_t	index;
	float		value;

	if ((node->value & FOREST_CATEGORICAL) == 0)
		return vector[node->value].key <= node->u.bound;
	index = node->value & ~FOREST_CATEGORICAL;
	value = vector[forest_feature_of(image, index)].value;
	if (value != value)
		return index < 2 * image->feature_count;
	/* a value that cannot be a category, or is not in the set, goes left */
	if (!(value >= 0.0f && value < (float) MODEL_CATEGORY_MAX))
		return true;
	return !forest_set_contains(words + node->u.category_set, (uint32_t) value);
}

#endif
