/*
 * rows.h
 *		The rows of a training, in temporary files.
 */
#ifndef ROWS_H
#define ROWS_H

#include "postgres.h"

#include "storage/buffile.h"

#include "training/columns.h"
#include "training/periods.h"

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

typedef struct TrainingData
{
	TrainingColumns *columns;
	Periods    *periods;
	int64		rows;
	int64		positives;
	int64		known;

	BufFile    *heads;
	BufFile    *values;
	float	   *buffer;			/* a row's values as spooled, one for each of the columns */
} TrainingData;

/* Without rows yet; in CurrentMemoryContext */
extern TrainingData *training_data_create(TrainingColumns *columns, Periods *periods);

/* Adds a row, whose values are in buffer. */
extern void training_data_add(TrainingData *data, const TrainingRow *row);

/* Back to the first row. */
extern void training_data_rewind(TrainingData *data);

/*
 * The next row; false behind the last.  features, of columns->feature_count, may be
 * NULL: then values must not be asked for until the data are rewound.
 */
extern bool training_data_next(TrainingData *data, TrainingRow *row, float *features);

extern void training_data_close(TrainingData *data);

#endif							/* ROWS_H */
