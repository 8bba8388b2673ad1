/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/trace.h"
#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char healthy[] =
	"{\"at\":\"2025-12-01T07:06:46.219044Z\",\"ns\":\"Forge.Loop.StartLeadershipCheck\",\"data\":{\"kind\":"
	"\"TraceStartLeadershipCheck\",\"slot\":1,\"share\":2.98e-2,\"tip\":{\"a\":[1,2,\"x}\"]},\"ok\":true},\"sev\":"
	"\"Info\","
	"\"thread\":\"50\",\"host\":\"node-0\"}\n";

/* A joined `ns` points into the parser, so it must outlive the call. */
static struct trace_parser parser;

static enum parse_result one(const char *text, struct trace_line *line)
{
	struct parse_fault fault;
	size_t n_used;

	parser = (struct trace_parser){ 0 };
	return trace_next(&parser, text, strlen(text), 1, line, &n_used, &fault);
}

static void assert_text(struct parse_text t, const char *expected)
{
	if (t.n != strlen(expected) || (t.n && memcmp(t.at, expected, t.n) != 0))
		fail_msg("'%.*s' is not '%s'", (int)t.n, t.at ? t.at : "", expected);
}

static void a_line_gives_all_its_parts(void **state)
{
	struct trace_line line;

	assert_int_equal(one(healthy, &line), PARSE_OK);
	assert_int_equal(line.what, TRACE_MESSAGE);
	assert_int_equal(line.at_ns, 1764572806219044000);
	assert_text(line.ns, "Forge.Loop.StartLeadershipCheck");
	assert_text(line.kind, "TraceStartLeadershipCheck");
	assert_text(line.sev, "Info");
	assert_text(line.thread, "50");
	assert_text(line.host, "node-0");
	assert_int_equal(line.n_members, 5);
	assert_text(trace_member(&line, "share")->raw, "2.98e-2");
	assert_text(trace_member(&line, "tip")->raw, "{\"a\":[1,2,\"x}\"]}");
	assert_null(trace_member(&line, "slo"));
}

static void each_shape_of_ns_is_one_dotted_name(void **state)
{
	struct trace_line line;

	assert_int_equal(one("{\"at\":\"2025-12-01T07:06:46Z\",\"ns\":[\"cardano.node.Forge\"],\"data\":{}}\n", &line),
	                 PARSE_OK);
	assert_text(line.ns, "cardano.node.Forge");
	assert_int_equal(line.ns_is_array, 1);
	assert_int_equal(one("{\"at\":\"2025-12-01T07:06:46Z\",\"ns\":[\"Forge\",\"Loop\",\"X\"]}\n", &line), PARSE_OK);
	assert_text(line.ns, "Forge.Loop.X");
	assert_int_equal(line.ns_is_array, 2);
	assert_int_equal(one("{\"at\":\"2025-12-01T07:06:46Z\",\"ns\":[\"Forge\",1]}\n", &line), PARSE_BAD);
}

static void joined_ns_is_bounded(void **state)
{
	char text[TRACE_NS_MAX + 128];
	struct trace_line line;

	for (int over = 0; over < 2; over++) {
		int n = TRACE_NS_MAX - 2 + over; /* behind `a` and a dot */

		(void)snprintf(text, sizeof(text), "{\"at\":\"2025-12-01T07:06:46Z\",\"ns\":[\"a\",\"%0*d\"]}\n", n, 0);
		assert_int_equal(one(text, &line), over ? PARSE_BAD : PARSE_OK);
	}
}

static void wrapped_data_is_unwrapped(void **state)
{
	struct trace_line line;

	assert_int_equal(
		one("{\"at\":\"2021-06-30T12:18:38.00Z\",\"ns\":[\"cardano.node.Forge\"],\"pid\":\"8129\",\"thread\":"
	            "88,"
	            "\"data\":{\"val\":{\"kind\":\"TraceNodeNotLeader\",\"slot\":7},\"credentials\":\"Cardano\"}}\n",
	            &line),
		PARSE_OK);
	assert_text(line.kind, "TraceNodeNotLeader");
	assert_text(trace_member(&line, "slot")->raw, "7");
	assert_text(line.pid, "8129");
	assert_text(line.thread, "88");
	assert_true(line.has_thread_number);
}

