/* SPDX-License-Identifier: Apache-2.0 */
/* What the program says of itself: messages, markers, and spans as ghc-events-analyze has them (`START label`,
 * `STOP label`; those of the label WINDOW are windows). A span may start on one capability and stop on another, and
 * call stacks build on what any capability said before: these records, and only these, are brought into the order of
 * time before they are taken. */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPAN_NONE UINT32_MAX
#define HASH_KEY  ((uint64_t)1 << 63)

int user_init(struct user *u)
{
	u->cells = calloc(ORDER_CELLS, sizeof(*u->cells));
	u->queues = calloc(LANE_COUNT, sizeof(*u->queues));
	u->room = malloc(EVENTLOG_RECORD_MAX);
	if (!u->cells || !u->queues || !u->room)
		return -ENOMEM;
	eventlog_order_init(&u->order, u->cells, ORDER_CELLS, u->queues, LANE_COUNT);
	u->free_span = SPAN_NONE;
	return 0;
}

void user_done(struct user *u)
{
	for (uint32_t i = 0; i < u->n_spans; i++)
		free(u->spans[i].label);
	free(u->spans);
	free(u->cells);
	free(u->queues);
	free(u->room);
	table_done(&u->open);
	for (int i = 0; i < USER_KEYS; i++)
		texts_done(&u->attrs[i]);
}

/* ---- Attributes ---- */

/* The host's id of the one attribute; 0: so many different ones have been said that this one is left out. */
static uint32_t attrs_of(struct log *l, enum user_key key, const char *at, size_t n)
{
	static const char *const keys[USER_KEYS] = { "message", "marker", "label" };
	struct weir_attr attr = { { keys[key], strlen(keys[key]) }, { at, n } };
	struct user *u = &l->user;
	uint32_t id = texts_find(&u->attrs[key], at, n);

	if (id || u->n_said >= l->settings.n_messages_max)
		return id;
	u->n_said++;
	id = l->host->attrs(l->host, &attr, 1);
	if (id)
		(void)texts_add(&u->attrs[key], at, n, id);
	return id;
}

static uint32_t series(struct log *l, enum row row)
{
	uint32_t *id = &l->user.series[row];

	if (!*id)
		*id = series_of(l, row, NULL);
	return *id;
}

static enum fate say_text(struct log *l, enum row row, enum user_key key, const struct eventlog_event *e, uint32_t lane)
{
	uint32_t attrs = attrs_of(l, key, (const char *)e->payload, e->n_payload);

	if (!attrs)
		return FATE_LIMIT;
	outbox_span(&l->outbox,
	            &(struct weir_span){
			    .time_ns = (int64_t)e->time_ns, .series = series(l, row), .track = lane, .attrs = attrs });
	return FATE_STORED;
}

/* ---- Spans ---- */

/* What a span is found by: the host's id of its label, or where none was kept the label's hash. */
static uint64_t span_key(struct log *l, const char *at, size_t n, uint32_t *ret_attrs)
{
	*ret_attrs = texts_find(&l->user.attrs[USER_LABEL], at, n);
	return *ret_attrs ? *ret_attrs : texts_hash(at, n) | HASH_KEY;
}

/* 0: there is no memory. */
static int keep_label(struct user_span *span, const char *at, size_t n)
{
	span->label = malloc(n + 1);
	if (!span->label)
		return 0;
	memcpy(span->label, at, n);
	span->n_label = (uint32_t)n;
	return 1;
}

static enum fate span_start(struct log *l, uint64_t time_ns, uint32_t lane, const char *at, size_t n)
{
	struct user *u = &l->user;
	uint32_t i = u->free_span != SPAN_NONE ? u->free_span : u->n_spans, attrs;
	uint64_t key = span_key(l, at, n, &attrs);
	struct table_slot *slot = table_find(&u->open, key);
	struct user_span span = { .start_ns = time_ns, .lane = lane, .next = slot ? slot->value : SPAN_NONE };

