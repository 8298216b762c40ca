/*
 * test_reader.c
 *		The model reader: golden models, dialects, refusals, damage.
 *
 *		test_reader DIRECTORY
 *
 * DIRECTORY holds the golden cases, folders NAME-xgbX.Y.Z/ with model.json,
 * model.ubj (or one of them) and case.json.  The small documents are in
 * reader_cases.h; those that must be accepted are also tried in UBJSON, in
 * every style of it.
 */
#include "unit.h"

#include "decimal.h"
#include "reader_cases.h"
#include "reader_writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static UnitHost unit;

static uint64_t
random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* ---------- comparing models ---------- */

static bool
same_real(float left, float right)
{
	return memcmp(&left, &right, sizeof(float)) == 0;
}

static bool
same_text(const char *left, const char *right)
{
	return (left == NULL) == (right == NULL) && (left == NULL || strcmp(left, right) == 0);
}

static bool
same_texts(char **left, char **right, size_t count)
{
	if ((left == NULL) != (right == NULL))
		return false;
	for (size_t i = 0; left != NULL && i < count; i++)
	{
		if (!same_text(left[i], right[i]))
			return false;
	}
	return true;
}

static bool
same_tree(const ModelTree *left, const ModelTree *right)
{
	if (left->node_count != right->node_count || left->category_count != right->category_count ||
		left->group != right->group || !same_real(left->weight, right->weight))
		return false;
	for (uint32_t i = 0; i < left->node_count; i++)
	{
		const ModelNode *a = &left->nodes[i];
		const ModelNode *b = &right->nodes[i];

		if (a->left != b->left || a->feature != b->feature || !same_real(a->value, b->value) ||
			!same_real(a->cover, b->cover) || a->category_begin != b->category_begin ||
			a->category_count != b->category_count || a->default_left != b->default_left ||
			a->categorical != b->categorical)
			return false;
	}
	for (uint32_t i = 0; i < left->category_count; i++)
	{
		if (left->categories[i] != right->categories[i])
			return false;
	}
	return true;
}

/* Names the first field that differs, apart from the encoding; NULL: none */
static const char *
model_difference(const Model *left, const Model *right)
{
	if (memcmp(left->version, right->version, sizeof(left->version)) != 0)
		return "version";
	if (left->booster != right->booster)
		return "booster";
	if (!same_text(left->objective, right->objective))
		return "objective";
	if (left->feature_count != right->feature_count || left->group_count != right->group_count)
		return "feature_count, group_count";
	if (!same_texts(left->feature_names, right->feature_names, left->feature_count))
		return "feature_names";
	if (!same_texts(left->feature_types, right->feature_types, left->feature_count))
		return "feature_types";
	if ((left->categories == NULL) != (right->categories == NULL))
		return "categories";
	for (uint32_t i = 0; left->categories != NULL && i < left->feature_count; i++)
	{
		if (left->categories[i].count != right->categories[i].count ||
			!same_texts(left->categories[i].names, right->categories[i].names, left->categories[i].count))
			return "categories";
	}
	for (uint32_t i = 0; i < left->group_count; i++)
	{
		if (!same_real(left->base_scores[i], right->base_scores[i]))
			return "base_scores";
	}
	if (left->best_iteration != right->best_iteration)
		return "best_iteration";
	if (!same_text(left->names_error, right->names_error))
		return "names_error";
	if (!same_real(left->missing, right->missing) ||
		!same_text(left->missing_error, right->missing_error))
		return "missing";
	if (left->tree_count != right->tree_count || left->round_count != right->round_count)
		return "tree_count, round_count";
	for (uint32_t i = 0; i < left->tree_count; i++)
	{
		if (!same_tree(&left->trees[i], &right->trees[i]))
			return "trees";
	}
	if ((left->round_ends == NULL) != (right->round_ends == NULL))
		return "round_ends";
	for (uint32_t i = 0; left->round_ends != NULL && i < left->round_count; i++)
	{
		if (left->round_ends[i] != right->round_ends[i])
			return "round_ends";
	}
	if ((left->linear_weights == NULL) != (right->linear_weights == NULL))
		return "linear_weights";
	for (size_t i = 0; left->linear_weights != NULL &&
		 i < ((size_t) left->feature_count + 1) * left->group_count; i++)
	{
		if (!same_real(left->linear_weights[i], right->linear_weights[i]))
			return "linear_weights";
	}
	return NULL;
}

/* ---------- a document must be read, or refused ---------- */

static const size_t chunk_sizes[] = {0, 1, 7};

