/* SPDX-License-Identifier: Apache-2.0 */
#include "runs/build.h"
#include "runs/run.h"
#include "tests/support/folder.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char meta[] =
	"{\"meta\":{\"tag\":\"2026-11-21-02-05-db3f2-dev-ci-test-coay-sup-prof\",\"batch\":\"dev\",\"era\":\"conway\","
	"\"profile\":\"ci-test\",\"ident\":\"10.6\",\"node_ghc_version\":\"9.6.7\",\"timing\":{\"start\":1795226700,"
	"\"systemStart\":\"2026-11-21T02:06:00Z\"},\"manifest\":{\"cardano-node\":{\"name\":\"cardano-node\","
	"\"version\":\"10.6.1\",\"commit\":\"db3f21a\",\"branch\":\"master\",\"status\":\"clean\"},\"plutus-core\":"
	"{\"name\":\"plutus-core\",\"version\":\"1.45\",\"commit\":null}},\"profile_content\":{\"genesis\":"
	"{\"slot_duration\":0.2,\"epoch_length\":600,\"parameter_k\":3,\"active_slots_coeff\":0.05}}}}";

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

static struct run *open_run(const struct folder *f)
{
	struct weir_error error;
	struct run *run;

	assert_int_equal(run_open(&(struct run_config){ .root = f->path }, &run, &error), 0);
	return run;
}

static void assert_fact(const struct run *run, const char *node, const char *name, const char *value)
{
	uint32_t n = RUN_NONE;
	const char *found;

	for (uint32_t i = 0; node && i < run->n_nodes; i++)
		if (strcmp(run->nodes[i].name, node) == 0)
			n = i;
	found = run_fact(run, n, name);
	if (!value) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, value);
}

static const struct run_document *document(const struct run *run, const char *path)
{
	for (uint32_t i = 0; i < run->n_documents; i++) {
		const struct run_document *d = &run->documents[i];

		assert_int_equal(d->n_read, d->n_stored + d->n_skipped + d->n_bad);
		if (strcmp(d->path, path) == 0)
			return d;
	}
	fail_msg("no document %s", path);
	return NULL;
}

static const struct run_note *note_of(const struct run *run, const char *path)
{
	for (uint32_t i = 0; i < run->n_notes; i++)
		if (strcmp(run->documents[run->notes[i].document].path, path) == 0)
			return &run->notes[i];
	fail_msg("no note on %s", path);
	return NULL;
}

static void a_workbench_run_says_who_it_is(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "meta.json", meta);
	folder_write(&f, "node-specs.json",
	             "{\"node-0\":{\"i\":0,\"kind\":\"pool\",\"port\":30000},\"node-1\":{\"kind\":\"explorer\"}}");
	folder_write(&f, "supervisor/node2pid.map", "{\"node-0\":4711}");
	folder_write(&f, "node-0/start.sh", start_sh);
	folder_write(&f, "node-0/healthcheck/rts.info", rts_info);
	folder_write(&f, "node-0/exit_code", "0\n");
	folder_write(&f, "node-0/stdout", "{}\n");
	folder_write(&f, "workloads/w/a.prof", "x");
	run = open_run(&f);
	assert_string_equal(run->tag, "2026-11-21-02-05-db3f2-dev-ci-test-coay-sup-prof");
	assert_string_equal(run->layout, "workbench");
	assert_fact(run, NULL, "run.batch", "dev");
	assert_fact(run, NULL, "run.era", "conway");
	assert_fact(run, NULL, "run.profiled", "true");
	assert_fact(run, NULL, "run.start_ns", "1795226700000000000");
	assert_fact(run, "node-0", "process.pid", "4711");
	assert_fact(run, "node-0", "node.kind", "pool");
	assert_fact(run, "node-0", "node.port", "30000");
	assert_fact(run, "node-0", "program.name", "cardano-node");
	assert_fact(run, "node-0", "ghc.rts.flags",
	            "-scardano-node.gcstats --machine-readable -tcardano-node.stats -pocardano-node -P -N2");
	assert_fact(run, "node-0", "ghc.rts.way", "rts_thr_p");
	assert_fact(run, "node-0", "ghc.profiled", "true");
	assert_fact(run, "node-0", "ghc.rts.with_flags", "-T -I0");
	assert_fact(run, "node-0", "process.exit_code", "0");
	assert_fact(run, "node-1", "node.kind", "explorer");
	assert_fact(run, "node-1", "process.pid", NULL);
	assert_int_equal(run->n_files, 2);
	assert_string_equal(run->files[0].path, "node-0/stdout");
	assert_string_equal(run->nodes[run->files[0].node].name, "node-0");
	assert_string_equal(run->nodes[run->files[1].node].name, "workloads/w");
	run_close(run);
	folder_free(&f);
}

