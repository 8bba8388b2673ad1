/* SPDX-License-Identifier: Apache-2.0 */
/* --true-io: what the store measured, in the fields that the node doesn't. */
#include "exports/locli_io.h"
#include "store/store.h"
#include "tests/store/written.h"
#include "tests/support/folder.h"
#include "tests/support/program.h"

#include <jansson.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	ROW_NETWORK,
	ROW_WAIT,
	ROW_LATENCY,
	ROW_END,
	N_SECONDS = 20,
	SECOND = 1000000000,
};

static const int64_t start_ns = INT64_C(1764572400) * SECOND; /* 2025-12-01T07:00:00Z */

#define COUNTER(n, u)                                                                                                  \
	{                                                                                                              \
		.name = n, .unit = u, .brief = n, .help = n, .shape = WEIR_SHAPE_NUMBER, .kind = WEIR_KIND_COUNTER,    \
		.type = WEIR_TYPE_I64, .range = WEIR_RANGE_FROM_ZERO                                                   \
	}

static const struct weir_metric metrics[ROW_END] = {
	[ROW_NETWORK] = COUNTER("process.network.io", "By"),
	[ROW_WAIT] = COUNTER("process.disk.wait", "ns"),
	[ROW_LATENCY] = { .name = "process.disk.latency",
	                  .unit = "ns",
	                  .brief = "latency",
	                  .help = "latency",
	                  .shape = WEIR_SHAPE_HISTOGRAM,
	                  .kind = WEIR_KIND_GAUGE,
	                  .type = WEIR_TYPE_F64,
	                  .scale = WEIR_SCALE_LOG,
	                  .range = WEIR_RANGE_FROM_ZERO },
};

/* A counter that grows evenly: from `first` seconds on, `rate` a second. */
struct made_counter {
	uint32_t row;
	const char *attrs;
	int64_t first, start, rate;
};

/* A live collector's source: samples half a second after each whole one. */
static void add_source(struct store *s, const char *collector, const struct made_counter *counters, uint32_t n,
                       int64_t first, int64_t last)
{
	struct builder_sink w;

	written_begin(&w, s, "r", "node-0", collector, metrics, ROW_END);
	for (uint32_t i = 0; i < n; i++) {
		written_series(&w, i + 1, counters[i].row, counters[i].attrs);
		for (int64_t t = first > counters[i].first ? first : counters[i].first; t <= last; t++) {
			struct weir_number number = { .time_ns = start_ns + t * SECOND + SECOND / 2, .series = i + 1 };

			number.value.i64 = counters[i].start + (t - counters[i].first) * counters[i].rate;
			assert_int_equal(builder_numbers(w.builder, &number, 1), 0);
		}
	}
	written_end(&w, 0);
}

static struct store *new_store(const struct folder *f)
{
	struct weir_error error;
	struct store *s;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/s.weir", f->path);
	assert_int_equal(store_open(path, STORE_CREATE, &s, &error), 0);
	return s;
}

/* A second of requests that took 300 ms in all, twice, with a second between them; and writes, which nobody waits for.
 */
static void add_latencies(struct store *s)
{
	static const char *const attrs[] = { "{\"direction\":\"read\"}", "{\"direction\":\"write\"}" };
	static const uint64_t bucket = 3;
	struct builder_sink w;

	written_begin(&w, s, "r", "node-0", "disk", metrics, ROW_END);
	for (uint32_t i = 0; i < 2; i++) {
		written_series(&w, i + 1, ROW_LATENCY, attrs[i]);
		for (int64_t t = 1; t <= 3; t += 2) {
			struct weir_histogram h = { .time_ns = start_ns + t * SECOND,
				                    .duration_ns = SECOND,
				                    .count = bucket,
				                    .sum = 300000000,
				                    .min = 100000000,
				                    .max = 100000000,
				                    .buckets = &bucket,
				                    .n_buckets = 1,
				                    .offset = 26,
				                    .series = i + 1 };

			assert_int_equal(builder_histograms(w.builder, &h, 1), 0);
		}
	}
	written_end(&w, 0);
}

