/*
 * query.c
 *		A caller's query that becomes part of another one.
 *
 * Where a statement ends is the parser's to say: a semicolon may stand behind it,
 * a comment behind that, and either may stand in a literal.  So a query is first
 * prepared as it was given, which also means that its errors are about the text
 * that the caller knows; what is then put into another query is the text of the one
 * statement that the parser found, which cannot reach beyond its parentheses.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"

#include "query.h"

/* Prepares what must be one SELECT.  Belongs to SPI's procedure, as its columns do. */
static const CachedPlanSource *
prepare_select(const char *query)
{
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);
	List	   *sources;
	CachedPlanSource *source;

	if (plan == NULL)
		elog(ERROR, "could not prepare a query: %s", SPI_result_code_string(SPI_result));
	sources = SPI_plan_get_plan_sources(plan);
	source = list_length(sources) == 1 ? linitial(sources) : NULL;
	if (source == NULL || source->commandTag != CMDTAG_SELECT || source->resultDesc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query must be one SELECT"),
				 errdetail("It is: %s", query)));
	return source;
}

/* The statement without what may follow the semicolon; length is set. */
static const char *
statement_text(const char *query, const CachedPlanSource *source, int *length)
{
	const RawStmt *statement = source->raw_parse_tree;
	const char *begin = query + statement->stmt_location;

	/* a length of 0 is all the rest */
	*length = statement->stmt_len > 0 ? statement->stmt_len : (int) strlen(begin);
	return begin;
}

char *
query_source(const char *query)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext old_context;
	const CachedPlanSource *source;
	const char *statement;
	int			length;
	char	   *result;

	SPI_connect();
	source = prepare_select(query);
	for (int i = 0; i < source->resultDesc->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(source->resultDesc, i)->attname), QUERY_ROW) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_RESERVED_NAME),
					 errmsg("query has a column \"%s\"", QUERY_ROW),
					 errhint("Give it another name: its rows are called like that.")));
	statement = statement_text(query, source, &length);
	old_context = MemoryContextSwitchTo(context);
	/* a comment at its end must not hide what follows */
	result = psprintf("(%.*s\n)", length, statement);
	MemoryContextSwitchTo(old_context);
	SPI_finish();
	return result;
}

PG_FUNCTION_INFO_V1(company_risk_query_columns);
Datum
company_risk_query_columns(PG_FUNCTION_ARGS)
{
	char	   *query;
	MemoryContext context = CurrentMemoryContext;
	MemoryContext old_context;
	TupleDesc	descriptor;
	const CachedPlanSource *source;
	const char *statement;
	int			length;
	int			count;
	Datum	   *names;
	Datum	   *types;
	Datum		values[3];
	bool		nulls[3] = {false, false, false};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "risk.query_columns is not what this library expects");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("query must not be null")));
	query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	SPI_connect();
	source = prepare_select(query);

	old_context = MemoryContextSwitchTo(context);
	count = source->resultDesc->natts;
	names = palloc(Max(count, 1) * sizeof(Datum));
	types = palloc(Max(count, 1) * sizeof(Datum));
	for (int i = 0; i < count; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(source->resultDesc, i);

		names[i] = CStringGetTextDatum(NameStr(attribute->attname));
		types[i] = ObjectIdGetDatum(getBaseType(attribute->atttypid));
	}
	statement = statement_text(query, source, &length);
	values[2] = PointerGetDatum(cstring_to_text_with_len(statement, length));
	MemoryContextSwitchTo(old_context);
	SPI_finish();

	values[0] = PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
	values[1] = PointerGetDatum(construct_array(types, count, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
