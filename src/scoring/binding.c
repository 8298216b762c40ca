/*
 * binding.c
 *		From a row, a JSON object or an array to the vector that a model reads.
 *
 * Rows and objects are matched to features by name, exactly.  Every number goes
 * through float8 to float32, in all forms, so that a value gives the same bits
 * whichever way it comes; XGBoost's users feed it float64 arrays in the same
 * way; a numeric beyond float8 is infinite.  NULL and NaN are missing.
 *
 * What cannot be right is an error that names column, type and feature; a
 * feature without a column is never taken for missing.
 */
#include "scoring/call.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#include "base/column_value.h"
#include "base/messages.h"

struct RowColumn
{
	int			index;			/* of the column in the row, from 0 */
	bool		used;			/* does the model read the feature? */
	Conversion	conversion;
};

static inline const ForestFeature *
feature_at(const Call *call, uint32_t feature)
{
	return FOREST_AT(call->forest, ForestFeature, call->forest->features) + feature;
}

/*
 * The code of a category's name.  Trailing blanks do not count where the name
 * is unknown with them: char(n) has them, also in what to_jsonb() makes of it.
 */
static float
category_value(Call *call, uint32_t feature, const char *name, int length)
{
	uint32_t	unknown = feature_at(call, feature)->category_count;
	uint32_t	code = forest_category_code(call->forest, feature, name, length);

	if (code == unknown && length > 0 && name[length - 1] == ' ')
		code = forest_category_code(call->forest, feature, name, bpchartruelen(unconstify(char *, name), length));
	return (float) code;
}

/* ----------
 * Rows
 * ----------
 */
static _Noreturn void
fail_type(Call *call, uint32_t feature, const char *column, Oid type, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of type %s cannot feed feature \"%s\" of model \"%s\"",
					column, format_type_be(type), call_feature(call, feature), call_model(call)),
			 errhint("%s", hint)));
}

static Conversion
choose_conversion(Call *call, uint32_t feature, Form_pg_attribute attribute)
{
	Conversion	conversion;

	if (feature_at(call, feature)->kind == FOREST_CATEGORY_NAMES)
	{
		if (conversion_to_category(attribute->atttypid, &conversion))
			return conversion;
		fail_type(call, feature, NameStr(attribute->attname), attribute->atttypid,
				  "The feature is categorical: give the category's name as text or an enum.");
	}
	if (conversion_to_number(attribute->atttypid, &conversion))
		return conversion;
	if (feature_at(call, feature)->kind == FOREST_CATEGORY_CODES)
		fail_type(call, feature, NameStr(attribute->attname), attribute->atttypid,
				  "The feature is categorical and the model knows its categories by code only: give the integer code used in training.");
	fail_type(call, feature, NameStr(attribute->attname), attribute->atttypid,
			  "Convert the column to a number (integer, float, numeric) or a boolean in the row that is scored.");
}

bool
type_may_feed(Oid type)
{
	Conversion	conversion;

	type = getBaseType(type);
	return conversion_to_number(type, &conversion) ||
		type_is_enum(type) || TypeCategory(type) == TYPCATEGORY_STRING;
}

/* The features without a column, as an error. */
static _Noreturn void
fail_missing_columns(Call *call, TupleDesc descriptor)
{
	StringInfoData names;
	char	   *similar = NULL;
	int			missing = 0;

	initStringInfo(&names);
	for (uint32_t feature = 0; feature < call->forest->feature_count; feature++)
	{
		const char *name = call_feature(call, feature);
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
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("row lacks features of model \"%s\": %s", call_model(call), names.data),
			 errdetail("A row must have a column for each of the model's %u features; NULL stands for a missing value.",
					   call->forest->feature_count),
			 errhint("%s", similar ? similar :
					 "Columns are matched to features by name; see the view risk.model_features.")));
}

