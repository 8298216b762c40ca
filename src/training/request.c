/*
 * request.c
 *		What a training was asked for: the arguments that SQL puts together, and
 *		the parameters of XGBoost among them.
 *
 * An hour of reading should not end with a misspelt parameter: what can be known
 * to be wrong is refused here, before the query is run.  Values are libxgboost's
 * to judge, which training.c has it do before the first row is read.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/builtins.h"

#include "base/jsonb_number.h"
#include "training/training.h"

/* ----------
 * Arguments
 * ----------
 */
typedef enum ArgumentKind
{
	ARGUMENT_NAME,				/* of a column */
	ARGUMENT_NAMES,
	ARGUMENT_INTEGER,
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
	{"model", ARGUMENT_NAME, offsetof(TrainingSpec, model), 0, 0},
	{"label", ARGUMENT_NAME, offsetof(TrainingSpec, label), 0, 0},
	{"features", ARGUMENT_NAMES, 0, 0, 0},
	{"key_column", ARGUMENT_NAME, offsetof(TrainingSpec, key), 0, 0},
	{"period_column", ARGUMENT_NAME, offsetof(TrainingSpec, period), 0, 0},
	{"weight_column", ARGUMENT_NAME, offsetof(TrainingSpec, weight), 0, 0},
	{"known_column", ARGUMENT_NAME, offsetof(TrainingSpec, known), 0, 0},
	{"parameters", ARGUMENT_OBJECT, 0, 0, 0},
	{"rounds", ARGUMENT_INTEGER, offsetof(TrainingSpec, rounds), 1, TRAINER_ROUNDS_MAX},
	{"early_stopping", ARGUMENT_INTEGER, offsetof(TrainingSpec, early_stopping), 1, TRAINER_ROUNDS_MAX},
	{"validation_share", ARGUMENT_SHARE, offsetof(TrainingSpec, validation_share), 0, 0},
	{"validation_periods", ARGUMENT_INTEGER, offsetof(TrainingSpec, validation_periods), 1, 1000000},
	{"gap_periods", ARGUMENT_INTEGER, offsetof(TrainingSpec, gap_periods), 0, 1000000},
	{"validation_column", ARGUMENT_NAME, offsetof(TrainingSpec, validation_column), 0, 0},
	{"test_share", ARGUMENT_SHARE, offsetof(TrainingSpec, test_share), 0, 0},
	{"positive_share", ARGUMENT_SHARE, offsetof(TrainingSpec, positive_share), 0, 0},
	{"folds", ARGUMENT_INTEGER, offsetof(TrainingSpec, folds), 2, TRAINING_FOLDS_MAX},
	{"fold_column", ARGUMENT_NAME, offsetof(TrainingSpec, fold_column), 0, 0},
	{"seed", ARGUMENT_INTEGER, offsetof(TrainingSpec, seed), 0, INT_MAX},
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
		spec->features[spec->feature_count++] = pnstrdup(element.val.string.val, element.val.string.len);
	}
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
							  psprintf("a whole number from %d to %d", argument->least, argument->most));
			*(int *) member = (int) number;
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
		fail_argument("label", "given");
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
	if (spec->early_stopping > 0 && spec->validation_share == 0.0 &&
		(spec->folds > 0 || (spec->validation_periods == 0 && spec->validation_column == NULL)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("early stopping needs validation rows"),
				 errhint("Give a validation_share greater than 0.")));
}

static const char *check_parameter(const TrainingSpec *spec, const char *name, const JsonbValue *value);

static void
check_parameters(const TrainingSpec *spec)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	key;
	JsonbValue	value;

	if (spec->parameters == NULL)
		return;
	iterator = JsonbIteratorInit(spec->parameters);
	token = JsonbIteratorNext(&iterator, &key, true);
	while ((token = JsonbIteratorNext(&iterator, &key, true)) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&iterator, &value, true);
		(void) check_parameter(spec, pnstrdup(key.val.string.val, key.val.string.len), &value);
	}
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
	check_parameters(spec);
	return spec;
}

/* ----------
 * Parameters
 *
 * Those of XGBoost 1.7 to 3.x that make sense for one model of risk, trained on a
 * CPU.  What libxgboost does not know after all, the trainer refuses.
 * ----------
 */
static const char *const known_parameters[] = {
	"alpha", "base_score", "booster", "colsample_bylevel", "colsample_bynode",
	"colsample_bytree", "eta", "eval_metric", "feature_selector", "gamma",
	"grow_policy", "interaction_constraints", "lambda", "learning_rate",
	"max_bin", "max_cached_hist_node", "max_cat_threshold", "max_cat_to_onehot",
	"max_delta_step", "max_depth", "max_leaves", "min_child_weight",
	"min_split_loss", "monotone_constraints", "normalize_type",
	"num_parallel_tree", "objective", "one_drop", "rate_drop", "reg_alpha",
	"reg_lambda", "sample_type", "sampling_method", "scale_pos_weight",
	"seed_per_iteration", "skip_drop", "subsample", "top_k", "tree_method", "updater"
};

