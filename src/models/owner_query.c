/*
 * owner_query.c
 *		What is written as the registry's owner.
 *
 * Some functions keep what they have found out: whoever may call one may have its
 * finding written, but not make one up.  So what writes it is executable by the
 * owner alone, and called from here, with the caller's finding in memory.  SECURITY
 * DEFINER could not do that: it would have to be everybody's to call.
 */
#include "models/owner_query.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "models/registry_lookup.h"

static Oid
registry_owner(void)
{
	Oid			relation = get_relname_relid("registry", get_namespace_oid(REGISTRY_SCHEMA, false));
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relation);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* Hands the row over to the memory context from before SPI_connect. */
static void
take_row(const char *query, int columns, Datum *result, bool *isnull)
{
	TupleDesc	descriptor = SPI_tuptable->tupdesc;

	if (SPI_processed != 1 || descriptor->natts != columns)
		elog(ERROR, "unexpected result of \"%s\"", query);
	for (int i = 0; i < columns; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(descriptor, i);

		result[i] = SPI_getbinval(SPI_tuptable->vals[0], descriptor, i + 1, &isnull[i]);
		if (!isnull[i])
			result[i] = SPI_datumTransfer(result[i], attribute->attbyval, attribute->attlen);
	}
}

void
query_row(const char *query, int count, Oid *types, Datum *values, const char *nulls,
		  int columns, Datum *result, bool *isnull)
{
	SPI_connect();
	if (SPI_execute_with_args(query, count, types, values, nulls, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not execute \"%s\"", query);
	take_row(query, columns, result, isnull);
	SPI_finish();
}

void
owner_query(const char *query, int count, Oid *types, Datum *values, const char *nulls,
			int columns, Datum *result, bool *isnull)
{
	Oid			owner = registry_owner();
	Oid			user;
	int			security;

	/* an error restores these by itself */
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(owner, security | SECURITY_LOCAL_USERID_CHANGE);
	query_row(query, count, types, values, nulls, columns, result, isnull);
	SetUserIdAndSecContext(user, security);
}
