/*
 * protocol.h
 *		What a backend and the trainer say to each other.
 *
 * The trainer (main.c) is a program of its own, linked to libxgboost.  A backend
 * starts it with three pipes and nothing else: frames come in on descriptor 0,
 * frames go out on descriptor 1, and what the C library or a crashing process
 * has to say goes to descriptor 2.  Both run on one machine from one build, so
 * numbers are in the machine's own order; the version in the first frame guards
 * against a mix of builds.
 *
 * A frame is a header of 8 bytes (FrameHeader) and its payload.  Texts are UTF-8
 * and end in a NUL that is part of the payload.  Whoever receives a frame that
 * is too long, of an unknown kind, out of turn, or whose payload does not have
 * the length that its contents ask for, gives up: the trainer with an error
 * frame, the backend by killing the trainer.
 *
 * A conversation
 *
 *		backend								trainer
 *		FRAME_HELLO				->
 *								<-			FRAME_HELLO
 *	then one task:
 *		FRAME_TRAIN				->			parameters, features, rows follow
 *		FRAME_PARAMETER *		->
 *		FRAME_FEATURE *			->			each with its FRAME_CATEGORIES *
 *		FRAME_ROWS *			->
 *		FRAME_RUN				->
 *								<-			FRAME_PROGRESS *, at any time
 *								<-			FRAME_MARGINS *
 *								<-			FRAME_MODEL *
 *								<-			FRAME_DONE (TrainDone)
 *	or
 *		FRAME_VERIFY			->			a model's bytes follow
 *		FRAME_MODEL *			->
 *		FRAME_RUN				->
 *								<-			FRAME_DONE (VerifyDone): it is loaded
 *		FRAME_VALUES			->			any number of times: one block of rows,
 *								<-			FRAME_MARGINS and its margins
 *	or
 *		FRAME_CONVERT			->
 *		FRAME_MODEL *			->
 *		FRAME_RUN				->
 *								<-			FRAME_MODEL *
 *								<-			FRAME_DONE (empty)
 *
 * and the backend closes its end; the trainer exits with status 0.  In place of
 * any answer may come FRAME_ERROR, after which the trainer exits with status 1.
 * The trainer exits, too, whenever the backend's end of a pipe is closed, also
 * while it is busy.
 */
#ifndef TRAINER_PROTOCOL_H
#define TRAINER_PROTOCOL_H

#include <stdint.h>

#define PROTOCOL_MAGIC		UINT32_C(0x54525243)	/* "CRRT" in memory, little-endian */
#define PROTOCOL_VERSION	3

/*
 * Limits, checked on both sides.  A frame holds at least one row of as many
 * features as a model may have.
 */
#define FRAME_PAYLOAD_MAX	(UINT32_C(16) << 20)
#define FRAME_PAYLOAD_USUAL (UINT32_C(256) << 10)	/* what senders of much aim at */
#define TRAINER_FEATURES_MAX	(1 << 20)
#define TRAINER_CATEGORIES_MAX	(1 << 24)	/* of one feature: codes are exact float32 */
#define TRAINER_ROUNDS_MAX	1000000
#define TRAINER_MODEL_MAX	(UINT64_C(512) << 20)	/* bytes of a model */

typedef struct FrameHeader
{
	uint32_t	length;			/* of the payload */
	uint8_t		kind;			/* FrameKind */
	uint8_t		zero[3];
} FrameHeader;

typedef enum FrameKind
{
	FRAME_HELLO = 'h',			/* both ways: Hello */
	FRAME_ERROR = 'e',			/* from the trainer: code, message, detail, hint */

	/* tasks */
	FRAME_TRAIN = 't',			/* TrainTask */
	FRAME_VERIFY = 'v',			/* VerifyTask */
	FRAME_CONVERT = 'c',		/* empty */

	FRAME_PARAMETER = 'p',		/* name, value */
	FRAME_FEATURE = 'f',		/* FeatureType, name */
	FRAME_CATEGORIES = 'n',		/* names of the next categories of the last feature */
	FRAME_ROWS = 'r',			/* RowsHead, labels, weights, features, roles */
	FRAME_VALUES = 'x',			/* RowsHead, features */
	FRAME_RUN = 'g',			/* empty: all that the task needs is there */

	FRAME_PROGRESS = 'u',		/* Progress, name of the metric */
	FRAME_MARGINS = 'm',		/* MarginsHead, margins[, labels, weights, roles] */
	FRAME_MODEL = 'b',			/* both ways: the next bytes of a model */
	FRAME_DONE = 'd'			/* what the task says at its end */
} FrameKind;

