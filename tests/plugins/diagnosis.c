/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/diagnosis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#define MS INT64_C(1000000)

static const char *const nowhere[] = { NULL };

struct asked {
	struct registry *registry;
	struct diagnosis found;
	struct weir_error error;
	int r;
};

static struct asked ask(const char *path)
{
	struct registry_config config = { .folders = nowhere };
	const struct registry_collector *c;
	struct asked a = { .error = { "" } };

	assert_int_equal(registry_open(&config, &a.registry, &a.error), 0);
	if (registry_add(a.registry, path, &c, &a.error) < 0)
		fail_msg("%s", a.error.text);
	a.r = diagnosis_make(c, 0, 500 * MS, &a.found, &a.error);
	return a;
}

static void done(struct asked *a)
{
	diagnosis_done(&a->found);
	registry_close(a->registry);
	/* No child is left. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void rungs_of_a_part_come_together(void **state)
{
	struct asked a = ask(FIXTURE_DIR "/ladder-works.so");
	const struct diagnosis_rung *r = a.found.rungs;
	uint32_t at = 0, first, n;
	int used;

	assert_int_equal(a.r, 0);
	assert_int_equal(a.found.code, 0);
	assert_int_equal(a.found.n_rungs, 3);
	assert_int_equal(diagnosis_part(&a.found, &at, &first, &n, &used), 1);
	assert_int_equal(first, 0);
	assert_int_equal(n, 2);
	assert_int_equal(used, 1);
	assert_string_equal(r[0].part, "one");
	assert_string_equal(r[0].name, "best");
	assert_string_equal(r[0].why_not, "a reason");
	assert_string_equal(r[0].remedy, "a remedy");
	assert_string_equal(r[1].part, "one");
	assert_string_equal(r[1].name, "next");
	assert_string_equal(r[1].means, "means");
	assert_string_equal(r[1].loss, "a loss");
	assert_int_equal(diagnosis_part(&a.found, &at, &first, &n, &used), 1);
	assert_int_equal(n, 1);
	assert_int_equal(used, -1);
	assert_string_equal(r[2].name, "only");
	assert_int_equal(diagnosis_part(&a.found, &at, &first, &n, &used), 0);
	done(&a);
}

static void a_refusal_keeps_its_words_and_its_rungs(void **state)
{
	struct asked a = ask(FIXTURE_DIR "/ladder-fails.so");

	assert_int_equal(a.r, 0);
	assert_int_equal(a.found.code, -EPERM);
	assert_string_equal(a.found.error.text, "ladder: it may not");
	assert_int_equal(a.found.n_rungs, 3);
	done(&a);
}

static void a_crash_costs_its_own_answer(void **state)
{
	struct asked a = ask(FIXTURE_DIR "/ladder-crashes.so");

	assert_true(a.r < 0);
	assert_string_equal(a.error.text, "collector ladder-crashes: it crashed while it was asked: SIGABRT");
	done(&a);
}

static void silence_ends(void **state)
{
	struct asked a = ask(FIXTURE_DIR "/ladder-hangs.so");

	assert_int_equal(a.r, -ETIMEDOUT);
	assert_string_equal(a.error.text, "collector ladder-hangs: no answer in time");
	done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rungs_of_a_part_come_together),
		cmocka_unit_test(a_refusal_keeps_its_words_and_its_rungs),
		cmocka_unit_test(a_crash_costs_its_own_answer),
		cmocka_unit_test(silence_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
