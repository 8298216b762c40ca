/*
 * utf8.h
 *		Characters in UTF-8: checked, a text at once or byte by byte, and written.
 */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text as it is looked at; zero to begin. */
typedef struct Utf8Check
{
	uint8_t		needed;			/* bytes still to come of this character */
	uint8_t		lower;			/* range of the next one */
	uint8_t		upper;
} Utf8Check;

/*
 * Takes one more byte; false when it cannot stand there.  A text may end where no
 * more bytes are needed.
 */
extern bool utf8_feed(Utf8Check *check, uint8_t byte);

/* Whether text is UTF-8 without NUL characters */
extern bool utf8_is_text(const char *text, size_t length);

/* Writes a character, no surrogate; returns its length. */
#define UTF8_LENGTH_MAX 4
extern size_t utf8_encode(unsigned code, char *bytes);

#endif
