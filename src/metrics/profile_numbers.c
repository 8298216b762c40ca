/*
 * profile_numbers.c
 *		The profile of a column of numbers, from one pass over them in order.
 *
 * It has moments, extremes, quantiles, how many values are in each bin between
 * deciles or between the bounds of a reference (drift_measures.c has the bins), and
 * the means of a hundred slices of equal weight, from the smallest values to the
 * largest.  Between two profiles, the mean distance of their slices is the
 * Wasserstein distance, short only of what moves against the rest within a slice;
 * outliers count with their weight.
 */
#include "metrics/profile_numbers.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/float.h"

#include "base/array_build.h"
#include "base/double_double.h"
#include "metrics/drift_measures.h"

#define QUANTILES 20			/* 0, 0.05, ... 1 */
#define DECILES DRIFT_DEFAULT_BINS
#define SLICES 100

/* Where the run of equal values that holds a decile begins and ends */
typedef struct DecileRun
{
	int64		below;
	int64		through;
} DecileRun;

/* What has been seen of the numbers so far */
typedef struct Pass
{
	int64		count;			/* of all numbers */
	int64		run_start;
	double		previous;

	double		quantiles[QUANTILES + 1];
	int			quantile;		/* the next one */
	double		deciles[DECILES + 1];
	DecileRun	runs[DECILES + 1];
	int			decile;
	int			closed;			/* deciles whose run has ended */

	double		slices[SLICES];
	int			slice;
	DoubleDouble slice_sum;

	DoubleDouble sum;
	double		mean;			/* of the values so far */
	double		squares;		/* sum of squared distances from it (Welford) */
} Pass;

static void
close_runs(Pass *pass, int64 place)
{
	while (pass->closed < pass->decile)
		pass->runs[pass->closed++].through = place;
}

static void
take_quantiles(Pass *pass, int64 place, double value)
{
	if (place > 0 && value != pass->previous)
	{
		close_runs(pass, place);
		pass->run_start = place;
	}
	pass->previous = value;
	while (pass->quantile <= QUANTILES &&
		   drift_quantile_place(pass->count, pass->quantile, QUANTILES) == place)
		pass->quantiles[pass->quantile++] = value;
	while (pass->decile <= DECILES &&
		   drift_quantile_place(pass->count, pass->decile, DECILES) == place)
	{
		pass->deciles[pass->decile] = value;
		pass->runs[pass->decile++].below = pass->run_start;
	}
}

static void
take_moments(Pass *pass, int64 place, double value)
{
	double		distance = value - pass->mean;

	dd_accumulate(&pass->sum, value);
	pass->mean += distance / (place + 1);
	pass->squares += distance * (value - pass->mean);
}

/* A value has the weight of SLICES parts, a slice that of as many as there are values. */
static void
take_slices(Pass *pass, int64 place, double value)
{
	for (int64 done = place * SLICES; done < (place + 1) * SLICES;)
	{
		int64		end = (pass->slice + 1) * pass->count;
		int64		upto = Min((place + 1) * SLICES, end);

		dd_accumulate(&pass->slice_sum, value * ((double) (upto - done) / pass->count));
		done = upto;
		if (done == end)
		{
			pass->slices[pass->slice++] = dd_to_double(pass->slice_sum);
			pass->slice_sum = dd_from(0.0);
		}
	}
}

/* The next number in order; there is one more. */
static double
next_number(SortedNumbers *numbers)
{
	Datum		datum;

	if (numbers->next != NULL)
		return *numbers->next++;
	if (!sorted_datum(numbers->sort, &datum))
		elog(ERROR, "sort of a profile has lost values");
	return DatumGetFloat8(datum);
}

/* How many values are in each of the column's own bins, whose bounds are deciles. */
static void
count_own_bins(const Pass *pass, double *bounds, int *bound_count, int64 *counts)
{
	int64		before = 0;

	*bound_count = drift_bounds(pass->deciles, DECILES, bounds);
	for (int i = 0; i < *bound_count; i++)
	{
		int			k = 0;
		int64		through;

		while (pass->deciles[k] != bounds[i])
			k++;
		/* the first of two bounds leaves the value out */
		if (i + 1 < *bound_count && bounds[i + 1] == bounds[i])
			through = pass->runs[k].below;
		else
			through = pass->runs[k].through;
		counts[i] = through - before;
		before = through;
	}
	counts[*bound_count] = pass->count - before;
}

static void
put_moments(const Pass *pass, Profile *profile)
{
	double		lowest = pass->quantiles[0];
	double		highest = pass->quantiles[QUANTILES];

	/* a sum of finite values may be infinite: the other mean is less precise, but there */
	profile->mean = pass->mean;
	if (isfinite(pass->sum.high))
		profile->mean = dd_to_double(pass->sum) / pass->count;
	else if (isinf(lowest) || isinf(highest))
		profile->mean = pass->sum.high;
	profile->deviation = isfinite(profile->mean) ?
		sqrt(pass->squares / (pass->count - 1)) : get_float8_nan();
	profile->minimum = lowest;
	profile->maximum = highest;
}

void
profile_numbers(SortedNumbers *numbers, const ReferenceBounds *reference, Profile *profile)
{
	Pass		pass = {.count = numbers->count};
	double		own_bounds[2 * DECILES];
	const double *bounds = reference != NULL ? reference->bounds : own_bounds;
	int			bound_count = reference != NULL ? reference->count : 2 * DECILES;
	int64	   *counts = palloc0((bound_count + 1) * sizeof(int64));

	for (int64 place = 0; place < pass.count; place++)
	{
		double		value = next_number(numbers);

		CHECK_FOR_INTERRUPTS();
		take_quantiles(&pass, place, value);
		take_moments(&pass, place, value);
		take_slices(&pass, place, value);
		if (reference != NULL)
			counts[drift_bin(bounds, bound_count, value)]++;
	}
	close_runs(&pass, pass.count);

	profile->kind = "numeric";
	profile->values = pass.count;
	if (pass.count > 0)
	{
		if (reference == NULL)
			count_own_bins(&pass, own_bounds, &bound_count, counts);
		put_moments(&pass, profile);
		profile->quantiles = array_of_fixed(FLOAT8OID, sizeof(double), pass.quantiles, QUANTILES + 1);
		profile->slices = array_of_fixed(FLOAT8OID, sizeof(double), pass.slices, SLICES);
	}
	else if (reference == NULL)
		bound_count = 0;
	profile->bounds = array_of_fixed(FLOAT8OID, sizeof(double), bounds, bound_count);
	profile->counts = array_of_fixed(INT8OID, sizeof(int64), counts, bound_count + 1);
}
