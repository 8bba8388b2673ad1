/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-heap/ghc_heap.h"

#include <string.h>

const char *const breakdown_names[BREAKDOWN_COUNT] = { "unknown",  "cost-centre", "module",       "closure",    "type",
	                                               "retainer", "biography",   "closure-type", "info-table", "era" };

/* -h and a letter; GHC takes some in both cases. */
static const struct {
	char letter;
	enum breakdown breakdown;
} letters[] = {
	{ 'c', BREAKDOWN_COST_CENTRE },  { 'C', BREAKDOWN_COST_CENTRE }, { 'm', BREAKDOWN_MODULE },
	{ 'M', BREAKDOWN_MODULE },       { 'd', BREAKDOWN_CLOSURE },     { 'D', BREAKDOWN_CLOSURE },
	{ 'y', BREAKDOWN_TYPE },         { 'Y', BREAKDOWN_TYPE },        { 'r', BREAKDOWN_RETAINER },
	{ 'R', BREAKDOWN_RETAINER },     { 'b', BREAKDOWN_BIOGRAPHY },   { 'B', BREAKDOWN_BIOGRAPHY },
	{ 'T', BREAKDOWN_CLOSURE_TYPE }, { 'i', BREAKDOWN_INFO_TABLE },  { 'I', BREAKDOWN_INFO_TABLE },
	{ 'e', BREAKDOWN_ERA },
};

static int read_number(struct parse_text text, size_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' || *ret > 100000000)
			return 0;
		*ret = *ret * 10 + (size_t)(text.at[i] - '0');
	}
	return text.n > 0;
}

static void add_selection(struct mode *mode, struct parse_text word)
{
	size_t n_blank = mode->n_selection > 0;

	if (word.n + n_blank > SELECTION_MAX - mode->n_selection)
		return;
	memcpy(mode->selection + mode->n_selection, " ", n_blank);
	memcpy(mode->selection + mode->n_selection + n_blank, word.at, word.n);
	mode->n_selection += n_blank + word.n;
}

/* `-hc`: what the bands are; `-hcname`: which cost centres count. */
static void heap_flag(struct mode *mode, struct parse_text word)
{
	if (word.n == 2)
		mode->breakdown = BREAKDOWN_COST_CENTRE;
	for (size_t i = 0; word.n > 2 && i < sizeof(letters) / sizeof(letters[0]); i++) {
		if (word.at[2] != letters[i].letter)
			continue;
		if (word.n == 3)
			mode->breakdown = letters[i].breakdown;
		else
			add_selection(mode, word);
	}
}

void mode_flags(struct mode *mode, struct parse_text flags)
{
	struct parse_text word;
	size_t value;

	while (rts_command_word(&flags, &word)) {
		if (word.n < 2 || word.at[0] != '-')
			continue;
		if (word.at[1] == 'h')
			heap_flag(mode, word);
		else if (word.at[1] == 'L' && read_number((struct parse_text){ word.at + 2, word.n - 2 }, &value))
			mode->n_label_max = value;
		else if (word.at[1] == 'N')
			mode->n_cpus = read_number((struct parse_text){ word.at + 2, word.n - 2 }, &value)
			                       ? (uint32_t)value
			                       : 0;
	}
}

/* ---- Labels ---- */

static int is_one_of(struct parse_text text, const char *const *words)
{
	for (; *words; words++)
		if (text.n == strlen(*words) && memcmp(text.at, *words, text.n) == 0)
			return 1;
	return 0;
}

static int is_made_of(struct parse_text text, const char *bytes)
{
	for (size_t i = 0; i < text.n; i++)
		if (!text.at[i] || !strchr(bytes, text.at[i]))
			return 0;
	return text.n > 0;
}

static int starts(struct parse_text text, const char *word)
{
	return text.n >= strlen(word) && memcmp(text.at, word, strlen(word)) == 0;
}

/* `base:GHC.Conc.Sync.ThreadId`: a package and a capital name. */
static int is_packaged(struct parse_text text)
{
	const char *colon = memchr(text.at, ':', text.n);

	return colon && colon > text.at && colon + 1 < text.at + text.n && colon[1] >= 'A' && colon[1] <= 'Z' &&
	       text.at[0] >= 'a' && text.at[0] <= 'z';
}

void label_traits_add(struct label_traits *t, struct parse_text label)
{
	static const char *const lives[] = { "VOID", "LAG", "USE", "INHERENT_USE", "DRAG", NULL };
	static const char *const retainers[] = { "MAIN", "CAF", "SYSTEM", NULL };
	static const char *const mains[] = { "MAIN", NULL };
	static const char *const many[] = { "MANY", NULL };
	struct parse_text rest;
	uint64_t id;

	t->n_labels++;
	if (hp_label_id(label, &id, &rest)) {
		t->n_ids++;
		t->has_path |=
			memchr(rest.at, '/', rest.n) || (rest.n > 4 && memcmp(rest.at + rest.n - 4, ".CAF", 4) == 0);
		t->has_set |= memchr(rest.at, ',', rest.n) || is_one_of(rest, retainers);
	}
	t->has_set |= (uint8_t)is_one_of(label, many);
	t->has_bare_main |= (uint8_t)is_one_of(label, mains);
	t->n_lives += (uint64_t)is_one_of(label, lives);
	t->n_decimal += (uint64_t)is_made_of(label, "0123456789");
	t->n_hexadecimal +=
		(uint64_t)(starts(label, "0x") &&
	                   is_made_of((struct parse_text){ label.at + 2, label.n - 2 }, "0123456789abcdefABCDEF"));
	t->n_angled += (uint64_t)(starts(label, "<") && label.n > 2 && memchr(label.at, '.', label.n));
	t->n_packaged += (uint64_t)is_packaged(label);
	t->n_arrows += (uint64_t)starts(label, "->");
	t->has_thunk |= (uint8_t)(starts(label, "THUNK") || starts(label, "FUN_"));
}

enum breakdown label_traits_breakdown(const struct label_traits *t, int is_profiled)
{
	if (!t->n_labels)
		return BREAKDOWN_UNKNOWN;
	if (t->n_lives == t->n_labels)
		return BREAKDOWN_BIOGRAPHY;
	if (t->n_hexadecimal == t->n_labels)
		return BREAKDOWN_INFO_TABLE;
	if (t->n_decimal == t->n_labels)
		return BREAKDOWN_ERA;
	if (t->n_ids && (t->has_path || t->has_bare_main) && !t->has_set)
		return BREAKDOWN_COST_CENTRE;
	if (t->n_ids && t->has_set && !t->has_path)
		return BREAKDOWN_RETAINER;
	if (t->n_angled)
		return BREAKDOWN_CLOSURE;
	if (t->has_thunk || (t->n_packaged && !t->n_ids) || !is_profiled)
		return BREAKDOWN_CLOSURE_TYPE;
	return t->n_arrows ? BREAKDOWN_TYPE : BREAKDOWN_UNKNOWN;
}
