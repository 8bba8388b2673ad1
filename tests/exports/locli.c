/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/locli.h"
#include "exports/manifest.h"
#include "exports/replace.h"
#include "tests/support/bytes.h"
#include "tests/support/folder.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t now_ns = INT64_C(1795226760000000000);

struct sample {
	const char *name, *module, *source;
	double self;
};

static struct weir_text text(const char *at)
{
	return (struct weir_text){ at, strlen(at) };
}

static void add_attrs(struct profile_set *set, const char *node, const char *attrs, const struct sample *samples,
                      uint32_t n)
{
	struct profile_weight w = { .duration_ns = 1, .has_self = 1 };
	struct weir_error error;

	assert_int_equal(profile_source_begin(set, "r", node, 0, &error), 0);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t frame = profile_source_frame(set, text(samples[i].name), text(samples[i].module),
		                                      text(samples[i].source));

		assert_int_equal(profile_source_stack(set, i + 1, i ? 1 : 0, frame), 0);
		w.stack = i + 1;
		w.self = samples[i].self;
		assert_int_equal(profile_source_weight(set, text(attrs), &w), 0);
	}
	assert_int_equal(profile_source_end(set, &error), 0);
}

static void add(struct profile_set *set, const char *node, const struct sample *samples, uint32_t n)
{
	add_attrs(set, node, "{}", samples, n);
}

static struct profile_set *finished(struct profile_set *set)
{
	struct weir_error error;

	assert_int_equal(profile_set_finish(set, &error), 0);
	return set;
}

static const struct locli_row *find(const struct locli *l, const char *node, const char *function)
{
	for (uint32_t i = 0; i < l->n_nodes; i++)
		for (uint32_t j = 0; strcmp(l->nodes[i].name, node) == 0 && j < l->nodes[i].n_rows; j++)
			if (strcmp(l->nodes[i].rows[j].function, function) == 0)
				return &l->nodes[i].rows[j];
	return NULL;
}

static void rows_are_percentages_of_the_nodes_own_totals(void **state)
{
	static const struct sample a[] = { { "MAIN", "MAIN", "<built-in>", 0 },
		                           { "f", "M", "M.hs:1:1", 30 },
		                           { "f", "M", "M.hs:1:1", 30 },
		                           { "g", "M", "M.hs:2:1", 20 } };
	static const struct sample bytes[] = { { "f", "M", "M.hs:1:1", 1 }, { "g", "M", "M.hs:2:1", 2 } };
	struct profile_set *ticks = profile_set_new("t", "{tick}", PROFILE_BY_NAME),
			   *alloc = profile_set_new("a", "By", PROFILE_BY_NAME);
	struct locli *l;

	add(ticks, "node-0", a, 4);
	add(alloc, "node-0", bytes, 2);
	assert_int_equal(locli_new(&(struct locli_sets){ .ticks = finished(ticks), .alloc = finished(alloc) }, &l), 0);
	assert_int_equal(l->n_nodes, 1);
	assert_int_equal(l->nodes[0].n_rows, 3);
	assert_string_equal(l->nodes[0].rows[0].function, "f");
	assert_string_equal(l->nodes[0].rows[0].source, "M.hs:1:1");
	assert_true(l->nodes[0].rows[0].time == 75);
	assert_true(fabs(l->nodes[0].rows[0].alloc - 100 / 3.0) < 1e-12);
	assert_true(find(l, "node-0", "g")->time == 25);
	assert_true(find(l, "node-0", "MAIN")->time == 0);
	locli_free(l);
	profile_set_free(ticks);
	profile_set_free(alloc);
}

static void exact_values_win_over_percentages_node_by_node(void **state)
{
	static const struct sample exact[] = { { "f", "M", "", 1 }, { "g", "M", "", 3 } };
	static const struct sample rounded[] = { { "f", "M", "", 20.5 }, { "g", "M", "", 79.5 } };
	struct profile_set *ticks = profile_set_new("t", "{tick}", PROFILE_BY_NAME),
			   *share = profile_set_new("s", "%", PROFILE_BY_NAME);
	struct locli *l;

	add(ticks, "node-0", exact, 2);
	add(share, "node-0", rounded, 2);
	add(share, "node-1", rounded, 2);
	assert_int_equal(locli_new(&(struct locli_sets){ .ticks = finished(ticks), .time_share = finished(share) }, &l),
	                 0);
	assert_true(find(l, "node-0", "f")->time == 25);
	assert_true(find(l, "node-1", "f")->time == 20.5);
	locli_free(l);
	profile_set_free(ticks);
	profile_set_free(share);
}

