/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/eventlog_order.h"

#include <string.h>

_Static_assert(sizeof(struct eventlog_order_cell) == 64, "a cell is a cache line");

#define NONE EVENTLOG_ORDER_NONE

enum {
	ID_BYTES = 4, /* what most records are: a number */
};

void eventlog_order_init(struct eventlog_order *o, struct eventlog_order_cell *cells, uint32_t n_cells,
                         struct eventlog_order_queue *queues, uint32_t n_queues)
{
	*o = (struct eventlog_order){
		.cells = cells, .queues = queues, .n_queues = n_queues, .free = NONE, .n_free = n_cells
	};
	for (uint32_t i = 0; i < n_queues; i++)
		queues[i] = (struct eventlog_order_queue){ .head = NONE, .tail = NONE, .place = NONE };
}

/* ---- The heap of queues, by their heads ---- */

static int is_before(const struct eventlog_order *o, uint32_t a, uint32_t b)
{
	const struct eventlog_order_cell *x = &o->cells[o->queues[a].head], *y = &o->cells[o->queues[b].head];

	if (x->u.record.key != y->u.record.key)
		return x->u.record.key < y->u.record.key;
	return x->u.record.sequence < y->u.record.sequence;
}

static void place(struct eventlog_order *o, uint32_t at, uint32_t queue)
{
	o->queues[at].heap = queue;
	o->queues[queue].place = at;
}

static void move_up(struct eventlog_order *o, uint32_t queue)
{
	uint32_t at = o->queues[queue].place;

	while (at && is_before(o, queue, o->queues[(at - 1) / 2].heap)) {
		place(o, at, o->queues[(at - 1) / 2].heap);
		at = (at - 1) / 2;
	}
	place(o, at, queue);
}

static void move_down(struct eventlog_order *o, uint32_t queue)
{
	uint32_t at = o->queues[queue].place;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= o->n_heap)
			break;
		if (child + 1 < o->n_heap && is_before(o, o->queues[child + 1].heap, o->queues[child].heap))
			child++;
		if (!is_before(o, o->queues[child].heap, queue))
			break;
		place(o, at, o->queues[child].heap);
		at = child;
	}
	place(o, at, queue);
}

static void remove_first(struct eventlog_order *o)
{
	uint32_t queue = o->queues[0].heap, last = o->queues[--o->n_heap].heap;

	o->queues[queue].place = NONE;
	if (last == queue)
		return;
	o->queues[last].place = 0;
	move_down(o, last);
}

/* ---- Cells ---- */

static uint32_t cells_of(uint32_t n_payload)
{
	return n_payload <= EVENTLOG_ORDER_INLINE
	               ? 1
	               : 1 + (n_payload - EVENTLOG_ORDER_INLINE + EVENTLOG_ORDER_MORE - 1) / EVENTLOG_ORDER_MORE;
}

static uint32_t take_cell(struct eventlog_order *o)
{
	uint32_t i = o->free != NONE ? o->free : o->n_fresh++;

	o->free = o->free != NONE ? o->cells[i].more : NONE;
	o->n_free--;
	o->cells[i].more = NONE;
	return i;
}

static inline void give_back(struct eventlog_order *o, uint32_t cell)
{
	o->cells[cell].more = o->free;
	o->free = cell;
	o->n_free++;
}

static __attribute__((noinline)) void fill_payload(struct eventlog_order *o, uint32_t cell,
                                                   const struct eventlog_event *e)
{
	uint32_t n = e->n_payload < EVENTLOG_ORDER_INLINE ? e->n_payload : EVENTLOG_ORDER_INLINE;

	if (n)
		memcpy(o->cells[cell].u.record.payload, e->payload, n);
	for (uint32_t i = n; i < e->n_payload; i += n) {
		uint32_t more = take_cell(o);

		n = e->n_payload - i < EVENTLOG_ORDER_MORE ? e->n_payload - i : EVENTLOG_ORDER_MORE;
		memcpy(o->cells[more].u.payload, e->payload + i, n);
		o->cells[cell].more = more;
		cell = more;
	}
}

static inline uint32_t fill(struct eventlog_order *o, const struct eventlog_event *e)
{
	uint32_t cell = take_cell(o);
	struct eventlog_order_cell *c = &o->cells[cell];

	c->u.record.key = c->u.record.time_ns = e->time_ns;
	c->u.record.sequence = o->n_put++;
	c->u.record.n_payload = e->n_payload;
	c->u.record.tag = e->tag;
	c->u.record.kind = e->kind;
	if (__builtin_expect(e->n_payload == ID_BYTES, 1))
		memcpy(c->u.record.payload, e->payload, ID_BYTES);
	else
		fill_payload(o, cell, e);
	return cell;
}

