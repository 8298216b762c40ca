/*
 * score_groups.h
 *		Outcomes by score: what metrics and tables read.
 *
 * Groups of equal scores, the highest first.  Where the weights' sizes would make
 * products of sums overflow or vanish, they are scaled by a power of 2.
 */
#ifndef SCORE_GROUPS_H
#define SCORE_GROUPS_H

#include "base/double_double.h"
#include "metrics/outcomes.h"

typedef struct ScoreGroup
{
	double		score;
	DoubleDouble positive;		/* weight with the label true */
	DoubleDouble negative;
} ScoreGroup;

typedef struct ScoreGroups
{
	/* either outcomes */
	const Outcomes *outcomes;
	/* or arrays, lowest score first: a resample, scaled; groups of no weight are skipped */
	const double *scores;
	const double *positives;
	const double *negatives;
	size_t		count;

	size_t		left;			/* entries not yet read */
	double		scale;			/* of what is read, to the weights that were put in */
	double		factor;			/* of what is read, to what is stored here */
	DoubleDouble positive;		/* totals */
	DoubleDouble negative;
	DoubleDouble total;
} ScoreGroups;

extern void groups_of_outcomes(ScoreGroups *groups, const Outcomes *outcomes);
extern void groups_of_arrays(ScoreGroups *groups, const double *scores, const double *positives,
							 const double *negatives, size_t count, double scale);
extern void groups_rewind(ScoreGroups *groups);
extern bool groups_next(ScoreGroups *groups, ScoreGroup *group);

#endif							/* SCORE_GROUPS_H */
