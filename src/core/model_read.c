/*
 * model_read.c
 *		Reads an XGBoost model: its objects and their members.
 *
 * The walk knows the objects that XGBoost 1.0 to 3.4 write and the keys in them
 * that we need, and passes over every other key.  Keys may come in any order;
 * one that we need must not come twice, since two readers of the same bytes
 * could then take different values.
 *
 * Dialects met here (what they mean is settled in model_check.c):
 *	- numbers among the parameters are strings; real numbers are taken too;
 *	- base_score is a number, "[...]" or "(...)", one value or one per group;
 *	- booleans of default_left are true/false up to 1.5, 0/1 later;
 *	- DART's weight_drop stands beside "gbtree" (up to 3.2), beside "model"
 *	  (3.3) or inside it (3.4);
 *	- cats (3.1 and later) holds the categories of a data frame's columns
 *	  (model_categories.c);
 *	- a memory snapshot, as a pickle or an .rds file has it inside, wraps the
 *	  model: {"Config": ..., "Model": {...}}.
 *
 * Each read_...() function is called after the key and takes the value, by the
 * steps of model_walk.c, which are called reader_...().
 */
#include "decimal.h"
#include "model_internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define NOT_A_MODEL_HINT \
	"Save the model with booster.save_model('model.ubj') or booster.save_model('model.json')."
#define VERSION_MAJOR_MAX 3

/* ---------- trees ---------- */

static void
read_tree_param(ModelReader *reader)
{
	static const char *const keys[] = {"num_nodes", "size_leaf_vector", NULL};
	const char *outer = reader_enter_object(reader, ".tree_param");
	uint32_t	seen = 0;
	int			key;

	while ((key = reader_next_member(reader, keys, &seen)) >= 0)
	{
		int64_t		value = reader_count(reader, keys[key]);

		if (key == 0)
			reader->parts.node_count = value;
		else
			reader->parts.leaf_length = value;
	}
	reader->path = outer;
}

/* Before a tree: parts that it may lack are those of none. */
static void
forget_tree(TreeParts *parts)
{
	parts->seen = 0;
	parts->node_count = -1;
	parts->leaf_length = 0;
	parts->split_type.count = 0;
	parts->categories.count = 0;
	parts->category_nodes.count = 0;
	parts->category_segments.count = 0;
	parts->category_sizes.count = 0;
	parts->leaf_weights.count = 0;
}

/* The members of a tree, whose opening brace has been taken */
static void
read_tree(ModelReader *reader)
{
	TreeParts  *parts = &reader->parts;
	int			key;

	forget_tree(parts);
	while ((key = reader_next_member(reader, tree_keys, &parts->seen)) >= 0)
	{
		const char *name = tree_keys[key];

		switch ((TreeKey) key)
		{
			case TREE_ID:
				if (reader_count(reader, name) != reader->tree)
					reader_fail_field(reader, name, "the position of the tree");
				break;
			case TREE_PARAM:
				read_tree_param(reader);
				break;
			case TREE_LEFT:
				reader_integers(reader, name, &parts->left, MODEL_NODES_MAX);
				break;
			case TREE_RIGHT:
				reader_integers(reader, name, &parts->right, MODEL_NODES_MAX);
				break;
			case TREE_FEATURE:
				reader_integers(reader, name, &parts->feature, MODEL_NODES_MAX);
				break;
			case TREE_VALUE:
				reader_reals(reader, name, &parts->value, MODEL_NODES_MAX);
				break;
			case TREE_DEFAULT_LEFT:
				reader_flags(reader, name, &parts->default_left, MODEL_NODES_MAX);
				break;
			case TREE_COVER:
				reader_reals(reader, name, &parts->cover, MODEL_NODES_MAX);
				break;
			case TREE_SPLIT_TYPE:
				reader_flags(reader, name, &parts->split_type, MODEL_NODES_MAX);
				break;
			case TREE_CATEGORIES:
				reader_integers(reader, name, &parts->categories, MODEL_CATEGORY_MAX);
				break;
			case TREE_CATEGORY_NODES:
				reader_integers(reader, name, &parts->category_nodes, MODEL_NODES_MAX);
				break;
			case TREE_CATEGORY_SEGMENTS:
				reader_integers(reader, name, &parts->category_segments, MODEL_NODES_MAX);
				break;
			case TREE_CATEGORY_SIZES:
				reader_integers(reader, name, &parts->category_sizes, MODEL_NODES_MAX);
				break;
			case TREE_LEAF_WEIGHTS:
				reader_reals(reader, name, &parts->leaf_weights, MODEL_CATEGORY_MAX);
				break;
		}
	}
}

