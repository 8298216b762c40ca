/*
 * profile.c
 *		The aggregate risk_internal.profile_column: what is kept of a column's distribution,
 *		for risk.drift to compare later ones with.
 *
 * All of it comes from one pass over the column's values in order, which a sort of
 * the server's own brings: the columns share work_mem, and go to disk beyond that.  So any
 * number of rows can be profiled, in one scan with one sort for each column, and
 * the result depends on the values alone, not on their order.
 *
 * Of numbers it keeps moments, extremes, quantiles, how many values are in each bin
 * between deciles (drift.c has the bins), and the means of a hundred slices of equal
 * weight, from the smallest values to the largest.  Between two profiles, the mean
 * distance of their slices is the Wasserstein distance, short only of what moves
 * against the rest within a slice; outliers count with their weight.  Of text it
 * keeps how often each value occurs, for the most frequent ones.
 *
 * With a reference's bounds or categories in the second argument, rows are counted
 * in the reference's bins instead of their own.  NULL and NaN are missing.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/double_double.h"
#include "metrics/drift.h"
#include "metrics/profile.h"

#define QUANTILES 20			/* 0, 0.05, ... 1 */
#define SLICES 100
#define CATEGORIES_MAX 1000
#define OTHERS_NAMED 20			/* categories unknown to the reference */

typedef struct ProfileState
{
	Tuplesortstate *sort;
	const float *next;			/* instead of it: numbers at hand, in order */
	bool		is_text;
	int64		missing;
	int64		values;

	bool		has_reference;
	double	   *bounds;
	int			bound_count;
	char	  **categories;
	int			category_count;
} ProfileState;

/* Columns of risk_internal.column_profile */
enum
{
	PROFILE_KIND,
	PROFILE_ROWS,
	PROFILE_MISSING,
	PROFILE_MEAN,
	PROFILE_STDDEV,
	PROFILE_MINIMUM,
	PROFILE_MAXIMUM,
	PROFILE_QUANTILES,
	PROFILE_SLICES,
	PROFILE_BOUNDS,
	PROFILE_CATEGORIES,
	PROFILE_COUNTS,
	PROFILE_OTHERS,
	PROFILE_OTHER_CATEGORIES,
	PROFILE_COLUMNS
};

typedef struct ProfileRow
{
	Datum		values[PROFILE_COLUMNS];
	bool		nulls[PROFILE_COLUMNS];
} ProfileRow;

static void
set_column(ProfileRow *row, int column, Datum value)
{
	row->values[column] = value;
	row->nulls[column] = false;
}

static Datum
float_array(const double *values, int count)
{
	Datum	   *elements = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		elements[i] = Float8GetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, count, FLOAT8OID, sizeof(float8),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static Datum
count_array(const int64 *values, int count)
{
	Datum	   *elements = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		elements[i] = Int64GetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, count, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
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

static void
read_reference(ProfileState *state, ArrayType *array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (state->is_text)
		deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	else
		deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
						  &elements, &nulls, &count);
	state->has_reference = true;
	state->bounds = palloc(Max(count, 1) * sizeof(double));
	state->categories = palloc(Max(count, 1) * sizeof(char *));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("bounds and categories must not be null")));
		if (state->is_text)
			state->categories[i] = TextDatumGetCString(elements[i]);
		else
		{
			state->bounds[i] = DatumGetFloat8(elements[i]);
			if (isnan(state->bounds[i]) || (i > 0 && state->bounds[i] < state->bounds[i - 1]) ||
				(i > 1 && state->bounds[i] == state->bounds[i - 2]))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("bounds must ascend, and none may stand more than twice")));
		}
	}
	if (state->is_text)
		state->category_count = count;
	else
		state->bound_count = count;
}

/* One of so many sorts at the same time, which share work_mem */
static Tuplesortstate *
begin_sort(bool is_text, int sorts)
{
	int			memory = Max(64, work_mem / sorts);

	return is_text ?
		tuplesort_begin_datum(TEXTOID, TextLessOperator, C_COLLATION_OID, false, memory, NULL, TUPLESORT_NONE) :
		tuplesort_begin_datum(FLOAT8OID, Float8LessOperator, InvalidOid, false, memory, NULL, TUPLESORT_NONE);
}

static ProfileState *
new_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	MemoryContext old_context = MemoryContextSwitchTo(context);
	ProfileState *state = palloc0(sizeof(ProfileState));
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, 1);

	state->is_text = type == TEXTOID;
	if (!PG_ARGISNULL(2))
		read_reference(state, PG_GETARG_ARRAYTYPE_P(2));
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
 * Numbers
 * ----------
 */

/* Where the run of equal values that holds a decile begins and ends */
typedef struct DecileRun
{
	int64		below;
	int64		through;
} DecileRun;

