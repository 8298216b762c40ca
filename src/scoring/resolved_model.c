/*
 * resolved_model.c
 *		The version of a model that a call means, as one snapshot sees it.
 *
 * The registry's row, the image in shared memory, and what is read of the rest
 * only by those who ask: dictionary and calibration.  All of it holds for the
 * snapshot under which it was resolved; when that is no longer the one in force
 * is for the call to notice (call.c).  What is read later is read under the
 * snapshot then in force, which sees the same.
 */
#include "scoring/resolved_model.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "models/acquire_image.h"

void
model_release(ResolvedModel *model)
{
	if (model->image != NULL)
		model_image_release(model->image);
	model->image = NULL;
}

void
model_resolve(ResolvedModel *model, const char *reference, bool with_image, Snapshot snapshot)
{
	MemoryContext old_context;

	model_release(model);
	model->version = NULL;
	model->forest = NULL;
	model->entries = NULL;
	model->calibration = NULL;
	model->told_category = false;
	model->told_infinite = false;
	MemoryContextReset(model->context);

	old_context = MemoryContextSwitchTo(model->context);
	model->version = registry_resolve(reference, snapshot);
	if (with_image)
	{
		model->image = registry_acquire_image(model->version, snapshot);
		model->forest = model->image->data;
	}
	MemoryContextSwitchTo(old_context);
}

char *
model_reference(const ResolvedModel *model)
{
	return reference_make(model->version->name, model->version->version);
}

/*
 * XGBoost 3.1 and later raise an error; we say it once, because the other rows of a
 * statement are none the worse for it.  The name itself is the company's data, which
 * whoever gets the score need not be allowed to read.
 */
static void
notice_category(ResolvedModel *model, uint32_t feature)
{
	if (model->told_category)
		return;
	model->told_category = true;
	ereport(NOTICE,
			(errmsg("feature \"%s\" has a category that model \"%s\" does not know",
					model_feature_name(model, feature), model_reference(model)),
			 errdetail("It goes where rows go for which no split asks. Further unknown categories of this call are not reported."),
			 errhint("The view risk.model_features has the known ones.")));
}

void
model_notice_infinite(ResolvedModel *model, const ForestValue *vector)
{
	uint32_t	feature = 0;

	if (model->told_infinite)
		return;
	while (feature < model->forest->feature_count &&
		   (!isinf(vector[feature].value) || !model_feature(model, feature)->used))
		feature++;
	if (feature == model->forest->feature_count)
		return;
	model->told_infinite = true;
	ereport(NOTICE,
			(errmsg("feature \"%s\" of model \"%s\" is infinite",
					model_feature_name(model, feature), model_reference(model)),
			 errdetail("It is scored as it is, though XGBoost's own interfaces refuse infinite values, so that no training had one. Further ones of this call are not reported."),
			 errhint("NULL stands for a missing value.")));
}

/*
 * Trailing blanks do not count where the name is unknown with them: char(n) has
 * them, also in what to_jsonb() makes of it.
 */
float
model_category_code(ResolvedModel *model, uint32_t feature, const char *name, int length)
{
	uint32_t	unknown = model_feature(model, feature)->category_count;
	uint32_t	code = forest_category_code(model->forest, feature, name, length);

	if (code == unknown && length > 0 && name[length - 1] == ' ')
		code = forest_category_code(model->forest, feature, name,
									bpchartruelen(unconstify(char *, name), length));
	if (code == unknown)
		notice_category(model, feature);
	return (float) code;
}

FeatureEntry *
model_entries(ResolvedModel *model)
{
	if (model->entries == NULL)
	{
		MemoryContext old_context = MemoryContextSwitchTo(model->context);
		int			count;
		FeatureEntry *entries = registry_features(model->version, registry_snapshot(), &count);

		if (count != (int) model->forest->feature_count)
			elog(ERROR, "registry of model \"%s\" lacks features", model_reference(model));
		model->entries = entries;
		MemoryContextSwitchTo(old_context);
	}
	return model->entries;
}

const Calibration *
model_calibration(ResolvedModel *model)
{
	if (model->calibration == NULL && model->version->calibration != NULL)
	{
		MemoryContext old_context = MemoryContextSwitchTo(model->context);
		const ForestImage *forest = model->forest;
		const char *objective = FOREST_AT(forest, char, forest->objective);
		char	   *problem = NULL;
		Calibration *calibration = NULL;

		if (forest->group_count != 1 || !objective_has_log_odds(objective))
			problem = psprintf("Its objective \"%s\" has no single probability.", objective);
		else
			calibration = calibration_read(model->version->calibration, &problem);
		if (problem != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("calibration of model \"%s\" in the registry is damaged",
							model_reference(model)),
					 errdetail("%s", problem),
					 errhint("Import the model again, as a new version, and calibrate that with risk.set_calibration.")));
		model->calibration = calibration;
		MemoryContextSwitchTo(old_context);
	}
	return model->calibration;
}

const char *
model_alert_level(const ResolvedModel *model, double score)
{
	const ModelVersion *version = model->version;

	if (!version->has_thresholds || isnan(score))
		return NULL;
	if (score >= version->threshold_strong)
		return version->alert_strong;
	return score >= version->threshold_moderate ? version->alert_moderate : version->alert_none;
}

/* Only the objective's single output is one; the error says what else to call. */
void
model_require_score(const ResolvedModel *model)
{
	const ForestImage *forest = model->forest;

	if (forest_has_score(forest))
		return;
	if (forest->transform == TRANSFORM_UNKNOWN)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("model \"%s\" has no score", model_reference(model)),
				 errdetail("Its objective \"%s\" is not one of XGBoost's own, so how a margin becomes a score is not known.",
						   FOREST_AT(forest, char, forest->objective)),
				 errhint("Use risk.margin, and transform it yourself.")));
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("model \"%s\" has no single score", model_reference(model)),
			 errdetail("Its objective \"%s\" has %u outputs.",
					   FOREST_AT(forest, char, forest->objective), forest->group_count),
			 errhint("Use risk.predict, which answers all of them.")));
}

void
model_require_thresholds(const ResolvedModel *model)
{
	if (!model->version->has_thresholds)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no thresholds", model_reference(model)),
				 errhint("Set them with risk.set_thresholds.")));
}

void
model_require_one_output(const ResolvedModel *model)
{
	if (model->forest->group_count != 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("model \"%s\" has %u output groups to explain",
						model_reference(model), model->forest->group_count),
				 errhint("Use risk.contributions, which answers the contributions to all of them.")));
}
