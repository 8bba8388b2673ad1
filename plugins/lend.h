/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_LEND_H
#define PLUGINS_LEND_H

/* The functions of `struct weir_host`, over a receiver. All checking of what a collector passes in is here, once:
 * declared rows, keys, ids, shapes, bounds, texts; and the ledger is kept here. What reaches a receiver is valid. The
 * receivers are delivery.c (messages to the store), recorder.c (canonical JSON for tests) and diagnosis.c (rungs only).
 */

#include <weir/collector.h>

#include "store/store.h"

struct lend;
struct lend_receiver; /* completed privately by who receives */

enum {
	LEND_SERIES_MAX = 1 << 20,
	LEND_ATTRS_MAX = 32,              /* attributes of one set */
	LEND_TEXT_MAX = 64 * 1024,        /* bytes of one name or value; longer ones are cut at a character and noted */
	LEND_ATTRS_JSON_MAX = 256 * 1024, /* bytes of one set as JSON */
	LEND_MESSAGE_MAX = 4096,          /* bytes of a diag's message */
	LEND_DIAGS_PER_CODE_MAX = 16,     /* kept with their offset; the rest are counted */
	LEND_DIAG_CODES_MAX = 64,
	LEND_REASONS_MAX = 64,
	LEND_PARTS_MAX = 16, /* ladders of one collector; what is beyond is only passed on */
};

/* What a receiver does. Texts are borrowed; ids count up from 1 without gaps. < 0 goes back to the collector. Beyond
 * input and now, NULL: it does not want to hear of it, and ids are counted for it. */
struct lend_ops {
	int (*input)(struct lend_receiver *r, uint32_t input, uint64_t n_used, struct weir_chunk *ret);
	int64_t (*now)(struct lend_receiver *r);
	int (*series)(struct lend_receiver *r, uint32_t id, uint32_t metric_row, struct weir_text attrs_json);
	uint32_t (*frame)(struct lend_receiver *r, struct weir_text name, struct weir_text module,
	                  struct weir_text source);
	uint32_t (*stack)(struct lend_receiver *r, uint32_t parent, uint32_t frame, uint64_t native_id);
	uint32_t (*attrs)(struct lend_receiver *r, struct weir_text attrs_json);
	int (*numbers)(struct lend_receiver *r, const struct weir_number *at, uint64_t n);
	int (*histograms)(struct lend_receiver *r, const struct weir_histogram *at, uint64_t n);
	int (*spans)(struct lend_receiver *r, const struct weir_span *at, uint64_t n);
	int (*weights)(struct lend_receiver *r, const struct weir_weight *at, uint64_t n);
	int (*fact)(struct lend_receiver *r, const char *name, struct weir_text value);
	int (*clock)(struct lend_receiver *r, const struct weir_clock *clock);
	int (*diag)(struct lend_receiver *r, const struct weir_diag *diag);
	/* What is kept of a rung is facts and notes. part: never NULL. */
	void (*rung)(struct lend_receiver *r, const struct weir_rung *rung);
};

struct lend_pair {
	const char *name, *value;
};

struct lend_config {
	const struct weir_collector *collector;
	const struct lend_ops *ops;
	struct lend_receiver *receiver;
	const struct lend_pair *options; /* as the user gave them; those not given get their default */
	const struct lend_pair *context;
	uint32_t n_options, n_context;
};

struct lend_ledger {
	uint64_t n_read, n_stored, n_skipped, n_bad, n_lost;
};

/* -EINVAL: an option that the collector hasn't, or a value out of its type or range; the sentence says which and what
 * fits. */
int lend_new(const struct lend_config *config, struct lend **ret, struct weir_error *reterr);
void lend_free(struct lend *l); /* NULL is fine */

/* What open() is lent; lives as long as l. */
const struct weir_host *lend_host(struct lend *l);
/* A copy of the same that ends right before `end` (aligned, 512 bytes of memory before it): what a test lends when it
 * wants to see that nothing is read beyond the struct, or pretends to be another version. Lives as long as both. */
struct weir_host *lend_host_before(struct lend *l, void *end);

struct lend_ledger lend_ledger(const struct lend *l);
/* Counts of skipped, bad and lost by reason, as canonical JSON; lives until the next call. */
const char *lend_reasons_json(struct lend *l);
/* What the source has come to when `r` ended it (a verb's result, or < 0 for what happened to its worker): failed when
 * an error was complained of, or r < 0 and nothing was stored; partial when r < 0, something was complained of beyond
 * notes, or anything was bad or lost. */
enum store_status lend_status(const struct lend *l, int r);
/* Passes on the diags that were only counted, and one more when the ledger doesn't add up (`host.ledger`). Call at the
 * end. */
int lend_finish(struct lend *l);

#endif
