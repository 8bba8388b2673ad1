/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/recorder.h"

#include "tests/support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugins/conformance/comma.h"
#include "plugins/loader.h"

static const struct golden lines = { .collector = EXAMPLE_DIR "/lines.so",
	                             .input = "examples/lines/tests/three.txt",
	                             .expected = "examples/lines/tests/three.json" };

static void a_collector_says_what_it_said_before(void **state)
{
	golden_check(&lines);
	golden_check_windows(&lines, 16);
	golden_check_prefixes(&lines, 1);
}

/* ---- A collector in this process, whose poll is what the test says ---- */

typedef int poll_function(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr);

struct weir_instance {
	const struct weir_host *h;
	uint64_t n_polls;
	struct weir_chunk c;
};

static poll_function *current_poll;
static unsigned n_open;

static int poll_it(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	i->n_polls++;
	return current_poll(i, now_ns, reterr);
}

static int open_it(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	*ret = calloc(1, sizeof(**ret));
	(*ret)->h = h;
	n_open++;
	return WEIR_OK;
}

static void close_it(struct weir_instance *i)
{
	n_open--;
	free(i);
}

static const struct weir_metric metrics[] = {
	{ .name = "a.real", .shape = WEIR_SHAPE_NUMBER, .kind = WEIR_KIND_GAUGE, .type = WEIR_TYPE_F64 },
	{ .name = "a.weight", .shape = WEIR_SHAPE_WEIGHT, .type = WEIR_TYPE_I64, .range = WEIR_RANGE_FROM_ZERO },
	{ .name = "a.span", .shape = WEIR_SHAPE_SPAN },
	{ .name = "a.histogram", .shape = WEIR_SHAPE_HISTOGRAM },
};

static const char *const companions[] = { "{stem}.other" };

static const struct weir_collector collector = { .name = "test",
	                                         .metrics = metrics,
	                                         .n_metrics = 4,
	                                         .companions = companions,
	                                         .n_companions = 1,
	                                         .open = open_it,
	                                         .poll = poll_it,
	                                         .close = close_it };

static struct recorder_setup setup_over(poll_function *poll, const char *bytes)
{
	struct recorder_setup s = { .collector = &collector };

	current_poll = poll;
	s.inputs[0] = (struct recorder_input){ (const uint8_t *)bytes, strlen(bytes), 1 };
	return s;
}

static struct recorder *run(const struct recorder_setup *s, struct recorder_result *ret)
{
	struct recorder *rec;

	assert_int_equal(recorder_run(s, &rec, ret, NULL), 0);
	assert_int_equal(n_open, 0);
	return rec;
}

static struct recorder_result result_of(const struct recorder_setup *s)
{
	struct recorder_result r;

	recorder_free(run(s, &r));
	return r;
}

static struct weir_text text(const char *s)
{
	return (struct weir_text){ s, strlen(s) };
}

/* ---- Windows ---- */

/* Uses one byte of each window, and checks that windows follow on each other. */
static int use_single_bytes(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct weir_chunk before = i->c;
	int r = i->h->input(i->h, 0, before.n_bytes > 0, &i->c);

	if (r == WEIR_OK || r == WEIR_AGAIN) {
		assert_int_equal(i->c.offset, before.offset + (before.n_bytes > 0));
		assert_true(i->c.n_bytes + 1 >= before.n_bytes);
		assert_memory_equal(i->c.at, &"abcdefghij"[i->c.offset], i -> c.n_bytes);
		assert_int_equal(i->c.is_last && i->c.offset + i->c.n_bytes != 10, 0);
	}
	if (r == WEIR_OK)
		assert_true(i->c.is_last || i->c.n_bytes >= before.n_bytes);
	return r;
}

