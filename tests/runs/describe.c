/* SPDX-License-Identifier: Apache-2.0 */
/* What the documents of a run say of it. */
#include "runs/build.h"
#include "tests/runs/opened.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char start_sh[] =
	"#!/bin/bash\n"
	"export TRACE_DISPATCHER_LOGGING_HOSTNAME=node-0\n"
	"echo \"/nix/store/x/bin/cardano-node run +RTS -wrong -RTS\"\n"
	"# exec nothing +RTS -comment\n"
	"\n"
	"/nix/store/x/bin/cardano-node run --config c.json +RTS -scardano-node.gcstats -RTS --port 30000 +RTS "
	"--machine-readable -tcardano-node.stats -pocardano-node \"-P\" -N2 -RTS\n";

static const char rts_info[] = " [(\"GHC RTS\", \"YES\")\n ,(\"GHC version\", \"9.6.7\")\n ,(\"RTS way\", "
			       "\"rts_thr_p\")\n ,(\"Flag -with-rtsopts\", \"-T -I0\")\n ]\n";

static void a_workbench_run_says_who_it_is(void **state)
{
	folder_write(&place, "meta.json", opened_meta);
	folder_write(&place, "node-specs.json",
	             "{\"node-0\":{\"i\":0,\"kind\":\"pool\",\"port\":30000},\"node-1\":{\"kind\":\"explorer\"}}");
	folder_write(&place, "supervisor/node2pid.map", "{\"node-0\":4711}");
	folder_write(&place, "node-0/start.sh", start_sh);
	folder_write(&place, "node-0/healthcheck/rts.info", rts_info);
	folder_write(&place, "node-0/exit_code", "0\n");
	folder_write(&place, "node-0/stdout", "{}\n");
	folder_write(&place, "workloads/w/a.prof", "x");
	open_run(0);
	assert_string_equal(run->tag, "2026-11-21-02-05-db3f2-dev-ci-test-coay-sup-prof");
	assert_string_equal(run->layout, "workbench");
	assert_fact(NULL, "run.batch", "dev");
	assert_fact(NULL, "run.era", "conway");
	assert_fact(NULL, "run.profiled", "true");
	assert_fact(NULL, "run.start_ns", "1795226700000000000");
	assert_fact("node-0", "process.pid", "4711");
	assert_fact("node-0", "node.kind", "pool");
	assert_fact("node-0", "node.port", "30000");
	assert_fact("node-0", "program.name", "cardano-node");
	assert_fact("node-0", "ghc.rts.flags",
	            "-scardano-node.gcstats --machine-readable -tcardano-node.stats -pocardano-node -P -N2");
	assert_fact("node-0", "ghc.rts.way", "rts_thr_p");
	assert_fact("node-0", "ghc.profiled", "true");
	assert_fact("node-0", "ghc.rts.with_flags", "-T -I0");
	assert_fact("node-0", "process.exit_code", "0");
	assert_fact("node-1", "node.kind", "explorer");
	assert_fact("node-1", "process.pid", NULL);
	assert_int_equal(run->n_files, 2);
	assert_string_equal(run->files[0].path, "node-0/stdout");
	assert_string_equal(run->nodes[run->files[0].node].name, "node-0");
	assert_string_equal(run->nodes[run->files[1].node].name, "workloads/w");
}

static void a_command_may_span_lines_and_run_below_another(void **state)
{
	folder_write(&place, "node-0/start.sh",
	             "echo \"once: cardano-node +RTS -no -RTS\"\n"
	             "/usr/bin/time -o sum.json -f '{ \"wall\": %e # no comment\n, \"cpu\": \"%P\" }' \\\n"
	             "  A=b /opt/bin/cardano\\ node run --name \"a \\\"b\\\" +RTS\" \\\n"
	             "  +RTS -P '-x it' -RTS --port 1 \\\n  +RTS -N2 --RTS +RTS -late; echo $? >exit_code # +RTS\n");
	folder_write(&place, "node-1/start.sh", "cardano-node run");
	folder_write(&place, "node-2/start.sh", "exec 'cardano-node' +RTS \"-hc");
	open_run(0);
	assert_fact("node-0", "ghc.rts.flags", "-P -x it -N2");
	assert_fact("node-0", "program.name", "cardano node");
	assert_fact("node-1", "ghc.rts.flags", NULL);
	assert_fact("node-2", "ghc.rts.flags", "-hc");
	assert_fact("node-2", "program.name", "cardano-node");
}

