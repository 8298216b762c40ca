/*
 * array_build.h
 *		One-dimensional arrays from what is in memory.
 */
#ifndef ARRAY_BUILD_H
#define ARRAY_BUILD_H

#include "postgres.h"

/* Of a type of fixed length, from its elements side by side, without nulls: float8, float4, int8, bool ... */
extern Datum array_of_fixed(Oid type, Size length, const void *elements, int64 count);

/* float8[] from float32 values */
extern Datum array_of_floats(const float *values, int64 count);

/* text[] */
extern Datum array_of_texts(const char *const *values, int count);

#endif							/* ARRAY_BUILD_H */
