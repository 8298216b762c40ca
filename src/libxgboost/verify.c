/*
 * verify.c
 *		Models that libxgboost and we both know: comparing answers.
 *
 * risk.verify_model sends the bytes of a version, as they were imported, to
 * libxgboost in a trainer process, and the same rows to both: margins must agree
 * in every bit.  The rows come from a query, and are bound to features by name as
 * every row is, or are generated (generated_rows.c).
 *
 * The outcome goes into the registry, with the version of libxgboost.  It is
 * written as the registry's owner: whoever may call the function may have an
 * outcome written, but not make one up.
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "base/caller_query.h"
#include "base/plain_errors.h"
#include "base/result_row.h"
#include "core/evaluate.h"
#include "core/forest.h"
#include "libxgboost/failures.h"
#include "libxgboost/frames.h"
#include "libxgboost/generated_rows.h"
#include "libxgboost/trainer.h"
#include "models/acquire_image.h"
#include "models/owner_query.h"
#include "models/registry.h"
#include "models/server_host.h"
#include "models/stored_bytes.h"

#define ROWS_MAX 10000000
#define FETCH_ROWS 1000

/* ----------
 * Comparing
 * ----------
 */
typedef struct Comparison
{
	Trainer    *trainer;
	const ForestImage *forest;

	/* rows on their way */
	char	   *payload;		/* RowsHead, features[capacity][feature_count] */
	float	   *features;
	int			count;
	int			capacity;
	StringInfoData answer;
	ForestValue *vector;
	float	   *margins;

	int64		rows;
	int64		different;
	double		largest_difference;
	char		library[32];	/* version */
} Comparison;

static void
begin_comparison(Comparison *comparison, Trainer *trainer, const ForestImage *forest)
{
	Size		row_bytes = sizeof(float) * forest->feature_count;
	Size		widest = sizeof(float) * Max(forest->feature_count, forest->group_count);

	memset(comparison, 0, sizeof(*comparison));
	comparison->trainer = trainer;
	comparison->forest = forest;
	/* neither a block nor its answer may be too long for a frame */
	comparison->capacity = (int) (FRAME_PAYLOAD_USUAL / widest) + 1;
	comparison->payload = palloc(sizeof(RowsHead) + row_bytes * comparison->capacity);
	comparison->features = (float *) (comparison->payload + sizeof(RowsHead));
	initStringInfo(&comparison->answer);
	comparison->vector = MemoryContextAllocHuge(CurrentMemoryContext,
												forest_vector_length(forest->feature_count) *
													sizeof(ForestValue));
	comparison->margins = palloc(sizeof(float) * forest->group_count);
}

/* Sends the rows at hand and compares what comes back with our own margins. */
static void
compare_block(Comparison *comparison)
{
	const ForestImage *forest = comparison->forest;
	Size		row_bytes = sizeof(float) * forest->feature_count;
	Size		answer_bytes = sizeof(float) * forest->group_count;
	RowsHead	head = {.count = (uint32) comparison->count,
						.feature_count = forest->feature_count};
	MarginsHead answer;
	FrameKind	kind;

	if (comparison->count == 0)
		return;
	memcpy(comparison->payload, &head, sizeof(head));
	trainer_send(comparison->trainer, FRAME_VALUES, comparison->payload,
				 sizeof(head) + row_bytes * comparison->count);
	kind = trainer_receive(comparison->trainer, &comparison->answer);
	if (kind != FRAME_MARGINS || comparison->answer.len < (int) sizeof(answer))
		trainer_fail_frame(comparison->trainer, kind);
	memcpy(&answer, comparison->answer.data, sizeof(answer));
	if (answer.groups != forest->group_count)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("libxgboost has %u output groups for a model with %u", answer.groups,
						forest->group_count)));
	if (answer.count != head.count ||
		(Size) comparison->answer.len != sizeof(answer) + answer_bytes * answer.count)
		trainer_fail_frame(comparison->trainer, kind);

	for (int row = 0; row < comparison->count; row++)
	{
		const char *theirs = comparison->answer.data + sizeof(answer) + answer_bytes * row;
		const float *features = comparison->features + (Size) row * forest->feature_count;

		for (uint32_t i = 0; i < forest->feature_count; i++)
			comparison->vector[i].value = features[i];
		forest_prepare(forest, comparison->vector);
		forest_margins(forest, comparison->vector, comparison->margins);
		comparison->rows++;
		if (memcmp(theirs, comparison->margins, answer_bytes) == 0)
			continue;
		comparison->different++;
		for (uint32_t group = 0; group < forest->group_count; group++)
		{
			float		margin;
			double		difference;

			memcpy(&margin, theirs + sizeof(float) * group, sizeof(float));
			difference = fabs((double) margin - (double) comparison->margins[group]);
			if (isnan(difference) || difference > comparison->largest_difference)
				comparison->largest_difference = difference;
		}
	}
	comparison->count = 0;
	CHECK_FOR_INTERRUPTS();
}

