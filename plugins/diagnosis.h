/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_DIAGNOSIS_H
#define PLUGINS_DIAGNOSIS_H

/* What a live collector can do on this machine: its rungs, tried by itself, in a child that has the rights of this
 * process and dies with its answer. Nothing of the child's answer is believed but that it is text.
 */

#include "plugins/registry.h"

enum {
	DIAGNOSIS_BYTES_MAX = 1 << 20, /* of all texts */
	DIAGNOSIS_RUNGS_MAX = 256,
};

#define DIAGNOSIS_TIMEOUT_NS INT64_C(20000000000)

/* Texts that end; owned by the diagnosis. */
struct diagnosis_rung {
	const char *part; /* empty: all of the collector */
	const char *name, *means, *loss, *why_not, *remedy;
	int works;
};

struct diagnosis {
	struct diagnosis_rung rungs[DIAGNOSIS_RUNGS_MAX];
	uint32_t n_rungs;
	int code;                /* of probe() or open(): 0, or -errno */
	struct weir_error error; /* its sentence */
	char *memory;
};

/* target: a process to ask about; 0: none in particular. Then a collector without the verb probe is opened on an idle
 * process of our own. < 0: there is no answer: it crashed, was silent for timeout_ns (0: DIAGNOSIS_TIMEOUT_NS), or this
 * process lacks something. */
int diagnosis_make(const struct registry_collector *c, int32_t target, int64_t timeout_ns, struct diagnosis *ret,
                   struct weir_error *reterr);
void diagnosis_done(struct diagnosis *d);

/* A part: its rungs are those from *at on that have its name. Gives the index of the one that is used, or -1, and where
 * the next part starts; 0: there is no further part. */
int diagnosis_part(const struct diagnosis *d, uint32_t *at, uint32_t *ret_first, uint32_t *ret_n, int *ret_used);

#endif
