/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_WORKER_H
#define PLUGINS_WORKER_H

/* One source, from its file to messages: loads the collector, lends it the host's functions, turns what it emits into
 * blocks, and sends everything to an outlet. In a child of its own it gives up what it doesn't need, and whatever ends
 * the collector (a signal, exit(), too many observations) it still sends what was delivered until then, and how it
 * ended. The same code serves --in-process, without a child and without any of that.
 */

#include "plugins/crash.h"
#include "plugins/registry.h"
#include "plugins/ring.h"
#include "plugins/schedule.h"
#include "plugins/wire.h"

enum worker_verb {
	WORKER_VERB_LOAD = 0,
	WORKER_VERB_OPEN,
	WORKER_VERB_POLL,
	WORKER_VERB_CLOSE,
	WORKER_VERB_NONE, /* none of the collector's: finishing */
	WORKER_VERB_COUNT,
};

/* Shared with the host, which only looks: written by the worker at any moment, so nothing here is to be believed. */
struct worker_gauge {
	_Atomic uint64_t n_read; /* bytes of the source that were read */
	_Atomic uint64_t offset; /* up to where the collector has used it */
	_Atomic uint64_t n_rows; /* observations that the collector emitted */
	_Atomic uint64_t n_sent; /* messages */
	_Atomic uint32_t verb;   /* enum worker_verb */
	struct crash_record crash;
};

/* What to do. The child sees the host's memory as it was at the fork, so plain pointers serve. */
struct worker_task {
	const struct registry_collector *collector; /* NULL: only hash the file */
	int fd;
	uint64_t size_bytes;
	const int *companion_fds; /* one for each of the collector's, -1: there is none */
	const uint64_t *companion_sizes;
	const struct lend_pair *options, *context;
	uint32_t n_options, n_context;
	uint64_t rows_max; /* observations, all together */
	uint64_t memory_max;
	int is_beside; /* a second thread reads and hashes */
	/* ---- Of a live source ---- */
	int is_live;
	struct schedule schedule;
	int64_t interval_ns; /* between two polls */
	int64_t began_ns;    /* CLOCK_MONOTONIC: what intervals count from */
	int stop_fd;         /* readable: one more poll, and the end */
	int is_stream;       /* it is a live input of a collector of files, and not a system */
	int has_own_end;
	const uint8_t *head; /* what was read of it already */
	uint64_t n_head;
	int target; /* whose process it measures, 0: none of them */
};

/* Where messages go. < 0 ends the worker's work. */
struct worker_outlet; /* completed privately by who takes them */
typedef int worker_send(struct worker_outlet *outlet, const struct ring_part *parts, uint32_t n_parts);

/* The child's whole life; stdout and stderr go to output_fd. The parent must be this process' parent still. */
__attribute__((noreturn)) void worker_child(const struct worker_task *task, struct ring *ring,
                                            struct worker_gauge *gauge, int output_fd, int parent);

/* The same work in this process, on this thread: no limits, no signals caught, the collector loaded by its path. */
int worker_in_process(const struct worker_task *task, worker_send *send, struct worker_outlet *outlet,
                      struct worker_gauge *gauge);

const char *worker_verb_name(uint32_t verb);

#endif
