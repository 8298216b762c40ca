/*
 * model_check.c
 *		Makes a checked Model of what the walk over the document collected.
 *
 * XGBoost itself checks hardly more than the sizes of a model's arrays, and a
 * model with a wild child index makes it read out of bounds.  Here everything
 * that model.h promises is verified, once, so that the code that scores needs
 * no checks at all.
 *
 * A tree's nodes are looked at in ascending order.  Children stand behind their
 * parent, so when we come to a node, whatever could reach it has been seen:
 * one pass without a stack finds the reachable nodes, their depths, and any
 * node that is reached twice.  Nodes that pruning deleted are not reachable;
 * they become empty leaves, whatever rubbish they hold.
 *
 * The categories of a tree's splits must not overlap in its list (XGBoost
 * writes them one after the other); else a small document could make us look
 * at the same long list once for every split.
 */
#include "model_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NODES_BETWEEN_INTERRUPTS 65536

/* From 3.4 on XGBoost cuts the names of categories right (model_categories.c) */
#define CATEGORY_BYTES_MINOR 4

/* ---------- one tree ---------- */

const char *const tree_keys[] = {
	"id", "tree_param", "left_children", "right_children", "split_indices",
	"split_conditions", "default_left", "sum_hessian", "split_type", "categories",
	"categories_nodes", "categories_segments", "categories_sizes", "leaf_weights", NULL
};

static void
check_length(ModelReader *reader, TreeKey key, size_t length, size_t wanted)
{
	if ((reader->parts.seen & UINT32_C(1) << key) == 0)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "Tree %" PRId64 " has no %s.", reader->tree, tree_keys[key]);
	if (length != wanted)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "Tree %" PRId64 ": %s has %zu entries instead of %zu.",
				  reader->tree, tree_keys[key], length, wanted);
}

/* Checks what can be said of the arrays as such; returns the number of nodes. */
static size_t
check_parts(ModelReader *reader)
{
	TreeParts  *parts = &reader->parts;
	size_t		count = parts->left.count;
	size_t		sets = parts->category_nodes.count;
	int64_t		begin = 0;

	if (parts->leaf_length > 1 || parts->leaf_weights.count > 0)
		core_fail(reader->host, CORE_UNSUPPORTED_MODEL,
				  "Train with multi_strategy = 'one_output_per_tree'.",
				  "Tree %" PRId64 " has vector leaves, which are not supported.", reader->tree);
	check_length(reader, TREE_LEFT, count,
				 parts->node_count >= 0 ? (size_t) parts->node_count : count);
	if (count == 0)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "Tree %" PRId64 " has no nodes.", reader->tree);
	check_length(reader, TREE_RIGHT, parts->right.count, count);
	check_length(reader, TREE_FEATURE, parts->feature.count, count);
	check_length(reader, TREE_VALUE, parts->value.count, count);
	check_length(reader, TREE_DEFAULT_LEFT, parts->default_left.count, count);
	if ((parts->seen & UINT32_C(1) << TREE_COVER) == 0)
		core_fail(reader->host, CORE_UNSUPPORTED_MODEL, NULL,
				  "Tree %" PRId64 " has no sum_hessian, without which scores cannot be explained.",
				  reader->tree);
	check_length(reader, TREE_COVER, parts->cover.count, count);
	if (parts->split_type.count > 0)
		check_length(reader, TREE_SPLIT_TYPE, parts->split_type.count, count);

	if (sets > 0)
	{
		check_length(reader, TREE_CATEGORY_SEGMENTS, parts->category_segments.count, sets);
		check_length(reader, TREE_CATEGORY_SIZES, parts->category_sizes.count, sets);
	}
	for (size_t i = 0; i < sets; i++)
	{
		int32_t		node = parts->category_nodes.values[i];
		int32_t		segment = parts->category_segments.values[i];
		int32_t		size = parts->category_sizes.values[i];

		if (node < 0 || (size_t) node >= count ||
			(i > 0 && node <= parts->category_nodes.values[i - 1]))
			core_fail(reader->host, CORE_INVALID_MODEL, NULL,
					  "Tree %" PRId64 ": categories_nodes must be ascending nodes of the tree; %" PRId32 " is not.",
					  reader->tree, node);
		if (segment < begin || size < 0 ||
			(int64_t) segment + size > (int64_t) parts->categories.count)
			core_fail(reader->host, CORE_INVALID_MODEL, NULL,
					  "Tree %" PRId64 ", node %" PRId32 ": its categories, %" PRId32 " from %" PRId32
					  " on, overlap others or lie outside the tree's list of %zu.",
					  reader->tree, node, size, segment, parts->categories.count);
		begin = (int64_t) segment + size;
	}
	return count;
}