/* Reads in every chunk size; the outcome must be the same and as expected. */
static void
expect(const char *name, const void *bytes, size_t length, int code, const char *detail)
{
	for (size_t i = 0; i < sizeof(chunk_sizes) / sizeof(chunk_sizes[0]); i++)
	{
		Model	   *model = unit_read_model(&unit, bytes, length, chunk_sizes[i]);

		if (code == ACCEPTED)
			CHECK_MESSAGE(model != NULL, "%s, chunks of %zu: refused: %s",
						  name, chunk_sizes[i], unit.detail);
		else if (CHECK_MESSAGE(model == NULL, "%s, chunks of %zu: accepted", name, chunk_sizes[i]))
			CHECK_MESSAGE((int) unit.code == code && strstr(unit.detail, detail) != NULL,
						  "%s, chunks of %zu: code %d: %s", name, chunk_sizes[i],
						  (int) unit.code, unit.detail);
		unit_host_reset(&unit);
	}
}

static void
test_tables(void)
{
	Bytes		document = {0};
	Bytes		binary = {0};

	unit_group("the base document, edited");
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
	{
		const Edit *edit = &edits[i];

		if (CHECK_MESSAGE(replace(&document, base, edit->piece, edit->by),
						  "%s: the piece to replace must occur once", edit->name))
			expect(edit->name, document.bytes, document.length, edit->code, edit->detail);
	}

	unit_group("whole documents");
	for (size_t i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++)
		expect(wholes[i].name, wholes[i].text, strlen(wholes[i].text),
			   wholes[i].code, wholes[i].detail);

	unit_group("UBJSON refused");
	for (size_t i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++)
		expect(binaries[i].name, binaries[i].bytes, binaries[i].length,
			   (int) binaries[i].code, binaries[i].detail);

	unit_group("the accepted dialects in UBJSON");
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
	{
		if (edits[i].code != ACCEPTED || !replace(&document, base, edits[i].piece, edits[i].by))
			continue;
		for (size_t k = 0; k < sizeof(styles) / sizeof(styles[0]); k++)
		{
			Model	   *text;
			Model	   *coded;

			if (!CHECK(transcode((char *) document.bytes, &styles[k], &binary)))
				continue;
			text = unit_read_model(&unit, document.bytes, document.length, 0);
			coded = unit_read_model(&unit, binary.bytes, binary.length, 1 + k);
			if (CHECK_MESSAGE(text != NULL && coded != NULL, "%s, %s: %s", edits[i].name,
							  styles[k].name, unit.detail))
			{
				CHECK(coded->is_ubjson && !text->is_ubjson);
				CHECK_MESSAGE(model_difference(text, coded) == NULL, "%s, %s: %s differs",
							  edits[i].name, styles[k].name, model_difference(text, coded));
			}
			unit_host_reset(&unit);
		}
	}
	free(document.bytes);
	free(binary.bytes);
}

/* ---------- what is read ---------- */

static Model *
read_edited(Bytes *document, const char *text, const char *piece, const char *by)
{
	Model	   *model = NULL;

	if (CHECK(replace(document, text, piece, by)))
		model = unit_read_model(&unit, document->bytes, document->length, 3);
	CHECK_MESSAGE(model != NULL, "%s", unit.detail);
	return model;
}

