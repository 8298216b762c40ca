/*
 * calibration.c
 *		The map from a model's margin to a calibrated probability.
 *
 * A model trained on a sample with more failures than there are in the world
 * answers a risk index, not a probability.  A calibration, fitted on companies
 * that the model has not seen, makes a probability of its margin: a sigmoid
 * (Platt), or a rising curve through points (isotonic regression).  It belongs
 * to a version of a model and is kept in the registry as jsonb:
 *
 *		{"method": "sigmoid", "slope": a, "intercept": b}
 *		{"method": "isotonic", "margins": [m1, ...], "scores": [s1, ...]}
 *
 * Both rise with the margin, so a calibration changes no order of companies
 * (a curve's level parts make ties), and reasons keep their sign.
 *
 * What is stored was checked when it was set, and is checked again by the same
 * code whenever it is read: a registry can be restored, or edited by its owner.
 * Everything is computed in double, from the float32 margin that XGBoost gives.
 */
#include "models/calibration.h"

#include <float.h>
#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/jsonb_number.h"
#include "core/objective.h"

/* ----------
 * Reading
 * ----------
 */

static bool
key_is(const JsonbValue *key, const char *name)
{
	return key->val.string.len == (int) strlen(name) &&
		memcmp(key->val.string.val, name, key->val.string.len) == 0;
}

/* A number of the object; a problem unless it is there and finite. */
static bool
read_number(JsonbContainer *object, const char *key, double *number, char **problem)
{
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(object, key, strlen(key), &value) == NULL)
		*problem = psprintf("Key \"%s\" is missing.", key);
	else if (value.type != jbvNumeric || !isfinite(*number = jsonb_number(&value)))
		*problem = psprintf("\"%s\" is not a finite number.", key);
	return *problem == NULL;
}

/* An array of numbers of the object; a problem unless it is there and all are finite. */
static double *
read_numbers(JsonbContainer *object, const char *key, int *count, char **problem)
{
	JsonbValue	value;
	JsonbContainer *array;
	double	   *numbers;

	if (getKeyJsonValueFromContainer(object, key, strlen(key), &value) == NULL)
	{
		*problem = psprintf("Key \"%s\" is missing.", key);
		return NULL;
	}
	if (value.type != jbvBinary || !JsonContainerIsArray(value.val.binary.data))
	{
		*problem = psprintf("\"%s\" is not an array.", key);
		return NULL;
	}
	array = value.val.binary.data;
	*count = JsonContainerSize(array);
	if (*count > CALIBRATION_POINTS_MAX)
	{
		*problem = psprintf("\"%s\" has %d numbers; there may be %d.",
							key, *count, CALIBRATION_POINTS_MAX);
		return NULL;
	}
	numbers = palloc(Max(*count, 1) * sizeof(double));
	for (int i = 0; i < *count; i++)
	{
		JsonbValue *element = getIthJsonbValueFromContainer(array, i);

		if (element->type != jbvNumeric || !isfinite(numbers[i] = jsonb_number(element)))
		{
			*problem = psprintf("Number %d of \"%s\" is not a finite number.", i + 1, key);
			return NULL;
		}
		pfree(element);
	}
	return numbers;
}

static void
read_sigmoid(Calibration *calibration, JsonbContainer *object, char **problem)
{
	calibration->method = CALIBRATION_SIGMOID;
	if (!read_number(object, "slope", &calibration->slope, problem) ||
		!read_number(object, "intercept", &calibration->intercept, problem))
		return;
	if (calibration->slope <= 0.0)
		*problem = pstrdup("\"slope\" is not greater than zero: scores would not rise with the margin.");
}

static void
read_isotonic(Calibration *calibration, JsonbContainer *object, char **problem)
{
	int			scores = 0;

	calibration->method = CALIBRATION_ISOTONIC;
	calibration->margins = read_numbers(object, "margins", &calibration->count, problem);
	if (*problem == NULL)
		calibration->scores = read_numbers(object, "scores", &scores, problem);
	if (*problem != NULL)
		return;
	if (calibration->count != scores)
		*problem = psprintf("There are %d margins and %d scores.", calibration->count, scores);
	else if (calibration->count < CALIBRATION_POINTS_MIN)
		*problem = psprintf("There are %d points; a curve takes at least %d.",
							calibration->count, CALIBRATION_POINTS_MIN);
	for (int i = 0; *problem == NULL && i < calibration->count; i++)
	{
		if (fabs(calibration->margins[i]) > FLT_MAX)
			*problem = psprintf("Margin %d is larger than any margin.", i + 1);
		else if (calibration->scores[i] < 0.0 || calibration->scores[i] > 1.0)
			*problem = psprintf("Score %d is not between 0 and 1.", i + 1);
		else if (i > 0 && calibration->margins[i] <= calibration->margins[i - 1])
			*problem = psprintf("Margin %d is not greater than the one before it.", i + 1);
		else if (i > 0 && calibration->scores[i] < calibration->scores[i - 1])
			*problem = psprintf("Score %d is less than the one before it.", i + 1);
	}
}

