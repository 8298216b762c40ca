/*
 * trainer.h
 *		Work that needs libxgboost, done by a process of its own.
 *
 * A Trainer is one run of the program company_risk_trainer (trainer/main.c),
 * started by this backend and spoken to over pipes.  All functions here wait
 * with the latch and accept interrupts, and all of them may raise an error:
 * libxgboost's refusals, a crash of the process and a lack of memory come as
 * ERROR.  Nothing needs to be cleaned up by a caller: an error, a cancel, the end
 * of the transaction and the end of the backend kill the process and wait for it
 * (it belongs to the CurrentResourceOwner of trainer_start).
 *
 * What it is asked to do: trainer_training.h, and by frames (frames.h) verify.c and
 * convert.c.
 */
#ifndef TRAINER_H
#define TRAINER_H

#include "libxgboost/handle.h"

/* To be called by _PG_init: defines the settings and watches over resource owners. */
extern void trainer_init(void);

/*
 * Starts the program and exchanges greetings.  An error with a hint when it is
 * not installed.  threads: how many libxgboost may use at most.
 */
extern Trainer *trainer_start(int threads);

/* Version of the libxgboost at work: "1.7.4".  Lives as long as the Trainer. */
extern const char *trainer_library_version(const Trainer *trainer);

/* An ErrorContextCallback's function that says so; its argument is a Trainer **, perhaps of NULL. */
extern void trainer_error_context(void *argument);

/*
 * Closes the pipes and waits for the end of the process; the Trainer is freed.
 * An error when the process does not end well.
 */
extern void trainer_finish(Trainer *trainer);

#endif							/* TRAINER_H */
