/*
 * process.h
 *		The trainer's process: its start and its end.  Of this room alone.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "libxgboost/trainer_internal.h"

/* For the module's start: processes end with the resource owner that they belong to. */
extern void process_init(void);

/*
 * A Trainer of the CurrentResourceOwner, whose process has been started and has
 * said nothing yet.  libxgboost will use no more threads than these.
 */
extern Trainer *process_start(int threads);

/*
 * Waits for the process, whose output has ended or whose input was closed: it
 * should be a matter of milliseconds.  Returns its status.
 */
extern int	process_await_end(Trainer *trainer);

/* Kills what is still there and frees everything; never errors. */
extern void process_destroy(Trainer *trainer);

/* Closes a descriptor, if it is open. */
extern void process_close(int *descriptor);

/* What the backend waits for while the process works */
extern uint32 process_wait_event(void);

#endif							/* PROCESS_H */
