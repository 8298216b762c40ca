/*
 * importance.c
 *		The aggregate risk.global_importance: which features weigh most, over
 *		many companies.
 *
 * The state is one flat value, so that partial states travel between workers,
 * and between servers: the model (name@version), how many rows, and for each
 * feature the sum of |contribution|.  Rows are explained in batches, which
 * takes much less time for each, so the last few wait in the state for others;
 * nobody sees the sums before they have been added.
 *
 * A row's contributions are the same bits in any batch and at any place in it
 * (core/explain.h), and their sums are exact (core/exact_sum.h): results depend
 * neither on the order of rows nor on how they were split among workers.  For that a
 * state takes 616 bytes per feature.  Combined states hold no rows that wait, and
 * their sums are normalized: the same rows give the same bytes.
 */
#include "scoring/call.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"

#include "base/exact_sum.h"
#include "base/jsonb_build.h"
#include "core/explain.h"
#include "models/acquire_image.h"
#include "models/server_host.h"

/* Counts up to here are exact as doubles, and exact sums have room for as many. */
#define MAX_ROWS (INT64CONST(1) << 53)

typedef struct ImportanceState
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int32		feature_count;
	int64		rows;			/* all of them */
	int64		waiting;		/* rows that are not in the sums yet */
	uint8		content_digest[CONTENT_DIGEST_LENGTH];
	char		model[NAMEDATALEN * 4]; /* name@version */
	ExactSum	sums[FLEXIBLE_ARRAY_MEMBER];
	/* then the rows that wait: float[FOREST_BATCH][feature_count] */
} ImportanceState;

static Size
state_size(int32 feature_count)
{
	return add_size(offsetof(ImportanceState, sums),
					mul_size(feature_count, sizeof(ExactSum) + sizeof(float[FOREST_BATCH])));
}

static float *
waiting_row(ImportanceState *state, int64 row)
{
	return (float *) (state->sums + state->feature_count) + row * state->feature_count;
}

static _Noreturn void
fail_invalid_state(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of risk.global_importance")));
}

/* An error if a state is not one of ours (states can be stored). */
static ImportanceState *
check_state(ImportanceState *state)
{
	if (VARSIZE(state) < offsetof(ImportanceState, sums) || state->feature_count < 0 ||
		VARSIZE(state) != state_size(state->feature_count) ||
		state->waiting < 0 || state->waiting >= FOREST_BATCH || state->waiting > state->rows ||
		state->rows > MAX_ROWS || memchr(state->model, 0, sizeof(state->model)) == NULL)
		fail_invalid_state();
	return state;
}

/* A state argument, aligned, and ours to change; its sums are checked, too. */
static ImportanceState *
state_argument(FunctionCallInfo fcinfo, int argument)
{
	ImportanceState *state = check_state((ImportanceState *) PG_GETARG_BYTEA_P_COPY(argument));

	for (int32 feature = 0; feature < state->feature_count; feature++)
		if (!exact_sum_is_valid(&state->sums[feature]))
			fail_invalid_state();
	return state;
}

static _Noreturn void
fail_another_model(const ImportanceState *state)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s\" is another one than the state of risk.global_importance was made with",
					state->model)));
}

static ImportanceState *
new_state(Call *call)
{
	Size		size = state_size((int32) call->model.forest->feature_count);
	ImportanceState *state = palloc0(size);

	SET_VARSIZE(state, size);
	state->feature_count = (int32) call->model.forest->feature_count;
	memcpy(state->content_digest, call->model.version->content_digest, CONTENT_DIGEST_LENGTH);
	strlcpy(state->model, model_reference(&call->model), sizeof(state->model));
	return state;
}

static void *
allocate(Size count, Size size)
{
	return MemoryContextAllocHuge(CurrentMemoryContext, mul_size(count, size));
}

/* One that is not finite makes a sum that is beyond all doubles. */
static inline void
add_contribution(ExactSum *sum, double size)
{
	if (likely(isfinite(size)))
		exact_sum_add(sum, size);
	else
	{
		exact_sum_add(sum, DBL_MAX);
		exact_sum_add(sum, DBL_MAX);
	}
}

/* Explains the rows that wait and adds them up. */
static void
explain_waiting(ImportanceState *state, const ForestImage *forest)
{
	Size		length = forest_vector_length(forest->feature_count);
	Size		stride = (Size) forest->feature_count + 1;
	ForestValue *vectors = allocate(FOREST_BATCH * length, sizeof(ForestValue));
	double	   *contributions = allocate(FOREST_BATCH * stride, sizeof(double));
	double	   *scratch = allocate(forest_batch_scratch(forest), sizeof(double));

	Assert(forest->feature_count == state->feature_count && forest->group_count == 1);
	for (int64 row = 0; row < state->waiting; row++)
	{
		memcpy(vectors + row * length, waiting_row(state, row), state->feature_count * sizeof(float));
		forest_prepare(forest, vectors + row * length);
	}
	forest_batch_contributions(server_host(), forest, vectors, (uint32_t) state->waiting,
							   contributions, scratch);
	for (int32 feature = 0; feature < state->feature_count; feature++)
		for (int64 row = 0; row < state->waiting; row++)
			add_contribution(&state->sums[feature], fabs(contributions[row * stride + feature]));
	state->waiting = 0;
	pfree(vectors);
	pfree(contributions);
	pfree(scratch);
}

