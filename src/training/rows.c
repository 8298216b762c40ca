/*
 * rows.c
 *		The rows of a training: a query's result, in temporary files.
 *
 * The query is run once, through a cursor, as the caller, read-only, and each row
 * is converted as scoring would convert it (base/column_value.h).  The rows are not sent to
 * the trainer at once, because what becomes of the first may depend on the last:
 * which codes the categories have (their names are sorted, so that codes do not
 * depend on the order of rows), which periods are the last ones, how many
 * negatives are to be left out, whether a column varies at all.  They go into two
 * temporary files instead, one for what is needed to decide (TrainingRow), one
 * for the values, and are read from there as often as needed: a cross-validation
 * runs its query once.  Memory is bounded by the categories' names and the
 * periods, both limited; the files obey temp_file_limit, and go with the
 * transaction at the latest.
 *
 * Rows keep the order in which they come, on which the last bits of XGBoost's sums
 * depend.  Scans do not start in the middle of a table (synchronize_seqscans), so
 * that the same data give the same order where the plan is the same.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/tablespace.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/caller_query.h"
#include "base/compat.h"
#include "base/messages.h"
#include "training/progress.h"
#include "training/training.h"

#define ROWS_PER_FETCH 1000

/* A feature with more categories than this is an identifier, not a category. */
#define CATEGORIES_MAX 65536

/* And their names are names, not texts: they stay in memory, and in the model. */
#define CATEGORY_NAMES_BYTES_MAX (16 * 1024 * 1024)

/* And periods are months or quarters, not moments. */
#define PERIODS_MAX 100000

/* ----------
 * Names of categories, and periods
 * ----------
 */
typedef struct CategoryKey
{
	const char *name;
	uint32		length;
} CategoryKey;

static inline uint32
hash_name(CategoryKey key)
{
	return hash_bytes((const unsigned char *) key.name, key.length);
}

/* simplehash wants the key to be one member; the name's length is beside it */
typedef struct NamedCategory
{
	CategoryKey key;
	int			code;
	uint32		hash;
	char		status;
} NamedCategory;

#define SH_PREFIX names
#define SH_ELEMENT_TYPE NamedCategory
#define SH_KEY_TYPE CategoryKey
#define SH_KEY key
#define SH_HASH_KEY(table, k) hash_name(k)
#define SH_EQUAL(table, a, b) ((a).length == (b).length && memcmp((a).name, (b).name, (a).length) == 0)
#define SH_SCOPE static inline
#define SH_STORE_HASH
#define SH_GET_HASH(table, element) (element)->hash
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct CategoryNames
{
	names_hash *hash;
	MemoryContext context;
	int			count;
	Size		bytes;
};

typedef struct PeriodEntry
{
	int64		period;
	char		status;
} PeriodEntry;

#define SH_PREFIX periods
#define SH_ELEMENT_TYPE PeriodEntry
#define SH_KEY_TYPE int64
#define SH_KEY period
#define SH_HASH_KEY(table, k) murmurhash32((uint32) (k) ^ (uint32) ((uint64) (k) >> 32))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* ----------
 * Reading
 * ----------
 */
typedef struct Reader
{
	DestReceiver receiver;		/* must be first */
	MemoryContext row_context;
	const TrainingSpec *spec;
	TrainingData *data;
	TupleDesc	descriptor;
	/* columns of the result, from 0; -1: none */
	int			label;
	int			key;
	int			period;
	int			weight;
	int			known;
	int			held_out;
	int			fold;
	Conversion	label_conversion;
	Conversion	weight_conversion;
	Conversion	fold_conversion;
	Oid			key_type;
	FmgrInfo	key_output;
	periods_hash *periods;
	int64		last_period;
	Datum	   *datums;			/* the row at hand, the slot's */
	bool	   *nulls;
} Reader;

/* "row 12", and whose it is where that can be said */
static char *
row_name(Reader *reader)
{
	int64		number = reader->data->rows + 1;

	if (reader->key >= 0 && !reader->nulls[reader->key])
		return psprintf("row " INT64_FORMAT " (%s %s)", number, reader->spec->key,
						OutputFunctionCall(&reader->key_output, reader->datums[reader->key]));
	return psprintf("row " INT64_FORMAT, number);
}

