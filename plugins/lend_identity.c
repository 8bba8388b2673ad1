/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/lend_private.h"

#include <errno.h>

#include "plugins/name.h"
#include "store/json.h"

enum {
	KEY_SHOWN_MAX = 64, /* bytes of a bad one */
};

static int is_repaired(const struct weir_attr *attrs, uint32_t n_attrs)
{
	for (uint32_t i = 0; i < n_attrs; i++)
		if (!json_is_utf8(attrs[i].value))
			return 1;
	return 0;
}

static int shown(const struct weir_text *key)
{
	return !key->at ? 0 : key->n_bytes < KEY_SHOWN_MAX ? (int)key->n_bytes : KEY_SHOWN_MAX;
}

/* Checks a set and writes its canonical JSON. */
static int write_attrs(struct lend *l, const struct weir_attr *attrs, uint32_t n_attrs, struct weir_text *ret)
{
	struct weir_attr taken[LEND_ATTRS_MAX];
	struct json_out out = { .at = l->json, .n_max = LEND_ATTRS_JSON_MAX };
	const char *name = l->collector->name;

	if (n_attrs > LEND_ATTRS_MAX || (n_attrs && !attrs)) {
		lend_complain(l, "host.attributes", "collector: %s: a set of %u attributes, of %d at most, or at NULL",
		              name, n_attrs, LEND_ATTRS_MAX);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < n_attrs; i++) {
		taken[i] = attrs[i];
		if (!name_is_dotted(attrs[i].key)) {
			lend_complain(l, "host.attribute_key",
			              "collector: %s: attribute key '%.*s' is no dotted lower case name", name,
			              shown(&attrs[i].key), attrs[i].key.at);
			return -EINVAL;
		}
		if (lend_take_text(l, &taken[i].value) < 0)
			return -EINVAL;
	}
	if (json_attrs(&out, taken, n_attrs) < 0) {
		lend_complain(l, "host.attribute_key", "collector: %s: a set has the same attribute key twice", name);
		return -EINVAL;
	}
	if (out.n > out.n_max) {
		lend_complain(l, "host.attributes", "collector: %s: a set of %llu bytes; %d fit", name,
		              (unsigned long long)out.n, LEND_ATTRS_JSON_MAX);
		return -EINVAL;
	}
	if (is_repaired(taken, n_attrs))
		lend_note(l, "host.utf8", "an attribute was not UTF-8 and was repaired");
	*ret = (struct weir_text){ l->json, out.n };
	return 0;
}

static uint32_t new_series(struct lend *l, uint32_t metric_row, struct weir_text json)
{
	uint32_t id = series_table_add(&l->series, metric_row, json);

	if (!id) {
		lend_complain(l, "host.series", "collector: %s: no room for more than %u series", l->collector->name,
		              l->series.n_entries);
		return 0;
	}
	if (l->ops->series && l->ops->series(l->receiver, id, metric_row, json) < 0) {
		series_table_drop(&l->series);
		return 0;
	}
	return id;
}

uint32_t lend_series(const struct weir_host *h, uint32_t metric_row, const struct weir_attr *attrs, uint32_t n_attrs)
{
	struct lend *l = lend_owner(h);
	struct weir_text json;
	uint32_t id;

	if (metric_row >= l->collector->n_metrics) {
		lend_complain(l, "host.metric", "collector: %s: it has no metric row %u, only %u rows",
		              l->collector->name, metric_row, l->collector->n_metrics);
		return 0;
	}
	if (write_attrs(l, attrs, n_attrs, &json) < 0)
		return 0;
	id = series_table_find(&l->series, metric_row, json);
	return id ? id : new_series(l, metric_row, json);
}

/* An id that the receiver gave, remembered; 0: a bound was hit. */
static uint32_t given(struct lend *l, uint32_t id, uint32_t *max, const char *what)
{
	if (!id)
		lend_complain(l, "host.identity", "collector: %s: no room for more than %u %s", l->collector->name,
		              *max, what);
	if (id > *max)
		*max = id;
	return id;
}

uint32_t lend_frame(const struct weir_host *h, struct weir_text name, struct weir_text module, struct weir_text source)
{
	struct lend *l = lend_owner(h);
	uint32_t id;

	if (lend_take_text(l, &name) < 0 || lend_take_text(l, &module) < 0 || lend_take_text(l, &source) < 0)
		return 0;
	id = l->ops->frame ? l->ops->frame(l->receiver, name, module, source) : l->max_frame + 1;
	return given(l, id, &l->max_frame, "frames");
}

uint32_t lend_stack(const struct weir_host *h, uint32_t parent, uint32_t frame, uint64_t native_id)
{
	struct lend *l = lend_owner(h);
	uint32_t id;

	if (parent > l->max_stack || frame == 0 || frame > l->max_frame) {
		lend_complain(l, "host.stack",
		              "collector: %s: a stack of parent %u and frame %u, which were never given",
		              l->collector->name, parent, frame);
		return 0;
	}
	id = l->ops->stack ? l->ops->stack(l->receiver, parent, frame, native_id) : l->max_stack + 1;
	return given(l, id, &l->max_stack, "stacks");
}

uint32_t lend_attrs(const struct weir_host *h, const struct weir_attr *attrs, uint32_t n_attrs)
{
	struct lend *l = lend_owner(h);
	struct weir_text json;
	uint32_t id;

	if (write_attrs(l, attrs, n_attrs, &json) < 0)
		return 0;
	id = l->ops->attrs ? l->ops->attrs(l->receiver, json) : l->max_attrs + 1;
	return given(l, id, &l->max_attrs, "attribute sets");
}