/* The set of a categorical split: ascending, unique, exact as float32 */
static void
check_categories(ModelReader *reader, size_t node, size_t set)
{
	TreeParts  *parts = &reader->parts;
	const int32_t *values = parts->categories.values + parts->category_segments.values[set];
	int32_t		size = parts->category_sizes.values[set];

	for (int32_t i = 0; i < size; i++)
	{
		if (values[i] < 0 || values[i] >= MODEL_CATEGORY_MAX)
			core_fail(reader->host, CORE_INVALID_MODEL, NULL,
					  "Tree %" PRId64 ", node %zu: category %" PRId32 " is not between 0 and the limit of %d.",
					  reader->tree, node, values[i], MODEL_CATEGORY_MAX);
		if (i > 0 && values[i] <= values[i - 1])
			core_fail(reader->host, CORE_INVALID_MODEL, NULL,
					  "Tree %" PRId64 ", node %zu: its categories are not ascending.",
					  reader->tree, node);
	}
}

/* Children, feature and threshold of a reachable split */
static void
check_split(ModelReader *reader, size_t count, size_t node)
{
	TreeParts  *parts = &reader->parts;
	int64_t		left = parts->left.values[node];
	int64_t		right = parts->right.values[node];

	if (left <= (int64_t) node || right <= (int64_t) node ||
		left >= (int64_t) count || right >= (int64_t) count)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "Tree %" PRId64 ", node %zu: its children %" PRId64 " and %" PRId64
				  " are not both behind it and within the %zu nodes.",
				  reader->tree, node, left, right, count);
	if (right != left + 1)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "Tree %" PRId64 ", node %zu: its children %" PRId64 " and %" PRId64
				  " do not stand side by side, as XGBoost takes for granted.",
				  reader->tree, node, left, right);
	if (parts->depths[left] != 0 || parts->depths[right] != 0)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "Tree %" PRId64 ", node %zu: it is the second parent of its children %" PRId64
				  " and %" PRId64 ".", reader->tree, node, left, right);
	if (parts->depths[node] > MODEL_DEPTH_MAX)
		core_fail(reader->host, CORE_LIMIT_EXCEEDED, NULL,
				  "Tree %" PRId64 ", node %zu: the tree is deeper than the limit of %d splits.",
				  reader->tree, node, MODEL_DEPTH_MAX);
	if (parts->feature.values[node] < 0)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "Tree %" PRId64 ", node %zu: it splits on feature %" PRId32 ".",
				  reader->tree, node, parts->feature.values[node]);
}

/* A reachable node that is a split; *set is the next one in category_nodes. */
static void
finish_split(ModelReader *reader, ModelNode *node, size_t i, size_t *set)
{
	TreeParts  *parts = &reader->parts;
	int32_t		left = parts->left.values[i];

	check_split(reader, parts->left.count, i);
	parts->depths[left] = parts->depths[left + 1] = (uint16_t) (parts->depths[i] + 1);
	node->left = left;
	node->feature = (uint32_t) parts->feature.values[i];
	node->default_left = parts->default_left.values[i] != 0;
	node->categorical = parts->split_type.count > 0 && parts->split_type.values[i] != 0;
	while (*set < parts->category_nodes.count &&
		   (size_t) parts->category_nodes.values[*set] < i)
		(*set)++;
	if (node->categorical)
	{
		if (*set == parts->category_nodes.count ||
			(size_t) parts->category_nodes.values[*set] != i)
			core_fail(reader->host, CORE_INVALID_MODEL, NULL,
					  "Tree %" PRId64 ", node %zu: the categorical split has no categories.",
					  reader->tree, i);
		check_categories(reader, i, *set);
		node->value = 0.0f;		/* NaN, or anything; never compared */
		node->category_begin = (uint32_t) parts->category_segments.values[*set];
		node->category_count = (uint32_t) parts->category_sizes.values[*set];
	}
}

