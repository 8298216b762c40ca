/*
 * registry_lookup.h
 *		Looking into the registry's tables, below everything that knows what is in them.
 */
#ifndef REGISTRY_LOOKUP_H
#define REGISTRY_LOOKUP_H

#include "postgres.h"

#include "access/genam.h"
#include "access/htup.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"

#define REGISTRY_SCHEMA "risk_internal"

/* Columns of risk_internal.registry */
enum
{
	REGISTRY_NAME = 1,
	REGISTRY_VERSION,
	REGISTRY_STATE,
	REGISTRY_DESCRIPTION,
	REGISTRY_IMPORTED_AT,
	REGISTRY_IMPORTED_BY,
	REGISTRY_FORMAT,
	REGISTRY_BYTES,
	REGISTRY_DIGEST,
	REGISTRY_CONTENT_DIGEST,
	REGISTRY_XGBOOST_VERSION,
	REGISTRY_BOOSTER,
	REGISTRY_OBJECTIVE,
	REGISTRY_FEATURES,
	REGISTRY_OUTPUT_GROUPS,
	REGISTRY_TREES,
	REGISTRY_NODES,
	REGISTRY_DEPTH,
	REGISTRY_ROUNDS,
	REGISTRY_ROUNDS_TOTAL,
	REGISTRY_IMAGE_BYTES,
	REGISTRY_MISSING_VALUE,
	REGISTRY_THRESHOLD_STRONG,
	REGISTRY_THRESHOLD_MODERATE,
	REGISTRY_LANGUAGE,
	REGISTRY_ALERT_STRONG,
	REGISTRY_ALERT_MODERATE,
	REGISTRY_ALERT_NONE,
	REGISTRY_SOURCE_SCHEMA,
	REGISTRY_SOURCE_RELATION,
	REGISTRY_KEY_COLUMN,
	REGISTRY_PERIOD_COLUMN,
	REGISTRY_CALIBRATION,
	REGISTRY_MAX_MISSING_SHARE,
	REGISTRY_ALERT_OUT_OF_SCOPE,
	REGISTRY_COLUMNS = REGISTRY_ALERT_OUT_OF_SCOPE
};

/* The snapshot in force, for reading the registry. */
extern Snapshot registry_snapshot(void);

/* A table or index of the registry; registry_relation() errors when it is missing. */
extern Oid	registry_find_relation(const char *name);
extern Oid	registry_relation(const char *name);

/* A table, opened for reading; an error when it has fewer columns than we know. */
extern Relation registry_open(const char *name, int columns);

/*
 * Scans risk_internal.registry, by an index where that pays: what the index leaves
 * out is to be left out by the caller, too.
 */
extern SysScanDesc registry_scan_versions(Relation relation, const char *index, Snapshot snapshot,
										  int key_count, ScanKey keys);

/* Keys of a scan: equal to a value */
extern void registry_key_text(ScanKey key, AttrNumber column, const char *value);
extern void registry_key_int(ScanKey key, AttrNumber column, int value);

/* The keys, of two columns, that a version's rows have in every table of the registry */
extern void registry_version_keys(ScanKey keys, const char *name, int version);

/* A column that must not be null, one that may be, and a text or name that may be (then NULL) */
extern Datum registry_required(HeapTuple tuple, Relation relation, AttrNumber column);
extern Datum registry_optional(HeapTuple tuple, Relation relation, AttrNumber column, bool *isnull);
extern char *registry_string(HeapTuple tuple, Relation relation, AttrNumber column);

/* Does any candidate or production version have this content, as of now? */
extern bool registry_digest_in_use(const uint8 *digest);

#endif							/* REGISTRY_LOOKUP_H */
