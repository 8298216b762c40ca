/*
 * calibration_fit.c
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
 *	 function is linear, outside of them constant.  Of more points than a curve may
 *	 have, some are left out (see below).
 *
 * What they answer is a calibration (calibration.h): fits that would be none, of
 * margins that do not rise with the risk, are refused here.  Points can be millions;
 * every pass over them can be cancelled.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "base/double_double.h"
#include "base/jsonb_build.h"
#include "models/calibration.h"

#define NEWTON_STEPS 100
#define HALVINGS 60

/*
 * What a Newton step still promises to gain, as a share of the weight: below this
 * the loss is too flat to be compared, and full steps converge quadratically.
 */
#define NEWTON_NEAR 1e-12

/* Points between looks at whether somebody cancelled */
#define INTERRUPT_POINTS 65536

typedef struct FitPoint
{
	double		margin;
	double		label;
	double		weight;
} FitPoint;

static inline void
check_interrupts(int i)
{
	if (i % INTERRUPT_POINTS == 0)
		CHECK_FOR_INTERRUPTS();
}

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
		check_interrupts(i);
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

/* An answer that risk.set_calibration would not take is none. */
static _Noreturn void
fail_not_rising(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the model cannot be calibrated"),
			 errdetail("On the validation rows its margins do not rise with the risk."),
			 errhint("Look at its metrics: train with calibration => 'none'.")));
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
	DoubleDouble loss = dd_from(0.0);

	/* two losses of millions of points differ in digits that sums of doubles lose */
	for (int i = 0; i < platt->count; i++)
	{
		const FitPoint *point = &platt->points[i];
		double		x = slope * (point->margin / platt->scale) + intercept;

		check_interrupts(i);
		dd_accumulate(&loss, point->weight * (softplus(x) - platt->target[point->label > 0.0] * x));
	}
	return dd_to_double(loss);
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
	bool		near = false;
	bool		level = true;
	JsonbParseState *state = NULL;

	platt.points = take_points(fcinfo, &platt.count);
	for (int i = 0; i < platt.count; i++)
	{
		check_interrupts(i);
		classes[platt.points[i].label > 0.0] += platt.points[i].weight;
		platt.scale = Max(platt.scale, fabs(platt.points[i].margin));
		level = level && platt.points[i].margin == platt.points[0].margin;
	}
	/* no slope is better than another */
	if (level)
		fail_not_rising();
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

		for (int i = 0; i < platt.count; i++)
		{
			const FitPoint *point = &platt.points[i];
			double		margin = point->margin / platt.scale;
			double		p = sigmoid(slope * margin + intercept);
			double		d = point->weight * (p - platt.target[point->label > 0.0]);
			double		h = point->weight * p * (1.0 - p);

			check_interrupts(i);
			gradient[0] += d * margin;
			gradient[1] += d;
			hessian[0] += h * margin * margin;
			hessian[1] += h * margin;
			hessian[2] += h;
		}
		/* margins that are almost the same leave the slope undetermined: a ridge keeps it near 0 */
		hessian[0] += 1e-12 * hessian[2];
		determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
		if (!(determinant > 0.0))
			break;
		change[0] = (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant;
		change[1] = (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant;
		/* so near the optimum, this step and one more take all that is left */
		if (gradient[0] * change[0] + gradient[1] * change[1] <= NEWTON_NEAR * (classes[0] + classes[1]))
		{
			slope -= change[0];
			intercept -= change[1];
			if (near)
				break;
			near = true;
			continue;
		}
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

	if (!(slope > 0.0))
		fail_not_rising();
	begin_calibration(&state, "sigmoid");
	json_push_number(&state, "slope", slope / platt.scale);
	json_push_number(&state, "intercept", intercept);
	return end_calibration(&state);
}

/* ----------
 * Isotonic
 * ----------
 */
#define ST_SORT sort_points
#define ST_ELEMENT_TYPE FitPoint
#define ST_COMPARE(a, b) ((a)->margin < (b)->margin ? -1 : (a)->margin > (b)->margin ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* A pool of neighbours with one score */
typedef struct Pool
{
	double		sum;			/* of weight * label */
	double		weight;
	int			first;			/* points */
	int			last;
} Pool;

/* Pools the points, which are in order, each with a margin of its own. */
static int
pool_points(const FitPoint *points, int count, Pool *pools)
{
	int			pool_count = 0;

	for (int i = 0; i < count; i++)
	{
		Pool		pool = {points[i].label, points[i].weight, i, i};

		check_interrupts(i);
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
	return pool_count;
}

/*
 * Thinning
 *
 * A curve may have CALIBRATION_POINTS_MAX points.  Of more, those are kept through
 * which the curve stays within the least distance of all the others' scores: each
 * piece reaches as far as it can without passing a point at more than the distance,
 * and the distance is the least, by bisection, that leaves few enough.  The curve's
 * ends stay, and it rises still, as it goes through points of one that does.
 *
 * Two pieces in a row rise by more than the distance (the first one could else have
 * gone on), so 2 / distance + 2 points are enough for a curve from 0 to 1: no score
 * changes by more than MAX_DISTANCE.
 */
#define MAX_DISTANCE (2.0 / (CALIBRATION_POINTS_MAX - 3))
#define BISECTIONS 50

typedef struct CurvePoint
{
	double		margin;
	double		score;
} CurvePoint;

/* The last point to which a line from the first passes all between within the distance. */
static int
end_of_piece(const CurvePoint *curve, int first, int count, double distance)
{
	double		lowest = -INFINITY; /* slopes that do */
	double		highest = INFINITY;
	int			end = first + 1;

	for (int i = first + 1; i < count; i++)
	{
		double		run = curve[i].margin - curve[first].margin;
		double		rise = curve[i].score - curve[first].score;

		check_interrupts(i);
		if (rise / run >= lowest && rise / run <= highest)
			end = i;
		lowest = Max(lowest, (rise - distance) / run);
		highest = Min(highest, (rise + distance) / run);
		if (lowest > highest)
			break;
	}
	return end;
}

/* The points to keep; how many, or one too many as soon as it is known. */
static int
thin(const CurvePoint *curve, int count, double distance, int *kept)
{
	int			last = 0;
	int			kept_count = 1;

	kept[0] = 0;
	while (last < count - 1)
	{
		if (kept_count == CALIBRATION_POINTS_MAX)
			return kept_count + 1;
		last = end_of_piece(curve, last, count, distance);
		kept[kept_count++] = last;
	}
	return kept_count;
}

static int
thin_curve(CurvePoint *curve, int count)
{
	int			kept[CALIBRATION_POINTS_MAX];
	double		few_enough = MAX_DISTANCE;
	double		too_many = 0.0;
	int			kept_count;

	for (int i = 0; i < BISECTIONS; i++)
	{
		double		middle = (few_enough + too_many) / 2.0;

		if (thin(curve, count, middle, kept) <= CALIBRATION_POINTS_MAX)
			few_enough = middle;
		else
			too_many = middle;
	}
	kept_count = thin(curve, count, few_enough, kept);
	Assert(kept_count <= CALIBRATION_POINTS_MAX);
	for (int i = 0; i < kept_count; i++)
		curve[i] = curve[kept[i]];
	return kept_count;
}

static void
push_curve(JsonbParseState **state, const char *key, const CurvePoint *curve, int count, bool margins)
{
	json_push_string(state, WJB_KEY, key);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < count; i++)
		json_push_element(state, margins ? curve[i].margin : curve[i].score);
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
	int			pool_count;
	CurvePoint *curve;
	int			curve_count = 0;
	JsonbParseState *state = NULL;

	sort_points(points, count);
	for (int i = 0; i < count; i++)
	{
		check_interrupts(i);
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
	/* one point is no curve */
	if (distinct < 2)
		fail_not_rising();

	pools = MemoryContextAllocHuge(CurrentMemoryContext, distinct * sizeof(Pool));
	pool_count = pool_points(points, distinct, pools);
	curve = MemoryContextAllocHuge(CurrentMemoryContext, distinct * sizeof(CurvePoint));
	for (int i = 0; i < pool_count; i++)
	{
		double		score = pools[i].sum / pools[i].weight;

		check_interrupts(i);
		curve[curve_count++] = (CurvePoint) {points[pools[i].first].margin, score};
		if (pools[i].last != pools[i].first)
			curve[curve_count++] = (CurvePoint) {points[pools[i].last].margin, score};
	}
	if (curve_count > CALIBRATION_POINTS_MAX)
		curve_count = thin_curve(curve, curve_count);

	begin_calibration(&state, "isotonic");
	push_curve(&state, "margins", curve, curve_count, true);
	push_curve(&state, "scores", curve, curve_count, false);
	return end_calibration(&state);
}
