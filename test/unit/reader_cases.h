/*
 * reader_cases.h
 *		The documents of test_reader.c, each with the answer the reader must give.
 *
 * Most are one small base document with a piece of it replaced.
 */
#ifndef READER_CASES_H
#define READER_CASES_H

#include "host.h"

#define ACCEPTED (-1)			/* beside the codes of refusals */

/*
 * The base document.  One tree: the root splits on feature "a", its left child
 * on the categories of "b", and the rest are leaves.
 */
#define TREE_0 \
	"{\"base_weights\":[0,0,0,0,0],\"categories\":[1,3],\"categories_nodes\":[1]," \
	"\"categories_segments\":[0],\"categories_sizes\":[2],\"default_left\":[1,0,0,0,0]," \
	"\"id\":0,\"left_children\":[1,3,-1,-1,-1],\"loss_changes\":[5,2.5,0,0,0]," \
	"\"parents\":[2147483647,0,0,1,1],\"right_children\":[2,4,-1,-1,-1]," \
	"\"split_conditions\":[1.5,NaN,0.25,-0.75,1e-3],\"split_indices\":[0,1,0,0,0]," \
	"\"split_type\":[0,1,0,0,0],\"sum_hessian\":[10,6,4,3.5,2.5]," \
	"\"tree_param\":{\"num_deleted\":\"0\",\"num_feature\":\"2\",\"num_nodes\":\"5\"," \
	"\"size_leaf_vector\":\"1\"}}"
#define BEFORE_TREES \
	"{\"learner\":{\"attributes\":{},\"feature_names\":[\"a\",\"b\"]," \
	"\"feature_types\":[\"float\",\"c\"],\"gradient_booster\":{\"model\":{" \
	"\"gbtree_model_param\":{\"num_parallel_tree\":\"1\",\"num_trees\":\"1\"}," \
	"\"tree_info\":[0],\"trees\":["
#define AFTER_TREES \
	"]},\"name\":\"gbtree\"}," \
	"\"learner_model_param\":{\"base_score\":\"5E-1\",\"boost_from_average\":\"1\"," \
	"\"num_class\":\"0\",\"num_feature\":\"2\",\"num_target\":\"1\"}," \
	"\"objective\":{\"name\":\"binary:logistic\",\"reg_loss_param\":{\"scale_pos_weight\":\"1\"}}}," \
	"\"version\":[3,0,0]}"

static const char base[] = BEFORE_TREES TREE_0 AFTER_TREES;

static const char linear[] =
	"{\"learner\":{\"attributes\":{},\"feature_names\":[],\"feature_types\":[],"
	"\"gradient_booster\":{\"model\":{\"boosted_rounds\":4,\"weights\":[0.5,-2,0.25]},"
	"\"name\":\"gblinear\"},\"learner_model_param\":{\"base_score\":\"5E-1\",\"num_class\":\"0\","
	"\"num_feature\":\"2\"},\"objective\":{\"name\":\"reg:squarederror\"}},\"version\":[1,0,0]}";

typedef struct Edit
{
	const char *name;
	const char *piece;
	const char *by;
	int			code;
	const char *detail;
} Edit;

