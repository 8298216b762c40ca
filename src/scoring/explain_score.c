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
#include "scoring/requirements.h"

/* Codes: what readers see in their stead is in the model's language. */
#define BASE_NAME "(base)"
#define OTHERS_NAME "(others)"

/* ----------
 * By feature
 * ----------
 */
static int
top_argument(Call *call, FunctionCallInfo fcinfo, int count)
{
	int64		top;

	if (PG_ARGISNULL(call->top_argument))
		return count;
	top = PG_GETARG_INT64(call->top_argument);
	if (top < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("top must not be negative")));
	return (int) Min(top, count);
}

/* A row that stands for no feature: where explanations start, or the sum of the others */
static void
emit_sum(ReturnSetInfo *result, int rank, const char *code, const char *label,
		 double contribution, bool has_points, double points)
{
	ResultRow	row = {0};

	row_put_int(&row, rank);
	row_put_text(&row, code);
	row_put_text(&row, label);
	row_put_null(&row);			/* feature_group */
	row_put_null(&row);			/* group_label */
	row_put_null(&row);			/* value */
	row_put_null(&row);			/* value_number */
	row_put_null(&row);			/* unit */
	row_put_float(&row, contribution);
	row_put_float_if(&row, has_points, points);
	row_put_null(&row);			/* source */
	row_emit(&row, result);
}

static void
emit_feature(ReturnSetInfo *result, int rank, const FeatureEntry *entry, const BoundValue *value,
			 double contribution, bool has_points, double points)
{
	ResultRow	row = {0};

	row_put_int(&row, rank);
	row_put_text(&row, entry->feature);
	row_put_text(&row, entry->label ? entry->label : entry->feature);
	row_put_text(&row, entry->feature_group);
	row_put_text(&row, entry->group_label ? entry->group_label : entry->feature_group);
	row_put_text(&row, value->text);
	row_put_float_if(&row, value->has_number, value->number);
	row_put_text(&row, entry->unit);
	row_put_float(&row, contribution);
	row_put_float_if(&row, has_points, points);
	row_put_text(&row, entry->source);
	row_emit(&row, result);
}

PG_FUNCTION_INFO_V1(company_risk_explain_score);
Datum
company_risk_explain_score(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Call	   *call = call_begin(fcinfo);
	Explanation explanation;
	const Language *language;
	const FeatureEntry *entries;
	int			top;
	double		others = 0.0;

	InitMaterializedSRF(fcinfo, 0);
	if (call == NULL)
		return (Datum) 0;
	model_require_one_output(&call->model);
	if (!call_bind(call, fcinfo))
		return (Datum) 0;
	top = top_argument(call, fcinfo, (int) call->model.forest->feature_count);
	explain_vector(call, &explanation);
	entries = model_entries(&call->model);
	language = call->model.version->language;
	sort_reasons(explanation.reasons, explanation.count);

	emit_sum(result, 0, BASE_NAME, language_word(language, WORD_BASE),
			 explanation.base, explanation.has_points, explanation.base_points);
	for (int i = 0; i < top; i++)
	{
		const Reason *reason = &explanation.reasons[i];
		BoundValue	value = call_value(call, reason->index);

		emit_feature(result, i + 1, &entries[reason->index], &value, reason->contribution,
					 explanation.has_points, explanation_points(&explanation, reason->contribution));
	}
	if (top < explanation.count)
	{
		for (int i = top; i < explanation.count; i++)
			others += explanation.reasons[i].contribution;
		emit_sum(result, top + 1, OTHERS_NAME, language_word(language, WORD_OTHERS),
				 others, explanation.has_points, explanation_points(&explanation, others));
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
	const Language *language;
	const FeatureEntry *entries;
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
	language = call->model.version->language;
	groups = sum_groups(&explanation, entries, NULL, &count);

	row_put_int(&row, 0);
	row_put_text(&row, BASE_NAME);
	row_put_text(&row, language_word(language, WORD_BASE));
	row_put_float(&row, explanation.base);
	row_put_float_if(&row, explanation.has_points, explanation.base_points);
	row_put_int(&row, 0);
	row_emit(&row, result);
	for (int i = 0; i < count; i++)
	{
		row_put_int(&row, i + 1);
		row_put_text(&row, entries[groups[i].index].feature_group);
		row_put_text(&row, group_title(language, &entries[groups[i].index]));
		row_put_float(&row, groups[i].contribution);
		row_put_float_if(&row, explanation.has_points,
						 explanation_points(&explanation, groups[i].contribution));
		row_put_int(&row, groups[i].features);
		row_emit(&row, result);
	}
	return (Datum) 0;
}

/* ----------
 * As one jsonb
 * ----------
 */

/* The score, if there is one, and its level, if there are thresholds */
static void
push_score(JsonbParseState **state, Call *call, const Explanation *explanation)
{
	double		score;
	const char *level;

	if (!explanation->has_points)
		return;
	score = call_score(call);
	json_push_number(state, "score", score);
	level = call_alert_level(call, score);
	if (level != NULL)
	{
		json_push_string(state, WJB_KEY, "alert");
		json_push_string(state, WJB_VALUE, level);
	}
}

/* What groups add up to, and what features do in each; scale: of a contribution */
static void
push_groups(JsonbParseState **state, Call *call, const Explanation *explanation, double scale)
{
	const Language *language = call->model.version->language;
	const FeatureEntry *entries = model_entries(&call->model);
	int			count;

	/* one key for each title: groups of the same label would hide each other */
	Reason	   *groups = sum_groups(explanation, entries, language, &count);

	json_push_object(state, "macro_expl");
	for (int i = 0; i < count; i++)
		json_push_number(state, group_title(language, &entries[groups[i].index]),
						 scale * groups[i].contribution * explanation->ratio);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);

	json_push_object(state, "micro_expl");
	for (int i = 0; i < count; i++)
	{
		const FeatureEntry *first = &entries[groups[i].index];

		json_push_object(state, group_title(language, first));
		for (int k = 0; k < explanation->count; k++)
			if (same_title(language, &entries[k], first))
				json_push_number(state, entries[k].feature,
								 scale * explanation->reasons[k].contribution * explanation->ratio);
		pushJsonbValue(state, WJB_END_OBJECT, NULL);
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

PG_FUNCTION_INFO_V1(company_risk_explanation);
Datum
company_risk_explanation(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);
	Explanation explanation;
	double		scale;
	JsonbParseState *state = NULL;

	if (call == NULL)
		PG_RETURN_NULL();
	model_require_one_output(&call->model);
	if (!call_bind(call, fcinfo))
		PG_RETURN_NULL();
	explain_vector(call, &explanation);
	/* a probability's points are percentage points; without points, contributions stand */
	scale = call->model.forest->transform == TRANSFORM_SIGMOID ||
		model_calibration(&call->model) != NULL ? 100.0 : 1.0;
	if (!explanation.has_points)
		explanation.ratio = 1.0;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	json_push_string(&state, WJB_KEY, "model");
	json_push_string(&state, WJB_VALUE, model_reference(&call->model));
	push_score(&state, call, &explanation);
	json_push_number(&state, "margin", call_margins(call)[0]);
	json_push_number(&state, "base",
					 scale * (explanation.has_points ? explanation.base_points : explanation.base));
	push_groups(&state, call, &explanation, scale);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}
