/*
 * registry.c
 *		Reading the registry of models: references, dictionaries, bytes.
 *
 * A reference is resolved by a scan of the registry under the caller's snapshot,
 * when a call is first evaluated in a statement (call.c).  That costs a few
 * microseconds and needs no cache across statements, hence no invalidation:
 * uncommitted imports, aborted promotions, old snapshots, workers and standbys
 * are all right because MVCC is.
 *
 * The tables are scanned directly, not through SPI: whoever may call a scoring
 * function may use every model, but cannot read its weights, and nothing here
 * depends on search_path.  The layout is that of sql/install/02-registry.sql;
 * columns are only ever added at the end.
 */
#include "models/registry.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/digest.h"
#include "core/forest.h"
#include "models/server_host.h"

char	   *company_risk_default_model = NULL;

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
	REGISTRY_COLUMNS = REGISTRY_CALIBRATION
};

/* Columns of risk_internal.registry_feature */
enum
{
	FEATURE_NAME = 1,
	FEATURE_VERSION,
	FEATURE_POSITION,
	FEATURE_FEATURE,
	FEATURE_KIND,
	FEATURE_USED,
	FEATURE_CATEGORIES,
	FEATURE_LABEL,
	FEATURE_GROUP,
	FEATURE_SOURCE,
	FEATURE_COLUMNS = FEATURE_SOURCE
};

/* Columns of risk_internal.registry_group */
enum
{
	GROUP_NAME = 1,
	GROUP_VERSION,
	GROUP_GROUP,
	GROUP_LABEL,
	GROUP_COLUMNS = GROUP_LABEL
};

/* Columns of risk_internal.registry_chunk */
enum
{
	CHUNK_NAME = 1,
	CHUNK_VERSION,
	CHUNK_NUMBER,
	CHUNK_DATA,
	CHUNK_COLUMNS = CHUNK_DATA
};

/* ----------
 * Scans
 * ----------
 */
static Oid
registry_relation(const char *name)
{
	Oid			schema = get_namespace_oid(REGISTRY_SCHEMA, true);
	Oid			relation = OidIsValid(schema) ? get_relname_relid(name, schema) : InvalidOid;

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("relation \"%s.%s\" does not exist", REGISTRY_SCHEMA, name),
				 errdetail("It belongs to the extension company_risk."),
				 errhint("Run CREATE EXTENSION company_risk in this database.")));
	return relation;
}

static Relation
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

/* The most pages of risk_internal.registry that are read without an index */
#define FEW_PAGES 4

/*
 * Scans risk_internal.registry, by an index where that pays.  Few models fill few pages,
 * and reading those is about as fast as one look into an index; but an index
 * that a connection has not used before must be found in the catalogs, which
 * takes longer than all the rest of resolving a reference.
 *
 * Not in a serializable transaction: reading the whole table, it would conflict
 * with changes to other models.
 */
static SysScanDesc
scan_versions(Relation relation, const char *index, Snapshot snapshot, int key_count, ScanKey keys)
{
	if (RelationGetNumberOfBlocks(relation) <= FEW_PAGES && !IsolationIsSerializable())
		return systable_beginscan(relation, InvalidOid, false, snapshot, key_count, keys);
	return systable_beginscan(relation, registry_relation(index), true, snapshot, key_count, keys);
}

static void
key_text(ScanKey key, AttrNumber column, const char *value)
{
	ScanKeyInit(key, column, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(value));
}

static void
key_int(ScanKey key, AttrNumber column, int value)
{
	ScanKeyInit(key, column, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(value));
}

static Datum
required(HeapTuple tuple, Relation relation, AttrNumber column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, RelationGetDescr(relation), &isnull);

	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("column \"%s\" of relation \"%s\" is null",
						NameStr(TupleDescAttr(RelationGetDescr(relation), column - 1)->attname),
						RelationGetRelationName(relation))));
	return value;
}

/* A text or name column; NULL when null. */
static char *
optional_string(HeapTuple tuple, Relation relation, AttrNumber column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, RelationGetDescr(relation), &isnull);

	if (isnull)
		return NULL;
	if (TupleDescAttr(RelationGetDescr(relation), column - 1)->atttypid == NAMEOID)
		return pstrdup(NameStr(*DatumGetName(value)));
	return TextDatumGetCString(value);
}

Snapshot
registry_snapshot(void)
{
	return ActiveSnapshotSet() ? GetActiveSnapshot() : GetTransactionSnapshot();
}