/* Each row replaces a piece of the base document. */
static const Edit edits[] = {
	/* dialects */
	{"nothing changed", "\"id\":0", "\"id\":0", ACCEPTED, NULL},
	{"white space", "\"id\":0", " \n\t\r\"id\" :\r\n0 ", ACCEPTED, NULL},
	{"trailing white space", "[3,0,0]}", "[3,0,0]} \n\t ", ACCEPTED, NULL},
	{"base score in brackets", "\"5E-1\"", "\"[5E-1]\"", ACCEPTED, NULL},
	{"base score in parentheses", "\"5E-1\"", "\"(5e-01)\"", ACCEPTED, NULL},
	{"base score as a number", "\"5E-1\"", "0.5", ACCEPTED, NULL},
	{"base score as an array", "\"5E-1\"", "[0.5]", ACCEPTED, NULL},
	{"parameters as numbers", "\"num_feature\":\"2\",\"num_target\":\"1\"",
	"\"num_feature\":2,\"num_target\":1", ACCEPTED, NULL},
	{"no num_target", ",\"num_target\":\"1\"", "", ACCEPTED, NULL},
	{"booleans", "\"default_left\":[1,0,0,0,0]", "\"default_left\":[true,false,false,false,false]",
	ACCEPTED, NULL},
	{"leaf length 0", "\"size_leaf_vector\":\"1\"", "\"size_leaf_vector\":\"0\"", ACCEPTED, NULL},
	{"no leaf length", ",\"size_leaf_vector\":\"1\"", "", ACCEPTED, NULL},
	{"empty leaf_weights", "\"id\":0", "\"leaf_weights\":[]", ACCEPTED, NULL},
	{"no tree_info", "\"tree_info\":[0],", "", ACCEPTED, NULL},
	{"no id", "\"id\":0,", "", ACCEPTED, NULL},
	{"no names", "[\"a\",\"b\"]", "[]", ACCEPTED, NULL},
	{"no types", "\"feature_types\":[\"float\",\"c\"],", "", ACCEPTED, NULL},
	{"no version", ",\"version\":[3,0,0]", "", ACCEPTED, NULL},
	{"iteration_indptr", "\"tree_info\"", "\"iteration_indptr\":[0,1],\"tree_info\"", ACCEPTED, NULL},
	{"an empty round", "\"tree_info\"", "\"iteration_indptr\":[0,0,1],\"tree_info\"", ACCEPTED, NULL},
	{"unknown keys", "\"id\":0", "\"x\":{\"a\":[[],{},[1,{\"b\":\"\\u00e9\"}],null,true,-1e400]},\"y\":0.5,\"x\":1",
	ACCEPTED, NULL},
	{"infinite threshold", "[1.5,NaN,", "[Infinity,NaN,", ACCEPTED, NULL},
	{"negative infinite threshold", "[1.5,NaN,", "[-Infinity,NaN,", ACCEPTED, NULL},
	{"cover of 0", "[10,6,4,3.5,2.5]", "[0,0,0,0,0]", ACCEPTED, NULL},
	{"best iteration", "\"attributes\":{}", "\"attributes\":{\"best_iteration\":\"7\"}", ACCEPTED, NULL},
	{"best iteration as text", "\"attributes\":{}", "\"attributes\":{\"best_iteration\":\"x\"}", ACCEPTED, NULL},
	{"an attribute of any type", "\"attributes\":{}", "\"attributes\":{\"best_iteration\":[1,[2]]}", ACCEPTED, NULL},
	{"unknown objective", "binary:logistic", "my:objective", ACCEPTED, NULL},
	{"no categories", "\"categories_sizes\":[2]", "\"categories_sizes\":[0]", ACCEPTED, NULL},
	{"empty cats", "\"tree_info\"", "\"cats\":{\"enc\":[],\"feature_segments\":[],\"sorted_idx\":[]},\"tree_info\"",
	ACCEPTED, NULL},
	{"categories that are their codes", "\"tree_info\"",
		"\"cats\":{\"enc\":[{\"offsets\":[],\"values\":[]},{\"type\":9,\"values\":[0,1,2.0,3]}]},\"tree_info\"",
	ACCEPTED, NULL},
	{"numeric categories of another feature", "\"tree_info\"",
		"\"cats\":{\"enc\":[{\"type\":9,\"values\":[10,20]},{\"offsets\":[],\"values\":[]}]},\"tree_info\"",
	ACCEPTED, NULL},
	{"DART of 3.3", "},\"name\":\"gbtree\"", "},\"name\":\"gbtree\",\"weight_drop\":[0.5]", ACCEPTED, NULL},
	{"DART of 3.4", "\"tree_info\"", "\"weight_drop\":[0.5],\"tree_info\"", ACCEPTED, NULL},
	{"DART of 3.4, short list", "\"tree_info\"", "\"weight_drop\":[],\"tree_info\"", ACCEPTED, NULL},
	{"a snapshot's key beside", "\"version\"", "\"Config\":{\"learner\":{}},\"version\"", ACCEPTED, NULL},

	/* structure */
	{"a key twice", "\"id\":0", "\"id\":0,\"id\":0", CORE_INVALID_MODEL, "trees[0].id occurs twice"},
	{"an object twice", "\"attributes\":{}", "\"attributes\":{},\"attributes\":{}", CORE_INVALID_MODEL,
	"learner.attributes occurs twice"},
	{"trailing comma", "\"id\":0", "\"y\":[1,]", CORE_INVALID_MODEL, "a value is expected here, not \"]\""},
	{"missing comma", "\"id\":0", "\"y\":[1 2]", CORE_INVALID_MODEL, "a comma or \"]\" is expected here"},
	{"wrong bracket", "\"id\":0", "\"y\":[1}", CORE_INVALID_MODEL, "a comma or \"]\" is expected here"},
	{"no colon", "\"id\":0", "\"id\" 0", CORE_INVALID_MODEL, "a colon is expected here"},
	{"no value", "\"id\":0", "\"id\":", CORE_INVALID_MODEL, "a value is expected here"},
	{"a bare word", "\"id\":0", "id:0", CORE_INVALID_MODEL, "a key is expected here"},
	{"a misspelt literal", "\"id\":0", "\"y\":nul", CORE_INVALID_MODEL, "null is expected here"},
	{"leading zero", "\"id\":0", "\"y\":01", CORE_INVALID_MODEL, "a number is malformed"},
	{"no digits", "\"id\":0", "\"y\":-", CORE_INVALID_MODEL, "a number is malformed"},
	{"no fraction", "\"id\":0", "\"y\":1.", CORE_INVALID_MODEL, "a number is malformed"},
	{"no exponent", "\"id\":0", "\"y\":1e+", CORE_INVALID_MODEL, "a number is malformed"},
	{"a plus sign", "\"id\":0", "\"y\":+1", CORE_INVALID_MODEL, "a value is expected here"},
	{"two numbers", "\"id\":0", "\"y\":1-2", CORE_INVALID_MODEL, "a number is malformed"},
	{"unknown escape", "\"id\":0", "\"y\":\"\\x\"", CORE_INVALID_MODEL, "an escape character is expected"},
	{"short escape", "\"id\":0", "\"y\":\"\\u12\"", CORE_INVALID_MODEL, "a hexadecimal digit is expected"},
	{"NUL", "\"id\":0", "\"y\":\"\\u0000\"", CORE_INVALID_MODEL, "a NUL character"},
	{"high surrogate alone", "\"id\":0", "\"y\":\"\\ud800x\"", CORE_INVALID_MODEL, "a high surrogate"},
	{"two high surrogates", "\"id\":0", "\"y\":\"\\ud800\\ud800\"", CORE_INVALID_MODEL, "a high surrogate"},
	{"low surrogate alone", "\"id\":0", "\"y\":\"\\udc00\"", CORE_INVALID_MODEL, "a low surrogate"},
	{"control character", "\"id\":0", "\"y\":\"\n\"", CORE_INVALID_MODEL, "a character of a string is expected"},
	{"stray continuation byte", "\"id\":0", "\"y\":\"\x80\"", CORE_INVALID_MODEL, "not valid UTF-8"},
	{"overlong UTF-8", "\"id\":0", "\"y\":\"\xc0\xaf\"", CORE_INVALID_MODEL, "not valid UTF-8"},
	{"surrogate in UTF-8", "\"id\":0", "\"y\":\"\xed\xa0\x80\"", CORE_INVALID_MODEL, "not valid UTF-8"},
	{"beyond Unicode", "\"id\":0", "\"y\":\"\xf4\x90\x80\x80\"", CORE_INVALID_MODEL, "not valid UTF-8"},
	{"cut UTF-8", "\"id\":0", "\"y\":\"\xe2\x82\"", CORE_INVALID_MODEL, "not valid UTF-8"},
	{"text after the end", "[3,0,0]}", "[3,0,0]}x", CORE_INVALID_MODEL, "the end of the document is expected"},

	/* the learner */
	{"version 4", "[3,0,0]", "[4,0,0]", CORE_UNSUPPORTED_MODEL, "XGBoost 4.0.0"},
	{"short version", "[3,0,0]", "[3,0]", CORE_INVALID_MODEL, "version must be an array of three"},
	{"no booster's name", ",\"name\":\"gbtree\"", "", CORE_INVALID_MODEL, "no learner.gradient_booster.name"},
	{"unknown booster", "\"name\":\"gbtree\"", "\"name\":\"gbforest\"", CORE_UNSUPPORTED_MODEL, "\"gbforest\""},
	{"dart without weights", "\"name\":\"gbtree\"", "\"name\":\"dart\"", CORE_INVALID_MODEL, "no weight_drop"},
	{"too many weights", "\"tree_info\"", "\"weight_drop\":[1,1],\"tree_info\"", CORE_INVALID_MODEL,
	"weight_drop has 2 entries"},
	{"weight not finite", "\"tree_info\"", "\"weight_drop\":[NaN],\"tree_info\"", CORE_INVALID_MODEL,
	"its weight in weight_drop is not finite"},
	{"an expectile", "binary:logistic", "reg:expectileerror", ACCEPTED, NULL},
	{"objective is a number", "\"binary:logistic\"", "1", CORE_INVALID_MODEL,
	"learner.objective.name must be a string"},
	{"no base score", "\"base_score\":\"5E-1\",", "", CORE_INVALID_MODEL, "no learner.learner_model_param.base_score"},
	{"base score not finite", "\"5E-1\"", "NaN", CORE_INVALID_MODEL, "not finite"},
	{"base score is text", "\"5E-1\"", "\"half\"", CORE_INVALID_MODEL, "base_score must be a number"},
	{"base score left open", "\"5E-1\"", "\"[5E-1\"", CORE_INVALID_MODEL, "base_score must be a number"},
	{"base score empty", "\"5E-1\"", "\"[]\"", CORE_INVALID_MODEL, "base_score must be a number"},
	{"two base scores", "\"5E-1\"", "\"[1,2]\"", CORE_INVALID_MODEL, "base_score has 2 values"},
	{"no num_feature", "\"num_class\":\"0\",\"num_feature\":\"2\"", "\"num_class\":\"0\"", CORE_INVALID_MODEL,
	"no learner.learner_model_param.num_feature"},
	{"negative num_class", "\"num_class\":\"0\"", "\"num_class\":\"-1\"", CORE_INVALID_MODEL, "num_class must be"},
	{"num_class is text", "\"num_class\":\"0\"", "\"num_class\":\"three\"", CORE_INVALID_MODEL, "num_class must be"},
	{"too many classes", "\"num_class\":\"0\"", "\"num_class\":\"5000\"", CORE_LIMIT_EXCEEDED, "the limit is 4096"},
	{"huge num_class", "\"num_class\":\"0\"", "\"num_class\":\"99999999999999999999\"",
	CORE_INVALID_MODEL, "num_class"},
	{"classes and targets", "\"num_class\":\"0\",\"num_feature\":\"2\",\"num_target\":\"1\"",
		"\"num_class\":\"3\",\"num_feature\":\"2\",\"num_target\":\"3\"", CORE_UNSUPPORTED_MODEL, "several classes"},
	{"no features", "\"num_class\":\"0\",\"num_feature\":\"2\"", "\"num_class\":\"0\",\"num_feature\":\"0\"",
	CORE_INVALID_MODEL, "no features"},
	{"too many features", "\"num_class\":\"0\",\"num_feature\":\"2\"",
	"\"num_class\":\"0\",\"num_feature\":\"2000000000\"",
	CORE_LIMIT_EXCEEDED, "the limit is 1048576"},
	{"too few names", "[\"a\",\"b\"]", "[\"a\"]", ACCEPTED, NULL},
	{"equal names", "[\"a\",\"b\"]", "[\"a\",\"a\"]", ACCEPTED, NULL},
	{"an empty name", "[\"a\",\"b\"]", "[\"a\",\"\"]", ACCEPTED, NULL},
	{"names are numbers", "[\"a\",\"b\"]", "[1,2]", CORE_INVALID_MODEL,
	"learner.feature_names must be an array of strings"},
	{"too many types", "[\"float\",\"c\"]", "[\"float\",\"c\",\"c\"]", CORE_INVALID_MODEL,
	"feature_types has 3 entries"},

	/* the booster */
	{"tree_info too long", "\"tree_info\":[0]", "\"tree_info\":[0,0]", CORE_INVALID_MODEL, "tree_info has 2 entries"},
	{"no such group", "\"tree_info\":[0]", "\"tree_info\":[1]", CORE_INVALID_MODEL, "output group 1"},
	{"num_trees differs", "\"num_trees\":\"1\"", "\"num_trees\":\"2\"", CORE_INVALID_MODEL, "num_trees is 2"},
	{"rounds do not end", "\"tree_info\"", "\"iteration_indptr\":[0,2],\"tree_info\"",
	CORE_INVALID_MODEL, "does not end"},
	{"rounds descend", "\"tree_info\"", "\"iteration_indptr\":[0,2,1],\"tree_info\"",
	CORE_INVALID_MODEL, "does not ascend"},
	{"rounds begin late", "\"tree_info\"", "\"iteration_indptr\":[1,1],\"tree_info\"",
	CORE_INVALID_MODEL, "does not ascend"},
	{"no whole rounds", "\"num_parallel_tree\":\"1\"", "\"num_parallel_tree\":\"2\"",
	CORE_INVALID_MODEL, "whole rounds of 2"},
	{"a second model", ",\"name\":\"gbtree\"", ",\"gbtree\":{\"model\":{}},\"name\":\"gbtree\"",
	CORE_INVALID_MODEL, "a second model"},
	{"cats too short", "\"tree_info\"", "\"cats\":{\"enc\":[{\"offsets\":[],\"values\":[]}]},\"tree_info\"",
	CORE_INVALID_MODEL, "cats.enc has 1 entries"},
	{"numeric categories", "\"tree_info\"",
		"\"cats\":{\"enc\":[{\"offsets\":[],\"values\":[]},{\"type\":9,\"values\":[10,20]}]},\"tree_info\"",
	CORE_UNSUPPORTED_MODEL, "The categories of feature 1 (b) are numbers"},
	{"offsets beyond the names", "\"tree_info\"",
		"\"cats\":{\"enc\":[{\"offsets\":[0,3],\"values\":[65,66]}]},\"tree_info\"",
		CORE_INVALID_MODEL, "offsets must be positions in values"},
	{"offsets descend", "\"tree_info\"",
		"\"cats\":{\"enc\":[{\"offsets\":[0,2,1],\"values\":[65,66]}]},\"tree_info\"",
		CORE_INVALID_MODEL, "offsets must be positions in values"},
	{"names not in UTF-8", "\"tree_info\"",
		"\"cats\":{\"enc\":[{\"offsets\":[0,1],\"values\":[-1]}]},\"tree_info\"", CORE_INVALID_MODEL, "text in UTF-8"},
	{"names not of bytes", "\"tree_info\"",
		"\"cats\":{\"enc\":[{\"offsets\":[0,1],\"values\":[300]}]},\"tree_info\"",
		CORE_INVALID_MODEL, "the bytes of the names"},
	{"a lost name", "\"tree_info\"",
		"\"cats\":{\"enc\":[{\"offsets\":[0,3,5,8,10],\"values\":[97,98,-61,-87,-61,-87,99,100,101,102]},"
		"{\"offsets\":[],\"values\":[]}]},\"tree_info\"", CORE_UNSUPPORTED_MODEL, "from code 3 of 4 on, are lost"},
	{"equal categories", "\"tree_info\"",
		"\"cats\":{\"enc\":[{\"offsets\":[0,1,2],\"values\":[65,65]}"
		",{\"offsets\":[],\"values\":[]}]},\"tree_info\"",
	CORE_INVALID_MODEL, "The category \"A\" occurs twice"},

	/* a tree */
	{"wrong id", "\"id\":0", "\"id\":1", CORE_INVALID_MODEL, "trees[0].id must be the position"},
	{"vector leaves", "\"size_leaf_vector\":\"1\"", "\"size_leaf_vector\":\"2\"",
	CORE_UNSUPPORTED_MODEL, "vector leaves"},
	{"leaf_weights", "\"id\":0", "\"leaf_weights\":[1,2]", CORE_UNSUPPORTED_MODEL, "vector leaves"},
	{"no sum_hessian", "\"sum_hessian\"", "\"hessians\"", CORE_UNSUPPORTED_MODEL, "Tree 0 has no sum_hessian"},
	{"no left_children", "\"left_children\"", "\"left\"", CORE_INVALID_MODEL, "Tree 0 has no left_children"},
	{"no default_left", "\"default_left\"", "\"default\"", CORE_INVALID_MODEL, "Tree 0 has no default_left"},
	{"num_nodes differs", "\"num_nodes\":\"5\"", "\"num_nodes\":\"7\"", CORE_INVALID_MODEL,
	"left_children has 5 entries instead of 7"},
	{"short array", "[2,4,-1,-1,-1]", "[2,4,-1,-1]", CORE_INVALID_MODEL, "right_children has 4 entries instead of 5"},
	{"children are reals", "[1,3,-1,-1,-1]", "[1.0,3,-1,-1,-1]", CORE_INVALID_MODEL,
	"trees[0].left_children must be an array of integers"},
	{"children are huge", "[1,3,-1,-1,-1]", "[4294967297,3,-1,-1,-1]", CORE_INVALID_MODEL, "integers of 32 bits"},
	{"conditions are strings", "[1.5,NaN,", "[\"1.5\",NaN,", CORE_INVALID_MODEL,
	"trees[0].split_conditions must be an array of numbers"},
	{"default 2", "\"default_left\":[1,0", "\"default_left\":[2,0", CORE_INVALID_MODEL, "an array of booleans"},
	{"child beyond the tree", "[1,3,-1,-1,-1]", "[1,5,-1,-1,-1]", CORE_INVALID_MODEL,
	"Tree 0, node 1: its children 5 and 4"},
	{"a cycle", "[1,3,-1,-1,-1],", "[1,0,-1,-1,-1],", CORE_INVALID_MODEL, "Tree 0, node 1: its children 0 and 4"},
	{"children apart", "[2,4,-1,-1,-1]", "[3,4,-1,-1,-1]", CORE_INVALID_MODEL,
	"Tree 0, node 0: its children 1 and 3 do not stand side by side"},
	{"half a leaf", "[2,4,-1,-1,-1]", "[2,-1,-1,-1,-1]", CORE_INVALID_MODEL, "Tree 0, node 1: its children 3 and -1"},
	{"feature beyond the model", "\"split_indices\":[0,", "\"split_indices\":[2,", CORE_INVALID_MODEL,
	"Tree 0, node 0: it splits on feature 2, but the model has 2 features"},
	{"negative feature", "\"split_indices\":[0,", "\"split_indices\":[-1,", CORE_INVALID_MODEL,
	"Tree 0, node 0: it splits on feature -1"},
	{"threshold not a number", "[1.5,NaN,", "[NaN,NaN,", ACCEPTED, NULL},
	{"leaf not finite", "0.25,-0.75", "Infinity,-0.75", CORE_INVALID_MODEL,
	"Tree 0, node 2: the value of the leaf is not finite"},
	{"leaf beyond float32", "0.25,-0.75", "1e39,-0.75", CORE_INVALID_MODEL,
	"Tree 0, node 2: the value of the leaf is not finite"},
	{"negative cover", "[10,6,4,", "[10,6,-4,", CORE_INVALID_MODEL, "Tree 0, node 2: its sum_hessian, -4,"},
	{"cover not a number", "[10,6,4,", "[10,6,NaN,", CORE_INVALID_MODEL, "Tree 0, node 2: its sum_hessian"},
	{"categories nowhere", "\"categories_nodes\":[1]", "\"categories_nodes\":[0]", CORE_INVALID_MODEL,
	"Tree 0, node 1: the categorical split has no categories"},
	{"categories of no node", "\"categories_nodes\":[1]", "\"categories_nodes\":[5]",
	CORE_INVALID_MODEL, "categories_nodes must be"},
	{"sizes missing", "\"categories_sizes\":[2]", "\"categories_sizes\":[]", CORE_INVALID_MODEL,
	"categories_sizes has 0 entries instead of 1"},
	{"set too long", "\"categories_sizes\":[2]", "\"categories_sizes\":[3]", CORE_INVALID_MODEL,
	"Tree 0, node 1: its categories, 3 from 0 on"},
	{"negative size", "\"categories_sizes\":[2]", "\"categories_sizes\":[-1]", CORE_INVALID_MODEL,
	"Tree 0, node 1: its categories"},
	{"overflowing set", "\"categories_segments\":[0]", "\"categories_segments\":[2147483647]",
	CORE_INVALID_MODEL, "Tree 0, node 1: its categories"},
	{"descending set", "\"categories\":[1,3]", "\"categories\":[3,1]", CORE_INVALID_MODEL,
	"its categories are not ascending"},
	{"repeated category", "\"categories\":[1,3]", "\"categories\":[3,3]", CORE_INVALID_MODEL,
	"its categories are not ascending"},
	{"category beyond the limit", "\"categories\":[1,3]", "\"categories\":[1,16777216]",
	CORE_INVALID_MODEL, "the limit of 16777216"},
	{"negative category", "\"categories\":[1,3]", "\"categories\":[-1,3]", CORE_INVALID_MODEL,
	"category -1 is not between"},
	{"overlapping sets", "\"categories_nodes\":[1],\"categories_segments\":[0],\"categories_sizes\":[2]",
		"\"categories_nodes\":[1,2],\"categories_segments\":[0,1],\"categories_sizes\":[2,1]", CORE_INVALID_MODEL,
	"Tree 0, node 2: its categories"},
};

