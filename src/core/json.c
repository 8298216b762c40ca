/*
 * json.c
 *		The JSON lexer (document.h, document_internal.h).
 *
 * JSON by RFC 8259, with one addition that XGBoost makes: the bare tokens NaN,
 * Infinity and -Infinity.  Everything else is strict: text is UTF-8, escapes
 * are well formed and surrogates come in pairs, there are no comments and no
 * trailing commas, and only white space may follow the value.  A NUL character
 * inside a string is refused, because the core's strings end with one.
 *
 * Inside an object the key and its colon are read together, so that the next
 * thing after DOCUMENT_KEY is a value.
 */
#include "decimal.h"
#include "document_internal.h"
#include "utf8.h"

#include <math.h>
#include <string.h>

/* What stands for the offending byte in a message */
static _Noreturn void
fail_unexpected(Document *document, const char *expected)
{
	int			byte = document_peek(document);

	if (byte < 0)
		document_fail_truncated(document);
	if (byte > ' ' && byte < 0x7f)
		document_fail(document, document_position(document), CORE_INVALID_MODEL,
					  "%s is expected here, not \"%c\".", expected, byte);
	document_fail(document, document_position(document), CORE_INVALID_MODEL,
				  "%s is expected here, not the byte 0x%02x.", expected, (unsigned) byte);
}

/* The next byte that is not white space, left in place; -1 at the end */
static inline int
peek_token(Document *document)
{
	for (;;)
	{
		int			byte = document_peek(document);

		if (byte != ' ' && byte != '\n' && byte != '\r' && byte != '\t')
			return byte;
		document->at++;
	}
}

/* ---------- strings ---------- */

static unsigned
take_hex4(Document *document)
{
	unsigned	value = 0;

	for (int i = 0; i < 4; i++)
	{
		int			byte = document_peek(document);

		if (byte >= '0' && byte <= '9')
			value = value * 16 + (unsigned) (byte - '0');
		else if (byte >= 'a' && byte <= 'f')
			value = value * 16 + (unsigned) (byte - 'a' + 10);
		else if (byte >= 'A' && byte <= 'F')
			value = value * 16 + (unsigned) (byte - 'A' + 10);
		else
			fail_unexpected(document, "a hexadecimal digit");
		document->at++;
	}
	return value;
}

/* After "\u": one character, or a surrogate pair, as UTF-8 */
static void
read_unicode_escape(Document *document)
{
	uint64_t	offset = document_position(document) - 2;
	unsigned	code = take_hex4(document);
	char		bytes[UTF8_LENGTH_MAX];

	if (code >= 0xd800 && code <= 0xdbff)
	{
		unsigned	low = 0;

		if (document_peek(document) == '\\')
		{
			document->at++;
			if (document_peek(document) == 'u')
			{
				document->at++;
				low = take_hex4(document);
			}
		}
		if (low < 0xdc00 || low > 0xdfff)
			document_fail(document, offset, CORE_INVALID_MODEL,
						  "a high surrogate is not followed by a low one.");
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	else if (code >= 0xdc00 && code <= 0xdfff)
		document_fail(document, offset, CORE_INVALID_MODEL,
					  "a low surrogate stands alone.");
	if (code == 0)
		document_fail(document, offset, CORE_INVALID_MODEL,
					  "a string holds a NUL character.");

	document_text_append(document, bytes, utf8_encode(code, bytes));
}

static void
read_escape(Document *document)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char meanings[] = "\"\\/\b\f\n\r\t";
	int			byte = document_peek(document);
	const char *letter;

	if (byte == 'u')
	{
		document->at++;
		read_unicode_escape(document);
		return;
	}
	letter = byte > 0 ? strchr(letters, byte) : NULL;
	if (letter == NULL)
		fail_unexpected(document, "an escape character");
	document->at++;
	document_text_append(document, meanings + (letter - letters), 1);
}

/* A character beyond ASCII, whose first byte is the next one */
static void
read_multibyte(Document *document)
{
	uint64_t	offset = document_position(document);
	Utf8Check	check = {0};

	do
	{
		uint8_t		byte = document_take(document);

		if (!utf8_feed(&check, byte))
			document_fail(document, offset, CORE_INVALID_MODEL,
						  "the text is not valid UTF-8.");
		document_text_append(document, &byte, 1);
	} while (check.needed > 0);
}

/* The string whose opening quote is the next byte */
static void
read_string(Document *document)
{
	document->at++;
	document_text_begin(document);
	for (;;)
	{
		const uint8_t *run = document->at;
		int			byte;

		while (document->at < document->end && *document->at >= ' ' &&
			   *document->at < 0x80 && *document->at != '"' && *document->at != '\\')
			document->at++;
		document_text_append(document, run, (size_t) (document->at - run));
		byte = document_peek(document);
		if (byte == '"')
			break;
		if (byte == '\\')
		{
			document->at++;
			read_escape(document);
		}
		else if (byte >= 0x80)
			read_multibyte(document);
		else if (byte < ' ')
			fail_unexpected(document, "a character of a string");
	}
	document->at++;
	document_text_end(document);
}

/* ---------- other values ---------- */

