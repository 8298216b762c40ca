/*
 * identifiers.c
 *		Text columns that say whose a row is, and so are no categories.
 *
 * A query that selects all of a table brings a company's number or name along.  As a
 * categorical feature it lets the model learn by heart who failed: its metrics are
 * splendid where rows of one company are on both sides, it says nothing of any other
 * company, and all its values stand in the model.  So such a column is refused, unless
 * it is named in features: then somebody meant it.
 *
 * It is known by numbers of values alone, after the last row.  A column identifies
 *
 *	- keys, where there is a key: when it has at least half as many values;
 *	- rows: when it has at least half as many values as there are rows that have one;
 *	- without a key, and with dates, keys that come once a date: when its values and the
 *	  dates make a grid that the rows fill, though not more than once (and at least by a
 *	  quarter, since many values and many dates make a large grid of anything).  There
 *	  are fewer dates than keys in such a grid, which tells dates of rows from times of
 *	  events.
 *
 * Few values are categories, however few the rows are.  Numbers are not looked at: a
 * debt has as many values as rows.
 *
 * Memory is bounded: there are at most CATEGORIES_MAX categories, so that keys and dates
 * need not be told apart beyond twice that number.
 */
#include "training/identifiers.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"

#include "base/messages.h"
#include "training/periods.h"

#define IDENTIFIERS_MIN 20
#define DISTINCT_MAX (2 * CATEGORIES_MAX)

typedef struct DistinctEntry
{
	uint64		value;
	char		status;
} DistinctEntry;

#define SH_PREFIX distinct
#define SH_ELEMENT_TYPE DistinctEntry
#define SH_KEY_TYPE uint64
#define SH_KEY value
#define SH_HASH_KEY(table, k) murmurhash32((uint32) (k) ^ (uint32) ((k) >> 32))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct Dates
{
	int			column;			/* in the query's result */
	Oid			type;
	distinct_hash *values;
} Dates;

struct Identifiers
{
	TrainingColumns *columns;
	int64		rows;
	distinct_hash *keys;		/* their lots; NULL without a key */
	int			dates_count;
	Dates	   *dates;
};

Identifiers *
identifiers_create(TrainingColumns *columns, const TrainingSpec *spec)
{
	Identifiers *identifiers;
	bool		any = false;

	for (int i = 0; i < columns->count; i++)
		any |= columns->columns[i].categories != NULL;
	if (!any || spec->feature_count > 0)
		return NULL;
	identifiers = palloc0(sizeof(Identifiers));
	identifiers->columns = columns;
	if (columns->key >= 0)
	{
		identifiers->keys = distinct_create(CurrentMemoryContext, 64, NULL);
		return identifiers;
	}
	identifiers->dates = palloc0(columns->descriptor->natts * sizeof(Dates));
	for (int i = 0; i < columns->descriptor->natts; i++)
	{
		Oid			type = training_columns_type(columns, i);

		if (i != columns->period && !date_type(type))
			continue;
		identifiers->dates[identifiers->dates_count++] = (Dates) {
			.column = i,
			.type = type,
			.values = distinct_create(CurrentMemoryContext, 64, NULL)
		};
	}
	return identifiers;
}

/* Beyond the limit it only matters that there are many. */
static void
add_value(distinct_hash *values, uint64 value)
{
	bool		found;

	if (values->members <= DISTINCT_MAX)
		(void) distinct_insert(values, value, &found);
}

void
identifiers_add(Identifiers *identifiers, uint64 lot, const Datum *datums, const bool *nulls)
{
	if (identifiers == NULL)
		return;
	identifiers->rows++;
	if (identifiers->keys != NULL)
		add_value(identifiers->keys, lot);
	for (int i = 0; i < identifiers->dates_count; i++)
	{
		Dates	   *dates = &identifiers->dates[i];
		int64		date;

		if (!nulls[dates->column] && period_value(dates->type, datums[dates->column], &date))
			add_value(dates->values, (uint64) date);
	}
}

static const char *
column_name(const Identifiers *identifiers, int column)
{
	return NameStr(TupleDescAttr(identifiers->columns->descriptor, column)->attname);
}

/* Why a column of so many values in so many rows is none of categories; NULL if it may be */
static char *
why_identifying(const Identifiers *identifiers, const TrainingColumn *column)
{
	int64		values = column->categories->count;
	int64		rows = column->filled;
	int64		keys = identifiers->keys == NULL ? 0 : identifiers->keys->members;

	if (values < IDENTIFIERS_MIN)
		return NULL;
	if (2 * values >= rows)
		return psprintf("Column \"%s\" has " INT64_FORMAT " values in " INT64_FORMAT " rows.",
						column->name, values, rows);
	if (keys > 0 && 2 * values >= keys)
		return psprintf("Column \"%s\" has " INT64_FORMAT " values for " INT64_FORMAT
						" keys in \"%s\".", column->name, values, keys,
						column_name(identifiers, identifiers->columns->key));
	for (int i = 0; i < identifiers->dates_count; i++)
	{
		int64		dates = identifiers->dates[i].values->members;

		if (dates < values && dates * values >= rows && dates * values / 4 <= rows)
			return psprintf("Column \"%s\" has " INT64_FORMAT " values in " INT64_FORMAT
							" rows, each about once for each of the " INT64_FORMAT
							" values of \"%s\".", column->name, values, rows, dates,
							column_name(identifiers, identifiers->dates[i].column));
	}
	return NULL;
}

void
identifiers_check(const Identifiers *identifiers)
{
	StringInfoData names;
	StringInfoData reasons;
	int			count = 0;

	if (identifiers == NULL)
		return;
	initStringInfo(&names);
	initStringInfo(&reasons);
	for (int i = 0; i < identifiers->columns->count; i++)
	{
		const TrainingColumn *column = &identifiers->columns->columns[i];
		const char *reason = column->categories == NULL ? NULL :
			why_identifying(identifiers, column);

		if (reason == NULL)
			continue;
		message_add_name(&names, count++, column->name);
		appendStringInfo(&reasons, "%s%s", count > 1 ? "\n" : "", reason);
	}
	if (count == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg_plural("column identifies rows, and is no category: %s",
						   "columns identify rows, and are no categories: %s",
						   count, names.data),
			 errdetail("%s", reasons.data),
			 identifiers->keys == NULL ?
			 errhint("Name the key as key_column, and leave other such columns out; a model learns from them only where features names them.") :
			 errhint("Leave such columns out of the query; a model learns from them only where features names them.")));
}
