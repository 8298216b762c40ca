/*
 * explain_score.c
 *		The functions that answer why: explain_score and its relatives.
 *
 * A model's margin is its bias (the average) plus one contribution per feature.
 * Readers want reasons in the score's own unit.  With bias b, contributions
 * phi_i, their sum s, and P the map from margin to score,
 *
 *		points_i = phi_i * (P(b + s) - P(b)) / s
 *
 * shares the distance from the average score P(b) to the score P(b + s) in
 * proportion to the contributions: points keep their sign and order, and with
 * the average they add up to the score.  Where s vanishes the slope of P takes
 * the quotient's place.  For a model without a known P, points are NULL.
 *
 * Of a calibrated model, P is the calibration (calibration.c).  It may be steep:
 * b + s and the float32 margin that was scored differ in their last digits, and
 * two points of a curve may lie that close together.  So that points add up to
 * the very score, P(b + s) is then the score itself, unless s is so small that
 * those digits would be most of it.
 */
#include "scoring/call.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

#include "base/jsonb_build.h"

#define BASE_NAME "(base)"
#define OTHERS_NAME "(others)"
#define NO_GROUP_NAME "(no group)"

/* Sums this close to zero use the slope: the quotient would lose its digits. */
#define SUM_NEAR_ZERO 1e-9

/* Of sums this large, relative to the margin, rounding is a small part. */
#define SUM_ABOVE_ROUNDING 1e-3

typedef struct Reason
{
	int			index;			/* of the feature, or of the group */
	double		contribution;
	int			features;		/* how many it sums up */
} Reason;

typedef struct Reasons
{
	double		base;			/* the bias */
	double		score;			/* P(b + s) */
	double		base_points;	/* P(b) */
	double		ratio;			/* points per contribution */
	bool		has_points;
	int			count;
	Reason	   *reasons;		/* by feature */
} Reasons;

/* Score and points when the score is calibrated. */
static void
calibrate_reasons(Call *call, const Calibration *calibration, double sum, Reasons *reasons)
{
	double		margin = call_margins(call)[0];

	reasons->has_points = true;
	reasons->score = calibration_value(calibration, margin);
	reasons->base_points = calibration_value(calibration, reasons->base);
	if (fabs(sum) >= SUM_ABOVE_ROUNDING * Max(1.0, fabs(margin)))
		reasons->ratio = (reasons->score - reasons->base_points) / sum;
	else if (fabs(sum) >= SUM_NEAR_ZERO)
		reasons->ratio = (calibration_value(calibration, reasons->base + sum) - reasons->base_points) / sum;
	else
		reasons->ratio = calibration_slope(calibration, reasons->base);
}

/* The reasons of the vector at hand, one per feature. */
static void
collect_reasons(Call *call, Reasons *reasons)
{
	const Calibration *calibration = call_calibration(call);
	ObjectiveTransform transform = (ObjectiveTransform) call->forest->transform;
	const double *contributions = call_contributions(call);
	double		sum = 0.0;

	reasons->count = (int) call->forest->feature_count;
	reasons->reasons = palloc(reasons->count * sizeof(Reason));
	for (int i = 0; i < reasons->count; i++)
	{
		reasons->reasons[i].index = i;
		reasons->reasons[i].contribution = contributions[i];
		reasons->reasons[i].features = 1;
		sum += contributions[i];
	}
	reasons->base = contributions[reasons->count];
	if (calibration != NULL)
	{
		calibrate_reasons(call, calibration, sum, reasons);
		return;
	}
	reasons->has_points = transform != TRANSFORM_UNKNOWN;
	reasons->score = objective_value(transform, reasons->base + sum);
	reasons->base_points = objective_value(transform, reasons->base);
	reasons->ratio = fabs(sum) < SUM_NEAR_ZERO ? objective_slope(transform, reasons->base) :
		(reasons->score - reasons->base_points) / sum;
}

/* A contribution in the score's unit; none, and not minus none, where P is level. */
static double
to_points(const Reasons *reasons, double contribution)
{
	return reasons->ratio == 0.0 ? 0.0 : contribution * reasons->ratio;
}

/* Largest contribution first; equal ones in the model's order. */
static int
compare_reasons(const void *a, const void *b)
{
	const Reason *left = a;
	const Reason *right = b;
	double		size_left = fabs(left->contribution);
	double		size_right = fabs(right->contribution);

	if (size_left != size_right)
		return size_left > size_right ? -1 : 1;
	return left->index < right->index ? -1 : left->index > right->index;
}

/* A row being put together: columns are set in order. */
typedef struct Row
{
	Datum		values[9];
	bool		nulls[9];
	int			count;
} Row;

static void
add_int(Row *row, int value)
{
	row->nulls[row->count] = false;
	row->values[row->count++] = Int32GetDatum(value);
}

