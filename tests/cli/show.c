/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cli/made_run.h"
#include "tests/support/bytes.h"
#include "tests/support/folder.h"
#include "tests/support/program.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct folder folder;

/* One store for all tests: before.weir; and after.weir, in which node-0 is three times as slow. */
static int begin(void **state)
{
	struct program p;

	folder = folder_new();
	made_run(&folder, "run");
	p = program_weir(folder.path, "ingest", "run", "-o", "before.weir", NULL);
	if (p.code != 0)
		fprintf(stderr, "%s", p.err);
	program_done(&p);
	made_report(&folder, "run/node-0/cardano-node.prof", 3, 1);
	p = program_weir(folder.path, "ingest", "run", "-o", "after.weir", NULL);
	program_done(&p);
	return 0;
}

static int end(void **state)
{
	folder_free(&folder);
	return 0;
}

static void assert_golden(const struct program *p, const char *name)
{
	char path[512];
	struct bytes b;
	FILE *f;

	assert_int_equal(p->code, 0);
	assert_string_equal(p->err, "");
	(void)snprintf(path, sizeof(path), "%s/tests/cli/golden/%s", WEIR_SOURCE_ROOT, name);
	if (getenv("WEIR_GOLDEN_UPDATE")) {
		f = fopen(path, "we");
		assert_non_null(f);
		(void)fputs(p->out, f);
		(void)fclose(f);
	}
	b = bytes_read(path);
	b.at[b.n] = 0;
	assert_string_equal(p->out, (char *)b.at);
	bytes_done(&b);
}

static json_t *load(const struct program *p)
{
	json_error_t error;
	json_t *tree;

	if (p->code != 0)
		fail_msg("exit code %d: %s", p->code, p->err);
	tree = json_loads(p->out, 0, &error);
	if (!tree)
		fail_msg("%d: %s", error.position, error.text);
	return tree;
}

static json_t *at(json_t *array, size_t i)
{
	json_t *value = json_array_get(array, i);

	assert_non_null(value);
	return value;
}

static json_t *member(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!value)
		fail_msg("no member %s", key);
	return value;
}

static double number(json_t *object, const char *key)
{
	assert_true(json_is_number(member(object, key)));
	return json_number_value(member(object, key));
}

static void assert_word(json_t *object, const char *key, const char *value)
{
	assert_true(json_is_string(member(object, key)));
	assert_string_equal(json_string_value(member(object, key)), value);
}

/* The element whose member `key` is `value`. */
static json_t *find(json_t *array, const char *key, const char *value)
{
	size_t i;
	json_t *e;

	json_array_foreach(array, i, e)
	{
		const char *text = json_string_value(json_object_get(e, key));

		if (text && strcmp(text, value) == 0)
			return e;
	}
	fail_msg("no element with %s = %s", key, value);
	return NULL;
}

static void the_texts_are_those_of_the_golden_files(void **state)
{
	static const struct {
		const char *file;
		const char *words[8];
	} table[] = {
		{ "summary.txt", { "summary", "before.weir" } },
		{ "profile.txt", { "profile", "before.weir" } },
		{ "profile-node.txt", { "profile", "before.weir", "--node", "node-0", "--top", "3" } },
		{ "profile-alloc.txt", { "profile", "before.weir", "-m", "ghc.profile.alloc" } },
		{ "tree.txt", { "profile", "before.weir", "--tree", "--min", "0" } },
		{ "diff.txt", { "profile", "before.weir", "--diff", "after.weir" } },
		{ "diff-tree.txt", { "profile", "before.weir", "--diff", "after.weir", "--tree" } },
		{ "folded.txt", { "export", "before.weir", "--to", "folded" } },
		{ "sql.txt",
		  { "sql", "before.weir",
		    "select node, name, module, src, self, inclusive from weights where metric"
		    " = 'ghc.profile.ticks' order by node, self desc, module" } },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *argv[10] = { WEIR_BINARY };
		struct program p;

		memcpy(argv + 1, table[i].words, sizeof(table[i].words));
		p = program_run(folder.path, argv);
		assert_golden(&p, table[i].file);
		program_done(&p);
	}
}

