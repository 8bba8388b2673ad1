/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/plugins/lent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

static struct weir_rung rung(const char *part, const char *name, uint32_t state)
{
	return (struct weir_rung){ .part = part,
		                   .name = name,
		                   .means = text("by looking"),
		                   .loss = text("detail"),
		                   .why_not = text("no right to"),
		                   .remedy = text("be root"),
		                   .state = state };
}

static void the_first_rung_that_works_is_kept_and_why_higher_ones_do_not(void **state)
{
	struct fixture *f = *state;
	const struct weir_rung all[] = { rung("latency", "best", WEIR_RUNG_FAILED),
		                         rung("latency", "next", WEIR_RUNG_WORKS),
		                         rung("latency", "least", WEIR_RUNG_WORKS) };

	f->h->rung(f->h, &all[0]);
	assert_string_equal(f->receiver.last_fact, "rung.failed.latency.best");
	assert_string_equal(f->receiver.last_message,
	                    "latency: best cannot be used: no right to; to change that: be root");
	f->h->rung(f->h, &all[1]);
	assert_string_equal(f->receiver.last_fact, "rung.latency");
	assert_memory_equal(f->receiver.last_text, "next", 4);
	assert_string_equal(f->receiver.last_message, "latency: next is used instead: by looking; it lacks: detail");
	f->h->rung(f->h, &all[2]);
	assert_int_equal(f->receiver.n_diags, 2);
	assert_int_equal(lend_finish(f->lend), 0);
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_OK);
}

static void a_part_without_a_rung_that_works_is_partial(void **state)
{
	struct fixture *f = *state;
	struct weir_rung failed = rung(NULL, "only", WEIR_RUNG_FAILED);

	f->h->rung(f->h, &failed);
	assert_string_equal(f->receiver.last_fact, "rung.failed.only");
	assert_int_equal(lend_finish(f->lend), 0);
	assert_string_equal(f->receiver.last_message, "not measured: none of its ways works here");
	assert_int_equal(lend_status(f->lend, WEIR_END), STORE_PARTIAL);
}

static void a_rung_has_a_name(void **state)
{
	struct fixture *f = *state;
	struct weir_rung bad = rung(NULL, "Not a name", WEIR_RUNG_WORKS);

	f->h->rung(f->h, &bad);
	assert_string_equal(f->receiver.last_code, "host.rung");
	bad = rung(NULL, "name", 2);
	f->h->rung(f->h, &bad);
	assert_int_equal(f->receiver.n_diags, 2);
	assert_string_equal(f->receiver.last_fact, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LENT_TEST(the_first_rung_that_works_is_kept_and_why_higher_ones_do_not),
		LENT_TEST(a_part_without_a_rung_that_works_is_partial),
		LENT_TEST(a_rung_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