/* ----------
 * References
 * ----------
 */
/* The language of a version, and its words for the levels of alert. */
static void
read_words(ModelVersion *version, HeapTuple tuple, Relation relation)
{
	char	   *code = TextDatumGetCString(required(tuple, relation, REGISTRY_LANGUAGE));

	version->language = language_find(code);
	if (version->language == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("language \"%s\" of model \"%s@%d\" is unknown to this version of the library",
						code, version->name, version->version)));
	version->alert_strong = optional_string(tuple, relation, REGISTRY_ALERT_STRONG);
	if (version->alert_strong == NULL)
		version->alert_strong = language_word(version->language, WORD_ALERT_STRONG);
	version->alert_moderate = optional_string(tuple, relation, REGISTRY_ALERT_MODERATE);
	if (version->alert_moderate == NULL)
		version->alert_moderate = language_word(version->language, WORD_ALERT_MODERATE);
	version->alert_none = optional_string(tuple, relation, REGISTRY_ALERT_NONE);
	if (version->alert_none == NULL)
		version->alert_none = language_word(version->language, WORD_ALERT_NONE);
}

static ModelVersion *
read_version(HeapTuple tuple, Relation relation)
{
	ModelVersion *version = palloc0(sizeof(ModelVersion));
	bytea	   *digest = DatumGetByteaPP(required(tuple, relation, REGISTRY_CONTENT_DIGEST));
	bool		isnull;
	Datum		threshold;
	Datum		calibration;

	version->name = optional_string(tuple, relation, REGISTRY_NAME);
	version->version = DatumGetInt32(required(tuple, relation, REGISTRY_VERSION));
	version->archived = strcmp(optional_string(tuple, relation, REGISTRY_STATE), "archived") == 0;
	version->rounds = DatumGetInt32(required(tuple, relation, REGISTRY_ROUNDS));
	if (VARSIZE_ANY_EXHDR(digest) != CONTENT_DIGEST_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("content digest of model \"%s@%d\" has %zu bytes instead of %d",
						version->name, version->version,
						VARSIZE_ANY_EXHDR(digest), CONTENT_DIGEST_LENGTH)));
	memcpy(version->content_digest, VARDATA_ANY(digest), CONTENT_DIGEST_LENGTH);

	threshold = heap_getattr(tuple, REGISTRY_THRESHOLD_STRONG, RelationGetDescr(relation), &isnull);
	if (!isnull)
	{
		version->has_thresholds = true;
		version->threshold_strong = DatumGetFloat8(threshold);
		version->threshold_moderate =
			DatumGetFloat8(required(tuple, relation, REGISTRY_THRESHOLD_MODERATE));
	}
	read_words(version, tuple, relation);
	version->source_schema = optional_string(tuple, relation, REGISTRY_SOURCE_SCHEMA);
	version->source_relation = optional_string(tuple, relation, REGISTRY_SOURCE_RELATION);
	version->key_column = optional_string(tuple, relation, REGISTRY_KEY_COLUMN);
	version->period_column = optional_string(tuple, relation, REGISTRY_PERIOD_COLUMN);
	calibration = heap_getattr(tuple, REGISTRY_CALIBRATION, RelationGetDescr(relation), &isnull);
	if (!isnull)
		version->calibration = DatumGetJsonbPCopy(calibration);
	return version;
}

#define PRODUCTION_VERSION 0
#define ANY_VERSION (-1)

/*
 * The version, the production version or any version of a name; of any name
 * when name is NULL, and then the names of all that were found, too.
 */
