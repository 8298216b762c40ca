/*
 * document.c
 *		What both encodings of a model share.
 *
 * A Document turns a source of chunks into events (document.h).  The lexers of
 * json.c and ubjson.c do the reading; here live the window over the chunks, the
 * recognition of the encoding, the stack of open objects and arrays, the text
 * of the last key or string, decimals, and the skipping of unwanted values.
 *
 * Nothing is ever allocated from a length that the document claims: text grows
 * as its bytes arrive, and arrays are counted, not stored.  So the memory that
 * a hostile document can cost is bounded by its own length.
 *
 * Decimals.  XGBoost writes the shortest decimal that identifies a float32, so
 * the one right answer is the float32 nearest to the decimal.  Nearly always
 * the mantissa is an exact double and so is the power of ten, and then their
 * product or quotient is the double nearest to the decimal.  Rounding that
 * again, to float32, gives the right answer too unless the double lies exactly
 * half-way between two float32 values (then the first rounding may have hidden
 * on which side the decimal was).  Half-way cases, subnormal results and long
 * numbers go to strtof(), which rounds once.  strtof() heeds LC_NUMERIC; the
 * programs that link this run with "C", and we notice if they do not.
 */
#include "document_internal.h"

#include <float.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAVE_AGAIN_HINT \
	"Save the model again with booster.save_model('model.ubj') or booster.save_model('model.json')."

static void recognise(Document *document, size_t length);

/* ---------- the window ---------- */

/* Gets another chunk when the last one is used up; false at the end. */
static bool
next_chunk(Document *document)
{
	if (document->chunk_length > 0)
		return true;
	if (document->at_end)
		return false;
	document->chunk_length = document->source->more(document->source, &document->chunk);
	if (document->chunk_length == 0)
	{
		document->at_end = true;
		return false;
	}
	if (document->chunk_length > MODEL_BYTES_MAX ||
		document->bytes_read > MODEL_BYTES_MAX - document->chunk_length)
		core_fail(document->host, CORE_LIMIT_EXCEEDED, NULL,
				  "The document is longer than the limit of %" PRIu64 " bytes.",
				  (uint64_t) MODEL_BYTES_MAX);
	document->bytes_read += document->chunk_length;
	return true;
}

bool
document_refill(Document *document)
{
	size_t		length;

	document->host->check_interrupts(document->host);
	document->window_offset = document_position(document);
	document->window = document->at = document->end;
	if (!next_chunk(document))
		return false;
	length = document->chunk_length < DOCUMENT_WINDOW_MAX ?
		document->chunk_length : DOCUMENT_WINDOW_MAX;
	document->window = document->at = document->chunk;
	document->end = document->chunk + length;
	document->chunk += length;
	document->chunk_length -= length;
	return true;
}

Document *
document_open(CoreHost *host, ModelSource *source)
{
	Document   *document = core_allocate(host, 1, sizeof(Document));
	size_t		length = 0;

	document->host = host;
	document->source = source;
	document->expect = EXPECT_VALUE;
	while (length < DOCUMENT_HEAD_LENGTH && next_chunk(document))
	{
		document->head[length++] = *document->chunk++;
		document->chunk_length--;
	}
	document->window = document->at = document->head;
	document->end = document->head + length;
	recognise(document, length);
	return document;
}

static bool
begins_with(const Document *document, size_t length, const char *bytes, size_t count)
{
	return length >= count && memcmp(document->head, bytes, count) == 0;
}

