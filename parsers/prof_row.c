/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof_row.h"

#include "parsers/prof_scan.h"

#include <string.h>

enum {
	ID_WIDTH_7 = 6,        /* of `no.` to 7.10 */
	ENTRIES_WIDTH = 12,    /* a space and 11 digits, from `no.` to the end of `entries` */
	DIGITS_MAX = 20,       /* of a 64-bit number */
	SHARE_DIGITS_MAX = 6,  /* before the point */
	SHARES_WIDTH = 29,     /* of the four shares of a row of the tree, with the spaces before and between */
	SHARE_WIDTH_TOP = 6,   /* of the first share of the top table */
	SHARE_WIDTH_WORD = 5,  /* of its head, `%time` */
	HEAD_LINE_MAX = 32768, /* bytes: grids are kept in 32 bits with room to spare */
};

/* ---- Head lines ---- */

struct words {
	const char *at;
	size_t n;
	size_t next;
};

/* Where the next word starts, when it is `word`; else SIZE_MAX, and nothing is passed. */
static size_t take_word(struct words *w, const char *word)
{
	size_t n_word = strlen(word), start = w->next;

	start += scan_indent(w->at + start, w->n - start);
	if (w->n - start < n_word || memcmp(w->at + start, word, n_word) != 0)
		return SIZE_MAX;
	if (start + n_word < w->n && w->at[start + n_word] != ' ')
		return SIZE_MAX;
	w->next = start + n_word;
	return start;
}

static int take_shares(struct words *w, size_t *ret_at)
{
	*ret_at = take_word(w, "%time");
	return *ret_at != SIZE_MAX && take_word(w, "%alloc") != SIZE_MAX;
}

/* What the numeric heads of the tree say. */
static int tree_grid(struct words *w, size_t id_at, struct prof_grid *grid)
{
	size_t id_end = w->next, entries_end, share_at;

	if (take_word(w, "entries") == SIZE_MAX)
		return 0;
	entries_end = w->next;
	if (!take_shares(w, &share_at) || !take_shares(w, &share_at))
		return 0;
	grid->is_tree = 1;
	if (grid->source_at) {
		if (entries_end < id_at + ENTRIES_WIDTH || id_at <= grid->source_at)
			return 0;
		grid->text_end = (uint32_t)id_at - 1;
		grid->id_end = (uint32_t)(entries_end - ENTRIES_WIDTH);
		return 1;
	}
	if (id_end <= grid->module_at + ID_WIDTH_7)
		return 0;
	grid->text_end = (uint32_t)(id_end - ID_WIDTH_7);
	return 1;
}

int prof_grid_of(const char *at, size_t n, struct prof_grid *ret)
{
	struct words w = { .at = at, .n = n };
	size_t module_at, source_at, id_at, share_at;

	*ret = (struct prof_grid){ 0 };
	if (n > HEAD_LINE_MAX || take_word(&w, "COST") != 0 || take_word(&w, "CENTRE") != 5)
		return 0;
	module_at = take_word(&w, "MODULE");
	if (module_at == SIZE_MAX)
		return 0;
	ret->module_at = (uint32_t)module_at;
	source_at = take_word(&w, "SRC");
	ret->source_at = source_at == SIZE_MAX ? 0 : (uint32_t)source_at;
	id_at = take_word(&w, "no.");
	if (id_at != SIZE_MAX) {
		if (!tree_grid(&w, id_at, ret))
			return 0;
	} else {
		if (!take_shares(&w, &share_at))
			return 0;
		ret->text_end = (uint32_t)(share_at + SHARE_WIDTH_WORD - SHARE_WIDTH_TOP) - (ret->source_at > 0);
	}
	if (take_word(&w, "ticks") != SIZE_MAX)
		ret->has_costs = take_word(&w, "bytes") != SIZE_MAX;
	return scan_trim(at, n) == w.next;
}

/* ---- Rows: numbers from the right ---- */

/* Reads backwards: `at` is the end of what is left. */
struct back {
	const char *start;
	const char *at;
};

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int back_spaces(struct back *b)
{
	const char *end = b->at;

	b->at = b->start + scan_trim(b->start, (size_t)(end - b->start));
	return b->at < end;
}

/* Eight bytes, the first in the lowest bits. */
static uint64_t load_8(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	return word;
}

/* The value of the digits that end at `end`, and where they start, when they are 1 to 7; else 0. All bytes that are no
 * digits, up to the last of them, are made zeros; then neighbours are added up, twice as many each time. */
