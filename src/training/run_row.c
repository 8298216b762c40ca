/*
 * run_row.c
 *		A training as a row of risk_internal.training_run.
 *
 * The model's bytes, and for every held-out row its margin, label and marks, as
 * arrays: what these are good for (calibration, thresholds, metrics) and the registry
 * are SQL's part.  Of one of several folds no profile is made.
 */
#include "training/run_row.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/jsonb.h"

#include "base/array_build.h"
#include "base/jsonb_build.h"
#include "training/sample_profile.h"

static void
push_rows(JsonbParseState **state, const TrainingSplit *split, RowRole role, const char *rows,
		  const char *positives)
{
	json_push_number(state, rows, (double) split->rows[role]);
	json_push_number(state, positives, (double) split->positives[role]);
}

/* What there is to say of the rows and the time, for the record of the training */
static Datum
make_summary(const TrainingRun *run, double reading_seconds)
{
	const TrainingData *data = run->data;
	const Periods *periods = data->periods;
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	json_push_number(&state, "rows", (double) data->rows);
	json_push_number(&state, "positives", (double) data->positives);
	json_push_number(&state, "known_rows", (double) data->known);
	push_rows(&state, run->split, ROLE_TRAIN, "training_rows", "training_positives");
	push_rows(&state, run->split, ROLE_VALIDATION, "validation_rows", "validation_positives");
	push_rows(&state, run->split, ROLE_TEST, "test_rows", "test_positives");
	json_push_number(&state, "kept_negatives", run->split->kept);
	if (periods->count > 0)
	{
		json_push_number(&state, "periods", periods->count);
		json_push_string(&state, WJB_KEY, "first_period");
		json_push_string(&state, WJB_VALUE, period_text(periods->type, periods->values[0]));
		json_push_string(&state, WJB_KEY, "last_period");
		json_push_string(&state, WJB_VALUE,
						 period_text(periods->type, periods->values[periods->count - 1]));
	}
	if (run->spec->validation_periods > 0 && run->split->fold < 0)
	{
		json_push_string(&state, WJB_KEY, "first_held_out_period");
		json_push_string(&state, WJB_VALUE, period_text(periods->type, run->split->first_held_out));
	}
	json_push_string(&state, WJB_KEY, "features");
	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < data->columns->feature_count; i++)
		json_push_string(&state, WJB_ELEM, data->columns->columns[data->columns->features[i]].name);
	pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	json_push_number(&state, "reading_seconds", reading_seconds);
	json_push_number(&state, "sending_seconds", run->sending_seconds);
	json_push_number(&state, "training_seconds", run->training_seconds);
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

static void
put_floats(ResultRow *row, const float *elements, int64 count)
{
	row_put(row, array_of_fixed(FLOAT4OID, sizeof(float), elements, count));
}

static void
put_marks(ResultRow *row, const bool *elements, int64 count)
{
	row_put(row, array_of_fixed(BOOLOID, sizeof(bool), elements, count));
}

static void
put_held_out(ResultRow *row, const TrainingRun *run)
{
	const HeldOut *held_out = &run->held_out;

	put_floats(row, held_out->margins, held_out->count);
	put_floats(row, held_out->scores, held_out->count);
	put_marks(row, held_out->labels, held_out->count);
	if (run->spec->weight != NULL)
		put_floats(row, held_out->weights, held_out->count);
	else
		row_put_null(row);
	if (run->spec->known != NULL)
		put_marks(row, held_out->known, held_out->count);
	else
		row_put_null(row);
	put_marks(row, held_out->test, held_out->count);
}

static void
put_profile(ResultRow *row, const TrainingRun *run, TupleDesc descriptor)
{
	TrainingProfile profile;

	if (run->fold > 0)
	{
		row_put_null(row);
		row_put_null(row);
		row_put_null(row);
		return;
	}
	training_profile_make(run->data, run->spec, run->result->model, run->rounds,
						  TupleDescAttr(descriptor, row->count)->atttypid, &profile);
	row_put(row, profile.features);
	put_floats(row, profile.margins, profile.rows);
	put_floats(row, profile.scores, profile.rows);
}

void
training_run_row(const TrainingRun *run, double reading_seconds, TupleDesc descriptor,
				 ResultRow *row)
{
	const TrainingResult *result = run->result;
	bool		has_metric = result->metric[0] != '\0' && !isnan(result->best_score);

	if (run->fold > 0)
		row_put_int(row, run->fold);
	else
		row_put_null(row);
	row_put(row, PointerGetDatum(result->model));
	row_put_int(row, run->rounds);
	row_put_int(row, result->rounds);
	row_put_text(row, has_metric ? result->metric : NULL);
	row_put_float_if(row, has_metric, result->best_score);
	row_put_text(row, result->library_version);
	put_held_out(row, run);
	put_profile(row, run, descriptor);
	row_put(row, make_summary(run, reading_seconds));
}
