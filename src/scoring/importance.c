/*
 * importance.c
 *		The aggregate risk.global_importance: which features weigh most, over
 *		many companies.
 *
 * The state (importance_state.c) is one flat value, so that partial states travel
 * between workers, and between servers: the model (name@version), how many rows,
 * and for each feature the sum of |contribution|.  Rows are explained in batches, which
 * takes much less time for each, so the last few wait in the state for others;
 * nobody sees the sums before they have been added.
 *
 * A row's contributions are the same bits in any batch and at any place in it
 * (core/explain.h), and their sums are exact (base/exact_sum.h): results depend
 * neither on the order of rows nor on how they were split among workers.  Combined
 * states hold no rows that wait, and their sums are normalized: the same rows give
 * the same bytes.
 *
 * Rights.  Servers that gather states of others call the steps as anybody, so they
 * are everybody's to call, also with rows that wait in a state of one's own making.
 * Whoever has rows explained needs the right to the aggregate, in one of its forms.
 */
#include "scoring/importance_state.h"

#include <float.h>
#include <math.h>

#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "storage/shmem.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/jsonb_build.h"
#include "models/acquire_image.h"
#include "models/server_host.h"
#include "scoring/call.h"

/* An error unless the current user may call risk.global_importance, in one of its forms. */
static void
require_execute(void)
{
	static const Oid types[] = {RECORDOID, TEXTOID};
	Oid			schema = get_namespace_oid("risk", false);

	for (int count = 1; count <= (int) lengthof(types); count++)
	{
		Oid			function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
											   CStringGetDatum("global_importance"),
											   PointerGetDatum(buildoidvector(types, count)),
											   ObjectIdGetDatum(schema));

		if (OidIsValid(function) && may_execute(function))
			return;
	}
	aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_AGGREGATE, "global_importance");
}

static _Noreturn void
fail_another_model(const ImportanceState *state)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s\" is another one than the state of risk.global_importance was made with",
					state->model)));
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
		memcpy(vectors + row * length, importance_state_row(state, row),
			   state->feature_count * sizeof(float));
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

/*
 * The version that a state says it was made with; an error if that has another content
 * here, as one of the same name on another server may.
 */
static ModelVersion *
state_version(const ImportanceState *state, Snapshot snapshot)
{
	ModelVersion *version = registry_resolve(state->model, snapshot);

	if (memcmp(state->content_digest, version->content_digest, CONTENT_DIGEST_LENGTH) != 0)
		fail_another_model(state);
	return version;
}

/* Explains the rows that wait where no call has the model at hand. */
static void
settle(ImportanceState *state)
{
	Snapshot	snapshot;
	ModelVersion *version;
	ModelImage *image;

	if (state->waiting == 0)
		return;
	require_execute();
	snapshot = registry_snapshot();
	version = state_version(state, snapshot);
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

	if (fcinfo->flinfo->fn_extra == NULL)
		require_execute();
	call = call_begin_at(fcinfo, 1);
	if (call == NULL)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	model_require_one_output(&call->model);
	call_bind(call, fcinfo);

	/* an aggregate's state is ours to change in place, and it copies a new one itself */
	if (PG_ARGISNULL(0))
		state = importance_state_new((int32) call->model.forest->feature_count,
									 call->model.version->content_digest, model_reference(&call->model));
	else
		state = importance_state_argument(fcinfo, 0, AggCheckCallContext(fcinfo, NULL) != 0);
	if (state->feature_count != call->model.forest->feature_count ||
		memcmp(state->content_digest, call->model.version->content_digest, CONTENT_DIGEST_LENGTH) != 0)
		fail_mixed(state->model, model_reference(&call->model));
	if (state->rows == IMPORTANCE_MAX_ROWS)
		importance_state_fail();
	for (int32 feature = 0; feature < state->feature_count; feature++)
		importance_state_row(state, state->waiting)[feature] = call->vector[feature].value;
	state->rows++;
	if (++state->waiting == FOREST_BATCH)
		explain_waiting(state, call->model.forest);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(company_risk_importance_combine);
Datum
company_risk_importance_combine(PG_FUNCTION_ARGS)
{
	ImportanceState *a = importance_state_argument(fcinfo, 0, false);
	ImportanceState *b = importance_state_argument(fcinfo, 1, false);

	if (memcmp(a->content_digest, b->content_digest, CONTENT_DIGEST_LENGTH) != 0 ||
		a->feature_count != b->feature_count)
		fail_mixed(a->model, b->model);
	settle(a);
	settle(b);
	/* states of many rows can be combined again and again */
	if (a->rows > IMPORTANCE_MAX_ROWS - b->rows)
		importance_state_fail();
	a->rows += b->rows;
	for (int32 feature = 0; feature < a->feature_count; feature++)
		exact_sum_merge(&a->sums[feature], &b->sums[feature]);
	/* what waited leaves no trace */
	memset(importance_state_row(a, 0), 0, a->feature_count * sizeof(float[FOREST_BATCH]));
	PG_RETURN_POINTER(a);
}

PG_FUNCTION_INFO_V1(company_risk_importance_final);
Datum
company_risk_importance_final(PG_FUNCTION_ARGS)
{
	ImportanceState *state = importance_state_argument(fcinfo, 0, false);
	Snapshot	snapshot = registry_snapshot();
	FeatureEntry *entries;
	int			count;
	JsonbParseState *json = NULL;

	settle(state);
	entries = registry_features(state_version(state, snapshot), snapshot, &count);
	if (count != state->feature_count)
		elog(ERROR, "registry of model \"%s\" does not match the state of risk.global_importance",
			 state->model);
	pushJsonbValue(&json, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < count; i++)
	{
		double		sum = exact_sum_round(&state->sums[i]);

		/* states can be forged */
		if (sum < 0.0)
			importance_state_fail();
		json_push_number(&json, entries[i].feature, sum / state->rows);
	}
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&json, WJB_END_OBJECT, NULL)));
}
