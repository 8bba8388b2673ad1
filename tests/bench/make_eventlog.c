/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a log of that size of a real one: its records over and over, each time later and with threads of other numbers,
 * up to the end of a block. usage: make-eventlog LOG MEGABYTES >LARGER */
#include "parsers/eventlog.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/bytes.h"

struct making {
	struct bytes log;
	uint8_t *copy;
	uint64_t last_ns, shift_ns, n_out, n_max;
	uint32_t last_thread, thread_shift;
	size_t marker; /* payload of the last block's */
};

static void put(uint8_t *at, uint64_t value, size_t n)
{
	while (n > 0) {
		at[--n] = (uint8_t)value;
		value >>= 8;
	}
}

static int has_thread(const struct eventlog_event *e)
{
	return e->tag <= EVENTLOG_MIGRATE_THREAD || e->tag == EVENTLOG_THREAD_WAKEUP ||
	       e->tag == EVENTLOG_CREATE_SPARK_THREAD || e->tag == EVENTLOG_THREAD_LABEL;
}

static void move(struct making *m, const struct eventlog *s, const struct eventlog_event *e)
{
	size_t at = (size_t)(e->payload - m->log.at), n_head = EVENTLOG_HEAD_BYTES;

	if (s->size[e->tag] == EVENTLOG_SIZE_VARIABLE || s->size[e->tag] == EVENTLOG_SIZE_NAMES)
		n_head += 2;
	if (e->time_ns > m->last_ns)
		m->last_ns = e->time_ns;
	put(m->copy + at - n_head + 2, e->time_ns + m->shift_ns, 8);
	if (e->tag == EVENTLOG_BLOCK_MARKER) {
		m->marker = at;
		put(m->copy + at + 4, eventlog_u64(e->payload + 4) + m->shift_ns, 8);
	}
	if (!has_thread(e))
		return;
	if (eventlog_u32(e->payload) > m->last_thread)
		m->last_thread = eventlog_u32(e->payload);
	put(m->copy + at, eventlog_u32(e->payload) + m->thread_shift, 4);
}

static int is_full(const struct making *m, size_t n_more, const struct eventlog_batch *b)
{
	return b->n && b->events[0].kind == EVENTLOG_RECORD && b->events[0].tag == EVENTLOG_BLOCK_MARKER &&
	       m->n_out + n_more >= m->n_max;
}

/* Once through the log: what came before `from` is not said again. Where the header ends. */
static size_t pass(struct making *m, size_t from)
{
	static struct eventlog s;
	static struct eventlog_batch b;
	size_t used = 0, n_header = 0;
	struct parse_fault fault;
	int is_cut = 0;

	eventlog_init(&s);
	while (eventlog_read(&s, m->log.at + used, m->log.n - used, 1, &b, &fault) == PARSE_OK) {
		is_cut = is_full(m, used - from, &b);
		if (is_cut)
			break;
		for (size_t i = 0; i < b.n; i++)
			if (b.events[i].kind == EVENTLOG_RECORD)
				move(m, &s, &b.events[i]);
		used += b.n_used;
		if (b.n && b.events[0].kind == EVENTLOG_RECORD && !n_header)
			n_header = used - b.n_used;
	}
	/* The end marker is in the log's last block. */
	if (m->marker && !is_cut)
		put(m->copy + m->marker, used - (m->marker - EVENTLOG_HEAD_BYTES), 4);
	m->n_out += fwrite(m->copy + from, 1, used - from, stdout);
	return n_header;
}

int main(int argc, char **argv)
{
	struct making m = { 0 };
	size_t n_header;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: make-eventlog LOG MEGABYTES >LARGER\n");
		return 2;
	}
	m.log = bytes_read(argv[1]);
	m.n_max = strtoull(argv[2], NULL, 10) * 1000000;
	m.copy = malloc(m.log.n);
	if (!m.copy)
		return 1;
	for (size_t i = 0; i < m.log.n; i++)
		m.copy[i] = m.log.at[i];
	n_header = pass(&m, 0);
	while (n_header && m.n_out < m.n_max && !ferror(stdout)) {
		m.shift_ns += m.last_ns;
		m.thread_shift += m.last_thread;
		m.last_ns = m.last_thread = 0;
		(void)pass(&m, n_header);
	}
	(void)fwrite("\xff\xff", 1, 2, stdout);
	free(m.copy);
	bytes_done(&m.log);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
