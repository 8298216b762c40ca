/*
 * metrics.h
 *		Metrics of scores against what happened, by name and as functions.
 */
#ifndef METRICS_H
#define METRICS_H

#include "postgres.h"

#include "metrics/outcomes.h"

#define METRIC_DEFAULT_BINS 10
#define METRIC_MAX_BINS 100000

/* Check an argument, and return it (metrics.c) */
extern double metric_score(double score);
extern double metric_weight(double weight);
extern double metric_beta(double beta);
extern double metric_cases(int32 cases);
extern double metric_share(double share);
extern double metric_bins(int32 bins);
extern double metric_strategy(text *strategy);
extern double metric_threshold(double threshold);
extern void metric_probability(double score);

/* Loss of a score in [0, 1]; as usual log_loss keeps 2^-52 away from 0 and 1. */
extern double metric_log_loss(double score, bool label);
extern double metric_brier_score(double score, bool label);

/* Confusion at a threshold, in the groups' weights: scaled as they are */
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
extern bool confusion_f_score(const Confusion *confusion, double beta, double *result);

/*
 * A metric computes its value from groups that have just been rewound; false where
 * it is undefined, as most are when there is one class only.
 */
typedef bool (*MetricFunction) (ScoreGroups *groups, const double *parameters, double *result);

typedef struct Metric
{
	const char *name;
	MetricFunction function;
	int			parameters;		/* that a caller by name has to give */
	int			optional;		/* that he may give beyond */
	double		defaults[OUTCOMES_PARAMETERS];
	/* additive ones: loss by score and label; else NULL */
	double		(*loss) (double score, bool label);
} Metric;

extern const Metric *metric_by_name(const char *name);

/* Checks what a caller by name gave and completes it. */
extern void metric_complete_parameters(const Metric *metric, int given, double *parameters);

/* Bins of scores (metrics.c), the lowest scores first */
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

#endif							/* METRICS_H */
