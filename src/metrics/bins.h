/*
 * bins.h
 *		Bins of scores, the lowest scores first.
 */
#ifndef BINS_H
#define BINS_H

#include "metrics/score_groups.h"

typedef struct Bin
{
	double		low;			/* of its scores */
	double		high;
	DoubleDouble weight;
	DoubleDouble positive;
	DoubleDouble score_sum;		/* weighted */
} Bin;

/* bins of equal width over [0, 1] */
extern void bins_of_width(ScoreGroups *groups, Bin *bins, int count);

/* bins of equal weight; equal scores stay together, at the place of their middle */
extern void bins_of_weight(ScoreGroups *groups, Bin *bins, int count);

#endif							/* BINS_H */
