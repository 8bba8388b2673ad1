/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli_filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void write_all(struct locli_filter *f, const char *at, size_t n)
{
	while (n && f->result == 0) {
		ssize_t done = write(f->fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			f->result = -errno;
			return;
		}
		at += done;
		n -= (size_t)done;
	}
}

int locli_filter_flush(struct locli_filter *f)
{
	if (f->run)
		write_all(f, f->run, (size_t)(f->end - f->run));
	f->run = NULL;
	return f->result;
}

/* Whether the next n bytes belong into the file. */
static int keeps(struct locli_filter *f, const char *at, size_t n)
{
	if (!f->is_open)
		f->is_kept = *at == '{';
	f->is_open = at[n - 1] != '\n';
	return f->is_kept;
}

void locli_filter_line(struct locli_filter *f, const char *at, size_t n)
{
	if (!keeps(f, at, n)) {
		(void)locli_filter_flush(f);
		return;
	}
	if (!f->run)
		f->run = at;
	f->end = at + n;
}

void locli_filter_replace(struct locli_filter *f, const char *at, size_t n, const char *text, size_t n_text)
{
	if (!keeps(f, at, n))
		return;
	(void)locli_filter_flush(f);
	write_all(f, text, n_text);
}

/* ---- Other values in a line ---- */

struct writer {
	char *at, *end;
	int is_full;
};

static void put(struct writer *w, const char *at, size_t n)
{
	if (n > (size_t)(w->end - w->at)) {
		w->is_full = 1;
		return;
	}
	memcpy(w->at, at, n);
	w->at += n;
}

static void put_number(struct writer *w, uint64_t value)
{
	char digits[24];

	put(w, digits, (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, value));
}

/* The first member that stands in the text at or behind `from`; -1: none is left. */
static int next_member(const struct trace_line *line, const struct locli_filter_member *members, int n_members,
                       const char *from, const struct jsontext_value **ret)
{
	int best = -1;

	for (int i = 0; i < n_members; i++) {
		const struct jsontext_value *v = trace_member(line, members[i].name);

		if (v && v->raw.at >= from && (best < 0 || v->raw.at < (*ret)->raw.at)) {
			best = i;
			*ret = v;
		}
	}
	return best;
}

/* A string's quotes stand around its text. */
static struct parse_text written(const struct jsontext_value *v)
{
	int has_quotes = v->type == JSONTEXT_STRING;

	return (struct parse_text){ v->raw.at - has_quotes, v->raw.n + 2u * (size_t)has_quotes };
}

size_t locli_filter_rewrite(const struct trace_line *line, const struct locli_filter_member *members, int n_members,
                            char *room, size_t n_room)
{
	struct writer w = { room, room + n_room, 0 };
	const char *from = line->text.at, *end = line->payload.raw.at + line->payload.raw.n - 1;
	const struct jsontext_value *v = NULL;
	int i;

	while ((i = next_member(line, members, n_members, from, &v)) >= 0) {
		struct parse_text old = written(v);

		put(&w, from, (size_t)(old.at - from));
		put_number(&w, members[i].value);
		from = old.at + old.n;
	}
	put(&w, from, (size_t)(end - from));
	for (i = 0; i < n_members; i++) {
		if (trace_member(line, members[i].name))
			continue;
		put(&w, line->n_members ? ",\"" : "\"", line->n_members ? 2 : 1);
		put(&w, members[i].name, strlen(members[i].name));
		put(&w, "\":", 2);
		put_number(&w, members[i].value);
	}
	put(&w, end, (size_t)(line->text.at + line->text.n - end));
	return w.is_full ? 0 : (size_t)(w.at - room);
}