static ModelVersion *
find_version(const char *name, int number, Snapshot snapshot, List **names)
{
	Relation	relation = registry_open("registry", REGISTRY_COLUMNS);
	ScanKeyData keys[2];
	int			key_count = 0;
	SysScanDesc scan;
	HeapTuple	tuple;
	ModelVersion *found = NULL;

	if (name != NULL)
		key_text(&keys[key_count++], REGISTRY_NAME, name);
	if (number > 0)
		key_int(&keys[key_count++], REGISTRY_VERSION, number);
	scan = scan_versions(relation, number == PRODUCTION_VERSION ? "registry_production" : "registry_pkey",
						 snapshot, key_count, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		/* the index has no others, but the scan may do without it */
		if (number == PRODUCTION_VERSION &&
			strcmp(optional_string(tuple, relation, REGISTRY_STATE), "production") != 0)
			continue;
		if (found == NULL)
			found = read_version(tuple, relation);
		if (names != NULL)
			*names = lappend(*names, optional_string(tuple, relation, REGISTRY_NAME));
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}

static int
compare_strings(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static _Noreturn void
fail_several(List *names)
{
	StringInfoData quoted;
	ListCell   *cell;

	initStringInfo(&quoted);
	list_sort(names, compare_strings);
	foreach(cell, names)
		appendStringInfo(&quoted, "%s\"%s\"", quoted.len > 0 ? ", " : "", (char *) lfirst(cell));
	ereport(ERROR,
			(errcode(ERRCODE_AMBIGUOUS_PARAMETER),
			 errmsg("no model is named, and several are in production"),
			 errdetail("In production are: %s.", quoted.data),
			 errhint("Name a model, or set company_risk.default_model.")));
}

static ModelVersion *
only_production_version(Snapshot snapshot)
{
	List	   *names = NIL;
	ModelVersion *found = find_version(NULL, PRODUCTION_VERSION, snapshot, &names);

	if (found == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no model is in production"),
				 errhint("Import one with risk.import_model and put it into production with risk.promote_model, "
						 "or name a version, as name@version.")));
	if (list_length(names) > 1)
		fail_several(names);
	return found;
}

static _Noreturn void
fail_unknown(const char *reference)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("model \"%s\" does not exist", reference),
			 errhint("See the view risk.models.")));
}

/* Says where a reference that nobody wrote came from. */
static void
setting_context(void *reference)
{
	errcontext("setting company_risk.default_model");
}

static ModelVersion *resolve_reference(const char *reference, Snapshot snapshot);

void
registry_init(void)
{
	DefineCustomStringVariable("company_risk.default_model",
							   "Sets the model that is meant where none is named.",
							   "A name means its production version, name@version that version; "
							   "empty means the only model in production.",
							   &company_risk_default_model,
							   "",
							   PGC_USERSET, 0,
							   NULL, NULL, NULL);
}

ModelVersion *
registry_resolve(const char *reference, Snapshot snapshot)
{
	ModelVersion *found;
	ErrorContextCallback context = {
		.previous = error_context_stack,
		.callback = setting_context
	};

	if (reference != NULL && reference[0] != '\0')
		return resolve_reference(reference, snapshot);
	if (reference != NULL || company_risk_default_model == NULL || company_risk_default_model[0] == '\0')
		return only_production_version(snapshot);
	error_context_stack = &context;
	found = resolve_reference(company_risk_default_model, snapshot);
	error_context_stack = context.previous;
	return found;
}

static ModelVersion *
resolve_reference(const char *reference, Snapshot snapshot)
{
	const char *at;
	char	   *name;
	char	   *end;
	long		number;
	ModelVersion *found;

	at = strchr(reference, '@');
	if (at == NULL)
	{
		found = find_version(reference, PRODUCTION_VERSION, snapshot, NULL);
		if (found == NULL && find_version(reference, ANY_VERSION, snapshot, NULL) == NULL)
			fail_unknown(reference);
		if (found == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("model \"%s\" has no version in production", reference),
					 errhint("See the view risk.models; put a version into production with risk.promote_model, "
							 "or name one, as %s@1.", reference)));
		return found;
	}

	name = pnstrdup(reference, at - reference);
	errno = 0;
	number = strtol(at + 1, &end, 10);
	/* a version is written in one way: without sign, spaces or leading zeros */
	if (at[1] < '1' || at[1] > '9' || *end != '\0' || errno != 0 || number > INT_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid model reference \"%s\"", reference),
				 errhint("A reference is a name, or a name and a version, as %s@1.", name)));
	found = find_version(name, (int) number, snapshot, NULL);
	if (found == NULL)
		fail_unknown(reference);
	return found;
}

