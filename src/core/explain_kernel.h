/*
 * explain_kernel.h
 *		Contributions of a dense block, for one kind of processor.
 *
 * To be included after KERNEL_NAME and KERNEL_TARGET have been defined; the
 * including file explains the mathematics.  The trees of the block are the lanes
 * of a vector, the quadrature points a loop that is unrolled.  The splits of the
 * complete trees are visited depth first along the path to each pair of leaves:
 * going down, a split's decisions give the probabilities a of going left and
 * the reach of its children; coming back up, the values g of both subtrees
 * give its contributions.  Only the path at hand is kept, so it stays in the
 * first-level cache.  Each lane has sums of its own: trees tend to split on the
 * same features at the same places, and would wait for each other's.
 */

#define KERNEL_PASTE_(a, b) a##b
#define KERNEL_PASTE(a, b) KERNEL_PASTE_(a, b)
#define KERNEL_BODY KERNEL_PASTE(KERNEL_NAME, _body)

static inline __attribute__((always_inline)) void
KERNEL_BODY(const ForestImage *image, const ForestBlock *block, const ForestValue *vector,
			double *sums, const int depth, const int points)
{
	const int	size = 1 << depth;
	const ForestSplit *splits = FOREST_AT(image, ForestSplit, block->tables);
	const ImageVector *leaves = (const ImageVector *) (splits + FOREST_LANES * size);
	const ImageVector *shares = leaves + size;
	const ImageVector *factors = shares + size;
	const ForestRepeat *repeats = (const ForestRepeat *) (factors + 2 * size * points);
	const Vector one = (Vector) {} + 1.0f;

	/* by split: does the row go right, and does it follow the path where it matters? */
	Mask		right[1 << FOREST_DENSE_DEPTH_MAX];
	Mask		follows[1 << FOREST_DENSE_DEPTH_MAX];
	uint32_t   *right_slots = (uint32_t *) right;
	uint32_t   *follows_slots = (uint32_t *) follows;

	/* of the path at hand, by level */
	Vector		a[FOREST_DENSE_DEPTH_MAX][FOREST_POINTS];
	Vector		reach[FOREST_DENSE_DEPTH_MAX][FOREST_POINTS];
	Vector		reach_left[FOREST_DENSE_DEPTH_MAX][FOREST_POINTS];
	Vector		value_left[FOREST_DENSE_DEPTH_MAX][FOREST_POINTS];
	Vector		e[FOREST_DENSE_DEPTH_MAX];

	for (int lane = 0; lane < FOREST_LANES; lane++)
		for (int i = 1; i < size; i++)
		{
			const ForestSplit *split = splits + lane * size + i;

			right_slots[i * FOREST_LANES + lane] = -(uint32_t) (split->bound < vector[split->value].key);
		}
	for (int i = 1; i < size; i++)
		follows[i] = ~(Mask) {};
	for (uint32_t i = 0; i < block->repeat_count; i++)
		follows_slots[repeats[i].slot] = follows_slots[repeats[i].ancestor] &
			~(right_slots[repeats[i].ancestor] ^ repeats[i].right);

	for (int point = 0; point < points; point++)
		value_left[0][point] = one; /* for the compiler: it is set before it is read */
	for (int pair = 0; pair < 1 << (depth - 1); pair++)
	{
		/* the path has changed from the level where its number has */
		int			level = pair == 0 ? 0 : depth - 1 - __builtin_ctz(pair);
		Vector		g_left[FOREST_POINTS];
		Vector		g[FOREST_POINTS];

		for (;; level++)
		{
			int			i = (1 << level) + (pair >> (depth - 1 - level));
			Vector		is_left = (Vector) ((Mask) one & ~right[i]);
			Vector		share = shares[i] - (Vector) ((Mask) one & right[i]);

			e[level] = (Vector) ((Mask) share & follows[i]);
#pragma GCC unroll 4
			for (int point = 0; point < points; point++)
			{
				Vector		m = factors[2 * (i * points + point)];

				m = (Vector) (((Mask) m & follows[i]) | ((Mask) one & ~follows[i]));
				a[level][point] = is_left - share * m;
				reach[level][point] = level == 0 ? one :
					i & 1 ? reach[level - 1][point] - reach_left[level - 1][point] :
					reach_left[level - 1][point];
				reach_left[level][point] = reach[level][point] * a[level][point];
			}
			if (level == depth - 1)
				break;
		}
#pragma GCC unroll 4
		for (int point = 0; point < points; point++)
		{
			g_left[point] = leaves[2 * pair];
			g[point] = leaves[2 * pair + 1];
		}
		for (;; level--)
		{
			int			i = (1 << level) + (pair >> (depth - 1 - level));
			Vector		terms[FOREST_POINTS];
			Vector		contribution;

#pragma GCC unroll 4
			for (int point = 0; point < points; point++)
			{
				Vector		k = factors[2 * (i * points + point) + 1];
				Vector		difference = g_left[point] - g[point];

				terms[point] = (k * difference) * reach[level][point];
				g[point] = g[point] + a[level][point] * difference;
			}
			contribution = (points == 2 ? terms[0] + terms[1] :
							(terms[0] + terms[1]) + (terms[2] + terms[3])) * e[level];
#pragma GCC unroll 8
			for (int lane = 0; lane < FOREST_LANES; lane++)
				sums[(size_t) splits[lane * size + i].value * FOREST_LANES + lane] += contribution[lane];
			if (level == 0)
				break;
			if ((i & 1) == 0)
			{
				/* a left child: its sibling comes next */
#pragma GCC unroll 4
				for (int point = 0; point < points; point++)
					value_left[level - 1][point] = g[point];
				break;
			}
#pragma GCC unroll 4
			for (int point = 0; point < points; point++)
				g_left[point] = value_left[level - 1][point];
		}
	}
}

#define KERNEL_CASE(depth) \
	case depth: \
		if (block->points == 2) \
			KERNEL_BODY(image, block, vector, sums, depth, 2); \
		else \
			KERNEL_BODY(image, block, vector, sums, depth, 4); \
		return

KERNEL_TARGET static void
KERNEL_NAME(const ForestImage *image, const ForestBlock *block, const ForestValue *vector, double *sums)
{
	switch (block->depth)
	{
			KERNEL_CASE(1);
			KERNEL_CASE(2);
			KERNEL_CASE(3);
			KERNEL_CASE(4);
			KERNEL_CASE(5);
			KERNEL_CASE(6);
			KERNEL_CASE(7);
			KERNEL_CASE(8);
		default:
			return;				/* single leaves: in the bias */
	}
}

#undef KERNEL_PASTE_
#undef KERNEL_PASTE
#undef KERNEL_BODY
#undef KERNEL_CASE
#undef KERNEL_NAME
#undef KERNEL_TARGET