static void
read_trees(ModelReader *reader)
{
	const char *outer = reader->path;
	DocumentEvent event;

	reader_enter_array(reader, "trees", "an array of objects");
	reader->has_trees = true;
	while ((event = document_next(reader->document)) == DOCUMENT_OBJECT_BEGIN)
	{
		if (reader->trees_read == MODEL_TREES_MAX)
			reader_fail_length(reader, "trees", MODEL_TREES_MAX);
		reader->trees = core_grow(reader->host, reader->trees, &reader->trees_capacity,
								  reader->trees_read + 1, sizeof(ModelTree));
		reader->tree = (int64_t) reader->trees_read;
		reader->path = "";
		read_tree(reader);
		model_finish_tree(reader);
		reader->path = outer;
		reader->tree = -1;
	}
	if (event != DOCUMENT_ARRAY_END)
		reader_fail_field(reader, "trees", "an array of objects");
}

/* ---------- the booster ---------- */

static void
read_gbtree_param(ModelReader *reader)
{
	static const char *const keys[] = {"num_trees", "num_parallel_tree", NULL};
	const char *outer =
		reader_enter_object(reader, "learner.gradient_booster.model.gbtree_model_param");
	uint32_t	seen = 0;
	int			key;

	while ((key = reader_next_member(reader, keys, &seen)) >= 0)
	{
		int64_t		value = reader_count(reader, keys[key]);

		if (key == 0)
			reader->tree_count = value;
		else
			reader->parallel_trees = value;
	}
	reader->path = outer;
}

static void
read_drop(ModelReader *reader)
{
	if (reader->has_drop)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "Byte %" PRIu64 ": the model has a second weight_drop.",
				  document_offset(reader->document));
	reader->has_drop = true;
	reader_reals(reader, "weight_drop", &reader->drop, MODEL_TREES_MAX);
}

/* The model object of a booster: of trees or of linear weights */
static void
read_booster_model(ModelReader *reader)
{
	static const char *const keys[] = {
		"gbtree_model_param", "trees", "tree_info", "iteration_indptr", "cats",
		"weight_drop", "weights", "boosted_rounds", NULL
	};
	uint64_t	offset = document_offset(reader->document);
	const char *outer = reader_enter_object(reader, "learner.gradient_booster.model");
	uint32_t	seen = 0;
	int			key;

	if (reader->has_model)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "Byte %" PRIu64 ": the booster has a second model.", offset);
	reader->has_model = true;
	while ((key = reader_next_member(reader, keys, &seen)) >= 0)
	{
		switch (key)
		{
			case 0:
				read_gbtree_param(reader);
				break;
			case 1:
				read_trees(reader);
				break;
			case 2:
				reader_integers(reader, keys[key], &reader->groups, MODEL_TREES_MAX);
				break;
			case 3:
				reader_integers(reader, keys[key], &reader->round_starts, MODEL_TREES_MAX + 1);
				break;
			case 4:
				reader_cats(reader);
				break;
			case 5:
				read_drop(reader);
				break;
			case 6:
				reader_reals(reader, keys[key], &reader->linear_weights,
						   (size_t) (MODEL_FEATURES_MAX + 1) * MODEL_GROUPS_MAX);
				break;
			case 7:
				reader->boosted_rounds = reader_count(reader, keys[key]);
				break;
		}
	}
	reader->path = outer;
}

