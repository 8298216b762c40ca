/*
 * program.h
 *		What the parts of the trainer share.
 *
 * The trainer serves one task and ends; every failure ends it, too.  So there is
 * no unwinding: fail() sends the error frame and exits, and memory is given back
 * where there is much of it.
 */
#ifndef TRAINER_PROGRAM_H
#define TRAINER_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xgboost/c_api.h>

#include "protocol.h"

/* The frame at hand; its payload is valid until the next one is read. */
typedef struct Frame
{
	FrameKind	kind;
	uint32_t	length;
	uint8_t    *payload;		/* aligned for any type */
} Frame;

/* Bytes that grow */
typedef struct Bytes
{
	uint8_t    *data;
	size_t		length;
	size_t		capacity;
} Bytes;

/* frames.c: talking */
extern void frames_init(int output);
extern void frame_read(Frame *frame);
extern void frame_send(FrameKind kind, const void *payload, size_t length);
extern void frame_send_bytes(FrameKind kind, const void *bytes, size_t length);
extern void frame_require(const Frame *frame, size_t length);
extern const char *frame_texts(const Frame *frame, size_t offset, int count);
extern _Noreturn void fail_frame(const Frame *frame, const char *expected);
extern _Noreturn void fail(TrainerErrorCode code, const char *hint, const char *detail,
						   const char *message, ...) __attribute__((__format__(__printf__, 4, 5)));
extern _Noreturn void fail_memory(void);

/* frames.c: memory, or the error frame that says there is none */
extern void *allocate(size_t count, size_t size);
extern void *resize(void *memory, size_t count, size_t size);
extern char *copy_text(const char *text);
extern void bytes_append(Bytes *bytes, const void *data, size_t length);

/* library.c: libxgboost */
extern void library_init(int threads);
extern int	library_threads(void);
extern _Noreturn void library_fail(TrainerErrorCode code, const char *doing, const char *hint);
extern const char *library_warning(void);
extern void library_matrix(const float *features, size_t rows, size_t columns, float missing,
						   DMatrixHandle *matrix);
extern void library_set_column(DMatrixHandle matrix, const char *field, const float *values,
							   size_t rows);
extern const float *library_margins(BoosterHandle booster, DMatrixHandle matrix, int rounds,
									size_t rows, uint32_t *groups);

/* Calls libxgboost; doing completes "libxgboost could not ..." */
#define CALL(call, doing) \
	do { \
		if ((call) != 0) \
			library_fail(TRAINER_ERROR_LIBRARY, (doing), NULL); \
	} while (0)

/* categories.c: the names of categories as part of a model */
typedef struct CategoryNames
{
	size_t		count;
	Bytes		text;			/* NUL-terminated names, one after the other */
} CategoryNames;

extern void categories_insert(const uint8_t *model, size_t length, const CategoryNames *names,
							  size_t features, Bytes *result);

/*
 * watch.c: while busy, the end of the input ends the program at once, with status
 * 1.  So it must be over before the backend can know that the work is done.
 */
extern void start_watching(void);
extern void set_busy(bool value);

/* The tasks: train.c, models.c */
extern void train(const Frame *first);
extern void verify(const Frame *first);
extern void convert(const Frame *first);

#endif