static void what_the_run_time_system_costs_is_left_out(void **state)
{
	static const struct sample program[] = { { "MAIN", "MAIN", "", 1 }, { "f", "M", "", 3 } };
	static const struct sample kept[] = { { "MAIN", "MAIN", "", 0 }, { "GC", "GC", "", 96 } };
	struct profile_set *ticks = profile_set_new("t", "{tick}", PROFILE_BY_NAME);
	struct locli *l;

	add(ticks, "node-0", program, 2);
	add_attrs(ticks, "node-0", "{\"scope\":\"system\"}", kept, 2);
	assert_int_equal(locli_new(&(struct locli_sets){ .ticks = finished(ticks) }, &l), 0);
	assert_null(find(l, "node-0", "GC"));
	assert_true(find(l, "node-0", "MAIN")->time == 25);
	assert_true(find(l, "node-0", "f")->time == 75);
	locli_free(l);
	profile_set_free(ticks);
}

static void functions_of_one_name_are_kept_apart_on_every_node(void **state)
{
	static const struct sample a[] = { { "go", "A", "", 1 }, { "only", "A", "", 1 }, { "CAF", "A", "", 1 } };
	static const struct sample b[] = { { "go", "B", "", 1 }, { "CAF", "A", "", 1 }, { "", "C", "", 1 } };
	struct profile_set *ticks = profile_set_new("t", "{tick}", PROFILE_BY_NAME);
	struct locli *l;

	add(ticks, "node-0", a, 3);
	add(ticks, "node-1", b, 3);
	assert_int_equal(locli_new(&(struct locli_sets){ .ticks = finished(ticks) }, &l), 0);
	assert_null(find(l, "node-0", "go"));
	assert_string_equal(find(l, "node-0", "A.go")->module, "A");
	assert_string_equal(find(l, "node-1", "B.go")->module, "B");
	assert_non_null(find(l, "node-0", "only"));
	assert_non_null(find(l, "node-0", "CAF"));
	assert_non_null(find(l, "node-1", "CAF"));
	assert_non_null(find(l, "node-1", "C."));
	locli_free(l);
	profile_set_free(ticks);
}

/* What was made unique can meet what was unique before. */
static void no_two_functions_share_a_name_whatever_they_are_called(void **state)
{
	static const struct sample a[] = { { "go", "A", "", 1 },  { "go", "B", "", 1 },   { "A.go", "C", "", 1 },
		                           { "b.c", "D", "", 1 }, { "c", "D.b", "", 1 },  { "b.c", "E", "", 1 },
		                           { "c", "E.b", "", 1 }, { "D.b.c", "", "", 1 }, { "x", "", "", 1 },
		                           { "x", "M", "", 1 },   { "M.x", "", "", 1 },   { "", "", "", 1 } };
	enum {
		N = sizeof(a) / sizeof(a[0])
	};
	struct profile_set *ticks = profile_set_new("t", "{tick}", PROFILE_BY_NAME);
	struct locli *l;

	add(ticks, "n", a, N);
	assert_int_equal(locli_new(&(struct locli_sets){ .ticks = finished(ticks) }, &l), 0);
	assert_int_equal(l->nodes[0].n_rows, N);
	for (uint32_t i = 0; i < N; i++)
		for (uint32_t j = i + 1; j < N; j++)
			assert_string_not_equal(l->nodes[0].rows[i].function, l->nodes[0].rows[j].function);
	locli_free(l);
	profile_set_free(ticks);
}

/* Two nodes and a generator; f and g. */
static struct locli *sample_rows(struct profile_set **ret_ticks)
{
	static const struct sample a[] = { { "f", "M", "M.hs:1:1", 3 }, { "g\"\\", "M", "<no location info>", 1 } };
	struct profile_set *ticks = profile_set_new("t", "{tick}", PROFILE_BY_NAME);
	struct locli *l;

