/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/golden.h"

static const struct lend_pair genesis[] = {
	{ "genesis.system_start_ns", "1764572400000000000" },
	{ "genesis.slot_length_ns", "1000000000" },
	{ "genesis.epoch_length_slots", "10" },
	{ "genesis.security_param", "1" },
	{ "genesis.active_slots_coeff", "0.5" },
};

static const struct golden mixed = {
	.collector = "node-trace",
	.input = "tests/data/node-trace/mixed.log",
	.expected = "tests/data/node-trace/mixed.golden",
	.context = genesis,
	.n_context = sizeof(genesis) / sizeof(genesis[0]),
};

static void a_log_says_what_it_said(void **state)
{
	golden_check(&mixed);
}

static void windows_make_no_difference(void **state)
{
	golden_check_windows(&mixed, 4);
}

static void every_beginning_of_a_log_ends_well(void **state)
{
	golden_check_prefixes(&mixed, 97);
}

static int count(struct weir_text text, const char *needle)
{
	const char *at = text.at, *end = text.at + text.n_bytes;
	int n = 0;

	while ((at = memmem(at, (size_t)(end - at), needle, strlen(needle)))) {
		n++;
		at++;
	}
	return n;
}

static struct recorder *run(const struct golden *g, struct recorder_result *ret)
{
	struct recorder_setup setup = golden_setup(g);
	struct recorder *rec = NULL;

	assert_true(recorder_run(&setup, &rec, ret, NULL) >= 0);
	golden_done(&setup);
	return rec;
}

/* The log was made without slots 10, 11 and 21; 10 begins epoch 1. */
static void exactly_the_slots_that_were_not_started_are_missed(void **state)
{
	struct recorder_result result;
	struct recorder *rec = run(&mixed, &result);
	struct weir_text said = recorder_text(rec);

	assert_int_equal(count(said, "{\"span\":\"cardano.slot.missed\""), 2);
	assert_int_equal(
		count(said,
	              "\"epoch\":\"1\",\"slot\":\"10\",\"thread\":\"50\"},\"track\":50,\"t_ns\":1764572410000000000,"
	              "\"dur_ns\":2000000000,\"value\":2}"),
		1);
	assert_int_equal(
		count(said,
	              "\"epoch\":\"2\",\"slot\":\"21\",\"thread\":\"50\"},\"track\":50,\"t_ns\":1764572421000000000,"
	              "\"dur_ns\":1000000000,\"value\":1}"),
		1);
	recorder_free(rec);
}

static void without_a_genesis_missed_slots_are_still_exact(void **state)
{
	struct golden bare = mixed;
	struct recorder_result result;
	struct recorder *rec;

	bare.context = NULL;
	bare.n_context = 0;
	rec = run(&bare, &result);
	assert_int_equal(count(recorder_text(rec), "{\"span\":\"cardano.slot.missed\""), 2);
	assert_int_equal(count(recorder_text(rec), "cardano.forge.start\""), 0);
	assert_int_equal(count(recorder_text(rec), "trace.no_genesis"), 1);
	recorder_free(rec);
}

static void dead_fields_are_not_zeros(void **state)
{
	struct recorder_result result;
	struct recorder *rec = run(&mixed, &result);

	assert_int_equal(count(recorder_text(rec), "process.network.io"), 0);
	assert_int_equal(count(recorder_text(rec), "\"trace.not_measured\""), 3);
	assert_true(count(recorder_text(rec), "\"process.disk.io\"") > 0);
	recorder_free(rec);
}

/* ---- Damage ---- */

static struct recorder_result read_all(const uint8_t *at, uint64_t n, struct recorder **ret)
{
	struct recorder_setup setup = golden_setup(&mixed);
	struct recorder_input file = setup.inputs[0];
	struct recorder_result result;

	setup.inputs[0].at = at;
	setup.inputs[0].n_bytes = n;
	assert_true(recorder_run(&setup, ret, &result, NULL) >= 0);
	setup.inputs[0] = file;
	golden_done(&setup);
	return result;
}

