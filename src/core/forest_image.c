/*
 * forest_image.c
 *		What an image that is there is asked for, without a model or a builder.
 *
 * forest_header_error() is what every attach costs; forest_category_code() and
 * forest_prepare() are what every row costs before its trees are walked
 * (evaluate.c, explain.c).
 */
#include "forest.h"

#include <math.h>
#include <string.h>

const char *
forest_header_error(const void *image, size_t size)
{
	const ForestImage *header = image;

	if (size < sizeof(ForestImage))
		return "the image is shorter than its header";
	if (header->magic != FOREST_MAGIC)
		return "the image does not begin with the mark of a forest image";
	if (header->format != FOREST_FORMAT)
		return "the image has another release's format";
	if (header->size > size)
		return "the image is longer than the memory that holds it";
	return NULL;
}

/* Is the text the name, in which U+FFFD stands for any one character? */
static bool
matches_damaged(const char *name, const char *text, size_t length)
{
	static const char lost[] = "\xef\xbf\xbd";
	const char *end = text + length;

	while (*name != '\0' && text < end)
	{
		if (strncmp(name, lost, 3) == 0)
		{
			name += 3;
			do
				text++;
			while (text < end && ((unsigned char) *text & 0xc0) == 0x80);
		}
		else if (*name++ != *text++)
			return false;
	}
	return *name == '\0' && text == end;
}

uint32_t
forest_category_code(const ForestImage *image, uint32_t feature, const char *name, size_t length)
{
	const ForestFeature *known = FOREST_AT(image, ForestFeature, image->features) + feature;
	const ForestCategory *categories = FOREST_AT(image, ForestCategory, known->categories);
	uint32_t	low = 0;
	uint32_t	high = known->category_count;

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;
		const char *candidate = FOREST_AT(image, char, categories[middle].name);
		int			order = strncmp(name, candidate, length);

		if (order == 0 && candidate[length] != '\0')
			order = -1;			/* a proper prefix of the candidate */
		if (order == 0)
			return categories[middle].code;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	for (uint32_t i = 0; known->damaged && i < known->category_count; i++)
		if (matches_damaged(FOREST_AT(image, char, categories[i].name), name, length))
			return categories[i].code;
	return known->category_count;
}

bool
forest_prepare(const ForestImage *image, ForestValue *vector)
{
	static const uint32_t lowest = 0x00800000;	/* keys of the finite values */
	static const uint32_t highest = 0xff7fffff;
	uint32_t	count = image->feature_count;
	float		stand_in = image->missing;
	uint32_t	infinite = 0;

	for (uint32_t feature = 0; feature < count; feature++)
	{
		float		value = vector[feature].value == stand_in ? NAN : vector[feature].value;
		bool		missing = value != value;
		uint32_t	key = forest_key(value);

		infinite |= (!missing) & ((key < lowest) | (key > highest));
		vector[feature].value = value;
		vector[count + feature].key = missing ? FOREST_KEY_MISSING_LEFT : key;
		vector[2 * (size_t) count + feature].key = missing ? FOREST_KEY_MISSING_RIGHT : key;
	}
	return infinite != 0;
}
