/*
 * profile_row.c
 *		A profile as a value of risk_internal.column_profile.
 */
#include "metrics/profile_row.h"

#include "base/result_row.h"

static void
put_datum(ResultRow *row, Datum value)
{
	if (value == (Datum) 0)
		row_put_null(row);
	else
		row_put(row, value);
}

Datum
profile_datum(const Profile *profile, TupleDesc descriptor)
{
	ResultRow	row = {0};

	row_put_text(&row, profile->kind);
	row_put_bigint(&row, profile->rows);
	row_put_bigint(&row, profile->missing);
	row_put_float_if(&row, profile->values > 0, profile->mean);
	row_put_float_if(&row, profile->values > 1, profile->deviation);
	row_put_float_if(&row, profile->values > 0, profile->minimum);
	row_put_float_if(&row, profile->values > 0, profile->maximum);
	put_datum(&row, profile->quantiles);
	put_datum(&row, profile->slices);
	put_datum(&row, profile->bounds);
	put_datum(&row, profile->categories);
	put_datum(&row, profile->counts);
	if (profile->has_others)
		row_put_bigint(&row, profile->others);
	else
		row_put_null(&row);
	put_datum(&row, profile->other_categories);
	return row_datum(&row, descriptor);
}
