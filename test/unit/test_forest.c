/*
 * test_forest.c
 *		Margins, predictions and contributions against XGBoost's own answers.
 *
 * argv[1] is a folder of golden cases: models that real XGBoost releases wrote,
 * with the rows and answers of the same release.  For every case and encoding:
 * margins must be equal to the bit, predictions to one unit in the last place of
 * a float32, contributions within 1e-4 (XGBoost computes them in float32), and
 * contributions must add up to the margin.  All kernels must give the same bits.
 */
#include "unit.h"

#include "evaluate.h"
#include "explain.h"
#include "forest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ----------
 * Tables of floats
 * ----------
 */
typedef struct Table
{
	size_t		rows;
	size_t		columns;
	float	   *cells;
} Table;

/* The columns named in the header, or of the first line. */
static Table
read_table(const char *folder, const char *file, bool has_header)
{
	char		path[5000];
	size_t		length;
	char	   *text;
	Table		table = {0};
	size_t		capacity = 0;
	size_t		cells = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	text = (char *) unit_read_file(path, &length);
	if (text == NULL)
		return table;
	for (char *line = text, *next; *line != '\0'; line = next)
	{
		char	   *end = strchr(line, '\n');

		next = end != NULL ? end + 1 : line + strlen(line);
		if (end != NULL)
			*end = '\0';
		if (table.columns == 0)
		{
			table.columns = 1;
			for (const char *p = line; *p != '\0'; p++)
				table.columns += *p == ',';
		}
		if (has_header)
		{
			has_header = false;
			continue;
		}
		table.rows++;
		for (size_t column = 0; column < table.columns; column++)
		{
			char	   *comma = strchr(line, ',');
			char	   *rest;

			if (comma != NULL)
				*comma = '\0';
			if (cells == capacity)
			{
				capacity = capacity ? 2 * capacity : 1024;
				table.cells = realloc(table.cells, capacity * sizeof(float));
			}
			table.cells[cells] = strtof(line, &rest);
			if (rest == line || *rest != '\0')
				table.cells[cells] = NAN;
			cells++;
			line = comma != NULL ? comma + 1 : line + strlen(line);
		}
	}
	free(text);
	return table;
}

/* A named column's text cells must be turned into codes by the image's categories. */
static void
read_category_columns(const char *folder, const ForestImage *image, Table *rows)
{
	char		path[5000];
	size_t		length;
	char	   *text;
	char	   *line;

	snprintf(path, sizeof(path), "%s/rows.csv", folder);
	text = (char *) unit_read_file(path, &length);
	if (text == NULL)
		return;
	line = strchr(text, '\n') + 1;
	for (size_t row = 0; row < rows->rows; row++)
		for (size_t column = 0; column < rows->columns; column++)
		{
			size_t		cell = strcspn(line, ",\n");

			if (FOREST_AT(image, ForestFeature, image->features)[column].kind == FOREST_CATEGORY_NAMES && cell > 0)
				rows->cells[row * rows->columns + column] =
					(float) forest_category_code(image, (uint32_t) column, line, cell);
			line += cell + 1;
		}
	free(text);
}

/* ----------
 * Cases
 * ----------
 */
#define KERNEL_ROWS 40			/* of each case, on which kernels are compared */

typedef struct Build
{
	const Model *model;
	uint32_t	rounds;
	ForestImage *image;
} Build;

static void
build(CoreHost *host, void *argument)
{
	Build	   *request = argument;

	request->image = forest_build(host, request->model, request->rounds, NULL);
}

static bool
within_one_ulp(float a, float b)
{
	return a == b || nextafterf(a, b) == b;
}

/*
 * Contributions must be the same bits from every kernel that this processor has,
 * for one row and for batches, full and not.
 */
