/*
 * main.c
 *		company_risk_trainer: what needs libxgboost, in a process of its own.
 *
 * A backend of PostgreSQL starts this program to train a model, to compare
 * libxgboost's answers with the extension's, or to convert an old model; see
 * protocol.h for what they say to each other.  It is of no use by itself.
 *
 * The process shares nothing with the server but its user.  Before libxgboost is
 * called, it closes what it inherited, takes a low priority, bounds its memory,
 * offers itself to the kernel's out-of-memory killer, and gives up the right to
 * open files, to dump core and to gain privileges.  It ends with the backend: the
 * kernel kills it when the backend dies, and while it works a thread watches for
 * the end of the input.
 */
#include "program.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#define NICENESS 10
#define OOM_SCORE_ADJUSTMENT "1000"

/* ---------- the process ---------- */

/* Everything but the three pipes, whatever the server forgot to mark. */
static void
close_inherited(void)
{
	DIR		   *directory;
	int			highest = 1024;

#if defined(__linux__) && defined(SYS_close_range)
	if (syscall(SYS_close_range, 3, ~0U, 0) == 0)
		return;
#endif
	if ((directory = opendir("/proc/self/fd")) != NULL)
	{
		struct dirent *entry;

		while ((entry = readdir(directory)) != NULL)
			if (atoi(entry->d_name) > highest)
				highest = atoi(entry->d_name);
		closedir(directory);
	}
	for (int descriptor = 3; descriptor <= highest; descriptor++)
		close(descriptor);
}

static void
limit(int resource, rlim_t value)
{
	const struct rlimit both = {value, value};

	setrlimit(resource, &both);
}

/*
 * Memory is bounded by what may be written to, not by address space: threads
 * reserve much of that and use little.
 */
static void
confine(long memory_mb)
{
	if (memory_mb > 0)
	{
		limit(RLIMIT_DATA, (rlim_t) memory_mb << 20);
		limit(RLIMIT_AS, ((rlim_t) memory_mb << 20) + ((rlim_t) 64 << 30));
	}
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	setpriority(PRIO_PROCESS, 0, NICENESS);
#ifdef __linux__
	{
		int			file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

		if (file >= 0)
		{
			if (write(file, OOM_SCORE_ADJUSTMENT, strlen(OOM_SCORE_ADJUSTMENT)) < 0)
				(void) 0;		/* then it stays as it is */
			close(file);
		}
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#endif
	if (chdir("/") != 0)
		_exit(1);
}

/*
 * Frames go out by a descriptor of their own: whatever a library prints goes to
 * standard error.  From then on no file can be opened.
 */
static void
take_descriptors(void)
{
	int			output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	if (output < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(1);
	frames_init(output);
	limit(RLIMIT_NOFILE, (rlim_t) output + 1);
}

/* Dies with the backend, also when it was gone before we could ask for that. */
static void
die_with(pid_t parent)
{
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
#endif
	if (getppid() != parent)
		_exit(1);
}

/* ---------- the conversation ---------- */

static void
greet(void)
{
	Frame		frame;
	Hello		hello;

	frame_read(&frame);
	if (frame.kind != FRAME_HELLO || frame.length != sizeof(Hello))
		fail_frame(&frame, "a greeting");
	memcpy(&hello, frame.payload, sizeof(hello));
	if (hello.magic != PROTOCOL_MAGIC || hello.version != PROTOCOL_VERSION)
		fail(TRAINER_ERROR_PROTOCOL, "Install the library and the program of one build.", NULL,
			 "trainer speaks version %d of the protocol, the server %u",
			 PROTOCOL_VERSION, hello.version);
	if (hello.threads < 1 || hello.threads > 1024)
		fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "impossible number of threads");
	library_init(hello.threads);
	XGBoostVersion(&hello.library[0], &hello.library[1], &hello.library[2]);
	frame_send(FRAME_HELLO, &hello, sizeof(hello));
}

int
main(int count, char **arguments)
{
	Frame		frame;

	if (count != 3)
	{
		fprintf(stderr, "company_risk_trainer is started by PostgreSQL's extension company_risk.\n");
		return 2;
	}
	close_inherited();
	die_with((pid_t) atol(arguments[1]));
	confine(atol(arguments[2]));
	take_descriptors();
	start_watching();
	greet();

	frame_read(&frame);
	switch (frame.kind)
	{
		case FRAME_TRAIN:
			train(&frame);
			break;
		case FRAME_VERIFY:
			verify(&frame);
			break;
		case FRAME_CONVERT:
			convert(&frame);
			break;
		default:
			fail_frame(&frame, "a task");
	}
	/* nothing may follow */
	frame_read(&frame);
	fail_frame(&frame, "the end");
}
