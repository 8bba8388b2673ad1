/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rts_stats.h"

#include <string.h>

#include "parsers/rts_labels.h"

enum {
	GC_VALUES = 10,       /* columns of a -S row, the generation among them */
	LAST_ALLOC_GAP = 20,  /* blanks where a -S row has its copied and live bytes */
	SURE = 90,            /* percent: the file has what only the run-time system writes */
	SURE_OF_COMMAND = 40, /* ticky reports begin with the same line */
};

/* What one call works on. */
struct call {
	struct rts_stats_parser *p;
	struct parse_text line;     /* without its end */
	struct label_groups groups; /* of the line, once read_gc() has had its turn */
	size_t n_used;
	int is_ended; /* it has a newline */
	struct rts_stats_record *ret;
};

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct parse_text trim(struct parse_text text)
{
	while (text.n && is_blank(*text.at)) {
		text.at++;
		text.n--;
	}
	while (text.n && is_blank(text.at[text.n - 1]))
		text.n--;
	return text;
}

/* Where the n words before `at` start, or NULL. */
static const char *back_words(const char *line, const char *at, unsigned n)
{
	for (; n; n--) {
		while (at > line && is_blank(at[-1]))
			at--;
		if (at == line)
			return NULL;
		while (at > line && !is_blank(at[-1]))
			at--;
	}
	return at;
}

static int read_gc(struct call *c)
{
	const char *end = c->line.at + c->line.n;
	const char *mark = c->line.n && end[-1] == ')' ? memmem(c->line.at, c->line.n, "(Gen:", 5) : NULL;
	const char *start = mark ? back_words(c->line.at, mark, GC_VALUES - 1) : NULL;
	struct label_value v[LABEL_VALUES_MAX];
	unsigned n;

	if (!start || !label_match(start, end, "# # # @ @ @ @ # # (Gen:~#)", v, &n))
		return 0;
	for (unsigned i = 0; i < n; i++)
		if (!v[i].is_finite)
			return 0;
	c->ret->gc = (struct rts_gc){ v[0].i64, v[1].i64, v[2].i64, v[3].f64, v[4].f64,
		                      v[5].f64, v[6].f64, v[7].i64, v[8].i64, (uint32_t)v[9].i64 };
	c->ret->what = RTS_STATS_GC;
	c->p->has_gcs = 1;
	return 1;
}

static int read_sync(struct call *c)
{
	const char *end = c->line.at + c->line.n;
	const char *at = label_may_hold(&c->groups, "# sync ") ? memmem(c->line.at, c->line.n, "# sync ", 7) : NULL;
	struct label_value v[LABEL_VALUES_MAX];
	unsigned n;

	if (!at || label_match(at + 7, end, "~@", v, &n) != end || !v[0].is_finite)
		return 0;
	c->ret->gc = (struct rts_gc){ .elapsed_s = v[0].f64 };
	c->ret->what = c->is_ended ? RTS_STATS_SYNC : RTS_STATS_CUT;
	return 1;
}

/* `    18944                      0.000  0.000`, nothing else. */
static int read_last_alloc(struct call *c)
{
	struct parse_text text = trim(c->line);
	const char *end = text.at + text.n, *at, *gap;
	struct label_value v[LABEL_VALUES_MAX];
	unsigned n;

	at = c->p->has_gcs ? label_match(text.at, end, "#", v, &n) : NULL;
	gap = at ? label_match(at, end, " @ @", v + 1, &n) : NULL;
	if (gap != end || end - at < LAST_ALLOC_GAP + 2 || memchr(at, '\t', LAST_ALLOC_GAP))
		return 0;
	for (n = 0; n < LAST_ALLOC_GAP; n++)
		if (at[n] != ' ')
			return 0;
	c->ret->gc = (struct rts_gc){ .allocated_bytes = v[0].i64 };
	c->ret->what = c->is_ended ? RTS_STATS_LAST_ALLOC : RTS_STATS_CUT;
	return 1;
}

/* Splits ` ,("key", "value")`; what stands in front of it doesn't matter. */
static int split_pair(struct parse_text line, int *ret_is_first, struct parse_text *ret_key,
                      struct parse_text *ret_value)
{
	const char *open = memmem(line.at, line.n, " [(\"", 4), *end = line.at + line.n, *middle;

	*ret_is_first = open != NULL;
	if (!open)
		open = memmem(line.at, line.n, " ,(\"", 4);
	if (!open || end - open < 8 || memcmp(end - 2, "\")", 2) != 0)
		return 0;
	middle = memmem(open + 4, (size_t)(end - open - 4), "\", \"", 4);
	if (!middle || middle + 4 > end - 2)
		return 0;
	*ret_key = (struct parse_text){ open + 4, (size_t)(middle - open - 4) };
	*ret_value = (struct parse_text){ middle + 4, (size_t)(end - 2 - middle - 4) };
	return 1;
}

