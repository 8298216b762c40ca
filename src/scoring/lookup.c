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
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

#include "base/messages.h"
#include "scoring/company_key.h"

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

/* Which row of a company is wanted */
typedef enum LookupKind
{
	LOOKUP_LATEST,
	LOOKUP_PERIOD,
	LOOKUP_MONTH				/* as before, if all its periods are first days of months */
} LookupKind;

/* Where the companies are, with the names of messages */
static char *
relation_name(const ResolvedModel *model)
{
	return psprintf("%s.%s", model->version->source_schema, model->version->source_relation);
}

static void
require_date_column(const ResolvedModel *model, Oid relation)
{
	if (column_type(model, relation, model->version->period_column) == DATEOID)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of relation \"%s\", bound to model \"%s\", is not a date",
					model->version->period_column, relation_name(model), model_reference(model)),
			 errhint("Bind the model to its relation again with risk.bind_source.")));
}

static char *
lookup_query(const ResolvedModel *model, Oid relation, LookupKind kind)
{
	const ModelVersion *version = model->version;
	const char *source = quote_qualified_identifier(version->source_schema, version->source_relation);
	const char *key = quote_identifier(version->key_column);
	const char *period = version->period_column ? quote_identifier(version->period_column) : NULL;
	const char *type = key_type(model, relation);
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query,
					 "SELECT company.* FROM %s AS company WHERE company.%s OPERATOR(pg_catalog.=) $1::%s",
					 source, key, type);
	if (kind == LOOKUP_LATEST && period != NULL)
		appendStringInfo(&query,
						 " AND company.%s IS NOT NULL ORDER BY company.%s DESC FETCH FIRST 1 ROW WITH TIES",
						 period, period);
	if (kind != LOOKUP_LATEST)
		appendStringInfo(&query, " AND company.%s OPERATOR(pg_catalog.=) $2", period);
	if (kind == LOOKUP_MONTH)
		appendStringInfo(&query,
						 " AND NOT EXISTS (SELECT FROM %s AS other WHERE other.%s OPERATOR(pg_catalog.=) $1::%s"
						 " AND pg_catalog.extract('day', other.%s) OPERATOR(pg_catalog.<>) 1)",
						 source, key, type, period);
	if (kind != LOOKUP_LATEST || period == NULL)
		appendStringInfoString(&query, " LIMIT 2");
	return query.data;
}

/* The plan of a query that finds a company, made when it is first needed */
static SPIPlanPtr
lookup_plan(CompanyLookup *lookup, const ResolvedModel *model, LookupKind kind)
{
	Oid			types[2] = {TEXTOID, DATEOID};
	Oid			relation;
	SPIPlanPtr	plan;

	if (lookup->plans[kind] != NULL)
		return lookup->plans[kind];
	relation = bound_relation(model);
	if (model->version->period_column != NULL)
		require_date_column(model, relation);
	lookup->key_type = column_type(model, relation, model->version->key_column);
	plan = SPI_prepare(lookup_query(model, relation, kind), kind == LOOKUP_LATEST ? 1 : 2, types);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare the look-up of a company: %s", SPI_result_code_string(SPI_result));
	return lookup->plans[kind] = plan;
}

/* The row, in the caller's memory context; NULL if there is none. */
static HeapTupleHeader
execute_lookup(CompanyLookup *lookup, const ResolvedModel *model, LookupKind kind,
			   const char *key, DateADT period)
{
	Datum		arguments[2] = {CStringGetTextDatum(key), DateADTGetDatum(period)};
	bool		periods = model->version->period_column != NULL;

	if (SPI_execute_plan(lookup_plan(lookup, model, kind), arguments, NULL, true, 2) != SPI_OK_SELECT)
		elog(ERROR, "could not look up a company");
	if (SPI_processed > 1)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("relation \"%s\", bound to model \"%s\", has more than one row for company \"%s\"",
						relation_name(model), model_reference(model), key),
				 errdetail(periods ? "There must be one row for each company and period." :
						   "There must be one row for each company."),
				 periods ? 0 :
				 errhint("If the relation has several periods, name their column in risk.bind_source.")));
	return SPI_processed == 1 ? SPI_returntuple(SPI_tuptable->vals[0], SPI_tuptable->tupdesc) : NULL;
}

/* The first day of a date's month */
static DateADT
month_start(DateADT date)
{
	int			year;
	int			month;
	int			day;

	if (DATE_NOT_FINITE(date))
		return date;
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return date - (day - 1);
}

static HeapTupleHeader
find_company(CompanyLookup *lookup, const ResolvedModel *model, const char *key, const DateADT *period)
{
	static TimestampTz last = 0;
	HeapTupleHeader row;
	DateADT		start;

	if (period == NULL)
		return execute_lookup(lookup, model, LOOKUP_LATEST, key, 0);
	row = execute_lookup(lookup, model, LOOKUP_PERIOD, key, *period);
	start = month_start(*period);
	if (row != NULL || start == *period)
		return row;
	row = execute_lookup(lookup, model, LOOKUP_MONTH, key, start);
	if (row != NULL && !lookup->period_noticed && first_in_statement(&last))
		ereport(NOTICE,
				(errmsg("%s is taken for the month that begins on %s",
						DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(*period))),
						DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(start)))),
				 errdetail("The periods of company \"%s\" in relation \"%s\" are first days of months.",
						   key, relation_name(model))));
	lookup->period_noticed |= row != NULL;
	return row;
}

HeapTupleHeader
lookup_company(CompanyLookup *lookup, const ResolvedModel *model, const char *number, const DateADT *period)
{
	static TimestampTz last = 0;
	HeapTupleHeader row = NULL;
	CompanyKey	key;
	const char *value;
	const char *digits;

	if (period != NULL && model->version->source_relation != NULL && model->version->period_column == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("relation \"%s\", bound to model \"%s\", has no periods",
						relation_name(model), model_reference(model)),
				 errhint("Leave the period out, or name the column of periods in risk.bind_source.")));

	SPI_connect();
	/* errors of the relation come first */
	lookup_plan(lookup, model, period != NULL ? LOOKUP_PERIOD : LOOKUP_LATEST);
	key = company_key_read(number);
	value = company_key_value(&key, lookup->key_type);
	digits = company_key_nine_digits(&key);
	if (value != NULL)
		row = find_company(lookup, model, value, period);
	if (row == NULL && value != NULL && digits != NULL && strcmp(value, digits) != 0)
		row = find_company(lookup, model, digits, period);
	if (row == NULL && !lookup->key_noticed)
		lookup->key_noticed = company_key_notice(&key, relation_name(model), model->version->key_column,
												 lookup->key_type, &last);
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
	lookup->key_noticed = false;
	lookup->period_noticed = false;
}
