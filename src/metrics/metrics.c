/*
 * metrics.c
 *		Metrics of scores against what happened.
 *
 * A metric reads groups of equal scores from the highest down, with sums of
 * weights in twice double precision (double_double.h), and rounds at the end: with
 * counts for weights, results are within an ulp or two of the exact quotient, and
 * comparisons between thresholds are exact.  A company is in alert at a threshold if
 * its score is at least that.
 *
 * The SQL functions take outcomes and parameters; the final functions of the
 * aggregates are the same C functions without the parameters, which the state then
 * holds.
 */
#include "metrics/metrics.h"

#include <float.h>
#include <math.h>

#include "lib/stringinfo.h"
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
				 errhint("Leave such rows out with FILTER, or make their score NULL.")));
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

double
metric_beta(double beta)
{
	if (!(beta >= 0.0) || beta > 1e6)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid beta %g", beta),
				 errdetail("It is from 0 (precision only) to 1000000; recall counts beta times as much as precision.")));
	return beta + 0.0;			/* not -0 */
}

double
metric_cases(int32 cases)
{
	if (cases < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid number of cases %d", cases),
				 errhint("Give a whole number from 1 on for cases, or a share with a decimal point such as 0.05.")));
	return cases;
}

double
metric_share(double share)
{
	if (!(share > 0.0 && share <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid share %g", share),
				 errdetail("A share is above 0 and at most 1."),
				 errhint("For a number of cases, give an integer.")));
	return share;
}

double
metric_bins(int32 bins)
{
	if (bins < 1 || bins > METRIC_MAX_BINS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid number of bins %d", bins),
				 errdetail("It is from 1 to %d.", METRIC_MAX_BINS)));
	return bins;
}

/* 0 for bins of equal width, 1 for bins of equal weight */
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

double
metric_log_loss(double score, bool label)
{
	double		p = Min(Max(score, DBL_EPSILON), 1.0 - DBL_EPSILON);

	return label ? -log(p) : -log1p(-p);
}

double
metric_brier_score(double score, bool label)
{
	double		difference = score - (label ? 1.0 : 0.0);

	return difference * difference;
}

/* ----------
 * At a threshold
 * ----------
 */
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
confusion_f_score(const Confusion *confusion, double beta, double *result)
{
	double		square = beta * beta;
	double		hits = (1.0 + square) * confusion->true_positives;
	double		whole = hits + square * confusion->false_negatives + confusion->false_positives;

	*result = hits / whole;
	return whole > 0.0;
}

void
confusion_of_alerts(const ScoreGroups *groups, DoubleDouble positive, DoubleDouble negative, Confusion *confusion)
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

static bool
precision_at(ScoreGroups *groups, const double *parameters, double *result)
{
	Confusion	confusion;

	confusion_at(groups, parameters[0], &confusion);
	return confusion_precision(&confusion, result);
}

static bool
recall_at(ScoreGroups *groups, const double *parameters, double *result)
{
	Confusion	confusion;

	confusion_at(groups, parameters[0], &confusion);
	return confusion_recall(&confusion, result);
}

static bool
specificity_at(ScoreGroups *groups, const double *parameters, double *result)
{
	Confusion	confusion;

	confusion_at(groups, parameters[0], &confusion);
	return confusion_specificity(&confusion, result);
}

static bool
balanced_accuracy(ScoreGroups *groups, const double *parameters, double *result)
{
	Confusion	confusion;

	confusion_at(groups, parameters[0], &confusion);
	return confusion_balanced_accuracy(&confusion, result);
}

static bool
f_score(ScoreGroups *groups, const double *parameters, double *result)
{
	Confusion	confusion;

	confusion_at(groups, parameters[0], &confusion);
	return confusion_f_score(&confusion, parameters[1], result);
}

/* ----------
 * Over all thresholds
 * ----------
 */
static bool
two_classes(const ScoreGroups *groups)
{
	return dd_positive(groups->positive) && dd_positive(groups->negative);
}

