/*
 * model.c
 *		Reads an XGBoost model: the walk over the document.
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
 * Each read_...() function is called after the key and takes the value; those
 * that model_categories.c needs, too, are called reader_...().
 */
#include "model_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NOT_A_MODEL_HINT \
	"Save the model with booster.save_model('model.ubj') or booster.save_model('model.json')."
#define VERSION_MAJOR_MAX 3

const char *const tree_keys[] = {
	"id", "tree_param", "left_children", "right_children", "split_indices",
	"split_conditions", "default_left", "sum_hessian", "split_type", "categories",
	"categories_nodes", "categories_segments", "categories_sizes", "leaf_weights", NULL
};

/* ---------- messages ---------- */

const char *
model_quote(ModelReader *reader, const char *text)
{
	size_t		length = strlen(text);
	size_t		limit = sizeof(reader->quote) - 4;
	bool		clipped = length > limit;

	if (clipped)
	{
		length = limit;
		while (length > 0 && ((uint8_t) text[length] & 0xc0) == 0x80)
			length--;			/* not in the middle of a character */
	}
	for (size_t i = 0; i < length; i++)
		reader->quote[i] = (uint8_t) text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
	strcpy(reader->quote + length, clipped ? "..." : "");
	return reader->quote;
}

/* The full path of a key, or of the object itself where the key is NULL */
static const char *
field_path(ModelReader *reader, const char *key, char *buffer, size_t size)
{
	const char *dot = key != NULL && (reader->path[0] != '\0' || reader->tree >= 0) ? "." : "";

	if (key == NULL)
		key = "";
	if (reader->tree >= 0)
		snprintf(buffer, size, "trees[%" PRId64 "]%s%s%s", reader->tree, reader->path, dot, key);
	else
		snprintf(buffer, size, "%s%s%s", reader->path, dot, key);
	return buffer;
}

/* The value of a key is not what it must be. */
_Noreturn void
reader_fail_field(ModelReader *reader, const char *key, const char *must)
{
	char		path[128];

	core_fail(reader->host, CORE_INVALID_MODEL, NULL, "Byte %" PRIu64 ": %s must be %s.",
			  document_offset(reader->document),
			  field_path(reader, key, path, sizeof(path)), must);
}

_Noreturn void
reader_fail_length(ModelReader *reader, const char *key, size_t limit)
{
	char		path[128];

	core_fail(reader->host, CORE_LIMIT_EXCEEDED, NULL,
			  "Byte %" PRIu64 ": %s has more entries than the limit of %zu.",
			  document_offset(reader->document),
			  field_path(reader, key, path, sizeof(path)), limit);
}

/* ---------- objects ---------- */

/* Begins an object; returns the path to be restored after it. */
const char *
reader_enter_object(ModelReader *reader, const char *path)
{
	const char *outer = reader->path;

	reader->path = path;
	if (document_next(reader->document) != DOCUMENT_OBJECT_BEGIN)
		reader_fail_field(reader, NULL, "an object");
	return outer;
}

/*
 * The next member of the object whose key is among the given ones: its index.
 * Others are passed over, known ones must not repeat.  -1 at the object's end.
 */
int
reader_next_member(ModelReader *reader, const char *const *keys, uint32_t *seen)
{
	while (document_next(reader->document) == DOCUMENT_KEY)
	{
		const char *text = document_text(reader->document, NULL);

		for (int i = 0; keys[i] != NULL; i++)
		{
			char		path[128];

			if (strcmp(text, keys[i]) != 0)
				continue;
			if ((*seen & UINT32_C(1) << i) != 0)
				core_fail(reader->host, CORE_INVALID_MODEL, NULL,
						  "Byte %" PRIu64 ": %s occurs twice.",
						  document_offset(reader->document),
						  field_path(reader, keys[i], path, sizeof(path)));
			*seen |= UINT32_C(1) << i;
			return i;
		}
		document_skip(reader->document);
	}
	return -1;
}

/* ---------- scalars ---------- */

static char *
copy_text(ModelReader *reader)
{
	size_t		length;
	const char *text = document_text(reader->document, &length);
	char	   *copy = core_allocate(reader->host, length + 1, 1);

	memcpy(copy, text, length);
	return copy;
}

static char *
read_string(ModelReader *reader, const char *key)
{
	if (document_next(reader->document) != DOCUMENT_STRING)
		reader_fail_field(reader, key, "a string");
	return copy_text(reader);
}

