/*
 * columns.c
 *		The columns of a training's query: which part each of them plays.
 *
 * Columns are found by name.  What is wrong with them is known before the first row
 * is read, and said then.  All that plays no other part and can be a number or a
 * category's name is a feature, unless features are named.
 */
#include "training/columns.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"

#include "base/messages.h"
#include "training/draw.h"
#include "training/periods.h"

static int
find_column(TrainingColumns *columns, const char *name, const char *part)
{
	int			found = -1;

	if (name == NULL)
		return -1;
	for (int i = 0; i < columns->descriptor->natts; i++)
	{
		if (strcmp(NameStr(TupleDescAttr(columns->descriptor, i)->attname), name) != 0)
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
				 errmsg("query has no column \"%s\", which is to be %s", name, part)));
	return found;
}

static _Noreturn void
fail_column_type(TrainingColumns *columns, int column, const char *part, const char *must,
				 const char *hint)
{
	Form_pg_attribute attribute = TupleDescAttr(columns->descriptor, column);

	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of type %s cannot be %s",
					NameStr(attribute->attname), format_type_be(attribute->atttypid), part),
			 errdetail("It must be %s.", must),
			 hint == NULL ? 0 : errhint("%s", hint)));
}

/* How a date, a timestamp or an interval is made a number; NULL for other types */
static const char *
conversion_hint(TrainingColumns *columns, int column)
{
	Form_pg_attribute attribute = TupleDescAttr(columns->descriptor, column);
	const char *name = quote_identifier(NameStr(attribute->attname));
	TYPCATEGORY category = TypeCategory(attribute->atttypid);

	if (category != TYPCATEGORY_DATETIME && category != TYPCATEGORY_TIMESPAN)
		return NULL;
	return psprintf("Make it a number of days in the query, as extract(epoch FROM %s) / 86400 AS %s, "
					"and likewise wherever companies are scored.", name, name);
}

Oid
training_columns_type(const TrainingColumns *columns, int column)
{
	return getBaseType(TupleDescAttr(columns->descriptor, column)->atttypid);
}

static void
check_boolean(TrainingColumns *columns, int column, const char *part)
{
	if (column >= 0 && training_columns_type(columns, column) != BOOLOID)
		fail_column_type(columns, column, part, "a boolean", NULL);
}

/* The columns that play a part other than being a feature */
static void
find_parts(TrainingColumns *columns, const TrainingSpec *spec)
{
	int		   *parts[] = {&columns->label, &columns->key, &columns->period, &columns->weight,
	&columns->known, &columns->held_out, &columns->fold};
	const char *names[] = {"the label", "the key", "the period", "the weight", "the mark of known cases",
	"the mark of validation rows", "the fold"};
	Oid			output;
	bool		is_varlena;

	columns->label = find_column(columns, spec->label, names[0]);
	columns->key = find_column(columns, spec->key, names[1]);
	columns->period = find_column(columns, spec->period, names[2]);
	columns->weight = find_column(columns, spec->weight, names[3]);
	columns->known = find_column(columns, spec->known, names[4]);
	columns->held_out = find_column(columns, spec->validation_column, names[5]);
	columns->fold = find_column(columns, spec->fold_column, names[6]);
	for (int i = 0; i < (int) lengthof(parts); i++)
		for (int j = 0; j < i; j++)
			if (*parts[i] >= 0 && *parts[i] == *parts[j])
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("column \"%s\" cannot be both %s and %s",
								NameStr(TupleDescAttr(columns->descriptor, *parts[i])->attname),
								names[j], names[i])));

	if (!conversion_to_number(training_columns_type(columns, columns->label), &columns->label_conversion))
		fail_column_type(columns, columns->label, names[0],
						 "a boolean, or a number that is 0 or 1", NULL);
	if (columns->weight >= 0 &&
		(!conversion_to_number(training_columns_type(columns, columns->weight),
							   &columns->weight_conversion) ||
		 columns->weight_conversion == CONVERT_BOOL))
		fail_column_type(columns, columns->weight, names[3], "a number", NULL);
	check_boolean(columns, columns->known, names[4]);
	check_boolean(columns, columns->held_out, names[5]);
	if (columns->fold >= 0 &&
		(!conversion_to_number(training_columns_type(columns, columns->fold), &columns->fold_conversion) ||
		 columns->fold_conversion > CONVERT_INT8))
		fail_column_type(columns, columns->fold, names[6], "a whole number", NULL);
	if (columns->period >= 0)
	{
		columns->period_type = training_columns_type(columns, columns->period);
		if (!period_type(columns->period_type))
			fail_column_type(columns, columns->period, names[2],
							 "a date, a timestamp or a whole number", NULL);
	}
	if (columns->key >= 0)
	{
		columns->key_type = training_columns_type(columns, columns->key);
		if (!training_key_type(columns->key_type))
			fail_column_type(columns, columns->key, names[1],
							 "text, an enum, a whole number, a numeric, a uuid, a date, or a timestamp without time zone; "
							 "others can be cast to text in the query", NULL);
		getTypeOutputInfo(columns->key_type, &output, &is_varlena);
		fmgr_info_cxt(output, &columns->key_output, CurrentMemoryContext);
	}
}