/* The share of pairs of a failure and a survivor that are in order, ties for a half */
static bool
roc_auc(ScoreGroups *groups, const double *parameters, double *result)
{
	DoubleDouble above = dd_from(0.0);
	DoubleDouble twice = dd_from(0.0);
	ScoreGroup	group;

	if (!two_classes(groups))
		return false;
	while (groups_next(groups, &group))
	{
		/* half of this group's failures, and all above, are higher than its survivors */
		above = dd_add(above, group.positive);
		twice = dd_add(twice, dd_multiply(group.negative, above));
		above = dd_add(above, group.positive);
	}
	*result = dd_divide(twice, dd_scale(dd_multiply(groups->positive, groups->negative), 2.0));
	return true;
}

static bool
gini(ScoreGroups *groups, const double *parameters, double *result)
{
	if (!roc_auc(groups, parameters, result))
		return false;
	*result = 2.0 * *result - 1.0;
	return true;
}

/* Precision at each threshold, weighted by the recall gained there */
static bool
average_precision(ScoreGroups *groups, const double *parameters, double *result)
{
	DoubleDouble positive = dd_from(0.0);
	DoubleDouble alerts = dd_from(0.0);
	DoubleDouble sum = dd_from(0.0);
	ScoreGroup	group;

	if (!dd_positive(groups->positive))
		return false;
	while (groups_next(groups, &group))
	{
		positive = dd_add(positive, group.positive);
		alerts = dd_add(alerts, dd_add(group.positive, group.negative));
		if (dd_positive(group.positive))
			sum = dd_add(sum, dd_scale(group.positive, dd_divide(positive, alerts)));
	}
	*result = dd_divide(sum, groups->positive);
	return true;
}

/* The largest distance between the distributions of the two classes */
static bool
ks_statistic(ScoreGroups *groups, const double *parameters, double *result)
{
	DoubleDouble positive = dd_from(0.0);
	DoubleDouble negative = dd_from(0.0);
	DoubleDouble largest = dd_from(0.0);
	ScoreGroup	group;

	if (!two_classes(groups))
		return false;
	while (groups_next(groups, &group))
	{
		DoubleDouble distance;

		positive = dd_add(positive, group.positive);
		negative = dd_add(negative, group.negative);
		distance = dd_subtract(dd_multiply(positive, groups->negative),
							   dd_multiply(negative, groups->positive));
		if (distance.high < 0.0)
			distance = dd_negate(distance);
		if (dd_less(largest, distance))
			largest = distance;
	}
	*result = dd_divide(largest, dd_multiply(groups->positive, groups->negative));
	return true;
}

/*
 * The score from which on alerts have the best F-score: of equally good ones the
 * highest, which makes the fewest alerts.
 */
static bool
best_threshold(ScoreGroups *groups, const double *parameters, double *result)
{
	/* F is hits / (alerts + beta^2 * positives), but for a factor */
	DoubleDouble constant = dd_multiply(dd_product(parameters[0], parameters[0]), groups->positive);
	DoubleDouble hits = dd_from(0.0);
	DoubleDouble whole = constant;
	DoubleDouble best_hits = dd_from(0.0);
	DoubleDouble best_whole = dd_from(1.0);
	ScoreGroup	group;

	if (!dd_positive(groups->positive))
		return false;
	while (groups_next(groups, &group))
	{
		hits = dd_add(hits, group.positive);
		whole = dd_add(whole, dd_add(group.positive, group.negative));
		if (dd_less(dd_multiply(best_hits, whole), dd_multiply(hits, best_whole)))
		{
			best_hits = hits;
			best_whole = whole;
			*result = group.score;
		}
	}
	return true;
}

/* ----------
 * The highest scores
 * ----------
 */

/*
 * How many failures are among the highest scores up to a limit of weight.  Of
 * scores equal at the limit, each counts for the part that fits: the expectation
 * over all ways to choose among them.
 */
static double
top_precision(ScoreGroups *groups, const double *parameters)
{
	DoubleDouble limit = parameters[1] != 0.0 ? dd_scale(groups->total, parameters[0]) :
		dd_from(parameters[0] * groups->scale);
	DoubleDouble positive = dd_from(0.0);
	DoubleDouble taken = dd_from(0.0);
	ScoreGroup	group;

	if (dd_less(groups->total, limit))
		limit = groups->total;
	while (groups_next(groups, &group))
	{
		DoubleDouble weight = dd_add(group.positive, group.negative);
		DoubleDouble room = dd_subtract(limit, taken);

		if (dd_less(room, weight))
		{
			positive = dd_add(positive, dd_scale(group.positive, dd_divide(room, weight)));
			break;
		}
		taken = dd_add(taken, weight);
		positive = dd_add(positive, group.positive);
	}
	return dd_divide(positive, limit);
}

