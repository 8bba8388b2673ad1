/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_COUNTERPART_H
#define ANALYSIS_COUNTERPART_H

/* What live sources have counted twice: weir by its own means, and somebody else, the kernel or the program, by theirs.
 *
 * Both are increases over the time that the other's counter was read, from its first reading to its last, so that they
 * are of the same moments. They need not be equal: docs/kernel.md and docs/runtime.md say what each of them means.
 */

#include <weir/host.h>

struct store;

struct counterpart {
	char *node;                                 /* "" for what belongs to no node */
	const char *name, *what, *collector, *unit; /* name: stable; what: for people; unit: UCUM */
	const char *against;                        /* who counted the other one */
	double ours, theirs;
	uint32_t place; /* in the order that they are shown in */
};

struct counterparts {
	struct counterpart *at; /* by node, then by place */
	uint32_t n;
};

int counterparts_read(struct store *s, const char *run, struct counterparts *ret, struct weir_error *reterr);
void counterparts_done(struct counterparts *c);

#endif