enum {
	N_WHOLE = 24, /* lines, all of them traces */
};

static char *make_lines(void)
{
	static const char format[] = "{\"at\":\"2025-12-01T07:00:%02d.5Z\",\"ns\":\"Forge.Loop.StartLeadershipCheck\","
				     "\"data\":{\"kind\":\"TraceStartLeadershipCheck\",\"slot\":%d},\"sev\":\"Info\","
				     "\"thread\":\"50\",\"host\":\"n\"}\n";
	char *text = NULL, *to;

	text = malloc(N_WHOLE * 256);
	assert_non_null(text);
	to = text;
	for (int i = 0; i < N_WHOLE; i++)
		to += snprintf(to, 256, format, i, i);
	return text;
}

static uint64_t n_lines(const char *text, uint64_t n)
{
	uint64_t lines = 0;

	for (uint64_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

static void a_log_cut_anywhere_keeps_all_whole_lines(void **state)
{
	char *text = make_lines();
	uint64_t n = strlen(text);

	for (uint64_t cut = 0; cut <= n; cut++) {
		struct recorder *rec = NULL;
		struct recorder_result r = read_all((const uint8_t *)text, cut, &rec);
		uint64_t whole = n_lines(text, cut + (cut < n && text[cut] == '\n'));

		assert_int_equal(r.r, WEIR_END);
		assert_int_equal(r.ledger.n_stored, whole);
		assert_int_equal(r.ledger.n_bad, cut > 0 && text[cut - 1] != '\n' && text[cut] != '\n');
		assert_int_equal(count(recorder_text(rec), "{\"diag\":\"trace.cut\""), r.ledger.n_bad);
		recorder_free(rec);
	}
	free(text);
}

/* Garbage over any byte: what it was part of is bad or still a line of some kind, everything else is stored. */
static void a_garbled_byte_costs_at_most_its_own_line(void **state)
{
	static const char garbage[] = { 0, '"', '\\', '{', '}', '\n', (char)0xff, '9' };
	char *text = make_lines();
	uint64_t n = strlen(text);

	for (uint64_t i = 0; i < n; i++) {
		char was = text[i];
		struct recorder *rec = NULL;
		struct recorder_result r;

		text[i] = garbage[i % sizeof(garbage)];
		r = read_all((const uint8_t *)text, n, &rec);
		assert_int_equal(r.r, WEIR_END);
		assert_int_equal(r.n_host_diags, 0);
		assert_int_equal(r.ledger.n_read, r.ledger.n_stored + r.ledger.n_skipped + r.ledger.n_bad);
		assert_int_equal(r.ledger.n_read, n_lines(text, n) + (text[n - 1] != '\n'));
		/* Where a line's end was hit, two lines are one. */
		assert_true(r.ledger.n_stored >= N_WHOLE - (was == '\n' ? 2 : 1));
		assert_true(r.ledger.n_bad <= 2);
		assert_int_equal(count(recorder_text(rec), "\"severity\":\"warning\""), r.ledger.n_bad);
		recorder_free(rec);
		text[i] = was;
	}
	free(text);
}

/* A gap over n epochs of one slot each. */
static struct recorder *read_gap(int64_t n, struct recorder_result *ret)
{
	static const struct lend_pair short_epochs[] = {
		{ "genesis.system_start_ns", "1764572400000000000" },
		{ "genesis.slot_length_ns", "1000000000" },
		{ "genesis.epoch_length_slots", "1" },
	};
	struct golden gap = mixed;
	struct recorder_setup setup;
	struct recorder_input file;
	struct recorder *rec = NULL;
	char log[512];
	int n_log = 0;

	for (int i = 0; i < 2; i++)
		n_log += snprintf(
			log + n_log, sizeof(log) - (size_t)n_log,
			"{\"at\":\"2025-12-01T07:00:00.5Z\",\"ns\":\"Forge.Loop.StartLeadershipCheck\",\"data\":{"
			"\"kind\":\"x\",\"slot\":%lld},\"sev\":\"Info\",\"thread\":\"50\",\"host\":\"n\"}\n",
			i ? (long long)n + 1 : 0);
	gap.context = short_epochs;
	gap.n_context = 3;
	setup = golden_setup(&gap);
	file = setup.inputs[0];
	setup.inputs[0].at = (const uint8_t *)log;
	setup.inputs[0].n_bytes = (uint64_t)n_log;
	assert_true(recorder_run(&setup, &rec, ret, NULL) >= 0);
	setup.inputs[0] = file;
	golden_done(&setup);
	return rec;
}

static void a_gap_over_many_epochs_makes_a_bounded_number_of_spans(void **state)
{
	enum {
		SPANS_MAX = 4096
	};
	struct recorder_result r;
	struct recorder *rec = read_gap(SPANS_MAX, &r);

	assert_int_equal(count(recorder_text(rec), "{\"span\":\"cardano.slot.missed\""), SPANS_MAX);
	assert_int_equal(count(recorder_text(rec), "\"dur_ns\":2000000000,\"value\":2}"), 0);
	recorder_free(rec);
	rec = read_gap(SPANS_MAX + 1, &r);
	assert_int_equal(count(recorder_text(rec), "{\"span\":\"cardano.slot.missed\""), SPANS_MAX);
	assert_int_equal(count(recorder_text(rec), "\"dur_ns\":2000000000,\"value\":2}"), 1);
	recorder_free(rec);
	rec = read_gap(INT64_C(1) << 50, &r);
	assert_int_equal(count(recorder_text(rec), "{\"span\":\"cardano.slot.missed\""), 0);
	assert_int_equal(count(recorder_text(rec), "\"trace.no_slot\""), 1);
	recorder_free(rec);
}

/* Threads that each start slot 0 and slot 2. */
static struct recorder *read_threads(int n)
{
	char *log = malloc((size_t)n * 512), *to = log;
	struct recorder *rec = NULL;

	assert_non_null(log);
	for (int i = 0; i < 2 * n; i++)
		to += snprintf(to, 256,
		               "{\"at\":\"2025-12-01T07:00:00.5Z\",\"ns\":\"Forge.Loop.StartLeadershipCheck\",\"data\":"
		               "{\"kind\":"
		               "\"x\",\"slot\":%d},\"sev\":\"Info\",\"thread\":\"%d\",\"host\":\"n\"}\n",
		               i < n ? 0 : 2, 100 + i % n);
	(void)read_all((const uint8_t *)log, (uint64_t)(to - log), &rec);
	free(log);
	return rec;
}

static void the_65th_forging_thread_is_left_out_and_noted(void **state)
{
	struct recorder *rec = read_threads(64);

	assert_int_equal(count(recorder_text(rec), "{\"span\":\"cardano.slot.missed\""), 64);
	assert_int_equal(count(recorder_text(rec), "trace.forge_threads"), 0);
	recorder_free(rec);
	rec = read_threads(65);
	assert_int_equal(count(recorder_text(rec), "{\"span\":\"cardano.slot.missed\""), 64);
	assert_int_equal(count(recorder_text(rec), "\"trace.forge_threads\",\"severity\":\"note\",\"count\":2"), 1);
	recorder_free(rec);
}

/* ---- Rotated logs ---- */

struct lines {
	char *at[4096];
	size_t n;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What a recorder was told of spans, line by line. */
static void keep_spans(struct lines *to, struct recorder *rec)
{
	struct weir_text text = recorder_text(rec);
	const char *at = text.at, *end = text.at + text.n_bytes, *newline;

	for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1)
		if (strncmp(at, "{\"span\"", 7) == 0) {
			assert_true(to->n < sizeof(to->at) / sizeof(to->at[0]));
			to->at[to->n++] = strndup(at, (size_t)(newline - at));
		}
}

static void free_lines(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i]);
}

