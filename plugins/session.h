/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_SESSION_H
#define PLUGINS_SESSION_H

/* Many sources into one store: a worker process per source, as many at once as there are cores.
 *
 * A worker parses and encodes; what it sends is checked and inserted here, on one thread, from one event loop. Whatever
 * a worker does (crash, hang, flood, eat memory, lie), it costs its own source, which ends partial or failed with a
 * diag that says what happened where; the others are unaffected. A signal (SIGINT, SIGTERM, SIGHUP) or a store that
 * cannot be written ends everything, and leaves the store consistent: unfinished sources are forgotten.
 *
 * A live source is polled at its interval until its target is gone, live_end_fd is readable or a signal comes. All of
 * them run at once, beside the files. What one has measured counts as it comes, so that a killed recording keeps it,
 * partial.
 *
 * The calling thread must be the one that lives longest: workers die with it. Not thread-safe.
 */

#include "plugins/lend.h"
#include "plugins/registry.h"
#include "plugins/schedule.h"
#include "store/store.h"

struct session;

/* One file to read, or one target to measure. Everything is copied by session_add(). */
struct session_job {
	const struct registry_collector *collector; /* the registry must outlive the session */
	int64_t run, node;                          /* the store's ids */
	const char *file;                           /* to open: a regular file */
	const char *path;                           /* what the store calls it */
	const char *const *companions; /* files to open, one for each of the collector's, NULL where there is none */
	const struct lend_pair *options;
	const struct lend_pair *context; /* the session adds `path`, `file.mtime_ns` and `file.size_bytes` */
	uint32_t n_options, n_context;
	/* ---- Of a live source: there is no file; `path` names it, and context has what it is to measure ---- */
	int is_live;
	int64_t interval_ns;      /* between two polls; the session adds `interval_ns` to the context */
	struct schedule schedule; /* period_ns 0: none; else when it is polled; interval_ns is that inside of windows */
	int64_t started_ns;       /* UTC: of the recording. No two of one path in a store have the same. */
	int is_stream;   /* no system, but a live input of a collector of files: a pipe, a socket, a file that grows */
	int stream_fd;   /* to read from, without waiting; the caller's, like head */
	int has_own_end; /* over when its writer is gone; else only when all live sources end */
	const uint8_t *head; /* what was read of it already */
	uint64_t n_head;
	int target;      /* whose process it measures, 0: none */
	int is_optional; /* nobody named the collector: when the target is not of its kind, it is left out */
};

struct session_progress {
	uint64_t n_bytes_done, n_bytes_total; /* of sources; skipped ones are done */
	uint64_t n_rows;                      /* observations that have reached the store */
	uint32_t n_sources_done, n_sources_total, n_running;
	int64_t elapsed_ns;
};

struct session_outcome {
	int is_skipped;  /* read whole before; nothing below counts */
	int is_left_out; /* not for this target: the store has nothing of it, and only why counts */
	struct weir_error why;
	enum store_status status;
	struct store_ledger ledger;
	uint64_t n_rows, n_bytes;
	int64_t elapsed_ns;
};

/* Who watches. Any of the three may be NULL. job: the number that session_add() gave. */
struct session_listener; /* completed privately by the caller */
struct session_listener_ops {
	/* About four times a second; once where all sources are live. */
	void (*progress)(struct session_listener *l, const struct session_progress *p);
	void (*diag)(struct session_listener *l, uint32_t job, const struct weir_diag *diag);
	void (*done)(struct session_listener *l, uint32_t job, const struct session_outcome *outcome);
	/* All live sources measure now, or have ended: what they measure may start. NULL: nobody waits for it. */
	void (*opened)(struct session_listener *l);
	/* SIGINT, SIGTERM, SIGHUP, and for who has this function SIGQUIT, SIGUSR1 and SIGUSR2, from a process or, 0,
	 * the terminal. 1: it has been seen to; 0, or NULL: live sources end, and at the second one everything does. */
	int (*signal)(struct session_listener *l, int number, int sender);
};

struct session_config {
	struct store *store;                    /* open for writing */
	const struct session_listener_ops *ops; /* NULL: nobody watches */
	struct session_listener *listener;
	uint32_t n_workers;       /* 0: one for each core that this process may use */
	int64_t stall_timeout_ns; /* a worker that reads and emits nothing for so long is ended; 0: the default */
	uint64_t memory_max;      /* bytes that one worker may have; 0: the default */
	int is_in_process;        /* no fork, no sandbox, one source after the other: for gdb and valgrind */
	int live_end_fd;          /* live sources end when it is readable: a pidfd, a timerfd; 0: none */
	int has_verify;           /* what is whole already is hashed again, and read again when it has changed */
};

#define SESSION_STALL_TIMEOUT_NS INT64_C(30000000000)

enum {
	SESSION_WORKERS_MAX = 256,
	SESSION_MEMORY_MAX = 1 << 30,
	/* A source may emit this many observations, and so many more for each byte of its inputs. */
	SESSION_ROWS_FREE = 1000000,
	SESSION_ROWS_PER_BYTE = 64,
};

struct session_totals {
	uint32_t n_ok, n_partial, n_failed, n_skipped;
};

int session_new(const struct session_config *config, struct session **ret, struct weir_error *reterr);
void session_free(struct session *s); /* NULL is fine */

/* -EINVAL: an option that the collector hasn't or that doesn't fit; nothing is opened yet. */
int session_add(struct session *s, const struct session_job *job, uint32_t *ret_job, struct weir_error *reterr);

/* Runs all jobs that were added. 0: every source has an outcome (see ret). -EINTR: cancelled by a signal. Else the
 * store's or the system's error. A file that cannot be opened is a failed source with the diag `host.file`, not an
 * error. */
int session_run(struct session *s, struct session_totals *ret, struct weir_error *reterr);

#endif