static void
read_booster(ModelReader *reader)
{
	static const char *const keys[] = {"name", "model", "gbtree", "weight_drop", NULL};
	static const char *const inner_keys[] = {"name", "model", NULL};
	const char *outer = reader_enter_object(reader, "learner.gradient_booster");
	uint32_t	seen = 0;
	int			key;

	while ((key = reader_next_member(reader, keys, &seen)) >= 0)
	{
		switch (key)
		{
			case 0:
				reader->booster = reader_string(reader, keys[key]);
				break;
			case 1:
				read_booster_model(reader);
				break;
			case 2:
				{
					/* DART up to 3.2 wraps a whole gbtree */
					const char *dart =
						reader_enter_object(reader, "learner.gradient_booster.gbtree");
					uint32_t	inner_seen = 0;

					while ((key = reader_next_member(reader, inner_keys, &inner_seen)) >= 0)
					{
						if (key == 1)
							read_booster_model(reader);
						else if (strcmp(reader_string(reader, "name"), "gbtree") != 0)
							reader_fail_field(reader, "name", "\"gbtree\"");
					}
					reader->path = dart;
					break;
				}
			case 3:
				read_drop(reader);
				break;
		}
	}
	reader->path = outer;
}

/* ---------- the learner ---------- */

/* A number, or a list of them in brackets or parentheses */
static void
parse_base_scores(ModelReader *reader, const char *text)
{
	static const char must[] = "a number, or a list of numbers";
	size_t		length = strlen(text);
	char		closing = text[0] == '[' ? ']' : text[0] == '(' ? ')' : '\0';
	const char *at = text;
	const char *end = text + length;

	if (closing != '\0')
	{
		if (length < 2 || text[length - 1] != closing)
			reader_fail_field(reader, "base_score", must);
		at++;
		end--;
	}
	for (;;)
	{
		const char *first;
		const char *comma;
		float		value;

		while (at < end && *at == ' ')
			at++;
		comma = closing == '\0' ? NULL : memchr(at, ',', (size_t) (end - at));
		first = at;
		at = comma == NULL ? end : comma;
		if (!decimal_parse_real(reader->host, first, (size_t) (at - first), &value))
			reader_fail_field(reader, "base_score", must);
		if (reader->base_scores.count == MODEL_GROUPS_MAX)
			reader_fail_length(reader, "base_score", MODEL_GROUPS_MAX);
		reader_append_real(reader, &reader->base_scores, value);
		if (comma == NULL)
			return;
		at++;
	}
}

static void
read_base_score(ModelReader *reader)
{
	switch (document_next(reader->document))
	{
		case DOCUMENT_STRING:
			parse_base_scores(reader, document_text(reader->document, NULL));
			break;
		case DOCUMENT_INTEGER:
		case DOCUMENT_REAL:
			reader_append_real(reader, &reader->base_scores, document_real(reader->document));
			break;
		case DOCUMENT_ARRAY_BEGIN:
			reader_reals_rest(reader, "base_score", &reader->base_scores, MODEL_GROUPS_MAX);
			break;
		default:
			reader_fail_field(reader, "base_score", "a number, or a list of numbers");
	}
}

static void
read_learner_param(ModelReader *reader)
{
	static const char *const keys[] = {
		"base_score", "num_class", "num_feature", "num_target", NULL
	};
	const char *outer = reader_enter_object(reader, "learner.learner_model_param");
	uint32_t	seen = 0;
	int			key;

	while ((key = reader_next_member(reader, keys, &seen)) >= 0)
	{
		switch (key)
		{
			case 0:
				read_base_score(reader);
				break;
			case 1:
				reader->class_count = reader_count(reader, keys[key]);
				break;
			case 2:
				reader->feature_count = reader_count(reader, keys[key]);
				break;
			case 3:
				reader->target_count = reader_count(reader, keys[key]);
				break;
		}
	}
	reader->path = outer;
}