static void a_profile_as_json_has_the_values_that_went_in(void **state)
{
	struct program p = program_weir(folder.path, "profile", "before.weir", "--json", "--tree", NULL);
	json_t *tree = load(&p), *profile = at(member(tree, "profiles"), 0), *flat = member(profile, "flat"), *row,
	       *self;

	assert_int_equal(json_array_size(member(tree, "profiles")), 1);
	assert_word(profile, "metric", "ghc.profile.ticks");
	assert_word(profile, "unit", "{tick}");
	assert_word(profile, "over_time", "sum");
	assert_int_equal(json_object_size(member(profile, "attrs")), 0);
	assert_int_equal(json_array_size(member(profile, "nodes")), 2);
	assert_true(number(find(member(profile, "nodes"), "node", "node-1"), "total") == 3 * MADE_TICKS);
	assert_int_equal(json_array_size(flat), MADE_ROWS);
	row = at(flat, 0);
	assert_word(row, "name", "go");
	assert_word(row, "module", "Ledger");
	assert_word(row, "src", "src/Ledger.hs:10:5-30");
	self = member(row, "self");
	assert_true(number(self, "mean") == 100 && number(self, "min") == 50 && number(self, "max") == 150);
	assert_true(number(self, "median") == 100 && fabs(number(self, "sd") - sqrt(5000)) < 1e-9);
	assert_true(number(self, "seen") == 2 && number(self, "nodes") == 2);
	assert_true(number(member(row, "self_share"), "mean") == 50 && number(member(row, "self_share"), "sd") == 0);
	assert_true(number(member(row, "inclusive"), "mean") == 140);
	assert_true(number(member(row, "inclusive_share"), "max") == 70);
	assert_int_equal(json_array_size(member(profile, "tree")), MADE_ROWS);
	row = at(member(profile, "tree"), 0);
	assert_word(row, "name", "MAIN");
	assert_true(number(row, "depth") == 1 && number(row, "parent") == 0 && number(row, "inclusive") == 200);
	assert_true(number(at(member(profile, "tree"), 1), "parent") == number(row, "id"));
	json_decref(tree);
	program_done(&p);
}

static void a_difference_is_absolute_and_relative(void **state)
{
	struct program p = program_weir(folder.path, "profile", "before.weir", "--diff", "after.weir", "--json", NULL);
	json_t *tree = load(&p), *profile = at(member(tree, "profiles"), 0), *row = at(member(profile, "flat"), 0),
	       *change;

	assert_int_equal(json_array_size(member(profile, "nodes")), 4);
	assert_word(at(member(profile, "nodes"), 0), "side", "from");
	assert_word(row, "name", "go");
	change = member(row, "change");
	/* (50 + 150) / 2 to (150 + 150) / 2 */
	assert_true(number(change, "self") == 50 && number(change, "self_relative") == 0.5);
	assert_true(number(change, "inclusive") == 70 && number(change, "inclusive_relative") == 0.5);
	assert_true(number(member(member(row, "from"), "self"), "mean") == 100);
	assert_true(number(member(member(row, "to"), "self"), "mean") == 150);
	row = find(member(profile, "flat"), "name", "CAF");
	assert_true(json_is_null(member(member(row, "change"), "self_relative")));
	json_decref(tree);
	program_done(&p);
}

