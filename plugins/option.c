/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/option.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#include "plugins/nearest.h"

enum {
	DECIMALS_MAX = 18, /* 10^18 fits an int64 */
};

struct unit {
	const char *name;
	int64_t factor;
};

/* Largest last: option_write() takes the last one that divides. */
static const struct unit durations[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000 * 1000 },
	{ "s", 1000 * 1000 * 1000 },
	{ "m", 60LL * 1000 * 1000 * 1000 },
	{ "h", 3600LL * 1000 * 1000 * 1000 },
	{ "d", 86400LL * 1000 * 1000 * 1000 },
	{ NULL, 0 },
};

static const struct unit sizes[] = {
	{ "B", 1 },           { "kB", 1000 },       { "KiB", 1 << 10 },      { "MB", 1000 * 1000 }, { "MiB", 1 << 20 },
	{ "GB", 1000000000 }, { "GiB", 1LL << 30 }, { "TB", 1000000000000 }, { "TiB", 1LL << 40 },  { NULL, 0 },
};

static const struct unit plain[] = { { "", 1 }, { NULL, 0 } };

struct type {
	const char *name;
	const char *noun;
	const struct unit *units; /* of those that are whole numbers */
};

static const struct type types[] = {
	[WEIR_OPTION_BOOL] = { "bool", "true or false", NULL },
	[WEIR_OPTION_INT] = { "int", "a whole number", plain },
	[WEIR_OPTION_REAL] = { "real", "a finite number", NULL },
	[WEIR_OPTION_DURATION] = { "duration", "a duration", durations },
	[WEIR_OPTION_SIZE] = { "size", "a size", sizes },
	[WEIR_OPTION_TEXT] = { "text", "any text", NULL },
	[WEIR_OPTION_CHOICE] = { "choice", "one of ", NULL },
};

static const struct type *type_of(uint32_t type)
{
	return type > 0 && type < sizeof(types) / sizeof(types[0]) ? &types[type] : NULL;
}

const char *option_type(uint32_t type)
{
	const struct type *t = type_of(type);

	return t ? t->name : NULL;
}

const char *option_write(const struct weir_option *o, int64_t value, char *at, uint64_t n)
{
	const struct type *t = type_of(o->type);
	const struct unit *best = t && t->units ? t->units : plain;

	for (const struct unit *u = best; value && u->name; u++)
		if (value % u->factor == 0)
			best = u;
	(void)snprintf(at, n, "%lld%s", (long long)(value / best->factor), best->name);
	return at;
}

static void list_choices(const char *choices, char *at, uint64_t n)
{
	uint64_t used = strlen(at);

	for (const char *p = choices; *p && used + 3 < n; p++) {
		if (*p == '|') {
			at[used++] = ',';
			at[used++] = ' ';
		} else {
			at[used++] = *p;
		}
	}
	at[used] = '\0';
}

const char *option_fits(const struct weir_option *o, char *at, uint64_t n)
{
	const struct type *t = type_of(o->type);
	char min[32], max[32];

	if (!t)
		(void)snprintf(at, n, "a type that this weir does not know");
	else if (t->units && (o->min || o->max))
		(void)snprintf(at, n, "%s from %s to %s", t->noun, option_write(o, o->min, min, sizeof(min)),
		               option_write(o, o->max, max, sizeof(max)));
	else if (t->units == durations)
		(void)snprintf(at, n, "%s like 250ms", t->noun);
	else if (t->units == sizes)
		(void)snprintf(at, n, "%s like 4MiB", t->noun);
	else
		(void)snprintf(at, n, "%s", t->noun);
	if (o->type == WEIR_OPTION_CHOICE)
		list_choices(o->choices ? o->choices : "", at, n);
	return at;
}

/* The digits of a decimal number as -(value / 10^n_decimals); negative, for there is one more of those. Returns what
 * comes after them, or NULL. */
static const char *read_decimal(const char *text, int64_t *ret_value, int *ret_decimals)
{
	int64_t value = 0;
	int n_digits = 0, n_decimals = -1;

	for (; (*text >= '0' && *text <= '9') || (*text == '.' && n_decimals < 0); text++) {
		if (*text == '.') {
			n_decimals = 0;
			continue;
		}
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, *text - '0', &value))
			return NULL;
		n_digits++;
		n_decimals += n_decimals >= 0;
	}
	*ret_value = value;
	*ret_decimals = n_decimals < 0 ? 0 : n_decimals;
	return n_digits && n_decimals != 0 && *ret_decimals <= DECIMALS_MAX ? text : NULL;
}

