/*
 * core.c
 *		The core against libxgboost's C API, in one process, on one thread.
 *
 *		core NAME FEATURES [MARGINS]
 *		core NAME FEATURES beside
 *		core NAME FEATURES growth
 *		core NAME FEATURES bulk ROWS
 *
 * reads NAME.ubj and NAME.rows (train.py), and prints one line for every
 * repetition of every measurement, "what value", in seconds a row, seconds or
 * bytes; report.py makes medians of them.  Repetitions alternate, theirs, ours,
 * theirs, ours, so that a slow moment of the machine falls on both.  MARGINS is
 * a file to write the margins of libxgboost to, for a COPY.  With "beside" only
 * libxgboost is measured, and only once: beside what a server does meanwhile.
 * With "growth" there are fewer repetitions, and loading is left out; with "bulk"
 * only margins are measured, of a matrix of ROWS rows, those of the file again
 * and again.
 *
 * Every margin is compared, to the bit, before anything is measured; one that
 * differs ends the program with status 1, and so does a contribution that is
 * farther from libxgboost's than its float32 sums explain.
 */
#define _GNU_SOURCE

#include "unit.h"

#include "evaluate.h"
#include "explain.h"
#include "forest.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xgboost/c_api.h>

#define REPETITIONS		9
#define FEWER			3		/* repetitions for "growth" and "bulk" */
#define COLD_ROWS		10		/* margins with cold caches, in a repetition */
#define COLD_BYTES		(128 << 20)	/* read in between: more than a processor's caches hold */
#define BESIDE_ROWS		100		/* explained with "beside" */
#define BULK_ROWS		20000	/* in a matrix of libxgboost's bulk prediction */
#define ALONE_ROWS		500		/* predicted one row at a time */
#define EXPLAIN_SECONDS	0.5		/* contributions: rows for about so long, ... */
#define EXPLAIN_ROWS	200		/* ... but no more for libxgboost than this ... */
#define EXPLAIN_OURS	2000	/* ... and so many for us, or as many as take us as long */

#define MARGIN_CONFIG \
	"{\"type\": 1, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0," \
	" \"strict_shape\": false, \"missing\": NaN, \"cache_id\": 0}"
#define CONTRIBUTIONS_CONFIG \
	"{\"type\": 2, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": 0," \
	" \"strict_shape\": false}"

#define XGB(call) \
	do { \
		if ((call) != 0) \
			die("libxgboost: %s", XGBGetLastError()); \
	} while (0)

typedef struct Building
{
	const Model *model;
	ForestImage *image;
} Building;

static uint32_t features;
static size_t row_count;
static const float *rows;
static const uint8_t *bytes;
static size_t byte_count;

/* ours */
static UnitHost unit;
static ForestImage *image;
static ForestValue *vector;
static double *contributions;
static double *scratch;

static volatile float sink;		/* results go somewhere */

static void CORE_PRINTF(1, 2)
die(const char *format,...)
{
	va_list		arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + 1e-9 * time.tv_nsec;
}

static void
result(const char *what, double value)
{
	printf("%s %.9g\n", what, value);
	fflush(stdout);
}

/*
 * Memory that belongs to this process alone: neither shared, nor pages of files
 * that the page cache holds anyway.
 */
static double
anonymous_bytes(void)
{
	FILE	   *file = fopen("/proc/self/smaps_rollup", "r");
	char		line[200];
	double		kilobytes = -1;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "Anonymous: %lf kB", &kilobytes);
	if (kilobytes < 0)
		die("/proc/self/smaps_rollup tells no anonymous memory");
	fclose(file);
	return 1024 * kilobytes;
}

/* ---------- theirs ---------- */

static BoosterHandle
load_booster(void)
{
	BoosterHandle booster;

	XGB(XGBoosterCreate(NULL, 0, &booster));
	XGB(XGBoosterSetParam(booster, "nthread", "1"));
	XGB(XGBoosterLoadModelFromBuffer(booster, bytes, byte_count));
	XGB(XGBoosterSetParam(booster, "nthread", "1"));
	return booster;
}

