/*
 * document_events.c
 *		A document as one stream of events (document.h).
 *
 * Above the two lexers: which of them is asked is seen from the document's first
 * bytes; from then on nobody else needs to know.  What people do try, but is no
 * saved model, is called by its name (recognise.c).  The lexers know nothing of
 * this file.
 */
#include "document_internal.h"
#include "recognise.h"

#include <string.h>

#define SAVE_AGAIN_HINT \
	"Save the model again with booster.save_model('model.ubj') or booster.save_model('model.json')."

/* ---------- which encoding ---------- */

static bool
is_space(int byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/*
 * Tells JSON from UBJSON.  Both encodings open with a brace; UBJSON goes on with
 * the type marker of a key's length, JSON with a quote or white space.
 */
static void
recognise(Document *document, size_t length)
{
	Foreign		foreign;
	size_t		at = 0;

	if (length == 0)
		core_fail(document->host, CORE_INVALID_MODEL, SAVE_AGAIN_HINT, "The document is empty.");
	if (recognise_foreign(document->head, length, &foreign))
		core_fail(document->host, CORE_INVALID_MODEL, foreign.hint, "%s", foreign.what);
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

Document *
document_open(CoreHost *host, ModelSource *source)
{
	Document   *document = core_allocate(host, 1, sizeof(Document));

	document->host = host;
	document->source = source;
	document->expect = EXPECT_VALUE;
	recognise(document, document_first_window(document));
	return document;
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
