/*
 * test_recognise.c
 *		Files that are no saved model are called by their name, and what may be one
 *		is not.
 */
#include "unit.h"

#include "recognise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Case
{
	const char *bytes;
	size_t		length;
	const char *what;			/* must be said; NULL: the file is not recognised */
	const char *hint;
} Case;

#define CASE(bytes, what, hint) {bytes, sizeof(bytes) - 1, what, hint}

/* Beginnings of files, as the programs named write them */
static const Case cases[] = {
	CASE("binf\0\0\0\x3f\4\0\0\0", "old binary format", "libxgboost 3.0 or older"),
	CASE("bs64\tAAAA", "old binary format, as base64", "3.0 or older"),
	CASE("booster[0]:\n0:[f0<1.5] yes=1,no=2,missing=1\n", "dump_model()", "save_model("),
	CASE("[\n  { \"nodeid\": 0, \"depth\": 0, \"split\": \"f0\"", "JSON of dump_model()", "save_model("),
	CASE("{\"learner\":{\"generic_param\":{\"fail_on_invalid_gpu_id\":\"0\"", "save_config()", "save_model("),
	CASE("\0\0\0\2{L\0\0\0\0\0\0\0\7learner{", "Spark", "tail -c +5"),
	CASE("\0\0\0\3{\"learner\":{\"attributes\":{}", "Spark", "nativeBooster"),
	CASE("\0\0\0\2binf\0\0\0\x3f", "Spark", "nativeBooster"),
	CASE("{\"class\":\"ml.dmlc.xgboost4j.scala.spark.XGBoostClassificationModel\",\"timestamp\":1", "Spark's metadata",
	"nativeBooster"),
	CASE("{\"class\": \"xgboost.spark.estimator.SparkXGBClassifierModel\"", "Spark's metadata", "get_booster()"),
	CASE("{\"class\":\"org.apache.spark.ml.PipelineModel\"", "pipeline", "get_booster()"),

	CASE("tree\nversion=v4\nnum_class=1\n", "LightGBM", "Train with XGBoost"),
	CASE("tree\r\nversion=v3\r\n", "LightGBM", "Train with XGBoost"),
	CASE("{\"name\": \"tree\", \"version\": \"v4\", \"num_class\": 1", "JSON of a LightGBM", "Train with XGBoost"),
	CASE("{\"name\":\"tree\",\n\"version\":\"v3\"", "JSON of a LightGBM", "Train with XGBoost"),
	CASE("CBM1\x80\x14\0\0", "CatBoost", "Train with XGBoost"),
	CASE("{\n\"features_info\":\n{\n\"float_features\":", "JSON of a CatBoost", "Train with XGBoost"),
	CASE("{\"model_info\":{\"catboost_version_info\":", "JSON of a CatBoost", "Train with XGBoost"),
	CASE("\x08\x08\x12\x08skl2onnx\x1a\x06" "1.14.0\"\x07" "ai.onnx", "ONNX", "converted from"),
	CASE("\x08\x03\x12\x0bOnnxMLTools\x1a\x05" "1.7.0", "ONNX", "converted from"),
	CASE("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PMML xmlns=\"http://www.dmg.org/PMML-4_4\">", "PMML",
	"converted from"),
	CASE("PK\3\4\x14\0\x08\x08\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09\0\0\0model.ini", "H2O MOJO", "boosterBytes"),
	CASE("\x1c\xed\0\x0b" "3.40.0.1", "H2O saves it", "boosterBytes"),

	CASE("ccopy_reg\n_reconstructor\np0\n(cxgboost.core\nBooster\n", "pickle of an old protocol", "pickle or joblib"),
	CASE("ccopy_reg\n_reconstructor\nq\0(cxgboost.sklearn\nXGBClassifier\n", "pickle of an old protocol", "save_model("),
	CASE("(dp0\nVm\np1\nccopy_reg\n_reconstructor\np2\n(", "pickle of an old protocol", "save_model("),
	CASE("}q\0X\1\0\0\0mq\1ccopy_reg\n_reconstructor\nq\2(c", "pickle of an old protocol", "save_model("),
	CASE("(lp0\nccopy_reg\n_reconstructor\np1\n(cxgboost.core\n", "pickle of an old protocol", "save_model("),
	CASE("\x80\2cxgboost.core\nBooster\nq\0)\x81q\1}q\2(", "pickle", "pickle or joblib"),
	CASE("\x80\3cxgboost.core\nBooster\nq\0)", "pickle", "save_model("),
	CASE("\x80\4\x95\x28\xc2\0\0\0\0\0\0\x8c\x0cxgboost.core\x94", "pickle", "save_model("),
	CASE("\x80\5\x95\x0f\xc2\0\0\0\0\0\0\x8c\x0cxgboost.core\x94", "pickle", "save_model("),
	CASE("\x1f\x8b\x08\0\0\0\0\0\0\3", "gzip", "readRDS"),
	CASE("RDX3\nX\n\0\0\0\3", "R's save()", "xgb.save"),
	CASE("X\n\0\0\0\3\0\4\2\0", "R's saveRDS()", "readRDS"),
	CASE("x\x01\xed\x59", "zlib", "joblib"),
	CASE("x\x5e\xed\x59", "zlib", "joblib"),
	CASE("x\x9c\xed\x59", "zlib", "joblib"),
	CASE("x\xda\xed\x59", "zlib", "joblib"),
	CASE("ZF0x1a2b", "old versions of joblib", "save_model("),
	CASE("BZh91AY&SY", "bzip2", "joblib"),
	CASE("\xfd" "7zXZ\0\0\4", "xz", "joblib"),
	CASE("\x5d\0\0\x80\0\xff\xff\xff", "lzma", "joblib"),
	CASE("\x04\x22\x4d\x18\x64\x40", "lz4", "joblib"),
	CASE("\x28\xb5\x2f\xfd\x24", "zstd", "Decompress"),
	CASE("PK\3\4\x14\0\0\0\x08\0", "zip archive", "Unpack"),
	CASE("7z\xbc\xaf\x27\x1c\0\4", "7z archive", "Unpack"),
	CASE("Rar!\x1a\7\1\0", "rar archive", "Unpack"),
	CASE("\xac\xed\0\x05sr\0\x1f", "Java object", "saveModel"),

	CASE("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "Git LFS", "git lfs pull"),
	CASE("\n\n<!DOCTYPE html>\n<html lang=\"en\">", "HTML", "Download"),
	CASE("<HTML><HEAD><TITLE>404 Not Found", "HTML", "Download"),
	CASE("<?xml version=\"1.0\"?><!-- x --><html xmlns=", "HTML", "Download"),
	CASE("<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code>", "XML", "save_model("),
	CASE("{\n  \"message\": \"Not Found\"", "web service", "Download"),
	CASE("{\"error\":\"Invalid username or password.\"}", "web service", "Download"),
	CASE("{\n \"cells\": [\n  {", "notebook", "in the notebook"),

	CASE("\xef\xbb\xbf{\"learner\":", "byte order mark", "bytes of the file"),
	CASE("\xff\xfe{\0\"\0", "UTF-16", "bytes of the file"),
	CASE("\xfe\xff\0{\0\"", "UTF-16", "bytes of the file"),
	CASE("\\x7b4c00000000", "bytea, in hex", "pg_read_binary_file"),
	CASE("7b226c6561726e6572223a", "bytea, in hex", "'hex'"),
	CASE("7B4C00000000000000076C", "bytea, in hex", "'hex'"),
	CASE("b'{L\\x00\\x00\\x00'", "how Python shows bytes", "bytea"),
	CASE("data:application/octet-stream;base64,e0wAAAAA", "data URL", "comma"),
	CASE("eyJsZWFybmVyIjp7ImF0dHJpYnV0ZXMiOnt9LCJmZWF0", "base64", "'base64'"),
	CASE("e0wAAAAAAAAAB2xlYXJuZXJ7TAAAAAAAAAAKYXR0cmli\ndXRlc3tM", "base64", "'base64'"),
	CASE("YmluZgAAAD8EAAAAAAAAAAAAAAA=\n", "base64", "'base64'"),
	CASE("gASVKMIAAAAAAACMDHhnYm9vc3QuY29yZZQ=", "base64", "'base64'"),
	CASE("H4sIAAAAAAAAA0tJBAAAAAAA", "base64", "'base64'"),

	/* what may be a model, and what is nothing known */
	CASE("", NULL, NULL),
	CASE("{", NULL, NULL),
	CASE("{}", NULL, NULL),
	CASE("{\"learner\":{\"attributes\":{},\"feature_names\":[]", NULL, NULL),
	CASE("{\"learner\": {\"learner_model_param\"", NULL, NULL),
	CASE("{\"version\": [1, 7, 4], \"learner\"", NULL, NULL),
	CASE("{\"Config\":{\"learner\":{\"generic_param\":{}}},\"Model\":", NULL, NULL),
	CASE("{L\0\0\0\0\0\0\0\7learner{", NULL, NULL),
	CASE("{i\7learner{", NULL, NULL),
	CASE("hello", NULL, NULL),
	CASE("eyJsZW", NULL, NULL),
	CASE("company,score\n1,0.5\n", NULL, NULL),
	CASE("\0\0\0\2", NULL, NULL),
	CASE("\0\0\0\x18" "ftypmp42\0\0\0\0", NULL, NULL),
	CASE("\x08", NULL, NULL),
	CASE("\x08\x08\x12\xff", NULL, NULL),
	CASE("PK", NULL, NULL),
	CASE("c\n\n", NULL, NULL),
	CASE("cos\nsystem", NULL, NULL),
};

static bool
recognise_copy(const char *bytes, size_t length, Foreign *foreign)
{
	uint8_t    *exact = malloc(length > 0 ? length : 1);	/* a sanitizer sees an overrun */
	bool		found;

	memcpy(exact, bytes, length);
	found = recognise_foreign(exact, length, foreign);
	free(exact);
	return found;
}

static void
test_cases(void)
{
	Foreign		foreign = {0};

	unit_group("files by their first bytes");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const Case *file = &cases[i];
		bool		found = recognise_copy(file->bytes, file->length, &foreign);

		if (file->what == NULL)
			CHECK_MESSAGE(!found, "\"%s\": %s", file->bytes, foreign.what);
		else if (CHECK_MESSAGE(found, "\"%s\" is not recognised: %s", file->bytes, file->what))
			CHECK_MESSAGE(strstr(foreign.what, file->what) != NULL && strstr(foreign.hint, file->hint) != NULL,
						  "\"%s\": %s %s", file->bytes, foreign.what, foreign.hint);
	}

	unit_group("files cut short at any byte");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t length = 0; length < cases[i].length; length++)
			recognise_copy(cases[i].bytes, length, &foreign);
	CHECK(true);
}

