/*
 * server_host.c
 *		The core's host in a server process, and models read from memory.
 *
 * The core (core/host.h) knows no PostgreSQL: what it needs of its surroundings
 * is palloc in CurrentMemoryContext, ereport and CHECK_FOR_INTERRUPTS here.
 */
#include "models/server_host.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/digest.h"
#include "base/messages.h"

static void *
server_allocate(CoreHost *host, size_t size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, size);
}

static void
server_release(CoreHost *host, void *memory)
{
	pfree(memory);
}

static void
server_fail(CoreHost *host, CoreErrorCode code, const char *detail, const char *hint)
{
	static const struct
	{
		int			sqlstate;
		const char *message;
	}			kinds[] = {
		[CORE_INVALID_MODEL] = {ERRCODE_INVALID_BINARY_REPRESENTATION, "invalid XGBoost model"},
		[CORE_UNSUPPORTED_MODEL] = {ERRCODE_FEATURE_NOT_SUPPORTED, "unsupported XGBoost model"},
		[CORE_LIMIT_EXCEEDED] = {ERRCODE_PROGRAM_LIMIT_EXCEEDED, "XGBoost model exceeds a limit"}
	};

	ereport(ERROR,
			(errcode(kinds[code].sqlstate),
			 errmsg("%s", kinds[code].message),
			 detail ? errdetail("%s", message_text(detail, strlen(detail))) : 0,
			 hint ? errhint("%s", hint) : 0));
}

static void
server_check_interrupts(CoreHost *host)
{
	CHECK_FOR_INTERRUPTS();
}

CoreHost *
server_host(void)
{
	static CoreHost host = {
		.allocate = server_allocate,
		.release = server_release,
		.fail = server_fail,
		.check_interrupts = server_check_interrupts
	};

	return &host;
}

/*
 * A source that gives bytes from memory in pieces, so that interrupts get a chance:
 * to read half a gigabyte takes seconds, and so does its digest.
 */
#define PIECE_LENGTH (1 << 20)

typedef struct MemorySource
{
	ModelSource source;			/* must be first */
	const uint8_t *next;
	size_t		left;
	pg_cryptohash_ctx *hash;	/* of what was given; NULL when nobody asks for it */
} MemorySource;

static size_t
next_piece(ModelSource *source, const uint8_t **chunk)
{
	MemorySource *memory = (MemorySource *) source;
	size_t		length = Min(memory->left, PIECE_LENGTH);

	CHECK_FOR_INTERRUPTS();
	if (memory->hash != NULL)
		digest_add(memory->hash, memory->next, length);
	*chunk = memory->next;
	memory->next += length;
	memory->left -= length;
	return length;
}

Model *
server_read_model(const bytea *bytes, uint8 *digest)
{
	MemorySource source = {
		.source.more = next_piece,
		.next = (const uint8_t *) VARDATA_ANY(bytes),
		.left = VARSIZE_ANY_EXHDR(bytes),
		.hash = digest != NULL ? digest_begin() : NULL
	};
	Model	   *model = model_read(server_host(), &source.source);
	const uint8_t *rest;

	if (digest != NULL)
	{
		while (next_piece(&source.source, &rest) > 0)
			;
		digest_end(source.hash, digest);
	}
	return model;
}
