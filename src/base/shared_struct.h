/*
 * shared_struct.h
 *		Small structs that all backends find by name, created by whoever comes
 *		first; and calls whose failure is survived.
 *
 * From 17 on such a struct is a named dynamic segment.  Before, it is carved from
 * the part of the main segment that PostgreSQL leaves spare; a preloaded library
 * asks for its part.  The size must never change under one name: put a layout
 * version in the name.
 */
#ifndef SHARED_STRUCT_H
#define SHARED_STRUCT_H

#include "postgres.h"

/* Fills a fresh struct; runs once per cluster life, under the lock of whatever finds it by name. */
typedef void (*SharedStructInitialize) (void *fresh);

/*
 * For _PG_init: when the library is preloaded, room for the struct is asked for,
 * and taken at the start of the server.  Otherwise does nothing.
 */
extern void shared_struct_request(const char *name, Size size, SharedStructInitialize initialize);

/* The struct; NULL, with the error that says why, when it cannot be had. */
extern void *shared_struct_attach(const char *name, Size size, SharedStructInitialize initialize,
								  ErrorData **failure);

/*
 * Calls action(argument) and returns NULL, or the error that it threw if it is to
 * be survived: a shortage, or, if any_failure, everything but a cancellation.
 * Other errors go on.  The caller holds no LWLock.
 */
extern ErrorData *survive_failure(void (*action) (void *), void *argument, bool any_failure);

#endif							/* SHARED_STRUCT_H */