/* A reachable node */
static void
finish_node(ModelReader *reader, ModelNode *node, size_t i, size_t *set)
{
	TreeParts  *parts = &reader->parts;

	node->value = parts->value.values[i];
	node->cover = parts->cover.values[i];
	if (!isfinite(node->cover) || node->cover < 0.0f)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "Tree %" PRId64 ", node %zu: its sum_hessian, %g, is negative or not finite.",
				  reader->tree, i, (double) node->cover);
	if (parts->left.values[i] != -1 || parts->right.values[i] != -1)
		finish_split(reader, node, i, set);
	else if (!isfinite(node->value))
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "Tree %" PRId64 ", node %zu: the value of the leaf is not finite.",
				  reader->tree, i);
}

void
model_finish_tree(ModelReader *reader)
{
	TreeParts  *parts = &reader->parts;
	ModelTree  *tree = &reader->trees[reader->trees_read];
	size_t		count = check_parts(reader);
	size_t		set = 0;

	parts->depths = core_grow(reader->host, parts->depths, &parts->depths_capacity,
							  count, sizeof(uint16_t));
	memset(parts->depths, 0, count * sizeof(uint16_t));
	tree->node_count = (uint32_t) count;
	tree->nodes = core_allocate(reader->host, count, sizeof(ModelNode));
	tree->weight = 1.0f;

	parts->depths[0] = 1;
	for (size_t i = 0; i < count; i++)
	{
		if (i % NODES_BETWEEN_INTERRUPTS == 0)
			reader->host->check_interrupts(reader->host);
		tree->nodes[i].left = -1;
		if (parts->depths[i] != 0)
			finish_node(reader, &tree->nodes[i], i, &set);
	}

	if (parts->categories.count > 0)
	{
		tree->category_count = (uint32_t) parts->categories.count;
		tree->categories = core_allocate(reader->host, parts->categories.count, sizeof(uint32_t));
		for (size_t i = 0; i < parts->categories.count; i++)
			tree->categories[i] = (uint32_t) parts->categories.values[i];
	}
	reader->trees_read++;
}

/* ---------- names ---------- */

static int
compare_texts(const void *left, const void *right)
{
	return strcmp(*(char *const *) left, *(char *const *) right);
}

/* NULL, or what is wrong with names that must be unique, and perhaps not empty */
static char *
names_error(ModelReader *reader, char **names, size_t count, const char *what, bool allow_empty)
{
	char	  **sorted = core_allocate(reader->host, count, sizeof(char *));
	char	   *error = NULL;

	for (size_t i = 0; i < count && error == NULL; i++)
	{
		sorted[i] = names[i];
		if (!allow_empty && names[i][0] == '\0')
			error = model_sentence(reader, "%s at position %zu has an empty name.", what, i);
	}
	if (error == NULL)
	{
		reader->host->check_interrupts(reader->host);
		qsort(sorted, count, sizeof(char *), compare_texts);
	}
	for (size_t i = 1; i < count && error == NULL; i++)
	{
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			error = model_sentence(reader, "%s \"%s\" occurs twice.", what,
								   model_quote(reader, sorted[i]));
	}
	reader->host->release(reader->host, sorted);
	return error;
}

/* ---------- the whole ---------- */

static _Noreturn void
fail_absent(ModelReader *reader, const char *path)
{
	core_fail(reader->host, CORE_INVALID_MODEL, NULL, "The document has no %s.", path);
}

