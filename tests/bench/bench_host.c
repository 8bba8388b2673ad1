/* SPDX-License-Identifier: Apache-2.0 */
/* The host's overhead: an observation's way from a collector into the store, in a worker and in this process, beside a
 * memcpy of it; what a source costs before it has said anything; the ring alone. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugins/ring.h"
#include "tests/bench/filling.h"
#include "tests/bench/sink.h"

enum {
	N_POINTS = 4000000, /* of one file: 64 MB */
	N_SMALL = 200,
	N_ROUNDS = 3,
};

struct bench {
	struct folder folder;
	struct registry *registry;
	const struct registry_collector *points;
};

static struct filling filling_of(const struct bench *b, const char *kind, uint32_t n_files, int is_in_process)
{
	return (struct filling){ .folder = &b->folder,
		                 .collector = b->points,
		                 .kind = kind,
		                 .n_files = n_files,
		                 .n_workers = 1,
		                 .is_in_process = is_in_process };
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
		filling_die("no memory");
	start = sink_now();
	pid = fork();
	if (pid == 0) {
		for (uint64_t i = 0; i < n_messages; i++)
			(void)ring_send(ring, &part, 1);
		ring_flush(ring);
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

static void report_observations(const struct bench *b)
{
	const struct filling here = filling_of(b, "large", 1, 1), there = filling_of(b, "large", 1, 0);
	double copied = copy_observations();
	struct filling_cost own = filling_best(&here, N_ROUNDS), other = filling_best(&there, N_ROUNDS);

	printf("an observation (a number) into the store, best of %d times %d\n", N_ROUNDS, N_POINTS);
	printf("  memcpy of it        %8.1f ns\n", copied / N_POINTS * 1e9);
	printf("  in this process     %8.1f ns  %6.1f times the memcpy\n", own.clock / N_POINTS * 1e9,
	       own.clock / copied);
	printf("  through a worker    %8.1f ns  %6.2f times in this process  %6.1f M/s\n", other.clock / N_POINTS * 1e9,
	       other.clock / own.clock, N_POINTS / other.clock / 1e6);
	printf("  processor time      %8.1f ns in the worker, %.1f ns (%.0f %%) in the host\n",
	       other.workers / N_POINTS * 1e9, other.host / N_POINTS * 1e9,
	       100 * other.host / (other.host + other.workers));
}

static void report_sources(const struct bench *b)
{
	const struct filling in_process = filling_of(b, "small", N_SMALL, 1),
			     by_worker = filling_of(b, "small", N_SMALL, 0);
	double here = filling_best(&in_process, N_ROUNDS).clock, worker = filling_best(&by_worker, N_ROUNDS).clock;

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
	    registry_add(b.registry, POINTS_PATH, &b.points, &error) < 0)
		filling_die(error.text);
	filling_write_points(&b.folder, "large0", N_POINTS);
	for (uint32_t i = 0; i < N_SMALL; i++) {
		(void)snprintf(name, sizeof(name), "small%u", i);
		filling_write_points(&b.folder, name, 1);
	}
	report_ring();
	report_observations(&b);
	report_sources(&b);
	registry_close(b.registry);
	folder_free(&b.folder);
	return 0;
}
