/*
 * trainer.h
 *		Work that needs libxgboost, done by a process of its own.
 *
 * A Trainer is one run of the program company_risk_trainer (trainer/main.c),
 * started by this backend and spoken to over pipes.  All functions here wait
 * with the latch and accept interrupts, and all of them may raise an error:
 * libxgboost's refusals, a crash of the process and a lack of memory come as
 * ERROR.  Nothing needs to be cleaned up by a caller: an error, a cancel, the end
 * of the transaction and the end of the backend kill the process and wait for it
 * (it belongs to the CurrentResourceOwner of trainer_start).
 *
 * To train:
 *
 *		Trainer    *trainer = trainer_start();
 *		TrainingResult *result;
 *
 *		trainer_training_begin(trainer, &request);
 *		while (... a row ...)
 *			trainer_training_row(trainer, role, label, weight, features);
 *		result = trainer_training_run(trainer, &request);
 *		trainer_finish(trainer);
 *
 * Rows may come in any number: the backend keeps none of them.
 */
#ifndef TRAINER_H
#define TRAINER_H

#include "postgres.h"

#include "lib/stringinfo.h"

#include "../trainer/protocol.h"

typedef struct Trainer Trainer;

/* Settings */
extern int	company_risk_trainer_threads;
extern int	company_risk_trainer_memory_limit;	/* MB; -1 is no limit */

/* To be called by _PG_init: defines the settings and watches over resource owners. */
extern void trainer_init(void);

/*
 * Starts the program and exchanges greetings.  An error with a hint when it is
 * not installed.
 */
extern Trainer *trainer_start(void);

/* Version of the libxgboost at work: "1.7.4".  Lives as long as the Trainer. */
extern const char *trainer_library_version(const Trainer *trainer);

/* An ErrorContextCallback's function that says so; its argument is a Trainer **, perhaps of NULL. */
extern void trainer_error_context(void *argument);

/*
 * Closes the pipes and waits for the end of the process; the Trainer is freed.
 * An error when the process does not end well.
 */
extern void trainer_finish(Trainer *trainer);

/* ----------
 * Training
 * ----------
 */
typedef struct TrainerParameter
{
	const char *name;			/* XGBoost's: "objective", "eta", "eval_metric" (may come twice) ... */
	const char *value;
} TrainerParameter;

/*
 * A feature.  Texts are in the database's encoding.  Categories are those whose
 * code is their position; NULL with a count of 0 when codes have no names.  They
 * become part of the model's bytes.
 */
typedef struct TrainerFeature
{
	const char *name;
	FeatureType type;
	int			category_count;
	const char *const *categories;	/* NULL: codes only */
} TrainerFeature;

/*
 * A row that the model did not see in training: role ROLE_VALIDATION or
 * ROLE_TEST, in the order in which the rows were sent.  The label and the weight
 * are those that were sent.
 */
typedef struct TrainerMargin
{
	uint8		role;
	float		label;
	float		weight;
	const float *margins;		/* one per output group (one for a binary model) */
	int			groups;
} TrainerMargin;

typedef struct TrainingRequest
{
	int			feature_count;
	const TrainerFeature *features;
	int			parameter_count;
	const TrainerParameter *parameters; /* but nthread, verbosity and the like: refused */
	int			rounds;			/* at most; XGBoost's num_boost_round */
	int			early_stopping_rounds;	/* 0: none; needs rows with ROLE_VALIDATION */

	/*
	 * Called while the trainer works, at most every 200 ms, or never (NULL).  It
	 * may raise errors.  metric is "" and progress->value NaN where none is known.
	 */
	void		(*on_progress) (void *argument, const Progress *progress, const char *metric);

	/* Called for every such row after training; or never (NULL).  May raise errors. */
	void		(*on_margin) (void *argument, const TrainerMargin *row);
	void	   *argument;
} TrainingRequest;

/* palloc'd in the CurrentMemoryContext of trainer_training_run() */
typedef struct TrainingResult
{
	bytea	   *model;			/* UBJSON, for risk.import_model */
	int			rounds;			/* trained */
	int			best_iteration; /* from 0; also an attribute of the model; -1 without early stopping */
	double		best_score;		/* metric at the best iteration; NaN: none */
	char	   *metric;			/* that stops, or was last reported: "logloss"; "" when there is none */
	char	   *library_version;
} TrainingResult;

/*
 * The memory that the request points to must stay until trainer_training_run()
 * has returned.
 */
extern void trainer_training_begin(Trainer *trainer, const TrainingRequest *request);

/* role is a RowRole; features has request->feature_count values, NaN is missing. */
extern void trainer_training_row(Trainer *trainer, uint8 role, float label, float weight,
								 const float *features);

/*
 * Trains.  Bad data are errors that say which row, counted from 1 in the order
 * sent, and which feature: labels or features that are infinite, labels that are
 * NaN, one class only where there must be two, negative weights, no rows.
 */
extern TrainingResult *trainer_training_run(Trainer *trainer, const TrainingRequest *request);

/* ----------
 * Frames, for those who need them (verify.c, convert.c)
 * ----------
 */
extern void trainer_send(Trainer *trainer, FrameKind kind, const void *payload, Size length);
extern void trainer_send_model(Trainer *trainer, const char *bytes, Size length);

/* The next frame but progress; an error frame becomes an ERROR. */
extern FrameKind trainer_receive(Trainer *trainer, StringInfo payload);

/*
 * The model whose first bytes are in payload, of a frame whose kind is *kind: a
 * palloc'd bytea.  Receives up to the frame behind it, which *kind and payload are
 * then of.
 */
extern bytea *trainer_receive_model(Trainer *trainer, FrameKind *kind, StringInfo payload);

/* Stops on what a correct trainer does not send. */
extern _Noreturn void trainer_fail_frame(Trainer *trainer, FrameKind kind);

#endif
