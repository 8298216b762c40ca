/*
 * handle.h
 *		A Trainer by name, and the protocol that it speaks: what headers of this
 *		room need of each other.
 */
#ifndef HANDLE_H
#define HANDLE_H

#include "postgres.h"

#include "../trainer/protocol.h"

typedef struct Trainer Trainer;

#endif							/* HANDLE_H */
