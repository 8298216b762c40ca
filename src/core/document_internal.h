/*
 * document_internal.h
 *		What the two lexers, json.c and ubjson.c, share.
 *
 * document_window.c, below both, gives them the bytes and keeps text and nesting;
 * document_events.c, above both, asks the one whose encoding it is.
 *
 * The bytes are seen through a window [at, end): a slice of the source's
 * current chunk of at most DOCUMENT_WINDOW_MAX bytes, so that the host is asked
 * for interrupts between any two windows, however large the chunks are.  The
 * very first window is a copy of the document's first bytes, gathered in order
 * to recognise the encoding.  A token may be cut by the end of a window at any
 * byte; a lexer therefore reads through document_take() and friends, and looks
 * into the window directly only where it has made sure of the length.
 *
 * Nesting is a stack of small frames, never the C stack.  While `skipping` is
 * set, the lexers check the structure but gather no text and convert no number.
 */
#ifndef CORE_DOCUMENT_INTERNAL_H
#define CORE_DOCUMENT_INTERNAL_H

#include "document.h"
#include "recognise.h"

#define DOCUMENT_WINDOW_MAX		(64 * 1024)
#define DOCUMENT_HEAD_LENGTH	RECOGNISE_LENGTH	/* bytes looked at to recognise the encoding */

typedef struct DocumentFrame
{
	bool		is_object;
	bool		counted;		/* UBJSON: closed by its count, not by a bracket */
	char		type;			/* UBJSON: type of all the elements, or 0 */
	uint64_t	remaining;		/* UBJSON, counted: elements still to come */
} DocumentFrame;

/* What the lexer accepts next, inside the innermost frame */
typedef enum DocumentExpect
{
	EXPECT_VALUE,				/* of the root, or after a key */
	EXPECT_FIRST,				/* right after an opening bracket */
	EXPECT_NEXT,				/* after an element or a member */
	EXPECT_NOTHING				/* the root value is complete */
} DocumentExpect;

struct Document
{
	CoreHost   *host;
	ModelSource *source;
	bool		is_ubjson;
	bool		skipping;

	/* the window, and what of the chunk lies behind it */
	const uint8_t *at;
	const uint8_t *end;
	const uint8_t *window;		/* where the window begins ... */
	uint64_t	window_offset;	/* ... in the document */
	const uint8_t *chunk;
	size_t		chunk_length;
	uint64_t	bytes_read;		/* from the source, in all */
	bool		at_end;			/* the source is exhausted */
	uint8_t		head[DOCUMENT_HEAD_LENGTH];

	/* nesting */
	int			depth;
	DocumentFrame frames[MODEL_NESTING_MAX];
	DocumentExpect expect;

	/* the last event */
	DocumentEvent event;
	uint64_t	event_offset;
	int64_t		integer;
	float		real;
	char	   *text;
	size_t		text_length;
	size_t		text_capacity;
};

extern DocumentEvent json_next(Document *document);
extern DocumentEvent ubjson_next(Document *document);

/* Makes the first window, of the bytes that tell the encoding; returns its length. */
extern size_t document_first_window(Document *document);

/* Makes the next window; false at the end of the document. */
extern bool document_refill(Document *document);

/* Fails about the byte at an offset: "Byte N: ..." */
extern _Noreturn void document_fail(Document *document, uint64_t offset, CoreErrorCode code,
									const char *detail, ...) CORE_PRINTF(4, 5);
extern _Noreturn void document_fail_truncated(Document *document);

extern void document_take_bytes(Document *document, uint8_t *bytes, size_t length);
extern void document_discard(Document *document, uint64_t length);

extern void document_text_begin(Document *document);
extern void document_text_append(Document *document, const void *bytes, size_t length);
extern void document_text_end(Document *document);

extern void document_push(Document *document, DocumentFrame frame);
extern void document_pop(Document *document);

/* Where the next byte stands in the document */
static inline uint64_t
document_position(const Document *document)
{
	return document->window_offset + (uint64_t) (document->at - document->window);
}

/* The next byte, left in place; -1 at the end of the document */
static inline int
document_peek(Document *document)
{
	if (document->at == document->end && !document_refill(document))
		return -1;
	return *document->at;
}

/* The next byte; the end of the document is an error */
static inline uint8_t
document_take(Document *document)
{
	if (document->at == document->end && !document_refill(document))
		document_fail_truncated(document);
	return *document->at++;
}

/* After a complete value: what may follow it */
static inline void
document_value_done(Document *document)
{
	document->expect = document->depth == 0 ? EXPECT_NOTHING : EXPECT_NEXT;
}

#endif