static void of_duplicate_keys_the_last_counts(void **state)
{
	struct trace_line line;

	assert_int_equal(
		one("{\"at\":\"2021-06-30T12:18:38Z\",\"ns\":\"a\",\"ns\":\"b\",\"data\":{\"x\":1,\"x\":2}}\n", &line),
		PARSE_OK);
	assert_text(line.ns, "b");
	assert_text(trace_member(&line, "x")->raw, "2");
}

static void what_is_no_trace_is_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum trace_what what;
	} cases[] = {
		{ "Node configuration: NodeConfiguration {ncSocket = 1}\n", TRACE_TEXT },
		{ "[2026-07-01 10:00:00.1234Z][host:Ns.Name](Info,50) text\n", TRACE_HUMAN },
		{ "// a comment\n", TRACE_COMMENT },
		{ "\n", TRACE_BLANK },
		{ " \t \r\n", TRACE_BLANK },
		{ "{\"a\":1}\n", TRACE_OBJECT },
		{ "{\"at\":\"2021-06-30T12:18:38Z\",\"ns\":\"a\",\"da", TRACE_CUT },
		{ "cardano-node: internal error\r\n", TRACE_TEXT },
	};
	struct trace_line line;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(one(cases[i].text, &line), PARSE_OK);
		assert_int_equal(line.what, cases[i].what);
	}
	assert_int_equal(one("{\"level\":\"x\",\"message\":\"{\\\"at\\\":1}\"}\n", &line), PARSE_OK);
	assert_int_equal(line.wrapped.type, JSONTEXT_STRING);
}

static void a_bad_line_says_where(void **state)
{
	struct trace_parser p = { .offset = 1000 };
	struct trace_line line;
	struct parse_fault fault;
	size_t n_used;
	const char *bad = "{\"at\":\"2021-06-30T12:18:38Z\",\"ns\":\"a\",\"data\":{\"x\":01}}\nnext";

	assert_int_equal(trace_next(&p, bad, strlen(bad), 0, &line, &n_used, &fault), PARSE_BAD);
	assert_string_equal(fault.code, "trace.json");
	assert_int_equal(fault.offset, 1000 + (strstr(bad, "01}") - bad) + 2);
	assert_int_equal(n_used, strchr(bad, '\n') - bad + 1);
	assert_int_equal(p.offset, 1000 + n_used);
	assert_int_equal(one("{\"at\":\"2021-06-30\",\"ns\":\"a\"}\n", &line), PARSE_BAD);
	assert_int_equal(one("{\"at\":\"2021-06-30T12:18:38Z\"}\n", &line), PARSE_BAD);
}

static int at(const char *text, int64_t *ret)
{
	struct trace_parser p = { 0 };

	return trace_time(&p, (struct parse_text){ text, strlen(text) }, ret);
}

static void times_have_0_to_12_digits(void **state)
{
	char text[64] = "1970-01-02T00:00:01.";
	int64_t ns, expected = 86401000000000;

	assert_true(at("1970-01-02T00:00:01Z", &ns) && ns == expected);
	for (int n = 1; n <= 13; n++) {
		static const int digit_ns[] = { 100000000, 20000000, 3000000, 400000, 50000, 6000, 700,
			                        80,        9,        0,       0,      0,     0 };
		size_t end = strlen(text);

		text[end] = (char)('0' + n % 10);
		text[end + 1] = 'Z';
		text[end + 2] = 0;
		expected += digit_ns[n - 1];
		assert_int_equal(at(text, &ns), n <= 12);
		if (n <= 12)
			assert_int_equal(ns, expected);
		text[end + 1] = 0;
	}
	assert_false(at("1970-01-02T00:00:01.Z", &ns));
	assert_false(at("2023-02-29T00:00:00Z", &ns));
	assert_true(at("2024-02-29T23:59:60Z", &ns));
	assert_false(at("2024-13-01T00:00:00Z", &ns));
	assert_false(at("2024-01-01T24:00:00Z", &ns));
	assert_false(at("2024-01-01T00:00:00", &ns));
	assert_true(at("2026-07-01 10:00:00.1234Z", &ns));
}

/* Six digits are read in words; a zero behind them sends a time past that. */
static void six_digits_are_the_same_as_seven(void **state)
{
	static const char alphabet[] = "0123456789012345678901234567890123456789./:;-aZ\x80\xff";
	unsigned seed = 5;

	for (int round = 0; round < 200000; round++) {
		char six[] = "2025-12-01T07:06:46.219044Z", seven[] = "2025-12-01T07:06:46.2190440Z";
		int64_t a = -1, b = -1;

		for (int i = 0; i < 1 + round % 9; i++) {
			seed = seed * 1103515245 + 12345;
			six[17 + (seed >> 16) % 9] = alphabet[(seed >> 20) % (sizeof(alphabet) - 1)];
		}
		memcpy(seven + 17, six + 17, 9);
		assert_int_equal(at(six, &a), at(seven, &b));
		assert_int_equal(a, b);
	}
}