	if (i == SPANS_OPEN_MAX)
		return FATE_LIMIT;
	if (!u->spans)
		u->spans = calloc(SPANS_OPEN_MAX, sizeof(*u->spans));
	if (!u->spans || (!attrs && !keep_label(&span, at, n)))
		return log_no_memory(l);
	if (!slot && table_add(&u->open, key, i) < 0) {
		free(span.label);
		return log_no_memory(l);
	}
	if (slot)
		slot->value = i;
	if (i == u->free_span)
		u->free_span = u->spans[i].next;
	else
		u->n_spans++;
	u->spans[i] = span;
	u->n_open++;
	return FATE_LATER; /* with the record that stops it */
}

/* Takes a span with this label out of those that are open: the one that was opened last. 0: there is none. */
static int span_take(struct user *u, uint64_t key, const char *at, size_t n, struct user_span *ret)
{
	struct table_slot *slot = table_find(&u->open, key);
	uint32_t *link = slot ? &slot->value : NULL, i;

	while (link && *link != SPAN_NONE && u->spans[*link].label &&
	       (u->spans[*link].n_label != n || memcmp(u->spans[*link].label, at, n) != 0))
		link = &u->spans[*link].next;
	if (!link || *link == SPAN_NONE)
		return 0;
	i = *link;
	*ret = u->spans[i];
	*link = ret->next;
	free(ret->label);
	u->spans[i] = (struct user_span){ .next = u->free_span };
	u->free_span = i;
	u->n_open--;
	if (slot->value == SPAN_NONE)
		table_remove(&u->open, key);
	return 1;
}

static enum fate span_stop(struct log *l, uint64_t time_ns, const char *at, size_t n)
{
	struct user *u = &l->user;
	int is_window = n == 6 && memcmp(at, "WINDOW", 6) == 0;
	struct user_span span;
	uint32_t attrs;
	uint64_t key = span_key(l, at, n, &attrs);

	/* The first ones with a label were opened before it was kept. */
	if (!span_take(u, key, at, n, &span) && (!attrs || !span_take(u, texts_hash(at, n) | HASH_KEY, at, n, &span))) {
		u->n_unstarted++;
		return FATE_UNPAIRED;
	}
	if (!attrs && !is_window)
		attrs = attrs_of(l, USER_LABEL, at, n);
	if (attrs || is_window)
		outbox_span(&l->outbox,
		            &(struct weir_span){
				    .time_ns = (int64_t)span.start_ns,
				    .duration_ns = (int64_t)(time_ns > span.start_ns ? time_ns - span.start_ns : 0),
				    .series = series(l, is_window ? ROW_USER_WINDOW : ROW_USER_SPAN),
				    .track = span.lane,
				    .attrs = attrs });
	l->fates[attrs || is_window ? FATE_STORED : FATE_LIMIT]++;
	return attrs || is_window ? FATE_STORED : FATE_LIMIT;
}

/* ---- Records ---- */

enum span_word {
	SPAN_WORD_NONE = 0,
	SPAN_WORD_START,
	SPAN_WORD_STOP,
};

enum {
	START_BYTES = 6, /* of the word and the space */
	STOP_BYTES = 5,
};

static enum span_word span_word(const struct eventlog_event *e)
{
	if (e->n_payload > START_BYTES && memcmp(e->payload, "START ", START_BYTES) == 0)
		return SPAN_WORD_START;
	return e->n_payload > STOP_BYTES && memcmp(e->payload, "STOP ", STOP_BYTES) == 0 ? SPAN_WORD_STOP
	                                                                                 : SPAN_WORD_NONE;
}

static enum fate take_span(struct log *l, const struct eventlog_event *e, uint32_t lane)
{
	const char *at = (const char *)e->payload;

	if (span_word(e) == SPAN_WORD_START)
		return span_start(l, e->time_ns, lane, at + START_BYTES, e->n_payload - START_BYTES);
	return span_stop(l, e->time_ns, at + STOP_BYTES, e->n_payload - STOP_BYTES);
}

