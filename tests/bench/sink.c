/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/sink.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	WINDOW_BYTES = 1 << 20,
};

struct lend_receiver {
	const uint8_t *at;
	uint64_t n_bytes, n_used, n_shown;
	struct sink_counts counts;
};

static int on_input(struct lend_receiver *r, uint32_t input, uint64_t n_used, struct weir_chunk *ret)
{
	if (input)
		return -2; /* ENOENT: no companion */
	r->n_used += n_used;
	r->n_shown += r->n_bytes - r->n_shown < WINDOW_BYTES ? r->n_bytes - r->n_shown : WINDOW_BYTES;
	*ret = (struct weir_chunk){ .at = r->at + r->n_used,
		                    .n_bytes = r->n_shown - r->n_used,
		                    .offset = r->n_used,
		                    .is_last = r->n_shown == r->n_bytes };
	return r->n_used == r->n_bytes ? WEIR_END : WEIR_OK;
}

static int64_t on_now(struct lend_receiver *r)
{
	return 0;
}

static int on_numbers(struct lend_receiver *r, const struct weir_number *at, uint64_t n)
{
	r->counts.n_rows += n;
	return WEIR_OK;
}

static int on_histograms(struct lend_receiver *r, const struct weir_histogram *at, uint64_t n)
{
	r->counts.n_rows += n;
	return WEIR_OK;
}

static int on_spans(struct lend_receiver *r, const struct weir_span *at, uint64_t n)
{
	r->counts.n_rows += n;
	return WEIR_OK;
}

static int on_weights(struct lend_receiver *r, const struct weir_weight *at, uint64_t n)
{
	r->counts.n_rows += n;
	return WEIR_OK;
}

static int on_diag(struct lend_receiver *r, const struct weir_diag *diag)
{
	r->counts.n_diags++;
	return WEIR_OK;
}

static const struct lend_ops ops = {
	.input = on_input,
	.now = on_now,
	.numbers = on_numbers,
	.histograms = on_histograms,
	.spans = on_spans,
	.weights = on_weights,
	.diag = on_diag,
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static const struct weir_collector *load(const char *name)
{
	char path[4096];
	void *object;
	const struct weir_collector *c;

	(void)snprintf(path, sizeof(path), WEIR_COLLECTOR_DIR "/%s.so", name);
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	c = object ? dlsym(object, "weir_collector") : NULL;
	if (!c)
		die(path, dlerror());
	return c;
}

struct sink_counts sink_run(const char *collector, const uint8_t *at, uint64_t n_bytes, const struct lend_pair *context,
                            uint32_t n_context)
{
	const struct weir_collector *c = load(collector);
	struct lend_receiver receiver = { .at = at, .n_bytes = n_bytes };
	struct weir_instance *instance = NULL;
	struct weir_error error = { "" };
	struct lend *lend;
	int r = lend_new(&(struct lend_config){ .collector = c,
	                                        .ops = &ops,
	                                        .receiver = &receiver,
	                                        .context = context,
	                                        .n_context = n_context },
	                 &lend, &error);

	if (r < 0)
		die(collector, error.text);
	r = c->open(lend_host(lend), &instance, &error);
	while (r == WEIR_OK)
		r = c->poll(instance, 0, &error);
	if (r != WEIR_END)
		die(collector, error.text);
	c->close(instance);
	(void)lend_finish(lend);
	receiver.counts.ledger = lend_ledger(lend);
	lend_free(lend);
	return receiver.counts;
}

double sink_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
