/* SPDX-License-Identifier: Apache-2.0 */

/* From profiles to rows: values by function over all nodes, then names that are unique in the run. */

#include "analysis/atoms.h"
#include "exports/locli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROOM_FIRST = 64,
};

/* A function of the run: {module NUL name}. The source is the first that was seen. */
struct function {
	const char *module, *name, *source;
	const char *label;
};

struct making {
	struct locli *l;
	struct atoms *ids;
	struct function *functions; /* by id - 1 */
	uint32_t n_room;
};

static void copy_key(char *key, const struct profile_frame *f)
{
	size_t n = strlen(f->module) + 1;

	memcpy(key, f->module, n);
	memcpy(key + n, f->name, strlen(f->name) + 1);
}

static uint32_t function_of(struct making *m, struct profile_frame f)
{
	size_t n = strlen(f.module) + strlen(f.name) + 1;
	char *key = malloc(n + 1);
	uint32_t id, n_before = atoms_count(m->ids);

	if (!key)
		return 0;
	copy_key(key, &f);
	id = atoms_id(m->ids, key, n);
	free(key);
	if (id <= n_before)
		return id;
	if (id > m->n_room) {
		uint32_t n_room = m->n_room ? 2 * m->n_room : ROOM_FIRST;
		struct function *more = reallocarray(m->functions, n_room, sizeof(*more));

		if (!more)
			return 0;
		m->functions = more;
		m->n_room = n_room;
	}
	m->functions[id - 1] = (struct function){ f.module, f.name, f.source, f.name };
	return id;
}

static struct locli_node *node_of(struct locli *l, const char *name)
{
	struct locli_node *more;

	for (uint32_t i = 0; i < l->n_nodes; i++)
		if (strcmp(l->nodes[i].name, name) == 0)
			return &l->nodes[i];
	more = reallocarray(l->nodes, l->n_nodes + 1, sizeof(*more));
	if (!more)
		return NULL;
	l->nodes = more;
	more[l->n_nodes] = (struct locli_node){ .name = name };
	return &more[l->n_nodes++];
}

