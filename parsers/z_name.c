/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/z_name.h"

#include <string.h>

/* ---- The encoding ---- */

static const char after_z[26] = {
	['a' - 'a'] = '&', ['b' - 'a'] = '|', ['c' - 'a'] = '^',  ['d' - 'a'] = '$',  ['e' - 'a'] = '=',
	['g' - 'a'] = '>', ['h' - 'a'] = '#', ['i' - 'a'] = '.',  ['l' - 'a'] = '<',  ['m' - 'a'] = '-',
	['n' - 'a'] = '!', ['p' - 'a'] = '+', ['q' - 'a'] = '\'', ['r' - 'a'] = '\\', ['s' - 'a'] = '/',
	['t' - 'a'] = '*', ['u' - 'a'] = '_', ['v' - 'a'] = '%',  ['z' - 'a'] = 'z',
};
static const char after_Z[26] = {
	['L' - 'A'] = '(', ['R' - 'A'] = ')', ['M' - 'A'] = '[',
	['N' - 'A'] = ']', ['C' - 'A'] = ':', ['Z' - 'A'] = 'Z',
};

struct sink {
	char *at;
	size_t n, n_room;
	int is_full;
};

static void put(struct sink *s, char c)
{
	if (s->n == s->n_room)
		s->is_full = 1;
	else
		s->at[s->n++] = c;
}