static int
find_column(Reader *reader, const char *name, const char *part)
{
	int			found = -1;

	if (name == NULL)
		return -1;
	for (int i = 0; i < reader->descriptor->natts; i++)
	{
		if (strcmp(NameStr(TupleDescAttr(reader->descriptor, i)->attname), name) != 0)
			continue;
		if (found >= 0)
			ereport(ERROR,
					(errcode(ERRCODE_AMBIGUOUS_COLUMN),
					 errmsg("query has more than one column \"%s\"", name)));
		found = i;
	}
	if (found < 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("query has no column \"%s\", which is to be the %s", name, part)));
	return found;
}

static _Noreturn void
fail_column_type(Reader *reader, int column, const char *part, const char *must)
{
	Form_pg_attribute attribute = TupleDescAttr(reader->descriptor, column);

	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of type %s cannot be the %s",
					NameStr(attribute->attname), format_type_be(attribute->atttypid), part),
			 errdetail("It must be %s.", must)));
}

static Oid
column_type(Reader *reader, int column)
{
	return getBaseType(TupleDescAttr(reader->descriptor, column)->atttypid);
}

static void
check_boolean(Reader *reader, int column, const char *part)
{
	if (column >= 0 && column_type(reader, column) != BOOLOID)
		fail_column_type(reader, column, part, "a boolean");
}

/* The columns that play a part other than being a feature */
static void
find_parts(Reader *reader)
{
	const TrainingSpec *spec = reader->spec;
	int		   *parts[] = {&reader->label, &reader->key, &reader->period, &reader->weight,
	&reader->known, &reader->held_out, &reader->fold};
	const char *names[] = {"label", "key", "period", "weight", "mark of known cases",
	"mark of validation rows", "fold"};
	Oid			output;
	bool		is_varlena;

	reader->label = find_column(reader, spec->label, names[0]);
	reader->key = find_column(reader, spec->key, names[1]);
	reader->period = find_column(reader, spec->period, names[2]);
	reader->weight = find_column(reader, spec->weight, names[3]);
	reader->known = find_column(reader, spec->known, names[4]);
	reader->held_out = find_column(reader, spec->validation_column, names[5]);
	reader->fold = find_column(reader, spec->fold_column, names[6]);
	for (int i = 0; i < (int) lengthof(parts); i++)
		for (int j = 0; j < i; j++)
			if (*parts[i] >= 0 && *parts[i] == *parts[j])
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("column \"%s\" cannot be both %s and %s",
								NameStr(TupleDescAttr(reader->descriptor, *parts[i])->attname),
								names[j], names[i])));

	if (!conversion_to_number(column_type(reader, reader->label), &reader->label_conversion))
		fail_column_type(reader, reader->label, names[0], "a boolean, or a number that is 0 or 1");
	if (reader->weight >= 0 &&
		(!conversion_to_number(column_type(reader, reader->weight), &reader->weight_conversion) ||
		 reader->weight_conversion == CONVERT_BOOL))
		fail_column_type(reader, reader->weight, names[3], "a number");
	check_boolean(reader, reader->known, names[4]);
	check_boolean(reader, reader->held_out, names[5]);
	if (reader->fold >= 0 &&
		(!conversion_to_number(column_type(reader, reader->fold), &reader->fold_conversion) ||
		 reader->fold_conversion > CONVERT_INT8))
		fail_column_type(reader, reader->fold, names[6], "a whole number");
	if (reader->period >= 0)
		switch (column_type(reader, reader->period))
		{
			case INT2OID:
			case INT4OID:
			case INT8OID:
			case DATEOID:
			case TIMESTAMPOID:
			case TIMESTAMPTZOID:
				reader->data->period_type = column_type(reader, reader->period);
				break;
			default:
				fail_column_type(reader, reader->period, names[2], "a date, a timestamp or a whole number");
		}
	if (reader->key >= 0)
	{
		reader->key_type = column_type(reader, reader->key);
		if (!training_key_type(reader->key_type))
			fail_column_type(reader, reader->key, names[1],
							 "text, an enum, a whole number, a numeric, a uuid, a date, or a timestamp without time zone; "
							 "others can be cast to text in the query");
		getTypeOutputInfo(reader->key_type, &output, &is_varlena);
		fmgr_info_cxt(output, &reader->key_output, reader->data->context);
	}
}

