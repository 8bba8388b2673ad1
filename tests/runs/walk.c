/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/runs/opened.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct run_leftover *left(const char *path)
{
	for (uint32_t i = 0; i < run->n_leftovers; i++)
		if (strcmp(run->leftovers[i].path, path) == 0)
			return &run->leftovers[i];
	fail_msg("%s is not listed", path);
	return NULL;
}

static const char *node_name(uint32_t file)
{
	uint32_t node = run_file_node(run, file);

	return run->nodes[node].name;
}

static void links_that_lead_out_are_not_followed(void **state)
{
	struct folder outside = folder_new();

	folder_write(&outside, "secret.prof", "x");
	folder_write(&outside, "profile.json", "{\"name\":\"from the store\"}");
	folder_link(&place, "node-0/stolen.prof", folder_path(&outside, "secret.prof"));
	folder_link(&place, "node-1", outside.path);
	folder_link(&place, "profile", outside.path);
	folder_link(&place, "meta.json", folder_path(&outside, "profile.json"));
	open_run(0);
	assert_int_equal(run->n_files, 0);
	assert_true(left("node-0/stolen.prof")->is_loss);
	assert_true(left("node-1")->is_loss);
	assert_true(left("meta.json")->is_loss);
	assert_string_equal(run_fact(run, RUN_NONE, "run.profile"), "from the store");
	folder_free(&outside);
}

static void links_within_the_run_are_named_and_taken_once(void **state)
{
	folder_write(&place, "tracer/node-0/node-1.json", "x");
	folder_link(&place, "tracer/node-0/node.json", "node-1.json");
	folder_link(&place, "loop/again", "..");
	folder_link(&place, "loop/self", "self");
	folder_make(&place, "node-0");
	open_run(0);
	assert_int_equal(run->n_files, 1);
	assert_string_equal(run->nodes[run->files[0].node].name, "node-0");
	assert_non_null(strstr(left("tracer/node-0/node.json")->why, "/tracer/node-0/node-1.json"));
	assert_non_null(strstr(left("loop/again")->why, "taken itself"));
	assert_non_null(strstr(left("loop/self")->why, "leads nowhere"));
	assert_false(left("loop/again")->is_loss);
}

static void keys_and_databases_are_counted_and_not_offered(void **state)
{
	folder_write(&place, "genesis/pools-keys/pool1/kes.skey", "12345");
	folder_write(&place, "genesis/pools-keys/pool1/opcert.cert", "123");
	folder_write(&place, "genesis/pools-keys/a.prof", "12");
	folder_write(&place, "genesis/pools/a.prof", "12");
	folder_write(&place, "node-0/db/immutable/00000.chunk", "1234567");
	folder_write(&place, "node-0/vrf.skey", "1");
	folder_write(&place, "analysis/logs-node-0.flt.json", "{}");
	folder_write(&place, "old.weir", "1");
	folder_write(&place, "old.weir-wal", "1");
	folder_write(&place, "node-0/analysis/x.prof", "1");
	open_run(0);
	assert_int_equal(run->n_files, 1);
	assert_string_equal(run->files[0].path, "node-0/analysis/x.prof");
	assert_string_equal(left("genesis/pools-keys/")->why, "keys: 3 files, not read");
	assert_int_equal(left("genesis/pools-keys/")->size_bytes, 10);
	assert_string_equal(left("node-0/db/")->why, "a chain database: 1 file, not read");
	assert_string_equal(left("node-0/vrf.skey")->why, "a key, not read");
	assert_string_equal(left("analysis/")->why, "made from the other files: 1 file, not read");
	assert_string_equal(left("old.weir-wal")->why, "a store of weir");
}

