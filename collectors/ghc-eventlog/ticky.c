/* SPDX-License-Identifier: Apache-2.0 */
/* Ticky-ticky counters. The runtime says what they are called when the program ends, after all of their samples; so
 * samples wait, and when too many do, a counter's next ones are added to its last one. Where the names never come (the
 * program was killed) a counter is called by its number. A closure's name and module are spelled as in a report of
 * `+RTS -r`. Source: rts/Ticky.c of GHC 9.2 to 9.14. */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/program/report.h"
#include "parsers/ticky.h"

enum {
	HELD_FIRST = 1024,
	CLOSURE_ATTRS_MAX = 3,
};

/* ---- What counters are called ---- */

/* What stands behind `"key":"`: the runtime's JSON has flat texts without escapes. */
static struct parse_text json_text(struct parse_text json, const char *key)
{
	size_t n_key = strlen(key);
	const char *at = json.n ? memmem(json.at, json.n, key, n_key) : NULL, *end = at ? json.at + json.n : NULL;
	const char *quote = at ? memchr(at + n_key, '"', (size_t)(end - at) - n_key) : NULL;

	return quote ? (struct parse_text){ at + n_key, (size_t)(quote - at) - n_key } : (struct parse_text){ "", 0 };
}

/* The kinds of a closure's arguments and free variables, a letter each, and its own. A snapshot of 9.3 has the JSON
 * where the arguments belong. */
static uint32_t closure_series(struct log *l, const struct eventlog_values *v)
{
	int is_json = v->at[2].text.n && v->at[2].text.at[0] == '{';
	struct parse_text json = is_json ? v->at[2].text : v->n > 5 ? v->at[5].text : (struct parse_text){ "", 0 };
	const struct weir_attr all[CLOSURE_ATTRS_MAX] = {
		{ { "arguments", 9 }, report_text(is_json ? json_text(json, "\"args\":\"") : v->at[2].text) },
		{ { "closure", 7 }, report_text(json_text(json, "\"subTy\":\"")) },
		{ { "free", 4 }, report_text(json_text(json, "\"fvs\":\"")) },
	};
	struct weir_attr attrs[CLOSURE_ATTRS_MAX];
	uint32_t n = 0;

	for (int i = 0; i < CLOSURE_ATTRS_MAX; i++)
		if (all[i].value.n_bytes)
			attrs[n++] = all[i];
	return l->host->series(l->host, ROW_TICKY_ARITY, attrs, n);
}

/* Where a closure's code stands, if the log has info tables. */
static struct weir_text closure_source(struct log *l, const struct eventlog_values *v)
{
	const char *source = v->n > 4 ? names_source(&l->names, v->at[4].number) : NULL;

	return source ? (struct weir_text){ source, strlen(source) } : (struct weir_text){ "", 0 };
}

enum fate ticky_definition(struct log *l, struct lane *lane, const struct eventlog_event *e,
                           const struct eventlog_values *v)
{
	struct table *names = &l->ticky.names;
	struct parse_text name = v->at[3].text, closure, module;
	uint32_t frame, stack;

	if (table_find(names, v->at[0].number))
		return FATE_STORED;
	if (names->n >= TICKY_MAX)
		return FATE_LIMIT;
	ticky_split(name, &closure, &module);
	frame = l->host->frame(l->host, report_text(name), report_text(module), closure_source(l, v));
	stack = frame ? l->host->stack(l->host, 0, frame, v->at[0].number) : 0;
	if (!stack)
		return FATE_REFUSED;
	outbox_weight(&l->outbox, closure_series(l, v), e->time_ns, 0, stack, v->at[1].number);
	return table_add(names, v->at[0].number, stack) < 0 ? log_no_memory(l) : FATE_STORED;
}

/* ---- Samples ---- */