static int
compare_columns(const void *a, const void *b, void *descriptor)
{
	return strcmp(NameStr(TupleDescAttr((TupleDesc) descriptor, *(const int *) a)->attname),
				  NameStr(TupleDescAttr((TupleDesc) descriptor, *(const int *) b)->attname));
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
		int			order = strcmp(name, NameStr(TupleDescAttr(descriptor, sorted[middle])->attname));

		if (order == 0)
		{
			/* ROW and subqueries may repeat a name: then nobody can say which is meant */
			if ((middle > 0 && strcmp(name, NameStr(TupleDescAttr(descriptor, sorted[middle - 1])->attname)) == 0) ||
				(middle + 1 < count && strcmp(name, NameStr(TupleDescAttr(descriptor, sorted[middle + 1])->attname)) == 0))
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

/* An empty plan, in a memory context of its own, which becomes the current one. */
static RowPlan *
start_plan(Call *call)
{
	/* rows of many types may come in turn: the plan before goes */
	call->row_plan = NULL;
	if (call->row_context == NULL)
		call->row_context = AllocSetContextCreate(call->context, "company_risk row plan",
												  ALLOCSET_SMALL_SIZES);
	MemoryContextReset(call->row_context);
	MemoryContextSwitchTo(call->row_context);
	return palloc0(sizeof(RowPlan));
}

/* Finds a column for each feature. */
static void
match_columns(Call *call, RowPlan *plan)
{
	int		   *sorted;
	int			count = 0;

	plan->columns = palloc(call->forest->feature_count * sizeof(RowColumn));
	plan->datums = palloc(plan->descriptor->natts * sizeof(Datum));
	plan->nulls = palloc(plan->descriptor->natts * sizeof(bool));

	sorted = palloc(plan->descriptor->natts * sizeof(int));
	for (int i = 0; i < plan->descriptor->natts; i++)
		if (!TupleDescAttr(plan->descriptor, i)->attisdropped)
			sorted[count++] = i;
	qsort_arg(sorted, count, sizeof(int), compare_columns, plan->descriptor);
	for (uint32_t feature = 0; feature < call->forest->feature_count; feature++)
	{
		RowColumn  *column = &plan->columns[feature];

		column->index = find_column(plan->descriptor, sorted, count, call_feature(call, feature));
		if (column->index < 0)
			fail_missing_columns(call, plan->descriptor);
		column->used = feature_at(call, feature)->used != 0;
		column->conversion = choose_conversion(call, feature,
											   TupleDescAttr(plan->descriptor, column->index));
	}
	pfree(sorted);
}

static void
plan_row(Call *call, Oid type, int32 typmod, uint64 identifier)
{
	MemoryContext old_context = CurrentMemoryContext;
	RowPlan    *plan = start_plan(call);

	plan->identifier = identifier;
	plan->type = type;
	plan->typmod = typmod;
	plan->descriptor = lookup_rowtype_tupdesc_copy(type, typmod);
	match_columns(call, plan);
	MemoryContextSwitchTo(old_context);
	call->row_plan = plan;
}

/*
 * Columns with their names beside them are the planner's writing (planner_support.c), or
 * somebody's who found it in a plan: nothing may depend on it being right.
 */
static void
plan_columns(Call *call, FunctionCallInfo fcinfo)
{
	MemoryContext old_context = CurrentMemoryContext;
	RowPlan    *plan;
	int			count = PG_NARGS() - call->columns_argument;
	Node	   *expression = fcinfo->flinfo->fn_expr;
	Datum	   *names;
	bool	   *nulls;
	int			name_count;

	if (expression == NULL || !IsA(expression, FuncExpr) ||
		!IsA(linitial(((FuncExpr *) expression)->args), Const) || get_fn_expr_variadic(fcinfo->flinfo))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function %s is not for direct use", get_func_name(fcinfo->flinfo->fn_oid)),
				 errhint("Call the function of the row.")));
	plan = start_plan(call);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &name_count);
	if (name_count != count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are %d names for %d columns", name_count, count)));
	plan->descriptor = CreateTemplateTupleDesc(count);
	for (int i = 0; i < count; i++)
		TupleDescInitEntry(plan->descriptor, i + 1, nulls[i] ? "" : TextDatumGetCString(names[i]),
						   get_fn_expr_argtype(fcinfo->flinfo, call->columns_argument + i), -1, 0);
	match_columns(call, plan);
	MemoryContextSwitchTo(old_context);
	call->row_plan = plan;
}