static void
read_objective(ModelReader *reader)
{
	static const char *const keys[] = {"name", NULL};
	const char *outer = reader_enter_object(reader, "learner.objective");
	uint32_t	seen = 0;

	while (reader_next_member(reader, keys, &seen) >= 0)
		reader->model->objective = reader_string(reader, "name");
	reader->path = outer;
}

static void
read_learner(ModelReader *reader)
{
	static const char *const keys[] = {
		"attributes", "feature_names", "feature_types", "learner_model_param",
		"objective", "gradient_booster", NULL
	};
	const char *outer = reader_enter_object(reader, "learner");
	uint32_t	seen = 0;
	int			key;

	reader->has_learner = true;
	while ((key = reader_next_member(reader, keys, &seen)) >= 0)
	{
		switch (key)
		{
			case 0:
				reader_attributes(reader);
				break;
			case 1:
				reader_strings(reader, keys[key], &reader->feature_names, MODEL_FEATURES_MAX);
				break;
			case 2:
				reader_strings(reader, keys[key], &reader->feature_types, MODEL_FEATURES_MAX);
				break;
			case 3:
				read_learner_param(reader);
				break;
			case 4:
				read_objective(reader);
				break;
			case 5:
				read_booster(reader);
				break;
		}
	}
	reader->path = outer;
}

static void
read_version(ModelReader *reader)
{
	static const char must[] = "an array of three whole numbers";
	IntegerArray version = {0};

	reader_integers(reader, "version", &version, 3);
	if (version.count != 3)
		reader_fail_field(reader, "version", must);
	for (int i = 0; i < 3; i++)
	{
		if (version.values[i] < 0)
			reader_fail_field(reader, "version", must);
		reader->model->version[i] = version.values[i];
	}
	if (version.values[0] > VERSION_MAJOR_MAX)
		core_fail(reader->host, CORE_UNSUPPORTED_MODEL, NULL,
				  "The model was written by XGBoost %d.%d.%d; versions up to %d.x are supported.",
				  version.values[0], version.values[1], version.values[2], VERSION_MAJOR_MAX);
}

/* The members of the outermost object, or of the model inside a snapshot */
static void
read_root(ModelReader *reader)
{
	static const char *const keys[] = {"learner", "version", "Model", NULL};
	uint32_t	seen = 0;
	int			key;

	while ((key = reader_next_member(reader, keys, &seen)) >= 0)
	{
		switch (key)
		{
			case 0:
				if (reader->has_learner)
					reader_fail_field(reader, "learner", "given once");
				read_learner(reader);
				break;
			case 1:
				read_version(reader);
				break;
			case 2:
				if (reader->has_snapshot)
					reader_fail_field(reader, "Model", "given once");
				reader->has_snapshot = true;
				if (document_next(reader->document) != DOCUMENT_OBJECT_BEGIN)
					reader_fail_field(reader, "Model", "an object");
				read_root(reader);
				break;
		}
	}
}

Model *
model_read(CoreHost *host, ModelSource *source)
{
	ModelReader *reader = core_allocate(host, 1, sizeof(ModelReader));
	Model	   *model = core_allocate(host, 1, sizeof(Model));

	reader->host = host;
	reader->model = model;
	reader->path = "";
	reader->tree = -1;
	reader->feature_count = -1;
	reader->tree_count = -1;
	reader->parallel_trees = 1;
	model->best_iteration = -1;
	model->missing = NAN;
	reader->document = document_open(host, source);
	model->is_ubjson = document_is_ubjson(reader->document);

	if (document_next(reader->document) != DOCUMENT_OBJECT_BEGIN)
		core_fail(host, CORE_INVALID_MODEL, NOT_A_MODEL_HINT, "The document is not an object.");
	read_root(reader);
	document_next(reader->document);	/* the end; anything else has failed */
	if (!reader->has_learner)
		core_fail(host, CORE_INVALID_MODEL, NOT_A_MODEL_HINT,
				  "The document has no \"learner\", so it is not an XGBoost model.");
	model_finish(reader);
	return model;
}
