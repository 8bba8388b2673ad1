/* SPDX-License-Identifier: Apache-2.0 */
/* The sched collector on processes that run, sleep and compete as they are told, against what they did and what the
 * scheduler accounts to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/collectors/sched_work.h"
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	N_SLEEPS = 200,
	N_SPINNERS = 3,
	N_TURNS = 300,
	N_HOPS = 200,
	N_READS = 100,
	N_POLLS = 100,
};

static void sleep_often(void *what)
{
	for (int i = 0; i < N_SLEEPS; i++)
		(void)usleep(SCHED_SLEEP_US);
}

static void every_sleep_is_time_off_the_cpu(void **state)
{
	const struct watching w = { .collector = "sched", .work = sleep_often };
	struct watched got = sched_watch(&w);

	assert_true(watched_is_on(&got, "tp_btf"));
	/* A timer may fire before its thread is gone. */
	assert_in_range(watched_count(&got, "sched.off_cpu", "own reason=sleep"), N_SLEEPS * 98 / 100, N_SLEEPS);
	assert_true(watched_sum(&got, "sched.off_cpu", "own reason=sleep") >= N_SLEEPS * SCHED_SLEEP_US * 980);
	assert_in_range(watched_gain(&got, "sched.switches", "own type=voluntary"), N_SLEEPS * 98 / 100, N_SLEEPS + 4);
	assert_true(watched_says(&got, "{\"end\":\"ok\""));
	watched_done(&got);
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
		if (pthread_create(&threads[i], NULL, sched_spin, NULL) != 0)
			_exit(1);
	for (int i = 0; i < N_SPINNERS; i++)
		(void)pthread_join(threads[i], NULL);
}

static void who_competes_for_a_cpu_waits_for_it(void **state)
{
	const struct watching w = { .collector = "sched", .work = compete };
	int64_t stolen = sched_stolen_ns();
	struct watched got = sched_watch(&w);
	int64_t waited = watched_sum(&got, "sched.run_delay", "own"), ran = watched_sum(&got, "sched.on_cpu", "own");

	/* Together they have one CPU at most, so of the three at least two parts in three are waits. */
	assert_true(waited >= (N_SPINNERS - 1) * SCHED_SPIN_MS * SCHED_MS_NS / 10 * 9);
	assert_true(ran > SCHED_SPIN_MS * SCHED_MS_NS / 20);
	assert_true(is_near(ran, watched_gain(&got, "sched.on_cpu.accounted", "own"), sched_drift(0.05),
	                    2 * SCHED_MS_NS + sched_stolen_since(stolen)));
	assert_true(is_near(waited, watched_gain(&got, "sched.run_delay.accounted", "own"), sched_drift(0.05),
	                    2 * SCHED_MS_NS));
	assert_true(watched_gain(&got, "sched.switches", "type=involuntary") > 0);
	watched_done(&got);
}

static void delays_are_what_the_scheduler_accounts(void **state)
{
	const struct watching w = { .collector = "sched", .work = sched_compete };
	int64_t stolen = sched_stolen_ns();
	struct watched got = sched_watch(&w);

	if (!is_near(watched_sum(&got, "sched.run_delay", "own"), watched_gain(&got, "thread.run_delay", "own"),
	             sched_drift(0.02), 2 * SCHED_MS_NS))
		fail_msg("accounted %lld in %lld slices, %lld delays, %lld inferred",
		         (long long)watched_gain(&got, "sched.run_delay.accounted", "own"),
		         (long long)watched_gain(&got, "thread.slices", "own"),
		         (long long)watched_count(&got, "sched.run_delay", "own"),
		         (long long)watched_gain(&got, "sched.inferred", ""));
	assert_true(is_near(watched_sum(&got, "sched.on_cpu", "own"), watched_gain(&got, "thread.cpu.time", "own"),
	                    sched_drift(0.05), 2 * SCHED_MS_NS + sched_stolen_since(stolen)));
	/* Each slice has one, be it of no length. */
	assert_int_equal(watched_count(&got, "sched.on_cpu", "own"), watched_count(&got, "sched.run_delay", "own"));
	/* What is kept of the scheduler's accounts for those that are gone is what /proc has of those that are there.
	 */
	assert_true(is_near(watched_gain(&got, "sched.on_cpu.accounted", "own"),
	                    watched_gain(&got, "thread.cpu.time", "own"), 0.01, SCHED_MS_NS));
	assert_true(is_near(watched_gain(&got, "sched.run_delay.accounted", "own"),
	                    watched_gain(&got, "thread.run_delay", "own"), 0.01, SCHED_MS_NS));
	assert_true(is_near(watched_gain(&got, "sched.switches.accounted", "own"),
	                    watched_gain(&got, "thread.switches", "own"), 0, 2));
	/* The rival was a child; it is there though it ended between two polls. */
	assert_true(watched_count(&got, "sched.on_cpu", "") > watched_count(&got, "sched.on_cpu", "own"));
	watched_done(&got);
}

/* ---- Reasons ---- */

struct pair {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int turn;
};

static void take_turns(struct pair *p, int own)
{
	(void)pthread_mutex_lock(&p->lock);
	for (int i = 0; i < N_TURNS; i++) {
		while (p->turn != own)
			(void)pthread_cond_wait(&p->changed, &p->lock);
		p->turn = !own;
		(void)pthread_cond_signal(&p->changed);
	}
	(void)pthread_mutex_unlock(&p->lock);
}

static void *take_the_other_turn(void *what)
{
	take_turns(what, 1);
	return NULL;
}

static void wait_for_a_futex(void)
{
	struct pair p = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	pthread_t other;

	if (pthread_create(&other, NULL, take_the_other_turn, &p) != 0)
		_exit(1);
	take_turns(&p, 0);
	(void)pthread_join(other, NULL);
}

