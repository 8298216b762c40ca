/*
 * ubjson.c
 *		The UBJSON lexer (document.h, document_internal.h).
 *
 * Universal Binary JSON, draft 12, as far as XGBoost writes it and a little
 * further.  A value is a type marker and its payload, big-endian:
 *
 *	Z null		T F booleans	C character
 *	i U I l L	integers of 8 (signed, unsigned), 16, 32 and 64 bits
 *	d D			float32 and float64
 *	S			a string: its length as an integer value, then UTF-8
 *	[ ... ]		an array closed by its bracket
 *	[ # n		an array of n values, not closed
 *	[ $ t # n	an array of n payloads of the type t, not closed
 *	{ ... }		an object; keys are strings without their S
 *	{ # n		an object of n members, not closed
 *
 * N (no operation) is passed over between values.  Typed arrays hold numbers or
 * characters only: elements without a payload would let sixteen bytes stand for
 * any number of events.  H (decimals of any precision) and typed objects are
 * refused; XGBoost never wrote them.
 *
 * Lengths are checked for their sign and against the longest document before
 * anything is done with them, and nothing is allocated from them.
 */
#include "document_internal.h"
#include "utf8.h"

#include <string.h>

static _Noreturn void
fail_marker(Document *document, uint8_t marker, const char *expected)
{
	uint64_t	offset = document_position(document) - 1;

	if (marker > ' ' && marker < 0x7f)
		document_fail(document, offset, CORE_INVALID_MODEL,
					  "%s is expected here, not \"%c\".", expected, marker);
	document_fail(document, offset, CORE_INVALID_MODEL,
				  "%s is expected here, not the byte 0x%02x.", expected, marker);
}

/* Bytes of the payload of a type that may stand in a typed array; 0: none may */
static inline int
payload_width(uint8_t type)
{
	switch (type)
	{
		case 'i':
		case 'U':
		case 'C':
			return 1;
		case 'I':
			return 2;
		case 'l':
		case 'd':
			return 4;
		case 'L':
		case 'D':
			return 8;
		default:
			return 0;
	}
}

