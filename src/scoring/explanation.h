/*
 * explanation.h
 *		Why a vector has its score: contributions, points, features and groups.
 */
#ifndef EXPLANATION_H
#define EXPLANATION_H

#include "postgres.h"

#include "scoring/call.h"

/* What a feature, or a group of them, adds to the margin */
typedef struct Reason
{
	int			index;			/* of the feature, or of the group's first */
	double		contribution;
	int			features;		/* how many it sums up */
} Reason;

typedef struct Explanation
{
	double		base;			/* the bias */
	double		score;			/* P(b + s) */
	double		base_points;	/* P(b) */
	double		ratio;			/* points per contribution */
	bool		has_points;
	int			count;			/* of features */
	Reason	   *reasons;		/* by feature, in the model's order */
} Explanation;

/* Explains the vector at hand, of a model with one output. */
extern void explain_vector(Call *call, Explanation *explanation);

/* A contribution in the score's unit; 0 where there are no points */
extern double explanation_points(const Explanation *explanation, double contribution);

/* Sorts reasons: the largest first, whatever their sign. */
extern void sort_reasons(Reason *reasons, int count);

/*
 * Sums reasons by group or, in a language, by title of group; the largest sum
 * first.  Features without a group are one group.  Code and label of a group are
 * in the entry of its first feature.
 */
extern Reason *sum_groups(const Explanation *explanation, const FeatureEntry *entries,
						  const Language *by_title, int *count);

/* What readers see of a feature's group, and whether they can tell two apart */
extern const char *group_title(const Language *language, const FeatureEntry *entry);
extern bool same_title(const Language *language, const FeatureEntry *a, const FeatureEntry *b);

#endif							/* EXPLANATION_H */
