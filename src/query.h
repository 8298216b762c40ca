/*
 * query.h
 *		A caller's query that becomes part of another one.
 */
#ifndef QUERY_H
#define QUERY_H

/* What a row of the query is called where rows are wanted whole */
#define QUERY_ROW "company_risk_row"

/*
 * The query as what stands in FROM, in parentheses; palloc'd.  It is parsed as the
 * current user, not run, and refused unless it is one SELECT without parameters
 * and without a column that is called like its rows.
 */
extern char *query_source(const char *query);

#endif							/* QUERY_H */