static void a_command_may_span_lines_and_run_below_another(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "node-0/start.sh",
	             "echo \"once: cardano-node +RTS -no -RTS\"\n"
	             "/usr/bin/time -o sum.json -f '{ \"wall\": %e # no comment\n, \"cpu\": \"%P\" }' \\\n"
	             "  A=b /opt/bin/cardano\\ node run --name \"a \\\"b\\\" +RTS\" \\\n"
	             "  +RTS -P '-x it' -RTS --port 1 \\\n  +RTS -N2 --RTS +RTS -late; echo $? >exit_code # +RTS\n");
	folder_write(&f, "node-1/start.sh", "cardano-node run");
	folder_write(&f, "node-2/start.sh", "exec 'cardano-node' +RTS \"-hc");
	run = open_run(&f);
	assert_fact(run, "node-0", "ghc.rts.flags", "-P -x it -N2");
	assert_fact(run, "node-0", "program.name", "cardano node");
	assert_fact(run, "node-1", "ghc.rts.flags", NULL);
	assert_fact(run, "node-2", "ghc.rts.flags", "-hc");
	assert_fact(run, "node-2", "program.name", "cardano-node");
	run_close(run);
	folder_free(&f);
}

static void a_script_of_any_bytes_is_read_to_its_end(void **state)
{
	struct folder f = folder_new();
	char noise[4096];
	struct run *run;

	for (unsigned seed = 0; seed < 64; seed++) {
		static const char alphabet[] = "+RTS \\\n'\";#-a\t\0";
		unsigned x = seed * 2654435761u + 1;

		for (size_t i = 0; i < sizeof(noise); i++) {
			x = x * 1664525u + 1013904223u;
			noise[i] = alphabet[(x >> 16) % (sizeof(alphabet) - 1)];
		}
		folder_write_bytes(&f, "node-0/start.sh", noise, sizeof(noise));
		run = open_run(&f);
		assert_int_equal(run->n_nodes, 1);
		run_close(run);
	}
	folder_free(&f);
}

static void a_manifest_becomes_components(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "meta.json", meta);
	run = open_run(&f);
	assert_int_equal(run->n_components, 2);
	assert_string_equal(run->components[0].name, "cardano-node");
	assert_string_equal(run->components[0].version, "10.6.1");
	assert_string_equal(run->components[0].commit, "db3f21a");
	assert_string_equal(run->components[1].version, "1.45");
	assert_string_equal(run->components[1].commit, "");
	assert_fact(run, NULL, "component.cardano-node.branch", "master");
	assert_fact(run, NULL, "component.cardano-node.status", "clean");
	run_close(run);
	folder_free(&f);
}

