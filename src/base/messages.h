/*
 * messages.h
 *		Texts for messages: lists of names, and bytes that are not ours.
 */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

/* Adds to a message's list of names; count are there.  From the eleventh on it is only said that there are more. */
extern void message_add_name(StringInfo names, int count, const char *name);

/*
 * A copy of UTF-8 that a message of this database can hold, though it be cut
 * inside a character or be no UTF-8 at all: an error must not fail over its own
 * text.  Where it is not text of the database's encoding, only ASCII stays.
 */
extern char *message_text(const char *utf8, Size length);

/* In place: anything but ASCII becomes a question mark. */
extern char *message_ascii(char *text);

/* Is it the first time in a client's statement?  last is the caller's memory of that. */
extern bool first_in_statement(TimestampTz *last);

#endif							/* MESSAGES_H */
