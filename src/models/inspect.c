/*
 * inspect.c
 *		Reading a model that somebody hands in: risk.inspect_model.
 *
 * This does everything that a later load will do (read, check, compile) and
 * answers what the registry keeps; risk.import_model stores it.
 */
#include "models/inspect.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "base/array_build.h"
#include "base/compat.h"
#include "base/digest.h"
#include "base/result_row.h"
#include "core/forest.h"
#include "core/model.h"
#include "models/names.h"
#include "models/reference.h"
#include "models/server_host.h"

/* ----------
 * Arguments
 * ----------
 */

/* The number of rounds to use, from the argument, the model's best iteration, or all. */
static uint32_t
choose_rounds(const Model *model, bool given, int rounds)
{
	if (given && rounds <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rounds must be greater than zero")));
	if (given && (uint32_t) rounds > model->round_count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rounds is %d, but the model has %u boosting rounds",
						rounds, model->round_count)));
	if (given && model->booster == MODEL_GBLINEAR && (uint32_t) rounds != model->round_count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a linear model cannot be cut to fewer boosting rounds"),
				 errhint("Leave rounds out.")));
	if (given)
		return (uint32_t) rounds;
	if (model->booster != MODEL_GBLINEAR && model->best_iteration >= 0 &&
		model->best_iteration < (int64_t) model->round_count)
		return (uint32_t) model->best_iteration + 1;
	return model->round_count;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The argument feature_names: one for each feature, not empty, unique. */
static char **
argument_names(ArrayType *array, const Model *model)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	char	  **names;
	char	  **sorted;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("feature_names must have one dimension")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	if (count != (int) model->feature_count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("feature_names has %d names, but the model has %u features",
						count, model->feature_count)));
	names = palloc(count * sizeof(char *));
	sorted = palloc(count * sizeof(char *));
	for (int i = 0; i < count; i++)
	{
		if (nulls[i] || VARSIZE_ANY_EXHDR(DatumGetTextPP(elements[i])) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("feature_names must not hold nulls or empty names")));
		names[i] = sorted[i] = TextDatumGetCString(elements[i]);
	}
	qsort(sorted, count, sizeof(char *), compare_names);
	for (int i = 1; i < count; i++)
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("feature_names holds \"%s\" more than once", sorted[i])));
	return names;
}

/* The argument missing: what stands for it, instead of what the model says; NaN: nothing. */
static void
use_missing(Model *model, double missing)
{
	if (!isinf(missing) && isinf((float) missing))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("missing is out of range for type real"),
				 errdetail("Models compare numbers in single precision.")));
	model->missing = (float) missing;
	model->missing_error = NULL;
}

/*
 * Everything that decides margins: the bytes, the rounds used, the features' names,
 * and the number for missing where there is one.
 */
static void
content_digest(const uint8 *bytes_digest, uint32_t rounds, const ForestImage *image, uint8 *result)
{
	pg_cryptohash_ctx *digest = digest_begin();
	char		number[16];
	int			length = snprintf(number, sizeof(number), "%u", rounds);

	digest_add(digest, bytes_digest, PG_SHA256_DIGEST_LENGTH);
	digest_add(digest, number, length + 1);
	for (uint32_t i = 0; i < image->feature_count; i++)
	{
		const char *name = FOREST_AT(image, char,
									 FOREST_AT(image, ForestFeature, image->features)[i].name);

		digest_add(digest, name, strlen(name) + 1);
	}
	if (!isnan(image->missing))
	{
		char		missing[64];

		/* 0 and -0 are the same */
		length = snprintf(missing, sizeof(missing), "missing %.9g", image->missing + 0.0);
		digest_add(digest, missing, length + 1);
	}
	digest_end(digest, result);
}

/* ----------
 * The answer
 * ----------
 */
static const char *
booster_name(const Model *model)
{
	switch (model->booster)
	{
		case MODEL_GBTREE:
			return "gbtree";
		case MODEL_DART:
			return "dart";
		case MODEL_GBLINEAR:
			return "gblinear";
	}
	pg_unreachable();
}

