/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof.h"

#include "parsers/prof_header.h"
#include "parsers/prof_row.h"
#include "parsers/prof_scan.h"

enum stage {
	AT_START = 0,
	AT_TOP,
	AT_TREE,
	AT_SETS,
	AT_STALE,
};

enum {
	ENTRIES_WIDTH_8 = 11,
};

/* One call's work. */
struct reading {
	struct prof_parser *p;
	struct prof_span s;
	int is_last;
	struct prof_record *ret;
	struct parse_fault *fault;
};

/* After this fault nothing of the text is read. */
static enum parse_result ends_at(struct reading *r, const char *code, const char *reason)
{
	r->p->stage = AT_STALE;
	*r->fault = (struct parse_fault){ r->p->offset, code, reason };
	return PARSE_BAD;
}

/* What a part that ran out of bytes means. */
static enum parse_result lacks(struct reading *r, const char *reason)
{
	return r->is_last ? ends_at(r, "prof.truncated", reason) : PARSE_MORE;
}

/* A newline in a label is one column to GHC, also where the system then writes it as two bytes. */
static struct prof_grid shifted(const struct prof_grid *grid, uint32_t n)
{
	struct prof_grid to = *grid;

	to.module_at += n;
	to.source_at += to.source_at ? n : 0;
	to.text_end += n;
	to.id_end += to.id_end ? n : 0;
	return to;
}

/* A row: a line, or as many as a label with newlines takes. */
static enum parse_result take_row(int is_crlf, const struct prof_grid *grid, struct prof_span *s, struct prof_row *ret)
{
	const char *start = s->at, *line = start, *newline;
	struct prof_grid wide;
	size_t n_columns = 0;

	while ((newline = memchr(line, '\n', (size_t)(s->end - line)))) {
		int is_two = is_crlf && newline > line && newline[-1] == '\r';
		enum prof_fit fit;

		if (newline - start >= PROF_ROW_MAX)
			return PARSE_BAD;
		fit = prof_row_of(grid, start, (size_t)(newline - is_two - start), ret);
		if (fit == PROF_FITS)
			s->at = newline + 1;
		if (fit != PROF_HAS_NO_NUMBERS)
			return fit == PROF_FITS ? PARSE_OK : PARSE_BAD;
		n_columns += scan_columns(line, (size_t)(newline - line)) + 1;
		if (n_columns >= grid->module_at)
			return PARSE_BAD; /* no label reaches as far as MODULE */
		if (is_two) {
			wide = shifted(grid, 1);
			grid = &wide;
		}
		line = newline + 1;
	}
	return s->end - start >= PROF_ROW_MAX ? PARSE_BAD : PARSE_MORE;
}

static enum parse_result next_set(struct reading *r)
{
	size_t n_used = 0;
	enum parse_result is_set;

	if (!left_in(&r->s) && r->p->stage == AT_SETS)
		return r->is_last ? PARSE_END : PARSE_MORE;
	is_set = retainer_set_next(r->s.at, left_in(&r->s), r->is_last, &r->ret->set, &n_used);
	if (is_set == PARSE_OK) {
		r->ret->what = PROF_SET;
		r->s.at += n_used;
		r->p->stage = AT_SETS;
	}
	if (is_set != PARSE_BAD)
		return is_set;
	if (r->is_last && !memchr(r->s.at, '\n', left_in(&r->s)))
		return ends_at(r, "prof.truncated", "ends inside a retainer set");
	return ends_at(r, "prof.set", "not a retainer set");
}

/* The sets, whose title stands after a blank line. PARSE_BAD without a fault: something else does. */
static enum parse_result next_title(struct reading *r, int *ret_is_title)
{
	size_t n_used = 0;
	enum parse_result is_title = retainer_title(r->s.at, left_in(&r->s), &n_used);

	*ret_is_title = is_title == PARSE_OK;
	if (is_title != PARSE_OK)
		return is_title;
	r->s.at += n_used;
	return next_set(r);
}

static enum parse_result next_census(struct reading *r)
{
	size_t n_used = 0;
	enum parse_result is_census = retainer_census_next(r->s.at, left_in(&r->s), &r->ret->census, &n_used);

	if (is_census == PARSE_MORE)
		return lacks(r, "ends inside a retainer census");
	if (is_census == PARSE_BAD)
		return ends_at(r, "prof.header", "not a retainer census");
	r->ret->what = PROF_CENSUS;
	r->s.at += n_used;
	return PARSE_OK;
}

static enum parse_result next_start(struct reading *r)
{
	enum parse_result is;
	int is_title, is_crlf;

	if (!left_in(&r->s))
		return r->is_last ? PARSE_END : PARSE_MORE;
	is = retainer_is_census(r->s.at, left_in(&r->s));
	if (is == PARSE_OK)
		return next_census(r);
	if (is == PARSE_BAD)
		is = next_title(r, &is_title);
	if (is == PARSE_OK || (is == PARSE_BAD && is_title))
		return is;
	if (is == PARSE_BAD)
		is = prof_header_take(&r->s, r->is_last, &r->ret->header, &r->p->top, &is_crlf);
	if (is == PARSE_MORE)
		return lacks(r, "ends before its first table");
	if (is == PARSE_BAD)
		return ends_at(r, "prof.header", "not the head of a time and allocation profile");
	r->ret->what = PROF_HEADER;
	r->p->is_crlf = (uint8_t)is_crlf;
	r->p->stage = AT_TOP;
	return PARSE_OK;
}

