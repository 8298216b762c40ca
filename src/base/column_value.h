/*
 * column_value.h
 *		From a column's value to a number that a model reads: the same way in
 *		training as in scoring.
 *
 * Every number goes through float8 to float32; a numeric beyond float8 is
 * infinite.  What a category's name becomes is for the caller to say.
 */
#ifndef COLUMN_VALUE_H
#define COLUMN_VALUE_H

#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "parser/parse_coerce.h"
#include "utils/fmgrprotos.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

typedef enum Conversion
{
	CONVERT_INT2,
	CONVERT_INT4,
	CONVERT_INT8,
	CONVERT_FLOAT4,
	CONVERT_FLOAT8,
	CONVERT_NUMERIC,
	CONVERT_BOOL,
	CONVERT_CATEGORY_TEXT,		/* text, and what is stored like it */
	CONVERT_CATEGORY_ENUM
} Conversion;

/* The conversion of a type that is a number or a boolean; false if it is neither. */
static inline bool
conversion_to_number(Oid type, Conversion *conversion)
{
	switch (getBaseType(type))
	{
		case INT2OID:
			*conversion = CONVERT_INT2;
			return true;
		case INT4OID:
			*conversion = CONVERT_INT4;
			return true;
		case INT8OID:
			*conversion = CONVERT_INT8;
			return true;
		case FLOAT4OID:
			*conversion = CONVERT_FLOAT4;
			return true;
		case FLOAT8OID:
			*conversion = CONVERT_FLOAT8;
			return true;
		case NUMERICOID:
			*conversion = CONVERT_NUMERIC;
			return true;
		case BOOLOID:
			*conversion = CONVERT_BOOL;
			return true;
		default:
			return false;
	}
}

/* The conversion of a type that holds names of categories; false if it does not. */
static inline bool
conversion_to_category(Oid type, Conversion *conversion)
{
	type = getBaseType(type);
	if (type_is_enum(type))
		*conversion = CONVERT_CATEGORY_ENUM;
	else if (type == BPCHAROID ||
			 (TypeCategory(type) == TYPCATEGORY_STRING && IsBinaryCoercible(type, TEXTOID)))
		*conversion = CONVERT_CATEGORY_TEXT;
	else
		return false;
	return true;
}

static inline float
convert_number(Conversion conversion, Datum datum)
{
	switch (conversion)
	{
		case CONVERT_INT2:
			return (float) (double) DatumGetInt16(datum);
		case CONVERT_INT4:
			return (float) (double) DatumGetInt32(datum);
		case CONVERT_INT8:
			return (float) (double) DatumGetInt64(datum);
		case CONVERT_FLOAT4:
			return DatumGetFloat4(datum);
		case CONVERT_FLOAT8:
			return (float) DatumGetFloat8(datum);
		case CONVERT_NUMERIC:
			return (float) DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, datum));
		case CONVERT_BOOL:
			return DatumGetBool(datum) ? 1.0f : 0.0f;
		case CONVERT_CATEGORY_TEXT:
		case CONVERT_CATEGORY_ENUM:
			break;
	}
	pg_unreachable();
}

/*
 * The same number for readers, as a float8.  A real is the decimal that it is
 * shown as, so that 0.1::real is 0.1, as it is in what to_jsonb() makes of it.
 */
extern double column_number(Conversion conversion, Datum datum);

/* Could a column of this type feed a feature of some model? */
extern bool type_may_feed(Oid type);

#endif							/* COLUMN_VALUE_H */