static void a_flat_manifest_becomes_the_same_components(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(
		&f, "meta.json",
		"{\"meta\":{\"tag\":\"t\",\"manifest\":{\"cardano-node\":\"db3f21a\",\"cardano-node-branch\":\"m\","
		"\"cardano-node-version\":\"1.35\",\"cardano-node-status\":\"unknown\",\"plutus\":\"77aa\"}}}");
	run = open_run(&f);
	assert_int_equal(run->n_components, 2);
	assert_string_equal(run->components[0].name, "cardano-node");
	assert_string_equal(run->components[0].version, "1.35");
	assert_string_equal(run->components[0].commit, "db3f21a");
	assert_string_equal(run->components[1].name, "plutus");
	assert_string_equal(run->components[1].commit, "77aa");
	assert_fact(run, NULL, "component.cardano-node.branch", "m");
	run_close(run);
	folder_free(&f);
}

static void nodes_that_only_their_folders_tell_have_their_pids(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "meta.json", "{\"meta\":{\"tag\":\"t\"}}");
	folder_write(&f, "node-3/stdout", "x");
	folder_write(&f, "supervisor/node2pid.map", "{\"node-3\":4711,\"node-4\":4712}");
	run = open_run(&f);
	assert_fact(run, "node-3", "process.pid", "4711");
	assert_int_equal(run->n_notes, 1); /* of node-4, which the run has not */
	run_close(run);
	folder_free(&f);
}

static void cardano_ops_pins_and_logs_are_understood(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "meta.json",
	             "{\"meta\":{\"tag\":\"old\",\"timestamp\":1600000000,\"node_commit_desc\":\"1.29-3\",\"pins\":"
	             "{\"cardano-node\":\"abcdef\"},\"profile_content\":{\"generator\":{\"era\":\"mary\"}}}}");
	folder_write(&f, "genesis.json",
	             "{\"epochLength\":2200,\"slotLength\":1,\"systemStart\":\"2021-01-01T00:00:00Z\"}");
	folder_write(&f, "logs/logs-node-3/node.json", "{}");
	folder_write(&f, "logs/logs-explorer/node.json", "{}");
	run = open_run(&f);
	assert_string_equal(run->layout, "cardano-ops");
	assert_fact(run, NULL, "run.era", "mary");
	assert_fact(run, NULL, "run.start_ns", "1600000000000000000");
	assert_fact(run, NULL, "genesis.epoch_length_slots", "2200");
	assert_int_equal(run->n_components, 1);
	assert_string_equal(run->components[0].version, "1.29-3");
	assert_int_equal(run->n_nodes, 2);
	assert_string_equal(run->nodes[0].name, "explorer");
	assert_string_equal(run->nodes[1].name, "node-3");
	assert_string_equal(run->nodes[run->files[1].node].name, "node-3");
	run_close(run);
	folder_free(&f);
}

static void logs_of_the_oldest_runs_lie_in_the_analysis_folder(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "meta.json", "{\"meta\":{\"tag\":\"older\"}}");
	folder_write(&f, "analysis/logs-node-1/node.json", "{}");
	run = open_run(&f);
	assert_int_equal(run->n_files, 1);
	assert_string_equal(run->nodes[run->files[0].node].name, "node-1");
	run_close(run);
	folder_free(&f);
}

static void the_genesis_says_more_than_the_profile(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "meta.json", meta);
	folder_write(
		&f, "genesis/genesis.shelley.json",
		"{\"activeSlotsCoeff\":5.0e-2,\"epochLength\":1200,\"initialFunds\":{\"a\":[1,{}]},\"networkMagic\":42,"
		"\"securityParam\":6,\"slotLength\":1,\"slotsPerKESPeriod\":129600,\"systemStart\":"
		"\"2026-11-21T02:06:00.25Z\",\"maxKESEvolutions\":62}");
	run = open_run(&f);
	assert_fact(run, NULL, "genesis.epoch_length_slots", "1200");
	assert_fact(run, NULL, "genesis.slot_length_ns", "1000000000");
	assert_fact(run, NULL, "genesis.system_start_ns", "1795226760250000000");
	assert_fact(run, NULL, "genesis.active_slots_coeff", "5.0e-2");
	assert_fact(run, NULL, "genesis.security_param", "6");
	assert_fact(run, NULL, "genesis.network_magic", "42");
	assert_fact(run, NULL, "genesis.slots_per_kes_period", "129600");
	assert_fact(run, NULL, "genesis.max_kes_evolutions", "62");
	assert_int_equal(document(run, "genesis/genesis.shelley.json")->n_stored, 8);
	assert_int_equal(document(run, "meta.json")->n_skipped, 5);
	run_close(run);
	folder_free(&f);
}