static void windows_follow_on_each_other(void **state)
{
	struct recorder_setup s = setup_over(use_single_bytes, "abcdefghij");
	struct recorder_result r = result_of(&s);

	assert_int_equal(r.r, WEIR_END);
	assert_int_equal(r.n_polls, 11);
	s.windows = RECORDER_STEPS;
	for (s.step = 1; s.step < 12; s.step++)
		assert_int_equal(result_of(&s).r, WEIR_END);
	s.windows = RECORDER_RANDOM;
	for (s.seed = 0; s.seed < 200; s.seed++)
		assert_int_equal(result_of(&s).r, WEIR_END);
	s.again_every = 2;
	for (s.seed = 0; s.seed < 50; s.seed++)
		assert_int_equal(result_of(&s).r, WEIR_END);
}

static int use_all(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	int r = i->h->input(i->h, 0, i->c.n_bytes, &i->c);

	return r;
}

static void an_empty_input_is_at_its_end(void **state)
{
	struct recorder_setup s = setup_over(use_all, "");
	struct recorder_result r = result_of(&s);

	assert_int_equal(r.r, WEIR_END);
	assert_int_equal(r.n_polls, 1);
}

static void the_same_seed_gives_the_same_windows(void **state)
{
	char bytes[4001];
	struct recorder_setup s;
	uint64_t n_calls;
	int n_different = 0;

	memset(bytes, 'x', 4000);
	bytes[4000] = '\0';
	s = setup_over(use_all, bytes);
	s.windows = RECORDER_RANDOM;
	n_calls = result_of(&s).n_input_calls;
	assert_int_equal(result_of(&s).n_input_calls, n_calls);
	for (s.seed = 1; s.seed < 20; s.seed++)
		n_different += result_of(&s).n_input_calls != n_calls;
	assert_true(n_different > 0);
}

static int use_nothing(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	int r = i->h->input(i->h, 0, 0, &i->c);

	return r == WEIR_OK && i->c.is_last ? WEIR_END : r;
}

static void a_window_grows_up_to_its_bound(void **state)
{
	struct recorder_setup s = setup_over(use_nothing, "abcdefghij");

	s.windows = RECORDER_STEPS;
	s.step = 3;
	s.window_max = 10;
	assert_int_equal(result_of(&s).r, WEIR_END);
	s.window_max = 9;
	assert_int_equal(result_of(&s).r, -E2BIG);
}

static int ask_companion(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	int r = i->h->input(i->h, 1, i->c.n_bytes, &i->c);

	return r;
}

static void a_companion_is_there_or_not(void **state)
{
	struct recorder_setup s = setup_over(ask_companion, "abc");

	assert_int_equal(result_of(&s).r, -ENOENT);
	s.inputs[1] = (struct recorder_input){ (const uint8_t *)"xyz", 3, 1 };
	assert_int_equal(result_of(&s).r, WEIR_END);
}

static int ask_last_companion(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	const struct weir_diag d = { .code = "test.d", .offset = 4, .count = 1, .input = LOADER_COMPANIONS_MAX };

	if (i->n_polls == 1)
		i->h->diag(i->h, &d);
	return i->h->input(i->h, LOADER_COMPANIONS_MAX, i->n_polls == 1 ? 0 : 3, &i->c);
}

static void a_collector_has_as_many_companions_as_the_bound(void **state)
{
	static const char *const names[LOADER_COMPANIONS_MAX] = { "{stem}.other" };
	struct weir_collector with_most = collector;
	struct recorder_setup s = setup_over(ask_last_companion, "abc");
	struct recorder_result r;

	with_most.companions = names;
	with_most.n_companions = LOADER_COMPANIONS_MAX;
	s.collector = &with_most;
	assert_int_equal(result_of(&s).r, -ENOENT);
	s.inputs[LOADER_COMPANIONS_MAX] = (struct recorder_input){ (const uint8_t *)"xyz", 3, 1 };
	r = result_of(&s);
	assert_int_equal(r.r, WEIR_END);
	assert_int_equal(r.n_offsets_outside, 1);
}

static int dies(const struct recorder_setup *s)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		/* cmocka's own handler would go on with the next test. */
		(void)signal(SIGSEGV, SIG_DFL);
		(void)result_of(s);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static int read_too_far(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	int r = use_all(i, now_ns, reterr);

	if (r == WEIR_OK)
		(void)*(const volatile uint8_t *)(i->c.at + i->c.n_bytes);
	return r;
}

