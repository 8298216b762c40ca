/*
 * unit.h
 *		The harness of the unit programs: a host for the core, and checks.
 *
 * The host hands out single malloc() blocks (so that a sanitizer sees every
 * overrun), keeps a list of them, and gives them all back in unit_host_reset().
 * unit_run() runs a function of the core until it returns or fails; a failure
 * is a longjmp() back into unit_run(), which notes its code and its texts.
 *
 * Checks are grouped.  Each group prints one line, "ok 3 - name" or
 * "not ok 3 - name", after a "# file:line: ..." line for each failed check, and
 * unit_finish() prints how many checks passed and failed.
 */
#ifndef UNIT_H
#define UNIT_H

#include "host.h"
#include "model.h"

#include <setjmp.h>

typedef struct UnitBlock UnitBlock;

typedef struct UnitHost
{
	CoreHost	host;
	UnitBlock  *blocks;
	jmp_buf    *catcher;		/* set inside unit_run() */
	size_t		live;			/* bytes allocated now ... */
	size_t		peak;			/* ... and at most, since the last reset */
	size_t		limit;			/* the host fails beyond it */
	uint64_t	interrupt_checks;

	/* of the last failure */
	CoreErrorCode code;
	char		detail[1024];
	char		hint[1024];
} UnitHost;

/* Bytes in memory as a source, in chunks of a given size; each chunk dies with the next */
typedef struct UnitSource
{
	ModelSource source;
	const uint8_t *bytes;
	size_t		length;
	size_t		at;
	size_t		chunk_size;		/* 0: all in one */
	uint8_t    *chunk;
} UnitSource;

extern void unit_host_init(UnitHost *unit);
extern void unit_host_reset(UnitHost *unit);

/* True when the function returned, false when it failed. */
extern bool unit_run(UnitHost *unit, void (*function) (CoreHost *host, void *argument),
					 void *argument);

extern void unit_source_init(UnitSource *source, const void *bytes, size_t length,
							 size_t chunk_size);
extern void unit_source_done(UnitSource *source);

/* model_read() in unit_run(); NULL on failure.  The model lives until the reset. */
extern Model *unit_read_model(UnitHost *unit, const void *bytes, size_t length,
							  size_t chunk_size);

/* A whole file, with a NUL behind it, or NULL; to be freed. */
extern uint8_t *unit_read_file(const char *path, size_t *length);

/* Names in a directory, sorted, without those that begin with a dot; to be freed. */
extern char **unit_list_directory(const char *path, size_t *count);
extern void unit_free_list(char **names, size_t count);

extern void unit_group(const char *format,...) CORE_PRINTF(1, 2);
extern bool unit_check(bool passed, const char *file, int line, const char *format,...) CORE_PRINTF(4, 5);
extern int	unit_finish(void);

#define CHECK(condition) \
	unit_check((condition), __FILE__, __LINE__, "%s", #condition)
#define CHECK_MESSAGE(condition, ...) \
	unit_check((condition), __FILE__, __LINE__, __VA_ARGS__)

#endif
