/*
 * objective.h
 *		What an XGBoost objective means for a margin: the link that made it from
 *		the base score, and the transform that makes the prediction from it.
 */
#ifndef CORE_OBJECTIVE_H
#define CORE_OBJECTIVE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ObjectiveLink
{
	LINK_IDENTITY,
	LINK_LOGIT,
	LINK_LOG
} ObjectiveLink;

typedef enum ObjectiveTransform
{
	TRANSFORM_UNKNOWN,			/* a custom objective: margins only */
	TRANSFORM_IDENTITY,
	TRANSFORM_SIGMOID,
	TRANSFORM_EXPONENTIAL,
	TRANSFORM_STEP,				/* 1 above margin 0, else 0 */
	TRANSFORM_SOFTMAX,			/* over the output groups */
	TRANSFORM_ARGMAX			/* the output group with the largest margin */
} ObjectiveTransform;

typedef struct Objective
{
	const char *name;
	ObjectiveLink link;
	ObjectiveTransform transform;
} Objective;

/* Never NULL; an unknown name gives identity link and TRANSFORM_UNKNOWN. */
extern const Objective *objective_find(const char *name);

/* The margin of a base score, float32 as XGBoost computes it; maybe not finite. */
extern float objective_margin(ObjectiveLink link, float base_score);

/* Is a margin of it in log-odds, of which a calibration makes a probability? */
extern bool objective_has_log_odds(const char *name);

/* How many numbers XGBoost's predict() answers for this many output groups. */
extern uint32_t objective_output_count(ObjectiveTransform transform, uint32_t groups);

/* predict() from the margins of all groups, float32 as XGBoost computes it. */
extern void objective_predict(ObjectiveTransform transform, const float *margins,
							  uint32_t groups, float *outputs);

/* The transform of one margin and its derivative, in double, for explanations. */
extern double objective_value(ObjectiveTransform transform, double margin);
extern double objective_slope(ObjectiveTransform transform, double margin);

#endif
