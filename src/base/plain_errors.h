/*
 * plain_errors.h
 *		Errors without the context of our own internals.
 */
#ifndef PLAIN_ERRORS_H
#define PLAIN_ERRORS_H

#include "postgres.h"

#include "fmgr.h"

/*
 * Calls a function; an error of it goes on as if it had been raised here: with the
 * contexts around the call, without those inside.
 */
extern Datum call_with_plain_errors(PGFunction function, FunctionCallInfo fcinfo);

#endif							/* PLAIN_ERRORS_H */