static const float *
predict(BoosterHandle booster, size_t first, size_t count)
{
	char		matrix[300];
	bst_ulong const *shape;
	bst_ulong	dimensions;
	const float *margins;

	snprintf(matrix, sizeof(matrix),
			 "{\"data\": [%zu, true], \"shape\": [%zu, %u], \"typestr\": \"<f4\", \"version\": 3}",
			 (size_t) (rows + first * features), count, features);
	XGB(XGBoosterPredictFromDense(booster, matrix, MARGIN_CONFIG, NULL, &shape, &dimensions, &margins));
	return margins;
}

static const float *
predict_contributions(BoosterHandle booster, DMatrixHandle matrix)
{
	bst_ulong const *shape;
	bst_ulong	dimensions;
	const float *values;

	XGB(XGBoosterPredictFromDMatrix(booster, matrix, CONTRIBUTIONS_CONFIG, &shape, &dimensions, &values));
	return values;
}

static DMatrixHandle
make_matrix(size_t count)
{
	DMatrixHandle matrix;

	XGB(XGDMatrixCreateFromMat(rows, count, features, NAN, &matrix));
	return matrix;
}

/* ---------- ours ---------- */

static void
build(CoreHost *host, void *argument)
{
	Building   *building = argument;

	building->image = forest_build(host, building->model, building->model->round_count, NULL);
}

/* Reads, checks and compiles the model: what its first use on a server costs. */
static ForestImage *
load_image(void)
{
	Building	building;

	building.model = unit_read_model(&unit, bytes, byte_count, 0);
	if (building.model == NULL || !unit_run(&unit, build, &building))
		die("the model is refused: %s", unit.detail);
	return building.image;
}

static void
prepare(size_t row)
{
	memcpy(vector, rows + row * features, features * sizeof(float));
	forest_prepare(image, vector);
}

static float
margin(size_t row)
{
	float		answer;

	prepare(row);
	forest_margins(image, vector, &answer);
	return answer;
}

static void
explain(size_t row)
{
	prepare(row);
	forest_contributions(&unit.host, image, vector, contributions, scratch);
}

/* Many rows: in batches, as an aggregate gets them */
static void
explain_rows(size_t count)
{
	size_t		vector_length = forest_vector_length(features);

	for (size_t first = 0; first < count; first += FOREST_BATCH)
	{
		size_t		rows_left = count - first;
		uint32_t	batch = rows_left < FOREST_BATCH ? (uint32_t) rows_left : FOREST_BATCH;

		for (uint32_t i = 0; i < batch; i++)
		{
			memcpy(vector + i * vector_length, rows + (first + i) * features, features * sizeof(float));
			forest_prepare(image, vector + i * vector_length);
		}
		forest_batch_contributions(&unit.host, image, vector, batch, contributions, scratch);
	}
}

/* ---------- together ---------- */

static void
compare_margins(BoosterHandle booster, const char *path)
{
	FILE	   *file = path != NULL ? fopen(path, "w") : NULL;
	const float *theirs = predict(booster, 0, row_count);
	size_t		different = 0;

	if (path != NULL && file == NULL)
		die("%s cannot be written", path);
	for (size_t i = 0; i < row_count; i++)
	{
		float		mine = margin(i);

		different += memcmp(&mine, &theirs[i], sizeof(float)) != 0;
		if (file != NULL)
			fprintf(file, "%zu,%.9g\n", i + 1, theirs[i]);
	}
	if (file != NULL && fclose(file) != 0)
		die("%s cannot be written", path);
	result("margins", row_count);
	result("margins_different", different);
	if (different > 0)
		die("%zu of %zu margins are not libxgboost's", different, row_count);
}

/* Theirs are sums of float32 in another order: near, not equal. */
static void
compare_contributions(const float *theirs, size_t count)
{
	double		farthest = 0;
	double		off = 0;

	for (size_t i = 0; i < count; i++)
	{
		double		sum = 0;

		explain(i);
		for (size_t j = 0; j <= features; j++)
		{
			farthest = fmax(farthest, fabs(contributions[j] - theirs[i * (features + 1) + j]));
			sum += contributions[j];
		}
		off = fmax(off, fabs(sum - margin(i)));
	}
	result("contributions_farthest", farthest);
	result("contributions_sum_off", off);
	if (!(farthest < 1e-3 && off < 1e-3))
		die("contributions differ by %g, their sums by %g", farthest, off);
}