/* Reads one piece of a log; before: the file before it, NULL: none. */
static void read_piece(struct lines *to, const uint8_t *at, uint64_t n, const char *before)
{
	struct lend_pair context[6] = { { "trace.before", before } };
	struct golden piece = mixed;
	struct recorder_setup setup;
	struct recorder_input file;
	struct recorder_result result;
	struct recorder *rec = NULL;

	memcpy(context + 1, genesis, sizeof(genesis));
	piece.context = before ? context : genesis;
	piece.n_context = before ? 6 : 5;
	setup = golden_setup(&piece);
	file = setup.inputs[0];
	setup.inputs[0].at = at;
	setup.inputs[0].n_bytes = n;
	assert_true(recorder_run(&setup, &rec, &result, NULL) >= 0);
	keep_spans(to, rec);
	recorder_free(rec);
	setup.inputs[0] = file;
	golden_done(&setup);
}

static void a_rotated_log_says_what_the_whole_one_says(void **state)
{
	struct recorder_setup setup = golden_setup(&mixed);
	const uint8_t *at = setup.inputs[0].at;
	uint64_t n = setup.inputs[0].n_bytes;
	struct lines whole = { .n = 0 };

	read_piece(&whole, at, n, NULL);
	qsort(whole.at, whole.n, sizeof(whole.at[0]), by_text);
	assert_true(whole.n > 50);
	for (uint64_t cut = 1; cut < n; cut++) {
		struct lines parts = { .n = 0 };
		char *before;

		if (at[cut - 1] != '\n')
			continue;
		before = strndup((const char *)at, cut);
		read_piece(&parts, at, cut, NULL);
		read_piece(&parts, at + cut, n - cut, before);
		qsort(parts.at, parts.n, sizeof(parts.at[0]), by_text);
		for (size_t i = 0; i < whole.n && i < parts.n; i++)
			assert_string_equal(parts.at[i], whole.at[i]);
		assert_int_equal(parts.n, whole.n);
		free(before);
		free_lines(&parts);
	}
	free_lines(&whole);
	golden_done(&setup);
}

