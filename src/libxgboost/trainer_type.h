/*
 * trainer_type.h
 *		A Trainer by name, and the protocol that it speaks: what headers of this
 *		room need of each other.
 */
#ifndef TRAINER_TYPE_H
#define TRAINER_TYPE_H

#include "postgres.h"

#include "../trainer/protocol.h"

typedef struct Trainer Trainer;

#endif							/* TRAINER_TYPE_H */
