/*
 * company_risk.c
 *		Start of the module: settings, and the core's host.
 *
 * The module needs no shared_preload_libraries: everything shared is attached at
 * the first use (shared_directory.c).  Preloading is allowed and spares a new
 * connection the loading of the library.
 */
#include "company_risk.h"

#include <limits.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "compat.h"
#include "shared_directory.h"
#include "trainer.h"

#define NAMES_IN_MESSAGE 10

COMPANY_RISK_MODULE_MAGIC("company_risk", COMPANY_RISK_VERSION);

char	   *company_risk_default_model = NULL;
int			company_risk_shared_memory_limit = 1024;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	DefineCustomStringVariable("company_risk.default_model",
							   "Sets the model that is meant where none is named.",
							   "A name means its production version, name@version that version; "
							   "empty means the only model in production.",
							   &company_risk_default_model,
							   "",
							   PGC_USERSET, 0,
							   NULL, NULL, NULL);
	DefineCustomIntVariable("company_risk.shared_memory_limit",
							"Sets the maximum dynamic shared memory that images of models may take.",
							"-1 means no limit, 0 keeps images in private memory.",
							&company_risk_shared_memory_limit,
							1024, -1, INT_MAX / 1024,
							PGC_SUSET, GUC_UNIT_MB,
							NULL, NULL, NULL);
	trainer_init();
	MarkGUCPrefixReserved("company_risk");
	shared_directory_init();
}

PG_FUNCTION_INFO_V1(company_risk_library_version);
Datum
company_risk_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(COMPANY_RISK_VERSION));
}

void
message_add_name(StringInfo names, int count, const char *name)
{
	if (count < NAMES_IN_MESSAGE)
		appendStringInfo(names, "%s\"%s\"", count > 0 ? ", " : "", name);
	else if (count == NAMES_IN_MESSAGE)
		appendStringInfoString(names, ", ...");
}

/* ----------
 * The core's host
 * ----------
 */
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

/*
 * The core's messages quote a model's UTF-8, perhaps cut inside a character.  An
 * error must not fail over it: in other encodings anything but ASCII gives way.
 */
static char *
server_message(const char *message)
{
	char	   *copy = pstrdup(message);

	if (GetDatabaseEncoding() == PG_UTF8)
		copy[pg_encoding_mbcliplen(PG_UTF8, copy, strlen(copy), strlen(copy))] = '\0';
	else
		for (char *c = copy; *c != '\0'; c++)
			if (IS_HIGHBIT_SET(*c))
				*c = '?';
	return copy;
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
		[CORE_LIMIT_EXCEEDED] = {ERRCODE_PROGRAM_LIMIT_EXCEEDED, "XGBoost model exceeds a limit"},
		[CORE_INVALID_ARGUMENT] = {ERRCODE_INVALID_PARAMETER_VALUE, "invalid argument for XGBoost model"},
	};

	ereport(ERROR,
			(errcode(kinds[code].sqlstate),
			 errmsg("%s", kinds[code].message),
			 detail ? errdetail("%s", server_message(detail)) : 0,
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

/* A source that gives bytes from memory in pieces, so that interrupts get a chance. */
#define PIECE_LENGTH (1 << 20)

typedef struct MemorySource
{
	ModelSource source;			/* must be first */
	const uint8_t *next;
	size_t		left;
} MemorySource;

static size_t
next_piece(ModelSource *source, const uint8_t **chunk)
{
	MemorySource *memory = (MemorySource *) source;
	size_t		length = Min(memory->left, PIECE_LENGTH);

	*chunk = memory->next;
	memory->next += length;
	memory->left -= length;
	return length;
}

Model *
server_read_model(const bytea *bytes)
{
	MemorySource source = {
		.source.more = next_piece,
		.next = (const uint8_t *) VARDATA_ANY(bytes),
		.left = VARSIZE_ANY_EXHDR(bytes)
	};

	return model_read(server_host(), &source.source);
}

static char *
server_string(char *utf8)
{
	return pg_any_to_server(utf8, strlen(utf8), PG_UTF8);
}

void
server_recode_names(Model *model)
{
	if (GetDatabaseEncoding() == PG_UTF8)
		return;
	for (uint32_t i = 0; i < model->feature_count; i++)
	{
		if (model->feature_names != NULL)
			model->feature_names[i] = server_string(model->feature_names[i]);
		if (model->categories != NULL)
			for (uint32_t k = 0; k < model->categories[i].count; k++)
				model->categories[i].names[k] = server_string(model->categories[i].names[k]);
	}
}
