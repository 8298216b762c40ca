/*
 * trainer_training.c
 *		A training task, from the backend's side: request and rows out, margins
 *		and a model in.
 *
 * Rows go out in blocks of a few hundred kB as they come: the backend keeps one
 * block, whatever the number of rows.
 */
#include "libxgboost/trainer_training.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compat.h"
#include "libxgboost/failures.h"
#include "libxgboost/frames.h"
#include "libxgboost/process.h"

#define PROGRESS_MS 200

/* Texts of frames are UTF-8. */
static void
append_utf8(StringInfo payload, const char *text)
{
	char	   *utf8 = pg_server_to_any(text, (int) strlen(text), PG_UTF8);

	appendBinaryStringInfo(payload, utf8, (int) strlen(utf8) + 1);
	if (utf8 != text)
		pfree(utf8);
}

static void
send_feature(Trainer *trainer, const TrainerFeature *feature, StringInfo payload)
{
	resetStringInfo(payload);
	appendStringInfoChar(payload, (char) feature->type);
	append_utf8(payload, feature->name);
	trainer_send(trainer, FRAME_FEATURE, payload->data, payload->len);

	if (feature->category_count > TRAINER_CATEGORIES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("feature \"%s\" has %d categories", feature->name, feature->category_count),
				 errdetail("At most %d are possible.", TRAINER_CATEGORIES_MAX)));
	resetStringInfo(payload);
	for (int i = 0; i < feature->category_count; i++)
	{
		append_utf8(payload, feature->categories[i]);
		if (payload->len >= (int) FRAME_PAYLOAD_USUAL || i == feature->category_count - 1)
		{
			if (payload->len > (int) FRAME_PAYLOAD_MAX)
				ereport(ERROR,
						(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						 errmsg("a category of feature \"%s\" has too long a name",
								feature->name)));
			trainer_send(trainer, FRAME_CATEGORIES, payload->data, payload->len);
			resetStringInfo(payload);
		}
	}
}

static void
make_block(Trainer *trainer)
{
	RowBlock   *block = &trainer->block;
	Size		row_bytes = sizeof(float) * ((Size) trainer->feature_count + 2) + 1;

	block->capacity = (int) (FRAME_PAYLOAD_USUAL / row_bytes) + 1;
	block->count = 0;
	block->labels = MemoryContextAlloc(trainer->context, block->capacity * sizeof(float));
	block->weights = MemoryContextAlloc(trainer->context, block->capacity * sizeof(float));
	block->features = MemoryContextAlloc(trainer->context,
										 sizeof(float) * block->capacity * trainer->feature_count);
	block->roles = MemoryContextAlloc(trainer->context, block->capacity);
	block->frame = MemoryContextAlloc(trainer->context,
									  sizeof(FrameHeader) + sizeof(RowsHead) +
									  block->capacity * row_bytes);
}