static void a_negative_amount_is_none(void **state)
{
	static const char line[] =
		"{\"at\":\"2025-12-01T07:00:00.5Z\",\"ns\":\"Resources\",\"data\":{\"kind\":\"ResourceStats\",\"RSS\":-"
		"1,"
		"\"NetRd\":-7,\"Heap\":5},\"sev\":\"Info\",\"thread\":\"50\",\"host\":\"n\"}\n"
		"{\"at\":\"2025-12-01T07:00:00.6Z\",\"ns\":\"LedgerMetrics\",\"data\":{\"kind\":\"LedgerMetrics\","
		"\"utxoSize\":1,\"chainDensity\":-0.1},\"sev\":\"Info\",\"thread\":\"50\",\"host\":\"n\"}\n";
	struct recorder *rec = NULL;
	struct recorder_result r = read_all((const uint8_t *)line, sizeof(line) - 1, &rec);

	assert_null(r.out_of_range);
	assert_int_equal(count(recorder_text(rec), "process.memory.usage"), 0);
	assert_int_equal(count(recorder_text(rec), "cardano.chain.density"), 0);
	assert_int_equal(count(recorder_text(rec), "ghc.heap.size"), 1);
	assert_int_equal(count(recorder_text(rec), "\"trace.negative\",\"severity\":\"note\",\"count\":3"), 1);
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_says_what_it_said),
		cmocka_unit_test(windows_make_no_difference),
		cmocka_unit_test(every_beginning_of_a_log_ends_well),
		cmocka_unit_test(exactly_the_slots_that_were_not_started_are_missed),
		cmocka_unit_test(without_a_genesis_missed_slots_are_still_exact),
		cmocka_unit_test(dead_fields_are_not_zeros),
		cmocka_unit_test(a_log_cut_anywhere_keeps_all_whole_lines),
		cmocka_unit_test(a_garbled_byte_costs_at_most_its_own_line),
		cmocka_unit_test(a_gap_over_many_epochs_makes_a_bounded_number_of_spans),
		cmocka_unit_test(the_65th_forging_thread_is_left_out_and_noted),
		cmocka_unit_test(a_negative_amount_is_none),
		cmocka_unit_test(a_rotated_log_says_what_the_whole_one_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
