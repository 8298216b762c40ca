/*
 * source.h
 *		The bytes of a model: where they come from, and how much they may hold.
 *
 * What recognises and reads documents needs this of a model, and no more.
 */
#ifndef CORE_SOURCE_H
#define CORE_SOURCE_H

#include "host.h"

/* Limits of what a document may hold; each refusal names its limit */
#define MODEL_BYTES_MAX			(UINT64_C(512) << 20)	/* length of a document */
#define MODEL_NESTING_MAX		32			/* objects and arrays inside each other */
#define MODEL_STRING_MAX		(1 << 20)	/* bytes of one string */
#define MODEL_FEATURES_MAX		(1 << 20)
#define MODEL_GROUPS_MAX		4096		/* output groups: classes or targets */
#define MODEL_OUTPUTS_MAX		(1 << 24)	/* (features + 1) x groups: contributions of a row */
#define MODEL_TREES_MAX			(1 << 20)
#define MODEL_NODES_MAX			(1 << 22)	/* of one tree */
#define MODEL_DEPTH_MAX			512			/* splits on one path */
#define MODEL_CATEGORY_MAX		(1 << 24)	/* categories are exact float32 integers */

/*
 * Where the bytes come from, a chunk at a time, so that a large model need not
 * stand in memory whole.  more() sets *chunk and returns its length, 0 at the
 * end; a chunk stays valid until the next call.
 */
typedef struct ModelSource ModelSource;

struct ModelSource
{
	size_t		(*more) (ModelSource *source, const uint8_t **chunk);
};

#endif