static bool
is_space(int byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/*
 * Tells JSON from UBJSON, and names what is neither where it is something that
 * people do try.  Both encodings open with a brace; UBJSON goes on with the
 * type marker of a key's length, JSON with a quote or white space.
 */
static void
recognise(Document *document, size_t length)
{
	static const struct
	{
		const char *bytes;
		size_t		count;
		const char *what;
	}			foreign[] = {
		{"binf", 4, "This is XGBoost's old binary format, which was removed in XGBoost 3.1."},
		{"bs64", 4, "This is XGBoost's old binary format (as base64), which was removed in XGBoost 3.1."},
		{"booster[", 8, "This is the text of dump_model(), which is rounded and cannot be scored exactly."},
		{"tree\n", 5, "This is a LightGBM model; only XGBoost models can be read."},
		{"tree\r\n", 6, "This is a LightGBM model; only XGBoost models can be read."},
		{"CBM1", 4, "This is a CatBoost model; only XGBoost models can be read."},
		{"\x80", 1, "This is a Python pickle, not a saved model."},
		{"\x1f\x8b", 2, "This is a gzip archive (an R .rds file is one, too), not a saved model."},
		{"PK\x03\x04", 4, "This is a zip archive, not a saved model."},
		{"\xef\xbb\xbf", 3, "The document begins with a byte order mark, which XGBoost never writes."},
	};
	size_t		at = 0;

	if (length == 0)
		core_fail(document->host, CORE_INVALID_MODEL, SAVE_AGAIN_HINT, "The document is empty.");
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
	{
		if (begins_with(document, length, foreign[i].bytes, foreign[i].count))
			core_fail(document->host, CORE_INVALID_MODEL, SAVE_AGAIN_HINT, "%s", foreign[i].what);
	}
	while (at < length && is_space(document->head[at]))
		at++;
	if (at == length)
		return;					/* only white space so far: JSON, if anything */
	if (document->head[at] == '[')
		core_fail(document->host, CORE_INVALID_MODEL, SAVE_AGAIN_HINT,
				  "The document is an array, as dump_model() writes it; that format is rounded and cannot be scored exactly.");
	if (document->head[at] != '{')
		core_fail(document->host, CORE_INVALID_MODEL, SAVE_AGAIN_HINT,
				  "The document begins with byte 0x%02x: it is neither JSON nor UBJSON.",
				  document->head[at]);
	document->is_ubjson = at == 0 && length > 1 && document->head[1] != '\0' &&
		strchr("iUIlL#$N", document->head[1]) != NULL;
}

/* ---------- reading through the window ---------- */

_Noreturn void
document_fail(Document *document, uint64_t offset, CoreErrorCode code, const char *detail,...)
{
	char		text[512];
	va_list		arguments;

	va_start(arguments, detail);
	vsnprintf(text, sizeof(text), detail, arguments);
	va_end(arguments);
	core_fail(document->host, code, NULL, "Byte %" PRIu64 ": %s", offset, text);
}

_Noreturn void
document_fail_truncated(Document *document)
{
	document_fail(document, document_position(document), CORE_INVALID_MODEL,
				  "the document ends before it is complete.");
}

void
document_take_bytes(Document *document, uint8_t *bytes, size_t length)
{
	if ((size_t) (document->end - document->at) >= length)
	{
		memcpy(bytes, document->at, length);
		document->at += length;
		return;
	}
	for (size_t i = 0; i < length; i++)
		bytes[i] = document_take(document);
}

void
document_discard(Document *document, uint64_t length)
{
	while (length > 0)
	{
		uint64_t	available = (uint64_t) (document->end - document->at);

		if (available == 0)
		{
			if (!document_refill(document))
				document_fail_truncated(document);
			continue;
		}
		if (available > length)
			available = length;
		document->at += available;
		length -= available;
	}
}

/* ---------- text ---------- */

void
document_text_begin(Document *document)
{
	document->text_length = 0;
}

void
document_text_append(Document *document, const void *bytes, size_t length)
{
	if (document->skipping || length == 0)
		return;
	if (length > MODEL_STRING_MAX - document->text_length)
		document_fail(document, document->event_offset, CORE_LIMIT_EXCEEDED,
					  "a string is longer than the limit of %d bytes.", MODEL_STRING_MAX);
	document->text = core_grow(document->host, document->text, &document->text_capacity,
							   document->text_length + length + 1, 1);
	memcpy(document->text + document->text_length, bytes, length);
	document->text_length += length;
}

void
document_text_end(Document *document)
{
	document->text = core_grow(document->host, document->text, &document->text_capacity,
							   document->text_length + 1, 1);
	document->text[document->text_length] = '\0';
}

/*
 * Takes one more byte; false when it cannot stand there.  Overlong forms,
 * surrogates and characters beyond U+10FFFF are refused by the range of the
 * byte after the lead byte.
 */
bool
utf8_feed(Utf8Check *check, uint8_t byte)
{
	if (check->needed > 0)
	{
		if (byte < check->lower || byte > check->upper)
			return false;
		check->needed--;
		check->lower = 0x80;
		check->upper = 0xbf;
		return true;
	}
	check->lower = 0x80;
	check->upper = 0xbf;
	if (byte < 0x80)
		return true;
	if (byte >= 0xc2 && byte <= 0xdf)
		check->needed = 1;
	else if (byte >= 0xe0 && byte <= 0xef)
	{
		check->needed = 2;
		if (byte == 0xe0)
			check->lower = 0xa0;
		else if (byte == 0xed)
			check->upper = 0x9f;
	}
	else if (byte >= 0xf0 && byte <= 0xf4)
	{
		check->needed = 3;
		if (byte == 0xf0)
			check->lower = 0x90;
		else if (byte == 0xf4)
			check->upper = 0x8f;
	}
	else
		return false;
	return true;
}

bool
document_is_utf8(const char *text, size_t length)
{
	Utf8Check	check = {0};

	for (size_t i = 0; i < length; i++)
	{
		if (text[i] == '\0' || !utf8_feed(&check, (uint8_t) text[i]))
			return false;
	}
	return check.needed == 0;
}

/* ---------- nesting ---------- */

void
document_push(Document *document, DocumentFrame frame)
{
	if (document->depth == MODEL_NESTING_MAX)
		document_fail(document, document->event_offset, CORE_LIMIT_EXCEEDED,
					  "objects and arrays are nested deeper than the limit of %d.",
					  MODEL_NESTING_MAX);
	document->frames[document->depth++] = frame;
	document->expect = EXPECT_FIRST;
}

void
document_pop(Document *document)
{
	document->depth--;
	document_value_done(document);
}

/* ---------- decimals ---------- */

/*
 * Scans a number by JSON's grammar.  Stops at the first character that cannot
 * belong to it; what may follow is the caller's business.
 */
Decimal
decimal_scan(const char *text, size_t length)
{
	Decimal		decimal = {.is_integer = true,.is_exact = true};
	const char *at = text;
	const char *end = text + length;
	int			digits = 0;		/* significant ones, in the mantissa */
	int64_t		exponent = 0;

	if (at < end && *at == '-')
	{
		decimal.negative = true;
		at++;
	}
	if (at == end || *at < '0' || *at > '9')
		return decimal;
	if (*at == '0')
		at++;
	else
	{
		for (; at < end && *at >= '0' && *at <= '9'; at++)
		{
			if (digits < 19)
			{
				decimal.mantissa = decimal.mantissa * 10 + (uint64_t) (*at - '0');
				digits++;
			}
			else
			{
				decimal.is_exact = false;
				exponent++;
			}
		}
	}
	if (at < end && *at == '.')
	{
		const char *point = at++;

		decimal.is_integer = false;
		for (; at < end && *at >= '0' && *at <= '9'; at++)
		{
			if (digits < 19)
			{
				decimal.mantissa = decimal.mantissa * 10 + (uint64_t) (*at - '0');
				digits += decimal.mantissa != 0;
				exponent--;
			}
			else
				decimal.is_exact = false;
		}
		if (at == point + 1)
			return decimal;
	}
	if (at < end && (*at == 'e' || *at == 'E'))
	{
		bool		negative = false;
		int			written = 0;
		const char *first;

		decimal.is_integer = false;
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			negative = *at++ == '-';
		for (first = at; at < end && *at >= '0' && *at <= '9'; at++)
		{
			if (written < 100000)
				written = written * 10 + (*at - '0');
		}
		if (at == first)
			return decimal;
		exponent += negative ? -written : written;
	}
	decimal.exponent = (int) exponent;
	decimal.length = (size_t) (at - text);
	return decimal;
}

/* Whether it is a whole number without point or exponent that fits. */
bool
decimal_integer(const Decimal *decimal, int64_t *value)
{
	if (!decimal->is_integer || !decimal->is_exact ||
		decimal->mantissa > (uint64_t) INT64_MAX + decimal->negative)
		return false;
	*value = decimal->negative ? (int64_t) (0 - decimal->mantissa) : (int64_t) decimal->mantissa;
	return true;
}

/* The nearest float32 of what decimal_scan() found in text. */
float
decimal_real(CoreHost *host, const Decimal *decimal, const char *text)
{
	static const double powers[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
	};
	char		copy[DOCUMENT_NUMBER_MAX + 1];
	char	   *end;
	float		value;

#if FLT_EVAL_METHOD == 0
	if (decimal->is_exact && decimal->mantissa <= UINT64_C(1) << 53 &&
		decimal->exponent >= -22 && decimal->exponent <= 22)
	{
		double		wide = (double) decimal->mantissa;
		uint64_t	bits;

		if (decimal->exponent < 0)
			wide /= powers[-decimal->exponent];
		else
			wide *= powers[decimal->exponent];
		memcpy(&bits, &wide, sizeof(bits));
		if (wide == 0.0 ||
			(wide >= FLT_MIN && wide < FLT_MAX / 2 &&
			 (bits & UINT64_C(0x1fffffff)) != UINT64_C(0x10000000)))
			return decimal->negative ? -(float) wide : (float) wide;
	}
#endif
	memcpy(copy, text, decimal->length);
	copy[decimal->length] = '\0';
	value = strtof(copy, &end);
	if (*end != '\0')
		core_fail(host, CORE_INVALID_MODEL, NULL,
				  "The number \"%s\" cannot be read under this program's numeric locale.", copy);
	return value;
}

bool
document_parse_real(CoreHost *host, const char *text, size_t length, float *value)
{
	Decimal		decimal;

	if (length > DOCUMENT_NUMBER_MAX)
		return false;
	decimal = decimal_scan(text, length);
	if (decimal.length != length || length == 0)
		return false;
	*value = decimal_real(host, &decimal, text);
	return true;
}

bool
document_parse_integer(const char *text, size_t length, int64_t *value)
{
	Decimal		decimal;

	if (length > DOCUMENT_NUMBER_MAX)
		return false;
	decimal = decimal_scan(text, length);
	return length > 0 && decimal.length == length && decimal_integer(&decimal, value);
}

/* ---------- events ---------- */

DocumentEvent
document_next(Document *document)
{
	document->event = document->is_ubjson ? ubjson_next(document) : json_next(document);
	return document->event;
}

void
document_skip(Document *document)
{
	document->skipping = true;
	if (document->event == DOCUMENT_KEY)
		document_next(document);
	if (document->event == DOCUMENT_OBJECT_BEGIN || document->event == DOCUMENT_ARRAY_BEGIN)
	{
		int			outside = document->depth - 1;

		while (document->depth > outside)
			document_next(document);
	}
	document->skipping = false;
}

const char *
document_text(const Document *document, size_t *length)
{
	if (length != NULL)
		*length = document->text_length;
	return document->text;
}

int64_t
document_integer(const Document *document)
{
	return document->integer;
}

float
document_real(const Document *document)
{
	return document->real;
}

uint64_t
document_offset(const Document *document)
{
	return document->event_offset;
}

bool
document_is_ubjson(const Document *document)
{
	return document->is_ubjson;
}
