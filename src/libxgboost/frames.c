/*
 * frames.c
 *		Frames to and from the trainer.
 *
 * Waiting.  The backend's ends of the pipes do not block.  Every wait is for the
 * latch, the postmaster and the pipes together, and accepts interrupts: a cancel,
 * a timeout and a lost connection are errors, and so kill the process.  While the
 * backend waits for room to write it reads what comes, so that the two never wait
 * for each other.
 *
 * Trust.  The process is another program: every length that it sends is checked
 * before it is used.
 */
#include "libxgboost/frames.h"

#include <unistd.h>

#include "miscadmin.h"

#include "base/compat.h"
#include "base/messages.h"
#include "libxgboost/failures.h"
#include "libxgboost/process.h"

#define READ_BYTES (64 * 1024)

/* ----------
 * Waiting, reading, writing
 * ----------
 */
static void
wait_for(WaitEventSet *set)
{
	WaitEvent	events[4];
	int			count = WaitEventSetWait(set, -1, events, lengthof(events), process_wait_event());

	for (int i = 0; i < count; i++)
		if (events[i].events & WL_LATCH_SET)
			ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* Reads what is there; false when there is nothing at the moment. */
static bool
read_some(Trainer *trainer)
{
	StringInfo	received = &trainer->received;
	ssize_t		count;

	enlargeStringInfo(received, READ_BYTES);
	do
		count = read(trainer->output, received->data + received->len, READ_BYTES);
	while (count < 0 && errno == EINTR);
	if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return false;
	if (count < 0)
		elog(ERROR, "could not read from trainer process: %m");
	if (count == 0)
		trainer_fail_ended(trainer);
	received->len += (int) count;
	return true;
}

static void
take_progress(Trainer *trainer, const char *payload, Size length)
{
	Progress	progress;
	const char *metric = payload + sizeof(progress);
	char	   *name;

	if (length <= sizeof(progress) || payload[length - 1] != '\0')
		trainer_fail_frame(trainer, FRAME_PROGRESS);
	memcpy(&progress, payload, sizeof(progress));
	name = message_text(metric, strlen(metric));
	strlcpy(trainer->metric, name, sizeof(trainer->metric));
	pfree(name);
	if (trainer->on_progress != NULL)
		trainer->on_progress(trainer->argument, &progress, trainer->metric);
}

static void
pass_frame(Trainer *trainer, const FrameHeader *header)
{
	trainer->received.cursor += (int) (sizeof(FrameHeader) + header->length);
}

/*
 * Handles what has come up to the first frame that somebody must ask for;
 * returns whether there is one.  Its kind and length are then set, and its bytes
 * begin at received.cursor + sizeof(FrameHeader).
 */
static bool
take_frames(Trainer *trainer, FrameHeader *header)
{
	StringInfo	received = &trainer->received;

	for (;;)
	{
		Size		left = received->len - received->cursor;
		const char *payload = received->data + received->cursor + sizeof(FrameHeader);

		if (left >= sizeof(FrameHeader))
		{
			memcpy(header, received->data + received->cursor, sizeof(FrameHeader));
			if (header->length > FRAME_PAYLOAD_MAX || header->zero[0] != 0 ||
				header->zero[1] != 0 ||
				header->zero[2] != 0)
				ereport(ERROR,
						(errcode(ERRCODE_PROTOCOL_VIOLATION),
						 errmsg("malformed frame from trainer process")));
		}
		if (left < sizeof(FrameHeader) || left < sizeof(FrameHeader) + header->length)
		{
			/* make room at the end, if it is worth it */
			if (received->cursor > received->len / 2)
			{
				memmove(received->data, received->data + received->cursor, left);
				received->len = (int) left;
				received->cursor = 0;
			}
			return false;
		}
		if (header->kind == FRAME_ERROR)
			trainer_raise_error(payload, header->length);
		if (header->kind != FRAME_PROGRESS)
			return true;
		pass_frame(trainer, header);
		take_progress(trainer, payload, header->length);
	}
}

void
trainer_write(Trainer *trainer, const char *bytes, Size length)
{
	FrameHeader header;

	CHECK_FOR_INTERRUPTS();
	while (length > 0)
	{
		ssize_t		count = write(trainer->input, bytes, length);

		if (count >= 0)
		{
			bytes += count;
			length -= count;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EPIPE)
		{
			/* it has ended: what it said last says why, whatever it said before */
			for (;;)
			{
				while (take_frames(trainer, &header))
					pass_frame(trainer, &header);
				if (!read_some(trainer))
					wait_for(trainer->reading);
			}
		}
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			elog(ERROR, "could not write to trainer process: %m");
		wait_for(trainer->writing);
		if (read_some(trainer) && take_frames(trainer, &header))
			trainer_fail_frame(trainer, (FrameKind) header.kind);	/* nobody asked for an answer */
	}
}

void
trainer_send(Trainer *trainer, FrameKind kind, const void *payload, Size length)
{
	FrameHeader header = {.length = (uint32) length, .kind = (uint8) kind};

	if (length > FRAME_PAYLOAD_MAX)
		elog(ERROR, "frame for trainer process is too long: %zu bytes", length);
	trainer_write(trainer, (const char *) &header, sizeof(header));
	if (length > 0)
		trainer_write(trainer, payload, length);
}

void
trainer_send_model(Trainer *trainer, const char *bytes, Size length)
{
	while (length > 0)
	{
		Size		part = Min(length, FRAME_PAYLOAD_USUAL);

		trainer_send(trainer, FRAME_MODEL, bytes, part);
		bytes += part;
		length -= part;
	}
}

FrameKind
trainer_receive(Trainer *trainer, StringInfo payload)
{
	FrameHeader header;

	CHECK_FOR_INTERRUPTS();
	while (!take_frames(trainer, &header))
		if (!read_some(trainer))
			wait_for(trainer->reading);
	resetStringInfo(payload);
	appendBinaryStringInfo(payload,
						   trainer->received.data + trainer->received.cursor + sizeof(FrameHeader),
						   (int) header.length);
	pass_frame(trainer, &header);
	return (FrameKind) header.kind;
}

bytea *
trainer_receive_model(Trainer *trainer, FrameKind *kind, StringInfo payload)
{
	StringInfoData model;

	if (*kind != FRAME_MODEL)
		trainer_fail_frame(trainer, *kind);
	initStringInfo(&model);
	appendStringInfoSpaces(&model, VARHDRSZ);
	do
	{
		if ((uint64) model.len + payload->len > TRAINER_MODEL_MAX + VARHDRSZ)
			trainer_fail_frame(trainer, *kind);
		appendBinaryStringInfo(&model, payload->data, payload->len);
		*kind = trainer_receive(trainer, payload);
	} while (*kind == FRAME_MODEL);
	SET_VARSIZE(model.data, model.len);
	return (bytea *) model.data;
}
