/*
 * parameters.c
 *		XGBoost's parameters for a training.
 *
 * They are XGBoost's, under its own names, and libxgboost is who judges them: before
 * the query is run it is made to train with them (trial.c), and what it does not
 * know, or does not use, is an error.  So a new parameter needs nothing here.  Judged
 * here is what libxgboost would take and should not: what is an argument of
 * risk.train_model already, what the trainer relies on, and what would make another
 * thing than one model of risk, trained on a CPU.  And here names of features become
 * their numbers.
 */
#include "training/parameters.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/jsonb_number.h"

static const struct
{
	const char *name;
	const char *hint;
}			not_parameters[] = {
	{"seed", "Give the argument seed."},
	{"random_state", "Give the argument seed."},
	{"nthread", "Give the argument threads."},
	{"n_jobs", "Give the argument threads."},
	{"num_boost_round", "Give the argument rounds."},
	{"n_estimators", "Give the argument rounds."},
	{"num_round", "Give the argument rounds."},
	{"early_stopping_rounds", "Give the argument early_stopping_rounds."},
	{"disable_default_eval_metric", "Give eval_metric the name of the metric to watch."},
	{"num_class", "A model of risk has two outcomes."},
	{"num_feature", "It is the number of features."},
	{"multi_strategy", "A model of risk has one output."},
	{"process_type", "Models are trained from the beginning."},
	{"device", "Models are trained on the CPU."},
	{"gpu_id", "Models are trained on the CPU."},
	{"predictor", "Models are trained on the CPU."},
	{"verbosity", "libxgboost has nobody to talk to."},
	{"silent", "libxgboost has nobody to talk to."},
	{"validate_parameters", "Parameters are always checked."}
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
			return DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(value->val.numeric)));
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
given_text(JsonbContainer *given, const char *name)
{
	JsonbValue	value;

	if (given == NULL || getKeyJsonValueFromContainer(given, name, strlen(name), &value) == NULL)
		return NULL;
	return scalar_text(&value);
}

static const char *
chosen_booster(JsonbContainer *given)
{
	const char *booster = given_text(given, "booster");

	return booster != NULL ? booster : "gbtree";
}

/* ----------
 * What is refused
 * ----------
 */
static void
check_name(const char *name, const char *booster)
{
	for (int i = 0; i < (int) lengthof(not_parameters); i++)
		if (strcmp(not_parameters[i].name, name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" is not among the parameters", name),
					 errhint("%s", not_parameters[i].hint)));
	for (int i = 0; i < (int) lengthof(parameters_of_boosters); i++)
		if (strcmp(parameters_of_boosters[i].name, name) == 0 &&
			strcmp(parameters_of_boosters[i].booster, booster) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("parameter \"%s\" needs booster \"%s\"", name,
							parameters_of_boosters[i].booster),
					 errdetail("The booster is \"%s\".", booster)));
}

/* What a value that is no scalar must be; NULL if it must be one */
static const char *
structure_of(const char *name, bool (**has_it) (const JsonbValue *))
{
	*has_it = is_array;
	if (strcmp(name, "eval_metric") == 0)
		return "a name, or an array of names";
	if (strcmp(name, "interaction_constraints") == 0)
		return "an array of arrays of feature names";
	*has_it = is_object;
	if (strcmp(name, "monotone_constraints") == 0)
		return "an object of feature names with 1, 0 or -1";
	return NULL;
}

static void
check_value(const char *name, const JsonbValue *value)
{
	const char *text = scalar_text(value);
	bool		(*has_structure) (const JsonbValue *);
	const char *structure = structure_of(name, &has_structure);

	if (strcmp(name, "objective") == 0 && (text == NULL || strcmp(text, "binary:logistic") != 0))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("objective must be \"binary:logistic\""),
				 errdetail("Labels are outcomes that came true or not, and the score is a probability."),
				 errhint("Models with other objectives can be trained elsewhere and imported.")));
	if (strcmp(name, "booster") == 0 &&
		(text == NULL || (strcmp(text, "gbtree") != 0 && strcmp(text, "dart") != 0 &&
						  strcmp(text, "gblinear") != 0)))
		fail_parameter(name, "\"gbtree\", \"dart\" or \"gblinear\"");
	if (text == NULL && structure == NULL)
		fail_parameter(name, "a number, a string or a boolean");
	if (text == NULL && !has_structure(value))
		fail_parameter(name, structure);
}

void
training_parameters_check(JsonbContainer *given)
{
	const char *booster = chosen_booster(given);
	JsonbIterator *iterator = JsonbIteratorInit(given);
	JsonbValue	key;
	JsonbValue	value;

	(void) JsonbIteratorNext(&iterator, &key, true);
	while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
	{
		const char *name = pnstrdup(key.val.string.val, key.val.string.len);

		(void) JsonbIteratorNext(&iterator, &value, true);
		check_name(name, booster);
		check_value(name, &value);
	}
}

/* ----------
 * Features by name
 * ----------
 */
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
		signs[feature_number(features, name,
							 pnstrdup(key.val.string.val, key.val.string.len))] = (int) number;
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
							 feature_number(features, name, pnstrdup(element.val.string.val,
																	 element.val.string.len)));
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

/* One parameter that was given and checked */
static void
add_given(ParameterList *list, const Features *features, const char *name, const JsonbValue *value)
{
	const char *text = scalar_text(value);

	if (text != NULL)
		add_parameter(list, name, text);
	else if (strcmp(name, "eval_metric") == 0)
		add_metrics(list, name, value);
	else if (strcmp(name, "monotone_constraints") == 0)
		add_parameter(list, name, monotone_text(features, name, value));
	else
		add_parameter(list, name, interaction_text(features, name, value));
}

static void
refuse_categories(const Features *features)
{
	for (int i = 0; i < features->count; i++)
		if (features->features[i].type == FEATURE_CATEGORY)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("a linear model cannot have the categorical feature \"%s\"",
							features->features[i].name),
					 errhint("Leave it out, or make columns of 0 and 1 of it.")));
}

TrainerParameter *
training_parameters(JsonbContainer *given, int64 seed, const TrainerFeature *features,
					int feature_count, int *count)
{
	const Features list_of = {feature_count, features};
	ParameterList list = {0};

	add_parameter(&list, "objective", "binary:logistic");
	if (strcmp(chosen_booster(given), "gblinear") == 0)
		refuse_categories(&list_of);
	/* the default of XGBoost 2 and later, and what categories need before */
	else if (given_text(given, "tree_method") == NULL && given_text(given, "updater") == NULL)
		add_parameter(&list, "tree_method", "hist");
	if (given != NULL)
	{
		JsonbIterator *iterator = JsonbIteratorInit(given);
		JsonbValue	key;
		JsonbValue	value;

		(void) JsonbIteratorNext(&iterator, &key, true);
		while (JsonbIteratorNext(&iterator, &key, true) == WJB_KEY)
		{
			char	   *name = pnstrdup(key.val.string.val, key.val.string.len);

			(void) JsonbIteratorNext(&iterator, &value, true);
			if (strcmp(name, "objective") != 0)
				add_given(&list, &list_of, name, &value);
		}
	}
	add_parameter(&list, "seed", psprintf(INT64_FORMAT, seed));
	*count = list.count;
	return list.parameters;
}
