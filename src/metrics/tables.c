/*
 * tables.c
 *		Curves and tables of outcomes, as rows.
 *
 * One pass each, from the highest score down.  Weights come back as they were put
 * in: counts, where there were none.  A rate without a denominator is NULL.
 */
#include "metrics/metrics.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#define MAX_COLUMNS 16

/* A row in the making */
typedef struct Row
{
	ReturnSetInfo *result;
	int			columns;
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS];
} Row;

static void
put_number(Row *row, double number, bool defined)
{
	Assert(row->columns < MAX_COLUMNS);
	row->nulls[row->columns] = !defined;
	row->values[row->columns++] = defined ? Float8GetDatum(number) : (Datum) 0;
}

static void
put_quotient(Row *row, DoubleDouble a, DoubleDouble b)
{
	bool		defined = dd_positive(b);

	put_number(row, defined ? dd_divide(a, b) : 0.0, defined);
}

static void
put_integer(Row *row, int number)
{
	Assert(row->columns < MAX_COLUMNS);
	row->nulls[row->columns] = false;
	row->values[row->columns++] = Int32GetDatum(number);
}

/* A sum of weights, as it was before they were scaled */
static void
put_weight(Row *row, const ScoreGroups *groups, DoubleDouble weight)
{
	put_number(row, dd_to_double(weight) / groups->scale, true);
}

static void
put_row(Row *row)
{
	Assert(row->columns == row->result->setDesc->natts);
	tuplestore_putvalues(row->result->setResult, row->result->setDesc, row->values, row->nulls);
	row->columns = 0;
	CHECK_FOR_INTERRUPTS();
}

/* Prepares for rows; false if there are no outcomes. */
static bool
begin_rows(FunctionCallInfo fcinfo, Row *row, ScoreGroups *groups)
{
	InitMaterializedSRF(fcinfo, 0);
	row->result = (ReturnSetInfo *) fcinfo->resultinfo;
	row->columns = 0;
	if (PG_ARGISNULL(0))
		return false;
	groups_of_outcomes(groups, outcomes_argument(fcinfo, 0));
	return true;
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

typedef void (*PutPoint) (Row *row, const ScoreGroups *groups, const CurvePoint *point);

static double
way(const ScoreGroups *groups, const CurvePoint *point)
{
	return (dd_positive(groups->positive) ? dd_divide(point->positive, groups->positive) : 0.0) +
		(dd_positive(groups->negative) ? dd_divide(point->negative, groups->negative) : 0.0);
}

static Datum
curve(FunctionCallInfo fcinfo, PutPoint put)
{
	Row			row;
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
	if (!begin_rows(fcinfo, &row, &groups))
		return (Datum) 0;
	put(&row, &groups, &point);
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
	}
	return (Datum) 0;
}

static void
put_roc_point(Row *row, const ScoreGroups *groups, const CurvePoint *point)
{
	put_number(row, point->threshold, true);
	put_quotient(row, point->negative, groups->negative);
	put_quotient(row, point->positive, groups->positive);
	put_row(row);
}

PG_FUNCTION_INFO_V1(company_risk_roc_curve);
Datum
company_risk_roc_curve(PG_FUNCTION_ARGS)
{
	return curve(fcinfo, put_roc_point);
}

static void
put_precision_recall_point(Row *row, const ScoreGroups *groups, const CurvePoint *point)
{
	DoubleDouble alerts = dd_add(point->positive, point->negative);

	put_number(row, point->threshold, true);
	/* by convention, no alert is right and finds nobody */
	if (dd_positive(alerts))
		put_quotient(row, point->positive, alerts);
	else
		put_number(row, 1.0, true);
	put_quotient(row, point->positive, groups->positive);
	put_row(row);
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
put_confusion(Row *row, const ScoreGroups *groups, const Confusion *confusion)
{
	put_number(row, confusion->true_positives / groups->scale, true);
	put_number(row, confusion->false_positives / groups->scale, true);
	put_number(row, confusion->false_negatives / groups->scale, true);
	put_number(row, confusion->true_negatives / groups->scale, true);
}

static void
put_threshold(Row *row, double threshold, const ScoreGroups *groups, const Confusion *confusion, const Costs *costs)
{
	static const double betas[] = {0.5, 1.0, 2.0};
	double		value;
	bool		defined;

	put_number(row, threshold, true);
	put_number(row, (confusion->true_positives + confusion->false_positives) / groups->scale, true);
	put_confusion(row, groups, confusion);
	defined = confusion_precision(confusion, &value);
	put_number(row, value, defined);
	defined = confusion_recall(confusion, &value);
	put_number(row, value, defined);
	defined = confusion_specificity(confusion, &value);
	put_number(row, value, defined);
	for (int i = 0; i < lengthof(betas); i++)
	{
		defined = confusion_f_score(confusion, betas[i], &value);
		put_number(row, value, defined);
	}
	defined = confusion_balanced_accuracy(confusion, &value);
	put_number(row, value, defined);
	put_number(row, (costs->false_positive * confusion->false_positives +
					 costs->false_negative * confusion->false_negatives) / groups->scale, costs->given);
	put_row(row);
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
	Row			row;
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
	if (!begin_rows(fcinfo, &row, &groups))
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
	}
	return (Datum) 0;
}

