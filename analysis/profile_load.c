/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/profile_load.h"

#include "store/query.h"

#include <errno.h>
#include <string.h>
#include <weir/fail.h>

enum {
	UNIT_MAX = 64,
};

struct loading {
	struct profile_set *set;
	const struct profile_choice *choice;
	sqlite3_stmt *sources, *stacks, *weights;
	sqlite3 *db;
	uint32_t side;
	uint32_t n;
};

static int fail_sql(sqlite3 *db, struct weir_error *reterr)
{
	return weir_fail(reterr, -EIO, "profile: store: %s", sqlite3_errmsg(db));
}

static struct weir_text text(sqlite3_stmt *q, int column)
{
	const unsigned char *at = sqlite3_column_text(q, column);

	return (struct weir_text){ at ? (const char *)at : "", (uint64_t)sqlite3_column_bytes(q, column) };
}

int profile_unit(struct store *s, const char *metric, char *ret, size_t size, struct weir_error *reterr)
{
	sqlite3_stmt *q;
	int result = query_prepare(s, "SELECT unit FROM metrics WHERE name = ?1 AND shape = 'weight'", &q, reterr),
	    step;

	if (result < 0)
		return result;
	(void)sqlite3_bind_text(q, 1, metric, -1, SQLITE_STATIC);
	step = sqlite3_step(q);
	if (step == SQLITE_ROW)
		(void)snprintf(ret, size, "%s", text(q, 0).at);
	else if (step == SQLITE_DONE)
		result = weir_fail(reterr, -ENOENT, "profile: %s: the store has no weights of this name", metric);
	else
		result = fail_sql(query_db(s), reterr);
	(void)sqlite3_finalize(q);
	return result;
}

static int load_stacks(struct loading *l, int64_t source, struct weir_error *reterr)
{
	int step, result;

	(void)sqlite3_reset(l->stacks);
	(void)sqlite3_bind_int64(l->stacks, 1, source);
	while ((step = sqlite3_step(l->stacks)) == SQLITE_ROW) {
		result = profile_source_stack(l->set, (uint32_t)sqlite3_column_int64(l->stacks, 0),
		                              (uint32_t)sqlite3_column_int64(l->stacks, 1), text(l->stacks, 2),
		                              text(l->stacks, 3), text(l->stacks, 4));
		if (result < 0)
			return weir_fail(reterr, result, "profile: source %lld: stack %lld: %s", (long long)source,
			                 (long long)sqlite3_column_int64(l->stacks, 0),
			                 result == -EINVAL ? "the store is damaged" : strerror(-result));
	}
	return step == SQLITE_DONE ? 0 : fail_sql(l->db, reterr);
}

/* The row that the weights statement stands on. */
static int load_weight(struct loading *l, struct weir_error *reterr)
{
	sqlite3_stmt *q = l->weights;
	struct profile_weight w = {
		.time_ns = sqlite3_column_int64(q, 1),
		.duration_ns = sqlite3_column_int64(q, 2),
		.stack = (uint32_t)sqlite3_column_int64(q, 3),
		.has_self = sqlite3_column_type(q, 4) != SQLITE_NULL,
		.has_inclusive = sqlite3_column_type(q, 5) != SQLITE_NULL,
		.self = sqlite3_column_double(q, 4),
		.inclusive = sqlite3_column_double(q, 5),
	};
	int result = profile_source_weight(l->set, text(q, 0), &w);

	if (result == -E2BIG)
		return weir_fail(reterr, result, "profile: %s: more than %d sets of attributes", l->choice->metric,
		                 PROFILE_MAX);
	return result < 0 ? weir_fail(reterr, result, "profile: %s: stack %u: %s", l->choice->metric, w.stack,
	                              result == -EINVAL ? "the store is damaged" : strerror(-result))
	                  : 0;
}

/* Only a source that has the metric gets its stacks loaded. */
static int load_source(struct loading *l, struct weir_error *reterr)
{
	int64_t source = sqlite3_column_int64(l->sources, 0);
	int step, result;

	(void)sqlite3_reset(l->weights);
	(void)sqlite3_bind_int64(l->weights, 1, source);
	(void)sqlite3_bind_text(l->weights, 2, l->choice->metric, -1, SQLITE_STATIC);
	step = sqlite3_step(l->weights);
	if (step == SQLITE_DONE)
		return 0;
	result = profile_source_begin(l->set, text(l->sources, 1).at, text(l->sources, 2).at, l->side, reterr);
	if (result == 0)
		result = load_stacks(l, source, reterr);
	for (; result == 0 && step == SQLITE_ROW; step = sqlite3_step(l->weights))
		result = load_weight(l, reterr);
	if (result == 0 && step != SQLITE_DONE)
		result = fail_sql(l->db, reterr);
	if (result == 0)
		result = profile_source_end(l->set, reterr);
	l->n += result == 0;
	return result;
}

static int load_all(struct loading *l, struct weir_error *reterr)
{
	int step, result = 0;

	if (l->choice->run)
		(void)sqlite3_bind_text(l->sources, 1, l->choice->run, -1, SQLITE_STATIC);
	if (l->choice->node)
		(void)sqlite3_bind_text(l->sources, 2, l->choice->node, -1, SQLITE_STATIC);
	while (result == 0 && (step = sqlite3_step(l->sources)) != SQLITE_DONE)
		result = step == SQLITE_ROW ? load_source(l, reterr) : fail_sql(l->db, reterr);
	return result;
}

int profile_load(struct store *s, const struct profile_choice *choice, uint32_t side, struct profile_set *set,
                 uint32_t *ret_n, struct weir_error *reterr)
{
	struct loading l = { .set = set, .choice = choice, .db = query_db(s), .side = side };
	int result;

	result = query_prepare(
		s,
		"SELECT source_id, run, coalesce(node, '') FROM weir_sources WHERE (?1 IS NULL OR run = ?1)"
		" AND (?2 IS NULL OR node = ?2) ORDER BY run, node, path",
		&l.sources, reterr);
	if (result == 0)
		result = query_prepare(
			s,
			"SELECT stack_id, parent_id, name, module, src FROM weir_stacks WHERE source_id = ?1"
			" ORDER BY stack_id",
			&l.stacks, reterr);
	if (result == 0)
		result = query_prepare(s,
		                       "SELECT attrs, t_ns, dur_ns, stack_id, self, inclusive FROM weir_weights"
		                       " WHERE source_id = ?1 AND metric = ?2",
		                       &l.weights, reterr);
	if (result == 0)
		result = load_all(&l, reterr);
	(void)sqlite3_finalize(l.sources);
	(void)sqlite3_finalize(l.stacks);
	(void)sqlite3_finalize(l.weights);
	*ret_n = l.n;
	return result;
}

int profile_set_load(struct store *s, const struct profile_choice *choice, struct profile_set **ret,
                     struct weir_error *reterr)
{
	char unit[UNIT_MAX];
	int result = profile_unit(s, choice->metric, unit, sizeof(unit), reterr);
	uint32_t n = 0;

	*ret = NULL;
	if (result < 0)
		return result == -ENOENT ? 0 : result;
	*ret = profile_set_new(choice->metric, unit, choice->identity);
	result = *ret ? profile_load(s, choice, 0, *ret, &n, reterr) : weir_fail(reterr, -ENOMEM, "profile: no memory");
	if (result == 0)
		result = profile_set_finish(*ret, reterr);
	if (result < 0 || n == 0) {
		profile_set_free(*ret);
		*ret = NULL;
	}
	return result;
}
