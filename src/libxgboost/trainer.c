/*
 * trainer.c
 *		The process that needs libxgboost: its start, its end, and frames.
 *
 * libxgboost never comes into a server process: it starts threads, ends the
 * process when something goes wrong inside them, and reads out of bounds when a
 * model is damaged.  So a program of its own does what needs it
 * (trainer/main.c), started by the one backend that wants it, and the two talk
 * over pipes (trainer/protocol.h).
 *
 * Lifetime.  A Trainer belongs to the resource owner that was current when it
 * was started.  When that is released, at the end of the transaction or
 * subtransaction, by an error or at the backend's exit, a process that is still
 * there is killed and waited for: SIGKILL needs nobody's cooperation, and no
 * zombie stays.  When the backend itself is killed, the kernel kills the process
 * (PR_SET_PDEATHSIG); and it ends by itself when its input does.
 *
 * Waiting.  The backend's ends of the pipes do not block.  Every wait is for the
 * latch, the postmaster and the pipes together, and accepts interrupts: a cancel,
 * a timeout and a lost connection are errors, and so kill the process.  While the
 * backend waits for room to write it reads what comes, so that the two never wait
 * for each other.
 *
 * Trust.  The process is another program: every length that it sends is checked
 * before it is used.
 *
 * The process inherits three pipes and nothing else: no environment, no other
 * descriptor, no signal mask.  It bounds its own memory before it calls
 * libxgboost (see main.c).
 */
#include "libxgboost/trainer_internal.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "base/messages.h"

#define PROGRAM "company_risk_trainer"
#define READ_BYTES (64 * 1024)
#define ERRORS_SHOWN 1000

int			company_risk_trainer_threads = 1;
int			company_risk_trainer_memory_limit = 8192;

static dlist_head trainers = DLIST_STATIC_INIT(trainers);

static bool check_memory_limit(int *value, void **extra, GucSource source);
static void release_trainers(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *argument);

