/*
 * trainer_training.h
 *		A training, done by the trainer.
 *
 *		Trainer    *trainer = trainer_start(threads);
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
#ifndef TRAINER_TRAINING_H
#define TRAINER_TRAINING_H

#include "libxgboost/handle.h"

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

#endif							/* TRAINER_TRAINING_H */
