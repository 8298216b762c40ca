/*
 * explain_score.c
 *		The functions that answer why: explain_score and its relatives.
 *
 * The same explanation (explanation.c) as rows by feature, as rows by group, and
 * as one jsonb.
 */
#include "scoring/explanation.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/jsonb_build.h"
#include "base/result_row.h"

#define BASE_NAME "(base)"
#define OTHERS_NAME "(others)"

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
	Explanation explanation;
	FeatureEntry *entries;
	int			top;
	double		others = 0.0;
	ResultRow	row = {0};

	InitMaterializedSRF(fcinfo, 0);
	if (call == NULL)
		return (Datum) 0;
	model_require_one_output(&call->model);
	if (!call_bind(call, fcinfo))
		return (Datum) 0;
	top = top_argument(call, fcinfo, (int) call->model.forest->feature_count);
	explain_vector(call, &explanation);
	entries = model_entries(&call->model);
	sort_reasons(explanation.reasons, explanation.count);

	row_put_int(&row, 0);
	row_put_text(&row, BASE_NAME);
	row_put_text(&row, BASE_NAME);
	row_put_null(&row);
	row_put_null(&row);
	row_put_null(&row);
	row_put_float(&row, explanation.base);
	row_put_float_if(&row, explanation.has_points, explanation.base_points);
	row_put_null(&row);
	row_emit(&row, result);
	for (int i = 0; i < top; i++)
	{
		const Reason *reason = &explanation.reasons[i];
		const FeatureEntry *entry = &entries[reason->index];

		row_put_int(&row, i + 1);
		row_put_text(&row, entry->feature);
		row_put_text(&row, entry->label ? entry->label : entry->feature);
		row_put_text(&row, entry->feature_group);
		row_put_text(&row, entry->group_label ? entry->group_label : entry->feature_group);
		row_put_text(&row, call_value(call, reason->index).text);
		row_put_float(&row, reason->contribution);
		row_put_float_if(&row, explanation.has_points, explanation_points(&explanation, reason->contribution));
		row_put_text(&row, entry->source);
		row_emit(&row, result);
	}
	if (top < explanation.count)
	{
		for (int i = top; i < explanation.count; i++)
			others += explanation.reasons[i].contribution;
		row_put_int(&row, top + 1);
		row_put_text(&row, OTHERS_NAME);
		row_put_text(&row, OTHERS_NAME);
		row_put_null(&row);
		row_put_null(&row);
		row_put_null(&row);
		row_put_float(&row, others);
		row_put_float_if(&row, explanation.has_points, explanation_points(&explanation, others));
		row_put_null(&row);
		row_emit(&row, result);
	}
	return (Datum) 0;
}

/* ----------
 * By group
 * ----------
 */

PG_FUNCTION_INFO_V1(company_risk_explain_groups);
Datum
company_risk_explain_groups(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Call	   *call = call_begin(fcinfo);
	Explanation explanation;
	FeatureEntry *entries;
	Reason	   *groups;
	int			count;
	ResultRow	row = {0};

	InitMaterializedSRF(fcinfo, 0);
	if (call == NULL)
		return (Datum) 0;
	model_require_one_output(&call->model);
	if (!call_bind(call, fcinfo))
		return (Datum) 0;
	explain_vector(call, &explanation);
	entries = model_entries(&call->model);
	groups = sum_groups(&explanation, entries, false, &count);

	row_put_int(&row, 0);
	row_put_text(&row, BASE_NAME);
	row_put_text(&row, BASE_NAME);
	row_put_float(&row, explanation.base);
	row_put_float_if(&row, explanation.has_points, explanation.base_points);
	row_put_int(&row, 0);
	row_emit(&row, result);
	for (int i = 0; i < count; i++)
	{
		row_put_int(&row, i + 1);
		row_put_text(&row, entries[groups[i].index].feature_group);
		row_put_text(&row, group_title(&entries[groups[i].index]));
		row_put_float(&row, groups[i].contribution);
		row_put_float_if(&row, explanation.has_points, explanation_points(&explanation, groups[i].contribution));
		row_put_int(&row, groups[i].features);
		row_emit(&row, result);
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
	Explanation explanation;
	FeatureEntry *entries;
	Reason	   *groups;
	int			count;
	double		score;
	double		unit;
	JsonbParseState *state = NULL;
	JsonbValue *result;

	if (call == NULL)
		PG_RETURN_NULL();
	model_require_one_output(&call->model);
	if (!call_bind(call, fcinfo))
		PG_RETURN_NULL();
	explain_vector(call, &explanation);
	entries = model_entries(&call->model);
	/* one key for each title: groups of the same label would hide each other */
	groups = sum_groups(&explanation, entries, true, &count);
	/* a probability's points are percentage points; without points, contributions stand */
	unit = call->model.forest->transform == TRANSFORM_SIGMOID || model_calibration(&call->model) != NULL ? 100.0 : 1.0;
	if (!explanation.has_points)
		explanation.ratio = 1.0;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	json_push_string(&state, WJB_KEY, "model");
	json_push_string(&state, WJB_VALUE, model_reference(&call->model));
	if (explanation.has_points)
	{
		if (model_calibration(&call->model) != NULL)
			score = explanation.score;
		else
		{
			objective_predict((ObjectiveTransform) call->model.forest->transform, call_margins(call), 1, call->outputs);
			score = call->outputs[0];
		}
		json_push_number(&state, "score", score);
		if (model_alert_level(&call->model, score) != NULL)
		{
			json_push_string(&state, WJB_KEY, "alert");
			json_push_string(&state, WJB_VALUE, model_alert_level(&call->model, score));
		}
	}
	json_push_number(&state, "margin", call_margins(call)[0]);
	json_push_number(&state, "base", unit * (explanation.has_points ? explanation.base_points : explanation.base));

	json_push_object(&state, "macro_expl");
	for (int i = 0; i < count; i++)
		json_push_number(&state, group_title(&entries[groups[i].index]),
					unit * groups[i].contribution * explanation.ratio);
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);

	json_push_object(&state, "micro_expl");
	for (int i = 0; i < count; i++)
	{
		json_push_object(&state, group_title(&entries[groups[i].index]));
		for (int k = 0; k < explanation.count; k++)
			if (same_group(&entries[k], &entries[groups[i].index], true))
				json_push_number(&state, entries[k].feature, unit * explanation.reasons[k].contribution * explanation.ratio);
		pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(&state, WJB_END_OBJECT, NULL);

	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(result));
}
