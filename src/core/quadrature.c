/*
 * quadrature.c
 *		Gauss-Legendre rules, with the same bits wherever IEEE 754 holds.
 */
#include "quadrature.h"

#include <math.h>

/* cos(x) for 0 <= x <= pi by its series: the same bits wherever IEEE 754 holds. */
static double
portable_cosine(double x)
{
	double		term = 1.0;
	double		sum = 1.0;

	for (int i = 2; i < 60; i += 2)
	{
		term *= -x * x / ((double) i * (i - 1));
		sum += term;
	}
	return sum;
}

/* Roots of the Legendre polynomial by Newton's method from the usual first guess. */
void
gauss_legendre(uint32_t count, double *points, double *weights)
{
	const double pi = 3.14159265358979323846;

	for (uint32_t i = 0; i < count; i++)
	{
		double		x = portable_cosine(pi * (i + 0.75) / (count + 0.5));
		double		slope = 1.0;

		for (int iteration = 0; iteration < 100; iteration++)
		{
			double		p0 = 1.0;
			double		p1 = x;
			double		step;

			for (uint32_t k = 2; k <= count; k++)
			{
				double		p2 = ((2.0 * k - 1.0) * x * p1 - (k - 1.0) * p0) / k;

				p0 = p1;
				p1 = p2;
			}
			slope = count * (x * p1 - p0) / (x * x - 1.0);
			step = p1 / slope;
			x -= step;
			if (fabs(step) < 1e-15)
				break;
		}
		points[i] = (1.0 - x) / 2.0;
		weights[i] = 1.0 / ((1.0 - x * x) * slope * slope);
	}
}
