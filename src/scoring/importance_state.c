/*
 * importance_state.c
 *		The state of risk.global_importance: type risk_internal.importance_state.
 *
 * In memory and on disk a state is one flat value in this machine's byte order.
 * On its way to another server, or into a file, it has a form of its own, which
 * is the same on all machines; the text form is that in hexadecimal digits:
 *
 *		byte	version of the form, 1
 *		32 bytes content digest of the model
 *		int32	bytes of the model's name@version, then these, in UTF-8
 *		int32	features
 *		int64	rows
 *		int32	rows that wait
 *		for each feature the limbs of its sum from the lowest, normalized: all
 *				but the last have 32 bits, the last has 64
 *		for each row that waits its values, float4
 *
 * Numbers are big-endian.  So a state takes 276 bytes for each feature there, and
 * 616 in memory, where a sum need not be normalized and rows have room to wait.
 *
 * What comes in is checked, so that nothing that a state says of itself leads
 * beyond it, and sums can take what is added.  Whether the model is the one that
 * it names is for those to find out who use it (importance.c).
 */
#include "scoring/importance_state.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/compat.h"

#define FORM_VERSION 1

/* Bytes of a sum in that form, and of all that is the same for each state */
#define FORM_SUM ((EXACT_SUM_LIMBS - 1) * sizeof(uint32) + sizeof(int64))
#define FORM_FIXED (1 + CONTENT_DIGEST_LENGTH + 3 * sizeof(int32) + sizeof(int64))

void
importance_state_fail(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of risk.global_importance")));
}

static Size
state_size(int32 feature_count)
{
	return add_size(offsetof(ImportanceState, sums),
					mul_size(feature_count, sizeof(ExactSum) + sizeof(float[FOREST_BATCH])));
}

ImportanceState *
importance_state_new(int32 feature_count, const uint8 *content_digest, const char *model)
{
	Size		size = state_size(feature_count);
	ImportanceState *state = palloc0(size);

	SET_VARSIZE(state, size);
	state->feature_count = feature_count;
	memcpy(state->content_digest, content_digest, CONTENT_DIGEST_LENGTH);
	strlcpy(state->model, model, sizeof(state->model));
	return state;
}

float *
importance_state_row(ImportanceState *state, int64 row)
{
	return (float *) (state->sums + state->feature_count) + row * state->feature_count;
}

/* Counts that can be right, and belong together */
static bool
counts_are_valid(int64 feature_count, int64 rows, int64 waiting)
{
	return feature_count >= 0 && rows >= 1 && rows <= IMPORTANCE_MAX_ROWS &&
		waiting >= 0 && waiting < FOREST_BATCH && waiting <= rows;
}

ImportanceState *
importance_state_argument(FunctionCallInfo fcinfo, int argument, bool in_place)
{
	ImportanceState *state = (ImportanceState *) (in_place ? PG_GETARG_VARLENA_P(argument) :
												  PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(argument)));

	/* a superuser's cast can make one of anything */
	if (VARSIZE(state) < offsetof(ImportanceState, sums) ||
		!counts_are_valid(state->feature_count, state->rows, state->waiting) ||
		VARSIZE(state) != state_size(state->feature_count) ||
		memchr(state->model, 0, sizeof(state->model)) == NULL)
		importance_state_fail();
	/* states of many rows can be combined again and again: sums have an end, too */
	for (int32 feature = 0; feature < state->feature_count && !in_place; feature++)
		if (!exact_sum_is_valid(&state->sums[feature]))
			importance_state_fail();
	return state;
}

/* ----------
 * Forms
 * ----------
 */
static bytea *
send_state(ImportanceState *state)
{
	StringInfoData buffer;
	char	   *model = pg_server_to_any(state->model, strlen(state->model), PG_UTF8);

	pq_begintypsend(&buffer);
	pq_sendbyte(&buffer, FORM_VERSION);
	pq_sendbytes(&buffer, (const char *) state->content_digest, CONTENT_DIGEST_LENGTH);
	pq_sendint32(&buffer, strlen(model));
	pq_sendbytes(&buffer, model, strlen(model));
	pq_sendint32(&buffer, state->feature_count);
	pq_sendint64(&buffer, state->rows);
	pq_sendint32(&buffer, (uint32) state->waiting);
	for (int32 feature = 0; feature < state->feature_count; feature++)
	{
		ExactSum	sum = state->sums[feature];

		exact_sum_normalize(&sum);
		for (int limb = 0; limb < EXACT_SUM_LIMBS - 1; limb++)
			pq_sendint32(&buffer, (uint32) sum.limbs[limb]);
		pq_sendint64(&buffer, sum.limbs[EXACT_SUM_LIMBS - 1]);
	}
	for (int64 row = 0; row < state->waiting; row++)
		for (int32 feature = 0; feature < state->feature_count; feature++)
			pq_sendfloat4(&buffer, importance_state_row(state, row)[feature]);
	return pq_endtypsend(&buffer);
}

