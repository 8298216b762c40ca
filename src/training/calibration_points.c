/*
 * calibration_points.c
 *		What the fits of calibrations share: their points, and how they answer.
 *
 * What they answer is a calibration (models/calibration.h): fits that would be none,
 * of margins that do not rise with the risk, are refused.
 */
#include "training/calibration_points.h"

#include <float.h>
#include <math.h>

#include "utils/array.h"
#include "utils/memutils.h"

#include "base/jsonb_build.h"

/* ----------
 * Arguments
 * ----------
 */
static const void *
array_elements(ArrayType *array, const char *name, int count)
{
	int			found = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1 || ARR_HASNULL(array))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have one dimension and hold no nulls", name)));
	if (count >= 0 && found != count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s has %d elements, but margins has %d", name, found, count)));
	return ARR_DATA_PTR(array);
}

FitPoint *
fit_points(FunctionCallInfo fcinfo, int *count)
{
	ArrayType  *margins;
	const double *margin;
	const bool *label;
	const double *weight = NULL;
	FitPoint   *points;
	int			given;
	bool		seen[2] = {false, false};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("margins and labels must not be null")));
	margins = PG_GETARG_ARRAYTYPE_P(0);
	given = ArrayGetNItems(ARR_NDIM(margins), ARR_DIMS(margins));
	margin = array_elements(margins, "margins", -1);
	label = array_elements(PG_GETARG_ARRAYTYPE_P(1), "labels", given);
	if (!PG_ARGISNULL(2))
		weight = array_elements(PG_GETARG_ARRAYTYPE_P(2), "weights", given);

	points = MemoryContextAllocHuge(CurrentMemoryContext, Max(given, 1) * sizeof(FitPoint));
	*count = 0;
	for (int i = 0; i < given; i++)
	{
		fit_check_interrupts(i);
		/* in the range of float4, as a model's are, and as a calibration takes them */
		if (!(fabs(margin[i]) <= FLT_MAX) ||
			(weight && !(weight[i] >= 0.0 && weight[i] <= FLT_MAX)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("margins must be finite, and weights finite and not negative"),
					 errdetail("Row %d has margin %g and weight %g; the largest number is %g.",
							   i + 1, margin[i], weight ? weight[i] : 1.0, FLT_MAX)));
		if (weight && weight[i] == 0.0)
			continue;
		points[*count].margin = margin[i];
		points[*count].label = label[i] ? 1.0 : 0.0;
		points[(*count)++].weight = weight ? weight[i] : 1.0;
		seen[label[i]] = true;
	}
	if (!seen[0] || !seen[1])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a calibration needs rows with both labels")));
	return points;
}

_Noreturn void
fit_fail_not_rising(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("margins do not rise with the risk"),
			 errdetail("A calibration makes probabilities of margins that rise with them."),
			 errhint("Look at the model's metrics before it is calibrated; a training can do without: calibration => 'none'.")));
}

void
fit_begin_answer(JsonbParseState **state, const char *method)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	json_push_string(state, WJB_KEY, "method");
	json_push_string(state, WJB_VALUE, method);
}

Datum
fit_end_answer(JsonbParseState **state)
{
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(state, WJB_END_OBJECT, NULL)));
}
