/*
 * progress.h
 *		How far a training is, for its own client and for other sessions.
 *
 * One training at a time in a session.  The report ends with progress_end(), or
 * with the transaction, or with the subtransaction that began it when that is
 * rolled back: nobody needs to clean up.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "postgres.h"

typedef enum ProgressPhase
{
	PROGRESS_READING,			/* the query is run */
	PROGRESS_SENDING,			/* rows go to the trainer */
	PROGRESS_TRAINING,
	PROGRESS_EVALUATING,		/* held-out rows get their margins */
	PROGRESS_IMPORTING			/* calibration, metrics, registry */
} ProgressPhase;

/* For the module's start */
extern void progress_init(void);

/* Begins a report; what a former training of the session left is gone. */
extern void progress_begin(const char *model);

/* The phase that begins now; folds is 0 outside of a cross-validation. */
extern void progress_phase(ProgressPhase phase, int fold, int folds);

/* Rows read, or sent, so far; cheap enough to call now and then. */
extern void progress_rows(int64 rows);

/* Boosting rounds done; metric may be NULL. */
extern void progress_round(int round, int rounds, const char *metric, double value);

extern void progress_end(void);

#endif							/* PROGRESS_H */