static void without_the_wait_the_time_of_reads_has_to_do(void **state)
{
	struct folder f = folder_new();
	struct store *s = new_store(&f);
	struct weir_error error;
	struct locli_io *io;

	add_latencies(s);
	assert_int_equal(locli_io_load(s, "r", "node-0", &io, &error), 0);
	assert_non_null(io);
	assert_true(locli_io_has_read_times(io));
	assert_false(locli_io_has(io, LOCLI_IO_NET_READ));
	assert_int_equal(locli_io_at(io, LOCLI_IO_BLOCK_WAIT, start_ns), 0);
	assert_int_equal(locli_io_at(io, LOCLI_IO_BLOCK_WAIT, start_ns + 2 * INT64_C(1000000000)), 30);
	assert_int_equal(locli_io_at(io, LOCLI_IO_BLOCK_WAIT, start_ns + 3 * INT64_C(1000000000)), 30);
	assert_int_equal(locli_io_at(io, LOCLI_IO_BLOCK_WAIT, start_ns + 4 * INT64_C(1000000000)), 60);
	assert_true(locli_io_covers(io, LOCLI_IO_BLOCK_WAIT, start_ns + INT64_C(1500000000)));
	locli_io_free(io);
	store_close(s);
	folder_free(&f);
}

static const struct made_counter counters[] = {
	{ ROW_NETWORK, "{\"direction\":\"receive\",\"process.pid\":\"7\"}", 0, 5000, 1000 },
	/* A second process, later on. */
	{ ROW_NETWORK, "{\"direction\":\"receive\",\"process.pid\":\"8\"}", 10, 0, 600 },
	{ ROW_NETWORK, "{\"direction\":\"transmit\",\"process.pid\":\"7\"}", 0, 0, 2000 },
	{ ROW_WAIT, "{\"process.pid\":\"7\"}", 0, 0, 250000000 },
};

static void values_are_sums_between_samples_and_stand_still_outside(void **state)
{
	static const struct made_counter fallback[] = {
		{ ROW_NETWORK, "{\"direction\":\"receive\"}", 0, 77, 1 },
	};
	struct folder f = folder_new();
	struct store *s = new_store(&f);
	struct weir_error error;
	struct locli_io *io;

	add_source(s, "zz-live", counters, 4, 0, N_SECONDS);
	/* Another collector with fewer samples of the same thing is not added to it. */
	add_source(s, "aa-live", fallback, 1, 0, 3);
	assert_int_equal(locli_io_load(s, "r", "node-0", &io, &error), 0);
	assert_non_null(io);
	assert_int_equal(locli_io_at(io, LOCLI_IO_NET_READ, start_ns), 5000);
	assert_false(locli_io_covers(io, LOCLI_IO_NET_READ, start_ns));
	assert_int_equal(locli_io_at(io, LOCLI_IO_NET_READ, start_ns + SECOND), 5500);
	assert_true(locli_io_covers(io, LOCLI_IO_NET_READ, start_ns + SECOND));
	assert_int_equal(locli_io_at(io, LOCLI_IO_NET_READ, start_ns + 12 * INT64_C(1000000000)), 16500 + 900);
	assert_int_equal(locli_io_at(io, LOCLI_IO_NET_READ, start_ns + 100 * INT64_C(1000000000)), 25000 + 6000);
	assert_int_equal(locli_io_at(io, LOCLI_IO_NET_WRITE, start_ns + INT64_C(4500000000)), 8000);
	assert_int_equal(locli_io_at(io, LOCLI_IO_BLOCK_WAIT, start_ns + INT64_C(4500000000)), 100);
	assert_false(locli_io_has_read_times(io));
	locli_io_free(io);
	assert_int_equal(locli_io_load(s, "r", "node-1", &io, &error), 0);
	assert_null(io);
	store_close(s);
	folder_free(&f);
}

/* A log with one `Resources` line a second, three of them odd. */
static void write_log(const struct folder *f)
{
	char *text;
	size_t n;
	FILE *to = open_memstream(&text, &n);

	fputs("Node configuration: NodeConfiguration {}\n", to);
	for (int second = 1; second <= 5; second++)
		fprintf(to,
		        "{\"at\":\"2025-12-01T07:00:0%d.5Z\",\"ns\":\"Resources\",\"data\":{\"Alloc\":1,%s\"CentiCpu\":"
		        "1,"
		        "\"CentiGC\":1,\"CentiMut\":1,\"FsRd\":4096,\"FsWr\":1,\"GcsMajor\":1,\"GcsMinor\":1,\"Heap\":"
		        "9,"
		        "\"Live\":1,%s\"RSS\":1,\"Threads\":2,\"kind\":\"ResourceStats\"},\"sev\":\"Info\",\"thread\":"
		        "\"7\","
		        "\"host\":\"node-0\"}%s\n",
		        second, second == 4 ? "" : "\"CentiBlkIO\":0,",
		        second == 2   ? "\"NetWr\": 0 , \"NetRd\" : 0,"
		        : second == 3 ? ""
		                      : "\"NetRd\":0,\"NetWr\":0,",
		        second == 5 ? "\r" : "");
	assert_int_equal(fclose(to), 0);
	folder_write(f, "run/node-0/stdout", text);
	free(text);
}

