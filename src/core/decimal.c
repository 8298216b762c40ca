/*
 * decimal.c
 *		Decimals of text, straight to float32.
 *
 * XGBoost writes the shortest decimal that identifies a float32, so the one
 * right answer is the float32 nearest to the decimal.  Nearly always the
 * mantissa is an exact double and so is the power of ten, and then their product
 * or quotient is the double nearest to the decimal.  Rounding that again, to
 * float32, gives the right answer too unless the double lies exactly half-way
 * between two float32 values (then the first rounding may have hidden on which
 * side the decimal was).  Half-way cases, subnormal results and long numbers go
 * to strtof(), which rounds once.  strtof() heeds LC_NUMERIC; the programs that
 * link this run with "C", and we notice if they do not.
 */
#include "decimal.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

/* After "e": adds what is written; NULL when it has no digit. */
static inline const char *
scan_exponent(const char *at, const char *end, int64_t *exponent)
{
	bool		negative = false;
	int			written = 0;
	const char *first;

	if (at < end && (*at == '+' || *at == '-'))
		negative = *at++ == '-';
	for (first = at; at < end && *at >= '0' && *at <= '9'; at++)
	{
		if (written < 100000)
			written = written * 10 + (*at - '0');
	}
	*exponent += negative ? -written : written;
	return at == first ? NULL : at;
}

/*
 * Scans a number by JSON's grammar.  Stops at the first character that cannot
 * belong to it; what may follow is the caller's business.
 */
Decimal
decimal_scan(const char *text, size_t length)
{
	Decimal		decimal = {.is_integer = true,.is_exact = true};
	const char *at = text;
	const char *end = text + length;
	int			digits = 0;		/* significant ones, in the mantissa */
	int64_t		exponent = 0;

	if (at < end && *at == '-')
	{
		decimal.negative = true;
		at++;
	}
	if (at == end || *at < '0' || *at > '9')
		return decimal;
	if (*at == '0')
		at++;
	else
	{
		for (; at < end && *at >= '0' && *at <= '9'; at++)
		{
			if (digits < 19)
			{
				decimal.mantissa = decimal.mantissa * 10 + (uint64_t) (*at - '0');
				digits++;
			}
			else
			{
				decimal.is_exact = false;
				exponent++;
			}
		}
	}
	if (at < end && *at == '.')
	{
		const char *point = at++;

		decimal.is_integer = false;
		for (; at < end && *at >= '0' && *at <= '9'; at++)
		{
			if (digits < 19)
			{
				decimal.mantissa = decimal.mantissa * 10 + (uint64_t) (*at - '0');
				digits += decimal.mantissa != 0;
				exponent--;
			}
			else
				decimal.is_exact = false;
		}
		if (at == point + 1)
			return decimal;
	}
	if (at < end && (*at == 'e' || *at == 'E'))
	{
		decimal.is_integer = false;
		at = scan_exponent(at + 1, end, &exponent);
		if (at == NULL)
			return decimal;
	}
	decimal.exponent = (int) exponent;
	decimal.length = (size_t) (at - text);
	return decimal;
}

/* Whether it is a whole number without point or exponent that fits. */
bool
decimal_integer(const Decimal *decimal, int64_t *value)
{
	if (!decimal->is_integer || !decimal->is_exact ||
		decimal->mantissa > (uint64_t) INT64_MAX + decimal->negative)
		return false;
	*value = decimal->negative ? (int64_t) (0 - decimal->mantissa) : (int64_t) decimal->mantissa;
	return true;
}

/* The nearest float32 of what decimal_scan() found in text. */
float
decimal_real(CoreHost *host, const Decimal *decimal, const char *text)
{
	static const double powers[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
	};
	char		copy[DECIMAL_LENGTH_MAX + 1];
	char	   *end;
	float		value;

#if FLT_EVAL_METHOD == 0
	if (decimal->is_exact && decimal->mantissa <= UINT64_C(1) << 53 &&
		decimal->exponent >= -22 && decimal->exponent <= 22)
	{
		double		wide = (double) decimal->mantissa;
		uint64_t	bits;

		if (decimal->exponent < 0)
			wide /= powers[-decimal->exponent];
		else
			wide *= powers[decimal->exponent];
		memcpy(&bits, &wide, sizeof(bits));
		if (wide == 0.0 ||
			(wide >= FLT_MIN && wide < FLT_MAX / 2 &&
			 (bits & UINT64_C(0x1fffffff)) != UINT64_C(0x10000000)))
			return decimal->negative ? -(float) wide : (float) wide;
	}
#endif
	memcpy(copy, text, decimal->length);
	copy[decimal->length] = '\0';
	value = strtof(copy, &end);
	if (*end != '\0')
		core_fail(host, CORE_INVALID_MODEL, NULL,
				  "The number \"%s\" cannot be read under this program's numeric locale.", copy);
	return value;
}

bool
decimal_parse_real(CoreHost *host, const char *text, size_t length, float *value)
{
	Decimal		decimal;

	if (length > DECIMAL_LENGTH_MAX)
		return false;
	decimal = decimal_scan(text, length);
	if (decimal.length != length || length == 0)
		return false;
	*value = decimal_real(host, &decimal, text);
	return true;
}

bool
decimal_parse_integer(const char *text, size_t length, int64_t *value)
{
	Decimal		decimal;

	if (length > DECIMAL_LENGTH_MAX)
		return false;
	decimal = decimal_scan(text, length);
	return length > 0 && decimal.length == length && decimal_integer(&decimal, value);
}
