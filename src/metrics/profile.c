/*
 * profile.c
 *		Profiles of values at hand, as a training has them of its rows.
 */
#include "metrics/profile.h"

#include <math.h>

#include "miscadmin.h"

#include "metrics/profile_categories.h"
#include "metrics/profile_numbers.h"

#define ST_SORT sort_floats
#define ST_ELEMENT_TYPE float
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

Datum
profile_of_numbers(TupleDesc descriptor, const float *values, int64 count)
{
	float	   *sorted = palloc(Max(count, 1) * sizeof(float));
	SortedNumbers numbers = {.next = sorted};
	Profile		profile = {.rows = count};

	for (int64 i = 0; i < count; i++)
		if (!isnan(values[i]))
			sorted[numbers.count++] = values[i] + 0.0f; /* -0 becomes 0 */
	profile.missing = count - numbers.count;
	sort_floats(sorted, numbers.count);
	profile_numbers(&numbers, NULL, &profile);
	pfree(sorted);
	return profile_datum(&profile, descriptor);
}

Datum
profile_of_categories(TupleDesc descriptor, const char *const *names, const int64 *counts,
					  int category_count, int64 missing)
{
	Profile		profile = {.rows = missing, .missing = missing};

	for (int i = 0; i < category_count; i++)
		profile.rows += counts[i];
	profile_counted_texts(names, counts, category_count, &profile);
	return profile_datum(&profile, descriptor);
}
