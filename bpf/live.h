/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_LIVE_H
#define BPF_LIVE_H

/* What every live collector does in the same way, and says to its host in the same words. */

#include <weir/collector.h>

#include "bpf/family.h"
#include "bpf/gauge.h"

enum {
	LIVE_WHY_MAX = 256,
};

/* A way to measure; a collector's table has the best first. */
struct live_rung {
	const char *name;   /* `tp_btf`, `procfs` */
	const char *means;  /* how it measures */
	const char *loses;  /* what is not had that the best one has; empty: nothing */
	const char *rights; /* what to do where the kernel does not let us; empty: nothing */
	const char *kernel; /* what it takes else; empty: nothing */
};

/* The process to measure; 0: the host names none; < 0: what it names is no number. */
int64_t live_target(const struct weir_host *h);

/* Whether an option that is a choice is this one. */
int live_is_chosen(const struct weir_host *h, uint32_t option, const char *choice);

/* How a rung fared: call for each, best first, until one works. result: 0, or why not, as a sentence says, too:
 * -ECANCELED, it was not wanted; -ENOSYS, it is not in this weir; -EPERM or -EACCES; or what else. */
void live_tell_rung(const struct weir_host *h, const struct live_rung *rung, int result, const char *why_not);

/* A collector that looks at a process and all that descend from it, from poll to poll. */
struct live {
	const struct weir_host *host;
	const char *collector;
	struct family family;
	struct outbox outbox;
	struct gauge gauge;
	int64_t last_ns; /* of the last poll */
	int has_target;  /* else the machine is all there is to look at */
	int is_followed; /* the family is whom programs in the kernel follow (bpf/probes.h) */
	uint32_t n_live; /* processes at the last poll; of a machine 1 */
	uint32_t has_complained;
};

/* l: all 0 but for the gauge's rows. WEIR_OK, or < 0 with reterr: the process isn't there. */
int live_open(struct live *l, const struct weir_host *h, const char *collector, struct weir_error *reterr);

/* A rung, and how the collector takes it: 0, or -errno (see live_tell_rung) with why not, when there is more to say
 * than the error. NULL: it needs nothing. */
struct live_step {
	struct live_rung rung;
	int (*take)(struct weir_instance *i, char why[LIVE_WHY_MAX]);
};

/* Takes the best step that works and tells the host how each fared until then. option: `best`, or the name of the best
 * rung that is wanted; the last step needs nothing. From then on it is measured. What the host said to the clock. */
int live_climb(struct live *l, struct weir_instance *i, const struct live_step *steps, unsigned n, uint32_t option);

/* Around all that a poll reads and says; first it looks at the family, unless that is followed, so that what is
 * measured after that is all that those who are over have done. What poll() returns. */
void live_begin(struct live *l, int64_t now_ns);
int live_end(struct live *l, struct weir_error *reterr);

/* severity: WEIR_NOTE is worth knowing and costs nothing of what is measured. */
void live_say(const struct weir_host *h, uint32_t severity, const char *code, const char *text);

/* Times are the host's at each poll. */
int live_clock(const struct weir_host *h);

#define LIVE_COUNT_OF(rows) (uint32_t)(sizeof(rows) / sizeof((rows)[0]))

/* A live collector, for the one symbol that it exports. probe_: NULL where trying to open tells as much. */
#define LIVE_COLLECTOR(n, s, m, o, open_, poll_, close_, probe_)                                                       \
	{                                                                                                              \
		.abi_major = WEIR_ABI_MAJOR, .abi_minor = WEIR_ABI_MINOR, .size = sizeof(struct weir_collector),       \
		.name = n, .version = "0.1.0", .summary = s, .licence = "Apache-2.0", .metrics = m, .options = o,      \
		.claims = &(const struct weir_claim){ NULL, WEIR_CLAIM_LIVE, 0 }, .n_metrics = LIVE_COUNT_OF(m),       \
		.n_options = LIVE_COUNT_OF(o), .n_claims = 1, .open = open_, .poll = poll_, .close = close_,           \
		.probe = probe_                                                                                        \
	}

#endif
