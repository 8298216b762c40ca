/*
 * model_categories.c
 *		Reads the names of categories: the object "cats" of XGBoost 3.1 and later.
 *
 * A model that was trained on a data frame with categorical columns knows only
 * codes in its trees; cats.enc says, for each feature, which category has which
 * code.  Categories that are text are one string of bytes ("values") and the
 * offsets at which it is to be cut, as in an Arrow string array.
 *
 * Up to 3.3, XGBoost's Python package takes the offsets of pandas categories in
 * characters, though the string is in bytes of UTF-8 (dmlc/xgboost#12360), and
 * it keeps only as many bytes as there are characters.  With ASCII names that
 * comes to the same.  With others every name behind the first accent is cut in
 * a wrong place, and the last bytes are lost; XGBoost does not notice, since it
 * compares cuts with cuts.  Other data frames give bytes, as they should.  So,
 * for names that are not ASCII:
 *
 *	- if a cut splits a character, the offsets are characters, and counting
 *	  characters gives back the names.  What fell off the end is marked with
 *	  U+FFFD, one for each character lost; forest_image.c takes a text with the same
 *	  beginning and the same number of characters for such a name;
 *	- if no cut does, the offsets may be either.  Both kinds of names would look
 *	  right, and half of the time they would be wrong.  The names are dropped
 *	  (model_check.c), unless the version, or an attribute of ours, says that the
 *	  writer counts bytes.
 *
 * Categories may also be numbers.  Where each is its own code there is nothing
 * to translate.  Elsewhere a number in a row could be a category or a code, and
 * the model is refused if a split asks.
 */
#include "model_internal.h"
#include "utf8.h"

#include <inttypes.h>
#include <string.h>

#define REPLACEMENT_CHARACTER "\xef\xbf\xbd"

/*
 * The values of an encoding: bytes of the names, or numbers.  *whole is false
 * when they are anything else than whole numbers of 32 bits.
 */
static void
read_values(ModelReader *reader, IntegerArray *values, bool *whole)
{
	static const char must[] = "an array of numbers";
	DocumentEvent event;

	reader_enter_array(reader, "values", must);
	while ((event = document_next(reader->document)) == DOCUMENT_INTEGER ||
		   event == DOCUMENT_REAL)
	{
		double		value = event == DOCUMENT_INTEGER ?
			(double) document_integer(reader->document) : document_real(reader->document);
		bool		fits = value >= INT32_MIN && value <= INT32_MAX &&
			value == (double) (int32_t) value;

		if (values->count == MODEL_CATEGORY_MAX)
			reader_fail_length(reader, "values", MODEL_CATEGORY_MAX);
		reader_append_integer(reader, values, fits ? (int32_t) value : 0);
		*whole = *whole && fits;
	}
	if (event != DOCUMENT_ARRAY_END)
		reader_fail_field(reader, "values", must);
}

static inline bool
continues_character(char byte)
{
	return ((uint8_t) byte & 0xc0) == 0x80;
}

/*
 * Whether the text is UTF-8, but that its last character may be cut short;
 * *complete is its length without that one.
 */
static bool
is_utf8_but_cut(const char *text, size_t length, size_t *complete)
{
	Utf8Check	check = {0};

	*complete = 0;
	for (size_t i = 0; i < length; i++)
	{
		if (!utf8_feed(&check, (uint8_t) text[i]))
			return false;
		if (check.needed == 0)
			*complete = i + 1;
	}
	return true;
}

/* Cuts the text at offsets in bytes, which are known to split no character. */
static void
cut_bytes(ModelReader *reader, ModelCategories *names, const char *text,
		  const IntegerArray *offsets)
{
	char	   *copy = core_allocate(reader->host,
									 (size_t) offsets->values[names->count] + names->count, 1);

	for (uint32_t i = 0; i < names->count; i++)
	{
		size_t		length = (size_t) (offsets->values[i + 1] - offsets->values[i]);

		names->names[i] = copy;
		memcpy(copy, text + offsets->values[i], length);
		copy += length + 1;		/* the memory is zeroed */
	}
}

/*
 * Cuts the text at offsets in characters.  A name of which characters are lost
 * gets one U+FFFD for each; where nothing of a name is left, there is no telling
 * the category, and the model is refused.
 */
