/*
 * keyed_call.h
 *		A notice of calls by number that answer the same for all periods.
 */
#ifndef KEYED_CALL_H
#define KEYED_CALL_H

#include "postgres.h"

#include "nodes/pathnodes.h"

/* Looks at the call of a verb, and says so if it is one. */
extern void notice_keyed_call(PlannerInfo *root, const FuncExpr *call);

#endif							/* KEYED_CALL_H */
