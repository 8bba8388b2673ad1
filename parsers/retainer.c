/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/retainer.h"

#include <string.h>

static const char census_start[] = "Retainer Profiling: ";
static const char title[] = "Retainer sets created during profiling:";

static enum parse_result starts_with(const char *at, size_t n, const char *what, size_t n_what)
{
	size_t n_both = n < n_what ? n : n_what;

	if (memcmp(at, what, n_both) != 0)
		return PARSE_BAD;
	return n < n_what ? PARSE_MORE : PARSE_OK;
}

enum parse_result retainer_is_census(const char *at, size_t n)
{
	return starts_with(at, n, census_start, sizeof(census_start) - 1);
}

/* The bytes of a line end: 1, 2, 0 when there is none, PARSE_MORE's case is is_cut. */
static size_t line_end(const char *at, size_t n, int *is_cut)
{
	*is_cut = n == 0 || (n == 1 && at[0] == '\r');
	if (n > 0 && at[0] == '\n')
		return 1;
	return n > 1 && at[0] == '\r' && at[1] == '\n' ? 2 : 0;
}

enum parse_result retainer_title(const char *at, size_t n, size_t *ret_used)
{
	int is_cut;
	size_t n_blank = line_end(at, n, &is_cut);
	size_t n_title = sizeof(title) - 1, n_end;
	enum parse_result is_title;

	if (!n_blank)
		return is_cut ? PARSE_MORE : PARSE_BAD;
	is_title = starts_with(at + n_blank, n - n_blank, title, n_title);
	if (is_title != PARSE_OK)
		return is_title;
	n_end = line_end(at + n_blank + n_title, n - n_blank - n_title, &is_cut);
	if (!n_end)
		return is_cut ? PARSE_MORE : PARSE_BAD;
	*ret_used = n_blank + n_title + n_end;
	return PARSE_OK;
}

/* What is left of a line, and whether reading it went wrong. */
struct line {
	const char *at;
	const char *end;
	int is_bad;
};

static void pass(struct line *l, const char *what)
{
	size_t n = strlen(what);

	if (l->is_bad || (size_t)(l->end - l->at) < n || memcmp(l->at, what, n) != 0)
		l->is_bad = 1;
	else
		l->at += n;
}

static uint64_t pass_number(struct line *l)
{
	const char *start = l->at;
	uint64_t value = 0;

	while (!l->is_bad && l->at < l->end && *l->at >= '0' && *l->at <= '9') {
		l->is_bad = __builtin_mul_overflow(value, 10, &value) ||
		            __builtin_add_overflow(value, (uint64_t)(*l->at - '0'), &value);
		l->at++;
	}
	l->is_bad |= l->at == start;
	return value;
}

/* `%f`: six places. */
static uint64_t pass_millionths(struct line *l)
{
	uint64_t whole = pass_number(l), part;
	const char *start;

	pass(l, ".");
	start = l->at;
	part = pass_number(l);
	l->is_bad |= l->at - start != 6 || __builtin_mul_overflow(whole, 1000000, &whole) ||
	             __builtin_add_overflow(whole, part, &whole);
	return whole;
}

/* Times from before the profile's zero, which some runtimes have, are negative. */
static int64_t pass_time(struct line *l)
{
	int is_negative = l->at < l->end && *l->at == '-';
	uint64_t value;

	l->at += is_negative;
	value = pass_millionths(l);
	l->is_bad |= value > INT64_MAX;
	return l->is_bad ? 0 : is_negative ? -(int64_t)value : (int64_t)value;
}

/* Takes a line that ends within RETAINER_LINE_MAX bytes. */
static enum parse_result line_next(const char **at, const char *end, struct line *ret)
{
	size_t n = (size_t)(end - *at);
	const char *newline = memchr(*at, '\n', n < RETAINER_LINE_MAX ? n : RETAINER_LINE_MAX);

	if (!newline)
		return n < RETAINER_LINE_MAX ? PARSE_MORE : PARSE_BAD;
	*ret = (struct line){ .at = *at, .end = newline };
	if (ret->end > ret->at && ret->end[-1] == '\r')
		ret->end--;
	*at = newline + 1;
	return PARSE_OK;
}

enum parse_result retainer_census_next(const char *start, size_t n, struct retainer_census *ret, size_t *ret_used)
{
	const char *at = start, *end = start + n;
	struct line first, second, third;
	enum parse_result is_line;

	*ret = (struct retainer_census){ 0 };
	is_line = line_next(&at, end, &first);
	if (is_line != PARSE_OK)
		return is_line;
	pass(&first, census_start);
	ret->index = pass_number(&first);
	pass(&first, ", at ");
	ret->at_us = pass_time(&first);
	pass(&first, " seconds");
	if (first.is_bad)
		return PARSE_BAD;

