/*
 * result_row.c
 *		A row of a result, put together column by column, in order.
 *
 * How many columns a result has is the install script's to say; that a library
 * of another version meets it is an error here, not a write past an array.
 */
#include "base/result_row.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

static void
put(ResultRow *row, Datum value, bool isnull)
{
	Assert(row->count < RESULT_COLUMNS_MAX);
	row->values[row->count] = isnull ? (Datum) 0 : value;
	row->nulls[row->count++] = isnull;
}

void
row_put(ResultRow *row, Datum value)
{
	put(row, value, false);
}

void
row_put_null(ResultRow *row)
{
	put(row, (Datum) 0, true);
}

void
row_put_int(ResultRow *row, int32 value)
{
	put(row, Int32GetDatum(value), false);
}

void
row_put_bigint(ResultRow *row, int64 value)
{
	put(row, Int64GetDatum(value), false);
}

void
row_put_bool(ResultRow *row, bool value)
{
	put(row, BoolGetDatum(value), false);
}

void
row_put_float(ResultRow *row, double value)
{
	put(row, Float8GetDatum(value), false);
}

void
row_put_float_if(ResultRow *row, bool known, double value)
{
	put(row, known ? Float8GetDatum(value) : (Datum) 0, !known);
}

void
row_put_text(ResultRow *row, const char *value)
{
	put(row, value ? CStringGetTextDatum(value) : (Datum) 0, value == NULL);
}

void
row_put_time(ResultRow *row, TimestampTz value)
{
	put(row, TimestampTzGetDatum(value), false);
}

static void
check_columns(const ResultRow *row, TupleDesc descriptor)
{
	if (row->count != descriptor->natts)
		elog(ERROR, "result has %d columns where this library makes %d",
			 descriptor->natts, row->count);
}

void
row_emit(ResultRow *row, ReturnSetInfo *result)
{
	check_columns(row, result->setDesc);
	tuplestore_putvalues(result->setResult, result->setDesc, row->values, row->nulls);
	row->count = 0;
	CHECK_FOR_INTERRUPTS();
}

Datum
row_datum(ResultRow *row, TupleDesc descriptor)
{
	check_columns(row, descriptor);
	row->count = 0;
	return HeapTupleGetDatum(heap_form_tuple(descriptor, row->values, row->nulls));
}
