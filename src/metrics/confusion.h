/*
 * confusion.h
 *		How many alerts at a threshold were right, and what follows from that.
 */
#ifndef CONFUSION_H
#define CONFUSION_H

#include "metrics/score_groups.h"

/* In the groups' weights: scaled as they are */
typedef struct Confusion
{
	double		true_positives;
	double		false_positives;
	double		false_negatives;
	double		true_negatives;
} Confusion;

extern void confusion_at(ScoreGroups *groups, double threshold, Confusion *confusion);

/* The same, where the sums of weights at and above the threshold are known */
extern void confusion_of_alerts(const ScoreGroups *groups, DoubleDouble positive, DoubleDouble negative,
								Confusion *confusion);

/* Each is false where its denominator is 0. */
extern bool confusion_precision(const Confusion *confusion, double *result);
extern bool confusion_recall(const Confusion *confusion, double *result);
extern bool confusion_specificity(const Confusion *confusion, double *result);
extern bool confusion_balanced_accuracy(const Confusion *confusion, double *result);
extern bool confusion_fbeta(const Confusion *confusion, double beta, double *result);

#endif							/* CONFUSION_H */
