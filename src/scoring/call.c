/*
 * call.c
 *		A scoring function's call in a statement.
 *
 * What a call needs beyond its arguments (model, plan for the row type, plans
 * for look-ups, buffers) is made once and kept in fn_extra.  It holds for one
 * snapshot: a function in a SELECT sees one snapshot from its first row to its
 * last, but the same fn_extra may live through several statements of a PL/pgSQL
 * function, and there a promotion or an ALTER TABLE may lie in between.
 *
 * To tell, we keep a mark of the snapshot.  Two snapshots of one transaction with
 * the same xmax, and as many running transactions below it, have the same
 * running transactions below it: with xmax fixed no transaction can join them,
 * only leave.  But while a transaction is being prepared (PREPARE TRANSACTION), it
 * is counted twice, and could stand in for one that has left: where a server
 * allows prepared transactions, the mark has a hash of the running ones, too.
 * So everything that others committed looks the same; what this transaction did
 * itself looks the same when the command and the subtransaction are the same.
 * When any of this differs, all is made anew: that costs microseconds, as the
 * image stays mapped.
 *
 * The image is pinned as long as fn_extra refers to it; a callback of the
 * function's memory context lets go, also after an error.
 */
#include "scoring/call.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/twophase.h"
#include "access/xact.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/shmem.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "core/evaluate.h"
#include "core/explain.h"
#include "models/server_host.h"
#include "scoring/bind_array.h"
#include "scoring/bind_object.h"
#include "scoring/verbs.h"

/* Lets go of what is not memory. */
static void
release_call(void *argument)
{
	Call	   *call = argument;

	model_release(&call->model);
	lookup_release(&call->lookup);
}

/* Reads the form of the call from the function's declared arguments. */
static Call *
create_call(FunctionCallInfo fcinfo, int first_argument)
{
	Call	   *call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Call));
	MemoryContextCallback *callback = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
														 sizeof(MemoryContextCallback));
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	Form_pg_proc function;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
	function = (Form_pg_proc) GETSTRUCT(tuple);
	call->first_argument = first_argument;
	switch (function->proargtypes.values[first_argument])
	{
		case RECORDOID:
			call->form = FORM_ROW;
			break;
		case JSONBOID:
			call->form = FORM_JSONB;
			break;
		case FLOAT8ARRAYOID:
			call->form = FORM_ARRAY;
			break;
		case NUMERICOID:
			call->key_is_number = true;
			/* FALLTHROUGH */
		case TEXTOID:
			call->form = FORM_KEY;
			break;
		case TEXTARRAYOID:
			call->form = FORM_COLUMNS;
			break;
		case FLOAT8OID:
			call->form = FORM_SCORE;
			break;
		default:
			elog(ERROR, "unexpected argument type of function %u", fcinfo->flinfo->fn_oid);
	}
	call->model_argument = -1;
	call->period_argument = -1;
	call->top_argument = -1;
	call->columns_argument = call->form == FORM_COLUMNS ? function->pronargs - 1 : -1;
	for (int i = first_argument + 1; i < function->pronargs; i++)
	{
		if (function->proargtypes.values[i] == TEXTOID)
			call->model_argument = i;
		else if (function->proargtypes.values[i] == INT8OID)
			call->top_argument = i;
		else if (call->form == FORM_KEY)
			call->period_argument = i;
	}
	ReleaseSysCache(tuple);
	if (call->form == FORM_COLUMNS)
		verb_require_execute(fcinfo->flinfo->fn_oid);

	call->model.context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "company_risk call",
												ALLOCSET_DEFAULT_SIZES);
	callback->func = release_call;
	callback->arg = call;
	MemoryContextRegisterResetCallback(fcinfo->flinfo->fn_mcxt, callback);
	fcinfo->flinfo->fn_extra = call;
	return call;
}

static void
set_mark(SnapshotMark *mark, Snapshot snapshot)
{
	memset(mark, 0, sizeof(*mark));
	mark->xmin = snapshot->xmin;
	mark->xmax = snapshot->xmax;
	mark->xcnt = snapshot->xcnt;
	mark->subxcnt = snapshot->subxcnt;
	mark->curcid = snapshot->curcid;
	mark->transaction = current_local_transaction();
	mark->subtransaction = GetCurrentSubTransactionId();
	/* on a standby, xip is empty, and what is in its stead has no duplicates */
	if (max_prepared_xacts > 0)
		mark->running = hash_bytes_extended((const unsigned char *) snapshot->xip,
											snapshot->xcnt * sizeof(TransactionId), 0);
}

static bool
same_text(const char *string, const text *value)
{
	size_t		length;

	if (string == NULL || value == NULL)
		return string == NULL && value == NULL;
	length = VARSIZE_ANY_EXHDR(value);
	return strlen(string) == length && memcmp(string, VARDATA_ANY(value), length) == 0;
}

static const char *
default_model(void)
{
	return company_risk_default_model ? company_risk_default_model : "";
}

