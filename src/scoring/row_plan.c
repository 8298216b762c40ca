/*
 * row_plan.c
 *		Which column of a row feeds which feature of a model, and how.
 *
 * Columns are matched to features by name, exactly, and a plan is made once for
 * a row type.  What cannot be right is an error that names column, type and
 * feature; a feature without a column is never taken for missing.
 */
#include "scoring/row_plan.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "base/messages.h"

static _Noreturn void
fail_type(const ResolvedModel *model, uint32_t feature, const char *column, Oid type, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of type %s cannot feed feature \"%s\" of model \"%s\"",
					column, format_type_be(type), model_feature_name(model, feature), model_reference(model)),
			 errhint("%s", hint)));
}

static Conversion
choose_conversion(const ResolvedModel *model, uint32_t feature, Form_pg_attribute attribute)
{
	Conversion	conversion;

	if (model_feature(model, feature)->kind == FOREST_CATEGORY_NAMES)
	{
		if (conversion_to_category(attribute->atttypid, &conversion))
			return conversion;
		fail_type(model, feature, NameStr(attribute->attname), attribute->atttypid,
				  "The feature is categorical: give the category's name as text or an enum.");
	}
	if (conversion_to_number(attribute->atttypid, &conversion))
		return conversion;
	if (model_feature(model, feature)->kind == FOREST_CATEGORY_CODES)
		fail_type(model, feature, NameStr(attribute->attname), attribute->atttypid,
				  "The feature is categorical and the model knows its categories by code only: give the integer code used in training.");
	fail_type(model, feature, NameStr(attribute->attname), attribute->atttypid,
			  "Convert the column to a number (integer, float, numeric) or a boolean in the row that is scored.");
}

/* The features without a column, as an error. */
static _Noreturn void
fail_missing_columns(const ResolvedModel *model, TupleDesc descriptor)
{
	StringInfoData names;
	char	   *similar = NULL;
	char	   *too_long = NULL;
	int			missing = 0;

	initStringInfo(&names);
	for (uint32_t feature = 0; feature < model->forest->feature_count; feature++)
	{
		const char *name = model_feature_name(model, feature);
		bool		found = false;

		for (int i = 0; i < descriptor->natts && !found; i++)
		{
			Form_pg_attribute attribute = TupleDescAttr(descriptor, i);

			found = !attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0;
			if (!found && similar == NULL && !attribute->attisdropped &&
				pg_strcasecmp(NameStr(attribute->attname), name) == 0)
				similar = psprintf("Column \"%s\" differs from feature \"%s\" by case only: names must match exactly.",
								   NameStr(attribute->attname), name);
		}
		if (found)
			continue;
		message_add_name(&names, missing++, name);
		if (too_long == NULL && strlen(name) >= NAMEDATALEN)
			too_long = psprintf("No column can be called \"%s\": its name has at most %d bytes. Score from jsonb, or import the model with other feature_names.",
								name, NAMEDATALEN - 1);
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("row lacks features of model \"%s\": %s", model_reference(model), names.data),
			 errdetail("A row must have a column for each of the model's %u features; NULL stands for a missing value.",
					   model->forest->feature_count),
			 errhint("%s", too_long ? too_long : similar ? similar :
					 "Columns are matched to features by name; see the view risk.model_features.")));
}

static const char *
column_name(TupleDesc descriptor, int column)
{
	return NameStr(TupleDescAttr(descriptor, column)->attname);
}

static int
compare_columns(const void *a, const void *b, void *descriptor)
{
	return strcmp(column_name(descriptor, *(const int *) a), column_name(descriptor, *(const int *) b));
}

