/*
 * request.c
 *		What a training was asked for: the arguments that SQL puts together.
 *
 * They are those of risk.train_model and risk.cross_validate under their own names,
 * as risk.trainings keeps them.  An hour of reading should not end with arguments
 * that do not go together: what can be known to be wrong is refused here, before
 * the query is run.
 */
#include "training/request.h"

#include "utils/fmgrprotos.h"

#include "base/jsonb_number.h"
#include "libxgboost/handle.h"
#include "training/parameters.h"

typedef enum ArgumentKind
{
	ARGUMENT_NAME,				/* of a column */
	ARGUMENT_NAMES,
	ARGUMENT_INTEGER,
	ARGUMENT_BIGINT,
	ARGUMENT_SHARE,				/* from 0 to 1 */
	ARGUMENT_OBJECT,
	ARGUMENT_ELSEWHERE			/* what SQL reads itself */
} ArgumentKind;

typedef struct Argument
{
	const char *name;
	ArgumentKind kind;
	size_t		offset;
	int			least;
	int			most;
} Argument;

static const Argument arguments[] = {
	{"label_column", ARGUMENT_NAME, offsetof(TrainingSpec, label), 0, 0},
	{"features", ARGUMENT_NAMES, 0, 0, 0},
	{"key_column", ARGUMENT_NAME, offsetof(TrainingSpec, key), 0, 0},
	{"period_column", ARGUMENT_NAME, offsetof(TrainingSpec, period), 0, 0},
	{"weight_column", ARGUMENT_NAME, offsetof(TrainingSpec, weight), 0, 0},
	{"known_column", ARGUMENT_NAME, offsetof(TrainingSpec, known), 0, 0},
	{"parameters", ARGUMENT_OBJECT, 0, 0, 0},
	{"rounds", ARGUMENT_INTEGER, offsetof(TrainingSpec, rounds), 1, TRAINER_ROUNDS_MAX},
	{"early_stopping_rounds", ARGUMENT_INTEGER, offsetof(TrainingSpec, early_stopping_rounds), 1,
	 TRAINER_ROUNDS_MAX},
	{"validation_share", ARGUMENT_SHARE, offsetof(TrainingSpec, validation_share), 0, 0},
	{"validation_periods", ARGUMENT_INTEGER, offsetof(TrainingSpec, validation_periods), 1,
	 1000000},
	{"gap_periods", ARGUMENT_INTEGER, offsetof(TrainingSpec, gap_periods), 0, 1000000},
	{"validation_column", ARGUMENT_NAME, offsetof(TrainingSpec, validation_column), 0, 0},
	{"test_share", ARGUMENT_SHARE, offsetof(TrainingSpec, test_share), 0, 0},
	{"positive_share", ARGUMENT_SHARE, offsetof(TrainingSpec, positive_share), 0, 0},
	{"folds", ARGUMENT_INTEGER, offsetof(TrainingSpec, folds), 2, TRAINING_FOLDS_MAX},
	{"fold_column", ARGUMENT_NAME, offsetof(TrainingSpec, fold_column), 0, 0},
	{"seed", ARGUMENT_BIGINT, offsetof(TrainingSpec, seed), 0, 0},
	{"threads", ARGUMENT_INTEGER, offsetof(TrainingSpec, threads), 1, 1024},
	{"calibration", ARGUMENT_ELSEWHERE, 0, 0, 0},
};

static _Noreturn void
fail_argument(const char *name, const char *must)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must be %s", name, must)));
}

static void
read_features(TrainingSpec *spec, const JsonbValue *value)
{
	static const char must[] = "an array of names, not empty";
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	element;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data) ||
		JsonContainerSize(value->val.binary.data) == 0)
		fail_argument("features", must);
	spec->features = palloc(JsonContainerSize(value->val.binary.data) * sizeof(char *));
	iterator = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (element.type != jbvString)
			fail_argument("features", must);
		spec->features[spec->feature_count++] = pnstrdup(element.val.string.val,
														 element.val.string.len);
	}
}

