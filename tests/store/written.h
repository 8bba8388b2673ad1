/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STORE_WRITTEN_H
#define TESTS_STORE_WRITTEN_H

/* A source of which a test writes each observation: begin, series, what `builder` takes, end. */

#include "store/builder.h"
#include "store/store.h"

#include <weir/collector.h>

struct builder_sink {
	struct store_source *source;
	struct builder *builder;
	const struct weir_metric *rows; /* borrowed */
};

/* Of a run and a node by name, which are made where they aren't there; its path is the collector's name. */
void written_begin(struct builder_sink *w, struct store *s, const char *run, const char *node, const char *collector,
                   const struct weir_metric *rows, uint32_t n_rows);
/* attrs: JSON, sorted. */
void written_series(struct builder_sink *w, uint32_t id, uint32_t row, const char *attrs);
/* Whole, and with a clock that is known that well. */
void written_end(struct builder_sink *w, int64_t clock_error_ns);

#endif
