/*
 * model.h
 *		An XGBoost model as read from its bytes: checked, not yet compiled.
 *
 * model_read() takes the JSON or UBJSON that XGBoost 1.0 to 3.4 write
 * (recognised by content) and returns a Model in which everything that later
 * stages rely on has been verified; what cannot be reproduced exactly is
 * refused by name.  forest.h compiles a Model into the image that scores.
 *
 * What holds for a Model that model_read() returned:
 *	- group_count >= 1, and base_scores has group_count entries, all finite;
 *	- there is a feature, and a tree (but in gblinear); tree ids are positions;
 *	  round_ends is monotone (rounds may be empty) and its last is tree_count;
 *	- in each tree node 0 is the root, every reachable split has
 *	  right == left + 1, both beyond the split itself and inside the tree, and
 *	  no node is reached twice; depth <= MODEL_DEPTH_MAX;
 *	- splits name a feature < feature_count; thresholds may be anything: infinite
 *	  ones are real (a split on missing against present), and NaN, which no value
 *	  is below, sends all present ones right, as it does in libxgboost; leaves
 *	  are finite;
 *	- covers are finite and not negative; nothing is said of how a split's cover
 *	  compares with its children's, and all three may be 0;
 *	- nodes that are not reached (deleted ones) are leaves of value and cover 0;
 *	- categories of a split are inside the tree's list, ascending, unique and
 *	  below MODEL_CATEGORY_MAX; the sets of a tree do not overlap, and one may be
 *	  empty; such a split has no threshold (its value is 0);
 *	- every tree's group is below group_count and its weight is finite;
 *	- feature names, where given, are feature_count non-empty unique UTF-8 strings,
 *	  unless names_error says what is wrong with them;
 *	- missing is NaN, or the number that the model's maker had in the place of
 *	  missing values, unless missing_error says why it cannot be told.
 *
 * The two errors are for those who use the model's own names and number;
 * forest_build() fails with them.  Who was given others may go on.
 */
#ifndef CORE_MODEL_H
#define CORE_MODEL_H

#include "source.h"

typedef enum ModelBooster
{
	MODEL_GBTREE,
	MODEL_DART,					/* gbtree whose trees carry weights, in any placement */
	MODEL_GBLINEAR
} ModelBooster;

typedef struct ModelNode
{
	int32_t		left;			/* the right child is left + 1; -1 for a leaf */
	uint32_t	feature;		/* of a split */
	float		value;			/* threshold of a numeric split, or the leaf's value */
	float		cover;			/* sum of hessians that reached the node in training */
	uint32_t	category_begin; /* of a categorical split, in tree->categories */
	uint32_t	category_count;
	bool		default_left;	/* where a missing value goes */
	bool		categorical;
} ModelNode;

typedef struct ModelTree
{
	uint32_t	node_count;		/* deleted nodes included; they are unreachable */
	ModelNode  *nodes;
	uint32_t	category_count;
	uint32_t   *categories;		/* sets that go right, one after the other */
	uint32_t	group;			/* output group that the tree adds to */
	float		weight;			/* 1 but in DART */
} ModelTree;

/*
 * The names of a feature's categories (3.1+, data frames): code i is names[i].
 * The names of a damaged feature are not all what they were in training: those
 * that are known to be lost hold U+FFFD, and where none can be relied on there
 * are none (model_categories.c).
 */
typedef struct ModelCategories
{
	uint32_t	count;			/* 0: the feature has none, or codes only */
	bool		damaged;
	char	  **names;			/* NUL-terminated UTF-8, unique */
} ModelCategories;

typedef struct Model
{
	bool		is_ubjson;
	int			version[3];		/* of the XGBoost that wrote it; 0.0.0 where not said */
	ModelBooster booster;
	char	   *objective;
	uint32_t	feature_count;
	uint32_t	group_count;
	char	  **feature_names;	/* NULL when the model has none */
	char	   *names_error;	/* NULL, or why they cannot be used: a sentence */
	char	  **feature_types;	/* NULL when the model has none: "float", "int", "i", "q", "c" */
	ModelCategories *categories;	/* per feature; NULL when the model has none */
	float	   *base_scores;	/* per group, as stored: before the objective's link */
	int64_t		best_iteration; /* attribute, unchecked; -1 when absent */
	float		missing;		/* stands for missing, beside NaN (model_attributes.c) */
	char	   *missing_error;	/* NULL, or why it cannot be told: a sentence */

	/* trees (gbtree, dart) */
	uint32_t	tree_count;
	ModelTree  *trees;
	uint32_t	round_count;	/* boosting rounds; also of gblinear, where said */
	uint32_t   *round_ends;		/* trees of the first i + 1 rounds; gbtree and dart */

	/* gblinear: weights[feature * group_count + group], the biases last */
	float	   *linear_weights;
} Model;

/*
 * Reads and checks one model.  Fails through the host on anything else; then
 * the caller frees what was allocated (a memory context, an arena).
 */
extern Model *model_read(CoreHost *host, ModelSource *source);

#endif