/* A whole number, as such or as a string; false when it is neither. */
static bool
accept_integer(ModelReader *reader, int64_t *value)
{
	size_t		length;
	const char *text;

	switch (document_next(reader->document))
	{
		case DOCUMENT_INTEGER:
			*value = document_integer(reader->document);
			return true;
		case DOCUMENT_STRING:
			text = document_text(reader->document, &length);
			return document_parse_integer(text, length, value);
		default:
			document_skip(reader->document);
			return false;
	}
}

static int64_t
read_count(ModelReader *reader, const char *key)
{
	int64_t		value;

	if (!accept_integer(reader, &value) || value < 0)
		reader_fail_field(reader, key, "a whole number that is not negative");
	return value;
}

/* ---------- arrays ---------- */

void
reader_enter_array(ModelReader *reader, const char *key, const char *must)
{
	if (document_next(reader->document) != DOCUMENT_ARRAY_BEGIN)
		reader_fail_field(reader, key, must);
}

void
reader_append_integer(ModelReader *reader, IntegerArray *array, int32_t value)
{
	if (array->count == array->capacity)
		array->values = core_grow(reader->host, array->values, &array->capacity,
								  array->count + 1, sizeof(int32_t));
	array->values[array->count++] = value;
}

static void
append_real(ModelReader *reader, RealArray *array, float value)
{
	if (array->count == array->capacity)
		array->values = core_grow(reader->host, array->values, &array->capacity,
								  array->count + 1, sizeof(float));
	array->values[array->count++] = value;
}

void
reader_integers(ModelReader *reader, const char *key, IntegerArray *array, size_t limit)
{
	static const char must[] = "an array of integers of 32 bits";
	DocumentEvent event;

	reader_enter_array(reader, key, must);
	array->count = 0;
	while ((event = document_next(reader->document)) == DOCUMENT_INTEGER)
	{
		int64_t		value = document_integer(reader->document);

		if (array->count == limit)
			reader_fail_length(reader, key, limit);
		if (value < INT32_MIN || value > INT32_MAX)
			reader_fail_field(reader, key, must);
		reader_append_integer(reader, array, (int32_t) value);
	}
	if (event != DOCUMENT_ARRAY_END)
		reader_fail_field(reader, key, must);
}

/* Booleans, or the integers 0 and 1 */
static void
read_flags(ModelReader *reader, const char *key, IntegerArray *array, size_t limit)
{
	static const char must[] = "an array of booleans, or of 0 and 1";
	DocumentEvent event;

	reader_enter_array(reader, key, must);
	array->count = 0;
	while ((event = document_next(reader->document)) == DOCUMENT_INTEGER ||
		   event == DOCUMENT_BOOLEAN)
	{
		int64_t		value = document_integer(reader->document);

		if (array->count == limit)
			reader_fail_length(reader, key, limit);
		if (value != 0 && value != 1)
			reader_fail_field(reader, key, must);
		reader_append_integer(reader, array, (int32_t) value);
	}
	if (event != DOCUMENT_ARRAY_END)
		reader_fail_field(reader, key, must);
}

/* The rest of an array of numbers whose beginning has been taken */
static void
read_reals_rest(ModelReader *reader, const char *key, RealArray *array, size_t limit)
{
	DocumentEvent event;

	array->count = 0;
	while ((event = document_next(reader->document)) == DOCUMENT_REAL ||
		   event == DOCUMENT_INTEGER)
	{
		if (array->count == limit)
			reader_fail_length(reader, key, limit);
		append_real(reader, array, document_real(reader->document));
	}
	if (event != DOCUMENT_ARRAY_END)
		reader_fail_field(reader, key, "an array of numbers");
}

static void
read_reals(ModelReader *reader, const char *key, RealArray *array, size_t limit)
{
	reader_enter_array(reader, key, "an array of numbers");
	read_reals_rest(reader, key, array, limit);
}

static void
read_strings(ModelReader *reader, const char *key, StringArray *array, size_t limit)
{
	DocumentEvent event;

	reader_enter_array(reader, key, "an array of strings");
	while ((event = document_next(reader->document)) == DOCUMENT_STRING)
	{
		if (array->count == limit)
			reader_fail_length(reader, key, limit);
		array->values = core_grow(reader->host, array->values, &array->capacity,
								  array->count + 1, sizeof(char *));
		array->values[array->count++] = copy_text(reader);
	}
	if (event != DOCUMENT_ARRAY_END)
		reader_fail_field(reader, key, "an array of strings");
}

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
		int64_t		value = read_count(reader, keys[key]);

		if (key == 0)
			reader->parts.node_count = value;
		else
			reader->parts.leaf_length = value;
	}
	reader->path = outer;
}

