/* SPDX-License-Identifier: Apache-2.0 */
/* What stands further on in a log that is a file: its clock, which GHC up to 9.0 writes last, and when it ends. The
 * file is read a second time, from its start on and up to its clock; of blocks of capabilities only the markers are
 * looked at. Damage ends the search. */
#include "collectors/ghc-eventlog/look_ahead.h"
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <stdlib.h>

enum {
	INPUT_AHEAD = 1, /* the log itself, as its own companion */
};

struct search {
	struct eventlog reader;
	struct eventlog_batch batch;
	uint64_t n_to_skip;
	struct look_ahead *found;
};

/* 1: a clock is among them. */
static int take(struct search *s)
{
	for (size_t i = 0; i < s->batch.n; i++) {
		const struct eventlog_event *e = &s->batch.events[i];
		uint64_t time_ns;
		int64_t start_ns;

		if (e->kind != EVENTLOG_RECORD)
			continue;
		time_ns = e->tag == EVENTLOG_BLOCK_MARKER ? eventlog_u64(e->payload + 4) : e->time_ns;
		if (time_ns > s->found->last_ns && time_ns < OUTBOX_TIMES_END_NS)
			s->found->last_ns = time_ns;
		if (e->tag == EVENTLOG_WALL_CLOCK_TIME && identity_start_of(e, &start_ns)) {
			s->found->start_ns = start_ns;
			s->found->has_clock = 1;
			return 1;
		}
	}
	if (s->batch.n && s->batch.capability != EVENTLOG_NO_CAPABILITY)
		s->n_to_skip = eventlog_skip_block(&s->reader);
	return 0;
}

/* 1: the search is over. */
static int look_at(struct search *s, const struct weir_chunk *chunk, uint64_t *ret_n_used)
{
	uint64_t used = 0;

	for (;;) {
		uint64_t n_left = chunk->n_bytes - used, n = s->n_to_skip < n_left ? s->n_to_skip : n_left;
		struct parse_fault fault;
		enum parse_result r;

		used += n;
		s->n_to_skip -= n;
		*ret_n_used = used;
		if (s->n_to_skip)
			return (int)chunk->is_last;
		r = eventlog_read(&s->reader, chunk->at + used, chunk->n_bytes - used, (int)chunk->is_last, &s->batch,
		                  &fault);
		used += s->batch.n_used;
		*ret_n_used = used;
		if (r == PARSE_OK && take(s))
			return 1;
		if (r == PARSE_MORE || (r == PARSE_END && !s->batch.n_used)) {
			s->found->has_end = chunk->is_last != 0;
			return (int)chunk->is_last;
		}
		if (r == PARSE_BAD)
			return 1;
	}
}

struct look_ahead look_ahead(struct log *l)
{
	struct look_ahead found = { 0 };
	struct search *s = calloc(1, sizeof(*s));
	struct weir_chunk chunk;
	uint64_t n_used = 0;

	if (!s) {
		(void)log_no_memory(l);
		return found;
	}
	s->found = &found;
	eventlog_init(&s->reader);
	while (l->host->input(l->host, INPUT_AHEAD, n_used, &chunk) == WEIR_OK && !look_at(s, &chunk, &n_used))
		;
	free(s);
	return found;
}