static float
convert_column(Call *call, uint32_t feature, Conversion conversion, Datum datum)
{
	text	   *string;
	char	   *label;

	switch (conversion)
	{
		case CONVERT_CATEGORY_TEXT:
			string = DatumGetTextPP(datum);
			return category_value(call, feature, VARDATA_ANY(string), VARSIZE_ANY_EXHDR(string));
		case CONVERT_CATEGORY_ENUM:
			label = DatumGetCString(DirectFunctionCall1(enum_out, datum));
			return category_value(call, feature, label, strlen(label));
		default:
			return convert_number(conversion, datum);
	}
}

void
bind_row(Call *call, HeapTupleHeader row)
{
	Oid			type = HeapTupleHeaderGetTypeId(row);
	int32		typmod = HeapTupleHeaderGetTypMod(row);
	uint64		identifier = assign_record_type_identifier(type, typmod);
	RowPlan    *plan;
	HeapTupleData tuple;

	if (call->row_plan == NULL || call->row_plan->type != type ||
		call->row_plan->typmod != typmod || call->row_plan->identifier != identifier)
		plan_row(call, type, typmod, identifier);
	plan = call->row_plan;

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, plan->descriptor, plan->datums, plan->nulls);
	for (uint32_t feature = 0; feature < call->forest->feature_count; feature++)
	{
		const RowColumn *column = &plan->columns[feature];

		call->vector[feature].value = !column->used || plan->nulls[column->index] ? get_float4_nan() :
			convert_column(call, feature, column->conversion, plan->datums[column->index]);
	}
}

void
bind_columns(Call *call, FunctionCallInfo fcinfo)
{
	const NullableDatum *arguments = &fcinfo->args[call->columns_argument];
	RowPlan    *plan;

	if (call->row_plan == NULL)
		plan_columns(call, fcinfo);
	plan = call->row_plan;
	for (uint32_t feature = 0; feature < call->forest->feature_count; feature++)
	{
		const RowColumn *column = &plan->columns[feature];
		const NullableDatum *argument = &arguments[column->index];

		/* for row_value_text() */
		plan->datums[column->index] = argument->value;
		plan->nulls[column->index] = argument->isnull;
		call->vector[feature].value = !column->used || argument->isnull ? get_float4_nan() :
			convert_column(call, feature, column->conversion, argument->value);
	}
}

static char *
row_value_text(Call *call, uint32_t feature)
{
	const RowPlan *plan = call->row_plan;
	int			index = plan->columns[feature].index;
	Oid			output;
	bool		is_varlena;

	if (plan->nulls[index])
		return NULL;
	if (plan->columns[feature].conversion == CONVERT_BOOL)
		return pstrdup(DatumGetBool(plan->datums[index]) ? "true" : "false");
	getTypeOutputInfo(TupleDescAttr(plan->descriptor, index)->atttypid, &output, &is_varlena);
	return OidOutputFunctionCall(output, plan->datums[index]);
}

/* ----------
 * JSON objects
 * ----------
 */
static const char *
json_type(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return "string";
		case jbvNumeric:
			return "number";
		case jbvBool:
			return "boolean";
		case jbvNull:
			return "null";
		default:
			return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) ? "array" : "object";
	}
}

static _Noreturn void
fail_json_type(Call *call, uint32_t feature, const JsonbValue *value)
{
	uint32_t	kind = feature_at(call, feature)->kind;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("key \"%s\" with a JSON %s cannot feed the feature of model \"%s\"",
					call_feature(call, feature), json_type(value), call_model(call)),
			 errhint("%s", kind == FOREST_CATEGORY_NAMES ?
					 "The feature is categorical: give the category's name as a string, or null." :
					 kind == FOREST_CATEGORY_CODES ?
					 "The feature is categorical and the model knows its categories by code only: give the integer code used in training, or null." :
					 "Give a number, true, false or null.")));
}

/* Numbers that JSON cannot write are strings in what to_jsonb() makes of a row. */
static bool
special_number(const JsonbValue *value, float *number)
{
	static const struct
	{
		const char *text;
		int			sign;
	}			specials[] = {{"NaN", 0}, {"Infinity", 1}, {"-Infinity", -1}};

	for (int i = 0; i < (int) lengthof(specials); i++)
		if (value->val.string.len == (int) strlen(specials[i].text) &&
			memcmp(value->val.string.val, specials[i].text, value->val.string.len) == 0)
		{
			*number = specials[i].sign == 0 ? get_float4_nan() :
				specials[i].sign * get_float4_infinity();
			return true;
		}
	return false;
}

