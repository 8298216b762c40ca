/*
 * models.c
 *		Tasks on models that exist: verify and convert.
 */
#include "program.h"

#include <stdlib.h>
#include <string.h>

/* FRAME_MODEL * and FRAME_RUN */
static void
read_model(Bytes *model)
{
	Frame		frame;

	for (;;)
	{
		frame_read(&frame);
		if (frame.kind == FRAME_RUN)
			break;
		if (frame.kind != FRAME_MODEL)
			fail_frame(&frame, "a piece of a model");
		if (model->length + frame.length > TRAINER_MODEL_MAX)
			fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "model is too long");
		bytes_append(model, frame.payload, frame.length);
	}
	frame_require(&frame, 0);
}

/* One thread from the start: loading is parallel, too. */
static BoosterHandle
load_model(const Bytes *model, const char *hint)
{
	BoosterHandle booster;

	CALL(XGBoosterCreate(NULL, 0, &booster), "make a booster");
	CALL(XGBoosterSetParam(booster, "nthread", "1"), "set the number of threads");
	if (XGBoosterLoadModelFromBuffer(booster, model->data, model->length) != 0)
		library_fail(TRAINER_ERROR_LIBRARY, "load the model", hint);
	return booster;
}

void
verify(const Frame *first)
{
	VerifyTask	task;
	VerifyDone	done = {0};
	Bytes		model = {0};
	BoosterHandle booster;
	bst_ulong	features = 0;
	Frame		frame;

	frame_require(first, sizeof(task));
	memcpy(&task, first->payload, sizeof(task));
	if (task.rounds < 0)
		fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "impossible number of rounds");
	read_model(&model);
	set_busy(true);
	booster = load_model(&model, NULL);
	free(model.data);
	CALL(XGBoosterGetNumFeature(booster, &features), "say how many features the model has");
	CALL(XGBoosterBoostedRounds(booster, &done.rounds), "say how many rounds the model has");
	done.feature_count = (int64_t) features;
	if (features == 0 || features > TRAINER_FEATURES_MAX)
		fail(TRAINER_ERROR_LIBRARY, NULL, NULL,
			 "libxgboost finds an impossible number of features in the model");
	set_busy(false);
	frame_send(FRAME_DONE, &done, sizeof(done));

	for (;;)
	{
		RowsHead	head;
		MarginsHead answer;
		Bytes		payload = {0};
		DMatrixHandle matrix;
		const float *margins;

		frame_read(&frame);		/* or the end */
		if (frame.kind != FRAME_VALUES)
			fail_frame(&frame, "rows");
		if (frame.length < sizeof(head))
			frame_require(&frame, sizeof(head));
		memcpy(&head, frame.payload, sizeof(head));
		if (head.count == 0 || head.feature_count != features ||
			head.count > FRAME_PAYLOAD_MAX / sizeof(float) / head.feature_count)
			fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "rows do not fit the model");
		frame_require(&frame, sizeof(head) + sizeof(float) * head.count * head.feature_count);

		set_busy(true);
		library_matrix((const float *) (frame.payload + sizeof(head)), head.count, features,
					   task.missing, &matrix);
		margins = library_margins(booster, matrix, task.rounds, head.count, &answer.groups);
		answer.count = head.count;
		bytes_append(&payload, &answer, sizeof(answer));
		bytes_append(&payload, margins, sizeof(float) * answer.count * answer.groups);
		CALL(XGDMatrixFree(matrix), "free rows");
		set_busy(false);
		frame_send(FRAME_MARGINS, payload.data, payload.length);
		free(payload.data);
	}
}

void
convert(const Frame *first)
{
	Bytes		model = {0};
	BoosterHandle booster;
	bst_ulong	length;
	const char *bytes;

	frame_require(first, 0);
	read_model(&model);
	set_busy(true);
	booster = load_model(&model, "XGBoost reads its old binary format up to version 3.0: "
						 "load the model with such a version and save it with save_model('model.json').");
	CALL(XGBoosterSaveModelToBuffer(booster, "{\"format\": \"json\"}", &length, &bytes),
		 "write the model as JSON");
	if (length > TRAINER_MODEL_MAX)
		fail(TRAINER_ERROR_DATA, NULL, NULL, "model is longer than %d MB as JSON",
			 (int) (TRAINER_MODEL_MAX >> 20));
	frame_send_bytes(FRAME_MODEL, bytes, length);
	set_busy(false);
	frame_send(FRAME_DONE, NULL, 0);
}
