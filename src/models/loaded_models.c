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
#include "base/result_row.h"
#include "models/shared_models.h"

static Datum
digest_datum(const uint8 *digest)
{
	bytea	   *result = palloc(VARHDRSZ + CONTENT_DIGEST_LENGTH);

	SET_VARSIZE(result, VARHDRSZ + CONTENT_DIGEST_LENGTH);
	memcpy(VARDATA(result), digest, CONTENT_DIGEST_LENGTH);

	return PointerGetDatum(result);
}

/* Of an image that is being loaded nobody knows its size, nor its times. */
static void
put_image(ResultRow *row, const ImageInfo *image)
{
	row_put(row, digest_datum(image->digest));
	if (image->ready)
		row_put_bigint(row, (int64) image->size);
	else
		row_put_null(row);
	row_put_text(row, image->slot >= 0 ? "shared" : "private");
	row_put_text(row, image->ready ? "ready" : "loading");
	row_put_int(row, image->backends);
	row_put_bigint(row, image->loads);
	if (image->ready)
	{
		row_put_time(row, image->loaded_at);
		row_put_time(row, image->last_used);
	}
	else
	{
		row_put_null(row);
		row_put_null(row);
	}
	row_put_bool(row, image->superseded);
}

PG_FUNCTION_INFO_V1(company_risk_loaded_models);
Datum
company_risk_loaded_models(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ResultRow	row = {0};
	ImageInfo  *images;
	int			count;

	InitMaterializedSRF(fcinfo, 0);
	images = model_images(&count);
	for (int i = 0; i < count; i++)
	{
		put_image(&row, &images[i]);
		row_emit(&row, result);
	}
	return (Datum) 0;
}
