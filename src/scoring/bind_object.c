/*
 * bind_object.c
 *		From a JSON object to the vector that a model reads.
 *
 * Keys are matched to features by name, exactly.  Every number goes through
 * float8 to float32, as in the other forms; null and "NaN" are missing.  A key
 * that is not there is never taken for missing.
 */
#include "scoring/bind_object.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "base/jsonb_number.h"
#include "base/messages.h"

static const char *
json_type(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return "string";
		case jbvNumeric:
			return "number";
		case jbvBool:
			return "boolean";
		case jbvNull:
			return "null";
		default:
			return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) ? "array" : "object";
	}
}

static _Noreturn void
fail_json_type(const ResolvedModel *model, uint32_t feature, const JsonbValue *value)
{
	uint32_t	kind = model_feature(model, feature)->kind;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("key \"%s\" with a JSON %s cannot feed the feature of model \"%s\"",
					model_feature_name(model, feature), json_type(value), model_reference(model)),
			 errhint("%s", kind == FOREST_CATEGORY_NAMES ?
					 "The feature is categorical: give the category's name as a string, or null." :
					 kind == FOREST_CATEGORY_CODES ?
					 "The feature is categorical and the model knows its categories by code only: give the integer code used in training, or null." :
					 "Give a number, true, false or null.")));
}

/*
 * The number that a value is, if it is one: a boolean is 1 or 0, and numbers that
 * JSON cannot write are strings in what to_jsonb() makes of a row.
 */
static bool
number_of_json(const JsonbValue *value, double *number)
{
	static const struct
	{
		const char *text;
		int			sign;
	}			specials[] = {{"NaN", 0}, {"Infinity", 1}, {"-Infinity", -1}};

	if (value->type == jbvNumeric)
		*number = jsonb_number(value);
	else if (value->type == jbvBool)
		*number = value->val.boolean ? 1.0 : 0.0;
	else if (value->type == jbvString)
	{
		for (int i = 0; i < (int) lengthof(specials); i++)
			if (value->val.string.len == (int) strlen(specials[i].text) &&
				memcmp(value->val.string.val, specials[i].text, value->val.string.len) == 0)
			{
				*number = specials[i].sign == 0 ? get_float8_nan() :
					specials[i].sign * get_float8_infinity();
				return true;
			}
		return false;
	}
	else
		return false;
	return true;
}

static float
convert_json(ResolvedModel *model, uint32_t feature, const JsonbValue *value)
{
	double		number;

	if (value->type == jbvNull)
		return get_float4_nan();
	if (model_feature(model, feature)->kind == FOREST_CATEGORY_NAMES)
	{
		if (value->type == jbvString)
			return model_category_code(model, feature, value->val.string.val, value->val.string.len);
	}
	else if (number_of_json(value, &number))
		return (float) number;
	fail_json_type(model, feature, value);
}

static _Noreturn void
fail_missing_keys(const ResolvedModel *model, Jsonb *object)
{
	StringInfoData names;
	int			missing = 0;

	initStringInfo(&names);
	for (uint32_t feature = 0; feature < model->forest->feature_count; feature++)
	{
		const char *name = model_feature_name(model, feature);
		JsonbValue	value;

		if (getKeyJsonValueFromContainer(&object->root, name, strlen(name), &value) != NULL)
			continue;
		message_add_name(&names, missing++, name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("JSON object lacks features of model \"%s\": %s", model_reference(model), names.data),
			 errhint("A missing value is null; to change some values of a row, write to_jsonb(row) || '{\"%s\": 0}'.",
					 model_feature_name(model, 0))));
}

void
bind_object(ResolvedModel *model, Jsonb *object, ForestValue *vector)
{
	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("features must be a JSON object"),
				 errhint("Its keys are the names of the features, as in to_jsonb(row).")));
	for (uint32_t feature = 0; feature < model->forest->feature_count; feature++)
	{
		const char *name = model_feature_name(model, feature);
		JsonbValue	value;

		if (getKeyJsonValueFromContainer(&object->root, name, strlen(name), &value) == NULL)
			fail_missing_keys(model, object);
		vector[feature].value = convert_json(model, feature, &value);
	}
}

BoundValue
object_value(const ResolvedModel *model, Jsonb *object, uint32_t feature)
{
	const char *name = model_feature_name(model, feature);
	BoundValue	bound = {0};
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(&object->root, name, strlen(name), &value) == NULL)
		return bound;
	if (value.type == jbvString)
		bound.text = pnstrdup(value.val.string.val, value.val.string.len);
	else if (value.type == jbvNumeric)
		bound.text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric)));
	else if (value.type == jbvBool)
		bound.text = pstrdup(value.val.boolean ? "true" : "false");
	bound.has_number = model_feature(model, feature)->kind == FOREST_NUMERIC &&
		number_of_json(&value, &bound.number) && !isnan(bound.number);
	return bound;
}
