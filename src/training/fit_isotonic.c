/*
 * fit_isotonic.c
 *		Isotonic regression: from margins to probabilities, by rows that the model did
 *		not see.
 *
 * The non-decreasing function with the least squared error, by pooling adjacent
 * violators.  Equal margins count as one point with their mean.  Of a run of equal
 * scores the first and the last point are kept; between points the function is
 * linear, outside of them constant.  Of more points than a curve may have, some are
 * left out (see below).  The fit is scikit-learn's, whose users may compare.
 */
#include "training/calibration_points.h"

#include <math.h>

#include "utils/memutils.h"

#include "base/jsonb_build.h"
#include "models/calibration.h"

#define ST_SORT sort_points
#define ST_ELEMENT_TYPE FitPoint
#define ST_COMPARE(a, b) ((a)->margin < (b)->margin ? -1 : (a)->margin > (b)->margin ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* A pool of neighbours with one score */
typedef struct Pool
{
	double		sum;			/* of weight * label */
	double		weight;
	int			first;			/* points */
	int			last;
} Pool;

/* Pools the points, which are in order, each with a margin of its own. */
static int
pool_points(const FitPoint *points, int count, Pool *pools)
{
	int			pool_count = 0;

	for (int i = 0; i < count; i++)
	{
		Pool		pool = {points[i].label, points[i].weight, i, i};

		fit_check_interrupts(i);
		/* equal neighbours are pooled, too: they are one run */
		while (pool_count > 0 &&
			   pools[pool_count - 1].sum / pools[pool_count - 1].weight >= pool.sum / pool.weight)
		{
			pool_count--;
			pool.sum += pools[pool_count].sum;
			pool.weight += pools[pool_count].weight;
			pool.first = pools[pool_count].first;
		}
		pools[pool_count++] = pool;
	}
	return pool_count;
}

/*
 * Thinning
 *
 * A curve may have CALIBRATION_POINTS_MAX points.  Of more, those are kept through
 * which the curve stays within the least distance of all the others' scores: each
 * piece reaches as far as it can without passing a point at more than the distance,
 * and the distance is the least, by bisection, that leaves few enough.  The curve's
 * ends stay, and it rises still, as it goes through points of one that does.
 *
 * Two pieces in a row rise by more than the distance (the first one could else have
 * gone on), so 2 / distance + 2 points are enough for a curve from 0 to 1: no score
 * changes by more than MAX_DISTANCE.
 */
#define MAX_DISTANCE (2.0 / (CALIBRATION_POINTS_MAX - 3))
#define BISECTIONS 50

typedef struct CurvePoint
{
	double		margin;
	double		score;
} CurvePoint;

/* The last point to which a line from the first passes all between within the distance. */
static int
end_of_piece(const CurvePoint *curve, int first, int count, double distance)
{
	double		lowest = -INFINITY; /* slopes that do */
	double		highest = INFINITY;
	int			end = first + 1;

	for (int i = first + 1; i < count; i++)
	{
		double		run = curve[i].margin - curve[first].margin;
		double		rise = curve[i].score - curve[first].score;

		fit_check_interrupts(i);
		if (rise / run >= lowest && rise / run <= highest)
			end = i;
		lowest = Max(lowest, (rise - distance) / run);
		highest = Min(highest, (rise + distance) / run);
		if (lowest > highest)
			break;
	}
	return end;
}

/* The points to keep; how many, or one too many as soon as it is known. */
static int
thin(const CurvePoint *curve, int count, double distance, int *kept)
{
	int			last = 0;
	int			kept_count = 1;

	kept[0] = 0;
	while (last < count - 1)
	{
		if (kept_count == CALIBRATION_POINTS_MAX)
			return kept_count + 1;
		last = end_of_piece(curve, last, count, distance);
		kept[kept_count++] = last;
	}
	return kept_count;
}

static int
thin_curve(CurvePoint *curve, int count)
{
	int			kept[CALIBRATION_POINTS_MAX];
	double		few_enough = MAX_DISTANCE;
	double		too_many = 0.0;
	int			kept_count;

	for (int i = 0; i < BISECTIONS; i++)
	{
		double		middle = (few_enough + too_many) / 2.0;

		if (thin(curve, count, middle, kept) <= CALIBRATION_POINTS_MAX)
			few_enough = middle;
		else
			too_many = middle;
	}
	kept_count = thin(curve, count, few_enough, kept);
	Assert(kept_count <= CALIBRATION_POINTS_MAX);
	for (int i = 0; i < kept_count; i++)
		curve[i] = curve[kept[i]];
	return kept_count;
}

static void
push_curve(JsonbParseState **state, const char *key, const CurvePoint *curve, int count,
		   bool margins)
{
	json_push_string(state, WJB_KEY, key);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < count; i++)
		json_push_element(state, margins ? curve[i].margin : curve[i].score);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

/*
 * Equal margins become one point, whose label is the sum of weight * label; how many
 * there are then.
 */
static int
merge_equal(FitPoint *points, int count)
{
	int			distinct = 0;

	for (int i = 0; i < count; i++)
	{
		fit_check_interrupts(i);
		if (distinct > 0 && points[distinct - 1].margin == points[i].margin)
		{
			points[distinct - 1].label += points[i].weight * points[i].label;
			points[distinct - 1].weight += points[i].weight;
		}
		else
		{
			points[distinct] = points[i];
			points[distinct++].label *= points[i].weight;
		}
	}
	return distinct;
}

/* The first and the last point of every pool */
static int
draw_curve(const FitPoint *points, const Pool *pools, int pool_count, CurvePoint *curve)
{
	int			count = 0;

	for (int i = 0; i < pool_count; i++)
	{
		double		score = pools[i].sum / pools[i].weight;

		fit_check_interrupts(i);
		curve[count++] = (CurvePoint) {points[pools[i].first].margin, score};
		if (pools[i].last != pools[i].first)
			curve[count++] = (CurvePoint) {points[pools[i].last].margin, score};
	}
	return count;
}

PG_FUNCTION_INFO_V1(company_risk_fit_isotonic);
Datum
company_risk_fit_isotonic(PG_FUNCTION_ARGS)
{
	int			count;
	FitPoint   *points = fit_points(fcinfo, &count);
	Pool	   *pools;
	CurvePoint *curve;
	JsonbParseState *state = NULL;

	sort_points(points, count);
	count = merge_equal(points, count);
	/* one point is no curve */
	if (count < 2)
		fit_fail_not_rising();
	pools = MemoryContextAllocHuge(CurrentMemoryContext, count * sizeof(Pool));
	curve = MemoryContextAllocHuge(CurrentMemoryContext, count * sizeof(CurvePoint));
	count = draw_curve(points, pools, pool_points(points, count, pools), curve);
	if (count > CALIBRATION_POINTS_MAX)
		count = thin_curve(curve, count);

	fit_begin_answer(&state, "isotonic");
	push_curve(&state, "margins", curve, count, true);
	push_curve(&state, "scores", curve, count, false);
	return fit_end_answer(&state);
}