static void
test_values(void)
{
	static const char snapshot[] = "{\"Config\":{\"learner\":[]},\"Model\":";
	Bytes		document = {0};
	Model	   *model;

	unit_group("the fields of the base document");
	model = unit_read_model(&unit, base, strlen(base), 0);
	if (CHECK(model != NULL))
	{
		const ModelTree *tree = &model->trees[0];
		const ModelNode *nodes = tree->nodes;

		CHECK(model->version[0] == 3 && model->version[1] == 0 && model->version[2] == 0);
		CHECK(model->booster == MODEL_GBTREE && !model->is_ubjson);
		CHECK(strcmp(model->objective, "binary:logistic") == 0);
		CHECK(model->feature_count == 2 && model->group_count == 1);
		CHECK(strcmp(model->feature_names[1], "b") == 0 && strcmp(model->feature_types[1], "c") == 0);
		CHECK(model->categories == NULL && model->linear_weights == NULL);
		CHECK(model->base_scores[0] == 0.5f && model->best_iteration == -1);
		CHECK(model->tree_count == 1 && model->round_count == 1 && model->round_ends[0] == 1);
		CHECK(tree->node_count == 5 && tree->group == 0 && tree->weight == 1.0f);
		CHECK(nodes[0].left == 1 && nodes[0].feature == 0 && nodes[0].value == 1.5f);
		CHECK(nodes[0].default_left && !nodes[0].categorical && nodes[0].cover == 10.0f);
		CHECK(nodes[1].left == 3 && nodes[1].feature == 1 && nodes[1].categorical);
		CHECK(!nodes[1].default_left && nodes[1].category_begin == 0 && nodes[1].category_count == 2);
		CHECK(tree->category_count == 2 && tree->categories[0] == 1 && tree->categories[1] == 3);
		CHECK(nodes[2].left == -1 && nodes[2].value == 0.25f && nodes[2].cover == 4.0f);
		CHECK(nodes[4].left == -1 && same_real(nodes[4].value, 1e-3f));
	}
	unit_host_reset(&unit);

	unit_group("the linear booster");
	model = unit_read_model(&unit, linear, strlen(linear), 1);
	if (CHECK(model != NULL))
	{
		CHECK(model->booster == MODEL_GBLINEAR && model->trees == NULL && model->round_count == 4);
		CHECK(model->linear_weights[1] == -2.0f && model->linear_weights[2] == 0.25f);
		CHECK(model->feature_names == NULL && model->feature_types == NULL);
	}
	unit_host_reset(&unit);
	model = unit_read_model(&unit, linear, strlen(linear) - 1, 0);
	CHECK(model == NULL);
	if (CHECK(replace(&document, linear, "-2,", "")))
		expect("two weights", document.bytes, document.length, CORE_INVALID_MODEL,
			   "weights has 2 entries instead of 3");
	if (CHECK(replace(&document, linear, "-2,", "NaN,")))
		expect("a weight that is no number", document.bytes, document.length, CORE_INVALID_MODEL,
			   "Weight 1 of the linear booster is not finite");

	unit_group("DART in three places");
	if ((model = read_edited(&document, base, "},\"name\":\"gbtree\"",
							 "},\"name\":\"gbtree\",\"weight_drop\":[0.375]")) != NULL)
		CHECK(model->booster == MODEL_DART && model->trees[0].weight == 0.375f);
	unit_host_reset(&unit);
	if ((model = read_edited(&document, base, "\"tree_info\"", "\"weight_drop\":[0.375],\"tree_info\"")) != NULL)
		CHECK(model->booster == MODEL_DART && model->trees[0].weight == 0.375f);
	unit_host_reset(&unit);
	if (CHECK(replace(&document, base, "{\"model\":{", "{\"gbtree\":{\"name\":\"gbtree\",\"model\":{")))
	{
		Bytes		wrapped = {0};

		if ((model = read_edited(&wrapped, (char *) document.bytes, "},\"name\":\"gbtree\"}",
								 "}},\"name\":\"dart\",\"weight_drop\":[0.375]}")) != NULL)
			CHECK(model->booster == MODEL_DART && model->trees[0].weight == 0.375f);
		unit_host_reset(&unit);
		if ((model = read_edited(&wrapped, (char *) document.bytes, "},\"name\":\"gbtree\"}",
								 "}},\"name\":\"dart\",\"weight_drop\":[]}")) != NULL)
			CHECK(model->booster == MODEL_DART && model->trees[0].weight == 1.0f);
		unit_host_reset(&unit);
		free(wrapped.bytes);
	}

	unit_group("base scores and groups");
	if (CHECK(replace(&document, base, "\"num_class\":\"0\"", "\"num_class\":\"3\"")))
		expect("one tree for three classes", document.bytes, document.length, CORE_INVALID_MODEL,
			   "The 1 trees do not make whole rounds of 3");
	model = read_edited(&document, base, "\"tree_info\":[0]",
						"\"tree_info\":[0],\"iteration_indptr\":[0,1]");
	if (model != NULL)
	{
		Bytes		groups = {0};
		Bytes		scores = {0};

		unit_host_reset(&unit);
		model = read_edited(&groups, (char *) document.bytes, "\"num_class\":\"0\"",
							"\"num_class\":\"3\"");
		if (model != NULL)
			CHECK(model->group_count == 3 && model->base_scores[0] == 0.5f && model->base_scores[2] == 0.5f);
		unit_host_reset(&unit);
		if (CHECK(replace(&scores, (char *) groups.bytes, "binary:logistic", "reg:expectileerror")))
			expect("several expectiles", scores.bytes, scores.length, CORE_UNSUPPORTED_MODEL,
				   "one expectile; the model has 3");
		if ((model = read_edited(&scores, (char *) groups.bytes, "\"5E-1\"", "\"[1E0, 2.5,-3e-1]\"")) != NULL)
			CHECK(model->base_scores[0] == 1.0f && model->base_scores[1] == 2.5f && model->base_scores[2] == -0.3f);
		free(groups.bytes);
		free(scores.bytes);
	}
	unit_host_reset(&unit);

	unit_group("names, in every way to write them");
	model = read_edited(&document, base, "[\"a\",\"b\"]",
						"[\"D\\u00e9lai \\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\ud83d\\ude00\xf0\x9f\x98\x80\"]");
	if (model != NULL)
	{
		CHECK(strcmp(model->feature_names[0], "D\xc3\xa9lai \"\\/\b\f\n\r\t") == 0);
		CHECK(strcmp(model->feature_names[1], "\xf0\x9f\x98\x80\xf0\x9f\x98\x80") == 0);
	}
	unit_host_reset(&unit);
	unit_group("names that cannot be used");
	if ((model = read_edited(&document, base, "[\"a\",\"b\"]", "[\"a\",\"a\"]")) != NULL)
		CHECK(model->names_error != NULL && strstr(model->names_error, "\"a\" occurs twice") != NULL);
	unit_host_reset(&unit);
	if ((model = read_edited(&document, base, "[\"a\",\"b\"]", "[\"a\",\"\"]")) != NULL)
		CHECK(model->names_error != NULL && strstr(model->names_error, "position 1 has an empty name") != NULL);
	unit_host_reset(&unit);
	if ((model = read_edited(&document, base, "[\"a\",\"b\"]", "[\"a\"]")) != NULL)
		CHECK(model->names_error != NULL && model->feature_names == NULL &&
			  strstr(model->names_error, "1 entries, but the model has 2") != NULL);
	unit_host_reset(&unit);
	unit_group("attributes, snapshots and deleted nodes");
	model = read_edited(&document, base, "\"attributes\":{}",
						"\"attributes\":{\"best_iteration\":\"12\"}");
	if (model != NULL)
		CHECK(model->best_iteration == 12);
	unit_host_reset(&unit);
	document.length = 0;
	put(&document, snapshot, strlen(snapshot));
	put(&document, base, strlen(base));
	put(&document, "}", 1);
	expect("a snapshot", document.bytes, document.length, ACCEPTED, NULL);
	if (CHECK(replace(&document, base, "[1,3,-1,-1,-1]", "[1,-1,-1,9,-7]")))
	{
		Bytes		pruned = {0};
		Bytes		valued = {0};

		/* nodes 3 and 4 are deleted, and 1 has become a leaf */
		if (CHECK(replace(&pruned, (char *) document.bytes, "[2,4,-1,-1,-1]", "[2,-1,-1,5,5]")) &&
			CHECK(replace(&document, (char *) pruned.bytes, "[0,1,0,0,0],\"split_type\"",
						  "[0,1,0,2147483647,-5],\"split_type\"")) &&
			(model = read_edited(&valued, (char *) document.bytes, "[1.5,NaN,0.25,-0.75,1e-3]",
								 "[1.5,2.5,0.25,NaN,Infinity]")) != NULL)
		{
			const ModelNode *nodes = model->trees[0].nodes;

			CHECK(model->trees[0].node_count == 5 && nodes[1].left == -1 && nodes[1].value == 2.5f);
			CHECK(nodes[3].left == -1 && nodes[3].value == 0.0f && nodes[4].feature == 0);
		}
		unit_host_reset(&unit);
		free(pruned.bytes);
		free(valued.bytes);
	}
	free(document.bytes);
}

