/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_DELIVERY_H
#define PLUGINS_DELIVERY_H

/* What a collector asks for and says, on its way out of a worker: inputs come from files, observations become blocks,
 * and everything becomes messages. The receiver behind plugins/lend.h.
 */

#include <signal.h>

#include "plugins/input.h"
#include "plugins/loader.h"
#include "plugins/worker.h"
#include "store/builder.h"

struct builder_sink {
	struct lend_receiver *receiver;
};

struct lend_receiver {
	/* Set by who owns it, before delivery_init(). */
	worker_send *send;
	struct worker_outlet *outlet;
	struct worker_gauge *gauge;
	const struct weir_collector *collector;          /* before the first series */
	struct input *inputs[LOADER_COMPANIONS_MAX + 1]; /* NULL: there is none; freed by delivery_done() */
	uint64_t rows_max;
	void (*leave)(void); /* called when there are more observations than rows_max, must not return; or NULL */

	struct builder *builder;
	struct builder_sink sink;
	uint64_t n_rows;
	int is_flood;
	volatile sig_atomic_t is_in_host; /* the collector is inside one of these functions */
};

extern const struct lend_ops delivery_ops;

int delivery_init(struct lend_receiver *d);
void delivery_done(struct lend_receiver *d);

int delivery_diag(struct lend_receiver *d, const struct weir_diag *diag);
/* Of a live source: sends all that has been emitted, and that it has. */
int delivery_tick(struct lend_receiver *d, const struct lend_ledger *ledger);
int delivery_end(struct lend_receiver *d, const struct wire_end *end, const char *reasons_json,
                 const struct weir_error *error);

#endif
