/*
 * explain_kernel.h
 *		Contributions of dense blocks, by one kind of vectors.
 *
 * To be included after KERNEL_NAME, KERNEL_TARGET and KERNEL_ROWS have been
 * defined; the including file explains the mathematics.  With KERNEL_ROWS 0 the
 * lanes of a vector are the trees of a block, for one row; otherwise they are
 * that many rows, for one tree, and what belongs to a split is one number for
 * all of them.  The quadrature points are a loop that is unrolled.
 *
 * The splits of the complete trees are visited depth first: going down, a
 * split's decisions give the probabilities a of going left and the reach of its
 * children; coming back up, the values of both subtrees give its contributions.
 * Only the path at hand is kept, so it stays in the first-level cache, and for
 * the three lowest levels mostly in registers: they are one function, each level
 * above is one more.  Each tree has sums of its own: trees tend to split on the
 * same features at the same places, and would wait for each other's.
 */

#define KERNEL_PASTE_(a, b) a##b
#define KERNEL_PASTE(a, b) KERNEL_PASTE_(a, b)
#define KERNEL(part) KERNEL_PASTE(KERNEL_NAME, part)
#define Lanes KERNEL(_lanes)
#define Mask KERNEL(_mask)
#define Numbers KERNEL(_numbers)
#define State KERNEL(_state)

#if KERNEL_ROWS == 0
#define KERNEL_LANES FOREST_LANES
#define KERNEL_TABLE(numbers) (*(const Numbers *) (numbers))
#else
#define KERNEL_LANES KERNEL_ROWS
/* what is subtracted makes a vector of one number */
#define KERNEL_TABLE(numbers) (*(numbers) - (Lanes) {})
#endif

typedef float Lanes __attribute__((vector_size(KERNEL_LANES * sizeof(float))));
typedef int32_t Mask __attribute__((vector_size(KERNEL_LANES * sizeof(int32_t))));

/* In an image, wherever the host has put it */
typedef float Numbers
	__attribute__((vector_size(KERNEL_LANES * sizeof(float)), aligned(4), may_alias));

typedef struct State
{
	Tables		tables;
	double	   *sums;

	/* by split: does the row go right, and does it follow the path where it matters? */
	Mask		right[1 << FOREST_DENSE_DEPTH_MAX];
	Mask		follows[1 << FOREST_DENSE_DEPTH_MAX];
} State;

#if KERNEL_ROWS == 0
typedef double KERNEL(_doubles)
	__attribute__((vector_size(FOREST_LANES * sizeof(double)), may_alias));

KERNEL_TARGET static inline __attribute__((always_inline)) void
KERNEL(_add)(State *state, size_t i, const Lanes *contribution)
{
	const ForestSplit *split = state->tables.splits + i;
	KERNEL(_doubles) terms = __builtin_convertvector(*contribution, KERNEL(_doubles));

#pragma GCC unroll 8
	for (size_t lane = 0; lane < FOREST_LANES; lane++, split += state->tables.size)
		state->sums[(size_t) split->value * FOREST_LANES + lane] += ((double *) &terms)[lane];
}
#else
/* In scratch, wherever the host has put it */
typedef int32_t KERNEL(_keys)
	__attribute__((vector_size(KERNEL_ROWS * sizeof(int32_t)), aligned(4), may_alias));
typedef double KERNEL(_sums)
	__attribute__((vector_size(KERNEL_ROWS * sizeof(double)), aligned(8), may_alias));

KERNEL_TARGET static inline __attribute__((always_inline)) void
KERNEL(_add)(State *state, size_t i, const Lanes *contribution)
{
	KERNEL(_sums) *sums = (KERNEL(_sums) *)
		(state->sums + (size_t) state->tables.splits[i].value * FOREST_LANES * FOREST_BATCH);

	*sums += __builtin_convertvector(*contribution, KERNEL(_sums));
}
#endif

typedef void (*KERNEL(_below)) (State *state, size_t i, const Lanes *reach, Lanes *value);

/*
 * The subtree of split i, of so many levels of splits: how it is reached goes in,
 * its value comes out, both by point.
 */