/* A line of the top table that can't be read is passed over: the tree says it all again. */
static enum parse_result skip_top(struct reading *r)
{
	const char *newline = memchr(r->s.at, '\n', left_in(&r->s));

	*r->fault = (struct parse_fault){ r->p->offset, "prof.top", "a line doesn't fit the columns of the top table" };
	r->s.at = newline ? newline + 1 : r->s.end;
	return PARSE_BAD;
}

static enum parse_result next_top(struct reading *r)
{
	struct prof_grid tree;
	enum parse_result is = prof_tree_head_take(&r->s, &tree);

	if (is == PARSE_OK) {
		r->p->tree = tree;
		r->ret->what = PROF_TREE;
		r->p->stage = AT_TREE;
		r->p->n_depths = 1;
		return is;
	}
	if (is == PARSE_BAD)
		is = take_row(r->p->is_crlf, &r->p->top, &r->s, &r->ret->row);
	if (is == PARSE_MORE)
		return lacks(r, "ends before the tree of stacks");
	if (is == PARSE_BAD)
		return skip_top(r);
	r->ret->what = PROF_TOP;
	return is;
}

/* What a blank line in the tree means: it stands before the retainer sets, or at the very end. */
static enum parse_result after_tree(struct reading *r)
{
	size_t n = left_in(&r->s);
	int is_title;
	enum parse_result is;

	if (!n || (n <= 2 && r->s.end[-1] == '\n' && r->is_last))
		return r->is_last ? PARSE_END : PARSE_MORE;
	is = next_title(r, &is_title);
	if (is == PARSE_BAD && !is_title)
		return ends_at(r, "prof.row", "a blank line in the tree");
	return is == PARSE_MORE ? lacks(r, "ends before its retainer sets") : is;
}

static enum parse_result check_depth(struct reading *r, struct prof_row *row)
{
	struct prof_parser *p = r->p;

	if (row->is_depth_guess && p->n_depths > 0)
		row->depth = p->n_depths - 1;
	if (row->depth >= p->n_depths)
		return ends_at(r, "prof.depth", "a row is deeper than a child of the row before it");
	if (row->depth >= PROF_DEPTH_MAX)
		return ends_at(r, "prof.depth", "a stack is deeper than 65535");
	p->n_depths = row->depth + 2;
	return PARSE_OK;
}

/* Whether the first row shows the layout of 8.0 to 8.8. */
static uint8_t is_glued(const struct prof_grid *grid, const char *row, const char *end)
{
	end -= end[-2] == '\r' ? 2 : 1;
	return prof_entries_width(grid, row, (size_t)(end - row)) == ENTRIES_WIDTH_8;
}

static enum parse_result next_tree(struct reading *r)
{
	struct prof_row *row = &r->ret->row;
	const char *start = r->s.at;
	enum parse_result is;

	if (!left_in(&r->s) || *start == '\n' || *start == '\r')
		return after_tree(r);
	is = take_row(r->p->is_crlf, &r->p->tree, &r->s, row);
	if (is == PARSE_MORE)
		return lacks(r, "ends inside a row");
	if (is == PARSE_BAD)
		return ends_at(r, "prof.row", "a line doesn't fit the columns of the tree");
	if (r->p->n_depths == 1)
		r->p->is_glued = is_glued(&r->p->tree, start, r->s.at);
	r->ret->what = PROF_ROW;
	return check_depth(r, row);
}

static enum parse_result next_stale(struct reading *r)
{
	struct prof_stale *stale = &r->ret->stale;

	*stale = (struct prof_stale){ .n_bytes = left_in(&r->s) };
	if (!stale->n_bytes)
		return r->is_last ? PARSE_END : PARSE_MORE;
	for (const char *at = r->s.at; (at = memchr(at, '\n', (size_t)(r->s.end - at))); at++)
		stale->n_lines++;
	r->ret->what = PROF_STALE;
	r->s.at = r->s.end;
	return PARSE_OK;
}

enum parse_result prof_next(struct prof_parser *p, const char *at, size_t n, int is_last, struct prof_record *ret,
                            size_t *ret_used, struct parse_fault *ret_fault)
{
	static enum parse_result (*const next[])(struct reading *) = {
		[AT_START] = next_start, [AT_TOP] = next_top,     [AT_TREE] = next_tree,
		[AT_SETS] = next_set,    [AT_STALE] = next_stale,
	};
	struct reading r = { .p = p, .s = { at, at + n }, .is_last = is_last, .ret = ret, .fault = ret_fault };
	enum parse_result is = next[p->stage](&r);

	*ret_used = 0;
	if (is != PARSE_OK && is != PARSE_BAD)
		return is;
	if (is == PARSE_BAD && p->stage == AT_STALE)
		return is;
	ret->offset = p->offset;
	*ret_used = (size_t)(r.s.at - at);
	p->offset += *ret_used;
	return is;
}

void prof_stop(struct prof_parser *p)
{
	p->stage = AT_STALE;
}
