/*
 * query_rows.c
 *		From a query to the rows of a training.
 *
 * The query is run once, through a cursor, as the caller, read-only, and each row
 * is converted as scoring would convert it (base/column_value.h) and added to the
 * temporary files (rows.c).  Memory is bounded by the categories' names and the
 * periods, both limited.
 *
 * Rows keep the order in which they come, on which the last bits of XGBoost's sums
 * depend.  Scans do not start in the middle of a table (synchronize_seqscans), so
 * that the same data give the same order where the plan is the same.
 */
#include "training/query_rows.h"

#include <math.h>

#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/caller_query.h"
#include "training/draw.h"
#include "training/identifiers.h"
#include "training/progress.h"

#define ROWS_PER_FETCH 1000

typedef struct Reader
{
	DestReceiver receiver;		/* must be first */
	MemoryContext row_context;
	const TrainingSpec *spec;
	TrainingColumns *columns;
	TrainingData *data;
	Identifiers *identifiers;
	Datum	   *datums;			/* the row at hand, the slot's */
	bool	   *nulls;
} Reader;

/* "row 12", and whose it is where that can be said */
static char *
row_name(Reader *reader)
{
	int64		number = reader->data->rows + 1;

	if (reader->columns->key >= 0 && !reader->nulls[reader->columns->key])
		return psprintf("row " INT64_FORMAT " (%s %s)", number, reader->spec->key,
						OutputFunctionCall(&reader->columns->key_output,
										   reader->datums[reader->columns->key]));
	return psprintf("row " INT64_FORMAT, number);
}

static _Noreturn void
fail_value(Reader *reader, int column, int code, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(code),
			 errmsg("column \"%s\" is %s in %s of the query",
					NameStr(TupleDescAttr(reader->columns->descriptor, column)->attname),
					what, row_name(reader)),
			 hint ? errhint("%s", hint) : 0));
}

static bool
read_label(Reader *reader)
{
	float		value;

	if (reader->nulls[reader->columns->label])
		fail_value(reader, reader->columns->label, ERRCODE_NULL_VALUE_NOT_ALLOWED, "null",
				   "It is the label: leave rows out of the query whose outcome is not known yet.");
	value = convert_number(reader->columns->label_conversion,
						   reader->datums[reader->columns->label]);
	if (value != 0.0f && value != 1.0f)
		fail_value(reader, reader->columns->label, ERRCODE_INVALID_PARAMETER_VALUE,
				   isnan(value) ? "NaN" : psprintf("%g", value),
				   "It is the label, and must be 0 or 1, or a boolean.");
	return value == 1.0f;
}

static float
read_weight(Reader *reader)
{
	float		value;

	if (reader->columns->weight < 0)
		return 1.0f;
	if (reader->nulls[reader->columns->weight])
		fail_value(reader, reader->columns->weight, ERRCODE_NULL_VALUE_NOT_ALLOWED, "null",
				   "It is the weight.");
	value = convert_number(reader->columns->weight_conversion,
						   reader->datums[reader->columns->weight]);
	if (!(value >= 0.0f) || isinf(value))
		fail_value(reader, reader->columns->weight, ERRCODE_INVALID_PARAMETER_VALUE,
				   psprintf("%g", value),
				   "It is the weight, which must not be negative, NaN or infinite.");
	return value;
}

static int64
read_period(Reader *reader)
{
	int			column = reader->columns->period;
	int64		period;

	if (reader->nulls[column])
		fail_value(reader, column, ERRCODE_NULL_VALUE_NOT_ALLOWED, "null", "It is the period.");
	if (!period_value(reader->columns->period_type, reader->datums[column], &period))
		fail_value(reader, column, ERRCODE_INVALID_PARAMETER_VALUE, "infinite",
				   "It is the period.");
	periods_add(reader->data->periods, period);
	return period;
}

static uint64
read_lot(Reader *reader)
{
	if (reader->columns->key < 0)
		return training_number_lot(reader->data->rows + 1, reader->spec->seed);
	if (reader->nulls[reader->columns->key])
		fail_value(reader, reader->columns->key, ERRCODE_NULL_VALUE_NOT_ALLOWED, "null",
				   "It is the key.");
	return training_key_lot(reader->columns->key_type, &reader->columns->key_output,
							reader->datums[reader->columns->key], reader->spec->seed);
}

static int32
read_fold(Reader *reader)
{
	float		value;

	if (reader->columns->fold < 0)
		return 0;
	if (reader->nulls[reader->columns->fold])
		fail_value(reader, reader->columns->fold, ERRCODE_NULL_VALUE_NOT_ALLOWED, "null",
				   "It is the fold.");
	value = convert_number(reader->columns->fold_conversion, reader->datums[reader->columns->fold]);
	if (value < 1.0f || value > (float) reader->spec->folds)
		fail_value(reader, reader->columns->fold, ERRCODE_INVALID_PARAMETER_VALUE,
				   psprintf("%.0f", value),
				   psprintf("It is the fold: the folds are numbered from 1 to %d.",
							reader->spec->folds));
	return (int32) value - 1;
}

static bool
read_mark(Reader *reader, int column)
{
	if (column < 0)
		return false;
	if (reader->nulls[column])
		fail_value(reader, column, ERRCODE_NULL_VALUE_NOT_ALLOWED, "null",
				   "It must be true or false.");
	return DatumGetBool(reader->datums[column]);
}

