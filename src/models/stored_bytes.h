/*
 * stored_bytes.h
 *		The bytes of a version, as they were imported.
 */
#ifndef STORED_BYTES_H
#define STORED_BYTES_H

#include "postgres.h"

#include "core/model.h"
#include "models/registry.h"

typedef struct ChunkSource ChunkSource;

/*
 * Opens the bytes of a version, for reading them once through the source that
 * stored_bytes_source() gives.  At their end length and digest are checked.
 */
extern ChunkSource *stored_bytes_open(const ModelVersion *version, Snapshot snapshot);
extern ModelSource *stored_bytes_source(ChunkSource *chunks);
extern void stored_bytes_close(ChunkSource *chunks);

/* All bytes of a version, their digest checked */
extern bytea *registry_export(const ModelVersion *version, Snapshot snapshot);

#endif							/* STORED_BYTES_H */
