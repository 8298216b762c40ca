/*
 * convert.c
 *		The old binary format of XGBoost: what it looks like, and converting it.
 *
 * Only libxgboost up to version 3.0 reads it, in a trainer process; what we keep
 * is the JSON that it writes.
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/compat.h"
#include "core/model.h"
#include "libxgboost/failures.h"
#include "libxgboost/frames.h"
#include "libxgboost/trainer.h"

/*
 * The format is a dump of structs, with or without "binf" before it: a header of
 * 136 bytes that begins with the base score and the number of features, then the
 * length and the name of the objective.
 */
static bool
is_binary_model(const char *bytes, Size length)
{
	uint32		features;
	int32		classes;
	uint64		name_length;
	const char *name;

	if (length >= 4 && memcmp(bytes, "binf", 4) == 0)
		return true;
	if (length < 136 + sizeof(name_length))
		return false;
	memcpy(&features, bytes + 4, sizeof(features));
	memcpy(&classes, bytes + 8, sizeof(classes));
	memcpy(&name_length, bytes + 136, sizeof(name_length));
	name = bytes + 136 + sizeof(name_length);
	if (features == 0 || features > TRAINER_FEATURES_MAX || classes < 0 ||
		classes > MODEL_GROUPS_MAX ||
		name_length == 0 || name_length > 64 || length < 136 + sizeof(name_length) + name_length)
		return false;
	for (uint64 i = 0; i < name_length; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') ||
			  name[i] == ':' || name[i] == '_'))
			return false;
	return true;
}

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

PG_FUNCTION_INFO_V1(company_risk_is_binary_model);
Datum
company_risk_is_binary_model(PG_FUNCTION_ARGS)
{
	bytea	   *head = PG_GETARG_BYTEA_P_SLICE(0, 0, 256);

	PG_RETURN_BOOL(is_binary_model(VARDATA_ANY(head), VARSIZE_ANY_EXHDR(head)));
}

PG_FUNCTION_INFO_V1(company_risk_convert_model);
Datum
company_risk_convert_model(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	bytea	   *result;
	Trainer    *trainer = NULL;
	ErrorContextCallback context = {
		.previous = error_context_stack,
		.callback = trainer_error_context,
		.arg = &trainer
	};

	if (!is_binary_model(VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("not a model in XGBoost's old binary format"),
				 errhint("risk.import_model reads JSON and UBJSON as they are.")));
	error_context_stack = &context;
	trainer = trainer_start(1);
	result = convert(trainer, bytes);
	trainer_finish(trainer);
	error_context_stack = context.previous;
	PG_RETURN_BYTEA_P(result);
}