static int read_too_late(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	const volatile uint8_t *old = i->c.at;
	int r = use_all(i, now_ns, reterr);

	if (r == WEIR_OK && old)
		(void)*old;
	return r;
}

static int read_past_the_host(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	(void)*(const volatile uint8_t *)(i->h + 1);
	return WEIR_END;
}

static void reading_where_nothing_is_lent_dies_unless_loose(void **state)
{
	static const struct {
		poll_function *poll;
		unsigned loose;
	} cases[] = { { read_too_far, RECORDER_LOOSE_ENDS },
		      { read_too_late, RECORDER_LOOSE_PAST },
		      { read_past_the_host, RECORDER_LOOSE_HOST } };

	for (size_t k = 0; k < 3; k++) {
		struct recorder_setup s = setup_over(cases[k].poll, "abcdefghij");

		s.windows = RECORDER_STEPS;
		s.step = 4;
		assert_true(dies(&s));
		s.loose = RECORDER_LOOSE_ALL & ~cases[k].loose;
		assert_true(dies(&s));
		s.loose = cases[k].loose;
		assert_false(dies(&s));
	}
}

/* ---- Results ---- */

static int say_again(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	return WEIR_AGAIN;
}

static int say_42(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	return 42;
}

static int say_eio(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	memcpy(reterr->text, "a: b: c", 8);
	return -EIO;
}

static void idleness_has_a_bound(void **state)
{
	struct recorder_setup s = setup_over(say_again, "abc");
	struct recorder_result r = result_of(&s);

	assert_int_equal(r.r, -ETIMEDOUT);
	assert_int_equal(r.n_polls, RECORDER_IDLE_MAX + 1);
	s.n_polls = RECORDER_IDLE_MAX;
	assert_int_equal(result_of(&s).r, WEIR_AGAIN);
}

static void an_unknown_result_is_a_failure(void **state)
{
	struct recorder_setup s = setup_over(say_42, "abc");
	struct recorder_result r = result_of(&s);

	assert_int_equal(r.r, -EPROTO);
	assert_int_equal(r.n_strange, 1);
}

static void a_failure_keeps_its_sentence(void **state)
{
	struct recorder_setup s = setup_over(say_eio, "abc");
	struct recorder_result r;
	struct recorder *rec = run(&s, &r);

	assert_int_equal(r.r, -EIO);
	assert_int_equal(r.status, STORE_FAILED);
	assert_string_equal(r.error.text, "a: b: c");
	assert_non_null(strstr(recorder_text(rec).at, "{\"end\":\"failed\",\"error\":\"a: b: c\",\"read\":0,"));
	recorder_free(rec);
}

static int emit_deaf(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct weir_number n = { .time_ns = now_ns, .series = i->h->series(i->h, 0, NULL, 0), .value.f64 = 1 };

	(void)i->h->numbers(i->h, &n, 1);
	return i->n_polls == 3 ? WEIR_END : WEIR_OK;
}

static void emits_fail_from_the_nth_on(void **state)
{
	struct recorder_setup s = setup_over(emit_deaf, "");
	struct recorder_result r;

	s.emit_fails_at = 2;
	r = result_of(&s);
	assert_int_equal(r.n_polls_on_pipe, 2);
	assert_int_equal(r.n_observations, 3);
}

static int see_newer(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	assert_int_equal(i->h->abi_minor, WEIR_ABI_MINOR + 1);
	assert_true(i->h->size > sizeof(struct weir_host));
	assert_true(((const uint8_t *)(i->h + 1))[i->h->size - sizeof(struct weir_host) - 1] == 0xA5);
	return WEIR_END;
}

static void a_newer_host_is_larger(void **state)
{
	struct recorder_setup s = setup_over(see_newer, "");

	s.is_newer_host = 1;
	assert_int_equal(result_of(&s).r, WEIR_END);
}

