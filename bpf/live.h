/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_LIVE_H
#define BPF_LIVE_H

/* What every live collector says to its host in the same words. */

#include <weir/host.h>

#include "bpf/family.h"

enum {
	LIVE_WHY_MAX = 256,
};

/* A way to measure; a collector's table has the best first. */
struct live_rung {
	const char *name;   /* `tp_btf`, `procfs` */
	const char *means;  /* how it measures */
	const char *loses;  /* what is not had that the best one has; empty: nothing */
	const char *remedy; /* what would make it work where it does not; empty: nothing */
};

/* The process to measure; 0: the host names none; < 0: what it names is no number. */
int64_t live_target(const struct weir_host *h);
/* The same with all that descend from it. 1: there they are; 0: the host names none; < 0: reterr says why. */
int live_family(const struct weir_host *h, const char *collector, struct family *ret, struct weir_error *reterr);

/* Whether an option that is a choice is this one. */
int live_is_chosen(const struct weir_host *h, uint32_t option, const char *choice);

/* How a rung fared: call for each, best first, until one works. why_not: a sentence, when it does not. */
void live_tell_rung(const struct weir_host *h, const struct live_rung *rung, int works, const char *why_not);

struct weir_instance;

/* A rung, and how the collector takes it: 0, or -errno with why not. NULL: it needs nothing. */
struct live_step {
	struct live_rung rung;
	int (*take)(struct weir_instance *i, char why[LIVE_WHY_MAX]);
};

/* Takes the best step that works and tells the host how each fared until then. option: `best`, or the name of the best
 * rung that is wanted. Returns the step's place; the last one needs nothing. */
unsigned live_climb(const struct weir_host *h, struct weir_instance *i, const struct live_step *steps, unsigned n,
                    uint32_t option);

/* Something worth knowing that costs nothing of what is measured. */
void live_note(const struct weir_host *h, const char *code, const char *text);

/* Times are the host's at each poll. */
int live_clock(const struct weir_host *h);

#endif
