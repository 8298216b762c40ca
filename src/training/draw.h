/*
 * draw.h
 *		Lots and draws: by which rows are held out, in a fold, left out, or in a sample.
 */
#ifndef DRAW_H
#define DRAW_H

#include "postgres.h"

#include "fmgr.h"

/* The lot of a key, as a text of this database: from seed and key alone */
extern uint64 training_lot(const char *key, int length, int64 seed);

/* Of a row without a key; number counts from 1. */
extern uint64 training_number_lot(int64 number, int64 seed);

/* Of a key; its type must be one that can be a key, output its output function. */
extern bool training_key_type(Oid type);
extern uint64 training_key_lot(Oid type, FmgrInfo *output, Datum key, int64 seed);

/* Each purpose draws its own number from a lot. */
typedef enum DrawPurpose
{
	DRAW_HELD_OUT,
	DRAW_TEST,
	DRAW_FOLD,
	DRAW_NEGATIVES,
	DRAW_PROFILE
} DrawPurpose;

/* Uniform in [0, 1) */
extern double training_draw(uint64 lot, DrawPurpose purpose);

#endif							/* DRAW_H */
