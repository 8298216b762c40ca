/*
 * training.h
 *		What the parts of a training share: what was asked for, and the rows.
 */
#ifndef TRAINING_H
#define TRAINING_H

#include "postgres.h"

#include "storage/buffile.h"
#include "utils/jsonb.h"

#include "base/column_value.h"
#include "libxgboost/trainer_training.h"

/* ----------
 * What was asked for (request.c)
 * ----------
 */

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
	JsonbContainer *parameters; /* NULL: none */

	int			rounds;
	int			early_stopping; /* rounds without progress; 0: none */
	double		validation_share;	/* of keys to hold out, where no column or periods say */
	int			validation_periods; /* hold out the last ones; 0: not by period */
	int			gap_periods;	/* before them: neither trained on nor held out */
	double		test_share;		/* of the held-out keys, only to be judged by */
	double		positive_share; /* of positives among training rows, by leaving out negatives; 0: all rows */
	int			folds;			/* of a cross-validation; 0: none */
	int			seed;
	int			threads;		/* 0: as the setting says */
} TrainingSpec;

extern TrainingSpec *training_spec_read(Jsonb *arguments);

/* ----------
 * Rows (rows.c)
 * ----------
 */

/* A row but its features */
typedef struct TrainingRow
{
	uint64		lot;			/* of its key, from seed and key alone */
	int64		period;			/* as its type stores it */
	float		weight;
	int32		fold;
	bool		label;
	bool		known;
	bool		held_out;		/* says the validation column */
} TrainingRow;

typedef struct CategoryNames CategoryNames;

typedef struct TrainingColumn
{
	char	   *name;
	int			index;			/* in the query's result */
	Conversion	conversion;
	FeatureType type;
	bool		padded;			/* character(n): blanks at the end do not count */
	CategoryNames *names;		/* of a categorical column: while rows are read */
	int			category_count; /* afterwards: names in order, a name's place is its code */
	const char **categories;
	float	   *codes;			/* by provisional code */
	float		first;			/* value in the first row */
	bool		varies;
} TrainingColumn;

typedef struct TrainingData
{
	MemoryContext context;
	int			column_count;	/* that might be features */
	TrainingColumn *columns;
	int			feature_count;	/* of these, those that vary */
	int		   *features;		/* their positions in columns */
	int			constant_count; /* and the others, left out */
	int			unusable_count; /* columns whose type cannot feed a feature */
	char	  **unusable;

	int64		rows;
	int64		positives;
	int64		known;
	Oid			period_type;	/* invalid without a period column */
	int			period_count;
	int64	   *periods;		/* ascending */

	BufFile    *heads;
	BufFile    *values;
	float	   *buffer;			/* a row's values as spooled */
} TrainingData;

/*
 * Runs the query, once, as the current user, and keeps its rows in temporary files.
 * check_columns is called when the columns are known, before the first row is read.
 */
extern TrainingData *training_data_read(const char *query, const TrainingSpec *spec,
										void (*check_columns) (const TrainingSpec *spec, const TrainingData *data));

/* Back to the first row. */
extern void training_data_rewind(TrainingData *data);

/*
 * The next row; false behind the last.  features, of feature_count, may be NULL:
 * then values must not be asked for until the data are rewound.
 */
extern bool training_data_next(TrainingData *data, TrainingRow *row, float *features);

/* A period as ISO 8601 or a whole number */
extern char *training_period_text(const TrainingData *data, int64 period);

/* ----------
 * Lots (draw.c)
 * ----------
 */
extern uint64 training_lot(const char *key, int length, int seed);

/* Of a row without a key; number counts from 1. */
extern uint64 training_number_lot(int64 number, int seed);

/* Of a key; its type must be one that can be a key, output its output function. */
extern bool training_key_type(Oid type);
extern uint64 training_key_lot(Oid type, FmgrInfo *output, Datum key, int seed);

/* Uniform in [0, 1), from a lot; each purpose draws its own. */
typedef enum LotPurpose
{
	LOT_HELD_OUT,
	LOT_TEST,
	LOT_FOLD,
	LOT_SAMPLE,
	LOT_PROFILE
} LotPurpose;

extern double training_draw(uint64 lot, LotPurpose purpose);

/* ----------
 * Who does what (split.c)
 * ----------
 */
typedef struct TrainingSplit
{
	const TrainingSpec *spec;
	int			fold;			/* that is held out, from 0; -1: no cross-validation */
	int64		first_held_out; /* by period: the first period held out */
	int64		first_gap;		/* and the first one in the gap */
	double		keep;			/* share of negative training rows that are kept */
	double		kept;			/* the same as it turned out */

	/* rows, and positives among them, by RowRole; not those in the gap, or sampled away */
	int64		rows[3];
	int64		positives[3];
	int64		weighty[3][2];	/* rows with a weight other than 0, by label */
} TrainingSplit;

/* Decides; looks at all rows once, and errors where one cannot train so. */
extern TrainingSplit *training_split_make(TrainingData *data, const TrainingSpec *spec, int fold);

/* What a row is for; false: for nothing.  number counts the rows from 0. */
extern bool training_split_role(const TrainingSplit *split, const TrainingRow *row, int64 number,
								RowRole *role);

/* ----------
 * What is kept of the rows (sample_profile.c)
 * ----------
 */
typedef struct TrainingProfile
{
	int64		rows;			/* of the sample */
	Datum		features;		/* an array of risk_internal.column_profile, in the model's order */
	float	   *margins;
	float	   *scores;			/* of the objective, not calibrated */
} TrainingProfile;

extern void training_profile_make(TrainingData *data, const TrainingSpec *spec, const bytea *model,
								  int rounds, Oid profiles_type, TrainingProfile *profile);

/* ----------
 * Parameters (request.c)
 * ----------
 */

/* XGBoost's names and values for these features, from the object given, the seed, and what is implied. */
extern TrainerParameter *training_parameters(const TrainingSpec *spec, const TrainerFeature *features,
											 int feature_count, int *count);

#endif							/* TRAINING_H */
