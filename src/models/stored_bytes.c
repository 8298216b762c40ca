/*
 * stored_bytes.c
 *		The bytes of a version, as they were imported.
 *
 * They are kept in chunks of 1 MB, uncompressed, so that a model of half a
 * gigabyte is read without being in memory as a whole, with a chance for
 * interrupts between chunks.
 */
#include "models/stored_bytes.h"

#include "access/genam.h"
#include "access/table.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/digest.h"

/* Columns of risk_internal.registry_chunk */
enum
{
	CHUNK_NAME = 1,
	CHUNK_VERSION,
	CHUNK_NUMBER,
	CHUNK_DATA,
	CHUNK_COLUMNS = CHUNK_DATA
};

/*
 * A scan over the chunks of a version, numbered from 1 without gaps.  At their
 * end, length and digest must be the registry's, so nobody takes damaged bytes
 * for a model.
 */
struct ChunkSource
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
};

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
		fail_stored_bytes(chunks,
						  psprintf("There are " INT64_FORMAT " bytes instead of " INT64_FORMAT ".",
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
	if (DatumGetInt32(registry_required(tuple, chunks->relation, CHUNK_NUMBER)) != ++chunks->number)
		fail_stored_bytes(chunks, psprintf("Chunk %d is missing.", chunks->number));
	old_context = MemoryContextSwitchTo(chunks->context);
	data = PG_DETOAST_DATUM(registry_required(tuple, chunks->relation, CHUNK_DATA));
	MemoryContextSwitchTo(old_context);
	*chunk = (const uint8_t *) VARDATA_ANY(data);
	length = VARSIZE_ANY_EXHDR(data);
	if (length == 0)
		fail_stored_bytes(chunks, psprintf("Chunk %d is empty.", chunks->number));
	chunks->bytes += length;
	if (chunks->bytes > chunks->expected_bytes)
		fail_stored_bytes(chunks, psprintf("There are more than " INT64_FORMAT " bytes.",
										   chunks->expected_bytes));
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

	registry_version_keys(keys, chunks->version->name, chunks->version->version);
	scan = registry_scan_versions(relation, "registry_pkey", snapshot, 2, keys);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "model \"%s@%d\" vanished", chunks->version->name, chunks->version->version);
	chunks->expected_bytes = DatumGetInt64(registry_required(tuple, relation, REGISTRY_BYTES));
	digest = DatumGetByteaPP(registry_required(tuple, relation, REGISTRY_DIGEST));
	memcpy(chunks->expected_digest, VARDATA_ANY(digest),
		   Min(VARSIZE_ANY_EXHDR(digest), sizeof(chunks->expected_digest)));
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
}

ChunkSource *
stored_bytes_open(const ModelVersion *version, Snapshot snapshot)
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
	registry_version_keys(keys, version->name, version->version);
	chunks->scan = systable_beginscan_ordered(chunks->relation, chunks->index, snapshot, 2, keys);
	return chunks;
}

ModelSource *
stored_bytes_source(ChunkSource *chunks)
{
	return &chunks->source;
}

void
stored_bytes_close(ChunkSource *chunks)
{
	systable_endscan_ordered(chunks->scan);
	index_close(chunks->index, AccessShareLock);
	table_close(chunks->relation, AccessShareLock);
	MemoryContextDelete(chunks->context);
}

bytea *
registry_export(const ModelVersion *version, Snapshot snapshot)
{
	ChunkSource *chunks = stored_bytes_open(version, snapshot);
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
	stored_bytes_close(chunks);
	return result;
}

PG_FUNCTION_INFO_V1(company_risk_export_model);
Datum
company_risk_export_model(PG_FUNCTION_ARGS)
{
	char	   *reference = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Snapshot	snapshot = registry_snapshot();

	PG_RETURN_BYTEA_P(registry_export(registry_resolve(reference, snapshot), snapshot));
}