static void
finish_features(ModelReader *reader)
{
	Model	   *model = reader->model;

	if (reader->feature_count < 0)
		fail_absent(reader, "learner.learner_model_param.num_feature");
	if (reader->feature_count == 0)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL, "The model has no features.");
	if (reader->feature_count > MODEL_FEATURES_MAX)
		core_fail(reader->host, CORE_LIMIT_EXCEEDED, NULL,
				  "The model has %" PRId64 " features; the limit is %d.",
				  reader->feature_count, MODEL_FEATURES_MAX);
	model->feature_count = (uint32_t) reader->feature_count;
	if (reader->feature_names.count > 0)
	{
		if (reader->feature_names.count != model->feature_count)
			model->names_error =
				model_sentence(reader, "learner.feature_names has %zu entries, but the model has %" PRIu32 " features.",
							   reader->feature_names.count, model->feature_count);
		else
		{
			model->feature_names = reader->feature_names.values;
			model->names_error = names_error(reader, model->feature_names, model->feature_count,
											 "The feature", false);
		}
	}
	if (reader->feature_types.count > 0)
	{
		if (reader->feature_types.count != model->feature_count)
			core_fail(reader->host, CORE_INVALID_MODEL, NULL,
					  "learner.feature_types has %zu entries, but the model has %" PRIu32 " features.",
					  reader->feature_types.count, model->feature_count);
		model->feature_types = reader->feature_types.values;
	}
}

static void
finish_groups(ModelReader *reader)
{
	Model	   *model = reader->model;
	int64_t		groups = reader->class_count > reader->target_count ?
		reader->class_count : reader->target_count;

	if (reader->class_count > 1 && reader->target_count > 1)
		core_fail(reader->host, CORE_UNSUPPORTED_MODEL, NULL,
				  "The model has both several classes (%" PRId64 ") and several targets (%" PRId64 ").",
				  reader->class_count, reader->target_count);
	if (groups > MODEL_GROUPS_MAX)
		core_fail(reader->host, CORE_LIMIT_EXCEEDED, NULL,
				  "The model has %" PRId64 " classes or targets; the limit is %d.",
				  groups, MODEL_GROUPS_MAX);
	model->group_count = groups < 1 ? 1 : (uint32_t) groups;
	if (((uint64_t) model->feature_count + 1) * model->group_count > MODEL_OUTPUTS_MAX)
		core_fail(reader->host, CORE_LIMIT_EXCEEDED, NULL,
				  "The model has %" PRIu32 " features and %" PRIu32 " output groups; the limit is %d contributions in a row.",
				  model->feature_count, model->group_count, MODEL_OUTPUTS_MAX);

	if (reader->base_scores.count == 0)
		fail_absent(reader, "learner.learner_model_param.base_score");
	if (reader->base_scores.count != 1 && reader->base_scores.count != model->group_count)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "base_score has %zu values, but the model has %" PRIu32 " output groups.",
				  reader->base_scores.count, model->group_count);
	model->base_scores = core_allocate(reader->host, model->group_count, sizeof(float));
	for (uint32_t group = 0; group < model->group_count; group++)
	{
		float		value = reader->base_scores.values[reader->base_scores.count == 1 ? 0 : group];

		if (!isfinite(value))
			core_fail(reader->host, CORE_INVALID_MODEL, NULL,
					  "The base_score of output group %" PRIu32 " is not finite.", group);
		model->base_scores[group] = value;
	}
}

/* Splits may not name a feature that the model does not have. */
static void
check_split_features(ModelReader *reader)
{
	for (size_t t = 0; t < reader->trees_read; t++)
	{
		const ModelTree *tree = &reader->trees[t];

		reader->host->check_interrupts(reader->host);
		for (uint32_t i = 0; i < tree->node_count; i++)
		{
			const ModelNode *node = &tree->nodes[i];

			if (node->left < 0)
				continue;
			if (node->feature >= reader->model->feature_count)
				core_fail(reader->host, CORE_INVALID_MODEL, NULL,
						  "Tree %zu, node %" PRIu32 ": it splits on feature %" PRIu32
						  ", but the model has %" PRIu32 " features.",
						  t, i, node->feature, reader->model->feature_count);
			if (node->categorical && node->feature < reader->encodings_count &&
				reader->encodings[node->feature].numeric)
				core_fail(reader->host, CORE_UNSUPPORTED_MODEL,
						  "Train with text categories, or with the codes 0, 1, 2, ... as categories.",
						  "The categories of feature %" PRIu32 " (%s) are numbers other than their codes; "
						  "a number in a row could be either.",
						  node->feature, reader->model->feature_names == NULL ? "unnamed" :
						  model_quote(reader, reader->model->feature_names[node->feature]));
		}
	}
}