static void a_summary_as_json_holds_all_sections(void **state)
{
	struct program p = program_weir(folder.path, "summary", "before.weir", "--json", NULL);
	json_t *tree = load(&p), *run = at(member(tree, "runs"), 0), *source, *node;

	assert_word(tree, "store", "before.weir");
	assert_word(run, "run", "made-run");
	assert_word(find(member(run, "facts"), "name", "genesis.epoch_length_slots"), "value", "600");
	assert_int_equal(json_array_size(member(run, "nodes")), 2);
	node = find(member(run, "nodes"), "node", "node-0");
	assert_word(find(member(node, "facts"), "name", "ghc.rts.flags"), "value", "-P -N2");
	assert_word(at(member(run, "components"), 0), "version", "10.6.1");
	source = find(member(run, "sources"), "path", "node-1/cardano-node.prof");
	assert_word(source, "status", "ok");
	assert_word(source, "collector", "ghc-prof");
	assert_true(number(source, "read") == MADE_ROWS && number(source, "stored") == MADE_ROWS);
	assert_int_equal(strlen(json_string_value(member(source, "sha256"))), 64);
	assert_true(json_is_object(member(source, "reasons")));
	assert_true(number(find(member(run, "metrics"), "metric", "ghc.profile.ticks"), "sum") == 4 * MADE_TICKS);
	assert_true(json_is_array(member(run, "diags")));
	assert_word(at(member(run, "unclaimed"), 0), "why", "no collector");
	json_decref(tree);
	program_done(&p);
	p = program_weir(folder.path, "summary", "before.weir", "--run", "no-such", "--json", NULL);
	assert_int_equal(p.code, 1);
	program_done(&p);
}

static void sql_answers_in_three_forms(void **state)
{
	static const char sql[] = "select 1 as i, 2.5 as r, 'a,\"b' as t, null as n, x'00ff' as b";
	struct program p = program_weir(folder.path, "sql", "before.weir", sql, "--json", NULL);
	json_t *tree = load(&p), *row = at(tree, 0);

	assert_int_equal(json_array_size(tree), 1);
	assert_true(json_is_integer(member(row, "i")) && number(row, "r") == 2.5);
	assert_word(row, "t", "a,\"b");
	assert_word(row, "b", "00ff");
	assert_true(json_is_null(member(row, "n")));
	json_decref(tree);
	program_done(&p);
	p = program_weir(folder.path, "sql", "before.weir", sql, "--csv", NULL);
	assert_string_equal(p.out, "i,r,t,n,b\n1,2.5,\"a,\"\"b\",,00ff\n");
	program_done(&p);
	p = program_weir(folder.path, "sql", "before.weir", sql, NULL);
	assert_string_equal(p.out, "i    r  t     n  b\n1  2.5  a,\"b     00ff\n");
	program_done(&p);
	p = program_weir(folder.path, "sql", "before.weir", "select 1 as x where 0", "--json", NULL);
	assert_string_equal(p.out, "[]\n");
	program_done(&p);
	p = program_weir(folder.path, "sql", "before.weir",
	                 "with recursive n(i) as (select 1 union all select i + 1 from n"
	                 " where i < 1000) select i from n",
	                 "--json", NULL);
	tree = load(&p);
	assert_int_equal(json_array_size(tree), 1000);
	json_decref(tree);
	program_done(&p);
}

static void sql_can_change_nothing(void **state)
{
	static const char *const statements[] = {
		"delete from main.run",
		"update main.run set tag = 'x'",
		"create table t (a)",
		"create temp table t (a)",
		"create temp view v as select 1",
		"drop view temp.numbers",
		"attach 'other.db' as o",
		"detach main",
		"pragma user_version = 7",
		"pragma journal_mode = delete",
		"pragma writable_schema = on",
		"vacuum into 'copy.db'",
		"reindex",
		"analyze",
		"begin",
		"select load_extension('x')",
		"select 1; select 2",
		"insert into main.run values (9, 'x')",
		" -- nothing",
		"",
	};
	struct bytes before = bytes_read(folder_path(&folder, "before.weir")), after;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		struct program p = program_weir(folder.path, "sql", "before.weir", statements[i], NULL);

		if (p.code != 1)
			fail_msg("%s: exit code %d: %s", statements[i], p.code, p.err);
		assert_memory_equal(p.err, "weir: sql", 9);
		program_done(&p);
	}
	after = bytes_read(folder_path(&folder, "before.weir"));
	assert_int_equal(before.n, after.n);
	assert_memory_equal(before.at, after.at, before.n);
	assert_int_equal(access(folder_path(&folder, "other.db"), F_OK), -1);
	assert_int_equal(access(folder_path(&folder, "copy.db"), F_OK), -1);
	bytes_done(&before);
	bytes_done(&after);
}

