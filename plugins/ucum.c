/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/ucum.h"

#include <stddef.h>
#include <string.h>

struct atom {
	const char *code;
	int is_metric; /* may have a prefix */
};

/* UCUM 2.1, tables 1 to 5 and "Units used in information technology". */
static const struct atom atoms[] = {
	/* base units */
	{ "m", 1 },
	{ "s", 1 },
	{ "g", 1 },
	{ "rad", 1 },
	{ "K", 1 },
	{ "C", 1 },
	{ "cd", 1 },
	/* dimensionless */
	{ "10*", 0 },
	{ "10^", 0 },
	{ "[pi]", 0 },
	{ "%", 0 },
	{ "[ppth]", 0 },
	{ "[ppm]", 0 },
	{ "[ppb]", 0 },
	{ "[pptr]", 0 },
	/* SI */
	{ "mol", 1 },
	{ "sr", 1 },
	{ "Hz", 1 },
	{ "N", 1 },
	{ "Pa", 1 },
	{ "J", 1 },
	{ "W", 1 },
	{ "A", 1 },
	{ "V", 1 },
	{ "F", 1 },
	{ "Ohm", 1 },
	{ "S", 1 },
	{ "Wb", 1 },
	{ "Cel", 1 },
	{ "T", 1 },
	{ "H", 1 },
	{ "lm", 1 },
	{ "lx", 1 },
	{ "Bq", 1 },
	{ "Gy", 1 },
	{ "Sv", 1 },
	{ "kat", 1 },
	/* used with the SI */
	{ "gon", 0 },
	{ "deg", 0 },
	{ "'", 0 },
	{ "''", 0 },
	{ "l", 1 },
	{ "L", 1 },
	{ "ar", 1 },
	{ "min", 0 },
	{ "h", 0 },
	{ "d", 0 },
	{ "a", 0 },
	{ "wk", 0 },
	{ "mo", 0 },
	{ "t", 1 },
	{ "bar", 1 },
	{ "u", 1 },
	{ "eV", 1 },
	{ "pc", 1 },
	{ "cal", 1 },
	/* levels */
	{ "Np", 1 },
	{ "B", 1 },
	{ "B[W]", 1 },
	{ "B[V]", 1 },
	/* information */
	{ "bit_s", 0 },
	{ "bit", 1 },
	{ "By", 1 },
	{ "Bd", 1 },
};

static const char *const prefixes[] = { "Y", "Z", "E", "P", "T", "G", "M", "k", "h",  "da", "d",  "c",
	                                "m", "u", "n", "p", "f", "a", "z", "y", "Ki", "Mi", "Gi", "Ti" };

struct unit {
	const char *start, *at;
	const char *fault;
	unsigned depth;
};

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void refuse(struct unit *u, const char *fault)
{
	if (!u->fault)
		u->fault = fault;
}

static int is_atom(const char *code, size_t n, int has_prefix)
{
	for (size_t i = 0; i < sizeof(atoms) / sizeof(atoms[0]); i++)
		if (strlen(atoms[i].code) == n && memcmp(atoms[i].code, code, n) == 0 &&
		    (!has_prefix || atoms[i].is_metric))
			return 1;
	return 0;
}

static int is_prefixed_atom(const char *code, size_t n)
{
	if (is_atom(code, n, 0))
		return 1;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n_prefix = strlen(prefixes[i]);

		if (n > n_prefix && memcmp(prefixes[i], code, n_prefix) == 0 &&
		    is_atom(code + n_prefix, n - n_prefix, 1))
			return 1;
	}
	return 0;
}

/* Bytes of the atom at the start, its exponent left out: up to an operator, with brackets taken whole. */
static size_t atom_bytes(const char *at)
{
	size_t n = 0;

	if (strncmp(at, "10*", 3) == 0 || strncmp(at, "10^", 3) == 0)
		return 3;
	while (at[n] && !strchr("./(){}+-", at[n]) && !is_digit(at[n])) {
		if (at[n] == '[')
			n += strcspn(at + n, "]") - (strchr(at + n, ']') ? 0 : 1);
		n++;
	}
	return n;
}

static void read_exponent(struct unit *u)
{
	int has_sign = *u->at == '+' || *u->at == '-';

	u->at += has_sign;
	if (has_sign && !is_digit(*u->at))
		refuse(u, "an exponent has no digits");
	while (is_digit(*u->at))
		u->at++;
}

static void read_annotation(struct unit *u)
{
	if (*u->at != '{')
		return;
	u->at++;
	while (*u->at > ' ' && *u->at < 0x7F && *u->at != '{' && *u->at != '}')
		u->at++;
	if (*u->at != '}')
		refuse(u, "an annotation is not closed, or has a space in it");
	else
		u->at++;
}

static void read_atom(struct unit *u)
{
	size_t n = atom_bytes(u->at);

	if (n == 0)
		refuse(u, "a unit is missing");
	else if (!is_prefixed_atom(u->at, n))
		refuse(u, "no such unit; a word of your own goes into braces: {slot}");
	if (u->fault)
		return;
	u->at += n;
	read_exponent(u);
}

static void read_term(struct unit *u);

static void read_parentheses(struct unit *u)
{
	u->at++;
	if (++u->depth > UCUM_DEPTH_MAX)
		refuse(u, "too many parentheses");
	else
		read_term(u);
	u->depth--;
	if (u->fault)
		return;
	if (*u->at == ')')
		u->at++;
	else
		refuse(u, "a parenthesis is not closed");
}

static void read_component(struct unit *u)
{
	const char *start = u->at;

	if (*u->at == '(') {
		read_parentheses(u);
	} else if (is_digit(*u->at) && strncmp(u->at, "10*", 3) != 0 && strncmp(u->at, "10^", 3) != 0) {
		while (is_digit(*u->at))
			u->at++;
	} else if (*u->at != '{') {
		read_atom(u);
	}
	if (u->fault)
		return;
	read_annotation(u);
	if (u->at == start)
		refuse(u, "a unit is missing");
}

static void read_term(struct unit *u)
{
	read_component(u);
	while (!u->fault && (*u->at == '.' || *u->at == '/')) {
		u->at++;
		read_component(u);
	}
}

const char *ucum_fault(const char *unit, unsigned *ret_at)
{
	struct unit u = { .start = unit, .at = unit };

	if (*u.at == '/')
		u.at++;
	read_term(&u);
	if (!u.fault && *u.at)
		refuse(&u, "something is left over");
	if (ret_at)
		*ret_at = (unsigned)(u.at - u.start);
	return u.fault;
}
