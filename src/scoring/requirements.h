/*
 * requirements.h
 *		What a model must know of a company to speak about it.
 */
#ifndef REQUIREMENTS_H
#define REQUIREMENTS_H

#include "postgres.h"

#include "scoring/call.h"

/* What is missing in a vector */
typedef struct MissingFeatures
{
	int			missing;
	int			features;		/* that the model reads */
	double		share;			/* of their weight, 0 to 1 */
} MissingFeatures;

extern MissingFeatures call_missing_features(const Call *call);

/*
 * The word for the level of the vector at hand, whose score this is, or that it is
 * out of the model's scope; NULL when the version has no thresholds, or for NaN.
 */
extern const char *call_alert_level(const Call *call, double score);

#endif							/* REQUIREMENTS_H */
