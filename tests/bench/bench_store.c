/* SPDX-License-Identifier: Apache-2.0 */
/* The store, in and out: mixed points of many series, then the same data as one SQLite row a point and as a copy in
 * memory; queries over 50 nodes; a profile of a million stacks. CPU seconds of this process, which does it all. */
#include "store/builder.h"
#include "store/query.h"
#include "store/store.h"
#include "tests/store/made.h"
#include "tests/store/made_source.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	NODES = 50,
	METRICS = 50,
	POINTS = 600, /* of each metric of each node in the first part */
	LONG_POINTS = 4000,
	STACKS = 1000000,
	SERIES = 500000,
	SHORT = 12, /* points of each of them */
	DEPTH = 40,
	ROW_POINTS = NODES * METRICS * POINTS / 3, /* as SQLite rows; it is slow */
};

static struct weir_error error;
static char path[256];

static double cpu(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int r)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s\n", error.text);
	exit(1);
}

static int64_t size_of(const char *file)
{
	struct stat st;

	return stat(file, &st) < 0 ? 0 : st.st_size;
}

/* Metrics of all three sorts: counters, gauges of two decimals, doubles with all their bits. */
static struct weir_metric metrics[METRICS];
static char names[METRICS][16];

static void make_metrics(void)
{
	for (uint32_t i = 0; i < METRICS; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "bench.m%02u", i);
		metrics[i] = (struct weir_metric){ .name = names[i],
			                           .unit = "1",
			                           .shape = WEIR_SHAPE_NUMBER,
			                           .kind = WEIR_KIND_GAUGE,
			                           .type = i % 3 ? WEIR_TYPE_F64 : WEIR_TYPE_I64 };
	}
}

static struct weir_number make_point(struct made_random *r, uint32_t metric, int64_t time_ns, int64_t counts[METRICS])
{
	struct weir_number n = { .time_ns = time_ns, .series = metric + 1 };

	if (metric % 3 == 0)
		n.value.i64 = counts[metric] += (int64_t)made_below(r, 1000);
	else if (metric % 3 == 1)
		n.value.f64 = (double)made_below(r, 10000) / 100;
	else
		n.value.f64 = (double)(made_u64(r) >> 11) * 0x1p-53;
	return n;
}

/* One poll: a time and all metrics. jitter_ns 0: exactly a second apart. */
static void make_poll(struct made_random *r, uint32_t i, uint64_t jitter_ns, int64_t counts[METRICS],
                      struct weir_number *ret)
{
	int64_t at = 1700000000000000000 + i * 1000000000LL + (int64_t)(jitter_ns ? made_below(r, jitter_ns) : 0);

	for (uint32_t m = 0; m < METRICS; m++)
		ret[m] = make_point(r, m, at, counts);
}

static struct store *open_new(int64_t *run, int64_t *collector)
{
	struct store_collector c = { .name = "bench", .version = "1", .metrics = metrics, .n_metrics = METRICS };
	struct store *s;

	(void)unlink(path);
	must(store_open(path, STORE_CREATE, &s, &error));
	must(store_run(s, "bench", run, &error));
	must(store_collector(s, &c, collector, &error));
	return s;
}

/* A node's source; the seconds that making the points took are given back, so that they can be taken off. */
static double ingest_node(struct store *s, int64_t run, int64_t collector, uint32_t node, uint32_t n_points,
                          uint64_t jitter_ns)
{
	struct made_random r = { node + 1 };
	struct weir_number poll[METRICS];
	int64_t counts[METRICS] = { 0 };
	char name[16];
	struct store_source_info info = { .run = run, .collector = collector, .path = "poll", .options_json = "{}" };
	struct builder_sink sink = { .error = &error };
	struct builder *b = builder_new(made_flush, &sink);
	double making = 0;

	(void)snprintf(name, sizeof(name), "node-%u", node);
	must(store_node(s, run, name, &info.node, &error));
	must(store_source_begin(s, &info, &sink.source, &error));
	for (uint32_t m = 0; m < METRICS; m++) {
		must(builder_series(b, m + 1, metrics[m].shape, metrics[m].type));
		must(store_source_series(sink.source, m + 1, m, (struct weir_text){ "{}", 2 }, &error));
	}
	for (uint32_t i = 0; i < n_points; i++) {
		double start = cpu();

		make_poll(&r, i, jitter_ns, counts, poll);
		making += cpu() - start;
		must(builder_numbers(b, poll, METRICS));
	}
	must(builder_finish(b));
	must(made_end(sink.source, n_points, &error));
	builder_free(b);
	return making;
}

