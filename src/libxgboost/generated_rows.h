/*
 * generated_rows.h
 *		Rows that look for trouble in a model's evaluation.
 */
#ifndef GENERATED_ROWS_H
#define GENERATED_ROWS_H

#include "postgres.h"

#include "core/model.h"

typedef struct GeneratedRows GeneratedRows;

/* Rows for a model, the same ones from the same seed; palloc'd */
extern GeneratedRows *generated_rows_begin(const Model *model, int64 seed);

/* The next row: a value for each of the model's features, NaN for missing */
extern void generated_rows_next(GeneratedRows *rows, float *features);

#endif							/* GENERATED_ROWS_H */