/* Does the object hold nothing but what its method knows? */
static void
check_keys(Jsonb *json, CalibrationMethod method, char **problem)
{
	JsonbIterator *iterator = JsonbIteratorInit(&json->root);
	JsonbIteratorToken token;
	JsonbValue	key;

	while ((token = JsonbIteratorNext(&iterator, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY || key_is(&key, "method"))
			continue;
		if (method == CALIBRATION_SIGMOID ?
			!key_is(&key, "slope") && !key_is(&key, "intercept") :
			!key_is(&key, "margins") && !key_is(&key, "scores"))
			*problem = psprintf("Key \"%s\" is unknown.",
								pnstrdup(key.val.string.val, key.val.string.len));
	}
}

Calibration *
calibration_read(Jsonb *json, char **problem)
{
	Calibration *calibration = palloc0(sizeof(Calibration));
	JsonbContainer *object = &json->root;
	JsonbValue	method;

	*problem = NULL;
	if (!JsonContainerIsObject(object))
		*problem = pstrdup("It is not a JSON object.");
	else if (getKeyJsonValueFromContainer(object, "method", strlen("method"), &method) == NULL)
		*problem = pstrdup("Key \"method\" is missing.");
	else if (method.type == jbvString && key_is(&method, "sigmoid"))
		read_sigmoid(calibration, object, problem);
	else if (method.type == jbvString && key_is(&method, "isotonic"))
		read_isotonic(calibration, object, problem);
	else
		*problem = pstrdup("\"method\" is neither \"sigmoid\" nor \"isotonic\".");
	if (*problem == NULL)
		check_keys(json, calibration->method, problem);
	return *problem == NULL ? calibration : NULL;
}

/* ----------
 * Answering
 * ----------
 */

/* The point at or before a margin that lies between the first and the last. */
static int
point_before(const Calibration *calibration, double margin)
{
	int			low = 0;
	int			high = calibration->count - 1;

	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (calibration->margins[middle] <= margin)
			low = middle;
		else
			high = middle;
	}
	return low;
}

double
calibration_value(const Calibration *calibration, double margin)
{
	int			last = calibration->count - 1;
	int			i;
	double		share;
	double		score;

	if (isnan(margin))
		return margin;
	if (calibration->method == CALIBRATION_SIGMOID)
		return 1.0 / (1.0 + exp(-(calibration->slope * margin + calibration->intercept)));
	if (margin <= calibration->margins[0])
		return calibration->scores[0];
	if (margin >= calibration->margins[last])
		return calibration->scores[last];
	i = point_before(calibration, margin);
	share = (margin - calibration->margins[i]) /
		(calibration->margins[i + 1] - calibration->margins[i]);
	score = calibration->scores[i] + share * (calibration->scores[i + 1] - calibration->scores[i]);
	/* rounding must not make it pass the next point */
	return Min(score, calibration->scores[i + 1]);
}

/* At a point of a curve, the slope of what follows it. */
double
calibration_slope(const Calibration *calibration, double margin)
{
	int			last = calibration->count - 1;
	double		score;
	int			i;

	if (calibration->method == CALIBRATION_SIGMOID)
	{
		score = calibration_value(calibration, margin);
		return calibration->slope * score * (1.0 - score);
	}
	if (!(margin >= calibration->margins[0]) || margin >= calibration->margins[last])
		return 0.0;
	i = point_before(calibration, margin);
	return (calibration->scores[i + 1] - calibration->scores[i]) /
		(calibration->margins[i + 1] - calibration->margins[i]);
}

/* ----------
 * For SQL
 * ----------
 */

/* In fn_extra: what was read for the row before, mostly that of all rows */
typedef struct AppliedCalibration
{
	MemoryContext context;		/* of the rest; child of the function's */
	Jsonb	   *json;			/* NULL when nothing is read */
	Calibration *calibration;
} AppliedCalibration;

static void
read_applied(AppliedCalibration *applied, Jsonb *json)
{
	MemoryContext old_context;
	char	   *problem;

	applied->json = NULL;
	MemoryContextReset(applied->context);
	old_context = MemoryContextSwitchTo(applied->context);
	applied->calibration = calibration_read(json, &problem);
	if (applied->calibration == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid calibration"),
				 errdetail("%s", problem),
				 errhint("Its form is {\"method\": \"sigmoid\", \"slope\": 1.1, \"intercept\": -0.3} or "
						 "{\"method\": \"isotonic\", \"margins\": [-2, 0, 1.5], \"scores\": [0.01, 0.2, 0.7]}.")));
	applied->json = palloc(VARSIZE(json));
	memcpy(applied->json, json, VARSIZE(json));
	MemoryContextSwitchTo(old_context);
}

PG_FUNCTION_INFO_V1(company_risk_apply_calibration);
Datum
company_risk_apply_calibration(PG_FUNCTION_ARGS)
{
	AppliedCalibration *applied = fcinfo->flinfo->fn_extra;
	Jsonb	   *json = PG_GETARG_JSONB_P(1);

	if (applied == NULL)
	{
		applied = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(AppliedCalibration));
		applied->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt,
												   "company_risk calibration",
												 ALLOCSET_SMALL_SIZES);
		fcinfo->flinfo->fn_extra = applied;
	}
	if (applied->json == NULL || VARSIZE(applied->json) != VARSIZE(json) ||
		memcmp(applied->json, json, VARSIZE(json)) != 0)
		read_applied(applied, json);
	PG_RETURN_FLOAT8(calibration_value(applied->calibration, PG_GETARG_FLOAT8(0)));
}

/*
 * risk_internal.score_kind(objective, output_groups, calibrated): probability or
 * number; NULL where there is no single score, or none that can be calibrated.
 */
PG_FUNCTION_INFO_V1(company_risk_score_kind);
Datum
company_risk_score_kind(PG_FUNCTION_ARGS)
{
	const char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			groups = PG_GETARG_INT32(1);
	bool		calibrated = PG_GETARG_BOOL(2);
	ObjectiveTransform transform = objective_find(name)->transform;
	bool		probability = calibrated || transform == TRANSFORM_SIGMOID;

	if (calibrated ? groups != 1 || !objective_has_log_odds(name) :
		transform == TRANSFORM_UNKNOWN || objective_output_count(transform, groups) != 1)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(probability ? "probability" : "number"));
}