void
trainer_init(void)
{
	DefineCustomIntVariable("company_risk.trainer_threads",
							"Sets the number of threads that training a model may use.",
							"With one thread the same rows give the same model to the bit.",
							&company_risk_trainer_threads,
							1, 1, 1024,
							PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("company_risk.trainer_memory_limit",
							"Sets the maximum memory that the process that trains a model may take.",
							"-1 means no limit.",
							&company_risk_trainer_memory_limit,
							8192, -1, INT_MAX / 1024,
							PGC_SUSET, GUC_UNIT_MB,
							check_memory_limit, NULL, NULL);
	RegisterResourceReleaseCallback(release_trainers, NULL);
}

static bool
check_memory_limit(int *value, void **extra, GucSource source)
{
	if (*value != 0)
		return true;
	GUC_check_errdetail("It must be at least 1 MB, or -1 for no limit.");
	return false;
}

/* What to do when the process had too little */
static const char *
memory_hint(void)
{
	if (company_risk_trainer_memory_limit < 0)
		return "Use fewer rows.";
	return psprintf("Use fewer rows, or raise company_risk.trainer_memory_limit (now %d MB).",
					company_risk_trainer_memory_limit);
}

/* What the backend waits for while the process works */
static uint32
trainer_wait_event(void)
{
	static uint32 event = 0;

	if (event == 0)
		event = extension_wait_event("CompanyRiskTrainer");
	return event;
}

/* ----------
 * The end of a process
 * ----------
 */
static void
close_descriptor(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

static void
close_theirs(Trainer *trainer)
{
	for (int i = 0; i < TRAINER_PIPES; i++)
		close_descriptor(&trainer->theirs[i]);
}

/* Kills what is still there and frees everything; never errors. */
static void
destroy_trainer(Trainer *trainer)
{
	dlist_delete(&trainer->node);
	if (trainer->reading != NULL)
		FreeWaitEventSet(trainer->reading);
	if (trainer->writing != NULL)
		FreeWaitEventSet(trainer->writing);
	close_descriptor(&trainer->input);
	close_descriptor(&trainer->output);
	close_descriptor(&trainer->errors);
	close_theirs(trainer);
	for (; trainer->reserved > 0; trainer->reserved--)
		ReleaseExternalFD();
	if (trainer->pid > 0)
	{
		kill(trainer->pid, SIGKILL);
		while (waitpid(trainer->pid, NULL, 0) < 0 && errno == EINTR)
			 /* again */ ;
	}
	MemoryContextDelete(trainer->context);
}

static void
release_trainers(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *argument)
{
	dlist_mutable_iter iterator;

	if (phase != RESOURCE_RELEASE_BEFORE_LOCKS)
		return;
	dlist_foreach_modify(iterator, &trainers)
	{
		Trainer    *trainer = dlist_container(Trainer, node, iterator.cur);

		if (trainer->owner != CurrentResourceOwner)
			continue;
		if (is_commit)
			elog(WARNING, "trainer process %d was not finished", (int) trainer->pid);
		destroy_trainer(trainer);
	}
}

/* What the process wrote to standard error: the beginning, printable ASCII only. */
static char *
standard_error(Trainer *trainer)
{
	char	   *text = palloc(ERRORS_SHOWN + 1);
	ssize_t		length = 0;
	ssize_t		count;

	while (length < ERRORS_SHOWN &&
		   ((count = read(trainer->errors, text + length, ERRORS_SHOWN - length)) > 0 ||
			(count < 0 && errno == EINTR)))
		length += Max(count, 0);
	while (length > 0 && isspace((unsigned char) text[length - 1]))
		length--;
	text[length] = '\0';
	for (char *c = text; *c != '\0'; c++)
		if (*c != '\n' && (*c < ' ' || *c > '~'))
			*c = '?';
	return text;
}

/*
 * Waits for the process, whose output has ended or whose input was closed: it
 * should be a matter of milliseconds.  Returns its status.
 */
static int
await_end(Trainer *trainer)
{
	int			status;
	pid_t		ended;
	int			waits = 0;

	while ((ended = waitpid(trainer->pid, &status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR))
	{
		/* gone, but for the kernel's cleaning up, or stopped by somebody */
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 waits++ < 100 ? 1 : 100, trainer_wait_event());
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	if (ended < 0)
	{
		int			pid = (int) trainer->pid;

		/* somebody else has waited for it: the number may be another process by now */
		trainer->pid = 0;
		elog(ERROR, "could not wait for trainer process %d: %m", pid);
	}
	trainer->pid = 0;
	return status;
}

/* The process has ended without being asked to: says how. */
static _Noreturn void
fail_ended(Trainer *trainer)
{
	int			status = await_end(trainer);
	char	   *errors = standard_error(trainer);
	bool		no_memory = strstr(errors, "bad_alloc") != NULL || strstr(errors, "annot allocate memory") != NULL ||
		strstr(errors, "Thread creation failed") != NULL;

	if (WIFSIGNALED(status))
		ereport(ERROR,
				(errcode(no_memory || WTERMSIG(status) == SIGKILL ? ERRCODE_OUT_OF_MEMORY : ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				 errmsg("trainer process was terminated by signal %d: %s",
						WTERMSIG(status), pg_strsignal(WTERMSIG(status))),
				 errors[0] != '\0' ? errdetail("%s", errors) :
				 WTERMSIG(status) == SIGKILL ? errdetail("Somebody killed it, most likely the system, which was out of memory.") :
				 0,
				 no_memory ? errhint("%s", memory_hint()) :
				 WTERMSIG(status) == SIGKILL ? errhint("Use fewer rows, or lower company_risk.trainer_memory_limit to have an error in time.") :
				 0));
	ereport(ERROR,
			(errcode(no_memory ? ERRCODE_OUT_OF_MEMORY : ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
			 errmsg("trainer process ended with status %d", WEXITSTATUS(status)),
			 errors[0] != '\0' ? errdetail("%s", errors) : 0,
			 no_memory ? errhint("%s", memory_hint()) : 0));
}

_Noreturn void
trainer_fail_frame(Trainer *trainer, FrameKind kind)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTOCOL_VIOLATION),
			 errmsg("unexpected frame from trainer process"),
			 errdetail("Its kind is %d.", (int) kind)));
}

/* ----------
 * The start of a process
 * ----------
 */

/* The program stands beside the library that we are part of. */
static char *
program_path(void)
{
	Dl_info		information;
	char	   *path;
	char	   *slash;

	if (dladdr((void *) trainer_start, &information) == 0 || information.dli_fname == NULL)
		elog(ERROR, "could not find out where the library of company_risk is");
	path = palloc(strlen(information.dli_fname) + sizeof(PROGRAM) + 1);
	strcpy(path, information.dli_fname);
	slash = strrchr(path, '/');
	if (slash == NULL)
		elog(ERROR, "library of company_risk was loaded from \"%s\", which is no path", path);
	strcpy(slash + 1, PROGRAM);
	return path;
}

static void
make_pipe(int ends[2])
{
#ifdef __linux__
	if (pipe2(ends, O_CLOEXEC) < 0)
		ereport(ERROR, (errcode_for_socket_access(), errmsg("could not create a pipe: %m")));
#else
	if (pipe(ends) < 0)
		ereport(ERROR, (errcode_for_socket_access(), errmsg("could not create a pipe: %m")));
	(void) fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	(void) fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#endif
}

/* posix_spawn: no shell, and in the child nothing but what is said here. */
static int
spawn(pid_t *pid, const char *program, const int descriptors[TRAINER_PIPES])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t	signals;
	char		parent[16];
	char		memory[16];
	char	   *arguments[] = {PROGRAM, parent, memory, NULL};
	char	   *environment[] = {"LC_ALL=C", "OMP_DYNAMIC=false", NULL};
	int			error;

	snprintf(parent, sizeof(parent), "%d", (int) getpid());
	snprintf(memory, sizeof(memory), "%d", company_risk_trainer_memory_limit);
	if ((error = posix_spawn_file_actions_init(&actions)) != 0)
		return error;
	if ((error = posix_spawnattr_init(&attributes)) != 0)
	{
		posix_spawn_file_actions_destroy(&actions);
		return error;
	}
	for (int i = 0; error == 0 && i < TRAINER_PIPES; i++)
		error = posix_spawn_file_actions_adddup2(&actions, descriptors[i], i);
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 34)
	/* elsewhere the program closes them */
	if (error == 0)
		error = posix_spawn_file_actions_addclosefrom_np(&actions, TRAINER_PIPES);