static void
test_old_binary(const char *directory)
{
	char		path[4096];
	size_t		length;
	uint8_t    *bytes;
	char		tar[RECOGNISE_LENGTH] = "model.ubj";
	char		wrapped[RECOGNISE_LENGTH] = "\0\0\0\2";
	Foreign		foreign;

	unit_group("a model in the old binary format");
	snprintf(path, sizeof(path), "%s/stumps-xgb1.7.4/model.binary", directory);
	bytes = unit_read_file(path, &length);
	if (CHECK(bytes != NULL && length > RECOGNISE_LENGTH))
	{
		CHECK(recognise_old_binary(bytes, RECOGNISE_LENGTH));
		CHECK(recognise_foreign(bytes, RECOGNISE_LENGTH, &foreign) && strstr(foreign.what, "old binary") != NULL);
		/* with and without its mark, in Spark's wrapper */
		memcpy(wrapped + 4, bytes, sizeof(wrapped) - 4);
		CHECK(recognise_foreign((uint8_t *) wrapped, sizeof(wrapped), &foreign) && strstr(foreign.what, "Spark") != NULL);
		if (memcmp(bytes, "binf", 4) == 0)
			CHECK(recognise_old_binary(bytes + 4, RECOGNISE_LENGTH));
	}
	free(bytes);

	unit_group("a tar archive");
	memcpy(tar + 257, "ustar", 5);
	CHECK(recognise_foreign((uint8_t *) tar, sizeof(tar), &foreign) && strstr(foreign.what, "tar archive") != NULL);
	CHECK(!recognise_foreign((uint8_t *) tar, 261, &foreign));
}

