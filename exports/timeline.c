/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/timeline.h"

#include "analysis/totals.h"
#include "exports/chrome.h"
#include "exports/chrome_rules.h"
#include "exports/timeline_name.h"
#include "store/query.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#define CLOCK_ERROR_MAX_NS INT64_C(1000000000)

struct timeline {
	struct store *store;
	const struct timeline_choice *choice;
	struct timeline_result *result;
	struct chrome *chrome;
	const char *run, *node; /* where it is */
};

/* What of a node is drawn: metrics of spans and series of the rest, each of the collector that saw most of it. A series
 * that has one point, or is 0 throughout, shows nothing over time. */
static const char jobs_sql[] =
	"SELECT shape, metric, collector, series, unit, coalesce((SELECT kind FROM metrics WHERE name = metric), '')"
	" FROM (SELECT t.shape, t.metric, t.collector, CASE t.shape WHEN 'span' THEN '' ELSE t.attrs END AS series,"
	"  t.unit, sum(t.n) AS n, max(t.max) AS most, min(t.min) AS least, row_number() OVER (PARTITION BY t.shape,"
	"  t.metric, CASE t.shape WHEN 'span' THEN '' ELSE t.attrs END ORDER BY sum(t.n) DESC, t.collector) AS place"
	"  FROM kept_totals t WHERE t.run = ?1 AND t.node = ?2 AND t.shape <> 'weight' AND t.collector IN"
	"  (SELECT collector FROM sources WHERE run = ?1 AND node = ?2 GROUP BY collector"
	"   HAVING min(coalesce(clock_error_ns, -1)) >= 0 AND max(clock_error_ns) <= ?3)"
	"  GROUP BY t.shape, t.metric, t.collector, series)"
	" WHERE place = 1 AND (shape = 'span' OR n > 1 AND (most > 0 OR least < 0)) ORDER BY shape DESC, metric, "
	"series";

static const char left_out_sql[] =
	"SELECT o.collector, CASE WHEN min(coalesce(o.clock_error_ns, -1)) < 0 THEN -1 ELSE max(o.clock_error_ns) END e"
	" FROM sources o WHERE o.run = ?1 AND o.node = ?2 AND EXISTS (SELECT 1 FROM kept_totals t WHERE t.run = ?1 AND"
	" t.node = ?2 AND t.collector = o.collector AND (t.shape = 'span' OR t.shape <> 'weight' AND t.n > 1))"
	" GROUP BY o.collector HAVING e < 0 OR e > ?3 ORDER BY o.collector";

static int fail_memory(struct weir_error *reterr)
{
	return weir_fail(reterr, -ENOMEM, "export: no memory");
}

/* With the run, the node and more texts bound. NULL: said in reterr. */
static sqlite3_stmt *ask(const struct timeline *t, const char *sql, const char *const *texts, int n_texts,
                         struct weir_error *reterr)
{
	sqlite3_stmt *q;

	if (query_prepare(t->store, sql, &q, reterr) < 0)
		return NULL;
	(void)sqlite3_bind_text(q, 1, t->run, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(q, 2, t->node, -1, SQLITE_STATIC);
	for (int i = 0; i < n_texts; i++)
		(void)sqlite3_bind_text(q, i + 3, texts[i], -1, SQLITE_STATIC);
	return q;
}

static struct weir_text text(sqlite3_stmt *q, int column)
{
	const unsigned char *at = sqlite3_column_text(q, column);

