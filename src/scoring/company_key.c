/*
 * company_key.c
 *		The number of a company, as people write it.
 *
 * A key column says by its type what a key can be, and nothing says that keys are
 * SIRENs, which have nine digits: so a number is looked for as it is given, and only
 * then as what it may have been meant to be.  Nine digits with blanks among them, as
 * they are printed, are those nine digits.  Anything that was not found and that has
 * another count of digits is worth a notice; it is never an error, which would abort a
 * report over one bad row in a million.
 *
 * Of a SIRET, which has fourteen digits, the first nine are the company's.  We do not
 * take them unasked: it names an establishment.
 */
#include "scoring/company_key.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "base/messages.h"

#define SIREN_DIGITS 9
#define SIRET_DIGITS 14

/* Of a numeric key: numeric could hold more, but nobody has such keys. */
#define NUMERIC_KEY_MAX 1000

/* Bytes of one that are shown in a notice */
#define SHOWN_MAX 100

/* The bytes of a blank at the beginning of a text; 0 if there is none. */
static int
blank_length(const char *text)
{
	/* no-break, narrow no-break and thin space, which stand in what is copied from web pages */
	static const char *const spaces[] = {"\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89"};

	if (isspace((unsigned char) *text) && !IS_HIGHBIT_SET(*text))
		return 1;
	if (GetDatabaseEncoding() == PG_UTF8)
		for (int i = 0; i < (int) lengthof(spaces); i++)
			if (strncmp(text, spaces[i], strlen(spaces[i])) == 0)
				return strlen(spaces[i]);
	return 0;
}

static bool
is_digits(const char *text)
{
	return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

CompanyKey
company_key_read(const char *given)
{
	CompanyKey	key = {.given = given,.compact = palloc(strlen(given) + 1)};
	char	   *end = key.compact;

	while (*given != '\0')
	{
		int			blank = blank_length(given);

		if (blank > 0)
			given += blank;
		else
			*end++ = *given++;
	}
	*end = '\0';
	key.digits = is_digits(key.compact) ? (int) (end - key.compact) : -1;
	return key;
}

static bool
fits_integer(const char *text, int64 least, int64 most)
{
	char	   *end;
	long long	number;

	if (!is_digits(text[0] == '-' || text[0] == '+' ? text + 1 : text))
		return false;
	errno = 0;
	number = strtoll(text, &end, 10);
	return errno == 0 && number >= least && number <= most;
}

/* digits, perhaps behind a sign, perhaps with a point among them */
static bool
fits_numeric(const char *text)
{
	int			length = strlen(text);
	const char *point;

	if (text[0] == '-' || text[0] == '+')
		text++;
	point = strchr(text, '.');
	if (length > NUMERIC_KEY_MAX || !isdigit((unsigned char) text[0]))
		return false;
	return point == NULL ? is_digits(text) :
		strspn(text, "0123456789") == point - text && is_digits(point + 1);
}

const char *
company_key_value(const CompanyKey *key, Oid type)
{
	switch (type)
	{
		case INT2OID:
			return fits_integer(key->compact, PG_INT16_MIN, PG_INT16_MAX) ? key->compact : NULL;
		case INT4OID:
			return fits_integer(key->compact, PG_INT32_MIN, PG_INT32_MAX) ? key->compact : NULL;
		case INT8OID:
			return fits_integer(key->compact, PG_INT64_MIN, PG_INT64_MAX) ? key->compact : NULL;
		case NUMERICOID:
			return fits_numeric(key->compact) ? key->compact : NULL;
		case NAMEOID:
			/* would be cut, and then be another one */
			return strlen(key->given) < NAMEDATALEN ? key->given : NULL;
		default:
			return key->given;
	}
}

const char *
company_key_nine_digits(const CompanyKey *key)
{
	return key->digits == SIREN_DIGITS && strcmp(key->given, key->compact) != 0 ? key->compact : NULL;
}

static bool
is_number_type(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID || type == NUMERICOID;
}

bool
company_key_notice(const CompanyKey *key, const char *relation, const char *column, Oid type,
				   TimestampTz *last)
{
	char	   *shown;
	bool		too_many = key->digits > SIREN_DIGITS;
	bool		too_few = key->digits > 0 && key->digits < SIREN_DIGITS && !is_number_type(type);
	bool		unfit = company_key_value(key, type) == NULL;
	bool		no_count = key->digits < 0 && fits_numeric(key->compact);

	if (!too_many && !too_few && !unfit && !no_count)
		return false;
	if (!first_in_statement(last))
		return true;
	shown = pnstrdup(key->given, pg_mbcliplen(key->given, strlen(key->given), SHOWN_MAX));
	if (key->digits == SIRET_DIGITS)
		ereport(NOTICE,
				(errmsg("\"%s\" is a SIRET, not the number of a company", shown),
				 errdetail("It has %d digits, and names an establishment.", key->digits),
				 errhint("The number of its company is its first nine digits: left(siret, 9).")));
	else if (too_many || too_few)
		ereport(NOTICE,
				(errmsg("\"%s\" is not the number of a company", shown),
				 errdetail_plural("It has %d digit, a SIREN has %d.", "It has %d digits, a SIREN has %d.",
								  key->digits, key->digits, SIREN_DIGITS),
				 too_many ? 0 : errhint("Where leading zeros were lost, lpad(siren, 9, '0') restores them.")));
	else if (!unfit)
		ereport(NOTICE,
				(errmsg("\"%s\" is not the number of a company", shown),
				 errdetail("A SIREN is %d digits, without a sign or a fraction.", SIREN_DIGITS)));
	else
		ereport(NOTICE,
				(errmsg("\"%s\" is not the number of a company", shown),
				 errdetail("Column \"%s\" of relation \"%s\" is of type %s.",
						   column, relation, format_type_be(type))));
	return true;
}
