/*
 * call.h
 *		A scoring function's call in a statement: the model it means, the way
 *		its argument becomes a feature vector, and memory to work in.
 */
#ifndef CALL_H
#define CALL_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"
#include "utils/jsonb.h"

#include "scoring/bind_row.h"
#include "scoring/lookup.h"
#include "scoring/resolved_model.h"

/* What the first argument is */
typedef enum CallForm
{
	FORM_ROW,
	FORM_JSONB,
	FORM_ARRAY,
	FORM_KEY,					/* a company's number, as text or as a number */
	FORM_COLUMNS,				/* a row, column by column (rewrite_rows.c) */
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
	uint64		running;		/* hash of the running transactions, where they may be counted twice */
} SnapshotMark;

typedef struct Call
{
	CallForm	form;
	int			first_argument; /* where the row, object, ... is: 1 behind an aggregate's state */
	int			model_argument; /* -1 when the function has none */
	int			period_argument;	/* -1 when the form has none */
	int			top_argument;	/* -1 when the function has none */
	int			columns_argument;	/* the first column; -1 when the form has none */
	bool		key_is_number;

	/* what the rest holds for; all of it is made anew when this changes */
	SnapshotMark mark;
	char	   *reference;		/* NULL when none is given */
	char	   *default_model;

	ResolvedModel model;		/* its context, a child of the function's, has the rest */
	RowBinding	rows;			/* rows, columns and companies */
	CompanyLookup lookup;

	/* the vector at hand, and room for results; NULL for FORM_SCORE */
	ForestValue *vector;
	float	   *margins;		/* by output group */
	float	   *outputs;		/* by output */
	double	   *contributions;	/* by output group and feature; NULL until wanted */
	double	   *scratch;

	/* the argument at hand, for call_value() */
	Jsonb	   *object;
	ArrayType  *array;
} Call;

/*
 * The call at hand, its model resolved and pinned under the snapshot in force.
 * NULL when the argument to score, the first or another, is NULL: so is the answer.
 */
extern Call *call_begin(FunctionCallInfo fcinfo);
extern Call *call_begin_at(FunctionCallInfo fcinfo, int first_argument);

/* Fills in call->vector; false when there is no such company. */
extern bool call_bind(Call *call, FunctionCallInfo fcinfo);

/* What the argument at hand, bound by call_bind(), has for a feature */
extern BoundValue call_value(const Call *call, uint32_t feature);

/* Margins and contributions of the vector at hand */
extern const float *call_margins(Call *call);
extern const double *call_contributions(Call *call);

/*
 * The score of the vector at hand, of a model that has one, calibrated where it is.
 * A margin that is NaN, where large terms overflow, makes no score but NaN: not even
 * with an objective that makes 0 of it.
 */
extern double call_score(Call *call);

#endif							/* CALL_H */
