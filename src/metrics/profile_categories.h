/*
 * profile_categories.h
 *		The profile of a column of categories.
 */
#ifndef PROFILE_CATEGORIES_H
#define PROFILE_CATEGORIES_H

#include "base/compat.h"
#include "metrics/profile_row.h"

/* Categories of a reference, in its order */
typedef struct ReferenceCategories
{
	const char *const *names;
	int			count;
} ReferenceCategories;

/*
 * Fills in a profile from texts in the order of their bytes; without a reference it
 * keeps the most frequent.
 */
extern void profile_sorted_texts(Tuplesortstate *sort, const ReferenceCategories *reference,
								 Profile *profile);

/* The same from counts by category; the rest of the names have no rows. */
extern void profile_counted_texts(const char *const *names, const int64 *counts, int count,
								  Profile *profile);

#endif							/* PROFILE_CATEGORIES_H */
