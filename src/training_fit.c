/*
 * training_fit.c
 *		Fitting a calibration: from margins to probabilities, by rows that the
 *		model did not see.
 *
 * Both fits are those of scikit-learn, whose users may compare:
 *
 * - sigmoid: Platt scaling.  score = 1 / (1 + exp(-(slope * margin + intercept)))
 *	 with the least log loss against targets that are not quite 0 and 1 (Platt's:
 *	 (P + 1) / (P + 2) and 1 / (N + 2)), by Newton's method with halved steps.  The
 *	 problem is convex with two unknowns; a handful of steps reach the optimum to
 *	 the last digits.
 * - isotonic: the non-decreasing function with the least squared error, by pooling
 *	 adjacent violators.  Equal margins count as one point with their mean.  Of a
 *	 run of equal scores the first and the last point are kept; between points the
 *	 function is linear, outside of them constant.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "json.h"

#define NEWTON_STEPS 100
#define HALVINGS 60

typedef struct FitPoint
{
	double		margin;
	double		label;
	double		weight;
} FitPoint;

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

/* The points with a weight; an error unless both labels are among them. */
static FitPoint *
take_points(FunctionCallInfo fcinfo, int *count)
{
	ArrayType  *margins;
	const float *margin;
	const bool *label;
	const float *weight = NULL;
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
		if (!isfinite(margin[i]) || (weight && !(weight[i] >= 0.0f && isfinite(weight[i]))))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("margins must be finite, and weights finite and not negative")));
		if (weight && weight[i] == 0.0f)
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

static void
begin_calibration(JsonbParseState **state, const char *method)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	json_push_string(state, WJB_KEY, "method");
	json_push_string(state, WJB_VALUE, method);
}

static Datum
end_calibration(JsonbParseState **state)
{
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(state, WJB_END_OBJECT, NULL)));
}

/* ----------
 * Sigmoid
 * ----------
 */

