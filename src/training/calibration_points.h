/*
 * calibration_points.h
 *		What the fits of calibrations share: their points, and how they answer.
 */
#ifndef CALIBRATION_POINTS_H
#define CALIBRATION_POINTS_H

#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/jsonb.h"

typedef struct FitPoint
{
	double		margin;
	double		label;
	double		weight;
} FitPoint;

/*
 * From the arguments margins, labels and weights: the points with a weight; an error
 * unless both labels are among them.
 */
extern FitPoint *fit_points(FunctionCallInfo fcinfo, int *count);

/* An answer that risk.set_calibration would not take is none. */
extern _Noreturn void fit_fail_not_rising(void);

extern void fit_begin_answer(JsonbParseState **state, const char *method);
extern Datum fit_end_answer(JsonbParseState **state);

/* Points can be millions: every pass over them can be cancelled. */
static inline void
fit_check_interrupts(int i)
{
	if (i % 65536 == 0)
		CHECK_FOR_INTERRUPTS();
}

#endif							/* CALIBRATION_POINTS_H */
