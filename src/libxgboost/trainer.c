/*
 * trainer.c
 *		A conversation with a process that needs libxgboost: how it begins and ends.
 *
 * libxgboost never comes into a server process: it starts threads, ends the
 * process when something goes wrong inside them, and reads out of bounds when a
 * model is damaged.  So a program of its own does what needs it
 * (trainer/main.c), started by the one backend that wants it (process.c), and the
 * two talk over pipes (frames.c, trainer/protocol.h).
 */
#include "libxgboost/trainer.h"

#include <sys/wait.h>

#include "miscadmin.h"

#include "base/compat.h"
#include "libxgboost/failures.h"
#include "libxgboost/frames.h"
#include "libxgboost/process.h"
#include "libxgboost/settings.h"

void
trainer_init(void)
{
	trainer_settings_init();
	process_init();
}

/* What every wait ends at.  A server in single-user mode has no postmaster. */
static void
watch_session(const Trainer *trainer, WaitEventSet *set)
{
	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	if (IsUnderPostmaster)
		AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(set, WL_SOCKET_READABLE, trainer->output, NULL, NULL);
}

static void
greet(Trainer *trainer, int threads)
{
	Hello		hello = {
		.magic = PROTOCOL_MAGIC,
		.version = PROTOCOL_VERSION,
		.threads = threads
	};
	StringInfoData payload;
	FrameKind	kind;

	initStringInfo(&payload);
	trainer_send(trainer, FRAME_HELLO, &hello, sizeof(hello));
	kind = trainer_receive(trainer, &payload);
	if (kind != FRAME_HELLO || payload.len != sizeof(Hello))
		trainer_fail_frame(trainer, kind);
	memcpy(&hello, payload.data, sizeof(hello));
	if (hello.magic != PROTOCOL_MAGIC || hello.version != PROTOCOL_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_PROTOCOL_VIOLATION),
				 errmsg("trainer speaks version %u of the protocol, the server %d", hello.version,
						PROTOCOL_VERSION),
				 errhint("Install the library and the program of one build.")));
	snprintf(trainer->version, sizeof(trainer->version), "%d.%d.%d",
			 hello.library[0], hello.library[1], hello.library[2]);
	pfree(payload.data);
}

Trainer *
trainer_start(int threads)
{
	Trainer    *trainer = process_start(threads);
	MemoryContext old_context = MemoryContextSwitchTo(trainer->context);

	initStringInfo(&trainer->received);
	trainer->reading = create_wait_event_set(trainer->context, 4);
	watch_session(trainer, trainer->reading);
	trainer->writing = create_wait_event_set(trainer->context, 4);
	watch_session(trainer, trainer->writing);
	AddWaitEventToSet(trainer->writing, WL_SOCKET_WRITEABLE, trainer->input, NULL, NULL);
	MemoryContextSwitchTo(old_context);

	greet(trainer, threads);
	return trainer;
}

const char *
trainer_library_version(const Trainer *trainer)
{
	return trainer->version;
}

void
trainer_error_context(void *argument)
{
	const Trainer *trainer = *(Trainer **) argument;

	if (trainer != NULL)
		errcontext("libxgboost %s", trainer->version);
}

void
trainer_finish(Trainer *trainer)
{
	int			status;

	process_close(&trainer->input);
	status = process_await_end(trainer);
	if (status != 0)
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				 WIFSIGNALED(status) ?
				 errmsg("trainer process was terminated by signal %d: %s",
						WTERMSIG(status), pg_strsignal(WTERMSIG(status))) :
				 errmsg("trainer process ended with status %d", WEXITSTATUS(status))));
	process_destroy(trainer);
}
