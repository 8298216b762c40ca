/*
 * names.h
 *		What models and their features may be called, and in which encoding.
 */
#ifndef NAMES_H
#define NAMES_H

#include "postgres.h"

#include "core/model.h"

/*
 * Names in a model are UTF-8: turns them, in place, into the database's encoding.
 * An error says what it cannot write.  Its features' names only where they are to
 * be used.
 */
extern void names_recode(Model *model, bool features, bool categories);

/* An error where a feature's name is longer than the registry's indexes take. */
extern void names_check_length(const char *name);

#endif							/* NAMES_H */