/* What the two back-ends say of a second: NetRd, NetWr, CentiBlkIO and one that is the node's own. */
static void assert_values(json_t *o, int second)
{
	json_int_t blocked = second == 4 ? 0 : second * 25;

	assert_non_null(o);
	assert_int_equal(json_integer_value(json_object_get(o, "NetRd")), 5000 + second * 1000);
	assert_int_equal(json_integer_value(json_object_get(o, "NetWr")), second * 2000);
	/* Without the required field the line is locli's error and stays as it was. */
	assert_int_equal(json_integer_value(json_object_get(o, "CentiBlkIO")), blocked);
	assert_int_equal(json_integer_value(json_object_get(o, "FsRd")), 4096);
}

static void check_filtered(const struct folder *f)
{
	char path[512], line[1024];
	FILE *file;
	int second = 0;

	(void)snprintf(path, sizeof(path), "%s/run/analysis/logs-node-0.flt.json", f->path);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		assert_non_null(o);
		if (++second != 4)
			assert_values(json_object_get(o, "data"), second);
		else
			assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "data"), "NetRd")), 0);
		assert_string_equal(json_string_value(json_object_get(o, "host")), "node-0");
		assert_true(strstr(line, "\r\n") ? second == 5 : second != 5);
		json_decref(o);
	}
	assert_int_equal(second, 5);
	(void)fclose(file);
}

static void check_database(const struct folder *f)
{
	char path[512];
	sqlite3_stmt *q;
	sqlite3 *db;
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s/run/analysis/logs-node-0.sqlite3", f->path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT at, as_blob FROM resource ORDER BY at", -1, &q, NULL),
	                 SQLITE_OK);
	for (; sqlite3_step(q) == SQLITE_ROW; n++) {
		json_t *o = json_loadb(sqlite3_column_blob(q, 1), (size_t)sqlite3_column_bytes(q, 1), 0, NULL);

		assert_values(o, (int)(sqlite3_column_double(q, 0) - 1764572400));
		json_decref(o);
	}
	assert_int_equal(n, 4);
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
}

static void a_prepared_run_has_what_the_store_measured(void **state)
{
	struct folder f = folder_new();
	struct store *s = new_store(&f);
	struct program p;

	add_source(s, "zz-live", counters, 4, 0, N_SECONDS);
	store_close(s);
	write_log(&f);
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", "--run", "r", "--locli", "--true-io", NULL);
	assert_non_null(strstr(p.out, "4 of 4 resource records lie within what weir measured: node-0\n"));
	assert_int_equal(p.code, 0);
	program_done(&p);
	check_filtered(&f);
	check_database(&f);
	folder_free(&f);
}

/* ---- The same, out of a store that has it all: `export --to locli --true-io` ---- */

/* A run whose node was measured, in a store that has read its log. */
static struct folder ingested_run(uint32_t n_counters)
{
	struct folder f = folder_new();
	struct store *s = new_store(&f);
	struct program p;

	if (n_counters)
		add_source(s, "zz-live", counters, n_counters, 0, N_SECONDS);
	store_close(s);
	write_log(&f);
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", "--run", "r", "-q", NULL);
	assert_int_equal(p.code, 0);
	program_done(&p);
	return f;
}

/* Says what was said: a part of a line, and the last line. */
static void assert_export(const struct folder *f, const char *to, int code, const char *said, const char *last)
{
	struct program p = program_weir(f->path, "export", "s.weir", "--to", "locli", "--true-io", "-o", to, NULL);

	if (p.code != code || !strstr(p.err, said) || (last && !strstr(program_last_line(p.err), last)))
		fail_msg("exit code %d: %s%s", p.code, p.out, p.err);
	program_done(&p);
}