static bool
choose_type(Reader *reader, int index, TrainingColumn *column)
{
	Form_pg_attribute attribute = TupleDescAttr(reader->descriptor, index);

	column->name = pstrdup(NameStr(attribute->attname));
	column->index = index;
	if (conversion_to_number(attribute->atttypid, &column->conversion))
		column->type = column->conversion == CONVERT_BOOL ? FEATURE_INDICATOR :
			column->conversion <= CONVERT_INT8 ? FEATURE_INTEGER : FEATURE_FLOAT;
	else if (conversion_to_category(attribute->atttypid, &column->conversion))
	{
		column->type = FEATURE_CATEGORY;
		column->padded = getBaseType(attribute->atttypid) == BPCHAROID;
		column->names = palloc0(sizeof(CategoryNames));
		column->names->context = CurrentMemoryContext;
		column->names->hash = names_create(CurrentMemoryContext, 64, NULL);
	}
	else
		return false;
	return true;
}

/* The columns that are features, named or all that can be */
static void
find_features(Reader *reader)
{
	const TrainingSpec *spec = reader->spec;
	TrainingData *data = reader->data;
	int			natts = reader->descriptor->natts;

	data->columns = palloc0(Max(natts, spec->feature_count) * sizeof(TrainingColumn));
	data->unusable = palloc(natts * sizeof(char *));
	for (int i = 0; i < (spec->feature_count > 0 ? spec->feature_count : natts); i++)
	{
		int			index = spec->feature_count > 0 ?
			find_column(reader, spec->features[i], "feature") : i;
		const char *name = NameStr(TupleDescAttr(reader->descriptor, index)->attname);
		bool		has_part = index == reader->label || index == reader->key || index == reader->period ||
			index == reader->weight || index == reader->known || index == reader->held_out ||
			index == reader->fold;

		if (spec->feature_count == 0 && has_part)
			continue;
		/* the period may be a feature, as an age of the economy; the label never */
		if (index == reader->label)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" cannot be both label and feature", name)));
		for (int j = 0; j < data->column_count; j++)
			if (strcmp(data->columns[j].name, name) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_AMBIGUOUS_COLUMN),
						 spec->feature_count > 0 ?
						 errmsg("features holds \"%s\" more than once", name) :
						 errmsg("query has more than one column \"%s\"", name)));
		if (choose_type(reader, index, &data->columns[data->column_count]))
			data->column_count++;
		else if (spec->feature_count > 0)
			fail_column_type(reader, index, "feature",
							 "a number, a boolean, or text or an enum for the name of a category");
		else
			data->unusable[data->unusable_count++] = pstrdup(name);
	}
	if (data->column_count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query has no column that can be a feature"),
				 errdetail("A feature is a number, a boolean, or text or an enum for the name of a category.")));
}

static _Noreturn void
fail_value(Reader *reader, int column, int code, const char *what, const char *hint)
{
	ereport(ERROR,
			(errcode(code),
			 errmsg("column \"%s\" is %s in %s of the query",
					NameStr(TupleDescAttr(reader->descriptor, column)->attname), what, row_name(reader)),
			 hint ? errhint("%s", hint) : 0));
}

static bool
read_label(Reader *reader)
{
	float		value;

	if (reader->nulls[reader->label])
		fail_value(reader, reader->label, ERRCODE_NULL_VALUE_NOT_ALLOWED, "null",
				   "It is the label: leave rows out of the query whose outcome is not known yet.");
	value = convert_number(reader->label_conversion, reader->datums[reader->label]);
	if (value != 0.0f && value != 1.0f)
		fail_value(reader, reader->label, ERRCODE_INVALID_PARAMETER_VALUE,
				   isnan(value) ? "NaN" : psprintf("%g", value),
				   "It is the label, and must be 0 or 1, or a boolean.");
	return value == 1.0f;
}

static float
read_weight(Reader *reader)
{
	float		value;

	if (reader->weight < 0)
		return 1.0f;
	if (reader->nulls[reader->weight])
		fail_value(reader, reader->weight, ERRCODE_NULL_VALUE_NOT_ALLOWED, "null", "It is the weight.");
	value = convert_number(reader->weight_conversion, reader->datums[reader->weight]);
	if (!(value >= 0.0f) || isinf(value))
		fail_value(reader, reader->weight, ERRCODE_INVALID_PARAMETER_VALUE, psprintf("%g", value),
				   "It is the weight, which must not be negative, NaN or infinite.");
	return value;
}