void
trainer_training_begin(Trainer *trainer, const TrainingRequest *request)
{
	TrainTask	task = {
		.rounds = request->rounds,
		.early_stopping_rounds = request->early_stopping_rounds,
		.feature_count = request->feature_count,
		.progress_ms = PROGRESS_MS
	};
	StringInfoData payload;

	if (request->rounds < 1 || request->rounds > TRAINER_ROUNDS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the number of boosting rounds must be between 1 and %d",
						TRAINER_ROUNDS_MAX)));
	if (request->early_stopping_rounds < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the number of rounds of early stopping must not be negative")));
	if (request->feature_count < 1 || request->feature_count > TRAINER_FEATURES_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the number of features must be between 1 and %d", TRAINER_FEATURES_MAX)));

	trainer->on_progress = request->on_progress;
	trainer->argument = request->argument;
	trainer->feature_count = request->feature_count;
	initStringInfo(&payload);
	trainer_send(trainer, FRAME_TRAIN, &task, sizeof(task));
	for (int i = 0; i < request->parameter_count; i++)
	{
		resetStringInfo(&payload);
		append_utf8(&payload, request->parameters[i].name);
		append_utf8(&payload, request->parameters[i].value);
		trainer_send(trainer, FRAME_PARAMETER, payload.data, payload.len);
	}
	for (int i = 0; i < request->feature_count; i++)
		send_feature(trainer, &request->features[i], &payload);
	pfree(payload.data);
	make_block(trainer);
}

/* The block as one frame */
static void
flush_rows(Trainer *trainer)
{
	RowBlock   *block = &trainer->block;
	Size		floats = sizeof(float) * block->count;
	FrameHeader header = {.kind = FRAME_ROWS};
	RowsHead	head = {.count = block->count, .feature_count = trainer->feature_count};
	char	   *at = block->frame;

	if (block->count == 0)
		return;
	header.length = (uint32) (sizeof(head) + floats * (2 + (Size) trainer->feature_count) +
							  block->count);
	memcpy(at, &header, sizeof(header));
	at += sizeof(header);
	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	memcpy(at, block->labels, floats);
	at += floats;
	memcpy(at, block->weights, floats);
	at += floats;
	memcpy(at, block->features, floats * trainer->feature_count);
	at += floats * trainer->feature_count;
	memcpy(at, block->roles, block->count);
	at += block->count;
	block->count = 0;
	trainer_write(trainer, block->frame, at - block->frame);
}

void
trainer_training_row(Trainer *trainer, uint8 role, float label, float weight, const float *features)
{
	RowBlock   *block = &trainer->block;
	int			row = block->count;

	block->labels[row] = label;
	block->weights[row] = weight;
	block->roles[row] = role;
	memcpy(block->features + (Size) row * trainer->feature_count, features,
		   sizeof(float) * trainer->feature_count);
	if (++block->count == block->capacity)
		flush_rows(trainer);
}

/* ----------
 * Answers
 * ----------
 */
static void
take_margins(Trainer *trainer, const TrainingRequest *request, const StringInfo payload)
{
	MarginsHead head;
	const char *at = payload->data + sizeof(head);
	const char *labels;
	const char *weights;
	const char *roles;
	float	   *margins;

	if (payload->len < (int) sizeof(head))
		trainer_fail_frame(trainer, FRAME_MARGINS);
	memcpy(&head, payload->data, sizeof(head));
	if (head.count == 0 || head.groups == 0 ||
		head.count > FRAME_PAYLOAD_MAX / sizeof(float) / head.groups ||
		(Size) payload->len != sizeof(head) +
		(Size) head.count * (sizeof(float) * ((Size) head.groups + 2) + 1))
		trainer_fail_frame(trainer, FRAME_MARGINS);
	if (request->on_margin == NULL)
		return;
	labels = at + sizeof(float) * head.count * head.groups;
	weights = labels + sizeof(float) * head.count;
	roles = weights + sizeof(float) * head.count;
	margins = palloc(sizeof(float) * head.groups);
	for (uint32 i = 0; i < head.count; i++)
	{
		TrainerMargin row = {.role = (uint8) roles[i], .margins = margins,
							 .groups = (int) head.groups};

		memcpy(margins, at + sizeof(float) * head.groups * i, sizeof(float) * head.groups);
		memcpy(&row.label, labels + sizeof(float) * i, sizeof(float));
		memcpy(&row.weight, weights + sizeof(float) * i, sizeof(float));
		request->on_margin(request->argument, &row);
	}
	pfree(margins);
	CHECK_FOR_INTERRUPTS();
}

static void
take_done(Trainer *trainer, const StringInfo payload, TrainingResult *result)
{
	TrainDone	done;

	if (payload->len != sizeof(done))
		trainer_fail_frame(trainer, FRAME_DONE);
	memcpy(&done, payload->data, sizeof(done));
	result->rounds = done.rounds;
	result->best_iteration = done.best_iteration;
	result->best_score = done.best_score;
}

TrainingResult *
trainer_training_run(Trainer *trainer, const TrainingRequest *request)
{
	TrainingResult *result = palloc0(sizeof(TrainingResult));
	StringInfoData payload;
	FrameKind	kind;

	flush_rows(trainer);
	trainer_send(trainer, FRAME_RUN, NULL, 0);
	initStringInfo(&payload);
	while ((kind = trainer_receive(trainer, &payload)) == FRAME_MARGINS)
		take_margins(trainer, request, &payload);
	result->model = trainer_receive_model(trainer, &kind, &payload);
	if (kind != FRAME_DONE)
		trainer_fail_frame(trainer, kind);
	take_done(trainer, &payload, result);
	pfree(payload.data);
	result->metric = pstrdup(trainer->metric);
	result->library_version = pstrdup(trainer->version);
	return result;
}
