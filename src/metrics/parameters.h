/*
 * parameters.h
 *		What scores, weights and the parameters of metrics may be.
 */
#ifndef PARAMETERS_H
#define PARAMETERS_H

#include "postgres.h"

#define METRIC_DEFAULT_BINS 10
#define METRIC_MAX_BINS 100000

/* As many as outcomes keep for an aggregate */
#define METRIC_PARAMETERS 2

/* What a metric is asked at */
typedef enum ParameterKind
{
	PARAMETERS_NONE,
	PARAMETERS_THRESHOLD,
	PARAMETERS_BETA,
	PARAMETERS_THRESHOLD_BETA,
	PARAMETERS_K,				/* so many rows */
	PARAMETERS_SHARE,			/* so large a part of all */
	PARAMETERS_BINS				/* how many, and 1 if they are of equal weight; ten of equal width by default */
} ParameterKind;

/*
 * Checks the parameters that were given to a metric of this name, and completes
 * them.  All are numbers, whoever has given them: SQL's arguments, an aggregate's
 * state or a caller by name.
 */
extern void metric_check_parameters(const char *metric, ParameterKind kind, int given,
									double *parameters);

/* Each checks an argument, and returns it; -0 becomes 0. */
extern double metric_score(double score);
extern double metric_weight(double weight);
extern double metric_threshold(double threshold);
extern double metric_bins(double bins);

/* 0 for bins of equal width, 1 for bins of equal weight */
extern double metric_strategy(text *strategy);

/* An error unless a score is from 0 to 1 */
extern void metric_probability(double score);

#endif							/* PARAMETERS_H */