/* (outcomes, threshold) */
PG_FUNCTION_INFO_V1(company_risk_confusion_matrix);
Datum
company_risk_confusion_matrix(PG_FUNCTION_ARGS)
{
	Row			row;
	ScoreGroups groups;
	Confusion	confusion;

	if (!begin_rows(fcinfo, &row, &groups) || PG_ARGISNULL(1))
		return (Datum) 0;
	confusion_at(&groups, metric_threshold(PG_GETARG_FLOAT8(1)), &confusion);
	put_confusion(&row, &groups, &confusion);
	put_row(&row);
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
	Row			row;
	ScoreGroups groups;
	Bin		   *bins;
	int			count = METRIC_DEFAULT_BINS;
	bool		by_weight = false;

	if (!PG_ARGISNULL(1))
		count = (int) metric_bins(PG_GETARG_INT32(1));
	if (!PG_ARGISNULL(2))
		by_weight = metric_strategy(PG_GETARG_TEXT_PP(2)) != 0;
	if (!begin_rows(fcinfo, &row, &groups))
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
		put_integer(&row, i + 1);
		put_number(&row, by_weight ? bin->low : (double) i / count, true);
		put_number(&row, by_weight ? bin->high : (double) (i + 1) / count, true);
		put_weight(&row, &groups, bin->weight);
		put_weight(&row, &groups, bin->positive);
		put_quotient(&row, bin->score_sum, bin->weight);
		put_quotient(&row, bin->positive, bin->weight);
		put_row(&row);
	}
	return (Datum) 0;
}

/* (outcomes, bins) */
PG_FUNCTION_INFO_V1(company_risk_lift_table);
Datum
company_risk_lift_table(PG_FUNCTION_ARGS)
{
	Row			row;
	ScoreGroups groups;
	Bin		   *bins;
	int			count = METRIC_DEFAULT_BINS;
	DoubleDouble weight = dd_from(0.0);
	DoubleDouble positive = dd_from(0.0);

	if (!PG_ARGISNULL(1))
		count = (int) metric_bins(PG_GETARG_INT32(1));
	if (!begin_rows(fcinfo, &row, &groups))
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
		put_integer(&row, count - i);
		put_number(&row, bin->low, true);
		put_number(&row, bin->high, true);
		put_weight(&row, &groups, bin->weight);
		put_weight(&row, &groups, bin->positive);
		put_quotient(&row, bin->positive, bin->weight);
		put_quotient(&row, dd_multiply(bin->positive, groups.total), dd_multiply(bin->weight, groups.positive));
		put_weight(&row, &groups, weight);
		put_weight(&row, &groups, positive);
		put_quotient(&row, positive, groups.positive);
		put_quotient(&row, dd_multiply(positive, groups.total), dd_multiply(weight, groups.positive));
		put_row(&row);
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
	Datum		values[4];
	bool		nulls[4] = {0};
	int64		failures = 0;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (size_t i = 0; i < outcomes->count; i++)
	{
		uint64		tally = outcomes->words[(i + 1) * outcomes->width - 1];

		if (tally_label(tally))
			failures += tally_count(tally);
	}
	values[0] = Int64GetDatum(outcomes_rows(outcomes));
	values[1] = Int64GetDatum(failures);
	if (outcomes->count > 0)
	{
		values[2] = Float8GetDatum(word_to_double(outcomes->words[0]));
		values[3] = Float8GetDatum(word_to_double(outcomes->words[(outcomes->count - 1) * outcomes->width]));
	}
	else
		nulls[2] = nulls[3] = true;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
