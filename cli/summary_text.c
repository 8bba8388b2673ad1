/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/amount.h"
#include "cli/say.h"
#include "cli/summary.h"
#include "cli/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SOURCES_MAX = 40, /* of a run that are listed one by one; beyond that only those that aren't whole */
	DIAGS_MAX = 20,
	VALUE_MAX = 1024,
};

static sqlite3_stmt *ask(struct store *s, const char *sql, const char *first, const char *second)
{
	return reader_query(s, "summary", sql, (const char *const[]){ first, second }, 2);
}

static void put_text(struct table *t, sqlite3_stmt *q, int column)
{
	table_cell(t, TABLE_LEFT, reader_bytes(q, column));
}

static void put_count(struct table *t, sqlite3_stmt *q, int column)
{
	char room[AMOUNT_MAX];

	if (sqlite3_column_type(q, column) == SQLITE_NULL)
		table_put(t, TABLE_RIGHT, "-");
	else
		table_put(t, TABLE_RIGHT, "%s", amount_count(room, (uint64_t)sqlite3_column_int64(q, column)));
}

/* A fact's value, of documents first; "" when there is none. Sources differ: then the first by path. */
static void find_fact(struct store *s, const char *run, const char *node, const char *name, char ret[VALUE_MAX])
{
	sqlite3_stmt *q = reader_query(s, "summary",
	                               "SELECT value FROM facts WHERE run = ?1 AND node IS ?2 AND name = ?3"
	                               " ORDER BY path IS NOT NULL, path LIMIT 1",
	                               (const char *const[]){ run, node, name }, 3);

	ret[0] = 0;
	if (q && reader_step(q, "summary") > 0)
		(void)snprintf(ret, VALUE_MAX, "%s", reader_text(q, 0));
	(void)sqlite3_finalize(q);
}

/* The run may not say it; then any source does that came out of a profiled program. */
static void find_profiled(struct store *s, const char *run, char ret[VALUE_MAX])
{
	sqlite3_stmt *q =
		ask(s, "SELECT 1 FROM facts WHERE run = ?1 AND name = 'ghc.profiled' AND value = 'true' LIMIT 1", run,
	            NULL);

	if (q && reader_step(q, "summary") > 0)
		(void)snprintf(ret, VALUE_MAX, "true");
	(void)sqlite3_finalize(q);
}

/* ---- Who it is ---- */

typedef void show_fact(const char *label, const char *value);

static void show_plain(const char *label, const char *value)
{
	printf("%s ", label);
	say_word(stdout, value);
}

static void show_time(const char *label, const char *value)
{
	char room[AMOUNT_MAX];

	printf("%s %s", label, amount_time(room, strtoll(value, NULL, 10)));
}

static void show_span(const char *label, const char *value)
{
	char room[AMOUNT_MAX];

	printf("%s %s", label, amount_span(room, strtod(value, NULL)));
}

static void show_profiled(const char *label, const char *value)
{
	if (strcmp(value, "true") == 0)
		printf("%s (times cannot be compared with those of a plain build)", label);
	else
		printf("not %s", label);
}

struct line_item {
	const char *name, *label;
	show_fact *show;
};

static const struct line_item identity[] = {
	{ "run.profile", "profile", show_plain },      { "run.era", "era", show_plain },
	{ "run.batch", "batch", show_plain },          { "run.ident", "ident", show_plain },
	{ "run.start_ns", "started", show_time },      { "ghc.version", "GHC", show_plain },
	{ "run.profiled", "profiled", show_profiled },
};

static const struct line_item genesis[] = {
	{ "genesis.system_start_ns", "system start", show_time },    { "genesis.slot_length_ns", "slot", show_span },
	{ "genesis.epoch_length_slots", "epoch slots", show_plain }, { "genesis.security_param", "k", show_plain },
	{ "genesis.active_slots_coeff", "f", show_plain },
};

static void print_line(struct store *s, const char *run, const char *lead, const struct line_item *items, size_t n)
{
	char value[VALUE_MAX];
	int n_shown = 0;

	for (size_t i = 0; i < n; i++) {
		find_fact(s, run, NULL, items[i].name, value);
		if (!*value && items[i].show == show_profiled)
			find_profiled(s, run, value);
		if (!*value)
			continue;
		printf("%s", n_shown++ ? ", " : lead);
		items[i].show(items[i].label, value);
	}
	if (n_shown > 0)
		(void)putchar('\n');
}

static int print_components(struct store *s, const char *run)
{
	sqlite3_stmt *q =
		ask(s, "SELECT name, version, substr(\"commit\", 1, 10) FROM components WHERE run = ?1 ORDER BY name",
	            run, NULL);
	int n = 0, result = -1;

	while (q && (result = reader_step(q, "summary")) > 0) {
		printf("%s", n++ ? ", " : "  components: ");
		for (int i = 0; i < 3; i++) {
			if (!*reader_text(q, i))
				continue;
			printf("%s", i == 0 ? "" : i == 1 ? " " : " (");
			say_text(stdout, reader_bytes(q, i));
			printf("%s", i == 2 ? ")" : "");
		}
	}
	if (n > 0)
		(void)putchar('\n');
	(void)sqlite3_finalize(q);
	return result;
}