/* The members of a tree, whose opening brace has been taken */
static void
read_tree(ModelReader *reader)
{
	TreeParts  *parts = &reader->parts;
	int			key;

	parts->seen = 0;
	parts->node_count = -1;
	parts->leaf_length = 0;
	parts->split_type.count = 0;
	parts->categories.count = 0;
	parts->category_nodes.count = 0;
	parts->category_segments.count = 0;
	parts->category_sizes.count = 0;
	parts->leaf_weights.count = 0;
	while ((key = reader_next_member(reader, tree_keys, &parts->seen)) >= 0)
	{
		const char *name = tree_keys[key];

		switch ((TreeKey) key)
		{
			case TREE_ID:
				if (read_count(reader, name) != reader->tree)
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
				read_reals(reader, name, &parts->value, MODEL_NODES_MAX);
				break;
			case TREE_DEFAULT_LEFT:
				read_flags(reader, name, &parts->default_left, MODEL_NODES_MAX);
				break;
			case TREE_COVER:
				read_reals(reader, name, &parts->cover, MODEL_NODES_MAX);
				break;
			case TREE_SPLIT_TYPE:
				read_flags(reader, name, &parts->split_type, MODEL_NODES_MAX);
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
				read_reals(reader, name, &parts->leaf_weights, MODEL_CATEGORY_MAX);
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
	const char *outer = reader_enter_object(reader, "learner.gradient_booster.model.gbtree_model_param");
	uint32_t	seen = 0;
	int			key;

	while ((key = reader_next_member(reader, keys, &seen)) >= 0)
	{
		int64_t		value = read_count(reader, keys[key]);

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
	read_reals(reader, "weight_drop", &reader->drop, MODEL_TREES_MAX);
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
				read_reals(reader, keys[key], &reader->linear_weights,
						   (size_t) (MODEL_FEATURES_MAX + 1) * MODEL_GROUPS_MAX);
				break;
			case 7:
				reader->boosted_rounds = read_count(reader, keys[key]);
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
				reader->booster = read_string(reader, keys[key]);
				break;
			case 1:
				read_booster_model(reader);
				break;
			case 2:
				{
					/* DART up to 3.2 wraps a whole gbtree */
					const char *dart = reader_enter_object(reader, "learner.gradient_booster.gbtree");
					uint32_t	inner_seen = 0;

					while ((key = reader_next_member(reader, inner_keys, &inner_seen)) >= 0)
					{
						if (key == 1)
							read_booster_model(reader);
						else if (strcmp(read_string(reader, "name"), "gbtree") != 0)
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

/*
 * Attributes are free text of the model's maker; a best_iteration that is no
 * number is none.  category_offsets is our own: models that risk.train_model
 * made count bytes, whatever the version of XGBoost (model_categories.c).
 */
static void
read_attributes(ModelReader *reader)
{
	static const char *const keys[] = {"best_iteration", "category_offsets", NULL};
	const char *outer = reader_enter_object(reader, "learner.attributes");
	uint32_t	seen = 0;
	int			key;

	while ((key = reader_next_member(reader, keys, &seen)) >= 0)
	{
		int64_t		value;

		if (key == 1)
		{
			if (document_next(reader->document) == DOCUMENT_STRING)
				reader->bytes_are_counted = strcmp(document_text(reader->document, NULL), "bytes") == 0;
			else
				document_skip(reader->document);
		}
		else if (accept_integer(reader, &value) && value >= 0)
			reader->model->best_iteration = value;
	}
	reader->path = outer;
}

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
		if (!document_parse_real(reader->host, first, (size_t) (at - first), &value))
			reader_fail_field(reader, "base_score", must);
		if (reader->base_scores.count == MODEL_GROUPS_MAX)
			reader_fail_length(reader, "base_score", MODEL_GROUPS_MAX);
		append_real(reader, &reader->base_scores, value);
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
			append_real(reader, &reader->base_scores, document_real(reader->document));
			break;
		case DOCUMENT_ARRAY_BEGIN:
			read_reals_rest(reader, "base_score", &reader->base_scores, MODEL_GROUPS_MAX);
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
				reader->class_count = read_count(reader, keys[key]);
				break;
			case 2:
				reader->feature_count = read_count(reader, keys[key]);
				break;
			case 3:
				reader->target_count = read_count(reader, keys[key]);
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
		reader->model->objective = read_string(reader, "name");
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
				read_attributes(reader);
				break;
			case 1:
				read_strings(reader, keys[key], &reader->feature_names, MODEL_FEATURES_MAX);
				break;
			case 2:
				read_strings(reader, keys[key], &reader->feature_types, MODEL_FEATURES_MAX);
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
