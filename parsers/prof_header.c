/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof_header.h"

#include "parsers/prof_row.h"
#include "parsers/prof_scan.h"

enum {
	LINE_MAX_BYTES = 512, /* of the title and of the totals */
};

static const char report_title[] = " Time and Allocation Profiling Report  (";
static const char total_time[] = "\ttotal time  =";
static const char head_start[] = "COST CENTRE";

static int is_band(struct parse_text line)
{
	static const char first[] = "individual", second[] = "inherited";
	size_t indent = scan_indent(line.at, line.n), between;

	if (!indent || line.n - indent < sizeof(first) || memcmp(line.at + indent, first, sizeof(first) - 1) != 0)
		return 0;
	indent += sizeof(first) - 1;
	between = scan_indent(line.at + indent, line.n - indent);
	indent += between;
	return between && line.n - indent == sizeof(second) - 1 &&
	       memcmp(line.at + indent, second, sizeof(second) - 1) == 0;
}

/* ---- Totals ---- */

struct words {
	const char *at;
	const char *end;
	int is_bad;
};

static void pass(struct words *w, const char *what)
{
	size_t n = strlen(what);

	if (w->is_bad || (size_t)(w->end - w->at) < n || memcmp(w->at, what, n) != 0)
		w->is_bad = 1;
	else
		w->at += n;
}

static int passes(struct words *w, const char *what)
{
	struct words ahead = *w;

	pass(&ahead, what);
	if (!ahead.is_bad)
		*w = ahead;
	return !ahead.is_bad;
}

/* Spaces, then digits with commas or without. */
static uint64_t pass_number(struct words *w)
{
	uint64_t value = 0;
	const char *start;

	w->at += scan_indent(w->at, (size_t)(w->end - w->at));
	for (start = w->at; !w->is_bad && w->at < w->end; w->at++) {
		if (*w->at == ',' && w->at > start)
			continue;
		if (*w->at < '0' || *w->at > '9')
			break;
		w->is_bad = __builtin_mul_overflow(value, 10, &value) ||
		            __builtin_add_overflow(value, (uint64_t)(*w->at - '0'), &value);
	}
	w->is_bad |= w->at == start;
	return value;
}

static void pass_time(struct words *w, struct prof_header *ret)
{
	uint64_t cs;

	pass(w, total_time);
	ret->total_time_cs = pass_number(w);
	pass(w, ".");
	cs = pass_number(w);
	w->is_bad |= cs > 99 || __builtin_mul_overflow(ret->total_time_cs, 100, &ret->total_time_cs) ||
	             __builtin_add_overflow(ret->total_time_cs, cs, &ret->total_time_cs);
	pass(w, " secs   (");
	ret->total_ticks = pass_number(w);
	pass(w, " ticks @ ");
	ret->tick_us = pass_number(w);
	if (passes(w, " ms"))
		w->is_bad |= __builtin_mul_overflow(ret->tick_us, 1000, &ret->tick_us);
	else
		pass(w, " us");
	ret->has_processors = (uint8_t)passes(w, ", ");
	if (ret->has_processors) {
		ret->n_processors = pass_number(w);
		pass(w, " processor");
		(void)passes(w, "s");
	}
	pass(w, ")");
}

/* The two lines of totals, the blank one after them, the head of the top table and the blank one after it. */
static enum parse_result take_totals(struct prof_span *s, struct prof_header *ret, struct prof_grid *ret_top)
{
	struct parse_text line;
	struct words w;
	enum parse_result is_line = take_line(s, LINE_MAX_BYTES, &line);

	if (is_line != PARSE_OK)
		return is_line;
	w = (struct words){ .at = line.at, .end = line.at + line.n };
	pass_time(&w, ret);
	is_line = w.is_bad || w.at != w.end ? PARSE_BAD : take_line(s, LINE_MAX_BYTES, &line);
	if (is_line != PARSE_OK)
		return is_line;
	w = (struct words){ .at = line.at, .end = line.at + line.n };
	pass(&w, "\ttotal alloc =");
	ret->total_alloc = pass_number(&w);
	pass(&w, " bytes");
	is_line = w.is_bad ? PARSE_BAD : take_blank(s);
	if (is_line == PARSE_OK)
		is_line = take_line(s, PROF_ROW_MAX, &line);
	if (is_line != PARSE_OK)
		return is_line;
	if (!prof_grid_of(line.at, line.n, ret_top) || ret_top->is_tree)
		return PARSE_BAD;
	return take_blank(s);
}

/* ---- Header ---- */

/* Splits `prog +RTS flags -RTS arguments`. */
static void split_program(struct parse_text line, struct prof_header *ret)
{
	static const char open[] = " +RTS", close[] = " -RTS";
	const char *end = line.at + line.n;
	const char *flags = memmem(line.at, line.n, open, sizeof(open) - 1), *after;

	ret->program = line;
	ret->rts_flags = ret->arguments = text_between(end, end);
	if (!flags)
		return;
	ret->program = text_between(line.at, flags);
	flags += sizeof(open) - 1;
	after = memmem(flags, (size_t)(end - flags), close, sizeof(close) - 1);
	ret->rts_flags = text_between(flags + 1, after ? after : end);
	if (after)
		ret->arguments = text_between(after + sizeof(close), end);
}

