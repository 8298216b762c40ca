/*
 * recognise.c
 *		What people hand in that is not a model as XGBoost saves it.
 *
 * A model reaches us through many hands: it was pickled, compressed, wrapped by
 * Spark, pasted as text, or what was downloaded is a page that says "not found".
 * "Neither JSON nor UBJSON" helps nobody then.  So the first bytes are compared
 * with a table of signatures, from the narrow ones to the wide ones, and the
 * answer says what the file is and, in a line, how to get one that can be read.
 *
 * Nothing here decides whether a model is good: a file that is recognised by
 * mistake would have been refused all the same, since what can be read begins
 * with a brace and has a learner inside.  Signatures of files that begin with a
 * brace are keys that no saved model begins with.
 */
#include "recognise.h"

#include "source.h"

#include <string.h>

#define SAVE "save it with save_model('model.ubj')."
#define SAVE_AGAIN "Load the model where it was made and " SAVE
#define UNPICKLE \
	"Load it in Python, with pickle or joblib as it was saved, with the same version of XGBoost, and " SAVE
#define UNPACK "Unpack it, and import the file inside that is the model, if it was saved by save_model()."
#define DECOMPRESS \
	"Decompress it first. If a pickle is inside, as joblib writes them, load that in Python and " SAVE
#define ONLY_XGBOOST \
	"Train with XGBoost: here by risk.train_model, or in Python, and save that with save_model('model.ubj')."
#define FROM_SPARK \
	"In Spark, model.nativeBooster.saveModel(\"model.ubj\") or, in Python, model.get_booster().save_model('model.ubj')."
#define BYTES \
	"Hand in the bytes of the file itself: pg_read_binary_file(), \\lo_import, or a parameter of type bytea."
#define DOWNLOAD "Download the file itself, and look at it, before you import it."

/* ---------- looking ---------- */

static bool
contains(const uint8_t *head, size_t length, const char *text)
{
	size_t		wanted = strlen(text);

	for (size_t i = 0; i + wanted <= length; i++)
		if (memcmp(head + i, text, wanted) == 0)
			return true;
	return false;
}

static bool
is_space(uint8_t byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static uint8_t
lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t) (byte + ('a' - 'A')) : byte;
}

/* Does the text begin so, white space and case aside? */
static bool
reads(const uint8_t *head, size_t length, const char *text)
{
	for (size_t i = 0; *text != '\0'; i++)
	{
		if (i == length)
			return false;
		if (is_space(head[i]))
			continue;
		if (lower(head[i]) != lower((uint8_t) *text++))
			return false;
	}
	return true;
}

static uint32_t
little_endian(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t) bytes[1] << 8 | (uint32_t) bytes[2] << 16 | (uint32_t) bytes[3] << 24;
}

/* ---------- what needs more than a comparison ---------- */

/*
 * Either there is the mark "binf", or what follows fits: a structure of 136 bytes
 * that begins with the base score and the numbers of features and classes, then
 * the length, in eight bytes, and the name of the objective.
 */
bool
recognise_old_binary(const uint8_t *head, size_t length)
{
	const size_t name = 136 + 8;
	uint32_t	features;
	uint32_t	name_length;

	if (length >= 4 && memcmp(head, "binf", 4) == 0)
		return true;
	if (length < name)
		return false;
	features = little_endian(head + 4);
	name_length = little_endian(head + 136);
	if (features == 0 || features > MODEL_FEATURES_MAX ||
		little_endian(head + 8) > MODEL_GROUPS_MAX || little_endian(head + 140) != 0 ||
		name_length == 0 || name_length > 64 || length < name + name_length)
		return false;
	for (size_t i = name; i < name + name_length; i++)
		if (!((head[i] >= 'a' && head[i] <= 'z') || (head[i] >= '0' && head[i] <= '9') ||
			  head[i] == ':' || head[i] == '_'))
			return false;
	return true;
}

/* Spark's classification models: the number of classes, four bytes, then the booster */
static bool
is_spark(const uint8_t *head, size_t length)
{
	return length > 8 && memcmp(head, "\0\0\0", 3) == 0 && head[3] >= 1 &&
		(memcmp(head + 4, "{L", 2) == 0 || memcmp(head + 4, "{\"", 2) == 0 ||
		 recognise_old_binary(head + 4, length - 4));
}

