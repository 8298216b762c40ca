/*
 * importance.c
 *		The aggregate risk.global_importance: which features weigh most, over
 *		many companies.
 *
 * The state is one flat value, so that partial states travel between workers,
 * and between servers: the model (name@version), how many rows, and for each
 * feature the sum of |contribution|.  No row is kept.
 *
 * Sums of doubles depend a little on their order; rows come in no particular
 * order, and workers' shares even less, so the last digits of a mean may differ
 * from run to run.
 */
#include "call.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"

#include "json.h"

typedef struct ImportanceState
{
	int32		vl_len_;		/* varlena header (do not touch directly!) */
	int32		feature_count;
	int64		rows;
	uint8		content_digest[CONTENT_DIGEST_LENGTH];
	char		model[NAMEDATALEN * 4]; /* name@version */
	double		sums[FLEXIBLE_ARRAY_MEMBER];
} ImportanceState;

static Size
state_size(int32 feature_count)
{
	return add_size(offsetof(ImportanceState, sums), mul_size(feature_count, sizeof(double)));
}

/* A state argument, aligned; an error if it is not one of ours (states can be stored). */
static ImportanceState *
state_argument(FunctionCallInfo fcinfo, int argument)
{
	ImportanceState *state = (ImportanceState *) PG_GETARG_BYTEA_P_COPY(argument);

	if (VARSIZE(state) < offsetof(ImportanceState, sums) || state->feature_count < 0 ||
		VARSIZE(state) != state_size(state->feature_count) ||
		memchr(state->model, 0, sizeof(state->model)) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of risk.global_importance")));
	return state;
}

static ImportanceState *
new_state(Call *call, MemoryContext context)
{
	Size		size = state_size((int32) call->forest->feature_count);
	ImportanceState *state = MemoryContextAllocZero(context, size);

	SET_VARSIZE(state, size);
	state->feature_count = (int32) call->forest->feature_count;
	memcpy(state->content_digest, call->version->content_digest, CONTENT_DIGEST_LENGTH);
	strlcpy(state->model, call_model(call), sizeof(state->model));
	return state;
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
	MemoryContext context;
	Call	   *call;
	ImportanceState *state;
	const double *contributions;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "risk.global_importance's step called outside of an aggregate");
	call = call_begin(fcinfo);
	if (call == NULL)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	call_require_one_output(call);
	call_bind(call, fcinfo);

	/* the state is ours to change in place */
	state = PG_ARGISNULL(0) ? new_state(call, context) : (ImportanceState *) PG_GETARG_BYTEA_P(0);
	if (memcmp(state->content_digest, call->version->content_digest, CONTENT_DIGEST_LENGTH) != 0)
		fail_mixed(state->model, call_model(call));
	contributions = call_contributions(call);
	for (int32 feature = 0; feature < state->feature_count; feature++)
		state->sums[feature] += fabs(contributions[feature]);
	state->rows++;
	PG_RETURN_BYTEA_P((bytea *) state);
}

PG_FUNCTION_INFO_V1(company_risk_importance_combine);
Datum
company_risk_importance_combine(PG_FUNCTION_ARGS)
{
	ImportanceState *a = state_argument(fcinfo, 0);
	ImportanceState *b = state_argument(fcinfo, 1);
	ImportanceState *sum;

	if (memcmp(a->content_digest, b->content_digest, CONTENT_DIGEST_LENGTH) != 0 ||
		a->feature_count != b->feature_count)
		fail_mixed(a->model, b->model);
	sum = palloc(VARSIZE(a));
	memcpy(sum, a, VARSIZE(a));
	sum->rows += b->rows;
	for (int32 feature = 0; feature < sum->feature_count; feature++)
		sum->sums[feature] += b->sums[feature];
	PG_RETURN_BYTEA_P((bytea *) sum);
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

	entries = registry_features(registry_resolve(state->model, snapshot), snapshot, &count);
	if (count != state->feature_count)
		elog(ERROR, "registry of model \"%s\" does not match the state of risk.global_importance", state->model);
	pushJsonbValue(&json, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < count; i++)
		json_push_number(&json, entries[i].feature, state->sums[i] / state->rows);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&json, WJB_END_OBJECT, NULL)));
}