typedef struct Whole
{
	const char *name;
	const char *text;
	int			code;
	const char *detail;
} Whole;

/* Each row is a whole document. */
static const Whole wholes[] = {
	{"an empty document", "", CORE_INVALID_MODEL, "The document is empty."},
	{"white space", " \n", CORE_INVALID_MODEL, "the document ends before it is complete"},
	{"an empty object", "{}", CORE_INVALID_MODEL, "no \"learner\""},
	{"another object", "{\"name\":\"forest\",\"tree_info\":[{}]}", CORE_INVALID_MODEL, "no \"learner\""},
	{"a learner without anything", "{\"learner\":{}}", CORE_INVALID_MODEL, "no learner.gradient_booster.name"},
	{"a learner that is no object", "{\"learner\":[]}", CORE_INVALID_MODEL, "learner must be an object"},
	{"another array", "[1, 2]", CORE_INVALID_MODEL, "array, as dump_model()"},
	{"what is recognised by its first bytes", "tree\nversion=v4\nnum_class=1\n", CORE_INVALID_MODEL, "LightGBM"},
	{"something else", "hello", CORE_INVALID_MODEL, "neither JSON nor UBJSON"},
	{"the linear booster", linear, ACCEPTED, NULL},
	{"32 levels", "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
	CORE_INVALID_MODEL, "no \"learner\""},
	{"33 levels", "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", CORE_LIMIT_EXCEEDED, "deeper than the limit of 32"},
	{"a long number", "{\"a\":1000000000000000000000000000000000000000000000000000000000000000000000"
		"0000000000000000000000000000000000000000000000000000000000000000000000000}", CORE_LIMIT_EXCEEDED,
	"a number is longer than the limit of 128"},
	{"a learner twice", "{\"Model\":{\"learner\":{}},\"learner\":{}}", CORE_INVALID_MODEL,
	"learner must be given once"},
	{"a snapshot in a snapshot", "{\"Model\":{\"Model\":{}}}", CORE_INVALID_MODEL, "Model must be given once"},
};