KERNEL_TARGET static inline __attribute__((always_inline)) void
KERNEL(_visit)(State *state, const size_t i, const int levels, const int points,
			   const Lanes *reach, Lanes *value, KERNEL(_below) below)
{
	const Lanes one = 1.0f - (Lanes) {};
	const Mask	follows = state->follows[i];
	const Lanes is_right = (Lanes) ((Mask) one & state->right[i]);
	const Lanes is_left = (Lanes) ((Mask) one & ~state->right[i]);
	const Lanes e = KERNEL_TABLE(state->tables.shares + i * FOREST_LANES) - is_right;
	const float *factors = state->tables.factors + 2 * FOREST_LANES * points * i;
	Lanes		a[FOREST_POINTS];
	Lanes		reach_left[FOREST_POINTS];
	Lanes		reach_right[FOREST_POINTS];
	Lanes		left[FOREST_POINTS];
	Lanes		right[FOREST_POINTS];
	Lanes		terms[FOREST_POINTS];
	Lanes		contribution;

#pragma GCC unroll 4
	for (int point = 0; point < points; point++)
	{
		Lanes		m = KERNEL_TABLE(factors + 2 * FOREST_LANES * point);

		m = (Lanes) (((Mask) m & follows) | ((Mask) one & ~follows));
		a[point] = is_left - e * m;
		reach_left[point] = reach[point] * a[point];
		reach_right[point] = reach[point] - reach_left[point];
	}
	if (levels == 1)
	{
#pragma GCC unroll 4
		for (int point = 0; point < points; point++)
		{
			left[point] = KERNEL_TABLE(state->tables.leaves + 2 * i * FOREST_LANES);
			right[point] = KERNEL_TABLE(state->tables.leaves + (2 * i + 1) * FOREST_LANES);
		}
	}
	else
	{
		below(state, 2 * i, reach_left, left);
		below(state, 2 * i + 1, reach_right, right);
	}
#pragma GCC unroll 4
	for (int point = 0; point < points; point++)
	{
		Lanes		k = KERNEL_TABLE(factors + 2 * FOREST_LANES * point + FOREST_LANES);
		Lanes		difference = left[point] - right[point];

		terms[point] = (k * difference) * reach[point];
		value[point] = right[point] + a[point] * difference;
	}
	contribution = SUM_OF_POINTS(terms, points) * (Lanes) ((Mask) e & follows);
	KERNEL(_add) (state, i, &contribution);
}