static void
compare_kernels(UnitHost *unit, const ForestImage *image, const float *cells, size_t rows)
{
	static const char *const kernels[] = {"portable", "avx2", "avx512"};
	size_t		length = forest_vector_length(image->feature_count);
	size_t		row_size = image->group_count * ((size_t) image->feature_count + 1);
	ForestValue *vectors = calloc(rows * length, sizeof(ForestValue));
	double	   *expected = calloc(rows * row_size, sizeof(double));
	double	   *actual = calloc(rows * row_size, sizeof(double));
	double	   *scratch = calloc(forest_batch_scratch(image), sizeof(double));

	for (size_t row = 0; row < rows; row++)
	{
		memcpy(vectors + row * length, cells + row * image->feature_count,
			   image->feature_count * sizeof(float));
		forest_prepare(image, vectors + row * length);
	}
	for (size_t kernel = 0; kernel < sizeof(kernels) / sizeof(kernels[0]); kernel++)
	{
		size_t		different = 0;

		if (!forest_use_kernel(kernels[kernel]))
		{
			CHECK(kernel > 0);		/* every processor has the first */
			continue;
		}
		for (size_t row = 0; row < rows; row++)
			forest_contributions(&unit->host, image, vectors + row * length,
								 (kernel == 0 ? expected : actual) + row * row_size, scratch);
		if (kernel > 0)
			different = memcmp(expected, actual, rows * row_size * sizeof(double)) != 0;
		CHECK_MESSAGE(different == 0, "kernel %s differs from the portable one", kernels[kernel]);

		for (uint32_t batch = FOREST_BATCH; batch > 0; batch -= FOREST_BATCH / 2 - 1)
		{
			memset(actual, 0, rows * row_size * sizeof(double));
			for (size_t row = 0; row < rows; row += batch)
				forest_batch_contributions(&unit->host, image, vectors + row * length,
										   rows - row < batch ? (uint32_t) (rows - row) : batch,
										   actual + row * row_size, scratch);
			for (size_t row = 0; row < rows; row++)
				different += memcmp(expected + row * row_size, actual + row * row_size,
									row_size * sizeof(double)) != 0;
			CHECK_MESSAGE(different == 0, "kernel %s by %u rows differs from one row at a time in %zu",
						  kernels[kernel], batch, different);
			if (batch < FOREST_BATCH / 2)
				break;
		}
	}
	free(vectors);
	free(expected);
	free(actual);
	free(scratch);
}

/*
 * What float32 sums of a model's leaves are exact to is a share of this: the sum of
 * the trees' largest leaves, at least 1.  A linear model's terms are no larger than
 * its margins in these cases.
 */
static double
leaf_scale(const Model *model)
{
	double		sum = 0.0;

	for (uint32_t i = 0; i < model->tree_count; i++)
	{
		double		largest = 0.0;

		for (uint32_t k = 0; k < model->trees[i].node_count; k++)
			if (model->trees[i].nodes[k].left < 0)
				largest = fmax(largest, fabs(model->trees[i].nodes[k].value * model->trees[i].weight));
		sum += largest;
	}
	return fmax(1.0, sum);
}

