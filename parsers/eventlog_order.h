/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_EVENTLOG_ORDER_H
#define PARSERS_EVENTLOG_ORDER_H

/* One stream of records in the order of their times, out of those of all capabilities, in memory that does not grow.
 *
 * A capability writes when its buffer of 2 MB is full, so in the file a busy capability may be any number of bytes
 * ahead of an idle one, whose block comes late and is full of old records. Inside one capability records are in order
 * but for a few that step back by microseconds. So each capability has a queue; a record goes in at the tail, a few
 * places further up if need be; the earliest of all heads comes out.
 *
 * Nothing can come out that something earlier may still come before, so what must be held back is what the busy
 * capabilities wrote since the idlest one's last block: without bound. Here the caller's memory is the bound. Whoever
 * calls decides when to take: when the queues are full, at the end, or as soon as every capability has got past that
 * time. A record that comes when later ones have been taken already is handed out next, and counted as late; none is
 * ever dropped.
 *
 * So only feed it what needs the order of all capabilities. What happens to one thread does not: each capability's
 * records alone tell it, up to the migration that hands the thread on.
 */

#include "parsers/eventlog.h"

enum {
	EVENTLOG_ORDER_WINDOW = 64, /* places that a record may move up in its queue */
	EVENTLOG_ORDER_INLINE = 20, /* bytes of payload in a record's own cell */
	EVENTLOG_ORDER_MORE = 56,   /* bytes in each further one */
};

#define EVENTLOG_ORDER_NONE UINT32_MAX

/* Where records are kept. The caller's memory; as many as it likes, at least 2. */
struct eventlog_order_cell {
	uint32_t more; /* the cell with the rest of the payload, or the next free one */
	uint32_t next; /* the record behind, in its queue */
	union {
		struct {
			uint64_t key; /* its time, or later where it could not move up far enough */
			uint64_t time_ns;
			uint64_t sequence;
			uint32_t before;
			uint32_t n_payload;
			uint16_t tag, kind;
			uint8_t payload[EVENTLOG_ORDER_INLINE];
		} record;
		uint8_t payload[EVENTLOG_ORDER_MORE];
	} u;
};

/* A capability's queue. The caller's memory; zeroed by eventlog_order_init(). */
struct eventlog_order_queue {
	uint32_t head, tail;
	uint32_t place; /* in the heap; EVENTLOG_ORDER_NONE: the queue is empty */
	uint32_t heap;  /* the heap's array, of queues, by its own index */
};

struct eventlog_order {
	struct eventlog_order_cell *cells;
	struct eventlog_order_queue *queues;
	uint32_t n_queues, n_heap;
	uint32_t free, n_free;
	uint32_t n_fresh; /* cells before it have been touched */
	uint64_t n_put, n_late;
	uint64_t last_key; /* of what was taken last */
};

void eventlog_order_init(struct eventlog_order *o, struct eventlog_order_cell *cells, uint32_t n_cells,
                         struct eventlog_order_queue *queues, uint32_t n_queues);

/* Copies a record into a queue. 0: there is no room for it now. queue < n_queues. */
int eventlog_order_put(struct eventlog_order *o, uint32_t queue, const struct eventlog_event *e)
	__attribute__((warn_unused_result));

/* The earliest record, unless it is later than until_ns: 1, with its payload, which is good until the next call: in its
 * cell, or, if it has several, in `room`. Of more than n_room bytes the rest is cut. Of records of one time, the one
 * that was put first comes first. 0: there is none. */
int eventlog_order_take(struct eventlog_order *o, uint64_t until_ns, uint8_t *room, uint32_t n_room,
                        struct eventlog_event *ret, uint32_t *ret_queue);

#endif
