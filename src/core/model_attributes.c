/*
 * model_attributes.c
 *		Reads what a model's maker attached to it: the object "attributes".
 *
 * Attributes are free text, by name.  Three of them say something to us:
 *
 *	- best_iteration, of early stopping; one that is no number is none;
 *	- category_offsets, our own: models that risk.train_model made count bytes,
 *	  whatever the version of XGBoost (model_categories.c);
 *	- scikit_learn, in which the scikit-learn classes of XGBoost's Python package
 *	  kept their parameters up to 1.7, as the text of a JSON object.  A class that
 *	  was made with missing=-999 takes -999 for missing when it predicts, also
 *	  after save_model() and load_model(): so the number is part of the model.
 *
 * That text is scanned and not read as a document, because whatever it holds is no
 * reason to refuse a model; but where it does speak of missing, and not of a
 * number, nobody can tell which values are, and the model says so (model.h).
 */
#include "decimal.h"
#include "model_internal.h"

#include <math.h>
#include <string.h>

/* ---------- the text of scikit_learn ---------- */

static const char *
pass_spaces(const char *at)
{
	return at + strspn(at, " \t\n\r");
}

/* Passes over a string, from its quote on, to what follows it, or the end. */
static const char *
pass_string(const char *at)
{
	for (at++; *at != '\0' && *at != '"'; at++)
		if (*at == '\\' && at[1] != '\0')
			at++;
	return *at == '"' ? at + 1 : at;
}

/* The value of "missing": a number, or one of the words that Python writes. */
static bool
parse_missing(CoreHost *host, const char *text, size_t length, float *missing)
{
	static const struct
	{
		const char *word;
		float		value;
	}			words[] = {
		{"NaN", NAN}, {"null", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (length == strlen(words[i].word) && memcmp(text, words[i].word, length) == 0)
		{
			*missing = words[i].value;
			return true;
		}
	return decimal_parse_real(host, text, length, missing) && isfinite(*missing);
}

/*
 * Looks for the member "missing" of the outermost object.  A string before a
 * colon is a key, and only there; of several the last one counts, as in Python.
 */
static void
find_missing(ModelReader *reader, const char *text)
{
	static const char key[] = "\"missing\"";
	Model	   *model = reader->model;
	int			depth = 0;

	for (const char *at = text; *at != '\0';)
	{
		const char *after = at + 1;

		if (*at == '{' || *at == '[')
			depth++;
		else if (*at == '}' || *at == ']')
			depth--;
		else if (*at == '"')
		{
			size_t		length;

			after = pass_string(at);
			length = (size_t) (after - at);
			after = pass_spaces(after);
			if (*after == ':' && depth == 1 && length == strlen(key) &&
				memcmp(at, key, length) == 0)
			{
				after = pass_spaces(after + 1);
				length = strcspn(after, ",}] \t\n\r");
				model->missing_error = NULL;
				if (!parse_missing(reader->host, after, length, &model->missing))
				{
					model->missing = NAN;
					model->missing_error =
						model_sentence(reader, "The model's attribute scikit_learn has a value for missing "
									   "that is not a number of single precision.");
				}
			}
		}
		at = after;
	}
}

/* ---------- attributes ---------- */

void
reader_attributes(ModelReader *reader)
{
	static const char *const keys[] = {
		"best_iteration", "category_offsets", "scikit_learn", NULL
	};
	const char *outer = reader_enter_object(reader, "learner.attributes");
	uint32_t	seen = 0;
	int			key;

	while ((key = reader_next_member(reader, keys, &seen)) >= 0)
	{
		int64_t		value;

		if (key == 0)
		{
			if (reader_accept_integer(reader, &value) && value >= 0)
				reader->model->best_iteration = value;
		}
		else if (document_next(reader->document) != DOCUMENT_STRING)
			document_skip(reader->document);
		else if (key == 1)
			reader->bytes_are_counted =
				strcmp(document_text(reader->document, NULL), "bytes") == 0;
		else
			find_missing(reader, document_text(reader->document, NULL));
	}
	reader->path = outer;
}
