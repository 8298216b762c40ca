/*
 * calibration.h
 *		The map from a model's margin to a calibrated probability.
 */
#ifndef CALIBRATION_H
#define CALIBRATION_H

#include "postgres.h"

#include "utils/jsonb.h"

/* Of a curve */
#define CALIBRATION_POINTS_MIN 2
#define CALIBRATION_POINTS_MAX 10000

typedef enum CalibrationMethod
{
	CALIBRATION_SIGMOID,		/* 1 / (1 + exp(-(slope * margin + intercept))) */
	CALIBRATION_ISOTONIC		/* linear between points, constant outside of them */
} CalibrationMethod;

typedef struct Calibration
{
	CalibrationMethod method;
	double		slope;
	double		intercept;
	int			count;			/* of points */
	double	   *margins;		/* ascending, no two equal */
	double	   *scores;			/* ascending, 0 to 1 */
} Calibration;

/*
 * Reads a calibration, whoever wrote it, into CurrentMemoryContext; NULL if it
 * is none, and then problem is a sentence that says why.
 */
extern Calibration *calibration_read(Jsonb *json, char **problem);

/* The calibrated score of a margin, and its derivative. */
extern double calibration_value(const Calibration *calibration, double margin);
extern double calibration_slope(const Calibration *calibration, double margin);

#endif
