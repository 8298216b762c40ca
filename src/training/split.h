/*
 * split.h
 *		Who does what: rows to train on, rows to choose by, rows to judge by.
 */
#ifndef SPLIT_H
#define SPLIT_H

#include "training/rows.h"

typedef struct TrainingSplit
{
	const TrainingSpec *spec;
	int			fold;			/* that is held out, from 0; -1: no cross-validation */
	int64		first_held_out; /* by period: the first period held out */
	int64		first_gap;		/* and the first one in the gap */
	double		keep;			/* share of negative training rows that are kept */
	double		kept;			/* the same as it turned out */

	/* rows, and positives among them, by RowRole; not those in the gap, or sampled away */
	int64		rows[3];
	int64		positives[3];
	int64		weighty[3][2];	/* rows with a weight other than 0, by label */
} TrainingSplit;

/* Decides; looks at all rows once, and errors where one cannot train so. */
extern TrainingSplit *training_split_make(TrainingData *data, const TrainingSpec *spec, int fold);

/* What a row is for; false: for nothing.  number counts the rows from 1. */
extern bool training_split_role(const TrainingSplit *split, const TrainingRow *row, int64 number,
								RowRole *role);

#endif							/* SPLIT_H */