bool
registry_measure(const char *reference, Snapshot snapshot, ModelSize *size)
{
	const char *at = strchr(reference, '@');
	Oid			schema = get_namespace_oid(REGISTRY_SCHEMA, true);
	Oid			table = OidIsValid(schema) ? get_relname_relid("registry", schema) : InvalidOid;
	Relation	relation;
	ScanKeyData keys[2];
	int			key_count = 0;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			found = 0;

	/* a version that is none is not found */
	if (at != NULL && (at[1] < '1' || at[1] > '9' || strlen(at + 1) > 10 ||
					   strspn(at + 1, "0123456789") != strlen(at + 1) || atoll(at + 1) > INT_MAX))
		return false;
	if (!OidIsValid(table))
		return false;
	relation = table_open(table, AccessShareLock);
	if (RelationGetNumberOfAttributes(relation) < REGISTRY_COLUMNS)
	{
		table_close(relation, AccessShareLock);
		return false;
	}
	if (reference[0] != '\0')
		key_text(&keys[key_count++], REGISTRY_NAME, at ? pnstrdup(reference, at - reference) : reference);
	if (at != NULL)
		key_int(&keys[key_count++], REGISTRY_VERSION, atoi(at + 1));
	scan = scan_versions(relation, at ? "registry_pkey" : "registry_production", snapshot, key_count, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		double		share;

		if (at == NULL && strcmp(optional_string(tuple, relation, REGISTRY_STATE), "production") != 0)
			continue;
		found++;
		share = DatumGetInt32(required(tuple, relation, REGISTRY_ROUNDS)) /
			(double) Max(DatumGetInt32(required(tuple, relation, REGISTRY_ROUNDS_TOTAL)), 1);
		size->features = DatumGetInt32(required(tuple, relation, REGISTRY_FEATURES));
		size->depth = DatumGetInt32(required(tuple, relation, REGISTRY_DEPTH));
		size->trees = share * DatumGetInt32(required(tuple, relation, REGISTRY_TREES));
		size->nodes = share * DatumGetInt64(required(tuple, relation, REGISTRY_NODES));
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found == 1;
}

PG_FUNCTION_INFO_V1(company_risk_resolve_model);
Datum
company_risk_resolve_model(PG_FUNCTION_ARGS)
{
	char	   *reference = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	ModelVersion *found = registry_resolve(reference, registry_snapshot());

	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s@%d", found->name, found->version)));
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
	ScanKeyInit(&key, REGISTRY_CONTENT_DIGEST, BTEqualStrategyNumber, F_BYTEAEQ, PointerGetDatum(value));
	/* without a snapshot: the latest, which parallel workers may have too */
	scan = scan_versions(relation, "registry_content", NULL, 1, &key);
	while (!in_use && HeapTupleIsValid(tuple = systable_getnext(scan)))
		in_use = strcmp(optional_string(tuple, relation, REGISTRY_STATE), "archived") != 0;
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return in_use;
}

/* ----------
 * Dictionaries
 * ----------
 */

/* Fills in the labels of the groups that the features name. */
static void
read_group_labels(const ModelVersion *version, Snapshot snapshot, FeatureEntry *entries, int count)
{
	Relation	relation = registry_open("registry_group", GROUP_COLUMNS);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	key_text(&keys[0], GROUP_NAME, version->name);
	key_int(&keys[1], GROUP_VERSION, version->version);
	scan = systable_beginscan(relation, registry_relation("registry_group_pkey"), true, snapshot, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		char	   *group = optional_string(tuple, relation, GROUP_GROUP);
		char	   *label = optional_string(tuple, relation, GROUP_LABEL);

		for (int i = 0; i < count; i++)
			if (entries[i].feature_group != NULL && strcmp(entries[i].feature_group, group) == 0)
				entries[i].group_label = label;
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
}

FeatureEntry *
registry_features(const ModelVersion *version, Snapshot snapshot, int *count)
{
	Relation	relation = registry_open("registry_feature", FEATURE_COLUMNS);
	Relation	index = index_open(registry_relation("registry_feature_pkey"), AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	int			capacity = 64;
	FeatureEntry *entries = palloc(capacity * sizeof(FeatureEntry));

	*count = 0;
	key_text(&keys[0], FEATURE_NAME, version->name);
	key_int(&keys[1], FEATURE_VERSION, version->version);
	scan = systable_beginscan_ordered(relation, index, snapshot, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		FeatureEntry *entry;

		if (*count == capacity)
		{
			capacity *= 2;
			entries = repalloc_huge(entries, capacity * sizeof(FeatureEntry));
		}
		entry = &entries[(*count)++];
		entry->feature = optional_string(tuple, relation, FEATURE_FEATURE);
		entry->label = optional_string(tuple, relation, FEATURE_LABEL);
		entry->feature_group = optional_string(tuple, relation, FEATURE_GROUP);
		entry->group_label = NULL;
		entry->source = optional_string(tuple, relation, FEATURE_SOURCE);
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(relation, AccessShareLock);
	read_group_labels(version, snapshot, entries, *count);
	return entries;
}

/* ----------
 * Bytes
 * ----------
 */

/*
 * A scan over the chunks of a version, numbered from 1 without gaps.  At their
 * end, length and digest must be the registry's, so nobody takes damaged bytes
 * for a model.
 */
typedef struct ChunkSource
{
	ModelSource source;			/* must be first */
	const ModelVersion *version;
	Relation	relation;
	Relation	index;
	SysScanDesc scan;
	MemoryContext context;		/* of the chunk at hand */
	int			number;
	pg_cryptohash_ctx *hash;
	int64		bytes;			/* read so far */
	int64		expected_bytes;
	uint8		expected_digest[PG_SHA256_DIGEST_LENGTH];
} ChunkSource;

static _Noreturn void
fail_stored_bytes(ChunkSource *chunks, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("stored bytes of model \"%s@%d\" are incomplete or damaged",
					chunks->version->name, chunks->version->version),
			 errdetail("%s", detail),
			 errhint("Import the model again from its source, as a new version.")));
}

static void
check_digest(ChunkSource *chunks)
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];

	if (chunks->bytes != chunks->expected_bytes)
		fail_stored_bytes(chunks, psprintf("There are " INT64_FORMAT " bytes instead of " INT64_FORMAT ".",
										   chunks->bytes, chunks->expected_bytes));
	digest_end(chunks->hash, digest);
	if (memcmp(digest, chunks->expected_digest, sizeof(digest)) != 0)
		fail_stored_bytes(chunks, "Their SHA-256 digest is not the one of the import.");
}

