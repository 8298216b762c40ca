/*
 * request.h
 *		What a training was asked for.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "postgres.h"

#include "utils/jsonb.h"

#define TRAINING_FOLDS_MAX 100

/* Columns are names, NULL where there is none. */
typedef struct TrainingSpec
{
	const char *model;			/* for messages and progress */
	const char *label;
	const char *key;
	const char *period;
	const char *weight;
	const char *known;			/* rows that are known cases already */
	const char *validation_column;	/* boolean: rows to hold out */
	const char *fold_column;	/* whole numbers: a row's fold in a cross-validation */
	int			feature_count;	/* 0: every usable column that plays no other part */
	char	  **features;
	JsonbContainer *parameters; /* XGBoost's; NULL: none */

	int			rounds;
	int			early_stopping_rounds;	/* without progress; 0: none */
	double		validation_share;	/* of keys to hold out, where no column or periods say */
	int			validation_periods; /* hold out the last ones; 0: not by period */
	int			gap_periods;	/* before them: neither trained on nor held out */
	double		test_share;		/* of the held-out keys, only to be judged by */
	double		positive_share; /* of positives among training rows, by leaving out negatives; 0: all rows */
	int			folds;			/* of a cross-validation; 0: none */
	int64		seed;
	int			threads;		/* 0: as the setting says */
} TrainingSpec;

/* From the arguments as an object; errors say which argument must be what. */
extern TrainingSpec *training_spec_read(Jsonb *arguments);

#endif							/* REQUEST_H */