static int is_there(const struct folder *f, const char *path)
{
	return access(folder_path(f, path), F_OK) == 0;
}

static void run_tool(const struct folder *f, const char *first, const char *second, const char *third,
                     const char *fourth)
{
	struct program p = program_run(f->path, (const char *const[]){ first, second, third, fourth, NULL });

	if (p.code)
		fail_msg("%s %s: exit code %d: %s%s", first, second, p.code, p.out, p.err);
	program_done(&p);
}

static void the_export_makes_what_the_ingest_makes(void **state)
{
	struct folder f = ingested_run(4);
	struct program p;

	assert_int_equal(setenv("SOURCE_DATE_EPOCH", "1764572400", 1), 0);
	p = program_weir(f.path, "export", "s.weir", "--to", "locli", "--true-io", "-o", "run", NULL);
	assert_int_equal(p.code, 0);
	assert_non_null(strstr(p.out, "4 of 4 resource records lie within what weir measured: node-0\n"));
	program_done(&p);
	check_filtered(&f);
	check_database(&f);
	run_tool(&f, "mv", "run/analysis", "exported", NULL);
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", "--run", "r", "--locli", "--true-io", NULL);
	assert_int_equal(p.code, 0);
	program_done(&p);
	/* Each byte of each file, and no file more; databases, too. */
	run_tool(&f, "diff", "-r", "exported", "run/analysis");
	assert_true(is_there(&f, "exported/logs-node-0.flt.json") && is_there(&f, "exported/logs-node-0.sqlite3") &&
	            is_there(&f, "exported/logs-node-0.tracefreq.json") && is_there(&f, "exported/SHA256SUMS") &&
	            is_there(&f, "exported/log-manifest.json") && is_there(&f, "exported/log-manifest-db.json"));
	assert_int_equal(unsetenv("SOURCE_DATE_EPOCH"), 0);
	folder_free(&f);
}

/* A run may have another name in the store, and so may its node. */
static void the_node_is_the_one_that_the_store_calls_so(void **state)
{
	struct folder f = folder_new();
	struct store *s = new_store(&f);
	struct program p;

	add_source(s, "zz-live", counters, 4, 0, N_SECONDS);
	store_close(s);
	write_log(&f);
	run_tool(&f, "mv", "run/node-0", "run/node-5", NULL);
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", "--run", "r", "--node", "node-0", "-q", NULL);
	assert_int_equal(p.code, 0);
	program_done(&p);
	p = program_weir(f.path, "export", "s.weir", "--to", "locli", "--true-io", "-o", "run", NULL);
	assert_int_equal(p.code, 0);
	assert_non_null(strstr(p.out, "4 of 4 resource records lie within what weir measured: node-0\n"));
	program_done(&p);
	run_tool(&f, "mv", "run/analysis/logs-node-5.flt.json", "run/analysis/logs-node-0.flt.json", NULL);
	check_filtered(&f);
	folder_free(&f);
}

static void of_two_nodes_the_one_that_was_measured_is_filled_in(void **state)
{
	struct folder f = folder_new();
	struct store *s = new_store(&f);
	struct program p;

	add_source(s, "zz-live", counters, 4, 0, N_SECONDS);
	store_close(s);
	write_log(&f);
	run_tool(&f, "cp", "-r", "run/node-0", "run/node-1");
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", "--run", "r", "-q", NULL);
	assert_int_equal(p.code, 0);
	program_done(&p);
	p = program_weir(f.path, "export", "s.weir", "--to", "locli", "--true-io", "-o", "run", NULL);
	assert_int_equal(p.code, 3);
	assert_non_null(strstr(p.out, "4 of 8 resource records lie within what weir measured: node-0\n"));
	assert_non_null(strstr(p.err, "export: --true-io: node-1: NetRd: the store has no measurement"));
	assert_null(strstr(p.err, "export: --true-io: node-0: "));
	program_done(&p);
	check_filtered(&f);
	check_database(&f);
	run_tool(&f, "grep", "-q", ":01.5Z.*\"NetWr\":0,", "run/analysis/logs-node-1.flt.json");
	folder_free(&f);
}

static void what_only_some_measured_is_filled_in_and_the_rest_said(void **state)
{
	struct folder f = ingested_run(3);

	/* Without the wait. */
	assert_export(&f, "run", 3, "export: --true-io: node-0: CentiBlkIO: the store has no measurement",
	              "not all of it could be written or filled in");
	run_tool(&f, "grep", "-q", "\"NetWr\": *2000,", "run/analysis/logs-node-0.flt.json");
	folder_free(&f);
}

