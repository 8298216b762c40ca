/*
 * training_state.h
 *		A training in progress: train.c, and below it rows.c and parameters.c.
 */
#ifndef TRAINER_TRAINING_STATE_H
#define TRAINER_TRAINING_STATE_H

#include "program.h"

#include <time.h>

#define METRIC_NAME_MAX 64

typedef struct RowSet
{
	float	   *features;
	float	   *labels;
	float	   *weights;
	size_t		rows;
	size_t		capacity;
	bool		weighted;		/* is any weight other than 1? */
	float		lowest;			/* of the labels */
	float		highest;
	DMatrixHandle matrix;		/* NULL until made */
} RowSet;

enum
{
	SET_TRAIN,					/* as RowRole */
	SET_VALIDATION,
	SET_TEST,
	SET_COUNT
};

typedef struct Parameter
{
	char	   *name;
	char	   *value;
} Parameter;

typedef struct Training
{
	TrainTask	task;
	Parameter  *parameters;
	size_t		parameter_count;
	const char *objective;

	/* features */
	char	  **names;
	const char **types;
	uint8_t    *kinds;			/* FeatureType */
	CategoryNames *categories;
	size_t		feature_count;	/* so far */
	bool		has_names;		/* does any feature have named categories? */
	bool		has_accents;	/* are any of them not ASCII? */

	/* rows */
	bool		has_rows;
	RowSet		sets[SET_COUNT];
	uint8_t    *roles;			/* of all rows, in their order */
	size_t		rows;
	size_t		role_capacity;

	/* answers */
	float	   *margins[SET_COUNT]; /* not of SET_TRAIN */
	uint32_t	groups;
	struct timespec last_progress;
	char		metric[METRIC_NAME_MAX];
} Training;

/* rows.c: frames with a feature, the names of its categories, and rows */
extern void add_feature(Training *training, const Frame *frame);
extern void add_categories(Training *training, const Frame *frame);
extern void add_rows(Training *training, const Frame *frame);

/* What can only be said once all rows are there */
extern void check_rows(const Training *training);

/* Makes a set's matrix, if it has rows, and frees its features. */
extern void make_matrix(const Training *training, RowSet *set);

/* parameters.c: takes a frame with a parameter's name and value. */
extern void add_parameter(Training *training, const Frame *frame);

/* Everything about the parameters that can be known without rows */
extern void check_parameters(const Training *training);

/* Refuses what libxgboost has only warned of by now. */
extern void refuse_unused_parameters(void);

/* A booster that knows the parameters and the features, as Python makes one. */
extern BoosterHandle make_booster(const Training *training, const DMatrixHandle *matrices,
								  bst_ulong count);

extern bool objective_begins(const Training *training, const char *prefix);

#endif