	return (struct weir_text){ at ? (const char *)at : "", (uint64_t)sqlite3_column_bytes(q, column) };
}

/* ---- Spans ---- */

static int draw(struct chrome *c, const struct chrome_rule *rule, uint32_t order, const struct chrome_event *e,
                uint32_t track)
{
	char name[TIMELINE_NAME_MAX];
	const char *number = rule->track ? strstr(rule->track, "%u") : NULL;

	if (rule->draw == CHROME_MARK) {
		chrome_mark(c, e);
		return 0;
	}
	if (rule->draw == CHROME_ASYNC && e->duration_ns > 0) {
		chrome_async(c, e);
		return 0;
	}
	if (number)
		(void)snprintf(name, sizeof(name), "%.*s%" PRIu32 "%s", (int)(number - rule->track), rule->track, track,
		               number + 2);
	else
		(void)snprintf(name, sizeof(name), "%s", rule->track ? rule->track : e->category);
	if (rule->draw == CHROME_SLICE)
		return chrome_slice(c, e, name, order);
	return chrome_instant(c, e, name, order);
}

static int draw_spans(struct timeline *t, const char *metric, const char *collector, struct weir_error *reterr)
{
	sqlite3_stmt *q = ask(t,
	                      "SELECT t_ns, dur_ns, track, value, attrs FROM spans WHERE run = ?1 AND node = ?2 AND"
	                      " metric = ?3 AND collector = ?4",
	                      (const char *const[]){ metric, collector }, 2, reterr);
	uint32_t order;
	const struct chrome_rule *rule = chrome_rule_of(metric, &order);
	struct timeline_room room = { 0 };
	int r = q ? 0 : -EINVAL, step = 0;

	while (r == 0 && (step = query_step(t->store, q, reterr)) > 0) {
		struct chrome_event e = { .time_ns = sqlite3_column_int64(q, 0),
			                  .duration_ns = sqlite3_column_int64(q, 1),
			                  .attrs = text(q, 4),
			                  .value = sqlite3_column_type(q, 3) == SQLITE_NULL
			                                   ? (double)NAN
			                                   : sqlite3_column_double(q, 3),
			                  .category = metric };

		e.name = timeline_span_name(rule, metric, e.attrs, &room);
		if (draw(t->chrome, rule, order, &e, (uint32_t)sqlite3_column_int64(q, 2)) < 0 || !room.at)
			r = fail_memory(reterr);
	}
	free(room.at);
	(void)sqlite3_finalize(q);
	return r < 0 ? r : step;
}

/* ---- Numbers ---- */

struct drawing {
	struct weir_text name;
	enum chrome_level level;
	int is_rate;
	double factor;
};

static int draw_points(struct timeline *t, sqlite3_stmt *q, const struct drawing *d, struct weir_error *reterr)
{
	int64_t last_ns = 0;
	double last = 0;
	int step, has_last = 0;

	while ((step = query_step(t->store, q, reterr)) > 0) {
		int64_t time_ns = sqlite3_column_int64(q, 0);
		double value = sqlite3_column_double(q, 1);

		if (sqlite3_column_type(q, 1) == SQLITE_NULL)
			continue;
		/* A rate is that since the point before; a counter that falls began anew. */
		if (!d->is_rate)
			chrome_counter(t->chrome,
			               d->level == CHROME_SINCE_THE_LAST && has_last && last_ns < time_ns ? last_ns
			                                                                                  : time_ns,
			               d->name, value);
		else if (has_last && time_ns > last_ns && value >= last)
			chrome_counter(t->chrome, last_ns, d->name,
			               (value - last) * d->factor / ((double)(time_ns - last_ns) / 1e9));
		last_ns = time_ns;
		last = value;
		has_last = 1;
	}
	return step;
}

/* What of a shape is drawn over time: values, or the 99th percentile of each interval. */
static const struct curve {
	const char *points, *unit; /* unit: in front of the metric's */
} curves[] = {
	{ "SELECT t_ns, value FROM numbers WHERE run = ?1 AND node = ?2 AND metric = ?3 AND collector = ?4 AND attrs = "
	  "?5",
	  "" },
	{ "SELECT t_ns, p99 FROM histograms WHERE run = ?1 AND node = ?2 AND metric = ?3 AND collector = ?4 AND attrs "
	  "= ?5",
	  "p99 " },
};

/* The series that the statement over jobs stands on. */
static int draw_series(struct timeline *t, sqlite3_stmt *job, struct weir_error *reterr)
{
	const struct curve *curve = &curves[strcmp(text(job, 0).at, "number") != 0];
	const char *metric = text(job, 1).at, *collector = text(job, 2).at;
	struct weir_text attrs = text(job, 3);
	char room[TIMELINE_COUNTER_MAX], unit[TIMELINE_NAME_MAX];
	struct drawing d = { .level = chrome_level_of(metric),
		             .is_rate = curve == curves && strcmp(text(job, 5).at, "counter") == 0,
		             .factor = strcmp(text(job, 4).at, "ns") == 0 ? 1e-9 : 1 };
	sqlite3_stmt *q;
	int r;

	if (curve == curves && d.level == CHROME_NOT_DRAWN)
		return 0;
	q = ask(t, curve->points, (const char *const[]){ metric, collector, attrs.at }, 3, reterr);
	if (!q)
		return -EINVAL;
	(void)snprintf(unit, sizeof(unit), "%s%s", curve->unit, text(job, 4).at);
	d.name = timeline_counter_name(metric, attrs, unit, d.is_rate, room);
	r = draw_points(t, q, &d, reterr);
	(void)sqlite3_finalize(q);
	return r;
}

/* ---- A node, all nodes ---- */

static int note_left_out(struct timeline *t, struct weir_error *reterr)
{
	sqlite3_stmt *q = ask(t, left_out_sql, NULL, 0, reterr);
	int step;

	if (!q)
		return -EINVAL;
	(void)sqlite3_bind_int64(q, 3, CLOCK_ERROR_MAX_NS);
	while ((step = query_step(t->store, q, reterr)) > 0) {
		uint32_t i = t->result->n_left_out++;

		if (i >= TIMELINE_LEFT_OUT_MAX)
			continue;
		(void)snprintf(t->result->left_out[i].node, TIMELINE_NAME_MAX, "%s", t->node);
		(void)snprintf(t->result->left_out[i].collector, TIMELINE_NAME_MAX, "%s", text(q, 0).at);
		t->result->left_out[i].clock_error_ns = sqlite3_column_int64(q, 1);
	}
	(void)sqlite3_finalize(q);
	return step;
}

/* has_runs: names need the run's in front. */
static int draw_node(struct timeline *t, int has_runs, struct weir_error *reterr)
{
	char name[2 * TIMELINE_NAME_MAX];
	sqlite3_stmt *q = ask(t, jobs_sql, NULL, 0, reterr);
	int r = q ? note_left_out(t, reterr) : -EINVAL, step = 0;

	if (q)
		(void)sqlite3_bind_int64(q, 3, CLOCK_ERROR_MAX_NS);
	(void)snprintf(name, sizeof(name), "%s%s%s", has_runs ? t->run : "", has_runs ? "/" : "", t->node);
	chrome_process(t->chrome, name);
	while (r == 0 && (step = query_step(t->store, q, reterr)) > 0) {
		if (strcmp(text(q, 0).at, "span") == 0)
			r = draw_spans(t, text(q, 1).at, text(q, 2).at, reterr);
		else
			r = draw_series(t, q, reterr);
	}
	(void)sqlite3_finalize(q);
	return r < 0 ? r : step;
}

/* The first time of all that is drawn; INT64_MAX: there is nothing. */
static int find_zero(struct timeline *t, sqlite3_stmt *nodes, int64_t *ret, struct weir_error *reterr)
{
	int step, r = 0;

	*ret = INT64_MAX;
	while (r == 0 && (step = query_step(t->store, nodes, reterr)) > 0) {
		sqlite3_stmt *q;

		t->run = text(nodes, 0).at;
		t->node = text(nodes, 1).at;
		q = ask(t,
		        "SELECT min(t_first_ns) FROM kept_totals WHERE run = ?1 AND node = ?2 AND shape <> 'weight'"
		        " AND collector IN (SELECT collector FROM sources WHERE run = ?1 AND node = ?2 GROUP BY "
		        "collector"
		        " HAVING min(coalesce(clock_error_ns, -1)) >= 0 AND max(clock_error_ns) <= ?3)",
		        NULL, 0, reterr);
		if (!q)
			return -EINVAL;
		(void)sqlite3_bind_int64(q, 3, CLOCK_ERROR_MAX_NS);
		r = query_step(t->store, q, reterr);
		if (r > 0 && sqlite3_column_type(q, 0) != SQLITE_NULL && sqlite3_column_int64(q, 0) < *ret)
			*ret = sqlite3_column_int64(q, 0);
		r = r < 0 ? r : 0;
		(void)sqlite3_finalize(q);
	}
	(void)sqlite3_reset(nodes);
	return r < 0 ? r : step;
}

static int draw_all(struct timeline *t, sqlite3_stmt *nodes, struct weir_error *reterr)
{
	int r = 0, step = 0;

	while (r == 0 && (step = query_step(t->store, nodes, reterr)) > 0) {
		t->run = text(nodes, 0).at;
		t->node = text(nodes, 1).at;
		r = draw_node(t, !t->choice->run && sqlite3_column_int(nodes, 2), reterr);
	}
	return r < 0 ? r : step;
}

int timeline_write(struct store *s, const struct timeline_choice *choice, FILE *file, struct timeline_result *ret,
                   struct weir_error *reterr)
{
	struct timeline t = { .store = s, .choice = choice, .result = ret };
	sqlite3_stmt *nodes = NULL;
	int64_t zero_ns;
	int r = totals_keep(s, reterr);

	*ret = (struct timeline_result){ 0 };
	if (r == 0)
		r = query_prepare(
			s,
			"SELECT run, node, (SELECT count(*) FROM runs) > 1 FROM nodes WHERE (?1 IS NULL OR run = ?1)"
			" AND (?2 IS NULL OR node = ?2) ORDER BY run, node",
			&nodes, reterr);

	if (r < 0)
		return r;
	(void)sqlite3_bind_text(nodes, 1, choice->run, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(nodes, 2, choice->node, -1, SQLITE_STATIC);
	r = find_zero(&t, nodes, &zero_ns, reterr);
	if (r == 0 && zero_ns == INT64_MAX)
		r = weir_fail(reterr, -ENOENT,
		              "export: the store: there is nothing with a known time to draw; `weir summary` shows "
		              "what it has");
	if (r == 0) {
		t.chrome = chrome_begin(file, choice->title, zero_ns);
		r = t.chrome ? draw_all(&t, nodes, reterr) : fail_memory(reterr);
		if (t.chrome)
			ret->n_events = chrome_end(t.chrome);
	}
	(void)sqlite3_finalize(nodes);
	return r;
}
