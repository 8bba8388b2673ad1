/* SPDX-License-Identifier: Apache-2.0 */
#include "store/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct weir_text replacement = { "\xEF\xBF\xBD", 3 };

void json_put_raw(struct json_out *out, struct weir_text text)
{
	uint64_t n_free = out->n < out->n_max ? out->n_max - out->n : 0;
	uint64_t n = text.n_bytes < n_free ? text.n_bytes : n_free;

	if (n)
		memcpy(out->at + out->n, text.at, n);
	out->n += text.n_bytes;
}

static void put(struct json_out *out, const char *text)
{
	json_put_raw(out, (struct weir_text){ text, strlen(text) });
}

static void put_escaped(struct json_out *out, unsigned char c)
{
	static const char letters[32] = { ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't' };
	char text[8];

	if (c >= ' ')
		(void)snprintf(text, sizeof(text), "\\%c", c);
	else if (letters[c])
		(void)snprintf(text, sizeof(text), "\\%c", letters[c]);
	else
		(void)snprintf(text, sizeof(text), "\\u%04x", c);
	put(out, text);
}

/* Unicode 15, table 3-7, well-formed UTF-8: what the second byte may be after each lead byte. */
struct lead {
	unsigned char first, last;
	unsigned char length;
	unsigned char second_min, second_max;
};

static const struct lead leads[] = {
	{ 0xC2, 0xDF, 2, 0x80, 0xBF }, { 0xE0, 0xE0, 3, 0xA0, 0xBF }, { 0xE1, 0xEC, 3, 0x80, 0xBF },
	{ 0xED, 0xED, 3, 0x80, 0x9F }, { 0xEE, 0xEF, 3, 0x80, 0xBF }, { 0xF0, 0xF0, 4, 0x90, 0xBF },
	{ 0xF1, 0xF3, 4, 0x80, 0xBF }, { 0xF4, 0xF4, 4, 0x80, 0x8F },
};

/* How many bytes the character at `at` has, or the maximal piece of one; ret_valid says which. */
static uint64_t character(const unsigned char *at, uint64_t n, int *ret_valid)
{
	const struct lead *lead = leads, *end = leads + sizeof(leads) / sizeof(leads[0]);
	uint64_t i = 1;

	*ret_valid = 0;
	while (lead < end && (at[0] < lead->first || at[0] > lead->last))
		lead++;
	if (lead == end || n < 2 || at[1] < lead->second_min || at[1] > lead->second_max)
		return 1;
	do
		i++;
	while (i < lead->length && i < n && at[i] >= 0x80 && at[i] <= 0xBF);
	*ret_valid = i == lead->length;
	return i;
}

static int is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

static uint64_t put_other(struct json_out *out, const unsigned char *at, uint64_t n)
{
	uint64_t n_used;
	int is_valid;

	if (at[0] < 0x80) {
		put_escaped(out, at[0]);
		return 1;
	}
	n_used = character(at, n, &is_valid);
	json_put_raw(out, is_valid ? (struct weir_text){ (const char *)at, n_used } : replacement);
	return n_used;
}

void json_put_string(struct json_out *out, struct weir_text text)
{
	const unsigned char *at = (const unsigned char *)text.at;
	uint64_t i = 0, run;

	put(out, "\"");
	while (i < text.n_bytes) {
		for (run = i; run < text.n_bytes && is_plain(at[run]); run++)
			;
		if (run > i)
			json_put_raw(out, (struct weir_text){ text.at + i, run - i });
		i = run;
		if (i < text.n_bytes)
			i += put_other(out, at + i, text.n_bytes - i);
	}
	put(out, "\"");
}

int json_is_utf8(struct weir_text text)
{
	const unsigned char *at = (const unsigned char *)text.at;
	int is_valid = 1;

	for (uint64_t i = 0; i < text.n_bytes && is_valid;) {
		if (at[i] < 0x80)
			i++;
		else
			i += character(at + i, text.n_bytes - i, &is_valid);
	}
	return is_valid;
}

void json_put_i64(struct json_out *out, int64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, v);
	put(out, text);
}