#define KERNEL_VISIT(levels, below, points, inlining) \
	inlining KERNEL_TARGET static void \
	KERNEL(_##levels##_##points) (State *state, size_t i, const Lanes *reach, Lanes *value) \
	{ \
		KERNEL(_visit) (state, i, levels, points, reach, value, KERNEL(_##below##_##points)); \
	}
#define KERNEL_VISITS(points) \
	static const KERNEL(_below) KERNEL(_0_##points) = NULL; \
	KERNEL_VISIT(1, 0, points, inline __attribute__((always_inline))) \
	KERNEL_VISIT(2, 1, points, inline __attribute__((always_inline))) \
	KERNEL_VISIT(3, 2, points, __attribute__((noinline))) \
	KERNEL_VISIT(4, 3, points, __attribute__((noinline))) \
	KERNEL_VISIT(5, 4, points, __attribute__((noinline))) \
	KERNEL_VISIT(6, 5, points, __attribute__((noinline))) \
	KERNEL_VISIT(7, 6, points, __attribute__((noinline))) \
	KERNEL_VISIT(8, 7, points, __attribute__((noinline)))

KERNEL_VISITS(2)
KERNEL_VISITS(3)
KERNEL_VISITS(4)

#define KERNEL_CASE(levels, points) \
	case (levels) * (FOREST_POINTS + 1) + (points): \
		KERNEL(_##levels##_##points) (state, 1, reach, value); \
		break
#define KERNEL_CASES(points) \
	KERNEL_CASE(1, points); \
	KERNEL_CASE(2, points); \
	KERNEL_CASE(3, points); \
	KERNEL_CASE(4, points); \
	KERNEL_CASE(5, points); \
	KERNEL_CASE(6, points); \
	KERNEL_CASE(7, points); \
	KERNEL_CASE(8, points)

/* All splits of a block's trees, or of one; a single leaf is in the bias. */
KERNEL_TARGET static void
KERNEL(_walk) (State *state, const ForestBlock *block)
{
	Lanes		reach[FOREST_POINTS];
	Lanes		value[FOREST_POINTS];

	for (int point = 0; point < FOREST_POINTS; point++)
		reach[point] = 1.0f - (Lanes) {};
	switch (block->depth * (FOREST_POINTS + 1) + block->points)
	{
			KERNEL_CASES(2);
			KERNEL_CASES(3);
			KERNEL_CASES(4);
		default:
			break;
	}
}

#if KERNEL_ROWS == 0
KERNEL_TARGET static void
KERNEL_NAME(const ForestImage *image, const ForestBlock *block, const ForestValue *vector,
			double *sums)
{
	const ForestRepeat *repeats =
		FOREST_AT(image, ForestRepeat, block->weights + forest_repeats_offset(block));
	State		state;
	uint32_t   *right = (uint32_t *) state.right;
	uint32_t   *follows = (uint32_t *) state.follows;
	uint32_t	repeat = 0;

	state.tables = find_tables(image, block, 0);
	state.sums = sums;
	for (size_t lane = 0; lane < FOREST_LANES; lane++)
		for (size_t i = 1; i < state.tables.size; i++)
		{
			const ForestSplit *split = state.tables.splits + lane * state.tables.size + i;

			right[i * FOREST_LANES + lane] = -(uint32_t) (split->bound < vector[split->value].key);
		}
	for (size_t i = 1; i < state.tables.size; i++)
		state.follows[i] = ~(Mask) {};
	for (size_t lane = 0; lane < FOREST_LANES; lane++)
		for (; repeat < block->repeat_ends[lane]; repeat++)
		{
			size_t		ancestor = repeats[repeat].ancestor * FOREST_LANES + lane;

			follows[repeats[repeat].split * FOREST_LANES + lane] = follows[ancestor] &
				~(right[ancestor] ^ repeats[repeat].right);
		}
	KERNEL(_walk) (&state, block);
}
#else
KERNEL_TARGET static void
KERNEL_NAME(const ForestImage *image, const ForestBlock *block, const int32_t *keys, double *sums)
{
	const ForestRepeat *repeats =
		FOREST_AT(image, ForestRepeat, block->weights + forest_repeats_offset(block));
	State		state;

	for (uint32_t lane = 0; lane < block->tree_count; lane++)
	{
		state.tables = find_tables(image, block, lane);
		for (int row = 0; row < FOREST_BATCH; row += KERNEL_ROWS)
		{
			state.sums = sums + (size_t) lane * FOREST_BATCH + row;
			for (size_t i = 1; i < state.tables.size; i++)
			{
				const ForestSplit *split = state.tables.splits + i;

				state.right[i] = signed_key(split->bound) <
					*(const KERNEL(_keys) *) (keys + (size_t) split->value * FOREST_BATCH + row);
				state.follows[i] = ~(Mask) {};
			}
			for (uint32_t i = lane == 0 ? 0 : block->repeat_ends[lane - 1];
				 i < block->repeat_ends[lane]; i++)
				state.follows[repeats[i].split] = state.follows[repeats[i].ancestor] &
					~(state.right[repeats[i].ancestor] ^ (int32_t) repeats[i].right);
			KERNEL(_walk) (&state, block);
		}
	}
}
#endif

#undef KERNEL_PASTE_
#undef KERNEL_PASTE
#undef KERNEL
#undef Lanes
#undef Mask
#undef Numbers
#undef State
#undef KERNEL_LANES
#undef KERNEL_TABLE
#undef KERNEL_VISIT
#undef KERNEL_VISITS
#undef KERNEL_CASE
#undef KERNEL_CASES
#undef KERNEL_NAME
#undef KERNEL_TARGET
#undef KERNEL_ROWS