static bool
precision_at_k(ScoreGroups *groups, const double *parameters, double *result)
{
	if (!dd_positive(groups->total))
		return false;
	*result = top_precision(groups, parameters);
	return true;
}

static bool
lift_at(ScoreGroups *groups, const double *parameters, double *result)
{
	if (!dd_positive(groups->positive))
		return false;
	*result = top_precision(groups, parameters) / dd_divide(groups->positive, groups->total);
	return true;
}

/* ----------
 * Probabilities
 * ----------
 */
static bool
mean_loss(ScoreGroups *groups, double (*loss) (double score, bool label), double *result)
{
	DoubleDouble sum = dd_from(0.0);
	ScoreGroup	group;

	if (!dd_positive(groups->total))
		return false;
	while (groups_next(groups, &group))
	{
		metric_probability(group.score);
		if (dd_positive(group.positive))
			sum = dd_add(sum, dd_scale(group.positive, loss(group.score, true)));
		if (dd_positive(group.negative))
			sum = dd_add(sum, dd_scale(group.negative, loss(group.score, false)));
	}
	*result = dd_divide(sum, groups->total);
	return true;
}

static bool
log_loss(ScoreGroups *groups, const double *parameters, double *result)
{
	return mean_loss(groups, metric_log_loss, result);
}

static bool
brier_score(ScoreGroups *groups, const double *parameters, double *result)
{
	return mean_loss(groups, metric_brier_score, result);
}

static void
add_to_bin(Bin *bin, const ScoreGroup *group)
{
	DoubleDouble weight = dd_add(group->positive, group->negative);

	if (!dd_positive(bin->weight))
		bin->high = group->score;
	bin->low = group->score;
	bin->weight = dd_add(bin->weight, weight);
	bin->positive = dd_add(bin->positive, group->positive);
	bin->score_sum = dd_add(bin->score_sum, dd_scale(weight, group->score));
}

void
bins_of_width(ScoreGroups *groups, Bin *bins, int count)
{
	ScoreGroup	group;

	memset(bins, 0, count * sizeof(Bin));
	while (groups_next(groups, &group))
	{
		int			bin;

		/* bin i is above i / count and up to (i + 1) / count; 0 is in the first */
		metric_probability(group.score);
		bin = (int) (group.score * count);
		bin = Max(0, Min(bin, count - 1));
		while (bin > 0 && group.score <= (double) bin / count)
			bin--;
		while (bin < count - 1 && group.score > (double) (bin + 1) / count)
			bin++;
		add_to_bin(&bins[bin], &group);
	}
}

void
bins_of_weight(ScoreGroups *groups, Bin *bins, int count)
{
	DoubleDouble above = dd_from(0.0);
	ScoreGroup	group;

	memset(bins, 0, count * sizeof(Bin));
	while (groups_next(groups, &group))
	{
		DoubleDouble weight = dd_add(group.positive, group.negative);
		DoubleDouble middle = dd_add(above, dd_scale(weight, 0.5));
		int			bin = (int) (dd_divide(middle, groups->total) * count);

		add_to_bin(&bins[count - 1 - Max(0, Min(bin, count - 1))], &group);
		above = dd_add(above, weight);
	}
}

/* The mean distance between score and rate of failure over bins */
static bool
calibration_error(ScoreGroups *groups, const double *parameters, double *result)
{
	int			count = (int) parameters[0];
	Bin		   *bins;
	DoubleDouble sum = dd_from(0.0);

	if (!dd_positive(groups->total))
		return false;
	bins = palloc(count * sizeof(Bin));
	if (parameters[1] != 0.0)
		bins_of_weight(groups, bins, count);
	else
		bins_of_width(groups, bins, count);
	for (int i = 0; i < count; i++)
	{
		DoubleDouble distance = dd_subtract(bins[i].score_sum, bins[i].positive);

		if (bins[i].weight.high > 0.0)
		{
			metric_probability(bins[i].low);
			metric_probability(bins[i].high);
		}
		sum = dd_add(sum, distance.high < 0.0 ? dd_negate(distance) : distance);
	}
	pfree(bins);
	*result = dd_divide(sum, groups->total);
	return true;
}

