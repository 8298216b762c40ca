/*
 * tables.c
 *		Curves and tables of outcomes, as rows.
 *
 * One pass each, from the highest score down.  Weights come back as they were put
 * in: counts, where there were none.  A rate without a denominator is NULL.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"

#include "base/result_row.h"
#include "metrics/bins.h"
#include "metrics/confusion.h"
#include "metrics/parameters.h"

static void
put_quotient(ResultRow *row, DoubleDouble a, DoubleDouble b)
{
	bool		defined = dd_positive(b);

	row_put_float_if(row, defined, defined ? dd_divide(a, b) : 0.0);
}

/* A sum of weights, as it was before they were scaled */
static void
put_weight(ResultRow *row, const ScoreGroups *groups, DoubleDouble weight)
{
	row_put_float(row, dd_to_double(weight) / groups->scale);
}

/* Prepares for rows; false if there are no outcomes. */
static bool
begin_rows(FunctionCallInfo fcinfo, ScoreGroups *groups)
{
	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return false;
	groups_of_outcomes(groups, outcomes_argument(fcinfo, 0));
	return true;
}

static void
emit(FunctionCallInfo fcinfo, ResultRow *row)
{
	row_emit(row, (ReturnSetInfo *) fcinfo->resultinfo);
}

/* ----------
 * Curves
 *
 * With a limit to the points, those are kept that come at even steps of the way
 * along the ROC curve, and both ends.
 * ----------
 */
typedef struct CurvePoint
{
	double		threshold;
	DoubleDouble positive;		/* at or above the threshold */
	DoubleDouble negative;
} CurvePoint;

typedef void (*PutPoint) (ResultRow *row, const ScoreGroups *groups, const CurvePoint *point);

static double
way(const ScoreGroups *groups, const CurvePoint *point)
{
	return (dd_positive(groups->positive) ? dd_divide(point->positive, groups->positive) : 0.0) +
		(dd_positive(groups->negative) ? dd_divide(point->negative, groups->negative) : 0.0);
}

static Datum
curve(FunctionCallInfo fcinfo, PutPoint put)
{
	ResultRow	row = {0};
	ScoreGroups groups;
	ScoreGroup	group;
	CurvePoint	point = {.threshold = INFINITY};
	int			max_points = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1);
	int			steps = max_points - 2;
	double		whole;
	int			step = 0;

	if (!PG_ARGISNULL(1) && max_points < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid number of points %d", max_points),
				 errdetail("A curve has at least 2 points.")));
	if (!begin_rows(fcinfo, &groups))
		return (Datum) 0;
	put(&row, &groups, &point);
	emit(fcinfo, &row);
	whole = dd_positive(groups.positive) + dd_positive(groups.negative);
	while (groups_next(&groups, &group))
	{
		point.threshold = group.score;
		point.positive = dd_add(point.positive, group.positive);
		point.negative = dd_add(point.negative, group.negative);
		if (max_points > 0 && groups.left > 0)
		{
			int			reached = (int) (way(&groups, &point) / whole * (steps + 1));

			/* the last step is the end */
			if (Min(reached, steps) <= step)
				continue;
			step = Min(reached, steps);
		}
		put(&row, &groups, &point);
		emit(fcinfo, &row);
	}
	return (Datum) 0;
}

static void
put_roc_point(ResultRow *row, const ScoreGroups *groups, const CurvePoint *point)
{
	row_put_float(row, point->threshold);
	put_quotient(row, point->negative, groups->negative);
	put_quotient(row, point->positive, groups->positive);
}

PG_FUNCTION_INFO_V1(company_risk_roc_curve);
Datum
company_risk_roc_curve(PG_FUNCTION_ARGS)
{
	return curve(fcinfo, put_roc_point);
}

static void
put_precision_recall_point(ResultRow *row, const ScoreGroups *groups, const CurvePoint *point)
{
	DoubleDouble alerts = dd_add(point->positive, point->negative);

	row_put_float(row, point->threshold);
	/* by convention, no alert is right and finds nobody */
	if (dd_positive(alerts))
		put_quotient(row, point->positive, alerts);
	else
		row_put_float(row, 1.0);
	put_quotient(row, point->positive, groups->positive);
}

PG_FUNCTION_INFO_V1(company_risk_precision_recall_curve);
Datum
company_risk_precision_recall_curve(PG_FUNCTION_ARGS)
{
	return curve(fcinfo, put_precision_recall_point);
}

