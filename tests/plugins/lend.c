/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/plugins/lent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Options and context ---- */

static void options_have_their_defaults(void **state)
{
	struct fixture *f = *state;
	union weir_value v;
	struct weir_text t;

	assert_int_equal(f->h->option(f->h, 0, &v), WEIR_OK);
	assert_int_equal(v.i64, 3);
	assert_int_equal(f->h->option(f->h, 2, &v), WEIR_OK);
	assert_true(v.f64 > 0.49 && v.f64 < 0.51);
	assert_int_equal(f->h->option_text(f->h, 1, &t), WEIR_OK);
	assert_string_equal(t.at, "none");
	assert_int_equal(f->h->option(f->h, 1, &v), -EINVAL);
	assert_int_equal(f->h->option_text(f->h, 0, &t), -EINVAL);
	assert_int_equal(f->h->option(f->h, 3, &v), -EINVAL);
	assert_int_equal(f->h->now(f->h), 42);
}

static void given_options_and_context_are_copies(void **state)
{
	struct lend_receiver receiver = { .fails = 0 };
	char value[] = "7", node[] = "node-1";
	const struct lend_pair given[] = { { "depth", value } }, context[] = { { "node", node } };
	const struct lend_config config = { &lent_collector, &lent_ops, &receiver, given, context, 1, 1 };
	const struct weir_host *h;
	struct lend *lend;
	union weir_value v;
	struct weir_text t;

	assert_int_equal(lend_new(&config, &lend, NULL), 0);
	value[0] = node[0] = 'x';
	h = lend_host(lend);
	assert_int_equal(h->option(h, 0, &v), WEIR_OK);
	assert_int_equal(v.i64, 7);
	assert_int_equal(h->context(h, "node", &t), WEIR_OK);
	assert_string_equal(t.at, "node-1");
	assert_int_equal(h->context(h, "run", &t), -ENOENT);
	lend_free(lend);
}

static void options_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		struct lend_pair pair;
		const char *sentence;
	} cases[] = {
		{ { "depht", "1" }, "option: depht: test has no such option; nearest is depth" },
		{ { "depth", "10" }, "option: depth: '10' is not a whole number from 1 to 9" },
	};
	struct lend_receiver receiver = { .fails = 0 };
	struct weir_error error;
	struct lend *lend;

	for (size_t i = 0; i < 2; i++) {
		const struct lend_config config = { .collector = &lent_collector,
			                            .ops = &lent_ops,
			                            .receiver = &receiver,
			                            .options = &cases[i].pair,
			                            .n_options = 1 };

		assert_int_equal(lend_new(&config, &lend, &error), -EINVAL);
		assert_string_equal(error.text, cases[i].sentence);
	}
}

/* ---- Input, facts, clock ---- */

static void a_window_is_used_once(void **state)
{
	struct fixture *f = *state;
	struct weir_chunk c;

	assert_int_equal(f->h->input(f->h, 0, 1, &c), -EINVAL);
	assert_string_equal(f->receiver.last_code, "host.input");
	assert_int_equal(f->h->input(f->h, 0, 0, &c), WEIR_OK);
	assert_int_equal(f->h->input(f->h, 0, 4, &c), -EINVAL);
	assert_int_equal(f->h->input(f->h, 0, 3, &c), WEIR_END);
	assert_int_equal(f->h->input(f->h, 1, 0, &c), WEIR_OK);
	assert_int_equal(f->h->input(f->h, 2, 0, &c), -ENOENT);
}

static void facts_and_clocks_have_names(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->h->fact(f->h, "program.name", text("x")), 0);
	assert_int_equal(f->h->fact(f->h, "Program", text("x")), -EINVAL);
	assert_string_equal(f->receiver.last_code, "host.fact");
	assert_int_equal(f->h->fact(f->h, NULL, text("x")), -EINVAL);
	assert_int_equal(f->h->clock(f->h, &(struct weir_clock){ .name = "c", .error_ns = -1 }), 0);
	assert_int_equal(f->h->clock(f->h, &(struct weir_clock){ .name = "c", .error_ns = -2 }), -EINVAL);
	assert_int_equal(f->h->clock(f->h, &(struct weir_clock){ .error_ns = 0 }), -EINVAL);
	assert_string_equal(f->receiver.last_code, "host.clock");
}

