/*
 * categories.c
 *		Makes the names of categories part of a model's bytes.
 *
 * Trees know categories by code.  Which name has which code is what XGBoost 3.1
 * and later keep, for data frames, in the object "cats" of the booster's model;
 * other versions skip it, as they do every key that they do not know.  We write
 * the same object into the UBJSON that any version made, in place of its own:
 *
 *		enc					for each feature offsets and values: the names' bytes,
 *							one after the other, and where each begins and ends
 *		feature_segments	how many categories the features before have
 *		sorted_idx			for each feature the codes in the order of the names
 *
 * The offsets count bytes; train.c says so in an attribute of the model, since
 * there are versions of XGBoost whose offsets do not.
 *
 * An attribute of our own would hold the names without touching what libxgboost
 * wrote.  But then the model would be right in this database only: XGBoost 3.1
 * and later code a data frame by the names in "cats"; without them they take the
 * frame's own codes, whatever they stand for there, and say nothing.
 *
 * The walk below is not the core's reader.  It looks for one place in bytes that
 * libxgboost wrote a moment ago, knows the one form that its writer uses, and
 * ends the training with an error at any other.  The reader would have to be
 * linked with a host, a source and its positions for that, and be no shorter.
 */
#include "program.h"

#include <stdlib.h>
#include <string.h>

typedef struct Cursor
{
	const uint8_t *at;
	const uint8_t *end;
} Cursor;

static _Noreturn void
fail_document(void)
{
	fail(TRAINER_ERROR_LIBRARY, NULL, "The UBJSON is not what this program knows.",
		 "the model that libxgboost made cannot be completed with the names of categories");
}

/* ---------- reading ---------- */

static const uint8_t *
take(Cursor *cursor, uint64_t length)
{
	const uint8_t *taken = cursor->at;

	if (length > (uint64_t) (cursor->end - cursor->at))
		fail_document();
	cursor->at += length;
	return taken;
}

/* A length: always 'L' and eight bytes */
static uint64_t
take_length(Cursor *cursor)
{
	const uint8_t *bytes;
	uint64_t	length = 0;

	if (*take(cursor, 1) != 'L')
		fail_document();
	bytes = take(cursor, 8);
	for (int i = 0; i < 8; i++)
		length = length << 8 | bytes[i];
	return length;
}

static uint64_t
width_of(uint8_t type)
{
	switch (type)
	{
		case 'Z':
		case 'N':
		case 'T':
		case 'F':
			return 0;
		case 'i':
		case 'U':
		case 'C':
			return 1;
		case 'I':
			return 2;
		case 'l':
		case 'd':
			return 4;
		case 'L':
		case 'D':
			return 8;
		default:
			fail_document();
	}
}

static void
skip_value(Cursor *cursor, int depth)
{
	uint8_t		type = *take(cursor, 1);

	if (depth > 32)
		fail_document();
	if (type == '{')
	{
		while (cursor->at < cursor->end && *cursor->at != '}')
		{
			take(cursor, take_length(cursor));
			skip_value(cursor, depth + 1);
		}
		take(cursor, 1);
	}
	else if (type == '[')
	{
		uint8_t		marker = *take(cursor, 1);
		uint64_t	count;

		if (marker == '$')
		{
			uint64_t	width = width_of(*take(cursor, 1));

			if (*take(cursor, 1) != '#')
				fail_document();
			count = take_length(cursor);
			if (count > (uint64_t) (cursor->end - cursor->at))
				fail_document();
			take(cursor, count * width);
		}
		else if (marker == '#')
			for (count = take_length(cursor); count > 0; count--)
				skip_value(cursor, depth + 1);
		else
			fail_document();
	}
	else if (type == 'S')
		take(cursor, take_length(cursor));
	else
		take(cursor, width_of(type));
}

/*
 * Goes into the object at the cursor and to the value of a member, past which
 * nothing has been read; false, behind the object, when there is none.
 */
static bool
find_member(Cursor *cursor, const char *name, const uint8_t **member)
{
	if (*take(cursor, 1) != '{')
		fail_document();
	while (cursor->at < cursor->end && *cursor->at != '}')
	{
		uint64_t	length;
		const uint8_t *key;

		*member = cursor->at;
		length = take_length(cursor);
		key = take(cursor, length);
		if (length == strlen(name) && memcmp(key, name, length) == 0)
			return true;
		skip_value(cursor, 0);
	}
	take(cursor, 1);
	return false;
}

/* ---------- writing ---------- */

static void
put_length(Bytes *bytes, uint64_t length)
{
	uint8_t		coded[9] = {'L'};

	for (int i = 0; i < 8; i++)
		coded[1 + i] = (uint8_t) (length >> (56 - 8 * i));
	bytes_append(bytes, coded, sizeof(coded));
}

static void
put_key(Bytes *bytes, const char *key)
{
	put_length(bytes, strlen(key));
	bytes_append(bytes, key, strlen(key));
}

