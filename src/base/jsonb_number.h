/*
 * jsonb_number.h
 *		A number in a jsonb as a double.
 */
#ifndef JSONB_NUMBER_H
#define JSONB_NUMBER_H

#include "postgres.h"

#include "utils/jsonb.h"

/* Of a value that is a number (jbvNumeric): the nearest double; infinite when it is beyond all. */
extern double jsonb_number(const JsonbValue *value);

#endif							/* JSONB_NUMBER_H */