/* ---- Honesty ---- */

static void complain(struct fixture *f, const char *code, uint64_t count)
{
	const struct weir_diag d = { .code = code, .message = text("m"), .count = count, .severity = WEIR_WARNING };

	f->h->diag(f->h, &d);
}

static void diags_of_one_code_are_kept_up_to_a_bound(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < LEND_DIAGS_PER_CODE_MAX; i++)
		complain(f, "test.bad", 1);
	assert_int_equal(f->receiver.n_diags, LEND_DIAGS_PER_CODE_MAX);
	complain(f, "test.bad", 5);
	complain(f, "test.bad", 2);
	complain(f, "test.worse", 1);
	assert_int_equal(f->receiver.n_diags, LEND_DIAGS_PER_CODE_MAX + 1);
	assert_int_equal(lend_finish(f->lend), 0);
	assert_int_equal(f->receiver.n_diags, LEND_DIAGS_PER_CODE_MAX + 2);
	assert_string_equal(f->receiver.last_code, "test.bad");
	assert_int_equal(f->receiver.last_count, 7);
	assert_string_equal(f->receiver.last_message, "and 7 more like these");
	assert_int_equal(f->receiver.last_severity, WEIR_WARNING);
}

static void codes_past_the_bound_share_one(void **state)
{
	struct fixture *f = *state;
	char code[16];

	for (int i = 0; i < LEND_DIAG_CODES_MAX + 50; i++) {
		(void)snprintf(code, sizeof(code), "test.c%d", i);
		complain(f, code, 1);
	}
	/* 63 codes of their own, then 16 diags of all others; the rest is counted. */
	assert_int_equal(f->receiver.n_diags, LEND_DIAG_CODES_MAX - 1 + LEND_DIAGS_PER_CODE_MAX);
	assert_int_equal(lend_finish(f->lend), 0);
	assert_string_equal(f->receiver.last_code, "host.other_codes");
	assert_int_equal(f->receiver.last_count, 51 - LEND_DIAGS_PER_CODE_MAX);
}

static void odd_diags_are_mended_and_noted(void **state)
{
	struct fixture *f = *state;
	char *big = malloc(LEND_MESSAGE_MAX + 1);
	struct weir_diag d = { .code = "Bad", .message = text("kept"), .count = 0, .severity = 9, .input = 2 };

	f->h->diag(f->h, &d);
	assert_int_equal(f->receiver.n_diags, 2);
	assert_string_equal(f->receiver.last_code, "host.diag");
	assert_string_equal(f->receiver.last_message, "kept");
	assert_int_equal(f->receiver.last_count, 1);
	assert_int_equal(f->receiver.last_severity, WEIR_WARNING);
	assert_int_equal(f->receiver.last_input, 0);
	memset(big, 'x', LEND_MESSAGE_MAX + 1);
	d = (struct weir_diag){ .code = "test.long", .message = { big, LEND_MESSAGE_MAX + 1 }, .count = 1 };
	f->h->diag(f->h, &d);
	assert_int_equal(strlen(f->receiver.last_message), LEND_MESSAGE_MAX);
	f->h->diag(f->h, NULL);
	free(big);
}

static void reasons_are_counted_by_kind(void **state)
{
	struct fixture *f = *state;

	f->h->tally(f->h, WEIR_READ, 10, NULL);
	f->h->tally(f->h, WEIR_STORED, 4, NULL);
	f->h->tally(f->h, WEIR_SKIPPED, 3, "test.b");
	f->h->tally(f->h, WEIR_SKIPPED, 1, "test.a");
	f->h->tally(f->h, WEIR_SKIPPED, 1, "test.b");
	f->h->tally(f->h, WEIR_BAD, 1, NULL);
	f->h->tally(f->h, WEIR_LOST, 7, "NOT A NAME");
	f->h->tally(f->h, WEIR_LOST, 0, "test.never");
	assert_string_equal(lend_reasons_json(f->lend), "{\"bad\":{\"unnamed\":1},\"lost\":{\"other\":7},"
	                                                "\"skipped\":{\"test.a\":1,\"test.b\":4}}");
	assert_int_equal(lend_ledger(f->lend).n_skipped, 5);
	assert_int_equal(lend_finish(f->lend), 0);
	assert_int_equal(f->receiver.n_diags, 0);
	f->h->tally(f->h, 5, 1, NULL);
	assert_string_equal(f->receiver.last_code, "host.tally");
}