static size_t
next_chunk(ModelSource *source, const uint8_t **chunk)
{
	ChunkSource *chunks = (ChunkSource *) source;
	HeapTuple	tuple = systable_getnext_ordered(chunks->scan, ForwardScanDirection);
	MemoryContext old_context;
	struct varlena *data;
	size_t		length;

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(chunks->context);
	if (!HeapTupleIsValid(tuple))
	{
		check_digest(chunks);
		return 0;
	}
	if (DatumGetInt32(required(tuple, chunks->relation, CHUNK_NUMBER)) != ++chunks->number)
		fail_stored_bytes(chunks, psprintf("Chunk %d is missing.", chunks->number));
	old_context = MemoryContextSwitchTo(chunks->context);
	data = PG_DETOAST_DATUM(required(tuple, chunks->relation, CHUNK_DATA));
	MemoryContextSwitchTo(old_context);
	*chunk = (const uint8_t *) VARDATA_ANY(data);
	length = VARSIZE_ANY_EXHDR(data);
	if (length == 0)
		fail_stored_bytes(chunks, psprintf("Chunk %d is empty.", chunks->number));
	chunks->bytes += length;
	if (chunks->bytes > chunks->expected_bytes)
		fail_stored_bytes(chunks, psprintf("There are more than " INT64_FORMAT " bytes.", chunks->expected_bytes));
	digest_add(chunks->hash, *chunk, length);
	return length;
}

/* Reads length and digest of a version's bytes, as the import noted them. */
static void
expect_digest(ChunkSource *chunks, Snapshot snapshot)
{
	Relation	relation = registry_open("registry", REGISTRY_COLUMNS);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bytea	   *digest;

	key_text(&keys[0], REGISTRY_NAME, chunks->version->name);
	key_int(&keys[1], REGISTRY_VERSION, chunks->version->version);
	scan = scan_versions(relation, "registry_pkey", snapshot, 2, keys);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "model \"%s@%d\" vanished", chunks->version->name, chunks->version->version);
	chunks->expected_bytes = DatumGetInt64(required(tuple, relation, REGISTRY_BYTES));
	digest = DatumGetByteaPP(required(tuple, relation, REGISTRY_DIGEST));
	memcpy(chunks->expected_digest, VARDATA_ANY(digest),
		   Min(VARSIZE_ANY_EXHDR(digest), sizeof(chunks->expected_digest)));
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
}

static ChunkSource *
open_chunks(const ModelVersion *version, Snapshot snapshot)
{
	ChunkSource *chunks = palloc0(sizeof(ChunkSource));
	ScanKeyData keys[2];

	chunks->source.more = next_chunk;
	chunks->version = version;
	expect_digest(chunks, snapshot);
	chunks->context = AllocSetContextCreate(CurrentMemoryContext, "company_risk model chunk",
											ALLOCSET_DEFAULT_SIZES);
	chunks->hash = digest_begin();

	chunks->relation = registry_open("registry_chunk", CHUNK_COLUMNS);
	chunks->index = index_open(registry_relation("registry_chunk_pkey"), AccessShareLock);
	key_text(&keys[0], CHUNK_NAME, version->name);
	key_int(&keys[1], CHUNK_VERSION, version->version);
	chunks->scan = systable_beginscan_ordered(chunks->relation, chunks->index, snapshot, 2, keys);
	return chunks;
}

