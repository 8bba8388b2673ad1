/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STORE_MADE_SOURCE_H
#define TESTS_STORE_MADE_SOURCE_H

/* Made-up sources, put into a store as a worker and its host would. The same seed and size give the same source. */

#include "store/builder.h"
#include "store/store.h"

#include <weir/collector.h>
#include <weir/fail.h>

enum {
	MADE_COUNTER, /* rows of made_metrics, which are also the series' ids less 1, but for spans: they have two */
	MADE_GAUGE,
	MADE_LATENCY,
	MADE_PAUSE,
	MADE_TICKS,
	MADE_SHARE,
	MADE_METRICS,
};

extern const struct weir_metric made_metrics[MADE_METRICS];

/* Registers a collector of that name with made_metrics. */
int made_collector(struct store *s, const char *name, int64_t *ret, struct weir_error *reterr);

/* A source while it is made. */
struct builder_sink {
	struct store_source *source;
	struct weir_error *error;
	struct store *commits; /* after each block; NULL: when the store thinks fit */
};

int made_flush(struct builder_sink *sink, const struct block *block);

/* Declares a series to both sides. */
int made_series(struct builder *b, struct builder_sink *sink, uint32_t id, uint32_t row, const char *attrs);

struct made_source {
	int64_t run, node, collector;
	const char *path;
	uint64_t seed;     /* also its size and modification time */
	uint32_t n;        /* observations of each metric */
	int is_committing; /* after each block */
};

/* Reads it, unless it is there: 0 read, 1 there already. */
int made_ingest(struct store *s, const struct made_source *what, struct weir_error *reterr);

/* Sources `first`.log and so on of n observations each, by their numbers as seeds, of one run, node and collector; all
 * of them committed. */
int made_fill(struct store *s, uint32_t first, uint32_t n_sources, uint32_t n, struct weir_error *reterr);

/* Ends a source that is ok and has n records. */
int made_end(struct store_source *source, uint64_t n, struct weir_error *reterr);

#endif
