/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/jsontext.h"

/* A number taken apart: value = mantissa * 10^exponent, as far as 19 digits go. */
struct decimal {
	uint64_t mantissa;
	int64_t exponent;
	int is_negative;
	int has_point; /* or an exponent */
	int is_cut;    /* digits beyond the 19th that were not 0 */
};

enum {
	DIGITS_MAX = 19,        /* of a uint64_t, always */
	EXPONENT_MAX = 1 << 20, /* far beyond any double; keeps the sum in range */
};

static int64_t exponent_of(const char *at, const char *end)
{
	int is_negative = at < end && *at == '-';
	int64_t value = 0;

	if (at < end && (*at == '-' || *at == '+'))
		at++;
	for (; at < end; at++)
		if (value < EXPONENT_MAX)
			value = value * 10 + (*at - '0');
	return is_negative ? -value : value;
}

static struct decimal take_apart(const struct jsontext_value *number)
{
	const char *at = number->raw.at, *end = at + number->raw.n;
	struct decimal d = { .is_negative = *at == '-' };
	int n_digits = 0, after_point = 0;

	for (at += d.is_negative; at < end; at++) {
		if (*at == '.') {
			d.has_point = after_point = 1;
			continue;
		}
		if (*at == 'e' || *at == 'E') {
			d.has_point = 1;
			d.exponent += exponent_of(at + 1, end);
			break;
		}
		if (n_digits == DIGITS_MAX) {
			d.is_cut |= *at != '0';
			d.exponent += !after_point;
			continue;
		}
		d.mantissa = d.mantissa * 10 + (uint64_t)(*at - '0');
		n_digits += d.mantissa != 0;
		d.exponent -= after_point;
	}
	return d;
}

static long double power_of_ten(int64_t exponent)
{
	long double power = 1, base = 10;

	for (uint64_t n = (uint64_t)exponent; n; n >>= 1) {
		if (n & 1)
			power *= base;
		base *= base;
	}
	return power;
}

int jsontext_f64(const struct jsontext_value *number, double *ret)
{
	struct decimal d;
	long double value;

	if (number->type != JSONTEXT_NUMBER)
		return 0;
	d = take_apart(number);
	value = (long double)d.mantissa;
	if (d.mantissa && d.exponent > 0)
		value *= power_of_ten(d.exponent);
	/* In two steps, so that the power itself doesn't overflow where the quotient is still a number. */
	for (; d.mantissa && d.exponent < -4000; d.exponent += 4000)
		value /= power_of_ten(4000);
	if (d.mantissa && d.exponent < 0)
		value /= power_of_ten(-d.exponent);
	*ret = (double)(d.is_negative ? -value : value);
	return 1;
}

/* Up to 18 digits and nothing else: nearly all integers there are. 1: it was one. */
static inline int plain_integer(const struct jsontext_value *number, int64_t *ret)
{
	const char *at = number->raw.at, *end = at + number->raw.n;
	int is_negative = *at == '-';
	int64_t value = 0;

	if (number->raw.n > 18)
		return 0;
	for (at += is_negative; at < end; at++) {
		unsigned digit = (unsigned char)*at - (unsigned)'0';

		if (digit > 9)
			return 0;
		value = value * 10 + digit;
	}
	*ret = is_negative ? -value : value;
	return 1;
}

int jsontext_i64(const struct jsontext_value *number, int64_t *ret)
{
	struct decimal d;
	uint64_t limit, value;

	if (number->type != JSONTEXT_NUMBER)
		return 0;
	if (plain_integer(number, ret))
		return 1;
	d = take_apart(number);
	if (d.is_cut)
		return 0;
	value = d.mantissa;
	for (; d.exponent < 0 && value % 10 == 0 && value; d.exponent++)
		value /= 10;
	for (; d.exponent > 0 && value; d.exponent--)
		if (__builtin_mul_overflow(value, 10, &value))
			return 0;
	limit = (uint64_t)INT64_MAX + (uint64_t)d.is_negative;
	if ((value && d.exponent < 0) || value > limit)
		return 0;
	*ret = d.is_negative ? (int64_t)-value : (int64_t)value;
	return 1;
}
