/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/transcript_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *transcript_add(struct transcript_list *l, size_t size)
{
	uint32_t n_room = l->n_room ? l->n_room * 2 : LIST_FIRST;
	void *at;

	if (l->n == l->n_room) {
		at = reallocarray(l->at, n_room, size);
		if (!at)
			return NULL;
		l->at = at;
		l->n_room = n_room;
	}
	at = (char *)l->at + (size_t)l->n * size;
	memset(at, 0, size);
	l->n++;
	return at;
}

static char *copy_text(struct weir_text text)
{
	char *copy = malloc(text.n_bytes + 1);

	if (!copy)
		return NULL;
	if (text.n_bytes)
		memcpy(copy, text.at, text.n_bytes);
	copy[text.n_bytes] = '\0';
	return copy;
}

struct transcript *transcript_new(const struct weir_collector *c)
{
	struct transcript *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->collector = c;
	t->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	t->out = open_memstream(&t->text, &t->n_text);
	if (t->out && t->c_locale)
		return t;
	transcript_free(t);
	return NULL;
}

void transcript_free(struct transcript *t)
{
	struct transcript_series *series;
	struct transcript_frame *frames;
	char **attrs;

	if (!t)
		return;
	series = t->series.at;
	frames = t->frames.at;
	attrs = t->attrs.at;
	for (uint32_t i = 0; i < t->series.n; i++)
		free(series[i].attrs_json);
	for (uint32_t i = 0; i < t->frames.n; i++)
		free((char *)frames[i].name.at);
	for (uint32_t i = 0; i < t->attrs.n; i++)
		free(attrs[i]);
	free(t->series.at);
	free(t->frames.at);
	free(t->stacks.at);
	free(t->attrs.at);
	free(t->lines.at);
	if (t->out)
		(void)fclose(t->out);
	free(t->text);
	free(t->sorted);
	if (t->c_locale)
		freelocale(t->c_locale);
	free(t);
}

/* ---- Identity ---- */

int transcript_series(struct transcript *t, uint32_t id, uint32_t metric_row, struct weir_text attrs_json)
{
	struct transcript_series *s = transcript_add(&t->series, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->metric = &t->collector->metrics[metric_row];
	s->attrs_json = copy_text(attrs_json);
	return s->attrs_json ? 0 : -ENOMEM;
}

uint32_t transcript_frame(struct transcript *t, struct weir_text name, struct weir_text module, struct weir_text source)
{
	char *copy = malloc(name.n_bytes + module.n_bytes + source.n_bytes + 1);
	struct transcript_frame *f = copy ? transcript_add(&t->frames, sizeof(*f)) : NULL;

	if (!f) {
		free(copy);
		return 0;
	}
	*f = (struct transcript_frame){ { copy, name.n_bytes },
		                        { copy + name.n_bytes, module.n_bytes },
		                        { copy + name.n_bytes + module.n_bytes, source.n_bytes } };
	memcpy(copy, name.at, name.n_bytes);
	memcpy(copy + name.n_bytes, module.at, module.n_bytes);
	memcpy(copy + name.n_bytes + module.n_bytes, source.at, source.n_bytes);
	return t->frames.n;
}

uint32_t transcript_stack(struct transcript *t, uint32_t parent, uint32_t frame, uint64_t native_id)
{
	struct transcript_stack *s = transcript_add(&t->stacks, sizeof(*s));

	if (!s)
		return 0;
	*s = (struct transcript_stack){ native_id, parent, frame };
	return t->stacks.n;
}

uint32_t transcript_attrs(struct transcript *t, struct weir_text attrs_json)
{
	char **a = transcript_add(&t->attrs, sizeof(*a));

	if (!a)
		return 0;
	*a = copy_text(attrs_json);
	return *a ? t->attrs.n : 0;
}

/* ---- The text ---- */

struct weir_text transcript_text(const struct transcript *t)
{
	if (t->has_failed || ferror(t->out) || fflush(t->out) != 0)
		return (struct weir_text){ NULL, 0 };
	return (struct weir_text){ t->text, t->n_text };
}

static int by_key(const void *a, const void *b, void *text)
{
	const struct transcript_line *x = a, *y = b;
	const char *base = text;
	int order = memcmp(base + x->at, base + y->at, x->n_key < y->n_key ? x->n_key : y->n_key);

	if (!order)
		order = (x->n_key > y->n_key) - (x->n_key < y->n_key);
	return order ? order : (x->at > y->at) - (x->at < y->at);
}

struct weir_text transcript_sorted(struct transcript *t)
{
	struct weir_text text = transcript_text(t);
	struct transcript_line *lines = calloc((size_t)t->lines.n + 1, sizeof(*lines));
	uint64_t n = 0;

	free(t->sorted);
	t->sorted = malloc(text.n_bytes + 1);
	if (!text.at || !lines || !t->sorted) {
		free(lines);
		return (struct weir_text){ NULL, 0 };
	}
	memcpy(lines, t->lines.at, t->lines.n * sizeof(*lines));
	qsort_r(lines, t->lines.n, sizeof(*lines), by_key, t->text);
	for (uint32_t i = 0; i < t->lines.n; n += lines[i++].n_bytes)
		memcpy(t->sorted + n, t->text + lines[i].at, lines[i].n_bytes);
	free(lines);
	return (struct weir_text){ t->sorted, n };
}
