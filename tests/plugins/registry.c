/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/registry.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/bytes.h"
#include "tests/support/folder.h"
#include "tests/support/says.h"

static const char *const no_folder[] = { NULL };

/* What the registry said, all sentences one after the other. */
struct registry_listener {
	char text[16 * 1024];
	uint32_t worst;
};

static void listen(struct registry_listener *l, uint32_t severity, const char *sentence)
{
	size_t n = strlen(l->text);

	(void)snprintf(l->text + n, sizeof(l->text) - n, "%s\n", sentence);
	if (severity > l->worst)
		l->worst = severity;
}

static struct registry *open_registry(const char *const *folders, struct registry_listener *l)
{
	struct registry_config config = { .folders = folders, .say = listen, .listener = l, .timeout_ns = 1000000000 };
	struct weir_error error;
	struct registry *r;

	assert_int_equal(registry_open(&config, &r, &error), 0);
	return r;
}

/* Adds a fixture that must be refused, and gives the sentence. */
static const char *refusal_of(const char *name, int expected)
{
	static struct weir_error error;
	struct registry_listener l = { 0 };
	struct registry *r = open_registry(no_folder, &l);
	const struct registry_collector *c;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s.so", FIXTURE_DIR, name);
	error.text[0] = '\0';
	assert_int_equal(registry_add(r, path, &c, &error), expected);
	assert_int_equal(registry_count(r), 0);
	registry_close(r);
	return error.text;
}

static void a_good_collector_is_described_in_full(void **state)
{
	struct registry_listener l = { 0 };
	struct registry *r = open_registry(no_folder, &l);
	const struct registry_collector *c;
	struct weir_error error;

	assert_int_equal(registry_add(r, FIXTURE_DIR "/good.so", &c, &error), 0);
	assert_ptr_equal(registry_find(r, "good"), c);
	assert_ptr_equal(registry_at(r, 0), c);
	assert_string_equal(c->version, "1.0");
	assert_int_equal(c->abi_major, WEIR_ABI_MAJOR);
	assert_int_equal(c->n_metrics, 3);
	assert_string_equal(c->metrics[1].name, "test.span");
	assert_int_equal(c->metrics[2].shape, WEIR_SHAPE_WEIGHT);
	assert_string_equal(c->options[0].fallback, "3");
	assert_null(c->options[0].choices);
	assert_int_equal(c->options[0].max, 9);
	assert_string_equal(c->claims[0].pattern, "*.lines");
	assert_string_equal(c->companions[0], "{stem}.beside");
	assert_false(c->has_sniff);
	assert_string_equal(l.text, "");
	registry_close(r);
}

