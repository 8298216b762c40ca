/*
 * registry.h
 *		Versions of models, and which of them a reference means.
 */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "postgres.h"

#include "utils/jsonb.h"
#include "utils/snapshot.h"

#include "models/language.h"
#include "models/reference.h"
#include "models/registry_lookup.h"

/* The setting company_risk.default_model */
extern char *company_risk_default_model;

/* For the module's start: settings */
extern void registry_init(void);

/* One version of a model, as a snapshot sees it; palloc'd with all it points to */
typedef struct ModelVersion
{
	char	   *name;
	int			version;
	bool		archived;
	uint8		content_digest[CONTENT_DIGEST_LENGTH];
	int			rounds;			/* boosting rounds to use */
	float		missing;		/* stands for missing, beside NaN; NaN: nothing does */
	const Language *language;	/* of the words around its dictionary's */

	bool		has_thresholds;
	double		threshold_strong;
	double		threshold_moderate;
	const char *alert_strong;	/* the model's own words, or its language's */
	const char *alert_moderate;
	const char *alert_none;

	bool		has_requirements;
	double		max_missing_share;	/* of the weight of features, for a company to have a level */
	const char *alert_out_of_scope;

	char	   *source_schema;	/* NULL when no relation is bound */
	char	   *source_relation;
	char	   *key_column;
	char	   *period_column;	/* NULL when the relation has no periods */

	Jsonb	   *calibration;	/* as stored; NULL when scores are not calibrated */
	bool		probability;	/* are its scores probabilities? */
} ModelVersion;

/*
 * The version that a reference means under a snapshot: "name@7" that version,
 * "name" its production version, NULL the setting company_risk.default_model or
 * else the only model in production.  Errors when there is none, or when it has
 * not the content that a pinned reference asks for.
 */
extern ModelVersion *registry_resolve(const char *reference, Snapshot snapshot);

/* What the planner asks about a version: how large it is, and its relation */
typedef struct ModelSize
{
	int			features;
	int			depth;
	double		trees;			/* of the rounds in use, as are the nodes */
	double		nodes;

	/* where its companies are looked up; "" for none */
	NameData	source_schema;
	NameData	source_relation;
	NameData	key_column;
	NameData	period_column;
} ModelSize;

/*
 * The size of the version that a reference means, "" being none; false where
 * registry_resolve() would error.
 */
extern bool registry_measure(const char *reference, Snapshot snapshot, ModelSize *size);

#endif							/* REGISTRY_H */
