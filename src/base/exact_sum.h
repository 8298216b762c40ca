/*
 * exact_sum.h
 *		Sums of doubles without rounding, whatever their order.
 *
 * An ExactSum is a fixed-point number wide enough for every finite double: limbs
 * of 32 bits, the first of weight 2^-1074 (the smallest subnormal), each kept in an
 * int64_t so that it can take many additions before carries have to move.  Adding is
 * exact, so the sum does not depend on the order of the addends nor on how they
 * were split among partial sums; rounding to a double happens once, when somebody
 * asks (exact_sum_round), to nearest, ties to even.
 *
 * After exact_sum_normalize() every limb but the last is in [0, 2^32): equal sums
 * are then equal bytes.
 */
#ifndef EXACT_SUM_H
#define EXACT_SUM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* 2046 positions of the lowest bit, 53 bits from there on, and room for carries */
#define EXACT_SUM_LIMBS 68

/* Each addition changes a limb by less than 2^32. */
#define EXACT_SUM_PENDING_MAX (1U << 30)

typedef struct ExactSum
{
	int64_t		limbs[EXACT_SUM_LIMBS];
	uint32_t	pending;		/* additions since the last normalization */
	uint32_t	unused;
} ExactSum;

/* Moves carries up; the limbs below the last come into [0, 2^32). */
static inline void
exact_sum_normalize(ExactSum *sum)
{
	int64_t		carry = 0;

	for (int i = 0; i < EXACT_SUM_LIMBS - 1; i++)
	{
		int64_t		limb = sum->limbs[i] + carry;

		/* an arithmetic shift rounds down, so that what stays is not negative */
		carry = limb >> 32;
		sum->limbs[i] = limb & 0xFFFFFFFF;
	}
	sum->limbs[EXACT_SUM_LIMBS - 1] += carry;
	sum->pending = 0;
}

/* Adds a finite double. */
static inline void
exact_sum_add(ExactSum *sum, double value)
{
	uint64_t	bits;
	uint64_t	mantissa;
	int			exponent;
	int			position;
	int64_t		parts[3];
	int64_t	   *limb;

	memcpy(&bits, &value, sizeof(bits));
	mantissa = bits & (((uint64_t) 1 << 52) - 1);
	exponent = (int) (bits >> 52) & 0x7FF;
	if (exponent == 0)
	{
		if (mantissa == 0)
			return;
		position = 0;
	}
	else
	{
		mantissa |= (uint64_t) 1 << 52;
		position = exponent - 1;
	}

	if (sum->pending >= EXACT_SUM_PENDING_MAX)
		exact_sum_normalize(sum);
	sum->pending++;

	limb = &sum->limbs[position / 32];
	position %= 32;
	parts[0] = (int64_t) ((mantissa << position) & 0xFFFFFFFF);
	mantissa >>= 32 - position;
	parts[1] = (int64_t) (mantissa & 0xFFFFFFFF);
	parts[2] = (int64_t) (mantissa >> 32);
	if (bits >> 63)
	{
		limb[0] -= parts[0];
		limb[1] -= parts[1];
		limb[2] -= parts[2];
	}
	else
	{
		limb[0] += parts[0];
		limb[1] += parts[1];
		limb[2] += parts[2];
	}
}

/* Adds another sum; both are normalized by it. */
static inline void
exact_sum_merge(ExactSum *sum, const ExactSum *other)
{
	ExactSum	copy = *other;

	exact_sum_normalize(&copy);
	exact_sum_normalize(sum);
	for (int i = 0; i < EXACT_SUM_LIMBS; i++)
		sum->limbs[i] += copy.limbs[i];
	exact_sum_normalize(sum);
}

/*
 * Can a sum from elsewhere be one?  Of others the carries would overflow; adding to
 * them harms nothing but their value.
 */
static inline bool
exact_sum_is_valid(const ExactSum *sum)
{
	const int64_t limit = ((int64_t) 1 << 62) + ((int64_t) 1 << 33);

	if (sum->pending > EXACT_SUM_PENDING_MAX)
		return false;
	for (int i = 0; i < EXACT_SUM_LIMBS; i++)
		if (sum->limbs[i] >= limit || sum->limbs[i] <= -limit)
			return false;
	return true;
}

/* The double nearest to a sum that is not negative; infinity if there is none. */
static inline double
exact_sum_round(const ExactSum *sum)
{
	ExactSum	copy = *sum;
	int			top = EXACT_SUM_LIMBS - 1;
	uint64_t	high;
	int			shift = 0;

	exact_sum_normalize(&copy);
	if (copy.limbs[top] < 0)
		return -INFINITY;		/* no sum of what is not negative */
	while (top > 1 && copy.limbs[top] == 0)
		top--;
	if (copy.limbs[top] >> 32 != 0)
		return INFINITY;
	high = ((uint64_t) copy.limbs[top] << 32) | (uint64_t) copy.limbs[top - 1];
	if (top == 1)
		return ldexp((double) high, -1074); /* a multiple of 2^-1074 below 2^-1010 */

	/* 64 bits from the highest one on, the last of them standing for all below */
	while (((high << shift) >> 63) == 0)
		shift++;
	if (shift > 0)
	{
		high = (high << shift) | ((uint64_t) copy.limbs[top - 2] >> (32 - shift));
		if ((((uint64_t) copy.limbs[top - 2] << shift) & 0xFFFFFFFF) != 0)
			high |= 1;
	}
	else if (copy.limbs[top - 2] != 0)
		high |= 1;
	for (int i = top - 3; i >= 0; i--)
		if (copy.limbs[i] != 0)
			high |= 1;
	return ldexp((double) high, 32 * (top - 1) - shift - 1074);
}

#endif							/* EXACT_SUM_H */
