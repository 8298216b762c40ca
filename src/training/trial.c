/*
 * trial.c
 *		Would libxgboost train so?
 *
 * An hour of reading should not end with a misspelt parameter.  So libxgboost is asked
 * before the first row is read, by having it train one round on a row of each outcome
 * with the parameters and columns at hand.  Only what depends on which columns vary in
 * the end is left for later: categories are numbers here.
 */
#include "training/trial.h"

#include "utils/memutils.h"

#include "libxgboost/trainer.h"
#include "libxgboost/trainer_training.h"
#include "training/parameters.h"

static void
try_rows(Trainer *trainer, int feature_count)
{
	float	   *values = palloc(feature_count * sizeof(float));

	for (int row = 0; row < 4; row++)
	{
		for (int i = 0; i < feature_count; i++)
			values[i] = row % 2;
		trainer_training_row(trainer, row < 2 ? ROLE_TRAIN : ROLE_VALIDATION, row % 2, 1.0f,
							 values);
	}
}

void
training_trial(const TrainingSpec *spec, const TrainingColumns *columns)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "company_risk trial",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	TrainerFeature *features = palloc0(columns->count * sizeof(TrainerFeature));
	TrainingRequest request = {.feature_count = columns->count, .features = features, .rounds = 1,
		.early_stopping_rounds = spec->early_stopping_rounds};
	Trainer    *trainer;

	for (int i = 0; i < columns->count; i++)
	{
		features[i].name = columns->columns[i].name;
		features[i].type = FEATURE_FLOAT;
	}
	request.parameters = training_parameters(spec->parameters, spec->seed, features, columns->count,
											 &request.parameter_count);
	trainer = trainer_start(spec->threads);
	trainer_training_begin(trainer, &request);
	try_rows(trainer, columns->count);
	(void) trainer_training_run(trainer, &request);
	trainer_finish(trainer);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
}