#endif
#endif
	sigfillset(&signals);
	sigdelset(&signals, SIGKILL);
	sigdelset(&signals, SIGSTOP);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(&attributes, &signals);
	sigemptyset(&signals);
	if (error == 0)
		error = posix_spawnattr_setsigmask(&attributes, &signals);
	if (error == 0)
		error = posix_spawnattr_setpgroup(&attributes, 0);
	if (error == 0)
		error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	if (error == 0)
		error = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/*
 * Starts the program.  Each end of a pipe is entered into the Trainer before
 * anything can fail, so that an error closes them all.
 */
static void
start_process(Trainer *trainer)
{
	char	   *program = program_path();
	int		   *ours[TRAINER_PIPES] = {&trainer->input, &trainer->output, &trainer->errors};
	pid_t		pid;
	int			error;

	for (int i = 0; i < TRAINER_PIPES; i++)
	{
		int			ends[2];
		int			our_end = i == 0 ? 1 : 0;
		int			flags;

		if (!AcquireExternalFD())
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
					 errmsg("could not start trainer process: too many files are open"),
					 errhint("Raise max_files_per_process.")));
		trainer->reserved++;
		make_pipe(ends);
		*ours[i] = ends[our_end];
		trainer->theirs[i] = ends[1 - our_end];
		/* dup2 of one end must not overwrite another */
		if (ends[0] < TRAINER_PIPES || ends[1] < TRAINER_PIPES)
			elog(ERROR, "could not start trainer process: a standard descriptor of the server is closed");
		flags = fcntl(*ours[i], F_GETFL);
		if (flags < 0 || fcntl(*ours[i], F_SETFL, flags | O_NONBLOCK) < 0)
			elog(ERROR, "could not set a pipe to nonblocking mode: %m");
	}
	/* a process that complains too much must not wait for us to read it */
	(void) fcntl(trainer->theirs[2], F_SETFL, O_NONBLOCK);
#ifdef F_SETPIPE_SZ
	/* fewer, longer waits; the system's limit may say no */
	(void) fcntl(trainer->input, F_SETPIPE_SZ, 4 * FRAME_PAYLOAD_USUAL);
#endif

	error = spawn(&pid, program, trainer->theirs);
	close_theirs(trainer);
	if (error != 0)
	{
		errno = error;
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not start trainer process \"%s\": %m", program),
				 error == ENOENT ? errhint("Training, verifying and converting models need the program. It is built and installed with company_risk unless make was told with_xgboost=no; packages may have it apart.") : 0));
	}
	trainer->pid = pid;
	pfree(program);
}

