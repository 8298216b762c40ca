/*
 * model_walk.c
 *		Steps of the walk over a model's document.
 *
 * What an object, a number or an array is to the reader, whichever object of
 * XGBoost's it stands in, and what is said when it is none: the place, the full
 * path of the key, and what its value must be.  Nothing here knows a model's
 * objects; those who do are above (model_read.c, model_categories.c).
 */
#include "decimal.h"
#include "model_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---------- messages ---------- */

const char *
model_quote(ModelReader *reader, const char *text)
{
	size_t		length = strlen(text);
	size_t		limit = sizeof(reader->quote) - 4;
	bool		clipped = length > limit;

	if (clipped)
	{
		length = limit;
		while (length > 0 && ((uint8_t) text[length] & 0xc0) == 0x80)
			length--;			/* not in the middle of a character */
	}
	for (size_t i = 0; i < length; i++)
		reader->quote[i] = (uint8_t) text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
	strcpy(reader->quote + length, clipped ? "..." : "");
	return reader->quote;
}

char *
model_sentence(ModelReader *reader, const char *format,...)
{
	char		text[512];
	size_t		length;
	char	   *copy;
	va_list		arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	length = strlen(text) + 1;
	copy = core_allocate(reader->host, length, 1);
	memcpy(copy, text, length);
	return copy;
}

/* The full path of a key, or of the object itself where the key is NULL */
static const char *
field_path(ModelReader *reader, const char *key, char *buffer, size_t size)
{
	const char *dot = key != NULL && (reader->path[0] != '\0' || reader->tree >= 0) ? "." : "";

	if (key == NULL)
		key = "";
	if (reader->tree >= 0)
		snprintf(buffer, size, "trees[%" PRId64 "]%s%s%s", reader->tree, reader->path, dot, key);
	else
		snprintf(buffer, size, "%s%s%s", reader->path, dot, key);
	return buffer;
}

/* The value of a key is not what it must be. */
_Noreturn void
reader_fail_field(ModelReader *reader, const char *key, const char *must)
{
	char		path[128];

	core_fail(reader->host, CORE_INVALID_MODEL, NULL, "Byte %" PRIu64 ": %s must be %s.",
			  document_offset(reader->document),
			  field_path(reader, key, path, sizeof(path)), must);
}

_Noreturn void
reader_fail_length(ModelReader *reader, const char *key, size_t limit)
{
	char		path[128];

	core_fail(reader->host, CORE_LIMIT_EXCEEDED, NULL,
			  "Byte %" PRIu64 ": %s has more entries than the limit of %zu.",
			  document_offset(reader->document),
			  field_path(reader, key, path, sizeof(path)), limit);
}

/* ---------- objects ---------- */

/* Begins an object; returns the path to be restored after it. */
const char *
reader_enter_object(ModelReader *reader, const char *path)
{
	const char *outer = reader->path;

	reader->path = path;
	if (document_next(reader->document) != DOCUMENT_OBJECT_BEGIN)
		reader_fail_field(reader, NULL, "an object");
	return outer;
}

/*
 * The next member of the object whose key is among the given ones: its index.
 * Others are passed over, known ones must not repeat.  -1 at the object's end.
 */
int
reader_next_member(ModelReader *reader, const char *const *keys, uint32_t *seen)
{
	while (document_next(reader->document) == DOCUMENT_KEY)
	{
		const char *text = document_text(reader->document, NULL);

		for (int i = 0; keys[i] != NULL; i++)
		{
			char		path[128];

			if (strcmp(text, keys[i]) != 0)
				continue;
			if ((*seen & UINT32_C(1) << i) != 0)
				core_fail(reader->host, CORE_INVALID_MODEL, NULL,
						  "Byte %" PRIu64 ": %s occurs twice.",
						  document_offset(reader->document),
						  field_path(reader, keys[i], path, sizeof(path)));
			*seen |= UINT32_C(1) << i;
			return i;
		}
		document_skip(reader->document);
	}
	return -1;
}

/* ---------- scalars ---------- */

static char *
copy_text(ModelReader *reader)
{
	size_t		length;
	const char *text = document_text(reader->document, &length);
	char	   *copy = core_allocate(reader->host, length + 1, 1);

	memcpy(copy, text, length);
	return copy;
}

char *
reader_string(ModelReader *reader, const char *key)
{
	if (document_next(reader->document) != DOCUMENT_STRING)
		reader_fail_field(reader, key, "a string");
	return copy_text(reader);
}

