/* SPDX-License-Identifier: Apache-2.0 */
/* The host's overhead: an observation's way from a collector into the store, in a worker and in this process, beside a
 * memcpy of it; two workers over one; what a source costs before it has said anything; the ring alone. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugins/loader.h"
#include "plugins/ring.h"
#include "plugins/session.h"
#include "tests/bench/make_log.h"
#include "tests/bench/sink.h"
#include "tests/support/folder.h"

enum {
	N_POINTS = 4000000, /* of one file: 64 MB */
	N_FILES = 4,
	N_SMALL = 200,
	N_ROUNDS = 3,
	LOG_BYTES = 64000000,
};

struct bench {
	struct folder folder;
	struct registry *registry;
	const struct registry_collector *points, *logs;
};

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "bench-host: %s\n", what);
	exit(1);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A measured quantity: regular times with some jitter, a level that walks, noise in the low bits. */
static void write_points(const struct bench *b, const char *name, uint64_t n)
{
	FILE *f = fopen(folder_path(&b->folder, name), "we");
	uint64_t seed = 88172645463325252u;
	int64_t record[2] = { 1764572400000000000, 1 << 20 };

	for (uint64_t i = 0; i < n && f; i++) {
		record[0] += 1000000 + (int64_t)(next_random(&seed) % 1000);
		record[1] += (int64_t)(next_random(&seed) % 4096) - 2048;
		if (fwrite(record, sizeof(record), 1, f) != 1)
			die("cannot write points");
	}
	if (!f || fclose(f) != 0)
		die("cannot write points");
}

static void write_log(const struct bench *b, const char *name, uint32_t i)
{
	struct make_log how = { .seed = 1 + i, .start_s = 1764572400, .host = "node", .txs_per_slot = 8 };
	FILE *f = fopen(folder_path(&b->folder, name), "we");

	if (!f || make_log(&how, LOG_BYTES, f) == 0 || fclose(f) != 0)
		die("cannot write a log");
}

/* Seconds for the first n_files of a kind into a new store. */
static double ingest(const struct bench *b, const struct registry_collector *collector, const char *kind,
                     uint32_t n_files, uint32_t n_workers, int is_in_process)
{
	struct session_config config = { .n_workers = n_workers, .is_in_process = is_in_process };
	struct session_totals totals;
	struct weir_error error;
	struct session *s;
	int64_t run, node;
	char name[32];
	double start, seconds;

	(void)unlink(folder_path(&b->folder, "bench.weir"));
	if (store_open(folder_path(&b->folder, "bench.weir"), STORE_CREATE, &config.store, &error) < 0 ||
	    store_run(config.store, "run", &run, &error) < 0 ||
	    store_node(config.store, run, "node", &node, &error) < 0 || session_new(&config, &s, &error) < 0)
		die(error.text);
	for (uint32_t i = 0; i < n_files; i++) {
		struct session_job job = { .collector = collector, .run = run, .node = node, .path = name };

		(void)snprintf(name, sizeof(name), "%s%u", kind, i);
		job.file = folder_path(&b->folder, name);
		if (session_add(s, &job, NULL, &error) < 0)
			die(error.text);
	}
	start = sink_now();
	if (session_run(s, &totals, &error) < 0)
		die(error.text);
	seconds = sink_now() - start;
	if (totals.n_failed > 0)
		die("a source is not whole");
	session_free(s);
	store_close(config.store);
	return seconds;
}

static double best_ingest(const struct bench *b, const struct registry_collector *collector, const char *kind,
                          uint32_t n_files, uint32_t n_workers, int is_in_process)
{
	double best = 1e9, seconds;

	for (int i = 0; i < N_ROUNDS; i++) {
		seconds = ingest(b, collector, kind, n_files, n_workers, is_in_process);
		best = seconds < best ? seconds : best;
	}
	return best;
}

/* Copies as many observations as one file has, a batch at a time, from and to what the cache holds. */
static double copy_observations(void)
{
	static struct weir_number from[1024], to[1024];
	double best = 1e9, start;

	for (int round = 0; round < N_ROUNDS; round++) {
		start = sink_now();
		for (uint64_t n = 0; n < N_POINTS; n += 1024) {
			memcpy(to, from, sizeof(to));
			__asm__ volatile("" : : "r"(to) : "memory");
		}
		best = sink_now() - start < best ? sink_now() - start : best;
	}
	return best;
}

static double through_ring(uint64_t n_messages, uint64_t n_bytes)
{
	uint8_t *room = calloc(1, RING_MESSAGE_MAX);
	struct ring_part part = { room, n_bytes };
	struct ring *ring;
	struct pollfd p;
	double start;
	pid_t pid;

	if (!room || ring_new(&ring) < 0)
		die("no memory");
	start = sink_now();
	pid = fork();
	if (pid == 0) {
		for (uint64_t i = 0; i < n_messages; i++)
			(void)ring_send(ring, &part, 1);
		_exit(0);
	}
	p = (struct pollfd){ .fd = ring_data_fd(ring), .events = POLLIN };
	for (uint64_t i = 0; i < n_messages;) {
		if (ring_receive(ring, room) > 0)
			i++;
		else
			(void)poll(&p, 1, -1);
	}
	start = sink_now() - start;
	(void)waitpid(pid, NULL, 0);
	ring_free(ring);
	free(room);
	return start;
}

