/* SPDX-License-Identifier: Apache-2.0 */
/* Logs in several files, put in order by what they say and read as one; logs that were damaged. */
#include "tests/support/folder.h"
#include "tests/support/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	N_SLOTS = 60,
};

/* Slots that no node starts: in the middle of a file, and around every file's end. */
static int is_missed(int slot)
{
	return slot == 7 || slot == 19 || slot == 20 || slot == 21 || slot == 40;
}

/* The lines of slots from first to last. */
static void write_log(const struct folder *f, const char *path, int first, int last)
{
	char *text;
	size_t n;
	FILE *to = open_memstream(&text, &n);

	assert_non_null(to);
	for (int slot = first; slot <= last; slot++)
		if (!is_missed(slot))
			fprintf(to,
			        "{\"at\":\"2025-12-01T07:00:%02d.01Z\",\"ns\":\"Forge.Loop.StartLeadershipCheck\","
			        "\"data\":{"
			        "\"kind\":\"TraceStartLeadershipCheck\",\"slot\":%d},\"sev\":\"Info\",\"thread\":"
			        "\"50\","
			        "\"host\":\"n\"}\n"
			        "{\"at\":\"2025-12-01T07:00:%02d.02Z\",\"ns\":\"Forge.Loop.NodeNotLeader\",\"data\":{"
			        "\"kind\":"
			        "\"TraceNodeNotLeader\",\"slot\":%d},\"sev\":\"Info\",\"thread\":\"50\",\"host\":\"n\"}"
			        "\n",
			        slot, slot, slot, slot);
	assert_int_equal(fclose(to), 0);
	folder_write(f, path, text);
	free(text);
}

/* Rows of objects, without the newlines between them. */
static void assert_said(const struct folder *f, const char *sql, const char *expected)
{
	struct program p = program_weir(f->path, "sql", "s.weir", sql, "--json", NULL);
	size_t n = 0;

	for (const char *c = p.out; *c; c++)
		if (*c != '\n')
			p.out[n++] = *c;
	p.out[n] = 0;
	if (p.code || strcmp(p.out, expected) != 0)
		fail_msg("%s: %s%s", sql, p.out, p.err);
	program_done(&p);
}

static struct folder new_run(void)
{
	struct folder f = folder_new();

	folder_write(&f, "run/genesis/genesis.shelley.json",
	             "{\"epochLength\":20,\"slotLength\":1,\"systemStart\":\"2025-12-01T07:00:00Z\"}");
	return f;
}

static void ingest(const struct folder *f)
{
	struct program p = program_weir(f->path, "ingest", "run", "-o", "s.weir", "-q", NULL);

	assert_int_equal(p.code, 0);
	program_done(&p);
}

static const char missed[] = "select node, json_extract(attrs, '$.slot') as slot, value from spans where metric ="
			     " 'cardano.slot.missed' order by t_ns";
static const char all_missed[] = "[{\"node\":\"node-0\",\"slot\":\"7\",\"value\":1},"
				 "{\"node\":\"node-0\",\"slot\":\"19\",\"value\":1},"
				 "{\"node\":\"node-0\",\"slot\":\"20\",\"value\":2},"
				 "{\"node\":\"node-0\",\"slot\":\"40\",\"value\":1}]";

/* The names that rotation gives: newest without a number, oldest with the highest. */
static void slots_that_no_file_has_are_missed_once(void **state)
{
	struct folder f = new_run();

	write_log(&f, "run/node-0/stdout.2", 0, 18);
	write_log(&f, "run/node-0/stdout.1", 22, 39);
	write_log(&f, "run/node-0/stdout", 41, N_SLOTS - 1);
	ingest(&f);
	assert_said(&f, missed, all_missed);
	/* Both lie where no file has a line. */
	assert_said(&f, "select count(*) as n from spans where metric = 'cardano.epoch.boundary'", "[{\"n\":2}]");
	assert_said(&f, "select dur_ns from spans where metric = 'trace.silence' order by t_ns",
	            "[{\"dur_ns\":3990000000}]");
	folder_free(&f);
}

