/* SPDX-License-Identifier: Apache-2.0 */
/* Runs, nodes, their facts and parts; collectors and their dictionaries. */
#include "store/state.h"

#include <weir/collector.h>

#include <errno.h>

/* The id that `find` gives, or that of the row which `add` makes; both take the same cells, `add` perhaps more. */
static int find_or_add(struct store *s, enum statement find, int n_find, enum statement add, int n_add,
                       const struct cell *cells, int64_t *ret, struct weir_error *reterr)
{
	int r = store_begin(s, reterr);

	if (r == 0)
		r = statement_run(s, find, cells, n_find, reterr);
	if (r < 0)
		return r;
	if (r > 0) {
		*ret = statement_integer(s, find, 0);
		statement_done(s, find);
		return 0;
	}
	r = statement_run(s, add, cells, n_add, reterr);
	*ret = sqlite3_last_insert_rowid(s->db);
	return r;
}

static int change(struct store *s, enum statement id, const struct cell *cells, int n_cells, struct weir_error *reterr)
{
	int r = store_begin(s, reterr);

	return r < 0 ? r : statement_run(s, id, cells, n_cells, reterr);
}

int store_run(struct store *s, const char *tag, int64_t *ret_run, struct weir_error *reterr)
{
	const struct cell cells[] = { cell_string(tag) };

	return find_or_add(s, RUN_FIND, 1, RUN_ADD, 1, cells, ret_run, reterr);
}

int store_node(struct store *s, int64_t run, const char *name, int64_t *ret_node, struct weir_error *reterr)
{
	const struct cell cells[] = { cell_integer(run), cell_string(name) };

	return find_or_add(s, NODE_FIND, 2, NODE_ADD, 2, cells, ret_node, reterr);
}

int store_fact(struct store *s, int64_t run, int64_t node, const char *name, struct weir_text value,
               struct weir_error *reterr)
{
	const struct cell cells[] = { cell_integer(run), cell_integer(node), cell_string(name), cell_text(value) };

	if (value.n_bytes == 0)
		return change(s, FACT_DELETE, cells, 3, reterr);
	return change(s, FACT_PUT, cells, 4, reterr);
}

int store_component(struct store *s, int64_t run, const char *name, const char *version, const char *commit,
                    struct weir_error *reterr)
{
	const struct cell cells[] = { cell_integer(run), cell_string(name), cell_string(version), cell_string(commit) };

	return change(s, COMPONENT_PUT, cells, N_CELLS(cells), reterr);
}

int store_unclaimed(struct store *s, int64_t run, int64_t node, const char *path, uint64_t size_bytes, const char *why,
                    struct weir_error *reterr)
{
	const struct cell cells[] = { cell_integer(run), cell_integer(node), cell_string(path),
		                      cell_integer((int64_t)size_bytes), cell_string(why) };

	return change(s, UNCLAIMED_PUT, cells, N_CELLS(cells), reterr);
}

int store_unclaimed_clear(struct store *s, int64_t run, struct weir_error *reterr)
{
	const struct cell cells[] = { cell_integer(run) };

	return change(s, UNCLAIMED_CLEAR, cells, N_CELLS(cells), reterr);
}

/* ---- Dictionaries ---- */

/* What all who emit a metric must agree on. */
struct meaning {
	int64_t id, shape, kind, type;
	char unit[64];
};

static void say_meaning(const struct meaning *m, char *ret, size_t n)
{
	static const char *const shapes[] = { "?", "number", "histogram", "span", "weight" };
	static const char *const kinds[] = { "?", "gauge", "counter" };
	static const char *const types[] = { "?", "i64", "f64" };

	(void)snprintf(ret, n, "%s, %s, %s, unit `%s`", shapes[m->shape >= 1 && m->shape <= 4 ? m->shape : 0],
	               kinds[m->kind >= 1 && m->kind <= 2 ? m->kind : 0],
	               types[m->type >= 1 && m->type <= 2 ? m->type : 0], m->unit);
}

static int is_same_meaning(const struct meaning *m, const struct weir_metric *row)
{
	return m->shape == row->shape && m->kind == row->kind && m->type == row->type &&
	       strcmp(m->unit, row->unit) == 0;
}

static int refuse_metric(struct store *s, const struct store_collector *c, const struct weir_metric *row,
                         const struct meaning *old, const char *other, const char *version, struct weir_error *reterr)
{
	struct meaning new = { .shape = row->shape, .kind = row->kind, .type = row->type };
	char said[128], says[128];

	(void)snprintf(new.unit, sizeof(new.unit), "%s", row->unit);
	say_meaning(old, said, sizeof(said));
	say_meaning(&new, says, sizeof(says));
	return weir_fail(reterr, -EINVAL,
	                 "store: %s: metric %s: %s %s declares it as %s, and %s %s, which is in the store, as %s",
	                 s->path, row->name, c->name, c->version, says, other, version, said);
}

