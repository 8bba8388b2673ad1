/* SPDX-License-Identifier: Apache-2.0 */
/* The sched collector on processes that run, sleep and compete as they are told, against what they did and what the
 * scheduler accounts to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/collectors/watch.h"

enum {
	N_SLEEPS = 200,
	SLEEP_US = 1000,
	N_SPINNERS = 3,
	SPIN_MS = 300,
	UNSEEN_MS = 30, /* a wait or a run that was not seen may be so long */
};

static const double MS = 1e6;

static void sleep_often(void *what)
{
	for (int i = 0; i < N_SLEEPS; i++)
		(void)usleep(SLEEP_US);
}

static int is_near(double a, double b, double share, double slack)
{
	double off = a > b ? a - b : b - a;

	if (off <= share * b + slack)
		return 1;
	print_message("%.0f is not near %.0f\n", a, b);
	return 0;
}

static void every_sleep_is_time_off_the_cpu(void **state)
{
	const struct watching w = { .collector = "sched", .work = sleep_often };
	struct watched got;
	char own[64];

	watch_needs_bpf();
	got = watch(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d", got.pid);
	assert_true(watched_says(&got, "{\"fact\":\"rung\",\"value\":\"tp_btf\"}"));
	/* The waits for the test's own bytes come on top; a timer may fire before its thread is gone. */
	assert_in_range(watched_count(&got, "sched.off_cpu", own), N_SLEEPS * 98 / 100, N_SLEEPS + 4);
	assert_true(watched_sum(&got, "sched.off_cpu", own) >= 0.98 * N_SLEEPS * SLEEP_US * 1000);
	(void)snprintf(own, sizeof(own), "process.pid=%d type=voluntary", got.pid);
	assert_in_range(watched_gain(&got, "sched.switches", own), N_SLEEPS * 98 / 100, N_SLEEPS + 4);
	assert_int_equal(watched_gain(&got, "weir.lost", ""), watched_gain(&got, "weir.lost", "cause=sched.unseen"));
	assert_true(watched_gain(&got, "weir.lost", "") <= N_SLEEPS / 50);
	watched_done(&got);
}

static void *spin(void *what)
{
	struct timespec start, now;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < SPIN_MS);
	return NULL;
}

/* Threads of one process on one CPU: each waits while the others run. They stay until the last poll has come. */
static void compete(void *what)
{
	pthread_t threads[N_SPINNERS];
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		_exit(1);
	for (int i = 0; i < N_SPINNERS; i++)
		if (pthread_create(&threads[i], NULL, spin, NULL) != 0)
			_exit(1);
	for (int i = 0; i < N_SPINNERS; i++)
		(void)pthread_join(threads[i], NULL);
}

static void who_competes_for_a_cpu_waits_for_it(void **state)
{
	const struct watching w = { .collector = "sched", .work = compete };
	struct watched got;
	char own[64];
	double waited, ran;

	watch_needs_bpf();
	got = watch(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d", got.pid);
	waited = watched_sum(&got, "sched.run_delay", own);
	ran = watched_sum(&got, "sched.on_cpu", own);
	/* Together they have one CPU at most, so of the three at least two parts in three are waits. */
	assert_true(waited >= (N_SPINNERS - 1) * SPIN_MS * MS * 0.9);
	assert_true(ran <= SPIN_MS * MS * 1.1 && ran > SPIN_MS * MS * 0.05);
	assert_true(is_near(waited + ran, N_SPINNERS * SPIN_MS * MS, 0.1, 20 * MS));
	assert_true(watched_gain(&got, "sched.switches", "type=involuntary") > 0);
	watched_done(&got);
}

static void compete_alone(void *what)
{
	pid_t rival = fork();
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
	(void)spin(NULL);
	if (rival == 0)
		_exit(0);
	(void)waitpid(rival, NULL, 0);
}

static void delays_are_what_the_scheduler_accounts(void **state)
{
	const struct watching w = { .collector = "sched", .work = compete_alone };
	struct watched got;
	char own[64];

	watch_needs_bpf();
	got = watch(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d", got.pid);
	assert_true(is_near(watched_sum(&got, "sched.run_delay", own),
	                    (double)watched_gain(&got, "thread.run_delay", own), 0.02, 2 * MS));
	assert_true(is_near(watched_sum(&got, "sched.on_cpu", own), (double)watched_gain(&got, "thread.cpu.time", own),
	                    0.05, 2 * MS));
	/* The rival was a child; it is there though it ended between two polls. */
	assert_true(watched_count(&got, "sched.on_cpu", "") > watched_count(&got, "sched.on_cpu", own));
	watched_done(&got);
}

/* ---- The lowest rung ---- */

static void assert_procfs_measures(struct watching w, const char *why)
{
	struct watched got;

	w.collector = "sched";
	w.work = compete_alone;
	got = watch(&w);
	if (!watched_says(&got, why))
		fail_msg("'%s' is not in\n%s", why, got.text);
	assert_true(watched_says(&got, "{\"fact\":\"rung\",\"value\":\"procfs\"}"));
	assert_true(watched_says(&got, "it lacks: histograms"));
	assert_true((double)watched_gain(&got, "thread.cpu.time", "") > SPIN_MS * MS * 0.05);
	assert_int_equal(watched_count(&got, "sched.run_delay", ""), -1);
	watched_done(&got);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sleep_is_time_off_the_cpu),
		cmocka_unit_test(who_competes_for_a_cpu_waits_for_it),
		cmocka_unit_test(delays_are_what_the_scheduler_accounts),
		cmocka_unit_test(without_ebpf_the_schedulers_accounts_are_read),
		cmocka_unit_test(without_capabilities_it_says_which),
		cmocka_unit_test(without_types_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
