/* SPDX-License-Identifier: Apache-2.0 */
/* The sched collector on many: each thread for itself, more than there is room for, hundreds at once; and the stacks on
 * which they wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/sched.h"
#include "tests/collectors/sched_work.h"
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	N_SPINNERS = 3,
	N_LONG = 10,
	LONG_US = 20000,
	N_BEYOND = 200,
	N_CHILDREN = 300,
	TRIES = 5,
};

struct spinners {
	pthread_barrier_t done;
	atomic_int n;
	pid_t tids[N_SPINNERS];
};

static void *spin_and_stay(void *what)
{
	struct spinners *s = what;

	s->tids[atomic_fetch_add(&s->n, 1)] = gettid();
	(void)sched_spin(NULL);
	(void)pthread_barrier_wait(&s->done);
	for (;;)
		(void)pause();
	return NULL;
}

/* They stay, so that their own accounts can be read after the work. */
static void compete_and_stay(void *what)
{
	struct spinners *s = what;
	pthread_t thread;

	atomic_store(&s->n, 0);
	(void)pthread_barrier_init(&s->done, NULL, N_SPINNERS + 1);
	for (int i = 0; i < N_SPINNERS; i++)
		if (pthread_create(&thread, NULL, spin_and_stay, s) != 0)
			_exit(1);
	(void)pthread_barrier_wait(&s->done);
	(void)usleep(20 * SCHED_SLEEP_US);
}

static void threads_are_told_apart_and_each_is_what_schedstat_says(void **state)
{
	const struct lend_pair threads = { "threads", "true" };
	struct spinners *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct watching w = {
		.collector = "sched", .work = compete_and_stay, .what = s, .options = &threads, .n_options = 1
	};
	struct watched got;
	char own[64];
	int64_t stolen = sched_stolen_ns();

	assert_true(s != MAP_FAILED);
	watch_needs_bpf();
	got = sched_watch(&w);
	assert_int_equal(s->n, N_SPINNERS);
	for (int i = 0; i < N_SPINNERS; i++) {
		(void)snprintf(own, sizeof(own), "process.pid=%d thread.id=%d", got.pid, s->tids[i]);
		assert_true(watched_sum(&got, "sched.on_cpu", own) > 0);
		assert_true(is_near(watched_sum(&got, "sched.on_cpu", own), watched_gain(&got, "thread.cpu.time", own),
		                    sched_drift(0.05), 2 * SCHED_MS_NS + sched_stolen_since(stolen)));
		assert_true(is_near(watched_sum(&got, "sched.run_delay", own),
		                    watched_gain(&got, "thread.run_delay", own), sched_drift(0.05), 2 * SCHED_MS_NS));
		assert_true(is_near(watched_gain(&got, "sched.switches", own),
		                    watched_gain(&got, "thread.switches", own), 0.02, 2));
	}
	watched_done(&got);
	(void)munmap(s, sizeof(*s));
}

static void *stay(void *what)
{
	atomic_int *n_there = what;

	atomic_fetch_add(n_there, 1);
	for (;;)
		(void)pause();
	return NULL;
}

/* So many threads, the first among them. */
static void have_threads(void *what)
{
	const int *n = what;
	atomic_int n_there = 1;
	pthread_attr_t small;
	pthread_t thread;

	(void)pthread_attr_init(&small);
	(void)pthread_attr_setstacksize(&small, 64 << 10);
	for (int i = 1; i < *n; i++)
		if (pthread_create(&thread, &small, stay, &n_there) != 0)
			_exit(1);
	while (atomic_load(&n_there) < *n)
		(void)usleep(SCHED_SLEEP_US);
	(void)usleep(50 * SCHED_SLEEP_US);
}

