/*
 * document.h
 *		One stream of events over both of XGBoost's encodings, JSON and UBJSON.
 *
 * The encoding is recognised by content.  Only what XGBoost writes is
 * understood: JSON with the bare tokens NaN, Infinity and -Infinity, and the
 * subset of UBJSON whose lengths are always given (keys and strings by an
 * integer of any width, arrays counted, or typed and counted, or closed by a
 * bracket).  A typed array gives the same events as an ordinary one.
 */
#ifndef CORE_DOCUMENT_H
#define CORE_DOCUMENT_H

#include "source.h"

typedef enum DocumentEvent
{
	DOCUMENT_OBJECT_BEGIN,
	DOCUMENT_OBJECT_END,
	DOCUMENT_ARRAY_BEGIN,
	DOCUMENT_ARRAY_END,
	DOCUMENT_KEY,				/* text */
	DOCUMENT_STRING,			/* text */
	DOCUMENT_INTEGER,			/* integer, and real as its float32 */
	DOCUMENT_REAL,				/* real */
	DOCUMENT_BOOLEAN,			/* integer 0 or 1 */
	DOCUMENT_NULL,
	DOCUMENT_END				/* the document is complete */
} DocumentEvent;

typedef struct Document Document;

/* Opens a document and looks at its first bytes; nothing is read past a chunk. */
extern Document *document_open(CoreHost *host, ModelSource *source);

/* The next event; structure errors, lengths and limits are checked here. */
extern DocumentEvent document_next(Document *document);

/*
 * Reads away the rest of the value whose first event was the last one returned;
 * after DOCUMENT_KEY, the value of that key.  Structure is checked all the same,
 * but strings of any length pass, and those of UBJSON unread.
 */
extern void document_skip(Document *document);

/* Of the last event.  Text is NUL-terminated and valid until the next event. */
extern const char *document_text(const Document *document, size_t *length);
extern int64_t document_integer(const Document *document);
extern float document_real(const Document *document);

/* For messages: where the last event began, and what it was. */
extern uint64_t document_offset(const Document *document);
extern bool document_is_ubjson(const Document *document);

#endif