static void put_utf8(struct sink *s, uint32_t c)
{
	if (c < 0x80) {
		put(s, (char)c);
		return;
	}
	if (c < 0x800) {
		put(s, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		put(s, (char)(0xe0 | c >> 12));
		put(s, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		put(s, (char)(0xf0 | c >> 18));
		put(s, (char)(0x80 | (c >> 12 & 0x3f)));
		put(s, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	put(s, (char)(0x80 | (c & 0x3f)));
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* `z3b1U`: a character by its number, which starts with a digit. Returns the bytes used, 0: not one. */
static size_t take_character(const char *at, size_t n, struct sink *s)
{
	uint32_t c = 0;
	size_t i = 0;

	for (; i < n && i < 7 && (is_digit(at[i]) || (at[i] >= 'a' && at[i] <= 'f')); i++)
		c = c * 16 + (uint32_t)(is_digit(at[i]) ? at[i] - '0' : at[i] - 'a' + 10);
	if (i == 0 || i == n || at[i] != 'U' || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	put_utf8(s, c);
	return i + 1;
}

/* `Z2T`: `(,)`; `Z3H`: `(#,,#)`. Of T the number counts the commas' gaps, and none is `()`. */
static size_t take_tuple(const char *at, size_t n, struct sink *s)
{
	unsigned arity = 0;
	size_t i = 0;

	for (; i < n && i < 3 && is_digit(at[i]); i++)
		arity = arity * 10 + (unsigned)(at[i] - '0');
	if (i == 0 || i == n || (at[i] != 'T' && at[i] != 'H') || arity > Z_TUPLE_MAX)
		return 0;
	put(s, '(');
	if (at[i] == 'H')
		put(s, '#');
	for (unsigned k = 1; k < arity; k++)
		put(s, ',');
	if (at[i] == 'H' && arity == 1)
		put(s, ' ');
	if (at[i] == 'H')
		put(s, '#');
	put(s, ')');
	return i + 1;
}

static size_t take_escape(const char *at, size_t n, struct sink *s)
{
	int is_small = at[0] == 'z';
	char c;

	if (n < 2)
		return 0;
	if (is_digit(at[1])) {
		size_t n_more = is_small ? take_character(at + 1, n - 1, s) : take_tuple(at + 1, n - 1, s);

		return n_more ? n_more + 1 : 0;
	}
	if (is_small)
		c = at[1] >= 'a' && at[1] <= 'z' ? after_z[at[1] - 'a'] : '\0';
	else
		c = at[1] >= 'A' && at[1] <= 'Z' ? after_Z[at[1] - 'A'] : '\0';
	if (!c)
		return 0;
	put(s, c);
	return 2;
}

int z_decode(struct parse_text text, char *room, size_t n_room)
{
	struct sink s = { room, 0, n_room < Z_ROOM ? n_room : Z_ROOM, 0 };
	size_t n_used;

	for (size_t i = 0; i < text.n; i += n_used) {
		n_used = 1;
		if (text.at[i] != 'z' && text.at[i] != 'Z')
			put(&s, text.at[i]);
		else
			n_used = take_escape(text.at + i, text.n - i, &s);
		if (n_used == 0 || s.is_full)
			return -1;
	}
	return (int)s.n;
}

/* ---- Symbols ---- */

enum {
	FIELDS_MAX = 8,
};

static const struct {
	const char *text;
	enum z_kind kind;
} endings[] = {
	{ "_con_info", Z_CONSTRUCTOR },
	{ "_con_entry", Z_CONSTRUCTOR },
	{ "_static_info", Z_CODE },
	{ "_info", Z_CODE },
	{ "_entry", Z_CODE },
	{ "_fast", Z_CODE },
	{ "_slow", Z_CODE },
	{ "_ret", Z_CODE },
	{ "_closure_tbl", Z_DATA },
	{ "_closure", Z_DATA },
	{ "_bytes", Z_DATA },
	{ "_str", Z_DATA },
	{ "_srt", Z_DATA },
};

static enum z_kind take_ending(struct parse_text *symbol)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t n = strlen(endings[i].text);

		if (symbol->n > n && memcmp(symbol->at + symbol->n - n, endings[i].text, n) == 0) {
			symbol->n -= n;
			return endings[i].kind;
		}
	}
	return Z_OTHER;
}

static size_t part(struct parse_text symbol, struct parse_text fields[FIELDS_MAX])
{
	size_t n = 0, start = 0;

	for (size_t i = 0; i <= symbol.n; i++) {
		if (i < symbol.n && (symbol.at[i] != '_' || n == FIELDS_MAX - 1))
			continue;
		fields[n++] = (struct parse_text){ symbol.at + start, i - start };
		start = i + 1;
	}
	return n;
}

static int is_module(struct parse_text field)
{
	return field.n > 0 && field.at[0] >= 'A' && field.at[0] <= 'Z';
}

/* A package that starts as a module does has a version behind a minus, which no module's name has. */
static int has_minus(struct parse_text field)
{
	return memmem(field.at, field.n, "zm", 2) != NULL;
}

static int decode(struct parse_text text, char *room, size_t *n_used, struct parse_text *ret)
{
	int n = z_decode(text, room + *n_used, Z_ROOM - *n_used);

	if (n < 0)
		return 0;
	*ret = (struct parse_text){ room + *n_used, (size_t)n };
	*n_used += (size_t)n;
	return 1;
}

/* [package] module name [unique]: 1 when the fields are that. */
static int read_fields(const struct parse_text *fields, size_t n, char *room, struct z_symbol *ret)
{
	size_t module = n > 2 && (!is_module(fields[0]) || has_minus(fields[0])), n_used = 0;
	struct parse_text name;

	if (n < module + 2 || !is_module(fields[module]))
		return 0;
	name = fields[module + 1];
	if (name.n == 0)
		return 0;
	if (module && !decode(fields[0], room, &n_used, &ret->package))
		return 0;
	return decode(fields[module], room, &n_used, &ret->module) && decode(name, room, &n_used, &ret->name);
}

void z_symbol(struct parse_text symbol, char *room, struct z_symbol *ret)
{
	struct parse_text rest = symbol, fields[FIELDS_MAX];
	enum z_kind kind = symbol.n <= Z_NAME_MAX ? take_ending(&rest) : Z_OTHER;

	*ret = (struct z_symbol){ .name = symbol, .kind = Z_OTHER };
	if (kind == Z_OTHER)
		return;
	if (rest.n > 4 && memcmp(rest.at, "stg_", 4) == 0) {
		ret->name = rest;
		ret->kind = Z_RTS;
		return;
	}
	if (read_fields(fields, part(rest, fields), room, ret))
		ret->kind = kind;
	else
		*ret = (struct z_symbol){ .name = symbol, .kind = Z_OTHER };
}
