/*
 * reader_writer.h
 *		Makes documents for test_reader.c: edits of a text, and UBJSON of JSON.
 *
 * The UBJSON is written from the events of the JSON, in one of several styles,
 * so that every way to write a length, a number or an array is read once.
 */
#ifndef READER_WRITER_H
#define READER_WRITER_H

#include "document.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* ---------- bytes and edits ---------- */

typedef struct Bytes
{
	uint8_t    *bytes;
	size_t		length;
} Bytes;

static void
put(Bytes *out, const void *bytes, size_t length)
{
	out->bytes = realloc(out->bytes, out->length + length + 1);
	if (out->bytes == NULL)
		abort();
	if (length > 0)
		memcpy(out->bytes + out->length, bytes, length);
	out->length += length;
	out->bytes[out->length] = '\0';
}

/* A text in which the one place of a piece is replaced, into out */
static bool
replace(Bytes *out, const char *text, const char *piece, const char *by)
{
	const char *at = strstr(text, piece);

	out->length = 0;
	if (at == NULL || strstr(at + 1, piece) != NULL)
		return false;
	put(out, text, (size_t) (at - text));
	put(out, by, strlen(by));
	put(out, at + strlen(piece), strlen(at + strlen(piece)));
	return true;
}

/* ---------- JSON to UBJSON, in several styles ---------- */

typedef struct Style
{
	const char *name;
	char		length_type;	/* of lengths and counts */
	char		integer_type;	/* of integers */
	bool		counted_arrays;
	bool		typed_reals;	/* arrays of reals as [$d# */
	bool		counted_objects;
	bool		no_ops;
} Style;

static void
put_integer(Bytes *out, char type, int64_t value)
{
	int			width = type == 'L' ? 8 : type == 'l' ? 4 : type == 'I' ? 2 : 1;

	put(out, &type, 1);
	while (width-- > 0)
	{
		uint8_t		byte = (uint8_t) ((uint64_t) value >> 8 * width);

		put(out, &byte, 1);
	}
}

static void
put_length(Bytes *out, const Style *style, size_t length)
{
	char		type = style->length_type;

	if ((type == 'i' && length > 127) || (type == 'U' && length > 255))
		type = 'l';
	put_integer(out, type, (int64_t) length);
}

static void
put_real(Bytes *out, float value, bool marker)
{
	uint32_t	bits;
	uint8_t		bytes[4];

	memcpy(&bits, &value, sizeof(bits));
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t) (bits >> (24 - 8 * i));
	if (marker)
		put(out, "d", 1);
	put(out, bytes, 4);
}

static size_t transcode_value(Document *document, DocumentEvent event, const Style *style,
							  Bytes *out, bool *all_reals);

/* Members or elements up to the closing event, into out; their number */
static size_t
transcode_members(Document *document, const Style *style, Bytes *out, bool *all_reals, Bytes *reals)
{
	DocumentEvent event;
	size_t		count = 0;

	while ((event = document_next(document)) != DOCUMENT_OBJECT_END && event != DOCUMENT_ARRAY_END)
	{
		if (style->no_ops)
			put(out, "NN", 2);
		if (event == DOCUMENT_KEY)
		{
			size_t		length;
			const char *text = document_text(document, &length);

			put_length(out, style, length);
			put(out, text, length);
			event = document_next(document);
			*all_reals = false;
		}
		if (event == DOCUMENT_REAL || event == DOCUMENT_INTEGER)
			put_real(reals, document_real(document), false);
		transcode_value(document, event, style, out, all_reals);
		count++;
	}
	return count;
}

static size_t
transcode_value(Document *document, DocumentEvent event, const Style *style, Bytes *out, bool *all_reals)
{
	size_t		length;
	const char *text;

	if (event != DOCUMENT_REAL)
		*all_reals = false;
	switch (event)
	{
		case DOCUMENT_STRING:
			text = document_text(document, &length);
			put(out, "S", 1);
			put_length(out, style, length);
			put(out, text, length);
			break;
		case DOCUMENT_INTEGER:
			{
				int64_t		value = document_integer(document);
				char		type = style->integer_type;

				if ((type == 'i' && (value < -128 || value > 127)) ||
					(type == 'U' && (value < 0 || value > 255)) ||
					(type == 'I' && (value < -32768 || value > 32767)))
					type = 'l';
				put_integer(out, type, value);
				break;
			}
		case DOCUMENT_REAL:
			put_real(out, document_real(document), true);
			break;
		case DOCUMENT_BOOLEAN:
			put(out, document_integer(document) ? "T" : "F", 1);
			break;
		case DOCUMENT_NULL:
			put(out, "Z", 1);
			break;
		case DOCUMENT_ARRAY_BEGIN:
		case DOCUMENT_OBJECT_BEGIN:
			{
				bool		is_object = event == DOCUMENT_OBJECT_BEGIN;
				bool		counted = is_object ? style->counted_objects : style->counted_arrays;
				bool		reals_only = true;
				Bytes		inner = {0};
				Bytes		reals = {0};
				size_t		count;

				count = transcode_members(document, style, &inner, &reals_only, &reals);
				put(out, is_object ? "{" : "[", 1);
				if (!is_object && style->typed_reals && reals_only && count > 0)
				{
					put(out, "$d#", 3);
					put_length(out, style, count);
					put(out, reals.bytes, reals.length);
				}
				else
				{
					if (counted)
					{
						put(out, "#", 1);
						put_length(out, style, count);
					}
					if (inner.length > 0)
						put(out, inner.bytes, inner.length);
					if (!counted)
						put(out, is_object ? "}" : "]", 1);
				}
				free(inner.bytes);
				free(reals.bytes);
				break;
			}
		default:
			abort();
	}
	return 0;
}

typedef struct Transcoding
{
	UnitSource	source;
	const Style *style;
	Bytes	   *out;
} Transcoding;

static void
transcode_document(CoreHost *host, void *argument)
{
	Transcoding *work = argument;
	Document   *document = document_open(host, &work->source.source);
	bool		ignored = true;

	transcode_value(document, document_next(document), work->style, work->out, &ignored);
}

static bool
transcode(const char *json, const Style *style, Bytes *out)
{
	Transcoding work = {.style = style,.out = out};
	UnitHost	host;
	bool		good;

	out->length = 0;
	unit_host_init(&host);
	unit_source_init(&work.source, json, strlen(json), 0);
	good = unit_run(&host, transcode_document, &work);
	unit_source_done(&work.source);
	unit_host_reset(&host);
	return good;
}

static const Style styles[] = {
	{"as XGBoost writes it", 'L', 'i', true, true, false, false},
	{"closed by brackets", 'L', 'L', false, false, false, false},
	{"lengths of 8 bits, signed", 'i', 'i', true, true, false, false},
	{"lengths of 8 bits, unsigned", 'U', 'U', true, false, true, false},
	{"lengths of 16 bits", 'I', 'I', false, true, true, false},
	{"lengths of 32 bits", 'l', 'l', true, true, true, false},
	{"no-ops in between", 'L', 'i', true, false, false, true},
};

#endif
