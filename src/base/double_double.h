/*
 * double_double.h
 *		Sums and products in twice the precision of a double.
 *
 * A number is the unevaluated sum of two doubles, high and low, |low| at most half
 * an ulp of high.  Sums and products of whole numbers are exact as long as they
 * fit into 106 bits, which counts of rows and products of two counts do; sums of
 * other numbers lose about 2^-104 of their size per step, far below what the final
 * rounding to double shows.
 *
 * The error terms are those of Knuth (sum) and of the fused multiply-add
 * (product); they need arithmetic without contraction or reassociation, which the
 * Makefile asks for.
 */
#ifndef DOUBLE_DOUBLE_H
#define DOUBLE_DOUBLE_H

#include <math.h>
#include <stdbool.h>

typedef struct DoubleDouble
{
	double		high;
	double		low;
} DoubleDouble;

/* |a| >= |b|, or a is 0 */
static inline DoubleDouble
dd_renormalize(double a, double b)
{
	double		sum = a + b;

	return (DoubleDouble) {sum, b - (sum - a)};
}

static inline DoubleDouble
dd_from(double a)
{
	return (DoubleDouble) {a, 0.0};
}

/* The nearest double; a sum that is infinite stays so, whatever its low part */
static inline double
dd_to_double(DoubleDouble a)
{
	return isfinite(a.high) ? a.high + a.low : a.high;
}

static inline DoubleDouble
dd_sum(double a, double b)
{
	double		sum = a + b;
	double		b_part = sum - a;

	return (DoubleDouble) {sum, (a - (sum - b_part)) + (b - b_part)};
}

/* Adds to a sum that need not be renormalized yet (Kahan and Babuska) */
static inline void
dd_accumulate(DoubleDouble *sum, double value)
{
	DoubleDouble step = dd_sum(sum->high, value);

	sum->high = step.high;
	sum->low += step.low;
}

static inline DoubleDouble
dd_product(double a, double b)
{
	double		product = a * b;

	return (DoubleDouble) {product, fma(a, b, -product)};
}

static inline DoubleDouble
dd_add(DoubleDouble a, DoubleDouble b)
{
	DoubleDouble high = dd_sum(a.high, b.high);
	DoubleDouble low = dd_sum(a.low, b.low);

	high = dd_renormalize(high.high, high.low + low.high);
	return dd_renormalize(high.high, high.low + low.low);
}

static inline DoubleDouble
dd_negate(DoubleDouble a)
{
	return (DoubleDouble) {-a.high, -a.low};
}

static inline DoubleDouble
dd_subtract(DoubleDouble a, DoubleDouble b)
{
	return dd_add(a, dd_negate(b));
}

static inline DoubleDouble
dd_multiply(DoubleDouble a, DoubleDouble b)
{
	DoubleDouble product = dd_product(a.high, b.high);

	return dd_renormalize(product.high, product.low + (a.high * b.low + a.low * b.high));
}

static inline DoubleDouble
dd_scale(DoubleDouble a, double b)
{
	return dd_multiply(a, dd_from(b));
}

/* The quotient, rounded once */
static inline double
dd_divide(DoubleDouble a, DoubleDouble b)
{
	double		quotient = a.high / b.high;
	DoubleDouble rest = dd_subtract(a, dd_scale(b, quotient));

	return quotient + rest.high / b.high;
}

static inline bool
dd_less(DoubleDouble a, DoubleDouble b)
{
	return a.high < b.high || (a.high == b.high && a.low < b.low);
}

static inline bool
dd_positive(DoubleDouble a)
{
	return a.high > 0.0;
}

#endif							/* DOUBLE_DOUBLE_H */