/* A whole number, as such or as a string; false when it is neither. */
bool
reader_accept_integer(ModelReader *reader, int64_t *value)
{
	size_t		length;
	const char *text;

	switch (document_next(reader->document))
	{
		case DOCUMENT_INTEGER:
			*value = document_integer(reader->document);
			return true;
		case DOCUMENT_STRING:
			text = document_text(reader->document, &length);
			return decimal_parse_integer(text, length, value);
		default:
			document_skip(reader->document);
			return false;
	}
}

int64_t
reader_count(ModelReader *reader, const char *key)
{
	int64_t		value;

	if (!reader_accept_integer(reader, &value) || value < 0)
		reader_fail_field(reader, key, "a whole number that is not negative");
	return value;
}

/* ---------- arrays ---------- */

void
reader_enter_array(ModelReader *reader, const char *key, const char *must)
{
	if (document_next(reader->document) != DOCUMENT_ARRAY_BEGIN)
		reader_fail_field(reader, key, must);
}

void
reader_append_integer(ModelReader *reader, IntegerArray *array, int32_t value)
{
	if (array->count == array->capacity)
		array->values = core_grow(reader->host, array->values, &array->capacity,
								  array->count + 1, sizeof(int32_t));
	array->values[array->count++] = value;
}

void
reader_append_real(ModelReader *reader, RealArray *array, float value)
{
	if (array->count == array->capacity)
		array->values = core_grow(reader->host, array->values, &array->capacity,
								  array->count + 1, sizeof(float));
	array->values[array->count++] = value;
}

void
reader_integers(ModelReader *reader, const char *key, IntegerArray *array, size_t limit)
{
	static const char must[] = "an array of integers of 32 bits";
	DocumentEvent event;

	reader_enter_array(reader, key, must);
	array->count = 0;
	while ((event = document_next(reader->document)) == DOCUMENT_INTEGER)
	{
		int64_t		value = document_integer(reader->document);

		if (array->count == limit)
			reader_fail_length(reader, key, limit);
		if (value < INT32_MIN || value > INT32_MAX)
			reader_fail_field(reader, key, must);
		reader_append_integer(reader, array, (int32_t) value);
	}
	if (event != DOCUMENT_ARRAY_END)
		reader_fail_field(reader, key, must);
}

/* Booleans, or the integers 0 and 1 */
void
reader_flags(ModelReader *reader, const char *key, IntegerArray *array, size_t limit)
{
	static const char must[] = "an array of booleans, or of 0 and 1";
	DocumentEvent event;

	reader_enter_array(reader, key, must);
	array->count = 0;
	while ((event = document_next(reader->document)) == DOCUMENT_INTEGER ||
		   event == DOCUMENT_BOOLEAN)
	{
		int64_t		value = document_integer(reader->document);

		if (array->count == limit)
			reader_fail_length(reader, key, limit);
		if (value != 0 && value != 1)
			reader_fail_field(reader, key, must);
		reader_append_integer(reader, array, (int32_t) value);
	}
	if (event != DOCUMENT_ARRAY_END)
		reader_fail_field(reader, key, must);
}

/* The rest of an array of numbers whose beginning has been taken */
void
reader_reals_rest(ModelReader *reader, const char *key, RealArray *array, size_t limit)
{
	DocumentEvent event;

	array->count = 0;
	while ((event = document_next(reader->document)) == DOCUMENT_REAL ||
		   event == DOCUMENT_INTEGER)
	{
		if (array->count == limit)
			reader_fail_length(reader, key, limit);
		reader_append_real(reader, array, document_real(reader->document));
	}
	if (event != DOCUMENT_ARRAY_END)
		reader_fail_field(reader, key, "an array of numbers");
}

void
reader_reals(ModelReader *reader, const char *key, RealArray *array, size_t limit)
{
	reader_enter_array(reader, key, "an array of numbers");
	reader_reals_rest(reader, key, array, limit);
}

void
reader_strings(ModelReader *reader, const char *key, StringArray *array, size_t limit)
{
	DocumentEvent event;

	reader_enter_array(reader, key, "an array of strings");
	while ((event = document_next(reader->document)) == DOCUMENT_STRING)
	{
		if (array->count == limit)
			reader_fail_length(reader, key, limit);
		array->values = core_grow(reader->host, array->values, &array->capacity,
								  array->count + 1, sizeof(char *));
		array->values[array->count++] = copy_text(reader);
	}
	if (event != DOCUMENT_ARRAY_END)
		reader_fail_field(reader, key, "an array of strings");
}
