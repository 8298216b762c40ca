/*
 * rows.c
 *		What is trained on: features and rows as they come, and libxgboost's matrices.
 *
 * Rows are kept by what they are for, in arrays that grow by a fixed step: large
 * ones are mapped by themselves, so that growing moves page tables, not bytes.
 * libxgboost copies what it is given; so a set's features are freed as soon as
 * it has its matrix.  Labels, weights and roles stay: they go back with the
 * margins, so that the backend need not keep rows either.
 */
#include "training_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GROWTH_BYTES ((size_t) 64 << 20)

/* ---------- features ---------- */

void
add_feature(Training *training, const Frame *frame)
{
	const char *name = frame_texts(frame, 1, 1);
	const char *type;

	if (training->feature_count == (size_t) training->task.feature_count)
		fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "there are more features than announced");
	switch (frame->payload[0])
	{
		case FEATURE_FLOAT:
			type = "float";
			break;
		case FEATURE_INTEGER:
			type = "int";
			break;
		case FEATURE_INDICATOR:
			type = "i";
			break;
		case FEATURE_CATEGORY:
			type = "c";
			break;
		default:
			fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "feature has an unknown type");
	}
	training->names[training->feature_count] = copy_text(name);
	training->types[training->feature_count] = type;
	training->kinds[training->feature_count++] = frame->payload[0];
}

void
add_categories(Training *training, const Frame *frame)
{
	CategoryNames *names;

	frame_texts(frame, 0, -1);
	if (training->feature_count == 0 ||
		training->kinds[training->feature_count - 1] != FEATURE_CATEGORY)
		fail_frame(frame, "a categorical feature before its categories");
	names = &training->categories[training->feature_count - 1];
	for (uint32_t i = 0; i < frame->length; i++)
	{
		names->count += frame->payload[i] == 0;
		training->has_accents = training->has_accents || frame->payload[i] >= 0x80;
	}
	if (names->count > TRAINER_CATEGORIES_MAX)
		fail(TRAINER_ERROR_DATA, NULL, NULL, "feature \"%s\" has more than %d categories",
			 training->names[training->feature_count - 1], TRAINER_CATEGORIES_MAX);
	bytes_append(&names->text, frame->payload, frame->length);
	training->has_names = true;
}

/* ---------- rows ---------- */

/* A number of a message's own, counted from 1 */
static void
check_label(const Training *training, size_t number, float label, float weight)
{
	if (!isfinite(label))
		fail(TRAINER_ERROR_DATA, "Leave out rows whose outcome is not known.", NULL,
			 "the label of row %zu is %s", number, isnan(label) ? "NaN" : "infinite");
	if (!(weight >= 0) || isinf(weight))
		fail(TRAINER_ERROR_DATA, NULL, NULL, "the weight of row %zu is %s", number,
			 isnan(weight) ? "NaN" : isinf(weight) ? "infinite" : "negative");
	if ((objective_begins(training, "binary:") || objective_begins(training, "reg:logistic")) &&
		(label < 0 || label > 1))
		fail(TRAINER_ERROR_DATA, NULL, NULL,
			 "the label of row %zu is %g, but objective %s needs labels from 0 to 1",
			 number, (double) label, training->objective);
	if (objective_begins(training, "multi:") && (label < 0 || label != floorf(label)))
		fail(TRAINER_ERROR_DATA, NULL, NULL,
			 "the label of row %zu is %g, but objective %s needs classes 0, 1, 2, ...",
			 number, (double) label, training->objective);
}

static void
check_features(const Training *training, size_t number, const float *features)
{
	bool		suspect = false;

	/* one pass without a branch: hardly any row has one */
	for (size_t i = 0; i < training->feature_count; i++)
		suspect |= isinf(features[i]) != 0;
	for (size_t i = 0; suspect && i < training->feature_count; i++)
		if (isinf(features[i]))
			fail(TRAINER_ERROR_DATA, "Give finite values, or NULL for a missing one.", NULL,
				 "feature \"%s\" of row %zu is infinite", training->names[i], number);
}

static void
check_codes(const Training *training, size_t number, const float *features)
{
	for (size_t i = 0; i < training->feature_count; i++)
	{
		size_t		named = training->categories[i].count;
		float		limit = (float) (named > 0 ? named : TRAINER_CATEGORIES_MAX);
		float		code = features[i];

		if (training->kinds[i] != FEATURE_CATEGORY || isnan(code))
			continue;
		if (!(code >= 0) || code != floorf(code) || code >= limit)
			fail(TRAINER_ERROR_DATA, NULL, NULL,
				 "feature \"%s\" of row %zu has code %g, which is no category",
				 training->names[i], number, (double) code);
	}
}