static inline uint64_t
take_big_endian(Document *document, int width)
{
	uint8_t		bytes[8];
	uint64_t	value = 0;

	document_take_bytes(document, bytes, (size_t) width);
	for (int i = 0; i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* The payload of an integer type; false when the type is none */
static inline bool
take_integer(Document *document, uint8_t type, int64_t *value)
{
	switch (type)
	{
		case 'i':
			*value = (int8_t) take_big_endian(document, 1);
			return true;
		case 'U':
			*value = (int64_t) take_big_endian(document, 1);
			return true;
		case 'I':
			*value = (int16_t) take_big_endian(document, 2);
			return true;
		case 'l':
			*value = (int32_t) take_big_endian(document, 4);
			return true;
		case 'L':
			*value = (int64_t) take_big_endian(document, 8);
			return true;
		default:
			return false;
	}
}

/* A length whose type marker has been taken */
static uint64_t
take_length(Document *document, uint8_t type)
{
	uint64_t	offset = document_position(document) - 1;
	int64_t		length;

	if (!take_integer(document, type, &length))
		fail_marker(document, type, "the type of a length");
	if (length < 0)
		document_fail(document, offset, CORE_INVALID_MODEL, "a length is negative.");
	if ((uint64_t) length > MODEL_BYTES_MAX)
		document_fail(document, offset, CORE_LIMIT_EXCEEDED,
					  "a length of %lld exceeds the limit of a document, %llu bytes.",
					  (long long) length, (unsigned long long) MODEL_BYTES_MAX);
	return (uint64_t) length;
}

/* Text of a given length, as the text of the event */
static void
take_text(Document *document, uint64_t length)
{
	uint64_t	offset = document_position(document);

	document_text_begin(document);
	if (document->skipping)
	{
		document_discard(document, length);
		document_text_end(document);
		return;
	}
	if (length > MODEL_STRING_MAX)
		document_fail(document, offset, CORE_LIMIT_EXCEEDED,
					  "a string of %llu bytes is longer than the limit of %d bytes.",
					  (unsigned long long) length, MODEL_STRING_MAX);
	while (length > 0)
	{
		size_t		available = (size_t) (document->end - document->at);

		if (available == 0)
		{
			if (!document_refill(document))
				document_fail_truncated(document);
			continue;
		}
		if (available > length)
			available = (size_t) length;
		document_text_append(document, document->at, available);
		document->at += available;
		length -= available;
	}
	document_text_end(document);
	if (!utf8_is_text(document->text, document->text_length))
		document_fail(document, offset, CORE_INVALID_MODEL,
					  "the text is not valid UTF-8, or holds a NUL character.");
}

/* After "[" or "{": the count and the type, where they are given */
static DocumentEvent
open_container(Document *document, bool is_object)
{
	DocumentFrame frame = {.is_object = is_object};
	int			byte = document_peek(document);

	if (byte == '$')
	{
		uint8_t		type;

		document->at++;
		type = document_take(document);
		if (is_object)
			document_fail(document, document->event_offset, CORE_INVALID_MODEL,
						  "typed objects are not supported.");
		if (payload_width(type) == 0)
			fail_marker(document, type, "the type of an array's elements");
		frame.type = (char) type;
		byte = document_peek(document);
		if (byte != '#')
			fail_marker(document, document_take(document), "the count of a typed array");
	}
	if (byte == '#')
	{
		document->at++;
		frame.counted = true;
		frame.remaining = take_length(document, document_take(document));
	}
	document_push(document, frame);
	return is_object ? DOCUMENT_OBJECT_BEGIN : DOCUMENT_ARRAY_BEGIN;
}

/* A value whose type marker has been taken */
static DocumentEvent
read_value(Document *document, uint8_t type)
{
	DocumentEvent event;
	uint64_t	bits;
	uint32_t	narrow;
	double		wide;

	switch (type)
	{
		case 'i':
		case 'U':
		case 'I':
		case 'l':
		case 'L':
			take_integer(document, type, &document->integer);
			document->real = (float) document->integer;
			event = DOCUMENT_INTEGER;
			break;
		case 'd':
			narrow = (uint32_t) take_big_endian(document, 4);
			memcpy(&document->real, &narrow, sizeof(narrow));
			event = DOCUMENT_REAL;
			break;
		case 'D':
			bits = take_big_endian(document, 8);
			memcpy(&wide, &bits, sizeof(bits));
			document->real = (float) wide;
			event = DOCUMENT_REAL;
			break;
		case 'C':
			take_text(document, 1);
			event = DOCUMENT_STRING;
			break;
		case 'S':
			take_text(document, take_length(document, document_take(document)));
			event = DOCUMENT_STRING;
			break;
		case 'T':
		case 'F':
			document->integer = type == 'T';
			event = DOCUMENT_BOOLEAN;
			break;
		case 'Z':
			event = DOCUMENT_NULL;
			break;
		case '[':
		case '{':
			return open_container(document, type == '{');
		default:
			fail_marker(document, type, "the type of a value");
	}
	document_value_done(document);
	return event;
}

/* The next marker that means something */
static inline uint8_t
take_marker(Document *document)
{
	uint8_t		marker;

	while ((marker = document_take(document)) == 'N')
		;
	document->event_offset = document_position(document) - 1;
	return marker;
}

DocumentEvent
ubjson_next(Document *document)
{
	DocumentFrame *frame;
	uint8_t		marker;

	document->event_offset = document_position(document);
	if (document->expect == EXPECT_NOTHING)
	{
		int			byte = document_peek(document);

		if (byte >= 0)
			document_fail(document, document_position(document), CORE_INVALID_MODEL,
						  "the document is complete, but more bytes follow.");
		return DOCUMENT_END;
	}
	if (document->expect == EXPECT_VALUE)
		return read_value(document, take_marker(document));

	frame = &document->frames[document->depth - 1];
	if (frame->counted && frame->remaining == 0)
	{
		bool		is_object = frame->is_object;

		document_pop(document);
		return is_object ? DOCUMENT_OBJECT_END : DOCUMENT_ARRAY_END;
	}
	if (frame->type != 0)
	{
		if (document->skipping)
		{
			document_discard(document, frame->remaining *
							 (uint64_t) payload_width((uint8_t) frame->type));
			document_pop(document);
			return DOCUMENT_ARRAY_END;
		}
		frame->remaining--;
		return read_value(document, (uint8_t) frame->type);
	}

	marker = take_marker(document);
	if (frame->counted)
		frame->remaining--;
	else if (marker == (frame->is_object ? '}' : ']'))
	{
		bool		is_object = frame->is_object;

		document_pop(document);
		return is_object ? DOCUMENT_OBJECT_END : DOCUMENT_ARRAY_END;
	}
	if (!frame->is_object)
		return read_value(document, marker);
	take_text(document, take_length(document, marker));
	document->expect = EXPECT_VALUE;
	return DOCUMENT_KEY;
}