static int64
read_period(Reader *reader)
{
	Datum		datum = reader->datums[reader->period];
	int64		value;
	bool		found;

	if (reader->nulls[reader->period])
		fail_value(reader, reader->period, ERRCODE_NULL_VALUE_NOT_ALLOWED, "null", "It is the period.");
	switch (reader->data->period_type)
	{
		case INT2OID:
			value = DatumGetInt16(datum);
			break;
		case INT4OID:
			value = DatumGetInt32(datum);
			break;
		case DATEOID:
			value = DatumGetDateADT(datum);
			if (DATE_NOT_FINITE((DateADT) value))
				fail_value(reader, reader->period, ERRCODE_INVALID_PARAMETER_VALUE, "infinite", "It is the period.");
			break;
		case INT8OID:
			value = DatumGetInt64(datum);
			break;
		default:
			value = DatumGetTimestamp(datum);
			if (TIMESTAMP_NOT_FINITE(value))
				fail_value(reader, reader->period, ERRCODE_INVALID_PARAMETER_VALUE, "infinite", "It is the period.");
			break;
	}
	if (reader->data->rows > 0 && value == reader->last_period)
		return value;
	reader->last_period = value;
	(void) periods_insert(reader->periods, value, &found);
	if (!found && reader->periods->members > PERIODS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column \"%s\" has more than %d periods", reader->spec->period, PERIODS_MAX),
				 errhint("Give the month or the quarter, as date_trunc('month', ...)::date.")));
	return value;
}

static uint64
read_lot(Reader *reader)
{
	if (reader->key < 0)
		return training_number_lot(reader->data->rows + 1, reader->spec->seed);
	if (reader->nulls[reader->key])
		fail_value(reader, reader->key, ERRCODE_NULL_VALUE_NOT_ALLOWED, "null", "It is the key.");
	return training_key_lot(reader->key_type, &reader->key_output, reader->datums[reader->key], reader->spec->seed);
}

static int32
read_fold(Reader *reader)
{
	float		value;

	if (reader->fold < 0)
		return 0;
	if (reader->nulls[reader->fold])
		fail_value(reader, reader->fold, ERRCODE_NULL_VALUE_NOT_ALLOWED, "null", "It is the fold.");
	value = convert_number(reader->fold_conversion, reader->datums[reader->fold]);
	if (value < 1.0f || value > (float) reader->spec->folds)
		fail_value(reader, reader->fold, ERRCODE_INVALID_PARAMETER_VALUE, psprintf("%.0f", value),
				   psprintf("It is the fold: the folds are numbered from 1 to %d.", reader->spec->folds));
	return (int32) value - 1;
}

static bool
read_mark(Reader *reader, int column)
{
	if (column < 0)
		return false;
	if (reader->nulls[column])
		fail_value(reader, column, ERRCODE_NULL_VALUE_NOT_ALLOWED, "null", "It must be true or false.");
	return DatumGetBool(reader->datums[column]);
}

/* The provisional code of a category */
static float
read_category(Reader *reader, TrainingColumn *column, Datum datum)
{
	CategoryNames *names = column->names;
	CategoryKey key;
	NamedCategory *entry;
	bool		found;

	if (column->conversion == CONVERT_CATEGORY_ENUM)
	{
		key.name = DatumGetCString(DirectFunctionCall1(enum_out, datum));
		key.length = strlen(key.name);
	}
	else
	{
		text	   *string = DatumGetTextPP(datum);

		key.name = VARDATA_ANY(string);
		key.length = VARSIZE_ANY_EXHDR(string);
		if (column->padded)
			key.length = bpchartruelen(unconstify(char *, key.name), key.length);
	}
	entry = names_insert(names->hash, key, &found);
	if (!found)
	{
		char	   *copy;

		if (names->count == CATEGORIES_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("column \"%s\" has more than %d categories", column->name, CATEGORIES_MAX),
					 errdetail("Text columns become categorical features, each distinct value a category."),
					 errhint("A column with so many values identifies rows: leave it out, or name it as key_column.")));
		names->bytes += key.length;
		if (names->bytes > CATEGORY_NAMES_BYTES_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("names of categories in column \"%s\" have more than %d MB", column->name,
							CATEGORY_NAMES_BYTES_MAX / (1024 * 1024)),
					 errdetail("Text columns become categorical features, each distinct value a category."),
					 errhint("A column of long texts is no category: leave it out.")));
		copy = MemoryContextAlloc(names->context, key.length + 1);
		memcpy(copy, key.name, key.length);
		copy[key.length] = '\0';
		entry->key.name = copy;
		entry->code = names->count++;
	}
	return (float) entry->code;
}

