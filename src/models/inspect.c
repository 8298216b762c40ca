/*
 * inspect.c
 *		Reading a model that somebody hands in: risk.inspect_model.
 *
 * This does everything that a later load will do (read, check, compile) and
 * answers what the registry keeps; risk.import_model stores it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "base/compat.h"
#include "base/digest.h"
#include "core/forest.h"
#include "core/model.h"
#include "models/server_host.h"
#include "models/shared_models.h"

/* ----------
 * Arguments
 * ----------
 */

/* The number of rounds to use, from the argument, the model's best iteration, or all. */
static uint32_t
choose_rounds(const Model *model, bool given, int iterations)
{
	if (given && iterations <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("iterations must be greater than zero")));
	if (given && (uint32_t) iterations > model->round_count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("iterations is %d, but the model has %u boosting rounds", iterations, model->round_count)));
	if (given && model->booster == MODEL_GBLINEAR && (uint32_t) iterations != model->round_count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a linear model cannot be cut to fewer boosting rounds"),
				 errhint("Leave iterations out.")));
	if (given)
		return (uint32_t) iterations;
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
				 errmsg("feature_names has %d names, but the model has %u features", count, model->feature_count)));
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

/* ----------
 * Digests
 * ----------
 */
static bytea *
digest_bytea(pg_cryptohash_ctx *digest)
{
	bytea	   *result = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);

	SET_VARSIZE(result, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	digest_end(digest, (uint8 *) VARDATA(result));
	return result;
}

/* Everything that decides answers: the bytes, the rounds used, the features' names. */
static bytea *
content_digest(const bytea *bytes_digest, uint32_t rounds, const ForestImage *image)
{
	pg_cryptohash_ctx *digest = digest_begin();
	char		number[16];
	int			length = snprintf(number, sizeof(number), "%u", rounds);

	digest_add(digest, VARDATA_ANY(bytes_digest), VARSIZE_ANY_EXHDR(bytes_digest));
	digest_add(digest, number, length + 1);
	for (uint32_t i = 0; i < image->feature_count; i++)
	{
		const char *name = FOREST_AT(image, char,
									 FOREST_AT(image, ForestFeature, image->features)[i].name);

		digest_add(digest, name, strlen(name) + 1);
	}
	return digest_bytea(digest);
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

PG_FUNCTION_INFO_V1(company_risk_inspect_model);
Datum
company_risk_inspect_model(PG_FUNCTION_ARGS)
{
	bytea	   *bytes;
	pg_cryptohash_ctx *digest = digest_begin();
	bytea	   *bytes_digest;
	Model	   *model;
	uint32_t	rounds;
	ForestImage *image;
	const ForestFeature *features;
	Datum	   *names,
			   *kinds,
			   *used;
	TupleDesc	descriptor;
	Datum		values[18];
	bool		nulls[18] = {0};
	int			n = 0;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("model must not be null")));
	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	bytes = PG_GETARG_BYTEA_PP(0);
	model = server_read_model(bytes);
	server_recode_names(model);
	rounds = choose_rounds(model, !PG_ARGISNULL(1), PG_ARGISNULL(1) ? 0 : PG_GETARG_INT32(1));
	image = forest_build(server_host(), model, rounds,
						 PG_ARGISNULL(2) ? NULL : argument_names(PG_GETARG_ARRAYTYPE_P(2), model));
	Assert(forest_error(image, image->size) == NULL);
	digest_add(digest, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	bytes_digest = digest_bytea(digest);

	features = FOREST_AT(image, ForestFeature, image->features);
	names = palloc(image->feature_count * sizeof(Datum));
	kinds = palloc(image->feature_count * sizeof(Datum));
	used = palloc(image->feature_count * sizeof(Datum));
	for (uint32_t i = 0; i < image->feature_count; i++)
	{
		names[i] = CStringGetTextDatum(FOREST_AT(image, char, features[i].name));
		kinds[i] = CStringGetTextDatum(kind_name(features[i].kind));
		used[i] = BoolGetDatum(features[i].used != 0);
	}

	values[n++] = CStringGetTextDatum(model->is_ubjson ? "ubjson" : "json");
	values[n++] = Int64GetDatum((int64) VARSIZE_ANY_EXHDR(bytes));
	values[n++] = PointerGetDatum(bytes_digest);
	values[n++] = PointerGetDatum(content_digest(bytes_digest, rounds, image));
	values[n++] = CStringGetTextDatum(psprintf("%d.%d.%d", model->version[0], model->version[1], model->version[2]));
	values[n++] = CStringGetTextDatum(booster_name(model));
	values[n++] = CStringGetTextDatum(model->objective);
	values[n++] = Int32GetDatum((int32) image->group_count);
	values[n++] = Int32GetDatum((int32) image->tree_count);
	values[n++] = Int64GetDatum((int64) image->node_count);
	values[n++] = Int32GetDatum((int32) image->max_depth);
	values[n++] = Int32GetDatum((int32) rounds);
	values[n++] = Int32GetDatum((int32) model->round_count);
	values[n++] = Int64GetDatum((int64) image->size);
	values[n++] = PointerGetDatum(construct_array(names, image->feature_count, TEXTOID, -1, false, TYPALIGN_INT));
	values[n++] = PointerGetDatum(construct_array(kinds, image->feature_count, TEXTOID, -1, false, TYPALIGN_INT));
	values[n++] = PointerGetDatum(construct_array(used, image->feature_count, BOOLOID, 1, true, TYPALIGN_CHAR));
	values[n] = category_object(model, image);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls)));
}
