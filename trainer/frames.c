/*
 * frames.c
 *		Frames in and out, errors, and memory.
 *
 * Reading and writing block: there is nobody else to serve.  The backend reads
 * whatever comes while it waits for room to write, so the two never wait for
 * each other.  A closed pipe means that the backend is gone; then so are we.
 */
#include "program.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int	output_descriptor = STDOUT_FILENO;

void
frames_init(int output)
{
	output_descriptor = output;
}

/* Reads exactly so many bytes; the end of the input, where it may come, ends the program. */
static void
read_exactly(void *buffer, size_t length, bool may_end)
{
	uint8_t    *at = buffer;
	size_t		left = length;

	while (left > 0)
	{
		ssize_t		count = read(STDIN_FILENO, at, left);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			_exit(may_end && count == 0 && left == length ? 0 : 1);
		at += count;
		left -= (size_t) count;
	}
}

static void
write_all(const void *buffer, size_t length)
{
	const uint8_t *at = buffer;

	while (length > 0)
	{
		ssize_t		count = write(output_descriptor, at, length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			_exit(1);
		at += count;
		length -= (size_t) count;
	}
}

void
frame_read(Frame *frame)
{
	static uint8_t *payload = NULL;
	static uint32_t capacity = 0;
	FrameHeader header;

	read_exactly(&header, sizeof(header), true);
	if (header.length > FRAME_PAYLOAD_MAX ||
		header.zero[0] != 0 || header.zero[1] != 0 || header.zero[2] != 0)
		fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "frame has an impossible header");
	if (header.length > capacity)
	{
		free(payload);
		payload = allocate(header.length, 1);
		capacity = header.length;
	}
	read_exactly(payload, header.length, false);
	frame->kind = (FrameKind) header.kind;
	frame->length = header.length;
	frame->payload = payload;
}

void
frame_send(FrameKind kind, const void *payload, size_t length)
{
	FrameHeader header = {.length = (uint32_t) length, .kind = (uint8_t) kind};

	if (length > FRAME_PAYLOAD_MAX)
		fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "answer is too long for a frame");
	write_all(&header, sizeof(header));
	write_all(payload, length);
}

/* Many bytes, as frames of the usual length */
void
frame_send_bytes(FrameKind kind, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	while (length > 0)
	{
		size_t		part = length < FRAME_PAYLOAD_USUAL ? length : FRAME_PAYLOAD_USUAL;

		frame_send(kind, at, part);
		at += part;
		length -= part;
	}
}

void
frame_require(const Frame *frame, size_t length)
{
	if (frame->length != length)
		fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "frame '%c' has %u bytes instead of %zu",
			 frame->kind, frame->length, length);
}

/*
 * The payload from an offset on must be so many NUL-terminated texts, or any
 * number when count is negative; returns the first.
 */
const char *
frame_texts(const Frame *frame, size_t offset, int count)
{
	int			found = 0;

	for (size_t i = offset; i < frame->length; i++)
		found += frame->payload[i] == 0;
	if (frame->length < offset || (count < 0 ? frame->length == offset : found != count) ||
		frame->payload[frame->length - 1] != 0)
		fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, 
			 "frame '%c' does not hold the texts that it should", frame->kind);
	return (const char *) frame->payload + offset;
}

_Noreturn void
fail_frame(const Frame *frame, const char *expected)
{
	fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "frame of kind %d where %s was expected",
		 frame->kind, expected);
}

/* ---------- errors ---------- */

#define ERROR_TEXT_MAX 8192

static char *
append_text(char *at, const char *text, const char *end)
{
	size_t		length = text ? strlen(text) : 0;

	if (length > (size_t) (end - at) - 1)
		length = (size_t) (end - at) - 1;
	memcpy(at, text ? text : "", length);
	at[length] = '\0';
	return at + length + 1;
}

_Noreturn void
fail(TrainerErrorCode code, const char *hint, const char *detail, const char *message, ...)
{
	static char payload[1 + 3 * ERROR_TEXT_MAX];
	char		formatted[ERROR_TEXT_MAX];
	char	   *at = payload;
	va_list		arguments;
	FrameHeader header = {.kind = FRAME_ERROR};

	va_start(arguments, message);
	vsnprintf(formatted, sizeof(formatted), message, arguments);
	va_end(arguments);
	*at++ = (char) code;
	at = append_text(at, formatted, payload + ERROR_TEXT_MAX);
	at = append_text(at, detail, payload + 2 * ERROR_TEXT_MAX);
	at = append_text(at, hint, payload + 3 * ERROR_TEXT_MAX);
	header.length = (uint32_t) (at - payload);
	write_all(&header, sizeof(header));
	write_all(payload, header.length);
	_exit(1);
}

_Noreturn void
fail_memory(void)
{
	fail(TRAINER_ERROR_MEMORY, NULL, NULL, "trainer is out of memory");
}

/* ---------- memory ---------- */

void *
allocate(size_t count, size_t size)
{
	void	   *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

	if (memory == NULL)
		fail_memory();
	return memory;
}

void *
resize(void *memory, size_t count, size_t size)
{
	void	   *result;

	if (size != 0 && count > SIZE_MAX / 2 / size)
		fail_memory();
	result = realloc(memory, count * size);
	if (result == NULL)
		fail_memory();
	return result;
}

char *
copy_text(const char *text)
{
	char	   *copy = allocate(strlen(text) + 1, 1);

	strcpy(copy, text);
	return copy;
}

void
bytes_append(Bytes *bytes, const void *data, size_t length)
{
	if (length == 0)
		return;
	if (bytes->length + length > bytes->capacity)
	{
		bytes->capacity = bytes->length + length + bytes->length / 2;
		bytes->data = resize(bytes->data, bytes->capacity, 1);
	}
	memcpy(bytes->data + bytes->length, data, length);
	bytes->length += length;
}
