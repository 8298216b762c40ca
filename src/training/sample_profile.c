/*
 * sample_profile.c
 *		What a training keeps of its rows, for risk.drift to compare later ones with.
 *
 * A random sample of the rows, from seed and row number alone, is as good for that
 * as all of them, and costs the same however many there are.  It is read from the
 * files in which the rows are anyhow, so that the profile is one of the rows that
 * were trained on, as the model saw them.  Features are profiled some at a time, so
 * that the sample need not be in memory whole.
 *
 * The model's own margins on the sample are the image's, as scoring will give them;
 * what calibration makes of them is for SQL to say.
 */
#include "training/sample_profile.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "core/evaluate.h"
#include "core/forest.h"
#include "core/objective.h"
#include "metrics/profile.h"
#include "models/server_host.h"
#include "training/draw.h"

#define SAMPLE_ROWS 100000
#define SAMPLE_BYTES (64 * 1024 * 1024)

/* Of the rows left, needed ones are to be chosen: is this one, the first of them, among these? */
static bool
choose_row(int64 number, int64 needed, int64 left, int64 seed)
{
	return training_draw(training_number_lot(number, seed), DRAW_PROFILE) * left < needed;
}

/* Some features of the sample, one after the other */
typedef struct Block
{
	int			first;
	int			count;
	int64		rows;
	float	   *values;
} Block;

/* The model, for the margins of the sample's rows */
typedef struct Scorer
{
	const ForestImage *image;
	ForestValue *vector;
	TrainingProfile *profile;
} Scorer;

static void
score_row(Scorer *scorer, int64 place, const float *features)
{
	TrainingProfile *profile = scorer->profile;

	for (uint32_t i = 0; i < scorer->image->feature_count; i++)
		scorer->vector[i].value = features[i];
	forest_prepare(scorer->image, scorer->vector);
	forest_margins(scorer->image, scorer->vector, &profile->margins[place]);
	objective_predict(TRANSFORM_SIGMOID, &profile->margins[place], 1, &profile->scores[place]);
}

/* Reads the sample into a block, and scores its rows where there is a scorer. */
static void
read_sample(TrainingData *data, const TrainingSpec *spec, Block *block, Scorer *scorer)
{
	float	   *features = palloc(data->columns->feature_count * sizeof(float));
	TrainingRow row;
	int64		place = 0;

	training_data_rewind(data);
	for (int64 number = 0; place < block->rows; number++)
	{
		CHECK_FOR_INTERRUPTS();
		if (!training_data_next(data, &row, features))
			elog(ERROR, "temporary file of training rows ends early");
		if (!choose_row(number + 1, block->rows - place, data->rows - number, spec->seed))
			continue;
		for (int i = 0; i < block->count; i++)
			block->values[i * block->rows + place] = features[block->first + i];
		if (scorer != NULL)
			score_row(scorer, place, features);
		place++;
	}
	pfree(features);
}

static Datum
profile_feature(const TrainingColumn *column, TupleDesc descriptor, const float *values, int64 rows)
{
	int64	   *counts;
	int64		missing = 0;
	Datum		profile;

	if (column->categories == NULL)
		return profile_of_numbers(descriptor, values, rows);
	counts = palloc0(Max(column->categories->count, 1) * sizeof(int64));
	for (int64 i = 0; i < rows; i++)
	{
		if (isnan(values[i]))
			missing++;
		else
			counts[(int) values[i]]++;
	}
	profile = profile_of_categories(descriptor, column->categories->names, counts,
									column->categories->count, missing);
	pfree(counts);
	return profile;
}

static void
begin_scoring(Scorer *scorer, TrainingData *data, const bytea *model, uint32_t rounds,
			  TrainingProfile *profile)
{
	scorer->image = forest_build(server_host(), server_read_model(model, NULL), rounds, NULL);
	if (scorer->image->feature_count != (uint32_t) data->columns->feature_count ||
		scorer->image->group_count != 1)
		elog(ERROR, "the trained model is not one of the training's features");
	scorer->vector = palloc(forest_vector_length(scorer->image->feature_count) *
							sizeof(ForestValue));
	scorer->profile = profile;
	profile->margins = palloc(profile->rows * sizeof(float));
	profile->scores = palloc(profile->rows * sizeof(float));
}

void
training_profile_make(TrainingData *data, const TrainingSpec *spec, const bytea *model, int rounds,
					  Oid profiles_type, TrainingProfile *profile)
{
	const TrainingColumns *columns = data->columns;
	Oid			type = get_element_type(profiles_type);
	TupleDesc	descriptor = lookup_rowtype_tupdesc(type, -1);
	Datum	   *profiles = palloc(columns->feature_count * sizeof(Datum));
	Scorer		scorer;
	Block		block = {0};
	int64		at_once;
	int16		length;
	bool		by_value;
	char		align;

	profile->rows = Min(data->rows, SAMPLE_ROWS);
	begin_scoring(&scorer, data, model, (uint32_t) rounds, profile);
	at_once = Max(1, Min(columns->feature_count,
						 SAMPLE_BYTES / (int64) (profile->rows * sizeof(float))));
	block.rows = profile->rows;
	block.values = palloc(at_once * block.rows * sizeof(float));
	for (; block.first < columns->feature_count; block.first += block.count)
	{
		block.count = Min(at_once, columns->feature_count - block.first);
		read_sample(data, spec, &block, block.first == 0 ? &scorer : NULL);
		for (int i = 0; i < block.count; i++)
		{
			const TrainingColumn *column = &columns->columns[columns->features[block.first + i]];

			profiles[block.first + i] = profile_feature(column, descriptor, block.values + i * block.rows,
														block.rows);
		}
	}
	pfree(block.values);
	ReleaseTupleDesc(descriptor);
	get_typlenbyvalalign(type, &length, &by_value, &align);
	profile->features = PointerGetDatum(construct_array(profiles, columns->feature_count, type,
														length, by_value, align));
}
