/* SPDX-License-Identifier: Apache-2.0 */
/* Eventlogs, each of another kind of records (see `eventlogs`): the reader alone, the order of all records, and the
 * whole collector against the host's checks, beside a scan for line ends and a walk from record to record that looks at
 * nothing else. Then whole programs on the same files: `weir ingest`, which hashes them on another core, `wc -l`, and
 * the ghc-events library on a slice, as it needs more memory than there is for more. Last a log of 5 GB, for what weir
 * needs of memory.
 *
 * usage: bench-eventlog [LOG...]   of these logs instead, in memory only */
#include "parsers/eventlog_order.h"
#include "parsers/eventlog_recovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/program.h"
#include "tests/bench/sink.h"
#include "tests/support/bytes.h"

enum {
	N_ROUNDS = 3,
	N_CELLS = 1 << 18,
	LOG_MB = 128,
	SLICE_MB = 8, /* for the library */
	LARGE_MB = 5000,
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
	double lines = 0, naive = 0, reader = 0, ordered = 0, collector = 0, wall = 0;
	uint64_t n_lines, n_records = 0;
	struct sink_counts counts = { 0 };
	struct taken taken = { 0 };

	for (int round = 0; round < N_ROUNDS; round++) {
		double start, start_wall;

		least(&lines, scan_lines(&b, &n_lines));
		least(&naive, walk(&b, &n_records));
		least(&reader, read_all(&b, NULL, &taken));
		least(&ordered, read_ordered(&b, &taken));
		start = cpu_now();
		start_wall = sink_now();
		counts = sink_run("ghc-eventlog", b.at, b.n, NULL, 0);
		least(&collector, cpu_now() - start);
		least(&wall, sink_now() - start_wall);
	}
	printf("%s: %.0f MB, %llu records, %llu observations, best of %d\n", path, (double)b.n / 1e6,
	       (unsigned long long)counts.ledger.n_read, (unsigned long long)counts.n_rows, N_ROUNDS);
	say("scan for line ends", &b, lines, lines, naive, n_records);
	say("naive walk over records", &b, naive, lines, naive, n_records);
	say("records read and checked", &b, reader, lines, naive, n_records);
	say("all in one order", &b, ordered, lines, naive, n_records);
	say("into observations", &b, collector, lines, naive, n_records);
	printf("  %-30s %7.0f MB/s by the clock on the wall\n", "", (double)b.n / wall / 1e6);
	bytes_done(&b);
	return counts.ledger.n_read >= n_records ? 0 : 1;
}

/* ---- Whole programs ---- */

/* weir_s: what weir takes of a processor for a byte; 0: this is weir. */
static void say_program(const char *what, const struct program_cost *c, double n_bytes, double weir_s)
{
	printf("  %-30s %7.0f MB/s of a processor, %.0f MB/s by the clock on the wall, %.0f MB of memory", what,
	       n_bytes / c->cpu_s / 1e6, n_bytes / c->s / 1e6, c->peak_mb);
	if (weir_s > 0)
		printf("; %.2f times weir's processor time", c->cpu_s / n_bytes / weir_s);
	printf("\n");
}

static struct program_cost best_of(struct program_cost a, struct program_cost b)
{
	return b.cpu_s < a.cpu_s ? b : a;
}

/* The store is a new one each time. */
static struct program_cost ingest(const char *folder, const char *log)
{
	static const char *const forget[] = { "rm", "-f", "store.weir", "store.weir-wal", "store.weir-shm", NULL };
	const char *const argv[] = { WEIR, "ingest", "-q", log, "-o", "store.weir", NULL };

	(void)program_run(folder, forget, NULL);
	return program_run(folder, argv, NULL);
}

static double size_of(const char *folder, const char *name)
{
	char path[512];
	struct stat s;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return stat(path, &s) == 0 ? (double)s.st_size : 0;
}

