/*
 * outcome_aggregates.c
 *		Steps of the aggregates whose state is a multiset of outcomes.
 *
 * A step adds one row: score and label, and what the aggregate's arguments have
 * beside, a weight always the last of them.  Rows with a NULL do not count, nor do
 * rows of weight 0.  Parameters of a metric are kept in the state, as numbers; what
 * they may be is the metric's to judge, at the end (metric_functions.c), so aggregates
 * with equal arguments have equal states, which the executor then makes once.
 *
 * Anybody may call steps, as a server that gathers partial states of others has to:
 * a state is checked like any outcomes.
 */
#include "metrics/outcomes.h"

#include <math.h>

#include "common/hashfn.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "metrics/drift_measures.h"
#include "metrics/parameters.h"

/* A row to be added, with the parameters that came with it */
typedef struct NewRow
{
	uint32		layout;
	int			parameter_count;
	double		parameters[OUTCOMES_PARAMETERS];
	uint64		entry[OUTCOMES_MAX_WIDTH];
} NewRow;

/* The first argument as a state to change; NULL if it is NULL. */
static Outcomes *
state_argument(FunctionCallInfo fcinfo, MemoryContext context)
{
	Outcomes   *outcomes;

	if (PG_ARGISNULL(0))
		return NULL;
	outcomes = outcomes_of_state(PG_GETARG_DATUM(0));
	return outcomes != NULL ? outcomes : outcomes_copy(context, outcomes_argument(fcinfo, 0));
}

/* The answer to a row that does not count */
static Datum
same_state(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return PG_GETARG_DATUM(0);
}

static bool
any_null(FunctionCallInfo fcinfo)
{
	for (int i = 1; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			return true;
	return false;
}

static void
check_same_parameters(const Outcomes *outcomes, const double *parameters)
{
	for (int i = 0; i < OUTCOMES_PARAMETERS; i++)
		if (outcomes->parameters[i] != parameters[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a parameter of the aggregate differs between rows"),
					 errhint("Group by it.")));
}

/* Adds a row to the state, the first argument; the new state. */
static Datum
add_row(FunctionCallInfo fcinfo, const NewRow *row)
{
	MemoryContext context;
	Outcomes   *outcomes;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("step of an aggregate called outside of an aggregate")));
	outcomes = state_argument(fcinfo, context);
	if (outcomes == NULL)
	{
		outcomes = outcomes_create(context, row->layout, 0);
		outcomes->parameter_count = row->parameter_count;
		memcpy(outcomes->parameters, row->parameters, sizeof(outcomes->parameters));
	}
	else if (outcomes->layout != row->layout || outcomes->parameter_count != row->parameter_count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of an aggregate")));
	else
		check_same_parameters(outcomes, row->parameters);
	outcomes_append(outcomes, row->entry);
	return EOHPGetRWDatum(&outcomes->header);
}