static void reasons_past_the_bound_are_others(void **state)
{
	struct fixture *f = *state;
	char reason[16], expected[32];
	uint64_t n_own = LEND_REASONS_MAX - 3;

	for (uint64_t i = 0; i < n_own + 5; i++) {
		(void)snprintf(reason, sizeof(reason), "test.r%llu", (unsigned long long)i);
		f->h->tally(f->h, WEIR_SKIPPED, 1, reason);
	}
	f->h->tally(f->h, WEIR_BAD, 2, "test.late");
	f->h->tally(f->h, WEIR_LOST, 3, "test.late");
	assert_non_null(strstr(lend_reasons_json(f->lend), "{\"bad\":{\"other\":2},\"lost\":{\"other\":3},"));
	assert_non_null(strstr(lend_reasons_json(f->lend), "\"other\":5,"));
	(void)snprintf(expected, sizeof(expected), "\"test.r%llu\":1", (unsigned long long)n_own - 1);
	assert_non_null(strstr(lend_reasons_json(f->lend), expected));
}

static void counts_do_not_wrap(void **state)
{
	struct fixture *f = *state;

	f->h->tally(f->h, WEIR_READ, UINT64_MAX, NULL);
	f->h->tally(f->h, WEIR_READ, 2, NULL);
	assert_true(lend_ledger(f->lend).n_read == UINT64_MAX);
}

static void a_ledger_that_does_not_add_up_is_said(void **state)
{
	struct fixture *f = *state;

	f->h->tally(f->h, WEIR_READ, 2, NULL);
	f->h->tally(f->h, WEIR_STORED, 1, NULL);
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_OK);
	assert_int_equal(lend_finish(f->lend), 0);
	assert_string_equal(f->receiver.last_code, "host.ledger");
	assert_string_equal(f->receiver.last_message,
	                    "collector: test: it read 2 records, but 1 stored, 0 skipped and 0 bad "
	                    "are another number");
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_PARTIAL);
}

static void what_a_source_came_to(void **state)
{
	struct fixture *f = *state;
	struct weir_diag d = { .code = "test.x", .message = text("m"), .count = 1, .severity = WEIR_NOTE };

	f->h->diag(f->h, &d);
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_OK);
	assert_int_equal(lend_status(f->lend, -EBADMSG), STORE_FAILED);
	f->h->tally(f->h, WEIR_STORED, 1, NULL);
	assert_int_equal(lend_status(f->lend, -EBADMSG), STORE_PARTIAL);
	f->h->tally(f->h, WEIR_BAD, 1, "test.bad");
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_PARTIAL);
	d.severity = WEIR_ERROR;
	f->h->diag(f->h, &d);
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_FAILED);
}

static void lost_records_make_a_source_partial(void **state)
{
	struct fixture *f = *state;

	f->h->tally(f->h, WEIR_LOST, 1, "test.dropped");
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_PARTIAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LENT_TEST(options_have_their_defaults),
		cmocka_unit_test(given_options_and_context_are_copies),
		cmocka_unit_test(options_that_do_not_fit_are_refused),
		LENT_TEST(a_window_is_used_once),
		LENT_TEST(facts_and_clocks_have_names),
		LENT_TEST(diags_of_one_code_are_kept_up_to_a_bound),
		LENT_TEST(codes_past_the_bound_share_one),
		LENT_TEST(odd_diags_are_mended_and_noted),
		LENT_TEST(reasons_are_counted_by_kind),
		LENT_TEST(reasons_past_the_bound_are_others),
		LENT_TEST(counts_do_not_wrap),
		LENT_TEST(a_ledger_that_does_not_add_up_is_said),
		LENT_TEST(what_a_source_came_to),
		LENT_TEST(lost_records_make_a_source_partial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