static void every_refusal_says_both_sides_and_what_to_do(void **state)
{
	static const struct {
		const char *name;
		int result;
		const char *words[3];
	} cases[] = {
		{ "no-symbol", -ENOENT, { "no symbol `weir_collector`", "WEIR_EXPORT", "no-symbol.so" } },
		{ "wrong-major", -ENOTSUP, { "has ABI 2.1", "this weir has 1.1", "rebuild it" } },
		{ "newer-minor", -ENOTSUP, { "has ABI 1.99", "this weir has 1.1", "newer weir" } },
		{ "short-struct", -ENOTSUP, { "has 16 bytes", "ABI 1.1 has 136", "rebuild it" } },
		{ "null-verb", -EINVAL, { "poll", "NULL", "null-verb.so" } },
		{ "absurd-count", -EINVAL, { "n_metrics", "4000000000", "at most 4096" } },
		{ "long-name", -EINVAL, { "name", "longer than 32 bytes", "long-name.so" } },
		{ "crash-load", -EPIPE, { "SIGSEGV at address 0x10", "crash-load.so+0x", "(construct)" } },
		{ "exit-load", -EPIPE, { "exit-load.so", "while it was loaded", "left out" } },
		{ "hang-load", -ETIMEDOUT, { "no answer within 1000 ms", "while it was loaded", "left out" } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t k = 0; k < 3; k++)
			assert_says(refusal_of(cases[i].name, cases[i].result), cases[i].words[k]);
}

static void a_lie_about_a_table_costs_the_child_only(void **state)
{
	struct registry_listener l = { 0 };
	struct registry *r = open_registry(no_folder, &l);
	const struct registry_collector *c;
	struct weir_error error;

	/* What lies behind the table is chance: it crashes the child, or is refused. */
	assert_true(registry_add(r, FIXTURE_DIR "/lying-count.so", &c, &error) < 0);
	assert_int_equal(registry_add(r, FIXTURE_DIR "/longest-name.so", &c, &error), 0);
	registry_close(r);
}

static void a_folder_gives_all_that_is_good_and_says_what_is_not(void **state)
{
	static const char *const folders[] = { "/nowhere/at/all", FIXTURE_DIR, NULL };
	struct registry_listener l = { 0 };
	struct registry *r = open_registry(folders, &l);

	assert_non_null(registry_find(r, "good"));
	assert_non_null(registry_find(r, "sniff-sure"));
	assert_null(registry_find(r, "wrong-major"));
	assert_null(registry_find(r, "crash-load"));
	assert_says(l.text, "wrong-major.so: has ABI 2.1");
	assert_says(l.text, "hang-load.so: no answer");
	assert_null(strstr(l.text, "/nowhere"));
	for (uint32_t i = 1; i < registry_count(r); i++)
		assert_true(strcmp(registry_at(r, i - 1)->name, registry_at(r, i)->name) < 0);
	registry_close(r);
}

static void copy_fixture(const struct folder *f, const char *name, const char *as, mode_t mode)
{
	char from[512];
	struct bytes b;

	(void)snprintf(from, sizeof(from), "%s/%s.so", FIXTURE_DIR, name);
	b = bytes_read(from);
	folder_write_bytes(f, as, b.at, b.n);
	assert_int_equal(chmod(folder_path(f, as), mode), 0);
	bytes_done(&b);
}

static void the_first_of_a_name_wins_and_the_second_is_named(void **state)
{
	struct folder f = folder_new();
	struct registry_listener l = { 0 };
	const char *folders[3] = { 0 };
	struct registry *r;
	char first[512], second[512];

	copy_fixture(&f, "good", "a/one.so", 0644);
	copy_fixture(&f, "good", "b/two.so", 0644);
	(void)snprintf(first, sizeof(first), "%s", folder_path(&f, "a"));
	(void)snprintf(second, sizeof(second), "%s", folder_path(&f, "b"));
	folders[0] = second;
	folders[1] = first;
	r = open_registry(folders, &l);
	assert_int_equal(registry_count(r), 1);
	assert_non_null(strstr(registry_find(r, "good")->path, "/b/two.so"));
	assert_says(l.text, "/a/one.so: not used");
	assert_says(l.text, "/b/two.so has the same name");
	registry_close(r);
	folder_free(&f);
}

static void what_others_may_write_is_not_loaded(void **state)
{
	struct folder f = folder_new();
	struct registry_listener l = { 0 };
	const char *folders[2] = { f.path, NULL };
	struct registry *r;

	copy_fixture(&f, "good", "good.so", 0666);
	r = open_registry(folders, &l);
	assert_int_equal(registry_count(r), 0);
	assert_says(l.text, "others may write");
	assert_says(l.text, "chmod go-w");
	assert_int_equal(l.worst, WEIR_ERROR);
	registry_close(r);
	folder_free(&f);
}

static void what_is_no_plugin_is_only_noted(void **state)
{
	struct folder f = folder_new();
	struct registry_listener l = { 0 };
	const char *folders[2] = { f.path, NULL };
	struct registry *r;

	folder_write(&f, "README", "hello");
	folder_write(&f, "script.so", "hello");
	folder_write(&f, "empty.so", "");
	folder_make(&f, "good.so.p");
	folder_make(&f, "folder.so");
	r = open_registry(folders, &l);
	assert_int_equal(registry_count(r), 0);
	assert_int_equal(l.worst, WEIR_NOTE);
	assert_says(l.text, "script.so: not a shared object");
	assert_null(strstr(l.text, "README"));
	assert_null(strstr(l.text, "folder.so"));
	registry_close(r);
	folder_free(&f);
}

static void the_surest_nose_gets_the_file(void **state)
{
	static const uint8_t head[] = "!lines";
	struct registry_listener l = { 0 };
	struct registry *r = open_registry(no_folder, &l);
	const struct registry_collector *good, *sure;
	struct weir_error error;
	uint32_t how_sure = 0;

	assert_int_equal(registry_add(r, FIXTURE_DIR "/good.so", &good, &error), 0);
	assert_int_equal(registry_add(r, FIXTURE_DIR "/sniff-sure.so", &sure, &error), 0);
	assert_ptr_equal(registry_claim(r, "x.lines", head, sizeof(head), &how_sure), sure);
	assert_int_equal(how_sure, 100);
	assert_ptr_equal(registry_claim(r, "x.lines", head + 1, sizeof(head) - 1, &how_sure), good);
	assert_int_equal(how_sure, 50);
	assert_ptr_equal(registry_claim(r, "x.lines", NULL, 0, NULL), good);
	assert_null(registry_claim(r, "x.other", head, sizeof(head), &how_sure));
	assert_int_equal(how_sure, 0);
	registry_close(r);
}

static void of_equals_the_first_by_name_gets_the_file_and_that_is_said_once(void **state)
{
	struct registry_listener l = { 0 };
	struct registry *r = open_registry(no_folder, &l);
	const struct registry_collector *good, *flood;
	struct weir_error error;

	assert_int_equal(registry_add(r, FIXTURE_DIR "/good.so", &good, &error), 0);
	assert_ptr_equal(registry_claim(r, "x.lines", NULL, 0, NULL), good);
	assert_string_equal(l.text, "");
	assert_int_equal(registry_add(r, FIXTURE_DIR "/flood.so", &flood, &error), 0);
	assert_ptr_equal(registry_claim(r, "x.lines", NULL, 0, NULL), flood);
	assert_int_equal(l.worst, WEIR_WARNING);
	assert_says(l.text, "x.lines: flood and good are equally sure that it is theirs: flood reads it");
	l.text[0] = '\0';
	assert_ptr_equal(registry_claim(r, "y.lines", NULL, 0, NULL), flood);
	assert_string_equal(l.text, "");
	registry_close(r);
}

static void a_nose_that_fails_is_left_out_and_the_rest_goes_on(void **state)
{
	static const struct {
		const char *path, *words;
	} cases[] = {
		{ FIXTURE_DIR "/sniff-crash.so", "SIGSEGV at address 0x10 in sniff-crash.so" },
		{ FIXTURE_DIR "/sniff-hang.so", "no answer within 1000 ms while it sniffed" },
		{ FIXTURE_DIR "/sniff-lie.so", "answered 101, of 100 at most" },
	};
	struct registry_listener l = { 0 };
	struct registry *r = open_registry(no_folder, &l);
	const struct registry_collector *good, *bad;
	struct weir_error error;

	assert_int_equal(registry_add(r, FIXTURE_DIR "/good.so", &good, &error), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(registry_add(r, cases[i].path, &bad, &error), 0);
		assert_ptr_equal(registry_claim(r, "x.lines", NULL, 0, NULL), good);
		assert_says(l.text, cases[i].words);
		/* Once is enough. */
		l.text[0] = '\0';
		assert_ptr_equal(registry_claim(r, "x.lines", NULL, 0, NULL), good);
		assert_string_equal(l.text, "");
	}
	registry_close(r);
}

static void companions_are_named_after_the_file(void **state)
{
	static const char *const patterns[] = { "{stem}.prof", "all.map", "x-{stem}" };
	struct registry_collector c = { .companions = patterns, .n_companions = 3 };
	char name[64];

	assert_int_equal(registry_companion(&c, 0, "node-0.hp", name, sizeof(name)), 11);
	assert_string_equal(name, "node-0.prof");
	(void)registry_companion(&c, 0, "a.b.hp", name, sizeof(name));
	assert_string_equal(name, "a.b.prof");
	(void)registry_companion(&c, 0, ".hidden", name, sizeof(name));
	assert_string_equal(name, ".hidden.prof");
	(void)registry_companion(&c, 1, "node-0.hp", name, sizeof(name));
	assert_string_equal(name, "all.map");
	(void)registry_companion(&c, 2, "node", name, sizeof(name));
	assert_string_equal(name, "x-node");
	assert_int_equal(registry_companion(&c, 0, "node-0.hp", name, 4), 11);
}

static void the_environment_adds_folders_at_the_end(void **state)
{
	char **folders;
	uint32_t n = 0;

	assert_int_equal(setenv("WEIR_PLUGIN_PATH", "/one::/two", 1), 0);
	folders = registry_folders();
	while (folders[n])
		n++;
	assert_int_equal(n, 4);
	assert_non_null(strstr(folders[0], "/collectors"));
	assert_non_null(strstr(folders[1], "weir/collectors"));
	assert_string_equal(folders[2], "/one");
	assert_string_equal(folders[3], "/two");
	registry_folders_free(folders);
	assert_int_equal(unsetenv("WEIR_PLUGIN_PATH"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_collector_is_described_in_full),
		cmocka_unit_test(every_refusal_says_both_sides_and_what_to_do),
		cmocka_unit_test(a_lie_about_a_table_costs_the_child_only),
		cmocka_unit_test(a_folder_gives_all_that_is_good_and_says_what_is_not),
		cmocka_unit_test(the_first_of_a_name_wins_and_the_second_is_named),
		cmocka_unit_test(what_others_may_write_is_not_loaded),
		cmocka_unit_test(what_is_no_plugin_is_only_noted),
		cmocka_unit_test(the_surest_nose_gets_the_file),
		cmocka_unit_test(of_equals_the_first_by_name_gets_the_file_and_that_is_said_once),
		cmocka_unit_test(a_nose_that_fails_is_left_out_and_the_rest_goes_on),
		cmocka_unit_test(companions_are_named_after_the_file),
		cmocka_unit_test(the_environment_adds_folders_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