static void a_script_of_any_bytes_is_read_to_its_end(void **state)
{
	char noise[4096];

	for (unsigned seed = 0; seed < 64; seed++) {
		static const char alphabet[] = "+RTS \\\n'\";#-a\t\0";
		unsigned x = seed * 2654435761u + 1;

		for (size_t i = 0; i < sizeof(noise); i++) {
			x = x * 1664525u + 1013904223u;
			noise[i] = alphabet[(x >> 16) % (sizeof(alphabet) - 1)];
		}
		folder_write_bytes(&place, "node-0/start.sh", noise, sizeof(noise));
		open_run(0);
		assert_int_equal(run->n_nodes, 1);
	}
}

static void a_manifest_becomes_components(void **state)
{
	folder_write(&place, "meta.json", opened_meta);
	open_run(0);
	assert_int_equal(run->n_components, 2);
	assert_string_equal(run->components[0].name, "cardano-node");
	assert_string_equal(run->components[0].version, "10.6.1");
	assert_string_equal(run->components[0].commit, "db3f21a");
	assert_string_equal(run->components[1].version, "1.45");
	assert_string_equal(run->components[1].commit, "");
	assert_fact(NULL, "component.cardano-node.branch", "master");
	assert_fact(NULL, "component.cardano-node.status", "clean");
}

static void a_flat_manifest_becomes_the_same_components(void **state)
{
	folder_write(
		&place, "meta.json",
		"{\"meta\":{\"tag\":\"t\",\"manifest\":{\"cardano-node\":\"db3f21a\",\"cardano-node-branch\":\"m\","
		"\"cardano-node-version\":\"1.35\",\"cardano-node-status\":\"unknown\",\"plutus\":\"77aa\"}}}");
	open_run(0);
	assert_int_equal(run->n_components, 2);
	assert_string_equal(run->components[0].name, "cardano-node");
	assert_string_equal(run->components[0].version, "1.35");
	assert_string_equal(run->components[0].commit, "db3f21a");
	assert_string_equal(run->components[1].name, "plutus");
	assert_string_equal(run->components[1].commit, "77aa");
	assert_fact(NULL, "component.cardano-node.branch", "m");
}

static void nodes_that_only_their_folders_tell_have_their_pids(void **state)
{
	folder_write(&place, "meta.json", "{\"meta\":{\"tag\":\"t\"}}");
	folder_write(&place, "node-3/stdout", "x");
	folder_write(&place, "supervisor/node2pid.map", "{\"node-3\":4711,\"node-4\":4712}");
	open_run(0);
	assert_fact("node-3", "process.pid", "4711");
	assert_int_equal(run->n_notes, 1); /* of node-4, which the run has not */
}

static void cardano_ops_pins_and_logs_are_understood(void **state)
{
	folder_write(&place, "meta.json",
	             "{\"meta\":{\"tag\":\"old\",\"timestamp\":1600000000,\"node_commit_desc\":\"1.29-3\",\"pins\":"
	             "{\"cardano-node\":\"abcdef\"},\"profile_content\":{\"generator\":{\"era\":\"mary\"}}}}");
	folder_write(&place, "genesis.json",
	             "{\"epochLength\":2200,\"slotLength\":1,\"systemStart\":\"2021-01-01T00:00:00Z\"}");
	folder_write(&place, "logs/logs-node-3/node.json", "{}");
	folder_write(&place, "logs/logs-explorer/node.json", "{}");
	open_run(0);
	assert_string_equal(run->layout, "cardano-ops");
	assert_fact(NULL, "run.era", "mary");
	assert_fact(NULL, "run.start_ns", "1600000000000000000");
	assert_fact(NULL, "genesis.epoch_length_slots", "2200");
	assert_int_equal(run->n_components, 1);
	assert_string_equal(run->components[0].version, "1.29-3");
	assert_int_equal(run->n_nodes, 2);
	assert_string_equal(run->nodes[0].name, "explorer");
	assert_string_equal(run->nodes[1].name, "node-3");
	assert_string_equal(run->nodes[run->files[1].node].name, "node-3");
}

static void logs_of_the_oldest_runs_lie_in_the_analysis_folder(void **state)
{
	folder_write(&place, "meta.json", "{\"meta\":{\"tag\":\"older\"}}");
	folder_write(&place, "analysis/logs-node-1/node.json", "{}");
	open_run(0);
	assert_int_equal(run->n_files, 1);
	assert_string_equal(run->nodes[run->files[0].node].name, "node-1");
}

