/*
 * quadrature.h
 *		Gauss-Legendre rules.
 */
#ifndef CORE_QUADRATURE_H
#define CORE_QUADRATURE_H

#include <stdint.h>

/* The rule with count points on [0, 1]: exact for polynomials of degree 2 count - 1. */
extern void gauss_legendre(uint32_t count, double *points, double *weights);

#endif
