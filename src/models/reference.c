/*
 * reference.c
 *		How a model is named: name, name@7 or name@7#1a2b3c4d.
 *
 * A name alone means the version in production, name@7 that version.  A pinned
 * reference also says how the version's content digest begins: what the digest
 * covers decides all margins, so whoever uses such a reference on another server,
 * or on this one made anew, gets the same margins or an error.  At least eight hex
 * digits are asked for, against mistakes; the pin that we make has sixteen, which
 * is against the rest.
 *
 * Each thing is written in one way: versions without sign, space or leading zero,
 * digests in lower case.  So two references to one version and content differ in
 * the number of digits at most.  Names hold neither "@" nor white space (names.c),
 * hence the first "@" ends the name.
 *
 * This is the only place that knows the form: SQL asks it by
 * risk_internal.parse_reference.
 */
#include "models/reference.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "base/digest.h"
#include "base/result_row.h"

#define HEX_DIGITS "0123456789abcdef"

bool
reference_read(const char *text, ModelReference *reference)
{
	const char *at = strchr(text, '@');
	const char *digest;
	char	   *end;
	long		number;

	memset(reference, 0, sizeof(*reference));
	if (text[0] == '\0')
		return true;
	if (at == NULL)
	{
		reference->name = pstrdup(text);
		return true;
	}
	reference->name = pnstrdup(text, at - text);

	errno = 0;
	number = strtol(at + 1, &end, 10);
	if (at[1] < '1' || at[1] > '9' || errno != 0 || number > INT_MAX)
		return false;
	reference->version = (int) number;
	if (*end == '\0')
		return true;

	digest = end + 1;
	if (*end != '#' || strspn(digest, HEX_DIGITS) != strlen(digest) ||
		strlen(digest) < REFERENCE_DIGEST_MIN || strlen(digest) > REFERENCE_DIGEST_MAX)
		return false;
	reference->digest = pstrdup(digest);
	return true;
}

/* The reference that is meant where digits are in upper case; else NULL */
static char *
with_lower_digits(const char *text)
{
	char	   *meant = pstrdup(text);
	char	   *mark = strrchr(meant, '#');
	ModelReference reference;

	if (mark == NULL)
		return NULL;
	for (char *c = mark; *c != '\0'; c++)
		*c = (char) pg_ascii_tolower((unsigned char) *c);
	return reference_read(meant, &reference) ? meant : NULL;
}

void
reference_parse(const char *text, ModelReference *reference)
{
	char	   *meant;

	if (reference_read(text, reference))
		return;
	meant = with_lower_digits(text);
	if (meant != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid model reference \"%s\"", text),
				 errhint("The digits of a pin are in lower case, as %s.", meant)));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid model reference \"%s\"", text),
			 errhint("A reference is a name, a version, as %s@1, or one pinned by %d to %d digits "
					 "of its content, as %s@1#1a2b3c4d.",
					 reference->name, REFERENCE_DIGEST_MIN, REFERENCE_DIGEST_MAX,
					 reference->name)));
}

bool
reference_allows(const ModelReference *reference, const uint8 *content_digest)
{
	return reference->digest == NULL ||
		strncmp(digest_hex(content_digest), reference->digest, strlen(reference->digest)) == 0;
}

char *
reference_make(const char *name, int version)
{
	return psprintf("%s@%d", name, version);
}

char *
reference_pin(const char *name, int version, const uint8 *content_digest)
{
	return psprintf("%s@%d#%.*s", name, version,
					REFERENCE_DIGEST_PINNED, digest_hex(content_digest));
}

PG_FUNCTION_INFO_V1(company_risk_parse_reference);
Datum
company_risk_parse_reference(PG_FUNCTION_ARGS)
{
	TupleDesc	descriptor;
	ModelReference reference;
	ResultRow	row = {0};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	reference_parse(text_to_cstring(PG_GETARG_TEXT_PP(0)), &reference);
	row_put_text(&row, reference.name);
	if (reference.version > 0)
		row_put_int(&row, reference.version);
	else
		row_put_null(&row);
	row_put_text(&row, reference.digest);
	PG_RETURN_DATUM(row_datum(&row, BlessTupleDesc(descriptor)));
}
