/*
 * columns.h
 *		The columns of a training's query: which part each of them plays.
 */
#ifndef COLUMNS_H
#define COLUMNS_H

#include "postgres.h"

#include "access/tupdesc.h"

#include "base/column_value.h"
#include "libxgboost/handle.h"
#include "training/categories.h"
#include "training/request.h"

/* A column that might be a feature */
typedef struct TrainingColumn
{
	char	   *name;
	int			index;			/* in the query's result */
	Conversion	conversion;
	FeatureType type;
	bool		padded;			/* character(n): blanks at the end do not count */
	CategoryNames *categories;	/* NULL unless it is categorical */
	float		first;			/* value in the first row */
	bool		varies;
	int64		filled;			/* rows that have a value, of a categorical one */
} TrainingColumn;

typedef struct TrainingColumns
{
	TupleDesc	descriptor;		/* the query's */

	/* those that play another part, from 0; -1: none */
	int			label;
	int			key;
	int			period;
	int			weight;
	int			known;
	int			held_out;
	int			fold;
	Conversion	label_conversion;
	Conversion	weight_conversion;
	Conversion	fold_conversion;
	Oid			key_type;
	FmgrInfo	key_output;
	Oid			period_type;

	int			count;
	TrainingColumn *columns;
	int			feature_count;	/* of these, those that vary: known after the last row */
	int		   *features;		/* their positions in columns */
	int			unusable_count; /* columns whose type cannot feed a feature */
	char	  **unusable;
} TrainingColumns;

/* Errors where a column is missing, there twice, or of a wrong type.  In CurrentMemoryContext. */
extern TrainingColumns *training_columns_find(TupleDesc descriptor, const TrainingSpec *spec);

/* A column's type, the one below its domains */
extern Oid	training_columns_type(const TrainingColumns *columns, int column);

/* A notice of the columns that cannot be features, if there are any */
extern void training_columns_tell_unusable(const TrainingColumns *columns);

/*
 * After the last row: columns with one value in all rows teach nothing.  Where they
 * were named it is an error; where all columns were taken they are left out, with a
 * notice.
 */
extern void training_columns_keep_varying(TrainingColumns *columns, const TrainingSpec *spec);

/* A notice of the features, by kind, once they are known */
extern void training_columns_tell_features(const TrainingColumns *columns);

#endif							/* COLUMNS_H */
