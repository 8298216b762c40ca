/*
 * parameters.h
 *		XGBoost's parameters for a training.
 */
#ifndef PARAMETERS_H
#define PARAMETERS_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "libxgboost/trainer_training.h"

/* Refuses what can be seen to be wrong without knowing the features. */
extern void training_parameters_check(JsonbContainer *given);

/*
 * Names and values for these features, from the object given, which may be NULL,
 * the seed, and what is implied.
 */
extern TrainerParameter *training_parameters(JsonbContainer *given, int64 seed,
											 const TrainerFeature *features,
											 int feature_count, int *count);

#endif							/* PARAMETERS_H */
