/*
 * rows.c
 *		The rows of a training, in temporary files.
 *
 * The rows are not sent to the trainer as they come, because what becomes of the
 * first may depend on the last: which codes the categories have, which periods are
 * the last ones, how many negatives are to be left out, whether a column varies at
 * all.  They go into two temporary files instead, one for what is needed to decide
 * (TrainingRow), one for the values, and are read from there as often as needed: a
 * cross-validation runs its query once.  The files obey temp_file_limit, and go with
 * the transaction at the latest.
 */
#include "training/rows.h"

#include <math.h>

#include "commands/tablespace.h"

#include "base/compat.h"

TrainingData *
training_data_create(TrainingColumns *columns, Periods *periods)
{
	TrainingData *data = palloc0(sizeof(TrainingData));

	data->columns = columns;
	data->periods = periods;
	data->buffer = palloc(columns->count * sizeof(float));
	PrepareTempTablespaces();
	data->heads = BufFileCreateTemp(false);
	data->values = BufFileCreateTemp(false);
	return data;
}

void
training_data_add(TrainingData *data, const TrainingRow *row)
{
	BufFileWrite(data->heads, unconstify(TrainingRow *, row), sizeof(TrainingRow));
	BufFileWrite(data->values, data->buffer, data->columns->count * sizeof(float));
	data->rows++;
	data->positives += row->label;
	data->known += row->known;
}

/* ----------
 * From the files
 * ----------
 */
void
training_data_rewind(TrainingData *data)
{
	if (BufFileSeek(data->heads, 0, 0, SEEK_SET) != 0 ||
		BufFileSeek(data->values, 0, 0, SEEK_SET) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not rewind temporary file")));
}

bool
training_data_next(TrainingData *data, TrainingRow *row, float *features)
{
	const TrainingColumns *columns = data->columns;

	if (!buffile_read_maybe(data->heads, row, sizeof(TrainingRow)))
		return false;
	if (features == NULL)
		return true;
	if (!buffile_read_maybe(data->values, data->buffer, columns->count * sizeof(float)))
		elog(ERROR, "temporary file of training rows ends early");
	for (int i = 0; i < columns->feature_count; i++)
	{
		const CategoryNames *categories = columns->columns[columns->features[i]].categories;
		float		value = data->buffer[columns->features[i]];

		features[i] = categories != NULL && !isnan(value) ? categories->codes[(int) value] : value;
	}
	return true;
}

void
training_data_close(TrainingData *data)
{
	BufFileClose(data->heads);
	BufFileClose(data->values);
}
