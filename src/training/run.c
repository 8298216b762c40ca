/*
 * run.c
 *		risk_internal.run_training: from a query to trained models and to what they say of
 *		the rows that they did not see.
 *
 * The query's rows are read once (rows.c).  For the model, or for each
 * fold of a cross-validation, it is decided who does what (split.c), and
 * a trainer of its own gets the rows (trainer.h).  What it answers is one row of
 * the result: the model's bytes, and for every held-out row its margin, label and
 * marks, as arrays.  What these are good for (calibration, thresholds, metrics)
 * and the registry are SQL's part: risk.train_model, risk.cross_validate.
 *
 * An error or a cancel at any point leaves nothing: the trainer belongs to the
 * resource owner, the temporary files to the transaction, progress to both.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/jsonb_build.h"
#include "core/objective.h"
#include "libxgboost/settings.h"
#include "libxgboost/trainer.h"
#include "training/progress.h"
#include "training/training.h"

/* What is known of the held-out rows, in the order in which they were sent */
typedef struct HeldOut
{
	int64		count;
	int64		capacity;
	int64		answered;		/* margins that came so far */
	float	   *margins;
	float	   *scores;			/* of the objective, not calibrated */
	float	   *weights;
	bool	   *labels;
	bool	   *known;
	bool	   *test;
} HeldOut;

#define HELD_OUT_MAX 30000000	/* 15 bytes each */
#define RESULT_COLUMNS 17		/* of risk_internal.training_run */

typedef struct Run
{
	const TrainingSpec *spec;
	TrainingData *data;
	TrainingSplit *split;
	TrainingRequest request;
	HeldOut		held_out;
	int			fold;			/* from 1, for progress; 0: none */
	bool		training;		/* has the phase begun? */
	TimestampTz started;
	double		sending_seconds;
	double		training_seconds;
} Run;

static double
seconds_since(TimestampTz begun)
{
	return (double) (GetCurrentTimestamp() - begun) / USECS_PER_SEC;
}

/* ----------
 * The trainer calls back
 * ----------
 */
static void
show_progress(void *argument, const Progress *progress, const char *metric)
{
	Run		   *run = argument;

	if (!run->training && progress->phase != PHASE_LOADING)
	{
		progress_phase(PROGRESS_TRAINING, run->fold, run->spec->folds);
		run->training = true;
	}
	if (progress->phase == PHASE_TRAINING && progress->round > 0)
		progress_round(progress->round, progress->rounds, metric[0] != '\0' ? metric : NULL, progress->value);
	else if (progress->phase == PHASE_PREDICTING)
		progress_phase(PROGRESS_EVALUATING, run->fold, run->spec->folds);
}

static void
take_margin(void *argument, const TrainerMargin *row)
{
	HeldOut    *held_out = &((Run *) argument)->held_out;

	if (held_out->answered == held_out->count || row->groups != 1 ||
		held_out->labels[held_out->answered] != (row->label == 1.0f) ||
		held_out->test[held_out->answered] != (row->role == ROLE_TEST))
		elog(ERROR, "the trainer's margins do not match the rows");
	held_out->margins[held_out->answered] = row->margins[0];
	objective_predict(TRANSFORM_SIGMOID, row->margins, 1, &held_out->scores[held_out->answered++]);
}

/* ----------
 * Sending
 * ----------
 */
static void
hold_out(HeldOut *held_out, const TrainingRow *row, RowRole role)
{
	if (held_out->count == held_out->capacity)
	{
		int64		capacity = Max(1024, held_out->capacity * 2);

#define GROW(array) \
		(array) = (array) == NULL ? \
			MemoryContextAllocHuge(CurrentMemoryContext, capacity * sizeof(*(array))) : \
			repalloc_huge((array), capacity * sizeof(*(array)))
		GROW(held_out->margins);
		GROW(held_out->scores);
		GROW(held_out->weights);
		GROW(held_out->labels);
		GROW(held_out->known);
		GROW(held_out->test);
#undef GROW
		held_out->capacity = capacity;
	}
	held_out->weights[held_out->count] = row->weight;
	held_out->labels[held_out->count] = row->label;
	held_out->known[held_out->count] = row->known;
	held_out->test[held_out->count++] = role == ROLE_TEST;
}