static const struct
{
	const char *name;
	const char *hint;
}			arguments_instead[] = {
	{"seed", "Give the argument seed."},
	{"random_state", "Give the argument seed."},
	{"nthread", "Give the argument threads."},
	{"n_jobs", "Give the argument threads."},
	{"num_boost_round", "Give the argument rounds."},
	{"n_estimators", "Give the argument rounds."},
	{"num_round", "Give the argument rounds."},
	{"early_stopping_rounds", "Give the argument early_stopping."}
};

/* Some versions of libxgboost say nothing of those that another booster would use. */
static const struct
{
	const char *name;
	const char *booster;
}			parameters_of_boosters[] = {
	{"feature_selector", "gblinear"},
	{"normalize_type", "dart"},
	{"one_drop", "dart"},
	{"rate_drop", "dart"},
	{"sample_type", "dart"},
	{"skip_drop", "dart"},
	{"top_k", "gblinear"}
};

static bool
parameter_is_known(const char *name)
{
	for (int i = 0; i < (int) lengthof(known_parameters); i++)
		if (strcmp(known_parameters[i], name) == 0)
			return true;
	return false;
}

static _Noreturn void
fail_parameter(const char *name, const char *must)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("parameter \"%s\" must be %s", name, must)));
}

/* A number, a string or a boolean as XGBoost writes it; NULL for anything else */
static char *
scalar_text(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "1" : "0");
		default:
			return NULL;
	}
}

static bool
is_array(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data);
}

static bool
is_object(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data);
}

/* The parameter as given; NULL if it is not, or is no scalar */
static const char *
given_text(const TrainingSpec *spec, const char *name)
{
	JsonbValue	value;

	if (spec->parameters == NULL ||
		getKeyJsonValueFromContainer(spec->parameters, name, strlen(name), &value) == NULL)
		return NULL;
	return scalar_text(&value);
}

static const char *
chosen_booster(const TrainingSpec *spec)
{
	const char *booster = given_text(spec, "booster");

	return booster != NULL ? booster : "gbtree";
}

/* The value of a parameter that needs no knowledge of the features; NULL if it does. */
static const char *
check_parameter(const TrainingSpec *spec, const char *name, const JsonbValue *value)
{
	const char *text = scalar_text(value);
	const char *booster = chosen_booster(spec);

	for (int i = 0; i < (int) lengthof(arguments_instead); i++)
		if (strcmp(arguments_instead[i].name, name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" is not among the parameters", name),
					 errhint("%s", arguments_instead[i].hint)));
	if (!parameter_is_known(name))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown parameter \"%s\"", name),
				 errdetail("Parameters are those of XGBoost for trees and linear models on a CPU, under their own names.")));
	for (int i = 0; i < (int) lengthof(parameters_of_boosters); i++)
		if (strcmp(parameters_of_boosters[i].name, name) == 0 && strcmp(parameters_of_boosters[i].booster, booster) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("parameter \"%s\" needs booster \"%s\"", name, parameters_of_boosters[i].booster),
					 errdetail("The booster is \"%s\".", booster)));
	if (strcmp(name, "objective") == 0 && (text == NULL || strcmp(text, "binary:logistic") != 0))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("objective must be \"binary:logistic\""),
				 errdetail("Labels are outcomes that came true or not, and the score is a probability."),
				 errhint("Models with other objectives can be trained elsewhere and imported.")));
	if (strcmp(name, "booster") == 0 &&
		(text == NULL || (strcmp(text, "gbtree") != 0 && strcmp(text, "dart") != 0 && strcmp(text, "gblinear") != 0)))
		fail_parameter(name, "\"gbtree\", \"dart\" or \"gblinear\"");
	if (text != NULL)
		return text;
	if (strcmp(name, "eval_metric") == 0 && is_array(value))
		return NULL;
	if (strcmp(name, "monotone_constraints") == 0 && is_object(value))
		return NULL;
	if (strcmp(name, "interaction_constraints") == 0 && is_array(value))
		return NULL;
	if (strcmp(name, "eval_metric") == 0)
		fail_parameter(name, "a name, or an array of names");
	if (strcmp(name, "monotone_constraints") == 0)
		fail_parameter(name, "an object of feature names with 1, 0 or -1");
	if (strcmp(name, "interaction_constraints") == 0)
		fail_parameter(name, "an array of arrays of feature names");
	fail_parameter(name, "a number, a string or a boolean");
}

typedef struct Features
{
	int			count;
	const TrainerFeature *features;
} Features;

static int
feature_number(const Features *features, const char *parameter, const char *name)
{
	for (int i = 0; i < features->count; i++)
		if (strcmp(features->features[i].name, name) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("parameter \"%s\" names \"%s\", which is no feature", parameter, name)));
}

