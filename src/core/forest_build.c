/*
 * forest_build.c
 *		Compiling a model into its forest image.
 *
 * What depends on the model alone and costs time for each row is computed here
 * once: base margins through the link, DART weights into the leaves, padded
 * trees, cover shares, expected margins, and the quadrature factors of splits
 * that repeat a feature (see explain.c).
 */
#include "forest_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ----------
 * Features
 * ----------
 */
static uint32_t
add_string(Builder *builder, const char *text)
{
	size_t		length = strlen(text) + 1;
	char	   *copy = section_extend(builder, &builder->strings, length);

	memcpy(copy, text, length);
	return (uint32_t) (copy - (char *) builder->strings.data);
}

/* Sorts the names of a feature's categories; heap sort, so no bad case. */
static void
sort_categories(ForestCategory *categories, uint32_t count, const char *strings)
{
#define NAME(i) (strings + categories[i].name)
	for (uint32_t end = count, start = count / 2; end > 1;)
	{
		uint32_t	parent;

		if (start > 0)
			start--;
		else
		{
			ForestCategory last = categories[--end];

			categories[end] = categories[0];
			categories[0] = last;
		}
		for (parent = start; 2 * parent + 1 < end;)
		{
			uint32_t	child = 2 * parent + 1;
			ForestCategory moved;

			if (child + 1 < end && strcmp(NAME(child), NAME(child + 1)) < 0)
				child++;
			if (strcmp(NAME(parent), NAME(child)) >= 0)
				break;
			moved = categories[parent];
			categories[parent] = categories[child];
			categories[child] = moved;
			parent = child;
		}
	}
#undef NAME
}

static void
add_feature(Builder *builder, uint32_t index, char *const *names)
{
	const Model *model = builder->model;
	const ModelCategories *named = model->categories ? &model->categories[index] : NULL;
	char		number[16];
	const char *name = number;
	ForestFeature feature = {0};

	snprintf(number, sizeof(number), "f%u", index);
	if (names != NULL)
		name = names[index];
	else if (model->feature_names != NULL)
		name = model->feature_names[index];
	feature.name = add_string(builder, name);
	if (model->feature_types != NULL && strcmp(model->feature_types[index], "c") == 0)
		feature.kind = FOREST_CATEGORY_CODES;
	if (named != NULL && named->count > 0)
	{
		ForestCategory *categories;

		feature.kind = FOREST_CATEGORY_NAMES;
		feature.damaged = named->damaged;
		feature.category_count = named->count;
		feature.categories = (uint32_t) builder->categories.count;
		for (uint32_t i = 0; i < named->count; i++)
		{
			ForestCategory category;

			category.name = add_string(builder, named->names[i]);
			category.code = i;
			*(ForestCategory *) section_extend(builder, &builder->categories, 1) = category;
		}
		categories = (ForestCategory *) builder->categories.data + feature.categories;
		sort_categories(categories, named->count, builder->strings.data);
	}
	*(ForestFeature *) section_extend(builder, &builder->features, 1) = feature;
}

/* ----------
 * The whole
 * ----------
 */
static void
add_base(Builder *builder)
{
	const Model *model = builder->model;

	for (uint32_t group = 0; group < model->group_count; group++)
	{
		float		score = model->base_scores[group];
		float		margin;

		/* since 3.2 XGBoost clamps a probability; before, it refuses the model */
		if (builder->objective->link == LINK_LOGIT &&
			(model->version[0] > 3 || (model->version[0] == 3 && model->version[1] >= 2)))
			score = fminf(fmaxf(score, 1e-6f), 1.0f - 1e-6f);
		margin = objective_margin(builder->objective->link, score);
		if (!isfinite(margin))
			core_fail(builder->host, CORE_INVALID_MODEL, NULL,
					  "The base score %g has no finite margin under the objective \"%s\".",
					  score, model->objective);
		*(float *) section_extend(builder, &builder->base_margins, 1) = margin;
		*(double *) section_extend(builder, &builder->biases, 1) = margin;
	}
}

static void
add_linear(Builder *builder)
{
	const Model *model = builder->model;
	size_t		count = ((size_t) model->feature_count + 1) * model->group_count;
	float	   *weights = section_extend(builder, &builder->linear_weights, count);

	memcpy(weights, model->linear_weights, count * sizeof(float));
	for (uint32_t i = 0; i < model->feature_count; i++)
	{
		ForestFeature *feature = (ForestFeature *) builder->features.data + i;

		feature->used = 1;
		for (uint32_t group = 0; group < model->group_count; group++)
			feature->weight += fabs(weights[(size_t) i * model->group_count + group]);
	}
	for (uint32_t group = 0; group < model->group_count; group++)
		((double *) builder->biases.data)[group] +=
			weights[(size_t) model->feature_count * model->group_count + group];
}

