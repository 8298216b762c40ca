/*
 * train.c
 *		Trainings as SQL asks for them: from a query to trained models, and to what is
 *		kept of them.
 *
 * The query's rows are read once, as the caller (query_rows.c); the model, or one for
 * each fold of a cross-validation, is trained on them (run.c).  What a training
 * brought is one row (run_row.c), which risk_internal.store_training makes a version
 * of the registry, with calibration, thresholds and metrics.
 *
 * Rights.  Who may execute risk.train_model, risk.retrain_model or
 * risk.cross_validate needs no other right but to the rows.  So what these call is
 * everybody's to execute, and asks here for the right to the function that a person
 * calls.  What is kept is kept as the registry's owner (owner_query.h), and only what
 * was trained here a moment ago: nobody can hand in a record of his own.
 *
 * An error or a cancel at any point leaves nothing: the trainer belongs to the
 * resource owner, the temporary files to the transaction, progress to both.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "base/compat.h"
#include "base/plain_errors.h"
#include "libxgboost/settings.h"
#include "models/owner_query.h"
#include "models/registry_lookup.h"
#include "training/progress.h"
#include "training/query_rows.h"
#include "training/run_row.h"
#include "training/trial.h"

/* ----------
 * Rights
 * ----------
 */

/* The current user must have the right to execute a function of the schema risk. */
static void
check_may_execute(const char *function)
{
	List	   *name = list_make2(makeString("risk"), makeString(pstrdup(function)));

	if (!may_execute(LookupFuncName(name, -1, NULL, false)))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, function);
}

/* The setting is the administrator's: fewer threads are anybody's choice, more are not. */
static void
choose_threads(TrainingSpec *spec)
{
	if (spec->threads == 0)
		spec->threads = company_risk_trainer_threads;
	if (spec->threads > company_risk_trainer_threads &&
		pg_parameter_aclcheck("company_risk.trainer_threads", GetUserId(), ACL_SET) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to train with %d threads", spec->threads),
				 errdetail("The setting company_risk.trainer_threads allows %d.",
						   company_risk_trainer_threads)));
}

/* ----------
 * From a query to models
 * ----------
 */

/* Takes what one training brought, in a memory context that is reset afterwards. */
typedef void (*TakeRun) (void *argument, ResultRow *row);