static float
convert_json(Call *call, uint32_t feature, const JsonbValue *value)
{
	bool		named = feature_at(call, feature)->kind == FOREST_CATEGORY_NAMES;
	float		number;

	switch (value->type)
	{
		case jbvNull:
			return get_float4_nan();
		case jbvString:
			if (named)
				return category_value(call, feature, value->val.string.val, value->val.string.len);
			if (special_number(value, &number))
				return number;
			break;
		case jbvNumeric:
			if (!named)
				return (float) DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
																  NumericGetDatum(value->val.numeric)));
			break;
		case jbvBool:
			if (!named)
				return value->val.boolean ? 1.0f : 0.0f;
			break;
		default:
			break;
	}
	fail_json_type(call, feature, value);
}

static _Noreturn void
fail_missing_keys(Call *call, Jsonb *object)
{
	StringInfoData names;
	int			missing = 0;

	initStringInfo(&names);
	for (uint32_t feature = 0; feature < call->forest->feature_count; feature++)
	{
		const char *name = call_feature(call, feature);
		JsonbValue	value;

		if (getKeyJsonValueFromContainer(&object->root, name, strlen(name), &value) != NULL)
			continue;
		message_add_name(&names, missing++, name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("JSON object lacks features of model \"%s\": %s", call_model(call), names.data),
			 errhint("A missing value is null; to change some values of a row, write to_jsonb(row) || '{\"%s\": 0}'.",
					 call_feature(call, 0))));
}

void
bind_object(Call *call, Jsonb *object)
{
	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("features must be a JSON object"),
				 errhint("Its keys are the names of the features, as in to_jsonb(row).")));
	call->object = object;
	for (uint32_t feature = 0; feature < call->forest->feature_count; feature++)
	{
		const char *name = call_feature(call, feature);
		JsonbValue	value;

		if (getKeyJsonValueFromContainer(&object->root, name, strlen(name), &value) == NULL)
			fail_missing_keys(call, object);
		call->vector[feature].value = convert_json(call, feature, &value);
	}
}

static char *
object_value_text(Call *call, uint32_t feature)
{
	const char *name = call_feature(call, feature);
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(&call->object->root, name, strlen(name), &value) == NULL)
		return NULL;
	switch (value.type)
	{
		case jbvString:
			return pnstrdup(value.val.string.val, value.val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric)));
		case jbvBool:
			return pstrdup(value.val.boolean ? "true" : "false");
		default:
			return NULL;
	}
}

/* ----------
 * Arrays
 * ----------
 */
void
bind_array(Call *call, ArrayType *array)
{
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const float8 *elements = (const float8 *) ARR_DATA_PTR(array);
	const bits8 *bitmap = ARR_NULLBITMAP(array);

	if (ARR_NDIM(array) > 1 || count != (int) call->forest->feature_count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("array must have one dimension with the %u features of model \"%s\"",
						call->forest->feature_count, call_model(call)),
				 errdetail("It has %d dimensions and %d elements.", ARR_NDIM(array), count),
				 errhint("The view risk.model_features gives their positions.")));
	call->array = array;
	/* elements that are NULL take no room */
	for (int i = 0; i < count; i++)
		call->vector[i].value = bitmap != NULL && (bitmap[i / 8] & (1 << (i % 8))) == 0 ? get_float4_nan() :
			(float) *elements++;
}

static char *
array_value_text(Call *call, uint32_t feature)
{
	int			subscript = ARR_LBOUND(call->array)[0] + (int) feature;
	bool		isnull;
	Datum		element = array_get_element(PointerGetDatum(call->array), 1, &subscript, -1,
											sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &isnull);

	return isnull ? NULL : DatumGetCString(DirectFunctionCall1(float8out, element));
}

char *
bound_value_text(Call *call, uint32_t feature)
{
	switch (call->form)
	{
		case FORM_ROW:
		case FORM_KEY:
		case FORM_COLUMNS:
			return row_value_text(call, feature);
		case FORM_JSONB:
			return object_value_text(call, feature);
		case FORM_ARRAY:
			return array_value_text(call, feature);
		case FORM_SCORE:
			break;
	}
	pg_unreachable();
}
