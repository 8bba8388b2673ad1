/* SPDX-License-Identifier: Apache-2.0 */
#include "runs/run.h"
#include "tests/support/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct run *open_with(const struct folder *f, uint32_t n_files_max)
{
	struct weir_error error;
	struct run *run;

	assert_int_equal(run_open(&(struct run_config){ .root = f->path, .n_files_max = n_files_max }, &run, &error),
	                 0);
	return run;
}

static const struct run_leftover *left(const struct run *run, const char *path)
{
	for (uint32_t i = 0; i < run->n_leftovers; i++)
		if (strcmp(run->leftovers[i].path, path) == 0)
			return &run->leftovers[i];
	fail_msg("%s is not listed", path);
	return NULL;
}

static const char *node_name(struct run *run, uint32_t file)
{
	uint32_t node = run_file_node(run, file);

	return run->nodes[node].name;
}

static void links_that_lead_out_are_not_followed(void **state)
{
	struct folder outside = folder_new(), f = folder_new();
	struct run *run;

	folder_write(&outside, "secret.prof", "x");
	folder_write(&outside, "profile.json", "{\"name\":\"from the store\"}");
	folder_link(&f, "node-0/stolen.prof", folder_path(&outside, "secret.prof"));
	folder_link(&f, "node-1", outside.path);
	folder_link(&f, "profile", outside.path);
	folder_link(&f, "meta.json", folder_path(&outside, "profile.json"));
	run = open_with(&f, 0);
	assert_int_equal(run->n_files, 0);
	assert_true(left(run, "node-0/stolen.prof")->is_loss);
	assert_true(left(run, "node-1")->is_loss);
	assert_true(left(run, "meta.json")->is_loss);
	assert_string_equal(run_fact(run, RUN_NONE, "run.profile"), "from the store");
	run_close(run);
	folder_free(&f);
	folder_free(&outside);
}

static void links_within_the_run_are_named_and_taken_once(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "tracer/node-0/node-1.json", "x");
	folder_link(&f, "tracer/node-0/node.json", "node-1.json");
	folder_link(&f, "loop/again", "..");
	folder_link(&f, "loop/self", "self");
	folder_make(&f, "node-0");
	run = open_with(&f, 0);
	assert_int_equal(run->n_files, 1);
	assert_string_equal(run->nodes[run->files[0].node].name, "node-0");
	assert_non_null(strstr(left(run, "tracer/node-0/node.json")->why, "/tracer/node-0/node-1.json"));
	assert_non_null(strstr(left(run, "loop/again")->why, "taken itself"));
	assert_non_null(strstr(left(run, "loop/self")->why, "leads nowhere"));
	assert_false(left(run, "loop/again")->is_loss);
	run_close(run);
	folder_free(&f);
}

static void keys_and_databases_are_counted_and_not_offered(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "genesis/pools-keys/pool1/kes.skey", "12345");
	folder_write(&f, "genesis/pools-keys/pool1/opcert.cert", "123");
	folder_write(&f, "genesis/pools-keys/a.prof", "12");
	folder_write(&f, "genesis/pools/a.prof", "12");
	folder_write(&f, "node-0/db/immutable/00000.chunk", "1234567");
	folder_write(&f, "node-0/vrf.skey", "1");
	folder_write(&f, "analysis/logs-node-0.flt.json", "{}");
	folder_write(&f, "old.weir", "1");
	folder_write(&f, "old.weir-wal", "1");
	folder_write(&f, "node-0/analysis/x.prof", "1");
	run = open_with(&f, 0);
	assert_int_equal(run->n_files, 1);
	assert_string_equal(run->files[0].path, "node-0/analysis/x.prof");
	assert_string_equal(left(run, "genesis/pools-keys/")->why, "keys: 3 files, not read");
	assert_int_equal(left(run, "genesis/pools-keys/")->size_bytes, 10);
	assert_string_equal(left(run, "node-0/db/")->why, "a chain database: 1 file, not read");
	assert_string_equal(left(run, "node-0/vrf.skey")->why, "a key, not read");
	assert_string_equal(left(run, "analysis/")->why, "made from the other files: 1 file, not read");
	assert_string_equal(left(run, "old.weir-wal")->why, "a store of weir");
	run_close(run);
	folder_free(&f);
}

static void a_plain_folder_may_have_an_analysis_and_a_db(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "analysis/a.prof", "1");
	folder_write(&f, "x/db/b.prof", "1");
	folder_write(&f, "c.prof", "1");
	run = open_with(&f, 0);
	assert_string_equal(run->layout, "folder");
	assert_int_equal(run->n_files, 3);
	assert_int_equal(run->files[0].node, RUN_NONE);
	assert_string_equal(node_name(run, 0), "analysis");
	assert_string_equal(node_name(run, 1), "main");
	assert_string_equal(node_name(run, 2), "x/db");
	assert_int_equal(run_file_node(run, 2), run_file_node(run, 2));
	run_close(run);
	folder_free(&f);
}

static void special_files_are_listed_and_never_opened(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_make(&f, "node-0");
	assert_int_equal(mkfifo(folder_path(&f, "node-0/stdout.prof"), 0600), 0);
	assert_int_equal(mkfifo(folder_path(&f, "node-0/start.sh"), 0600), 0);
	assert_int_equal(mkfifo(folder_path(&f, "meta.json"), 0600), 0);
	run = open_with(&f, 0);
	assert_int_equal(run->n_files, 0);
	assert_string_equal(left(run, "node-0/stdout.prof")->why, "a fifo");
	assert_int_equal(run->n_documents, 2);
	assert_int_equal(run->documents[0].state, RUN_UNREADABLE);
	assert_int_equal(run->documents[1].state, RUN_UNREADABLE);
	run_close(run);
	folder_free(&f);
}

