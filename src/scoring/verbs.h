/*
 * verbs.h
 *		The functions that score and explain rows, and what they become in plans.
 */
#ifndef VERBS_H
#define VERBS_H

#include "postgres.h"

/* A verb: the SQL functions of this name, and the one that takes a row's columns */
typedef struct Verb
{
	const char *name;
	const char *columns;		/* in the schema of the registry */
	bool		explains;
} Verb;

/* One SQL function of a verb */
typedef struct VerbForm
{
	const Verb *verb;
	Oid			first_argument; /* its type */
	int			argument_count;
} VerbForm;

/* Which verb's a function is; false if it is none's. */
extern bool verb_form(Oid function, VerbForm *form);

/* The function of columns that a function of a row may become; invalid if there is none. */
extern Oid	verb_columns_function(const VerbForm *row_form);

/*
 * An error unless the current user may call the function of the row that this one
 * of columns stands for.
 */
extern void verb_require_execute(Oid columns_function);

#endif							/* VERBS_H */