static void the_dictionary_describes_every_metric_of_a_store(void **state)
{
	struct program p = program_weir(folder.path, "dict", "before.weir", "--json", NULL), q;
	json_t *tree = load(&p), *all, *entry = find(tree, "name", "ghc.profile.ticks"), *e;
	size_t i;

	assert_word(entry, "shape", "weight");
	assert_word(entry, "unit", "{tick}");
	assert_word(entry, "collector", "ghc-prof");
	q = program_weir(folder.path, "dict", "--json", NULL);
	all = load(&q);
	json_array_foreach(tree, i, e)
	{
		json_t *same = find(all, "name", json_string_value(member(e, "name")));

		assert_true(json_equal(member(e, "help"), member(same, "help")));
		assert_true(json_equal(member(e, "range"), member(same, "range")));
	}
	assert_true(json_array_size(all) > json_array_size(tree));
	json_decref(all);
	json_decref(tree);
	program_done(&p);
	program_done(&q);
}

/* The seventh cell of a row of the table: the collectors. "" for other lines. */
static const char *collectors_of(const char *line)
{
	static char cell[256];

	cell[0] = 0;
	(void)sscanf(line, "| %*[^|] | %*[^|] | %*[^|] | %*[^|] | %*[^|] | %*[^|] | %255[^|]", cell);
	return cell;
}

/* Collectors that cannot be built here are in the file and not in the program. */
static void the_dictionary_in_docs_is_that_of_the_collectors(void **state)
{
	struct program p;
	struct bytes b;
	char *rest, *line, found[8192];
	FILE *f;

	assert_int_equal(unsetenv("WEIR_PLUGIN_PATH"), 0);
	p = program_weir(folder.path, "dict", "--markdown", NULL);
	assert_int_equal(p.code, 0);
	if (getenv("WEIR_GOLDEN_UPDATE")) {
		f = fopen(WEIR_SOURCE_ROOT "/docs/dictionary.md", "we");
		assert_non_null(f);
		(void)fputs(p.out, f);
		(void)fclose(f);
	}
	b = bytes_read(WEIR_SOURCE_ROOT "/docs/dictionary.md");
	b.at[b.n] = 0;
	rest = strdup(p.out);
	for (char *copy = rest; (line = strsep(&copy, "\n"));)
		if (!strstr((char *)b.at, line))
			fail_msg("docs/dictionary.md lacks: %s; WEIR_GOLDEN_UPDATE=1 writes it", line);
	free(rest);
	rest = (char *)b.at;
	while ((line = strsep(&rest, "\n"))) {
		(void)snprintf(found, sizeof(found), "| %s| **", collectors_of(line));
		if (!strstr(p.out, line) && strstr(p.out, found))
			fail_msg("docs/dictionary.md has what no collector emits: %s; WEIR_GOLDEN_UPDATE=1 writes it",
			         line);
	}
	bytes_done(&b);
	program_done(&p);
}

static void speedscope_has_a_profile_a_node(void **state)
{
	struct program p =
		program_weir(folder.path, "export", "before.weir", "--to", "speedscope", "-o", "s.json", NULL);
	json_t *tree, *profiles;

	assert_int_equal(p.code, 0);
	assert_string_equal(p.out, "");
	program_done(&p);
	tree = json_load_file(folder_path(&folder, "s.json"), 0, NULL);
	profiles = member(tree, "profiles");
	assert_word(tree, "$schema", "https://www.speedscope.app/file-format-schema.json");
	assert_int_equal(json_array_size(profiles), 2);
	assert_word(at(profiles, 0), "name", "node-0: ghc.profile.ticks");
	assert_true(number(at(profiles, 0), "endValue") == MADE_TICKS);
	assert_true(number(at(profiles, 1), "endValue") == 3 * MADE_TICKS);
	assert_int_equal(json_array_size(member(member(tree, "shared"), "frames")), MADE_ROWS);
	json_decref(tree);
}