static int read_pair(struct call *c)
{
	struct rts_reading *r = c->ret->readings;
	struct parse_text key, value;
	int is_first;

	if (!label_may_hold(&c->groups, " [(\"") && !label_may_hold(&c->groups, " ,(\""))
		return 0;
	if (!split_pair(c->line, &is_first, &key, &value) || !(is_first || c->p->in_list))
		return 0;
	if (!value.n || label_number(value.at, value.at + value.n, &r->value) != value.n)
		return 0;
	rts_labels_key(key, r);
	if (!c->p->in_list && r->stat == RTS_UNKNOWN)
		return 0;
	c->p->in_list = 1;
	c->ret->n_readings = 1;
	c->ret->what = RTS_STATS_READINGS;
	return 1;
}

static int read_list_end(struct call *c)
{
	struct parse_text text = trim(c->line);

	if (!c->p->in_list || text.n != 1 || *text.at != ']')
		return 0;
	c->p->in_list = 0;
	c->ret->what = RTS_STATS_LIST_END;
	return 1;
}

static int read_labels(struct call *c)
{
	int ends_in_number = 0;
	uint32_t n = rts_labels_one_line(c->line, &c->groups, c->ret->readings);

	if (!n)
		n = rts_labels_summary(c->line, &c->groups, c->ret->readings, &ends_in_number);
	if (!n)
		return 0;
	c->ret->what = c->is_ended || !ends_in_number ? RTS_STATS_READINGS : RTS_STATS_CUT;
	c->ret->n_readings = c->ret->what == RTS_STATS_CUT ? 0 : n;
	return 1;
}

static enum parse_result read_line(struct call *c)
{
	static int (*const readers[])(struct call *) = { read_pair, read_list_end, read_sync, read_last_alloc,
		                                         read_labels };

	if (read_gc(c))
		return PARSE_OK;
	label_groups_of(c->line, &c->groups);
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (readers[i](c))
			return PARSE_OK;
	if (rts_labels_is_heading(c->line, &c->groups)) {
		c->ret->what = RTS_STATS_HEADING;
		return PARSE_OK;
	}
	c->ret->what = RTS_STATS_TEXT;
	if (!c->p->in_list || c->line.n < 4 || memcmp(c->line.at, " ,(\"", 4) != 0)
		return PARSE_OK;
	c->ret->what = RTS_STATS_CUT;
	return c->is_ended ? PARSE_BAD : PARSE_OK;
}

/* Pieces of a longer line than any that counts are text. */
static enum parse_result take_line(struct call *c)
{
	int is_piece = !c->is_ended && c->n_used == RTS_STATS_LINE_MAX;

	c->ret->text = c->line;
	if (is_piece || c->p->in_long_line) {
		c->p->in_long_line = (uint8_t)is_piece;
		c->ret->what = RTS_STATS_TEXT;
		return PARSE_OK;
	}
	return read_line(c);
}

enum parse_result rts_stats_next(struct rts_stats_parser *p, const char *at, size_t n, int is_last,
                                 struct rts_stats_record *ret, size_t *ret_used, struct parse_fault *ret_fault)
{
	struct call c = { .p = p, .ret = ret };
	enum parse_result r;

	*ret_used = 0;
	ret->n_readings = 0;
	if (p->offset == 0 && n) {
		r = rts_command_line(at, n, is_last, &c.n_used);
		if (r != PARSE_END) {
			*ret_used = c.n_used;
			p->offset += c.n_used;
			ret->what = RTS_STATS_COMMAND;
			ret->text = trim((struct parse_text){ at, c.n_used });
			return r;
		}
	}
	c.n_used = label_line(at, n, RTS_STATS_LINE_MAX, is_last, &c.line, &c.is_ended);
	if (!c.n_used)
		return is_last ? PARSE_END : PARSE_MORE;
	r = take_line(&c);
	*ret_fault = (struct parse_fault){ p->offset, "rts_stats.pair", "the line is no pair of a name and a number" };
	*ret_used = c.n_used;
	p->offset += c.n_used;
	return r;
}

unsigned rts_stats_sniff(const char *at, size_t n)
{
	struct rts_stats_parser p = { 0 };
	struct rts_stats_record record;
	struct parse_fault fault;
	unsigned sure = 0;
	size_t n_used;

	for (; rts_stats_next(&p, at, n, 0, &record, &n_used, &fault) == PARSE_OK; at += n_used, n -= n_used) {
		if (record.what == RTS_STATS_COMMAND)
			sure = SURE_OF_COMMAND;
		else if (record.what != RTS_STATS_TEXT)
			return SURE;
	}
	return sure;
}