static void a_plain_folder_may_have_an_analysis_and_a_db(void **state)
{
	folder_write(&place, "analysis/a.prof", "1");
	folder_write(&place, "x/db/b.prof", "1");
	folder_write(&place, "c.prof", "1");
	open_run(0);
	assert_string_equal(run->layout, "folder");
	assert_int_equal(run->n_files, 3);
	assert_int_equal(run->files[0].node, RUN_NONE);
	assert_string_equal(node_name(0), "analysis");
	assert_string_equal(node_name(1), "main");
	assert_string_equal(node_name(2), "x/db");
	assert_int_equal(run_file_node(run, 2), run_file_node(run, 2));
}

static void special_files_are_listed_and_never_opened(void **state)
{
	folder_make(&place, "node-0");
	assert_int_equal(mkfifo(folder_path(&place, "node-0/stdout.prof"), 0600), 0);
	assert_int_equal(mkfifo(folder_path(&place, "node-0/start.sh"), 0600), 0);
	assert_int_equal(mkfifo(folder_path(&place, "meta.json"), 0600), 0);
	open_run(0);
	assert_int_equal(run->n_files, 0);
	assert_string_equal(left("node-0/stdout.prof")->why, "a fifo");
	assert_int_equal(run->n_documents, 2);
	assert_int_equal(run->documents[0].state, RUN_UNREADABLE);
	assert_int_equal(run->documents[1].state, RUN_UNREADABLE);
}

static void make_deep(int depth)
{
	char path[64] = "";

	for (int i = 0; i < depth; i++)
		strcat(path, "d/");
	strcat(path, "x.prof");
	folder_write(&place, path, "x");
}

static void folders_are_entered_down_to_the_bound_and_no_further(void **state)
{
	make_deep(RUN_DEPTH_MAX);
	open_run(0);
	assert_int_equal(run->n_files, 1);
	assert_int_equal(run->n_leftovers, 0);
	make_deep(RUN_DEPTH_MAX + 1);
	open_run(0);
	assert_int_equal(run->n_files, 1);
	assert_int_equal(run->n_leftovers, 1);
	assert_true(run->leftovers[0].is_loss);
}

static void files_are_looked_at_up_to_the_bound_and_no_further(void **state)
{
	folder_write(&place, "a", "");
	folder_write(&place, "b", "");
	folder_write(&place, "c", "");
	open_run(3);
	assert_int_equal(run->n_files, 3);
	assert_int_equal(run->n_leftovers, 0);
	open_run(2);
	assert_int_equal(run->n_files, 2);
	assert_string_equal(run->leftovers[0].path, "./");
	assert_true(run->leftovers[0].is_loss);
}