static void files_that_follow_each_other_miss_nothing(void **state)
{
	struct folder f = new_run();

	write_log(&f, "run/node-0/node-1.json", 22, 25);
	write_log(&f, "run/node-0/node-2.json", 26, 30);
	write_log(&f, "run/node-0/node-3.json", 31, 39);
	ingest(&f);
	assert_said(&f, missed, "[]");
	folder_free(&f);
}

/* cardano-tracer writes what stdout has, too. */
static void a_copy_of_a_log_is_not_its_continuation(void **state)
{
	struct folder f = new_run();
	struct program p;

	write_log(&f, "run/node-0/stdout", 0, N_SLOTS - 1);
	write_log(&f, "run/tracer/node-0/node-2025-12-01T07-00-00.json", 0, 29);
	write_log(&f, "run/tracer/node-0/node-2025-12-01T07-00-30.json", 30, N_SLOTS - 1);
	ingest(&f);
	assert_said(&f, "select count(*) as n, sum(value) as slots from spans where metric = 'cardano.slot.missed'",
	            "[{\"n\":8,\"slots\":10}]");
	assert_said(&f,
	            "select count(*) as n from (select distinct t_ns, attrs from spans where metric ="
	            " 'cardano.slot.missed')",
	            "[{\"n\":4}]");
	p = program_weir(f.path, "epoch", "s.weir", "--json", NULL);
	assert_int_equal(p.code, 0);
	assert_non_null(strstr(p.out, "\"stands_out\": \"3 slots missed from 19 on, 1 elsewhere\""));
	program_done(&p);
	folder_free(&f);
}

/* A file whose traces end so many bytes before its own end: 256 KiB of the end are looked at. */
static void write_log_before_text(const struct folder *f, size_t n_text)
{
	char path[512], *text = malloc(n_text + 1);
	FILE *to;

	assert_non_null(text);
	write_log(f, "run/node-0/stdout.1", 0, 18);
	memset(text, 'x', n_text);
	text[n_text - 1] = '\n';
	(void)snprintf(path, sizeof(path), "%s/run/node-0/stdout.1", f->path);
	to = fopen(path, "ae");
	assert_non_null(to);
	assert_int_equal(fwrite(text, 1, n_text, to), n_text);
	assert_int_equal(fclose(to), 0);
	free(text);
}

