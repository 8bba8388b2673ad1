/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cli/made_run.h"
#include "tests/support/folder.h"
#include "tests/support/program.h"

#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void assert_code(const struct program *p, int code)
{
	if (p->code != code)
		fail_msg("exit code %d, not %d: %s%s", p->code, code, p->out, p->err);
}

/* The first column of the first row. */
static json_t *ask(const struct folder *f, const char *store, const char *sql)
{
	struct program p = program_weir(f->path, "sql", store, sql, "--json", NULL);
	json_t *rows, *value;

	assert_code(&p, 0);
	rows = json_loads(p.out, 0, NULL);
	assert_non_null(rows);
	value = json_incref(json_object_iter_value(json_object_iter(json_array_get(rows, 0))));
	json_decref(rows);
	program_done(&p);
	return value;
}

static json_int_t ask_number(const struct folder *f, const char *store, const char *sql)
{
	json_t *value = ask(f, store, sql);
	json_int_t n = json_integer_value(value);

	assert_true(json_is_integer(value));
	json_decref(value);
	return n;
}

static void assert_text(const struct folder *f, const char *store, const char *sql, const char *expected)
{
	json_t *value = ask(f, store, sql);

	assert_true(json_is_string(value));
	assert_string_equal(json_string_value(value), expected);
	json_decref(value);
}

static void a_run_directory_becomes_one_store_with_all_it_says(void **state)
{
	struct folder f = folder_new();
	struct program p;

	made_run(&f, "run");
	p = program_weir(f.path, "ingest", "run", NULL);
	assert_code(&p, 0);
	assert_string_equal(p.err, "");
	program_done(&p);
	assert_int_equal(ask_number(&f, "made-run.weir", "select count(*) from sources where status = 'ok'"), 7);
	assert_int_equal(
		ask_number(&f, "made-run.weir",
	                   "select sum(self) from weights where metric = 'ghc.profile.ticks' and node = 'node-0'"),
		MADE_TICKS);
	assert_int_equal(
		ask_number(&f, "made-run.weir",
	                   "select inclusive from weights where metric = 'ghc.profile.ticks' and node = 'node-1' and"
	                   " module = 'Main'"),
		3 * 95);
	assert_text(&f, "made-run.weir", "select value from facts where name = 'run.batch'", "b1");
	assert_text(&f, "made-run.weir", "select value from facts where name = 'process.pid' and node = 'node-1'",
	            "4712");
	assert_text(&f, "made-run.weir", "select version from components where name = 'cardano-node'", "10.6.1");
	assert_text(&f, "made-run.weir", "select why from unclaimed where path = 'node-0/notes.txt'", "no collector");
	assert_int_equal(ask_number(&f, "made-run.weir", "select count(*) from unclaimed"), 1);
	assert_int_equal(
		ask_number(&f, "made-run.weir", "select count(*) from sources where read <> stored + skipped + bad"),
		0);
	assert_int_equal(ask_number(&f, "made-run.weir", "select count(*) from sources where sha256 is null"), 0);
	folder_free(&f);
}

static void the_same_again_reads_nothing_and_changes_nothing(void **state)
{
	static const char all[] = "select count(*) || ' ' || sum(self) from weights";
	struct folder f = folder_new();
	struct program p;
	json_t *before, *after;

	made_run(&f, "run");
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", NULL);
	assert_code(&p, 0);
	program_done(&p);
	before = ask(&f, "s.weir", all);
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", NULL);
	assert_code(&p, 0);
	assert_non_null(strstr(p.out, "0 files read, 2 were there already"));
	program_done(&p);
	after = ask(&f, "s.weir", all);
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	made_report(&f, "run/node-1/cardano-node.prof", 7, 1);
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", NULL);
	assert_code(&p, 0);
	program_done(&p);
	assert_int_equal(
		ask_number(&f, "s.weir",
	                   "select sum(self) from weights where metric = 'ghc.profile.ticks' and node = 'node-1'"),
		7 * MADE_TICKS);
	folder_free(&f);
}

static void loose_files_have_the_run_and_node_they_are_given(void **state)
{
	struct folder f = folder_new();
	struct program p;

	made_report(&f, "x.prof", 1, 1);
	made_report(&f, "y.prof", 1, 1);
	p = program_weir(f.path, "ingest", "x.prof", NULL);
	assert_code(&p, 0);
	program_done(&p);
	assert_text(&f, "x.weir", "select node from sources", "main");
	p = program_weir(f.path, "ingest", "x.prof", "y.prof", "--node", "n", "--run", "t", "-o", "s.weir", NULL);
	assert_code(&p, 0);
	program_done(&p);
	assert_text(&f, "s.weir", "select run || '/' || node || '/' || count(*) from sources", "t/n/2");
	folder_free(&f);
}