/* The column with a name, by binary search in the sorted columns; -1 if there is none. */
static int
find_column(TupleDesc descriptor, const int *sorted, int count, const char *name)
{
	int			low = 0;
	int			high = count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = strcmp(name, column_name(descriptor, sorted[middle]));

		if (order == 0)
		{
			/* ROW and subqueries may repeat a name: then nobody can say which is meant */
			if ((middle > 0 && strcmp(name, column_name(descriptor, sorted[middle - 1])) == 0) ||
				(middle + 1 < count && strcmp(name, column_name(descriptor, sorted[middle + 1])) == 0))
				ereport(ERROR,
						(errcode(ERRCODE_AMBIGUOUS_COLUMN),
						 errmsg("row has more than one column \"%s\"", name)));
			return sorted[middle];
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

/* Finds a column for each feature. */
static void
match_columns(const ResolvedModel *model, RowPlan *plan)
{
	int		   *sorted;
	int			count = 0;

	plan->columns = palloc(model->forest->feature_count * sizeof(RowPlanColumn));
	plan->datums = palloc(plan->descriptor->natts * sizeof(Datum));
	plan->nulls = palloc(plan->descriptor->natts * sizeof(bool));

	sorted = palloc(plan->descriptor->natts * sizeof(int));
	for (int i = 0; i < plan->descriptor->natts; i++)
		if (!TupleDescAttr(plan->descriptor, i)->attisdropped)
			sorted[count++] = i;
	qsort_arg(sorted, count, sizeof(int), compare_columns, plan->descriptor);
	for (uint32_t feature = 0; feature < model->forest->feature_count; feature++)
	{
		RowPlanColumn *column = &plan->columns[feature];

		column->index = find_column(plan->descriptor, sorted, count, model_feature_name(model, feature));
		if (column->index < 0)
			fail_missing_columns(model, plan->descriptor);
		column->used = model_feature(model, feature)->used != 0;
		column->conversion = choose_conversion(model, feature,
											   TupleDescAttr(plan->descriptor, column->index));
	}
	pfree(sorted);
}

static _Noreturn void
fail_name_count(int names, int columns)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there are %d names for %d columns", names, columns)));
}

static void
name_columns(TupleDesc descriptor, ArrayType *array)
{
	Datum	   *names;
	bool	   *nulls;
	int			count;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &count);
	if (count != descriptor->natts)
		fail_name_count(count, descriptor->natts);
	for (int i = 0; i < count; i++)
		namestrcpy(&TupleDescAttr(descriptor, i)->attname, nulls[i] ? "" : TextDatumGetCString(names[i]));
}

RowPlan *
plan_row(const ResolvedModel *model, Oid type, int32 typmod, uint64 identifier, ArrayType *names)
{
	RowPlan    *plan = palloc0(sizeof(RowPlan));

	plan->identifier = identifier;
	plan->type = type;
	plan->typmod = typmod;
	plan->descriptor = lookup_rowtype_tupdesc_copy(type, typmod);
	if (names != NULL)
		name_columns(plan->descriptor, names);
	match_columns(model, plan);
	return plan;
}

/*
 * Columns with their names beside them are the planner's writing (rewrite_rows.c), or
 * somebody's who found it in a plan: nothing may depend on it being right.
 */
ArrayType *
columns_names(FunctionCallInfo fcinfo)
{
	Node	   *expression = fcinfo->flinfo->fn_expr;

	if (expression == NULL || !IsA(expression, FuncExpr) ||
		!IsA(linitial(((FuncExpr *) expression)->args), Const) || get_fn_expr_variadic(fcinfo->flinfo))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function %s is not for direct use", get_func_name(fcinfo->flinfo->fn_oid)),
				 errhint("Call the function of the row.")));
	return PG_GETARG_ARRAYTYPE_P(0);
}

/* One column of a row's type, and not one name: the columns are in a row (rewrite_rows.c). */
bool
columns_are_row(FunctionCallInfo fcinfo, int columns_argument)
{
	ArrayType  *names = PG_GETARG_ARRAYTYPE_P(0);

	return PG_NARGS() == columns_argument + 1 &&
		get_fn_expr_argtype(fcinfo->flinfo, columns_argument) == RECORDOID &&
		ArrayGetNItems(ARR_NDIM(names), ARR_DIMS(names)) != 1;
}

RowPlan *
plan_columns(const ResolvedModel *model, FunctionCallInfo fcinfo, int columns_argument)
{
	RowPlan    *plan = palloc0(sizeof(RowPlan));
	int			count = PG_NARGS() - columns_argument;
	ArrayType  *names = columns_names(fcinfo);

	plan->descriptor = CreateTemplateTupleDesc(count);
	for (int i = 0; i < count; i++)
		TupleDescInitEntry(plan->descriptor, i + 1, "",
						   get_fn_expr_argtype(fcinfo->flinfo, columns_argument + i), -1, 0);
	name_columns(plan->descriptor, names);
	match_columns(model, plan);
	return plan;
}
