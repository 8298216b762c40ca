/*
 * categories.h
 *		Names of categories, and their codes.
 */
#ifndef CATEGORIES_H
#define CATEGORIES_H

#include "postgres.h"

/* A feature with more categories than this is an identifier, not a category. */
#define CATEGORIES_MAX 65536

typedef struct CategoryNames
{
	const char *column;			/* whose they are, for messages */
	int			count;

	/* while names come */
	MemoryContext context;
	struct names_hash *hash;
	Size		bytes;

	/* afterwards: names in order, each one's place being its code */
	const char **names;
	float	   *codes;			/* by provisional code */
} CategoryNames;

/* In CurrentMemoryContext */
extern CategoryNames *categories_create(const char *column);

/* The provisional code of a name, known or new; there may be too many of them. */
extern int	categories_code(CategoryNames *names, const char *name, Size length);

/* No more names come: puts them into order, which does not depend on the order of rows. */
extern void categories_sort(CategoryNames *names);

#endif							/* CATEGORIES_H */