static void a_chain_that_had_a_byron_era_says_how_long(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "genesis/genesis.shelley.json",
	             "{\"epochLength\":432000,\"networkMagic\":764824073,\"slotLength\":1,\"systemStart\":"
	             "\"2017-09-23T21:44:51Z\"}");
	run = open_run(&f);
	assert_fact(run, NULL, "genesis.system_start_ns", "1506203091000000000");
	assert_fact(run, NULL, "genesis.byron_epochs", "208");
	assert_fact(run, NULL, "genesis.byron_slots", "4492800");
	assert_fact(run, NULL, "genesis.byron_slot_length_ns", "20000000000");
	run_close(run);
	/* A cluster that forks into Shelley at its third epoch, with small constants. */
	folder_write(&f, "node-0/config.json", "{\"TestShelleyHardForkAtEpoch\":3}");
	folder_write(&f, "genesis/genesis.byron.json",
	             "{\"blockVersionData\":{\"slotDuration\":\"200\"},\"protocolConsts\":{\"k\":10}}");
	run = open_run(&f);
	assert_fact(run, NULL, "genesis.byron_epochs", "3");
	assert_fact(run, NULL, "genesis.byron_slots", "300");
	assert_fact(run, NULL, "genesis.byron_slot_length_ns", "200000000");
	run_close(run);
	folder_free(&f);
}

static void a_chain_without_a_byron_era_has_none(void **state)
{
	static const char *const configs[] = { "{\"TestShelleyHardForkAtEpoch\":0}", "{}" };

	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
		struct folder f = folder_new();
		struct run *run;

		folder_write(&f, "genesis/genesis.shelley.json", "{\"epochLength\":600,\"networkMagic\":42}");
		folder_write(&f, "genesis/genesis.byron.json",
		             "{\"blockVersionData\":{\"slotDuration\":\"20000\"},\"protocolConsts\":{\"k\":2160}}");
		folder_write(&f, "node-0/config.json", configs[i]);
		run = open_run(&f);
		assert_fact(run, NULL, "genesis.byron_slots", NULL);
		assert_fact(run, NULL, "genesis.byron_slot_length_ns", NULL);
		run_close(run);
		folder_free(&f);
	}
}

static void a_byron_era_that_makes_no_sense_is_noted_and_left_out(void **state)
{
	static const char *const forks[] = { "-1", "1000001", "true", "\"x\"", "1.5" };

	for (size_t i = 0; i < sizeof(forks) / sizeof(forks[0]); i++) {
		struct folder f = folder_new();
		char config[100];
		struct run *run;

		(void)snprintf(config, sizeof(config), "{\"TestShelleyHardForkAtEpoch\":%s}", forks[i]);
		folder_write(&f, "node-0/config.json", config);
		run = open_run(&f);
		assert_fact(run, NULL, "genesis.byron_epochs", NULL);
		assert_non_null(strstr(note_of(run, "node-0/config.json")->text, "not an epoch"));
		run_close(run);
		folder_free(&f);
	}
}

static void without_a_genesis_the_profile_has_to_do(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "meta.json", meta);
	run = open_run(&f);
	assert_fact(run, NULL, "genesis.epoch_length_slots", "600");
	assert_fact(run, NULL, "genesis.slot_length_ns", "200000000");
	assert_fact(run, NULL, "genesis.active_slots_coeff", "0.05");
	assert_fact(run, NULL, "genesis.system_start_ns", "1795226760000000000");
	run_close(run);
	folder_free(&f);
}

