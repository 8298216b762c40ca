/*
 * confusion.c
 *		How many alerts at a threshold were right, and what follows from that.
 *
 * A company is in alert at a threshold if its score is at least that.  Sums are
 * rounded to doubles once they are complete, so counts are exact.
 */
#include "metrics/confusion.h"

bool
confusion_precision(const Confusion *confusion, double *result)
{
	double		alerts = confusion->true_positives + confusion->false_positives;

	*result = confusion->true_positives / alerts;
	return alerts > 0.0;
}

bool
confusion_recall(const Confusion *confusion, double *result)
{
	double		positives = confusion->true_positives + confusion->false_negatives;

	*result = confusion->true_positives / positives;
	return positives > 0.0;
}

bool
confusion_specificity(const Confusion *confusion, double *result)
{
	double		negatives = confusion->true_negatives + confusion->false_positives;

	*result = confusion->true_negatives / negatives;
	return negatives > 0.0;
}

bool
confusion_balanced_accuracy(const Confusion *confusion, double *result)
{
	double		recall;
	double		specificity;
	bool		defined = confusion_recall(confusion, &recall);

	defined = confusion_specificity(confusion, &specificity) && defined;
	*result = (recall + specificity) / 2.0;
	return defined;
}

bool
confusion_fbeta(const Confusion *confusion, double beta, double *result)
{
	double		square = beta * beta;
	double		hits = (1.0 + square) * confusion->true_positives;
	double		whole = hits + square * confusion->false_negatives + confusion->false_positives;

	*result = hits / whole;
	return whole > 0.0;
}

void
confusion_of_alerts(const ScoreGroups *groups, DoubleDouble positive, DoubleDouble negative,
					Confusion *confusion)
{
	confusion->true_positives = dd_to_double(positive);
	confusion->false_positives = dd_to_double(negative);
	confusion->false_negatives = dd_to_double(dd_subtract(groups->positive, positive));
	confusion->true_negatives = dd_to_double(dd_subtract(groups->negative, negative));
}

void
confusion_at(ScoreGroups *groups, double threshold, Confusion *confusion)
{
	DoubleDouble positive = dd_from(0.0);
	DoubleDouble negative = dd_from(0.0);
	ScoreGroup	group;

	while (groups_next(groups, &group) && group.score >= threshold)
	{
		positive = dd_add(positive, group.positive);
		negative = dd_add(negative, group.negative);
	}
	confusion_of_alerts(groups, positive, negative, confusion);
}