/* No model that is read may be taken for something else. */
static void
test_golden(const char *directory)
{
	static const char *const files[] = {"model.json", "model.ubj"};
	size_t		count;
	char	  **names = unit_list_directory(directory, &count);
	size_t		looked_at = 0;

	unit_group("golden models are nothing else");
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < 2; k++)
		{
			char		path[4096];
			size_t		length;
			uint8_t    *bytes;
			Foreign		foreign;
			size_t		mistaken = 0;

			snprintf(path, sizeof(path), "%s/%s/%s", directory, names[i], files[k]);
			if ((bytes = unit_read_file(path, &length)) == NULL)
				continue;
			if (length > RECOGNISE_LENGTH)
				length = RECOGNISE_LENGTH;
			for (size_t head = 0; head <= length; head++)
				mistaken += recognise_foreign(bytes, head, &foreign);
			CHECK_MESSAGE(mistaken == 0, "%s: %s", path, foreign.what);
			free(bytes);
			looked_at++;
		}
	CHECK(looked_at > 40);
	unit_free_list(names, count);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
	{
		fprintf(stderr, "usage: %s FOLDER_OF_GOLDEN_CASES\n", argv[0]);
		return 2;
	}
	test_cases();
	test_old_binary(argv[1]);
	test_golden(argv[1]);
	return unit_finish();
}
