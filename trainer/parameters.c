/*
 * parameters.c
 *		XGBoost's parameters for a training, and boosters that know them.
 *
 * What libxgboost would only warn of is refused, and as early as can be: a
 * booster is made and configured on one row without values before any row is
 * awaited.
 */
#include "training_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What libxgboost is told by this program, or what the program relies on.  The
 * server asks for none of these (src/training/parameters.c has its list of what may not
 * be given); but a later one would undo what make_booster() and library.c set up.
 */
static void
check_parameter(const char *name)
{
	static const char *const ours[] = {
		"nthread", "n_jobs", "verbosity", "silent", "validate_parameters", "process_type",
		"num_feature"
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(name, ours[i]) == 0)
			fail(TRAINER_ERROR_PROTOCOL, NULL, NULL, "parameter \"%s\" is the trainer's own", name);
}

void
add_parameter(Training *training, const Frame *frame)
{
	const char *name = frame_texts(frame, 0, 2);
	Parameter  *parameter;

	check_parameter(name);
	training->parameters = resize(training->parameters, training->parameter_count + 1,
								  sizeof(Parameter));
	parameter = &training->parameters[training->parameter_count++];
	parameter->name = copy_text(name);
	parameter->value = copy_text(name + strlen(name) + 1);
	if (strcmp(name, "objective") == 0)
		training->objective = parameter->value;
}

bool
objective_begins(const Training *training, const char *prefix)
{
	return strncmp(training->objective, prefix, strlen(prefix)) == 0;
}

/* A booster that knows the parameters and the features, as Python makes one. */
BoosterHandle
make_booster(const Training *training, const DMatrixHandle *matrices, bst_ulong count)
{
	BoosterHandle booster;
	char		number[16];

	CALL(XGBoosterCreate(matrices, count, &booster), "make a booster");
	snprintf(number, sizeof(number), "%d", library_threads());
	CALL(XGBoosterSetParam(booster, "nthread", number), "set the number of threads");
	CALL(XGBoosterSetParam(booster, "validate_parameters", "1"), "set a parameter");
	for (size_t i = 0; i < training->parameter_count; i++)
		if (XGBoosterSetParam(booster, training->parameters[i].name,
							  training->parameters[i].value) != 0)
			library_fail(TRAINER_ERROR_PARAMETER, "take a parameter", NULL);
	CALL(XGBoosterSetStrFeatureInfo(booster, "feature_name", (const char **) training->names,
									training->feature_count),
		 "take the names of the features");
	CALL(XGBoosterSetStrFeatureInfo(booster, "feature_type", training->types,
									training->feature_count),
		 "take the types of the features");
	return booster;
}

/* libxgboost only warns of parameters that nothing uses. */
void
refuse_unused_parameters(void)
{
	const char *warning = library_warning();
	const char *begin = strchr(warning, '{');
	const char *end = begin ? strchr(begin, '}') : NULL;
	char		names[1024];
	size_t		length = 0;

	if (end == NULL)
		return;
	for (const char *at = begin + 1; at < end && length < sizeof(names) - 1; at++)
		if (*at != ' ' && *at != '\n')
			names[length++] = *at;
		else if (*at == ' ' && length > 0 && names[length - 1] == ',')
			names[length++] = ' ';
	names[length] = '\0';
	fail(TRAINER_ERROR_PARAMETER,
		 "The names are XGBoost's; a parameter may also belong to another booster, tree method or objective.",
		 NULL, "parameters that XGBoost does not use: %s", names);
}

/*
 * Some tree methods take the codes of categories for numbers: "exact" does, and up
 * to version 1.7 it is what libxgboost chooses by itself for few rows.
 */
static void
check_tree_method(const Training *training)
{
	const char *method = "auto";
	const char *booster = "gbtree";
	int			major;
	int			minor;
	int			patch;

	XGBoostVersion(&major, &minor, &patch);
	for (size_t i = 0; i < training->parameter_count; i++)
	{
		if (strcmp(training->parameters[i].name, "tree_method") == 0)
			method = training->parameters[i].value;
		if (strcmp(training->parameters[i].name, "booster") == 0)
			booster = training->parameters[i].value;
	}
	if (strcmp(booster, "gblinear") != 0 && strcmp(method, "exact") != 0 &&
		(strcmp(method, "auto") != 0 || major >= 2))
		return;
	for (size_t i = 0; i < training->feature_count; i++)
		if (training->kinds[i] == FEATURE_CATEGORY)
			fail(TRAINER_ERROR_PARAMETER, "Give tree_method hist or approx.", NULL,
				 "feature \"%s\" is categorical, which %s %s of libxgboost %d.%d.%d does not support",
				 training->names[i],
				 strcmp(booster, "gblinear") == 0 ? "booster" : "tree_method",
				 strcmp(booster, "gblinear") == 0 ? booster : method, major, minor, patch);
}

/*
 * Everything about the parameters that can be known without rows, before they
 * are awaited: the first error in a long wait should come early.
 */
void
check_parameters(const Training *training)
{
	float	   *row = allocate(training->feature_count, sizeof(float));
	const float label = 0;
	DMatrixHandle matrix;
	BoosterHandle booster;
	bst_ulong	length;
	const char *configuration;

	check_tree_method(training);
	for (size_t i = 0; i < training->feature_count; i++)
		row[i] = NAN;
	library_matrix(row, 1, training->feature_count, NAN, &matrix);
	library_set_column(matrix, "label", &label, 1);
	booster = make_booster(training, &matrix, 1);
	if (XGBoosterSaveJsonConfig(booster, &length, &configuration) != 0)
		library_fail(TRAINER_ERROR_PARAMETER, "use the parameters", NULL);
	refuse_unused_parameters();
	CALL(XGBoosterFree(booster), "free a booster");
	CALL(XGDMatrixFree(matrix), "free a row");
	free(row);
}