static int watch_the_clock(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	assert_int_equal(now_ns, 1000 + 10 * (int64_t)i->n_polls);
	assert_int_equal(i->h->now(i->h), now_ns);
	return i->n_polls == 5 ? WEIR_END : WEIR_OK;
}

static void time_is_what_the_test_says(void **state)
{
	struct recorder_setup s = setup_over(watch_the_clock, "");

	s.now_ns = 1000;
	s.now_step_ns = 10;
	assert_int_equal(result_of(&s).now_ns, 1050);
}

/* ---- Lines ---- */

static int say_everything(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	const struct weir_host *h = i->h;
	const struct weir_attr device = { text("device"), text("sda") }, slot = { text("slot"), text("7") };
	uint64_t buckets[] = { 1, 2 };
	struct weir_number n = { .time_ns = 1, .series = h->series(h, 0, &device, 1), .value.f64 = 0.1 };
	struct weir_span s = { .time_ns = 2,
		               .duration_ns = 3,
		               .series = h->series(h, 2, &device, 1),
		               .track = 4,
		               .attrs = h->attrs(h, &slot, 1),
		               .flags = WEIR_SPAN_HAS_VALUE,
		               .value = 1.5 };
	uint32_t root = h->stack(h, 0, h->frame(h, text("MAIN"), text("M"), text("")), 0);
	struct weir_weight w = { .time_ns = 5,
		                 .series = h->series(h, 1, NULL, 0),
		                 .stack = h->stack(h, root, h->frame(h, text("f\xFFg"), text("A.B"), text("a.hs:1")),
		                                   99),
		                 .flags = WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE,
		                 .self.i64 = -1,
		                 .inclusive.i64 = 8 };
	struct weir_histogram g = { .time_ns = 6,
		                    .duration_ns = 7,
		                    .count = 3,
		                    .sum = 9,
		                    .min = 1,
		                    .max = 4,
		                    .buckets = buckets,
		                    .n_buckets = 2,
		                    .scale = 1,
		                    .offset = -2,
		                    .series = h->series(h, 3, NULL, 0) };
	const struct weir_clock clock = { .name = "c", .tie = text("t"), .error_ns = -1 };
	const struct weir_diag d = { .code = "test.d",
		                     .message = text("a\n\"b\""),
		                     .offset = 4,
		                     .count = 2,
		                     .severity = WEIR_WARNING,
		                     .input = 0 };

	(void)h->clock(h, &clock);
	(void)h->fact(h, "program.name", text("p"));
	assert_int_equal(h->numbers(h, &n, 1), 0);
	assert_int_equal(h->spans(h, &s, 1), 0);
	assert_int_equal(h->weights(h, &w, 1), 0);
	assert_int_equal(h->histograms(h, &g, 1), 0);
	h->diag(h, &d);
	return WEIR_END;
}

static const char everything[] =
	"{\"clock\":\"c\",\"tie\":\"t\"}\n"
	"{\"fact\":\"program.name\",\"value\":\"p\"}\n"
	"{\"number\":\"a.real\",\"attrs\":{\"device\":\"sda\"},\"t_ns\":1,\"value\":0.1}\n"
	"{\"span\":\"a.span\",\"attrs\":{\"device\":\"sda\",\"slot\":\"7\"},\"track\":4,\"t_ns\":2,\"dur_ns\":3,"
	"\"value\":1.5}\n"
	"{\"weight\":\"a.weight\",\"attrs\":{},\"stack\":[\"MAIN\",\"f\\udcffg\"],\"module\":\"A.B\",\"src\":\"a.hs:"
	"1\","
	"\"native\":99,\"t_ns\":5,\"self\":-1,\"inclusive\":8}\n"
	"{\"histogram\":\"a.histogram\",\"attrs\":{},\"t_ns\":6,\"dur_ns\":7,\"count\":3,\"zero\":0,\"sum\":9,\"min\":"
	"1,"
	"\"max\":4,\"scale\":1,\"offset\":-2,\"buckets\":[1,2]}\n"
	"{\"diag\":\"test.d\",\"severity\":\"warning\",\"offset\":4,\"count\":2,\"message\":\"a\\n\\\"b\\\"\"}\n"
	"{\"end\":\"partial\",\"read\":0,\"stored\":0,\"skipped\":0,\"bad\":0,\"lost\":0,\"reasons\":{}}\n";