/* Rows of a node are kept by function id until all sets are in. */
static int widen(struct locli_node *node, uint32_t n)
{
	struct locli_row *rows;

	if (n <= node->n_rows)
		return 0;
	rows = reallocarray(node->rows, n, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	memset(rows + node->n_rows, 0, (n - node->n_rows) * sizeof(*rows));
	node->rows = rows;
	node->n_rows = n;
	return 0;
}

static int take_frame(struct making *m, const struct profile_set *set, const struct profile *p,
                      const struct profile_subject *s, uint32_t frame, int is_alloc)
{
	struct profile_frame f = profile_frame(set, frame);
	struct locli_node *node = node_of(m->l, s->node);
	double share = p->is_share ? s->self[frame] : s->total > 0 ? 100 * s->self[frame] / s->total : 0;
	uint32_t id = function_of(m, f);
	struct locli_row *row;

	if (!node || !id || widen(node, id) < 0)
		return -ENOMEM;
	row = &node->rows[id - 1];
	row->function = f.name;
	*(is_alloc ? &row->alloc : &row->time) = share;
	return 0;
}

/* Weights with attributes are not the program's (`scope`: what the run-time system keeps for itself): plain reports,
 * which locli knows, have neither their rows nor their costs. */
static int take(struct making *m, const struct profile_set *set, int is_alloc)
{
	for (uint32_t i = 0; set && i < profile_set_count(set); i++) {
		const struct profile *p = profile_set_at(set, i);

		if (strcmp(p->attrs, "{}") != 0)
			continue;
		for (uint32_t j = 0; j < p->n_subjects; j++)
			for (uint32_t frame = 1; frame <= profile_frame_count(set); frame++)
				if (p->subjects[j].is_seen[frame] &&
				    take_frame(m, set, p, &p->subjects[j], frame, is_alloc) < 0)
					return -ENOMEM;
	}
	return 0;
}

static const char *join(struct locli *l, const char *first, const char *middle, const char *last)
{
	char **made = reallocarray(l->made, l->n_made + 1, sizeof(*made)), *text;

	if (!made)
		return NULL;
	l->made = made;
	if (asprintf(&text, "%s%s%s", first, middle, last) < 0)
		return NULL;
	made[l->n_made++] = text;
	return text;
}

/* How many functions have each label: counts by label id. */
static uint32_t *count_labels(const struct making *m, struct atoms *labels)
{
	uint32_t n = atoms_count(m->ids), *counts = calloc((size_t)n + 1, sizeof(*counts)), id;

	for (uint32_t i = 0; counts && i < n; i++) {
		id = atoms_id(labels, m->functions[i].label, strlen(m->functions[i].label));
		if (id)
			counts[id]++;
	}
	return counts;
}

typedef const char *relabel(struct locli *l, const struct function *f);

static const char *with_module(struct locli *l, const struct function *f)
{
	return f->label == f->name && *f->module ? join(l, f->module, ".", f->name) : f->label;
}

/* `A.b` of module A.b's label c, and module A's label b.c: one text, two functions. */
static const char *with_both(struct locli *l, const struct function *f)
{
	return join(l, f->name, " of ", f->module);
}

/* Renames every function whose label another one has too; the number of them, or -ENOMEM. */
static int separate(struct making *m, relabel *rename_one)
{
	struct atoms *labels = atoms_new();
	uint32_t *counts = labels ? count_labels(m, labels) : NULL, n = 0;
	int result = counts ? 0 : -ENOMEM;

	for (uint32_t i = 0; result == 0 && i < atoms_count(m->ids); i++) {
		struct function *f = &m->functions[i];
		uint32_t id = atoms_find(labels, f->label, strlen(f->label));

		if (id && counts[id] < 2 && *f->label)
			continue;
		n++;
		f->label = rename_one(m->l, f);
		if (!f->label)
			result = -ENOMEM;
	}
	free(counts);
	atoms_free(labels);
	return result < 0 ? result : (int)n;
}

/* A name that was made unique can meet one that was unique before, so once is not enough. */
static int name_functions(struct making *m)
{
	int n = separate(m, with_module);

	if (n > 0)
		n = separate(m, with_module);
	if (n > 0)
		n = separate(m, with_both);
	return n < 0 ? n : 0;
}

static int by_time(const void *a, const void *b)
{
	const struct locli_row *x = a, *y = b;

	if (x->time != y->time)
		return x->time > y->time ? -1 : 1;
	if (x->alloc != y->alloc)
		return x->alloc > y->alloc ? -1 : 1;
	return strcmp(x->function, y->function);
}

static void fill_rows(const struct making *m, struct locli_node *node)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < node->n_rows; i++) {
		const struct function *f = &m->functions[i];
		struct locli_row row = node->rows[i];

		if (!row.function)
			continue;
		row.function = f->label;
		row.module = f->module;
		row.source = f->source;
		node->rows[n++] = row;
	}
	node->n_rows = n;
	if (n > 0)
		qsort(node->rows, n, sizeof(*node->rows), by_time);
}

int locli_new(const struct locli_sets *sets, struct locli **ret)
{
	struct making m = { .l = calloc(1, sizeof(*m.l)), .ids = atoms_new() };
	int result = m.l && m.ids ? 0 : -ENOMEM;

	/* Exact values last: they win. */
	if (result == 0)
		result = take(&m, sets->time_share, 0);
	if (result == 0)
		result = take(&m, sets->ticks, 0);
	if (result == 0)
		result = take(&m, sets->alloc_share, 1);
	if (result == 0)
		result = take(&m, sets->alloc, 1);
	if (result == 0)
		result = name_functions(&m);
	for (uint32_t i = 0; result == 0 && i < m.l->n_nodes; i++)
		fill_rows(&m, &m.l->nodes[i]);
	if (result < 0) {
		locli_free(m.l);
		m.l = NULL;
	}
	atoms_free(m.ids);
	free(m.functions);
	*ret = m.l;
	return result;
}

void locli_free(struct locli *l)
{
	if (!l)
		return;
	for (uint32_t i = 0; i < l->n_nodes; i++)
		free(l->nodes[i].rows);
	for (uint32_t i = 0; i < l->n_made; i++)
		free(l->made[i]);
	free(l->nodes);
	free(l->made);
	free(l);
}
