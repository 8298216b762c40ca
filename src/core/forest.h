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
#define FOREST_FORMAT			1
#define FOREST_BYTES_MAX		(UINT64_C(2) << 30)	/* of an image */

/*
 * Explanations evaluate this many quadrature points at a time; each rule is
 * padded to a multiple with points of weight zero.
 */
#define FOREST_LANES			4

typedef struct ForestNode
{
	union
	{
		float		threshold;	/* numeric split: left when value < threshold */
		float		leaf;		/* leaf: what it adds to the margin, DART weight included */
		uint32_t	category_set;	/* categorical split: index into the category words */
	}			u;
	uint32_t	left;			/* index in the tree; right is left + 1; 0 is a leaf */
	uint32_t	split;			/* feature, and the flags below */
	uint32_t	repeat;			/* 1 + index into the repeats, 0 if the feature is new on the path */
} ForestNode;

#define FOREST_DEFAULT_LEFT		UINT32_C(0x80000000)
#define FOREST_CATEGORICAL		UINT32_C(0x40000000)
#define FOREST_FEATURE_MASK		UINT32_C(0x3fffffff)

typedef struct ForestTree
{
	uint32_t	node_begin;		/* in the nodes and right shares */
	uint32_t	node_count;
	uint32_t	group;			/* output group */
	uint32_t	depth;			/* splits on the longest path */
	uint32_t	lanes;			/* quadrature points, a multiple of FOREST_LANES */
	uint32_t	rule;			/* first point of its rule, in the points */
} ForestTree;

/*
 * A split on a feature that the path above it has already split on.  Its
 * quadrature factors depend on the covers alone, so they are made once: for
 * block b of FOREST_LANES points, FOREST_LANES values of M, then as many of K,
 * stand at factors + 2 * FOREST_LANES * b (explain.c says what they are).
 */
typedef struct ForestRepeat
{
	uint32_t	ancestor_depth; /* of the nearest split above on the same feature */
	uint32_t	factors;		/* index into the factors */
} ForestRepeat;

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
	uint64_t	node_count;
	uint32_t	objective;		/* offset of its name */
	uint32_t	unused;

	/* offsets of the arrays */
	uint64_t	features;		/* ForestFeature[feature_count] */
	uint64_t	base_margins;	/* float[group_count]: the base scores through the link */
	uint64_t	biases;			/* double[group_count]: the expected margins */
	uint64_t	trees;			/* ForestTree[tree_count], in the model's order */
	uint64_t	nodes;			/* ForestNode[node_count], breadth first in each tree */
	uint64_t	right_shares;	/* double[node_count]: share of the cover that goes right */
	uint64_t	category_words; /* uint32[]: sets, see below */
	uint64_t	repeats;		/* ForestRepeat[] */
	uint64_t	factors;		/* double[] */
	uint64_t	points;			/* double[]: per block, FOREST_LANES of 1 - t, then of weights */
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
 * own; with neither, features are called f0, f1, ... as XGBoost does.
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

/* Where a row goes at a split: XGBoost's rules, in float32. */
static inline bool
forest_goes_left(const ForestImage *image, const ForestNode *node, const float *values)
{
	float		value = values[node->split & FOREST_FEATURE_MASK];

	if (value != value)
		return (node->split & FOREST_DEFAULT_LEFT) != 0;
	if (node->split & FOREST_CATEGORICAL)
	{
		/* a value that cannot be a category, or is not in the set, goes left */
		if (!(value >= 0.0f && value < (float) MODEL_CATEGORY_MAX))
			return true;
		return !forest_set_contains(FOREST_AT(image, uint32_t, image->category_words) + node->u.category_set,
									(uint32_t) value);
	}
	return value < node->u.threshold;
}

#endif
