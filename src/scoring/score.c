/*
 * score.c
 *		The functions that answer numbers: scores, margins, predictions, levels.
 *
 * Each C function serves the five forms of its SQL function (call.c tells them
 * apart).  NULL row, object, array or number, and an unknown company: NULL.
 *
 * A calibration (calibration.c) is part of the score alone: margins and
 * predictions are XGBoost's.
 */
#include "scoring/call.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* The objective's single output; an error that says what else to call. */
static void
require_score(Call *call)
{
	const ForestImage *forest = call->forest;

	if (forest_has_score(forest))
		return;
	if (forest->transform == TRANSFORM_UNKNOWN)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("model \"%s\" has no score", call_model(call)),
				 errdetail("Its objective \"%s\" is not one of XGBoost's own, so how a margin becomes a score is not known.",
						   FOREST_AT(forest, char, forest->objective)),
				 errhint("Use risk.margin, and transform it yourself.")));
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("model \"%s\" has no single score", call_model(call)),
			 errdetail("Its objective \"%s\" has %u outputs.",
					   FOREST_AT(forest, char, forest->objective), forest->group_count),
			 errhint("Use risk.predict, which answers all of them.")));
}

static Datum
float_array(const float *values, uint32_t count)
{
	Datum	   *elements = palloc(count * sizeof(Datum));

	for (uint32_t i = 0; i < count; i++)
		elements[i] = Float8GetDatum((float8) values[i]);
	return PointerGetDatum(construct_array(elements, count, FLOAT8OID, sizeof(float8),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

PG_FUNCTION_INFO_V1(company_risk_score);
Datum
company_risk_score(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);
	const Calibration *calibration;

	if (call == NULL)
		PG_RETURN_NULL();
	require_score(call);
	calibration = call_calibration(call);
	if (!call_bind(call, fcinfo))
		PG_RETURN_NULL();
	if (calibration != NULL)
		PG_RETURN_FLOAT8(calibration_value(calibration, call_margins(call)[0]));
	objective_predict((ObjectiveTransform) call->forest->transform, call_margins(call),
					  call->forest->group_count, call->outputs);
	PG_RETURN_FLOAT8((float8) call->outputs[0]);
}

PG_FUNCTION_INFO_V1(company_risk_margin);
Datum
company_risk_margin(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);

	if (call == NULL)
		PG_RETURN_NULL();
	if (call->forest->group_count != 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("model \"%s\" has no single margin", call_model(call)),
				 errdetail("It has %u output groups.", call->forest->group_count),
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
	PG_RETURN_DATUM(float_array(call_margins(call), call->forest->group_count));
}

PG_FUNCTION_INFO_V1(company_risk_predict);
Datum
company_risk_predict(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);
	ObjectiveTransform transform;

	if (call == NULL)
		PG_RETURN_NULL();
	transform = (ObjectiveTransform) call->forest->transform;
	if (transform == TRANSFORM_UNKNOWN)
		require_score(call);
	if (!call_bind(call, fcinfo))
		PG_RETURN_NULL();
	objective_predict(transform, call_margins(call), call->forest->group_count, call->outputs);
	PG_RETURN_DATUM(float_array(call->outputs,
								objective_output_count(transform, call->forest->group_count)));
}

/* ----------
 * Levels of alert
 * ----------
 */

PG_FUNCTION_INFO_V1(company_risk_alert_level);
Datum
company_risk_alert_level(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);
	const char *level;

	if (call == NULL || isnan(PG_GETARG_FLOAT8(0)))
		PG_RETURN_NULL();
	level = call_alert_level(call, PG_GETARG_FLOAT8(0));
	if (level == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no thresholds", call_model(call)),
				 errhint("Set them with risk.set_thresholds.")));
	PG_RETURN_TEXT_P(cstring_to_text(level));
}
