/*
 * score.c
 *		The functions that answer numbers: scores, margins, predictions,
 *		contributions, levels, and the values that a model sees.
 *
 * Each C function serves all forms of its SQL function (call.c tells them apart).
 * NULL row, object, array or number, and an unknown company: NULL.
 *
 * A calibration (calibration.c) is part of the score alone: margins and
 * predictions are XGBoost's.
 */
#include "scoring/call.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "storage/shmem.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/array_build.h"

PG_FUNCTION_INFO_V1(company_risk_score);
Datum
company_risk_score(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);

	if (call == NULL)
		PG_RETURN_NULL();
	model_require_score(&call->model);
	if (!call_bind(call, fcinfo))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(call_score(call));
}

PG_FUNCTION_INFO_V1(company_risk_margin);
Datum
company_risk_margin(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);

	if (call == NULL)
		PG_RETURN_NULL();
	if (call->model.forest->group_count != 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("model \"%s\" has no single margin", model_reference(&call->model)),
				 errdetail("It has %u output groups.", call->model.forest->group_count),
				 errhint("Use risk.margins, which answers all of them.")));
	if (!call_bind(call, fcinfo))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((float8) call_margins(call)[0]);
}

PG_FUNCTION_INFO_V1(company_risk_margins);
Datum
company_risk_margins(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);

	if (call == NULL || !call_bind(call, fcinfo))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(array_of_floats(call_margins(call), call->model.forest->group_count));
}

PG_FUNCTION_INFO_V1(company_risk_predict);
Datum
company_risk_predict(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);
	ObjectiveTransform transform;

	if (call == NULL)
		PG_RETURN_NULL();
	transform = (ObjectiveTransform) call->model.forest->transform;
	if (transform == TRANSFORM_UNKNOWN)
		model_require_score(&call->model);
	if (!call_bind(call, fcinfo))
		PG_RETURN_NULL();
	objective_predict(transform, call_margins(call), call->model.forest->group_count, call->outputs);
	PG_RETURN_DATUM(array_of_floats(call->outputs,
								objective_output_count(transform, call->model.forest->group_count)));
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
	dimensions[0] = (int) call->model.forest->group_count;
	dimensions[1] = (int) call->model.forest->feature_count + 1;
	elements = palloc(mul_size(mul_size(dimensions[0], dimensions[1]), sizeof(Datum)));
	for (int i = 0; i < dimensions[0] * dimensions[1]; i++)
		elements[i] = Float8GetDatum(contributions[i]);
	PG_RETURN_ARRAYTYPE_P(construct_md_array(elements, NULL, 2, dimensions, bounds, FLOAT8OID,
											 sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* ----------
 * What the model sees of a row
 * ----------
 */
PG_FUNCTION_INFO_V1(company_risk_feature_values);
Datum
company_risk_feature_values(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	int			lower = 1;

	if (call == NULL || !call_bind(call, fcinfo))
		PG_RETURN_NULL();
	count = (int) call->model.forest->feature_count;
	elements = palloc(count * sizeof(Datum));
	nulls = palloc(count * sizeof(bool));
	for (int i = 0; i < count; i++)
	{
		nulls[i] = isnan(call->vector[i].value);
		elements[i] = Float4GetDatum(call->vector[i].value);
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(elements, nulls, 1, &count, &lower,
											 FLOAT4OID, sizeof(float4), true, TYPALIGN_INT));
}

/* ----------
 * Levels of alert
 * ----------
 */

/* A percentage would be above all thresholds. */
static void
require_possible_score(const ResolvedModel *model, double score)
{
	if (!model->version->probability || (score >= 0.0 && score <= 1.0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("score %s is not between 0 and 1",
					DatumGetCString(DirectFunctionCall1(float8out, Float8GetDatum(score)))),
			 errdetail("The score of model \"%s\" is a probability, from 0 to 1.", model_reference(model)),
			 errhint("Percent are divided by 100, as 0.6 for 60 %%.")));
}

PG_FUNCTION_INFO_V1(company_risk_alert_level);
Datum
company_risk_alert_level(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);

	if (call == NULL || isnan(PG_GETARG_FLOAT8(0)))
		PG_RETURN_NULL();
	require_possible_score(&call->model, PG_GETARG_FLOAT8(0));
	model_require_thresholds(&call->model);
	PG_RETURN_TEXT_P(cstring_to_text(model_alert_level(&call->model, PG_GETARG_FLOAT8(0))));
}