typedef struct Hello
{
	uint32_t	magic;
	uint32_t	version;		/* PROTOCOL_VERSION */
	int32_t		library[3];		/* from the trainer: version of libxgboost */
	int32_t		threads;		/* from the backend: how many libxgboost may use */
} Hello;

/* The first byte of FRAME_ERROR; three texts follow, the last two may be empty */
typedef enum TrainerErrorCode
{
	TRAINER_ERROR_PROTOCOL = 'p',	/* the frames make no sense: a bug */
	TRAINER_ERROR_PARAMETER = 'a',	/* a parameter is unknown or out of range */
	TRAINER_ERROR_DATA = 'd',		/* the rows cannot be trained on */
	TRAINER_ERROR_MEMORY = 'm',		/* out of memory */
	TRAINER_ERROR_LIBRARY = 'x'		/* libxgboost refuses; detail is in its words */
} TrainerErrorCode;

/* ----------
 * Training
 * ----------
 */
typedef struct TrainTask
{
	int32_t		rounds;			/* boosting rounds, at most */
	int32_t		early_stopping_rounds;	/* 0: none */
	int32_t		feature_count;	/* as many FRAME_FEATURE must come */
	int32_t		progress_ms;	/* least time between two FRAME_PROGRESS of rounds */
} TrainTask;

/* As XGBoost's feature_types; in FRAME_FEATURE */
typedef enum FeatureType
{
	FEATURE_FLOAT = 'q',		/* quantity */
	FEATURE_INTEGER = 'n',		/* whole numbers; XGBoost's "int" */
	FEATURE_INDICATOR = 'i',	/* 0 or 1 */
	FEATURE_CATEGORY = 'c'		/* codes from 0; names by FRAME_CATEGORIES, or none */
} FeatureType;

/* What a row is for */
typedef enum RowRole
{
	ROLE_TRAIN = 0,
	ROLE_VALIDATION = 1,		/* early stopping looks at these */
	ROLE_TEST = 2				/* held out: nothing is trained or stopped by it */
} RowRole;

/*
 * FRAME_ROWS: the head, then float labels[count], float weights[count],
 * float features[count][feature_count] (NaN is missing), uint8_t roles[count].
 * FRAME_VALUES: the head, then float features[count][feature_count].
 */
typedef struct RowsHead
{
	uint32_t	count;
	uint32_t	feature_count;
} RowsHead;

typedef enum TrainerPhase
{
	PHASE_LOADING = 0,			/* rows have come; matrices are made of them */
	PHASE_TRAINING = 1,
	PHASE_PREDICTING = 2,
	PHASE_SAVING = 3
} TrainerPhase;

typedef struct Progress
{
	int32_t		phase;			/* TrainerPhase */
	int32_t		round;			/* rounds done */
	int32_t		rounds;			/* of at most so many */
	int32_t		unused;
	int64_t		rows;			/* that are trained on */
	double		value;			/* of the metric on the validation rows by now; NaN: none */
} Progress;

/*
 * FRAME_MARGINS: the head, then float margins[count][groups]; in training also
 * float labels[count], float weights[count], uint8_t roles[count].  Rows are in
 * the order in which they were sent: those that the model did not see in
 * training.
 */
typedef struct MarginsHead
{
	uint32_t	count;
	uint32_t	groups;
} MarginsHead;

typedef struct TrainDone
{
	int32_t		rounds;			/* trained */
	int32_t		best_iteration; /* from 0; -1: early stopping was not asked for */
	double		best_score;		/* the metric there, linear models: at the end; NaN: none */
} TrainDone;

/* ----------
 * Verification
 * ----------
 */
typedef struct VerifyTask
{
	int32_t		rounds;			/* boosting rounds to use; 0: all */
	float		missing;		/* stands for missing, beside NaN; NaN: nothing does */
} VerifyTask;

typedef struct VerifyDone
{
	int64_t		feature_count;	/* of the model as libxgboost reads it */
	int32_t		rounds;			/* that the model has */
	int32_t		unused;
} VerifyDone;

#endif
