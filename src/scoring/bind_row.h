/*
 * bind_row.h
 *		From a row, or its columns, to the vector that a model reads.
 */
#ifndef BIND_ROW_H
#define BIND_ROW_H

#include "postgres.h"

#include "access/htup.h"
#include "fmgr.h"

#include "scoring/bound_value.h"
#include "scoring/resolved_model.h"
#include "scoring/row_plan.h"

/* Begins with the model and nulls; its memory is in the model's context. */
typedef struct RowBinding
{
	ResolvedModel *model;
	RowPlan    *plan;			/* with the row at hand; NULL until the first */
	MemoryContext plan_context;
} RowBinding;

/* Each fills in the values of a vector. */
extern void bind_row(RowBinding *binding, HeapTupleHeader row, ForestValue *vector);

/*
 * The columns are a call's arguments from this one on, or are in a row that is the
 * only one (rewrite_rows.c); false where that is NULL.
 */
extern bool bind_columns(RowBinding *binding, FunctionCallInfo fcinfo, int columns_argument,
						 ForestValue *vector);

/* What the row bound last, which must still be there, has for a feature. */
extern BoundValue row_value(const RowBinding *binding, uint32_t feature);

#endif							/* BIND_ROW_H */