/* Room for the next row's features */
static float *
next_row(Comparison *comparison)
{
	if (comparison->count == comparison->capacity)
		compare_block(comparison);
	return comparison->features + (Size) comparison->count++ * comparison->forest->feature_count;
}

/* ----------
 * Rows from a query
 * ----------
 */
static void
take_row(Comparison *comparison, Datum datum)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);
	const float4 *elements = (const float4 *) ARR_DATA_PTR(array);
	const bits8 *bitmap = ARR_NULLBITMAP(array);
	uint32_t	count = comparison->forest->feature_count;
	float	   *features = next_row(comparison);

	if (ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) != (int) count)
		elog(ERROR, "row has another number of features than the model");
	for (uint32_t i = 0; i < count; i++)
	{
		if (bitmap != NULL && (bitmap[i / 8] & (1 << (i % 8))) == 0)
			features[i] = get_float4_nan();
		else
			features[i] = *elements++;
		if (isinf(features[i]) && features[i] != comparison->forest->missing)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("feature \"%s\" of row " INT64_FORMAT " is infinite",
							FOREST_AT(comparison->forest, char,
									  FOREST_AT(comparison->forest, ForestFeature,
												comparison->forest->features)[i].name),
							comparison->rows + comparison->count),
					 errdetail("libxgboost does not take infinite values, so there is nothing to compare with."),
					 errhint("Leave such rows out of the query.")));
	}
}

static void
compare_query(Comparison *comparison, const char *query, const char *model)
{
	char	   *values_query = psprintf("SELECT risk.feature_values(" QUERY_ROW ", $1) "
									"FROM %s " QUERY_ROW, query_source(query, NULL));
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {CStringGetTextDatum(model)};
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "company_risk rows to verify",
												  ALLOCSET_DEFAULT_SIZES);
	SPIPlanPtr	plan;
	Portal		portal;

	SPI_connect();
	plan = SPI_prepare(values_query, 1, types);
	if (plan == NULL)
		elog(ERROR, "could not prepare the rows to verify: %s", SPI_result_code_string(SPI_result));
	portal = SPI_cursor_open(NULL, plan, values, NULL, true);
	if (SPI_gettypeid(portal->tupDesc, 1) != FLOAT4ARRAYOID)
		elog(ERROR, "risk.feature_values does not answer what this library expects");
	for (;;)
	{
		MemoryContext spi_context;

		SPI_cursor_fetch(portal, true, FETCH_ROWS);
		if (SPI_processed == 0)
			break;
		spi_context = MemoryContextSwitchTo(context);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool		isnull;
			Datum		datum = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1,
											  &isnull);

			if (!isnull)
				take_row(comparison, datum);
		}
		MemoryContextSwitchTo(spi_context);
		MemoryContextReset(context);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	MemoryContextDelete(context);
}

static void
compare_generated(Comparison *comparison, Model *model, int rows, int64 seed)
{
	GeneratedRows *generated;

	model->missing = comparison->forest->missing;
	generated = generated_rows_begin(model, seed);

	for (int row = 0; row < rows; row++)
		generated_rows_next(generated, next_row(comparison));
}

/* ----------
 * The outcome
 * ----------
 */

/* Writes the outcome into the registry, as its owner. */
static void
record_outcome(const char *model, const Comparison *comparison)
{
	Oid			types[5] = {TEXTOID, TEXTOID, INT8OID, INT8OID, FLOAT8OID};
	Datum		values[5] = {
		CStringGetTextDatum(model),
		CStringGetTextDatum(comparison->library),
		Int64GetDatum(comparison->rows),
		Int64GetDatum(comparison->different),
		Float8GetDatum(comparison->largest_difference)
	};
	Datum		nothing;
	bool		isnull;

	owner_query("SELECT risk_internal.record_verification($1, $2, $3, $4, $5)",
				lengthof(types), types, values, NULL, 1, &nothing, &isnull);
}

/*
 * libxgboost loads models that newer versions wrote without a word, and may miss
 * what it does not know: 1.7 takes the base score of 3.1 for 0.  Where the margins
 * agree all the same there is nothing to worry about.  Where they do not, it says
 * nothing about us.
 */
static void
refuse_newer_model(const char *model, const bytea *bytes, const Comparison *comparison)
{
	const Model *read = server_read_model(bytes, NULL);
	int			library[3] = {0};

	if (sscanf(comparison->library, "%d.%d.%d", &library[0], &library[1], &library[2]) != 3)
		return;
	if (read->version[0] < library[0] ||
		(read->version[0] == library[0] && read->version[1] <= library[1]))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("libxgboost %s is too old to verify model \"%s\"", comparison->library, model),
			 errdetail("XGBoost %d.%d.%d wrote the model, and the older libxgboost does not read all of it: "
					   "its margins differ in " INT64_FORMAT " of " INT64_FORMAT " rows, by up to %g.",
					   read->version[0], read->version[1], read->version[2],
					   comparison->different, comparison->rows, comparison->largest_difference),
			 errhint("Verify the model on a server with a libxgboost of its version or newer.")));
}