/* A name and the end of its line, as pickles of protocol 0 write those of modules and classes */
static size_t
name_in_line(const uint8_t *text, size_t length)
{
	size_t		end = 0;

	while (end < length && (lower(text[end]) == '_' || text[end] == '.' ||
							(lower(text[end]) >= 'a' && lower(text[end]) <= 'z') ||
							(text[end] >= '0' && text[end] <= '9')))
		end++;
	return end > 0 && end < length && text[end] == '\n' ? end + 1 : 0;
}

/*
 * Pickles of protocol 0 and 1 have no mark, but any that holds an object has the
 * name of a class, after the opcode "c", soon: module and class, a line each.
 */
static bool
is_old_pickle(const uint8_t *head, size_t length)
{
	if (length == 0 || head[0] == '\0' || strchr("c(]}", head[0]) == NULL)
		return false;
	for (size_t i = 0; i < length && i < 128; i++)
	{
		size_t		module;

		if (head[i] != 'c')
			continue;
		module = name_in_line(head + i + 1, length - i - 1);
		if (module > 0 && name_in_line(head + i + 1 + module, length - i - 1 - module) > 0)
			return true;
	}
	return false;
}

static bool
is_zlib(const uint8_t *head, size_t length)
{
	return length > 2 && head[0] == 0x78 && (head[0] * 256 + head[1]) % 31 == 0;
}

/* The message begins with the format's version, then the name of the producer. */
static bool
is_onnx(const uint8_t *head, size_t length)
{
	size_t		name = length > 4 ? head[3] : 0;

	if (length < 5 || head[0] != 0x08 || head[1] == 0 || head[1] > 32 || head[2] != 0x12 ||
		name == 0 || name > 64 || length < 4 + name + 1)
		return false;
	for (size_t i = 4; i < 4 + name; i++)
		if (head[i] < ' ' || head[i] > '~')
			return false;
	return head[4 + name] != 0 && strchr("\x1a\x22\x28\x32\x3a\x42", head[4 + name]) != NULL;
}

static bool
is_h2o_archive(const uint8_t *head, size_t length)
{
	return length > 4 && memcmp(head, "PK\x03\x04", 4) == 0 &&
		(contains(head, length, "model.ini") || contains(head, length, "boosterBytes"));
}

static bool
is_pmml(const uint8_t *head, size_t length)
{
	return reads(head, length, "<") && contains(head, length, "<PMML");
}

static bool
is_html(const uint8_t *head, size_t length)
{
	return reads(head, length, "<!doctypehtml") || reads(head, length, "<html") ||
		(reads(head, length, "<") && contains(head, length, "<html"));
}

/* The six bits that a character of base64 stands for, or -1 */
static int
base64_value(uint8_t byte)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = byte == '\0' ? NULL : strchr(alphabet, byte);

	return byte == '-' ? 62 : byte == '_' ? 63 : at == NULL ? -1 : (int) (at - alphabet);
}

/* Text in base64 of something that people call a model: JSON, UBJSON, binary, pickle, gzip */
static bool
is_base64(const uint8_t *head, size_t length)
{
	uint32_t	first = 0;
	size_t		count = 0;

	for (size_t i = 0; i < length; i++)
	{
		int			value = base64_value(head[i]);

		if (is_space(head[i]) || (head[i] == '=' && count >= 16))
			continue;
		if (value < 0)
			return false;
		if (count++ < 4)
			first = first << 6 | (uint32_t) value;
	}
	return count >= 16 && (first >> 16 == '{' || first == 0x62696e || first >> 16 == 0x80 ||
						   first >> 8 == 0x1f8b);
}

/* ---------- the table ---------- */

typedef struct Signature
{
	/* one of three: the bytes at an offset; how the text reads; a function */
	const char *bytes;
	size_t		count;
	size_t		offset;
	const char *text;
	bool		(*matches) (const uint8_t *head, size_t length);
	Foreign		foreign;
} Signature;

#define AT(place, mark) .bytes = (mark), .count = sizeof(mark) - 1, .offset = (place)
#define READS(words) .text = (words)
#define IF(function) .matches = (function)

