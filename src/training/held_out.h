/*
 * held_out.h
 *		What is known of the held-out rows of a training.
 */
#ifndef HELD_OUT_H
#define HELD_OUT_H

#include "libxgboost/trainer_training.h"
#include "training/rows.h"

/* In the order in which they are sent.  Begins as {0}. */
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

extern void held_out_add(HeldOut *held_out, const TrainingRow *row, RowRole role);

/* The answer for the next row that was added */
extern void held_out_answer(HeldOut *held_out, const TrainerMargin *answer);

#endif							/* HELD_OUT_H */