/* ---- Nodes ---- */

static int print_nodes(struct store *s, const char *run)
{
	static const char *const heads[] = { "node", "kind", "pid", "GHC", "way", "sources", "RTS flags" };
	static const char *const facts[] = { "node.kind", "process.pid", "ghc.version", "ghc.rts.way" };
	sqlite3_stmt *q = ask(s,
	                      "SELECT n.node, (SELECT count(*) FROM sources o WHERE o.run = n.run AND o.node = n.node)"
	                      " FROM nodes n WHERE n.run = ?1 ORDER BY n.node",
	                      run, NULL);
	struct table *t = q ? table_new(heads, 7, 2) : NULL;
	char value[VALUE_MAX];
	int result = -1;

	(void)putchar('\n');
	while (t && (result = reader_step(q, "summary")) > 0) {
		const char *node = reader_text(q, 0);

		table_put(t, TABLE_LEFT, "%s", node);
		for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
			find_fact(s, run, node, facts[i], value);
			/* The run's compiler is the node's where nothing else is known. */
			if (!*value && strcmp(facts[i], "ghc.version") == 0)
				find_fact(s, run, NULL, facts[i], value);
			table_put(t, TABLE_LEFT, "%s", value);
		}
		put_count(t, q, 1);
		find_fact(s, run, node, "ghc.rts.flags", value);
		table_put(t, TABLE_LEFT, "%s", value);
	}
	table_end(t);
	(void)sqlite3_finalize(q);
	return result;
}

/* ---- Sources ---- */

static int64_t count_sources(struct store *s, const char *run)
{
	sqlite3_stmt *q = ask(s, "SELECT count(*) FROM sources WHERE run = ?1", run, NULL);
	int64_t n = q && reader_step(q, "summary") > 0 ? sqlite3_column_int64(q, 0) : 0;

	(void)sqlite3_finalize(q);
	return n;
}

static int print_collectors(struct store *s, const char *run)
{
	static const char *const heads[] = { "status", "collector", "sources", "size", "read",
		                             "stored", "skipped",   "bad",     "lost" };
	sqlite3_stmt *q = ask(s,
	                      "SELECT status, collector, count(*), sum(bytes), sum(read), sum(stored), sum(skipped),"
	                      " sum(bad), sum(lost) FROM sources WHERE run = ?1 GROUP BY status, collector"
	                      " ORDER BY collector, status",
	                      run, NULL);
	struct table *t = q ? table_new(heads, 9, 2) : NULL;
	char room[AMOUNT_MAX];
	int result = -1;

	while (t && (result = reader_step(q, "summary")) > 0) {
		put_text(t, q, 0);
		put_text(t, q, 1);
		put_count(t, q, 2);
		table_put(t, TABLE_RIGHT, "%s", amount_bytes(room, reader_f64(q, 3)));
		for (int i = 4; i < 9; i++)
			put_count(t, q, i);
	}
	table_end(t);
	(void)sqlite3_finalize(q);
	return result;
}

static int print_each_source(struct store *s, const char *run, const char *but)
{
	static const char *const heads[] = { "status", "collector", "node", "size", "read",
		                             "stored", "skipped",   "bad",  "lost", "path" };
	sqlite3_stmt *q =
		ask(s,
	            "SELECT status, collector, node, bytes, read, stored, skipped, bad, lost, path FROM sources"
	            " WHERE run = ?1 AND status IS NOT ?2 ORDER BY node, collector, path",
	            run, but);
	struct table *t = NULL;
	char room[AMOUNT_MAX];
	int result = -1;

	while (q && (result = reader_step(q, "summary")) > 0) {
		if (!t && !(t = table_new(heads, 10, 2)))
			break;
		for (int i = 0; i < 3; i++)
			put_text(t, q, i);
		table_put(t, TABLE_RIGHT, "%s", amount_bytes(room, reader_f64(q, 3)));
		for (int i = 4; i < 9; i++)
			put_count(t, q, i);
		put_text(t, q, 9);
	}
	table_end(t);
	(void)sqlite3_finalize(q);
	return result;
}

static int print_sources(struct store *s, const char *run)
{
	printf("\n  sources: records read = stored + skipped + bad\n");
	if (count_sources(s, run) <= SOURCES_MAX)
		return print_each_source(s, run, NULL);
	if (print_collectors(s, run) < 0)
		return -1;
	return print_each_source(s, run, "ok");
}

/* ---- Numbers ---- */