/* ----------
 * Thresholds
 * ----------
 */
typedef struct Costs
{
	bool		given;
	double		false_positive;
	double		false_negative;
} Costs;

static void
put_confusion(ResultRow *row, const ScoreGroups *groups, const Confusion *confusion)
{
	row_put_float(row, confusion->true_positives / groups->scale);
	row_put_float(row, confusion->false_positives / groups->scale);
	row_put_float(row, confusion->false_negatives / groups->scale);
	row_put_float(row, confusion->true_negatives / groups->scale);
}

static void
put_threshold(ResultRow *row, double threshold, const ScoreGroups *groups,
			  const Confusion *confusion, const Costs *costs)
{
	static const double betas[] = {0.5, 1.0, 2.0};
	double		value;
	bool		defined;

	row_put_float(row, threshold);
	row_put_float(row, (confusion->true_positives + confusion->false_positives) / groups->scale);
	put_confusion(row, groups, confusion);
	defined = confusion_precision(confusion, &value);
	row_put_float_if(row, defined, value);
	defined = confusion_recall(confusion, &value);
	row_put_float_if(row, defined, value);
	defined = confusion_specificity(confusion, &value);
	row_put_float_if(row, defined, value);
	for (int i = 0; i < lengthof(betas); i++)
	{
		defined = confusion_fbeta(confusion, betas[i], &value);
		row_put_float_if(row, defined, value);
	}
	defined = confusion_balanced_accuracy(confusion, &value);
	row_put_float_if(row, defined, value);
	row_put_float_if(row, costs->given, (costs->false_positive * confusion->false_positives +
										 costs->false_negative * confusion->false_negatives) / groups->scale);
}

static double
cost_argument(FunctionCallInfo fcinfo, int argument)
{
	double		cost = PG_GETARG_FLOAT8(argument);

	if (!isfinite(cost))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid cost %g", cost)));
	return cost;
}

/* (outcomes, steps, cost_false_positive, cost_false_negative) */
PG_FUNCTION_INFO_V1(company_risk_threshold_table);
Datum
company_risk_threshold_table(PG_FUNCTION_ARGS)
{
	ResultRow	row = {0};
	ScoreGroups groups;
	ScoreGroup	group;
	Costs		costs = {false, 0.0, 0.0};
	int			steps = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1);
	DoubleDouble positive = dd_from(0.0);
	DoubleDouble negative = dd_from(0.0);
	Confusion	confusion;
	bool		more;

	if (!PG_ARGISNULL(1) && (steps < 1 || steps > 1000000))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid number of steps %d", steps),
				 errdetail("It is from 1 to 1000000, or NULL for every distinct score.")));
	if (!PG_ARGISNULL(2) && !PG_ARGISNULL(3))
	{
		costs.given = true;
		costs.false_positive = cost_argument(fcinfo, 2);
		costs.false_negative = cost_argument(fcinfo, 3);
	}
	if (!begin_rows(fcinfo, &groups))
		return (Datum) 0;

	more = groups_next(&groups, &group);
	for (int step = steps; more || step >= 0;)
	{
		double		threshold;

		if (steps > 0)
		{
			if (step < 0)
				break;
			threshold = (double) step-- / steps;
		}
		else if (more)
			threshold = group.score;
		else
			break;
		while (more && group.score >= threshold)
		{
			positive = dd_add(positive, group.positive);
			negative = dd_add(negative, group.negative);
			more = groups_next(&groups, &group);
		}
		confusion_of_alerts(&groups, positive, negative, &confusion);
		put_threshold(&row, threshold, &groups, &confusion, &costs);
		emit(fcinfo, &row);
	}
	return (Datum) 0;
}

/* (outcomes, threshold) */
PG_FUNCTION_INFO_V1(company_risk_confusion_matrix);
Datum
company_risk_confusion_matrix(PG_FUNCTION_ARGS)
{
	ResultRow	row = {0};
	ScoreGroups groups;
	Confusion	confusion;

	if (!begin_rows(fcinfo, &groups) || PG_ARGISNULL(1))
		return (Datum) 0;
	confusion_at(&groups, metric_threshold(PG_GETARG_FLOAT8(1)), &confusion);
	put_confusion(&row, &groups, &confusion);
	emit(fcinfo, &row);
	return (Datum) 0;
}

/* ----------
 * Bins
 * ----------
 */