static void the_older_genesis_name_is_found(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "genesis/genesis.json", "{\"blockVersionData\":{}}");
	folder_write(&f, "genesis-shelley.json", "{\"epochLength\":7}");
	run = open_run(&f);
	assert_fact(run, NULL, "genesis.epoch_length_slots", "7");
	run_close(run);
	folder_free(&f);
}

static void a_broken_document_costs_only_itself(void **state)
{
	struct folder f = folder_new();
	const struct run_note *note;
	struct run *run;

	folder_write(&f, "meta.json", "{\"meta\": {\"tag\": \"x\",, }");
	folder_write(&f, "node-specs.json", "[1]");
	folder_write(&f, "genesis/genesis.shelley.json", "{\"epochLength\":600,\"slotLength\":}");
	folder_write(&f, "node-0/stdout", "{}\n");
	run = open_run(&f);
	assert_int_equal(document(run, "meta.json")->state, RUN_UNREADABLE);
	note = note_of(run, "meta.json");
	assert_non_null(strstr(note->text, "line 1: not JSON"));
	assert_in_range(note->offset, 21, 24);
	assert_int_equal(document(run, "node-specs.json")->state, RUN_UNREADABLE);
	assert_int_equal(document(run, "genesis/genesis.shelley.json")->state, RUN_PARTIAL);
	assert_int_equal(note_of(run, "genesis/genesis.shelley.json")->offset, 32);
	assert_fact(run, NULL, "genesis.epoch_length_slots", "600");
	assert_int_equal(run->n_files, 1);
	assert_string_equal(run->tag, strrchr(f.path, '/') + 1);
	run_close(run);
	folder_free(&f);
}

static void values_of_the_wrong_type_are_counted_and_noted(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "meta.json",
	             "{\"meta\":{\"tag\":[1],\"batch\":\"b\",\"manifest\":{\"x\":7},\"timing\":{\"start\":\"soon\"}}}");
	run = open_run(&f);
	assert_int_equal(document(run, "meta.json")->state, RUN_PARTIAL);
	assert_int_equal(document(run, "meta.json")->n_bad, 3);
	assert_int_equal(document(run, "meta.json")->n_stored, 1);
	assert_fact(run, NULL, "run.batch", "b");
	run_close(run);
	folder_free(&f);
}

static void write_padded(const struct folder *f, const char *path, size_t n)
{
	char *text = malloc(n);

	assert_non_null(text);
	memset(text, ' ', n);
	memcpy(text, "{\"meta\":{\"batch\":\"b\"}}", 22);
	folder_write_bytes(f, path, text, n);
	free(text);
}

static void a_document_is_read_up_to_its_bound_and_no_further(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	write_padded(&f, "meta.json", RUN_DOCUMENT_BYTES_MAX);
	run = open_run(&f);
	assert_fact(run, NULL, "run.batch", "b");
	run_close(run);
	write_padded(&f, "meta.json", RUN_DOCUMENT_BYTES_MAX + 1);
	run = open_run(&f);
	assert_fact(run, NULL, "run.batch", NULL);
	assert_non_null(strstr(note_of(run, "meta.json")->text, "at most 4194304 are read"));
	run_close(run);
	folder_free(&f);
}

static void a_genesis_is_walked_up_to_its_bound_and_no_further(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "genesis-shelley.json", "x");
	assert_int_equal(truncate(folder_path(&f, "genesis-shelley.json"), RUN_GENESIS_BYTES_MAX), 0);
	run = open_run(&f);
	assert_non_null(strstr(note_of(run, "genesis-shelley.json")->text, "not JSON"));
	run_close(run);
	assert_int_equal(truncate(folder_path(&f, "genesis-shelley.json"), RUN_GENESIS_BYTES_MAX + 1), 0);
	run = open_run(&f);
	assert_non_null(strstr(note_of(run, "genesis-shelley.json")->text, "at most 268435456 are read"));
	run_close(run);
	folder_free(&f);
}