/* The provisional code of a category */
static float
read_category(TrainingColumn *column, Datum datum)
{
	text	   *string;
	int			length;

	if (column->conversion == CONVERT_CATEGORY_ENUM)
	{
		const char *name = DatumGetCString(DirectFunctionCall1(enum_out, datum));

		return (float) categories_code(column->categories, name, strlen(name));
	}
	string = DatumGetTextPP(datum);
	length = VARSIZE_ANY_EXHDR(string);
	if (column->padded)
		length = bpchartruelen(VARDATA_ANY(string), length);
	return (float) categories_code(column->categories, VARDATA_ANY(string), length);
}

static void
read_features(Reader *reader, float *values)
{
	TrainingColumns *columns = reader->columns;

	for (int i = 0; i < columns->count; i++)
	{
		TrainingColumn *column = &columns->columns[i];
		float		value;

		if (reader->nulls[column->index])
			value = get_float4_nan();
		else if (column->categories != NULL)
		{
			value = read_category(column, reader->datums[column->index]);
			column->filled++;
		}
		else
		{
			value = convert_number(column->conversion, reader->datums[column->index]);
			if (isinf(value))
				fail_value(reader, column->index, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
						   value > 0 ? "infinite" : "minus infinity",
						   "Features are float4, which ends at 3.4e38: bound the value in the query, or make it null for missing.");
		}
		if (reader->data->rows == 0)
			column->first = value;
		else if (!column->varies && value != column->first &&
				 !(isnan(value) && isnan(column->first)))
			column->varies = true;
		values[i] = value;
	}
}

static void
read_row(Reader *reader)
{
	const TrainingColumns *columns = reader->columns;
	TrainingRow row;

	memset(&row, 0, sizeof(row));
	row.lot = read_lot(reader);
	row.label = read_label(reader);
	row.weight = read_weight(reader);
	if (columns->period >= 0)
		row.period = read_period(reader);
	row.known = read_mark(reader, columns->known);
	row.held_out = read_mark(reader, columns->held_out);
	row.fold = read_fold(reader);
	read_features(reader, reader->data->buffer);
	identifiers_add(reader->identifiers, row.lot, reader->datums, reader->nulls);
	training_data_add(reader->data, &row);
}

/* ----------
 * The portal's rows come here, without being copied
 * ----------
 */
static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	Reader	   *reader = (Reader *) self;
	MemoryContext old_context = MemoryContextSwitchTo(reader->row_context);

	slot_getallattrs(slot);
	reader->datums = slot->tts_values;
	reader->nulls = slot->tts_isnull;
	read_row(reader);
	MemoryContextSwitchTo(old_context);
	/* now, not after some rows: a value may be long when it is detoasted */
	MemoryContextReset(reader->row_context);
	return true;
}

static void
begin_rows(DestReceiver *self, int operation, TupleDesc descriptor)
{
}

static void
end_rows(DestReceiver *self)
{
}

static void
end_of_rows(TrainingData *data, const TrainingSpec *spec, const Identifiers *identifiers)
{
	if (data->rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query returns no rows to train on")));
	identifiers_check(identifiers);
	for (int i = 0; i < data->columns->count; i++)
		if (data->columns->columns[i].categories != NULL)
			categories_sort(data->columns->columns[i].categories);
	periods_sort(data->periods);
	training_columns_keep_varying(data->columns, spec);
	training_columns_tell_features(data->columns);
}

TrainingData *
training_query_read(const char *query, const TrainingSpec *spec,
					void (*check_columns) (const TrainingSpec *, const TrainingColumns *))
{
	MemoryContext old_context = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(old_context, "company_risk training data",
												  ALLOCSET_DEFAULT_SIZES);
	Reader		reader = {.receiver = {receive_row, begin_rows, end_rows, end_rows, DestNone},
						  .spec = spec};
	Portal		portal;
	int			nest_level = NewGUCNestLevel();

	reader.row_context = AllocSetContextCreate(context, "company_risk training rows",
											   ALLOCSET_DEFAULT_SIZES);
	(void) set_config_option("synchronize_seqscans", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	SPI_connect();
	portal = SPI_cursor_open(NULL, query_prepare(query, NULL), NULL, NULL, true);

	MemoryContextSwitchTo(context);
	reader.columns = training_columns_find(portal->tupDesc, spec);
	check_columns(spec, reader.columns);
	training_columns_tell_unusable(reader.columns);
	reader.data = training_data_create(reader.columns,
									   periods_make(reader.columns->period_type, spec->period));
	reader.identifiers = identifiers_create(reader.columns, spec);
	while (PortalRunFetch(portal, FETCH_FORWARD, ROWS_PER_FETCH, &reader.receiver) > 0)
	{
		progress_rows(reader.data->rows);
		CHECK_FOR_INTERRUPTS();
	}
	SPI_cursor_close(portal);
	SPI_finish();
	AtEOXact_GUC(true, nest_level);
	MemoryContextDelete(reader.row_context);

	MemoryContextSwitchTo(context);
	end_of_rows(reader.data, spec, reader.identifiers);
	MemoryContextSwitchTo(old_context);
	return reader.data;
}
