/*
 * jsonb_build.c
 *		Putting a jsonb together.
 */
#include "base/jsonb_build.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

void
json_push_string(JsonbParseState **state, JsonbIteratorToken token, const char *string)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, string);
	value.val.string.len = strlen(string);
	pushJsonbValue(state, token, &value);
}

static void
push_number(JsonbParseState **state, JsonbIteratorToken token, double number)
{
	JsonbValue	value;

	if (isfinite(number))
	{
		char		digits[DOUBLE_SHORTEST_DECIMAL_LEN];

		/* all digits that tell the number from others, whatever extra_float_digits is */
		double_to_shortest_decimal_buf(number, digits);
		value.type = jbvNumeric;
		value.val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(digits),
																ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	}
	else
		value.type = jbvNull;
	pushJsonbValue(state, token, &value);
}

void
json_push_number(JsonbParseState **state, const char *key, double number)
{
	json_push_string(state, WJB_KEY, key);
	push_number(state, WJB_VALUE, number);
}

void
json_push_element(JsonbParseState **state, double number)
{
	push_number(state, WJB_ELEM, number);
}

void
json_push_object(JsonbParseState **state, const char *key)
{
	json_push_string(state, WJB_KEY, key);
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
}
