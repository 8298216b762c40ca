/*
 * trial.h
 *		Would libxgboost train so?
 */
#ifndef TRIAL_H
#define TRIAL_H

#include "training/columns.h"

/* An error if it would not. */
extern void training_trial(const TrainingSpec *spec, const TrainingColumns *columns);

#endif							/* TRIAL_H */