/* UBJSON: the length is given, for there are NUL bytes */
static const struct
{
	const char *name;
	const char *bytes;
	size_t		length;
	CoreErrorCode code;
	const char *detail;
}			binaries[] = {
#define BINARY(name, bytes, code, detail) {name, bytes, sizeof(bytes) - 1, code, detail}
	BINARY("a negative key length", "{i\xff", CORE_INVALID_MODEL, "Byte 1: a length is negative"),
	BINARY("a huge key length", "{L\x7f\xff\xff\xff\xff\xff\xff\xff", CORE_LIMIT_EXCEEDED,
		   "exceeds the limit of a document"),
	BINARY("a long key", "{l\x01\x00\x00\x00x", CORE_LIMIT_EXCEEDED, "longer than the limit of 1048576"),
	BINARY("a key that is a typed string", "{i\x01" "a{Si\x01" "bZ}}", CORE_INVALID_MODEL, "the type of a length"),
	BINARY("a real length", "{i\x01" "a[#d\x00\x00\x00\x00}", CORE_INVALID_MODEL, "the type of a length"),
	BINARY("a negative count", "{i\x01" "a[#i\x80}", CORE_INVALID_MODEL, "a length is negative"),
	BINARY("a huge count", "{i\x01" "a[$d#L\x00\x00\x00\x7f\x00\x00\x00\x00}", CORE_LIMIT_EXCEEDED,
		   "exceeds the limit"),
	BINARY("a count without data", "{i\x01" "a[$d#l\x10\x00\x00\x00", CORE_INVALID_MODEL,
		   "ends before it is complete"),
	BINARY("elements without payload", "{i\x01" "a[$Z#l\x10\x00\x00\x00}", CORE_INVALID_MODEL,
		   "the type of an array's elements"),
	BINARY("a typed array of arrays", "{i\x01" "a[$[#i\x01}", CORE_INVALID_MODEL, "the type of an array's elements"),
	BINARY("a type without a count", "{i\x01" "a[$dx}", CORE_INVALID_MODEL, "the count of a typed array"),
	BINARY("a typed object", "{i\x01" "a{$i#i\x01}", CORE_INVALID_MODEL, "typed objects are not supported"),
	BINARY("a decimal of any precision", "{i\x01" "aHi\x01" "1}", CORE_INVALID_MODEL, "the type of a value"),
	BINARY("the wrong bracket", "{i\x01" "a[}", CORE_INVALID_MODEL, "the type of a value is expected here, not \"}\""),
	BINARY("a NUL in a key", "{i\x02" "a\x00Z}", CORE_INVALID_MODEL, "not valid UTF-8"),
	BINARY("a key not in UTF-8", "{i\x01\xff" "Z}", CORE_INVALID_MODEL, "not valid UTF-8"),
	BINARY("bytes after the end", "{i\x01" "aZ}}", CORE_INVALID_MODEL, "more bytes follow"),
	BINARY("nothing of a model", "{i\x01" "aCxi\x01" "bDAAAAAAAA}", CORE_INVALID_MODEL, "no \"learner\""),
	BINARY("a skipped string", "{i\x01" "aSl\x00\x00\x00\x03\xff\x00\xff}", CORE_INVALID_MODEL, "no \"learner\""),
#undef BINARY
};

#endif
