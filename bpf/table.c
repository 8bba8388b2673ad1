/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/table.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int table_open(struct table *t, const struct probes *p, const char *map, unsigned n_copies)
{
	const struct bpf_map *m = bpf_object__find_map_by_name(p->object, map);

	*t = (struct table){ .name = map,
		             .map = bpf_map__fd(m),
		             .n_copies = n_copies,
		             .n_max = bpf_map__max_entries(m),
		             .n_key = bpf_map__key_size(m),
		             .n_value = bpf_map__value_size(m),
		             .has_cpu_in_key = bpf_map__type(m) != BPF_MAP_TYPE_PERCPU_HASH };
	if (t->has_cpu_in_key)
		t->n_key -= sizeof(uint32_t);
	t->slots = calloc(t->n_max, sizeof(*t->slots));
	t->values = calloc(t->n_copies, t->n_value);
	return t->slots && t->values ? 0 : -ENOMEM;
}

void table_close(struct table *t)
{
	free(t->slots);
	free(t->values);
	*t = (struct table){ 0 };
}

/* Keys come in much the same order each time, so each is most often found where it is expected. NULL: more entries than
 * the map can hold, because it changed while it was read. */
static struct table_slot *slot_of(struct table *t, const unsigned char *key)
{
	struct table_slot *unused = NULL;

	for (uint32_t i = 0; i < t->n_seen; i++) {
		uint32_t at = (t->expected + i) % t->n_seen;

		if (t->slots[at].is_used && memcmp(t->slots[at].key.bytes, key, t->n_key) == 0) {
			t->expected = at + 1;
			return &t->slots[at];
		}
		if (!t->slots[at].is_used)
			unused = &t->slots[at];
	}
	if (!unused && t->n_seen < t->n_max)
		unused = &t->slots[t->n_seen++];
	if (!unused)
		return NULL;
	*unused = (struct table_slot){ .is_used = 1 };
	memcpy(unused->key.bytes, key, t->n_key);
	return unused;
}

void table_begin(struct table *t)
{
	t->n_read = 0;
	t->reading++;
	t->expected = 0;
	t->is_at_end = bpf_map_get_next_key(t->map, NULL, t->next) < 0;
}

/* The key of one of a slot's copies. */
static void key_of_copy(const struct table *t, const struct table_slot *slot, uint32_t cpu,
                        unsigned char ret[TABLE_KEY_MAX])
{
	memcpy(ret, slot->key.bytes, TABLE_KEY_MAX);
	memcpy(ret + t->n_key, &cpu, sizeof(cpu));
}

static int read_copies(const struct table *t, const struct table_slot *slot)
{
	int n = 0;

	for (uint32_t cpu = 0; cpu < t->n_copies; cpu++) {
		unsigned char key[TABLE_KEY_MAX];
		char *copy = t->values + cpu * t->n_value;

		key_of_copy(t, slot, cpu, key);
		if (bpf_map_lookup_elem(t->map, key, copy) == 0)
			n++;
		else
			memset(copy, 0, t->n_value);
	}
	return n > 0;
}

struct table_slot *table_next(struct table *t)
{
	while (!t->is_at_end && t->n_read < t->n_max) {
		unsigned char key[TABLE_KEY_MAX];
		struct table_slot *slot;

		memcpy(key, t->next, sizeof(key));
		slot = slot_of(t, key);
		t->n_read++;
		t->is_at_end = bpf_map_get_next_key(t->map, key, t->next) < 0;
		if (!slot || slot->reading == t->reading)
			continue;
		slot->reading = t->reading;
		if (t->has_cpu_in_key ? read_copies(t, slot) : bpf_map_lookup_elem(t->map, key, t->values) == 0)
			return slot;
	}
	return NULL;
}

static const struct hist *hist_of(const struct table *t, const struct table_row *row)
{
	return (const struct hist *)(const void *)(t->values + row->offset);
}

static int is_to_be_named(const struct table *t, const struct table_slot *slot, const struct table_row *rows,
                          unsigned i)
{
	if (slot->named & 1U << i)
		return 0;
	return !rows[i].is_rare || interval_has_any(hist_of(t, &rows[i]), t->n_copies, t->n_value);
}

int table_lacks_name(const struct table *t, const struct table_slot *slot, const struct table_row *rows, unsigned n)
{
	unsigned i = 0;

	while (i < n && !is_to_be_named(t, slot, rows, i))
		i++;
	return i < n;
}

void table_name(const struct table *t, struct table_slot *slot, const struct outbox *o, const struct table_row *rows,
                unsigned n, const struct outbox_pair *pairs, unsigned n_pairs)
{
	struct outbox_pair all[TABLE_PAIRS_MAX];

	assert(n <= TABLE_SERIES && n_pairs < TABLE_PAIRS_MAX);
	memcpy(all, pairs, n_pairs * sizeof(*pairs));
	for (unsigned i = 0; i < n; i++) {
		if (!is_to_be_named(t, slot, rows, i))
			continue;
		all[n_pairs] = (struct outbox_pair){ rows[i].key, rows[i].value };
		slot->series[i] = outbox_series(o, rows[i].row, all, n_pairs + 1);
		slot->named |= 1U << i;
	}
}

static uint64_t sum_of(const struct table *t, size_t offset)
{
	uint64_t sum = 0, one;

	for (unsigned i = 0; i < t->n_copies; i++) {
		memcpy(&one, t->values + i * t->n_value + offset, sizeof(one));
		sum += one;
	}
	return sum;
}

void table_tell(const struct table *t, struct table_slot *slot, const struct table_row *rows, unsigned n,
                struct outbox *o, uint64_t interval)
{
	struct interval_mark *mark = slot->marks;
	struct interval_gain gain;

	for (unsigned i = 0; i < n; i++) {
		if (!rows[i].is_hist) {
			outbox_count(o, slot->series[i], sum_of(t, rows[i].offset));
			continue;
		}
		if (interval_take(hist_of(t, &rows[i]), t->n_copies, t->n_value, interval, mark++, &gain))
			outbox_histogram(o, slot->series[i], &gain.histogram);
	}
}

void table_tell_fill(const struct table *t, struct live *l)
{
	gauge_fill(&l->gauge, &l->outbox, t->name, t->n_read, t->n_max);
}

void table_forget(struct table *t, struct table_slot *slot)
{
	unsigned char key[TABLE_KEY_MAX];

	slot->is_used = 0;
	if (!t->has_cpu_in_key)
		(void)bpf_map_delete_elem(t->map, slot->key.bytes);
	for (uint32_t cpu = 0; t->has_cpu_in_key && cpu < t->n_copies; cpu++) {
		char *copy = t->values + cpu * t->n_value;

		key_of_copy(t, slot, cpu, key);
		if (bpf_map_lookup_and_delete_elem(t->map, key, copy) < 0)
			memset(copy, 0, t->n_value);
	}
}

void table_forget_process(struct table *t, uint32_t tgid)
{
	for (uint32_t i = 0; i < t->n_seen; i++)
		if (t->slots[i].is_used && t->slots[i].key.tgid == tgid)
			table_forget(t, &t->slots[i]);
}
