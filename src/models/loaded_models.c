/*
 * loaded_models.c
 *		The view risk.loaded_models: the images of this database that are
 *		shared, and those private to this session.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "models/shared_models.h"

#define LOADED_MODELS_COLUMNS 9

PG_FUNCTION_INFO_V1(company_risk_loaded_models);

static Datum
digest_datum(const uint8 *digest)
{
	bytea	   *result = palloc(VARHDRSZ + CONTENT_DIGEST_LENGTH);

	SET_VARSIZE(result, VARHDRSZ + CONTENT_DIGEST_LENGTH);
	memcpy(VARDATA(result), digest, CONTENT_DIGEST_LENGTH);

	return PointerGetDatum(result);
}

Datum
company_risk_loaded_models(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ImageInfo  *images;
	int			count;

	InitMaterializedSRF(fcinfo, 0);

	images = model_images(&count);
	for (int i = 0; i < count; i++)
	{
		const ImageInfo *image = &images[i];
		Datum		values[LOADED_MODELS_COLUMNS];
		bool		nulls[LOADED_MODELS_COLUMNS] = {0};

		values[0] = digest_datum(image->digest);
		values[1] = Int64GetDatum((int64) image->size);
		values[2] = CStringGetTextDatum(image->slot >= 0 ? "shared" : "private");
		values[3] = CStringGetTextDatum(image->ready ? "ready" : "loading");
		values[4] = Int32GetDatum(image->backends);
		values[5] = Int64GetDatum(image->loads);
		values[6] = TimestampTzGetDatum(image->loaded_at);
		values[7] = TimestampTzGetDatum(image->last_used);
		values[8] = BoolGetDatum(image->superseded);
		nulls[1] = nulls[6] = nulls[7] = !image->ready;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}

	return (Datum) 0;
}