static void
close_chunks(ChunkSource *chunks)
{
	systable_endscan_ordered(chunks->scan);
	index_close(chunks->index, AccessShareLock);
	table_close(chunks->relation, AccessShareLock);
	MemoryContextDelete(chunks->context);
}

/* Says whose bytes an error of the reader is about. */
static void
loading_context(void *version)
{
	errcontext("loading model \"%s@%d\" from the registry",
			   ((const ModelVersion *) version)->name, ((const ModelVersion *) version)->version);
}

void *
registry_build_image(void *request, Size *size)
{
	const ModelVersion *version = ((RegistryImageRequest *) request)->version;
	Snapshot	snapshot = ((RegistryImageRequest *) request)->snapshot;
	MemoryContext target = CurrentMemoryContext;
	MemoryContext scratch = AllocSetContextCreate(target, "company_risk model being loaded",
												  ALLOCSET_DEFAULT_SIZES);
	ChunkSource *chunks;
	Model	   *model;
	FeatureEntry *features;
	char	  **names;
	int			count;
	ForestImage *image;
	void	   *result;
	ErrorContextCallback context = {
		.previous = error_context_stack,
		.callback = loading_context,
		.arg = unconstify(ModelVersion *, version)
	};

	error_context_stack = &context;
	MemoryContextSwitchTo(scratch);
	chunks = open_chunks(version, snapshot);
	model = model_read(server_host(), &chunks->source);
	close_chunks(chunks);
	server_recode_names(model);

	features = registry_features(version, snapshot, &count);
	if (count != (int) model->feature_count || version->rounds > (int) model->round_count)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("registry of model \"%s@%d\" does not match its bytes", version->name, version->version),
				 errdetail("The registry has %d features and %d rounds, the model %u and %u.",
						   count, version->rounds, model->feature_count, model->round_count)));
	names = palloc(count * sizeof(char *));
	for (int i = 0; i < count; i++)
		names[i] = features[i].feature;
	image = forest_build(server_host(), model, version->rounds, names);
	Assert(forest_error(image, image->size) == NULL);

	MemoryContextSwitchTo(target);
	*size = image->size;
	result = MemoryContextAllocHuge(target, *size);
	memcpy(result, image, *size);
	MemoryContextDelete(scratch);
	error_context_stack = context.previous;
	return result;
}

ModelImage *
registry_acquire_image(const ModelVersion *version, Snapshot snapshot)
{
	RegistryImageRequest request = {version, snapshot};

	return model_image_acquire(version->content_digest, !version->archived, registry_build_image, &request);
}

PG_FUNCTION_INFO_V1(company_risk_warm_model);
Datum
company_risk_warm_model(PG_FUNCTION_ARGS)
{
	char	   *reference = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	Snapshot	snapshot = registry_snapshot();
	ModelImage *image = registry_acquire_image(registry_resolve(reference, snapshot), snapshot);
	Size		size = image->size;

	model_image_release(image);
	PG_RETURN_INT64(size);
}

bytea *
registry_export(const ModelVersion *version, Snapshot snapshot)
{
	ChunkSource *chunks = open_chunks(version, snapshot);
	bytea	   *result;
	const uint8_t *chunk;
	size_t		length;
	Size		done = VARHDRSZ;

	if (chunks->expected_bytes < 0 || chunks->expected_bytes > (int64) MODEL_BYTES_MAX)
		fail_stored_bytes(chunks, "Their length in the registry is impossible.");
	result = palloc(VARHDRSZ + chunks->expected_bytes);
	SET_VARSIZE(result, VARHDRSZ + chunks->expected_bytes);
	while ((length = next_chunk(&chunks->source, &chunk)) > 0)
	{
		memcpy((char *) result + done, chunk, length);
		done += length;
	}
	close_chunks(chunks);
	return result;
}

PG_FUNCTION_INFO_V1(company_risk_export_model);
Datum
company_risk_export_model(PG_FUNCTION_ARGS)
{
	Snapshot	snapshot = registry_snapshot();

	PG_RETURN_BYTEA_P(registry_export(registry_resolve(text_to_cstring(PG_GETARG_TEXT_PP(0)), snapshot), snapshot));
}