static enum fate take_binary(struct log *l, const struct eventlog_event *e, uint32_t lane)
{
	enum fate fate = call_stacks_take(l, e->time_ns, e->payload, e->n_payload);

	if (fate != FATE_UNKNOWN)
		return fate;
	outbox_span(&l->outbox, &(struct weir_span){ .time_ns = (int64_t)e->time_ns,
	                                             .value = (double)e->n_payload,
	                                             .series = series(l, ROW_USER_BINARY),
	                                             .track = lane,
	                                             .flags = WEIR_SPAN_HAS_VALUE });
	return FATE_STORED;
}

static int take_one(struct log *l, uint64_t until_ns)
{
	struct user *u = &l->user;
	struct eventlog_event e;
	enum fate fate;
	uint32_t lane;

	if (!eventlog_order_take(&u->order, until_ns, u->room, EVENTLOG_RECORD_MAX, &e, &lane))
		return 0;
	fate = e.tag == EVENTLOG_USER_MSG ? take_span(l, &e, lane) : take_binary(l, &e, lane);
	if (fate != FATE_LATER)
		l->fates[fate]++;
	return 1;
}

/* Nothing earlier than this can still come from a capability that has been seen. */
static uint64_t settled_until(const struct log *l)
{
	uint64_t until_ns = UINT64_MAX;

	for (uint32_t i = 0; i < LANE_GLOBAL; i++)
		if (l->lanes[i] && l->lanes[i]->is_seen && l->lanes[i]->now_ns < until_ns)
			until_ns = l->lanes[i]->now_ns;
	return until_ns > EVENTLOG_TIME_SLACK_NS ? until_ns - EVENTLOG_TIME_SLACK_NS : 0;
}

/* Keeps a record until all earlier ones have been read. */
static enum fate put_in_order(struct log *l, const struct lane *lane, const struct eventlog_event *e)
{
	struct user *u = &l->user;
	uint32_t n_easy = u->has_been_full ? ORDER_CELLS_EASY : ORDER_CELLS;
	uint64_t until_ns;

	/* At first capabilities may be missing of which nothing has been read: they have written little so far. */
	if (u->order.n_free > ORDER_CELLS - n_easy && eventlog_order_put(&u->order, lane->capability, e))
		return FATE_LATER;
	u->has_been_full = 1;
	if (u->n_until_look == 0) {
		until_ns = settled_until(l);
		while (take_one(l, until_ns))
			;
		u->n_until_look = ORDER_CELLS_EASY / 8;
	}
	u->n_until_look--;
	while (!eventlog_order_put(&u->order, lane->capability, e))
		if (!take_one(l, UINT64_MAX))
			return FATE_LIMIT;
	return FATE_LATER;
}

enum fate user_record(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	switch (e->tag) {
	case EVENTLOG_USER_MARKER:
		return say_text(l, ROW_USER_MARKER, USER_MARKER, e, lane->capability);
	case EVENTLOG_LOG_MSG:
		return say_text(l, ROW_RTS_MESSAGE, USER_MESSAGE, e, lane->capability);
	case EVENTLOG_USER_MSG:
		if (span_word(e) == SPAN_WORD_NONE)
			return say_text(l, ROW_USER_MESSAGE, USER_MESSAGE, e, lane->capability);
	}
	return put_in_order(l, lane, e);
}

void user_catch_up(struct log *l, int is_quiet)
{
	uint64_t settled_ns = settled_until(l);
	uint64_t recent_ns = l->last_ns > EVENTLOG_TIME_SLACK_NS ? l->last_ns - EVENTLOG_TIME_SLACK_NS : 0;
	uint64_t until_ns = is_quiet ? UINT64_MAX : settled_ns > recent_ns ? settled_ns : recent_ns;

	while (take_one(l, until_ns))
		;
}

void user_finish(struct log *l)
{
	struct user *u = &l->user;

	while (take_one(l, UINT64_MAX))
		;
	u->n_unstopped = u->n_open;
	l->fates[FATE_UNPAIRED] += u->n_unstopped;
}
