/*
 * column_value.c
 *		From a column's value to a number: what is not needed for every value,
 *		and the conversions as functions of SQL.
 *
 * Statements that extend a caller's query use those functions on columns of types
 * that are known only when the query is.
 */
#include "base/column_value.h"

#include "common/shortest_dec.h"

bool
type_may_feed(Oid type)
{
	Conversion	conversion;

	type = getBaseType(type);
	return conversion_to_number(type, &conversion) ||
		type_is_enum(type) || TypeCategory(type) == TYPCATEGORY_STRING;
}

/* The same of a feature that is known: rows are bound by these conversions */
PG_FUNCTION_INFO_V1(company_risk_type_may_feed);
Datum
company_risk_type_may_feed(PG_FUNCTION_ARGS)
{
	Oid			type = PG_GETARG_OID(0);
	Conversion	conversion;

	if (PG_GETARG_BOOL(1))
		PG_RETURN_BOOL(conversion_to_category(type, &conversion));
	PG_RETURN_BOOL(conversion_to_number(type, &conversion));
}

double
column_number(Conversion conversion, Datum datum)
{
	char		digits[FLOAT_SHORTEST_DECIMAL_LEN];

	switch (conversion)
	{
		case CONVERT_INT2:
			return (double) DatumGetInt16(datum);
		case CONVERT_INT4:
			return (double) DatumGetInt32(datum);
		case CONVERT_INT8:
			return (double) DatumGetInt64(datum);
		case CONVERT_FLOAT4:
			float_to_shortest_decimal_buf(DatumGetFloat4(datum), digits);
			return strtod(digits, NULL);
		case CONVERT_FLOAT8:
			return DatumGetFloat8(datum);
		case CONVERT_NUMERIC:
			return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, datum));
		case CONVERT_BOOL:
			return DatumGetBool(datum) ? 1.0 : 0.0;
		case CONVERT_CATEGORY_TEXT:
		case CONVERT_CATEGORY_ENUM:
			break;
	}
	pg_unreachable();
}

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
