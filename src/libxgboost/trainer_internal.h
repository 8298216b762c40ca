/*
 * trainer_internal.h
 *		What the parts of the trainer's client know of a Trainer.
 */
#ifndef TRAINER_INTERNAL_H
#define TRAINER_INTERNAL_H

#include "libxgboost/trainer_type.h"

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

#endif							/* TRAINER_INTERNAL_H */
