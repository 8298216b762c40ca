/*
 * plain_errors.c
 *		Errors without the context of our own internals.
 *
 * What a person calls is often written in PL/pgSQL, or runs queries of its own.  Then
 * PostgreSQL adds to an error which line of which function it was and which query,
 * thirty lines of SQL at worst, that say nothing to whoever called and hide the
 * message and its hint.  So such a function is called from here.
 *
 * An error is raised again, by PostgreSQL's own means: no subtransaction is needed,
 * since nothing goes on after it, and a call without an error costs a setjmp.  Contexts
 * of what calls the function, a query or a function of the caller's, are added as ever.
 * DETAIL, HINT, SQLSTATE and names of objects stay, and so does the query of an error
 * in the caller's query, with the place in it.
 *
 * Functions in PL/pgSQL come here by a language of their own, whose handler is below:
 * PL/pgSQL in all but this.  Other means would be a second function for each, or a
 * handler in each, which is a subtransaction and loses what the caller's query was.
 */
#include "base/plain_errors.h"

Datum
call_with_plain_errors(PGFunction function, FunctionCallInfo fcinfo)
{
	MemoryContext context = CurrentMemoryContext;
	Datum		result = (Datum) 0;

	PG_TRY();
	{
		result = function(fcinfo);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		/* an error's memory is not there to be copied into */
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		error->context = NULL;
		ThrowErrorData(error);
	}
	PG_END_TRY();
	return result;
}

static PGFunction
plpgsql_function(const char *name)
{
	return (PGFunction) load_external_function("$libdir/plpgsql", name, true, NULL);
}

PG_FUNCTION_INFO_V1(company_risk_plpgsql_handler);
Datum
company_risk_plpgsql_handler(PG_FUNCTION_ARGS)
{
	static PGFunction handler = NULL;

	if (handler == NULL)
		handler = plpgsql_function("plpgsql_call_handler");
	return call_with_plain_errors(handler, fcinfo);
}

/*
 * PL/pgSQL's own would do, but for pg_upgrade: a language whose validator is in
 * pg_catalog is dumped without its handler.
 */
PG_FUNCTION_INFO_V1(company_risk_plpgsql_validator);
Datum
company_risk_plpgsql_validator(PG_FUNCTION_ARGS)
{
	return plpgsql_function("plpgsql_validator") (fcinfo);
}
