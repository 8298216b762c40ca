/*
 * server_host.h
 *		The core's host in a server process, and models read from memory.
 */
#ifndef SERVER_HOST_H
#define SERVER_HOST_H

#include "postgres.h"

#include "core/model.h"

/*
 * The core's host in a backend: palloc in CurrentMemoryContext, ereport, and
 * CHECK_FOR_INTERRUPTS.  A failure of the core is an ERROR whose message depends
 * on its kind and whose detail is the core's.
 */
extern CoreHost *server_host(void);

/*
 * Reads a model from memory; its errors are the host's.  digest, unless NULL, is
 * set to the SHA-256 of the bytes.
 */
extern Model *server_read_model(const bytea *bytes, uint8 *digest);

#endif							/* SERVER_HOST_H */
