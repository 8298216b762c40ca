/*
 * profile_model.c
 *		Keeping the profile of a version's rows: risk.profile_model.
 *
 * The rows are a query of the caller's, so the profile is made as the caller; it is
 * kept as the registry's owner (models/owner_query.h).  So the right to this function
 * is enough to have a profile kept, and not enough to make one up.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/plain_errors.h"
#include "models/owner_query.h"
#include "models/registry_lookup.h"

/* risk_internal.column_profile[] */
static Oid
profiles_type(void)
{
	Oid			schema = get_namespace_oid(REGISTRY_SCHEMA, false);

	return get_array_type(GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
										  CStringGetDatum("column_profile"),
										  ObjectIdGetDatum(schema)));
}

static Datum
profile_model(PG_FUNCTION_ARGS)
{
	Oid			types[3] = {TEXTOID, TEXTOID};
	Datum		arguments[2] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)};
	char		nulls[3] = {PG_ARGISNULL(0) ? 'n' : ' ', PG_ARGISNULL(1) ? 'n' : ' '};
	Datum		made[3];
	Datum		reference;
	bool		isnull[3];

	query_row("SELECT p.reference, p.features, p.profiles FROM risk_internal.make_profile($1, $2) p",
			  lengthof(arguments), types, arguments, nulls, lengthof(made), made, isnull);
	types[1] = TEXTARRAYOID;
	types[2] = profiles_type();
	for (int i = 0; i < (int) lengthof(made); i++)
		nulls[i] = isnull[i] ? 'n' : ' ';
	owner_query("SELECT risk_internal.store_profile($1, $2, $3)", lengthof(made), types, made, nulls,
				1, &reference, isnull);
	PG_RETURN_DATUM(reference);
}

PG_FUNCTION_INFO_V1(company_risk_profile_model);
Datum
company_risk_profile_model(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(call_with_plain_errors(profile_model, fcinfo));
}
