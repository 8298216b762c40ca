/*
 * dictionary.c
 *		What a version's dictionary says of its features.
 *
 * Each feature has one row, whether it is described or not, in the order of the
 * model; loading a model takes the features' names from there.  Labels of groups
 * are rows of their own and optional.
 */
#include "models/dictionary.h"

#include "access/genam.h"
#include "access/table.h"
#include "utils/rel.h"

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
	FEATURE_UNIT,
	FEATURE_COLUMNS = FEATURE_UNIT
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

/* Fills in the labels of the groups that the features name. */
static void
read_group_labels(const ModelVersion *version, Snapshot snapshot, FeatureEntry *entries, int count)
{
	Relation	relation = registry_open("registry_group", GROUP_COLUMNS);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	registry_version_keys(keys, version->name, version->version);
	scan = systable_beginscan(relation, registry_relation("registry_group_pkey"), true,
							  snapshot, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		char	   *group = registry_string(tuple, relation, GROUP_GROUP);
		char	   *label = registry_string(tuple, relation, GROUP_LABEL);

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
	registry_version_keys(keys, version->name, version->version);
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
		entry->feature = registry_string(tuple, relation, FEATURE_FEATURE);
		entry->label = registry_string(tuple, relation, FEATURE_LABEL);
		entry->feature_group = registry_string(tuple, relation, FEATURE_GROUP);
		entry->group_label = NULL;
		entry->source = registry_string(tuple, relation, FEATURE_SOURCE);
		entry->unit = registry_string(tuple, relation, FEATURE_UNIT);
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(relation, AccessShareLock);
	read_group_labels(version, snapshot, entries, *count);
	return entries;
}