/* What the attribute scikit_learn says of missing values; its text is written with ' for " */
static void
test_missing(void)
{
	static const struct
	{
		const char *text;
		float		missing;
		bool		fails;
	}			cases[] = {
		{"{'missing': -999}", -999, false},
		{"{'a': {'missing': 1, 'b': ['missing', {'missing': 2}]}, 'missing': -999.9, 'c': 3}", -999.9f, false},
		{"{'missing':0}", 0, false},
		{"{'a': 'missing', 'missing' : 1e-3 }", 1e-3f, false},
		{"{'a': '\\\\', 'missing': 7}", 7, false},
		{"{'a': 'x\\', \\'missing\\': 7', 'b': 1}", NAN, false},
		{"{'missing': 7, 'missing': 8}", 8, false},
		{"{'missing': Infinity}", INFINITY, false},
		{"{'missing': -Infinity}", -INFINITY, false},
		{"{'missing': NaN}", NAN, false},
		{"{'missing': null}", NAN, false},
		{"{'b': 1}", NAN, false},
		{"[{'missing': 5}]", NAN, false},
		{"", NAN, false},
		{"{'missing'", NAN, false},
		{"'missing': 5", NAN, false},
		{"{'missing", NAN, false},
		{"{'missing': ", NAN, true},
		{"{'missing': '-999'}", NAN, true},
		{"{'missing': 1e300}", NAN, true},
		{"{'missing': [1]}", NAN, true},
	};
	Bytes		document = {0};

	unit_group("what stands for missing");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char		text[512] = "\"attributes\":{\"scikit_learn\":\"";
		size_t		length = strlen(text);
		Model	   *model;

		for (const char *at = cases[i].text; *at != '\0'; at++)
		{
			if (*at == '\'' || *at == '\\')
				text[length++] = '\\';
			text[length++] = *at == '\'' ? '"' : *at;
		}
		strcpy(text + length, "\"}");
		if ((model = read_edited(&document, base, "\"attributes\":{}", text)) != NULL)
			CHECK_MESSAGE((same_real(model->missing, cases[i].missing) ||
						   (isnan(model->missing) && isnan(cases[i].missing))) &&
						  (model->missing_error != NULL) == cases[i].fails,
						  "%s: %g, %s", cases[i].text, (double) model->missing,
						  model->missing_error == NULL ? "no error" : model->missing_error);
		unit_host_reset(&unit);
	}
	if (CHECK(replace(&document, base, "\"attributes\":{}", "\"attributes\":{\"scikit_learn\":{\"missing\":5}}")))
		expect("an attribute that is no text", document.bytes, document.length, ACCEPTED, NULL);
	free(document.bytes);
}