/* Copies what fits and gives the cells back. */
static __attribute__((noinline)) void drain(struct eventlog_order *o, uint32_t cell, uint8_t *room, uint32_t n_room)
{
	uint32_t n_left = o->cells[cell].u.record.n_payload < n_room ? o->cells[cell].u.record.n_payload : n_room;
	const uint8_t *from = o->cells[cell].u.record.payload;
	uint32_t n_here = EVENTLOG_ORDER_INLINE;

	while (cell != NONE) {
		uint32_t next = o->cells[cell].more, n = n_left < n_here ? n_left : n_here;

		if (n)
			memcpy(room, from, n);
		room += n;
		n_left -= n;
		give_back(o, cell);
		cell = next;
		from = cell != NONE ? o->cells[cell].u.payload : NULL;
		n_here = EVENTLOG_ORDER_MORE;
	}
}

/* ---- Queues ---- */

/* The record that the new one comes behind: one that is not later, or the one at which the window ends. */
static uint32_t find_place(const struct eventlog_order *o, const struct eventlog_order_queue *q, uint64_t time_ns)
{
	uint32_t before = q->tail;

	for (int i = 0; before != NONE && i < EVENTLOG_ORDER_WINDOW; i++) {
		if (o->cells[before].u.record.key <= time_ns)
			return before;
		before = o->cells[before].u.record.before;
	}
	return before;
}

/* Into a queue that is empty, or where later records wait. */
static __attribute__((noinline)) void put_between(struct eventlog_order *o, uint32_t queue, uint32_t cell)
{
	struct eventlog_order_queue *q = &o->queues[queue];
	struct eventlog_order_cell *c = &o->cells[cell];
	uint64_t time_ns = c->u.record.time_ns;
	uint32_t before = find_place(o, q, time_ns), next;

	if (before != NONE && o->cells[before].u.record.key > c->u.record.key) {
		c->u.record.key = o->cells[before].u.record.key;
		o->n_late++;
	} else if (time_ns < o->last_key) {
		o->n_late++;
	}
	next = before == NONE ? q->head : o->cells[before].next;
	c->u.record.before = before;
	c->next = next;
	*(before == NONE ? &q->head : &o->cells[before].next) = cell;
	*(next == NONE ? &q->tail : &o->cells[next].u.record.before) = cell;
	if (q->place == NONE) {
		q->place = o->n_heap++;
		move_up(o, queue);
	} else if (before == NONE) {
		move_up(o, queue);
	}
}

int eventlog_order_put(struct eventlog_order *o, uint32_t queue, const struct eventlog_event *e)
{
	struct eventlog_order_queue *q = &o->queues[queue];
	uint32_t cell, tail = q->tail;

	if (cells_of(e->n_payload) > o->n_free)
		return 0;
	cell = fill(o, e);
	if (__builtin_expect(tail == NONE || o->cells[tail].u.record.key > e->time_ns, 0)) {
		put_between(o, queue, cell);
		return 1;
	}
	o->n_late += e->time_ns < o->last_key;
	o->cells[cell].u.record.before = tail;
	o->cells[cell].next = NONE;
	o->cells[tail].next = cell;
	q->tail = cell;
	return 1;
}

int eventlog_order_take(struct eventlog_order *o, uint64_t until_ns, uint8_t *room, uint32_t n_room,
                        struct eventlog_event *ret, uint32_t *ret_queue)
{
	uint32_t queue = o->n_heap ? o->queues[0].heap : NONE, cell = queue == NONE ? NONE : o->queues[queue].head;
	struct eventlog_order_queue *q = &o->queues[queue == NONE ? 0 : queue];
	const struct eventlog_order_cell *c;

	if (cell == NONE || o->cells[cell].u.record.key > until_ns)
		return 0;
	c = &o->cells[cell];
	*ret = (struct eventlog_event){ .time_ns = c->u.record.time_ns,
		                        .payload = c->u.record.payload,
		                        .n_payload = c->u.record.n_payload < n_room ? c->u.record.n_payload : n_room,
		                        .tag = c->u.record.tag,
		                        .kind = c->u.record.kind };
	*ret_queue = queue;
	if (c->u.record.key > o->last_key)
		o->last_key = c->u.record.key;
	q->head = c->next;
	if (q->head == NONE)
		q->tail = NONE;
	else
		o->cells[q->head].u.record.before = NONE;
	if (__builtin_expect(c->more == NONE, 1)) {
		give_back(o, cell);
	} else {
		drain(o, cell, room, n_room);
		ret->payload = room;
	}
	if (q->head == NONE)
		remove_first(o);
	else if (o->n_heap > 1)
		move_down(o, queue);
	return 1;
}
