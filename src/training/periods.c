/*
 * periods.c
 *		The periods that a training's rows are of.
 *
 * Which are the last ones is known when all rows have come; so they are collected,
 * each once, and there may be too many: months and quarters are few, moments not.
 */
#include "training/periods.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Periods are months or quarters, not moments. */
#define PERIODS_MAX 100000

typedef struct PeriodEntry
{
	int64		period;
	char		status;
} PeriodEntry;

#define SH_PREFIX periods
#define SH_ELEMENT_TYPE PeriodEntry
#define SH_KEY_TYPE int64
#define SH_KEY period
#define SH_HASH_KEY(table, k) murmurhash32((uint32) (k) ^ (uint32) ((uint64) (k) >> 32))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

bool
date_type(Oid type)
{
	return type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID;
}

bool
period_type(Oid type)
{
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return true;
		default:
			return false;
	}
}

bool
period_value(Oid type, Datum datum, int64 *period)
{
	switch (type)
	{
		case INT2OID:
			*period = DatumGetInt16(datum);
			return true;
		case INT4OID:
			*period = DatumGetInt32(datum);
			return true;
		case INT8OID:
			*period = DatumGetInt64(datum);
			return true;
		case DATEOID:
			*period = DatumGetDateADT(datum);
			return !DATE_NOT_FINITE((DateADT) *period);
		default:
			*period = DatumGetTimestamp(datum);
			return !TIMESTAMP_NOT_FINITE(*period);
	}
}

char *
period_text(Oid type, int64 period)
{
	char		buffer[MAXDATELEN + 1];

	switch (type)
	{
		case DATEOID:
			JsonEncodeDateTime(buffer, DateADTGetDatum((DateADT) period), DATEOID, NULL);
			return pstrdup(buffer);
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			JsonEncodeDateTime(buffer, TimestampGetDatum(period), type, NULL);
			return pstrdup(buffer);
		default:
			return psprintf(INT64_FORMAT, period);
	}
}

Periods *
periods_make(Oid type, const char *column)
{
	Periods    *periods = palloc0(sizeof(Periods));

	periods->type = type;
	periods->column = column;
	periods->hash = periods_create(CurrentMemoryContext, 64, NULL);
	return periods;
}

void
periods_add(Periods *periods, int64 period)
{
	bool		found;

	/* rows of a period are often together */
	if (periods->any && period == periods->last)
		return;
	periods->any = true;
	periods->last = period;
	(void) periods_insert(periods->hash, period, &found);
	if (!found && periods->hash->members > PERIODS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("column \"%s\" has more than %d periods", periods->column, PERIODS_MAX),
				 errhint("Give the month or the quarter, as date_trunc('month', ...)::date.")));
}

static int
compare_periods(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

void
periods_sort(Periods *periods)
{
	periods_iterator iterator;
	PeriodEntry *entry;

	periods->values = palloc(Max(periods->hash->members, 1) * sizeof(int64));
	periods_start_iterate(periods->hash, &iterator);
	while ((entry = periods_iterate(periods->hash, &iterator)) != NULL)
		periods->values[periods->count++] = entry->period;
	qsort(periods->values, periods->count, sizeof(int64), compare_periods);
	periods_destroy(periods->hash);
	periods->hash = NULL;
}
