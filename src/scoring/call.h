/*
 * call.h
 *		A scoring function's call in a statement: the model it means, the way
 *		its argument becomes a feature vector, and memory to work in.
 */
#ifndef CALL_H
#define CALL_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/date.h"
#include "utils/jsonb.h"

#include "models/calibration.h"
#include "core/forest.h"
#include "models/registry.h"

/* What the first argument is */
typedef enum CallForm
{
	FORM_ROW,
	FORM_JSONB,
	FORM_ARRAY,
	FORM_KEY,					/* a company's number, as text or as bigint */
	FORM_COLUMNS,				/* a row, column by column (planner_support.c) */
	FORM_SCORE					/* a score: needs the version, not its image */
} CallForm;

/* Enough of a snapshot to know another one with the same visibility by */
typedef struct SnapshotMark
{
	TransactionId xmin;
	TransactionId xmax;
	uint32		xcnt;
	int32		subxcnt;
	CommandId	curcid;
	LocalTransactionId transaction;
	SubTransactionId subtransaction;
} SnapshotMark;

/* How a column becomes a float32 (binding.c) */
typedef struct RowColumn RowColumn;

typedef struct RowPlan
{
	uint64		identifier;		/* of the row type as it is now (typcache) */
	Oid			type;			/* of the row that the plan is for; invalid for columns */
	int32		typmod;
	TupleDesc	descriptor;
	RowColumn  *columns;		/* by feature */
	Datum	   *datums;			/* by column: the row at hand */
	bool	   *nulls;
} RowPlan;

typedef struct Call
{
	CallForm	form;
	int			first_argument; /* where the row, object, ... is: 1 behind an aggregate's state */
	int			model_argument; /* -1 when the function has none */
	int			period_argument;	/* -1 when the form has none */
	int			top_argument;	/* -1 when the function has none */
	int			columns_argument;	/* the first column; -1 when the form has none */
	bool		key_is_bigint;

	/* what the rest holds for; all of it is made anew when this changes */
	SnapshotMark mark;
	char	   *reference;		/* NULL when none is given */
	char	   *default_model;

	MemoryContext context;		/* of the rest; child of the function's */
	ModelVersion *version;
	ModelImage *image;			/* pinned; NULL for FORM_SCORE, and then all below */
	const ForestImage *forest;
	FeatureEntry *entries;		/* dictionary; NULL until call_entries() */
	Calibration *calibration;	/* NULL until call_calibration() */
	MemoryContext row_context;	/* of the plan; NULL until the first row */
	RowPlan    *row_plan;		/* NULL until the first row */
	SPIPlanPtr	lookups[2];		/* latest period, given period (lookup.c) */

	/* the vector at hand, and room for results */
	ForestValue *vector;
	float	   *margins;		/* by output group */
	float	   *outputs;		/* by output */
	double	   *contributions;	/* by output group and feature; NULL until wanted */
	double	   *scratch;

	/* the argument at hand, for call_value_text() */
	Jsonb	   *object;
	ArrayType  *array;
} Call;

/*
 * The call at hand, its model resolved and pinned under the snapshot in force.
 * NULL when the first argument is NULL: so is the answer.
 */
extern Call *call_begin(FunctionCallInfo fcinfo);

/* Fills in call->vector; false when there is no such company. */
extern bool call_bind(Call *call, FunctionCallInfo fcinfo);

/* name@version of the model, for messages and answers */
extern char *call_model(const Call *call);

/* Only a model with one output can be explained row by row: else an error. */
extern void call_require_one_output(Call *call);

/* The level of alert of a score; NULL when the version has no thresholds, or for NaN. */
extern const char *call_alert_level(const Call *call, double score);

/* How the model's scores are calibrated, read on first use; NULL when they are not. */
extern const Calibration *call_calibration(Call *call);

/* The model's dictionary, read on first use. */
extern FeatureEntry *call_entries(Call *call);

/* Margins and contributions of the vector at hand. */
extern const float *call_margins(Call *call);
extern const double *call_contributions(Call *call);

/* The name of a feature */
extern const char *call_feature(const Call *call, uint32_t feature);

/* binding.c: an argument of each form to the values of call->vector */
extern void bind_row(Call *call, HeapTupleHeader row);
extern void bind_columns(Call *call, FunctionCallInfo fcinfo);
extern void bind_object(Call *call, Jsonb *object);
extern void bind_array(Call *call, ArrayType *array);

/* binding.c: could a column of this type feed a feature of some model? */
extern bool type_may_feed(Oid type);

/* binding.c: the value of a feature as the argument has it, as text; NULL for NULL. */
extern char *bound_value_text(Call *call, uint32_t feature);

/* lookup.c: the row of a company in the relation bound to the model; NULL if unknown. */
extern HeapTupleHeader lookup_company(Call *call, const char *key, const DateADT *period);

#endif