/* Resolves the model and makes the buffers. */
static void
resolve_call(Call *call, const text *reference, const SnapshotMark *mark, Snapshot snapshot)
{
	const char *string = reference ? text_to_cstring(reference) : NULL;
	MemoryContext old_context;

	release_call(call);
	call->rows = (RowBinding) {.model = &call->model};
	call->contributions = NULL;
	model_resolve(&call->model, string, call->form != FORM_SCORE, snapshot);

	old_context = MemoryContextSwitchTo(call->model.context);
	call->reference = string ? pstrdup(string) : NULL;
	call->default_model = pstrdup(default_model());
	if (call->form != FORM_SCORE)
	{
		const ForestImage *forest = call->model.forest;

		call->vector = MemoryContextAllocHuge(call->model.context,
											  forest_vector_length(forest->feature_count) * sizeof(ForestValue));
		call->margins = palloc(forest->group_count * sizeof(float));
		call->outputs = palloc(forest->group_count * sizeof(float));
	}
	call->mark = *mark;

	MemoryContextSwitchTo(old_context);
}

Call *
call_begin(FunctionCallInfo fcinfo)
{
	return call_begin_at(fcinfo, 0);
}

Call *
call_begin_at(FunctionCallInfo fcinfo, int first_argument)
{
	Call	   *call = fcinfo->flinfo->fn_extra;
	const text *reference = NULL;
	Snapshot	snapshot;
	SnapshotMark mark;

	CHECK_FOR_INTERRUPTS();
	if (call == NULL)
		call = create_call(fcinfo, first_argument);
	if (PG_ARGISNULL(call->first_argument))
		return NULL;
	if (call->model_argument >= 0 && !PG_ARGISNULL(call->model_argument))
		reference = PG_GETARG_TEXT_PP(call->model_argument);
	snapshot = registry_snapshot();
	set_mark(&mark, snapshot);
	if (call->model.version == NULL || memcmp(&mark, &call->mark, sizeof(mark)) != 0 ||
		!same_text(call->reference, reference) ||
		(reference == NULL && strcmp(call->default_model, default_model()) != 0))
		resolve_call(call, reference, &mark, snapshot);
	return call;
}

/* The company's number as text: a number has lost its leading zeros. */
static char *
key_argument(Call *call, FunctionCallInfo fcinfo)
{
	char	   *digits;
	int			length;

	if (!call->key_is_number)
		return text_to_cstring(PG_GETARG_TEXT_PP(call->first_argument));
	digits = numeric_normalize(PG_GETARG_NUMERIC(call->first_argument));
	length = strspn(digits, "0123456789");
	if (digits[length] != '\0' || length >= 9)
		return digits;
	return psprintf("%.*s%s", 9 - length, "000000000", digits);
}

bool
call_bind(Call *call, FunctionCallInfo fcinfo)
{
	DateADT		period = 0;
	bool		has_period;
	HeapTupleHeader row;

	switch (call->form)
	{
		case FORM_ROW:
			bind_row(&call->rows, PG_GETARG_HEAPTUPLEHEADER(call->first_argument), call->vector);
			break;
		case FORM_JSONB:
			call->object = PG_GETARG_JSONB_P(call->first_argument);
			bind_object(&call->model, call->object, call->vector);
			break;
		case FORM_ARRAY:
			call->array = PG_GETARG_ARRAYTYPE_P(call->first_argument);
			bind_array(&call->model, call->array, call->vector);
			break;
		case FORM_KEY:
			has_period = !PG_ARGISNULL(call->period_argument);
			if (has_period)
				period = PG_GETARG_DATEADT(call->period_argument);
			row = lookup_company(&call->lookup, &call->model, key_argument(call, fcinfo),
								 has_period ? &period : NULL);
			if (row == NULL)
				return false;
			bind_row(&call->rows, row, call->vector);
			break;
		case FORM_COLUMNS:
			if (!bind_columns(&call->rows, fcinfo, call->columns_argument, call->vector))
				return false;
			break;
		case FORM_SCORE:
			return false;
	}
	if (forest_prepare(call->model.forest, call->vector))
		model_notice_infinite(&call->model, call->vector);
	return true;
}

static BoundValue
argument_value(const Call *call, uint32_t feature)
{
	switch (call->form)
	{
		case FORM_ROW:
		case FORM_KEY:
		case FORM_COLUMNS:
			return row_value(&call->rows, feature);
		case FORM_JSONB:
			return object_value(&call->model, call->object, feature);
		case FORM_ARRAY:
			return array_value(&call->model, call->array, feature);
		case FORM_SCORE:
			break;
	}
	pg_unreachable();
}

BoundValue
call_value(const Call *call, uint32_t feature)
{
	BoundValue	value = argument_value(call, feature);

	/* the model's number for missing is none */
	if (value.has_number && (float) value.number == call->model.forest->missing)
		value.has_number = false;
	return value;
}

const float *
call_margins(Call *call)
{
	forest_margins(call->model.forest, call->vector, call->margins);
	return call->margins;
}

double
call_score(Call *call)
{
	const Calibration *calibration = model_calibration(&call->model);
	const float *margins = call_margins(call);

	if (isnan(margins[0]))
		return get_float8_nan();
	if (calibration != NULL)
		return calibration_value(calibration, margins[0]);
	objective_predict((ObjectiveTransform) call->model.forest->transform, margins, 1, call->outputs);
	return call->outputs[0];
}

const double *
call_contributions(Call *call)
{
	const ForestImage *forest = call->model.forest;

	if (call->contributions == NULL)
	{
		call->scratch = MemoryContextAllocHuge(call->model.context,
											   mul_size(forest_contributions_scratch(forest), sizeof(double)));
		call->contributions =
			MemoryContextAllocHuge(call->model.context,
								   mul_size(mul_size(forest->group_count, (Size) forest->feature_count + 1),
											sizeof(double)));
	}
	forest_contributions(server_host(), forest, call->vector, call->contributions, call->scratch);
	return call->contributions;
}