static void a_run_without_its_documents_is_what_its_tag_says(void **state)
{
	static const struct {
		const char *tag, *profile, *era, *profiled; /* NULL: it says nothing */
	} table[] = {
		{ "2026-11-21-02-05-db3f2-dev-ci-test-coay-sup-prof", "ci-test", "conway", "true" },
		{ "2023-04-19-23-59-0a21a-x1-default-bage-nom", "default", "babbage", NULL },
		{ "2026-11-21-02-05-db3f2-dev-shey-coay-shey-sup", "shey-coay", "shelley", NULL },
		{ "2026-11-21-02-05-db3f2-dev-ci-test-what-sup", NULL, NULL, NULL },
		{ "2026-11-21-02-05-db3f-dev-ci-test-coay-sup", NULL, NULL, NULL },
		{ "2026-11-21-02-05-db3f2-dev-coay-sup", NULL, NULL, NULL },
		{ "2026-11-21-0x-05-db3f2-dev-ci-test-coay-sup", NULL, NULL, NULL },
		{ "my-prof", NULL, NULL, "true" },
		{ "-prof", NULL, NULL, NULL },
		{ "2026-11-21-02-05-", NULL, NULL, NULL },
	};
	char path[256];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct weir_error error;

		(void)snprintf(path, sizeof(path), "%s/node-0/stdout", table[i].tag);
		folder_write(&place, path, "{}");
		run_close(run);
		assert_int_equal(
			run_open(&(struct run_config){ .root = folder_path(&place, table[i].tag) }, &run, &error), 0);
		assert_string_equal(run->tag, table[i].tag);
		assert_fact(NULL, "run.profile", table[i].profile);
		assert_fact(NULL, "run.era", table[i].era);
		assert_fact(NULL, "run.profiled", table[i].profiled);
		assert_int_equal(run->n_components, table[i].profile != NULL);
	}
	/* What a document says counts for more. */
	folder_write(&place, "2026-11-21-02-05-db3f2-dev-ci-test-coay-sup-prof/meta.json",
	             "{\"meta\":{\"batch\":\"other\",\"era\":\"mary\",\"manifest\":{\"cardano-node\":\"abcdef\"}}}");
	run_close(run);
	assert_int_equal(
		run_open(&(struct run_config){ .root = folder_path(
						       &place, "2026-11-21-02-05-db3f2-dev-ci-test-coay-sup-prof") },
	                 &run, &(struct weir_error){ "" }),
		0);
	assert_fact(NULL, "run.batch", "other");
	assert_fact(NULL, "run.era", "mary");
	assert_fact(NULL, "run.profile", "ci-test");
	assert_fact(NULL, "run.backend", "sup");
	assert_int_equal(run->n_components, 1);
	assert_string_equal(run->components[0].commit, "abcdef");
}

static void a_folder_that_is_no_run_is_not_read_by_its_name(void **state)
{
	struct weir_error error;

	folder_write(&place, "2026-11-21-02-05-db3f2-dev-ci-test-coay-sup-prof/a.prof", "x");
	assert_int_equal(
		run_open(&(struct run_config){ .root = folder_path(
						       &place, "2026-11-21-02-05-db3f2-dev-ci-test-coay-sup-prof") },
	                 &run, &error),
		0);
	assert_string_equal(run->layout, "folder");
	assert_fact(NULL, "run.profiled", NULL);
	assert_fact(NULL, "run.era", NULL);
}

static void flags_that_need_a_profiled_build_say_that_it_is_one(void **state)
{
	static const char *const profiled[] = { "-p", "-P", "-pa", "-hc", "-hb" };
	static const char *const any[] = { "-po1", "-hT", "-hi", "-h", "-l", "-p1" };
	char script[128];

	for (size_t i = 0; i < sizeof(profiled) / sizeof(profiled[0]); i++) {
		(void)snprintf(script, sizeof(script), "cardano-node -l +RTS -N2 %s -RTS\n", profiled[i]);
		folder_write(&place, "node-0/start.sh", script);
		open_run(0);
		assert_fact("node-0", "ghc.profiled", "true");
		assert_fact(NULL, "run.profiled", "true");
	}
	for (size_t i = 0; i < sizeof(any) / sizeof(any[0]); i++) {
		(void)snprintf(script, sizeof(script), "cardano-node -p +RTS -N2 %s -RTS -P --RTS -p\n", any[i]);
		folder_write(&place, "node-0/start.sh", script);
		open_run(0);
		assert_fact("node-0", "ghc.profiled", NULL);
		assert_fact(NULL, "run.profiled", NULL);
	}
	/* What the run-time system says of itself counts for more. */
	folder_write(&place, "node-0/start.sh", "cardano-node +RTS -p -RTS\n");
	folder_write(&place, "node-0/healthcheck/rts.info", " [(\"RTS way\", \"rts_thr\")]\n");
	open_run(0);
	assert_fact("node-0", "ghc.profiled", "false");
}

