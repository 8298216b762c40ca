/*
 * decimal.h
 *		Numbers that are written as decimals: whole ones, and float32.
 *
 * Decimals go straight to float32 (strtof's rounding): XGBoost writes the
 * shortest decimals of float32 values, and a detour over double would move
 * some of them.
 */
#ifndef CORE_DECIMAL_H
#define CORE_DECIMAL_H

#include "host.h"

#define DECIMAL_LENGTH_MAX		128 /* characters of one number */

/* A decimal as scanned: (-1)^negative * mantissa * 10^exponent */
typedef struct Decimal
{
	size_t		length;			/* in characters; 0: this is no JSON number */
	bool		negative;
	bool		is_integer;		/* neither point nor exponent */
	bool		is_exact;		/* the mantissa holds all the digits */
	uint64_t	mantissa;
	int			exponent;
} Decimal;

extern Decimal decimal_scan(const char *text, size_t length);
extern bool decimal_integer(const Decimal *decimal, int64_t *value);
extern float decimal_real(CoreHost *host, const Decimal *decimal, const char *text);

/*
 * Text that must be a number as a whole, by JSON's grammar: many of XGBoost's
 * parameters are strings.  False when it is not, or does not fit.
 */
extern bool decimal_parse_integer(const char *text, size_t length, int64_t *value);
extern bool decimal_parse_real(CoreHost *host, const char *text, size_t length, float *value);

#endif
