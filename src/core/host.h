/*
 * host.h
 *		What the core asks of the program around it.
 *
 * The core (src/core) is plain C11 and knows no server.  Memory, errors and
 * interrupts go through this interface; the server maps it to memory contexts,
 * ereport() and CHECK_FOR_INTERRUPTS(), the unit programs to an arena and
 * longjmp().
 *
 * A failure never returns: core_fail() leaves the core by a long jump of the
 * host's.  So the core holds nothing that the host cannot free by itself: no
 * locks, no descriptors, only memory that came from allocate().
 */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What kind of refusal; the server turns each into an SQLSTATE and a message */
typedef enum CoreErrorCode
{
	CORE_INVALID_MODEL,			/* not a model, or a damaged one */
	CORE_UNSUPPORTED_MODEL,		/* a model that we cannot reproduce exactly */
	CORE_LIMIT_EXCEEDED			/* larger than a limit of ours */
} CoreErrorCode;

typedef struct CoreHost CoreHost;

struct CoreHost
{
	/* Never NULL: the host fails by itself.  Sizes up to SIZE_MAX/2; not zeroed. */
	void	   *(*allocate) (CoreHost *host, size_t size);
	void		(*release) (CoreHost *host, void *memory);
	/* Never returns.  detail and hint are NULL or full sentences. */
	void		(*fail) (CoreHost *host, CoreErrorCode code,
						 const char *detail, const char *hint);
	/* May fail() in its own way (a cancel); called at least every few ms. */
	void		(*check_interrupts) (CoreHost *host);
};

#if defined(__GNUC__)
#define CORE_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define CORE_PRINTF(text, first)
#endif

/* Fails with a formatted detail; hint may be NULL. */
extern _Noreturn void core_fail(CoreHost *host, CoreErrorCode code,
								const char *hint, const char *detail, ...) CORE_PRINTF(4, 5);

/* allocate() of count * size bytes with the multiplication checked; zeroed. */
extern void *core_allocate(CoreHost *host, size_t count, size_t size);

/*
 * Grows an array to hold at least wanted elements: returns the old one when
 * *capacity is enough, else a larger copy, and releases the old one.
 */
extern void *core_grow(CoreHost *host, void *array, size_t *capacity,
					   size_t wanted, size_t size);

#endif
