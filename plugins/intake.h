/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_INTAKE_H
#define PLUGINS_INTAKE_H

/* The messages of one worker, checked and put into the store. A worker has read hostile bytes and may be anybody by
 * now: every id, row, length, text and count is checked here again, against what the collector declared and what the
 * worker said before.
 */

#include "plugins/registry.h"
#include "plugins/wire.h"
#include "store/store.h"

enum {
	INTAKE_DIAGS_MAX = 4096,
	INTAKE_FACTS_MAX = 1 << 16,
};

/* Hears of each diag that was taken. */
struct intake_listener; /* completed privately by who listens */
typedef void intake_hear(struct intake_listener *l, const struct weir_diag *diag);

struct intake {
	/* Set by the owner. */
	struct store_source *source;
	const struct registry_collector *collector;
	uint64_t rows_max;
	intake_hear *hear; /* or NULL */
	struct intake_listener *listener;

	uint64_t n_rows; /* observations in the store */
	uint32_t n_series, n_facts, n_diags;
	uint32_t n_ticks;                 /* of a live source */
	uint32_t n_ids[BLOCK_KIND_COUNT]; /* of dictionaries */
	uint32_t worst;                   /* severity of any diag */
	int has_end;
	struct wire_end end;        /* until has_end only its ledger counts: the last tick's */
	struct weir_error sentence; /* of the verb that failed */
	char *reasons_json;         /* owned; NULL: none came */
	int64_t clock_error_ns;
	char *clock, *clock_tie; /* owned; NULL: none came */
};

void intake_done(struct intake *in); /* frees what it owns; not the source */

/* -EPROTO: the worker broke the rules, see reterr; -EDQUOT: more observations than rows_max. Else the store's error.
 */
int intake_take(struct intake *in, const uint8_t *at, uint64_t n, struct weir_error *reterr);

/* A diag of the host's own. */
int intake_diag(struct intake *in, const struct weir_diag *diag, struct weir_error *reterr);

#endif