static void a_file_of_a_run_knows_its_run_and_node(void **state)
{
	struct folder f = folder_new();
	struct program p;

	made_run(&f, "run");
	p = program_weir(f.path, "ingest", "run/node-1/cardano-node.prof", "-o", "s.weir", NULL);
	assert_code(&p, 0);
	program_done(&p);
	assert_text(&f, "s.weir", "select run || '/' || node || '/' || path from sources where collector = 'ghc-prof'",
	            "made-run/node-1/node-1/cardano-node.prof");
	folder_free(&f);
}

static void two_runs_need_a_store_with_a_name(void **state)
{
	struct folder f = folder_new();
	struct program p;

	made_run(&f, "a");
	made_report(&f, "b/x.prof", 1, 1);
	p = program_weir(f.path, "ingest", "a", "b", NULL);
	assert_code(&p, 2);
	program_done(&p);
	p = program_weir(f.path, "ingest", "a", "b", "-o", "s.weir", NULL);
	assert_code(&p, 0);
	program_done(&p);
	assert_int_equal(ask_number(&f, "s.weir", "select count(*) from runs"), 2);
	made_run(&f, "c");
	p = program_weir(f.path, "ingest", "a", "c", "-o", "s.weir", NULL);
	assert_code(&p, 1);
	assert_non_null(strstr(p.err, "made-run: two of the runs are called so"));
	program_done(&p);
	folder_free(&f);
}

static void a_folder_of_runs_is_each_of_them(void **state)
{
	struct folder f = folder_new();
	struct program p;

	made_run(&f, "run/one");
	made_run(&f, "run/two");
	folder_write(&f, "run/two/meta.json", "{\"meta\":{\"tag\":\"made-two\"}}");
	folder_link(&f, "run/current", "two");
	folder_link(&f, "run/.sets/x/two", "../../two");
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", NULL);
	assert_code(&p, 0);
	program_done(&p);
	assert_text(&f, "s.weir",
	            "select group_concat(run || ' ' || n) from (select run, count(distinct node) as n from"
	            " nodes group by run order by run)",
	            "made-run 2,made-two 2");
	p = program_weir(f.path, "ingest", "run/.sets/x", NULL);
	assert_code(&p, 0);
	program_done(&p);
	assert_text(&f, "made-two.weir", "select group_concat(run) from runs", "made-two");
	folder_free(&f);
}

static void files_of_one_node_too_many_are_left_out_and_said(void **state)
{
	struct folder f = folder_new();
	struct program p;
	char path[32];

	for (int i = 0; i <= 4096; i++) {
		(void)snprintf(path, sizeof(path), "many/%04d/a.hp", i);
		folder_write(&f, path, "JOB \"a\"\n");
	}
	p = program_weir(f.path, "ingest", "many", "--dry-run", NULL);
	assert_code(&p, 0);
	assert_non_null(strstr(p.out, "  ghc-heap\t4095\t4095/a.hp\n"));
	assert_non_null(strstr(p.out, "  -\t4096/a.hp\tof one node too many, not read\n"));
	program_done(&p);
	folder_free(&f);
}

static void a_dry_run_says_whose_each_file_is_and_writes_nothing(void **state)
{
	struct folder f = folder_new();
	struct program p;

	made_run(&f, "run");
	p = program_weir(f.path, "ingest", "run", "--dry-run", NULL);
	assert_code(&p, 0);
	assert_non_null(strstr(p.out, "  ghc-prof\tnode-0\tnode-0/cardano-node.prof\n"));
	assert_non_null(strstr(p.out, "  run\tnode-0\tnode-0/start.sh\n"));
	assert_non_null(strstr(p.out, "  -\tnode-0/notes.txt\tno collector\n"));
	program_done(&p);
	assert_int_equal(access(folder_path(&f, "made-run.weir"), F_OK), -1);
	folder_free(&f);
}

static void a_broken_document_is_exit_code_3_and_the_rest_is_read(void **state)
{
	struct folder f = folder_new();
	struct program p;

	made_run(&f, "run");
	folder_write(&f, "run/meta.json", "{\"meta\": {]}");
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", NULL);
	assert_code(&p, 3);
	assert_non_null(strstr(program_last_line(p.err), "s.weir: 0 sources partial, 1 failed"));
	program_done(&p);
	assert_text(&f, "s.weir", "select code from diags where path = 'meta.json' and severity = 'error'",
	            "run.document");
	assert_int_equal(ask_number(&f, "s.weir", "select sum(self) from weights where metric = 'ghc.profile.ticks'"),
	                 4 * MADE_TICKS);
	/* Read before or not: what is broken stays broken. */
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", "-q", NULL);
	assert_code(&p, 3);
	assert_string_equal(p.out, "");
	program_done(&p);
	folder_free(&f);
}

