/*
 * failures.h
 *		What a trainer's failure becomes: an error that says what to do.
 */
#ifndef FAILURES_H
#define FAILURES_H

#include "libxgboost/handle.h"

/* Stops on what a correct trainer does not send. */
extern _Noreturn void trainer_fail_frame(Trainer *trainer, FrameKind kind);

/* The process has ended without being asked to: says how. */
extern _Noreturn void trainer_fail_ended(Trainer *trainer);

/* An error frame's payload as an error */
extern _Noreturn void trainer_raise_error(const char *payload, Size length);

#endif							/* FAILURES_H */