static void
take_literal(Document *document, const char *literal)
{
	for (const char *letter = literal; *letter != '\0'; letter++)
	{
		if (document_peek(document) != *letter)
			fail_unexpected(document, literal);
		document->at++;
	}
}

static inline bool
is_number_character(int byte)
{
	return (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' ||
		byte == '.' || byte == 'e' || byte == 'E';
}

/* After "-": Infinity, the one word that may follow it */
static DocumentEvent
read_minus_infinity(Document *document)
{
	take_literal(document, "Infinity");
	document->real = -INFINITY;
	return DOCUMENT_REAL;
}

/*
 * A number.  Where the window surely holds all of it, it is read in place;
 * near the end of a window it is gathered first.  Either way at most one
 * character more than the limit is looked at.
 */
static DocumentEvent
read_number(Document *document)
{
	char		gathered[DECIMAL_LENGTH_MAX + 1];
	const char *text = (const char *) document->at;
	size_t		length = 0;
	Decimal		decimal;

	if ((size_t) (document->end - document->at) > DECIMAL_LENGTH_MAX + 1)
	{
		if (text[0] == '-' && text[1] == 'I')
		{
			document->at++;
			return read_minus_infinity(document);
		}
		decimal = decimal_scan(text, DECIMAL_LENGTH_MAX + 1);
		document->at += decimal.length;
		if (decimal.length > 0 && !is_number_character(*document->at))
			length = decimal.length;
	}
	else
	{
		int			byte;

		text = gathered;
		while (length <= DECIMAL_LENGTH_MAX &&
			   is_number_character(byte = document_peek(document)))
		{
			gathered[length++] = (char) byte;
			document->at++;
		}
		if (length == 1 && text[0] == '-' && document_peek(document) == 'I')
			return read_minus_infinity(document);
		decimal = decimal_scan(text, length);
		if (decimal.length < length && document_peek(document) < 0)
			document_fail_truncated(document);
	}
	if (decimal.length > DECIMAL_LENGTH_MAX)
		document_fail(document, document->event_offset, CORE_LIMIT_EXCEEDED,
					  "a number is longer than the limit of %d characters.",
					  DECIMAL_LENGTH_MAX);
	if (decimal.length == 0 || decimal.length != length)
		document_fail(document, document->event_offset, CORE_INVALID_MODEL,
					  "a number is malformed.");

	if (decimal_integer(&decimal, &document->integer))
	{
		document->real = (float) document->integer;
		if (decimal.negative && document->integer == 0)
			document->real = -0.0f;
		return DOCUMENT_INTEGER;
	}
	if (!document->skipping)
		document->real = decimal_real(document->host, &decimal, text);
	return DOCUMENT_REAL;
}

/* The value that begins with the given byte, which is the next one */
static DocumentEvent
read_value(Document *document, int byte)
{
	DocumentEvent event;

	switch (byte)
	{
		case '{':
		case '[':
			document->at++;
			document_push(document, (DocumentFrame) {.is_object = byte == '{'});
			return byte == '{' ? DOCUMENT_OBJECT_BEGIN : DOCUMENT_ARRAY_BEGIN;
		case '"':
			read_string(document);
			event = DOCUMENT_STRING;
			break;
		case 't':
			take_literal(document, "true");
			document->integer = 1;
			event = DOCUMENT_BOOLEAN;
			break;
		case 'f':
			take_literal(document, "false");
			document->integer = 0;
			event = DOCUMENT_BOOLEAN;
			break;
		case 'n':
			take_literal(document, "null");
			event = DOCUMENT_NULL;
			break;
		case 'N':
			take_literal(document, "NaN");
			document->real = NAN;
			event = DOCUMENT_REAL;
			break;
		case 'I':
			take_literal(document, "Infinity");
			document->real = INFINITY;
			event = DOCUMENT_REAL;
			break;
		default:
			if (byte != '-' && (byte < '0' || byte > '9'))
				fail_unexpected(document, "a value");
			event = read_number(document);
			break;
	}
	document_value_done(document);
	return event;
}

DocumentEvent
json_next(Document *document)
{
	int			byte = peek_token(document);
	DocumentFrame *frame;

	document->event_offset = document_position(document);
	if (document->expect == EXPECT_NOTHING)
	{
		if (byte >= 0)
			fail_unexpected(document, "the end of the document");
		return DOCUMENT_END;
	}
	if (document->expect == EXPECT_VALUE)
		return read_value(document, byte);

	frame = &document->frames[document->depth - 1];
	if (byte == (frame->is_object ? '}' : ']'))
	{
		bool		is_object = frame->is_object;

		document->at++;
		document_pop(document);
		return is_object ? DOCUMENT_OBJECT_END : DOCUMENT_ARRAY_END;
	}
	if (document->expect == EXPECT_NEXT)
	{
		if (byte != ',')
			fail_unexpected(document, frame->is_object ? "a comma or \"}\"" : "a comma or \"]\"");
		document->at++;
		byte = peek_token(document);
		document->event_offset = document_position(document);
	}
	if (!frame->is_object)
		return read_value(document, byte);

	if (byte != '"')
		fail_unexpected(document, "a key");
	read_string(document);
	if (peek_token(document) != ':')
		fail_unexpected(document, "a colon");
	document->at++;
	document->expect = EXPECT_VALUE;
	return DOCUMENT_KEY;
}
