/*
 * bind_array.c
 *		From an array in the model's order to the vector that a model reads.
 *
 * Elements go from float8 to float32, as in the other forms; NULL and NaN are
 * missing, categories come by code.
 */
#include "scoring/bind_array.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"

void
bind_array(const ResolvedModel *model, ArrayType *array, ForestValue *vector)
{
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const float8 *elements = (const float8 *) ARR_DATA_PTR(array);
	const bits8 *bitmap = ARR_NULLBITMAP(array);

	if (ARR_NDIM(array) > 1 || count != (int) model->forest->feature_count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("array must have one dimension with the %u features of model \"%s\"",
						model->forest->feature_count, model_reference(model)),
				 errdetail("It has %d dimensions and %d elements.", ARR_NDIM(array), count),
				 errhint("The view risk.model_features gives their positions.")));
	/* elements that are NULL take no room */
	for (int i = 0; i < count; i++)
		vector[i].value = bitmap != NULL && (bitmap[i / 8] & (1 << (i % 8))) == 0 ? get_float4_nan() :
			(float) *elements++;
}

BoundValue
array_value(const ResolvedModel *model, ArrayType *array, uint32_t feature)
{
	int			subscript = ARR_LBOUND(array)[0] + (int) feature;
	BoundValue	value = {0};
	bool		isnull;
	Datum		element = array_get_element(PointerGetDatum(array), 1, &subscript, -1,
											sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &isnull);

	if (isnull)
		return value;
	value.text = DatumGetCString(DirectFunctionCall1(float8out, element));
	value.number = DatumGetFloat8(element);
	value.has_number = model_feature(model, feature)->kind == FOREST_NUMERIC && !isnan(value.number);
	return value;
}