static void every_prefix_asks_for_more(void **state)
{
	for (size_t n = 0; n < sizeof(healthy) - 1; n++) {
		struct bytes b = bytes_guarded((const uint8_t *)healthy, n);
		struct trace_parser p = { 0 };
		struct trace_line line;
		struct parse_fault fault;
		size_t n_used;

		assert_int_equal(trace_next(&p, (const char *)b.at, n, 0, &line, &n_used, &fault), PARSE_MORE);
		assert_int_equal(p.offset, 0);
		if (n > 0)
			assert_int_equal(trace_next(&p, (const char *)b.at, n, 1, &line, &n_used, &fault), PARSE_OK);
		if (n > 0)
			assert_int_equal(line.what, n == sizeof(healthy) - 2 ? TRACE_MESSAGE : TRACE_CUT);
		bytes_done(&b);
	}
}

static void a_line_too_long_is_bad_and_passed(void **state)
{
	size_t n = TRACE_LINE_MAX + 2;
	char *text = malloc(n);
	struct trace_parser p = { 0 };
	struct trace_line line;
	struct parse_fault fault;
	size_t n_used;

	assert_non_null(text);
	memset(text, 'a', n);
	assert_int_equal(trace_next(&p, text, TRACE_LINE_MAX - 1, 0, &line, &n_used, &fault), PARSE_MORE);
	assert_int_equal(trace_next(&p, text, n, 0, &line, &n_used, &fault), PARSE_BAD);
	assert_string_equal(fault.code, "trace.line_length");
	assert_int_equal(n_used, TRACE_LINE_MAX);
	text[TRACE_LINE_MAX - 1] = '\n';
	assert_int_equal(trace_next(&p, text, n, 0, &line, &n_used, &fault), PARSE_OK);
	free(text);
}

/* A leading space sends a line past the quick path: both must say the same. */
static void same_with_a_space_before(const char *text, size_t n)
{
	char *spaced = malloc(n + 1);
	struct trace_parser p = { 0 }, q = { 0 };
	struct trace_line *a = calloc(1, sizeof(*a)), *b = calloc(1, sizeof(*b));
	struct parse_fault fault_a = { 0 }, fault_b = { 0 };
	size_t used_a, used_b;

	assert_true(spaced && a && b);
	spaced[0] = ' ';
	memcpy(spaced + 1, text, n);
	/* What a line before it may have left. */
	memset(a, 0x5a, sizeof(*a));
	if (text[0] == '{') {
		enum parse_result ra = trace_next(&p, text, n, 1, a, &used_a, &fault_a);
		enum parse_result rb = trace_next(&q, spaced, n + 1, 1, b, &used_b, &fault_b);

		assert_int_equal(ra, rb);
		assert_int_equal(a->what, b->what);
		if (ra == PARSE_BAD)
			assert_string_equal(fault_a.code, fault_b.code);
		if (ra == PARSE_BAD && strcmp(fault_a.code, "trace.field")) /* which is at the line's start */
			assert_int_equal(fault_a.offset + 1, fault_b.offset);
		if (ra == PARSE_OK && a->what == TRACE_MESSAGE) {
			assert_int_equal(a->at_ns, b->at_ns);
			assert_int_equal(a->n_members, b->n_members);
			assert_int_equal(a->ns.n, b->ns.n);
			assert_int_equal(a->kind.n, b->kind.n);
			assert_int_equal(a->thread.n, b->thread.n);
			assert_int_equal(a->host.n, b->host.n);
			assert_int_equal(a->sev.n, b->sev.n);
			assert_int_equal(a->pid.n, b->pid.n);
			assert_int_equal(a->data.raw.n, b->data.raw.n);
			assert_int_equal(a->data.type, b->data.type);
			assert_int_equal(a->payload.type, b->payload.type);
			assert_int_equal(a->wrapped.type, b->wrapped.type);
			assert_int_equal(a->ns_is_array, b->ns_is_array);
			assert_int_equal(a->n_ns_first, b->n_ns_first);
			assert_int_equal(a->has_thread_number, b->has_thread_number);
			assert_int_equal(a->payload.raw.n, b->payload.raw.n);
			for (uint32_t i = 0; i < a->n_members && i < TRACE_MEMBERS_MAX; i++) {
				assert_int_equal(a->members[i].value.type, b->members[i].value.type);
				assert_int_equal(a->members[i].value.raw.n, b->members[i].value.raw.n);
				assert_int_equal(a->members[i].key.at - text, b->members[i].key.at - spaced - 1);
				assert_int_equal(a->members[i].value.raw.at - text,
				                 b->members[i].value.raw.at - spaced - 1);
			}
		}
	}
	free(spaced);
	free(a);
	free(b);
}

