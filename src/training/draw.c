/*
 * draw.c
 *		Lots: by which rows are held out, in a fold, left out, or in a sample.
 *
 * What becomes of a row follows from seed and key alone: not from the order of
 * rows, nor from which others there are, nor from a session's settings.  Where there
 * is no key it is the row's number.
 */
#include "training/draw.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "base/column_value.h"

uint64
training_lot(const char *key, int length, int64 seed)
{
	return hash_bytes_extended((const unsigned char *) key, length, (uint64) seed);
}

uint64
training_number_lot(int64 number, int64 seed)
{
	char		digits[MAXINT8LEN + 1];

	return training_lot(digits, pg_lltoa(number, digits), seed);
}

double
training_draw(uint64 lot, DrawPurpose purpose)
{
	/* another lot for each purpose, by the finalizer of MurmurHash3 */
	lot ^= UINT64CONST(0x9E3779B97F4A7C15) * ((uint64) purpose + 1);
	lot ^= lot >> 33;
	lot *= UINT64CONST(0xFF51AFD7ED558CCD);
	lot ^= lot >> 33;
	lot *= UINT64CONST(0xC4CEB9FE1A85EC53);
	lot ^= lot >> 33;
	return (double) (lot >> 11) * 0x1p-53;
}

/* ----------
 * Keys
 * ----------
 */

/*
 * Is the text of a type's values the same in every session?  Who is held out must
 * not depend on how somebody likes to see dates.
 */
bool
training_key_type(Oid type)
{
	Conversion	conversion;

	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case UUIDOID:
		case DATEOID:
		case TIMESTAMPOID:
			return true;
		default:
			return conversion_to_category(type, &conversion);
	}
}

/* The lot of a key, from its text as it is in every session: numbers without needless zeros, dates by ISO 8601 */
uint64
training_key_lot(Oid type, FmgrInfo *output, Datum datum, int64 seed)
{
	char		buffer[MAXDATELEN + 1];
	const char *string;

	switch (type)
	{
		case BPCHAROID:
			string = TextDatumGetCString(datum);
			return training_lot(string, bpchartruelen(unconstify(char *, string), strlen(string)), seed);
		case NUMERICOID:
			string = numeric_normalize(DatumGetNumeric(datum));
			break;
		case DATEOID:
		case TIMESTAMPOID:
			string = JsonEncodeDateTime(buffer, datum, type, NULL);
			break;
		default:
			string = OutputFunctionCall(output, datum);
	}
	return training_lot(string, strlen(string), seed);
}

/* ----------
 * SQL
 * ----------
 */

/* The draw by which a key is held out, or in a fold: for others to follow it */
PG_FUNCTION_INFO_V1(company_risk_training_draw);
Datum
company_risk_training_draw(PG_FUNCTION_ARGS)
{
	static const char *const purposes[] = {"held out", "test", "fold"};
	text	   *key = PG_GETARG_TEXT_PP(0);
	char	   *purpose = text_to_cstring(PG_GETARG_TEXT_PP(2));

	for (int i = 0; i < (int) lengthof(purposes); i++)
		if (strcmp(purposes[i], purpose) == 0)
			PG_RETURN_FLOAT8(training_draw(training_lot(VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), PG_GETARG_INT64(1)),
										   (DrawPurpose) i));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown purpose \"%s\"", purpose),
			 errhint("It is \"held out\", \"test\" or \"fold\".")));
}
