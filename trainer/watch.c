/*
 * watch.c
 *		Ending when the backend does, also while libxgboost is at work.
 *
 * Whoever reads a frame notices the end of the input by itself.  Calls of
 * libxgboost may last for hours and read nothing; so a thread looks after the
 * input all the time, and ends the program when it is over and the program busy.
 */
#include "program.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_bool busy;

/* poll() reports a pipe whose writers are gone even while it holds bytes. */
static void *
watch(void *unused)
{
	struct pollfd input = {.fd = STDIN_FILENO};

	for (;;)
	{
		if (poll(&input, 1, -1) > 0 && (input.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		{
			if (atomic_load(&busy))
				_exit(1);
			/* the other thread reads to the end and decides */
			poll(NULL, 0, 100);
		}
	}
	return unused;
}

void
start_watching(void)
{
	pthread_t	thread;
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 128 * 1024);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attributes, watch, NULL) != 0)
		fail_memory();
	pthread_attr_destroy(&attributes);
}

void
set_busy(bool value)
{
	atomic_store(&busy, value);
}
