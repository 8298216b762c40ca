/*
 * profile_categories.c
 *		The profile of a column of categories: how often each occurs.
 *
 * Without a reference the most frequent categories are kept, up to a thousand, and
 * the rows of the others are counted.  With one, rows are counted by its categories,
 * and of those that it does not know the most frequent few are named.
 */
#include "metrics/profile_categories.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/array_build.h"

#define CATEGORIES_MAX 1000
#define OTHERS_NAMED 20			/* categories unknown to the reference */

typedef struct Category
{
	char	   *name;
	int64		count;
	int			position;		/* in the reference */
} Category;

/* A list of the most frequent ones, of bounded length */
typedef struct CategoryList
{
	Category   *categories;
	int			count;
	int			limit;
	int64		rest;			/* rows of those that had to go */
} CategoryList;

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const Category *) a)->name, ((const Category *) b)->name);
}

static int
compare_counts(const void *a, const void *b)
{
	const Category *left = a;
	const Category *right = b;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	return compare_names(a, b);
}

static void
init_list(CategoryList *list, int limit)
{
	list->categories = palloc(2 * limit * sizeof(Category));
	list->count = 0;
	list->limit = limit;
	list->rest = 0;
}

/* The most frequent first, and no more than the limit. */
static void
cut_list(CategoryList *list)
{
	qsort(list->categories, list->count, sizeof(Category), compare_counts);
	while (list->count > list->limit)
	{
		Category   *last = &list->categories[--list->count];

		list->rest += last->count;
		pfree(last->name);
	}
}

static void
add_to_list(CategoryList *list, char *name, int64 count)
{
	if (list->count == 2 * list->limit)
		cut_list(list);
	list->categories[list->count].name = name;
	list->categories[list->count++].count = count;
}

static Datum
name_array(const CategoryList *list)
{
	const char **names = palloc(Max(list->count, 1) * sizeof(char *));

	for (int i = 0; i < list->count; i++)
		names[i] = list->categories[i].name;
	return array_of_texts(names, list->count);
}

/* What a profile says of its own most frequent categories */
static void
put_own_categories(const CategoryList *list, Profile *profile)
{
	int64	   *counts = palloc(Max(list->count, 1) * sizeof(int64));

	for (int i = 0; i < list->count; i++)
		counts[i] = list->categories[i].count;
	profile->kind = "category";
	profile->categories = name_array(list);
	profile->counts = array_of_fixed(INT8OID, sizeof(int64), counts, list->count);
	profile->has_others = true;
	profile->others = list->rest;
}

void
profile_counted_texts(const char *const *names, const int64 *counts, int count, Profile *profile)
{
	CategoryList list;

	init_list(&list, CATEGORIES_MAX);
	for (int i = 0; i < count; i++)
		if (counts[i] > 0)
			add_to_list(&list, pstrdup(names[i]), counts[i]);
	cut_list(&list);
	put_own_categories(&list, profile);
}

/* ----------
 * From sorted texts
 * ----------
 */

/* A pass over texts in order, where runs of equal ones are counted */
typedef struct Pass
{
	Category   *known;			/* the reference's, by name; NULL without one */
	int			known_count;
	int64	   *counts;			/* of the known ones, in the reference's order */
	CategoryList others;
} Pass;

static void
begin_pass(Pass *pass, const ReferenceCategories *reference)
{
	memset(pass, 0, sizeof(Pass));
	init_list(&pass->others, reference != NULL ? OTHERS_NAMED : CATEGORIES_MAX);
	if (reference == NULL)
		return;
	pass->known_count = reference->count;
	pass->known = palloc(Max(reference->count, 1) * sizeof(Category));
	pass->counts = palloc0(Max(reference->count, 1) * sizeof(int64));
	for (int i = 0; i < reference->count; i++)
		pass->known[i] = (Category) {unconstify(char *, reference->names[i]), 0, i};
	qsort(pass->known, pass->known_count, sizeof(Category), compare_names);
}

/* A run of equal values has ended. */
static void
end_run(Pass *pass, char *name, int64 count)
{
	Category	key = {.name = name};
	Category   *found = pass->known != NULL ?
		bsearch(&key, pass->known, pass->known_count, sizeof(Category), compare_names) : NULL;

	if (found == NULL)
		add_to_list(&pass->others, name, count);
	else
	{
		pass->counts[found->position] = count;
		pfree(name);
	}
}

static void
read_runs(Pass *pass, Tuplesortstate *sort)
{
	char	   *name = NULL;
	int64		count = 0;
	Datum		datum;

	while (sorted_datum(sort, &datum))
	{
		text	   *value = DatumGetTextPP(datum);
		size_t		length = VARSIZE_ANY_EXHDR(value);

		CHECK_FOR_INTERRUPTS();
		if (name != NULL && strlen(name) == length && memcmp(name, VARDATA_ANY(value), length) == 0)
			count++;
		else
		{
			if (name != NULL)
				end_run(pass, name, count);
			name = text_to_cstring(value);
			count = 1;
		}
		if ((Pointer) value != DatumGetPointer(datum))
			pfree(value);
		pfree(DatumGetPointer(datum));
	}
	if (name != NULL)
		end_run(pass, name, count);
}

void
profile_sorted_texts(Tuplesortstate *sort, const ReferenceCategories *reference, Profile *profile)
{
	Pass		pass;

	begin_pass(&pass, reference);
	read_runs(&pass, sort);
	cut_list(&pass.others);
	if (reference == NULL)
	{
		put_own_categories(&pass.others, profile);
		return;
	}
	profile->kind = "category";
	profile->categories = array_of_texts(reference->names, reference->count);
	profile->counts = array_of_fixed(INT8OID, sizeof(int64), pass.counts, reference->count);
	profile->has_others = true;
	profile->others = pass.others.rest;
	for (int i = 0; i < pass.others.count; i++)
		profile->others += pass.others.categories[i].count;
	profile->other_categories = name_array(&pass.others);
}
