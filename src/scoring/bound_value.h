/*
 * bound_value.h
 *		The value of a feature as a call's argument had it, for readers.
 */
#ifndef BOUND_VALUE_H
#define BOUND_VALUE_H

#include "postgres.h"

/*
 * A number is what the argument said, before it became the float32 that a model
 * compares: a boolean is 1 or 0.  Categories have none, whether they come by
 * name or by code, and neither has what is missing, NULL or NaN.
 */
typedef struct BoundValue
{
	char	   *text;			/* NULL for NULL */
	bool		has_number;
	double		number;
} BoundValue;

#endif							/* BOUND_VALUE_H */
