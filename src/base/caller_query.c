/*
 * caller_query.c
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
#include "fmgr.h"
#include "funcapi.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/caller_query.h"

SPIPlanPtr
query_prepare(const char *query, const CachedPlanSource **plan_source)
{
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);
	List	   *sources;
	CachedPlanSource *source;
	ListCell   *cell;

	if (plan == NULL)
		elog(ERROR, "could not prepare a query: %s", SPI_result_code_string(SPI_result));
	sources = SPI_plan_get_plan_sources(plan);
	source = list_length(sources) == 1 ? linitial(sources) : NULL;
	if (source == NULL || source->commandTag != CMDTAG_SELECT || source->resultDesc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query must be one SELECT"),
				 errdetail("It is: %s", query)));
	foreach(cell, source->query_list)
		if (lfirst_node(Query, cell)->hasModifyingCTE)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("query must only read"),
					 errdetail("It changes data in its WITH clause.")));
	if (plan_source != NULL)
		*plan_source = source;
	return plan;
}

static bool
has_column(TupleDesc descriptor, const char *name)
{
	for (int i = 0; i < descriptor->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(descriptor, i)->attname), name) == 0)
			return true;
	return false;
}

static void
check_columns(TupleDesc descriptor, ArrayType *names)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(names, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i] && !has_column(descriptor, NameStr(*DatumGetName(elements[i]))))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("query has no column \"%s\"", NameStr(*DatumGetName(elements[i])))));
}

char *
query_source(const char *query, ArrayType *needed)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext old_context;
	const CachedPlanSource *source;
	const RawStmt *statement;
	const char *begin;
	char	   *result;

	SPI_connect();
	(void) query_prepare(query, &source);
	if (has_column(source->resultDesc, QUERY_ROW))
		ereport(ERROR,
				(errcode(ERRCODE_RESERVED_NAME),
				 errmsg("query has a column \"%s\"", QUERY_ROW),
				 errhint("Give it another name: its rows are called like that.")));
	if (needed != NULL)
		check_columns(source->resultDesc, needed);
	/* without what may follow the semicolon; a length of 0 is all the rest */
	statement = source->raw_parse_tree;
	begin = query + statement->stmt_location;
	old_context = MemoryContextSwitchTo(context);
	/* a comment at its end must not hide what follows */
	result = psprintf("(%.*s\n)", statement->stmt_len > 0 ? statement->stmt_len : (int) strlen(begin), begin);
	MemoryContextSwitchTo(old_context);
	SPI_finish();
	return result;
}

static char *
query_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("query must not be null")));
	return text_to_cstring(PG_GETARG_TEXT_PP(0));
}

PG_FUNCTION_INFO_V1(company_risk_query_source);
Datum
company_risk_query_source(PG_FUNCTION_ARGS)
{
	char	   *query = query_argument(fcinfo);

	PG_RETURN_TEXT_P(cstring_to_text(query_source(query, PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1))));
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
	int			count;
	Datum	   *names;
	Datum	   *types;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "risk_internal.query_columns is not what this library expects");
	query = query_argument(fcinfo);
	SPI_connect();
	(void) query_prepare(query, &source);

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
	MemoryContextSwitchTo(old_context);
	SPI_finish();

	values[0] = PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
	values[1] = PointerGetDatum(construct_array(types, count, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