static void a_cut_report_is_exit_code_3_and_says_where(void **state)
{
	struct folder f = folder_new();
	struct program p;
	struct stat st;

	made_run(&f, "run");
	assert_int_equal(stat(folder_path(&f, "run/node-0/cardano-node.prof"), &st), 0);
	assert_int_equal(truncate(folder_path(&f, "run/node-0/cardano-node.prof"), st.st_size - 40), 0);
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", NULL);
	assert_code(&p, 3);
	assert_non_null(strstr(p.err, "node-0/cardano-node.prof"));
	program_done(&p);
	assert_text(&f, "s.weir", "select status from sources where path = 'node-0/cardano-node.prof'", "partial");
	folder_free(&f);
}

static void a_damaged_beginning_is_said_and_not_taken_for_nobodys_file(void **state)
{
	static const char *const names[] = { "run/node-0/a.prof", "run/node-0/a.hp", "run/node-0/a.eventlog" };
	struct folder f = folder_new();
	struct program p;

	made_run(&f, "run");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		folder_write(&f, names[i], "what once was a beginning\n\n1 2 3\n4 5 6\n");
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", NULL);
	assert_code(&p, 3);
	assert_non_null(strstr(program_last_line(p.err), "s.weir: 0 sources partial, 3 failed"));
	program_done(&p);
	assert_int_equal(ask_number(&f, "s.weir", "select count(*) from sources where path like 'node-0/a.%'"), 3);
	assert_int_equal(ask_number(&f, "s.weir",
	                            "select count(distinct path) from diags where path like 'node-0/a.%'"
	                            " and severity = 'error' and offset = 0"),
	                 3);
	folder_free(&f);
}

static void a_node_may_say_much_before_its_first_trace(void **state)
{
	static const char trace[] =
		"{\"at\":\"2026-11-21T03:00:44.5Z\",\"ns\":\"Forge.Loop.StartLeadershipCheck\",\"data\":"
		"{\"kind\":\"TraceStartLeadershipCheck\",\"slot\":1},\"sev\":\"Info\",\"thread\":\"5\","
		"\"host\":\"node-0\"}\n";
	struct folder f = folder_new();
	struct program p;
	char *text;

	assert_true(asprintf(&text, "Node configuration: NodeConfiguration {%09999d}\n%s", 0, trace) > 0);
	folder_write(&f, "run/node-0/stdout", text);
	free(text);
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", NULL);
	assert_code(&p, 0);
	program_done(&p);
	assert_text(&f, "s.weir", "select collector || ' ' || read || ' ' || stored || ' ' || skipped from sources",
	            "node-trace 2 1 1");
	folder_free(&f);
}

static void a_folder_without_sources_is_exit_code_3(void **state)
{
	struct folder f = folder_new();
	struct program p;

	folder_write(&f, "mistaken/notes", "x");
	p = program_weir(f.path, "ingest", "mistaken", "-o", "s.weir", NULL);
	assert_code(&p, 3);
	assert_non_null(strstr(program_last_line(p.err), "mistaken: no collector reads anything there"));
	program_done(&p);
	folder_free(&f);
}

static void hostile_folders_cost_nothing_but_themselves(void **state)
{
	char deep[256] = "run/node-0";
	struct folder f = folder_new();
	struct program p;
	char *huge = malloc(5 << 20);

	made_run(&f, "run");
	folder_link(&f, "run/node-0/loop", "..");
	folder_link(&f, "run/node-0/self", "self");
	folder_link(&f, "run/node-1/passwd.prof", "/etc/passwd");
	assert_int_equal(mkfifo(folder_path(&f, "run/node-0/fifo.prof"), 0600), 0);
	for (int i = 0; i < 40; i++)
		strcat(deep, "/d");
	strcat(deep, "/x.prof");
	folder_write(&f, deep, "x");
	memset(huge, '[', 5 << 20);
	folder_write_bytes(&f, "run/profile.json", huge, 5 << 20);
	folder_write_bytes(&f, "run/meta.json", huge, 1 << 20);
	free(huge);
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", NULL);
	assert_code(&p, 3);
	program_done(&p);
	assert_int_equal(ask_number(&f, "s.weir", "select sum(self) from weights where metric = 'ghc.profile.ticks'"),
	                 4 * MADE_TICKS);
	assert_int_equal(ask_number(&f, "s.weir", "select count(*) from sources where path like '%passwd%'"), 0);
	assert_text(&f, "s.weir",
	            "select why from unclaimed where path = 'run/node-0/fifo.prof' or path = 'node-0/fifo.prof'",
	            "a fifo");
	assert_int_equal(ask_number(&f, "s.weir", "select count(*) from unclaimed where why like 'deeper than%'"), 1);
	assert_int_equal(
		ask_number(&f, "s.weir", "select count(*) from diags where path in ('profile.json', 'meta.json')"), 2);
	folder_free(&f);
}