static void
send_rows(Run *run, Trainer *trainer)
{
	float	   *features = palloc(run->data->feature_count * sizeof(float));
	TrainingRow row;
	int64		number = 0;
	int64		sent = 0;

	training_data_rewind(run->data);
	for (; training_data_next(run->data, &row, features); number++)
	{
		RowRole		role;
		float		weight = row.weight;

		if (!training_split_role(run->split, &row, number, &role))
			continue;
		if (role != ROLE_TRAIN)
			hold_out(&run->held_out, &row, role);
		/* as rare as they are among training rows */
		if (role == ROLE_VALIDATION && !row.label)
			weight = (float) (weight * run->split->kept);
		trainer_training_row(trainer, (uint8) role, row.label ? 1.0f : 0.0f, weight, features);
		progress_rows(++sent);
	}
	pfree(features);
}

/*
 * Before any row is read: would libxgboost train on these columns with these
 * parameters?  It is asked to, on a row of each outcome.  Only what depends on which
 * columns vary in the end is left for later: categories are numbers here.
 */
static void
try_parameters(const TrainingSpec *spec, const TrainingData *data)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "company_risk trial", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	TrainerFeature *features = palloc0(data->column_count * sizeof(TrainerFeature));
	float	   *values = palloc(data->column_count * sizeof(float));
	TrainingRequest request = {.feature_count = data->column_count, .features = features, .rounds = 1,
		.early_stopping_rounds = spec->early_stopping};
	Trainer    *trainer;

	for (int i = 0; i < data->column_count; i++)
	{
		features[i].name = data->columns[i].name;
		features[i].type = FEATURE_FLOAT;
	}
	request.parameters = training_parameters(spec, features, data->column_count, &request.parameter_count);
	trainer = trainer_start(company_risk_trainer_threads);
	trainer_training_begin(trainer, &request);
	for (int row = 0; row < 4; row++)
	{
		for (int i = 0; i < data->column_count; i++)
			values[i] = row % 2;
		trainer_training_row(trainer, row < 2 ? ROLE_TRAIN : ROLE_VALIDATION, row % 2, 1.0f, values);
	}
	(void) trainer_training_run(trainer, &request);
	trainer_finish(trainer);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
}

static TrainingResult *
train(Run *run)
{
	TrainerFeature *features = palloc0(run->data->feature_count * sizeof(TrainerFeature));
	Trainer    *trainer;
	TrainingResult *result;
	TimestampTz begun = GetCurrentTimestamp();

	for (int i = 0; i < run->data->feature_count; i++)
	{
		const TrainingColumn *column = &run->data->columns[run->data->features[i]];

		features[i].name = column->name;
		features[i].type = column->type;
		features[i].category_count = column->category_count;
		features[i].categories = column->type == FEATURE_CATEGORY ? (const char *const *) column->categories : NULL;
	}
	run->request.feature_count = run->data->feature_count;
	run->request.features = features;
	run->request.parameters = training_parameters(run->spec, features, run->data->feature_count,
												  &run->request.parameter_count);
	run->request.rounds = run->spec->rounds;
	run->request.early_stopping_rounds = run->spec->early_stopping;
	run->request.on_progress = show_progress;
	run->request.on_margin = take_margin;
	run->request.argument = run;

	progress_phase(PROGRESS_SENDING, run->fold, run->spec->folds);
	trainer = trainer_start(company_risk_trainer_threads);
	trainer_training_begin(trainer, &run->request);
	send_rows(run, trainer);
	run->sending_seconds = seconds_since(begun);

	begun = GetCurrentTimestamp();
	result = trainer_training_run(trainer, &run->request);
	result->library_version = pstrdup(result->library_version);
	trainer_finish(trainer);
	run->training_seconds = seconds_since(begun);
	if (run->held_out.answered != run->held_out.count)
		elog(ERROR, "the trainer answered for " INT64_FORMAT " of " INT64_FORMAT " held-out rows",
			 run->held_out.answered, run->held_out.count);
	return result;
}

