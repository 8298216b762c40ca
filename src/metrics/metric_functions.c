/*
 * metric_functions.c
 *		Metrics for SQL: functions of outcomes and parameters, and the final
 *		functions of aggregates.
 *
 * A final function is the same C function without the parameters, which the state
 * then holds.
 */
#include "postgres.h"

#include "fmgr.h"

#include "metrics/metrics.h"
#include "metrics/outcomes.h"
#include "metrics/parameters.h"

/* Reads what was given to a metric of outcomes, behind the outcomes; how many. */
static int
read_arguments(FunctionCallInfo fcinfo, ParameterKind kind, double *parameters)
{
	switch (kind)
	{
		case PARAMETERS_NONE:
			break;
		case PARAMETERS_K:
			parameters[0] = PG_GETARG_INT32(1);
			break;
		case PARAMETERS_BINS:
			parameters[0] = PG_GETARG_INT32(1);
			parameters[1] = metric_strategy(PG_GETARG_TEXT_PP(2));
			break;
		case PARAMETERS_THRESHOLD:
		case PARAMETERS_BETA:
		case PARAMETERS_SHARE:
		case PARAMETERS_THRESHOLD_BETA:
			for (int i = 1; i < PG_NARGS(); i++)
				parameters[i - 1] = PG_GETARG_FLOAT8(i);
			break;
	}
	return PG_NARGS() - 1;
}

static Datum
metric_of_outcomes(FunctionCallInfo fcinfo, const Metric *metric)
{
	const Outcomes *outcomes = outcomes_argument(fcinfo, 0);
	double		parameters[OUTCOMES_PARAMETERS] = {0};
	int			count;
	ScoreGroups groups;
	double		result;

	StaticAssertStmt(OUTCOMES_PARAMETERS == METRIC_PARAMETERS, "states hold what metrics take");
	if (PG_NARGS() == 1)
	{
		count = outcomes->parameter_count;
		memcpy(parameters, outcomes->parameters, sizeof(parameters));
	}
	else
		count = read_arguments(fcinfo, metric->parameters, parameters);
	metric_check_parameters(metric->name, metric->parameters, count, parameters);
	groups_of_outcomes(&groups, outcomes);
	if (!metric->function(&groups, parameters, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

#define METRIC_FUNCTION(name, number) \
PG_FUNCTION_INFO_V1(company_risk_##name); \
Datum \
company_risk_##name(PG_FUNCTION_ARGS) \
{ \
	return metric_of_outcomes(fcinfo, &metrics[number]); \
} \
extern int	no_such_variable

METRIC_FUNCTION(roc_auc, ROC_AUC);
METRIC_FUNCTION(average_precision, AVERAGE_PRECISION);
METRIC_FUNCTION(ks_statistic, KS_STATISTIC);
METRIC_FUNCTION(log_loss, LOG_LOSS);
METRIC_FUNCTION(brier_score, BRIER_SCORE);
METRIC_FUNCTION(calibration_error, CALIBRATION_ERROR);
METRIC_FUNCTION(best_threshold, BEST_THRESHOLD);
METRIC_FUNCTION(precision_at, PRECISION_AT);
METRIC_FUNCTION(recall_at, RECALL_AT);
METRIC_FUNCTION(balanced_accuracy_at, BALANCED_ACCURACY_AT);
METRIC_FUNCTION(fbeta_at, FBETA_AT);
METRIC_FUNCTION(precision_at_k, PRECISION_AT_K);
METRIC_FUNCTION(precision_at_share, PRECISION_AT_SHARE);
METRIC_FUNCTION(lift_at_k, LIFT_AT_K);
METRIC_FUNCTION(lift_at_share, LIFT_AT_SHARE);

/* For functions that compare scores with thresholds: NaN would be above them all. */
PG_FUNCTION_INFO_V1(company_risk_comparable_score);
Datum
company_risk_comparable_score(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(metric_score(PG_GETARG_FLOAT8(0)));
}