static void
check_case(UnitHost *unit, const char *folder, const char *encoding, size_t *cases)
{
	char		path[5000];
	size_t		length;
	uint8_t    *bytes;
	Build		request = {0};
	Table		rows,
				margins,
				predictions,
				contributions;
	uint32_t	groups;
	size_t		stride;
	ForestValue *vector;
	float	   *margin;
	float	   *output;
	double	   *contribution;
	double	   *scratch;
	size_t		wrong_margins = 0;
	size_t		wrong_predictions = 0;
	double		worst = 0.0;
	double		worst_sum = 0.0;
	double		leaves;

	snprintf(path, sizeof(path), "%s/model.%s", folder, encoding);
	bytes = unit_read_file(path, &length);
	if (bytes == NULL)
		return;					/* a large case is kept in one encoding only */
	request.model = unit_read_model(unit, bytes, length, 0);
	free(bytes);
	if (request.model == NULL && unit->code == CORE_UNSUPPORTED_MODEL && strstr(folder, "vector-leaf") != NULL)
		return;					/* test_reader looks at refusals */
	unit_group("%s, %s", strrchr(folder, '/') + 1, encoding);
	if (!CHECK_MESSAGE(request.model != NULL, "the model is refused: %s", unit->detail))
		return;
	request.rounds = request.model->round_count;
	if (request.model->booster != MODEL_GBLINEAR && request.model->best_iteration >= 0)
		request.rounds = (uint32_t) request.model->best_iteration + 1;
	if (!CHECK_MESSAGE(unit_run(unit, build, &request), "the image is refused: %s", unit->detail))
		return;
	CHECK_MESSAGE(forest_error(request.image, request.image->size) == NULL,
				  "%s", forest_error(request.image, request.image->size));

	rows = read_table(folder, "rows.csv", true);
	margins = read_table(folder, "margin.csv", false);
	predictions = read_table(folder, "predict.csv", false);
	contributions = read_table(folder, "contribs.csv", false);
	leaves = leaf_scale(request.model);
	groups = request.image->group_count;
	stride = (size_t) request.image->feature_count + 1;
	vector = calloc(forest_vector_length(request.image->feature_count), sizeof(ForestValue));
	scratch = calloc(forest_contributions_scratch(request.image), sizeof(double));
	margin = calloc(groups, sizeof(float));
	output = calloc(groups, sizeof(float));
	contribution = calloc(groups * stride, sizeof(double));
	read_category_columns(folder, request.image, &rows);

	CHECK(rows.rows > 0 && rows.columns == request.image->feature_count);
	CHECK(margins.rows == rows.rows && margins.columns == groups);
	CHECK(predictions.rows == rows.rows);
	CHECK(contributions.rows == rows.rows * groups && contributions.columns == stride);
	for (size_t row = 0; row < rows.rows && row < margins.rows; row++)
	{
		memcpy(vector, rows.cells + row * rows.columns, rows.columns * sizeof(float));
		forest_prepare(request.image, vector);
		forest_margins(request.image, vector, margin);
		objective_predict((ObjectiveTransform) request.image->transform, margin, groups, output);
		for (uint32_t group = 0; group < groups; group++)
			wrong_margins += memcmp(&margin[group], &margins.cells[row * groups + group], sizeof(float)) != 0;
		for (size_t k = 0; k < predictions.columns; k++)
			wrong_predictions += !within_one_ulp(output[k], predictions.cells[row * predictions.columns + k]);

		if ((row + 1) * groups > contributions.rows)
			continue;
		forest_contributions(&unit->host, request.image, vector, contribution, scratch);
		for (uint32_t group = 0; group < groups; group++)
		{
			double		scale = request.image->booster == MODEL_GBLINEAR ? fmax(1.0, fabs(margin[group])) : leaves;
			double		sum = 0.0;

			for (size_t k = 0; k < stride; k++)
			{
				double		expected = contributions.cells[(row * groups + group) * stride + k];

				sum += contribution[group * stride + k];
				worst = fmax(worst, fabs(contribution[group * stride + k] - expected) / scale);
			}
			worst_sum = fmax(worst_sum, fabs(sum - margin[group]) / scale);
		}
	}
	CHECK_MESSAGE(wrong_margins == 0, "%zu of %zu margins differ", wrong_margins, rows.rows * groups);
	CHECK_MESSAGE(wrong_predictions == 0, "%zu of %zu predictions differ", wrong_predictions, rows.rows);
	CHECK_MESSAGE(worst <= 1e-6, "a contribution differs by %g of the leaves", worst);
	CHECK_MESSAGE(worst_sum <= 1e-6, "contributions and margin differ by %g of the leaves", worst_sum);
	compare_kernels(unit, request.image, rows.cells, rows.rows < KERNEL_ROWS ? rows.rows : KERNEL_ROWS);
	(*cases)++;

	free(rows.cells);
	free(margins.cells);
	free(predictions.cells);
	free(contributions.cells);
	free(margin);
	free(output);
	free(contribution);
	free(scratch);
	free(vector);
}

