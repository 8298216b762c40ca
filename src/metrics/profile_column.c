/*
 * profile_column.c
 *		The aggregate risk_internal.profile_column: what is kept of a column's
 *		distribution, for risk.drift to compare later ones with.
 *
 * All of it comes from one pass over the column's values in order, which a sort of
 * the server's own brings: the columns share work_mem, and go to disk beyond that.  So any
 * number of rows can be profiled, in one scan with one sort for each column, and
 * the result depends on the values alone, not on their order.
 *
 * With a reference's bounds or categories in the second argument, rows are counted
 * in the reference's bins instead of their own.  NULL and NaN are missing.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_collation_d.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "metrics/profile_categories.h"
#include "metrics/profile_numbers.h"

typedef struct ProfileState
{
	Tuplesortstate *sort;
	bool		is_text;
	int64		missing;
	int64		values;

	bool		has_reference;
	ReferenceBounds bounds;
	ReferenceCategories categories;
} ProfileState;

/* ----------
 * The reference
 * ----------
 */
static void
fail_null_reference(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("bounds and categories must not be null")));
}

static void
read_categories(ReferenceCategories *categories, ArrayType *array)
{
	Datum	   *elements;
	bool	   *nulls;
	const char **names;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &categories->count);
	names = palloc(Max(categories->count, 1) * sizeof(char *));
	for (int i = 0; i < categories->count; i++)
	{
		if (nulls[i])
			fail_null_reference();
		names[i] = TextDatumGetCString(elements[i]);
	}
	categories->names = names;
}

static void
read_bounds(ReferenceBounds *reference, ArrayType *array)
{
	Datum	   *elements;
	bool	   *nulls;
	double	   *bounds;

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, &reference->count);
	bounds = palloc(Max(reference->count, 1) * sizeof(double));
	for (int i = 0; i < reference->count; i++)
	{
		if (nulls[i])
			fail_null_reference();
		bounds[i] = DatumGetFloat8(elements[i]);
		if (isnan(bounds[i]) || (i > 0 && bounds[i] < bounds[i - 1]) ||
			(i > 1 && bounds[i] == bounds[i - 2]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("bounds must ascend, and none may stand more than twice")));
	}
	reference->bounds = bounds;
}

/* ----------
 * Rows come in
 * ----------
 */
static void
end_sort(Datum argument)
{
	ProfileState *state = (ProfileState *) DatumGetPointer(argument);

	if (state->sort != NULL)
		tuplesort_end(state->sort);
	state->sort = NULL;
}

/* One of so many sorts at the same time, which share work_mem */
static Tuplesortstate *
begin_sort(bool is_text, int sorts)
{
	int			memory = Max(64, work_mem / sorts);

	return tuplesort_begin_datum(is_text ? TEXTOID : FLOAT8OID,
								 is_text ? TextLessOperator : Float8LessOperator,
								 is_text ? C_COLLATION_OID : InvalidOid,
								 false, memory, NULL, TUPLESORT_NONE);
}

static ProfileState *
new_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context);
	ProfileState *state = palloc0(sizeof(ProfileState));
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 1);

	state->is_text = type == TEXTOID;
	state->has_reference = !PG_ARGISNULL(2);
	if (state->has_reference && state->is_text)
		read_categories(&state->categories, PG_GETARG_ARRAYTYPE_P(2));
	else if (state->has_reference)
		read_bounds(&state->bounds, PG_GETARG_ARRAYTYPE_P(2));
	state->sort = begin_sort(state->is_text, PG_ARGISNULL(3) ? 1 : Max(1, PG_GETARG_INT32(3)));
	MemoryContextSwitchTo(old_context);
	AggRegisterCallback(fcinfo, end_sort, PointerGetDatum(state));
	return state;
}

static void
add_number(ProfileState *state, double value)
{
	if (isnan(value))
		state->missing++;
	else
	{
		/* -0 becomes 0 */
		tuplesort_putdatum(state->sort, Float8GetDatum(value + 0.0), false);
		state->values++;
	}
}

PG_FUNCTION_INFO_V1(company_risk_profile_add);
Datum
company_risk_profile_add(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	ProfileState *state;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "risk_internal.profile_column's step called outside of an aggregate");
	state = PG_ARGISNULL(0) ? new_state(fcinfo, context) : (ProfileState *) PG_GETARG_POINTER(0);
	if (PG_ARGISNULL(1))
		state->missing++;
	else if (state->is_text)
	{
		tuplesort_putdatum(state->sort, PointerGetDatum(PG_GETARG_TEXT_PP(1)), false);
		state->values++;
	}
	else
		add_number(state, PG_GETARG_FLOAT8(1));
	PG_RETURN_POINTER(state);
}

/* ----------
 * The profile
 * ----------
 */
PG_FUNCTION_INFO_V1(company_risk_profile_final);
Datum
company_risk_profile_final(PG_FUNCTION_ARGS)
{
	ProfileState *state;
	Profile		profile = {0};
	TupleDesc	descriptor;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "risk_internal.profile_column's result wanted outside of an aggregate");
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "risk_internal.column_profile is not what this library expects");
	state = (ProfileState *) PG_GETARG_POINTER(0);
	profile.rows = state->values + state->missing;
	profile.missing = state->missing;
	tuplesort_performsort(state->sort);
	if (state->is_text)
		profile_sorted_texts(state->sort, state->has_reference ? &state->categories : NULL, &profile);
	else
	{
		SortedNumbers numbers = {.sort = state->sort, .count = state->values};

		profile_numbers(&numbers, state->has_reference ? &state->bounds : NULL, &profile);
	}
	end_sort(PointerGetDatum(state));
	PG_RETURN_DATUM(profile_datum(&profile, BlessTupleDesc(descriptor)));
}