	add(ticks, "node-0", a, 2);
	add(ticks, "node-1", a, 1);
	add(ticks, "workloads/w", a, 1);
	assert_int_equal(locli_new(&(struct locli_sets){ .ticks = finished(ticks) }, &l), 0);
	*ret_ticks = ticks;
	return l;
}

static json_t *load(const struct folder *f, const char *path)
{
	json_error_t error;
	json_t *tree = json_load_file(folder_path(f, path), 0, &error);

	if (!tree)
		fail_msg("%s: %d: %s", path, error.position, error.text);
	return tree;
}

static void write_sample(const struct folder *f, int expected, struct locli_report *report, struct weir_error *error)
{
	struct profile_set *ticks;
	struct locli *l = sample_rows(&ticks);

	assert_int_equal(locli_write(l, f->path, now_ns, report, error), expected);
	locli_free(l);
	profile_set_free(ticks);
}

static void a_node_has_a_file_of_one_object_a_line(void **state)
{
	struct folder f = folder_new();
	struct locli_report report;
	struct weir_error error;
	struct bytes b;
	char *line, *rest;
	int n = 0;

	write_sample(&f, 0, &report, &error);
	assert_int_equal(report.n_files, 3);
	assert_int_equal(access(folder_path(&f, "analysis/logs-workloads-w.flt.prof.json"), R_OK), 0);
	b = bytes_read(folder_path(&f, "analysis/logs-node-0.flt.prof.json"));
	b.at[b.n] = 0;
	rest = (char *)b.at;
	while ((line = strsep(&rest, "\n")) && *line) {
		json_t *row = json_loads(line, 0, NULL);

		assert_int_equal(json_object_size(row), 5);
		assert_string_equal(json_string_value(json_object_get(row, "peFunc")), n ? "g\"\\" : "f");
		assert_string_equal(json_string_value(json_object_get(row, "peModule")), "M");
		assert_string_equal(json_string_value(json_object_get(row, "peSrcLoc")),
		                    n ? "<no location info>" : "M.hs:1:1");
		assert_true(json_number_value(json_object_get(row, "peTime")) == (n ? 25 : 75));
		assert_true(json_number_value(json_object_get(row, "peAlloc")) == 0);
		json_decref(row);
		n++;
	}
	assert_int_equal(n, 2);
	bytes_done(&b);
	folder_free(&f);
}

static const char before[] =
	"{ \"zz\":1e400,\"rlHostLogs\":\n{\"node-1\":{\"hlRawLines\":123456789012345678901234567890,\"hlProfile\":"
	"[{\"old\":[1,{}]}],\"hlLogs\":[\"a\\u002fb\",null]},\"other\":{\"hlProfile\":[7]},\"node-0\":{\"hlLogs\":[]}},"
	"\n\t\"rlFilterDate\":\"2026\"}  \n";

/* The text without our rows: what is left must be the text that was there. */
static char *without_rows(const char *after)
{
	char *text = strdup(after), *from, *to;

	while ((from = strstr(text, "[\n{\"peFunc\""))) {
		to = strstr(from, "}]");
		memmove(from, "@", 1);
		memmove(from + 1, to + 2, strlen(to + 2) + 1);
	}
	return text;
}