static void a_value_is_taken_up_to_its_bound_and_no_further(void **state)
{
	static const char head[] = "{\"meta\":{\"batch\":\"";
	char text[sizeof(head) + RUN_VALUE_BYTES_MAX + 8];
	struct folder f = folder_new();
	struct run *run;

	for (size_t over = 0; over < 2; over++) {
		size_t n = RUN_VALUE_BYTES_MAX + over;

		memcpy(text, head, sizeof(head) - 1);
		memset(text + sizeof(head) - 1, 'v', n);
		memcpy(text + sizeof(head) - 1 + n, "\"}}", 4);
		folder_write(&f, "meta.json", text);
		run = open_run(&f);
		assert_int_equal(document(run, "meta.json")->n_bad, over);
		assert_int_equal(run_fact(run, RUN_NONE, "run.batch") != NULL, !over);
		run_close(run);
	}
	folder_free(&f);
}

static void nodes_are_taken_up_to_their_bound_and_no_further(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	for (int over = 0; over < 2; over++) {
		char *text = malloc(RUN_NODES_MAX * 24 + 64), *at = text;

		assert_non_null(text);
		for (int i = 0; i < RUN_NODES_MAX + over; i++)
			at += sprintf(at, "%c\"node-%d\":{}", i ? ',' : '{', i);
		(void)sprintf(at, "}");
		folder_write(&f, "node-specs.json", text);
		free(text);
		run = open_run(&f);
		assert_int_equal(run->n_nodes, RUN_NODES_MAX);
		assert_int_equal(document(run, "node-specs.json")->n_bad, over);
		run_close(run);
	}
	folder_free(&f);
}

static void a_node_cannot_be_named_like_a_path(void **state)
{
	struct folder f = folder_new();
	struct run *run;

	folder_write(&f, "node-specs.json", "{\"../../etc\":{},\"..\":{},\"\":{},\"node-0\":{}}");
	run = open_run(&f);
	assert_int_equal(run->n_nodes, 1);
	assert_int_equal(document(run, "node-specs.json")->n_bad, 3);
	run_close(run);
	folder_free(&f);
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
		cmocka_unit_test(a_workbench_run_says_who_it_is),
		cmocka_unit_test(a_command_may_span_lines_and_run_below_another),
		cmocka_unit_test(a_script_of_any_bytes_is_read_to_its_end),
		cmocka_unit_test(a_manifest_becomes_components),
		cmocka_unit_test(a_flat_manifest_becomes_the_same_components),
		cmocka_unit_test(nodes_that_only_their_folders_tell_have_their_pids),
		cmocka_unit_test(cardano_ops_pins_and_logs_are_understood),
		cmocka_unit_test(logs_of_the_oldest_runs_lie_in_the_analysis_folder),
		cmocka_unit_test(the_genesis_says_more_than_the_profile),
		cmocka_unit_test(a_chain_that_had_a_byron_era_says_how_long),
		cmocka_unit_test(a_chain_without_a_byron_era_has_none),
		cmocka_unit_test(a_byron_era_that_makes_no_sense_is_noted_and_left_out),
		cmocka_unit_test(without_a_genesis_the_profile_has_to_do),
		cmocka_unit_test(the_older_genesis_name_is_found),
		cmocka_unit_test(a_broken_document_costs_only_itself),
		cmocka_unit_test(values_of_the_wrong_type_are_counted_and_noted),
		cmocka_unit_test(a_document_is_read_up_to_its_bound_and_no_further),
		cmocka_unit_test(a_genesis_is_walked_up_to_its_bound_and_no_further),
		cmocka_unit_test(a_value_is_taken_up_to_its_bound_and_no_further),
		cmocka_unit_test(nodes_are_taken_up_to_their_bound_and_no_further),
		cmocka_unit_test(a_node_cannot_be_named_like_a_path),
		cmocka_unit_test(times_are_read_as_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
