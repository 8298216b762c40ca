/*
 * convert.c
 *		The old binary format of XGBoost: converting it.
 *
 * Only libxgboost up to version 3.0 reads it (core/recognise.c knows what it looks
 * like), in a trainer process; what we keep is the JSON that it writes.  A model in
 * that format is inspected, too, as what an import would keep of it.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/compat.h"
#include "core/recognise.h"
#include "libxgboost/failures.h"
#include "libxgboost/frames.h"
#include "libxgboost/trainer.h"
#include "models/inspect.h"

/* The same model as JSON */
static bytea *
convert(Trainer *trainer, const bytea *bytes)
{
	bytea	   *model;
	StringInfoData payload;
	FrameKind	kind;

	initStringInfo(&payload);
	trainer_send(trainer, FRAME_CONVERT, NULL, 0);
	trainer_send_model(trainer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	trainer_send(trainer, FRAME_RUN, NULL, 0);
	kind = trainer_receive(trainer, &payload);
	model = trainer_receive_model(trainer, &kind, &payload);
	if (kind != FRAME_DONE || payload.len != 0)
		trainer_fail_frame(trainer, kind);
	pfree(payload.data);
	return model;
}

static bool
is_old_binary(const bytea *bytes)
{
	return recognise_old_binary((const uint8_t *) VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

/* Converts with a process of its own. */
static bytea *
convert_old_binary(const bytea *bytes)
{
	bytea	   *result;
	Trainer    *trainer = NULL;
	ErrorContextCallback context = {
		.previous = error_context_stack,
		.callback = trainer_error_context,
		.arg = &trainer
	};

	error_context_stack = &context;
	trainer = trainer_start(1);
	result = convert(trainer, bytes);
	trainer_finish(trainer);
	error_context_stack = context.previous;
	return result;
}

PG_FUNCTION_INFO_V1(company_risk_is_binary_model);
Datum
company_risk_is_binary_model(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_old_binary(PG_GETARG_BYTEA_P_SLICE(0, 0, RECOGNISE_LENGTH)));
}

PG_FUNCTION_INFO_V1(company_risk_convert_model);
Datum
company_risk_convert_model(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);

	if (!is_old_binary(bytes))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("not a model in XGBoost's old binary format"),
				 errhint("risk.import_model reads JSON and UBJSON as they are.")));
	PG_RETURN_BYTEA_P(convert_old_binary(bytes));
}

PG_FUNCTION_INFO_V1(company_risk_inspect_model);
Datum
company_risk_inspect_model(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("model_bytes must not be null")));
	bytes = PG_GETARG_BYTEA_PP(0);
	if (is_old_binary(bytes))
		return inspect_model(fcinfo, convert_old_binary(bytes), "binary");
	return inspect_model(fcinfo, bytes, NULL);
}
