/*
 * column_value.c
 *		The conversions of convert.h as functions of SQL.
 *
 * Statements that extend a caller's query use them on columns of types that are
 * known only when the query is.
 */
#include "base/column_value.h"

/* The conversion of the first argument, looked up once in a query */
static Conversion
argument_conversion(FunctionCallInfo fcinfo, const char *what)
{
	Conversion *conversion = fcinfo->flinfo->fn_extra;

	if (conversion == NULL)
	{
		Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 0);

		conversion = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(Conversion));
		if (!conversion_to_number(type, conversion))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("%s cannot be of type %s", what, format_type_be(type)),
					 errdetail("It must be a number or a boolean.")));
		fcinfo->flinfo->fn_extra = conversion;
	}
	return *conversion;
}

/* A feature's value as models see it */
PG_FUNCTION_INFO_V1(company_risk_feature_value);
Datum
company_risk_feature_value(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT4(convert_number(argument_conversion(fcinfo, "feature"), PG_GETARG_DATUM(0)));
}

/* A label as trainings read it */
PG_FUNCTION_INFO_V1(company_risk_label_value);
Datum
company_risk_label_value(PG_FUNCTION_ARGS)
{
	float		value = convert_number(argument_conversion(fcinfo, "label"), PG_GETARG_DATUM(0));

	if (value != 0.0f && value != 1.0f)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("label is %g", value),
				 errhint("It must be 0 or 1, or a boolean.")));
	PG_RETURN_BOOL(value == 1.0f);
}
