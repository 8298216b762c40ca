/*
 * language.c
 *		The extension's own words, in the language of a model.
 *
 * A model's dictionary says what its features are called.  What stands between
 * those labels is ours: the base row, the sum of the others, the levels of
 * alert.  These words follow the language of the dictionary, which is a column
 * of the registry, and neither lc_messages nor any setting: a refresh gives the
 * same rows whoever runs it.
 *
 * They are in ASCII, so that a database of any encoding can hold them.  Another
 * language is one more entry of the table below.
 */
#include "models/language.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/array_build.h"

struct Language
{
	const char *code;
	const char *words[WORD_ALERT_OUT_OF_SCOPE + 1];
};

static const Language languages[] = {
	{"en", {
			[WORD_BASE] = "Base level",
			[WORD_OTHERS] = "Other features",
			[WORD_NO_GROUP] = "No group",
			[WORD_ALERT_STRONG] = "Strong alert",
			[WORD_ALERT_MODERATE] = "Moderate alert",
			[WORD_ALERT_NONE] = "No alert",
			[WORD_ALERT_OUT_OF_SCOPE] = "Out of scope"
	}},
	{"fr", {
			[WORD_BASE] = "Niveau de base",
			[WORD_OTHERS] = "Autres variables",
			[WORD_NO_GROUP] = "Sans groupe",
			[WORD_ALERT_STRONG] = "Alerte seuil F1",
			[WORD_ALERT_MODERATE] = "Alerte seuil F2",
			[WORD_ALERT_NONE] = "Pas d'alerte",
			[WORD_ALERT_OUT_OF_SCOPE] = "Hors champ"
	}}
};

const Language *
language_find(const char *code)
{
	for (int i = 0; i < lengthof(languages); i++)
		if (strcmp(languages[i].code, code) == 0)
			return &languages[i];
	return NULL;
}

const char *
language_word(const Language *language, LanguageWord word)
{
	return language->words[word];
}

/* risk_internal.languages(): the codes of all languages, in order */
PG_FUNCTION_INFO_V1(company_risk_languages);
Datum
company_risk_languages(PG_FUNCTION_ARGS)
{
	const char *codes[lengthof(languages)];

	for (int i = 0; i < lengthof(languages); i++)
		codes[i] = languages[i].code;
	PG_RETURN_DATUM(array_of_texts(codes, lengthof(languages)));
}

/* risk_internal.alert_word(language, level): the word of a level, NULL for another language's */
PG_FUNCTION_INFO_V1(company_risk_alert_word);
Datum
company_risk_alert_word(PG_FUNCTION_ARGS)
{
	const Language *language = language_find(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	char	   *level = text_to_cstring(PG_GETARG_TEXT_PP(1));

	if (language == NULL)
		PG_RETURN_NULL();
	if (strcmp(level, "strong") == 0)
		PG_RETURN_TEXT_P(cstring_to_text(language_word(language, WORD_ALERT_STRONG)));
	if (strcmp(level, "moderate") == 0)
		PG_RETURN_TEXT_P(cstring_to_text(language_word(language, WORD_ALERT_MODERATE)));
	if (strcmp(level, "none") == 0)
		PG_RETURN_TEXT_P(cstring_to_text(language_word(language, WORD_ALERT_NONE)));
	if (strcmp(level, "out of scope") == 0)
		PG_RETURN_TEXT_P(cstring_to_text(language_word(language, WORD_ALERT_OUT_OF_SCOPE)));
	PG_RETURN_NULL();
}
