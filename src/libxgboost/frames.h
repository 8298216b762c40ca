/*
 * frames.h
 *		Frames to and from the trainer (trainer/protocol.h), for those who speak with it.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include "libxgboost/handle.h"

#include "lib/stringinfo.h"

extern void trainer_send(Trainer *trainer, FrameKind kind, const void *payload, Size length);
extern void trainer_send_model(Trainer *trainer, const char *bytes, Size length);

/* Writes frames that stand one after the other in memory. */
extern void trainer_write(Trainer *trainer, const char *bytes, Size length);

/* The next frame but progress; an error frame becomes an ERROR. */
extern FrameKind trainer_receive(Trainer *trainer, StringInfo payload);

/*
 * The model whose first bytes are in payload, of a frame whose kind is *kind: a
 * palloc'd bytea.  Receives up to the frame behind it, which *kind and payload are
 * then of.
 */
extern bytea *trainer_receive_model(Trainer *trainer, FrameKind *kind, StringInfo payload);

#endif							/* FRAMES_H */