static void csv_is_the_view_of_the_metric(void **state)
{
	struct program p = program_weir(folder.path, "export", "before.weir", "--to", "csv", "-m",
	                                "ghc.profile.entries", "--node", "node-0", NULL);
	int n = 0;

	assert_int_equal(p.code, 0);
	assert_memory_equal(
		p.out, "run,node,collector,metric,unit,attrs,t_ns,dur_ns,stack,name,module,src,self,inclusive", 84);
	for (const char *c = p.out; *c; c++)
		n += *c == '\n';
	assert_int_equal(n, 1 + MADE_ROWS);
	assert_non_null(strstr(p.out, ",MAIN;main;go;go,go,Chain,src/Chain.hs:7:1-9,400,"));
	program_done(&p);
	p = program_weir(folder.path, "export", "before.weir", "--to", "csv", NULL);
	assert_int_equal(p.code, 1);
	program_done(&p);
}

static void a_choice_that_a_format_does_not_have_is_refused(void **state)
{
	static const struct {
		const char *format, *option, *value;
		int is_taken;
	} table[] = {
		{ "chrome", "--metric", "ghc.profile.ticks", 0 },
		{ "chrome", "--collector", "ghc-prof", 0 },
		{ "chrome", "--at", "end", 0 },
		{ "csv", "--at", "peak", 0 },
		{ "locli", "--metric", "ghc.profile.ticks", 0 },
		{ "locli", "--node", "node-0", 0 },
		{ "locli", "--collector", "ghc-prof", 0 },
		{ "locli", "--at", "end", 0 },
		{ "folded", "--collector", "ghc-prof", 1 },
		{ "folded", "--node", "node-0", 1 },
		{ "speedscope", "--metric", "alloc", 1 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct program p = program_weir(folder.path, "export", "before.weir", "--to", table[i].format,
		                                table[i].option, table[i].value, NULL);

		assert_int_equal(p.code, table[i].is_taken ? 0 : 2);
		if (!table[i].is_taken)
			assert_non_null(strstr(p.err, table[i].option));
		program_done(&p);
	}
}

static void a_csv_has_what_one_collector_says(void **state)
{
	static const char *const collectors[] = { "ghc-prof", "nobody" };

	for (int i = 0; i < 2; i++) {
		struct program p = program_weir(folder.path, "export", "before.weir", "--to", "csv", "-m",
		                                "ghc.profile.entries", "--collector", collectors[i], NULL);

		assert_int_equal(p.code, 0);
		assert_int_equal(strstr(p.out, "go,Chain") == NULL, i);
		program_done(&p);
	}
}

static void an_export_that_fails_leaves_the_old_file(void **state)
{
	struct program p;
	struct bytes b;

	folder_write(&folder, "old.txt", "old");
	p = program_weir(folder.path, "export", "before.weir", "--to", "csv", "-m", "no.such", "-o", "old.txt", NULL);
	assert_int_equal(p.code, 1);
	b = bytes_read(folder_path(&folder, "old.txt"));
	assert_int_equal(b.n, 3);
	bytes_done(&b);
	program_done(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_texts_are_those_of_the_golden_files),
		cmocka_unit_test(a_profile_as_json_has_the_values_that_went_in),
		cmocka_unit_test(a_difference_is_absolute_and_relative),
		cmocka_unit_test(a_summary_as_json_holds_all_sections),
		cmocka_unit_test(sql_answers_in_three_forms),
		cmocka_unit_test(sql_can_change_nothing),
		cmocka_unit_test(the_dictionary_describes_every_metric_of_a_store),
		cmocka_unit_test(the_dictionary_in_docs_is_that_of_the_collectors),
		cmocka_unit_test(speedscope_has_a_profile_a_node),
		cmocka_unit_test(csv_is_the_view_of_the_metric),
		cmocka_unit_test(a_choice_that_a_format_does_not_have_is_refused),
		cmocka_unit_test(a_csv_has_what_one_collector_says),
		cmocka_unit_test(an_export_that_fails_leaves_the_old_file),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
