/*
 * train.c
 *		Training: features and rows in; margins and a model out.
 *
 * What xgboost.train of the Python package does is done here in the same order
 * with the same calls, early stopping included, so that the same rows and the
 * same parameters give the same model.
 *
 * Rows are kept by what they are for, in arrays that grow by a fixed step: large
 * ones are mapped by themselves, so that growing moves page tables, not bytes.
 * libxgboost copies what it is given; so a set's features are freed as soon as
 * it has its matrix.  Labels, weights and roles stay: they go back with the
 * margins, so that the backend need not keep rows either.
 */
#include "training_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROWTH_BYTES ((size_t) 64 << 20)
#define VALIDATION_NAME "validation"
#define CATEGORY_OFFSETS_ATTRIBUTE "category_offsets"

/* The model as it is being trained */
typedef struct Run
{
	BoosterHandle booster;
	DMatrixHandle matrix;
	DMatrixHandle validation;	/* NULL: nothing is evaluated */
	int			rounds;			/* at most */
	int			patience;		/* early_stopping_rounds; 0: none */
	int64_t		rows;

	int			rounds_done;
	int			best_iteration; /* -1 without early stopping */
	double		best_score;
	double		last_score;		/* NaN: none */
} Run;

/* ---------- features ---------- */

static void
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

static void
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

static void
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
static void
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