static void put_in(const char *what, uint32_t n_points, uint64_t jitter_ns, double copy_per_point)
{
	int64_t run, collector, n = (int64_t)NODES * METRICS * n_points;
	struct store *s = open_new(&run, &collector);
	double start = cpu(), making = 0, seconds;

	for (uint32_t node = 0; node < NODES; node++)
		making += ingest_node(s, run, collector, node, n_points, jitter_ns);
	must(store_commit(s, 1, &error));
	store_close(s);
	seconds = cpu() - start - making;
	printf("  %-44s %7.1f M points/s  %5.2f B/point  %6.1f times a copy\n", what, (double)n / seconds / 1e6,
	       (double)size_of(path) / (double)n, seconds / (double)n / copy_per_point);
}

/* ---- What it is measured against ---- */

static double copy_in_memory(void)
{
	enum {
		N = 4 << 20
	};
	struct weir_number *from = calloc(N, sizeof(*from)), *to = calloc(N, sizeof(*to));
	double start, best = 1;

	if (!from || !to)
		exit(1);
	for (int round = 0; round < 5; round++) {
		start = cpu();
		memcpy(to, from, N * sizeof(*to));
		best = cpu() - start < best ? cpu() - start : best;
		from[round].time_ns += to[round].time_ns + 1;
	}
	free(from);
	free(to);
	return best / N;
}

static void must_sql(sqlite3 *db, int code)
{
	if (code == SQLITE_OK || code == SQLITE_DONE)
		return;
	fprintf(stderr, "%s\n", sqlite3_errmsg(db));
	exit(1);
}

