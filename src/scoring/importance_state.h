/*
 * importance_state.h
 *		The state of risk.global_importance: type risk_internal.importance_state.
 */
#ifndef IMPORTANCE_STATE_H
#define IMPORTANCE_STATE_H

#include "postgres.h"

#include "fmgr.h"

#include "base/exact_sum.h"
#include "core/explain.h"
#include "models/registry.h"

/* Counts up to here are exact as doubles, and exact sums have room for as many. */
#define IMPORTANCE_MAX_ROWS (INT64CONST(1) << 53)

typedef struct ImportanceState
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int32		feature_count;
	int64		rows;			/* all of them */
	int64		waiting;		/* rows that are not in the sums yet, fewer than FOREST_BATCH */
	uint8		content_digest[CONTENT_DIGEST_LENGTH];
	char		model[NAMEDATALEN * 4]; /* name@version */
	ExactSum	sums[FLEXIBLE_ARRAY_MEMBER];
	/* then the rows that wait: float[FOREST_BATCH][feature_count] */
} ImportanceState;

/* A state of no rows */
extern ImportanceState *importance_state_new(int32 feature_count, const uint8 *content_digest,
											 const char *model);

/* An argument, aligned; a copy, unless it may be changed in place. */
extern ImportanceState *importance_state_argument(FunctionCallInfo fcinfo, int argument,
												  bool in_place);

/* A row that waits, feature_count values */
extern float *importance_state_row(ImportanceState *state, int64 row);

extern _Noreturn void importance_state_fail(void);

#endif							/* IMPORTANCE_STATE_H */