static void
make_matrix(const Training *training, RowSet *set)
{
	if (set->rows == 0)
		return;
	library_matrix(set->features, set->rows, training->feature_count, &set->matrix);
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

/* ---------- boosting ---------- */

static bool
progress_is_due(Training *training)
{
	struct timespec now;
	int64_t		passed;

	clock_gettime(CLOCK_MONOTONIC, &now);
	passed = (now.tv_sec - training->last_progress.tv_sec) * INT64_C(1000) +
		(now.tv_nsec - training->last_progress.tv_nsec) / 1000000;
	if (passed < training->task.progress_ms)
		return false;
	training->last_progress = now;
	return true;
}

static void
send_progress(Training *training, TrainerPhase phase, const Run *run)
{
	char		payload[sizeof(Progress) + METRIC_NAME_MAX];
	Progress	progress = {
		.phase = phase,
		.round = run ? run->rounds_done : 0,
		.rounds = run ? run->rounds : training->task.rounds,
		.rows = run ? run->rows : (int64_t) training->rows,
		.value = run ? run->last_score : NAN
	};
	size_t		length = strlen(training->metric) + 1;

	memcpy(payload, &progress, sizeof(progress));
	memcpy(payload + sizeof(progress), training->metric, length);
	frame_send(FRAME_PROGRESS, payload, sizeof(progress) + length);
}

/* Python's repr() of a float: the shortest digits that give it back */
static void
print_float(char *buffer, size_t size, double value)
{
	char		digits[40];
	int			precision = 1;
	int			exponent;
	int			decimals;

	if (!isfinite(value))
	{
		snprintf(buffer, size, "%s", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
		return;
	}
	do
		snprintf(digits, sizeof(digits), "%.*e", precision - 1, value);
	while (strtod(digits, NULL) != value && precision++ < 17);
	exponent = atoi(strchr(digits, 'e') + 1);
	if (exponent < -4 || exponent >= 16)
	{
		snprintf(buffer, size, "%s", digits);
		return;
	}
	decimals = precision - 1 - exponent;
	snprintf(buffer, size, "%.*f", decimals > 0 ? decimals : 1, value);
}

/* Is more better?  By the names that Python's EarlyStopping has for that */
static bool
is_maximized(const char *metric)
{
	static const char *const names[] = {"auc", "aucpr", "pre", "map", "ndcg"};

	if (strcmp(metric, "mape") == 0)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(metric, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/*
 * Evaluates on the validation rows.  The text is "[round]\tname-metric:value..."; the
 * last metric is the one that counts, as in Python.
 */
static void
evaluate(Training *training, Run *run, int round)
{
	const char *names[] = {VALIDATION_NAME};
	const char *text;
	const char *last;
	const char *colon;
	size_t		length;

	CALL(XGBoosterEvalOneIter(run->booster, round, &run->validation, names, 1, &text),
		 "evaluate the model on the validation rows");
	run->last_score = NAN;
	last = strrchr(text, '\t');
	if (last == NULL)
		return;					/* no metric: disable_default_eval_metric */
	last++;
	if (strncmp(last, VALIDATION_NAME "-", strlen(VALIDATION_NAME) + 1) != 0 ||
		(colon = strrchr(last, ':')) == NULL)
		fail(TRAINER_ERROR_LIBRARY, NULL, text,
			 "libxgboost's evaluation is not what this program knows");
	last += strlen(VALIDATION_NAME) + 1;
	length = (size_t) (colon - last);
	if (length >= sizeof(training->metric))
		length = sizeof(training->metric) - 1;
	memcpy(training->metric, last, length);
	training->metric[length] = '\0';
	run->last_score = strtod(colon + 1, NULL);
}

/* Python's EarlyStopping: true when it is time to stop. */
static bool
is_time_to_stop(const Training *training, Run *run, int round)
{
	bool		better = run->best_iteration < 0 ||
		(is_maximized(training->metric) ? run->last_score > run->best_score :
		 run->last_score < run->best_score);
	char		number[64];

	if (training->metric[0] == '\0')
		fail(TRAINER_ERROR_PARAMETER,
			 "Give eval_metric, or leave out disable_default_eval_metric.", NULL,
			 "there is no metric for early stopping to look at");
	if (!better)
		return round - run->best_iteration >= run->patience;
	run->best_iteration = round;
	run->best_score = run->last_score;
	print_float(number, sizeof(number), run->best_score);
	CALL(XGBoosterSetAttr(run->booster, "best_score", number), "set an attribute");
	snprintf(number, sizeof(number), "%d", round);
	CALL(XGBoosterSetAttr(run->booster, "best_iteration", number), "set an attribute");
	return false;
}

static void
boost(Training *training, Run *run)
{
	DMatrixHandle matrices[2] = {run->matrix, run->validation};

	run->best_iteration = -1;
	run->best_score = NAN;
	run->last_score = NAN;
	run->booster = make_booster(training, matrices, run->validation != NULL ? 2 : 1);
	send_progress(training, PHASE_TRAINING, run);
	for (int round = 0; round < run->rounds; round++)
	{
		if (XGBoosterUpdateOneIter(run->booster, round, run->matrix) != 0)
			library_fail(TRAINER_ERROR_LIBRARY, "train", NULL);
		if (round == 0)
			refuse_unused_parameters();
		run->rounds_done = round + 1;
		if (run->validation != NULL)
			evaluate(training, run, round);
		if (progress_is_due(training) || run->rounds_done == run->rounds)
			send_progress(training, PHASE_TRAINING, run);
		if (run->patience > 0 && is_time_to_stop(training, run, round))
			break;
	}
}

static bool
is_linear(const Training *training)
{
	for (size_t i = training->parameter_count; i-- > 0;)
		if (strcmp(training->parameters[i].name, "booster") == 0)
			return strcmp(training->parameters[i].value, "gblinear") == 0;
	return false;
}

/*
 * Margins of a whole set, by the rounds up to the best one.  A linear model is one
 * sum that all rounds have changed: there is no way back to its best one.
 */
static void
predict_set(Training *training, const Run *run, int set)
{
	const RowSet *rows = &training->sets[set];
	int			rounds = is_linear(training) ? 0 : run->best_iteration + 1;	/* 0: all */
	const float *margins;

	if (rows->rows == 0)
		return;
	margins = library_margins(run->booster, rows->matrix, rounds, rows->rows, &training->groups);
	training->margins[set] = allocate(rows->rows, sizeof(float) * training->groups);
	memcpy(training->margins[set], margins, rows->rows * sizeof(float) * training->groups);
}

/* ---------- answers ---------- */

static void
send_margin_block(const Training *training, uint32_t count, const float *margins,
				  const float *labels, const float *weights, const uint8_t *roles)
{
	Bytes		payload = {0};
	MarginsHead head = {.count = count, .groups = training->groups};

	if (count == 0)
		return;
	bytes_append(&payload, &head, sizeof(head));
	bytes_append(&payload, margins, sizeof(float) * count * training->groups);
	bytes_append(&payload, labels, sizeof(float) * count);
	bytes_append(&payload, weights, sizeof(float) * count);
	bytes_append(&payload, roles, count);
	frame_send(FRAME_MARGINS, payload.data, payload.length);
	free(payload.data);
}

/* Margins of the rows that were not trained on, in the order of all rows */
static void
send_margins(const Training *training)
{
	size_t		row_bytes = sizeof(float) * (training->groups + 2) + 1;
	uint32_t	block = (uint32_t) (FRAME_PAYLOAD_USUAL / row_bytes + 1);
	float	   *margins;
	float	   *labels;
	float	   *weights;
	uint8_t    *roles;
	size_t		next[SET_COUNT] = {0};
	uint32_t	count = 0;

	if (training->groups == 0)
		return;					/* nothing was predicted */
	margins = allocate(block, sizeof(float) * training->groups);
	labels = allocate(block, sizeof(float));
	weights = allocate(block, sizeof(float));
	roles = allocate(block, 1);
	for (size_t i = 0; i < training->rows; i++)
	{
		uint8_t		role = training->roles[i];
		size_t		row = next[role]++;

		if (role == ROLE_TRAIN)
			continue;
		memcpy(margins + (size_t) count * training->groups,
			   training->margins[role] + row * training->groups,
			   sizeof(float) * training->groups);
		labels[count] = training->sets[role].labels[row];
		weights[count] = training->sets[role].weights[row];
		roles[count] = role;
		if (++count == block)
		{
			send_margin_block(training, count, margins, labels, weights, roles);
			count = 0;
		}
	}
	send_margin_block(training, count, margins, labels, weights, roles);
	free(margins);
	free(labels);
	free(weights);
	free(roles);
}

static void
send_model(const Training *training, const Run *run)
{
	bst_ulong	length;
	const char *bytes;
	Bytes		named = {0};

	if (training->has_accents)
		CALL(XGBoosterSetAttr(run->booster, CATEGORY_OFFSETS_ATTRIBUTE, "bytes"),
			 "set an attribute");
	CALL(XGBoosterSaveModelToBuffer(run->booster, "{\"format\": \"ubj\"}", &length, &bytes),
		 "write the model");
	if (training->has_names)
	{
		categories_insert((const uint8_t *) bytes, length, training->categories,
						  training->feature_count, &named);
		bytes = (const char *) named.data;
		length = named.length;
	}
	if (length > TRAINER_MODEL_MAX)
		fail(TRAINER_ERROR_DATA, "Train fewer rounds or shallower trees.", NULL,
			 "model is longer than %d MB", (int) (TRAINER_MODEL_MAX >> 20));
	frame_send_bytes(FRAME_MODEL, bytes, length);
	free(named.data);
}

static void
run_training(Training *training)
{
	Run			run = {
		.rounds = training->task.rounds,
		.patience = training->task.early_stopping_rounds
	};
	TrainDone	done;

	check_rows(training);
	send_progress(training, PHASE_LOADING, NULL);
	for (int set = 0; set < SET_COUNT; set++)
		make_matrix(training, &training->sets[set]);
	run.matrix = training->sets[SET_TRAIN].matrix;
	run.validation = training->sets[SET_VALIDATION].matrix;
	run.rows = (int64_t) training->sets[SET_TRAIN].rows;
	boost(training, &run);
	send_progress(training, PHASE_PREDICTING, &run);
	predict_set(training, &run, SET_VALIDATION);
	predict_set(training, &run, SET_TEST);
	send_margins(training);
	send_progress(training, PHASE_SAVING, &run);
	send_model(training, &run);
	done.rounds = run.rounds_done;
	done.best_iteration = run.best_iteration;
	done.best_score = run.best_iteration >= 0 && !is_linear(training) ?
		run.best_score : run.last_score;
	set_busy(false);
	frame_send(FRAME_DONE, &done, sizeof(done));
}

/* ---------- the task ---------- */

void
train(const Frame *first)
{
	Training	training = {.objective = "reg:squarederror"};	/* XGBoost's own default */
	Frame		frame;

	frame_require(first, sizeof(training.task));
	memcpy(&training.task, first->payload, sizeof(training.task));
	if (training.task.rounds < 1 || training.task.rounds > TRAINER_ROUNDS_MAX ||
		training.task.early_stopping_rounds < 0 || training.task.feature_count < 1 ||
		training.task.feature_count > TRAINER_FEATURES_MAX || training.task.progress_ms < 0)
		fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "impossible numbers in a training task");
	training.names = allocate((size_t) training.task.feature_count, sizeof(char *));
	training.types = allocate((size_t) training.task.feature_count, sizeof(char *));
	training.kinds = allocate((size_t) training.task.feature_count, 1);
	training.categories = allocate((size_t) training.task.feature_count, sizeof(CategoryNames));

	for (;;)
	{
		frame_read(&frame);
		if (frame.kind == FRAME_PARAMETER && !training.has_rows)
			add_parameter(&training, &frame);
		else if (frame.kind == FRAME_FEATURE && !training.has_rows)
			add_feature(&training, &frame);
		else if (frame.kind == FRAME_CATEGORIES && !training.has_rows)
			add_categories(&training, &frame);
		else if (frame.kind == FRAME_ROWS || frame.kind == FRAME_RUN)
		{
			if (training.feature_count != (size_t) training.task.feature_count)
				fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "there are fewer features than announced");
			if (!training.has_rows)
				check_parameters(&training);
			training.has_rows = true;
			if (frame.kind == FRAME_RUN)
				break;
			add_rows(&training, &frame);
		}
		else
			fail_frame(&frame, "a part of a training task");
	}
	frame_require(&frame, 0);
	set_busy(true);
	run_training(&training);
}