static void
put_array(Bytes *bytes, const char *key, char type, uint64_t count)
{
	put_key(bytes, key);
	bytes_append(bytes, (const char[]) {'[', '$', type, '#'}, 4);
	put_length(bytes, count);
}

static void
put_integer(Bytes *bytes, uint32_t value)
{
	const uint8_t coded[4] = {
		(uint8_t) (value >> 24), (uint8_t) (value >> 16), (uint8_t) (value >> 8), (uint8_t) value
	};

	bytes_append(bytes, coded, sizeof(coded));
}

/* XGBoost compares names as arrays of signed bytes. */
static int
compare_names(const void *a, const void *b)
{
	const int8_t *first = *(const int8_t *const *) a;
	const int8_t *second = *(const int8_t *const *) b;

	while (*first != 0 && *first == *second)
	{
		first++;
		second++;
	}
	/* the end of a name comes before everything, although bytes may be negative */
	if (*first == 0 || *second == 0)
		return (*first != 0) - (*second != 0);
	return *first < *second ? -1 : 1;
}

typedef struct NamedCode
{
	const char *name;			/* must be first */
	uint32_t	code;
} NamedCode;

static void
put_encoding(Bytes *bytes, const CategoryNames *names)
{
	const char *name = (const char *) names->text.data;
	uint64_t	offset = 0;

	bytes_append(bytes, "{", 1);
	put_array(bytes, "offsets", 'l', names->count > 0 ? names->count + 1 : 0);
	if (names->count > 0)
		put_integer(bytes, 0);
	for (size_t i = 0; i < names->count; i++)
	{
		offset += strlen(name);
		name += strlen(name) + 1;
		if (offset > INT32_MAX)
			fail(TRAINER_ERROR_DATA, NULL, NULL, "names of categories are too long");
		put_integer(bytes, (uint32_t) offset);
	}
	/*
	 * Not as a typed array of bytes, as XGBoost 3 itself does: XGBoost before 2 knows
	 * none, and would refuse the model.  All versions take this form.
	 */
	put_key(bytes, "values");
	bytes_append(bytes, "[#", 2);
	put_length(bytes, offset);
	name = (const char *) names->text.data;
	for (size_t i = 0; i < names->count; i++)
	{
		for (; *name != '\0'; name++)
			bytes_append(bytes, (const char[]) {'i', *name}, 2);
		name++;
	}
	bytes_append(bytes, "}", 1);
}

static void
put_sorted(Bytes *bytes, const CategoryNames *names)
{
	NamedCode  *sorted = allocate(names->count, sizeof(NamedCode));
	const char *name = (const char *) names->text.data;

	for (size_t i = 0; i < names->count; i++)
	{
		sorted[i] = (NamedCode) {name, (uint32_t) i};
		name += strlen(name) + 1;
	}
	qsort(sorted, names->count, sizeof(NamedCode), compare_names);
	for (size_t i = 0; i < names->count; i++)
		put_integer(bytes, sorted[i].code);
	free(sorted);
}

static void
put_categories(Bytes *bytes, const CategoryNames *names, size_t features)
{
	uint64_t	total = 0;

	put_key(bytes, "cats");
	bytes_append(bytes, "{", 1);
	put_key(bytes, "enc");
	bytes_append(bytes, "[#", 2);
	put_length(bytes, features);
	for (size_t i = 0; i < features; i++)
		put_encoding(bytes, &names[i]);
	put_array(bytes, "feature_segments", 'l', features + 1);
	put_integer(bytes, 0);
	for (size_t i = 0; i < features; i++)
	{
		total += names[i].count;
		if (total > INT32_MAX)
			fail(TRAINER_ERROR_DATA, NULL, NULL, "there are too many categories");
		put_integer(bytes, (uint32_t) total);
	}
	put_array(bytes, "sorted_idx", 'l', total);
	for (size_t i = 0; i < features; i++)
		put_sorted(bytes, &names[i]);
	bytes_append(bytes, "}", 1);
}

/* The model with the names; result must be empty. */
void
categories_insert(const uint8_t *model, size_t length, const CategoryNames *names,
				  size_t features, Bytes *result)
{
	Cursor		cursor = {model, model + length};
	Cursor		inner;
	const uint8_t *members;
	const uint8_t *member;

	/* learner.gradient_booster.model, behind one more object in DART's case */
	if (!find_member(&cursor, "learner", &member) ||
		!find_member(&cursor, "gradient_booster", &member))
		fail_document();
	inner = cursor;
	if (find_member(&inner, "gbtree", &member))
		cursor = inner;
	if (!find_member(&cursor, "model", &member))
		fail_document();
	members = cursor.at + 1;

	bytes_append(result, model, (size_t) (members - model));
	put_categories(result, names, features);
	if (find_member(&cursor, "cats", &member))
	{
		bytes_append(result, members, (size_t) (member - members));
		skip_value(&cursor, 0);
		members = cursor.at;
	}
	bytes_append(result, members, (size_t) (model + length - members));
}
