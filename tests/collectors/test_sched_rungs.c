/* SPDX-License-Identifier: Apache-2.0 */
/* The sched collector where something is missing: eBPF, capabilities, the kernel's types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/collectors/sched_work.h"
#include <cmocka.h>
#include <sys/mman.h>

static void assert_procfs_measures(struct watching w, const char *why)
{
	int64_t *spent_ns = mmap(NULL, sizeof(*spent_ns), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct watched got;

	assert_true(spent_ns != MAP_FAILED);
	w.collector = "sched";
	w.work = sched_compete;
	w.what = spent_ns;
	got = watch(&w);
	assert_watched_says(&got, why);
	assert_true(watched_is_on(&got, "procfs"));
	assert_true(watched_says(&got, "it lacks: histograms"));
	assert_true(*spent_ns > 0);
	/* The process's end is not in its own clock: in an emulated machine that is some 11 ms. */
	assert_true(is_near(watched_gain(&got, "thread.cpu.time", "own"), *spent_ns, sched_drift(0.05),
	                    (sched_drift(0) > 0 ? 12 : 2) * SCHED_MS_NS));
	assert_true(watched_gain(&got, "thread.switches", "") > 0);
	assert_int_equal(watched_count(&got, "sched.run_delay", ""), -1);
	watched_done(&got);
	(void)munmap(spent_ns, sizeof(*spent_ns));
}

static void without_ebpf_the_schedulers_accounts_are_read(void **state)
{
	const struct lend_pair procfs = { "rung", "procfs" };

	assert_procfs_measures((struct watching){ .options = &procfs, .n_options = 1 }, "rung=procfs");
}

static void without_capabilities_it_says_which(void **state)
{
	watch_needs_bpf();
	assert_procfs_measures((struct watching){ .is_without_capabilities = WATCH_WITHOUT }, "CAP_BPF");
}

static void without_types_it_says_so(void **state)
{
	watch_needs_bpf();
	assert_procfs_measures((struct watching){ .is_without_types = 1 }, "CONFIG_DEBUG_INFO_BTF");
}

static void spin(void *what)
{
	(void)sched_spin(what);
}

static void what_the_scheduler_does_not_account_is_absent_and_that_is_said(void **state)
{
	const struct lend_pair procfs = { "rung", "procfs" };
	const struct watching w = {
		.collector = "sched", .work = spin, .is_without_accounts = 1, .options = &procfs, .n_options = 1
	};
	struct watched got = watch(&w);

	assert_watched_says(&got, "\"sched.no_accounts\"");
	assert_watched_says(&got, "CONFIG_SCHED_INFO");
	assert_int_equal(watched_gain(&got, "thread.run_delay", ""), -1);
	assert_int_equal(watched_gain(&got, "thread.cpu.time", ""), -1);
	assert_true(watched_gain(&got, "thread.switches", "own") > 0);
	watched_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_ebpf_the_schedulers_accounts_are_read),
		cmocka_unit_test(without_capabilities_it_says_which),
		cmocka_unit_test(without_types_it_says_so),
		cmocka_unit_test(what_the_scheduler_does_not_account_is_absent_and_that_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