static void threads_beyond_the_bound_are_lost_and_said_to_be(void **state)
{
	const struct lend_pair threads = { "threads", "true" };
	int n = SCHED_RUNNERS_MAX;
	const struct watching w = {
		.collector = "sched", .work = have_threads, .what = &n, .options = &threads, .n_options = 1
	};
	struct watched got = watch_kernel(&w);

	assert_int_equal(watched_gain(&got, "weir.lost", "cause=sched.runners_full"), 0);
	assert_true(watched_says(&got, "\"map\":\"runners\"},\"t_ns\":"));
	watched_done(&got);
	n += N_BEYOND;
	got = watch(&w);
	assert_in_range(watched_gain(&got, "weir.lost", "cause=sched.runners_full") +
	                        watched_gain(&got, "weir.lost", "cause=sched.no_memory"),
	                N_BEYOND, INT64_MAX);
	assert_true(watched_says(&got, "{\"end\":\"partial\""));
	watched_done(&got);
}

static void sleep_once(int which)
{
	(void)usleep(SCHED_SLEEP_US);
}

static void have_children(void *what)
{
	watch_have_children(N_CHILDREN, sleep_once);
}

/* The kernel may have no memory at hand for what a thread needs. */
static void of_hundreds_that_start_at_once_the_first_switches_are_seen(void **state)
{
	const struct watching w = { .collector = "sched", .work = have_children };
	struct watched got = watch_kernel(&w);

	assert_in_range(watched_gain(&got, "weir.lost", ""), 0, N_CHILDREN / 20);
	/* Each runs at least twice: before it sleeps and after. */
	assert_true(watched_count(&got, "sched.on_cpu", "") >= 2 * N_CHILDREN);
	watched_done(&got);
}

/* ---- Stacks ---- */

static void sleep_short_and_long(void *what)
{
	for (int i = 0; i < N_LONG; i++) {
		(void)usleep(SCHED_SLEEP_US);
		(void)usleep(LONG_US);
	}
}

/* Of all weights of a metric. */
static int64_t weight_of(const struct watched *got, const char *metric)
{
	char start[64];
	int64_t sum = 0;

	(void)snprintf(start, sizeof(start), "{\"weight\":\"%s\"", metric);
	for (const char *at = got->text; (at = strstr(at, start)); at++) {
		const char *self = strstr(at, "\"self\":");

		sum += self ? strtoll(self + strlen("\"self\":"), NULL, 10) : 0;
	}
	return sum;
}

/* What the short ones alone come to stands in the histogram only. */
static int is_without_short_ones(const struct watched *got)
{
	return weight_of(got, "sched.off_cpu.stacks") <=
	       watched_sum(got, "sched.off_cpu", "own reason=sleep") - N_LONG * SCHED_SLEEP_US * 1000;
}

static void long_waits_have_the_stack_on_which_they_began(void **state)
{
	const struct lend_pair stacks = { "stacks", "15ms" };
	const struct watching w = {
		.collector = "sched", .work = sleep_short_and_long, .options = &stacks, .n_options = 1
	};
	struct watched got = sched_watch(&w);

	for (int i = 1; i < TRIES && !is_without_short_ones(&got); i++) {
		print_message("on a busy machine a short sleep may become a long one\n");
		watched_done(&got);
		got = sched_watch(&w);
	}
	assert_true(is_without_short_ones(&got));
	assert_true(weight_of(&got, "sched.off_cpu.stacks") >= N_LONG * LONG_US * 1000);
	assert_true(watched_says(&got, "hrtimer_nanosleep"));
	assert_true(watched_says(&got, "libc"));
	watched_done(&got);
}

static void without_a_threshold_there_are_no_stacks(void **state)
{
	const struct watching w = { .collector = "sched", .work = sleep_short_and_long };
	struct watched got = watch_kernel(&w);

	assert_int_equal(weight_of(&got, "sched.off_cpu.stacks"), 0);
	watched_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_are_told_apart_and_each_is_what_schedstat_says),
		cmocka_unit_test(threads_beyond_the_bound_are_lost_and_said_to_be),
		cmocka_unit_test(of_hundreds_that_start_at_once_the_first_switches_are_seen),
		cmocka_unit_test(long_waits_have_the_stack_on_which_they_began),
		cmocka_unit_test(without_a_threshold_there_are_no_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
