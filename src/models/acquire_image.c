/*
 * acquire_image.c
 *		From a version in the registry to its image in memory.
 *
 * Mostly the image is there (shared_models.c).  Else it is built here, from the
 * version's bytes and what the registry has in the place of the model's own: the
 * features' names and the number for missing, which differ where the import was
 * given others.  Nothing of the model but the
 * image outlives the build.
 */
#include "models/acquire_image.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "core/forest.h"
#include "models/dictionary.h"
#include "models/names.h"
#include "models/server_host.h"
#include "models/stored_bytes.h"

typedef struct ImageRequest
{
	const ModelVersion *version;
	Snapshot	snapshot;
} ImageRequest;

/* Says whose bytes an error of the reader is about. */
static void
loading_context(void *version)
{
	errcontext("loading model \"%s@%d\" from the registry",
			   ((const ModelVersion *) version)->name, ((const ModelVersion *) version)->version);
}

/* Builds the forest image of a version: a ModelImageBuilder. */
static void *
build_image(void *request, Size *size)
{
	const ModelVersion *version = ((ImageRequest *) request)->version;
	Snapshot	snapshot = ((ImageRequest *) request)->snapshot;
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
	chunks = stored_bytes_open(version, snapshot);
	model = model_read(server_host(), stored_bytes_source(chunks));
	stored_bytes_close(chunks);
	names_recode(model, false, true);

	features = registry_features(version, snapshot, &count);
	if (count != (int) model->feature_count || version->rounds > (int) model->round_count)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("registry of model \"%s@%d\" does not match its bytes",
						version->name, version->version),
				 errdetail("The registry has %d features and %d rounds, the model %u and %u.",
						   count, version->rounds, model->feature_count, model->round_count)));
	names = palloc(count * sizeof(char *));
	for (int i = 0; i < count; i++)
		names[i] = features[i].feature;
	model->missing = version->missing;
	model->missing_error = NULL;
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
	ImageRequest request = {version, snapshot};

	return model_image_acquire(version->content_digest, !version->archived, build_image, &request);
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
