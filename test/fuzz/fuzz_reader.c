/*
 * fuzz_reader.c
 *		libFuzzer entry point over model_read().
 *
 * The chunk size follows from the length of the input, so that every split of
 * a token comes up while seeds remain ordinary models.  A model that is read
 * must keep what model.h promises.
 *
 *		clang -fsanitize=fuzzer,address,undefined ... test/fuzz/fuzz_reader.c
 *			test/unit/unit.c, and all of src/core
 */
#include "unit.h"

#include <math.h>
#include <stdlib.h>

#define REQUIRE(condition) do { if (!(condition)) abort(); } while (0)

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require_tree(const Model *model, const ModelTree *tree)
{
	REQUIRE(tree->node_count >= 1 && tree->group < model->group_count && isfinite(tree->weight));
	for (uint32_t i = 0; i < tree->node_count; i++)
	{
		const ModelNode *node = &tree->nodes[i];

		REQUIRE(isfinite(node->cover) && node->cover >= 0);
		if (node->left < 0)
		{
			REQUIRE(node->left == -1 && isfinite(node->value));
			continue;
		}
		REQUIRE((uint32_t) node->left > i && (uint32_t) node->left + 1 < tree->node_count);
		REQUIRE(node->feature < model->feature_count);
		REQUIRE(node->left >= 0 || isfinite(node->value));
		if (node->categorical)
		{
			REQUIRE(node->category_begin <= tree->category_count);
			REQUIRE(node->category_count <= tree->category_count - node->category_begin);
			for (uint32_t k = 0; k < node->category_count; k++)
			{
				const uint32_t *category = tree->categories + node->category_begin + k;

				REQUIRE(*category < MODEL_CATEGORY_MAX && (k == 0 || category[-1] < *category));
			}
		}
	}
}

static void
require_model(const Model *model)
{
	REQUIRE(model->feature_count >= 1 && model->group_count >= 1 && model->objective != NULL);
	for (uint32_t i = 0; i < model->group_count; i++)
		REQUIRE(isfinite(model->base_scores[i]));
	if (model->booster == MODEL_GBLINEAR)
	{
		REQUIRE(model->linear_weights != NULL);
		return;
	}
	REQUIRE(model->tree_count >= 1 && model->round_count >= 1);
	for (uint32_t i = 1; i < model->round_count; i++)
		REQUIRE(model->round_ends[i - 1] <= model->round_ends[i]);
	REQUIRE(model->round_ends[model->round_count - 1] == model->tree_count);
	for (uint32_t i = 0; i < model->tree_count; i++)
		require_tree(model, &model->trees[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t chunk_sizes[] = {0, 1, 7, 129};
	static UnitHost unit;
	Model	   *model;

	if (unit.host.allocate == NULL)
		unit_host_init(&unit);
	model = unit_read_model(&unit, data, size, chunk_sizes[size % 4]);
	if (model != NULL)
		require_model(model);
	unit_host_reset(&unit);
	return 0;
}