/* How many values are in each of the column's own bins, whose bounds are deciles. */
static void
count_own_bins(const double *deciles, const DecileRun *runs, int64 values,
			   double *bounds, int *bound_count, int64 *counts)
{
	int64		before = 0;

	*bound_count = drift_bounds(deciles, DRIFT_DEFAULT_BINS, bounds);
	for (int i = 0; i < *bound_count; i++)
	{
		int			k = 0;
		int64		through;

		while (deciles[k] != bounds[i])
			k++;
		/* the first of two bounds leaves the value out */
		through = i + 1 < *bound_count && bounds[i + 1] == bounds[i] ? runs[k].below : runs[k].through;
		counts[i] = through - before;
		before = through;
	}
	counts[*bound_count] = values - before;
}

/* The next number in order; there is one more. */
static double
next_number(ProfileState *state)
{
	Datum		datum;

	if (state->next != NULL)
		return *state->next++;
	if (!sorted_datum(state->sort, &datum))
		elog(ERROR, "sort of a profile has lost values");
	return DatumGetFloat8(datum);
}

static void
profile_numbers(ProfileState *state, ProfileRow *row)
{
	const int64 n = state->values;
	double		quantiles[QUANTILES + 1];
	double		deciles[DRIFT_DEFAULT_BINS + 1];
	DecileRun	runs[DRIFT_DEFAULT_BINS + 1];
	double		slices[SLICES];
	double		own_bounds[2 * DRIFT_DEFAULT_BINS];
	const double *bounds = state->has_reference ? state->bounds : own_bounds;
	int			bound_count = state->bound_count;
	int64	   *counts;
	int			quantile = 0;
	int			decile = 0;
	int			closed = 0;		/* deciles whose run has ended */
	int			slice = 0;
	int64		run_start = 0;
	double		previous = 0.0;
	DoubleDouble slice_sum = dd_from(0.0);
	DoubleDouble mean_sum = dd_from(0.0);
	double		mean = 0.0;		/* of the values so far */
	double		squares = 0.0;	/* sum of squared distances from it (Welford) */

	if (!state->has_reference)
		bound_count = 2 * DRIFT_DEFAULT_BINS;
	counts = palloc0((bound_count + 1) * sizeof(int64));
	for (int64 i = 0; i < n; i++)
	{
		double		value;
		double		distance;
		int64		done;		/* in parts of 1 / (n * SLICES) of all weight */

		CHECK_FOR_INTERRUPTS();
		value = next_number(state);

		if (i > 0 && value != previous)
		{
			while (closed < decile)
				runs[closed++].through = i;
			run_start = i;
		}
		previous = value;
		while (quantile <= QUANTILES && drift_quantile_place(n, quantile, QUANTILES) == i)
			quantiles[quantile++] = value;
		while (decile <= DRIFT_DEFAULT_BINS && drift_quantile_place(n, decile, DRIFT_DEFAULT_BINS) == i)
		{
			deciles[decile] = value;
			runs[decile++].below = run_start;
		}

		dd_accumulate(&mean_sum, value);
		distance = value - mean;
		mean += distance / (i + 1);
		squares += distance * (value - mean);

		/* a value has the weight of SLICES parts, a slice that of n */
		for (done = i * SLICES; done < (i + 1) * SLICES;)
		{
			int64		upto = Min((i + 1) * SLICES, (slice + 1) * n);

			dd_accumulate(&slice_sum, value * ((double) (upto - done) / n));
			done = upto;
			if (done == (slice + 1) * n)
			{
				slices[slice++] = dd_to_double(slice_sum);
				slice_sum = dd_from(0.0);
			}
		}
		if (state->has_reference)
			counts[drift_bin(bounds, bound_count, value)]++;
	}
	while (closed < decile)
		runs[closed++].through = n;

	set_column(row, PROFILE_KIND, CStringGetTextDatum("numeric"));
	if (n > 0)
	{
		if (!state->has_reference)
			count_own_bins(deciles, runs, n, own_bounds, &bound_count, counts);
		/* a sum of finite values may be infinite: the other mean is less precise, but there */
		if (isfinite(mean_sum.high))
			mean = dd_to_double(mean_sum) / n;
		else if (isinf(quantiles[0]) || isinf(quantiles[QUANTILES]))
			mean = mean_sum.high;
		set_column(row, PROFILE_MEAN, Float8GetDatum(mean));
		if (n > 1)
			set_column(row, PROFILE_STDDEV,
					   Float8GetDatum(isfinite(mean) ? sqrt(squares / (n - 1)) : get_float8_nan()));
		set_column(row, PROFILE_MINIMUM, Float8GetDatum(quantiles[0]));
		set_column(row, PROFILE_MAXIMUM, Float8GetDatum(quantiles[QUANTILES]));
		set_column(row, PROFILE_QUANTILES, float_array(quantiles, QUANTILES + 1));
		set_column(row, PROFILE_SLICES, float_array(slices, SLICES));
	}
	else if (!state->has_reference)
		bound_count = 0;
	set_column(row, PROFILE_BOUNDS, float_array(bounds, bound_count));
	set_column(row, PROFILE_COUNTS, count_array(counts, bound_count + 1));
}

