/*
 * requirements.c
 *		What a model must know of a company to speak about it.
 *
 * A model scores whatever it is given, as XGBoost does: a company of which nothing is
 * known, too, and that score may well be an alert.  How much is missing is measured by
 * how much the model makes of it: the weight of a feature is the variance that its
 * splits explain among the training rows, as cover and leaves tell (ForestFeature).
 * Beyond the share that risk.set_requirements allows, a company is out of scope, and has
 * no level; the score is what it is.
 */
#include "scoring/requirements.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"

#include "base/result_row.h"

MissingFeatures
call_missing_features(const Call *call)
{
	MissingFeatures found = {0};
	double		missing = 0.0;
	double		weight = 0.0;

	for (uint32_t i = 0; i < call->model.forest->feature_count; i++)
	{
		const ForestFeature *feature = model_feature(&call->model, i);

		if (!feature->used)
			continue;
		found.features++;
		weight += feature->weight;
		if (!isnan(call->vector[i].value))
			continue;
		found.missing++;
		missing += feature->weight;
	}
	/* of leaves that are all equal, or beyond all doubles, features count alike */
	if (weight > 0.0 && isfinite(weight))
		found.share = missing / weight;
	else if (found.features > 0)
		found.share = (double) found.missing / found.features;
	return found;
}

const char *
call_alert_level(const Call *call, double score)
{
	const ModelVersion *version = call->model.version;

	if (version->has_thresholds && version->has_requirements &&
		call_missing_features(call).share > version->max_missing_share)
		return version->alert_out_of_scope;
	return model_alert_level(&call->model, score);
}

/* risk.missing_features(...) */
PG_FUNCTION_INFO_V1(company_risk_missing_features);
Datum
company_risk_missing_features(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);
	TupleDesc	descriptor;
	MissingFeatures found;
	ResultRow	row = {0};

	if (call == NULL || !call_bind(call, fcinfo))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	found = call_missing_features(call);
	row_put_int(&row, found.missing);
	row_put_int(&row, found.features);
	row_put_float(&row, found.share);
	PG_RETURN_DATUM(row_datum(&row, BlessTupleDesc(descriptor)));
}

/* risk.alert_company(...) */
PG_FUNCTION_INFO_V1(company_risk_alert_company);
Datum
company_risk_alert_company(PG_FUNCTION_ARGS)
{
	Call	   *call = call_begin(fcinfo);
	const char *level;

	if (call == NULL)
		PG_RETURN_NULL();
	model_require_score(&call->model);
	model_require_thresholds(&call->model);
	if (!call_bind(call, fcinfo))
		PG_RETURN_NULL();
	level = call_alert_level(call, call_score(call));
	if (level == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(level));
}
