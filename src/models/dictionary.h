/*
 * dictionary.h
 *		What a version's dictionary says of its features.
 */
#ifndef DICTIONARY_H
#define DICTIONARY_H

#include "postgres.h"

#include "models/registry.h"

/* Anything may be NULL but feature. */
typedef struct FeatureEntry
{
	char	   *feature;
	char	   *label;
	char	   *feature_group;
	char	   *group_label;
	char	   *source;
	char	   *unit;
} FeatureEntry;

/* The features of a version in the model's order, and how many. */
extern FeatureEntry *registry_features(const ModelVersion *version, Snapshot snapshot, int *count);

#endif							/* DICTIONARY_H */