static void without_measurements_or_logs_in_the_store_nothing_is_made(void **state)
{
	struct folder f = ingested_run(0), g = folder_new();
	struct store *s;

	assert_export(&f, "run", 3, "s.weir: has no disk or network measurements of the nodes of run r",
	              "stays as it is");
	assert_false(is_there(&f, "run/analysis"));
	folder_free(&f);
	s = new_store(&g);
	add_source(s, "zz-live", counters, 4, 0, N_SECONDS);
	store_close(s);
	write_log(&g);
	assert_export(&g, "run", 3, "s.weir: has no logs of run r", "stays as it is");
	assert_false(is_there(&g, "run/analysis"));
	folder_free(&g);
}

/* A byte of it, with its length and its times as they were. */
static void change_in_place(const struct folder *f, const char *path)
{
	run_tool(f, "cp", "-p", path, "before");
	run_tool(f, "sed", "-i", "s/NodeConfiguration {}/NodeConfiguration []/", path);
	run_tool(f, "touch", "-r", "before", path);
}

static void a_log_that_is_not_as_it_was_read_is_refused(void **state)
{
	static const char gone[] = "export: --true-io: node-0/stdout-2: is gone";
	struct folder f = ingested_run(4);
	struct program p;

	change_in_place(&f, "run/node-0/stdout");
	assert_export(&f, "run", 3, "export: --true-io: node-0/stdout: has changed since the store has read it",
	              "not all of its logs are as the store has read them");
	assert_false(is_there(&f, "run/analysis"));
	run_tool(&f, "mv", "before", "run/node-0/stdout", NULL);
	folder_write(&f, "run/node-0/stdout-2", "a line that nobody has read\n");
	assert_export(&f, "run", 3, "export: --true-io: node-0/stdout-2: the store has not read it", "stays as it is");
	assert_false(is_there(&f, "run/analysis"));
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", "--run", "r", "-q", NULL);
	assert_int_equal(p.code, 0);
	program_done(&p);
	assert_export(&f, "run", 0, "", NULL);
	assert_true(is_there(&f, "run/analysis/logs-node-0.flt.json"));
	run_tool(&f, "mv", "run/analysis", "kept", NULL);
	run_tool(&f, "cp", "-rp", "kept", "run/analysis");
	run_tool(&f, "rm", "run/node-0/stdout-2", NULL, NULL);
	assert_export(&f, "run", 3, gone, "stays as it is");
	/* What was made before is not touched. */
	run_tool(&f, "diff", "-r", "kept", "run/analysis");
	folder_free(&f);
}

/* It says nothing, so that no collector has read it. */
static void a_log_without_a_byte_is_no_change(void **state)
{
	struct folder f = ingested_run(4);

	folder_write(&f, "run/node-0/stdout-3", "");
	assert_export(&f, "run", 0, "", NULL);
	folder_free(&f);
}

/* Nobody has read it, so nobody has a checksum of it; its length tells. */
static void a_log_that_was_nobodys_is_only_as_long_as_it_was(void **state)
{
	struct folder f = folder_new();
	struct store *s = new_store(&f);
	struct program p;

	add_source(s, "zz-live", counters, 4, 0, N_SECONDS);
	store_close(s);
	write_log(&f);
	folder_write(&f, "run/node-0/node-9.json", "[]\n");
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", "--run", "r", "-q", NULL);
	program_done(&p);
	p = program_weir(f.path, "sql", "s.weir", "select path from unclaimed", NULL);
	assert_non_null(strstr(p.out, "node-0/node-9.json"));
	program_done(&p);
	assert_export(&f, "run", 0, "", NULL);
	folder_write(&f, "run/node-0/node-9.json", "[1]\n");
	assert_export(&f, "run", 3, "node-0/node-9.json: the store has not read it", "stays as it is");
	folder_free(&f);
}