/* ----------
 * By name
 * ----------
 */
static const Metric metrics[] = {
	{.name = "roc_auc", .function = roc_auc},
	{.name = "gini", .function = gini},
	{.name = "average_precision", .function = average_precision},
	{.name = "ks_statistic", .function = ks_statistic},
	{.name = "log_loss", .function = log_loss, .loss = metric_log_loss},
	{.name = "brier_score", .function = brier_score, .loss = metric_brier_score},
	{.name = "calibration_error", .function = calibration_error, .optional = 1, .defaults = {METRIC_DEFAULT_BINS}},
	{.name = "best_threshold", .function = best_threshold, .parameters = 1},
	{.name = "precision_at", .function = precision_at, .parameters = 1},
	{.name = "recall_at", .function = recall_at, .parameters = 1},
	{.name = "specificity_at", .function = specificity_at, .parameters = 1},
	{.name = "balanced_accuracy", .function = balanced_accuracy, .parameters = 1},
	{.name = "f_score", .function = f_score, .parameters = 2},
	{.name = "precision_at_k", .function = precision_at_k, .parameters = 1},
	{.name = "lift_at", .function = lift_at, .parameters = 1}
};

const Metric *
metric_by_name(const char *name)
{
	StringInfoData names;

	for (int i = 0; i < lengthof(metrics); i++)
		if (strcmp(name, metrics[i].name) == 0)
			return &metrics[i];
	initStringInfo(&names);
	for (int i = 0; i < lengthof(metrics); i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", metrics[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown metric \"%s\"", name),
			 errhint("There are %s.", names.data)));
}

/* By name, whole numbers come as double precision, too. */
static double
whole_parameter(double number, const char *what, int32 most, const char *hint)
{
	if (!(number >= 1.0 && number <= most) || number != rint(number))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid number of %s %g", what, number),
				 errdetail("It is a whole number from 1 to %d.", most),
				 hint != NULL ? errhint("%s", hint) : 0));
	return number;
}

void
metric_complete_parameters(const Metric *metric, int given, double *parameters)
{
	if (given < metric->parameters || given > metric->parameters + metric->optional)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("metric \"%s\" takes %d to %d parameters, not %d", metric->name,
						metric->parameters, metric->parameters + metric->optional, given),
				 errhint("Give thresholds, beta, cases or bins as in parameters => '{0.5}'.")));
	for (int i = given; i < OUTCOMES_PARAMETERS; i++)
		parameters[i] = metric->defaults[i];
	if (metric->function == best_threshold)
		parameters[0] = metric_beta(parameters[0]);
	else if (metric->function == calibration_error)
		parameters[0] = whole_parameter(parameters[0], "bins", METRIC_MAX_BINS, NULL);
	else if (metric->function == precision_at_k || metric->function == lift_at)
	{
		/* up to 1 it is a share, above a number of cases */
		parameters[1] = parameters[0] <= 1.0;
		if (parameters[1])
			parameters[0] = metric_share(parameters[0]);
		else
			parameters[0] = whole_parameter(parameters[0], "cases", PG_INT32_MAX,
											"A number up to 1 is a share of all, above it is a number of cases.");
	}
	else if (metric->parameters > 0)
		parameters[0] = metric_threshold(parameters[0]);
	if (metric->function == f_score)
		parameters[1] = metric_beta(parameters[1]);
}

/* ----------
 * As functions of outcomes
 * ----------
 */
