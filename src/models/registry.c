/*
 * registry.c
 *		Versions of models, and which of them a reference means.
 *
 * A reference is resolved by a scan of the registry under the caller's snapshot,
 * when a call is first evaluated in a statement.  That costs a few microseconds
 * and needs no cache across statements, hence no invalidation.
 */
#include "models/registry.h"

#include <ctype.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/rel.h"

#include "base/digest.h"
#include "core/objective.h"

char	   *company_risk_default_model = NULL;

/* ----------
 * Versions
 * ----------
 */

/* The language of a version, and its words for the levels of alert. */
static void
read_words(ModelVersion *version, HeapTuple tuple, Relation relation)
{
	char	   *code = TextDatumGetCString(registry_required(tuple, relation, REGISTRY_LANGUAGE));

	version->language = language_find(code);
	if (version->language == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("language \"%s\" of model \"%s@%d\" is unknown to this version of the library",
						code, version->name, version->version)));
	version->alert_strong = registry_string(tuple, relation, REGISTRY_ALERT_STRONG);
	if (version->alert_strong == NULL)
		version->alert_strong = language_word(version->language, WORD_ALERT_STRONG);
	version->alert_moderate = registry_string(tuple, relation, REGISTRY_ALERT_MODERATE);
	if (version->alert_moderate == NULL)
		version->alert_moderate = language_word(version->language, WORD_ALERT_MODERATE);
	version->alert_none = registry_string(tuple, relation, REGISTRY_ALERT_NONE);
	if (version->alert_none == NULL)
		version->alert_none = language_word(version->language, WORD_ALERT_NONE);
	version->alert_out_of_scope = registry_string(tuple, relation, REGISTRY_ALERT_OUT_OF_SCOPE);
	if (version->alert_out_of_scope == NULL)
		version->alert_out_of_scope = language_word(version->language, WORD_ALERT_OUT_OF_SCOPE);
}

static ModelVersion *
read_version(HeapTuple tuple, Relation relation)
{
	ModelVersion *version = palloc0(sizeof(ModelVersion));
	bytea	   *digest = DatumGetByteaPP(registry_required(tuple, relation,
														   REGISTRY_CONTENT_DIGEST));
	bool		isnull;
	Datum		missing;
	Datum		threshold;
	Datum		share;
	Datum		calibration;

	version->name = registry_string(tuple, relation, REGISTRY_NAME);
	version->version = DatumGetInt32(registry_required(tuple, relation, REGISTRY_VERSION));
	version->archived = strcmp(registry_string(tuple, relation, REGISTRY_STATE), "archived") == 0;
	version->rounds = DatumGetInt32(registry_required(tuple, relation, REGISTRY_ROUNDS));
	missing = registry_optional(tuple, relation, REGISTRY_MISSING_VALUE, &isnull);
	version->missing = isnull ? get_float4_nan() : DatumGetFloat4(missing);
	if (VARSIZE_ANY_EXHDR(digest) != CONTENT_DIGEST_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("content digest of model \"%s@%d\" has %zu bytes instead of %d",
						version->name, version->version,
						VARSIZE_ANY_EXHDR(digest), CONTENT_DIGEST_LENGTH)));
	memcpy(version->content_digest, VARDATA_ANY(digest), CONTENT_DIGEST_LENGTH);

	threshold = registry_optional(tuple, relation, REGISTRY_THRESHOLD_STRONG, &isnull);
	if (!isnull)
	{
		version->has_thresholds = true;
		version->threshold_strong = DatumGetFloat8(threshold);
		version->threshold_moderate =
			DatumGetFloat8(registry_required(tuple, relation, REGISTRY_THRESHOLD_MODERATE));
	}
	share = registry_optional(tuple, relation, REGISTRY_MAX_MISSING_SHARE, &isnull);
	version->has_requirements = !isnull;
	version->max_missing_share = isnull ? 1.0 : DatumGetFloat8(share);
	read_words(version, tuple, relation);
	version->source_schema = registry_string(tuple, relation, REGISTRY_SOURCE_SCHEMA);
	version->source_relation = registry_string(tuple, relation, REGISTRY_SOURCE_RELATION);
	version->key_column = registry_string(tuple, relation, REGISTRY_KEY_COLUMN);
	version->period_column = registry_string(tuple, relation, REGISTRY_PERIOD_COLUMN);
	calibration = registry_optional(tuple, relation, REGISTRY_CALIBRATION, &isnull);
	if (!isnull)
		version->calibration = DatumGetJsonbPCopy(calibration);
	version->probability = version->calibration != NULL ||
		objective_find(registry_string(tuple, relation, REGISTRY_OBJECTIVE))->transform == TRANSFORM_SIGMOID;
	return version;
}

