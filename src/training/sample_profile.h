/*
 * sample_profile.h
 *		What a training keeps of its rows.
 */
#ifndef SAMPLE_PROFILE_H
#define SAMPLE_PROFILE_H

#include "training/rows.h"

typedef struct TrainingProfile
{
	int64		rows;			/* of the sample */
	Datum		features;		/* an array of risk_internal.column_profile, in the model's order */
	float	   *margins;
	float	   *scores;			/* of the objective, not calibrated */
} TrainingProfile;

extern void training_profile_make(TrainingData *data, const TrainingSpec *spec, const bytea *model,
								  int rounds, Oid profiles_type, TrainingProfile *profile);

#endif							/* SAMPLE_PROFILE_H */
