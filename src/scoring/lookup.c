/*
 * lookup.c
 *		Looking a company up in the relation that is bound to a model.
 *
 * The query runs through SPI as whoever calls: privileges, row security and
 * views apply as if they had written it.  The relation is kept by name, so that
 * it may be dropped and made again (as materialized views are); every name in
 * the query is qualified, so search_path has no say.
 */
#include "scoring/lookup.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* The relation; an error that says what to do when it is gone. */
static Oid
bound_relation(const ResolvedModel *model)
{
	const ModelVersion *version = model->version;
	Oid			schema;
	Oid			relation;

	if (version->source_relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no relation is bound to model \"%s\"", model_reference(model)),
				 errhint("Say where companies are looked up with risk.bind_source, or score a row.")));
	schema = get_namespace_oid(version->source_schema, true);
	relation = OidIsValid(schema) ? get_relname_relid(version->source_relation, schema) : InvalidOid;
	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\", bound to model \"%s\", does not exist",
						version->source_schema, version->source_relation, model_reference(model)),
				 errhint("Create it again, or bind another relation with risk.bind_source.")));
	return relation;
}

/* The type of a column of the relation; an error when the column is gone. */
static Oid
column_type(const ResolvedModel *model, Oid relation, const char *name)
{
	AttrNumber	column = get_attnum(relation, name);

	if (column == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("relation \"%s.%s\", bound to model \"%s\", has no column \"%s\"",
						model->version->source_schema, model->version->source_relation,
						model_reference(model), name),
				 errhint("Bind the model to its relation again with risk.bind_source.")));
	return getBaseType(get_atttype(relation, column));
}

/*
 * The type in which the key is compared: the column's own, so that an index
 * serves.  char(n) without its length would be char(1) under its SQL name.
 */
static const char *
key_type(const ResolvedModel *model, Oid relation)
{
	Oid			type = column_type(model, relation, model->version->key_column);

	return type == BPCHAROID ? "pg_catalog.bpchar" :
		format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY);
}

/* The query that finds a company, in the latest period or a given one. */
static SPIPlanPtr
plan_lookup(const ResolvedModel *model, bool has_period)
{
	const ModelVersion *version = model->version;
	Oid			relation = bound_relation(model);
	Oid			types[2] = {TEXTOID, DATEOID};
	const char *period = version->period_column ? quote_identifier(version->period_column) : NULL;
	StringInfoData query;
	SPIPlanPtr	plan;

	if (period != NULL && column_type(model, relation, version->period_column) != DATEOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s.%s\", bound to model \"%s\", is not a date",
						version->period_column, version->source_schema, version->source_relation, model_reference(model)),
				 errhint("Bind the model to its relation again with risk.bind_source.")));
	initStringInfo(&query);
	appendStringInfo(&query,
					 "SELECT company.* FROM %s AS company WHERE company.%s OPERATOR(pg_catalog.=) $1::%s",
					 quote_qualified_identifier(version->source_schema, version->source_relation),
					 quote_identifier(version->key_column), key_type(model, relation));
	if (has_period)
		appendStringInfo(&query, " AND company.%s OPERATOR(pg_catalog.=) $2 LIMIT 2", period);
	else if (period != NULL)
		appendStringInfo(&query,
						 " AND company.%s IS NOT NULL ORDER BY company.%s DESC FETCH FIRST 1 ROW WITH TIES",
						 period, period);
	else
		appendStringInfoString(&query, " LIMIT 2");

	plan = SPI_prepare(query.data, has_period ? 2 : 1, types);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare the look-up of a company: %s", SPI_result_code_string(SPI_result));
	return plan;
}

HeapTupleHeader
lookup_company(CompanyLookup *lookup, const ResolvedModel *model, const char *key, const DateADT *period)
{
	Datum		arguments[2];
	HeapTupleHeader row = NULL;
	int			which = period != NULL ? 1 : 0;

	if (period != NULL && model->version->source_relation != NULL && model->version->period_column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("relation \"%s.%s\", bound to model \"%s\", has no periods",
						model->version->source_schema, model->version->source_relation, model_reference(model)),
				 errhint("Leave the period out, or name the column of periods in risk.bind_source.")));

	SPI_connect();
	if (lookup->plans[which] == NULL)
		lookup->plans[which] = plan_lookup(model, period != NULL);
	arguments[0] = CStringGetTextDatum(key);
	arguments[1] = period != NULL ? DateADTGetDatum(*period) : (Datum) 0;
	if (SPI_execute_plan(lookup->plans[which], arguments, NULL, true, 2) != SPI_OK_SELECT)
		elog(ERROR, "could not look up a company");
	if (SPI_processed > 1)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("relation \"%s.%s\", bound to model \"%s\", has more than one row for company \"%s\"",
						model->version->source_schema, model->version->source_relation, model_reference(model), key),
				 errdetail(model->version->period_column != NULL ?
						   "There must be one row for each company and period." :
						   "There must be one row for each company."),
				 model->version->period_column != NULL ? 0 :
				 errhint("If the relation has several periods, name their column in risk.bind_source.")));
	/* the copy is made in the caller's memory context */
	if (SPI_processed == 1)
		row = SPI_returntuple(SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
	SPI_finish();
	return row;
}

void
lookup_release(CompanyLookup *lookup)
{
	for (int i = 0; i < (int) lengthof(lookup->plans); i++)
	{
		if (lookup->plans[i] != NULL)
			SPI_freeplan(lookup->plans[i]);
		lookup->plans[i] = NULL;
	}
}