static void
put_parameter(NewRow *row, double value)
{
	if (isnan(value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a parameter of the aggregate is not a number (NaN)")));
	row->parameters[row->parameter_count++] = value + 0.0;	/* not -0 */
}

/* Adds a row with the score and label of the arguments, and a weight if that one is there. */
static Datum
add_outcome(FunctionCallInfo fcinfo, NewRow *row, uint64 cluster, int weight_argument)
{
	int			width = 1;

	row->entry[0] = sortable_from_double(metric_score(PG_GETARG_FLOAT8(1)));
	if (PG_NARGS() > weight_argument)
	{
		double		weight = metric_weight(PG_GETARG_FLOAT8(weight_argument));

		/* a row of no weight is no row */
		if (weight == 0.0)
			return same_state(fcinfo);
		row->layout |= OUTCOMES_WEIGHTED;
		row->entry[width++] = sortable_from_double(weight);
	}
	if (row->layout & OUTCOMES_CLUSTERED)
		row->entry[width++] = cluster;
	row->entry[width++] = counted_of(1, PG_GETARG_BOOL(2));
	return add_row(fcinfo, row);
}

/* (state, score, label [, weight]) */
PG_FUNCTION_INFO_V1(company_risk_outcomes_add);
Datum
company_risk_outcomes_add(PG_FUNCTION_ARGS)
{
	NewRow		row = {0};

	if (any_null(fcinfo))
		return same_state(fcinfo);
	return add_outcome(fcinfo, &row, 0, 3);
}

/*
 * (state, score, label, cluster [, weight])
 *
 * The hash reads its key in the machine's order of bytes: states of servers of the
 * two kinds do not know each other's clusters, and are not meant to meet.
 */
PG_FUNCTION_INFO_V1(company_risk_outcomes_add_clustered);
Datum
company_risk_outcomes_add_clustered(PG_FUNCTION_ARGS)
{
	NewRow		row = {.layout = OUTCOMES_CLUSTERED};
	text	   *cluster;

	if (any_null(fcinfo))
		return same_state(fcinfo);
	cluster = PG_GETARG_TEXT_PP(3);
	return add_outcome(fcinfo, &row, hash_bytes_extended((unsigned char *) VARDATA_ANY(cluster),
														 VARSIZE_ANY_EXHDR(cluster), 0), 4);
}

/* (state, score, label, parameter [, weight]) */
PG_FUNCTION_INFO_V1(company_risk_metric_add_parameter);
Datum
company_risk_metric_add_parameter(PG_FUNCTION_ARGS)
{
	NewRow		row = {0};

	if (any_null(fcinfo))
		return same_state(fcinfo);
	put_parameter(&row, PG_GETARG_FLOAT8(3));
	return add_outcome(fcinfo, &row, 0, 4);
}

/* (state, score, label, k integer [, weight]) */
PG_FUNCTION_INFO_V1(company_risk_metric_add_k);
Datum
company_risk_metric_add_k(PG_FUNCTION_ARGS)
{
	NewRow		row = {0};

	if (any_null(fcinfo))
		return same_state(fcinfo);
	put_parameter(&row, PG_GETARG_INT32(3));
	return add_outcome(fcinfo, &row, 0, 4);
}

/* (state, score, label, threshold, beta [, weight]) */
PG_FUNCTION_INFO_V1(company_risk_metric_add_fbeta);
Datum
company_risk_metric_add_fbeta(PG_FUNCTION_ARGS)
{
	NewRow		row = {0};

	if (any_null(fcinfo))
		return same_state(fcinfo);
	put_parameter(&row, PG_GETARG_FLOAT8(3));
	put_parameter(&row, PG_GETARG_FLOAT8(4));
	return add_outcome(fcinfo, &row, 0, 5);
}

/* (state, score, label, bins, strategy [, weight]) */
PG_FUNCTION_INFO_V1(company_risk_metric_add_bins);
Datum
company_risk_metric_add_bins(PG_FUNCTION_ARGS)
{
	NewRow		row = {0};

	if (any_null(fcinfo))
		return same_state(fcinfo);
	put_parameter(&row, PG_GETARG_INT32(3));
	put_parameter(&row, metric_strategy(PG_GETARG_TEXT_PP(4)));
	return add_outcome(fcinfo, &row, 0, 5);
}

/* (state, value, is_now [, bins]); a value that is NULL or NaN is missing */
PG_FUNCTION_INFO_V1(company_risk_metric_add_sample);
Datum
company_risk_metric_add_sample(PG_FUNCTION_ARGS)
{
	NewRow		row = {.layout = OUTCOMES_SAMPLES};

	/* neither then nor now */
	if (PG_ARGISNULL(2))
		return same_state(fcinfo);
	if (PG_NARGS() > 3 && PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("bins must not be null")));
	put_parameter(&row, PG_NARGS() > 3 ? drift_bins(PG_GETARG_INT32(3)) : DRIFT_DEFAULT_BINS);
	row.entry[0] = PG_ARGISNULL(1) || isnan(PG_GETARG_FLOAT8(1)) ?
		MISSING_FIELD : sortable_from_double(PG_GETARG_FLOAT8(1));
	row.entry[1] = counted_of(1, PG_GETARG_BOOL(2));
	return add_row(fcinfo, &row);
}

/*
 * The union of two multisets: combines partial states, and is the step of
 * risk.merge_outcomes.  Outside of an aggregate it answers a flat value.
 */
PG_FUNCTION_INFO_V1(company_risk_outcomes_combine);
Datum
company_risk_outcomes_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	bool		aggregate = AggCheckCallContext(fcinfo, &context);
	Outcomes   *outcomes;
	const Outcomes *other;

	if (PG_ARGISNULL(1))
		return same_state(fcinfo);
	if (!aggregate)
		context = CurrentMemoryContext;
	if (!aggregate && !PG_ARGISNULL(0))
		outcomes = outcomes_copy(context, outcomes_argument(fcinfo, 0));	/* not ours to change */
	else
		outcomes = state_argument(fcinfo, context);
	other = outcomes_argument(fcinfo, 1);
	if (outcomes == NULL)
		outcomes = outcomes_copy(context, other);
	else
	{
		if (outcomes->layout != other->layout || outcomes->parameter_count != other->parameter_count)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("cannot merge outcomes of different kinds"),
					 errdetail("Some have weights or clusters and some do not.")));
		check_same_parameters(outcomes, other->parameters);
		outcomes_append_all(outcomes, other);
	}
	if (!aggregate)
		return outcomes_flat_value(outcomes);
	return EOHPGetRWDatum(&outcomes->header);
}