static Size
bytes_left(StringInfo buffer)
{
	return buffer->len - buffer->cursor;
}

/* The name of the model; an error if it is too long for a state. */
static const char *
receive_model(StringInfo buffer)
{
	uint32		length = pq_getmsgint(buffer, sizeof(int32));
	char	   *model;

	if (length >= sizeof(((ImportanceState *) NULL)->model) ||
		bytes_left(buffer) < length + 2 * sizeof(int32) + sizeof(int64))
		importance_state_fail();
	model = pnstrdup(pq_getmsgbytes(buffer, length), length);
	if (strlen(model) != length)
		importance_state_fail();
	model = pg_any_to_server(model, length, PG_UTF8);
	if (strlen(model) >= sizeof(((ImportanceState *) NULL)->model))
		importance_state_fail();
	return model;
}

static ImportanceState *
receive_state(StringInfo buffer)
{
	ImportanceState *state;
	uint8		content_digest[CONTENT_DIGEST_LENGTH];
	const char *model;
	int32		feature_count;
	int64		rows;
	int32		waiting;

	if (bytes_left(buffer) < FORM_FIXED || pq_getmsgbyte(buffer) != FORM_VERSION)
		importance_state_fail();
	pq_copymsgbytes(buffer, (char *) content_digest, CONTENT_DIGEST_LENGTH);
	model = receive_model(buffer);
	feature_count = pq_getmsgint(buffer, sizeof(int32));
	rows = pq_getmsgint64(buffer);
	waiting = pq_getmsgint(buffer, sizeof(int32));
	/* nothing is allocated for what is not there */
	if (!counts_are_valid(feature_count, rows, waiting) ||
		bytes_left(buffer) != (FORM_SUM + sizeof(float4) * waiting) * feature_count)
		importance_state_fail();

	state = importance_state_new(feature_count, content_digest, model);
	state->rows = rows;
	state->waiting = waiting;
	for (int32 feature = 0; feature < feature_count; feature++)
	{
		ExactSum   *sum = &state->sums[feature];

		for (int limb = 0; limb < EXACT_SUM_LIMBS - 1; limb++)
			sum->limbs[limb] = (uint32) pq_getmsgint(buffer, sizeof(int32));
		sum->limbs[EXACT_SUM_LIMBS - 1] = pq_getmsgint64(buffer);
		/* sums of sizes are not negative */
		if (!exact_sum_is_valid(sum) || sum->limbs[EXACT_SUM_LIMBS - 1] < 0)
			importance_state_fail();
	}
	for (int64 row = 0; row < waiting; row++)
		for (int32 feature = 0; feature < feature_count; feature++)
			importance_state_row(state, row)[feature] = pq_getmsgfloat4(buffer);
	return state;
}

PG_FUNCTION_INFO_V1(company_risk_importance_state_recv);
Datum
company_risk_importance_state_recv(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(receive_state((StringInfo) PG_GETARG_POINTER(0)));
}

PG_FUNCTION_INFO_V1(company_risk_importance_state_send);
Datum
company_risk_importance_state_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(send_state(importance_state_argument(fcinfo, 0, true)));
}

PG_FUNCTION_INFO_V1(company_risk_importance_state_in);
Datum
company_risk_importance_state_in(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = DatumGetByteaPP(DirectFunctionCall1(byteain, PG_GETARG_DATUM(0)));
	StringInfoData buffer;

	initStringInfo(&buffer);
	appendBinaryStringInfo(&buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	PG_RETURN_POINTER(receive_state(&buffer));
}

PG_FUNCTION_INFO_V1(company_risk_importance_state_out);
Datum
company_risk_importance_state_out(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = send_state(importance_state_argument(fcinfo, 0, true));
	Size		length = VARSIZE(bytes) - VARHDRSZ;
	char	   *text = palloc(2 + 2 * length + 1);

	/* as bytea has it, whatever bytea_output is */
	memcpy(text, "\\x", 2);
	text[2 + hex_encode(VARDATA(bytes), length, text + 2)] = '\0';
	PG_RETURN_CSTRING(text);
}
