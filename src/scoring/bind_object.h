/*
 * bind_object.h
 *		From a JSON object to the vector that a model reads.
 */
#ifndef BIND_OBJECT_H
#define BIND_OBJECT_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "scoring/bound_value.h"
#include "scoring/resolved_model.h"

/* Fills in the values of a vector. */
extern void bind_object(ResolvedModel *model, Jsonb *object, ForestValue *vector);

/* What an object that was bound has for a feature. */
extern BoundValue object_value(const ResolvedModel *model, Jsonb *object, uint32_t feature);

#endif							/* BIND_OBJECT_H */