static Datum
metric_of_outcomes(FunctionCallInfo fcinfo, MetricFunction function, OutcomesParameter parameter,
				   double first, double second)
{
	Outcomes   *outcomes = outcomes_argument(fcinfo, 0);
	double		parameters[OUTCOMES_PARAMETERS] = {first, second};
	ScoreGroups groups;
	double		result;

	/* a final function: the state has the parameters */
	if (parameter != PARAMETER_NONE && PG_NARGS() == 1)
	{
		if (outcomes->parameter != parameter)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid state of an aggregate")));
		memcpy(parameters, outcomes->parameters, sizeof(parameters));
		/* states can be forged */
		if (parameter == PARAMETER_BINS && !(parameters[0] >= 1 && parameters[0] <= METRIC_MAX_BINS))
			parameters[0] = METRIC_DEFAULT_BINS;
	}
	groups_of_outcomes(&groups, outcomes);
	if (!function(&groups, parameters, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

#define METRIC_WITHOUT_PARAMETERS(name) \
PG_FUNCTION_INFO_V1(company_risk_##name); \
Datum \
company_risk_##name(PG_FUNCTION_ARGS) \
{ \
	return metric_of_outcomes(fcinfo, name, PARAMETER_NONE, 0, 0); \
} \
extern int	no_such_variable

METRIC_WITHOUT_PARAMETERS(roc_auc);
METRIC_WITHOUT_PARAMETERS(gini);
METRIC_WITHOUT_PARAMETERS(average_precision);
METRIC_WITHOUT_PARAMETERS(ks_statistic);
METRIC_WITHOUT_PARAMETERS(log_loss);
METRIC_WITHOUT_PARAMETERS(brier_score);

#define METRIC_WITH_THRESHOLD(name) \
PG_FUNCTION_INFO_V1(company_risk_##name); \
Datum \
company_risk_##name(PG_FUNCTION_ARGS) \
{ \
	return metric_of_outcomes(fcinfo, name, PARAMETER_NONE, metric_threshold(PG_GETARG_FLOAT8(1)), 0); \
} \
extern int	no_such_variable

METRIC_WITH_THRESHOLD(precision_at);
METRIC_WITH_THRESHOLD(recall_at);
METRIC_WITH_THRESHOLD(specificity_at);
METRIC_WITH_THRESHOLD(balanced_accuracy);

PG_FUNCTION_INFO_V1(company_risk_f_score);
Datum
company_risk_f_score(PG_FUNCTION_ARGS)
{
	return metric_of_outcomes(fcinfo, f_score, PARAMETER_NONE, metric_threshold(PG_GETARG_FLOAT8(1)),
							  metric_beta(PG_GETARG_FLOAT8(2)));
}

PG_FUNCTION_INFO_V1(company_risk_best_threshold);
Datum
company_risk_best_threshold(PG_FUNCTION_ARGS)
{
	return metric_of_outcomes(fcinfo, best_threshold, PARAMETER_BETA,
							  PG_NARGS() == 1 ? 0 : metric_beta(PG_GETARG_FLOAT8(1)), 0);
}

/* (outcomes, cases integer), (outcomes, share double precision), or (state) */
PG_FUNCTION_INFO_V1(company_risk_precision_at_cases);
Datum
company_risk_precision_at_cases(PG_FUNCTION_ARGS)
{
	return metric_of_outcomes(fcinfo, precision_at_k, PARAMETER_CUT,
							  PG_NARGS() == 1 ? 0 : metric_cases(PG_GETARG_INT32(1)), 0);
}

PG_FUNCTION_INFO_V1(company_risk_precision_at_share);
Datum
company_risk_precision_at_share(PG_FUNCTION_ARGS)
{
	return metric_of_outcomes(fcinfo, precision_at_k, PARAMETER_CUT, metric_share(PG_GETARG_FLOAT8(1)), 1);
}

PG_FUNCTION_INFO_V1(company_risk_lift_at_cases);
Datum
company_risk_lift_at_cases(PG_FUNCTION_ARGS)
{
	return metric_of_outcomes(fcinfo, lift_at, PARAMETER_CUT,
							  PG_NARGS() == 1 ? 0 : metric_cases(PG_GETARG_INT32(1)), 0);
}

PG_FUNCTION_INFO_V1(company_risk_lift_at_share);
Datum
company_risk_lift_at_share(PG_FUNCTION_ARGS)
{
	return metric_of_outcomes(fcinfo, lift_at, PARAMETER_CUT, metric_share(PG_GETARG_FLOAT8(1)), 1);
}

PG_FUNCTION_INFO_V1(company_risk_calibration_error);
Datum
company_risk_calibration_error(PG_FUNCTION_ARGS)
{
	if (PG_NARGS() == 1)
		return metric_of_outcomes(fcinfo, calibration_error, PARAMETER_BINS, 0, 0);
	return metric_of_outcomes(fcinfo, calibration_error, PARAMETER_BINS, metric_bins(PG_GETARG_INT32(1)),
							  metric_strategy(PG_GETARG_TEXT_PP(2)));
}