static void
add_text(Row *row, const char *value)
{
	row->nulls[row->count] = value == NULL;
	row->values[row->count++] = value == NULL ? (Datum) 0 : CStringGetTextDatum(value);
}

static void
add_float(Row *row, bool known, double value)
{
	row->nulls[row->count] = !known;
	row->values[row->count++] = known ? Float8GetDatum(value) : (Datum) 0;
}

static void
put_row(ReturnSetInfo *result, Row *row)
{
	tuplestore_putvalues(result->setResult, result->setDesc, row->values, row->nulls);
	row->count = 0;
}

/* ----------
 * By feature
 * ----------
 */
static int
top_argument(Call *call, FunctionCallInfo fcinfo, int count)
{
	int			top;

	if (PG_ARGISNULL(call->top_argument))
		return count;
	top = PG_GETARG_INT32(call->top_argument);
	if (top < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("top must not be negative")));
	return Min(top, count);
}

PG_FUNCTION_INFO_V1(company_risk_explain_score);
Datum
company_risk_explain_score(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Call	   *call = call_begin(fcinfo);
	Reasons		reasons;
	FeatureEntry *entries;
	int			top;
	double		others = 0.0;
	Row			row = {.count = 0};

	InitMaterializedSRF(fcinfo, 0);
	if (call == NULL)
		return (Datum) 0;
	call_require_one_output(call);
	if (!call_bind(call, fcinfo))
		return (Datum) 0;
	top = top_argument(call, fcinfo, (int) call->forest->feature_count);
	collect_reasons(call, &reasons);
	entries = call_entries(call);
	qsort(reasons.reasons, reasons.count, sizeof(Reason), compare_reasons);

	add_int(&row, 0);
	add_text(&row, BASE_NAME);
	add_text(&row, BASE_NAME);
	add_text(&row, NULL);
	add_text(&row, NULL);
	add_text(&row, NULL);
	add_float(&row, true, reasons.base);
	add_float(&row, reasons.has_points, reasons.base_points);
	add_text(&row, NULL);
	put_row(result, &row);
	for (int i = 0; i < top; i++)
	{
		const Reason *reason = &reasons.reasons[i];
		const FeatureEntry *entry = &entries[reason->index];

		add_int(&row, i + 1);
		add_text(&row, entry->feature);
		add_text(&row, entry->label ? entry->label : entry->feature);
		add_text(&row, entry->feature_group);
		add_text(&row, entry->group_label ? entry->group_label : entry->feature_group);
		add_text(&row, bound_value_text(call, reason->index));
		add_float(&row, true, reason->contribution);
		add_float(&row, reasons.has_points, to_points(&reasons, reason->contribution));
		add_text(&row, entry->source);
		put_row(result, &row);
	}
	if (top < reasons.count)
	{
		for (int i = top; i < reasons.count; i++)
			others += reasons.reasons[i].contribution;
		add_int(&row, top + 1);
		add_text(&row, OTHERS_NAME);
		add_text(&row, OTHERS_NAME);
		add_text(&row, NULL);
		add_text(&row, NULL);
		add_text(&row, NULL);
		add_float(&row, true, others);
		add_float(&row, reasons.has_points, to_points(&reasons, others));
		add_text(&row, NULL);
		put_row(result, &row);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(company_risk_contributions);
Datum
company_risk_contributions(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);
	const double *contributions;
	Datum	   *elements;
	int			dimensions[2];
	int			bounds[2] = {1, 1};

	if (call == NULL || !call_bind(call, fcinfo))
		PG_RETURN_NULL();
	contributions = call_contributions(call);
	dimensions[0] = (int) call->forest->group_count;
	dimensions[1] = (int) call->forest->feature_count + 1;
	elements = palloc(mul_size(mul_size(dimensions[0], dimensions[1]), sizeof(Datum)));
	for (int i = 0; i < dimensions[0] * dimensions[1]; i++)
		elements[i] = Float8GetDatum(contributions[i]);
	PG_RETURN_ARRAYTYPE_P(construct_md_array(elements, NULL, 2, dimensions, bounds, FLOAT8OID,
											 sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* ----------
 * By group
 * ----------
 */

static const char *
group_title(const FeatureEntry *entry)
{
	if (entry->feature_group == NULL)
		return NO_GROUP_NAME;
	return entry->group_label ? entry->group_label : entry->feature_group;
}

/* Are two features in one group, or in groups that readers cannot tell apart? */
static bool
same_group(const FeatureEntry *a, const FeatureEntry *b, bool by_title)
{
	if (by_title)
		return strcmp(group_title(a), group_title(b)) == 0;
	if (a->feature_group == NULL || b->feature_group == NULL)
		return a->feature_group == b->feature_group;
	return strcmp(a->feature_group, b->feature_group) == 0;
}

/*
 * Sums reasons by group, or by title of group; largest sum first.  A group's
 * index is that of its first feature, which has its code and label.  Features
 * without a group are one group.
 */
static Reason *
sum_groups(const Reasons *reasons, const FeatureEntry *entries, bool by_title, int *count)
{
	Reason	   *groups = palloc(reasons->count * sizeof(Reason));

	*count = 0;
	for (int i = 0; i < reasons->count; i++)
	{
		int			k;

		for (k = 0; k < *count; k++)
			if (same_group(&entries[i], &entries[groups[k].index], by_title))
				break;
		if (k == *count)
		{
			groups[k].index = i;
			groups[k].contribution = 0.0;
			groups[k].features = 0;
			(*count)++;
		}
		groups[k].contribution += reasons->reasons[i].contribution;
		groups[k].features++;
	}
	qsort(groups, *count, sizeof(Reason), compare_reasons);
	return groups;
}

PG_FUNCTION_INFO_V1(company_risk_explain_groups);
Datum
company_risk_explain_groups(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Call	   *call = call_begin(fcinfo);
	Reasons		reasons;
	FeatureEntry *entries;
	Reason	   *groups;
	int			count;
	Row			row = {.count = 0};

	InitMaterializedSRF(fcinfo, 0);
	if (call == NULL)
		return (Datum) 0;
	call_require_one_output(call);
	if (!call_bind(call, fcinfo))
		return (Datum) 0;
	collect_reasons(call, &reasons);
	entries = call_entries(call);
	groups = sum_groups(&reasons, entries, false, &count);

	add_int(&row, 0);
	add_text(&row, BASE_NAME);
	add_text(&row, BASE_NAME);
	add_float(&row, true, reasons.base);
	add_float(&row, reasons.has_points, reasons.base_points);
	add_int(&row, 0);
	put_row(result, &row);
	for (int i = 0; i < count; i++)
	{
		add_int(&row, i + 1);
		add_text(&row, entries[groups[i].index].feature_group);
		add_text(&row, group_title(&entries[groups[i].index]));
		add_float(&row, true, groups[i].contribution);
		add_float(&row, reasons.has_points, to_points(&reasons, groups[i].contribution));
		add_int(&row, groups[i].features);
		put_row(result, &row);
	}
	return (Datum) 0;
}

/* ----------
 * As one jsonb
 * ----------
 */
PG_FUNCTION_INFO_V1(company_risk_explanation);
Datum
company_risk_explanation(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);
	Reasons		reasons;
	FeatureEntry *entries;
	Reason	   *groups;
	int			count;
	double		score;
	double		unit;
	JsonbParseState *state = NULL;
	JsonbValue *result;

	if (call == NULL)
		PG_RETURN_NULL();
	call_require_one_output(call);
	if (!call_bind(call, fcinfo))
		PG_RETURN_NULL();
	collect_reasons(call, &reasons);
	entries = call_entries(call);
	/* one key for each title: groups of the same label would hide each other */
	groups = sum_groups(&reasons, entries, true, &count);
	/* a probability's points are percentage points; without points, contributions stand */
	unit = call->forest->transform == TRANSFORM_SIGMOID || call_calibration(call) != NULL ? 100.0 : 1.0;
	if (!reasons.has_points)
		reasons.ratio = 1.0;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	json_push_string(&state, WJB_KEY, "model");
	json_push_string(&state, WJB_VALUE, call_model(call));
	if (reasons.has_points)
	{
		if (call_calibration(call) != NULL)
			score = reasons.score;
		else
		{
			objective_predict((ObjectiveTransform) call->forest->transform, call_margins(call), 1, call->outputs);
			score = call->outputs[0];
		}
		json_push_number(&state, "score", score);
		if (call_alert_level(call, score) != NULL)
		{
			json_push_string(&state, WJB_KEY, "alert");
			json_push_string(&state, WJB_VALUE, call_alert_level(call, score));
		}
	}
	json_push_number(&state, "margin", call_margins(call)[0]);
	json_push_number(&state, "base", unit * (reasons.has_points ? reasons.base_points : reasons.base));

	json_push_object(&state, "macro_expl");
	for (int i = 0; i < count; i++)
		json_push_number(&state, group_title(&entries[groups[i].index]),
					unit * groups[i].contribution * reasons.ratio);
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);

	json_push_object(&state, "micro_expl");
	for (int i = 0; i < count; i++)
	{
		json_push_object(&state, group_title(&entries[groups[i].index]));
		for (int k = 0; k < reasons.count; k++)
			if (same_group(&entries[k], &entries[groups[i].index], true))
				json_push_number(&state, entries[k].feature, unit * reasons.reasons[k].contribution * reasons.ratio);
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);

	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(result));
}