static int few_digits(const char *start, const char *end, const char **ret_start, uint64_t *ret)
{
	uint64_t word, high = 0x8080808080808080u, zeros = 0x3030303030303030u, others;
	unsigned n_others;

	if (end - start < 8)
		return 0;
	word = load_8(end - 8) ^ zeros;
	others = (((word & ~high) + 0x7676767676767676u) | word) & high;
	n_others = others ? 8 - (unsigned)__builtin_clzll(others) / 8 : 0;
	if (n_others == 0 || n_others == 8)
		return 0;
	word = word >> 8 * n_others << 8 * n_others;
	word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ffu;
	word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffffu;
	*ret = (word * 10000 + (word >> 32)) & 0xffffffffu;
	*ret_start = end - 8 + n_others;
	return 1;
}

/* Where the digits start that end at `end`. */
static const char *digits_before(const char *start, const char *end)
{
	while (end > start && is_digit(end[-1]))
		end--;
	return end;
}

/* What stands between the two are digits: 1, or 0 when there are none or too many. */
static int number_of(const char *at, const char *end, uint64_t *ret)
{
	uint64_t value = 0;

	if (at == end || end - at > DIGITS_MAX)
		return 0;
	for (; at < end - 1; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	return !__builtin_mul_overflow(value, 10, ret) && !__builtin_add_overflow(*ret, (uint64_t)(*at - '0'), ret);
}

static int back_number(struct back *b, uint64_t *ret)
{
	const char *end = b->at;

	if (few_digits(b->start, end, &b->at, ret))
		return 1;
	b->at = digits_before(b->start, end);
	return number_of(b->at, end, ret);
}

/* `%5.1f` as tenths. The point is a comma where the program has set such a locale. */
static int back_share(struct back *b, uint32_t *ret)
{
	const char *p = b->at;
	uint32_t tenths, unit = 10;

	if (p - b->start < 4 || !is_digit(p[-1]) || (p[-2] != '.' && p[-2] != ',') || !is_digit(p[-3]))
		return 0;
	tenths = (uint32_t)(p[-1] - '0');
	for (p -= 2; p > b->start && is_digit(p[-1]) && b->at - p < SHARE_DIGITS_MAX + 2; p--, unit *= 10)
		tenths += (uint32_t)(p[-1] - '0') * unit;
	b->at = p;
	*ret = tenths;
	return back_spaces(b);
}

static unsigned digit_or_space(char c)
{
	return c == ' ' ? 0 : (unsigned)(c - '0');
}

/* A share at its place, of five bytes. Sets *is_odd where it isn't one. */
static uint32_t share_at(const char *at, unsigned *is_odd)
{
	unsigned hundreds = digit_or_space(at[0]), tens = digit_or_space(at[1]), units = (unsigned)(at[2] - '0');
	unsigned tenths = (unsigned)(at[4] - '0');

	*is_odd |= (unsigned)(hundreds > 9) | (unsigned)(tens > 9) | (unsigned)(units > 9) | (unsigned)(tenths > 9) |
	           (unsigned)(at[3] != '.') | (unsigned)(at[0] != ' ' && at[1] == ' ');
	return hundreds * 1000 + tens * 100 + units * 10 + tenths;
}

/* The four shares where nearly every row has them, at fixed places from the right: two spaces before each, three before
 * the third.
 *
 *     "   30.8   29.4    30.8   29.4"
 */
static int fixed_shares(const char *at, struct prof_row *row)
{
	static const uint8_t spaces[] = { 0, 1, 7, 8, 14, 15, 16, 22, 23 };
	unsigned is_odd = 0;

	row->time = share_at(at + 2, &is_odd);
	row->alloc = share_at(at + 9, &is_odd);
	row->time_inherited = share_at(at + 17, &is_odd);
	row->alloc_inherited = share_at(at + 24, &is_odd);
	for (unsigned i = 0; i < sizeof(spaces); i++)
		is_odd |= (unsigned)(at[spaces[i]] ^ ' ');
	return !is_odd;
}

static int back_shares(struct back *b, struct prof_row *row)
{
	if (b->at - b->start > SHARES_WIDTH && fixed_shares(b->at - SHARES_WIDTH, row)) {
		b->at -= SHARES_WIDTH;
		(void)back_spaces(b);
		return 1;
	}
	return back_share(b, &row->alloc_inherited) && back_share(b, &row->time_inherited) &&
	       back_share(b, &row->alloc) && back_share(b, &row->time);
}

static int back_costs(struct back *b, struct prof_row *row)
{
	return back_number(b, &row->bytes) && back_spaces(b) && back_number(b, &row->ticks) && back_spaces(b);
}

/* To 8.8 `no.` and `entries` can touch: the digits from `id` to `end` are both, and the grid knows the border. */
static int split_entries(const struct prof_grid *grid, struct back *b, const char *id, const char *end,
                         struct prof_row *row)
{
	size_t border = scan_column(b->start, (size_t)(end - b->start), grid->id_end);

	if (border == SIZE_MAX || b->start + border <= id || b->start + border >= end)
		return 0;
	b->at = id;
	return id > b->start && id[-1] == ' ' && number_of(id, b->start + border, &row->id) &&
	       number_of(b->start + border, end, &row->entries);
}

/* To 7.10 MODULE and `no.` can touch: what ends at `end` is both, and the grid knows the border. */
static int split_module(const struct prof_grid *grid, struct back *b, const char *end, struct prof_row *row)
{
	size_t border = scan_column(b->start, (size_t)(end - b->start), grid->text_end);

	if (border == SIZE_MAX || digits_before(b->start, end) > b->start + border)
		return 0;
	b->at = b->start + border;
	return number_of(b->at, end, &row->id);
}

/* The number of the stack and its entries; leaves b at the end of the text columns. */
static int back_id(const struct prof_grid *grid, struct back *b, struct prof_row *row)
{
	const char *entries_end = b->at, *entries, *id_end, *id;
	int has_entries = few_digits(b->start, entries_end, &entries, &row->entries), has_id;

	if (!has_entries)
		entries = digits_before(b->start, entries_end);
	b->at = entries;
	if (entries == entries_end || !back_spaces(b))
		return 0;
	id_end = b->at;
	has_id = few_digits(b->start, id_end, &id, &row->id);
	if (!has_id)
		id = digits_before(b->start, id_end);
	if (id == id_end || id == b->start || id[-1] != ' ') {
		if (grid->id_end)
			return split_entries(grid, b, entries, entries_end, row);
		return split_module(grid, b, id_end, row) && number_of(entries, entries_end, &row->entries);
	}
	b->at = id;
	return (has_id || number_of(id, id_end, &row->id)) &&
	       (has_entries || number_of(entries, entries_end, &row->entries));
}

static int back_numbers(const struct prof_grid *grid, struct back *b, struct prof_row *row)
{
	if (grid->has_costs && !back_costs(b, row))
		return 0;
	if (!grid->is_tree)
		return back_share(b, &row->alloc) && back_share(b, &row->time);
	return back_shares(b, row) && back_id(grid, b, row);
}

/* ---- Rows: texts from the left ---- */

/* n: up to the first number. */
static enum prof_fit row_texts(const struct prof_grid *grid, const char *at, size_t n, struct prof_row *row)
{
	size_t module = scan_column(at, n, grid->module_at);
	size_t n_text = scan_trim(at, n);
	size_t n_module, source, indent;

	if (module >= n_text || at[module - 1] != ' ' || at[module] == ' ')
		return PROF_FITS_NOT;
	n_module = n_text - module;
	if (grid->source_at) {
		source = scan_column(at + module, n - module, grid->source_at - grid->module_at);
		if (source >= n - module || at[module + source - 1] != ' ')
			return PROF_FITS_NOT;
		n_module = scan_trim(at + module, source);
		row->source = (struct parse_text){ at + module + source,
			                           n_text > module + source ? n_text - module - source : 0 };
		if (row->source.n && row->source.at[0] == ' ')
			return PROF_FITS_NOT;
	} else {
		row->source = (struct parse_text){ at + n_text, 0 };
	}
	if (memchr(at + module, ' ', n_module))
		return PROF_FITS_NOT;
	row->module = (struct parse_text){ at + module, n_module };
	indent = grid->is_tree ? scan_indent(at, module) : 0;
	row->is_depth_guess = indent == module;
	row->depth = (uint32_t)indent;
	row->label = (struct parse_text){ at + indent, scan_trim(at + indent, module - indent) };
	return PROF_FITS;
}

enum prof_fit prof_row_of(const struct prof_grid *grid, const char *at, size_t n, struct prof_row *ret)
{
	struct back b = { at, at + n };
	enum prof_fit fit;

	*ret = (struct prof_row){ 0 };
	if (!back_numbers(grid, &b, ret))
		return PROF_HAS_NO_NUMBERS;
	fit = row_texts(grid, at, (size_t)(b.at - at), ret);
	/* GHC takes no label with a space in it (Lexer.x, getSCC), so one that goes over lines has none: what joins two
	 * lines that don't belong together always has. */
	if (fit == PROF_FITS && memchr(ret->label.at, '\n', ret->label.n) && memchr(ret->label.at, ' ', ret->label.n))
		return PROF_FITS_NOT;
	return fit;
}

size_t prof_entries_width(const struct prof_grid *grid, const char *at, size_t n)
{
	struct back b = { at, at + n };
	struct prof_row row;
	size_t end;

	if (grid->has_costs && !back_costs(&b, &row))
		return 0;
	for (int i = 0; i < 4; i++)
		if (!back_share(&b, &row.alloc))
			return 0;
	end = scan_columns(at, (size_t)(b.at - at));
	return end > grid->id_end ? end - grid->id_end : 0;
}
