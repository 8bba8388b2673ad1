/* SPDX-License-Identifier: Apache-2.0 */
/* Eventlogs: the reader alone, the order of all records, and the whole collector against the host's checks; beside a
 * scan for line ends and a walk from record to record that looks at nothing else. */
#include "parsers/eventlog_order.h"
#include "parsers/eventlog_recovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/sink.h"
#include "tests/support/bytes.h"

enum {
	N_ROUNDS = 3,
	N_CELLS = 1 << 18,
};

/* Processor time of this thread: other programs may run. */
static double cpu_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double scan_lines(const struct bytes *b, uint64_t *ret)
{
	double start = cpu_now();
	const uint8_t *at = b->at, *end = b->at + b->n;

	*ret = 0;
	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		at++;
		++*ret;
	}
	return cpu_now() - start;
}

/* Lengths only, as the header declares them: no check of anything, so only for logs that are whole. */
static double walk(const struct bytes *b, uint64_t *ret)
{
	static struct eventlog s;
	static struct eventlog_batch batch;
	struct parse_fault fault;
	const uint8_t *at = b->at, *end = b->at + b->n;
	double start = cpu_now();

	eventlog_init(&s);
	while (s.phase != EVENTLOG_IN_RECORDS &&
	       eventlog_read(&s, at, (size_t)(end - at), 1, &batch, &fault) == PARSE_OK)
		at += batch.n_used;
	for (*ret = 0; end - at >= EVENTLOG_HEAD_BYTES; ++*ret) {
		uint32_t tag = eventlog_u16(at), size = tag < EVENTLOG_TAGS_MAX ? s.size[tag] : 0;

		if (size >= EVENTLOG_SIZE_NAMES)
			size = 2U + eventlog_u16(at + EVENTLOG_HEAD_BYTES);
		else if (size == EVENTLOG_SIZE_MARKER)
			size = EVENTLOG_MARKER_BYTES - EVENTLOG_HEAD_BYTES;
		at += EVENTLOG_HEAD_BYTES + size;
	}
	return cpu_now() - start;
}

struct taken {
	uint64_t n;
	uint64_t sum; /* so that nobody leaves the work out */
};

static double read_all(const struct bytes *b, struct eventlog_order *order, struct taken *ret)
{
	static struct eventlog s;
	static struct eventlog_recovery recovery;
	static struct eventlog_batch batch;
	static uint8_t room[EVENTLOG_RECORD_MAX];
	struct eventlog_event e;
	uint32_t queue;
	size_t used = 0;
	double start = cpu_now();

	*ret = (struct taken){ 0 };
	eventlog_init(&s);
	recovery = (struct eventlog_recovery){ 0 };
	for (;; used += batch.n_used) {
		struct eventlog_gap gap;
		struct parse_fault fault;
		enum parse_result r = eventlog_read(&s, b->at + used, b->n - used, 1, &batch, &fault);

		if (r == PARSE_BAD)
			r = eventlog_recover(&recovery, &s, b->at + used, b->n - used, 1, &fault, &batch, &gap);
		if (r != PARSE_OK)
			break;
		ret->n += batch.n;
		for (size_t i = 0; i < batch.n; i++) {
			ret->sum += batch.events[i].time_ns;
			while (order && !eventlog_order_put(order, batch.capability % (EVENTLOG_CAPABILITIES_MAX + 1),
			                                    &batch.events[i]))
				ret->sum += (uint64_t)eventlog_order_take(order, UINT64_MAX, room, sizeof(room), &e,
				                                          &queue);
		}
	}
	while (order && eventlog_order_take(order, UINT64_MAX, room, sizeof(room), &e, &queue))
		ret->sum++;
	return cpu_now() - start;
}

static double read_ordered(const struct bytes *b, struct taken *ret)
{
	static struct eventlog_order_queue queues[EVENTLOG_CAPABILITIES_MAX + 1];
	struct eventlog_order_cell *cells = calloc(N_CELLS, sizeof(*cells));
	struct eventlog_order order;
	double seconds;

	if (!cells)
		return 0;
	eventlog_order_init(&order, cells, N_CELLS, queues, EVENTLOG_CAPABILITIES_MAX + 1);
	seconds = read_all(b, &order, ret);
	free(cells);
	return seconds;
}

static void least(double *best, double seconds)
{
	if (*best == 0 || seconds < *best)
		*best = seconds;
}

static void say(const char *what, const struct bytes *b, double seconds, double scan, double naive, uint64_t n)
{
	printf("  %-30s %7.0f MB/s %7.1f M records/s   time over line scan %5.1f, over naive walk %4.2f\n", what,
	       (double)b->n / seconds / 1e6, (double)n / seconds / 1e6, seconds / scan, seconds / naive);
}

static int bench(const char *path)
{
	struct bytes b = bytes_read(path);
	double lines = 0, naive = 0, reader = 0, ordered = 0, collector = 0;
	uint64_t n_lines, n_records = 0;
	struct sink_counts counts = { 0 };
	struct taken taken = { 0 };

	for (int round = 0; round < N_ROUNDS; round++) {
		double start;

		least(&lines, scan_lines(&b, &n_lines));
		least(&naive, walk(&b, &n_records));
		least(&reader, read_all(&b, NULL, &taken));
		least(&ordered, read_ordered(&b, &taken));
		start = cpu_now();
		counts = sink_run("ghc-eventlog", b.at, b.n, NULL, 0);
		least(&collector, cpu_now() - start);
	}
	printf("%s: %.0f MB, %llu records, %llu observations, best of %d\n", path, (double)b.n / 1e6,
	       (unsigned long long)counts.ledger.n_read, (unsigned long long)counts.n_rows, N_ROUNDS);
	say("scan for line ends", &b, lines, lines, naive, n_records);
	say("naive walk over records", &b, naive, lines, naive, n_records);
	say("records read and checked", &b, reader, lines, naive, n_records);
	say("all in one order", &b, ordered, lines, naive, n_records);
	say("into observations", &b, collector, lines, naive, n_records);
	bytes_done(&b);
	return counts.ledger.n_read >= n_records ? 0 : 1;
}

int main(int argc, char **argv)
{
	int r = argc > 1 ? 0 : 2;

	for (int i = 1; i < argc; i++)
		r |= bench(argv[i]);
	return r;
}