static void the_environment_of_an_old_run_names_its_backend(void **state)
{
	folder_write(&place, "meta.json", "{\"meta\":{\"tag\":\"t\"}}");
	folder_write(&place, "env.json", "{\"type\":\"supervisor\",\"cacheDir\":\"/x\",\"basePort\":30000}");
	open_run(0);
	assert_fact(NULL, "run.backend", "supervisor");
	assert_int_equal(document("env.json")->state, RUN_READ);
	assert_int_equal(run->n_files, 0);
}

static void an_era_is_found_in_three_places(void **state)
{
	static const char *const metas[] = { "\"era\":\"mary\"", "\"profile_content\":{\"era\":\"mary\"}",
		                             "\"profile_content\":{\"generator\":{\"era\":\"mary\"}}" };
	char meta[128];

	for (size_t i = 0; i < sizeof(metas) / sizeof(metas[0]); i++) {
		(void)snprintf(meta, sizeof(meta), "{\"meta\":{%s}}", metas[i]);
		folder_write(&place, "meta.json", meta);
		open_run(0);
		assert_fact(NULL, "run.era", "mary");
	}
}

static void a_broken_document_costs_only_itself(void **state)
{
	const struct run_note *note;

	folder_write(&place, "meta.json", "{\"meta\": {\"tag\": \"x\",, }");
	folder_write(&place, "node-specs.json", "[1]");
	folder_write(&place, "genesis/genesis.shelley.json", "{\"epochLength\":600,\"slotLength\":}");
	folder_write(&place, "node-0/stdout", "{}\n");
	open_run(0);
	assert_int_equal(document("meta.json")->state, RUN_UNREADABLE);
	note = note_of("meta.json");
	assert_non_null(strstr(note->text, "line 1: not JSON"));
	assert_in_range(note->offset, 21, 24);
	assert_int_equal(document("node-specs.json")->state, RUN_UNREADABLE);
	assert_int_equal(document("genesis/genesis.shelley.json")->state, RUN_PARTIAL);
	assert_int_equal(note_of("genesis/genesis.shelley.json")->offset, 32);
	assert_fact(NULL, "genesis.epoch_length_slots", "600");
	assert_int_equal(run->n_files, 1);
	assert_string_equal(run->tag, strrchr(place.path, '/') + 1);
}

static void values_of_the_wrong_type_are_counted_and_noted(void **state)
{
	folder_write(&place, "meta.json",
	             "{\"meta\":{\"tag\":[1],\"batch\":\"b\",\"manifest\":{\"x\":7},\"timing\":{\"start\":\"soon\"}}}");
	open_run(0);
	assert_int_equal(document("meta.json")->state, RUN_PARTIAL);
	assert_int_equal(document("meta.json")->n_bad, 3);
	assert_int_equal(document("meta.json")->n_stored, 1);
	assert_fact(NULL, "run.batch", "b");
}

static void write_padded(const char *path, size_t n)
{
	char *text = malloc(n);

	assert_non_null(text);
	memset(text, ' ', n);
	memcpy(text, "{\"meta\":{\"batch\":\"b\"}}", 22);
	folder_write_bytes(&place, path, text, n);
	free(text);
}

static void a_document_is_read_up_to_its_bound_and_no_further(void **state)
{
	write_padded("meta.json", RUN_DOCUMENT_BYTES_MAX);
	open_run(0);
	assert_fact(NULL, "run.batch", "b");
	write_padded("meta.json", RUN_DOCUMENT_BYTES_MAX + 1);
	open_run(0);
	assert_fact(NULL, "run.batch", NULL);
	assert_non_null(strstr(note_of("meta.json")->text, "at most 4194304 are read"));
}