static void
cut_characters(ModelReader *reader, ModelCategories *names, const char *text, size_t length,
			   const IntegerArray *offsets)
{
	size_t		at = 0;

	names->damaged = true;
	for (uint32_t i = 0; i < names->count; i++)
	{
		int32_t		wanted = offsets->values[i + 1] - offsets->values[i];
		size_t		begin = at;
		size_t		lost;
		char	   *copy;

		for (; wanted > 0 && at < length; wanted--)
		{
			do
				at++;
			while (at < length && continues_character(text[at]));
		}
		if (wanted > 0 && at == begin)
			core_fail(reader->host, CORE_UNSUPPORTED_MODEL,
					  "Train with category names in ASCII, or with XGBoost 3.4 or later.",
					  "Names of categories, from code %" PRIu32 " of %" PRIu32 " on, are lost: "
					  "XGBoost cut them off when it saved the model.", i, names->count);
		lost = (size_t) wanted * strlen(REPLACEMENT_CHARACTER);
		names->names[i] = copy = core_allocate(reader->host, at - begin + lost + 1, 1);
		memcpy(copy, text + begin, at - begin);
		for (copy += at - begin; wanted > 0; wanted--)
		{
			memcpy(copy, REPLACEMENT_CHARACTER, strlen(REPLACEMENT_CHARACTER));
			copy += strlen(REPLACEMENT_CHARACTER);
		}
	}
}

static void
make_names(ModelReader *reader, FeatureEncoding *encoding,
		   const IntegerArray *offsets, const IntegerArray *bytes)
{
	ModelCategories *names = &encoding->names;
	char	   *text = core_allocate(reader->host, bytes->count + 1, 1);
	size_t		complete;
	bool		ascii = true;
	bool		split;

	for (size_t i = 0; i < offsets->count; i++)
	{
		if ((i == 0 ? offsets->values[i] != 0 : offsets->values[i] < offsets->values[i - 1]) ||
			(size_t) offsets->values[i] > bytes->count)
			reader_fail_field(reader, "offsets", "positions in values that ascend from 0");
	}
	for (size_t i = 0; i < bytes->count; i++)
	{
		int32_t		byte = bytes->values[i];	/* signed or not */

		if (byte < -128 || byte > 255 || byte == 0)
			reader_fail_field(reader, "values", "the bytes of the names");
		text[i] = (char) (uint8_t) byte;
		ascii = ascii && byte > 0 && byte < 128;
	}
	if (!is_utf8_but_cut(text, bytes->count, &complete))
		reader_fail_field(reader, "values", "text in UTF-8");
	split = complete < bytes->count;
	for (size_t i = 0; i < offsets->count; i++)
		split = split || continues_character(text[offsets->values[i]]);

	names->count = (uint32_t) offsets->count - 1;
	names->names = core_allocate(reader->host, names->count, sizeof(char *));
	if (split)
		cut_characters(reader, names, text, complete, offsets);
	else
		cut_bytes(reader, names, text, offsets);
	encoding->ambiguous = !ascii && !split;
	reader->host->release(reader->host, text);
}

/* One entry of cats.enc, whose opening brace has been taken */
static void
read_encoding(ModelReader *reader, FeatureEncoding *encoding,
			  IntegerArray *offsets, IntegerArray *values)
{
	static const char *const keys[] = {"offsets", "values", NULL};
	uint32_t	seen = 0;
	bool		whole = true;
	int			key;

	offsets->count = 0;
	values->count = 0;
	while ((key = reader_next_member(reader, keys, &seen)) >= 0)
	{
		if (key == 0)
			reader_integers(reader, keys[key], offsets, MODEL_CATEGORY_MAX + 1);
		else
			read_values(reader, values, &whole);
	}
	if ((seen & 1) != 0)
	{
		if (!whole)
			reader_fail_field(reader, "values", "the bytes of the names");
		if (offsets->count > 1)
			make_names(reader, encoding, offsets, values);
		return;
	}
	encoding->numeric = !whole;
	for (size_t i = 0; i < values->count; i++)
		encoding->numeric = encoding->numeric || values->values[i] != (int32_t) i;
}

void
reader_cats(ModelReader *reader)
{
	static const char *const keys[] = {"enc", NULL};
	const char *outer = reader_enter_object(reader, "learner.gradient_booster.model.cats");
	IntegerArray offsets = {0};
	IntegerArray values = {0};
	uint32_t	seen = 0;

	while (reader_next_member(reader, keys, &seen) >= 0)
	{
		DocumentEvent event;

		reader_enter_array(reader, "enc", "an array of objects");
		while ((event = document_next(reader->document)) == DOCUMENT_OBJECT_BEGIN)
		{
			if (reader->encodings_count == MODEL_FEATURES_MAX)
				reader_fail_length(reader, "enc", MODEL_FEATURES_MAX);
			reader->encodings = core_grow(reader->host, reader->encodings,
										  &reader->encodings_capacity,
										  reader->encodings_count + 1, sizeof(FeatureEncoding));
			read_encoding(reader, &reader->encodings[reader->encodings_count++],
						  &offsets, &values);
		}
		if (event != DOCUMENT_ARRAY_END)
			reader_fail_field(reader, "enc", "an array of objects");
	}
	reader->path = outer;
}
