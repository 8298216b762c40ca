/*
 * lookup.h
 *		Looking a company up in the relation that is bound to a model.
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include "postgres.h"

#include "access/htup.h"
#include "executor/spi.h"
#include "utils/date.h"

#include "scoring/resolved_model.h"

/* Plans for one model, made when they are needed; begins as {0}. */
typedef struct CompanyLookup
{
	SPIPlanPtr	plans[3];		/* by LookupKind (lookup.c) */
	Oid			key_type;		/* of the key column, known with any plan */
	bool		key_noticed;
	bool		period_noticed;
} CompanyLookup;

/*
 * The row of a company, in a period or the latest one (NULL), in the current
 * memory context; NULL if there is none.  A period within a month is that month
 * where the company's periods are first days of months.  A number that cannot be one
 * is noticed, once a statement.  Errors: no relation is bound, or it is
 * not as it was; more than one row.
 */
extern HeapTupleHeader lookup_company(CompanyLookup *lookup, const ResolvedModel *model,
									  const char *key, const DateADT *period);

/* Frees the plans, which are not in any memory context. */
extern void lookup_release(CompanyLookup *lookup);

#endif							/* LOOKUP_H */