/* {"feature": ["category", ...]} for the features whose categories have names. */
static Datum
category_object(const Model *model, const ForestImage *image)
{
	JsonbParseState *state = NULL;
	JsonbValue	value;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (uint32_t i = 0; i < image->feature_count; i++)
	{
		const ForestFeature *feature = FOREST_AT(image, ForestFeature, image->features) + i;

		if (feature->kind != FOREST_CATEGORY_NAMES)
			continue;
		value.type = jbvString;
		value.val.string.val = unconstify(char *, FOREST_AT(image, char, feature->name));
		value.val.string.len = strlen(value.val.string.val);
		pushJsonbValue(&state, WJB_KEY, &value);
		pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
		for (uint32_t k = 0; k < model->categories[i].count; k++)
		{
			value.val.string.val = model->categories[i].names[k];
			value.val.string.len = strlen(value.val.string.val);
			pushJsonbValue(&state, WJB_ELEM, &value);
		}
		pushJsonbValue(&state, WJB_END_ARRAY, NULL);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

static const char *
kind_name(uint32_t kind)
{
	switch ((ForestFeatureKind) kind)
	{
		case FOREST_NUMERIC:
			return "numeric";
		case FOREST_CATEGORY_CODES:
			return "category codes";
		case FOREST_CATEGORY_NAMES:
			return "category names";
	}
	pg_unreachable();
}

/* The columns about the features: names, kinds, whether they are used */
static void
put_features(ResultRow *row, const ForestImage *image)
{
	const ForestFeature *features = FOREST_AT(image, ForestFeature, image->features);
	int			count = (int) image->feature_count;
	const char **names = palloc(count * sizeof(char *));
	const char **kinds = palloc(count * sizeof(char *));
	bool	   *used = palloc(count * sizeof(bool));

	for (int i = 0; i < count; i++)
	{
		names[i] = FOREST_AT(image, char, features[i].name);
		names_check_length(names[i]);
		kinds[i] = kind_name(features[i].kind);
		used[i] = features[i].used != 0;
	}
	row_put(row, array_of_texts(names, count));
	row_put(row, array_of_texts(kinds, count));
	row_put(row, array_of_fixed(BOOLOID, sizeof(bool), used, count));
}

Datum
inspect_model(FunctionCallInfo fcinfo, const bytea *bytes, const char *format)
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	uint8		content[CONTENT_DIGEST_LENGTH];
	Model	   *model;
	uint32_t	rounds;
	ForestImage *image;
	TupleDesc	descriptor;
	ResultRow	row = {0};

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	model = server_read_model(bytes, digest);
	names_recode(model, PG_ARGISNULL(2), true);
	if (!PG_ARGISNULL(3))
		use_missing(model, PG_GETARG_FLOAT8(3));
	rounds = choose_rounds(model, !PG_ARGISNULL(1), PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1));
	image = forest_build(server_host(), model, rounds,
						 PG_ARGISNULL(2) ? NULL : argument_names(PG_GETARG_ARRAYTYPE_P(2), model));
	Assert(forest_error(image, image->size) == NULL);
	content_digest(digest, rounds, image, content);

	row_put_int(&row, (int32) rounds);
	row_put_text(&row, format != NULL ? format : model->is_ubjson ? "ubjson" : "json");
	row_put_bigint(&row, (int64) VARSIZE_ANY_EXHDR(bytes));
	row_put_text(&row, digest_hex(digest));
	row_put_text(&row, digest_hex(content));
	row_put_text(&row, psprintf("%d.%d.%d",
								model->version[0], model->version[1], model->version[2]));
	row_put_text(&row, booster_name(model));
	row_put_text(&row, model->objective);
	row_put_int(&row, (int32) image->group_count);
	row_put_int(&row, (int32) image->tree_count);
	row_put_bigint(&row, (int64) image->node_count);
	row_put_int(&row, (int32) image->max_depth);
	row_put_int(&row, (int32) model->round_count);
	row_put_bigint(&row, (int64) image->size);
	if (isnan(image->missing))
		row_put_null(&row);
	else
		row_put(&row, Float4GetDatum(image->missing));
	put_features(&row, image);
	row_put(&row, category_object(model, image));
	PG_RETURN_DATUM(row_datum(&row, BlessTupleDesc(descriptor)));
}
