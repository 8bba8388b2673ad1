/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COLLECTORS_WATCH_H
#define COLLECTORS_WATCH_H

/* A live collector on a process that a test made up. The process starts, the collector opens on it and is polled once;
 * only then the process does its work; when that is done, it is polled again, twice, and closed; only then the process
 * ends. Failing to run it at all fails the test.
 */

#include "plugins/recorder.h"
#include "tests/support/golden.h"

typedef void watch_work(void *what);

enum {
	WATCH_WITHOUT = 1,
	WATCH_BOTH_WITHOUT, /* who has none may look at who has none either */
};

struct watching {
	const char *collector;
	watch_work *work;    /* in the watched process */
	watch_work *prepare; /* the same, before the collector opens; NULL: nothing */
	void *what;
	const struct lend_pair *options;
	uint32_t n_options;
	int is_without_capabilities; /* WATCH_WITHOUT: the collector opens with none, WATCH_BOTH_WITHOUT: its target
	                              * too, once it has prepared */
	int is_without_tracefs;      /* nothing of /sys/kernel/tracing and debug, in the same way */
	int is_without_target;       /* the collector is told of no process */
	int is_without_types;        /* the kernel shows no BTF: in a mount namespace of its own */
	int is_without_accounts;     /* nor schedstat, of itself and of its target's first thread, in the same way */
};

struct watched {
	char *text; /* what was said, as plugins/recorder.h describes */
	int r;      /* of open() or poll() */
	int32_t pid;
};

/* For work: n children at once, each of which does that and ends; returns when all have. */
void watch_have_children(int n, void (*each)(int which));

struct watched watch(const struct watching *w);
void watched_done(struct watched *w);

/* The same on a collector's best rung: skips the calling test, naming what is missing, when this process may not load
 * BPF or weir was built without. */
struct watched watch_kernel(const struct watching *w);
void watch_needs_bpf(void);

/* Numbers: how much all series of a metric, whose attributes hold all of `key=value` words, gained from the first poll
 * to the last; the word `own` is the process.pid that was watched. Histograms: the count of all of them, and their sum.
 * -1: there is none. */
int64_t watched_gain(const struct watched *w, const char *metric, const char *attrs);
int64_t watched_count(const struct watched *w, const char *metric, const char *attrs);
int64_t watched_sum(const struct watched *w, const char *metric, const char *attrs);
int watched_says(const struct watched *w, const char *words);
int watched_is_on(const struct watched *w, const char *rung);
/* Fails the test, showing what was said, unless these words are in it. */
void assert_watched_says(const struct watched *w, const char *words);

/* Whether a is b but for a share of it, and some more, that may be missing or too much. */
int is_near(int64_t a, int64_t b, double share, int64_t slack);

/* For a process's own use, where it must have none before it prepares. 0, or < 0 with errno. */
int watch_drop_capabilities(void);

#endif
