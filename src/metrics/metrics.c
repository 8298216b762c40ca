/*
 * metrics.c
 *		Metrics of scores against what happened.
 *
 * A metric reads groups of equal scores from the highest down, with sums of
 * weights in twice double precision (double_double.h), and rounds at the end: with
 * counts for weights, results are within an ulp or two of the exact quotient, and
 * comparisons between thresholds are exact.
 */
#include "metrics/metrics.h"

#include <float.h>
#include <math.h>

#include "lib/stringinfo.h"

#include "metrics/bins.h"
#include "metrics/confusion.h"

/* ----------
 * At a threshold
 * ----------
 */
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
balanced_accuracy_at(ScoreGroups *groups, const double *parameters, double *result)
{
	Confusion	confusion;

	confusion_at(groups, parameters[0], &confusion);
	return confusion_balanced_accuracy(&confusion, result);
}

static bool
fbeta_at(ScoreGroups *groups, const double *parameters, double *result)
{
	Confusion	confusion;

	confusion_at(groups, parameters[0], &confusion);
	return confusion_fbeta(&confusion, parameters[1], result);
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
 * The share of failures among the highest scores up to a limit of weight.  Of
 * scores equal at the limit, each counts for the part that fits: the expectation
 * over all ways to choose among them.
 */
static bool
top_precision(ScoreGroups *groups, DoubleDouble limit, double *result)
{
	DoubleDouble positive = dd_from(0.0);
	DoubleDouble taken = dd_from(0.0);
	ScoreGroup	group;

	if (!dd_positive(groups->total))
		return false;
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
	*result = dd_divide(positive, limit);
	return true;
}

/* Over the precision of an alert for everybody */
static bool
top_lift(ScoreGroups *groups, DoubleDouble limit, double *result)
{
	if (!dd_positive(groups->positive) || !top_precision(groups, limit, result))
		return false;
	*result /= dd_divide(groups->positive, groups->total);
	return true;
}

static bool
precision_at_k(ScoreGroups *groups, const double *parameters, double *result)
{
	return top_precision(groups, dd_from(parameters[0] * groups->scale), result);
}

static bool
precision_at_share(ScoreGroups *groups, const double *parameters, double *result)
{
	return top_precision(groups, dd_scale(groups->total, parameters[0]), result);
}

static bool
lift_at_k(ScoreGroups *groups, const double *parameters, double *result)
{
	return top_lift(groups, dd_from(parameters[0] * groups->scale), result);
}

static bool
lift_at_share(ScoreGroups *groups, const double *parameters, double *result)
{
	return top_lift(groups, dd_scale(groups->total, parameters[0]), result);
}

/* ----------
 * Probabilities
 * ----------
 */
/* As usual, scores are kept 2^-52 away from 0 and 1. */
static double
log_loss_of(double score, bool label)
{
	double		p = Min(Max(score, DBL_EPSILON), 1.0 - DBL_EPSILON);

	return label ? -log(p) : -log1p(-p);
}

static double
brier_score_of(double score, bool label)
{
	double		difference = score - (label ? 1.0 : 0.0);

	return difference * difference;
}

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
	return mean_loss(groups, log_loss_of, result);
}

static bool
brier_score(ScoreGroups *groups, const double *parameters, double *result)
{
	return mean_loss(groups, brier_score_of, result);
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
const Metric metrics[METRIC_COUNT] = {
	[ROC_AUC] = {"roc_auc", .function = roc_auc},
	[AVERAGE_PRECISION] = {"average_precision", .function = average_precision},
	[KS_STATISTIC] = {"ks_statistic", .function = ks_statistic},
	[LOG_LOSS] = {"log_loss", log_loss, .loss = log_loss_of},
	[BRIER_SCORE] = {"brier_score", brier_score, .loss = brier_score_of},
	[CALIBRATION_ERROR] = {"calibration_error", calibration_error, .parameters = PARAMETERS_BINS},
	[BEST_THRESHOLD] = {"best_threshold", best_threshold, .parameters = PARAMETERS_BETA},
	[PRECISION_AT] = {"precision_at", precision_at, .parameters = PARAMETERS_THRESHOLD},
	[RECALL_AT] = {"recall_at", recall_at, .parameters = PARAMETERS_THRESHOLD},
	[BALANCED_ACCURACY_AT] = {"balanced_accuracy_at", balanced_accuracy_at, .parameters = PARAMETERS_THRESHOLD},
	[FBETA_AT] = {"fbeta_at", fbeta_at, .parameters = PARAMETERS_THRESHOLD_BETA},
	[PRECISION_AT_K] = {"precision_at_k", precision_at_k, .parameters = PARAMETERS_K},
	[PRECISION_AT_SHARE] = {"precision_at_share", precision_at_share, .parameters = PARAMETERS_SHARE},
	[LIFT_AT_K] = {"lift_at_k", lift_at_k, .parameters = PARAMETERS_K},
	[LIFT_AT_SHARE] = {"lift_at_share", lift_at_share, .parameters = PARAMETERS_SHARE}
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
