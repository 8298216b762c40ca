/*
 * run.c
 *		One training: a model from rows that have been read.
 *
 * It is decided who does what (split.c), and a trainer of its own gets the rows
 * (libxgboost/trainer_training.h).  Its answers are the model's bytes, and for every
 * held-out row its margin.
 */
#include "training/run.h"

#include "utils/timestamp.h"

#include "libxgboost/trainer.h"
#include "training/parameters.h"
#include "training/progress.h"

#define HELD_OUT_MAX 30000000	/* 15 bytes each */

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
	TrainingRun *run = argument;

	if (!run->training && progress->phase != PHASE_LOADING)
	{
		progress_phase(PROGRESS_TRAINING, run->fold, run->spec->folds);
		run->training = true;
	}
	if (progress->phase == PHASE_TRAINING && progress->round > 0)
		progress_round(progress->round, progress->rounds, metric[0] != '\0' ? metric : NULL,
					   progress->value);
	else if (progress->phase == PHASE_PREDICTING)
		progress_phase(PROGRESS_EVALUATING, run->fold, run->spec->folds);
}

static void
take_margin(void *argument, const TrainerMargin *answer)
{
	held_out_answer(&((TrainingRun *) argument)->held_out, answer);
}

/* ----------
 * Rows out, a model in
 * ----------
 */
static void
send_rows(TrainingRun *run, Trainer *trainer)
{
	float	   *features = palloc(run->data->columns->feature_count * sizeof(float));
	TrainingRow row;
	int64		number = 1;
	int64		sent = 0;

	training_data_rewind(run->data);
	for (; training_data_next(run->data, &row, features); number++)
	{
		RowRole		role;
		float		weight = row.weight;

		if (!training_split_role(run->split, &row, number, &role))
			continue;
		if (role != ROLE_TRAIN)
			held_out_add(&run->held_out, &row, role);
		/* as rare as they are among training rows */
		if (role == ROLE_VALIDATION && !row.label)
			weight = (float) (weight * run->split->kept);
		trainer_training_row(trainer, (uint8) role, row.label ? 1.0f : 0.0f, weight, features);
		progress_rows(++sent);
	}
	pfree(features);
}

static TrainerFeature *
trainer_features(const TrainingColumns *columns)
{
	TrainerFeature *features = palloc0(columns->feature_count * sizeof(TrainerFeature));

	for (int i = 0; i < columns->feature_count; i++)
	{
		const TrainingColumn *column = &columns->columns[columns->features[i]];

		features[i].name = column->name;
		features[i].type = column->type;
		if (column->categories != NULL)
		{
			features[i].category_count = column->categories->count;
			features[i].categories = column->categories->names;
		}
	}
	return features;
}

/*
 * How many rounds the model uses.  A linear model is one sum that all rounds have
 * changed: there is no way back to its best one.
 */
static int
rounds_used(const TrainingRequest *request, const TrainingResult *result)
{
	for (int i = 0; i < request->parameter_count; i++)
		if (strcmp(request->parameters[i].name, "booster") == 0 &&
			strcmp(request->parameters[i].value, "gblinear") == 0)
			return result->rounds;
	return result->best_iteration >= 0 ? result->best_iteration + 1 : result->rounds;
}

static void
train(TrainingRun *run)
{
	const TrainingSpec *spec = run->spec;
	TrainingRequest request = {
		.feature_count = run->data->columns->feature_count,
		.features = trainer_features(run->data->columns),
		.rounds = spec->rounds,
		.early_stopping_rounds = spec->early_stopping_rounds,
		.on_progress = show_progress,
		.on_margin = take_margin,
		.argument = run
	};
	TimestampTz begun = GetCurrentTimestamp();
	Trainer    *trainer;

	request.parameters = training_parameters(spec->parameters, spec->seed, request.features,
											 request.feature_count,
											 &request.parameter_count);
	progress_phase(PROGRESS_SENDING, run->fold, spec->folds);
	trainer = trainer_start(spec->threads);
	trainer_training_begin(trainer, &request);
	send_rows(run, trainer);
	run->sending_seconds = seconds_since(begun);

	begun = GetCurrentTimestamp();
	run->result = trainer_training_run(trainer, &request);
	trainer_finish(trainer);
	run->training_seconds = seconds_since(begun);
	run->rounds = rounds_used(&request, run->result);
}

void
training_run(TrainingRun *run)
{
	int64		held_out;

	run->split = training_split_make(run->data, run->spec, run->fold - 1);
	held_out = run->split->rows[ROLE_VALIDATION] + run->split->rows[ROLE_TEST];
	/* an answer is one row, which ends at 1 GB, with the model */
	if (held_out > HELD_OUT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("there are too many held-out rows"),
				 errdetail("There are " INT64_FORMAT "; there may be %d.", held_out, HELD_OUT_MAX),
				 errhint("Hold out a smaller share of the rows.")));
	train(run);
	if (run->held_out.answered != run->held_out.count)
		elog(ERROR, "the trainer answered for " INT64_FORMAT " of " INT64_FORMAT " held-out rows",
			 run->held_out.answered, run->held_out.count);
}