/* Values that the quick path takes by itself, and some that it hands on. */
static const char rich[] =
	"{\"at\":\"2025-12-01T07:06:46.2Z\",\"ns\":\"A.B\",\"data\":{\"d\":4.8e-2,\"e\":-0E+7,\"f\":1e5,\"kind\":\"K\","
	"\"o\":{\"bytes\":129000,\"numTxs\":6.5e1},\"p\":{\"a\":{\"b\":[1,{}]},\"c\":null},\"q\":{},\"r\":[true,-1]},"
	"\"sev\":\"Info\",\"thread\":\"50\",\"host\":\"n\"}\n";

static void garble_and_compare(const char *line, size_t n, uint32_t seed)
{
	static const char alphabet[] = "{}[]:,\"\\0123456789.eE+-tnfk \t\x80\xc3\x01\n";
	char text[512];

	assert_true(n <= sizeof(text));
	same_with_a_space_before(line, n);
	for (int round = 0; round < 100000; round++) {
		memcpy(text, line, n);
		for (int k = 0; k < 1 + round % 3; k++) {
			seed = seed * 1664525u + 1013904223u;
			text[1 + (seed >> 8) % (n - 2)] = alphabet[(seed >> 4) % (sizeof(alphabet) - 1)];
		}
		same_with_a_space_before(text, n);
	}
}

static void the_quick_path_says_what_the_complete_one_says(void **state)
{
	garble_and_compare(healthy, sizeof(healthy) - 1, 7);
	garble_and_compare(rich, sizeof(rich) - 1, 11);
}

static void real_lines_are_all_understood(void **state)
{
	static const char *const files[] = { "recon-extracts/ok-3.txt", "new-lines.jsonl", "legacy-lines.jsonl",
		                             "tracer-array-ns-lines.jsonl", "recon-extracts/fail-1.txt" };
	const char *root = corpus_root();

	if (!root)
		skip();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[512];
		struct bytes b;
		struct trace_parser p = { 0 };
		struct trace_line line;
		struct parse_fault fault;
		size_t at_byte = 0, n_used, n_messages = 0;
		enum parse_result r;

		(void)snprintf(path, sizeof(path), "%s/cardano/%s", root, files[i]);
		b = bytes_read(path);
		while ((r = trace_next(&p, (char *)b.at + at_byte, b.n - at_byte, 1, &line, &n_used, &fault)) !=
		       PARSE_END) {
			assert_int_equal(r, PARSE_OK);
			assert_true(line.what == TRACE_MESSAGE || line.what == TRACE_COMMENT ||
			            line.what == TRACE_BLANK);
			same_with_a_space_before((char *)b.at + at_byte, n_used);
			n_messages += line.what == TRACE_MESSAGE;
			at_byte += n_used;
		}
		assert_int_equal(p.offset, b.n);
		assert_true(n_messages > 0);
		bytes_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_gives_all_its_parts),
		cmocka_unit_test(each_shape_of_ns_is_one_dotted_name),
		cmocka_unit_test(joined_ns_is_bounded),
		cmocka_unit_test(wrapped_data_is_unwrapped),
		cmocka_unit_test(of_duplicate_keys_the_last_counts),
		cmocka_unit_test(what_is_no_trace_is_told_apart),
		cmocka_unit_test(a_bad_line_says_where),
		cmocka_unit_test(times_have_0_to_12_digits),
		cmocka_unit_test(six_digits_are_the_same_as_seven),
		cmocka_unit_test(every_prefix_asks_for_more),
		cmocka_unit_test(a_line_too_long_is_bad_and_passed),
		cmocka_unit_test(the_quick_path_says_what_the_complete_one_says),
		cmocka_unit_test(real_lines_are_all_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
