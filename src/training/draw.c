/*
 * draw.c
 *		Lots and draws: by which rows are held out, in a fold, left out, or in a sample.
 *
 * What becomes of a row follows from seed and key alone: not from the order of
 * rows, nor from which others there are, nor from a session's settings, the
 * database's encoding or the machine.  Where there is no key, and where rows of one
 * key are told apart, it is the row's number, as decimal digits, counted from 1.
 *
 * The lot is FNV-1a, of 64 bits (RFC 9923), of the seed's eight bytes, the lowest
 * first, and the key's UTF-8: it takes byte after byte, so that no machine's order of
 * bytes comes into it, and costs a few nanoseconds for each.  Not PostgreSQL's hash,
 * which reads words as the machine has them; and its SHA-256 would cost as much as
 * reading the row.  Each purpose then mixes its own number in with the finalizer of
 * MurmurHash3, in which every bit of the lot reaches every bit of the draw.
 */
#include "training/draw.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "base/column_value.h"
#include "base/compat.h"

static const char *const purpose_names[] = {
	[DRAW_HELD_OUT] = "held out",
	[DRAW_TEST] = "test",
	[DRAW_FOLD] = "fold",
	[DRAW_NEGATIVES] = "negatives",
	[DRAW_PROFILE] = "profile"
};

static inline uint64
fnv_1a(uint64 hash, unsigned char byte)
{
	return (hash ^ byte) * UINT64CONST(0x100000001B3);
}

static uint64
lot_of_utf8(const char *key, int length, int64 seed)
{
	uint64		hash = UINT64CONST(0xCBF29CE484222325);

	for (int i = 0; i < 8; i++)
		hash = fnv_1a(hash, (unsigned char) ((uint64) seed >> (8 * i)));
	for (int i = 0; i < length; i++)
		hash = fnv_1a(hash, (unsigned char) key[i]);
	return hash;
}

uint64
training_lot(const char *key, int length, int64 seed)
{
	/* bytes of no encoding stay what they are */
	const char *utf8 = GetDatabaseEncoding() == PG_SQL_ASCII ? key :
		pg_server_to_any(key, length, PG_UTF8);

	return lot_of_utf8(utf8, utf8 == key ? length : (int) strlen(utf8), seed);
}

uint64
training_number_lot(int64 number, int64 seed)
{
	char		digits[MAXINT8LEN + 1];

	/* nothing to convert, which would take memory for each row */
	return lot_of_utf8(digits, pg_lltoa(number, digits), seed);
}

double
training_draw(uint64 lot, DrawPurpose purpose)
{
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
			return training_lot(string, bpchartruelen(unconstify(char *, string), strlen(string)),
								seed);
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

/* For others to follow who is held out, in a fold, left out or profiled */
PG_FUNCTION_INFO_V1(company_risk_training_draw);
Datum
company_risk_training_draw(PG_FUNCTION_ARGS)
{
	text	   *key = PG_GETARG_TEXT_PP(0);
	text	   *purpose = PG_GETARG_TEXT_PP(2);

	for (int i = 0; i < (int) lengthof(purpose_names); i++)
		if (VARSIZE_ANY_EXHDR(purpose) == strlen(purpose_names[i]) &&
			memcmp(VARDATA_ANY(purpose), purpose_names[i], strlen(purpose_names[i])) == 0)
			PG_RETURN_FLOAT8(training_draw(training_lot(VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key),
														PG_GETARG_INT64(1)),
										   (DrawPurpose) i));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown purpose \"%s\"", text_to_cstring(purpose)),
			 errhint("It is \"held out\", \"test\", \"fold\", \"negatives\" or \"profile\".")));
}