/* The child answers late, so that each read waits. */
static void wait_for_a_pipe_and_a_child(void)
{
	int fds[2];
	char c;
	pid_t pid;

	if (pipe(fds) < 0)
		_exit(1);
	pid = fork();
	for (int i = 0; pid == 0 && i < N_READS; i++)
		if (usleep(SCHED_SLEEP_US) < 0 || write(fds[1], "x", 1) != 1)
			_exit(1);
	if (pid == 0) {
		(void)usleep(20 * SCHED_SLEEP_US);
		_exit(0);
	}
	for (int i = 0; i < N_READS; i++)
		if (read(fds[0], &c, 1) != 1)
			_exit(1);
	(void)waitpid(pid, NULL, 0);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* What getrusage said when the work began and when it was done. */
struct usages {
	struct rusage before, after;
};

static void wait_for_all(void *what)
{
	struct usages *u = what;

	(void)getrusage(RUSAGE_SELF, &u->before);
	wait_for_a_futex();
	wait_for_a_pipe_and_a_child();
	for (int i = 0; i < N_POLLS; i++)
		(void)poll(NULL, 0, 1);
	(void)getrusage(RUSAGE_SELF, &u->after);
}

static void each_wait_has_its_reason_and_counts_are_getrusages(void **state)
{
	struct usages *u = mmap(NULL, sizeof(*u), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct watching w = { .collector = "sched", .work = wait_for_all, .what = u };
	struct watched got;

	assert_true(u != MAP_FAILED);
	watch_needs_bpf();
	got = sched_watch(&w);
	assert_in_range(watched_count(&got, "sched.off_cpu", "own reason=poll"), N_POLLS * 95 / 100, N_POLLS);
	/* The test's own byte comes on top; on a busy machine who reads may come after who writes, and needs not
	 * wait. */
	assert_in_range(watched_count(&got, "sched.off_cpu", "own reason=transfer"), N_READS / 2, N_READS + 2);
	/* The other thread may come before there is a wait; then it need not be woken. */
	assert_in_range(watched_count(&got, "sched.off_cpu", "own reason=futex"), N_TURNS / 4, 4 * N_TURNS);
	assert_true(is_near(watched_gain(&got, "sched.futex_waits", "own"),
	                    watched_count(&got, "sched.off_cpu", "own reason=futex"), 0.02, 2));
	assert_in_range(watched_count(&got, "sched.off_cpu", "own reason=child"), 1, 2);
	assert_true(is_near(watched_gain(&got, "sched.switches", "own type=voluntary"),
	                    u->after.ru_nvcsw - u->before.ru_nvcsw, 0.01, 4));
	assert_true(is_near(watched_gain(&got, "sched.switches", "own type=involuntary"),
	                    u->after.ru_nivcsw - u->before.ru_nivcsw, 0.02, 4));
	/* Those of waiting for the test's bytes come on top. */
	assert_true(is_near(watched_gain(&got, "sched.page_faults", "own type=minor"),
	                    u->after.ru_minflt - u->before.ru_minflt, 0.02, 8));
	watched_done(&got);
	(void)munmap(u, sizeof(*u));
}

/* Each time a page is to be on its disk before it goes on. */
static void wait_for_storage(void *what)
{
	char path[] = "sched-XXXXXX", page[4096] = { 1 };
	int fd = mkstemp(path);

	if (fd < 0 || unlink(path) < 0)
		_exit(1);
	for (int i = 0; i < N_READS; i++)
		if (pwrite(fd, page, sizeof(page), 0) < 0 || fdatasync(fd) < 0)
			_exit(1);
	(void)close(fd);
}

/* Between what was off the processor for storage and that less all waiting for a processor. */
static void the_wait_for_storage_ends_when_it_could_go_on(void **state)
{
	const struct watching w = { .collector = "sched", .work = wait_for_storage };
	struct watched got = sched_watch(&w);
	int64_t wait_ns = watched_gain(&got, "process.disk.wait", "own");
	int64_t off_ns = watched_sum(&got, "sched.off_cpu", "own reason=io");
	int64_t delay_ns = watched_sum(&got, "sched.run_delay", "own");

	watched_done(&got);
	if (off_ns <= 0) {
		print_message("skipped: the build folder's file system writes without waiting\n");
		skip();
	}
	assert_true(wait_ns > 0);
	assert_true(wait_ns <= off_ns);
	assert_true(wait_ns >= off_ns - delay_ns);
}

/* ---- Migrations ---- */

static void hop(void *what)
{
	cpu_set_t one;

	for (int i = 0; i < N_HOPS; i++) {
		CPU_ZERO(&one);
		CPU_SET(i & 1, &one);
		(void)sched_setaffinity(0, sizeof(one), &one);
	}
}

static void each_move_to_another_cpu_is_counted(void **state)
{
	const struct watching w = { .collector = "sched", .work = hop };
	struct watched got;

	watch_needs_bpf();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		print_message("needs two processors\n");
		skip();
	}
	got = sched_watch(&w);
	/* The first may be none, and waking up may bring one more. */
	assert_in_range(watched_gain(&got, "sched.migrations", "own"), N_HOPS * 98 / 100, N_HOPS + 4);
	watched_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sleep_is_time_off_the_cpu),
		cmocka_unit_test(who_competes_for_a_cpu_waits_for_it),
		cmocka_unit_test(delays_are_what_the_scheduler_accounts),
		cmocka_unit_test(each_wait_has_its_reason_and_counts_are_getrusages),
		cmocka_unit_test(the_wait_for_storage_ends_when_it_could_go_on),
		cmocka_unit_test(each_move_to_another_cpu_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