static void
finish_categories(ModelReader *reader)
{
	Model	   *model = reader->model;
	bool		named = false;
	bool		bytes_are_counted = reader->bytes_are_counted || model->version[0] > 3 ||
		(model->version[0] == 3 && model->version[1] >= CATEGORY_BYTES_MINOR);

	if (reader->encodings_count == 0)
		return;
	if (reader->encodings_count != model->feature_count)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "cats.enc has %zu entries, but the model has %" PRIu32 " features.",
				  reader->encodings_count, model->feature_count);
	for (size_t i = 0; i < reader->encodings_count; i++)
		named = named || reader->encodings[i].names.count > 0;
	if (!named)
		return;
	model->categories = core_allocate(reader->host, model->feature_count, sizeof(ModelCategories));
	for (size_t i = 0; i < reader->encodings_count; i++)
	{
		if (reader->encodings[i].ambiguous && !bytes_are_counted)
			model->categories[i].damaged = true;
		else
		{
			char	   *error;

			model->categories[i] = reader->encodings[i].names;
			error = names_error(reader, model->categories[i].names, model->categories[i].count,
								"The category", true);
			if (error != NULL)
				core_fail(reader->host, CORE_INVALID_MODEL, NULL, "%s", error);
		}
	}
}

/* The rounds: as written since 2.0, or by count before. */
static void
finish_rounds(ModelReader *reader)
{
	Model	   *model = reader->model;
	const IntegerArray *starts = &reader->round_starts;
	uint64_t	per_round;

	if (starts->count > 0)
	{
		for (size_t i = 0; i < starts->count; i++)
		{
			if (starts->values[i] < (i == 0 ? 0 : starts->values[i - 1]) ||
				(i == 0 && starts->values[i] != 0))
				core_fail(reader->host, CORE_INVALID_MODEL, NULL,
						  "iteration_indptr does not ascend from 0.");
		}
		if (starts->count < 2 || (uint32_t) starts->values[starts->count - 1] != model->tree_count)
			core_fail(reader->host, CORE_INVALID_MODEL, NULL,
					  "iteration_indptr does not end with the number of trees, %" PRIu32 ".",
					  model->tree_count);
		model->round_count = (uint32_t) starts->count - 1;
		model->round_ends = core_allocate(reader->host, model->round_count, sizeof(uint32_t));
		for (uint32_t i = 0; i < model->round_count; i++)
			model->round_ends[i] = (uint32_t) starts->values[i + 1];
		return;
	}

	per_round = reader->parallel_trees < 1 ? 1 :
		reader->parallel_trees > MODEL_TREES_MAX ? MODEL_TREES_MAX :
		(uint64_t) reader->parallel_trees;
	per_round *= model->group_count;
	if (model->tree_count % per_round != 0)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "The %" PRIu32 " trees do not make whole rounds of %" PRIu64 ".",
				  model->tree_count, per_round);
	model->round_count = (uint32_t) (model->tree_count / per_round);
	model->round_ends = core_allocate(reader->host, model->round_count, sizeof(uint32_t));
	for (uint32_t i = 0; i < model->round_count; i++)
		model->round_ends[i] = (uint32_t) ((i + 1) * per_round);
}