static const Signature signatures[] = {
	/* XGBoost's, but not as save_model() writes it today */
	{AT(0, "bs64"), .foreign = {"This is XGBoost's old binary format, as base64.",
	"Load the model with XGBoost 3.0 or older and " SAVE}},
	{IF(recognise_old_binary), .foreign = {
	"This is XGBoost's old binary format, which was removed in XGBoost 3.1.",
	"risk.import_model converts it where libxgboost 3.0 or older is installed; else load it with such a version and " SAVE}},
	{IF(is_spark), .foreign = {
	"This is what Spark wrote around a booster: the number of classes comes first, in four bytes.",
	FROM_SPARK " Or cut those bytes off: tail -c +5 FILE > model.ubj"}},
	{READS("{\"class\":\"ml.dmlc"), .foreign = {
	"These are Spark's metadata of a model, not the model.", FROM_SPARK}},
	{READS("{\"class\":\"xgboost.spark"), .foreign = {
	"These are Spark's metadata of a model, not the model.", FROM_SPARK}},
	{READS("{\"class\":\"org.apache.spark"), .foreign = {
	"These are Spark's metadata of a pipeline, not a model.", FROM_SPARK}},
	{READS("booster["), .foreign = {
	"This is the text of dump_model(), which is rounded and cannot be scored exactly.",
	SAVE_AGAIN}},
	{READS("[{\"nodeid\":"), .foreign = {
	"This is the JSON of dump_model(), which is rounded and cannot be scored exactly.",
	SAVE_AGAIN}},
	{READS("{\"learner\":{\"generic_param\":"), .foreign = {
	"This is the configuration of a booster, as save_config() "
	"writes it, without the model.", SAVE_AGAIN}},

	/* other libraries */
	{AT(0, "tree\n"), .foreign = {
	"This is a LightGBM model; only XGBoost models can be read.", ONLY_XGBOOST}},
	{AT(0, "tree\r\n"), .foreign = {
	"This is a LightGBM model; only XGBoost models can be read.", ONLY_XGBOOST}},
	{READS("{\"name\":\"tree\","), .foreign = {
	"This is the JSON of a LightGBM model; only XGBoost models can be read.",
	ONLY_XGBOOST}},
	{AT(0, "CBM1"), .foreign = {
	"This is a CatBoost model; only XGBoost models can be read.", ONLY_XGBOOST}},
	{READS("{\"features_info\":"), .foreign = {
	"This is the JSON of a CatBoost model; only XGBoost models can be read.",
	ONLY_XGBOOST}},
	{READS("{\"model_info\":"), .foreign = {
	"This is the JSON of a CatBoost model; only XGBoost models can be read.",
	ONLY_XGBOOST}},
	{READS("{\"oblivious_trees\":"), .foreign = {
	"This is the JSON of a CatBoost model; only XGBoost models can be read.",
	ONLY_XGBOOST}},
	{IF(is_onnx), .foreign = {
	"This is an ONNX model, which holds no cover of nodes, so that scores could not be explained.",
	"Take the XGBoost model that it was converted from, and " SAVE}},
	{IF(is_pmml), .foreign = {"This is a PMML document, in which numbers are rounded.",
	"Take the XGBoost model that it was converted from, and " SAVE}},
	{IF(is_h2o_archive), .foreign = {"This is an H2O MOJO archive.",
	"If it is a model of H2O's XGBoost, unpack it: the file boosterBytes inside is the booster and can be imported."}},
	{AT(0, "\x1c\xed"), .foreign = {"This is a model as H2O saves it.",
	"If it is a model of H2O's XGBoost, download it as MOJO: the file boosterBytes inside is the booster and can be imported."}},

	/* pickles, and what wraps a file */
	{AT(0, "\x80"), .foreign = {"This is a Python pickle, not a saved model.", UNPICKLE}},
	{IF(is_old_pickle), .foreign = {
	"This is a Python pickle of an old protocol, not a saved model.", UNPICKLE}},
	{AT(0, "\x1f\x8b"), .foreign = {
	"This is a gzip archive (an R .rds file is one, too), not a saved model.",
	"Decompress it first. In R, xgb.save(readRDS('model.rds'), 'model.ubj'); in Python, load a pickle and " SAVE}},
	{AT(0, "RDX2\n"), .foreign = {
	"This is a file of R's save().",
	"Load it in R and save the model: xgb.save(model, 'model.ubj')."}},
	{AT(0, "RDX3\n"), .foreign = {
	"This is a file of R's save().",
	"Load it in R and save the model: xgb.save(model, 'model.ubj')."}},
	{AT(0, "X\n\0\0\0"), .foreign = {"This is a file of R's saveRDS().",
	"In R, xgb.save(readRDS('model.rds'), 'model.ubj')."}},
	{IF(is_zlib), .foreign = {"This is compressed by zlib, not a saved model.", DECOMPRESS}},
	{AT(0, "ZF0x"), .foreign = {
	"This is compressed by zlib, as old versions of joblib wrote it.", UNPICKLE}},
	{AT(0, "BZh"), .foreign = {"This is compressed by bzip2, not a saved model.", DECOMPRESS}},
	{AT(0, "\xfd" "7zXZ"), .foreign = {"This is compressed by xz, not a saved model.", DECOMPRESS}},
	{AT(0, "\x5d\0\0"), .foreign = {"This is compressed by lzma, not a saved model.", DECOMPRESS}},
	{AT(0, "\x04\x22\x4d\x18"), .foreign = {
	"This is compressed by lz4, not a saved model.", DECOMPRESS}},
	{AT(0, "\x28\xb5\x2f\xfd"), .foreign = {
	"This is compressed by zstd, not a saved model.", DECOMPRESS}},
	{AT(0, "PK\x03\x04"), .foreign = {"This is a zip archive, not a saved model.", UNPACK}},
	{AT(0, "7z\xbc\xaf\x27\x1c"), .foreign = {"This is a 7z archive, not a saved model.", UNPACK}},
	{AT(0, "Rar!"), .foreign = {"This is a rar archive, not a saved model.", UNPACK}},
	{AT(257, "ustar"), .foreign = {"This is a tar archive, not a saved model.", UNPACK}},
	{AT(0, "\xac\xed\0\x05"), .foreign = {"This is a serialized Java object, not a saved model.",
	"Load it in Java or Scala and save the model: booster.saveModel(\"model.ubj\")."}},

	/* what came instead of the file */
	{READS("versionhttps://git-lfs"), .foreign = {
	"This is a pointer of Git LFS to a file that is not here.",
	"Fetch the file itself: git lfs pull."}},
	{IF(is_html), .foreign = {"This is an HTML page, not a file that was downloaded.", DOWNLOAD}},
	{READS("{\"message\":"), .foreign = {
	"This is the answer of a web service, not a model.", DOWNLOAD}},
	{READS("{\"error\":"), .foreign = {
	"This is the answer of a web service, not a model.", DOWNLOAD}},
	{READS("{\"cells\":"), .foreign = {"This is a Jupyter notebook.",
	"Save the model in the notebook with save_model('model.ubj'), and import that file."}},
	{READS("<"), .foreign = {"This is an XML document, not a saved model.", SAVE_AGAIN}},

	/* the right bytes, but as text */
	{AT(0, "\xef\xbb\xbf"), .foreign = {
	"The document begins with a byte order mark, which XGBoost never writes.", BYTES}},
	{AT(0, "\xff\xfe"), .foreign = {
	"The document was made UTF-16, as some editors and shells do.", BYTES}},
	{AT(0, "\xfe\xff"), .foreign = {
	"The document was made UTF-16, as some editors and shells do.", BYTES}},
	{READS("\\x7b"), .foreign = {"This is the text of a bytea, in hex.", BYTES}},
	{READS("7b22"), .foreign = {
	"This is the text of a bytea, in hex.", "Decode it: decode(text, 'hex')."}},
	{READS("7b4c"), .foreign = {
	"This is the text of a bytea, in hex.", "Decode it: decode(text, 'hex')."}},
	{READS("b'"), .foreign = {"This is how Python shows bytes, not the bytes.", BYTES}},
	{READS("bytearray(b'"), .foreign = {"This is how Python shows bytes, not the bytes.", BYTES}},
	{READS("data:"), .foreign = {
	"This is a data URL.", "Decode what follows the comma: decode(text, 'base64')."}},
	{IF(is_base64), .foreign = {"This is a text in base64.", "Decode it: decode(text, 'base64')."}},
};

bool
recognise_foreign(const uint8_t *head, size_t length, Foreign *foreign)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
	{
		const Signature *signature = &signatures[i];

		if (signature->bytes != NULL ? signature->offset + signature->count <= length &&
			memcmp(head + signature->offset, signature->bytes, signature->count) == 0 :
			signature->text != NULL ? reads(head, length, signature->text) :
			signature->matches(head, length))
		{
			*foreign = signature->foreign;
			return true;
		}
	}
	return false;
}