static void a_value_is_taken_up_to_its_bound_and_no_further(void **state)
{
	static const char head[] = "{\"meta\":{\"batch\":\"";
	char text[sizeof(head) + RUN_VALUE_BYTES_MAX + 8];

	for (size_t over = 0; over < 2; over++) {
		size_t n = RUN_VALUE_BYTES_MAX + over;

		memcpy(text, head, sizeof(head) - 1);
		memset(text + sizeof(head) - 1, 'v', n);
		memcpy(text + sizeof(head) - 1 + n, "\"}}", 4);
		folder_write(&place, "meta.json", text);
		open_run(0);
		assert_int_equal(document("meta.json")->n_bad, over);
		assert_int_equal(run_fact(run, RUN_NONE, "run.batch") != NULL, !over);
	}
}

static void nodes_are_taken_up_to_their_bound_and_no_further(void **state)
{
	for (int over = 0; over < 2; over++) {
		char *text = malloc(RUN_NODES_MAX * 24 + 64), *at = text;

		assert_non_null(text);
		for (int i = 0; i < RUN_NODES_MAX + over; i++)
			at += sprintf(at, "%c\"node-%d\":{}", i ? ',' : '{', i);
		(void)sprintf(at, "}");
		folder_write(&place, "node-specs.json", text);
		free(text);
		open_run(0);
		assert_int_equal(run->n_nodes, RUN_NODES_MAX);
		assert_int_equal(document("node-specs.json")->n_bad, over);
	}
}

static void a_node_cannot_be_named_like_a_path(void **state)
{
	folder_write(&place, "node-specs.json", "{\"../../etc\":{},\"..\":{},\"\":{},\"node-0\":{}}");
	open_run(0);
	assert_int_equal(run->n_nodes, 1);
	assert_int_equal(document("node-specs.json")->n_bad, 3);
}

static void times_are_read_as_written(void **state)
{
	static const struct {
		const char *text;
		int64_t time_ns; /* 0: refused */
	} table[] = {
		{ "1970-01-01T00:00:00.000000001Z", 1 },
		{ "2026-11-21T02:06:00Z", INT64_C(1795226760000000000) },
		{ "2026-11-21 02:06:00 UTC", INT64_C(1795226760000000000) },
		{ "2026-11-21T02:06:00.5000000009Z", INT64_C(1795226760500000000) },
		{ "2026-11-21T02:06:00", 0 },
		{ "2026-13-21T02:06:00Z", 0 },
		{ "1969-12-31T23:59:59Z", 0 },
		{ "2026-11-21T02:06:00+01:00", 0 },
		{ "", 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int64_t time_ns = 0;

		assert_int_equal(time_from_text(table[i].text, &time_ns), table[i].time_ns ? 0 : -EINVAL);
		assert_int_equal(time_ns, table[i].time_ns);
	}
	assert_int_equal(time_from_seconds(1e300, &(int64_t){ 0 }), -ERANGE);
	assert_int_equal(time_from_seconds((double)NAN, &(int64_t){ 0 }), -ERANGE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		OPENED_TEST(a_workbench_run_says_who_it_is),
		OPENED_TEST(a_command_may_span_lines_and_run_below_another),
		OPENED_TEST(a_script_of_any_bytes_is_read_to_its_end),
		OPENED_TEST(a_manifest_becomes_components),
		OPENED_TEST(a_flat_manifest_becomes_the_same_components),
		OPENED_TEST(nodes_that_only_their_folders_tell_have_their_pids),
		OPENED_TEST(cardano_ops_pins_and_logs_are_understood),
		OPENED_TEST(logs_of_the_oldest_runs_lie_in_the_analysis_folder),
		OPENED_TEST(a_run_without_its_documents_is_what_its_tag_says),
		OPENED_TEST(a_folder_that_is_no_run_is_not_read_by_its_name),
		OPENED_TEST(flags_that_need_a_profiled_build_say_that_it_is_one),
		OPENED_TEST(the_environment_of_an_old_run_names_its_backend),
		OPENED_TEST(an_era_is_found_in_three_places),
		OPENED_TEST(a_broken_document_costs_only_itself),
		OPENED_TEST(values_of_the_wrong_type_are_counted_and_noted),
		OPENED_TEST(a_document_is_read_up_to_its_bound_and_no_further),
		OPENED_TEST(a_value_is_taken_up_to_its_bound_and_no_further),
		OPENED_TEST(nodes_are_taken_up_to_their_bound_and_no_further),
		OPENED_TEST(a_node_cannot_be_named_like_a_path),
		OPENED_TEST(times_are_read_as_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
