/*
 * objective.c
 *		Links and transforms of XGBoost's objectives.
 *
 * The float32 forms follow XGBoost operation by operation, with the same libm
 * calls, so that predictions are its own; they must be compiled without
 * contraction to fused multiply-add.
 */
#include "objective.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const Objective objectives[] = {
	{"binary:logistic", LINK_LOGIT, TRANSFORM_SIGMOID},
	{"reg:logistic", LINK_LOGIT, TRANSFORM_SIGMOID},
	{"binary:logitraw", LINK_IDENTITY, TRANSFORM_IDENTITY},
	{"binary:hinge", LINK_IDENTITY, TRANSFORM_STEP},
	{"multi:softprob", LINK_IDENTITY, TRANSFORM_SOFTMAX},
	{"multi:softmax", LINK_IDENTITY, TRANSFORM_ARGMAX},
	{"reg:squarederror", LINK_IDENTITY, TRANSFORM_IDENTITY},
	{"reg:linear", LINK_IDENTITY, TRANSFORM_IDENTITY},
	{"reg:squaredlogerror", LINK_IDENTITY, TRANSFORM_IDENTITY},
	{"reg:pseudohubererror", LINK_IDENTITY, TRANSFORM_IDENTITY},
	{"reg:absoluteerror", LINK_IDENTITY, TRANSFORM_IDENTITY},
	{"reg:quantileerror", LINK_IDENTITY, TRANSFORM_IDENTITY},
	{"reg:expectileerror", LINK_IDENTITY, TRANSFORM_IDENTITY},	/* one: model_check.c */
	{"rank:pairwise", LINK_IDENTITY, TRANSFORM_IDENTITY},
	{"rank:ndcg", LINK_IDENTITY, TRANSFORM_IDENTITY},
	{"rank:map", LINK_IDENTITY, TRANSFORM_IDENTITY},
	{"count:poisson", LINK_LOG, TRANSFORM_EXPONENTIAL},
	{"reg:gamma", LINK_LOG, TRANSFORM_EXPONENTIAL},
	{"reg:tweedie", LINK_LOG, TRANSFORM_EXPONENTIAL},
	{"survival:cox", LINK_LOG, TRANSFORM_EXPONENTIAL},
	{"survival:aft", LINK_LOG, TRANSFORM_EXPONENTIAL},
	{NULL, LINK_IDENTITY, TRANSFORM_UNKNOWN},
};

const Objective *
objective_find(const char *name)
{
	const Objective *objective = objectives;

	while (objective->name != NULL && strcmp(objective->name, name) != 0)
		objective++;
	return objective;
}

/* binary:logitraw has the margins of binary:logistic, and no transform. */
bool
objective_has_log_odds(const char *name)
{
	return objective_find(name)->transform == TRANSFORM_SIGMOID ||
		strcmp(name, "binary:logitraw") == 0;
}

float
objective_margin(ObjectiveLink link, float base_score)
{
	switch (link)
	{
		case LINK_LOGIT:
			return -logf(1.0f / base_score - 1.0f);
		case LINK_LOG:
			return logf(base_score);
		case LINK_IDENTITY:
			break;
	}
	return base_score;
}

uint32_t
objective_output_count(ObjectiveTransform transform, uint32_t groups)
{
	return transform == TRANSFORM_ARGMAX ? 1 : groups;
}

/* The clamp lets NaN through, as XGBoost's std::min(-margin, 88.7f) does. */
static float
sigmoid(float margin)
{
	float		exponent = 88.7f < -margin ? 88.7f : -margin;

	return 1.0f / (expf(exponent) + 1.0f + 1e-16f);
}

static void
softmax(const float *margins, uint32_t groups, float *outputs)
{
	float		largest = margins[0];
	double		sum = 0.0;

	for (uint32_t group = 1; group < groups; group++)
		largest = fmaxf(margins[group], largest);
	for (uint32_t group = 0; group < groups; group++)
	{
		outputs[group] = expf(margins[group] - largest);
		sum += outputs[group];
	}
	for (uint32_t group = 0; group < groups; group++)
		outputs[group] /= (float) sum;
}

void
objective_predict(ObjectiveTransform transform, const float *margins,
				  uint32_t groups, float *outputs)
{
	uint32_t	largest = 0;

	switch (transform)
	{
		case TRANSFORM_SOFTMAX:
			softmax(margins, groups, outputs);
			return;
		case TRANSFORM_ARGMAX:
			for (uint32_t group = 1; group < groups; group++)
				if (margins[group] > margins[largest])
					largest = group;
			outputs[0] = (float) largest;
			return;
		case TRANSFORM_SIGMOID:
			for (uint32_t group = 0; group < groups; group++)
				outputs[group] = sigmoid(margins[group]);
			return;
		case TRANSFORM_EXPONENTIAL:
			for (uint32_t group = 0; group < groups; group++)
				outputs[group] = expf(margins[group]);
			return;
		case TRANSFORM_STEP:
			for (uint32_t group = 0; group < groups; group++)
				outputs[group] = margins[group] > 0.0f ? 1.0f : 0.0f;
			return;
		case TRANSFORM_IDENTITY:
		case TRANSFORM_UNKNOWN:
			memcpy(outputs, margins, groups * sizeof(float));
			return;
	}
}

double
objective_value(ObjectiveTransform transform, double margin)
{
	if (isnan(margin))
		return margin;
	switch (transform)
	{
		case TRANSFORM_SIGMOID:
			return 1.0 / (1.0 + exp(-margin));
		case TRANSFORM_EXPONENTIAL:
			return exp(margin);
		case TRANSFORM_STEP:
			return margin > 0.0 ? 1.0 : 0.0;
		default:
			return margin;
	}
}

double
objective_slope(ObjectiveTransform transform, double margin)
{
	double		value = objective_value(transform, margin);

	switch (transform)
	{
		case TRANSFORM_SIGMOID:
			return value * (1.0 - value);
		case TRANSFORM_EXPONENTIAL:
			return value;
		case TRANSFORM_STEP:
			return 0.0;
		default:
			return 1.0;
	}
}
