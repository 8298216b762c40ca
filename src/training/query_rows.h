/*
 * query_rows.h
 *		From a query to the rows of a training.
 */
#ifndef QUERY_ROWS_H
#define QUERY_ROWS_H

#include "training/rows.h"

/*
 * Runs the query, once, as the current user, and keeps its rows in temporary files.
 * check_columns is called when the columns are known, before the first row is read.
 */
extern TrainingData *training_query_read(const char *query, const TrainingSpec *spec,
										 void (*check_columns) (const TrainingSpec *spec,
																const TrainingColumns *columns));

#endif							/* QUERY_ROWS_H */