/* ----------
 * The answer
 * ----------
 */

/* An array of a type of fixed length from its elements in memory */
static Datum
make_array(Oid type, size_t length, const void *elements, int64 count)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + count * length;
	ArrayType  *array;

	if (count == 0)
		return PointerGetDatum(construct_empty_array(type));
	array = palloc0(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = type;
	ARR_DIMS(array)[0] = (int) count;
	ARR_LBOUND(array)[0] = 1;
	memcpy(ARR_DATA_PTR(array), elements, count * length);
	return PointerGetDatum(array);
}

static void
push_rows(JsonbParseState **state, const TrainingSplit *split, RowRole role, const char *rows, const char *positives)
{
	json_push_number(state, rows, (double) split->rows[role]);
	json_push_number(state, positives, (double) split->positives[role]);
}

/* What there is to say of the rows and the time, for the record of the training */
static Datum
make_summary(const Run *run, double reading_seconds)
{
	const TrainingData *data = run->data;
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	json_push_number(&state, "rows", (double) data->rows);
	json_push_number(&state, "positives", (double) data->positives);
	json_push_number(&state, "known_rows", (double) data->known);
	push_rows(&state, run->split, ROLE_TRAIN, "training_rows", "training_positives");
	push_rows(&state, run->split, ROLE_VALIDATION, "validation_rows", "validation_positives");
	push_rows(&state, run->split, ROLE_TEST, "test_rows", "test_positives");
	json_push_number(&state, "kept_negatives", run->split->kept);
	if (data->period_count > 0)
	{
		json_push_number(&state, "periods", data->period_count);
		json_push_string(&state, WJB_KEY, "first_period");
		json_push_string(&state, WJB_VALUE, training_period_text(data, data->periods[0]));
		json_push_string(&state, WJB_KEY, "last_period");
		json_push_string(&state, WJB_VALUE, training_period_text(data, data->periods[data->period_count - 1]));
	}
	if (run->spec->validation_periods > 0 && run->split->fold < 0)
	{
		json_push_string(&state, WJB_KEY, "first_held_out_period");
		json_push_string(&state, WJB_VALUE, training_period_text(data, run->split->first_held_out));
	}
	json_push_string(&state, WJB_KEY, "features");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < data->feature_count; i++)
		json_push_string(&state, WJB_ELEM, data->columns[data->features[i]].name);
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	json_push_number(&state, "reading_seconds", reading_seconds);
	json_push_number(&state, "sending_seconds", run->sending_seconds);
	json_push_number(&state, "training_seconds", run->training_seconds);
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

/*
 * How many rounds the model uses.  A linear model is one sum that all rounds have
 * changed: there is no way back to its best one.
 */
static int
rounds_used(const Run *run, const TrainingResult *result)
{
	for (int i = 0; i < run->request.parameter_count; i++)
		if (strcmp(run->request.parameters[i].name, "booster") == 0 &&
			strcmp(run->request.parameters[i].value, "gblinear") == 0)
			return result->rounds;
	return result->best_iteration >= 0 ? result->best_iteration + 1 : result->rounds;
}

