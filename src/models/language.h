/*
 * language.h
 *		The extension's own words, in the language of a model.
 */
#ifndef LANGUAGE_H
#define LANGUAGE_H

#include "postgres.h"

typedef struct Language Language;

typedef enum LanguageWord
{
	WORD_BASE,					/* label of what an explanation starts from */
	WORD_OTHERS,				/* label of what it sums up */
	WORD_NO_GROUP,				/* label of the features that have no group */
	WORD_ALERT_STRONG,
	WORD_ALERT_MODERATE,
	WORD_ALERT_NONE,
	WORD_ALERT_OUT_OF_SCOPE		/* too little is known for a level */
} LanguageWord;

/* The language with this code ("en"); NULL if there is none. */
extern const Language *language_find(const char *code);

/* A word, in ASCII */
extern const char *language_word(const Language *language, LanguageWord word);

#endif							/* LANGUAGE_H */
