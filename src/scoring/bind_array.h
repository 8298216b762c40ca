/*
 * bind_array.h
 *		From an array in the model's order to the vector that a model reads.
 */
#ifndef BIND_ARRAY_H
#define BIND_ARRAY_H

#include "postgres.h"

#include "utils/array.h"

#include "scoring/bound_value.h"
#include "scoring/resolved_model.h"

/* Fills in the values of a vector. */
extern void bind_array(const ResolvedModel *model, ArrayType *array, ForestValue *vector);

/* What an array that was bound has for a feature. */
extern BoundValue array_value(const ResolvedModel *model, ArrayType *array, uint32_t feature);

#endif							/* BIND_ARRAY_H */