static void
put_result(ReturnSetInfo *set, const Run *run, const TrainingResult *result, double reading_seconds)
{
	const HeldOut *held_out = &run->held_out;
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS] = {0};
	int			n = 0;

	nulls[n] = run->fold == 0;
	values[n++] = Int32GetDatum(run->fold);
	values[n++] = PointerGetDatum(result->model);
	values[n++] = Int32GetDatum(rounds_used(run, result));
	values[n++] = Int32GetDatum(result->rounds);
	if ((nulls[n] = result->metric[0] == '\0' || isnan(result->best_score)))
		n++;
	else
		values[n++] = CStringGetTextDatum(result->metric);
	nulls[n] = nulls[n - 1];
	values[n++] = Float8GetDatum(result->best_score);
	values[n++] = CStringGetTextDatum(result->library_version);
	values[n++] = make_array(FLOAT4OID, sizeof(float), held_out->margins, held_out->count);
	values[n++] = make_array(FLOAT4OID, sizeof(float), held_out->scores, held_out->count);
	values[n++] = make_array(BOOLOID, sizeof(bool), held_out->labels, held_out->count);
	if ((nulls[n] = run->spec->weight == NULL))
		n++;
	else
		values[n++] = make_array(FLOAT4OID, sizeof(float), held_out->weights, held_out->count);
	if ((nulls[n] = run->spec->known == NULL))
		n++;
	else
		values[n++] = make_array(BOOLOID, sizeof(bool), held_out->known, held_out->count);
	values[n++] = make_array(BOOLOID, sizeof(bool), held_out->test, held_out->count);
	if (run->fold > 0)
		nulls[n] = nulls[n + 1] = nulls[n + 2] = true;
	else
	{
		Oid			profiles_type = TupleDescAttr(set->setDesc, n)->atttypid;
		TrainingProfile profile;

		training_profile_make(run->data, run->spec, result->model, rounds_used(run, result), profiles_type, &profile);
		values[n] = profile.features;
		values[n + 1] = make_array(FLOAT4OID, sizeof(float), profile.margins, profile.rows);
		values[n + 2] = make_array(FLOAT4OID, sizeof(float), profile.scores, profile.rows);
	}
	n += 3;
	values[n++] = make_summary(run, reading_seconds);
	Assert(n == RESULT_COLUMNS);
	tuplestore_putvalues(set->setResult, set->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(company_risk_run_training);
Datum
company_risk_run_training(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	TrainingSpec *spec;
	TrainingData *data;
	MemoryContext run_context;
	TimestampTz begun = GetCurrentTimestamp();
	double		reading_seconds;
	int			nest_level = NewGUCNestLevel();

	InitMaterializedSRF(fcinfo, 0);
	spec = training_spec_read(PG_GETARG_JSONB_P(1));
	if (spec->threads > 0)
	{
		/* the setting is the administrator's: fewer are anybody's choice, more are not */
		if (spec->threads > company_risk_trainer_threads && !superuser())
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("permission denied to train with %d threads", spec->threads),
					 errdetail("The setting company_risk.trainer_threads allows %d.", company_risk_trainer_threads)));
		(void) set_config_option("company_risk.trainer_threads", psprintf("%d", spec->threads),
								 PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	}

	progress_begin(spec->model);
	progress_phase(PROGRESS_READING, 0, 0);
	data = training_data_read(text_to_cstring(PG_GETARG_TEXT_PP(0)), spec, try_parameters);
	progress_rows(data->rows);
	reading_seconds = seconds_since(begun);

	run_context = AllocSetContextCreate(CurrentMemoryContext, "company_risk training run", ALLOCSET_DEFAULT_SIZES);
	for (int fold = spec->folds > 0 ? 0 : -1; fold < spec->folds; fold++)
	{
		MemoryContext old_context = MemoryContextSwitchTo(run_context);
		Run			run = {.spec = spec, .data = data, .fold = fold + 1};
		TrainingResult *result;

		run.split = training_split_make(data, spec, fold);
		/* an answer is one row, which ends at 1 GB, with the model */
		if (run.split->rows[ROLE_VALIDATION] + run.split->rows[ROLE_TEST] > HELD_OUT_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("there are too many held-out rows"),
					 errdetail("There are " INT64_FORMAT "; there may be %d.",
							   run.split->rows[ROLE_VALIDATION] + run.split->rows[ROLE_TEST], HELD_OUT_MAX),
					 errhint("Hold out a smaller share of the rows.")));
		result = train(&run);
		put_result(set, &run, result, reading_seconds);
		MemoryContextSwitchTo(old_context);
		MemoryContextReset(run_context);
		if (spec->folds == 0)
			break;
	}
	if (spec->folds > 0)
		progress_end();
	BufFileClose(data->heads);
	BufFileClose(data->values);
	AtEOXact_GUC(true, nest_level);
	return (Datum) 0;
}
