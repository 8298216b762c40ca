/*
 * process.c
 *		The process that needs libxgboost: its start and its end.
 *
 * Lifetime.  A Trainer belongs to the resource owner that was current when it
 * was started.  When that is released, at the end of the transaction or
 * subtransaction, by an error or at the backend's exit, a process that is still
 * there is killed and waited for: SIGKILL needs nobody's cooperation, and no
 * zombie stays.  When the backend itself is killed, the kernel kills the process
 * (PR_SET_PDEATHSIG); and it ends by itself when its input does.
 *
 * The process inherits three pipes and nothing else: no environment but for what
 * libxgboost should know, no other descriptor, no signal mask.  It bounds its own memory before it calls
 * libxgboost (see trainer/main.c).
 */
#include "libxgboost/process.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "libxgboost/settings.h"

#define PROGRAM "company_risk_trainer"

static dlist_head trainers = DLIST_STATIC_INIT(trainers);

uint32
process_wait_event(void)
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
void
process_close(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

static void
close_theirs(Trainer *trainer)
{
	for (int i = 0; i < TRAINER_PIPES; i++)
		process_close(&trainer->theirs[i]);
}

void
process_destroy(Trainer *trainer)
{
	dlist_delete(&trainer->node);
	if (trainer->reading != NULL)
		FreeWaitEventSet(trainer->reading);
	if (trainer->writing != NULL)
		FreeWaitEventSet(trainer->writing);
	process_close(&trainer->input);
	process_close(&trainer->output);
	process_close(&trainer->errors);
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
		process_destroy(trainer);
	}
}

void
process_init(void)
{
	RegisterResourceReleaseCallback(release_trainers, NULL);
}

int
process_await_end(Trainer *trainer)
{
	int			status;
	pid_t		ended;
	int			waits = 0;

	while ((ended = waitpid(trainer->pid, &status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR))
	{
		/* gone, but for the kernel's cleaning up, or stopped by somebody */
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 waits++ < 100 ? 1 : 100, process_wait_event());
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

	if (dladdr((void *) process_start, &information) == 0 || information.dli_fname == NULL)
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

/* Each end is entered into the Trainer before anything can fail, so that an error closes them all. */
static void
open_pipes(Trainer *trainer)
{
	int		   *ours[TRAINER_PIPES] = {&trainer->input, &trainer->output, &trainer->errors};

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
}

/* posix_spawn: no shell, and in the child nothing but what is said here. */
static int
spawn(pid_t *pid, const char *program, int threads, const int descriptors[TRAINER_PIPES])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t	signals;
	char		parent[16];
	char		memory[16];
	char	   *arguments[] = {PROGRAM, parent, memory, NULL};
	char		thread_limit[32];
	char	   *environment[] = {"LC_ALL=C", "OMP_DYNAMIC=false", thread_limit, NULL};
	int			error;

	snprintf(parent, sizeof(parent), "%d", (int) getpid());
	snprintf(memory, sizeof(memory), "%d", company_risk_trainer_memory_limit);
	/* some of libxgboost's loops ask nobody how many threads to start */
	snprintf(thread_limit, sizeof(thread_limit), "OMP_THREAD_LIMIT=%d", threads);
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
		error = posix_spawnattr_setflags(&attributes,
										 POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	if (error == 0)
		error = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static void
run_program(Trainer *trainer, int threads)
{
	char	   *program = program_path();
	pid_t		pid;
	int			error;

	/* a process that complains too much must not wait for us to read it */
	(void) fcntl(trainer->theirs[2], F_SETFL, O_NONBLOCK);
#ifdef F_SETPIPE_SZ
	/* fewer, longer waits; the system's limit may say no */
	(void) fcntl(trainer->input, F_SETPIPE_SZ, 4 * FRAME_PAYLOAD_USUAL);
#endif

	error = spawn(&pid, program, threads, trainer->theirs);
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

Trainer *
process_start(int threads)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "company_risk trainer",
												  ALLOCSET_DEFAULT_SIZES);
	Trainer    *trainer = MemoryContextAllocZero(context, sizeof(Trainer));

	trainer->context = context;
	trainer->owner = CurrentResourceOwner;
	trainer->input = trainer->output = trainer->errors = -1;
	for (int i = 0; i < TRAINER_PIPES; i++)
		trainer->theirs[i] = -1;
	dlist_push_head(&trainers, &trainer->node);
	open_pipes(trainer);
	run_program(trainer, threads);
	return trainer;
}