static void say(struct log *l, const struct ticky_sample *s, uint32_t stack)
{
	static const enum row rows[TICKY_COUNTS] = { ROW_TICKY_ENTRIES, ROW_TICKY_ALLOC, ROW_TICKY_ALLOCD };

	for (int i = 0; i < TICKY_COUNTS; i++) {
		uint32_t *series = &l->ticky.series[i];

		if (!s->counts[i])
			continue;
		if (!*series)
			*series = series_of(l, rows[i], NULL);
		outbox_weight(&l->outbox, *series, s->start_ns, s->end_ns - s->start_ns, stack, s->counts[i]);
	}
}

static int make_room(struct ticky *t)
{
	uint32_t n_room = t->n_room ? 2 * t->n_room : HELD_FIRST;
	struct ticky_sample *bigger;

	if (t->n_held < t->n_room)
		return 0;
	bigger = reallocarray(t->held, n_room, sizeof(*bigger));
	if (!bigger)
		return -1;
	t->held = bigger;
	t->n_room = n_room;
	return 0;
}

static void merge(struct ticky_sample *into, const struct ticky_sample *s)
{
	into->end_ns = s->end_ns > into->end_ns ? s->end_ns : into->end_ns;
	into->n_records++;
	for (int i = 0; i < TICKY_COUNTS; i++)
		if (__builtin_add_overflow(into->counts[i], s->counts[i], &into->counts[i]))
			into->counts[i] = UINT64_MAX;
}

static enum fate hold(struct log *l, const struct ticky_sample *s, struct table_slot *last)
{
	struct ticky *t = &l->ticky;

	if (t->n_held == TICKY_HELD_MAX) {
		t->n_merged++;
		if (!last)
			return FATE_LIMIT;
		merge(&t->held[last->value], s);
		return FATE_LATER;
	}
	if (make_room(t) < 0 || (!last && table_add(&t->last, s->id, t->n_held) < 0))
		return log_no_memory(l);
	if (last)
		last->value = t->n_held;
	t->held[t->n_held++] = *s;
	return FATE_LATER;
}

/* 9.2 doesn't say where a sample begins: there each counter's goes on where its last one ended. */
static void set_interval(const struct ticky *t, const struct table_slot *last, uint64_t time_ns, struct ticky_sample *s)
{
	s->end_ns = t->has_begun ? t->now_ns : time_ns;
	s->start_ns = t->has_begun ? t->before_ns : last ? t->held[last->value].end_ns : 0;
	if (s->start_ns > s->end_ns)
		s->start_ns = s->end_ns;
}

enum fate ticky_begin(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	l->ticky.before_ns = l->ticky.now_ns;
	l->ticky.now_ns = e->time_ns;
	l->ticky.has_begun = 1;
	return FATE_STORED;
}

/* Each sample has what was counted since the one before. */
enum fate ticky_take(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	struct ticky *t = &l->ticky;
	const struct table_slot *name = table_find(&t->names, v->at[0].number);
	struct table_slot *last = table_find(&t->last, v->at[0].number);
	struct ticky_sample s = { .id = v->at[0].number, .n_records = 1 };

	for (int i = 0; i < TICKY_COUNTS; i++)
		s.counts[i] = v->at[1 + i].number;
	set_interval(t, last, e->time_ns, &s);
	if (!name || !t->has_begun)
		return hold(l, &s, last);
	say(l, &s, name->value);
	return FATE_STORED;
}

static uint32_t number_stack(struct log *l, uint64_t id)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "0x%" PRIx64, id);
	struct parse_text name = { text, (size_t)n }, nothing = { "", 0 };

	l->ticky.n_unnamed++;
	return names_label_stack(l, name, nothing, id);
}

void ticky_finish(struct log *l)
{
	struct ticky *t = &l->ticky;

	for (uint32_t i = 0; i < t->n_held; i++) {
		const struct table_slot *name = table_find(&t->names, t->held[i].id);
		uint32_t stack = name ? name->value : number_stack(l, t->held[i].id);

		if (stack)
			say(l, &t->held[i], stack);
		l->fates[stack ? FATE_STORED : FATE_REFUSED] += t->held[i].n_records;
	}
	t->n_held = 0;
}

void ticky_done(struct ticky *t)
{
	table_done(&t->names);
	table_done(&t->last);
	free(t->held);
}
