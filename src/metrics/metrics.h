/*
 * metrics.h
 *		Metrics of scores against what happened.
 */
#ifndef METRICS_H
#define METRICS_H

#include "postgres.h"

#include "metrics/parameters.h"
#include "metrics/score_groups.h"

/*
 * A metric computes its value from groups that have just been rewound; false where
 * it is undefined, as most are when there is one class only.
 */
typedef bool (*MetricFunction) (ScoreGroups *groups, const double *parameters, double *result);

typedef struct Metric
{
	const char *name;
	MetricFunction function;
	ParameterKind parameters;
	/* additive ones: loss by score and label; else NULL */
	double		(*loss) (double score, bool label);
} Metric;

/* In the order of their names' list */
typedef enum MetricNumber
{
	ROC_AUC,
	AVERAGE_PRECISION,
	KS_STATISTIC,
	LOG_LOSS,
	BRIER_SCORE,
	CALIBRATION_ERROR,
	BEST_THRESHOLD,
	PRECISION_AT,
	RECALL_AT,
	BALANCED_ACCURACY_AT,
	FBETA_AT,
	PRECISION_AT_K,
	PRECISION_AT_SHARE,
	LIFT_AT_K,
	LIFT_AT_SHARE,
	METRIC_COUNT
} MetricNumber;

extern const Metric metrics[METRIC_COUNT];

extern const Metric *metric_by_name(const char *name);

#endif							/* METRICS_H */
