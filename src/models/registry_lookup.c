/*
 * registry_lookup.c
 *		Looking into the registry's tables, below everything that knows what is
 *		in them.
 *
 * The tables are scanned directly, not through SPI: whoever may call a scoring
 * function may use every model, but cannot read its weights, and nothing here
 * depends on search_path.  Every scan runs under the caller's snapshot, so that
 * uncommitted imports, aborted promotions, old snapshots, workers and standbys
 * are all right because MVCC is; the one exception is registry_digest_in_use(),
 * which asks what holds now.
 *
 * The layout is that of sql/install/02-registry.sql; columns are only ever added
 * at the end.  Keyed texts are of the collation C, so that no locale can make two
 * names of one, or the index unreadable elsewhere.
 */
#include "models/registry_lookup.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "models/reference.h"

/* The most pages of risk_internal.registry that are read without an index */
#define FEW_PAGES 4

Snapshot
registry_snapshot(void)
{
	return ActiveSnapshotSet() ? GetActiveSnapshot() : GetTransactionSnapshot();
}

Oid
registry_find_relation(const char *name)
{
	Oid			schema = get_namespace_oid(REGISTRY_SCHEMA, true);

	return OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;
}

Oid
registry_relation(const char *name)
{
	Oid			relation = registry_find_relation(name);

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s.%s\" does not exist", REGISTRY_SCHEMA, name),
				 errdetail("It belongs to the extension company_risk."),
				 errhint("Run CREATE EXTENSION company_risk in this database.")));
	return relation;
}

Relation
registry_open(const char *name, int columns)
{
	Relation	relation = table_open(registry_relation(name), AccessShareLock);

	if (RelationGetNumberOfAttributes(relation) < columns)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s.%s\" has too few columns for this version of the library",
						REGISTRY_SCHEMA, name),
				 errhint("Run ALTER EXTENSION company_risk UPDATE.")));
	return relation;
}

/*
 * Few models fill few pages, and reading those is about as fast as one look into
 * an index; but an index that a connection has not used before must be found in
 * the catalogs, which takes longer than all the rest of resolving a reference.
 *
 * Not in a serializable transaction: reading the whole table, it would conflict
 * with changes to other models.
 */
SysScanDesc
registry_scan_versions(Relation relation, const char *index, Snapshot snapshot,
					   int key_count, ScanKey keys)
{
	if (RelationGetNumberOfBlocks(relation) <= FEW_PAGES && !IsolationIsSerializable())
		return systable_beginscan(relation, InvalidOid, false, snapshot, key_count, keys);
	return systable_beginscan(relation, registry_relation(index), true, snapshot, key_count, keys);
}

void
registry_key_text(ScanKey key, AttrNumber column, const char *value)
{
	ScanKeyInit(key, column, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(value));
}

void
registry_key_int(ScanKey key, AttrNumber column, int value)
{
	ScanKeyInit(key, column, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(value));
}

void
registry_version_keys(ScanKey keys, const char *name, int version)
{
	registry_key_text(&keys[0], REGISTRY_NAME, name);
	registry_key_int(&keys[1], REGISTRY_VERSION, version);
}

Datum
registry_optional(HeapTuple tuple, Relation relation, AttrNumber column, bool *isnull)
{
	return heap_getattr(tuple, column, RelationGetDescr(relation), isnull);
}

Datum
registry_required(HeapTuple tuple, Relation relation, AttrNumber column)
{
	bool		isnull;
	Datum		value = registry_optional(tuple, relation, column, &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("column \"%s\" of relation \"%s\" is null",
						NameStr(TupleDescAttr(RelationGetDescr(relation), column - 1)->attname),
						RelationGetRelationName(relation))));
	return value;
}

char *
registry_string(HeapTuple tuple, Relation relation, AttrNumber column)
{
	bool		isnull;
	Datum		value = registry_optional(tuple, relation, column, &isnull);

	if (isnull)
		return NULL;
	if (TupleDescAttr(RelationGetDescr(relation), column - 1)->atttypid == NAMEOID)
		return pstrdup(NameStr(*DatumGetName(value)));
	return TextDatumGetCString(value);
}

bool
registry_digest_in_use(const uint8 *digest)
{
	Relation	relation = registry_open("registry", REGISTRY_COLUMNS);
	bytea	   *value = palloc(VARHDRSZ + CONTENT_DIGEST_LENGTH);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		in_use = false;

	SET_VARSIZE(value, VARHDRSZ + CONTENT_DIGEST_LENGTH);
	memcpy(VARDATA(value), digest, CONTENT_DIGEST_LENGTH);
	ScanKeyInit(&key, REGISTRY_CONTENT_DIGEST, BTEqualStrategyNumber, F_BYTEAEQ,
				PointerGetDatum(value));
	/* without a snapshot: the latest, which parallel workers may have too */
	scan = registry_scan_versions(relation, "registry_content", NULL, 1, &key);
	while (!in_use && HeapTupleIsValid(tuple = systable_getnext(scan)))
		in_use = strcmp(registry_string(tuple, relation, REGISTRY_STATE), "archived") != 0;
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return in_use;
}
