/*
 * train.c
 *		Training: features and rows in (rows.c); margins and a model out.
 *
 * What xgboost.train of the Python package does is done here in the same order
 * with the same calls, early stopping included, so that the same rows and the
 * same parameters give the same model.
 */
#include "training_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