/* value / 10^n_decimals * factor, where that is a whole number. */
static int scale(int64_t value, int n_decimals, int64_t factor, int64_t *ret)
{
	while (n_decimals > 0 && value % 10 == 0) {
		value /= 10;
		n_decimals--;
	}
	for (; n_decimals > 0; n_decimals--) {
		if (factor % 10 == 0)
			factor /= 10;
		else if (factor % 2 == 0 && value % 5 == 0) {
			factor /= 2;
			value /= 5;
		} else
			return -EINVAL;
	}
	return __builtin_mul_overflow(value, factor, ret) ? -EINVAL : 0;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (const struct unit *u = units; u->name; u++)
		if (strcmp(u->name, name) == 0)
			return u;
	return NULL;
}

static int parse_whole(const struct weir_option *o, const char *text, int64_t *ret)
{
	const struct type *t = type_of(o->type);
	const struct unit *unit;
	int is_negative = *text == '-' && o->type == WEIR_OPTION_INT;
	int64_t value;
	int n_decimals, r;
	const char *rest = read_decimal(text + is_negative, &value, &n_decimals);

	if (!rest)
		return -EINVAL;
	unit = find_unit(t->units, rest);
	if (!unit && *rest == '\0' && (o->type == WEIR_OPTION_SIZE || value == 0))
		unit = &t->units[0];
	if (!unit || (n_decimals && o->type == WEIR_OPTION_INT))
		return -EINVAL;
	r = scale(value, n_decimals, unit->factor, ret);
	if (r == 0 && !is_negative && __builtin_sub_overflow(0, *ret, ret))
		r = -EINVAL;
	return r;
}

static int parse_real(const char *text, double *ret)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	char *end;

	if (!c)
		return -ENOMEM;
	*ret = strtod_l(text, &end, c);
	freelocale(c);
	return end == text || *end || !isfinite(*ret) || strpbrk(text, "xX \t\n") ? -EINVAL : 0;
}

static int parse_bool(const char *text, int64_t *ret)
{
	*ret = strcmp(text, "true") == 0;
	return *ret || strcmp(text, "false") == 0 ? 0 : -EINVAL;
}

static int is_choice(const char *choices, const char *text)
{
	uint64_t n = strlen(text);

	for (const char *p = strchr(text, '|') ? NULL : choices; p; p = strchr(p, '|')) {
		p += *p == '|';
		if (n && strncmp(p, text, n) == 0 && (p[n] == '|' || p[n] == '\0'))
			return 1;
	}
	return 0;
}

static int parse(const struct weir_option *o, const char *text, union weir_value *ret)
{
	switch (o->type) {
	case WEIR_OPTION_BOOL:
		return parse_bool(text, &ret->i64);
	case WEIR_OPTION_INT:
	case WEIR_OPTION_DURATION:
	case WEIR_OPTION_SIZE:
		return parse_whole(o, text, &ret->i64);
	case WEIR_OPTION_REAL:
		return parse_real(text, &ret->f64);
	case WEIR_OPTION_TEXT:
		return 0;
	case WEIR_OPTION_CHOICE:
		return is_choice(o->choices, text) ? 0 : -EINVAL;
	default:
		return -ENOTSUP;
	}
}

int option_parse(const struct weir_option *o, const char *text, union weir_value *ret, struct weir_error *reterr)
{
	char fits[256];
	int is_ranged = type_of(o->type) && type_of(o->type)->units && (o->min || o->max);
	int r;

	*ret = (union weir_value){ .i64 = 0 };
	r = parse(o, text, ret);
	if (r == 0 && is_ranged && (ret->i64 < o->min || ret->i64 > o->max))
		r = -EINVAL;
	if (r == -ENOTSUP)
		return weir_fail(reterr, r, "option: %s: its type %u is unknown to this weir", o->name, o->type);
	if (r < 0)
		return weir_fail(reterr, r, "option: %s: '%.100s' is not %s", o->name, text,
		                 option_fits(o, fits, sizeof(fits)));
	return 0;
}

int option_row(const struct weir_collector *c, const char *name, struct weir_error *reterr)
{
	struct nearest near = nearest_to(name);

	for (uint32_t i = 0; i < c->n_options; i++) {
		if (strcmp(c->options[i].name, name) == 0)
			return (int)i;
		nearest_see(&near, c->options[i].name);
	}
	if (c->n_options == 0)
		return weir_fail(reterr, -ENOENT, "option: %.100s: %s has no options", name, c->name);
	if (near.best)
		return weir_fail(reterr, -ENOENT, "option: %.100s: %s has no such option; nearest is %s", name, c->name,
		                 near.best);
	return weir_fail(reterr, -ENOENT, "option: %.100s: %s has no such option; see: weir plugins show %s", name,
	                 c->name, c->name);
}