/* ----------
 * Categories
 * ----------
 */
typedef struct Category
{
	char	   *name;
	int64		count;
	int			position;		/* in the reference */
} Category;

/* A list of the most frequent ones, of bounded length */
typedef struct CategoryList
{
	Category   *categories;
	int			count;
	int			limit;
	int64		rest;			/* rows of those that had to go */
} CategoryList;

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const Category *) a)->name, ((const Category *) b)->name);
}

static int
compare_counts(const void *a, const void *b)
{
	const Category *left = a;
	const Category *right = b;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	return compare_names(a, b);
}

static void
init_list(CategoryList *list, int limit)
{
	list->categories = palloc(2 * limit * sizeof(Category));
	list->count = 0;
	list->limit = limit;
	list->rest = 0;
}

/* The most frequent first, and no more than the limit. */
static void
cut_list(CategoryList *list)
{
	qsort(list->categories, list->count, sizeof(Category), compare_counts);
	while (list->count > list->limit)
	{
		Category   *last = &list->categories[--list->count];

		list->rest += last->count;
		pfree(last->name);
	}
}

static void
add_to_list(CategoryList *list, char *name, int64 count)
{
	if (list->count == 2 * list->limit)
		cut_list(list);
	list->categories[list->count].name = name;
	list->categories[list->count++].count = count;
}