/*
 * Reads more than the caches hold, so that the next row finds neither the model
 * nor the code: the row of a session that had something else to do.
 */
static void
forget(void)
{
	static uint64_t *other = NULL;
	uint64_t	sum = 0;

	if (other == NULL)
	{
		other = malloc(COLD_BYTES);
		if (other == NULL)
			die("out of memory");
		memset(other, 1, COLD_BYTES);
	}
	for (size_t i = 0; i < COLD_BYTES / sizeof(uint64_t); i += 8)
		sum += other[i];
	sink = sum;
}

static void
measure_cold(BoosterHandle booster)
{
	double		begun;

	for (size_t row = 0; row < COLD_ROWS; row++)
	{
		forget();
		begun = now();
		sink = predict(booster, row, 1)[0];
		result("margin_libxgboost_cold", now() - begun);

		forget();
		begun = now();
		sink = margin(row);
		result("margin_core_cold", now() - begun);
	}
}

/* A matrix of so many rows, whose end is the rows of the file again and again. */
static void
repeat_rows(size_t count)
{
	float	   *more = malloc(count * features * sizeof(float));

	if (more == NULL)
		die("out of memory");
	for (size_t i = 0; i < count; i++)
		memcpy(more + i * features, rows + i % row_count * features, features * sizeof(float));
	rows = more;
	row_count = count;
}

static void
measure_bulk(BoosterHandle booster)
{
	double		begun;

	for (int i = 0; i < FEWER; i++)
	{
		begun = now();
		sink = predict(booster, 0, row_count)[0];
		result("margin_libxgboost_bulk", (now() - begun) / row_count);

		begun = now();
		for (size_t row = 0; row < row_count; row++)
			sink = margin(row);
		result("margin_core", (now() - begun) / row_count);
	}
}

static void
measure_beside(BoosterHandle booster)
{
	size_t		bulk = row_count < BULK_ROWS ? row_count : BULK_ROWS;
	size_t		explained = row_count < BESIDE_ROWS ? row_count : BESIDE_ROWS;
	DMatrixHandle matrix = make_matrix(explained);
	double		begun;

	sink = predict(booster, 0, bulk)[0];	/* warm */
	begun = now();
	sink = predict(booster, 0, bulk)[0];
	result("beside_bulk", (now() - begun) / bulk);
	begun = now();
	predict_contributions(booster, matrix);
	result("beside_contributions", (now() - begun) / explained);
}

static size_t
affordable(double seconds, size_t most)
{
	double		count = EXPLAIN_SECONDS / seconds;

	if (count > most)
		return most;
	return count < 2 ? 2 : (size_t) count;
}