static void a_manifest_keeps_every_byte_that_is_not_a_profile(void **state)
{
	struct folder f = folder_new();
	struct locli_report report;
	struct weir_error error;
	struct bytes b;
	struct stat st;
	char *rest;

	folder_write(&f, "analysis/log-manifest-db.json", before);
	assert_int_equal(chmod(folder_path(&f, "analysis/log-manifest-db.json"), 0640), 0);
	for (int pass = 0; pass < 2; pass++) {
		write_sample(&f, 0, &report, &error);
		assert_int_equal(report.n_manifests, 1);
		assert_false(report.is_created);
		assert_string_equal(report.hostless, "workloads/w");
		b = bytes_read(folder_path(&f, "analysis/log-manifest-db.json"));
		b.at[b.n] = 0;
		rest = without_rows((char *)b.at);
		assert_string_equal(rest,
		                    "{ \"zz\":1e400,\"rlHostLogs\":\n{\"node-1\":{\"hlRawLines\":"
		                    "123456789012345678901234567890,\"hlProfile\":@,\"hlLogs\":[\"a\\u002fb\",null]},"
		                    "\"other\":{\"hlProfile\":[7]},\"node-0\":{\"hlProfile\": @, \"hlLogs\":[]}},"
		                    "\n\t\"rlFilterDate\":\"2026\"}  \n");
		free(rest);
		bytes_done(&b);
	}
	assert_int_equal(stat(folder_path(&f, "analysis/log-manifest-db.json"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(access(folder_path(&f, "analysis/log-manifest.json"), F_OK), -1);
	folder_free(&f);
}

static void a_manifest_stays_its_owners(void **state)
{
	struct folder f = folder_new();
	struct locli_report report;
	struct weir_error error;
	struct stat st;

	folder_write(&f, "analysis/log-manifest.json", before);
	if (chown(folder_path(&f, "analysis/log-manifest.json"), 4711, 4712) < 0) {
		print_message("needs the right to give files away\n");
		folder_free(&f);
		skip();
	}
	write_sample(&f, 0, &report, &error);
	assert_int_equal(report.n_manifests, 1);
	assert_int_equal(stat(folder_path(&f, "analysis/log-manifest.json"), &st), 0);
	assert_int_equal(st.st_uid, 4711);
	assert_int_equal(st.st_gid, 4712);
	folder_free(&f);
}

static void a_disk_that_is_full_says_so_and_the_old_file_stays(void **state)
{
	static const struct rlimit full = { 64 << 10, RLIM_INFINITY };
	struct folder f = folder_new();
	struct rlimit usual;
	struct replace r;
	struct stat st;
	struct weir_error error;

	folder_write(&f, "out", "old");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
	assert_int_equal(replace_open(&r, folder_path(&f, "out"), &error), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	for (int i = 0; i < 128; i++)
		(void)fprintf(r.file, "%1024d", i);
	assert_int_equal(replace_commit(&r, &error), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
	(void)signal(SIGXFSZ, SIG_DFL);
	assert_non_null(strstr(error.text, strerror(EFBIG)));
	assert_int_equal(stat(folder_path(&f, "out"), &st), 0);
	assert_int_equal(st.st_size, 3);
	folder_free(&f);
}

static void both_manifests_are_patched(void **state)
{
	struct folder f = folder_new();
	struct locli_report report;
	struct weir_error error;
	json_t *tree;

	folder_write(&f, "analysis/log-manifest.json", "{\"rlHostLogs\":{\"node-0\":{}}}");
	folder_write(&f, "analysis/log-manifest-db.json", "{\"rlHostLogs\":{\"node-0\":{\"hlProfile\":\"odd\"}}}");
	write_sample(&f, 0, &report, &error);
	assert_int_equal(report.n_manifests, 2);
	for (int i = 0; i < 2; i++) {
		tree = load(&f, i ? "analysis/log-manifest-db.json" : "analysis/log-manifest.json");
		assert_int_equal(json_array_size(json_object_get(
					 json_object_get(json_object_get(tree, "rlHostLogs"), "node-0"), "hlProfile")),
		                 2);
		json_decref(tree);
	}
	folder_free(&f);
}

static void a_manifest_is_made_when_there_is_none(void **state)
{
	struct folder f = folder_new();
	struct locli_report report;
	struct weir_error error;
	struct stat st;
	json_t *tree, *host;

	for (int pass = 0; pass < 2; pass++) {
		if (pass == 1)
			folder_write(&f, "analysis/log-manifest.json", " {} \n");
		write_sample(&f, 0, &report, &error);
		assert_true(report.is_created);
		tree = load(&f, "analysis/log-manifest.json");
		assert_string_equal(json_string_value(json_object_get(tree, "rlFilterDate")), "2026-11-21T02:06:00Z");
		host = json_object_get(json_object_get(tree, "rlHostLogs"), "node-0");
		assert_true(json_is_array(json_object_get(host, "hlRawLogfiles")));
		assert_true(json_is_integer(json_object_get(host, "hlRawLines")));
		assert_true(json_is_object(json_object_get(host, "hlRawTraceFreqs")));
		assert_int_equal(json_array_size(json_object_get(host, "hlLogs")), 2);
		assert_int_equal(json_array_size(json_object_get(host, "hlProfile")), 2);
		json_decref(tree);
		/* Older than any log, so that the workbench makes its own when it wants logs. */
		assert_int_equal(stat(folder_path(&f, "analysis/log-manifest.json"), &st), 0);
		assert_int_equal(st.st_mtim.tv_sec, 0);
	}
	folder_free(&f);
}

static void a_manifest_that_is_no_json_stays_as_it_is(void **state)
{
	static const char *const broken[] = { "",
		                              "{\"rlHostLogs\":{\"node-0\":{\"hlProfile\":[}}}",
		                              "[]",
		                              "{\"rlHostLogs\":{\"node-0\":{}}} x",
		                              "{\"rlHostLogs\":[]}",
		                              "{\"rlHostLogs\":{\"node-0\":7}}",
		                              "{\"rlHostLogs\":{\"node-0\":{}}" };
	struct locli_report report;
	struct weir_error error;
	struct bytes b;

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct folder f = folder_new();

		folder_write(&f, "analysis/log-manifest-db.json", "{\"rlHostLogs\":{\"node-0\":{}}}");
		folder_write(&f, "analysis/log-manifest.json", broken[i]);
		write_sample(&f, -EBADMSG, &report, &error);
		assert_non_null(strstr(error.text, "log-manifest.json: offset"));
		assert_non_null(strstr(error.text, "left as it is"));
		b = bytes_read(folder_path(&f, "analysis/log-manifest.json"));
		assert_int_equal(b.n, strlen(broken[i]));
		assert_memory_equal(b.at, broken[i], b.n);
		bytes_done(&b);
		assert_int_equal(report.n_manifests, 1);
		folder_free(&f);
	}
}

static void every_prefix_of_a_manifest_is_refused(void **state)
{
	static const char *const hosts[] = { "node-0", "node-1" };
	struct manifest m;
	struct weir_error error;
	size_t n = strlen(before);

	assert_int_equal(manifest_find(before, n, hosts, 2, "m", &m, &error), 0);
	assert_int_equal(m.n_places, 2);
	manifest_done(&m);
	while (before[n - 1] != '}')
		n--;
	for (size_t i = 0; i < n; i++) {
		struct bytes b = bytes_guarded((const uint8_t *)before, i);

		assert_int_equal(manifest_find((const char *)b.at, i, hosts, 2, "m", &m, &error), -EBADMSG);
		assert_int_equal(m.n_places, 0);
		bytes_done(&b);
	}
}

/* Nothing but the result may be left behind, whichever way it went. */
static void no_temporary_file_is_left(void **state)
{
	struct folder f = folder_new();
	struct locli_report report;
	struct weir_error error;
	char command[512];

	folder_write(&f, "analysis/log-manifest.json", "{\"rlHostLogs\":{\"node-0\":{}}}");
	folder_write(&f, "analysis/log-manifest-2.json", "{");
	write_sample(&f, -EBADMSG, &report, &error);
	(void)snprintf(command, sizeof(command), "test $(ls -A %s/analysis | wc -l) = 5", f.path);
	assert_int_equal(system(command), 0);
	folder_free(&f);
}

static void a_folder_that_cannot_be_written_is_an_error(void **state)
{
	struct folder f = folder_new();
	struct locli_report report;
	struct weir_error error;

	folder_write(&f, "analysis", "a file");
	write_sample(&f, -ENOTDIR, &report, &error);
	folder_free(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_percentages_of_the_nodes_own_totals),
		cmocka_unit_test(exact_values_win_over_percentages_node_by_node),
		cmocka_unit_test(what_the_run_time_system_costs_is_left_out),
		cmocka_unit_test(functions_of_one_name_are_kept_apart_on_every_node),
		cmocka_unit_test(no_two_functions_share_a_name_whatever_they_are_called),
		cmocka_unit_test(a_node_has_a_file_of_one_object_a_line),
		cmocka_unit_test(a_manifest_keeps_every_byte_that_is_not_a_profile),
		cmocka_unit_test(a_manifest_stays_its_owners),
		cmocka_unit_test(a_disk_that_is_full_says_so_and_the_old_file_stays),
		cmocka_unit_test(both_manifests_are_patched),
		cmocka_unit_test(a_manifest_is_made_when_there_is_none),
		cmocka_unit_test(a_manifest_that_is_no_json_stays_as_it_is),
		cmocka_unit_test(every_prefix_of_a_manifest_is_refused),
		cmocka_unit_test(no_temporary_file_is_left),
		cmocka_unit_test(a_folder_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
