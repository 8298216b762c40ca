/*
 * bind_row.c
 *		From a row, or its columns, to the vector that a model reads.
 *
 * Every number goes through float8 to float32, as in the other forms, so that a
 * value gives the same bits whichever way it comes; XGBoost's users feed it
 * float64 arrays in the same way; a numeric beyond float8 is infinite.  NULL and
 * NaN are missing.
 *
 * The plan is kept from row to row.  Rows of many types may come in turn (of
 * partitions, of a function's results): when another type comes, or the same one
 * has changed, the plan before goes.
 */
#include "scoring/bind_row.h"

#include <math.h>

#include "access/htup_details.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

/* Frees the plan, and goes to the memory context of the next. */
static MemoryContext
start_plan(RowBinding *binding)
{
	binding->plan = NULL;
	if (binding->plan_context == NULL)
		binding->plan_context = AllocSetContextCreate(binding->model->context, "company_risk row plan",
													  ALLOCSET_SMALL_SIZES);
	MemoryContextReset(binding->plan_context);
	return MemoryContextSwitchTo(binding->plan_context);
}

static float
convert_column(ResolvedModel *model, uint32_t feature, Conversion conversion, Datum datum)
{
	text	   *string;
	char	   *label;

	switch (conversion)
	{
		case CONVERT_CATEGORY_TEXT:
			string = DatumGetTextPP(datum);
			return model_category_code(model, feature, VARDATA_ANY(string), VARSIZE_ANY_EXHDR(string));
		case CONVERT_CATEGORY_ENUM:
			label = DatumGetCString(DirectFunctionCall1(enum_out, datum));
			return model_category_code(model, feature, label, strlen(label));
		default:
			return convert_number(conversion, datum);
	}
}

/* names: of the row's columns, NULL for its type's own; the same for all rows */
static void
bind_named_row(RowBinding *binding, HeapTupleHeader row, ArrayType *names, ForestValue *vector)
{
	ResolvedModel *model = binding->model;
	Oid			type = HeapTupleHeaderGetTypeId(row);
	int32		typmod = HeapTupleHeaderGetTypMod(row);
	uint64		identifier = assign_record_type_identifier(type, typmod);
	RowPlan    *plan = binding->plan;
	HeapTupleData tuple;

	if (plan == NULL || plan->type != type || plan->typmod != typmod || plan->identifier != identifier)
	{
		MemoryContext old_context = start_plan(binding);

		plan = binding->plan = plan_row(model, type, typmod, identifier, names);
		MemoryContextSwitchTo(old_context);
	}

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, plan->descriptor, plan->datums, plan->nulls);
	for (uint32_t feature = 0; feature < model->forest->feature_count; feature++)
	{
		const RowPlanColumn *column = &plan->columns[feature];

		vector[feature].value = !column->used || plan->nulls[column->index] ? get_float4_nan() :
			convert_column(model, feature, column->conversion, plan->datums[column->index]);
	}
}

void
bind_row(RowBinding *binding, HeapTupleHeader row, ForestValue *vector)
{
	bind_named_row(binding, row, NULL, vector);
}

bool
bind_columns(RowBinding *binding, FunctionCallInfo fcinfo, int columns_argument, ForestValue *vector)
{
	ResolvedModel *model = binding->model;
	const NullableDatum *arguments = &fcinfo->args[columns_argument];
	RowPlan    *plan = binding->plan;

	if (plan == NULL ? columns_are_row(fcinfo, columns_argument) : OidIsValid(plan->type))
	{
		if (arguments[0].isnull)
			return false;
		bind_named_row(binding, DatumGetHeapTupleHeader(arguments[0].value),
					   columns_names(fcinfo), vector);
		return true;
	}
	if (plan == NULL)
	{
		MemoryContext old_context = start_plan(binding);

		plan = binding->plan = plan_columns(model, fcinfo, columns_argument);
		MemoryContextSwitchTo(old_context);
	}
	for (uint32_t feature = 0; feature < model->forest->feature_count; feature++)
	{
		const RowPlanColumn *column = &plan->columns[feature];
		const NullableDatum *argument = &arguments[column->index];

		/* for row_value() */
		plan->datums[column->index] = argument->value;
		plan->nulls[column->index] = argument->isnull;
		vector[feature].value = !column->used || argument->isnull ? get_float4_nan() :
			convert_column(model, feature, column->conversion, argument->value);
	}
	return true;
}

BoundValue
row_value(const RowBinding *binding, uint32_t feature)
{
	const RowPlan *plan = binding->plan;
	const RowPlanColumn *column = &plan->columns[feature];
	Datum		datum = plan->datums[column->index];
	BoundValue	value = {0};
	Oid			output;
	bool		is_varlena;

	if (plan->nulls[column->index])
		return value;
	if (column->conversion == CONVERT_BOOL)
		value.text = pstrdup(DatumGetBool(datum) ? "true" : "false");
	else
	{
		getTypeOutputInfo(TupleDescAttr(plan->descriptor, column->index)->atttypid, &output, &is_varlena);
		value.text = OidOutputFunctionCall(output, datum);
	}
	if (model_feature(binding->model, feature)->kind == FOREST_NUMERIC)
	{
		value.number = column_number(column->conversion, datum);
		value.has_number = !isnan(value.number);
	}
	return value;
}