static void
load_in_trainer(Trainer *trainer, const ModelVersion *version, const ForestImage *forest,
				const bytea *bytes)
{
	VerifyTask	task = {
		.rounds = forest->booster == MODEL_GBLINEAR ? 0 : version->rounds,
		.missing = forest->missing
	};
	VerifyDone	done;
	StringInfoData payload;
	FrameKind	kind;

	initStringInfo(&payload);
	trainer_send(trainer, FRAME_VERIFY, &task, sizeof(task));
	trainer_send_model(trainer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	trainer_send(trainer, FRAME_RUN, NULL, 0);
	kind = trainer_receive(trainer, &payload);
	if (kind != FRAME_DONE || payload.len != sizeof(done))
		trainer_fail_frame(trainer, kind);
	memcpy(&done, payload.data, sizeof(done));
	if (done.feature_count != forest->feature_count)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("libxgboost finds " INT64_FORMAT " features in a model with %u",
						done.feature_count, forest->feature_count)));
	pfree(payload.data);
}

/* What is to be compared */
typedef struct VerifyRequest
{
	ModelVersion *version;
	char	   *model;			/* name@version */
	bytea	   *bytes;
	const char *query;			/* NULL: generated rows */
	int			rows;
	int64		seed;
} VerifyRequest;

/*
 * Compares with a process of its own.  Errors of the query are the caller's own, so
 * that libxgboost is no part of their context.
 */
static void
compare(const VerifyRequest *request, const ForestImage *forest, Comparison *comparison)
{
	Trainer    *trainer = NULL;
	ErrorContextCallback context = {
		.previous = error_context_stack,
		.callback = trainer_error_context,
		.arg = &trainer
	};

	error_context_stack = &context;
	trainer = trainer_start(1);
	load_in_trainer(trainer, request->version, forest, request->bytes);
	begin_comparison(comparison, trainer, forest);
	if (request->query != NULL)
	{
		error_context_stack = context.previous;
		compare_query(comparison, request->query, request->model);
		error_context_stack = &context;
	}
	else
		compare_generated(comparison, server_read_model(request->bytes, NULL), request->rows,
						  request->seed);
	compare_block(comparison);
	strlcpy(comparison->library, trainer_library_version(trainer), sizeof(comparison->library));
	trainer_finish(trainer);
	error_context_stack = context.previous;
}

/* Refuses what says nothing, and keeps the rest. */
static void
keep_outcome(const VerifyRequest *request, const Comparison *comparison)
{
	if (comparison->rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("query returns no rows to compare on"),
				 errhint("Give a query with rows, or none to have rows generated.")));
	if (comparison->different > 0)
		refuse_newer_model(request->model, request->bytes, comparison);
	if (XactReadOnly)
		ereport(NOTICE,
				(errmsg("the outcome is not recorded: this transaction is read-only")));
	else
		record_outcome(request->model, comparison);
}

static Datum
verify_model(PG_FUNCTION_ARGS)
{
	VerifyRequest request = {
		.query = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1)),
		.rows = PG_ARGISNULL(2) ? 1000 : PG_GETARG_INT32(2),
		.seed = PG_ARGISNULL(3) ? 0 : PG_GETARG_INT64(3)
	};
	Snapshot	snapshot = registry_snapshot();
	ModelImage *image;
	Comparison	comparison;
	TupleDesc	descriptor;
	ResultRow	row = {0};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (request.query == NULL && (request.rows < 1 || request.rows > ROWS_MAX))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows must be between 1 and %d", ROWS_MAX)));
	request.version = registry_resolve(PG_ARGISNULL(0) ? NULL :
									   text_to_cstring(PG_GETARG_TEXT_PP(0)), snapshot);
	request.model = reference_make(request.version->name, request.version->version);
	request.bytes = registry_export(request.version, snapshot);

	image = registry_acquire_image(request.version, snapshot);
	PG_TRY();
	{
		compare(&request, image->data, &comparison);
	}
	PG_FINALLY();
	{
		model_image_release(image);
	}
	PG_END_TRY();
	keep_outcome(&request, &comparison);

	row_put_text(&row, request.model);
	row_put_bigint(&row, comparison.rows);
	row_put_bigint(&row, comparison.different);
	row_put_float(&row, comparison.largest_difference);
	row_put_text(&row, comparison.library);
	row_put_bool(&row, comparison.different == 0);
	PG_RETURN_DATUM(row_datum(&row, BlessTupleDesc(descriptor)));
}

PG_FUNCTION_INFO_V1(company_risk_verify_model);
Datum
company_risk_verify_model(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(call_with_plain_errors(verify_model, fcinfo));
}