/* Means of gauges and histograms, ends of counters, totals of spans and weights: the rest would say nothing. */
static void put_numbers(struct table *t, sqlite3_stmt *q)
{
	const char *shape = reader_text(q, 1), *kind = reader_text(q, 2), *unit = reader_text(q, 3);
	double n = reader_f64(q, 9), sum = reader_f64(q, 8), mean = n > 0 ? sum / n : (double)NAN;
	int is_number = strcmp(shape, "number") == 0, is_weight = strcmp(shape, "weight") == 0;
	int is_counter = strcmp(kind, "counter") == 0, is_share = strcmp(unit, "%") == 0;
	/* Instants have no durations to speak of. */
	int is_instant = strcmp(shape, "span") == 0 && reader_f64(q, 7) == 0;
	const double values[] = { is_weight ? (double)NAN : reader_f64(q, 6),
		                  (is_number && is_counter) || is_weight ? (double)NAN : mean, reader_f64(q, 7),
		                  is_number || is_share || (is_weight && !is_counter) ? (double)NAN : sum };
	char room[AMOUNT_MAX];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		table_put(
			t, TABLE_RIGHT, "%s",
			amount_value(room, is_instant ? (double)NAN : values[i], strcmp(shape, "span") ? unit : "ns"));
}

static int print_metrics(struct store *s, const char *run)
{
	static const char *const heads[] = { "metric", "nodes", "values", "least", "mean", "most", "total" };
	sqlite3_stmt *q =
		ask(s,
	            "SELECT t.metric, t.shape, coalesce(m.kind, ''), t.unit, count(DISTINCT t.node), sum(t.n),"
	            " min(t.min), max(t.max), sum(t.sum), coalesce(h.n, sum(t.n)) FROM totals t"
	            " LEFT JOIN metrics m ON m.name = t.metric"
	            " LEFT JOIN (SELECT metric, sum(count) AS n FROM histograms WHERE run = ?1 GROUP BY metric) h"
	            " ON h.metric = t.metric WHERE t.run = ?1 GROUP BY t.metric ORDER BY t.metric",
	            run, NULL);
	struct table *t = NULL;
	int result = -1;

	while (q && (result = reader_step(q, "summary")) > 0) {
		if (!t) {
			printf("\n  numbers\n");
			if (!(t = table_new(heads, 7, 2)))
				break;
		}
		put_text(t, q, 0);
		put_count(t, q, 4);
		put_count(t, q, 5);
		put_numbers(t, q);
	}
	table_end(t);
	(void)sqlite3_finalize(q);
	return result;
}

/* ---- What was bad, what was left ---- */

static int print_diags(struct store *s, const char *run)
{
	sqlite3_stmt *q =
		ask(s,
	            "SELECT severity, path, offset, message, code, count, count(*) OVER () FROM diags WHERE run = ?1"
	            " AND severity <> 'note' ORDER BY severity, node, path, offset, code",
	            run, NULL);
	int n = 0, result = -1;
	long long n_all = 0;

	while (q && (result = reader_step(q, "summary")) > 0) {
		if (n == 0)
			printf("\n  what was bad\n");
		n_all = sqlite3_column_int64(q, 6);
		if (n++ == DIAGS_MAX) {
			result = 0;
			break;
		}
		printf("  %s: ", reader_text(q, 0));
		say_text(stdout, reader_bytes(q, 1));
		if (sqlite3_column_type(q, 2) != SQLITE_NULL)
			printf(": offset %s", reader_text(q, 2));
		printf(": ");
		say_text(stdout, reader_bytes(q, 3));
		printf(" (%s", reader_text(q, 4));
		if (sqlite3_column_int64(q, 5) > 1)
			printf(", %s times", reader_text(q, 5));
		printf(")\n");
	}
	if (n_all > DIAGS_MAX)
		printf("  and %lld more: weir sql STORE 'select * from diags'\n", n_all - DIAGS_MAX);
	(void)sqlite3_finalize(q);
	return result;
}

static int print_unclaimed(struct store *s, const char *run)
{
	sqlite3_stmt *q = ask(s,
	                      "SELECT why, count(*), min(path), sum(bytes) FROM unclaimed WHERE run = ?1 GROUP BY why"
	                      " ORDER BY count(*) DESC, why",
	                      run, NULL);
	char room[AMOUNT_MAX];
	int n = 0, result = -1;

	while (q && (result = reader_step(q, "summary")) > 0) {
		long long count = sqlite3_column_int64(q, 1);

		if (n++ == 0)
			printf("\n  left out\n");
		printf("  ");
		say_word(stdout, *reader_text(q, 0) ? reader_text(q, 0) : "no collector");
		printf(": ");
		say_text(stdout, reader_bytes(q, 2));
		if (count > 1)
			printf(" and %lld more", count - 1);
		printf(" (%s)\n", amount_bytes(room, reader_f64(q, 3)));
	}
	(void)sqlite3_finalize(q);
	return result;
}

int summary_print_run(struct store *s, const char *run)
{
	printf("\nrun ");
	say_word(stdout, run);
	(void)putchar('\n');
	print_line(s, run, "  ", identity, sizeof(identity) / sizeof(identity[0]));
	print_line(s, run, "  genesis: ", genesis, sizeof(genesis) / sizeof(genesis[0]));
	if (print_components(s, run) < 0 || print_nodes(s, run) < 0 || summary_print_headline(s, run) < 0 ||
	    print_sources(s, run) < 0 || summary_print_counterparts(s, run) < 0 || print_metrics(s, run) < 0 ||
	    print_diags(s, run) < 0 || print_unclaimed(s, run) < 0)
		return -1;
	return 0;
}
