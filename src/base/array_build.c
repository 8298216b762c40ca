/*
 * array_build.c
 *		One-dimensional arrays from what is in memory.
 */
#include "base/array_build.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* An array of so many elements side by side, not filled in yet; more than fit are an error. */
static ArrayType *
create_array(Oid type, Size length, int64 count)
{
	ArrayType  *array;

	if (count > (int64) MaxArraySize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("array size exceeds the maximum allowed (%d)", (int) MaxArraySize)));
	array = palloc0(ARR_OVERHEAD_NONULLS(1) + count * length);
	SET_VARSIZE(array, ARR_OVERHEAD_NONULLS(1) + count * length);
	array->ndim = 1;
	array->elemtype = type;
	ARR_DIMS(array)[0] = (int) count;
	ARR_LBOUND(array)[0] = 1;
	return array;
}

Datum
array_of_fixed(Oid type, Size length, const void *elements, int64 count)
{
	ArrayType  *array;

	if (count == 0)
		return PointerGetDatum(construct_empty_array(type));
	array = create_array(type, length, count);
	memcpy(ARR_DATA_PTR(array), elements, count * length);
	return PointerGetDatum(array);
}

Datum
array_of_floats(const float *values, int64 count)
{
	ArrayType  *array;

	if (count == 0)
		return PointerGetDatum(construct_empty_array(FLOAT8OID));
	array = create_array(FLOAT8OID, sizeof(float8), count);
	for (int64 i = 0; i < count; i++)
		((float8 *) ARR_DATA_PTR(array))[i] = values[i];
	return PointerGetDatum(array);
}

Datum
array_of_texts(const char *const *values, int count)
{
	Datum	   *elements = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		elements[i] = CStringGetTextDatum(values[i]);
	return PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}
