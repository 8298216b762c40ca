/*
 * caller_query.h
 *		A caller's query that becomes part of another one.
 */
#ifndef CALLER_QUERY_H
#define CALLER_QUERY_H

#include "executor/spi.h"
#include "utils/array.h"
#include "utils/plancache.h"

/*
 * Prepares what must be one SELECT, between SPI_connect and SPI_finish, to which it
 * belongs with its columns.  source may be NULL.
 */
extern SPIPlanPtr query_prepare(const char *query, const CachedPlanSource **source);

/* What a row of the query is called where rows are wanted whole */
#define QUERY_ROW "company_risk_row"

/*
 * The query as what stands in FROM, in parentheses; palloc'd.  It is parsed as the
 * current user, not run, and refused unless it is one SELECT without parameters
 * and without a column that is called like its rows; needed, names, may be NULL,
 * and so may be some of them: the columns that it must have.
 */
extern char *query_source(const char *query, ArrayType *needed);

#endif							/* CALLER_QUERY_H */