static void
train_on_query(const char *query, TrainingSpec *spec, TupleDesc descriptor, TakeRun take,
			   void *argument)
{
	TimestampTz begun = GetCurrentTimestamp();
	MemoryContext context;
	MemoryContext old_context;
	TrainingData *data;
	double		reading_seconds;

	choose_threads(spec);
	progress_begin(spec->model);
	progress_phase(PROGRESS_READING, 0, 0);
	data = training_query_read(query, spec, training_trial);
	progress_rows(data->rows);
	reading_seconds = (double) (GetCurrentTimestamp() - begun) / USECS_PER_SEC;

	context = AllocSetContextCreate(CurrentMemoryContext, "company_risk training run",
									ALLOCSET_DEFAULT_SIZES);
	old_context = MemoryContextSwitchTo(context);
	for (int fold = Min(spec->folds, 1); fold <= spec->folds; fold++)
	{
		TrainingRun run = {.spec = spec, .data = data, .fold = fold};
		ResultRow	row = {0};

		training_run(&run);
		training_run_row(&run, reading_seconds, descriptor, &row);
		take(argument, &row);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
	training_data_close(data);
}

static void
put_run(void *argument, ResultRow *row)
{
	row_emit(row, argument);
}

PG_FUNCTION_INFO_V1(company_risk_run_training);
Datum
company_risk_run_training(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *set = (ReturnSetInfo *) fcinfo->resultinfo;
	TrainingSpec *spec;

	check_may_execute("cross_validate");
	InitMaterializedSRF(fcinfo, 0);
	spec = training_spec_read(PG_GETARG_JSONB_P(1));
	spec->model = "(cross-validation)";
	train_on_query(text_to_cstring(PG_GETARG_TEXT_PP(0)), spec, set->setDesc, put_run, set);
	progress_end();
	return (Datum) 0;
}

/* ----------
 * From a query to a version
 * ----------
 */

/* A training to be kept: arguments of risk_internal.store_training */
typedef struct Order
{
	Datum		name;
	Datum		query;
	Datum		arguments;
	NullableDatum description;
	NullableDatum retrained_from;
	MemoryContext context;
	TupleDesc	descriptor;		/* of risk_internal.training_run */
	Datum		run;
} Order;

static void
keep_run(void *argument, ResultRow *row)
{
	Order	   *order = argument;
	MemoryContext old_context = MemoryContextSwitchTo(order->context);

	order->run = row_datum(row, order->descriptor);
	MemoryContextSwitchTo(old_context);
}

/* What can be refused before the query is run */
static void
check_order(const Order *order)
{
	Oid			types[2] = {TEXTOID, JSONBOID};
	Datum		values[2] = {order->name, order->arguments};
	Datum		nothing;
	bool		isnull;

	owner_query("SELECT risk_internal.check_training($1, $2)", lengthof(types), types, values, NULL,
				1, &nothing, &isnull);
}

static Datum
store_run(const Order *order)
{
	Oid			types[6] = {TEXTOID, TEXTOID, JSONBOID, TEXTOID, INT4OID,
							order->descriptor->tdtypeid};
	Datum		values[6] = {order->name, order->query, order->arguments, order->description.value,
	order->retrained_from.value, order->run};
	char		nulls[6] = {' ', ' ', ' ', order->description.isnull ? 'n' : ' ',
	order->retrained_from.isnull ? 'n' : ' ', ' '};
	Datum		reference;
	bool		isnull;

	owner_query("SELECT risk_internal.store_training($1, $2, $3, $4, $5, $6)", lengthof(types),
				types, values, nulls,
				1, &reference, &isnull);
	return reference;
}

static Datum
train_and_store(Order *order)
{
	Oid			schema = get_namespace_oid(REGISTRY_SCHEMA, false);
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
									   CStringGetDatum("training_run"),
									   ObjectIdGetDatum(schema));
	TrainingSpec *spec;
	Datum		reference;

	check_order(order);
	spec = training_spec_read(DatumGetJsonbP(order->arguments));
	if (spec->folds > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("folds are for risk.cross_validate")));
	spec->model = TextDatumGetCString(order->name);
	order->context = CurrentMemoryContext;
	order->descriptor = lookup_rowtype_tupdesc_copy(type, -1);
	train_on_query(TextDatumGetCString(order->query), spec, order->descriptor, keep_run, order);
	progress_phase(PROGRESS_IMPORTING, 0, 0);
	reference = store_run(order);
	progress_end();
	return reference;
}

PG_FUNCTION_INFO_V1(company_risk_train);
Datum
company_risk_train(PG_FUNCTION_ARGS)
{
	Order		order = {.retrained_from = {.isnull = true}};

	check_may_execute("train_model");
	for (int i = 0; i < 3; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("name and query must not be null")));
	order.name = PG_GETARG_DATUM(0);
	order.query = PG_GETARG_DATUM(1);
	order.arguments = PG_GETARG_DATUM(2);
	order.description.value = PG_GETARG_DATUM(3);
	order.description.isnull = PG_ARGISNULL(3);
	PG_RETURN_DATUM(train_and_store(&order));
}

static Datum
retrain_model(PG_FUNCTION_ARGS)
{
	Order		order = {0};
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {PG_GETARG_DATUM(0)};
	char		nulls[1] = {PG_ARGISNULL(0) ? 'n' : ' '};
	Datum		request[4];
	bool		isnull[4];

	owner_query("SELECT r.name, r.query, r.arguments, r.version FROM risk.training_request($1) r",
				lengthof(types), types, values, nulls, lengthof(request), request, isnull);
	order.name = request[0];
	order.query = request[1];
	order.arguments = request[2];
	order.retrained_from.value = request[3];
	order.description.value = PG_GETARG_DATUM(1);
	order.description.isnull = PG_ARGISNULL(1);
	PG_RETURN_DATUM(train_and_store(&order));
}

PG_FUNCTION_INFO_V1(company_risk_retrain_model);
Datum
company_risk_retrain_model(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(call_with_plain_errors(retrain_model, fcinfo));
}
