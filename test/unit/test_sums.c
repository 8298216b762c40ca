/*
 * test_sums.c
 *		Exact sums and double-double arithmetic against 128-bit integers.
 *
 * Doubles that are whole numbers times one power of 2 have sums and products that a
 * 128-bit integer holds; converting that to a double rounds once, to nearest.
 */
#include "unit.h"

#include "base/double_double.h"
#include "base/exact_sum.h"

#include <float.h>
#include <stdlib.h>

__extension__ typedef __int128 Wide;

static uint64_t random_state = UINT64_C(88172645463325252);

static uint64_t
random_bits(int bits)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return bits == 0 ? 0 : random_state >> (64 - bits);
}

/* A random double that is a whole number below 2^limit times 2^scale. */
static double
random_addend(int limit, int scale, Wide *whole)
{
	int			bits = 1 + (int) random_bits(6) % 53;
	int			shift = limit > bits ? (int) (random_bits(16) % (uint64_t) (limit - bits + 1)) : 0;
	uint64_t	mantissa = random_bits(bits);

	*whole = (Wide) mantissa << shift;
	return ldexp((double) mantissa, shift + scale);
}

static void
check_sums(int limit, int scale)
{
	unit_group("sums of whole numbers below 2^%d times 2^%d", limit, scale);
	for (int round = 0; round < 2000; round++)
	{
		int			count = 1 + (int) random_bits(5);
		double		addends[32];
		Wide		total = 0;
		ExactSum	forwards = {0};
		ExactSum	backwards = {0};
		ExactSum	parts[3] = {0};

		for (int i = 0; i < count; i++)
		{
			Wide		whole;

			addends[i] = random_addend(limit, scale, &whole);
			/* what is added and taken away again leaves no trace */
			exact_sum_add(&forwards, -addends[0]);
			exact_sum_add(&forwards, addends[i]);
			exact_sum_add(&forwards, addends[0]);
			total += whole;
		}
		for (int i = count - 1; i >= 0; i--)
		{
			exact_sum_add(&backwards, addends[i]);
			exact_sum_add(&parts[random_bits(8) % 3], addends[i]);
		}
		exact_sum_merge(&parts[1], &parts[2]);
		exact_sum_merge(&parts[0], &parts[1]);
		CHECK(exact_sum_round(&forwards) == ldexp((double) total, scale));
		exact_sum_normalize(&forwards);
		exact_sum_normalize(&backwards);
		CHECK(memcmp(&forwards, &backwards, sizeof(ExactSum)) == 0);
		CHECK(memcmp(&forwards, &parts[0], sizeof(ExactSum)) == 0);
	}
}

static void
check_ends(void)
{
	ExactSum	sum = {0};

	unit_group("the ends of the range");
	CHECK(exact_sum_round(&sum) == 0.0);
	exact_sum_add(&sum, 0x1p-1074);
	CHECK(exact_sum_round(&sum) == 0x1p-1074);
	exact_sum_add(&sum, DBL_MAX);
	CHECK(exact_sum_round(&sum) == DBL_MAX);
	exact_sum_add(&sum, 0x1p970);	/* half an ulp, and a little more */
	CHECK(exact_sum_round(&sum) == INFINITY);
	exact_sum_add(&sum, -0x1p-1074);
	exact_sum_add(&sum, -0x1p970);
	for (int i = 0; i < 1000; i++)
		exact_sum_add(&sum, DBL_MAX);
	CHECK(exact_sum_round(&sum) == INFINITY);
	for (int i = 0; i < 1000; i++)
		exact_sum_add(&sum, -DBL_MAX);
	CHECK(exact_sum_round(&sum) == DBL_MAX);
	exact_sum_add(&sum, -DBL_MAX);
	CHECK(exact_sum_round(&sum) == 0.0);
	exact_sum_add(&sum, -1.0);
	CHECK(exact_sum_round(&sum) == -INFINITY);

	unit_group("ties go to even");
	memset(&sum, 0, sizeof(sum));
	exact_sum_add(&sum, 1.0);
	exact_sum_add(&sum, 0x1p-53);
	CHECK(exact_sum_round(&sum) == 1.0);
	exact_sum_add(&sum, 0x1p-1074);
	CHECK(exact_sum_round(&sum) == 1.0 + 0x1p-52);
	exact_sum_add(&sum, -0x1p-1074);
	exact_sum_add(&sum, 0x1p-52);
	CHECK(exact_sum_round(&sum) == 1.0 + 0x1p-51);

	unit_group("carries that wait");
	memset(&sum, 0, sizeof(sum));
	sum.limbs[40] = (int64_t) 1 << 61;
	sum.pending = EXACT_SUM_PENDING_MAX;
	exact_sum_add(&sum, 1.0);
	CHECK(sum.pending == 1);
	CHECK(exact_sum_round(&sum) == ldexp(1.0, 61 + 40 * 32 - 1074));

	unit_group("what is no sum");
	CHECK(exact_sum_is_valid(&sum));
	sum.limbs[0] = -((int64_t) 1 << 62);
	sum.pending = EXACT_SUM_PENDING_MAX;
	CHECK(exact_sum_is_valid(&sum));
	sum.limbs[0] = INT64_MIN;
	CHECK(!exact_sum_is_valid(&sum));
	sum.limbs[0] = 0;
	sum.limbs[EXACT_SUM_LIMBS - 1] = INT64_MAX;
	CHECK(!exact_sum_is_valid(&sum));
	sum.limbs[EXACT_SUM_LIMBS - 1] = 0;
	sum.pending++;
	CHECK(!exact_sum_is_valid(&sum));
}

static void
check_double_double(void)
{
	unit_group("double-double sums, products and quotients of whole numbers");
	for (int round = 0; round < 20000; round++)
	{
		uint64_t	a = random_bits(1 + (int) random_bits(6) % 50);
		uint64_t	b = random_bits(1 + (int) random_bits(6) % 50);
		uint64_t	c = random_bits(1 + (int) random_bits(6) % 50);
		DoubleDouble product = dd_multiply(dd_from((double) a), dd_from((double) b));
		DoubleDouble sum = dd_add(product, dd_from((double) c));
		DoubleDouble difference = dd_subtract(product, dd_from((double) c));
		Wide		whole = (Wide) a * b;

		CHECK((Wide) product.high + (Wide) product.low == whole);
		CHECK((Wide) sum.high + (Wide) sum.low == whole + c);
		CHECK((Wide) difference.high + (Wide) difference.low == whole - c);
		CHECK(dd_to_double(sum) == (double) (whole + c));
		CHECK(dd_less(difference, sum) == (c > 0));
		/* the nearest: its neighbours are no nearer */
		if (c > 0)
		{
			double		quotient = dd_divide(dd_from((double) a), dd_from((double) c));

			CHECK(fabs(fma(quotient, (double) c, -(double) a)) <=
				  fabs(fma(nextafter(quotient, INFINITY), (double) c, -(double) a)));
			CHECK(fabs(fma(quotient, (double) c, -(double) a)) <=
				  fabs(fma(nextafter(quotient, -1.0), (double) c, -(double) a)));
		}
	}
}

int
main(void)
{
	static const int scales[] = {-1074, -1060, -1020, -600, -64, -52, -1, 0, 17, 500, 870};

	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++)
	{
		check_sums(53, scales[i]);
		check_sums(90, scales[i]);
		check_sums(118, scales[i]);
	}
	check_ends();
	check_double_double();
	return unit_finish();
}
