/*
 * identifiers.h
 *		Text columns that say whose a row is, and so are no categories.
 */
#ifndef IDENTIFIERS_H
#define IDENTIFIERS_H

#include "postgres.h"

#include "training/columns.h"

typedef struct Identifiers Identifiers;

/* NULL where no column is to be looked at; in CurrentMemoryContext */
extern Identifiers *identifiers_create(TrainingColumns *columns, const TrainingSpec *spec);

/* A row of the query, with its key's lot */
extern void identifiers_add(Identifiers *identifiers, uint64 lot, const Datum *datums,
							const bool *nulls);

/* After the last row: an error that names the columns, if there are any. */
extern void identifiers_check(const Identifiers *identifiers);

#endif							/* IDENTIFIERS_H */
