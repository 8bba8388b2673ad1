/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_READING_H
#define PLUGINS_READING_H

/* One source while it is read: its files, its worker, what came of it so far, and how it ends. Private to the session.
 *
 *     reading_open     the files
 *     reading_start    a worker                        or  reading_run_here   the same work, right now
 *     reading_drain, reading_hear, reading_watch       whenever something is there, and four times a second
 *     reading_end      the process has gone: the verdict, and the source's end in the store
 *     reading_free     at any moment; what was not ended is forgotten
 */

#include <sys/stat.h>
#include <sys/types.h>

#include "plugins/intake.h"
#include "plugins/loader.h"
#include "plugins/session.h"
#include "plugins/verdict.h"
#include "plugins/worker.h"

enum {
	READING_OUTPUT_MAX = 1024, /* bytes of stdout and stderr that are kept */
	READING_MESSAGES_MAX = 64, /* taken from one worker before others get their turn */
	READING_PIECES_MAX = 16,   /* of 4 KiB, what a pipe holds: heard of one worker before others get their turn */
	READING_GRACE_MS = 2000,   /* for a worker that was told to end, to hand over what it has */
};

struct reading_setup {
	const struct session_job *job;
	const struct session_config *config; /* with its defaults filled in */
	int64_t began_ns;                    /* CLOCK_MONOTONIC, of the session */
	uint8_t *room;                       /* RING_MESSAGE_MAX bytes, shared by all readings of a session */
	intake_hear *hear;
	struct intake_listener *listener;
};

struct reading {
	struct reading_setup setup;
	int fd; /* -1: it could not be opened */
	struct stat file;
	struct weir_error open_error;
	int companion_fds[LOADER_COMPANIONS_MAX];
	uint64_t companion_sizes[LOADER_COMPANIONS_MAX];
	struct stat companions[LOADER_COMPANIONS_MAX];
	char mtime_ns[24], size_bytes[24]; /* as context */

	struct store_source *source;
	struct intake intake;
	struct ring *ring;
	struct worker_gauge *gauge;
	uint64_t rows_max;
	pid_t pid; /* 0: none is running */
	int process_fd, output_fd;
	int target_fd; /* readable when the job's target has ended; -1: there is none, or not any more */
	int stop_fd;   /* an eventfd that a live worker looks at; -1: it is none */
	char interval_ns[24];
	char output[READING_OUTPUT_MAX];
	uint64_t n_output;
	uint64_t n_seen; /* the gauge's sum when it last moved */
	int64_t started_ns, moved_ns, told_ns, weighed_ns;
	enum verdict_fate fate;
	struct weir_error fault;
	int is_hash_only;
};

/* Opens the job's files. A file that can't be read is no error here: its reading ends as soon as it is started. */
struct reading *reading_open(const struct reading_setup *setup); /* NULL: no memory */
void reading_free(struct reading *r);                            /* NULL is fine */

struct store_source_info reading_info(const struct reading *r, int64_t collector, const char *options_json);

/* info: of reading_info(); NULL: only hash. is_beside: a second thread of the worker reads and hashes. 0: running; 1:
 * it cannot be read, call reading_end(). */
int reading_start(struct reading *r, const struct store_source_info *info, int is_beside, struct weir_error *reterr);
int reading_run_here(struct reading *r, const struct store_source_info *info, struct weir_error *reterr);

/* 1: there is more; 0: nothing now. < 0: the store's error. */
int reading_drain(struct reading *r, struct weir_error *reterr);
void reading_hear(struct reading *r);
/* Ends a worker that stands still, or has more memory than it may. */
void reading_watch(struct reading *r, int64_t now_ns);
/* Of a live one: one more poll, and the end. */
void reading_stop(struct reading *r);
int reading_is_open(const struct reading *r);    /* a live one that measures, or anything that has ended */
uint64_t reading_bytes(const struct reading *r); /* read so far */

int reading_end(struct reading *r, struct session_outcome *ret, struct weir_error *reterr);
int64_t reading_mtime_ns(const struct stat *file);
/* After the end of one that only hashed: 1 when the file has this hash still. */
int reading_has_hash(const struct reading *r, const uint8_t sha256[32]);

#endif