/* A metric that is there with another meaning: only its own collector may change it, and only while it has no data. */
static int update_metric(struct store *s, const struct store_collector *c, const struct weir_metric *row,
                         const struct meaning *old, struct weir_error *reterr)
{
	const struct cell who[] = { cell_integer(old->id), cell_string(c->name) };
	const struct cell cells[] = { cell_integer(old->id), cell_integer(row->shape), cell_integer(row->kind),
		                      cell_integer(row->type), cell_string(row->unit) };
	char other[64] = "", version[64] = "";
	int r = statement_run(s, METRIC_OTHER_COLLECTOR, who, 2, reterr), is_used;

	if (r > 0) {
		(void)snprintf(other, sizeof(other), "%s", statement_text(s, METRIC_OTHER_COLLECTOR, 0));
		(void)snprintf(version, sizeof(version), "%s", statement_text(s, METRIC_OTHER_COLLECTOR, 1));
		statement_done(s, METRIC_OTHER_COLLECTOR);
	}
	if (r < 0)
		return r;
	is_used = statement_run(s, METRIC_IS_USED, who, 1, reterr);
	if (is_used > 0)
		statement_done(s, METRIC_IS_USED);
	if (is_used < 0)
		return is_used;
	if (is_used || (r > 0 && strcmp(other, c->name) != 0))
		return refuse_metric(s, c, row, old, other, version, reterr);
	return statement_run(s, METRIC_UPDATE, cells, N_CELLS(cells), reterr);
}

static int find_metric(struct store *s, const struct weir_metric *row, struct meaning *ret, struct weir_error *reterr)
{
	const struct cell cells[] = { cell_string(row->name) };
	int r = statement_run(s, METRIC_FIND, cells, 1, reterr);

	if (r <= 0)
		return r;
	ret->id = statement_integer(s, METRIC_FIND, 0);
	ret->shape = statement_integer(s, METRIC_FIND, 1);
	ret->kind = statement_integer(s, METRIC_FIND, 2);
	ret->type = statement_integer(s, METRIC_FIND, 3);
	(void)snprintf(ret->unit, sizeof(ret->unit), "%s", statement_text(s, METRIC_FIND, 4));
	statement_done(s, METRIC_FIND);
	return 1;
}

static int put_metric(struct store *s, const struct store_collector *c, const struct weir_metric *row, int64_t *ret,
                      struct weir_error *reterr)
{
	const struct cell cells[] = { cell_string(row->name), cell_integer(row->shape), cell_integer(row->kind),
		                      cell_integer(row->type), cell_string(row->unit) };
	struct meaning old;
	int r = find_metric(s, row, &old, reterr);

	if (r == 0) {
		r = statement_run(s, METRIC_ADD, cells, N_CELLS(cells), reterr);
		*ret = sqlite3_last_insert_rowid(s->db);
		return r;
	}
	if (r < 0)
		return r;
	*ret = old.id;
	return is_same_meaning(&old, row) ? 0 : update_metric(s, c, row, &old, reterr);
}

static int declare(struct store *s, const struct store_collector *c, int64_t collector, uint32_t row,
                   struct weir_error *reterr)
{
	const struct weir_metric *m = &c->metrics[row];
	int64_t metric = 0;
	int r = put_metric(s, c, m, &metric, reterr);
	const struct cell cells[] = { cell_integer(collector), cell_integer(row),      cell_integer(metric),
		                      cell_integer(m->better), cell_integer(m->scale), cell_integer(m->range),
		                      cell_string(m->brief),   cell_string(m->help) };

	return r < 0 ? r : statement_run(s, DECLARED_PUT, cells, N_CELLS(cells), reterr);
}

static int declare_all(struct store *s, const struct store_collector *c, int64_t *ret_collector,
                       struct weir_error *reterr)
{
	const struct cell cells[] = { cell_string(c->name), cell_string(c->version),
		                      cell_bytes(c->sha256, sizeof(c->sha256)), cell_integer(c->abi_major),
		                      cell_integer(c->abi_minor) };
	int r = find_or_add(s, COLLECTOR_FIND, 3, COLLECTOR_ADD, N_CELLS(cells), cells, ret_collector, reterr);

	for (uint32_t row = 0; row < c->n_metrics && r == 0; row++)
		r = declare(s, c, *ret_collector, row, reterr);
	return r;
}

int store_collector(struct store *s, const struct store_collector *c, int64_t *ret_collector, struct weir_error *reterr)
{
	int r = store_begin(s, reterr);

	/* All of its dictionary or none of it. */
	if (r == 0)
		r = sql_run(s->db, s->path, "SAVEPOINT collector", reterr);
	if (r < 0)
		return r;
	r = declare_all(s, c, ret_collector, reterr);
	if (r < 0)
		(void)sqlite3_exec(s->db, "ROLLBACK TO collector; RELEASE collector", NULL, NULL, NULL);
	else
		r = sql_run(s->db, s->path, "RELEASE collector", reterr);
	return r;
}
