/*
 * names.c
 *		What models and their features may be called, and in which encoding.
 *
 * The name of a model is typed, read aloud and compared by eye: what cannot be seen
 * must not be in it.  That is white space, control characters and those that Unicode
 * has for layout, whatever the locale of the database; and "@", which ends a name in
 * a reference (reference.c).
 *
 * The names of features and groups are data of their makers, and may be anything.
 * But registry_feature and registry_group are searched by them, and an entry of an
 * index must fit on a third of a page together with the model's name: hence one
 * limit, NAME_BYTES_MAX, which the inspection of a model has as well as its import.
 * risk.describe_features has the same one for groups.
 *
 * A database of another encoding than UTF-8 has no way to write every name.  What it
 * cannot write is refused by name: a question mark in its place would be another
 * column's name, or another category's.
 */
#include "models/names.h"

#include "catalog/namespace.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "base/messages.h"

#define MODEL_NAME_BYTES_MAX 200
#define NAME_BYTES_MAX 2000

/* ----------
 * Models
 * ----------
 */

/* First and last of the characters that a name must not hold, "@" aside */
static const struct
{
	pg_wchar	first;
	pg_wchar	last;
}			unseen[] = {
	{0x00, 0x20}, {0x7f, 0xa0}, {0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160},
	{0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f}, {0x2028, 0x202f},
	{0x205f, 0x206f}, {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},
	{0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffc}, {0xe0000, 0xe0fff}
};

static bool
is_unseen(pg_wchar character)
{
	for (int i = 0; i < lengthof(unseen); i++)
		if (character >= unseen[i].first && character <= unseen[i].last)
			return true;
	return false;
}

/* The first character that cannot be seen; 0 if there is none. */
static pg_wchar
first_unseen(const char *name)
{
	/* where there is no encoding, only ASCII is known */
	bool		is_utf8 = GetDatabaseEncoding() != PG_SQL_ASCII;
	const unsigned char *at = (const unsigned char *)
		(is_utf8 ? pg_server_to_any(name, (int) strlen(name), PG_UTF8) : name);

	while (*at != '\0')
	{
		pg_wchar	character = is_utf8 ? utf8_to_unicode(at) : *at;

		if ((is_utf8 || character < 0x80) && is_unseen(character))
			return character;
		at += is_utf8 ? pg_utf_mblen(at) : 1;
	}
	return 0;
}

PG_FUNCTION_INFO_V1(company_risk_model_name_error);
Datum
company_risk_model_name_error(PG_FUNCTION_ARGS)
{
	static const char rule[] =
		"A model name has 1 to 200 bytes, and holds no space, no \"@\" and nothing that cannot be seen.";
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	pg_wchar	character = first_unseen(name);

	StaticAssertStmt(MODEL_NAME_BYTES_MAX == 200, "the rule says so");
	if (character != 0 && character != ' ')
		PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s It holds U+%04X.", rule, character)));
	if (character == ' ' || name[0] == '\0' || strlen(name) > MODEL_NAME_BYTES_MAX ||
		strchr(name, '@') != NULL)
		PG_RETURN_TEXT_P(cstring_to_text(rule));
	PG_RETURN_NULL();
}

/* ----------
 * Features
 * ----------
 */
void
names_check_length(const char *name)
{
	if (strlen(name) > NAME_BYTES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("name of a feature is longer than %d bytes", NAME_BYTES_MAX),
				 errdetail("It has %zu bytes, and begins with \"%s\".", strlen(name),
						   pnstrdup(name, pg_mbcliplen(name, (int) strlen(name), 60))),
				 errhint("Give shorter names in feature_names.")));
}

/* ----------
 * Encodings
 * ----------
 */

/* The character with which a text that cannot be converted begins */
static _Noreturn void
fail_encoding(const char *utf8, const char *rest, const char *what, const char *feature)
{
	pg_wchar	character = utf8_to_unicode((const unsigned char *) rest);
	bool		is_lost = character == 0xfffd;

	ereport(ERROR,
			(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
			 errmsg("%s cannot be written in this database's encoding, %s", what,
					GetDatabaseEncodingName()),
			 feature == NULL ?
			 errdetail("The name \"%s\" holds U+%04X.", message_text(utf8, strlen(utf8)), character) :
			 errdetail("Feature \"%s\" has the category \"%s\", which holds U+%04X%s.", feature,
					   message_text(utf8, strlen(utf8)), character,
					   is_lost ? ", the mark of a character that XGBoost lost when it saved the model" : ""),
			 feature == NULL ?
			 errhint("Give other names in feature_names, or import the model into a database in UTF8.") :
			 is_lost ?
			 errhint("Train with category names in ASCII, or with XGBoost 3.4 or later, or import the model into a database in UTF8.") :
			 errhint("Import the model into a database in UTF8, or train with other names.")));
}

/* A text in UTF-8 as the server has it; feature: of a category's name */
static char *
recode(char *utf8, const char *what, const char *feature)
{
	Oid			procedure = FindDefaultConversionProc(PG_UTF8, GetDatabaseEncoding());
	int			length = (int) strlen(utf8);
	Size		room = (Size) length * MAX_CONVERSION_GROWTH + 1;
	unsigned char *result;
	int			converted;

	if (!OidIsValid(procedure))
		return pg_any_to_server(utf8, length, PG_UTF8);
	result = palloc(room);
	converted = pg_do_encoding_conversion_buf(procedure, PG_UTF8, GetDatabaseEncoding(),
											  (unsigned char *) utf8, length, result, (int) room, true);
	if (converted < length)
		fail_encoding(utf8, utf8 + converted, what, feature);
	return (char *) result;
}

void
names_recode(Model *model, bool features, bool categories)
{
	if (GetDatabaseEncoding() == PG_UTF8)
		return;
	for (uint32_t i = 0; i < model->feature_count; i++)
	{
		if (features && model->feature_names != NULL)
			model->feature_names[i] = recode(model->feature_names[i], "name of a feature", NULL);
		if (categories && model->categories != NULL)
			for (uint32_t k = 0; k < model->categories[i].count; k++)
				model->categories[i].names[k] =
					recode(model->categories[i].names[k], "name of a category",
						   features && model->feature_names != NULL ? model->feature_names[i] :
						   psprintf("f%u", i));
	}
}