/* log(1 + exp(x)) without overflow */
static inline double
softplus(double x)
{
	return x > 0.0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static inline double
sigmoid(double x)
{
	return x >= 0.0 ? 1.0 / (1.0 + exp(-x)) : exp(x) / (1.0 + exp(x));
}

typedef struct Platt
{
	const FitPoint *points;
	int			count;
	double		target[2];
	double		scale;			/* margins are scaled, so that one of 1e4 does no harm */
} Platt;

static double
platt_loss(const Platt *platt, double slope, double intercept)
{
	double		loss = 0.0;

	for (int i = 0; i < platt->count; i++)
	{
		const FitPoint *point = &platt->points[i];
		double		x = slope * (point->margin / platt->scale) + intercept;

		loss += point->weight * (softplus(x) - platt->target[point->label > 0.0] * x);
	}
	return loss;
}

PG_FUNCTION_INFO_V1(company_risk_fit_sigmoid);
Datum
company_risk_fit_sigmoid(PG_FUNCTION_ARGS)
{
	Platt		platt = {.scale = 0.0};
	double		classes[2] = {0.0, 0.0};
	double		slope = 0.0;
	double		intercept;
	double		loss;
	JsonbParseState *state = NULL;

	platt.points = take_points(fcinfo, &platt.count);
	for (int i = 0; i < platt.count; i++)
	{
		classes[platt.points[i].label > 0.0] += platt.points[i].weight;
		platt.scale = Max(platt.scale, fabs(platt.points[i].margin));
	}
	if (platt.scale == 0.0)
		platt.scale = 1.0;
	platt.target[0] = 1.0 / (classes[0] + 2.0);
	platt.target[1] = (classes[1] + 1.0) / (classes[1] + 2.0);
	intercept = log((classes[1] + 1.0) / (classes[0] + 1.0));
	loss = platt_loss(&platt, slope, intercept);

	for (int step = 0; step < NEWTON_STEPS; step++)
	{
		double		gradient[2] = {0.0, 0.0};
		double		hessian[3] = {0.0, 0.0, 0.0};
		double		determinant;
		double		change[2];
		double		length = 1.0;
		bool		better = false;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < platt.count; i++)
		{
			const FitPoint *point = &platt.points[i];
			double		margin = point->margin / platt.scale;
			double		p = sigmoid(slope * margin + intercept);
			double		d = point->weight * (p - platt.target[point->label > 0.0]);
			double		h = point->weight * p * (1.0 - p);

			gradient[0] += d * margin;
			gradient[1] += d;
			hessian[0] += h * margin * margin;
			hessian[1] += h * margin;
			hessian[2] += h;
		}
		/* margins that are all the same leave the slope undetermined: a ridge keeps it at 0 */
		hessian[0] += 1e-12 * hessian[2];
		determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
		if (!(determinant > 0.0))
			break;
		change[0] = (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant;
		change[1] = (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant;
		for (int halving = 0; halving < HALVINGS && !better; halving++, length /= 2.0)
		{
			double		next = platt_loss(&platt, slope - length * change[0], intercept - length * change[1]);

			if (next < loss)
			{
				slope -= length * change[0];
				intercept -= length * change[1];
				better = true;
				loss = next;
			}
		}
		if (!better)
			break;
	}

	begin_calibration(&state, "sigmoid");
	json_push_number(&state, "slope", slope / platt.scale);
	json_push_number(&state, "intercept", intercept);
	return end_calibration(&state);
}

/* ----------
 * Isotonic
 * ----------
 */
static int
compare_points(const void *a, const void *b)
{
	double		x = ((const FitPoint *) a)->margin;
	double		y = ((const FitPoint *) b)->margin;

	return x < y ? -1 : x > y;
}

/* A pool of neighbours with one score */
typedef struct Pool
{
	double		sum;			/* of weight * label */
	double		weight;
	int			first;			/* points */
	int			last;
} Pool;

static void
push_points(JsonbParseState **state, const char *key, const FitPoint *points, const Pool *pools, int count, bool margins)
{
	json_push_string(state, WJB_KEY, key);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < count; i++)
	{
		int			ends[2] = {pools[i].first, pools[i].last};

		for (int j = 0; j < (ends[0] == ends[1] ? 1 : 2); j++)
			json_push_element(state, margins ? points[ends[j]].margin : pools[i].sum / pools[i].weight);
	}
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

PG_FUNCTION_INFO_V1(company_risk_fit_isotonic);
Datum
company_risk_fit_isotonic(PG_FUNCTION_ARGS)
{
	int			count;
	FitPoint   *points = take_points(fcinfo, &count);
	int			distinct = 0;
	Pool	   *pools;
	int			pool_count = 0;
	JsonbParseState *state = NULL;

	qsort(points, count, sizeof(FitPoint), compare_points);
	for (int i = 0; i < count; i++)
	{
		/* label becomes the sum of weight * label */
		if (distinct > 0 && points[distinct - 1].margin == points[i].margin)
		{
			points[distinct - 1].label += points[i].weight * points[i].label;
			points[distinct - 1].weight += points[i].weight;
		}
		else
		{
			points[distinct] = points[i];
			points[distinct++].label *= points[i].weight;
		}
	}

	pools = MemoryContextAllocHuge(CurrentMemoryContext, distinct * sizeof(Pool));
	for (int i = 0; i < distinct; i++)
	{
		Pool		pool = {points[i].label, points[i].weight, i, i};

		/* equal neighbours are pooled, too: they are one run */
		while (pool_count > 0 &&
			   pools[pool_count - 1].sum / pools[pool_count - 1].weight >= pool.sum / pool.weight)
		{
			pool_count--;
			pool.sum += pools[pool_count].sum;
			pool.weight += pools[pool_count].weight;
			pool.first = pools[pool_count].first;
		}
		pools[pool_count++] = pool;
	}

	begin_calibration(&state, "isotonic");
	push_points(&state, "margins", points, pools, pool_count, true);
	push_points(&state, "scores", points, pools, pool_count, false);
	return end_calibration(&state);
}