/* Gives the sections their places in the image, one behind the other. */
static void
place_sections(Builder *builder, ForestImage *header)
{
	header->size = sizeof(ForestImage);
	section_place(&builder->strings, &header->size);
	header->features = section_place(&builder->features, &header->size);
	section_place(&builder->categories, &header->size);
	if (header->size > UINT32_MAX)
		core_fail(builder->host, CORE_LIMIT_EXCEEDED, NULL,
				  "The names of the model's features and categories exceed %u bytes.", UINT32_MAX);
	header->base_margins = section_place(&builder->base_margins, &header->size);
	header->biases = section_place(&builder->biases, &header->size);
	header->trees = section_place(&builder->trees, &header->size);
	header->blocks = section_place(&builder->blocks, &header->size);
	header->tables = section_place(&builder->tables, &header->size);
	header->weights = section_place(&builder->weights, &header->size);
	header->nodes = section_place(&builder->nodes, &header->size);
	header->shares = section_place(&builder->shares, &header->size);
	header->category_words = section_place(&builder->category_words, &header->size);
	header->repeats = section_place(&builder->repeats, &header->size);
	header->factors = section_place(&builder->factors, &header->size);
	header->points = section_place(&builder->points, &header->size);
	header->linear_weights = section_place(&builder->linear_weights, &header->size);
}

/* Until here references were indexes into sections; now they become offsets. */
static void
make_offsets(Builder *builder)
{
	ForestFeature *features = builder->features.data;
	ForestCategory *categories = builder->categories.data;
	ForestBlock *blocks = builder->blocks.data;

	for (size_t i = 0; i < builder->features.count; i++)
	{
		features[i].name += (uint32_t) builder->strings.begin;
		features[i].categories = (uint32_t) (builder->categories.begin +
											 features[i].categories * sizeof(ForestCategory));
	}
	for (size_t i = 0; i < builder->categories.count; i++)
		categories[i].name += (uint32_t) builder->strings.begin;
	for (size_t i = 0; i < builder->blocks.count; i++)
	{
		blocks[i].tables += builder->tables.begin;
		blocks[i].weights += builder->weights.begin;
	}
}

static ForestImage *
assemble(Builder *builder)
{
	const Model *model = builder->model;
	ForestImage header = {0};
	ForestImage *image;
	uint32_t	objective = add_string(builder, model->objective);

	place_sections(builder, &header);
	make_offsets(builder);
	header.magic = FOREST_MAGIC;
	header.format = FOREST_FORMAT;
	header.booster = model->booster;
	header.transform = builder->objective->transform;
	header.feature_count = model->feature_count;
	header.group_count = model->group_count;
	header.tree_count = builder->tree_count;
	header.max_depth = builder->max_depth;
	header.block_count = (uint32_t) builder->blocks.count;
	header.node_count = builder->node_count;
	header.objective = (uint32_t) builder->strings.begin + objective;
	header.missing = model->missing;

	image = core_allocate(builder->host, 1, header.size);
	*image = header;
	section_put(image, &builder->strings);
	section_put(image, &builder->features);
	section_put(image, &builder->categories);
	section_put(image, &builder->base_margins);
	section_put(image, &builder->biases);
	section_put(image, &builder->trees);
	section_put(image, &builder->blocks);
	section_put(image, &builder->tables);
	section_put(image, &builder->weights);
	section_put(image, &builder->nodes);
	section_put(image, &builder->shares);
	section_put(image, &builder->category_words);
	section_put(image, &builder->repeats);
	section_put(image, &builder->factors);
	section_put(image, &builder->points);
	section_put(image, &builder->linear_weights);
	return image;
}

ForestImage *
forest_build(CoreHost *host, const Model *model, uint32_t rounds, char *const *feature_names)
{
	Builder		builder = {.host = host,.model = model,
		.strings.size = sizeof(char),
		.features.size = sizeof(ForestFeature),
		.categories.size = sizeof(ForestCategory),
		.base_margins.size = sizeof(float),
		.biases.size = sizeof(double),
		.trees.size = sizeof(ForestTree),
		.blocks.size = sizeof(ForestBlock),
		.tables.size = sizeof(char),
		.weights.size = sizeof(char),
		.nodes.size = sizeof(ForestNode),
		.shares.size = sizeof(ForestShare),
		.category_words.size = sizeof(uint32_t),
		.repeats.size = sizeof(ForestSparseRepeat),
		.factors.size = sizeof(double),
		.points.size = sizeof(double),
		.linear_weights.size = sizeof(float)
	};

	if (feature_names == NULL && model->names_error != NULL)
		core_fail(host, CORE_INVALID_MODEL, "Give other names in feature_names.", "%s",
				  model->names_error);
	if (model->missing_error != NULL)
		core_fail(host, CORE_INVALID_MODEL,
				  "Give the number that stands for missing, or NaN if none does, in missing.", "%s",
				  model->missing_error);
	builder.objective = objective_find(model->objective);
	if (model->booster != MODEL_GBLINEAR)
		builder.tree_count = rounds == 0 ? 0 : model->round_ends[rounds - 1];
	for (uint32_t feature = 0; feature < model->feature_count; feature++)
		add_feature(&builder, feature, feature_names);
	add_base(&builder);
	if (model->booster == MODEL_GBLINEAR)
		add_linear(&builder);
	forest_compile_trees(&builder);
	return assemble(&builder);
}