static void
add_row(Training *training, uint8_t role, float label, float weight, const float *features,
		bool has_codes)
{
	size_t		columns = training->feature_count;
	size_t		number = training->rows + 1;
	RowSet	   *set;

	if (role > ROLE_TEST)
		fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "row %zu has an unknown role", number);
	check_label(training, number, label, weight);
	check_features(training, number, features);
	if (has_codes)
		check_codes(training, number, features);

	set = &training->sets[role];
	if (set->rows == set->capacity)
	{
		set->capacity += GROWTH_BYTES / (sizeof(float) * columns) + 1;
		set->features = resize(set->features, set->capacity, sizeof(float) * columns);
		set->labels = resize(set->labels, set->capacity, sizeof(float));
		set->weights = resize(set->weights, set->capacity, sizeof(float));
	}
	memcpy(set->features + set->rows * columns, features, sizeof(float) * columns);
	set->labels[set->rows] = label;
	set->weights[set->rows] = weight;
	set->weighted = set->weighted || weight != 1;
	if (set->rows == 0 || label < set->lowest)
		set->lowest = label;
	if (set->rows == 0 || label > set->highest)
		set->highest = label;
	set->rows++;

	if (training->rows == training->role_capacity)
	{
		training->role_capacity += GROWTH_BYTES / 64;
		training->roles = resize(training->roles, training->role_capacity, 1);
	}
	training->roles[training->rows++] = role;
}

void
add_rows(Training *training, const Frame *frame)
{
	RowsHead	head;
	const float *labels;
	const float *weights;
	const float *features;
	const uint8_t *roles;
	bool		has_codes = false;

	if (frame->length < sizeof(head))
		frame_require(frame, sizeof(head));
	memcpy(&head, frame->payload, sizeof(head));
	if (head.count == 0 || head.feature_count != (uint32_t) training->task.feature_count ||
		head.count > FRAME_PAYLOAD_MAX / sizeof(float) / head.feature_count)
		fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "rows do not fit the features");
	frame_require(frame, sizeof(head) + (size_t) head.count *
				  (sizeof(float) * (2 + (size_t) head.feature_count) + 1));
	labels = (const float *) (frame->payload + sizeof(head));
	weights = labels + head.count;
	features = weights + head.count;
	roles = (const uint8_t *) (features + (size_t) head.count * head.feature_count);
	for (size_t i = 0; i < training->feature_count; i++)
		has_codes = has_codes || training->kinds[i] == FEATURE_CATEGORY;
	for (uint32_t i = 0; i < head.count; i++)
		add_row(training, roles[i], labels[i], weights[i],
				features + (size_t) i * head.feature_count, has_codes);
}

/* What can only be said once all rows are there */
void
check_rows(const Training *training)
{
	const RowSet *set = &training->sets[SET_TRAIN];

	if (set->rows == 0)
		fail(TRAINER_ERROR_DATA, NULL, NULL, "there are no rows to train on");
	if (training->task.early_stopping_rounds > 0 && training->sets[SET_VALIDATION].rows == 0)
		fail(TRAINER_ERROR_DATA, NULL, NULL, "there are no rows for early stopping to look at");
	if (objective_begins(training, "binary:") && set->lowest == set->highest)
		fail(TRAINER_ERROR_DATA, "Choose rows of both classes.", NULL,
			 "all %zu rows to train on have the label %g", set->rows, (double) set->lowest);
}

/* ---------- matrices ---------- */

void
make_matrix(const Training *training, RowSet *set)
{
	if (set->rows == 0)
		return;
	library_matrix(set->features, set->rows, training->feature_count, NAN, &set->matrix);
	free(set->features);
	set->features = NULL;
	library_set_column(set->matrix, "label", set->labels, set->rows);
	if (set->weighted)
		library_set_column(set->matrix, "weight", set->weights, set->rows);
	CALL(XGDMatrixSetStrFeatureInfo(set->matrix, "feature_name", (const char **) training->names,
									training->feature_count),
		 "take the names of the features");
	CALL(XGDMatrixSetStrFeatureInfo(set->matrix, "feature_type", training->types,
									training->feature_count),
		 "take the types of the features");
}
