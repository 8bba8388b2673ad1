/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_EVENTLOG_RECORD_H
#define PARSERS_EVENTLOG_RECORD_H

/* Whether bytes make sense as a record of an eventlog: what the reader asks about what follows, and recovery of every
 * byte. Between eventlog.c, eventlog_record.c and eventlog_recovery.c; not for others. */

#include "parsers/eventlog.h"

enum {
	EVENTLOG_CHAIN = 4,         /* records in a row that are taken as proof of being in step */
	EVENTLOG_LENGTH_BYTES = 2,  /* behind the head of a record of variable size */
	EVENTLOG_HEAP_STACK_AT = 9, /* where record 163 says how deep its stack is */
	EVENTLOG_TIME_STACK_AT = 12 /* the same of record 167 */
};

/* What the header declares of a tag: bytes of payload, or EVENTLOG_SIZE_*. */
static inline uint32_t eventlog_size_of(const struct eventlog *s, uint32_t tag)
{
	return tag < EVENTLOG_TAGS_MAX ? s->size[tag] : EVENTLOG_SIZE_UNDECLARED;
}

static inline int eventlog_is_declared(const struct eventlog *s, uint32_t tag)
{
	return eventlog_size_of(s, tag) != EVENTLOG_SIZE_UNDECLARED;
}

/* A block of which nothing is known: any time, no end. */
struct eventlog_block eventlog_block_none(void);

/* What a block marker that stands at the stream's `offset` says. 0: it makes no sense. */
int eventlog_block_open(const struct eventlog_event *marker, uint64_t offset, struct eventlog_block *ret);

/* The same where no block is expected: two bytes of a length look like a marker's tag, so its size and its times have
 * to be likely, too, after a record of that time. */
int eventlog_block_is_likely(const struct eventlog_event *marker, uint64_t last_time_ns);

/* How far back the next record may step: not to when the program began, which is what zeros look like. */
static inline uint64_t eventlog_step_back(const struct eventlog_block *block)
{
	uint64_t last_ns = block->last_time_ns;

	return last_ns > block->slack_ns ? block->slack_ns : last_ns - (last_ns > 0);
}

static inline int eventlog_is_timely(const struct eventlog_block *block, uint64_t time_ns)
{
	uint64_t back_ns = eventlog_step_back(block);

	return time_ns - block->last_time_ns + back_ns <= block->span_ns - (block->slack_ns - back_ns);
}

/* Merged logs of several machines keep the time at which each machine came, on another clock. */
static inline int eventlog_has_own_clock(uint32_t tag)
{
	return tag == EVENTLOG_EDEN_CREATE_MACHINE;
}

/* A stack of cost centres says itself how deep it is; a record that another one was written into rarely agrees. */
static inline int eventlog_is_stack_sound(const struct eventlog_event *e)
{
	uint32_t n_before =
		e->tag == EVENTLOG_PROF_SAMPLE_COST_CENTRE ? EVENTLOG_TIME_STACK_AT : EVENTLOG_HEAP_STACK_AT;

	if (e->tag != EVENTLOG_PROF_SAMPLE_COST_CENTRE && e->tag != EVENTLOG_HEAP_PROF_SAMPLE_COST_CENTRE)
		return 1;
	return e->n_payload > n_before && e->n_payload == n_before + 1 + 4U * e->payload[n_before];
}

/* One record at `at`, judged alone: its type is declared, its time fits, its length agrees with what is in it. The
 * block's end is not looked at. PARSE_OK with the record in ret, PARSE_MORE, PARSE_BAD. */
enum parse_result eventlog_measure(const struct eventlog *s, const struct eventlog_block *block, const uint8_t *at,
                                   size_t n, struct eventlog_event *ret);

/* One record that must also fit into the block, or begin the next one where this one ends. Moves `block` on. */
enum parse_result eventlog_measure_next(const struct eventlog *s, struct eventlog_block *block, uint64_t offset,
                                        const uint8_t *at, size_t n, struct eventlog_event *ret);

/* Whether the stream ends, or another one begins, at `at`. */
enum parse_result eventlog_measure_end(const struct eventlog_block *block, uint64_t offset, const uint8_t *at, size_t n,
                                       int is_last);

/* Whether EVENTLOG_CHAIN records in a row, or all there are to the end of the stream, make sense from `at` on, which is
 * the stream's `offset`; blocks that end and begin on the way included. PARSE_OK, PARSE_MORE, PARSE_BAD. */
enum parse_result eventlog_chain(const struct eventlog *s, const struct eventlog_block *block, uint64_t offset,
                                 const uint8_t *at, size_t n, int is_last);

/* Whether the record at `at` and what follows make sense with some sizes as that runtime wrote them, not as it declared
 * them. If so they hold from now on. */
int eventlog_adapt(struct eventlog *s, const uint8_t *at, size_t n, int is_last);

#endif
