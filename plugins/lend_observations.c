/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/lend_private.h"

#include <errno.h>

#include "plugins/shape.h"

static int refuse(struct lend *l, const char *code, const char *shape, uint64_t i, const char *fault)
{
	lend_complain(l, code, "collector: %s: %s %llu of a batch: %s", l->collector->name, shape,
	              (unsigned long long)i, fault);
	return -EINVAL;
}

/* The metric of a series that may be used for this shape, or NULL and a word in *ret_fault. */
static const struct weir_metric *metric_of(const struct lend *l, uint32_t series, uint8_t shape, const char **ret_fault)
{
	const struct weir_metric *m;

	*ret_fault = "its series was never given";
	if (series == 0 || series > l->series.n_entries)
		return NULL;
	m = &l->collector->metrics[l->series.entries[series - 1].metric_row];
	*ret_fault = "its series has another shape";
	return m->shape == shape ? m : NULL;
}

int lend_numbers(const struct weir_host *h, const struct weir_number *at, uint64_t n)
{
	struct lend *l = lend_owner(h);
	const struct weir_metric *m;
	const char *fault = "it is at NULL";

	for (uint64_t i = 0; i < n; i++) {
		m = at ? metric_of(l, at[i].series, WEIR_SHAPE_NUMBER, &fault) : NULL;
		if (!m)
			return refuse(l, "host.id", "number", i, fault);
		fault = shape_number_fault(&at[i], m->type);
		if (fault)
			return refuse(l, "host.observation", "number", i, fault);
	}
	return n && l->ops->numbers ? l->ops->numbers(l->receiver, at, n) : WEIR_OK;
}

int lend_histograms(const struct weir_host *h, const struct weir_histogram *at, uint64_t n)
{
	struct lend *l = lend_owner(h);
	const char *fault = "it is at NULL";

	for (uint64_t i = 0; i < n; i++) {
		if (!at || !metric_of(l, at[i].series, WEIR_SHAPE_HISTOGRAM, &fault))
			return refuse(l, "host.id", "histogram", i, fault);
		fault = shape_histogram_fault(&at[i]);
		if (fault)
			return refuse(l, "host.observation", "histogram", i, fault);
	}
	return n && l->ops->histograms ? l->ops->histograms(l->receiver, at, n) : WEIR_OK;
}

int lend_spans(const struct weir_host *h, const struct weir_span *at, uint64_t n)
{
	struct lend *l = lend_owner(h);
	const char *fault = "it is at NULL";

	for (uint64_t i = 0; i < n; i++) {
		if (!at || !metric_of(l, at[i].series, WEIR_SHAPE_SPAN, &fault))
			return refuse(l, "host.id", "span", i, fault);
		if (at[i].attrs > l->max_attrs)
			return refuse(l, "host.id", "span", i, "its attributes were never given");
		fault = shape_span_fault(&at[i]);
		if (fault)
			return refuse(l, "host.observation", "span", i, fault);
	}
	return n && l->ops->spans ? l->ops->spans(l->receiver, at, n) : WEIR_OK;
}

int lend_weights(const struct weir_host *h, const struct weir_weight *at, uint64_t n)
{
	struct lend *l = lend_owner(h);
	const struct weir_metric *m;
	const char *fault = "it is at NULL";

	for (uint64_t i = 0; i < n; i++) {
		m = at ? metric_of(l, at[i].series, WEIR_SHAPE_WEIGHT, &fault) : NULL;
		if (!m)
			return refuse(l, "host.id", "weight", i, fault);
		if (at[i].stack == 0 || at[i].stack > l->max_stack)
			return refuse(l, "host.id", "weight", i, "its stack was never given");
		fault = shape_weight_fault(&at[i], m->type);
		if (fault)
			return refuse(l, "host.observation", "weight", i, fault);
	}
	return n && l->ops->weights ? l->ops->weights(l->receiver, at, n) : WEIR_OK;
}