static void
greet(Trainer *trainer)
{
	Hello		hello = {
		.magic = PROTOCOL_MAGIC,
		.version = PROTOCOL_VERSION,
		.threads = company_risk_trainer_threads
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
				 errmsg("trainer speaks version %u of the protocol, the server %d", hello.version, PROTOCOL_VERSION),
				 errhint("Install the library and the program of one build.")));
	snprintf(trainer->version, sizeof(trainer->version), "%d.%d.%d",
			 hello.library[0], hello.library[1], hello.library[2]);
	pfree(payload.data);
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

Trainer *
trainer_start(void)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "company_risk trainer",
												  ALLOCSET_DEFAULT_SIZES);
	Trainer    *trainer = MemoryContextAllocZero(context, sizeof(Trainer));
	MemoryContext old_context;

	trainer->context = context;
	trainer->owner = CurrentResourceOwner;
	trainer->input = trainer->output = trainer->errors = -1;
	for (int i = 0; i < TRAINER_PIPES; i++)
		trainer->theirs[i] = -1;
	dlist_push_head(&trainers, &trainer->node);

	start_process(trainer);
	old_context = MemoryContextSwitchTo(context);
	initStringInfo(&trainer->received);
	trainer->reading = create_wait_event_set(context, 4);
	watch_session(trainer, trainer->reading);
	trainer->writing = create_wait_event_set(context, 4);
	watch_session(trainer, trainer->writing);
	AddWaitEventToSet(trainer->writing, WL_SOCKET_WRITEABLE, trainer->input, NULL, NULL);
	MemoryContextSwitchTo(old_context);

	greet(trainer);
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

	close_descriptor(&trainer->input);
	status = await_end(trainer);
	if (status != 0)
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				 WIFSIGNALED(status) ?
				 errmsg("trainer process was terminated by signal %d: %s",
						WTERMSIG(status), pg_strsignal(WTERMSIG(status))) :
				 errmsg("trainer process ended with status %d", WEXITSTATUS(status))));
	destroy_trainer(trainer);
}

/* ----------
 * Waiting, reading, writing
 * ----------
 */
static void
wait_for(WaitEventSet *set)
{
	WaitEvent	events[4];
	int			count = WaitEventSetWait(set, -1, events, lengthof(events), trainer_wait_event());

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
		fail_ended(trainer);
	received->len += (int) count;
	return true;
}

static _Noreturn void
raise_error(const char *payload, Size length)
{
	const char *texts[3];
	const char *end = payload + length;
	const char *at = payload + 1;
	int			sqlstate = ERRCODE_PROTOCOL_VIOLATION;

	for (int i = 0; i < 3; i++)
	{
		const char *nul = at < end ? memchr(at, '\0', end - at) : NULL;

		if (nul == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_PROTOCOL_VIOLATION),
					 errmsg("malformed error frame from trainer process")));
		texts[i] = message_text(at, nul - at);
		at = nul + 1;
	}
	switch ((TrainerErrorCode) payload[0])
	{
		case TRAINER_ERROR_PROTOCOL:
			break;
		case TRAINER_ERROR_PARAMETER:
			sqlstate = ERRCODE_INVALID_PARAMETER_VALUE;
			break;
		case TRAINER_ERROR_DATA:
			sqlstate = ERRCODE_DATA_EXCEPTION;
			break;
		case TRAINER_ERROR_MEMORY:
			sqlstate = ERRCODE_OUT_OF_MEMORY;
			texts[2] = memory_hint();
			break;
		case TRAINER_ERROR_LIBRARY:
			sqlstate = ERRCODE_EXTERNAL_ROUTINE_EXCEPTION;
			break;
	}
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("%s", texts[0]),
			 texts[1][0] != '\0' ? errdetail("%s", texts[1]) : 0,
			 texts[2][0] != '\0' ? errhint("%s", texts[2]) : 0));
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
			if (header->length > FRAME_PAYLOAD_MAX || header->zero[0] != 0 || header->zero[1] != 0 ||
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
			raise_error(payload, header->length);
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
	appendBinaryStringInfo(payload, trainer->received.data + trainer->received.cursor + sizeof(FrameHeader),
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