int
main(int argc, char **argv)
{
	char		path[5000];
	size_t		length;
	size_t		bulk;
	size_t		theirs_explained;
	size_t		ours_explained;
	double		begun;
	double		memory;
	BoosterHandle booster;
	DMatrixHandle matrix;
	int			version[3];
	const char *what = argc > 3 ? argv[3] : "";
	bool		growth = strcmp(what, "growth") == 0;
	bool		in_bulk = strcmp(what, "bulk") == 0 && argc > 4;
	int			repetitions = growth ? FEWER : REPETITIONS;

	if (argc < 3)
		die("usage: core NAME FEATURES [MARGINS | beside | growth | bulk ROWS]");
	features = atoi(argv[2]);
	snprintf(path, sizeof(path), "%s.ubj", argv[1]);
	bytes = unit_read_file(path, &byte_count);
	snprintf(path, sizeof(path), "%s.rows", argv[1]);
	rows = (float *) unit_read_file(path, &length);
	if (bytes == NULL || rows == NULL || features == 0)
		die("no model or rows at %s", argv[1]);
	row_count = length / sizeof(float) / features;
	bulk = row_count < BULK_ROWS ? row_count : BULK_ROWS;
	if (strcmp(what, "beside") == 0)
	{
		measure_beside(load_booster());
		return 0;
	}
	XGBoostVersion(&version[0], &version[1], &version[2]);
	printf("xgboost_version %d.%d.%d\n", version[0], version[1], version[2]);

	/* memory first, while the heap is as good as empty: a booster that has predicted once */
	memory = anonymous_bytes();
	booster = load_booster();
	sink = predict(booster, 0, 1)[0];
	result("memory_libxgboost", anonymous_bytes() - memory);

	unit_host_init(&unit);
	/* where a server has an image: at the start of a cache line */
	{
		ForestImage *built = load_image();
		size_t		size = (built->size + 63) / 64 * 64;

		image = aligned_alloc(64, size);
		if (image == NULL)
			die("out of memory");
		memcpy(image, built, built->size);
		unit_host_reset(&unit);
	}
	if (image->group_count != 1 || image->feature_count != features)
		die("the model has %u features and %u outputs", image->feature_count, image->group_count);
	result("image_bytes", image->size);
	vector = malloc(FOREST_BATCH * forest_vector_length(features) * sizeof(ForestValue));
	contributions = malloc(FOREST_BATCH * (features + 1) * sizeof(double));
	scratch = malloc(forest_batch_scratch(image) * sizeof(double));
	if (vector == NULL || contributions == NULL || scratch == NULL)
		die("out of memory");

	if (in_bulk)
		repeat_rows(strtoul(argv[4], NULL, 10));
	compare_margins(booster, *what == 0 || growth || in_bulk ? NULL : what);
	if (in_bulk)
	{
		measure_bulk(booster);
		return 0;
	}

	/* margins; one row in libxgboost's bulk and alone, and ours, which has one way only */
	for (int i = 0; i < repetitions; i++)
	{
		begun = now();
		sink = predict(booster, 0, bulk)[0];
		result("margin_libxgboost_bulk", (now() - begun) / bulk);

		begun = now();
		for (size_t row = 0; row < bulk; row++)
			sink = margin(row);
		result("margin_core", (now() - begun) / bulk);

		/* the part of it that does not depend on the trees */
		begun = now();
		for (size_t row = 0; row < bulk; row++)
			prepare(row);
		result("prepare_core", (now() - begun) / bulk);

		begun = now();
		for (size_t row = 0; row < ALONE_ROWS; row++)
			sink = predict(booster, row, 1)[0];
		result("margin_libxgboost_alone", (now() - begun) / ALONE_ROWS);

		measure_cold(booster);
	}

	/* contributions */
	matrix = make_matrix(2);
	predict_contributions(booster, matrix);
	begun = now();
	predict_contributions(booster, matrix);
	theirs_explained = affordable((now() - begun) / 2, row_count < EXPLAIN_ROWS ? row_count : EXPLAIN_ROWS);
	XGB(XGDMatrixFree(matrix));
	matrix = make_matrix(theirs_explained);
	compare_contributions(predict_contributions(booster, matrix), theirs_explained);
	begun = now();
	explain(0);
	explain(1);
	ours_explained = affordable((now() - begun) / 2, row_count < EXPLAIN_OURS ? row_count : EXPLAIN_OURS);
	for (int i = 0; i < repetitions; i++)
	{
		begun = now();
		predict_contributions(booster, matrix);
		result("contributions_libxgboost", (now() - begun) / theirs_explained);

		begun = now();
		for (size_t row = 0; row < ours_explained; row++)
			explain(row);
		result("contributions_core", (now() - begun) / ours_explained);

		begun = now();
		explain_rows(ours_explained);
		result("contributions_batch", (now() - begun) / ours_explained);
	}

	/* loading */
	for (int i = 0; !growth && i < repetitions; i++)
	{
		BoosterHandle another;

		begun = now();
		another = load_booster();
		result("load_libxgboost", now() - begun);
		XGB(XGBoosterFree(another));

		begun = now();
		load_image();
		result("load_core", now() - begun);
		unit_host_reset(&unit);
	}
	return 0;
}
