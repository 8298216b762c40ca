/*
 * forest.c
 *		Compiling a model into its forest image, and checking an image.
 *
 * The image is put together in a growing buffer, section by section, and every
 * reference is an offset from the beginning.  What depends on the model alone
 * and costs time for each row is computed here once: base margins through the
 * link, DART weights into the leaves, cover shares, expected margins, and the
 * quadrature factors of splits that repeat a feature (see explain.c).
 *
 * Nodes are numbered breadth first, so siblings stand side by side and the
 * deleted nodes of pruned trees are gone.
 */
#include "forest.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SECTION_ALIGNMENT 64

/* ----------
 * Sections: growing arrays that become parts of the image
 * ----------
 */
typedef struct Section
{
	void	   *data;
	size_t		count;
	size_t		capacity;
	size_t		size;			/* of an element */
} Section;


typedef struct Builder
{
	CoreHost   *host;
	uint64_t	bytes;			/* of all sections */
	const Model *model;
	const Objective *objective;
	uint32_t	tree_count;		/* of the rounds asked for */
	uint32_t	max_depth;

	Section		strings;		/* char */
	Section		features;		/* ForestFeature */
	Section		categories;		/* ForestCategory */
	Section		base_margins;	/* float */
	Section		biases;			/* double */
	Section		trees;			/* ForestTree */
	Section		nodes;			/* ForestNode */
	Section		right_shares;	/* double */
	Section		category_words; /* uint32_t */
	Section		repeats;		/* ForestRepeat */
	Section		factors;		/* double */
	Section		points;			/* double */
	Section		linear_weights; /* float */
	uint32_t   *rules;			/* by number of blocks: 1 + first point, 0 not made yet */

	/* the path from the root to the node at hand, by feature */
	int32_t    *last_depth;		/* of the last split on the feature, -1 for none */
	double	   *path_share;		/* product of the cover shares of those splits */

	/* of the tree at hand */
	uint32_t   *order;			/* old numbers of the nodes, breadth first */
	size_t		order_capacity;
	const ModelTree *tree;
	uint32_t	visits;			/* nodes since the last look at interrupts */
	uint32_t	depth;
	uint32_t	distinct_max;	/* distinct features on a path */
	double	   *repeat_shares;	/* rho of each repeat of the tree */
	size_t		repeat_shares_capacity;
	size_t		repeats_begin;
} Builder;

