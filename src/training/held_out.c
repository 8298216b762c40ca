/*
 * held_out.c
 *		What is known of the held-out rows of a training.
 *
 * The trainer answers for them in the order in which they were sent, and says which
 * it answers for: whatever else it says is not believed.
 */
#include "training/held_out.h"

#include "utils/memutils.h"

#include "core/objective.h"

/* ----------
 * Sending
 * ----------
 */
void
held_out_add(HeldOut *held_out, const TrainingRow *row, RowRole role)
{
	if (held_out->count == held_out->capacity)
	{
		int64		capacity = Max(1024, held_out->capacity * 2);

#define GROW(array) \
		(array) = (array) == NULL ? \
			MemoryContextAllocHuge(CurrentMemoryContext, capacity * sizeof(*(array))) : \
			repalloc_huge((array), capacity * sizeof(*(array)))
		GROW(held_out->margins);
		GROW(held_out->scores);
		GROW(held_out->weights);
		GROW(held_out->labels);
		GROW(held_out->known);
		GROW(held_out->test);
#undef GROW
		held_out->capacity = capacity;
	}
	held_out->weights[held_out->count] = row->weight;
	held_out->labels[held_out->count] = row->label;
	held_out->known[held_out->count] = row->known;
	held_out->test[held_out->count++] = role == ROLE_TEST;
}

void
held_out_answer(HeldOut *held_out, const TrainerMargin *answer)
{
	int64		place = held_out->answered;

	if (place == held_out->count || answer->groups != 1 ||
		held_out->labels[place] != (answer->label == 1.0f) ||
		held_out->test[place] != (answer->role == ROLE_TEST))
		elog(ERROR, "the trainer's margins do not match the rows");
	held_out->margins[place] = answer->margins[0];
	objective_predict(TRANSFORM_SIGMOID, answer->margins, 1, &held_out->scores[place]);
	held_out->answered++;
}
