/*
 * rewrite_rows.h
 *		Whole rows into columns, where the planner meets a scoring function.
 */
#ifndef REWRITE_ROWS_H
#define REWRITE_ROWS_H

#include "postgres.h"

#include "nodes/pathnodes.h"

/* What a call becomes; NULL where it stays as it is. */
extern Node *rewrite_row(PlannerInfo *root, const FuncExpr *expression);

#endif							/* REWRITE_ROWS_H */