#define PRODUCTION_VERSION 0
#define ANY_VERSION (-1)

/* Scans for the version, the production version or any version of a name; of any when NULL. */
static SysScanDesc
scan_reference(Relation relation, const char *name, int number, Snapshot snapshot, ScanKey keys)
{
	int			key_count = 0;

	if (name != NULL)
		registry_key_text(&keys[key_count++], REGISTRY_NAME, name);
	if (number > 0)
		registry_key_int(&keys[key_count++], REGISTRY_VERSION, number);
	return registry_scan_versions(relation,
								  number == PRODUCTION_VERSION ? "registry_production" : "registry_pkey",
								  snapshot, key_count, keys);
}

/*
 * The version, the production version or, of any, the newest of a name; of any name
 * when name is NULL, and then the names of all that were found, too.
 */
static ModelVersion *
find_version(const char *name, int number, Snapshot snapshot, List **names)
{
	Relation	relation = registry_open("registry", REGISTRY_COLUMNS);
	ScanKeyData keys[2];
	SysScanDesc scan = scan_reference(relation, name, number, snapshot, keys);
	HeapTuple	tuple;
	ModelVersion *found = NULL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		/* the index has no others, but the scan may do without it */
		if (number == PRODUCTION_VERSION &&
			strcmp(registry_string(tuple, relation, REGISTRY_STATE), "production") != 0)
			continue;
		if (found == NULL ||
			DatumGetInt32(registry_required(tuple, relation, REGISTRY_VERSION)) > found->version)
			found = read_version(tuple, relation);
		if (names != NULL)
			*names = lappend(*names, registry_string(tuple, relation, REGISTRY_NAME));
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}

/* ----------
 * References
 * ----------
 */
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

/* Is it what people write for a date: three numbers, with the same sign between them? */
static bool
is_like_date(const char *reference)
{
	const char *rest = reference;
	int			separators = 0;
	char		separator = '\0';

	for (; *rest != '\0'; rest++)
	{
		if (isdigit((unsigned char) *rest))
			continue;
		if (strchr("-/.", *rest) == NULL || (separators++ > 0 && *rest != separator))
			return false;
		separator = *rest;
	}
	return separators == 2 && rest - reference >= 6 && rest - reference <= 10;
}

/* A name may hold "#", but who writes one without a version mostly means a pin. */
static _Noreturn void
fail_unknown(const char *text, const ModelReference *reference)
{
	const char *mark = reference->version > 0 ? NULL : strchr(text, '#');

	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("model \"%s\" does not exist", text),
			 is_like_date(text) ? errhint("If the date is meant as a period, write period => '%s'.", text) :
			 mark == NULL ? errhint("See the view risk.models.") :
			 errhint("A pinned reference says the version, too, as %.*s@1%s; risk.pin_model makes one.",
					 (int) (mark - text), text, mark)));
}

/* Says where a reference that nobody wrote came from. */
static void
setting_context(void *reference)
{
	errcontext("setting company_risk.default_model");
}

/* Both digests in as many digits as the reference has */
static _Noreturn void
fail_content(const ModelReference *reference, const ModelVersion *found)
{
	int			length = (int) strlen(reference->digest);

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s@%d\" has another content than the reference asks for",
					found->name, found->version),
			 errdetail("Its content digest begins with %.*s, the reference says %s.",
					   length, digest_hex(found->content_digest), reference->digest),
			 errhint("Import the model that was meant as another version, "
					 "or pin this one with risk.pin_model.")));
}

void
registry_init(void)
{
	DefineCustomStringVariable("company_risk.default_model",
							   "Sets the model that is meant where none is named.",
							   "A name means its production version, name@version that version, "
							   "name@version#digest that one with this content; "
							   "empty means the only model in production.",
							   &company_risk_default_model,
							   "",
							   PGC_USERSET, 0,
							   NULL, NULL, NULL);
}

static ModelVersion *
resolve_reference(const char *text, Snapshot snapshot)
{
	ModelReference reference;
	ModelVersion *found;
	ModelVersion *newest;

	reference_parse(text, &reference);
	if (reference.name == NULL)
		return only_production_version(snapshot);
	found = find_version(reference.name, reference.version, snapshot, NULL);
	if (found == NULL)
	{
		newest = reference.version > 0 ? NULL :
			find_version(reference.name, ANY_VERSION, snapshot, NULL);
		if (newest == NULL)
			fail_unknown(text, &reference);
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no version in production", text),
				 errhint("See the view risk.models; put a version into production with risk.promote_model, "
						 "or name one, as %s.", reference_make(newest->name, newest->version))));
	}
	if (!reference_allows(&reference, found->content_digest))
		fail_content(&reference, found);
	return found;
}

