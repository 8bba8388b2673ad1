/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_LEND_PRIVATE_H
#define PLUGINS_LEND_PRIVATE_H

/* What the files of plugins/lend.h share: lend.c (lifetime, what is known before, honesty), lend_identity.c (series,
 * frames, stacks, attributes), lend_observations.c (the four shapes) and lend_rung.c (ways of measuring). */

#include "plugins/ledger.h"
#include "plugins/lend.h"
#include "plugins/series_table.h"

/* What a collector holds: the functions, and right before them, whose they are. */
struct lent {
	struct lend *owner;
	struct weir_host host;
};

/* A ladder: what of it has been said. */
struct lend_part {
	char name[NAME_MAX_BYTES + 1]; /* empty: the only one */
	uint32_t n_failed;
	int is_settled; /* one of its rungs works */
};

struct lend {
	struct lent lent;
	const struct weir_collector *collector;
	const struct lend_ops *ops;
	struct lend_receiver *receiver;
	union weir_value *option_values;
	char **option_texts;
	char **context; /* name, value, name, value */
	uint32_t n_context;
	uint32_t max_frame, max_stack, max_attrs; /* the highest ids that the receiver has given */
	uint64_t *n_window;                       /* of each input: bytes of its last window */
	struct series_table series;
	char *json; /* where an attribute set is written: LEND_ATTRS_JSON_MAX */
	struct ledger ledger;
	struct lend_part parts[LEND_PARTS_MAX];
	uint32_t n_parts;
};

static inline struct lend *lend_owner(const struct weir_host *h)
{
	return ((const struct lent *)((const char *)h - offsetof(struct lent, host)))->owner;
}

/* A warning of the host itself. */
__attribute__((format(printf, 3, 4))) void lend_complain(struct lend *l, const char *code, const char *format, ...);
void lend_note(struct lend *l, const char *code, const char *text);

/* Makes a text one that may be passed on: cut, never NULL. -EINVAL: bytes without a place. */
int lend_take_text(struct lend *l, struct weir_text *text);

/* The functions of struct weir_host. */
uint32_t lend_series(const struct weir_host *h, uint32_t metric_row, const struct weir_attr *attrs, uint32_t n_attrs);
uint32_t lend_frame(const struct weir_host *h, struct weir_text name, struct weir_text module, struct weir_text source);
uint32_t lend_stack(const struct weir_host *h, uint32_t parent, uint32_t frame, uint64_t native_id);
uint32_t lend_attrs(const struct weir_host *h, const struct weir_attr *attrs, uint32_t n_attrs);
int lend_numbers(const struct weir_host *h, const struct weir_number *at, uint64_t n);
int lend_histograms(const struct weir_host *h, const struct weir_histogram *at, uint64_t n);
int lend_spans(const struct weir_host *h, const struct weir_span *at, uint64_t n);
int lend_weights(const struct weir_host *h, const struct weir_weight *at, uint64_t n);
void lend_rung(const struct weir_host *h, const struct weir_rung *rung);

/* At the end: complains of each part of which no rung works. */
void lend_settle(struct lend *l);

#endif
