/*
 * result_row.h
 *		A row of a result, put together column by column, in order.
 */
#ifndef RESULT_ROW_H
#define RESULT_ROW_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "nodes/execnodes.h"
#include "utils/timestamp.h"

#define RESULT_COLUMNS_MAX 24

/* Begins as {0}, and is empty again after row_emit() or row_datum(). */
typedef struct ResultRow
{
	int			count;
	Datum		values[RESULT_COLUMNS_MAX];
	bool		nulls[RESULT_COLUMNS_MAX];
} ResultRow;

/* Each sets the next column. */
extern void row_put(ResultRow *row, Datum value);
extern void row_put_null(ResultRow *row);
extern void row_put_int(ResultRow *row, int32 value);
extern void row_put_bigint(ResultRow *row, int64 value);
extern void row_put_bool(ResultRow *row, bool value);
extern void row_put_float(ResultRow *row, double value);
extern void row_put_float_if(ResultRow *row, bool known, double value); /* else NULL */
extern void row_put_text(ResultRow *row, const char *value);	/* NULL for NULL */
extern void row_put_time(ResultRow *row, TimestampTz value);

/* Adds the row to a result that InitMaterializedSRF() has prepared. */
extern void row_emit(ResultRow *row, ReturnSetInfo *result);

/* The row as a value of a composite type. */
extern Datum row_datum(ResultRow *row, TupleDesc descriptor);

#endif							/* RESULT_ROW_H */
