/*
 * profile_row.h
 *		A profile, and how it becomes a value of risk_internal.column_profile.
 */
#ifndef PROFILE_ROW_H
#define PROFILE_ROW_H

#include "postgres.h"

#include "access/tupdesc.h"

/* What is 0 and a Datum is NULL, as are numbers that are not known. */
typedef struct Profile
{
	const char *kind;
	int64		rows;
	int64		missing;

	/* of numbers; the mean and extremes where there are any, the deviation from two on */
	int64		values;
	double		mean;
	double		deviation;
	double		minimum;
	double		maximum;
	Datum		quantiles;
	Datum		slices;
	Datum		bounds;

	/* of categories */
	Datum		categories;
	bool		has_others;
	int64		others;
	Datum		other_categories;

	/* of both */
	Datum		counts;
} Profile;

extern Datum profile_datum(const Profile *profile, TupleDesc descriptor);

#endif							/* PROFILE_ROW_H */