static double processor_seconds(int whose)
{
	struct rusage u;

	(void)getrusage(whose, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
	       ((double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec) / 1e6;
}

/* Where the processor's time goes, which a busy machine doesn't change as much as it changes the clock's. */
static void report_shares(const struct bench *b)
{
	double host = processor_seconds(RUSAGE_SELF), workers = processor_seconds(RUSAGE_CHILDREN);

	(void)ingest(b, b->points, "large", 1, 1, 0);
	host = processor_seconds(RUSAGE_SELF) - host;
	workers = processor_seconds(RUSAGE_CHILDREN) - workers;
	printf("  processor time      %8.1f ns in the worker, %.1f ns (%.0f %%) in the host\n",
	       workers / N_POINTS * 1e9, host / N_POINTS * 1e9, 100 * host / (host + workers));
}

static void report_observations(const struct bench *b)
{
	double copied = copy_observations();
	double here = best_ingest(b, b->points, "large", 1, 1, 1);
	double worker = best_ingest(b, b->points, "large", 1, 1, 0);

	printf("an observation (a number) into the store, best of %d times %d\n", N_ROUNDS, N_POINTS);
	printf("  memcpy of it        %8.1f ns\n", copied / N_POINTS * 1e9);
	printf("  in this process     %8.1f ns  %6.1f times the memcpy\n", here / N_POINTS * 1e9, here / copied);
	printf("  through a worker    %8.1f ns  %6.2f times in this process  %6.1f M/s\n", worker / N_POINTS * 1e9,
	       worker / here, N_POINTS / worker / 1e6);
	report_shares(b);
}

static void report_scaling(const struct bench *b)
{
	double one = best_ingest(b, b->points, "large", N_FILES, 1, 0);
	double two = best_ingest(b, b->points, "large", N_FILES, 2, 0);

	printf("%d sources of %d observations\n", N_FILES, N_POINTS);
	printf("  one worker          %8.1f M/s\n", N_FILES * (double)N_POINTS / one / 1e6);
	printf("  two workers         %8.1f M/s  %6.2f times one\n", N_FILES * (double)N_POINTS / two / 1e6, one / two);
}

/* The same with logs of nodes: what a run directory is mostly made of. */
static void report_log_scaling(const struct bench *b)
{
	double one = best_ingest(b, b->logs, "node", N_FILES, 1, 0);
	double two = best_ingest(b, b->logs, "node", N_FILES, 2, 0);
	double megabytes = N_FILES * (double)LOG_BYTES / 1e6;

	printf("%d node logs of %d MB\n", N_FILES, LOG_BYTES / 1000000);
	printf("  one worker          %8.0f MB/s\n", megabytes / one);
	printf("  two workers         %8.0f MB/s  %6.2f times one\n", megabytes / two, one / two);
}

static void report_sources(const struct bench *b)
{
	double here = best_ingest(b, b->points, "small", N_SMALL, 1, 1);
	double worker = best_ingest(b, b->points, "small", N_SMALL, 1, 0);

	printf("a source of one observation, %d of them\n", N_SMALL);
	printf("  in this process     %8.3f ms\n", here / N_SMALL * 1e3);
	printf("  in its own worker   %8.3f ms  %6.2f times that\n", worker / N_SMALL * 1e3, worker / here);
}

static void report_ring(void)
{
	double large = through_ring(20000, 64 * 1024), small = through_ring(2000000, 128);

	printf("the ring alone, between two processes\n");
	printf("  messages of 64 KiB  %8.0f MB/s\n", 20000 * 65536.0 / large / 1e6);
	printf("  messages of 128 B   %8.1f M/s\n", 2000000 / small / 1e6);
}

int main(void)
{
	static const char *const no_folder[] = { NULL };
	struct registry_config config = { .folders = no_folder };
	struct bench b = { .folder = folder_new() };
	struct weir_error error;
	char name[32];

	if (registry_open(&config, &b.registry, &error) < 0 ||
	    registry_add(b.registry, POINTS_PATH, &b.points, &error) < 0 ||
	    registry_add(b.registry, WEIR_COLLECTOR_DIR "/node-trace.so", &b.logs, &error) < 0)
		die(error.text);
	for (uint32_t i = 0; i < N_FILES; i++) {
		(void)snprintf(name, sizeof(name), "large%u", i);
		write_points(&b, name, N_POINTS);
		(void)snprintf(name, sizeof(name), "node%u", i);
		write_log(&b, name, i);
	}
	for (uint32_t i = 0; i < N_SMALL; i++) {
		(void)snprintf(name, sizeof(name), "small%u", i);
		write_points(&b, name, 1);
	}
	report_ring();
	report_observations(&b);
	report_scaling(&b);
	report_log_scaling(&b);
	report_sources(&b);
	registry_close(b.registry);
	folder_free(&b.folder);
	return 0;
}
