/*
 * run.h
 *		One training: a model from rows that have been read.
 */
#ifndef RUN_H
#define RUN_H

#include "libxgboost/trainer_training.h"
#include "training/held_out.h"
#include "training/split.h"

typedef struct TrainingRun
{
	const TrainingSpec *spec;
	TrainingData *data;
	int			fold;			/* from 1; 0: no cross-validation */

	TrainingSplit *split;
	HeldOut		held_out;
	TrainingResult *result;
	int			rounds;			/* that the model uses, of those trained */
	double		sending_seconds;
	double		training_seconds;

	/* while it is at work */
	bool		training;		/* has the phase begun? */
} TrainingRun;

/* Trains.  spec, data and fold are set; the rest is palloc'd. */
extern void training_run(TrainingRun *run);

#endif							/* RUN_H */