/* The names that the base document's feature "b" gets from cats.enc, under a version */
static const ModelCategories *
read_names(Bytes *document, const char *version, const char *encoding)
{
	Bytes		versioned = {0};
	char		text[512];
	Model	   *model = NULL;

	snprintf(text, sizeof(text),
			 "\"cats\":{\"enc\":[{\"offsets\":[],\"values\":[]},%s]},\"tree_info\"", encoding);
	unit_host_reset(&unit);
	if (CHECK(replace(&versioned, base, "[3,0,0]", version)))
		model = read_edited(document, (char *) versioned.bytes, "\"tree_info\"", text);
	free(versioned.bytes);
	if (model == NULL || !CHECK(model->categories != NULL))
		return NULL;
	CHECK(model->categories[0].count == 0 && !model->categories[0].damaged);
	return &model->categories[1];
}

static void
test_category_names(void)
{
	static const char accents[] = "{\"values\":[-61,-87,65,195,169],\"offsets\":[0,2,2,5]}";
	Bytes		document = {0};
	const ModelCategories *names;

	unit_group("names of categories");
	if ((names = read_names(&document, "[3,1,0]", "{\"offsets\":[0,2,2,3],\"values\":[65,66,67]}")) != NULL &&
		CHECK(names->count == 3 && !names->damaged))
	{
		CHECK(strcmp(names->names[0], "AB") == 0 && strcmp(names->names[1], "") == 0);
		CHECK(strcmp(names->names[2], "C") == 0);
	}

	/* no character is split: 3.4 counts bytes, before it could be either */
	if ((names = read_names(&document, "[3,4,0]", accents)) != NULL &&
		CHECK(names->count == 3 && !names->damaged))
	{
		CHECK(strcmp(names->names[0], "\xc3\xa9") == 0 && strcmp(names->names[1], "") == 0);
		CHECK(strcmp(names->names[2], "A\xc3\xa9") == 0);
	}
	if ((names = read_names(&document, "[3,3,0]", accents)) != NULL)
		CHECK(names->count == 0 && names->damaged);

	/* of "ab\u00e9", "\u00e9c", "defg" nine bytes are left, and the cuts count characters */
	if ((names = read_names(&document, "[3,3,0]", "{\"offsets\":[0,3,5,9],"
							"\"values\":[97,98,-61,-87,-61,-87,99,100,101]}")) != NULL &&
		CHECK(names->count == 3 && names->damaged))
	{
		CHECK(strcmp(names->names[0], "ab\xc3\xa9") == 0 && strcmp(names->names[1], "\xc3\xa9" "c") == 0);
		CHECK(strcmp(names->names[2], "de\xef\xbf\xbd\xef\xbf\xbd") == 0);
	}

	/* the last character itself is cut */
	if ((names = read_names(&document, "[3,3,0]", "{\"offsets\":[0,1,3],\"values\":[97,98,-61]}")) != NULL &&
		CHECK(names->count == 2 && names->damaged))
		CHECK(strcmp(names->names[0], "a") == 0 && strcmp(names->names[1], "b\xef\xbf\xbd") == 0);
	unit_host_reset(&unit);
	free(document.bytes);
}