static void make_deep(const struct folder *f, int depth)
{
	char path[64] = "";

	for (int i = 0; i < depth; i++)
		strcat(path, "d/");
	strcat(path, "x.prof");
	folder_write(f, path, "x");
}

static void folders_are_entered_down_to_the_bound_and_no_further(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	make_deep(&f, RUN_DEPTH_MAX);
	run = open_with(&f, 0);
	assert_int_equal(run->n_files, 1);
	assert_int_equal(run->n_leftovers, 0);
	run_close(run);
	make_deep(&f, RUN_DEPTH_MAX + 1);
	run = open_with(&f, 0);
	assert_int_equal(run->n_files, 1);
	assert_int_equal(run->n_leftovers, 1);
	assert_true(run->leftovers[0].is_loss);
	run_close(run);
	folder_free(&f);
}

static void files_are_looked_at_up_to_the_bound_and_no_further(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "a", "");
	folder_write(&f, "b", "");
	folder_write(&f, "c", "");
	run = open_with(&f, 3);
	assert_int_equal(run->n_files, 3);
	assert_int_equal(run->n_leftovers, 0);
	run_close(run);
	run = open_with(&f, 2);
	assert_int_equal(run->n_files, 2);
	assert_string_equal(run->leftovers[0].path, "./");
	assert_true(run->leftovers[0].is_loss);
	run_close(run);
	folder_free(&f);
}

static void a_hundred_thousand_files_are_nothing_special(void **state)
{
	enum {
		N = 100000
	};
	struct folder f = folder_new();
	char name[32];
	struct run *run;
	int folder;

	folder_make(&f, "node-0/many");
	folder = open(folder_path(&f, "node-0/many"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < N; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		(void)close(openat(folder, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
	(void)close(folder);
	run = open_with(&f, 0);
	assert_int_equal(run->n_files, N);
	assert_int_equal(run_find(run, "node-0/many/0"), 0);
	assert_string_equal(run->files[run_find(run, "node-0/many/77777")].path, "node-0/many/77777");
	assert_int_equal(run_find(run, "node-0/many/x"), RUN_NONE);
	run_close(run);
	folder_free(&f);
}

static void a_file_knows_the_run_around_it(void **state)
{
	struct folder f = folder_new();
	char *root, *real;
	struct weir_error error;
	struct run *run;

	folder_write(&f, "meta.json", "{\"meta\":{\"tag\":\"the-run\"}}");
	folder_write(&f, "node-specs.json", "{}");
	folder_write(&f, "node-1/a.prof", "x");
	folder_write(&f, "node-1/b.prof", "x");
	assert_int_equal(run_root(folder_path(&f, "node-1/a.prof"), &root, &real, &error), 0);
	assert_string_equal(root, f.path);
	assert_int_equal(
		run_open(&(struct run_config){ .root = root, .paths = (const char *const *)&real, .n_paths = 1 }, &run,
	                 &error),
		0);
	assert_string_equal(run->tag, "the-run");
	assert_int_equal(run->n_files, 1);
	assert_string_equal(run->files[0].path, "node-1/a.prof");
	assert_string_equal(run->nodes[run->files[0].node].name, "node-1");
	run_close(run);
	free(root);
	free(real);
	folder_free(&f);
}

static void loose_files_have_the_node_and_run_they_are_given(void **state)
{
	struct folder f = folder_new();
	const char *paths[2];
	struct weir_error error;
	char *root, *real;
	struct run *run;

	folder_write(&f, "cardano-node.prof", "x");
	folder_write(&f, "b.hp", "x");
	paths[0] = folder_path(&f, "cardano-node.prof");
	paths[1] = folder_path(&f, "b.hp");
	assert_int_equal(run_root(paths[0], &root, &real, &error), 0);
	assert_null(root);
	assert_string_equal(real, paths[0]);
	free(real);
	assert_int_equal(run_open(&(struct run_config){ .paths = paths, .n_paths = 2 }, &run, &error), 0);
	assert_string_equal(run->tag, "cardano-node");
	assert_int_equal(run->n_files, 2);
	assert_string_equal(node_name(run, 0), "main");
	run_close(run);
	assert_int_equal(
		run_open(&(struct run_config){ .paths = paths, .n_paths = 2, .tag = "t", .node = "n" }, &run, &error),
		0);
	assert_string_equal(run->tag, "t");
	assert_string_equal(node_name(run, 1), "n");
	run_close(run);
	folder_free(&f);
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
		cmocka_unit_test(links_that_lead_out_are_not_followed),
		cmocka_unit_test(links_within_the_run_are_named_and_taken_once),
		cmocka_unit_test(keys_and_databases_are_counted_and_not_offered),
		cmocka_unit_test(a_plain_folder_may_have_an_analysis_and_a_db),
		cmocka_unit_test(special_files_are_listed_and_never_opened),
		cmocka_unit_test(folders_are_entered_down_to_the_bound_and_no_further),
		cmocka_unit_test(files_are_looked_at_up_to_the_bound_and_no_further),
		cmocka_unit_test(a_hundred_thousand_files_are_nothing_special),
		cmocka_unit_test(a_file_knows_the_run_around_it),
		cmocka_unit_test(loose_files_have_the_node_and_run_they_are_given),
		cmocka_unit_test(what_is_not_there_is_an_error_with_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
