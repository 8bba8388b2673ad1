/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/profile_load.h"

#include "store/builder.h"
#include "store/lexicon.h"
#include "store/query.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

enum {
	UNIT_MAX = 64,
	FRAMES_FIRST = 1024,
};

struct loading {
	struct profile_set *set;
	const struct profile_choice *choice;
	sqlite3_stmt *sources, *weights, *repeats;
	char *repeated[PROFILE_MAX]; /* attributes of the source that another collector's count for */
	uint32_t n_repeated;
	sqlite3 *db;
	struct lexicon *lexicon;
	uint32_t *frames; /* the set's number of each of the source's frames; 0: not looked at yet */
	uint32_t n_frames;
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

/* Room for the numbers of frames up to this one, zeros at first. */
static int reserve_frames(struct loading *l, uint32_t frame)
{
	uint32_t n = l->n_frames ? l->n_frames : FRAMES_FIRST, *more;

	if (frame > BUILDER_FRAMES_MAX)
		return -EINVAL;
	while (n <= frame)
		n *= 2;
	if (n == l->n_frames)
		return 0;
	more = reallocarray(l->frames, n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	memset(more + l->n_frames, 0, (n - l->n_frames) * sizeof(*more));
	l->frames = more;
	l->n_frames = n;
	return 0;
}

/* A frame's names are looked at once a source, however many stacks it ends. */
static int name_frame(struct loading *l, uint64_t id, uint32_t number, struct weir_error *reterr)
{
	struct block_frame frame;
	int result = lexicon_frame(l->lexicon, id, &frame, reterr);

	if (result < 0)
		return result;
	l->frames[number] = profile_source_frame(l->set, frame.name, frame.module, frame.source);
	return l->frames[number] ? 0 : weir_fail(reterr, -ENOMEM, "profile: no memory");
}

static int load_stack(struct loading *l, int64_t source, uint64_t id, struct weir_error *reterr)
{
	struct block_stack stack;
	int result = lexicon_stack(l->lexicon, id, &stack, reterr), code;

	if (result < 0)
		return result;
	code = reserve_frames(l, stack.frame);
	if (code == 0 && l->frames[stack.frame] == 0) {
		result = name_frame(l, id, stack.frame, reterr);
		if (result < 0)
			return result;
	}
	if (code == 0)
		code = profile_source_stack(l->set, (uint32_t)id, stack.parent, l->frames[stack.frame]);
	return code < 0 ? weir_fail(reterr, code, "profile: source %" PRId64 ": stack %" PRIu64 ": %s", source, id,
	                            code == -EINVAL ? "the store is damaged" : strerror(-code))
	                : 0;
}

static int load_stacks(struct loading *l, int64_t source, struct weir_error *reterr)
{
	uint64_t n;
	int result;

	lexicon_use(l->lexicon, source);
	if (l->n_frames > 0)
		memset(l->frames, 0, l->n_frames * sizeof(*l->frames));
	result = lexicon_count(l->lexicon, &n, reterr);
	for (uint64_t id = 1; result == 0 && id <= n; id++)
		result = load_stack(l, source, id, reterr);
	return result;
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

static const char weights_sql[] =
	"SELECT attrs, t_ns, dur_ns, stack_id, self, inclusive FROM weir_weights WHERE source_id = ?1 AND metric = ?2";

/* Of each set of attributes the census that comes first by %s. */
static const char one_census_sql[] =
	"WITH census AS (SELECT attrs, t_ns, sum(self) AS total FROM weir_weights WHERE source_id = ?1 AND metric = ?2"
	" AND dur_ns = 0 GROUP BY attrs, t_ns),"
	" chosen AS (SELECT attrs, t_ns FROM (SELECT attrs, t_ns, row_number() OVER (PARTITION BY attrs ORDER BY %s) AS"
	" place FROM census) WHERE place = 1)"
	" SELECT w.attrs, w.t_ns, w.dur_ns, w.stack_id, w.self, w.inclusive FROM weir_weights w JOIN chosen c"
	" ON c.attrs = w.attrs AND c.t_ns = w.t_ns WHERE w.source_id = ?1 AND w.metric = ?2 AND w.dur_ns = 0";

static int prepare_weights(struct store *s, enum profile_when when, sqlite3_stmt **ret, struct weir_error *reterr)
{
	char sql[sizeof(one_census_sql) + 64];

	if (when == PROFILE_ALL)
		return query_prepare(s, weights_sql, ret, reterr);
	(void)snprintf(sql, sizeof(sql), one_census_sql, when == PROFILE_PEAK ? "total DESC, t_ns" : "t_ns DESC");
	return query_prepare(s, sql, ret, reterr);
}

static const char repeats_sql[] =
	"WITH has AS (SELECT o.source_id, o.run, coalesce(o.node, '') AS node, o.collector, s.attrs"
	" FROM weir_series s JOIN weir_sources o USING (source_id) WHERE s.metric = ?1),"
	" spread AS (SELECT collector, count(DISTINCT run || char(0) || node) AS n FROM has GROUP BY collector),"
	" ranked AS (SELECT has.*, spread.n FROM has JOIN spread USING (collector))"
	" SELECT DISTINCT a.attrs FROM ranked a JOIN ranked b ON b.run = a.run AND b.node = a.node AND b.attrs = "
	"a.attrs"
	" WHERE a.source_id = ?2 AND (b.n, b.collector) > (a.n, a.collector) LIMIT ?3";

static void forget_repeats(struct loading *l)
{
	while (l->n_repeated > 0)
		free(l->repeated[--l->n_repeated]);
}

static int load_repeats(struct loading *l, int64_t source, struct weir_error *reterr)
{
	int step;

	forget_repeats(l);
	if (l->choice->collector)
		return 0;
	(void)sqlite3_reset(l->repeats);
	(void)sqlite3_bind_text(l->repeats, 1, l->choice->metric, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(l->repeats, 2, source);
	(void)sqlite3_bind_int(l->repeats, 3, PROFILE_MAX);
	while ((step = sqlite3_step(l->repeats)) == SQLITE_ROW) {
		l->repeated[l->n_repeated] = strdup(text(l->repeats, 0).at);
		if (!l->repeated[l->n_repeated])
			return weir_fail(reterr, -ENOMEM, "profile: no memory");
		l->n_repeated++;
	}
	return step == SQLITE_DONE ? 0 : fail_sql(l->db, reterr);
}

static int is_repeated(const struct loading *l)
{
	for (uint32_t i = 0; i < l->n_repeated; i++)
		if (strcmp(l->repeated[i], text(l->weights, 0).at) == 0)
			return 1;
	return 0;
}

/* The first row from the one that the statement stands on that counts. */
static int pass_repeated(struct loading *l, int step)
{
	while (step == SQLITE_ROW && is_repeated(l))
		step = sqlite3_step(l->weights);
	return step;
}

/* Only a source that has the metric gets its stacks loaded. */
static int load_source(struct loading *l, struct weir_error *reterr)
{
	int64_t source = sqlite3_column_int64(l->sources, 0);
	int result = load_repeats(l, source, reterr), step;

	if (result < 0)
		return result;
	(void)sqlite3_reset(l->weights);
	(void)sqlite3_bind_int64(l->weights, 1, source);
	(void)sqlite3_bind_text(l->weights, 2, l->choice->metric, -1, SQLITE_STATIC);
	step = pass_repeated(l, sqlite3_step(l->weights));
	if (step == SQLITE_DONE)
		return 0;
	result = profile_source_begin(l->set, text(l->sources, 1).at, text(l->sources, 2).at, l->side, reterr);
	if (result == 0)
		result = load_stacks(l, source, reterr);
	for (; result == 0 && step == SQLITE_ROW; step = pass_repeated(l, sqlite3_step(l->weights)))
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
	if (l->choice->collector)
		(void)sqlite3_bind_text(l->sources, 3, l->choice->collector, -1, SQLITE_STATIC);
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
		" AND (?2 IS NULL OR node = ?2) AND (?3 IS NULL OR collector = ?3) ORDER BY run, node, path",
		&l.sources, reterr);
	if (result == 0)
		result = prepare_weights(s, choice->when, &l.weights, reterr);
	if (result == 0)
		result = query_prepare(s, repeats_sql, &l.repeats, reterr);
	if (result == 0) {
		l.lexicon = lexicon_new(l.db);
		result = l.lexicon ? load_all(&l, reterr) : weir_fail(reterr, -ENOMEM, "profile: no memory");
	}
	(void)sqlite3_finalize(l.sources);
	(void)sqlite3_finalize(l.weights);
	(void)sqlite3_finalize(l.repeats);
	forget_repeats(&l);
	lexicon_free(l.lexicon);
	free(l.frames);
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