static void a_hundred_thousand_files_are_nothing_special(void **state)
{
	enum {
		N = 100000
	};
	char name[32];
	int folder;

	folder_make(&place, "node-0/many");
	folder = open(folder_path(&place, "node-0/many"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < N; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		(void)close(openat(folder, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	(void)close(folder);
	open_run(0);
	assert_int_equal(run->n_files, N);
	assert_int_equal(run_find(run, "node-0/many/0"), 0);
	assert_string_equal(run->files[run_find(run, "node-0/many/77777")].path, "node-0/many/77777");
	assert_int_equal(run_find(run, "node-0/many/x"), RUN_NONE);
}

static void a_file_of_one_node_too_many_is_no_other_nodes(void **state)
{
	char path[32];

	for (int i = 0; i <= RUN_NODES_MAX; i++) {
		(void)snprintf(path, sizeof(path), "%05d/x.prof", i);
		folder_write(&place, path, "");
	}
	open_run(0);
	for (uint32_t i = 0; i < RUN_NODES_MAX; i++)
		assert_int_equal(run_file_node(run, i), i);
	assert_int_equal(run_file_node(run, RUN_NODES_MAX), RUN_NONE);
	assert_int_equal(run->n_nodes, RUN_NODES_MAX);
}

static void a_file_knows_the_run_around_it(void **state)
{
	char *root, *real;
	struct weir_error error;

	folder_write(&place, "meta.json", "{\"meta\":{\"tag\":\"the-run\"}}");
	folder_write(&place, "node-specs.json", "{}");
	folder_write(&place, "node-1/a.prof", "x");
	folder_write(&place, "node-1/b.prof", "x");
	assert_int_equal(run_root(folder_path(&place, "node-1/a.prof"), &root, &real, &error), 0);
	assert_string_equal(root, place.path);
	assert_int_equal(
		run_open(&(struct run_config){ .root = root, .paths = (const char *const *)&real, .n_paths = 1 }, &run,
	                 &error),
		0);
	assert_string_equal(run->tag, "the-run");
	assert_int_equal(run->n_files, 1);
	assert_string_equal(run->files[0].path, "node-1/a.prof");
	assert_string_equal(run->nodes[run->files[0].node].name, "node-1");
	free(root);
	free(real);
}

static void a_file_of_the_oldest_runs_knows_the_run_around_it(void **state)
{
	char *root, *real;
	struct weir_error error;

	folder_write(&place, "meta.json", "{\"meta\":{\"tag\":\"older\"}}");
	folder_write(&place, "analysis/logs-node-1/node.json", "x");
	assert_int_equal(run_root(folder_path(&place, "analysis/logs-node-1/node.json"), &root, &real, &error), 0);
	assert_non_null(root);
	assert_string_equal(root, place.path);
	free(root);
	free(real);
}

static void make_runs(const char *const *names, size_t n)
{
	char path[64];

	for (size_t i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "run/%s/meta.json", names[i]);
		folder_write(&place, path, "{}");
		(void)snprintf(path, sizeof(path), "run/%s/profile.json", names[i]);
		folder_write(&place, path, "{}");
	}
}

static void a_folder_of_runs_and_a_set_of_links_are_their_runs(void **state)
{
	struct weir_error error;
	struct run_set set;

	make_runs((const char *const[]){ "b", "a", "c" }, 3);
	folder_link(&place, "run/current", "a");
	folder_link(&place, "run/.sets/x/b", "../../b");
	folder_link(&place, "run/.sets/x/c", "../../c");
	folder_write(&place, "run/.geneses.orig/a.orig.json", "{}");
	assert_int_equal(run_set_read(folder_path(&place, "run"), &set, &error), 0);
	assert_int_equal(set.n, 3);
	assert_string_equal(set.paths[0], folder_path(&place, "run/a"));
	assert_string_equal(set.paths[2], folder_path(&place, "run/c"));
	run_set_done(&set);
	assert_int_equal(run_set_read(folder_path(&place, "run/.sets/x"), &set, &error), 0);
	assert_int_equal(set.n, 2);
	assert_string_equal(set.paths[0], folder_path(&place, "run/b"));
	run_set_done(&set);
}

static void where_anything_else_lies_there_are_no_runs_but_a_folder(void **state)
{
	static const char *const others[] = { "run/a.prof", "run/d/a.prof", "run/d/meta.json" };
	struct weir_error error;
	struct run_set set;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		make_runs((const char *const[]){ "a" }, 1);
		folder_write(&place, others[i], "{}");
		assert_int_equal(run_set_read(folder_path(&place, "run"), &set, &error), 0);
		assert_int_equal(set.n, 0);
		folder_free(&place);
		place = folder_new();
	}
	/* A run is no folder of runs, even with one inside. */
	make_runs((const char *const[]){ "a", "a/logs" }, 2);
	assert_int_equal(run_set_read(folder_path(&place, "run/a"), &set, &error), 0);
	assert_int_equal(set.n, 0);
	folder_make(&place, "empty");
	assert_int_equal(run_set_read(folder_path(&place, "empty"), &set, &error), 0);
	assert_int_equal(set.n, 0);
}

static void a_link_that_leads_nowhere_is_said_among_runs_only(void **state)
{
	struct weir_error error;
	struct run_set set;

	folder_link(&place, "run/gone", "../away");
	assert_int_equal(run_set_read(folder_path(&place, "run"), &set, &error), 0);
	make_runs((const char *const[]){ "a" }, 1);
	assert_int_equal(run_set_read(folder_path(&place, "run"), &set, &error), -ENOENT);
	assert_non_null(strstr(error.text, "run/gone: a link that leads nowhere"));
	assert_int_equal(set.n, 0);
}

static void a_folder_of_runs_is_taken_up_to_its_bound_and_no_further(void **state)
{
	struct weir_error error;
	struct run_set set;
	char name[64];

	make_runs((const char *const[]){ "a" }, 1);
	for (int i = 0; i < RUN_SET_MAX; i++) {
		(void)snprintf(name, sizeof(name), "set/%d", i);
		folder_link(&place, name, "../run/a");
	}
	assert_int_equal(run_set_read(folder_path(&place, "set"), &set, &error), 0);
	assert_int_equal(set.n, 1);
	run_set_done(&set);
	folder_link(&place, "set/more", "../run/a");
	assert_int_equal(run_set_read(folder_path(&place, "set"), &set, &error), -E2BIG);
}

static void loose_files_have_the_node_and_run_they_are_given(void **state)
{
	const char *paths[2];
	struct weir_error error;
	char *root, *real;

	folder_write(&place, "cardano-node.prof", "x");
	folder_write(&place, "b.hp", "x");
	paths[0] = folder_path(&place, "cardano-node.prof");
	paths[1] = folder_path(&place, "b.hp");
	assert_int_equal(run_root(paths[0], &root, &real, &error), 0);
	assert_null(root);
	assert_string_equal(real, paths[0]);
	free(real);
	assert_int_equal(run_open(&(struct run_config){ .paths = paths, .n_paths = 2 }, &run, &error), 0);
	assert_string_equal(run->tag, "cardano-node");
	assert_int_equal(run->n_files, 2);
	assert_string_equal(node_name(0), "main");
	run_close(run);
	assert_int_equal(
		run_open(&(struct run_config){ .paths = paths, .n_paths = 2, .tag = "t", .node = "n" }, &run, &error),
		0);
	assert_string_equal(run->tag, "t");
	assert_string_equal(node_name(1), "n");
}

static void what_is_not_there_is_an_error_with_its_name(void **state)
{
	struct weir_error error;
	char *root, *real;

	assert_true(run_root("/nowhere/at/all", &root, &real, &error) < 0);
	assert_string_equal(error.text, "run: /nowhere/at/all: No such file or directory");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		OPENED_TEST(links_that_lead_out_are_not_followed),
		OPENED_TEST(links_within_the_run_are_named_and_taken_once),
		OPENED_TEST(keys_and_databases_are_counted_and_not_offered),
		OPENED_TEST(a_plain_folder_may_have_an_analysis_and_a_db),
		OPENED_TEST(special_files_are_listed_and_never_opened),
		OPENED_TEST(folders_are_entered_down_to_the_bound_and_no_further),
		OPENED_TEST(files_are_looked_at_up_to_the_bound_and_no_further),
		OPENED_TEST(a_hundred_thousand_files_are_nothing_special),
		OPENED_TEST(a_file_of_one_node_too_many_is_no_other_nodes),
		OPENED_TEST(a_file_knows_the_run_around_it),
		OPENED_TEST(a_file_of_the_oldest_runs_knows_the_run_around_it),
		OPENED_TEST(a_folder_of_runs_and_a_set_of_links_are_their_runs),
		OPENED_TEST(where_anything_else_lies_there_are_no_runs_but_a_folder),
		OPENED_TEST(a_link_that_leads_nowhere_is_said_among_runs_only),
		OPENED_TEST(a_folder_of_runs_is_taken_up_to_its_bound_and_no_further),
		OPENED_TEST(loose_files_have_the_node_and_run_they_are_given),
		OPENED_TEST(what_is_not_there_is_an_error_with_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
