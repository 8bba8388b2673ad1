/* SPDX-License-Identifier: Apache-2.0 */
/* What the program says of itself: messages, markers, and spans as ghc-events-analyze has them (`START label`,
 * `STOP label`; those of the label WINDOW are windows). A span may start on one capability and stop on another, and
 * call stacks build on what any capability said before: these records, and only these, are brought into the order of
 * time before they are taken. */
#include "collectors/ghc-eventlog/ghc_eventlog.h"
#include "collectors/ghc-eventlog/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPAN_NONE UINT32_MAX
#define HASH_KEY  ((uint64_t)1 << 63)

enum {
	CELLS_FIRST = 1 << 15,   /* that small logs need */
	STEP_BACK_NS = 10000000, /* runtimes step back by microseconds; what does so further is told as late */
};

int user_init(struct user *u)
{
	u->cells = pages_new(ORDER_CELLS * sizeof(*u->cells), CELLS_FIRST * sizeof(*u->cells));
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
static uint32_t ask_attrs(struct log *l, enum user_key key, const char *at, size_t n, int *ret_is_kept)
{
	static const char *const keys[USER_KEYS] = { "message", "marker", "label" };
	struct weir_attr attr = { { keys[key], strlen(keys[key]) }, { at, n } };
	struct user *u = &l->user;
	uint32_t id = 0;
	int r = 0;

	if (u->n_said < l->settings.n_messages_max) {
		u->n_said++;
		id = l->host->attrs(l->host, &attr, 1);
	}
	if (id)
		r = texts_add(&u->attrs[key], at, n, id);
	if (r == -ENOMEM)
		(void)log_no_memory(l);
	*ret_is_kept = id && r == 0;
	return id;
}

static uint32_t attrs_of(struct log *l, enum user_key key, const char *at, size_t n)
{
	uint32_t id = texts_find(&l->user.attrs[key], at, n);
	int is_kept;

	return id ? id : ask_attrs(l, key, at, n, &is_kept);
}

/* The same; 0 also where it will not be found again. */
static uint32_t kept_attrs(struct log *l, enum user_key key, const char *at, size_t n)
{
	uint32_t id = texts_find(&l->user.attrs[key], at, n);
	int is_kept = 1;

	if (!id)
		id = ask_attrs(l, key, at, n, &is_kept);
	return is_kept ? id : 0;
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
	struct weir_span *span;

	if (!attrs)
		return FATE_LIMIT;
	span = outbox_span(&l->outbox, series(l, row), e->time_ns);
	span->track = lane;
	span->attrs = attrs;
	return FATE_STORED;
}

/* ---- Spans ---- */

/* What a span is found by: the host's id of its label, where that is kept; 0 for windows. Else the label's hash, and
 * the label. Which of them is settled when a label is first read. */
struct label {
	uint64_t key;
	uint32_t attrs;
	const char *at; /* NULL: it is kept */
	size_t n;
};

/* NULL: there is no memory. */
static char *copy_of(const struct label *label)
{
	char *copy = malloc(label->n + 1);

	return copy ? memcpy(copy, label->at, label->n) : NULL;
}

static int is_window(const struct label *label)
{
	return !label->key;
}

static enum fate span_start(struct log *l, uint64_t time_ns, uint32_t lane, const struct label *label)
{
	struct user *u = &l->user;
	uint32_t i = u->free_span != SPAN_NONE ? u->free_span : u->n_spans;
	struct table_slot *slot = table_find(&u->open, label->key);
	struct user_span span = { .start_ns = time_ns, .lane = lane, .next = slot ? slot->value : SPAN_NONE };

	if (i == SPANS_OPEN_MAX)
		return FATE_LIMIT;
	if (!u->spans)
		u->spans = calloc(SPANS_OPEN_MAX, sizeof(*u->spans));
	if (label->at) {
		span.label = copy_of(label);
		span.n_label = (uint32_t)label->n;
	}
	if (!u->spans || (label->at && !span.label) || (!slot && table_add(&u->open, label->key, i) < 0)) {
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
static int span_take(struct user *u, const struct label *label, struct user_span *ret)
{
	struct table_slot *slot = table_find(&u->open, label->key);
	uint32_t *link = slot ? &slot->value : NULL, i;

	while (link && *link != SPAN_NONE && label->at &&
	       (u->spans[*link].n_label != label->n || memcmp(u->spans[*link].label, label->at, label->n) != 0))
		link = &u->spans[*link].next;
	if (!link || *link == SPAN_NONE)
		return 0;
	i = *link;
	*ret = u->spans[i];
	*link = ret->next;
	u->spans[i] = (struct user_span){ .next = u->free_span };
	u->free_span = i;
	u->n_open--;
	if (!label->at) /* it will come again, and takes up less room than what keeps its text */
		return 1;
	free(ret->label);
	if (slot->value == SPAN_NONE)
		table_remove(&u->open, label->key);
	return 1;
}

static enum fate span_stop(struct log *l, uint64_t time_ns, const struct label *label)
{
	enum row row = is_window(label) ? ROW_USER_WINDOW : ROW_USER_SPAN;
	uint32_t attrs = label->at ? attrs_of(l, USER_LABEL, label->at, label->n) : label->attrs;
	enum fate fate = attrs || row == ROW_USER_WINDOW ? FATE_STORED : FATE_LIMIT;
	struct user_span started;
	struct weir_span *span;

	if (!span_take(&l->user, label, &started)) {
		l->user.n_unstarted++;
		return FATE_UNPAIRED;
	}
	if (fate == FATE_STORED) {
		span = outbox_span(&l->outbox, series(l, row), started.start_ns);
		span->duration_ns = (int64_t)since(started.start_ns, time_ns);
		span->track = started.lane;
		span->attrs = attrs;
	}
	l->fates[fate]++; /* the record that started it */
	return fate;
}

/* ---- Records ---- */

/* Starts and stops go through the order of time as records of these types (no log can have them) whose payload is the
 * label's id, or the label where none was kept. */
enum {
	TAG_START = EVENTLOG_TAGS_MAX,
	TAG_STOP,
	TAG_START_TEXT,
	TAG_STOP_TEXT,
};

enum {
	ID_BYTES = 4,
	START_BYTES = 6, /* of the word and the space */
	STOP_BYTES = 5,
};

/* Bytes of the word in front of a span's label; 0: the message is none. */
static uint32_t span_word(const struct eventlog_event *e)
{
	if (e->n_payload > START_BYTES && memcmp(e->payload, "START ", START_BYTES) == 0)
		return START_BYTES;
	return e->n_payload > STOP_BYTES && memcmp(e->payload, "STOP ", STOP_BYTES) == 0 ? STOP_BYTES : 0;
}

/* The start or stop as it goes through the order of time. `room` holds its payload. */
static struct eventlog_event span_event(struct log *l, const struct eventlog_event *e, uint32_t n_word,
                                        uint8_t room[ID_BYTES])
{
	struct eventlog_event span = *e;
	uint32_t id = 0;
	int is_stop = n_word == STOP_BYTES;

	span.payload += n_word;
	span.n_payload -= n_word;
	if (span.n_payload != 6 || memcmp(span.payload, "WINDOW", 6) != 0) {
		id = kept_attrs(l, USER_LABEL, (const char *)span.payload, span.n_payload);
		if (!id) {
			span.tag = is_stop ? TAG_STOP_TEXT : TAG_START_TEXT;
			return span;
		}
	}
	memcpy(room, &id, ID_BYTES);
	span.payload = room;
	span.n_payload = ID_BYTES;
	span.tag = is_stop ? TAG_STOP : TAG_START;
	return span;
}

static enum fate take_span(struct log *l, const struct eventlog_event *e, uint32_t lane)
{
	struct label label = { 0 };

	if (e->tag == TAG_START || e->tag == TAG_STOP) {
		memcpy(&label.attrs, e->payload, ID_BYTES);
		label.key = label.attrs;
	} else {
		label.at = (const char *)e->payload;
		label.n = e->n_payload;
		label.key = texts_hash(label.at, label.n) | HASH_KEY;
	}
	return e->tag == TAG_START || e->tag == TAG_START_TEXT ? span_start(l, e->time_ns, lane, &label)
	                                                       : span_stop(l, e->time_ns, &label);
}

static enum fate take_binary(struct log *l, const struct eventlog_event *e, uint32_t lane)
{
	enum fate fate = call_stacks_take(l, e->time_ns, e->payload, e->n_payload);
	struct weir_span *span;

	if (fate != FATE_UNKNOWN)
		return fate;
	span = outbox_span(&l->outbox, series(l, ROW_USER_BINARY), e->time_ns);
	span->value = (double)e->n_payload;
	span->track = lane;
	span->flags = WEIR_SPAN_HAS_VALUE;
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
	fate = e.tag == EVENTLOG_USER_BINARY_MSG ? take_binary(l, &e, lane) : take_span(l, &e, lane);
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
	return until_ns > STEP_BACK_NS ? until_ns - STEP_BACK_NS : 0;
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
	uint8_t room[ID_BYTES];
	struct eventlog_event span;
	uint32_t n_word;

	switch (e->tag) {
	case EVENTLOG_USER_MARKER:
		return say_text(l, ROW_USER_MARKER, USER_MARKER, e, lane->capability);
	case EVENTLOG_LOG_MSG:
		return say_text(l, ROW_RTS_MESSAGE, USER_MESSAGE, e, lane->capability);
	case EVENTLOG_USER_MSG:
		n_word = span_word(e);
		if (!n_word)
			return say_text(l, ROW_USER_MESSAGE, USER_MESSAGE, e, lane->capability);
		span = span_event(l, e, n_word, room);
		return put_in_order(l, lane, &span);
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
