/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/table.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int table_init(struct table *t, int map, const struct table_shape *shape)
{
	*t = (struct table){ .slots = calloc(shape->n_max, sizeof(*t->slots)),
		             .values = calloc(shape->n_copies, shape->n_value),
		             .shape = *shape,
		             .map = map };
	return t->slots && t->values ? 0 : -ENOMEM;
}

void table_done(struct table *t)
{
	free(t->slots);
	free(t->values);
	*t = (struct table){ 0 };
}

/* How many bytes of a key tell entries apart. */
static size_t own_key(const struct table *t)
{
	return t->shape.n_key - (t->shape.has_cpu_in_key ? sizeof(uint32_t) : 0);
}

/* Keys come in much the same order each time, so each is most often found where it is expected. NULL: more entries than
 * the map can hold, because it changed while it was read. */
static struct table_slot *slot_of(struct table *t, const unsigned char *key)
{
	size_t n_key = own_key(t);
	struct table_slot *unused = NULL;

	for (uint32_t i = 0; i < t->n_seen; i++) {
		uint32_t at = (t->expected + i) % t->n_seen;

		if (t->slots[at].is_used && memcmp(t->slots[at].key.bytes, key, n_key) == 0) {
			t->expected = at + 1;
			return &t->slots[at];
		}
		if (!t->slots[at].is_used)
			unused = &t->slots[at];
	}
	if (!unused && t->n_seen < t->shape.n_max)
		unused = &t->slots[t->n_seen++];
	if (!unused)
		return NULL;
	*unused = (struct table_slot){ .is_used = 1 };
	memcpy(unused->key.bytes, key, n_key);
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
	memcpy(ret + own_key(t), &cpu, sizeof(cpu));
}

static int read_copies(const struct table *t, const struct table_slot *slot)
{
	int n = 0;

	for (uint32_t cpu = 0; cpu < t->shape.n_copies; cpu++) {
		unsigned char key[TABLE_KEY_MAX];
		char *copy = t->values + cpu * t->shape.n_value;

		key_of_copy(t, slot, cpu, key);
		if (bpf_map_lookup_elem(t->map, key, copy) == 0)
			n++;
		else
			memset(copy, 0, t->shape.n_value);
	}
	return n > 0;
}

struct table_slot *table_next(struct table *t)
{
	while (!t->is_at_end && t->n_read < t->shape.n_max) {
		unsigned char key[TABLE_KEY_MAX];
		struct table_slot *slot;

		memcpy(key, t->next, sizeof(key));
		slot = slot_of(t, key);
		t->n_read++;
		t->is_at_end = bpf_map_get_next_key(t->map, key, t->next) < 0;
		if (!slot || slot->reading == t->reading)
			continue;
		slot->reading = t->reading;
		if (t->shape.has_cpu_in_key ? read_copies(t, slot) : bpf_map_lookup_elem(t->map, key, t->values) == 0)
			return slot;
	}
	return NULL;
}

uint64_t table_sum(const struct table *t, size_t offset)
{
	uint64_t sum = 0, one;

	for (unsigned i = 0; i < t->shape.n_copies; i++) {
		memcpy(&one, t->values + i * t->shape.n_value + offset, sizeof(one));
		sum += one;
	}
	return sum;
}

void table_take(const struct table *t, struct table_slot *slot, unsigned mark, size_t offset, uint32_t series,
                const struct table_poll *poll)
{
	struct interval_gain gain;

	(void)interval_take((const struct hist *)(const void *)(t->values + offset), t->shape.n_copies,
	                    t->shape.n_value, poll->interval, &slot->marks[mark], &gain);
	outbox_histogram(poll->out, series, &gain.histogram, poll->duration_ns);
}

void table_forget(struct table *t, struct table_slot *slot)
{
	unsigned char key[TABLE_KEY_MAX];

	slot->is_used = 0;
	if (!t->shape.has_cpu_in_key)
		(void)bpf_map_delete_elem(t->map, slot->key.bytes);
	for (uint32_t cpu = 0; t->shape.has_cpu_in_key && cpu < t->shape.n_copies; cpu++) {
		key_of_copy(t, slot, cpu, key);
		(void)bpf_map_delete_elem(t->map, key);
	}
}

void table_forget_process(struct table *t, uint32_t tgid)
{
	for (uint32_t i = 0; i < t->n_seen; i++)
		if (t->slots[i].is_used && t->slots[i].key.tgid == tgid)
			table_forget(t, &t->slots[i]);
}