static bool
choose_type(TrainingColumns *columns, int index, TrainingColumn *column)
{
	Form_pg_attribute attribute = TupleDescAttr(columns->descriptor, index);

	column->name = pstrdup(NameStr(attribute->attname));
	column->index = index;
	if (conversion_to_number(attribute->atttypid, &column->conversion))
		column->type = column->conversion == CONVERT_BOOL ? FEATURE_INDICATOR :
			column->conversion <= CONVERT_INT8 ? FEATURE_INTEGER : FEATURE_FLOAT;
	else if (conversion_to_category(attribute->atttypid, &column->conversion))
	{
		column->type = FEATURE_CATEGORY;
		column->padded = getBaseType(attribute->atttypid) == BPCHAROID;
		column->categories = categories_create(column->name);
	}
	else
		return false;
	return true;
}

/* The columns that are features, named or all that can be */
static void
find_features(TrainingColumns *columns, const TrainingSpec *spec)
{
	int			natts = columns->descriptor->natts;

	columns->columns = palloc0(Max(natts, spec->feature_count) * sizeof(TrainingColumn));
	columns->unusable = palloc(natts * sizeof(char *));
	for (int i = 0; i < (spec->feature_count > 0 ? spec->feature_count : natts); i++)
	{
		int			index = spec->feature_count > 0 ?
			find_column(columns, spec->features[i], "a feature") : i;
		const char *name = NameStr(TupleDescAttr(columns->descriptor, index)->attname);
		bool		has_part = index == columns->label || index == columns->key ||
			index == columns->period ||
			index == columns->weight || index == columns->known || index == columns->held_out ||
			index == columns->fold;

		if (spec->feature_count == 0 && has_part)
			continue;
		/* the period may be a feature, as an age of the economy; the label never */
		if (index == columns->label)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("column \"%s\" cannot be both the label and a feature", name)));
		for (int j = 0; j < columns->count; j++)
			if (strcmp(columns->columns[j].name, name) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_AMBIGUOUS_COLUMN),
						 spec->feature_count > 0 ?
						 errmsg("features holds \"%s\" more than once", name) :
						 errmsg("query has more than one column \"%s\"", name)));
		if (choose_type(columns, index, &columns->columns[columns->count]))
			columns->count++;
		else if (spec->feature_count > 0)
			fail_column_type(columns, index, "a feature",
							 "a number, a boolean, or text or an enum for the name of a category",
							 conversion_hint(columns, index));
		else
			columns->unusable[columns->unusable_count++] = pstrdup(name);
	}
	if (columns->count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query has no column that can be a feature"),
				 errdetail("A feature is a number, a boolean, or text or an enum for the name of a category.")));
}

TrainingColumns *
training_columns_find(TupleDesc descriptor, const TrainingSpec *spec)
{
	TrainingColumns *columns = palloc0(sizeof(TrainingColumns));

	columns->descriptor = CreateTupleDescCopy(descriptor);
	find_parts(columns, spec);
	find_features(columns, spec);
	return columns;
}

void
training_columns_tell_unusable(const TrainingColumns *columns)
{
	StringInfoData names;

	if (columns->unusable_count == 0)
		return;
	initStringInfo(&names);
	for (int i = 0; i < columns->unusable_count; i++)
		message_add_name(&names, i, columns->unusable[i]);
	ereport(NOTICE,
			(errmsg("columns whose types cannot feed a feature are left out: %s", names.data)));
}

void
training_columns_keep_varying(TrainingColumns *columns, const TrainingSpec *spec)
{
	int			constant_count = 0;
	StringInfoData names;

	initStringInfo(&names);
	columns->features = palloc(columns->count * sizeof(int));
	for (int i = 0; i < columns->count; i++)
	{
		if (columns->columns[i].varies)
		{
			columns->features[columns->feature_count++] = i;
			continue;
		}
		message_add_name(&names, constant_count++, columns->columns[i].name);
	}
	if (constant_count == 0)
		return;
	if (spec->feature_count > 0 || columns->feature_count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 columns->feature_count == 0 ?
				 errmsg("no feature varies: each has one value in all rows of the query") :
				 errmsg("features have the same value in all rows of the query: %s", names.data),
				 errhint("A model cannot learn from such a column: leave it out, or look for a mistake in the query.")));
	ereport(NOTICE,
			(errmsg("columns with the same value in all rows are left out: %s", names.data)));
}

/* A kind with its columns, categories with their number; nothing where there are none */
static void
add_kind(StringInfo text, const TrainingColumns *columns, FeatureType type, const char *kind)
{
	bool		any = false;

	for (int i = 0; i < columns->feature_count; i++)
	{
		const TrainingColumn *column = &columns->columns[columns->features[i]];

		if (column->type != type)
			continue;
		if (any)
			appendStringInfoString(text, ", ");
		else
			appendStringInfo(text, "%s%s: ", text->len > 0 ? "\n" : "", kind);
		any = true;
		appendStringInfo(text, "\"%s\"", column->name);
		if (column->categories != NULL)
			appendStringInfo(text, " (%d)", column->categories->count);
	}
}

void
training_columns_tell_features(const TrainingColumns *columns)
{
	StringInfoData kinds;

	initStringInfo(&kinds);
	add_kind(&kinds, columns, FEATURE_FLOAT, "Numbers");
	add_kind(&kinds, columns, FEATURE_INTEGER, "Whole numbers");
	add_kind(&kinds, columns, FEATURE_INDICATOR, "Booleans");
	add_kind(&kinds, columns, FEATURE_CATEGORY, "Categories");
	ereport(NOTICE,
			(errmsg_plural("the model learns from %d column", "the model learns from %d columns",
						   columns->feature_count, columns->feature_count),
			 errdetail("%s", kinds.data)));
}