static void
read_features(Reader *reader, float *values)
{
	TrainingData *data = reader->data;

	for (int i = 0; i < data->column_count; i++)
	{
		TrainingColumn *column = &data->columns[i];
		float		value;

		if (reader->nulls[column->index])
			value = get_float4_nan();
		else if (column->type == FEATURE_CATEGORY)
			value = read_category(reader, column, reader->datums[column->index]);
		else
		{
			value = convert_number(column->conversion, reader->datums[column->index]);
			if (isinf(value))
				fail_value(reader, column->index, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
						   value > 0 ? "infinite" : "minus infinity",
						   "Features are float4, which ends at 3.4e38: bound the value in the query, or make it null for missing.");
		}
		if (data->rows == 0)
			column->first = value;
		else if (!column->varies && value != column->first && !(isnan(value) && isnan(column->first)))
			column->varies = true;
		values[i] = value;
	}
}

static void
read_row(Reader *reader)
{
	TrainingData *data = reader->data;
	TrainingRow row;

	memset(&row, 0, sizeof(row));
	row.lot = read_lot(reader);
	row.label = read_label(reader);
	row.weight = read_weight(reader);
	if (reader->period >= 0)
		row.period = read_period(reader);
	row.known = read_mark(reader, reader->known);
	row.held_out = read_mark(reader, reader->held_out);
	row.fold = read_fold(reader);
	read_features(reader, data->buffer);

	BufFileWrite(data->heads, &row, sizeof(row));
	BufFileWrite(data->values, data->buffer, data->column_count * sizeof(float));
	data->rows++;
	data->positives += row.label;
	data->known += row.known;
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

/* ----------
 * After the last row
 * ----------
 */
static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(NamedCategory *const *) a)->key.name, (*(NamedCategory *const *) b)->key.name);
}

static void
sort_categories(TrainingColumn *column)
{
	names_iterator iterator;
	NamedCategory *entry;
	NamedCategory **sorted = palloc(Max(column->names->count, 1) * sizeof(NamedCategory *));
	int			count = 0;

	names_start_iterate(column->names->hash, &iterator);
	while ((entry = names_iterate(column->names->hash, &iterator)) != NULL)
		sorted[count++] = entry;
	qsort(sorted, count, sizeof(NamedCategory *), compare_names);
	column->category_count = count;
	column->categories = palloc(Max(count, 1) * sizeof(char *));
	column->codes = palloc(Max(count, 1) * sizeof(float));
	for (int i = 0; i < count; i++)
	{
		column->categories[i] = sorted[i]->key.name;
		column->codes[sorted[i]->code] = (float) i;
	}
	names_destroy(column->names->hash);
	pfree(sorted);
}

static int
compare_periods(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

static void
sort_periods(Reader *reader)
{
	TrainingData *data = reader->data;
	periods_iterator iterator;
	PeriodEntry *entry;

	data->periods = palloc(Max(reader->periods->members, 1) * sizeof(int64));
	periods_start_iterate(reader->periods, &iterator);
	while ((entry = periods_iterate(reader->periods, &iterator)) != NULL)
		data->periods[data->period_count++] = entry->period;
	qsort(data->periods, data->period_count, sizeof(int64), compare_periods);
	periods_destroy(reader->periods);
}

/*
 * Columns with one value in all rows teach nothing.  Where they were named it is
 * an error; where all columns were taken they are left out, with a notice.
 */
static void
keep_varying(Reader *reader)
{
	TrainingData *data = reader->data;
	StringInfoData names;

	initStringInfo(&names);
	data->features = palloc(data->column_count * sizeof(int));
	for (int i = 0; i < data->column_count; i++)
	{
		if (data->columns[i].varies)
		{
			data->features[data->feature_count++] = i;
			continue;
		}
		message_add_name(&names, data->constant_count++, data->columns[i].name);
	}
	if (data->constant_count == 0)
		return;
	if (reader->spec->feature_count > 0 || data->feature_count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 data->feature_count == 0 ?
				 errmsg("no feature varies: each has one value in all rows of the query") :
				 errmsg("features have the same value in all rows of the query: %s", names.data),
				 errhint("A model cannot learn from such a column: leave it out, or look for a mistake in the query.")));
	ereport(NOTICE,
			(errmsg("columns with the same value in all rows are left out: %s", names.data)));
}