/* ---------- decimals ---------- */

static void
parse_decimals(CoreHost *host, void *argument)
{
	static const char *const given[] = {
		"0", "-0", "0.0", "-0.0", "1", "16777217", "16777219", "1e-45", "7e-46", "1.4e-45",
		"1.17549435e-38", "1.1754942e-38", "3.4028235e38", "3.4028236e38", "1e39", "-1e39", "1e-400",
		"0.1", "0.000000000000000000000000000000000001", "123456789012345678901234567890",
		"1.00000017881393432617187499", "1.00000017881393432617187500", "1.00000017881393432617187501",
		"1.000000178813934326171875", "8388608.5", "8388609.5", "9007199254740993", "9007199791611905",
		"1e22", "1e23", "33554431.999999999", "0.30000001192092896", "4.0612143e-08", "1.2960645",
	};
	uint64_t   *state = argument;

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
	{
		float		value = 0;

		CHECK(decimal_parse_real(host, given[i], strlen(given[i]), &value));
		CHECK_MESSAGE(same_real(value, strtof(given[i], NULL)), "%s is read as %.9g", given[i], (double) value);
	}
	for (int i = 0; i < 200000; i++)
	{
		static const char *const formats[] = {"%.9g", "%.8e", "%.6g", "%.17g", "%.20e"};
		uint64_t	bits = random_next(state);
		float		number;
		double		half;
		float		value = 0;
		char		text[64];

		memcpy(&number, &bits, sizeof(number));
		if (!isfinite(number))
			continue;

		/* every other time near the middle between two float32 values */
		half = number;
		if (i % 2 == 1)
			half = (half + (double) nextafterf(number, 0)) / 2;
		snprintf(text, sizeof(text), formats[i % 5], half);
		if (!decimal_parse_real(host, text, strlen(text), &value) ||
			!same_real(value, strtof(text, NULL)))
			CHECK_MESSAGE(false, "%s is read as %.9g", text, (double) value);
	}
	CHECK(true);
}

static void
test_decimals(void)
{
	uint64_t	state = UINT64_C(0x9e3779b97f4a7c15);

	unit_group("decimals are the nearest float32");
	CHECK(unit_run(&unit, parse_decimals, &state));
	unit_host_reset(&unit);
}

/* ---------- damage ---------- */

static void
truncate_everywhere(const char *name, const uint8_t *bytes, size_t length, size_t step)
{
	size_t		accepted = 0;

	for (size_t cut = 0; cut < length; cut += step)
	{
		accepted += unit_read_model(&unit, bytes, cut, cut % 3 == 0 ? 0 : cut % 5) != NULL;
		unit_host_reset(&unit);
	}
	CHECK_MESSAGE(accepted == 0, "%s: accepted when cut short, %zu times", name, accepted);
}

static void
flip_bytes(const uint8_t *bytes, size_t length, int times, uint64_t *state)
{
	uint8_t    *damaged = malloc(length);

	if (damaged == NULL)
		abort();
	for (int i = 0; i < times; i++)
	{
		memcpy(damaged, bytes, length);
		for (uint64_t flips = 1 + random_next(state) % 4; flips > 0; flips--)
		{
			uint64_t	random = random_next(state);

			damaged[random % length] ^= (uint8_t) (1 + (random >> 32) % 255);
		}
		unit_read_model(&unit, damaged, length, (size_t) i % 9);
		if (unit.peak > 64 * length + 1024 * 1024)
			CHECK_MESSAGE(false, "damaged document of %zu bytes took %zu bytes of memory", length, unit.peak);
		unit_host_reset(&unit);
	}
	free(damaged);
}

static void
test_damage(void)
{
	uint64_t	state = UINT64_C(0x2545f4914f6cdd1d);
	Bytes		binary = {0};

	unit_group("small models, cut and damaged");
	truncate_everywhere("base", (const uint8_t *) base, strlen(base), 1);
	truncate_everywhere("linear", (const uint8_t *) linear, strlen(linear), 1);
	flip_bytes((const uint8_t *) base, strlen(base), 5000, &state);
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
	{
		if (!CHECK(transcode(base, &styles[i], &binary)))
			continue;
		truncate_everywhere(styles[i].name, binary.bytes, binary.length, 1);
		flip_bytes(binary.bytes, binary.length, 2000, &state);
	}
	free(binary.bytes);
}

/* ---------- a deep tree ---------- */