static void everything_said_is_one_line(void **state)
{
	struct recorder_setup s = setup_over(say_everything, "abc");
	struct recorder_result r;
	struct recorder *rec = run(&s, &r);

	assert_string_equal(recorder_text(rec).at, everything);
	assert_int_equal(r.n_observations, 4);
	assert_int_equal(r.n_clocks, 1);
	assert_int_equal(r.n_offsets_outside, 1);
	assert_string_equal(r.out_of_range, "a.weight");
	recorder_free(rec);
}

static void a_decimal_comma_stays_out_of_the_lines(void **state)
{
	struct recorder_setup s = setup_over(say_everything, "abc");
	struct recorder_result r;
	struct recorder *rec;

	if (!comma_locale()) {
		print_message("skipped: no locale with a comma\n");
		skip();
	}
	rec = run(&s, &r);
	assert_string_equal(recorder_text(rec).at, everything);
	recorder_free(rec);
}

static int say_by_turns(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	const struct weir_attr device = { text("device"), text("sda") };
	uint32_t ids[2] = { i->h->series(i->h, 0, &device, 1), i->h->series(i->h, 0, NULL, 0) };
	struct weir_number n = { .time_ns = 10 - (int64_t)i->n_polls, .series = ids[i->n_polls % 2], .value.f64 = 1 };

	assert_int_equal(i->h->numbers(i->h, &n, 1), 0);
	return i->n_polls == 4 ? WEIR_END : WEIR_OK;
}

static void sorted_lines_keep_the_order_within_a_series(void **state)
{
	struct recorder_setup s = setup_over(say_by_turns, "");
	struct recorder_result r;
	struct recorder *rec = run(&s, &r);
	const char *first = "{\"number\":\"a.real\",\"attrs\":{\"device\":\"sda\"},\"t_ns\":8,\"value\":1}\n"
			    "{\"number\":\"a.real\",\"attrs\":{\"device\":\"sda\"},\"t_ns\":6,\"value\":1}\n"
			    "{\"number\":\"a.real\",\"attrs\":{},\"t_ns\":9,\"value\":1}\n"
			    "{\"number\":\"a.real\",\"attrs\":{},\"t_ns\":7,\"value\":1}\n";
	struct weir_text sorted = recorder_sorted(rec);

	assert_int_equal(sorted.n_bytes, recorder_text(rec).n_bytes);
	assert_non_null(memmem(sorted.at, sorted.n_bytes, first, strlen(first)));
	recorder_free(rec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_collector_says_what_it_said_before),
		cmocka_unit_test(windows_follow_on_each_other),
		cmocka_unit_test(an_empty_input_is_at_its_end),
		cmocka_unit_test(the_same_seed_gives_the_same_windows),
		cmocka_unit_test(a_window_grows_up_to_its_bound),
		cmocka_unit_test(a_companion_is_there_or_not),
		cmocka_unit_test(a_collector_has_as_many_companions_as_the_bound),
		cmocka_unit_test(reading_where_nothing_is_lent_dies_unless_loose),
		cmocka_unit_test(idleness_has_a_bound),
		cmocka_unit_test(an_unknown_result_is_a_failure),
		cmocka_unit_test(a_failure_keeps_its_sentence),
		cmocka_unit_test(emits_fail_from_the_nth_on),
		cmocka_unit_test(a_newer_host_is_larger),
		cmocka_unit_test(time_is_what_the_test_says),
		cmocka_unit_test(everything_said_is_one_line),
		cmocka_unit_test(sorted_lines_keep_the_order_within_a_series),
		cmocka_unit_test(a_decimal_comma_stays_out_of_the_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