/* (outcomes, bins, strategy) */
PG_FUNCTION_INFO_V1(company_risk_calibration_table);
Datum
company_risk_calibration_table(PG_FUNCTION_ARGS)
{
	ResultRow	row = {0};
	ScoreGroups groups;
	Bin		   *bins;
	int			count = METRIC_DEFAULT_BINS;
	bool		by_weight = false;

	if (!PG_ARGISNULL(1))
		count = (int) metric_bins(PG_GETARG_INT32(1));
	if (!PG_ARGISNULL(2))
		by_weight = metric_strategy(PG_GETARG_TEXT_PP(2)) != 0;
	if (!begin_rows(fcinfo, &groups))
		return (Datum) 0;
	bins = palloc(count * sizeof(Bin));
	(by_weight ? bins_of_weight : bins_of_width) (&groups, bins, count);
	for (int i = 0; i < count; i++)
	{
		const Bin  *bin = &bins[i];

		if (!dd_positive(bin->weight))
			continue;
		metric_probability(bin->low);
		metric_probability(bin->high);
		row_put_int(&row, i + 1);
		row_put_float(&row, by_weight ? bin->low : (double) i / count);
		row_put_float(&row, by_weight ? bin->high : (double) (i + 1) / count);
		put_weight(&row, &groups, bin->weight);
		put_weight(&row, &groups, bin->positive);
		put_quotient(&row, bin->score_sum, bin->weight);
		put_quotient(&row, bin->positive, bin->weight);
		emit(fcinfo, &row);
	}
	return (Datum) 0;
}

/* (outcomes, bins) */
PG_FUNCTION_INFO_V1(company_risk_lift_table);
Datum
company_risk_lift_table(PG_FUNCTION_ARGS)
{
	ResultRow	row = {0};
	ScoreGroups groups;
	Bin		   *bins;
	int			count = METRIC_DEFAULT_BINS;
	DoubleDouble weight = dd_from(0.0);
	DoubleDouble positive = dd_from(0.0);

	if (!PG_ARGISNULL(1))
		count = (int) metric_bins(PG_GETARG_INT32(1));
	if (!begin_rows(fcinfo, &groups))
		return (Datum) 0;
	bins = palloc(count * sizeof(Bin));
	bins_of_weight(&groups, bins, count);
	for (int i = count - 1; i >= 0; i--)
	{
		const Bin  *bin = &bins[i];

		if (!dd_positive(bin->weight))
			continue;
		weight = dd_add(weight, bin->weight);
		positive = dd_add(positive, bin->positive);
		row_put_int(&row, count - i);
		row_put_float(&row, bin->low);
		row_put_float(&row, bin->high);
		put_weight(&row, &groups, bin->weight);
		put_weight(&row, &groups, bin->positive);
		put_quotient(&row, bin->positive, bin->weight);
		put_quotient(&row, dd_multiply(bin->positive, groups.total),
					 dd_multiply(bin->weight, groups.positive));
		put_weight(&row, &groups, weight);
		put_weight(&row, &groups, positive);
		put_quotient(&row, positive, groups.positive);
		put_quotient(&row, dd_multiply(positive, groups.total), dd_multiply(weight, groups.positive));
		emit(fcinfo, &row);
	}
	return (Datum) 0;
}

/* ----------
 * Counts
 * ----------
 */
PG_FUNCTION_INFO_V1(company_risk_count_outcomes);
Datum
company_risk_count_outcomes(PG_FUNCTION_ARGS)
{
	Outcomes   *outcomes = outcomes_argument(fcinfo, 0);
	TupleDesc	descriptor;
	ResultRow	row = {0};
	size_t		count = outcomes->count;
	int64		positives = 0;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (size_t i = 0; i < count; i++)
	{
		uint64		counted = outcomes->fields[(i + 1) * outcomes->width - 1];

		if (counted_label(counted))
			positives += counted_rows(counted);
	}
	row_put_bigint(&row, outcomes_rows(outcomes));
	row_put_bigint(&row, positives);
	row_put_float_if(&row, count > 0, count > 0 ? double_from_sortable(outcomes->fields[0]) : 0.0);
	row_put_float_if(&row, count > 0,
					 count > 0 ? double_from_sortable(outcomes->fields[(count - 1) * outcomes->width]) : 0.0);
	PG_RETURN_DATUM(row_datum(&row, BlessTupleDesc(descriptor)));
}