/* Whether the line that ends before `head` is the band of the tree, and what starts at `head` its head. */
static int is_tree_head(const char *start, const char *head, const char *end)
{
	struct prof_span s = { head, end };
	struct prof_grid grid;
	struct parse_text line;
	const char *above;

	if (head - start < 2 || head[-1] != '\n' || take_line(&s, PROF_ROW_MAX, &line) != PARSE_OK ||
	    !prof_grid_of(line.at, line.n, &grid) || !grid.is_tree)
		return 0;
	above = memrchr(start, '\n', (size_t)(head - 1 - start));
	s = (struct prof_span){ above ? above + 1 : start, head };
	return take_line(&s, PROF_ROW_MAX, &line) == PARSE_OK && is_band(line);
}

/* Where the head of the tree starts, or NULL. */
static const char *find_tree(const char *start, const char *end)
{
	const char *head = start;

	while ((head = memmem(head, (size_t)(end - head), head_start, sizeof(head_start) - 1))) {
		if (is_tree_head(start, head, end))
			return head;
		head++;
	}
	return NULL;
}

/* Where the line end is that comes before `end`, or NULL when none does. */
static const char *line_end_before(const char *start, const char *end)
{
	if (end == start || end[-1] != '\n')
		return NULL;
	end--;
	return end > start && end[-1] == '\r' ? end - 1 : end;
}

/* Where the text ends that a blank line before `at` stands after, or NULL when none does. */
static const char *text_before_blank(const char *start, const char *at)
{
	const char *blank = line_end_before(start, at);

	return blank ? line_end_before(start, blank) : NULL;
}

struct totals {
	struct prof_header header;
	struct prof_grid top;
	const char *program_end;
	const char *end;
};

/* The totals between `start` and `limit`: the last that read well, for an argument can hold such text too. `end` is as
 * far as may be read. */
static enum parse_result find_totals(const char *start, const char *limit, const char *end, struct totals *ret)
{
	const char *at = start;
	enum parse_result found = PARSE_BAD;

	while ((at = memmem(at, (size_t)(limit - at), total_time, sizeof(total_time) - 1))) {
		struct prof_span s = { at, end };
		struct totals totals = *ret;
		enum parse_result is_whole = PARSE_BAD;

		totals.program_end = text_before_blank(start, at);
		if (totals.program_end)
			is_whole = take_totals(&s, &totals.header, &totals.top);
		if (is_whole == PARSE_OK) {
			totals.end = s.at;
			*ret = totals;
		}
		if (is_whole == PARSE_OK || (is_whole == PARSE_MORE && found == PARSE_BAD))
			found = is_whole;
		at++;
	}
	return found;
}

static enum parse_result take_title(struct prof_span *s, struct parse_text *ret_date, int *ret_is_crlf)
{
	struct parse_text line;
	const char *title;
	enum parse_result is_line;

	if (left_in(s) && *s->at != '\t')
		return PARSE_BAD;
	is_line = take_line(s, LINE_MAX_BYTES, &line);
	if (is_line != PARSE_OK)
		return is_line;
	title = memmem(line.at, line.n, report_title, sizeof(report_title) - 1);
	if (!title)
		return PARSE_BAD;
	*ret_date = text_between(line.at + 1, title);
	*ret_is_crlf = s->at[-2] == '\r';
	return take_blank(s);
}

static enum parse_result take_indent(struct prof_span *s)
{
	static const char indent[] = "\t   ";
	size_t n_indent = sizeof(indent) - 1, n = left_in(s) < n_indent ? left_in(s) : n_indent;

	if (memcmp(s->at, indent, n) != 0)
		return PARSE_BAD;
	s->at += n;
	return n < n_indent ? PARSE_MORE : PARSE_OK;
}

enum parse_result prof_header_take(struct prof_span *s, int is_last, struct prof_header *ret, struct prof_grid *ret_top,
                                   int *ret_is_crlf)
{
	const char *limit = left_in(s) > PROF_HEADER_MAX ? s->at + PROF_HEADER_MAX : s->end, *tree;
	struct prof_span ahead = *s;
	struct totals totals = { 0 };
	enum parse_result is_whole = take_title(&ahead, &totals.header.date, ret_is_crlf);

	if (is_whole == PARSE_OK)
		is_whole = take_indent(&ahead);
	if (is_whole != PARSE_OK)
		return is_whole;
	tree = find_tree(ahead.at, limit);
	if (!tree && limit == s->end && !is_last)
		return PARSE_MORE;
	is_whole = find_totals(ahead.at, tree ? tree : limit, s->end, &totals);
	if (is_whole != PARSE_OK)
		return is_whole == PARSE_BAD && is_last && !tree ? PARSE_MORE : is_whole;
	split_program(text_between(ahead.at, totals.program_end), &totals.header);
	*ret = totals.header;
	*ret_top = totals.top;
	s->at = totals.end;
	return PARSE_OK;
}

enum parse_result prof_tree_head_take(struct prof_span *s, struct prof_grid *ret)
{
	struct prof_span ahead = *s;
	struct parse_text line;
	enum parse_result is_line = take_blank(&ahead);

	if (is_line == PARSE_OK)
		is_line = take_blank(&ahead);
	if (is_line == PARSE_OK)
		is_line = take_line(&ahead, PROF_ROW_MAX, &line);
	if (is_line == PARSE_OK && !is_band(line))
		is_line = PARSE_BAD;
	if (is_line == PARSE_OK)
		is_line = take_line(&ahead, PROF_ROW_MAX, &line);
	if (is_line == PARSE_OK && (!prof_grid_of(line.at, line.n, ret) || !ret->is_tree))
		is_line = PARSE_BAD;
	if (is_line == PARSE_OK)
		is_line = take_blank(&ahead);
	if (is_line == PARSE_OK)
		*s = ahead;
	return is_line;
}
