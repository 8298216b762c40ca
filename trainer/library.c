/*
 * library.c
 *		libxgboost: its errors and warnings, and the calls that take some telling.
 *
 * Matrices are made in the way in which Python's xgboost.DMatrix makes them of a
 * float32 array, so that the same rows give the same model.
 */
#include "program.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARNING_MAX 4096

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define FLOAT_TYPE ">f4"
#else
#define FLOAT_TYPE "<f4"
#endif

static int	threads = 1;
static pthread_mutex_t warning_mutex = PTHREAD_MUTEX_INITIALIZER;
static char warning[WARNING_MAX];

/* libxgboost warns of parameters that it does not know, and of little else that matters. */
static void
remember_warning(const char *message)
{
	pthread_mutex_lock(&warning_mutex);
	if (strstr(message, "Parameters: {") != NULL)
		snprintf(warning, sizeof(warning), "%s", message);
	pthread_mutex_unlock(&warning_mutex);
}

void
library_init(int thread_count)
{
	threads = thread_count;
	CALL(XGBRegisterLogCallback(remember_warning), "register a callback");
}

int
library_threads(void)
{
	return threads;
}

/* The warning about parameters that came last; "" when there was none. */
const char *
library_warning(void)
{
	static char copy[WARNING_MAX];

	pthread_mutex_lock(&warning_mutex);
	memcpy(copy, warning, sizeof(copy));
	pthread_mutex_unlock(&warning_mutex);
	return copy;
}

/*
 * libxgboost's words begin with a time and a place in its sources, and end in a
 * stack trace; what lies between is for the user.
 */
_Noreturn void
library_fail(TrainerErrorCode code, const char *doing, const char *hint)
{
	static char words[WARNING_MAX];
	const char *message = XGBGetLastError();
	char	   *end;
	size_t		length;

	if (strstr(message, "bad_alloc") != NULL || strstr(message, "annot allocate memory") != NULL ||
		strstr(message, "ailed to allocate") != NULL)
		fail_memory();
	if (message[0] == '[' && strchr(message, ']') != NULL)
		message = strchr(message, ']') + 1;
	while (*message == ' ' || *message == '\n')
		message++;
	snprintf(words, sizeof(words), "%s", message);
	if ((end = strstr(words, "Stack trace")) != NULL)
		*end = '\0';
	length = strlen(words);
	while (length > 0 && (words[length - 1] == '\n' || words[length - 1] == ' '))
		words[--length] = '\0';
	fail(code, hint, words, "libxgboost could not %s", doing);
}

void
library_matrix(const float *features, size_t rows, size_t columns, float missing,
			   DMatrixHandle *matrix)
{
	char		interface[256];
	char		configuration[96];
	char		number[32] = "NaN";

	snprintf(interface, sizeof(interface),
			 "{\"data\": [%zu, true], \"shape\": [%zu, %zu], \"typestr\": \"" FLOAT_TYPE "\", \"version\": 3}",
			 (size_t) features, rows, columns);
	/* XGBoost's JSON, which has words for what is not finite */
	if (isinf(missing))
		snprintf(number, sizeof(number), "%sInfinity", missing < 0 ? "-" : "");
	else if (!isnan(missing))
		snprintf(number, sizeof(number), "%.8e", (double) missing);
	snprintf(configuration, sizeof(configuration), "{\"missing\": %s, \"nthread\": %d}",
			 number, threads);
	CALL(XGDMatrixCreateFromDense(interface, configuration, matrix), "take the rows");
}

void
library_set_column(DMatrixHandle matrix, const char *field, const float *values, size_t rows)
{
	char		interface[256];

	snprintf(interface, sizeof(interface),
			 "{\"data\": [%zu, true], \"shape\": [%zu], \"typestr\": \"" FLOAT_TYPE "\", \"version\": 3}",
			 (size_t) values, rows);
	CALL(XGDMatrixSetInfoFromInterface(matrix, field, interface),
		 "take the labels or weights of the rows");
}

/* Margins by the first rounds of a model, 0 meaning all; libxgboost's until its next call. */
const float *
library_margins(BoosterHandle booster, DMatrixHandle matrix, int rounds, size_t rows,
				uint32_t *groups)
{
	char		configuration[160];
	const bst_ulong *shape;
	bst_ulong	dimensions;
	const float *margins;

	snprintf(configuration, sizeof(configuration),
			 "{\"type\": 1, \"training\": false, \"iteration_begin\": 0, \"iteration_end\": %d, \"strict_shape\": true}",
			 rounds);
	CALL(XGBoosterPredictFromDMatrix(booster, matrix, configuration, &shape, &dimensions, &margins),
		 "predict");
	if (dimensions < 1 || shape[0] != rows)
		fail(TRAINER_ERROR_LIBRARY, NULL, NULL, "libxgboost answered for another number of rows");
	*groups = 1;
	for (bst_ulong i = 1; i < dimensions; i++)
	{
		if (shape[i] == 0 || shape[i] > FRAME_PAYLOAD_MAX / 8 / *groups)
			fail(TRAINER_ERROR_LIBRARY, NULL, NULL, "libxgboost answered in an impossible shape");
		*groups *= (uint32_t) shape[i];
	}
	return margins;
}
