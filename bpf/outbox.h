/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_OUTBOX_H
#define BPF_OUTBOX_H

/* What one poll of a live collector says, kept until it is a batch. Each observation is a record of the ledger. The
 * first refusal is kept and ends it: the collector returns it from its poll. No memory but the struct's. */

#include <weir/host.h>

enum {
	OUTBOX_NUMBERS = 256,
};

struct outbox {
	const struct weir_host *host;
	int64_t time_ns, duration_ns; /* of the poll; of the interval that it ends */
	int result;
	uint32_t n;
	struct weir_number numbers[OUTBOX_NUMBERS];
};

void outbox_begin(struct outbox *o, int64_t time_ns, int64_t duration_ns);
void outbox_count(struct outbox *o, uint32_t series, uint64_t value);
/* A counter that was 0 when the interval began. */
void outbox_start(struct outbox *o, uint32_t series);
void outbox_real(struct outbox *o, uint32_t series, double value);
/* Over the interval. Its count may be 0: then nothing is said. */
void outbox_histogram(struct outbox *o, uint32_t series, struct weir_histogram *h);
void outbox_span(struct outbox *o, const struct weir_span *span);
void outbox_weights(struct outbox *o, const struct weir_weight *weights, uint32_t n);
int outbox_end(struct outbox *o);

struct outbox_pair {
	const char *key, *value;
};

/* Pairs of key and value; one with a NULL is left out. */
uint32_t outbox_series(const struct outbox *o, uint32_t metric, const struct outbox_pair *pairs, unsigned n_pairs);

#endif