static int64
read_bigint(const Argument *argument, const JsonbValue *value)
{
	static const char must[] = "a whole number of at most 64 bits";
	const char *text;
	char	   *end;
	int64		number;

	if (value->type != jbvNumeric)
		fail_argument(argument->name, must);
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	errno = 0;
	number = strtoi64(text, &end, 10);
	if (errno != 0 || *end != '\0')
		fail_argument(argument->name, must);
	return number;
}

static void
read_argument(TrainingSpec *spec, const Argument *argument, const JsonbValue *value)
{
	void	   *member = (char *) spec + argument->offset;
	double		number;

	switch (argument->kind)
	{
		case ARGUMENT_NAME:
			if (value->type != jbvString || value->val.string.len == 0)
				fail_argument(argument->name, "a name");
			*(char **) member = pnstrdup(value->val.string.val, value->val.string.len);
			break;
		case ARGUMENT_NAMES:
			read_features(spec, value);
			break;
		case ARGUMENT_INTEGER:
			number = value->type == jbvNumeric ? jsonb_number(value) : -1.0;
			if (!(number >= argument->least && number <= argument->most) || number != (int) number)
				fail_argument(argument->name,
							  psprintf("a whole number from %d to %d", argument->least,
									   argument->most));
			*(int *) member = (int) number;
			break;
		case ARGUMENT_BIGINT:
			*(int64 *) member = read_bigint(argument, value);
			break;
		case ARGUMENT_SHARE:
			number = value->type == jbvNumeric ? jsonb_number(value) : -1.0;
			if (!(number >= 0.0 && number < 1.0))
				fail_argument(argument->name, "from 0 to less than 1");
			*(double *) member = number;
			break;
		case ARGUMENT_OBJECT:
			if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
				fail_argument(argument->name, "a JSON object");
			spec->parameters = value->val.binary.data;
			break;
		case ARGUMENT_ELSEWHERE:
			break;
	}
}

static void
check_together(const TrainingSpec *spec)
{
	if (spec->label == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("label_column must not be null")));
	if (spec->validation_periods > 0 && spec->period == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("validation_periods needs period_column")));
	if (spec->gap_periods > 0 && spec->validation_periods == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("gap_periods needs validation_periods")));
	if (spec->fold_column != NULL && spec->folds == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fold_column needs folds")));
	if (spec->validation_column != NULL && spec->validation_periods > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("validation_column and validation_periods exclude each other")));
	if (spec->early_stopping_rounds > 0 && spec->validation_share == 0.0 &&
		(spec->folds > 0 || (spec->validation_periods == 0 && spec->validation_column == NULL)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("early stopping needs validation rows"),
				 errhint("Give a validation_share greater than 0.")));
}

TrainingSpec *
training_spec_read(Jsonb *object)
{
	TrainingSpec *spec = palloc0(sizeof(TrainingSpec));
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(object))
		fail_argument("arguments", "a JSON object");
	spec->model = "(model)";
	spec->rounds = 100;
	iterator = JsonbIteratorInit(&object->root);
	(void) JsonbIteratorNext(&iterator, &key, true);
	while ((token = JsonbIteratorNext(&iterator, &key, true)) == WJB_KEY)
	{
		char	   *name = pnstrdup(key.val.string.val, key.val.string.len);
		const Argument *argument = NULL;

		(void) JsonbIteratorNext(&iterator, &value, true);
		for (int i = 0; i < (int) lengthof(arguments); i++)
			if (strcmp(arguments[i].name, name) == 0)
				argument = &arguments[i];
		if (argument == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown argument of a training: \"%s\"", name)));
		if (value.type != jbvNull)
			read_argument(spec, argument, &value);
	}
	check_together(spec);
	if (spec->parameters != NULL)
		training_parameters_check(spec->parameters);
	return spec;
}