/* A damaged image is told from a whole one, or at least read without harm. */
static void
check_damage(UnitHost *unit, const char *folder)
{
	char		path[5000];
	size_t		length;
	uint8_t    *bytes;
	Build		request = {0};
	char	   *copy;
	size_t		size;
	uint32_t	random = 20261124;
	size_t		noticed = 0;

	snprintf(path, sizeof(path), "%s/model.ubj", folder);
	bytes = unit_read_file(path, &length);
	if (bytes == NULL)
		return;
	request.model = unit_read_model(unit, bytes, length, 0);
	free(bytes);
	unit_group("damaged image of %s", strrchr(folder, '/') + 1);
	request.rounds = request.model ? request.model->round_count : 0;
	if (!CHECK(request.model != NULL && unit_run(unit, build, &request)))
		return;
	size = request.image->size;
	copy = malloc(size);
	for (int i = 0; i < 2000; i++)
	{
		memcpy(copy, request.image, size);
		for (int k = 0; k < 3; k++)
		{
			random = random * 1664525 + 1013904223;
			copy[i % 2 ? random % size : random % sizeof(ForestImage)] ^= (char) (1u << (random >> 29));
		}
		noticed += forest_error(copy, size) != NULL;
	}
	CHECK_MESSAGE(noticed > 500, "only %zu of 2000 damages were noticed", noticed);
	memcpy(copy, request.image, size);
	CHECK(forest_header_error(copy, sizeof(ForestImage) - 1) != NULL);
	CHECK(forest_header_error(copy, size - 1) != NULL);
	((ForestImage *) copy)->format++;
	CHECK(forest_header_error(copy, size) != NULL);
	free(copy);
}

/* ----------
 * Values and thresholds that are no numbers
 * ----------
 */

/* A stump: threshold, where missing goes, names of its two features, attributes */
#define STUMP \
	"{\"version\": [1, 7, 4], \"learner\": {\"attributes\": {%s}, \"feature_names\": [%s]," \
	"\"feature_types\": [], \"gradient_booster\": {\"name\": \"gbtree\", \"model\": {" \
	"\"gbtree_model_param\": {\"num_trees\": \"1\"}, \"tree_info\": [0], \"trees\": [{" \
	"\"id\": 0, \"left_children\": [1, -1, -1], \"right_children\": [2, -1, -1]," \
	"\"split_conditions\": [%s, -1, 1], \"split_indices\": [0, 0, 0], \"default_left\": [%d, 0, 0]," \
	"\"sum_hessian\": [10, 5, 5]}]}}, \"learner_model_param\": {\"base_score\": \"0\"," \
	"\"num_class\": \"0\", \"num_feature\": \"2\"}, \"objective\": {\"name\": \"reg:squarederror\"}}}"

static bool
build_stump(UnitHost *unit, Build *request, const char *attributes, const char *names,
			const char *threshold, bool default_left)
{
	char		text[1024];

	snprintf(text, sizeof(text), STUMP, attributes, names, threshold, default_left);
	request->model = unit_read_model(unit, text, strlen(text), 0);
	request->rounds = 1;
	return CHECK_MESSAGE(request->model != NULL, "%s", unit->detail) && unit_run(unit, build, request);
}

/* The leaf, -1 or 1, that a value comes to, by both ways to walk there */
static float
stump_leaf(UnitHost *unit, const ForestImage *image, float value)
{
	ForestValue vector[6] = {{.value = value}, {.value = 0.0f}};
	float		margin;
	double		contributions[3];
	double	   *scratch = calloc(forest_contributions_scratch(image), sizeof(double));

	forest_prepare(image, vector);
	forest_margins(image, vector, &margin);
	forest_contributions(&unit->host, image, vector, contributions, scratch);
	free(scratch);
	CHECK(fabs(contributions[0] + contributions[2] - margin) < 1e-6);
	return margin;
}

