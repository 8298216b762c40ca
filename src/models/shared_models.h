/*
 * shared_models.h
 *		One copy of each model's forest image for all connections.
 *
 * Images are content-addressed: (database, content digest).  They are immutable
 * and hold offsets only, so nothing here takes part in transactions: whether a
 * version may be seen is decided by the registry row under the caller's
 * snapshot, never by what is in shared memory.
 */
#ifndef SHARED_MODELS_H
#define SHARED_MODELS_H

#include "postgres.h"

#include "models/image_info.h"

/* For the module's start: the setting, and the directory's room when preloaded */
extern void shared_models_init(void);

/*
 * This backend's hold on an image; the same image gives the same handle.  The
 * handle and its data stay where they are while pins > 0.
 */
typedef struct ModelImage
{
	const void *data;			/* the forest image, read-only, on a 64-byte
								 * boundary */
	Size		size;
	bool		shared;			/* false: a private copy of this backend's */
	int			pins;			/* users in this backend */
} ModelImage;

/*
 * Builds the image: returns its bytes, palloc'd (huge allocations allowed) in
 * CurrentMemoryContext, and its length.  The context is deleted afterwards, so
 * there is no need to free what else was allocated there.  Called without any
 * lock; may error, and should check for interrupts.  It must not acquire the
 * image it is building.
 */
typedef void *(*ModelImageBuilder) (void *argument, Size *size);

/*
 * The image with this content digest, pinned: found mapped, attached, or built
 * and published, in this order; built in private memory when it cannot be
 * shared.  Must be called inside a transaction and without any LWLock held; can
 * be called in a parallel worker.  May wait for another backend's build of the
 * same image, and errors as the builder does.
 *
 * in_use: the caller has seen a candidate or production version with this
 * content, so there is no need to ask the registry for one.
 */
extern ModelImage *model_image_acquire(const uint8 *digest, bool in_use,
									   ModelImageBuilder builder, void *argument);

/*
 * Unpins.  Touches nothing but this backend's memory and never errors, so it is
 * safe in error clean-up and in memory context callbacks.
 */
extern void model_image_release(ModelImage *image);

/* The images of this database that are shared, and those private to this backend. */
extern ImageInfo *model_images(int *count);

#endif							/* SHARED_MODELS_H */