static Datum
name_array(const CategoryList *list)
{
	Datum	   *elements = palloc(Max(list->count, 1) * sizeof(Datum));

	for (int i = 0; i < list->count; i++)
		elements[i] = CStringGetTextDatum(list->categories[i].name);
	return PointerGetDatum(construct_array(elements, list->count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* The reference's categories, by name */
static Category *
sort_reference(ProfileState *state)
{
	Category   *known = palloc(Max(state->category_count, 1) * sizeof(Category));

	for (int i = 0; i < state->category_count; i++)
	{
		known[i].name = state->categories[i];
		known[i].count = 0;
		known[i].position = i;
	}
	qsort(known, state->category_count, sizeof(Category), compare_names);
	return known;
}

/* A run of equal values has ended. */
static void
add_category(ProfileState *state, Category *known, CategoryList *list, int64 *counts, char *name, int64 count)
{
	Category	key = {.name = name};
	Category   *found = state->has_reference ?
		bsearch(&key, known, state->category_count, sizeof(Category), compare_names) : NULL;

	if (found == NULL)
		add_to_list(list, name, count);
	else
	{
		counts[found->position] = count;
		pfree(name);
	}
}

static void
set_own_categories(ProfileRow *row, const CategoryList *list)
{
	int64	   *counts = palloc(Max(list->count, 1) * sizeof(int64));

	for (int i = 0; i < list->count; i++)
		counts[i] = list->categories[i].count;
	set_column(row, PROFILE_CATEGORIES, name_array(list));
	set_column(row, PROFILE_COUNTS, count_array(counts, list->count));
	set_column(row, PROFILE_OTHERS, Int64GetDatum(list->rest));
}

static void
profile_categories(ProfileState *state, ProfileRow *row)
{
	Category   *known = sort_reference(state);
	int64	   *counts = palloc0(Max(state->category_count, 1) * sizeof(int64));
	CategoryList list;
	char	   *name = NULL;
	int64		count = 0;
	Datum		datum;

	init_list(&list, state->has_reference ? OTHERS_NAMED : CATEGORIES_MAX);
	while (sorted_datum(state->sort, &datum))
	{
		text	   *value = DatumGetTextPP(datum);
		size_t		length = VARSIZE_ANY_EXHDR(value);

		CHECK_FOR_INTERRUPTS();
		if (name != NULL && strlen(name) == length && memcmp(name, VARDATA_ANY(value), length) == 0)
			count++;
		else
		{
			if (name != NULL)
				add_category(state, known, &list, counts, name, count);
			name = text_to_cstring(value);
			count = 1;
		}
		if ((Pointer) value != DatumGetPointer(datum))
			pfree(value);
		pfree(DatumGetPointer(datum));
	}
	if (name != NULL)
		add_category(state, known, &list, counts, name, count);
	cut_list(&list);

	set_column(row, PROFILE_KIND, CStringGetTextDatum("category"));
	if (state->has_reference)
	{
		int64		others = list.rest;
		Datum	   *names = palloc(Max(state->category_count, 1) * sizeof(Datum));

		for (int i = 0; i < list.count; i++)
			others += list.categories[i].count;
		for (int i = 0; i < state->category_count; i++)
			names[i] = CStringGetTextDatum(state->categories[i]);
		set_column(row, PROFILE_CATEGORIES,
				   PointerGetDatum(construct_array(names, state->category_count, TEXTOID, -1, false, TYPALIGN_INT)));
		set_column(row, PROFILE_COUNTS, count_array(counts, state->category_count));
		set_column(row, PROFILE_OTHERS, Int64GetDatum(others));
		set_column(row, PROFILE_OTHER_CATEGORIES, name_array(&list));
	}
	else
		set_own_categories(row, &list);
}

/* ----------
 * The profile
 * ----------
 */
static void
begin_row(ProfileRow *row, int64 rows, int64 missing)
{
	memset(row->nulls, true, sizeof(row->nulls));
	set_column(row, PROFILE_ROWS, Int64GetDatum(rows));
	set_column(row, PROFILE_MISSING, Int64GetDatum(missing));
}

static Datum
end_row(ProfileRow *row, TupleDesc descriptor)
{
	if (descriptor->natts != PROFILE_COLUMNS)
		elog(ERROR, "risk_internal.column_profile is not what this library expects");
	return HeapTupleGetDatum(heap_form_tuple(descriptor, row->values, row->nulls));
}

static Datum
make_profile(ProfileState *state, TupleDesc descriptor)
{
	ProfileRow	row;

	begin_row(&row, state->values + state->missing, state->missing);
	if (state->sort != NULL)
		tuplesort_performsort(state->sort);
	if (state->is_text)
		profile_categories(state, &row);
	else
		profile_numbers(state, &row);
	end_sort(PointerGetDatum(state));
	return end_row(&row, descriptor);
}

#define ST_SORT sort_floats
#define ST_ELEMENT_TYPE float
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

Datum
profile_of_numbers(TupleDesc descriptor, const float *values, int64 count)
{
	float	   *sorted = palloc(Max(count, 1) * sizeof(float));
	ProfileState state = {.next = sorted};
	Datum		profile;

	for (int64 i = 0; i < count; i++)
		if (!isnan(values[i]))
			sorted[state.values++] = values[i] + 0.0f;	/* -0 becomes 0 */
	state.missing = count - state.values;
	sort_floats(sorted, state.values);
	profile = make_profile(&state, descriptor);
	pfree(sorted);
	return profile;
}

Datum
profile_of_categories(TupleDesc descriptor, const char *const *names, const int64 *counts,
					  int category_count, int64 missing)
{
	ProfileRow	row;
	CategoryList list;
	int64		rows = missing;

	init_list(&list, CATEGORIES_MAX);
	for (int i = 0; i < category_count; i++)
	{
		rows += counts[i];
		if (counts[i] > 0)
			add_to_list(&list, pstrdup(names[i]), counts[i]);
	}
	cut_list(&list);
	begin_row(&row, rows, missing);
	set_column(&row, PROFILE_KIND, CStringGetTextDatum("category"));
	set_own_categories(&row, &list);
	return end_row(&row, descriptor);
}

PG_FUNCTION_INFO_V1(company_risk_profile_final);
Datum
company_risk_profile_final(PG_FUNCTION_ARGS)
{
	TupleDesc	descriptor;

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "risk_internal.profile_column's result wanted outside of an aggregate");
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "risk_internal.column_profile is not what this library expects");
	PG_RETURN_DATUM(make_profile((ProfileState *) PG_GETARG_POINTER(0), BlessTupleDesc(descriptor)));
}

/* ----------
 * Two profiles of numbers
 * ----------
 */
PG_FUNCTION_INFO_V1(company_risk_slice_distance);
Datum
company_risk_slice_distance(PG_FUNCTION_ARGS)
{
	Datum	   *elements[2];
	bool	   *nulls[2];
	int			counts[2];
	double		result = 0.0;

	for (int i = 0; i < 2; i++)
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(i), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
						  &elements[i], &nulls[i], &counts[i]);
	if (counts[0] != counts[1])
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there are %d slices then and %d now", counts[0], counts[1])));
	for (int i = 0; i < counts[0]; i++)
	{
		double		then = DatumGetFloat8(elements[0][i]);
		double		now = DatumGetFloat8(elements[1][i]);

		if (nulls[0][i] || nulls[1][i])
			PG_RETURN_NULL();
		/* not where both are infinite, or none of their values is a number */
		if (then != now && !(isnan(then) && isnan(now)))
			result += fabs(now - then) / counts[0];
	}
	PG_RETURN_FLOAT8(result);
}