static void twenty_logs_are_named_and_then_they_are_counted(void **state)
{
	struct folder f = ingested_run(4);
	char path[64];

	for (int i = 0; i < 21; i++) {
		(void)snprintf(path, sizeof(path), "run/node-0/stdout-%02d", i);
		folder_write(&f, path, "new\n");
		if (i == 19) {
			struct program p = program_weir(f.path, "export", "s.weir", "--to", "locli", "--true-io", "-o",
			                                "run", NULL);

			assert_non_null(strstr(p.err, "node-0/stdout-19: the store has not read it"));
			assert_null(strstr(p.err, "more"));
			program_done(&p);
		}
	}
	assert_export(&f, "run", 3,
	              "node-0/stdout-19: the store has not read it\nweir: export: --true-io: and 1 more\n",
	              "not all of its logs");
	folder_free(&f);
}

static void a_folder_that_is_not_the_runs_gets_nothing(void **state)
{
	struct folder f = folder_new();
	struct store *s = new_store(&f);
	struct program p;

	add_source(s, "zz-live", counters, 4, 0, N_SECONDS);
	store_close(s);
	write_log(&f);
	folder_write(&f, "run/meta.json", "{\"meta\":{\"tag\":\"this\"}}");
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", "--run", "r", "-q", NULL);
	assert_int_equal(p.code, 0);
	program_done(&p);
	folder_make(&f, "empty");
	assert_export(&f, "empty", 1, "/empty: has none of the logs of run r, so it is not its directory", NULL);
	assert_false(is_there(&f, "empty/analysis"));
	assert_export(&f, "nowhere", 1, "nowhere: No such file or directory", NULL);
	assert_false(is_there(&f, "nowhere"));
	/* The same logs, and it says that it is another one. */
	run_tool(&f, "cp", "-rp", "run", "other");
	folder_write(&f, "other/meta.json", "{\"meta\":{\"tag\":\"that\"}}");
	assert_export(&f, "other", 1, "/other: is the run that, and the store's r is this", NULL);
	assert_false(is_there(&f, "other/analysis"));
	/* The run itself, when all of its logs are gone, is still the run. */
	run_tool(&f, "rm", "run/node-0/stdout", NULL, NULL);
	assert_export(&f, "run", 3, "node-0/stdout: is gone", "not all of its logs are as the store has read them");
	folder_free(&f);
}

static void what_the_store_has_not_is_said_and_left_alone(void **state)
{
	struct folder f = folder_new();
	struct program p;
	json_t *o;
	char path[512], line[1024];
	FILE *file;

	write_log(&f);
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", "--locli", "--true-io", NULL);
	assert_non_null(strstr(p.err, "node-0: NetRd: the store has no measurement"));
	assert_non_null(strstr(p.err, "node-0: CentiBlkIO: the store has no measurement"));
	assert_int_equal(p.code, 3);
	assert_non_null(strstr(program_last_line(p.err), "not all of it could be written or filled in"));
	program_done(&p);
	(void)snprintf(path, sizeof(path), "%s/run/analysis/logs-node-0.flt.json", f.path);
	file = fopen(path, "re");
	assert_non_null(file && fgets(line, sizeof(line), file) ? file : NULL);
	o = json_loads(line, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "data"), "NetRd")), 0);
	json_decref(o);
	(void)fclose(file);
	p = program_weir(f.path, "ingest", "run", "--true-io", NULL);
	assert_int_equal(p.code, 2);
	program_done(&p);
	folder_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_sums_between_samples_and_stand_still_outside),
		cmocka_unit_test(without_the_wait_the_time_of_reads_has_to_do),
		cmocka_unit_test(a_prepared_run_has_what_the_store_measured),
		cmocka_unit_test(what_the_store_has_not_is_said_and_left_alone),
		cmocka_unit_test(the_export_makes_what_the_ingest_makes),
		cmocka_unit_test(the_node_is_the_one_that_the_store_calls_so),
		cmocka_unit_test(of_two_nodes_the_one_that_was_measured_is_filled_in),
		cmocka_unit_test(what_only_some_measured_is_filled_in_and_the_rest_said),
		cmocka_unit_test(without_measurements_or_logs_in_the_store_nothing_is_made),
		cmocka_unit_test(a_log_that_is_not_as_it_was_read_is_refused),
		cmocka_unit_test(a_log_without_a_byte_is_no_change),
		cmocka_unit_test(a_log_that_was_nobodys_is_only_as_long_as_it_was),
		cmocka_unit_test(twenty_logs_are_named_and_then_they_are_counted),
		cmocka_unit_test(a_folder_that_is_not_the_runs_gets_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
