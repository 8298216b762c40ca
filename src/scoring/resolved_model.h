/*
 * resolved_model.h
 *		The version of a model that a call means, as one snapshot sees it.
 */
#ifndef RESOLVED_MODEL_H
#define RESOLVED_MODEL_H

#include "postgres.h"

#include "core/forest.h"
#include "models/calibration.h"
#include "models/dictionary.h"
#include "models/registry.h"
#include "models/shared_models.h"

typedef struct ResolvedModel
{
	MemoryContext context;		/* of all of it; model_resolve() resets it */
	ModelVersion *version;		/* NULL until resolved */
	ModelImage *image;			/* pinned; NULL where only the version is wanted */
	const ForestImage *forest;	/* what the image holds */
	FeatureEntry *entries;		/* NULL until model_entries() */
	Calibration *calibration;	/* NULL until model_calibration() */
	bool		told_category;	/* of an unknown category, and of an infinite value: */
	bool		told_infinite;	/* once in a statement */
} ResolvedModel;

/*
 * Finds the version that a reference means, and pins its image where that is
 * wanted.  The context must have been set; what was resolved before goes, and
 * all else in the context with it.
 */
extern void model_resolve(ResolvedModel *model, const char *reference, bool with_image,
						  Snapshot snapshot);

/* Lets go of the image, if there is one. */
extern void model_release(ResolvedModel *model);

/* name@version, for messages and answers */
extern char *model_reference(const ResolvedModel *model);

/* A feature, and its name */
static inline const ForestFeature *
model_feature(const ResolvedModel *model, uint32_t feature)
{
	return FOREST_AT(model->forest, ForestFeature, model->forest->features) + feature;
}

static inline const char *
model_feature_name(const ResolvedModel *model, uint32_t feature)
{
	return FOREST_AT(model->forest, char, model_feature(model, feature)->name);
}

/*
 * The code of a category's name, as the model reads it; a code of no set if it is
 * unknown, with a notice the first time.
 */
extern float model_category_code(ResolvedModel *model, uint32_t feature,
								 const char *name, int length);

/* Says, the first time, which feature of a row that was bound is infinite. */
extern void model_notice_infinite(ResolvedModel *model, const ForestValue *vector);

/* The dictionary: what readers are told of each feature.  Read on first use. */
extern FeatureEntry *model_entries(ResolvedModel *model);

/* How scores are calibrated; NULL when they are not.  Read on first use. */
extern const Calibration *model_calibration(ResolvedModel *model);

/* The word for a score's level; NULL when the version has no thresholds, or for NaN. */
extern const char *model_alert_level(const ResolvedModel *model, double score);

/* Errors for a model without a score, and for one without thresholds */
extern void model_require_score(const ResolvedModel *model);
extern void model_require_thresholds(const ResolvedModel *model);

/* Only a model with one output can be explained row by row: else an error. */
extern void model_require_one_output(const ResolvedModel *model);

#endif							/* RESOLVED_MODEL_H */
