/*
 * process.h
 *		The trainer's process: what is known of it, its start and its end.
 *		Of this room alone.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "libxgboost/handle.h"

#include "lib/ilist.h"
#include "lib/stringinfo.h"
#include "storage/latch.h"
#include "utils/resowner.h"

#define TRAINER_PIPES 3			/* its standard input, output and error */

/* Rows on their way: as many as make a frame of the usual length */
typedef struct RowBlock
{
	int			capacity;
	int			count;
	float	   *labels;
	float	   *weights;
	float	   *features;
	uint8	   *roles;
	char	   *frame;			/* room for the frame that they become */
} RowBlock;

struct Trainer
{
	dlist_node	node;			/* in the list of those that live */
	ResourceOwner owner;
	MemoryContext context;		/* child of TopMemoryContext; holds all of this */

	pid_t		pid;			/* 0: none, or waited for */
	int			input;			/* descriptors, -1 when closed: frames to the process, */
	int			output;			/* frames from it, */
	int			errors;			/* and its standard error */
	int			theirs[TRAINER_PIPES];	/* the process's ends, until it is started */
	int			reserved;		/* how many descriptors fd.c knows of */
	WaitEventSet *reading;		/* latch, output */
	WaitEventSet *writing;		/* latch, output, input */

	StringInfoData received;	/* what has come and was not taken yet */
	char		version[32];	/* of libxgboost */

	/* training */
	void		(*on_progress) (void *argument, const Progress *progress, const char *metric);
	void	   *argument;
	char		metric[64];		/* of the last progress */
	int			feature_count;
	RowBlock	block;
};

/* For the module's start: processes end with the resource owner that they belong to. */
extern void process_init(void);

/*
 * A Trainer of the CurrentResourceOwner, whose process has been started and has
 * said nothing yet.  libxgboost will use no more threads than these.
 */
extern Trainer *process_start(int threads);

/*
 * Waits for the process, whose output has ended or whose input was closed: it
 * should be a matter of milliseconds.  Returns its status.
 */
extern int	process_await_end(Trainer *trainer);

/* Kills what is still there and frees everything; never errors. */
extern void process_destroy(Trainer *trainer);

/* Closes a descriptor, if it is open. */
extern void process_close(int *descriptor);

/* What the backend waits for while the process works */
extern uint32 process_wait_event(void);

#endif							/* PROCESS_H */