	is_line = line_next(&at, end, &second);
	if (is_line != PARSE_OK)
		return is_line;
	third = second;
	pass(&second, "\tMax auxiliary stack size = ");
	ret->has_max_stack = !second.is_bad;
	if (ret->has_max_stack) {
		ret->max_stack = pass_number(&second);
		is_line = second.is_bad ? PARSE_BAD : line_next(&at, end, &third);
		if (is_line != PARSE_OK)
			return is_line;
	}
	pass(&third, "\tAverage number of visits per object = ");
	ret->visits_millionth = pass_millionths(&third);
	*ret_used = (size_t)(at - start);
	return third.is_bad ? PARSE_BAD : PARSE_OK;
}

/* The `}` that ends the set whose text starts at `at`, or NULL; *is_cut: more bytes could show one. */
static const char *set_end(const char *at, const char *end, int is_last, int *is_cut)
{
	for (const char *newline = at; (newline = memchr(newline, '\n', (size_t)(end - newline))); newline++) {
		const char *last = newline > at && newline[-1] == '\r' ? newline - 2 : newline - 1;
		enum parse_result is_set = starts_with(newline + 1, (size_t)(end - newline - 1), "SET ", 4);

		if (last < at || *last != '}')
			continue;
		if (is_set == PARSE_OK || (is_last && newline + 1 == end))
			return last;
		*is_cut = is_set == PARSE_MORE && !is_last;
		if (*is_cut)
			return NULL;
	}
	*is_cut = !is_last;
	return NULL;
}

enum parse_result retainer_set_next(const char *at, size_t n, int is_last, struct retainer_set *ret, size_t *ret_used)
{
	size_t n_seen = n < RETAINER_SET_MAX ? n : RETAINER_SET_MAX;
	struct line l = { .at = at, .end = at + n_seen };
	const char *end;
	int is_cut;

	pass(&l, "SET ");
	ret->id = pass_number(&l);
	pass(&l, " = {");
	if (l.is_bad)
		return !is_last && (l.at == l.end || !memchr(at, '\n', n)) && n < RETAINER_LINE_MAX ? PARSE_MORE
		                                                                                    : PARSE_BAD;
	end = set_end(l.at, l.end, is_last && n_seen == n, &is_cut);
	if (!end)
		return is_cut && n < RETAINER_SET_MAX ? PARSE_MORE : PARSE_BAD;
	ret->stacks = (struct parse_text){ l.at, (size_t)(end - l.at) };
	*ret_used = (size_t)((const char *)memchr(end, '\n', (size_t)(l.end - end)) + 1 - at);
	return PARSE_OK;
}

int retainer_stack(struct parse_text *rest, struct parse_text *ret)
{
	static const char between[] = ">, <";
	size_t n_between = sizeof(between) - 1;
	const char *end;

	if (rest->n < 2)
		return 0;
	end = memmem(rest->at + 1, rest->n - 1, between, n_between);
	*ret = (struct parse_text){ rest->at + 1, (end ? (size_t)(end - rest->at) : rest->n - 1) - 1 };
	if (end)
		*rest = (struct parse_text){ end + n_between - 1, (size_t)(rest->at + rest->n - end) - n_between + 1 };
	else
		rest->n = 0;
	return 1;
}

static int is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static int is_name(char c)
{
	return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '\'' || (c & 0x80);
}

/* The length of the module in `Module.label`; 0: there is none. */
static size_t module_length(const char *at, size_t n)
{
	size_t n_module = 0;

	for (size_t i = 0; i < n && is_upper(at[i]); i++) {
		while (i < n && is_name(at[i]))
			i++;
		if (i + 1 >= n || at[i] != '.')
			break;
		n_module = i;
	}
	return n_module;
}

int retainer_centre(struct parse_text *rest, struct parse_text *ret_module, struct parse_text *ret_label)
{
	size_t n_module, n = 0;

	if (!rest->n)
		return 0;
	n_module = module_length(rest->at, rest->n);
	n = n_module;
	/* A label may hold a comma; what follows one that separates is a module. */
	do {
		const char *comma = memchr(rest->at + n, ',', rest->n - n);

		n = comma ? (size_t)(comma - rest->at) : rest->n;
		if (n == rest->n || module_length(rest->at + n + 1, rest->n - n - 1))
			break;
		n++;
	} while (n < rest->n);
	*ret_module = (struct parse_text){ rest->at, n_module };
	*ret_label = (struct parse_text){ rest->at + n_module + (n_module > 0), n - n_module - (n_module > 0) };
	n += n < rest->n;
	*rest = (struct parse_text){ rest->at + n, rest->n - n };
	return 1;
}
