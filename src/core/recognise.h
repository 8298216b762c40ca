/*
 * recognise.h
 *		What a document is that is no model we can read, seen from its first bytes.
 */
#ifndef CORE_RECOGNISE_H
#define CORE_RECOGNISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* First bytes that are looked at: enough for the mark of a tar archive, behind a name */
#define RECOGNISE_LENGTH 512

typedef struct Foreign
{
	const char *what;			/* a sentence */
	const char *hint;			/* how to come by a file that can be read, in a line */
} Foreign;

/* What the first bytes, RECOGNISE_LENGTH or all there are, belong to; false: unknown. */
extern bool recognise_foreign(const uint8_t *head, size_t length, Foreign *foreign);

/* Whether they are a model in XGBoost's old binary format, which libxgboost converts. */
extern bool recognise_old_binary(const uint8_t *head, size_t length);

#endif
