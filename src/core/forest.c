/*
 * forest.c
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

void *
section_extend(Builder *builder, Section *section, size_t count)
{
	void	   *added;

	if (count == 0)
		return NULL;
	if (count > FOREST_BYTES_MAX / section->size ||
		builder->bytes + count * section->size > FOREST_BYTES_MAX)
		core_fail(builder->host, CORE_LIMIT_EXCEEDED, NULL,
				  "The image of the model would exceed %" PRIu64 " bytes.", FOREST_BYTES_MAX);
	builder->bytes += count * section->size;
	section->data = core_grow(builder->host, section->data, &section->capacity,
							  section->count + count, section->size);
	added = (char *) section->data + section->count * section->size;
	section->count += count;
	return added;
}

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
	for (uint32_t feature = 0; feature < model->feature_count; feature++)
		((ForestFeature *) builder->features.data)[feature].used = 1;
	for (uint32_t group = 0; group < model->group_count; group++)
		((double *) builder->biases.data)[group] +=
			weights[(size_t) model->feature_count * model->group_count + group];
}

static uint64_t
place(Section *section, uint64_t *size)
{
	uint64_t	begin = (*size + SECTION_ALIGNMENT - 1) / SECTION_ALIGNMENT * SECTION_ALIGNMENT;

	*size = begin + (uint64_t) section->count * section->size;
	return begin;
}

static void
put(ForestImage *image, uint64_t begin, const Section *section)
{
	if (section->count > 0)
		memcpy((char *) image + begin, section->data, section->count * section->size);
}

static ForestImage *
assemble(Builder *builder)
{
	const Model *model = builder->model;
	ForestImage header = {0};
	ForestImage *image;
	ForestFeature *features;
	ForestCategory *categories;
	ForestBlock *blocks;
	uint64_t	strings_begin,
				categories_begin;
	uint32_t	objective = add_string(builder, model->objective);

	header.size = sizeof(ForestImage);
	strings_begin = place(&builder->strings, &header.size);
	header.features = place(&builder->features, &header.size);
	categories_begin = place(&builder->categories, &header.size);
	if (header.size > UINT32_MAX)
		core_fail(builder->host, CORE_LIMIT_EXCEEDED, NULL,
				  "The names of the model's features and categories exceed %u bytes.", UINT32_MAX);
	header.base_margins = place(&builder->base_margins, &header.size);
	header.biases = place(&builder->biases, &header.size);
	header.trees = place(&builder->trees, &header.size);
	header.blocks = place(&builder->blocks, &header.size);
	header.tables = place(&builder->tables, &header.size);
	header.weights = place(&builder->weights, &header.size);
	header.nodes = place(&builder->nodes, &header.size);
	header.shares = place(&builder->shares, &header.size);
	header.category_words = place(&builder->category_words, &header.size);
	header.repeats = place(&builder->repeats, &header.size);
	header.factors = place(&builder->factors, &header.size);
	header.points = place(&builder->points, &header.size);
	header.linear_weights = place(&builder->linear_weights, &header.size);

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
	header.objective = (uint32_t) strings_begin + objective;

	/* until here references were indexes into sections; now they become offsets */
	features = builder->features.data;
	for (size_t i = 0; i < builder->features.count; i++)
	{
		features[i].name += (uint32_t) strings_begin;
		features[i].categories = (uint32_t) (categories_begin +
											 features[i].categories * sizeof(ForestCategory));
	}
	blocks = builder->blocks.data;
	for (size_t i = 0; i < builder->blocks.count; i++)
	{
		blocks[i].tables += header.tables;
		blocks[i].weights += header.weights;
	}
	categories = builder->categories.data;
	for (size_t i = 0; i < builder->categories.count; i++)
		categories[i].name += (uint32_t) strings_begin;

	image = core_allocate(builder->host, 1, header.size);
	*image = header;
	put(image, strings_begin, &builder->strings);
	put(image, header.features, &builder->features);
	put(image, categories_begin, &builder->categories);
	put(image, header.base_margins, &builder->base_margins);
	put(image, header.biases, &builder->biases);
	put(image, header.trees, &builder->trees);
	put(image, header.blocks, &builder->blocks);
	put(image, header.tables, &builder->tables);
	put(image, header.weights, &builder->weights);
	put(image, header.nodes, &builder->nodes);
	put(image, header.shares, &builder->shares);
	put(image, header.category_words, &builder->category_words);
	put(image, header.repeats, &builder->repeats);
	put(image, header.factors, &builder->factors);
	put(image, header.points, &builder->points);
	put(image, header.linear_weights, &builder->linear_weights);
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

/* Is the text the name, in which U+FFFD stands for any one character? */
static bool
matches_damaged(const char *name, const char *text, size_t length)
{
	static const char lost[] = "\xef\xbf\xbd";
	const char *end = text + length;

	while (*name != '\0' && text < end)
	{
		if (strncmp(name, lost, 3) == 0)
		{
			name += 3;
			do
				text++;
			while (text < end && ((unsigned char) *text & 0xc0) == 0x80);
		}
		else if (*name++ != *text++)
			return false;
	}
	return *name == '\0' && text == end;
}

uint32_t
forest_category_code(const ForestImage *image, uint32_t feature, const char *name, size_t length)
{
	const ForestFeature *known = FOREST_AT(image, ForestFeature, image->features) + feature;
	const ForestCategory *categories = FOREST_AT(image, ForestCategory, known->categories);
	uint32_t	low = 0;
	uint32_t	high = known->category_count;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;
		const char *candidate = FOREST_AT(image, char, categories[middle].name);
		int			order = strncmp(name, candidate, length);

		if (order == 0 && candidate[length] != '\0')
			order = -1;			/* a proper prefix of the candidate */
		if (order == 0)
			return categories[middle].code;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	for (uint32_t i = 0; known->damaged && i < known->category_count; i++)
		if (matches_damaged(FOREST_AT(image, char, categories[i].name), name, length))
			return categories[i].code;
	return known->category_count;
}

void
forest_prepare(const ForestImage *image, ForestValue *vector)
{
	uint32_t	count = image->feature_count;

	for (uint32_t feature = 0; feature < count; feature++)
	{
		float		value = vector[feature].value;
		bool		missing = value != value;
		uint32_t	key = forest_key(value);

		vector[count + feature].key = missing ? FOREST_KEY_MISSING_LEFT : key;
		vector[2 * (size_t) count + feature].key = missing ? FOREST_KEY_MISSING_RIGHT : key;
	}
}
