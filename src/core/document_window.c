/*
 * document_window.c
 *		What both lexers stand on (document_internal.h).
 *
 * A Document turns a source of chunks into events (document.h).  The lexers of
 * json.c and ubjson.c do the reading; here live the window over the chunks, the
 * text of the last key or string, and the stack of open objects and arrays.
 *
 * Nothing is ever allocated from a length that the document claims: text grows
 * as its bytes arrive, and arrays are counted, not stored.  So the memory that
 * a hostile document can cost is bounded by its own length.
 */
#include "document_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

size_t
document_first_window(Document *document)
{
	size_t		length = 0;

	while (length < DOCUMENT_HEAD_LENGTH && next_chunk(document))
	{
		document->head[length++] = *document->chunk++;
		document->chunk_length--;
	}
	document->window = document->at = document->head;
	document->end = document->head + length;
	return length;
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
