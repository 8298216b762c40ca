/*
 * image_info.h
 *		What there is to know of a model's image in memory.
 */
#ifndef IMAGE_INFO_H
#define IMAGE_INFO_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "models/reference.h"

typedef struct ImageInfo
{
	uint8		digest[CONTENT_DIGEST_LENGTH];
	Oid			database;
	int			slot;			/* in the directory; -1: private */
	bool		ready;			/* false: being loaded; its size and times say
								 * nothing then */
	bool		superseded;		/* no version in use has this content */
	Size		size;
	int			backends;		/* backends that have it mapped */
	int64		loads;			/* how often it was built */
	TimestampTz loaded_at;
	TimestampTz last_used;
} ImageInfo;

#endif							/* IMAGE_INFO_H */
