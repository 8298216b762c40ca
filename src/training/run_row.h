/*
 * run_row.h
 *		A training as a row of risk_internal.training_run.
 */
#ifndef RUN_ROW_H
#define RUN_ROW_H

#include "base/result_row.h"
#include "training/run.h"

/* descriptor is the type's. */
extern void training_run_row(const TrainingRun *run, double reading_seconds, TupleDesc descriptor,
							 ResultRow *row);

#endif							/* RUN_ROW_H */
