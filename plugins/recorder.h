/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_RECORDER_H
#define PLUGINS_RECORDER_H

/* Runs a collector in this process over bytes in memory and writes down everything it says, as JSON, one thing a line,
 * the same every time. For golden tests, for `weir plugins try` and for the conformance checks: it can play every host
 * that the contract allows (windows of any size, nothing new for now, a host that goes away, a newer host).
 *
 * The lines, in the order of what was said; a key is absent where there is nothing to say:
 *
 *     {"fact":NAME,"value":TEXT}
 *     {"clock":NAME,"tie":TEXT,"error_ns":N}
 *     {"number":METRIC,"attrs":{},"t_ns":N,"value":V}
 *     {"histogram":METRIC,"attrs":{},"t_ns":N,"dur_ns":N,"count":N,"zero":N,"sum":V,"min":V,"max":V,
 *      "scale":N,"offset":N,"buckets":[N]}
 *     {"span":METRIC,"attrs":{},"track":N,"t_ns":N,"dur_ns":N,"value":V}
 *     {"weight":METRIC,"attrs":{},"stack":[NAME],"module":TEXT,"src":TEXT,"native":N,"t_ns":N,"dur_ns":N,"self":V,
 *      "inclusive":V}
 *     {"diag":CODE,"severity":"note|warning|error","input":N,"offset":N,"count":N,"message":TEXT}
 *     {"end":"ok|partial|failed","error":TEXT,"read":N,"stored":N,"skipped":N,"bad":N,"lost":N,"reasons":{}}
 *
 * A span's attrs are those of its series and its own. Of a stack, names are root first, module and source those of the
 * leaf. Bytes that are not UTF-8 stand as lone surrogates (byte 0xAB as \udcab), so that nothing is lost; in attrs the
 * host has already repaired them.
 *
 * Unless it is told to be loose, each window and the host's struct end right before a page that nobody may read, and a
 * window can't be read any more when the next one has come: what reads too far or too late dies of SIGSEGV. Not
 * thread-safe. Memory grows with what is said: not for big inputs.
 */

#include "plugins/lend.h"
#include "plugins/loader.h"

enum recorder_windows {
	RECORDER_WHOLE = 0, /* all of it at once */
	RECORDER_STEPS,     /* step bytes more each time */
	RECORDER_RANDOM,    /* 0 to 64 bytes more or a lot, by seed; the end is told late as often as not */
};

enum {
	RECORDER_INPUTS_MAX = 1 + LOADER_COMPANIONS_MAX,
	RECORDER_IDLE_MAX = 10000, /* polls on end that take nothing and say nothing: -ETIMEDOUT */
};

/* What is not watched. */
enum {
	RECORDER_LOOSE_HOST = 1, /* reading beyond struct weir_host */
	RECORDER_LOOSE_ENDS = 2, /* reading a little beyond a window */
	RECORDER_LOOSE_PAST = 4, /* reading a window that is over */
	RECORDER_LOOSE_ALL = 7,
};

struct recorder_input {
	const uint8_t *at;
	uint64_t n_bytes;
	int is_there; /* 0: a companion that is missing */
};

struct recorder_setup {
	const struct weir_collector *collector;
	struct recorder_input inputs[RECORDER_INPUTS_MAX]; /* the source, then the companions; borrowed */
	const struct lend_pair *options, *context;
	uint32_t n_options, n_context;

	int64_t now_ns;      /* 0: 2026-01-01T00:00:00Z */
	int64_t now_step_ns; /* added before each poll */
	uint64_t n_polls;    /* at most so many, then it is closed; 0: until it ends (live ones never do) */

	enum recorder_windows windows;
	uint64_t step;
	uint64_t seed;
	uint64_t again_every;   /* each n-th input() of the source answers WEIR_AGAIN; 1: all do; 0: none */
	uint64_t emit_fails_at; /* the n-th batch of observations and all that follow get -EPIPE; 0: none */
	int is_newer_host;      /* a minor version more, and a larger struct */
	uint64_t window_max;    /* bytes that a window has at most; 0: WEIR_WINDOW_MAX */
	unsigned loose;         /* RECORDER_LOOSE_*, or-ed */
};

enum recorder_stage {
	RECORDER_OPENING,
	RECORDER_POLLING,
	RECORDER_DONE,
};

struct recorder_result {
	int r;                     /* of the verb that ended it: WEIR_END, WEIR_AGAIN (n_polls are over), or < 0 */
	enum recorder_stage stage; /* where r < 0 came from */
	enum store_status status;  /* as the host would call it */
	struct weir_error error;   /* when r < 0 */
	struct lend_ledger ledger;
	int64_t now_ns; /* at the end */
	uint64_t n_polls;
	uint64_t n_input_calls;     /* of the source itself */
	uint64_t n_most_windows;    /* of the source itself that one poll has asked for */
	uint64_t n_polls_on_pipe;   /* polls that did not pass on an -EPIPE they got */
	uint64_t n_offsets_outside; /* diags that point behind the end of their input */
	uint64_t n_host_diags;      /* warnings of the host itself: something was refused */
	uint64_t n_clocks;          /* clock() calls */
	uint64_t n_observations;
	const char *out_of_range; /* a metric that had a value out of its declared range; NULL: none */
	uint64_t n_strange;       /* results of verbs that are neither -errno nor a known state */
};

struct recorder;

/* Runs open, poll until it ends, close. < 0 only when there was no running it: bad options, no memory. Whatever the
 * collector did is in *ret; the text is in the recorder. */
int recorder_run(const struct recorder_setup *setup, struct recorder **ret_recorder, struct recorder_result *ret,
                 struct weir_error *reterr);
void recorder_free(struct recorder *rec); /* NULL is fine */

/* What was said; lives as long as rec. */
struct weir_text recorder_text(const struct recorder *rec);
/* The same with the lines of each kind and series together, in their order: equal for two runs that said the same
 * things of each series, however they were interleaved. NULL at: no memory. */
struct weir_text recorder_sorted(struct recorder *rec);

/* One at a time, for tests that interleave two instances. recorder_open() runs open; recorder_poll() one poll and
 * returns its result; recorder_close() runs close, writes the end and fills ret. */
int recorder_open(const struct recorder_setup *setup, struct recorder **ret, struct weir_error *reterr);
int recorder_poll(struct recorder *rec);
void recorder_close(struct recorder *rec, struct recorder_result *ret);

#endif