static void grow(const char *folder, const char *log, int megabytes, const char *larger)
{
	char text[16];
	const char *const argv[] = { MAKE_EVENTLOG, log, text, NULL };

	(void)snprintf(text, sizeof(text), "%d", megabytes);
	(void)program_run(folder, argv, larger);
}

static void bench_library(const char *folder, const char *log, double weir_s)
{
	static const char *const argv[] = { "./library", "slice.eventlog", NULL };
	struct program_cost c;

	if (size_of(folder, "library") == 0)
		return;
	grow(folder, log, SLICE_MB, "slice.eventlog");
	c = program_run(folder, argv, NULL);
	say_program("ghc-events, of a slice", &c, size_of(folder, "slice.eventlog"), weir_s);
}

static void say_store(const char *folder, double n_bytes)
{
	double n_store = size_of(folder, "store.weir");

	printf("  %-30s %7.2f MB, %.5f bytes a byte of log\n", "its store", n_store / 1e6, n_store / n_bytes);
}

static void bench_whole(const char *folder, const char *log)
{
	const char *const count_lines[] = { "wc", "-l", log, NULL };
	double n_bytes = size_of(folder, log);
	struct program_cost weir = ingest(folder, log), wc = program_run(folder, count_lines, NULL);

	for (int round = 1; round < N_ROUNDS; round++) {
		weir = best_of(weir, ingest(folder, log));
		wc = best_of(wc, program_run(folder, count_lines, NULL));
	}
	say_program("weir ingest, with SHA-256", &weir, n_bytes, 0);
	say_store(folder, n_bytes);
	say_program("wc -l", &wc, n_bytes, weir.cpu_s / n_bytes);
	bench_library(folder, log, weir.cpu_s / n_bytes);
}

static void bench_large(const char *folder, const char *log)
{
	struct statvfs disk;
	struct program_cost c;

	if (statvfs(folder, &disk) < 0 || disk.f_bavail * disk.f_frsize < (uint64_t)LARGE_MB * 1200000) {
		printf("%s: no room for a log of %d MB\n", folder, LARGE_MB);
		return;
	}
	grow(folder, log, LARGE_MB, "large.eventlog");
	c = ingest(folder, "large.eventlog");
	printf("%s, %.0f MB of it\n", log, size_of(folder, "large.eventlog") / 1e6);
	say_program("weir ingest, with SHA-256", &c, size_of(folder, "large.eventlog"), 0);
	say_store(folder, size_of(folder, "large.eventlog"));
}

/* In a process of its own: what it held would count as that of programs that start later. */
static int bench_apart(const char *path)
{
	int status;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int r = bench(path);

		(void)fflush(stdout);
		_exit(r);
	}
	return pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0;
}

static int bench_kinds(const char *folder)
{
	static const char *const logs[] = { "threads.eventlog",  "forks.eventlog", "sparks.eventlog",
		                            "messages.eventlog", "heap.eventlog",  "profile.eventlog",
		                            "sample.eventlog" };
	char path[512];
	int r = 0;

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		if (size_of(folder, logs[i]) == 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, logs[i]);
		r |= bench_apart(path);
		bench_whole(folder, logs[i]);
	}
	bench_large(folder, size_of(folder, logs[0]) > 0 ? logs[0] : "sample.eventlog");
	return r;
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/weir-bench-XXXXXX", size[16];
	const char *const make[] = { EVENTLOGS, MAKE_EVENTLOG, WEIR_SOURCE_ROOT, folder, size, NULL };
	const char *const forget[] = { "rm", "-rf", folder, NULL };
	int r = 0;

	for (int i = 1; i < argc; i++)
		r |= bench(argv[i]);
	if (argc > 1)
		return r;
	(void)snprintf(size, sizeof(size), "%d", LOG_MB);
	if (!mkdtemp(folder))
		return 1;
	(void)program_run(".", make, "/dev/stdout");
	r = bench_kinds(folder);
	(void)program_run("/", forget, NULL);
	return r;
}
