/*
 * periods.h
 *		The periods that a training's rows are of: days, months, quarters or years.
 */
#ifndef PERIODS_H
#define PERIODS_H

#include "postgres.h"

typedef struct Periods
{
	Oid			type;			/* of the column: InvalidOid without one */
	const char *column;			/* for messages */

	/* while rows come */
	struct periods_hash *hash;
	bool		any;
	int64		last;

	/* afterwards: ascending, each as its type stores it */
	int			count;
	int64	   *values;
} Periods;

/* Can a column of this type hold periods? */
extern bool period_type(Oid type);

/* Does it hold dates or times, not numbers? */
extern bool date_type(Oid type);

/* A period as an int64 whose order is the periods'; false if it is infinite. */
extern bool period_value(Oid type, Datum datum, int64 *period);

/* ISO 8601, or a whole number */
extern char *period_text(Oid type, int64 period);

/* In CurrentMemoryContext */
extern Periods *periods_make(Oid type, const char *column);
extern void periods_add(Periods *periods, int64 period);
extern void periods_sort(Periods *periods);

#endif							/* PERIODS_H */