/* A tree that is one chain of splits */
static void
put_chain(Bytes *out, int splits)
{
	static const char *const before[] = {
		"{\"left_children\":[", "],\"right_children\":[", "],\"split_indices\":[",
		"],\"split_conditions\":[", "],\"default_left\":[", "],\"sum_hessian\":["
	};
	char		text[32];

	put(out, BEFORE_TREES, strlen(BEFORE_TREES));
	for (int array = 0; array < 6; array++)
	{
		put(out, before[array], strlen(before[array]));
		for (int i = 0; i <= 2 * splits; i++)
		{
			bool		is_split = i % 2 == 0 && i < 2 * splits;
			int			value = array < 2 ? (is_split ? i + 1 + array : -1) : array == 5;

			/* the left child is the leaf, the right one the next split */
			snprintf(text, sizeof(text), "%s%d", i == 0 ? "" : ",", value);
			put(out, text, strlen(text));
		}
	}
	put(out, "]}", 2);
	put(out, AFTER_TREES, strlen(AFTER_TREES));
}

static void
test_depth(void)
{
	Bytes		document = {0};

	unit_group("deep trees");
	put_chain(&document, MODEL_DEPTH_MAX);
	expect("as deep as may be", document.bytes, document.length, ACCEPTED, NULL);
	document.length = 0;
	put_chain(&document, MODEL_DEPTH_MAX + 1);
	expect("deeper", document.bytes, document.length, CORE_LIMIT_EXCEEDED, "deeper than the limit of 512");
	free(document.bytes);
}

/* ---------- limits and interrupts ---------- */

/* One byte more than a document may have; the bytes are never looked at */
static size_t
too_much(ModelSource *source, const uint8_t **chunk)
{
	(void) source;
	*chunk = (const uint8_t *) "";
	return MODEL_BYTES_MAX + 1;
}

static void
read_too_much(CoreHost *host, void *argument)
{
	model_read(host, argument);
}

static void
test_limits(void)
{
	ModelSource endless = {too_much};
	Bytes		document = {0};
	char		spaces[4096];

	unit_group("limits and interrupts");
	CHECK(!unit_run(&unit, read_too_much, &endless));
	CHECK(unit.code == CORE_LIMIT_EXCEEDED && strstr(unit.detail, "longer than the limit of 536870912") != NULL);
	unit_host_reset(&unit);

	/* a name that is longer than a string may be */
	memset(spaces, ' ', sizeof(spaces));
	put(&document, "{\"", 2);
	for (int i = 0; i <= MODEL_STRING_MAX / (int) sizeof(spaces); i++)
		put(&document, spaces, sizeof(spaces));
	put(&document, "\":0}", 4);
	expect("a long key", document.bytes, document.length, CORE_LIMIT_EXCEEDED,
		   "a string is longer than the limit of 1048576 bytes");

	/* one that is passed over may be of any length; interrupts are looked for meanwhile */
	document.bytes[1] = ' ';
	document.bytes[2] = '"';
	document.bytes[3] = 'a';
	document.bytes[4] = '"';
	document.bytes[5] = ':';
	document.bytes[6] = '"';
	document.length -= 4;
	put(&document, "\"}", 2);
	expect("a long string", document.bytes, document.length, CORE_INVALID_MODEL, "no \"learner\"");
	unit.interrupt_checks = 0;
	CHECK(unit_read_model(&unit, document.bytes, document.length, 0) == NULL);
	CHECK(unit.interrupt_checks >= document.length / 65536);
	unit_host_reset(&unit);
	free(document.bytes);
}

/* ---------- golden cases ---------- */

typedef struct CaseFacts
{
	UnitSource	source;
	char		objective[64];
	int64_t		features;
	int64_t		groups;
} CaseFacts;

static void
read_case(CoreHost *host, void *argument)
{
	CaseFacts  *facts = argument;
	Document   *document = document_open(host, &facts->source.source);

	document_next(document);
	while (document_next(document) == DOCUMENT_KEY)
	{
		const char *key = document_text(document, NULL);
		bool		is_objective = strcmp(key, "objective") == 0;
		bool		is_features = strcmp(key, "features") == 0;
		bool		is_groups = strcmp(key, "output_groups") == 0;

		if (!is_objective && !is_features && !is_groups)
		{
			document_skip(document);
			continue;
		}
		document_next(document);
		if (is_objective)
			snprintf(facts->objective, sizeof(facts->objective), "%s", document_text(document, NULL));
		else if (is_features)
			facts->features = document_integer(document);
		else
			facts->groups = document_integer(document);
	}
}