/* Room for more elements, zeroed; the image's limit comes before the memory. */
static void *
section_extend(Builder *builder, Section *section, size_t count)
{
	void	   *added;

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

/* Lets the host look at interrupts every few thousand nodes. */
static void
count_visit(Builder *builder)
{
	if (++builder->visits % 4096 == 0)
		builder->host->check_interrupts(builder->host);
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
 * Quadrature
 * ----------
 */

/* cos(x) for 0 <= x <= pi by its series: the same bits wherever IEEE 754 holds. */
static double
portable_cosine(double x)
{
	double		term = 1.0;
	double		sum = 1.0;

	for (int i = 2; i < 60; i += 2)
	{
		term *= -x * x / ((double) i * (i - 1));
		sum += term;
	}
	return sum;
}

/*
 * The Gauss-Legendre rule with count points on [0, 1]: roots of the Legendre
 * polynomial by Newton's method from the usual first guess.
 */
static void
gauss_legendre(uint32_t count, double *points, double *weights)
{
	const double pi = 3.14159265358979323846;

	for (uint32_t i = 0; i < count; i++)
	{
		double		x = portable_cosine(pi * (i + 0.75) / (count + 0.5));
		double		slope = 1.0;

		for (int iteration = 0; iteration < 100; iteration++)
		{
			double		p0 = 1.0;
			double		p1 = x;
			double		step;

			for (uint32_t k = 2; k <= count; k++)
			{
				double		p2 = ((2.0 * k - 1.0) * x * p1 - (k - 1.0) * p0) / k;

				p0 = p1;
				p1 = p2;
			}
			slope = count * (x * p1 - p0) / (x * x - 1.0);
			step = p1 / slope;
			x -= step;
			if (fabs(step) < 1e-15)
				break;
		}
		points[i] = (1.0 - x) / 2.0;
		weights[i] = 1.0 / ((1.0 - x * x) * slope * slope);
	}
}

/* The first point of the rule that is exact for paths of this many features. */
static uint32_t
rule_for(Builder *builder, uint32_t distinct, uint32_t *lanes)
{
	uint32_t	blocks = ((distinct + 1) / 2 + FOREST_LANES - 1) / FOREST_LANES;
	uint32_t	count;
	double	   *points;
	double	   *weights;
	double	   *rule;

	if (blocks == 0)
		blocks = 1;
	*lanes = blocks * FOREST_LANES;
	if (builder->rules[blocks] != 0)
		return builder->rules[blocks] - 1;

	/* all the lanes of the block are used: more points cost nothing */
	count = *lanes;
	points = core_allocate(builder->host, count, sizeof(double));
	weights = core_allocate(builder->host, count, sizeof(double));
	gauss_legendre(count, points, weights);
	builder->rules[blocks] = (uint32_t) builder->points.count + 1;
	rule = section_extend(builder, &builder->points, 2 * (size_t) count);
	for (uint32_t i = 0; i < count; i++)
	{
		double	   *block = rule + 2 * FOREST_LANES * (i / FOREST_LANES);

		block[i % FOREST_LANES] = 1.0 - points[i];
		block[FOREST_LANES + i % FOREST_LANES] = weights[i];
	}
	builder->host->release(builder->host, points);
	builder->host->release(builder->host, weights);
	return builder->rules[blocks] - 1;
}

/* ----------
 * Trees
 * ----------
 */

/* Lists the reachable nodes breadth first; returns how many. */
static uint32_t
order_nodes(Builder *builder)
{
	const ModelTree *tree = builder->tree;
	uint32_t	count = 1;

	builder->order = core_grow(builder->host, builder->order, &builder->order_capacity,
							   tree->node_count, sizeof(uint32_t));
	builder->order[0] = 0;
	for (uint32_t i = 0; i < count; i++)
	{
		int32_t		left = tree->nodes[builder->order[i]].left;

		if (left >= 0)
		{
			builder->order[count++] = (uint32_t) left;
			builder->order[count++] = (uint32_t) left + 1;
		}
	}
	return count;
}

/*
 * A category set, as bits or, where that is shorter, as a list of codes: so its
 * length is bounded by what the model says, whatever the codes are.
 */
static uint32_t
add_category_set(Builder *builder, const ModelNode *node)
{
	const uint32_t *codes = builder->tree->categories + node->category_begin;
	uint32_t	words = node->category_count == 0 ? 0 : codes[node->category_count - 1] / 32 + 1;
	bool		is_list = node->category_count < words;
	uint32_t	begin = (uint32_t) builder->category_words.count;
	uint32_t   *set;

	if (is_list)
	{
		set = section_extend(builder, &builder->category_words, (size_t) node->category_count + 1);
		set[0] = node->category_count | FOREST_CATEGORY_LIST;
		memcpy(set + 1, codes, node->category_count * sizeof(uint32_t));
		return begin;
	}
	set = section_extend(builder, &builder->category_words, (size_t) words + 1);
	set[0] = words;
	for (uint32_t i = 0; i < node->category_count; i++)
		set[1 + codes[i] / 32] |= UINT32_C(1) << (codes[i] % 32);
	return begin;
}

/* The share of a split's cover that goes right; half where there is no cover. */
static double
right_share(const ModelTree *tree, const ModelNode *node)
{
	double		left = tree->nodes[node->left].cover;
	double		right = tree->nodes[node->left + 1].cover;

	return left + right > 0.0 ? right / (left + right) : 0.5;
}

/* Copies the nodes, in the order of builder->order. */
static void
add_nodes(Builder *builder, uint32_t count)
{
	const ModelTree *tree = builder->tree;
	ForestFeature *features = builder->features.data;
	uint32_t	next = 1;		/* number of the next child */

	section_extend(builder, &builder->nodes, count);
	section_extend(builder, &builder->right_shares, count);
	for (uint32_t i = 0; i < count; i++)
	{
		const ModelNode *node = tree->nodes + builder->order[i];
		ForestNode	copy = {0};
		double		share = 0.0;

		if (node->left < 0)
			copy.u.leaf = node->value * tree->weight;
		else
		{
			copy.left = next;
			next += 2;
			copy.split = node->feature |
				(node->default_left ? FOREST_DEFAULT_LEFT : 0) |
				(node->categorical ? FOREST_CATEGORICAL : 0);
			if (node->categorical)
			{
				copy.u.category_set = add_category_set(builder, node);
				if (features[node->feature].kind == FOREST_NUMERIC)
					features[node->feature].kind = FOREST_CATEGORY_CODES;
			}
			else
				copy.u.threshold = node->value;
			features[node->feature].used = 1;
			share = right_share(tree, node);
		}
		((ForestNode *) builder->nodes.data)[builder->nodes.count - count + i] = copy;
		((double *) builder->right_shares.data)[builder->right_shares.count - count + i] = share;
	}
}

/*
 * Walks the tree from a node down: finds the splits that repeat a feature, the
 * depth, the largest number of distinct features on a path.  Returns the
 * expected value.  Recursion is bounded by MODEL_DEPTH_MAX.
 */
static double
walk_paths(Builder *builder, ForestNode *nodes, const double *right_shares,
		   uint32_t index, uint32_t depth, uint32_t distinct)
{
	ForestNode *node = nodes + index;
	uint32_t	feature = node->split & FOREST_FEATURE_MASK;
	int32_t		last_depth;
	double		path_share;
	double		expected_left,
				expected_right;

	count_visit(builder);
	if (node->left == 0)
	{
		if (depth > builder->depth)
			builder->depth = depth;
		if (distinct > builder->distinct_max)
			builder->distinct_max = distinct;
		return node->u.leaf;
	}

	last_depth = builder->last_depth[feature];
	path_share = builder->path_share[feature];
	if (last_depth < 0)
	{
		path_share = 1.0;
		distinct++;
	}
	else
	{
		ForestRepeat *repeat = section_extend(builder, &builder->repeats, 1);
		size_t		number = builder->repeats.count - builder->repeats_begin;

		repeat->ancestor_depth = (uint32_t) last_depth;
		builder->repeat_shares = core_grow(builder->host, builder->repeat_shares,
										   &builder->repeat_shares_capacity, number, sizeof(double));
		builder->repeat_shares[number - 1] = path_share;
		node->repeat = (uint32_t) builder->repeats.count;
	}

	builder->last_depth[feature] = (int32_t) depth;
	builder->path_share[feature] = path_share * (1.0 - right_shares[index]);
	expected_left = walk_paths(builder, nodes, right_shares, node->left, depth + 1, distinct);
	builder->path_share[feature] = path_share * right_shares[index];
	expected_right = walk_paths(builder, nodes, right_shares, node->left + 1, depth + 1, distinct);
	builder->last_depth[feature] = last_depth;
	builder->path_share[feature] = path_share;

	return expected_right + (1.0 - right_shares[index]) * (expected_left - expected_right);
}

/* The quadrature factors of the tree's repeats, now that its rule is known. */
static void
add_factors(Builder *builder, const ForestTree *tree)
{
	for (size_t i = builder->repeats_begin; i < builder->repeats.count; i++)
	{
		double		share = builder->repeat_shares[i - builder->repeats_begin];
		double	   *factors = section_extend(builder, &builder->factors, 2 * (size_t) tree->lanes);
		const double *rule = (double *) builder->points.data + tree->rule;

		count_visit(builder);
		((ForestRepeat *) builder->repeats.data)[i].factors =
			(uint32_t) (factors - (double *) builder->factors.data);
		for (uint32_t lane = 0; lane < tree->lanes; lane++)
		{
			size_t		at = 2 * FOREST_LANES * (size_t) (lane / FOREST_LANES) + lane % FOREST_LANES;
			double		complement = rule[at];
			double		weight = rule[at + FOREST_LANES];
			double		b = (1.0 - complement) + complement * share;

			factors[at] = complement * share / b;
			factors[at + FOREST_LANES] = weight * share / (b * b);
		}
	}
}

static void
add_tree(Builder *builder, const ModelTree *source)
{
	ForestTree	tree = {0};
	double		expected;

	builder->tree = source;
	builder->depth = 0;
	builder->distinct_max = 0;
	builder->repeats_begin = builder->repeats.count;

	tree.node_begin = (uint32_t) builder->nodes.count;
	tree.node_count = order_nodes(builder);
	tree.group = source->group;
	add_nodes(builder, tree.node_count);
	expected = walk_paths(builder, (ForestNode *) builder->nodes.data + tree.node_begin,
						  (const double *) builder->right_shares.data + tree.node_begin, 0, 0, 0);
	tree.depth = builder->depth;
	tree.rule = rule_for(builder, builder->distinct_max, &tree.lanes);
	add_factors(builder, &tree);
	*(ForestTree *) section_extend(builder, &builder->trees, 1) = tree;
	((double *) builder->biases.data)[source->group] += expected;
	if (tree.depth > builder->max_depth)
		builder->max_depth = tree.depth;
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
	header.nodes = place(&builder->nodes, &header.size);
	header.right_shares = place(&builder->right_shares, &header.size);
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
	header.node_count = builder->nodes.count;
	header.objective = (uint32_t) strings_begin + objective;

	/* until here references were indexes into sections; now they become offsets */
	features = builder->features.data;
	for (size_t i = 0; i < builder->features.count; i++)
	{
		features[i].name += (uint32_t) strings_begin;
		features[i].categories = (uint32_t) (categories_begin +
											 features[i].categories * sizeof(ForestCategory));
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
	put(image, header.nodes, &builder->nodes);
	put(image, header.right_shares, &builder->right_shares);
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
		.nodes.size = sizeof(ForestNode),
		.right_shares.size = sizeof(double),
		.category_words.size = sizeof(uint32_t),
		.repeats.size = sizeof(ForestRepeat),
		.factors.size = sizeof(double),
		.points.size = sizeof(double),
		.linear_weights.size = sizeof(float)
	};

	builder.objective = objective_find(model->objective);
	if (model->booster != MODEL_GBLINEAR)
		builder.tree_count = rounds == 0 ? 0 : model->round_ends[rounds - 1];
	builder.rules = core_allocate(host, MODEL_DEPTH_MAX, sizeof(uint32_t));
	builder.last_depth = core_allocate(host, model->feature_count, sizeof(int32_t));
	builder.path_share = core_allocate(host, model->feature_count, sizeof(double));
	for (uint32_t feature = 0; feature < model->feature_count; feature++)
		builder.last_depth[feature] = -1;

	for (uint32_t feature = 0; feature < model->feature_count; feature++)
		add_feature(&builder, feature, feature_names);
	add_base(&builder);
	if (model->booster == MODEL_GBLINEAR)
		add_linear(&builder);
	for (uint32_t tree = 0; tree < builder.tree_count; tree++)
	{
		host->check_interrupts(host);
		add_tree(&builder, &model->trees[tree]);
	}
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

const char *
forest_header_error(const void *image, size_t size)
{
	const ForestImage *header = image;

	if (size < sizeof(ForestImage))
		return "the image is shorter than its header";
	if (header->magic != FOREST_MAGIC)
		return "the image does not begin with the mark of a forest image";
	if (header->format != FOREST_FORMAT)
		return "the image has another release's format";
	if (header->size > size)
		return "the image is longer than the memory that holds it";
	return NULL;
}

/* Is an array of count elements at this offset inside the image, and aligned? */
static bool
inside(const ForestImage *image, uint64_t offset, uint64_t count, size_t size)
{
	return offset <= image->size && count <= (image->size - offset) / size &&
		offset % (size < sizeof(uint64_t) ? size : sizeof(uint32_t)) == 0;
}

/* The tables of the image begin at multiples of this. */
static bool
aligned(const ForestImage *image)
{
	uint64_t	offsets = image->features | image->base_margins | image->biases | image->trees |
		image->nodes | image->right_shares | image->category_words | image->repeats |
		image->factors | image->points | image->linear_weights;

	return offsets % SECTION_ALIGNMENT == 0;
}

static bool
string_inside(const ForestImage *image, uint64_t offset)
{
	return offset < image->size &&
		memchr(FOREST_AT(image, char, offset), '\0', image->size - offset) != NULL;
}

static const char *
tree_error(const ForestImage *image, const ForestTree *tree)
{
	const ForestNode *nodes = FOREST_AT(image, ForestNode, image->nodes) + tree->node_begin;
	uint64_t	repeat_count = (image->factors - image->repeats) / sizeof(ForestRepeat);
	uint64_t	factor_count = (image->points - image->factors) / sizeof(double);
	uint64_t	word_count = (image->repeats - image->category_words) / sizeof(uint32_t);

	if ((uint64_t) tree->node_begin + tree->node_count > image->node_count || tree->node_count == 0)
		return "a tree's nodes are outside the image";
	if (tree->group >= image->group_count)
		return "a tree adds to an output group that does not exist";
	if (tree->depth > MODEL_DEPTH_MAX || tree->lanes % FOREST_LANES != 0 ||
		(uint64_t) tree->rule + 2 * (uint64_t) tree->lanes > (image->linear_weights - image->points) / sizeof(double))
		return "a tree's quadrature rule is outside the image";
	for (uint32_t i = 0; i < tree->node_count; i++)
	{
		const ForestNode *node = nodes + i;

		if (node->left == 0)
			continue;
		if (node->left <= i || node->left + 1 >= tree->node_count)
			return "a split's children are outside its tree or before it";
		if ((node->split & FOREST_FEATURE_MASK) >= image->feature_count)
			return "a split reads a feature that does not exist";
		if (node->split & FOREST_CATEGORICAL)
		{
			const uint32_t *words = FOREST_AT(image, uint32_t, image->category_words);

			if (node->u.category_set >= word_count ||
				(words[node->u.category_set] & ~FOREST_CATEGORY_LIST) >= word_count - node->u.category_set)
				return "a split's category set is outside the image";
		}
		if (node->repeat != 0)
		{
			const ForestRepeat *repeat = FOREST_AT(image, ForestRepeat, image->repeats) + node->repeat - 1;

			if (node->repeat > repeat_count || repeat->ancestor_depth >= MODEL_DEPTH_MAX ||
				(uint64_t) repeat->factors + 2 * (uint64_t) tree->lanes > factor_count)
				return "a repeated split's factors are outside the image";
		}
	}
	return NULL;
}

const char *
forest_error(const void *data, size_t size)
{
	const ForestImage *image = data;
	const char *error = forest_header_error(data, size);

	if (error != NULL)
		return error;
	if (!aligned(image) ||
		!inside(image, image->features, image->feature_count, sizeof(ForestFeature)) ||
		!inside(image, image->base_margins, image->group_count, sizeof(float)) ||
		!inside(image, image->biases, image->group_count, sizeof(double)) ||
		!inside(image, image->trees, image->tree_count, sizeof(ForestTree)) ||
		!inside(image, image->nodes, image->node_count, sizeof(ForestNode)) ||
		!inside(image, image->right_shares, image->node_count, sizeof(double)) ||
		image->category_words > image->repeats || image->repeats > image->factors ||
		image->factors > image->points || image->points > image->linear_weights ||
		!inside(image, image->linear_weights, 0, 1) ||
		(image->booster == MODEL_GBLINEAR &&
		 !inside(image, image->linear_weights,
				 ((uint64_t) image->feature_count + 1) * image->group_count, sizeof(float))) ||
		!string_inside(image, image->objective))
		return "a table is outside the image";
	for (uint32_t i = 0; i < image->feature_count; i++)
	{
		const ForestFeature *feature = FOREST_AT(image, ForestFeature, image->features) + i;

		if (!string_inside(image, feature->name) ||
			!inside(image, feature->categories, feature->category_count, sizeof(ForestCategory)))
			return "a feature's name or categories are outside the image";
		for (uint32_t k = 0; k < feature->category_count; k++)
			if (!string_inside(image, FOREST_AT(image, ForestCategory, feature->categories)[k].name))
				return "a category's name is outside the image";
	}
	for (uint32_t i = 0; i < image->tree_count; i++)
	{
		error = tree_error(image, FOREST_AT(image, ForestTree, image->trees) + i);
		if (error != NULL)
			return error;
	}
	return NULL;
}
