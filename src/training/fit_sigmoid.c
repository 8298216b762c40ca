/*
 * fit_sigmoid.c
 *		Platt scaling: from margins to probabilities, by rows that the model did not see.
 *
 * score = 1 / (1 + exp(-(slope * margin + intercept))) with the least log loss against
 * targets that are not quite 0 and 1 (Platt's: (P + 1) / (P + 2) and 1 / (N + 2)), by
 * Newton's method with halved steps.  The problem is convex with two unknowns; a
 * handful of steps reach the optimum to the last digits.  The fit is scikit-learn's,
 * whose users may compare.
 */
#include "training/calibration_points.h"

#include <math.h>

#include "base/double_double.h"
#include "base/jsonb_build.h"

#define NEWTON_STEPS 100
#define HALVINGS 60

/*
 * What a Newton step still promises to gain, as a share of the weight: below this
 * the loss is too flat to be compared, and full steps converge quadratically.
 */
#define NEWTON_NEAR 1e-12

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
	double		weight;			/* of all points */
	double		scale;			/* margins are scaled, so that one of 1e4 does no harm */
	double		slope;
	double		intercept;
	double		loss;
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

		fit_check_interrupts(i);
		dd_accumulate(&loss, point->weight * (softplus(x) - platt->target[point->label > 0.0] * x));
	}
	return dd_to_double(loss);
}

/* The loss's derivatives at a slope and an intercept, and the step that Newton would take */
typedef struct NewtonStep
{
	double		change[2];		/* to be subtracted */
	double		gain;			/* what it promises, twice */
	bool		possible;
} NewtonStep;

static NewtonStep
newton_step(const Platt *platt, double slope, double intercept)
{
	double		gradient[2] = {0.0, 0.0};
	double		hessian[3] = {0.0, 0.0, 0.0};
	double		determinant;
	NewtonStep	step = {.possible = false};

	for (int i = 0; i < platt->count; i++)
	{
		const FitPoint *point = &platt->points[i];
		double		margin = point->margin / platt->scale;
		double		p = sigmoid(slope * margin + intercept);
		double		d = point->weight * (p - platt->target[point->label > 0.0]);
		double		h = point->weight * p * (1.0 - p);

		fit_check_interrupts(i);
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
		return step;
	step.possible = true;
	step.change[0] = (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant;
	step.change[1] = (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant;
	step.gain = gradient[0] * step.change[0] + gradient[1] * step.change[1];
	return step;
}

/* Shortens the step until there is less loss than before; false if there never is. */
static bool
take_step(Platt *platt, const NewtonStep *step)
{
	double		length = 1.0;

	for (int halving = 0; halving < HALVINGS; halving++, length /= 2.0)
	{
		double		slope = platt->slope - length * step->change[0];
		double		intercept = platt->intercept - length * step->change[1];
		double		loss = platt_loss(platt, slope, intercept);

		if (loss < platt->loss)
		{
			platt->slope = slope;
			platt->intercept = intercept;
			platt->loss = loss;
			return true;
		}
	}
	return false;
}

static void
minimize(Platt *platt)
{
	bool		near = false;

	platt->loss = platt_loss(platt, platt->slope, platt->intercept);
	for (int i = 0; i < NEWTON_STEPS; i++)
	{
		NewtonStep	step = newton_step(platt, platt->slope, platt->intercept);

		if (!step.possible)
			break;
		/* so near the optimum, this step and one more take all that is left */
		if (step.gain <= NEWTON_NEAR * platt->weight)
		{
			platt->slope -= step.change[0];
			platt->intercept -= step.change[1];
			if (near)
				break;
			near = true;
		}
		else if (!take_step(platt, &step))
			break;
	}
}

/* Targets and a beginning; an error where no slope is better than another. */
static void
begin_platt(Platt *platt)
{
	double		classes[2] = {0.0, 0.0};
	bool		level = true;

	for (int i = 0; i < platt->count; i++)
	{
		const FitPoint *point = &platt->points[i];

		fit_check_interrupts(i);
		classes[point->label > 0.0] += point->weight;
		platt->scale = Max(platt->scale, fabs(point->margin));
		level = level && point->margin == platt->points[0].margin;
	}
	if (level)
		fit_fail_not_rising();
	platt->weight = classes[0] + classes[1];
	platt->target[0] = 1.0 / (classes[0] + 2.0);
	platt->target[1] = (classes[1] + 1.0) / (classes[1] + 2.0);
	platt->intercept = log((classes[1] + 1.0) / (classes[0] + 1.0));
}

PG_FUNCTION_INFO_V1(company_risk_fit_sigmoid);
Datum
company_risk_fit_sigmoid(PG_FUNCTION_ARGS)
{
	Platt		platt = {.scale = 0.0};
	JsonbParseState *state = NULL;

	platt.points = fit_points(fcinfo, &platt.count);
	begin_platt(&platt);
	minimize(&platt);
	if (!(platt.slope > 0.0))
		fit_fail_not_rising();
	fit_begin_answer(&state, "sigmoid");
	json_push_number(&state, "slope", platt.slope / platt.scale);
	json_push_number(&state, "intercept", platt.intercept);
	return fit_end_answer(&state);
}