static void a_log_is_joined_as_far_as_its_end_is_looked_at(void **state)
{
	static const struct {
		size_t n_text;
		const char *expected;
	} cases[] = {
		/* Room for the last start and the line behind it, and the end of the line before. */
		{ 256 * 1024 - 400, "[{\"slots\":5}]" },
		{ 256 * 1024, "[{\"slots\":2}]" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct folder f = new_run();

		write_log_before_text(&f, cases[i].n_text);
		write_log(&f, "run/node-0/stdout", 22, N_SLOTS - 1);
		ingest(&f);
		assert_said(&f, "select sum(value) as slots from spans where metric = 'cardano.slot.missed'",
		            cases[i].expected);
		folder_free(&f);
	}
}

/* When the file before changes, what was read after it is read again. */
static void a_file_that_was_missing_joins_what_follows(void **state)
{
	struct folder f = new_run();

	write_log(&f, "run/node-0/stdout", 22, N_SLOTS - 1);
	ingest(&f);
	assert_said(&f, "select count(*) as n from spans where metric = 'cardano.slot.missed'", "[{\"n\":1}]");
	write_log(&f, "run/node-0/stdout.1", 0, 18);
	ingest(&f);
	assert_said(&f, missed, all_missed);
	folder_free(&f);
}

/* ---- Damage ---- */

static const char good[] =
	"{\"at\":\"2025-12-01T07:00:%02d.5Z\",\"ns\":\"Forge.Loop.StartLeadershipCheck\",\"data\":{\"kind\":"
	"\"TraceStartLeadershipCheck\",\"slot\":%d},\"sev\":\"Info\",\"thread\":\"50\",\"host\":\"n\"}\n";

/* What a crash, a full disk or another program's output leaves between good lines. */
static const char *const damage[] = {
	"{\"at\":\"2025-12-01T07:00:00.5Z\",\"ns\":\"Forge.Lo\n",
	("{\"at\":\"yesterday\",\"ns\":\"Forge.Loop.StartLeadershipCheck\",\"data\":{\"kind\":\"x\"},\"sev\":\"Info\","
	 "\"thread\":\"50\",\"host\":\"n\"}\n"),
	"{\"at\":\"2025-12-01T07:00:00.5Z\",\"ns\":[1]}\n",
	"{\"at\":\"2025-12-01T07:00:00.5Z\"\x01,\"ns\":\"N\",\"data\":{}}\n",
	"{\"at\":\"2025-12-01T07:00:00.5Z\",\"ns\":\"\xff\",\"data\":{}}\n",
	"{{{{\n",
};

enum {
	N_DAMAGE = sizeof(damage) / sizeof(damage[0]),
	N_GOOD = N_DAMAGE + 1,
};

/* Good lines with damage between them and a last one that was cut; where the damage begins. */
static void write_damaged(const struct folder *f, size_t *ret_offsets)
{
	char *text;
	size_t n;
	FILE *to = open_memstream(&text, &n);

	assert_non_null(to);
	for (int i = 0; i < N_DAMAGE; i++) {
		fprintf(to, good, i, i);
		ret_offsets[i] = (size_t)ftell(to);
		fputs(damage[i], to);
	}
	fprintf(to, good, N_DAMAGE, N_DAMAGE);
	fprintf(to, "{\"at\":\"2025-12-01T07:00:59Z\",\"ns\":");
	assert_int_equal(fclose(to), 0);
	folder_write(f, "run/node-0/stdout", text);
	free(text);
}

static void a_garbled_log_keeps_its_good_lines_and_says_what_was_bad(void **state)
{
	struct folder f = new_run();
	size_t offsets[N_DAMAGE];
	char sql[256], expected[256];
	struct program p;

	write_damaged(&f, offsets);
	p = program_weir(f.path, "ingest", "run", "-o", "s.weir", "--locli", NULL);
	assert_int_equal(p.code, 3);
	program_done(&p);
	(void)snprintf(expected, sizeof(expected), "[{\"read\":%d,\"stored\":%d,\"bad\":%d,\"status\":\"partial\"}]",
	               N_GOOD + N_DAMAGE + 1, N_GOOD, N_DAMAGE + 1);
	assert_said(&f, "select read, stored, bad, status from sources where collector = 'node-trace'", expected);
	assert_said(&f, missed, "[]");
	assert_said(&f, "select count(*) as n from diags where code = 'trace.cut'", "[{\"n\":1}]");
	for (int i = 0; i < N_DAMAGE; i++) {
		(void)snprintf(
			sql, sizeof(sql),
			"select count(*) as n from diags where code <> 'trace.cut' and offset >= %zu and offset < %zu",
			offsets[i], offsets[i] + strlen(damage[i]));
		assert_said(&f, sql, "[{\"n\":1}]");
	}
	p = program_run(f.path,
	                (const char *const[]){ "sqlite3", "run/analysis/logs-node-0.sqlite3",
	                                       "select count(*) from slot; select count(*) from error;", NULL });
	(void)snprintf(expected, sizeof(expected), "%d\n%d\n", N_GOOD, N_DAMAGE + 1);
	if (p.code != 127)
		assert_string_equal(p.out, expected);
	program_done(&p);
	folder_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_that_no_file_has_are_missed_once),
		cmocka_unit_test(files_that_follow_each_other_miss_nothing),
		cmocka_unit_test(a_copy_of_a_log_is_not_its_continuation),
		cmocka_unit_test(a_log_is_joined_as_far_as_its_end_is_looked_at),
		cmocka_unit_test(a_file_that_was_missing_joins_what_follows),
		cmocka_unit_test(a_garbled_log_keeps_its_good_lines_and_says_what_was_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
