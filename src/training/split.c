/*
 * split.c
 *		Who does what: rows to train on, rows to choose by, rows to judge by.
 *
 * Held-out rows are those of a share of the keys, of the last periods, or those
 * that a column marks.  They are split again, by key:
 *
 * - ROLE_VALIDATION: early stopping, calibration and thresholds are chosen on
 *	 these, so that figures on them flatter the model a little;
 * - ROLE_TEST: nothing is chosen on these; what they say of the model is honest.
 *
 * All rows of a key are on one side, but where periods or a column decide: then
 * the halves are apart by key still, and training and held-out rows by time.
 *
 * In a cross-validation one fold is ROLE_TEST; with early stopping a share of the
 * other keys is ROLE_VALIDATION, so that no model stops by the rows it is judged by.
 *
 * Negatives may be left out of the training rows until positives have the wanted
 * share.  Validation rows are never left out: their negatives weigh less instead,
 * so that the metric of early stopping means what it means on the training rows.
 */
#include "training/split.h"

#include "miscadmin.h"

#include "training/draw.h"

#define ROWS_BETWEEN_INTERRUPTS 65536

/* Before any negative is left out */
static bool
natural_role(const TrainingSplit *split, const TrainingRow *row, RowRole *role)
{
	const TrainingSpec *spec = split->spec;

	if (split->fold >= 0)
	{
		int			fold = spec->fold_column ? row->fold :
			(int) (training_draw(row->lot, DRAW_FOLD) * spec->folds);

		if (fold == split->fold)
			*role = ROLE_TEST;
		else
			*role = spec->early_stopping_rounds > 0 &&
				training_draw(row->lot, DRAW_HELD_OUT) < spec->validation_share ? ROLE_VALIDATION :
					ROLE_TRAIN;
		return true;
	}
	*role = ROLE_TRAIN;
	if (spec->validation_column != NULL)
	{
		if (!row->held_out)
			return true;
	}
	else if (spec->validation_periods > 0)
	{
		if (row->period < split->first_gap)
			return true;
		if (row->period < split->first_held_out)
			return false;
	}
	else if (training_draw(row->lot, DRAW_HELD_OUT) >= spec->validation_share)
		return true;
	*role = training_draw(row->lot, DRAW_TEST) < spec->test_share ? ROLE_TEST : ROLE_VALIDATION;
	return true;
}

bool
training_split_role(const TrainingSplit *split, const TrainingRow *row, int64 number, RowRole *role)
{
	if (!natural_role(split, row, role))
		return false;
	if (*role == ROLE_TRAIN && !row->label && split->keep < 1.0)
		/* by row, not by key: a company has many negative months */
		return training_draw(training_number_lot(number, split->spec->seed),
							 DRAW_NEGATIVES) < split->keep;
	return true;
}

static void
count_roles(TrainingData *data, TrainingSplit *split)
{
	TrainingRow row;
	int64		number = 1;

	memset(split->rows, 0, sizeof(split->rows));
	memset(split->positives, 0, sizeof(split->positives));
	memset(split->weighty, 0, sizeof(split->weighty));
	training_data_rewind(data);
	for (; training_data_next(data, &row, NULL); number++)
	{
		RowRole		role;

		if (training_split_role(split, &row, number, &role))
		{
			split->rows[role]++;
			split->positives[role] += row.label;
			split->weighty[role][row.label] += row.weight > 0.0f;
		}
		if (number % ROWS_BETWEEN_INTERRUPTS == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

static void
find_periods(TrainingData *data, TrainingSplit *split)
{
	const TrainingSpec *spec = split->spec;
	int			first = data->periods->count - spec->validation_periods;
	int			gap = first - spec->gap_periods;

	if (gap <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no period is left to train on"),
				 errdetail("The rows have %d periods, of which %d are to be held out and %d are in the gap.",
						   data->periods->count, spec->validation_periods, spec->gap_periods)));
	split->first_held_out = data->periods->values[first];
	split->first_gap = data->periods->values[gap];
}

static void
check_classes(const TrainingSplit *split, RowRole role, const char *what, const char *hint)
{
	int64		rows = split->rows[role];
	int64		positives = split->positives[role];

	if (rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are no %s rows", what),
				 errhint("%s", hint)));
	if (positives == 0 || positives == rows)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all " INT64_FORMAT " %s rows have the label %d", rows, what,
						positives > 0),
				 errdetail("Both outcomes are needed."),
				 errhint("%s", hint)));
	/* test rows are counted, not weighed */
	for (int label = 0; label < 2 && role != ROLE_TEST; label++)
		if (split->weighty[role][label] == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("all %s rows with the label %d have the weight 0", what, label),
					 errdetail("Both outcomes are needed."),
					 errhint("Give such rows a weight, or leave them out of the query.")));
}

/* How many negatives to keep, so that positives have their share of what is left. */
static void
choose_keep(TrainingData *data, TrainingSplit *split)
{
	double		share = split->spec->positive_share;
	int64		positives = split->positives[ROLE_TRAIN];
	int64		negatives = split->rows[ROLE_TRAIN] - positives;
	double		wanted = positives * (1.0 - share) / share;

	if (wanted > negatives)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("positive_share is %g, but positives already are %g of the training rows",
						share, (double) positives / split->rows[ROLE_TRAIN]),
				 errhint("Leave positive_share out to train on all rows, or give a greater one.")));
	split->keep = wanted / negatives;
	count_roles(data, split);
	split->kept = (double) (split->rows[ROLE_TRAIN] - split->positives[ROLE_TRAIN]) / negatives;
	check_classes(split, ROLE_TRAIN, "training", "Give a smaller positive_share.");
}

TrainingSplit *
training_split_make(TrainingData *data, const TrainingSpec *spec, int fold)
{
	TrainingSplit *split = palloc0(sizeof(TrainingSplit));

	if (data->positives == 0 || data->positives == data->rows)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all " INT64_FORMAT " rows have the label %d", data->rows,
						data->positives > 0),
				 errdetail("A model of risk needs rows with both outcomes.")));
	split->spec = spec;
	split->fold = fold;
	split->keep = split->kept = 1.0;
	if (fold < 0 && spec->validation_column == NULL && spec->validation_periods > 0)
		find_periods(data, split);
	count_roles(data, split);

	check_classes(split, ROLE_TRAIN, "training", "Hold fewer rows out, or give more rows.");
	if (fold >= 0)
	{
		check_classes(split, ROLE_TEST, psprintf("fold %d", fold + 1),
					  "Use fewer folds, give more rows, or say which row is in which fold with fold_column.");
		if (spec->early_stopping_rounds > 0)
			check_classes(split, ROLE_VALIDATION, "validation",
						  "Early stopping needs more rows, or a greater validation_share.");
	}
	else if (spec->validation_column != NULL || spec->validation_periods > 0 ||
			 spec->validation_share > 0.0)
	{
		static const char hint[] =
			"Hold more rows out, give more rows, or train without held-out rows: validation_share => 0.";

		if (spec->test_share < 1.0)
			check_classes(split, ROLE_VALIDATION, "validation", hint);
		if (spec->test_share > 0.0)
			check_classes(split, ROLE_TEST, "test", hint);
	}
	if (spec->positive_share > 0.0)
		choose_keep(data, split);
	return split;
}