/* {"debt": 1} as "(0,1,0)" */
static char *
monotone_text(const Features *features, const char *name, const JsonbValue *value)
{
	int		   *signs = palloc0(features->count * sizeof(int));
	JsonbIterator *iterator = JsonbIteratorInit(value->val.binary.data);
	JsonbValue	key;
	JsonbValue	sign;
	StringInfoData text;

	(void) JsonbIteratorNext(&iterator, &key, true);
	while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
	{
		double		number;

		(void) JsonbIteratorNext(&iterator, &sign, true);
		number = sign.type == jbvNumeric ? jsonb_number(&sign) : 2.0;
		if (number != -1.0 && number != 0.0 && number != 1.0)
			fail_parameter(name, "an object of feature names with 1, 0 or -1");
		signs[feature_number(features, name, pnstrdup(key.val.string.val, key.val.string.len))] = (int) number;
	}
	initStringInfo(&text);
	for (int i = 0; i < features->count; i++)
		appendStringInfo(&text, "%c%d", i == 0 ? '(' : ',', signs[i]);
	appendStringInfoChar(&text, ')');
	return text.data;
}

/* [["debt", "age"]] as "[[0, 1]]" */
static char *
interaction_text(const Features *features, const char *name, const JsonbValue *value)
{
	JsonbIterator *iterator = JsonbIteratorInit(value->val.binary.data);
	JsonbIteratorToken token;
	JsonbValue	element;
	StringInfoData text;
	int			depth = 0;

	initStringInfo(&text);
	while ((token = JsonbIteratorNext(&iterator, &element, false)) != WJB_DONE)
	{
		bool		first = text.len > 0 ? text.data[text.len - 1] == '[' : true;

		if (token == WJB_BEGIN_ARRAY)
		{
			appendStringInfoString(&text, first ? "[" : ", [");
			depth++;
		}
		else if (token == WJB_END_ARRAY)
		{
			appendStringInfoChar(&text, ']');
			depth--;
		}
		else if (token == WJB_ELEM && element.type == jbvString && depth == 2)
			appendStringInfo(&text, "%s%d", first ? "" : ", ",
							 feature_number(features, name, pnstrdup(element.val.string.val, element.val.string.len)));
		else
			fail_parameter(name, "an array of arrays of feature names");
		if (depth > 2)
			fail_parameter(name, "an array of arrays of feature names");
	}
	return text.data;
}

typedef struct ParameterList
{
	TrainerParameter *parameters;
	int			count;
	int			capacity;
} ParameterList;

static void
add_parameter(ParameterList *list, const char *name, const char *value)
{
	if (list->count == list->capacity)
	{
		list->capacity = Max(16, list->capacity * 2);
		list->parameters = list->parameters == NULL ?
			palloc(list->capacity * sizeof(TrainerParameter)) :
			repalloc(list->parameters, list->capacity * sizeof(TrainerParameter));
	}
	list->parameters[list->count].name = name;
	list->parameters[list->count++].value = value;
}

static void
add_metrics(ParameterList *list, const char *name, const JsonbValue *value)
{
	JsonbIterator *iterator = JsonbIteratorInit(value->val.binary.data);
	JsonbIteratorToken token;
	JsonbValue	element;

	while ((token = JsonbIteratorNext(&iterator, &element, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (element.type != jbvString)
			fail_parameter(name, "a name, or an array of names");
		add_parameter(list, name, scalar_text(&element));
	}
}

TrainerParameter *
training_parameters(const TrainingSpec *spec, const TrainerFeature *features, int feature_count, int *count)
{
	const Features list_of = {feature_count, features};
	ParameterList list = {0};
	bool		linear = strcmp(chosen_booster(spec), "gblinear") == 0;

	add_parameter(&list, "objective", "binary:logistic");
	/* the default of XGBoost 2 and later, and what categories need before */
	if (!linear && given_text(spec, "tree_method") == NULL && given_text(spec, "updater") == NULL)
		add_parameter(&list, "tree_method", "hist");
	for (int i = 0; linear && i < feature_count; i++)
		if (features[i].type == FEATURE_CATEGORY)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("a linear model cannot have the categorical feature \"%s\"", features[i].name),
					 errhint("Leave it out, or make columns of 0 and 1 of it.")));
	if (spec->parameters != NULL)
	{
		JsonbIterator *iterator = JsonbIteratorInit(spec->parameters);
		JsonbValue	key;
		JsonbValue	value;

		(void) JsonbIteratorNext(&iterator, &key, true);
		while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
		{
			char	   *name = pnstrdup(key.val.string.val, key.val.string.len);
			const char *text;

			(void) JsonbIteratorNext(&iterator, &value, true);
			text = check_parameter(spec, name, &value);
			if (strcmp(name, "objective") == 0)
				continue;
			if (text != NULL)
				add_parameter(&list, name, text);
			else if (strcmp(name, "eval_metric") == 0)
				add_metrics(&list, name, &value);
			else if (strcmp(name, "monotone_constraints") == 0)
				add_parameter(&list, name, monotone_text(&list_of, name, &value));
			else
				add_parameter(&list, name, interaction_text(&list_of, name, &value));
		}
	}
	add_parameter(&list, "seed", psprintf("%d", spec->seed));
	*count = list.count;
	return list.parameters;
}
