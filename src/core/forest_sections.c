/*
 * forest_sections.c
 *		The sections of an image that is being put together (forest_internal.h).
 *
 * A section grows as elements come, so that a pointer into it holds until its
 * next extension only.  The image's limit is that of its sections together, and
 * is looked at before any memory is asked for.
 */
#include "forest_internal.h"

#include <inttypes.h>
#include <string.h>

void *
section_extend(Builder *builder, Section *section, size_t count)
{
	void	   *added;

	if (count == 0)
		return NULL;
	if (count > FOREST_BYTES_MAX / section->size ||
		builder->bytes + count * section->size > FOREST_BYTES_MAX)
		core_fail(builder->host, CORE_LIMIT_EXCEEDED, NULL,
				  "The image of the model would exceed %" PRIu64 " bytes.", FOREST_BYTES_MAX);
	builder->bytes += count * section->size;
	section->data = core_grow(builder->host, section->data, &section->capacity,
							  section->count + count, section->size);
	added = (char *) section->data + section->count * section->size;
	section->count += count;
	return added;
}

uint64_t
section_align(Builder *builder, Section *section)
{
	section_extend(builder, section,
				   (SECTION_ALIGNMENT - section->count % SECTION_ALIGNMENT) % SECTION_ALIGNMENT);
	return section->count;
}

uint64_t
section_place(Section *section, uint64_t *size)
{
	section->begin = (*size + SECTION_ALIGNMENT - 1) / SECTION_ALIGNMENT * SECTION_ALIGNMENT;
	*size = section->begin + (uint64_t) section->count * section->size;
	return section->begin;
}

void
section_put(ForestImage *image, const Section *section)
{
	if (section->count > 0)
		memcpy((char *) image + section->begin, section->data, section->count * section->size);
}
