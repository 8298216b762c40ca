/*
 * owner_query.h
 *		What is written as the registry's owner.
 */
#ifndef OWNER_QUERY_H
#define OWNER_QUERY_H

#include "postgres.h"

/*
 * Runs a statement as the owner of the registry and hands over the columns of the
 * one row that it returns, in the current memory context.  nulls may be NULL: no
 * value is null.  Names in the statement must be qualified.
 */
extern void owner_query(const char *query, int count, Oid *types, Datum *values, const char *nulls,
						int columns, Datum *result, bool *isnull);

/* The same as the caller, for what is then to be kept */
extern void query_row(const char *query, int count, Oid *types, Datum *values, const char *nulls,
					  int columns, Datum *result, bool *isnull);

#endif							/* OWNER_QUERY_H */
