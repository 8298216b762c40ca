/*
 * row_plan.h
 *		Which column of a row feeds which feature of a model, and how.
 */
#ifndef ROW_PLAN_H
#define ROW_PLAN_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "fmgr.h"
#include "utils/array.h"

#include "base/column_value.h"
#include "scoring/resolved_model.h"

/* What a feature reads */
typedef struct RowPlanColumn
{
	int			index;			/* of the column in the row, from 0 */
	bool		used;			/* does the model read the feature? */
	Conversion	conversion;
} RowPlanColumn;

typedef struct RowPlan
{
	uint64		identifier;		/* of the row type as it is now (typcache) */
	Oid			type;			/* of the row that the plan is for; invalid for columns */
	int32		typmod;
	TupleDesc	descriptor;
	RowPlanColumn *columns;		/* by feature */
	Datum	   *datums;			/* by column: the row at hand */
	bool	   *nulls;
} RowPlan;

/*
 * Each makes a plan in the current memory context.  Errors: a feature without a
 * column, or with two, and a column whose type cannot feed its feature.
 */

/*
 * For the rows of a type; identifier: its assign_record_type_identifier(); names: of
 * its columns, NULL for the type's own.
 */
extern RowPlan *plan_row(const ResolvedModel *model, Oid type, int32 typmod, uint64 identifier,
						 ArrayType *names);

/* For a call's columns, from an argument on, whose names are in the first argument. */
extern RowPlan *plan_columns(const ResolvedModel *model, FunctionCallInfo fcinfo,
							 int columns_argument);

/* Those names; an error if the planner did not write them. */
extern ArrayType *columns_names(FunctionCallInfo fcinfo);

/* Are a call's columns, from an argument on, in one row? */
extern bool columns_are_row(FunctionCallInfo fcinfo, int columns_argument);

#endif							/* ROW_PLAN_H */