static void
check_odd_values(UnitHost *unit)
{
	static const float present[] = {-INFINITY, -3e38f, -1.0f, -0.0f, 0.0f, 1e-45f, 1.0f, 3e38f, INFINITY};
	Build		request = {0};
	ForestValue vector[6] = {{.value = 1.0f}, {.value = 0.0f}};

	for (int default_left = 0; default_left < 2; default_left++)
	{
		unit_group("a threshold that is not a number, missing %s", default_left ? "left" : "right");
		if (CHECK(build_stump(unit, &request, "", "", "NaN", default_left)))
		{
			for (size_t i = 0; i < sizeof(present) / sizeof(present[0]); i++)
				CHECK_MESSAGE(stump_leaf(unit, request.image, present[i]) == 1.0f, "%g went left",
							  (double) present[i]);
			CHECK(stump_leaf(unit, request.image, NAN) == (default_left ? -1.0f : 1.0f));
		}
		unit_host_reset(unit);
	}

	unit_group("a number for missing");
	if (CHECK(build_stump(unit, &request, "\"scikit_learn\": \"{\\\"missing\\\": -999}\"", "", "0", false)))
	{
		CHECK(stump_leaf(unit, request.image, -999.0f) == 1.0f);
		CHECK(stump_leaf(unit, request.image, -999.0001f) == -1.0f);
		CHECK(stump_leaf(unit, request.image, NAN) == 1.0f);
	}
	unit_host_reset(unit);
	if (CHECK(build_stump(unit, &request, "\"scikit_learn\": \"{\\\"missing\\\": 0}\"", "", "1", false)))
		CHECK(stump_leaf(unit, request.image, 0.0f) == 1.0f && stump_leaf(unit, request.image, -0.0f) == 1.0f);
	unit_host_reset(unit);
	if (CHECK(build_stump(unit, &request, "\"scikit_learn\": \"{\\\"missing\\\": Infinity}\"", "", "1", true)))
		CHECK(stump_leaf(unit, request.image, INFINITY) == -1.0f);
	unit_host_reset(unit);

	unit_group("whether a value is infinite");
	if (CHECK(build_stump(unit, &request, "", "", "1", true)))
	{
		for (size_t i = 0; i < sizeof(present) / sizeof(present[0]); i++)
		{
			vector[1].value = present[i];
			CHECK_MESSAGE(forest_prepare(request.image, vector) == !!isinf(present[i]), "%g",
						  (double) present[i]);
		}
		vector[1].value = NAN;
		CHECK(!forest_prepare(request.image, vector));
		vector[1].value = -NAN;
		CHECK(!forest_prepare(request.image, vector));
	}
	unit_host_reset(unit);

	unit_group("what others than the model must say");
	CHECK(!build_stump(unit, &request, "", "\"a\", \"a\"", "1", true) && strstr(unit->detail, "occurs twice") != NULL);
	unit_host_reset(unit);
	CHECK(!build_stump(unit, &request, "\"scikit_learn\": \"{\\\"missing\\\": \\\"a\\\"}\"", "", "1", true) &&
		  strstr(unit->detail, "scikit_learn") != NULL);
	unit_host_reset(unit);
}

int
main(int argc, char **argv)
{
	UnitHost	unit;
	size_t		count;
	char	  **names;
	size_t		cases = 0;

	if (argc != 2)
	{
		fprintf(stderr, "usage: %s FOLDER_OF_GOLDEN_CASES\n", argv[0]);
		return 2;
	}
	unit_host_init(&unit);
	names = unit_list_directory(argv[1], &count);
	for (size_t i = 0; i < count; i++)
	{
		char		folder[4096];

		if (strstr(names[i], "-xgb") == NULL)
			continue;
		snprintf(folder, sizeof(folder), "%s/%s", argv[1], names[i]);
		check_case(&unit, folder, "json", &cases);
		unit_host_reset(&unit);
		check_case(&unit, folder, "ubj", &cases);
		unit_host_reset(&unit);
		if (strncmp(names[i], "categorical", 11) == 0 || strncmp(names[i], "dart", 4) == 0)
			check_damage(&unit, folder);
		unit_host_reset(&unit);
	}
	check_odd_values(&unit);
	unit_group("number of cases");
	CHECK_MESSAGE(cases >= 40, "only %zu cases were compared", cases);
	unit_free_list(names, count);
	return unit_finish();
}
