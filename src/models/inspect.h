/*
 * inspect.h
 *		Reading a model that somebody hands in.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include "postgres.h"

#include "fmgr.h"

/*
 * The answer of risk.inspect_model, of which fcinfo is a call: its further arguments
 * are read from there.  A format says what the bytes were before they were converted.
 */
extern Datum inspect_model(FunctionCallInfo fcinfo, const bytea *bytes, const char *format);

#endif							/* INSPECT_H */
