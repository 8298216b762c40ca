/*
 * model_internal.h
 *		What the parts of the reader share.
 *
 * The parts of a document are collected in a ModelReader, because keys come in
 * any order (XGBoost sorts them, so that the trees arrive before the number of
 * features).  From below:
 *
 *	- model_walk.c has the steps of a walk, whatever the object;
 *	- model_check.c turns the parts into a Model: each tree as soon as its object
 *	  ends, in scratch arrays that the next tree uses again, and the whole at the
 *	  end;
 *	- model_categories.c reads the names of categories, which need some care;
 *	- model_attributes.c reads what a model's maker attached to it;
 *	- model_read.c walks everything else, and calls the others.
 */
#ifndef CORE_MODEL_INTERNAL_H
#define CORE_MODEL_INTERNAL_H

#include "document.h"
#include "model.h"

typedef struct IntegerArray
{
	int32_t    *values;
	size_t		count;
	size_t		capacity;
} IntegerArray;

typedef struct RealArray
{
	float	   *values;
	size_t		count;
	size_t		capacity;
} RealArray;

typedef struct StringArray
{
	char	  **values;
	size_t		count;
	size_t		capacity;
} StringArray;

/* Keys of a tree, and the bits of TreeParts.seen */
typedef enum TreeKey
{
	TREE_ID,
	TREE_PARAM,
	TREE_LEFT,
	TREE_RIGHT,
	TREE_FEATURE,
	TREE_VALUE,
	TREE_DEFAULT_LEFT,
	TREE_COVER,
	TREE_SPLIT_TYPE,
	TREE_CATEGORIES,
	TREE_CATEGORY_NODES,
	TREE_CATEGORY_SEGMENTS,
	TREE_CATEGORY_SIZES,
	TREE_LEAF_WEIGHTS
} TreeKey;

extern const char *const tree_keys[];	/* by TreeKey, NULL at the end */

/* The parts of the tree being read */
typedef struct TreeParts
{
	uint32_t	seen;
	int64_t		node_count;		/* tree_param.num_nodes; -1: not said */
	int64_t		leaf_length;	/* tree_param.size_leaf_vector */
	IntegerArray left;
	IntegerArray right;
	IntegerArray feature;
	RealArray	value;
	IntegerArray default_left;
	RealArray	cover;
	IntegerArray split_type;
	IntegerArray categories;
	IntegerArray category_nodes;
	IntegerArray category_segments;
	IntegerArray category_sizes;
	RealArray	leaf_weights;
	uint16_t   *depths;			/* of the nodes, plus one; 0: not reached */
	size_t		depths_capacity;
} TreeParts;

/* One feature's entry in cats.enc */
typedef struct FeatureEncoding
{
	ModelCategories names;
	bool		numeric;		/* categories are numbers other than their codes */
	bool		ambiguous;		/* the names may have been cut in wrong places */
} FeatureEncoding;

typedef struct ModelReader
{
	CoreHost   *host;
	Document   *document;
	Model	   *model;
	const char *path;			/* of the object being read, for messages */
	int64_t		tree;			/* of the tree being read; -1: none */
	char		quote[68];		/* see model_quote() */

	/* learner */
	bool		has_learner;
	bool		has_snapshot;
	StringArray feature_names;
	StringArray feature_types;
	RealArray	base_scores;
	int64_t		class_count;
	int64_t		feature_count;	/* -1: not said */
	int64_t		target_count;

	/* gradient booster */
	char	   *booster;
	bool		has_model;
	bool		has_drop;
	RealArray	drop;			/* DART's weights */
	RealArray	linear_weights;
	int64_t		boosted_rounds;
	int64_t		tree_count;		/* gbtree_model_param.num_trees; -1: not said */
	int64_t		parallel_trees;
	bool		has_trees;
	ModelTree  *trees;
	size_t		trees_read;
	size_t		trees_capacity;
	IntegerArray groups;		/* tree_info */
	IntegerArray round_starts;	/* iteration_indptr */
	FeatureEncoding *encodings;
	size_t		encodings_count;
	size_t		encodings_capacity;
	bool		bytes_are_counted;	/* by the offsets of names: an attribute says so */

	TreeParts	parts;
} ModelReader;

/*
 * Steps of the walk (model_walk.c).  Functions that take a key are called after
 * it and read its value; the key is for messages.
 */
extern _Noreturn void reader_fail_field(ModelReader *reader, const char *key, const char *must);
extern _Noreturn void reader_fail_length(ModelReader *reader, const char *key, size_t limit);
extern const char *reader_enter_object(ModelReader *reader, const char *path);
extern int	reader_next_member(ModelReader *reader, const char *const *keys, uint32_t *seen);

extern char *reader_string(ModelReader *reader, const char *key);
extern bool reader_accept_integer(ModelReader *reader, int64_t *value);
extern int64_t reader_count(ModelReader *reader, const char *key);

extern void reader_enter_array(ModelReader *reader, const char *key, const char *must);
extern void reader_append_integer(ModelReader *reader, IntegerArray *array, int32_t value);
extern void reader_append_real(ModelReader *reader, RealArray *array, float value);
extern void reader_integers(ModelReader *reader, const char *key, IntegerArray *array,
							size_t limit);
extern void reader_flags(ModelReader *reader, const char *key, IntegerArray *array, size_t limit);
extern void reader_reals(ModelReader *reader, const char *key, RealArray *array, size_t limit);
extern void reader_reals_rest(ModelReader *reader, const char *key, RealArray *array, size_t limit);
extern void reader_strings(ModelReader *reader, const char *key, StringArray *array, size_t limit);

/* A sentence to keep, for an error that only some callers have */
extern char *model_sentence(ModelReader *reader, const char *format, ...) CORE_PRINTF(2, 3);

/* Text of the document for a message: clipped, printable, in a buffer of the reader's */
extern const char *model_quote(ModelReader *reader, const char *text);

/* The object attributes (model_attributes.c) */
extern void reader_attributes(ModelReader *reader);

/* The object cats, into reader->encodings (model_categories.c) */
extern void reader_cats(ModelReader *reader);

/* Makes a tree of reader->parts, the next of reader->trees (model_check.c). */
extern void model_finish_tree(ModelReader *reader);

/* Completes reader->model, after the whole document (model_check.c). */
extern void model_finish(ModelReader *reader);

#endif