static uint8_t *
read_case_file(const char *directory, const char *name, const char *file, size_t *length)
{
	char		path[4096];

	snprintf(path, sizeof(path), "%s/%s/%s", directory, name, file);
	return unit_read_file(path, length);
}

static void
check_against_case(const char *directory, const char *name, const Model *model)
{
	CaseFacts	facts = {.features = 0};
	UnitHost	other;
	size_t		length;
	uint8_t    *bytes = read_case_file(directory, name, "case.json", &length);

	if (!CHECK_MESSAGE(bytes != NULL, "%s has no case.json", name))
		return;
	unit_host_init(&other);
	unit_source_init(&facts.source, bytes, length, 0);
	if (CHECK_MESSAGE(unit_run(&other, read_case, &facts), "%s", other.detail))
	{
		CHECK(strcmp(facts.objective, model->objective) == 0);
		CHECK(facts.features == (int64_t) model->feature_count);
		CHECK(facts.groups == (int64_t) model->group_count);
	}
	unit_source_done(&facts.source);
	unit_host_reset(&other);
	free(bytes);
}

/* XGBoost 3.3 counted characters where bytes were meant, and lost three of them */
static void
check_golden_names(const Model *model)
{
	const ModelCategories *region = &model->categories[1];

	CHECK(model->categories[0].count == 0 && model->categories[2].count == 4);
	CHECK(!model->categories[2].damaged && strcmp(model->categories[2].names[0], "SARL") == 0);
	if (CHECK(region->count == 8 && region->damaged))
	{
		CHECK(strcmp(region->names[0], "Bourgogne-Franche-Comt\xc3\xa9") == 0);
		CHECK(strcmp(region->names[1], "\xc3\x8ele-de-France") == 0);
		CHECK(strcmp(region->names[6], "Hauts-de-France") == 0);
		CHECK(strcmp(region->names[7], "Occita\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd") == 0);
	}
}

static void
test_case(const char *directory, const char *name, uint64_t *state)
{
	bool		is_vector_leaf = strncmp(name, "vector-leaf-", 12) == 0;
	uint8_t    *files[2];
	size_t		lengths[2];
	Model	   *first = NULL;

	unit_group("golden %s", name);
	files[0] = read_case_file(directory, name, "model.json", &lengths[0]);
	files[1] = read_case_file(directory, name, "model.ubj", &lengths[1]);
	if (CHECK(files[0] != NULL || files[1] != NULL))
	{
		for (size_t i = 0; i < 2; i++)
		{
			if (files[i] == NULL)
				continue;		/* large cases are kept in one encoding */
			for (size_t k = 0; k < sizeof(chunk_sizes) / sizeof(chunk_sizes[0]); k++)
			{
				Model	   *model = unit_read_model(&unit, files[i], lengths[i], chunk_sizes[k]);

				if (is_vector_leaf)
				{
					CHECK(model == NULL && unit.code == CORE_UNSUPPORTED_MODEL);
					CHECK(strstr(unit.detail, "vector leaves") != NULL);
					continue;
				}
				if (!CHECK_MESSAGE(model != NULL, "%s", unit.detail))
					continue;
				CHECK(model->is_ubjson == (i == 1));
				if (first == NULL)
					first = model;
				CHECK_MESSAGE(model_difference(first, model) == NULL, "%s differs",
							  model_difference(first, model));
			}
		}
		if (first != NULL)
			check_against_case(directory, name, first);
		if (first != NULL && strcmp(name, "category-names-xgb3.3.0") == 0)
			check_golden_names(first);
		unit_host_reset(&unit);
		for (size_t i = 0; i < 2; i++)
		{
			if (files[i] == NULL)
				continue;
			truncate_everywhere(name, files[i], lengths[i], 1 + lengths[i] / 40);
			flip_bytes(files[i], lengths[i], 20, state);
		}
	}
	free(files[0]);
	free(files[1]);
}

static void
test_golden(const char *directory)
{
	uint64_t	state = UINT64_C(0x853c49e6748fea9b);
	size_t		count;
	char	  **names = unit_list_directory(directory, &count);
	size_t		cases = 0;

	for (size_t i = 0; i < count; i++)
	{
		if (strstr(names[i], "-xgb") == NULL)
			continue;
		test_case(directory, names[i], &state);
		cases++;
	}
	unit_free_list(names, count);
	unit_group("golden cases found");
	CHECK_MESSAGE(cases > 0, "no golden cases in %s", directory);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
	{
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	unit_host_init(&unit);
	test_values();
	test_missing();
	test_category_names();
	test_tables();
	test_decimals();
	test_depth();
	test_limits();
	test_damage();
	test_golden(argv[1]);
	return unit_finish();
}
