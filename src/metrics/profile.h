/*
 * profile.h
 *		What is kept of a column's distribution, as values of risk_internal.column_profile.
 */
#ifndef PROFILE_H
#define PROFILE_H

#include "postgres.h"

#include "access/tupdesc.h"

/* Of values at hand, NaN for a missing one; the descriptor is risk_internal.column_profile's. */
extern Datum profile_of_numbers(TupleDesc descriptor, const float *values, int64 count);

/* Of rows that were counted by category; names are in the server's encoding. */
extern Datum profile_of_categories(TupleDesc descriptor, const char *const *names, const int64 *counts,
								   int category_count, int64 missing);

#endif							/* PROFILE_H */