static double query(sqlite3 *db, const char *sql, uint64_t *ret_rows)
{
	sqlite3_stmt *statement;
	double start = cpu();
	int code;

	must_sql(db, sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
	for (*ret_rows = 0; (code = sqlite3_step(statement)) == SQLITE_ROW; ++*ret_rows)
		;
	must_sql(db, code);
	(void)sqlite3_finalize(statement);
	return cpu() - start;
}

static void rows_in_sqlite(double copy_per_point)
{
	struct made_random r = { 1 };
	struct weir_number poll[METRICS];
	int64_t counts[METRICS] = { 0 };
	sqlite3_stmt *insert;
	sqlite3 *db;
	double start, making = 0, seconds;
	uint64_t n_rows;

	(void)unlink(path);
	must_sql(NULL, sqlite3_open(path, &db));
	must_sql(db, sqlite3_exec(db,
	                          "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE point"
	                          " (node INT, metric INT, t INT, value); BEGIN",
	                          NULL, NULL, NULL));
	must_sql(db, sqlite3_prepare_v2(db, "INSERT INTO point VALUES (?1, ?2, ?3, ?4)", -1, &insert, NULL));
	start = cpu();
	for (uint32_t i = 0; i < ROW_POINTS / METRICS; i++) {
		double before = cpu();

		make_poll(&r, i % POINTS, 0, counts, poll);
		making += cpu() - before;
		for (uint32_t m = 0; m < METRICS; m++) {
			(void)sqlite3_bind_int64(insert, 1, i / POINTS);
			(void)sqlite3_bind_int64(insert, 2, m);
			(void)sqlite3_bind_int64(insert, 3, poll[m].time_ns);
			if (m % 3)
				(void)sqlite3_bind_double(insert, 4, poll[m].value.f64);
			else
				(void)sqlite3_bind_int64(insert, 4, poll[m].value.i64);
			must_sql(db, sqlite3_step(insert));
			(void)sqlite3_reset(insert);
		}
	}
	(void)sqlite3_finalize(insert);
	must_sql(db, sqlite3_exec(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL));
	seconds = cpu() - start - making;
	printf("  %-44s %7.1f M points/s  %5.2f B/point  %6.1f times a copy\n", "SQLite, a row a point",
	       ROW_POINTS / seconds / 1e6, (double)size_of(path) / ROW_POINTS, seconds / ROW_POINTS / copy_per_point);
	seconds = query(db, "SELECT node, metric, count(*), avg(value) FROM point GROUP BY node, metric", &n_rows);
	printf("  %-44s %7.1f M points/s\n", "  its mean of each series", ROW_POINTS / seconds / 1e6);
	(void)sqlite3_close(db);
}

/* ---- Queries ---- */

static void ask(struct store *s, const char *what, const char *sql)
{
	uint64_t n_rows;
	double seconds = query(query_db(s), sql, &n_rows);

	printf("  %-44s %7.3f s  %9llu rows\n", what, seconds, (unsigned long long)n_rows);
}

static void take_out(void)
{
	struct store *s;

	must(store_open(path, STORE_READ, &s, &error));
	printf("\nqueries over %d nodes x %d metrics x %d points\n", NODES, METRICS, POINTS);
	ask(s, "mean of each metric of each node",
	    "SELECT node, metric, count(*), avg(value) FROM numbers GROUP BY node, metric");
	ask(s, "the same, by metric only", "SELECT metric, max(value) FROM numbers GROUP BY metric");
	ask(s, "every point", "SELECT run, node, metric, t_ns, value FROM numbers");
	ask(s, "one metric of all nodes",
	    "SELECT node, avg(value) FROM numbers WHERE metric = 'bench.m07' GROUP BY node");
	ask(s, "one series", "SELECT t_ns, value FROM numbers WHERE node = 'node-7' AND metric = 'bench.m07'");
	ask(s, "a minute of everything",
	    "SELECT count(value) FROM numbers WHERE t_ns BETWEEN 1700000100000000000 AND"
	    " 1700000160000000000");
	ask(s, "how many", "SELECT count(*) FROM numbers");
	ask(s, "totals of each series", "SELECT node, metric, sum(n), sum(sum) FROM totals GROUP BY node, metric");
	store_close(s);
}

/* ---- Series of a few points, as those of short threads ---- */

static void ingest_series(struct store *s, int64_t run, int64_t collector)
{
	struct store_source_info info = { .run = run, .collector = collector, .path = "threads", .options_json = "{}" };
	struct builder_sink sink = { .error = &error };
	struct builder *b = builder_new(made_flush, &sink);
	struct made_random r = { 7 };

	must(store_source_begin(s, &info, &sink.source, &error));
	for (uint32_t i = 1; i <= SERIES; i++) {
		struct weir_number at[SHORT] = { 0 };
		char attrs[64];

		(void)snprintf(attrs, sizeof(attrs), "{\"state\":\"%s\",\"thread\":\"%u\"}",
		               i % 2 ? "running" : "blocked", i / 2);
		must(made_series(b, &sink, i, MADE_COUNTER, attrs));
		for (uint32_t k = 0; k < SHORT; k++)
			at[k] = (struct weir_number){ .series = i,
				                      .time_ns =
				                              1764572400000000000 + (int64_t)(i * 1000000 + k * 1000),
				                      .value.i64 = (int64_t)made_below(&r, 1000000) };
		must(builder_numbers(b, at, SHORT));
	}
	must(builder_finish(b));
	must(made_end(sink.source, (uint64_t)SERIES * SHORT, &error));
	builder_free(b);
}

static void short_series(void)
{
	int64_t run, collector;
	struct store *s;
	double start, in, sealed;

	(void)unlink(path);
	must(store_open(path, STORE_CREATE, &s, &error));
	must(store_run(s, "bench", &run, &error));
	must(made_collector(s, "made", &collector, &error));
	start = cpu();
	ingest_series(s, run, collector);
	must(store_commit(s, 1, &error));
	in = cpu() - start;
	store_close(s);
	sealed = cpu() - start - in;
	printf("\n%d series of %d points: %.2f us each to put in (their encoding too), %.2f us to close, %.0f B\n",
	       SERIES, SHORT, in / SERIES * 1e6, sealed / SERIES * 1e6, (double)size_of(path) / SERIES);
	start = cpu();
	must(store_open(path, STORE_READ, &s, &error));
	printf("  %-44s %7.2f us\n", "to open, each", (cpu() - start) / SERIES * 1e6);
	ask(s, "every point of them", "SELECT attrs, t_ns, value FROM numbers");
	ask(s, "one of them",
	    "SELECT t_ns, value FROM numbers WHERE attrs = '{\"state\":\"running\",\"thread\":\"77\"}'");
	ask(s, "their totals", "SELECT count(*), sum(sum) FROM totals");
	store_close(s);
}

/* ---- A profile ---- */

/* A walk through a tree: down a level, to a sibling, or back up some. */
static void ingest_profile(struct store *s, int64_t run, int64_t collector)
{
	struct store_source_info info = {
		.run = run, .collector = collector, .path = "big.prof", .options_json = "{}"
	};
	struct builder_sink sink = { .error = &error };
	struct builder *b = builder_new(made_flush, &sink);
	struct made_random r = { 5 };
	uint32_t above[DEPTH + 1] = { 0 }, depth = 0;

	must(store_source_begin(s, &info, &sink.source, &error));
	must(made_series(b, &sink, 1, MADE_TICKS, "{}"));
	for (uint32_t i = 1; i <= STACKS; i++) {
		char name[24];
		struct block_frame frame = { { name, 0 },
			                     { "Data.Some.Module", 16 },
			                     { "src/Some/Module.hs:12:3-40", 26 } };
		struct weir_weight w = { .series = 1,
			                 .self.i64 = (int64_t)made_below(&r, 100),
			                 .inclusive.i64 = (int64_t)made_below(&r, 100000),
			                 .flags = WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE };

		depth = depth == 0 || (made_below(&r, 5) < 3 && depth < DEPTH)
		                ? depth + 1
		                : depth - (uint32_t)made_below(&r, depth);
		frame.name.n_bytes =
			(uint64_t)snprintf(name, sizeof(name), "function_%u", (unsigned)made_below(&r, 20000));
		w.stack = builder_stack(b, &(struct block_stack){ i, above[depth - 1], builder_frame(b, &frame) });
		above[depth] = w.stack;
		must(builder_weights(b, &w, 1));
	}
	must(builder_finish(b));
	must(made_end(sink.source, STACKS, &error));
	builder_free(b);
}

static void profile(void)
{
	struct rusage usage;
	int64_t run, collector;
	struct store *s;
	double start;

	(void)unlink(path);
	must(store_open(path, STORE_CREATE, &s, &error));
	must(store_run(s, "bench", &run, &error));
	must(made_collector(s, "made", &collector, &error));
	start = cpu();
	ingest_profile(s, run, collector);
	must(store_commit(s, 1, &error));
	store_close(s);
	printf("\na profile of %d stacks: %.2f s in, %.1f B a stack\n", STACKS, cpu() - start,
	       (double)size_of(path) / STACKS);
	must(store_open(path, STORE_READ, &s, &error));
	ask(s, "the ten dearest", "SELECT stack, self FROM weights ORDER BY self DESC LIMIT 10");
	ask(s, "by function", "SELECT name, sum(self) FROM weights GROUP BY name");
	ask(s, "every row, whole", "SELECT * FROM weights");
	store_close(s);
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("  most memory so far: %ld MB\n", usage.ru_maxrss / 1024);
}

static void points(void)
{
	double copy = copy_in_memory();

	make_metrics();
	printf("points in: a third counters, a third of two decimals, a third doubles of full entropy\n");
	put_in("blocks of 4000, times to the nanosecond", LONG_POINTS, 1000000, copy);
	put_in("blocks of 4000, regular times", LONG_POINTS, 0, copy);
	put_in("blocks of 600, regular times", POINTS, 0, copy);
	put_in("blocks of 600, times to the nanosecond", POINTS, 1000000, copy);
	take_out();
	printf("\nagainst\n");
	rows_in_sqlite(copy);
}

/* usage: bench-store [points|series|profile] */
int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = { { "points", points }, { "series", short_series }, { "profile", profile } };
	const char *folder = getenv("TMPDIR");

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)snprintf(path, sizeof(path), "%s/bench-store-%d.weir", folder ? folder : "/tmp", (int)getpid());
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (argc < 2 || strcmp(argv[1], parts[i].name) == 0)
			parts[i].run();
	(void)unlink(path);
	return 0;
}