/* The same where no call has the model at hand */
static void
settle(ImportanceState *state)
{
	Snapshot	snapshot;
	ModelVersion *version;
	ModelImage *image;

	if (state->waiting == 0)
		return;
	snapshot = registry_snapshot();
	version = registry_resolve(state->model, snapshot);
	if (memcmp(state->content_digest, version->content_digest, CONTENT_DIGEST_LENGTH) != 0)
		fail_another_model(state);
	image = registry_acquire_image(version, snapshot);
	PG_TRY();
	{
		const ForestImage *forest = image->data;

		/* states can be forged */
		if (forest->feature_count != state->feature_count || forest->group_count != 1)
			fail_another_model(state);
		explain_waiting(state, forest);
	}
	PG_FINALLY();
	{
		model_image_release(image);
	}
	PG_END_TRY();
}

static void
fail_mixed(const char *a, const char *b)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("risk.global_importance got rows of two models, \"%s\" and \"%s\"", a, b),
			 errhint("Group by the model.")));
}

PG_FUNCTION_INFO_V1(company_risk_importance_add);
Datum
company_risk_importance_add(PG_FUNCTION_ARGS)
{
	Call	   *call;
	ImportanceState *state;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "risk.global_importance's step called outside of an aggregate");
	call = call_begin_at(fcinfo, 1);
	if (call == NULL)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	model_require_one_output(&call->model);
	call_bind(call, fcinfo);

	/* the state is ours to change in place; a new one is copied by the caller */
	state = PG_ARGISNULL(0) ? new_state(call) : check_state((ImportanceState *) PG_GETARG_BYTEA_P(0));
	if (state->feature_count != call->model.forest->feature_count ||
		memcmp(state->content_digest, call->model.version->content_digest, CONTENT_DIGEST_LENGTH) != 0)
		fail_mixed(state->model, model_reference(&call->model));
	if (state->rows == MAX_ROWS)
		fail_invalid_state();
	for (int32 feature = 0; feature < state->feature_count; feature++)
		waiting_row(state, state->waiting)[feature] = call->vector[feature].value;
	state->rows++;
	if (++state->waiting == FOREST_BATCH)
		explain_waiting(state, call->model.forest);
	PG_RETURN_BYTEA_P((bytea *) state);
}

PG_FUNCTION_INFO_V1(company_risk_importance_combine);
Datum
company_risk_importance_combine(PG_FUNCTION_ARGS)
{
	ImportanceState *a = state_argument(fcinfo, 0);
	ImportanceState *b = state_argument(fcinfo, 1);

	if (memcmp(a->content_digest, b->content_digest, CONTENT_DIGEST_LENGTH) != 0 ||
		a->feature_count != b->feature_count)
		fail_mixed(a->model, b->model);
	settle(a);
	settle(b);
	/* states of many rows can be combined again and again */
	if (a->rows > MAX_ROWS - b->rows)
		fail_invalid_state();
	a->rows += b->rows;
	for (int32 feature = 0; feature < a->feature_count; feature++)
		exact_sum_merge(&a->sums[feature], &b->sums[feature]);
	/* what waited leaves no trace */
	memset(waiting_row(a, 0), 0, a->feature_count * sizeof(float[FOREST_BATCH]));
	PG_RETURN_BYTEA_P((bytea *) a);
}

PG_FUNCTION_INFO_V1(company_risk_importance_final);
Datum
company_risk_importance_final(PG_FUNCTION_ARGS)
{
	ImportanceState *state = state_argument(fcinfo, 0);
	Snapshot	snapshot = registry_snapshot();
	FeatureEntry *entries;
	int			count;
	JsonbParseState *json = NULL;

	settle(state);
	entries = registry_features(registry_resolve(state->model, snapshot), snapshot, &count);
	if (count != state->feature_count)
		elog(ERROR, "registry of model \"%s\" does not match the state of risk.global_importance", state->model);
	pushJsonbValue(&json, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < count; i++)
	{
		double		sum = exact_sum_round(&state->sums[i]);

		/* states can be forged */
		if (sum < 0.0)
			fail_invalid_state();
		json_push_number(&json, entries[i].feature, sum / state->rows);
	}
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&json, WJB_END_OBJECT, NULL)));
}