static void many_files_that_nobody_claims_are_listed(void **state)
{
	enum {
		N = 100000
	};
	struct folder f = folder_new();
	struct program p;
	char name[32];
	int folder;

	made_report(&f, "many/z.prof", 1, 1);
	folder = open(folder_path(&f, "many"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < N; i++) {
		(void)snprintf(name, sizeof(name), "%d.dat", i);
		(void)close(openat(folder, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	(void)close(folder);
	p = program_weir(f.path, "ingest", "many", "-o", "s.weir", NULL);
	assert_code(&p, 0);
	program_done(&p);
	assert_int_equal(ask_number(&f, "s.weir", "select count(*) from unclaimed"), N);
	assert_int_equal(ask_number(&f, "s.weir", "select count(*) from sources"), 1);
	folder_free(&f);
}

static void collectors_get_their_options_and_no_others(void **state)
{
	struct folder f = folder_new();
	struct program p;

	made_report(&f, "x.prof", 1, 1);
	p = program_weir(f.path, "ingest", "x.prof", "-O", "ghc-prof.there-is-no-such=1", NULL);
	assert_code(&p, 2);
	assert_non_null(strstr(p.err, "there-is-no-such"));
	program_done(&p);
	folder_free(&f);
}

static void in_process_gives_the_same(void **state)
{
	static const char all[] = "select group_concat(self || name || coalesce(src, '')) from weights where metric ="
				  " 'ghc.profile.ticks' order by stack";
	struct folder f = folder_new();
	json_t *a, *b;
	struct program p;

	made_run(&f, "run");
	p = program_weir(f.path, "ingest", "run", "-o", "a.weir", "-j", "2", NULL);
	assert_code(&p, 0);
	program_done(&p);
	p = program_weir(f.path, "ingest", "run", "-o", "b.weir", "--in-process", NULL);
	assert_code(&p, 0);
	program_done(&p);
	a = ask(&f, "a.weir", all);
	b = ask(&f, "b.weir", all);
	assert_true(json_equal(a, b));
	json_decref(a);
	json_decref(b);
	folder_free(&f);
}

static void the_sample_run_is_whole(void **state)
{
	struct folder f = folder_new();
	struct program p =
		program_weir(f.path, "ingest", WEIR_SOURCE_ROOT "/tests/data/sample-run", "-o", "s.weir", NULL);

	assert_true(p.code == 0 || p.code == 3);
	program_done(&p);
	assert_int_equal(ask_number(&f, "s.weir", "select count(*) from sources where status = 'failed'"), 0);
	assert_int_equal(ask_number(&f, "s.weir", "select count(*) from sources where read <> stored + skipped + bad"),
	                 0);
	assert_int_equal(
		ask_number(&f, "s.weir", "select count(*) from sources where collector = 'ghc-prof' and status = 'ok'"),
		2);
	folder_free(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_directory_becomes_one_store_with_all_it_says),
		cmocka_unit_test(the_same_again_reads_nothing_and_changes_nothing),
		cmocka_unit_test(loose_files_have_the_run_and_node_they_are_given),
		cmocka_unit_test(a_file_of_a_run_knows_its_run_and_node),
		cmocka_unit_test(two_runs_need_a_store_with_a_name),
		cmocka_unit_test(a_folder_of_runs_is_each_of_them),
		cmocka_unit_test(files_of_one_node_too_many_are_left_out_and_said),
		cmocka_unit_test(a_dry_run_says_whose_each_file_is_and_writes_nothing),
		cmocka_unit_test(a_broken_document_is_exit_code_3_and_the_rest_is_read),
		cmocka_unit_test(a_cut_report_is_exit_code_3_and_says_where),
		cmocka_unit_test(a_damaged_beginning_is_said_and_not_taken_for_nobodys_file),
		cmocka_unit_test(a_node_may_say_much_before_its_first_trace),
		cmocka_unit_test(a_folder_without_sources_is_exit_code_3),
		cmocka_unit_test(hostile_folders_cost_nothing_but_themselves),
		cmocka_unit_test(many_files_that_nobody_claims_are_listed),
		cmocka_unit_test(collectors_get_their_options_and_no_others),
		cmocka_unit_test(in_process_gives_the_same),
		cmocka_unit_test(the_sample_run_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