ModelVersion *
registry_resolve(const char *reference, Snapshot snapshot)
{
	ModelVersion *found;
	ErrorContextCallback context = {
		.previous = error_context_stack,
		.callback = setting_context
	};

	if (reference != NULL)
		return resolve_reference(reference, snapshot);
	if (company_risk_default_model == NULL || company_risk_default_model[0] == '\0')
		return only_production_version(snapshot);
	error_context_stack = &context;
	found = resolve_reference(company_risk_default_model, snapshot);
	error_context_stack = context.previous;
	return found;
}

static void
read_name(HeapTuple tuple, Relation relation, AttrNumber column, NameData *name)
{
	char	   *string = registry_string(tuple, relation, column);

	namestrcpy(name, string != NULL ? string : "");
}

/* The size that a row of the registry says, of the rounds in use */
static void
read_size(HeapTuple tuple, Relation relation, ModelSize *size)
{
	double		share = DatumGetInt32(registry_required(tuple, relation, REGISTRY_ROUNDS)) /
		(double) Max(DatumGetInt32(registry_required(tuple, relation, REGISTRY_ROUNDS_TOTAL)), 1);

	size->features = DatumGetInt32(registry_required(tuple, relation, REGISTRY_FEATURES));
	size->depth = DatumGetInt32(registry_required(tuple, relation, REGISTRY_DEPTH));
	size->trees = share * DatumGetInt32(registry_required(tuple, relation, REGISTRY_TREES));
	size->nodes = share * DatumGetInt64(registry_required(tuple, relation, REGISTRY_NODES));
	read_name(tuple, relation, REGISTRY_SOURCE_SCHEMA, &size->source_schema);
	read_name(tuple, relation, REGISTRY_SOURCE_RELATION, &size->source_relation);
	read_name(tuple, relation, REGISTRY_KEY_COLUMN, &size->key_column);
	read_name(tuple, relation, REGISTRY_PERIOD_COLUMN, &size->period_column);
}

/* Is it the version, or a production version, with the content that a reference asks for? */
static bool
row_is_meant(HeapTuple tuple, Relation relation, const ModelReference *reference)
{
	bytea	   *digest = DatumGetByteaPP(registry_required(tuple, relation,
														   REGISTRY_CONTENT_DIGEST));

	if (reference->version == PRODUCTION_VERSION &&
		strcmp(registry_string(tuple, relation, REGISTRY_STATE), "production") != 0)
		return false;
	return VARSIZE_ANY_EXHDR(digest) == CONTENT_DIGEST_LENGTH &&
		reference_allows(reference, (const uint8 *) VARDATA_ANY(digest));
}

bool
registry_measure(const char *text, Snapshot snapshot, ModelSize *size)
{
	ModelReference reference;
	Oid			table = registry_find_relation("registry");
	Relation	relation;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	int			found = 0;

	if (!reference_read(text, &reference) || !OidIsValid(table))
		return false;
	relation = table_open(table, AccessShareLock);
	if (RelationGetNumberOfAttributes(relation) < REGISTRY_COLUMNS)
	{
		table_close(relation, AccessShareLock);
		return false;
	}
	scan = scan_reference(relation, reference.name, reference.version, snapshot, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		if (!row_is_meant(tuple, relation, &reference))
			continue;
		found++;
		read_size(tuple, relation, size);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found == 1;
}

static ModelVersion *
resolve_argument(FunctionCallInfo fcinfo)
{
	char	   *reference = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));

	return registry_resolve(reference, registry_snapshot());
}

PG_FUNCTION_INFO_V1(company_risk_resolve_model);
Datum
company_risk_resolve_model(PG_FUNCTION_ARGS)
{
	ModelVersion *found = resolve_argument(fcinfo);

	PG_RETURN_TEXT_P(cstring_to_text(reference_make(found->name, found->version)));
}

PG_FUNCTION_INFO_V1(company_risk_pin_model);
Datum
company_risk_pin_model(PG_FUNCTION_ARGS)
{
	ModelVersion *found = resolve_argument(fcinfo);

	PG_RETURN_TEXT_P(cstring_to_text(reference_pin(found->name, found->version,
												   found->content_digest)));
}