static void
tell_unusable(TrainingData *data)
{
	StringInfoData names;

	if (data->unusable_count == 0)
		return;
	initStringInfo(&names);
	for (int i = 0; i < data->unusable_count; i++)
		message_add_name(&names, i, data->unusable[i]);
	ereport(NOTICE,
			(errmsg("columns whose types cannot feed a feature are left out: %s", names.data)));
}

TrainingData *
training_data_read(const char *query, const TrainingSpec *spec, void (*check_columns) (const TrainingSpec *, const TrainingData *))
{
	MemoryContext old_context = CurrentMemoryContext;
	TrainingData *data = palloc0(sizeof(TrainingData));
	Reader		reader = {.receiver = {receive_row, begin_rows, end_rows, end_rows, DestNone}, .spec = spec, .data = data};
	SPIPlanPtr	plan;
	Portal		portal;
	int			nest_level = NewGUCNestLevel();

	data->context = AllocSetContextCreate(old_context, "company_risk training data", ALLOCSET_DEFAULT_SIZES);
	reader.row_context = AllocSetContextCreate(data->context, "company_risk training rows", ALLOCSET_DEFAULT_SIZES);
	(void) set_config_option("synchronize_seqscans", "off", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = query_prepare(query, NULL);
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);

	MemoryContextSwitchTo(data->context);
	reader.descriptor = CreateTupleDescCopy(portal->tupDesc);
	reader.periods = periods_create(data->context, 64, NULL);
	find_parts(&reader);
	find_features(&reader);
	check_columns(spec, data);
	tell_unusable(data);
	data->buffer = palloc(data->column_count * sizeof(float));
	PrepareTempTablespaces();
	data->heads = BufFileCreateTemp(false);
	data->values = BufFileCreateTemp(false);

	while (PortalRunFetch(portal, FETCH_FORWARD, ROWS_PER_FETCH, &reader.receiver) > 0)
	{
		progress_rows(data->rows);
		CHECK_FOR_INTERRUPTS();
	}
	SPI_cursor_close(portal);
	SPI_finish();
	AtEOXact_GUC(true, nest_level);
	MemoryContextDelete(reader.row_context);

	if (data->rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query returns no rows to train on")));
	MemoryContextSwitchTo(data->context);
	for (int i = 0; i < data->column_count; i++)
		if (data->columns[i].type == FEATURE_CATEGORY)
			sort_categories(&data->columns[i]);
	sort_periods(&reader);
	keep_varying(&reader);
	MemoryContextSwitchTo(old_context);
	return data;
}

/* ----------
 * From the files
 * ----------
 */
void
training_data_rewind(TrainingData *data)
{
	if (BufFileSeek(data->heads, 0, 0, SEEK_SET) != 0 || BufFileSeek(data->values, 0, 0, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not rewind temporary file")));
}

bool
training_data_next(TrainingData *data, TrainingRow *row, float *features)
{
	if (!buffile_read_maybe(data->heads, row, sizeof(TrainingRow)))
		return false;
	if (features == NULL)
		return true;
	if (!buffile_read_maybe(data->values, data->buffer, data->column_count * sizeof(float)))
		elog(ERROR, "temporary file of training rows ends early");
	for (int i = 0; i < data->feature_count; i++)
	{
		const TrainingColumn *column = &data->columns[data->features[i]];
		float		value = data->buffer[data->features[i]];

		features[i] = column->type == FEATURE_CATEGORY && !isnan(value) ? column->codes[(int) value] : value;
	}
	return true;
}

char *
training_period_text(const TrainingData *data, int64 period)
{
	char		buffer[MAXDATELEN + 1];

	switch (data->period_type)
	{
		case DATEOID:
			JsonEncodeDateTime(buffer, DateADTGetDatum((DateADT) period), DATEOID, NULL);
			return pstrdup(buffer);
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			JsonEncodeDateTime(buffer, TimestampGetDatum(period), data->period_type, NULL);
			return pstrdup(buffer);
		default:
			return psprintf(INT64_FORMAT, period);
	}
}
