/*
 * acquire_image.h
 *		From a version in the registry to its image in memory.
 */
#ifndef ACQUIRE_IMAGE_H
#define ACQUIRE_IMAGE_H

#include "models/registry.h"
#include "models/shared_models.h"

/* The image of a version, pinned; see model_image_acquire(). */
extern ModelImage *registry_acquire_image(const ModelVersion *version, Snapshot snapshot);

#endif							/* ACQUIRE_IMAGE_H */