static void
finish_trees(ModelReader *reader)
{
	Model	   *model = reader->model;

	if (!reader->has_trees)
		fail_absent(reader, "learner.gradient_booster.model.trees");
	if (reader->trees_read == 0)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "The model has no trees: it was never trained.");
	if (reader->tree_count >= 0 && (uint64_t) reader->tree_count != reader->trees_read)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "The model has %zu trees, but num_trees is %" PRId64 ".",
				  reader->trees_read, reader->tree_count);
	model->tree_count = (uint32_t) reader->trees_read;
	model->trees = reader->trees;

	if (reader->groups.count > 0 && reader->groups.count != reader->trees_read)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "tree_info has %zu entries, but the model has %zu trees.",
				  reader->groups.count, reader->trees_read);
	for (size_t i = 0; i < reader->groups.count; i++)
	{
		int32_t		group = reader->groups.values[i];

		if (group < 0 || (uint32_t) group >= model->group_count)
			core_fail(reader->host, CORE_INVALID_MODEL, NULL,
					  "Tree %zu belongs to output group %" PRId32 ", but the model has %" PRIu32 ".",
					  i, group, model->group_count);
		model->trees[i].group = (uint32_t) group;
	}

	if (reader->drop.count > reader->trees_read)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "weight_drop has %zu entries, but the model has %zu trees.",
				  reader->drop.count, reader->trees_read);
	for (size_t i = 0; i < reader->drop.count; i++)
	{
		if (!isfinite(reader->drop.values[i]))
			core_fail(reader->host, CORE_INVALID_MODEL, NULL,
					  "Tree %zu: its weight in weight_drop is not finite.", i);
		model->trees[i].weight = reader->drop.values[i];
	}
	finish_categories(reader);
	check_split_features(reader);
	finish_rounds(reader);
}

static void
finish_linear(ModelReader *reader)
{
	Model	   *model = reader->model;
	uint64_t	wanted = ((uint64_t) model->feature_count + 1) * model->group_count;

	if (reader->linear_weights.count != wanted)
		core_fail(reader->host, CORE_INVALID_MODEL, NULL,
				  "learner.gradient_booster.model.weights has %zu entries instead of %" PRIu64 ".",
				  reader->linear_weights.count, wanted);
	for (size_t i = 0; i < reader->linear_weights.count; i++)
	{
		if (!isfinite(reader->linear_weights.values[i]))
			core_fail(reader->host, CORE_INVALID_MODEL, NULL,
					  "Weight %zu of the linear booster is not finite.", i);
	}
	model->linear_weights = reader->linear_weights.values;
	model->round_count = reader->boosted_rounds > UINT32_MAX ? UINT32_MAX :
		(uint32_t) reader->boosted_rounds;
}

void
model_finish(ModelReader *reader)
{
	Model	   *model = reader->model;

	if (reader->booster == NULL)
		fail_absent(reader, "learner.gradient_booster.name");
	if (!reader->has_model)
		fail_absent(reader, "learner.gradient_booster.model");
	if (model->objective == NULL)
		fail_absent(reader, "learner.objective.name");
	finish_features(reader);
	finish_groups(reader);
	/* one is as it is; of several each is a step up from the one before, through a softplus */
	if (strcmp(model->objective, "reg:expectileerror") == 0 && model->group_count > 1)
		core_fail(reader->host, CORE_UNSUPPORTED_MODEL, "Train a model for each expectile.",
				  "The objective reg:expectileerror is supported for one expectile; the model has %" PRIu32 ".",
				  model->group_count);

	if (strcmp(reader->booster, "gblinear") == 0)
	{
		model->booster = MODEL_GBLINEAR;
		finish_linear(reader);
	}
	else if (strcmp(reader->booster, "gbtree") == 0 || strcmp(reader->booster, "dart") == 0)
	{
		bool		is_dart = reader->booster[0] == 'd';

		if (is_dart && !reader->has_drop)
			fail_absent(reader, "weight_drop, without which a DART model cannot be scored");
		model->booster = is_dart || reader->drop.count > 0 ? MODEL_DART : MODEL_GBTREE;
		finish_trees(reader);
	}
	else
		core_fail(reader->host, CORE_UNSUPPORTED_MODEL, NULL,
				  "The booster \"%s\" is not supported; gbtree, dart and gblinear are.",
				  model_quote(reader, reader->booster));
}
