/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_LEDGER_H
#define PLUGINS_LEDGER_H

/* What one source came to: records by kind and reason, and complaints, limited by code. Part of plugins/lend.c. */

#include "plugins/lend.h"
#include "plugins/name.h"

struct ledger_reason {
	char name[NAME_MAX_BYTES + 1];
	uint64_t n;
	uint32_t kind; /* WEIR_SKIPPED .. WEIR_LOST */
};

struct ledger_code {
	char name[NAME_MAX_BYTES + 1];
	uint64_t n_passed; /* diags that were passed on */
	uint64_t n_held;   /* complaints (each diag's count) that were not */
	uint32_t severity; /* the worst of those held */
};

struct ledger {
	uint64_t counts[WEIR_LOST + 1];
	struct ledger_reason reasons[LEND_REASONS_MAX];
	struct ledger_code codes[LEND_DIAG_CODES_MAX];
	uint32_t n_reasons, n_codes;
	int severity;                                             /* the worst; -1: none */
	char json[LEND_REASONS_MAX * (NAME_MAX_BYTES + 24) + 64]; /* of the reasons */
};

void ledger_init(struct ledger *g);

/* Counts never wrap. Past LEND_REASONS_MAX different reasons, and for a reason that is no dotted name, it is `other`;
 * without one it is `unnamed`. An unknown kind is counted nowhere: returns 0 then, else 1. */
int ledger_tally(struct ledger *g, uint32_t kind, uint64_t n, const char *reason);

/* Notes a complaint. 1: pass it on; 0: it is one of too many, and is counted. Past LEND_DIAG_CODES_MAX - 1 different
 * codes the rest share `host.other_codes`. */
int ledger_complain(struct ledger *g, const char *code, uint64_t count, uint32_t severity);

/* As {"bad":{"reason":n},"lost":{},"skipped":{}}, keys sorted, empty kinds left out. Lives until the next call. */
const char *ledger_reasons_json(struct ledger *g);

int ledger_adds_up(const struct ledger *g);

#endif
