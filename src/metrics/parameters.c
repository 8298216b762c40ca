/*
 * parameters.c
 *		What scores, weights and the parameters of metrics may be.
 *
 * Each function checks one argument and returns it, as a double, which is how
 * states and callers by name hold every parameter.
 */
#include "metrics/parameters.h"

#include <math.h>

#include "utils/builtins.h"

/* ----------
 * Arguments
 * ----------
 */
double
metric_score(double score)
{
	if (isnan(score))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("score is not a number (NaN)"),
				 errhint("Find such rows with WHERE score = 'NaN'; leave them out with FILTER, or make their score NULL.")));
	return score;
}

double
metric_weight(double weight)
{
	if (!(weight >= 0.0) || isinf(weight))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("invalid weight %g", weight),
				 errdetail("A weight is finite and not negative.")));
	return weight;
}

static double
beta_parameter(double beta)
{
	if (!(beta >= 0.0) || beta > 1e6)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid beta %g", beta),
				 errdetail("It is from 0 (precision only) to 1000000; recall counts beta times as much as precision.")));
	return beta + 0.0;			/* not -0 */
}

static double
whole_parameter(double number, const char *what, int32 most)
{
	if (!(number >= 1.0 && number <= most) || number != rint(number))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid number of %s %g", what, number),
				 errdetail("It is a whole number from 1 to %d.", most)));
	return number;
}

static double
share_parameter(double share)
{
	if (!(share > 0.0 && share <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid share %g", share),
				 errdetail("A share is above 0 and at most 1."),
				 errhint("risk.precision_at_k and risk.lift_at_k take a number of rows.")));
	return share;
}

double
metric_bins(double bins)
{
	return whole_parameter(bins, "bins", METRIC_MAX_BINS);
}

double
metric_strategy(text *strategy)
{
	char	   *name = text_to_cstring(strategy);

	if (strcmp(name, "uniform") == 0)
		return 0;
	if (strcmp(name, "quantile") == 0)
		return 1;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown strategy \"%s\"", name),
			 errhint("It is uniform (bins of equal width) or quantile (bins of equal weight).")));
}

double
metric_threshold(double threshold)
{
	if (isnan(threshold))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("threshold is not a number (NaN)")));
	return threshold + 0.0;
}

void
metric_probability(double score)
{
	if (!(score >= 0.0 && score <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("score %g is not a probability", score),
				 errdetail("Log loss, Brier score and calibration need scores from 0 to 1.")));
}

void
metric_check_parameters(const char *metric, ParameterKind kind, int given, double *parameters)
{
	static const struct
	{
		int			least;
		int			most;
	}			counts[] = {
		[PARAMETERS_NONE] = {0, 0},
		[PARAMETERS_THRESHOLD] = {1, 1},
		[PARAMETERS_BETA] = {1, 1},
		[PARAMETERS_THRESHOLD_BETA] = {2, 2},
		[PARAMETERS_K] = {1, 1},
		[PARAMETERS_SHARE] = {1, 1},
		[PARAMETERS_BINS] = {0, 2}
	};

	if (given < counts[kind].least || given > counts[kind].most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 counts[kind].least == counts[kind].most ?
				 errmsg("metric \"%s\" takes %d parameters, not %d", metric, counts[kind].most, given) :
				 errmsg("metric \"%s\" takes %d to %d parameters, not %d", metric,
						counts[kind].least, counts[kind].most, given),
				 errhint("Give thresholds, beta, k, shares or bins as in parameters => '{0.5}'.")));
	for (int i = given; i < METRIC_PARAMETERS; i++)
		parameters[i] = 0.0;
	switch (kind)
	{
		case PARAMETERS_NONE:
			break;
		case PARAMETERS_THRESHOLD:
			parameters[0] = metric_threshold(parameters[0]);
			break;
		case PARAMETERS_BETA:
			parameters[0] = beta_parameter(parameters[0]);
			break;
		case PARAMETERS_THRESHOLD_BETA:
			parameters[0] = metric_threshold(parameters[0]);
			parameters[1] = beta_parameter(parameters[1]);
			break;
		case PARAMETERS_K:
			parameters[0] = whole_parameter(parameters[0], "rows", PG_INT32_MAX);
			break;
		case PARAMETERS_SHARE:
			parameters[0] = share_parameter(parameters[0]);
			break;
		case PARAMETERS_BINS:
			parameters[0] = given == 0 ? METRIC_DEFAULT_BINS : metric_bins(parameters[0]);
			parameters[1] = parameters[1] != 0.0;
			break;
	}
}