void json_put_f64(struct json_out *out, double v)
{
	char text[40];

	if (isnan(v)) {
		put(out, "null");
		return;
	}
	if (isinf(v)) {
		put(out, v < 0 ? "-1e999" : "1e999");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	put(out, text);
}

static int text_order(struct weir_text a, struct weir_text b)
{
	uint64_t n = a.n_bytes < b.n_bytes ? a.n_bytes : b.n_bytes;
	int order = n ? memcmp(a.at, b.at, n) : 0;

	return order ? order : (a.n_bytes > b.n_bytes) - (a.n_bytes < b.n_bytes);
}

static int is_key(struct weir_text key)
{
	for (uint64_t i = 0; i < key.n_bytes; i++)
		if (!is_plain((unsigned char)key.at[i]) || key.at[i] == 0x7F)
			return 0;
	return key.n_bytes > 0;
}

/* Sets are small: insertion keeps the order of what came sorted and needs no memory. */
static int sort_keys(const struct weir_attr *attrs, uint32_t n_attrs, uint8_t order[JSON_ATTRS_MAX])
{
	for (uint32_t i = 0; i < n_attrs; i++) {
		uint32_t k = i;
		int cmp = 1;

		if (!is_key(attrs[i].key))
			return -EINVAL;
		while (k > 0 && (cmp = text_order(attrs[order[k - 1]].key, attrs[i].key)) > 0) {
			order[k] = order[k - 1];
			k--;
		}
		if (k > 0 && cmp == 0)
			return -EINVAL;
		order[k] = (uint8_t)i;
	}
	return 0;
}

int json_attrs(struct json_out *out, const struct weir_attr *attrs, uint32_t n_attrs)
{
	uint8_t order[JSON_ATTRS_MAX];
	int r;

	if (n_attrs > JSON_ATTRS_MAX)
		return -E2BIG;
	r = sort_keys(attrs, n_attrs, order);
	if (r < 0)
		return r;
	put(out, "{");
	for (uint32_t i = 0; i < n_attrs; i++) {
		if (i)
			put(out, ",");
		json_put_string(out, attrs[order[i]].key);
		put(out, ":");
		json_put_string(out, attrs[order[i]].value);
	}
	put(out, "}");
	return 0;
}

/* A walk over a canonical set. `pair` is the current `"key":"value"`; key has no quotes; at_end when there is none. */
struct walk {
	const char *at, *end;
	struct weir_text key, pair;
	int at_end;
};

/* The string that starts at `at`, quotes included; NULL: there is none. */
static const char *string_end(const char *at, const char *end)
{
	if (at >= end || *at != '"')
		return NULL;
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\' && at + 1 < end)
			at++;
	return at < end ? at + 1 : NULL;
}

static int walk_pair(struct walk *w)
{
	struct weir_text before = w->key;
	const char *key_end = string_end(w->at, w->end);
	const char *pair_end = key_end && key_end < w->end && *key_end == ':' ? string_end(key_end + 1, w->end) : NULL;

	if (!pair_end)
		return -EBADMSG;
	w->key = (struct weir_text){ w->at + 1, (uint64_t)(key_end - w->at) - 2 };
	w->pair = (struct weir_text){ w->at, (uint64_t)(pair_end - w->at) };
	w->at = pair_end;
	return !is_key(w->key) || (before.at && text_order(before, w->key) >= 0) ? -EBADMSG : 0;
}

static int walk_next(struct walk *w)
{
	if (w->at_end)
		return 0;
	if (w->at + 1 == w->end && *w->at == '}') {
		w->at_end = 1;
		return 0;
	}
	if (w->key.at) {
		if (w->at >= w->end || *w->at != ',')
			return -EBADMSG;
		w->at++;
	}
	return walk_pair(w);
}

static int walk_first(struct walk *w, struct weir_text set)
{
	if (set.n_bytes < 2 || set.at[0] != '{')
		return -EBADMSG;
	*w = (struct walk){ .at = set.at + 1, .end = set.at + set.n_bytes };
	return walk_next(w);
}

static int merge_step(struct json_out *out, struct walk *below, struct walk *above)
{
	int order = below->at_end ? 1 : above->at_end ? -1 : text_order(below->key, above->key);
	int r = 0;

	json_put_raw(out, order < 0 ? below->pair : above->pair);
	if (order <= 0)
		r = walk_next(below);
	if (r == 0 && order >= 0)
		r = walk_next(above);
	return r;
}

int json_merge(struct json_out *out, struct weir_text below, struct weir_text above)
{
	struct walk b, a;
	int r = walk_first(&b, below);

	if (r == 0)
		r = walk_first(&a, above);
	if (r < 0)
		return r;
	put(out, "{");
	for (int n = 0; !b.at_end || !a.at_end; n++) {
		if (n)
			put(out, ",");
		r = merge_step(out, &b, &a);
		if (r < 0)
			return r;
	}
	put(out, "}");
	return 0;
}
