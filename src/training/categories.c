/*
 * categories.c
 *		Names of categories, and their codes.
 *
 * While rows are read a name has a provisional code, its place among those that
 * have come.  At the end names are sorted, by their bytes, and a name's place is its
 * code: so codes do not depend on the order of rows.  Names stay in memory, and
 * come into the model, so that both their number and their length are limited.
 */
#include "training/categories.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

/* Names of categories are names, not texts. */
#define CATEGORY_NAMES_BYTES_MAX (16 * 1024 * 1024)

typedef struct CategoryKey
{
	const char *name;
	uint32		length;
} CategoryKey;

static inline uint32
hash_name(CategoryKey key)
{
	return hash_bytes((const unsigned char *) key.name, key.length);
}

/* simplehash wants the key to be one member; the name's length is beside it */
typedef struct NamedCategory
{
	CategoryKey key;
	int			code;
	uint32		hash;
	char		status;
} NamedCategory;

#define SH_PREFIX names
#define SH_ELEMENT_TYPE NamedCategory
#define SH_KEY_TYPE CategoryKey
#define SH_KEY key
#define SH_HASH_KEY(table, k) hash_name(k)
#define SH_EQUAL(table, a, b) ((a).length == (b).length && memcmp((a).name, (b).name, (a).length) == 0)
#define SH_SCOPE static inline
#define SH_STORE_HASH
#define SH_GET_HASH(table, element) (element)->hash
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

CategoryNames *
categories_create(const char *column)
{
	CategoryNames *names = palloc0(sizeof(CategoryNames));

	names->column = column;
	names->context = CurrentMemoryContext;
	names->hash = names_create(CurrentMemoryContext, 64, NULL);
	return names;
}

int
categories_code(CategoryNames *names, const char *name, Size length)
{
	CategoryKey key = {.name = name, .length = (uint32) length};
	NamedCategory *entry;
	bool		found;

	entry = names_insert(names->hash, key, &found);
	if (!found)
	{
		char	   *copy;

		if (names->count == CATEGORIES_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("column \"%s\" has more than %d categories", names->column,
							CATEGORIES_MAX),
					 errdetail("Text columns become categorical features, each distinct value a category."),
					 errhint("A column with so many values identifies rows: leave it out, or name it as key_column.")));
		names->bytes += key.length;
		if (names->bytes > CATEGORY_NAMES_BYTES_MAX)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("names of categories in column \"%s\" have more than %d MB",
							names->column,
							CATEGORY_NAMES_BYTES_MAX / (1024 * 1024)),
					 errdetail("Text columns become categorical features, each distinct value a category."),
					 errhint("A column of long texts is no category: leave it out.")));
		copy = MemoryContextAlloc(names->context, key.length + 1);
		memcpy(copy, key.name, key.length);
		copy[key.length] = '\0';
		entry->key.name = copy;
		entry->code = names->count++;
	}
	return entry->code;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(NamedCategory *const *) a)->key.name, (*(NamedCategory *const *) b)->key.name);
}

void
categories_sort(CategoryNames *names)
{
	names_iterator iterator;
	NamedCategory *entry;
	NamedCategory **sorted = palloc(Max(names->count, 1) * sizeof(NamedCategory *));
	int			count = 0;

	names_start_iterate(names->hash, &iterator);
	while ((entry = names_iterate(names->hash, &iterator)) != NULL)
		sorted[count++] = entry;
	qsort(sorted, count, sizeof(NamedCategory *), compare_names);
	names->names = palloc(Max(count, 1) * sizeof(char *));
	names->codes = palloc(Max(count, 1) * sizeof(float));
	for (int i = 0; i < count; i++)
	{
		names->names[i] = sorted[i]->key.name;
		names->codes[sorted[i]->code] = (float) i;
	}
	names_destroy(names->hash);
	names->hash = NULL;
	pfree(sorted);
}
