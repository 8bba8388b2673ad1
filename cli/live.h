/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

/* What `record` and `attach` share: live collectors on running processes, into a store. */

#include "cli/given.h"
#include "cli/page.h"
#include "plugins/rights.h"
#include "plugins/schedule.h"
#include "runs/run.h"
#include "store/store.h"

#include <sys/types.h>

enum {
	LIVE_COLLECTORS_MAX = 32,
	LIVE_TARGETS_MAX = 256,
	LIVE_PATH_MAX = 4096,
};

/* A process that is measured, with all that it starts. */
struct live_target {
	pid_t pid;
	const char *node;
	char exe[LIVE_PATH_MAX]; /* of its program; empty: not known */
};

/* Of the chain: a name of run_constants and its value. */
struct live_constant {
	const char *name;
	char value[RUN_CONSTANT_MAX];
};

struct live_request {
	const char *output, *tag, *node;
	const char *collectors; /* `disk,net`; NULL: all that there are */
	int64_t interval_ns, for_ns, coarse_ns;
	const char *window, *genesis; /* as given */
	int has_run;                  /* a run directory will say what --genesis doesn't */
	struct schedule schedule;     /* made of them by live_check() or live_take_run() */
	int is_quiet;
	struct given options;
	struct rights_user user;
	int has_user;
	struct live_constant constants[RUN_CONSTANTS]; /* of --genesis, or else the run directory */
	uint32_t n_constants;
};

/* What a verb wants to know, and does, meanwhile. */
struct live_listener; /* completed privately by each verb */
struct live_ops {
	void (*opened)(struct live_listener *l); /* everything measures now */
	/* A signal (see plugins/session.h), from a process or, 0, the terminal. 1: seen to; 0: the recording ends. */
	int (*signal)(struct live_listener *l, int number, int sender);
	void (*tick)(struct live_listener *l); /* about once a second; NULL: nobody cares */
};

struct live_run {
	const struct live_request *request;
	const struct live_target *targets;
	uint32_t n_targets;
	const char *tag, *layout; /* of the run */
	const char *store_path;
	int log_fd;                     /* an eventlog that the first target is writing; 0: none */
	const char *log_path;           /* its real path */
	const struct rights_user *user; /* who writes the store, and what this process becomes; NULL: who it is */
	int end_fd;                     /* it is over when this is readable; 0: when every target is gone */
	const struct live_ops *ops;
	struct live_listener *listener;
};

struct live_outcome {
	uint32_t n_ok, n_partial, n_failed;
	uint64_t n_rows;
	int64_t started_ns; /* UTC */
};

/* The options that both verbs have. */
enum live_row {
	LIVE_OUTPUT = 0,
	LIVE_COLLECTORS,
	LIVE_INTERVAL,
	LIVE_FOR,
	LIVE_RUN,
	LIVE_OPTION,
	LIVE_QUIET,
	LIVE_WINDOW,
	LIVE_GENESIS,
	LIVE_COARSE,
	LIVE_USER,
	LIVE_ROWS,
};
/* Their rows, for each verb's table. */
#define LIVE_PAGE_OPTIONS                                                                                              \
	[LIVE_OUTPUT] = { "output", "STORE", "the store to write or add to (RUN.weir)", 'o' },                         \
	[LIVE_COLLECTORS] = { "collectors", "NAME,...", "only these live collectors, and self (all)", 'c' },           \
	[LIVE_INTERVAL] = { "interval", "SECONDS", "between two looks (1)", 0 },                                       \
	[LIVE_FOR] = { "for", "SECONDS", "measure no longer than this", 0 },                                           \
	[LIVE_RUN] = { "run", "TAG", "call the run so", 0 },                                                           \
	[LIVE_OPTION] = { "option", "C.NAME=VALUE", "an option of collector C; `weir plugins show C`", 'O' },          \
	[LIVE_QUIET] = { "quiet", NULL, "print only what went wrong", 'q' },                                           \
	[LIVE_WINDOW] = { "epoch-window", "-SECONDS,+SECONDS", "look at --interval only around epoch boundaries", 0 }, \
	[LIVE_GENESIS] = { "genesis", "FILE",                                                                          \
		           "the Shelley genesis of the chain: its constants, and when epochs begin", 0 },              \
	[LIVE_COARSE] = { "coarse", "SECONDS", "between two looks outside of --epoch-window (10)", 0 },                \
	[LIVE_USER] = { "user", "USER",                                                                                \
		        "for root: all of weir that needs no rights, and a program that it runs, are this user's",     \
		        'u' }

/* After the last option: what belongs together. -EINVAL after saying what is wrong. */
int live_check(const struct page *page, struct live_request *r);

/* Takes the constants of a run's chain and when its epochs begin, unless --genesis said so. -EINVAL after saying what
 * is wrong. */
int live_take_run(const struct page *page, struct live_request *r, const struct run *run);

/* Takes one of the options that both verbs have (see LIVE_PAGE_OPTIONS). -EINVAL after saying what is wrong. */
int live_take(const struct page *page, struct live_request *r, int row, const char *argument);

/* A descriptor that is readable when the process has ended, or so much time is over (0: no limit). pid 0: only time. To
 * be closed; -errno. */
int live_end_fd(pid_t pid, int64_t for_ns);

/* Records until it is over. An exit code; what went wrong is said. Once all collectors measure, this process has given
 * up the rights that opening them took, for good. */
int live_record(const struct live_run *run, struct live_outcome *ret);

/* How many sources and observations came of it, unless nobody wants to know. */
void live_print_outcome(const struct live_run *run, const struct live_outcome *o);

/* `name-2026-11-21-05-00-00`; name without its folders. */
void live_tag(const char *name, char *ret, size_t size);
/* Whole nanoseconds since 1970 when the process was started; -1: not known. */
int64_t live_start_ns(pid_t pid);

#endif
