/* SPDX-License-Identifier: Apache-2.0 */
/* The sched collector on processes that run, sleep and compete as they are told, against what they did and what the
 * scheduler accounts to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf/sched.h"
#include "tests/collectors/watch.h"

enum {
	N_SLEEPS = 200,
	SLEEP_US = 1000,
	N_SPINNERS = 3,
	SPIN_MS = 300,
	N_LONG = 10,
	LONG_US = 20000,
	N_BEYOND = 200,
	TRIES = 5,
	N_TURNS = 300,
	N_HOPS = 200,
	N_CHILDREN = 300,
	N_READS = 100,
	N_POLLS = 100,
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

/* By how much the scheduler's clock and ours may run apart: where the processor's own counter is not to be relied upon,
 * as on emulated ones, the scheduler guesses from tick to tick. */
static int has_word(const char *path, const char *word)
{
	FILE *f = fopen(path, "re");
	char line[8192];
	int has = 0;

	while (f && !has && fgets(line, sizeof(line), f))
		has = strstr(line, word) != NULL;
	if (f)
		(void)fclose(f);
	return has;
}

static double drift(double share)
{
	static const char source[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
	int is_steady = has_word(source, "tsc") ? has_word("/proc/cpuinfo", "constant_tsc")
	                                        : has_word(source, "kvm-clock") || has_word(source, "arch_sys_counter");

	return is_steady ? share : 0.2;
}

/* What the hypervisor took from all processors until now. Our clocks go on meanwhile; the scheduler's account of
 * running does not. It is told in ticks, so where it takes anything one more may be missing. */
static double stolen_ns(void)
{
	FILE *f = fopen("/proc/stat", "re");
	unsigned long long ticks = 0;

	if (f && fscanf(f, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
		ticks = 0;
	if (f)
		(void)fclose(f);
	return (double)ticks * 1e9 / (double)sysconf(_SC_CLK_TCK);
}

static double stolen_since(double before)
{
	double now = stolen_ns();

	return now > 0 ? now - before + 1e9 / (double)sysconf(_SC_CLK_TCK) : 0;
}

/* On some virtual machines no BPF program runs in a certain process: what is switched from it is not seen, but
 * accounted all the same. So nothing is ever lost of what there is room for. */
static struct watched watch_all(const struct watching *w)
{
	struct watched got = watch(w);

	if (watched_gain(&got, "weir.lost", "") != 0)
		fail_msg("something is lost of\n%s", got.text);
	assert_true(watched_says(&got, "{\"end\":\"ok\""));
	return got;
}

static void every_sleep_is_time_off_the_cpu(void **state)
{
	const struct watching w = { .collector = "sched", .work = sleep_often };
	struct watched got;
	char own[64];

	watch_needs_bpf();
	got = watch_all(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d reason=sleep", got.pid);
	assert_true(watched_says(&got, "{\"fact\":\"rung\",\"value\":\"tp_btf\"}"));
	/* A timer may fire before its thread is gone. */
	assert_in_range(watched_count(&got, "sched.off_cpu", own), N_SLEEPS * 98 / 100, N_SLEEPS);
	assert_true(watched_sum(&got, "sched.off_cpu", own) >= 0.98 * N_SLEEPS * SLEEP_US * 1000);
	(void)snprintf(own, sizeof(own), "process.pid=%d type=voluntary", got.pid);
	assert_in_range(watched_gain(&got, "sched.switches", own), N_SLEEPS * 98 / 100, N_SLEEPS + 4);
	assert_true(watched_says(&got, "{\"end\":\"ok\""));
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
	double waited, ran, stolen = stolen_ns();

	watch_needs_bpf();
	got = watch_all(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d", got.pid);
	waited = watched_sum(&got, "sched.run_delay", own);
	ran = watched_sum(&got, "sched.on_cpu", own);
	/* Together they have one CPU at most, so of the three at least two parts in three are waits. */
	assert_true(waited >= (N_SPINNERS - 1) * SPIN_MS * MS * 0.9);
	assert_true(ran > SPIN_MS * MS * 0.05);
	assert_true(is_near(ran, (double)watched_gain(&got, "sched.on_cpu.accounted", own), drift(0.05),
	                    2 * MS + stolen_since(stolen)));
	assert_true(is_near(waited, (double)watched_gain(&got, "sched.run_delay.accounted", own), drift(0.05), 2 * MS));
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
	double stolen = stolen_ns();

	watch_needs_bpf();
	got = watch_all(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d", got.pid);
	if (!is_near(watched_sum(&got, "sched.run_delay", own), (double)watched_gain(&got, "thread.run_delay", own),
	             drift(0.02), 2 * MS))
		fail_msg("accounted %lld in %lld slices, %lld delays, %lld inferred",
		         (long long)watched_gain(&got, "sched.run_delay.accounted", own),
		         (long long)watched_gain(&got, "thread.slices", own),
		         (long long)watched_count(&got, "sched.run_delay", own),
		         (long long)watched_gain(&got, "sched.inferred", ""));
	assert_true(is_near(watched_sum(&got, "sched.on_cpu", own), (double)watched_gain(&got, "thread.cpu.time", own),
	                    drift(0.05), 2 * MS + stolen_since(stolen)));
	/* What is kept of the scheduler's accounts for those that are gone is what /proc has of those that are there.
	 */
	assert_true(is_near((double)watched_gain(&got, "sched.on_cpu.accounted", own),
	                    (double)watched_gain(&got, "thread.cpu.time", own), 0.01, MS));
	assert_true(is_near((double)watched_gain(&got, "sched.run_delay.accounted", own),
	                    (double)watched_gain(&got, "thread.run_delay", own), 0.01, MS));
	assert_true(is_near((double)watched_gain(&got, "sched.switches.accounted", own),
	                    (double)watched_gain(&got, "thread.switches", own), 0, 2));
	/* The rival was a child; it is there though it ended between two polls. */
	assert_true(watched_count(&got, "sched.on_cpu", "") > watched_count(&got, "sched.on_cpu", own));
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
		if (usleep(SLEEP_US) < 0 || write(fds[1], "x", 1) != 1)
			_exit(1);
	if (pid == 0) {
		(void)usleep(20 * SLEEP_US);
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

static int64_t off_cpu(const struct watched *got, const char *reason)
{
	char own[64];

	(void)snprintf(own, sizeof(own), "process.pid=%d reason=%s", got->pid, reason);
	return watched_count(got, "sched.off_cpu", own);
}

static int64_t switches(const struct watched *got, const char *metric, const char *type)
{
	char own[64];

	(void)snprintf(own, sizeof(own), "process.pid=%d type=%s", got->pid, type);
	return watched_gain(got, metric, own);
}

static void each_wait_has_its_reason_and_counts_are_getrusages(void **state)
{
	struct usages *u = mmap(NULL, sizeof(*u), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct watching w = { .collector = "sched", .work = wait_for_all, .what = u };
	struct watched got;
	char own[64];
	long n_voluntary, n_involuntary, n_minor;

	assert_true(u != MAP_FAILED);
	watch_needs_bpf();
	got = watch_all(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d", got.pid);
	assert_in_range(off_cpu(&got, "poll"), N_POLLS * 95 / 100, N_POLLS);
	/* The test's own byte comes on top; on a busy machine who reads may come after who writes, and needs not wait.
	 */
	assert_in_range(off_cpu(&got, "transfer"), N_READS / 2, N_READS + 2);
	/* The other thread may come before there is a wait; then it need not be woken. */
	assert_in_range(off_cpu(&got, "futex"), N_TURNS / 4, 4 * N_TURNS);
	assert_true(
		is_near((double)watched_gain(&got, "sched.futex_waits", own), (double)off_cpu(&got, "futex"), 0.02, 2));
	assert_in_range(off_cpu(&got, "child"), 1, 2);
	n_voluntary = u->after.ru_nvcsw - u->before.ru_nvcsw;
	n_involuntary = u->after.ru_nivcsw - u->before.ru_nivcsw;
	n_minor = u->after.ru_minflt - u->before.ru_minflt;
	assert_true(is_near((double)switches(&got, "sched.switches", "voluntary"), (double)n_voluntary, 0.01, 4));
	assert_true(is_near((double)switches(&got, "sched.switches", "involuntary"), (double)n_involuntary, 0.02, 4));
	/* Those of waiting for the test's bytes come on top. */
	assert_true(is_near((double)switches(&got, "sched.page_faults", "minor"), (double)n_minor, 0.02, 8));
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
	struct watched got;
	char own[64], for_storage[64];
	double wait_ns, off_ns, delay_ns;

	watch_needs_bpf();
	got = watch_all(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d", got.pid);
	(void)snprintf(for_storage, sizeof(for_storage), "process.pid=%d reason=io", got.pid);
	wait_ns = (double)watched_gain(&got, "process.disk.wait", own);
	off_ns = watched_sum(&got, "sched.off_cpu", for_storage);
	delay_ns = watched_sum(&got, "sched.run_delay", own);
	watched_done(&got);
	if (off_ns == 0) {
		print_message("skipped: the build folder's file system writes without waiting\n");
		skip();
	}
	assert_true(wait_ns > 0);
	assert_true(wait_ns <= off_ns);
	assert_true(wait_ns >= off_ns - delay_ns);
}

/* ---- Threads ---- */

struct spinners {
	pthread_barrier_t done;
	atomic_int n;
	pid_t tids[N_SPINNERS];
};

static void *spin_and_stay(void *what)
{
	struct spinners *s = what;

	s->tids[atomic_fetch_add(&s->n, 1)] = gettid();
	(void)spin(NULL);
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
	(void)usleep(20 * SLEEP_US);
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
	double stolen = stolen_ns();

	assert_true(s != MAP_FAILED);
	watch_needs_bpf();
	got = watch_all(&w);
	assert_int_equal(s->n, N_SPINNERS);
	for (int i = 0; i < N_SPINNERS; i++) {
		(void)snprintf(own, sizeof(own), "process.pid=%d thread.id=%d", got.pid, s->tids[i]);
		assert_true(watched_sum(&got, "sched.on_cpu", own) > 0);
		assert_true(is_near(watched_sum(&got, "sched.on_cpu", own),
		                    (double)watched_gain(&got, "thread.cpu.time", own), drift(0.05),
		                    2 * MS + stolen_since(stolen)));
		assert_true(is_near(watched_sum(&got, "sched.run_delay", own),
		                    (double)watched_gain(&got, "thread.run_delay", own), drift(0.05), 2 * MS));
		assert_true(is_near((double)watched_gain(&got, "sched.switches", own),
		                    (double)watched_gain(&got, "thread.switches", own), 0.02, 2));
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
		(void)usleep(SLEEP_US);
	(void)usleep(50 * SLEEP_US);
}

static void threads_beyond_the_bound_are_lost_and_said_to_be(void **state)
{
	const struct lend_pair threads = { "threads", "true" };
	int n = SCHED_RUNNERS_MAX;
	const struct watching w = {
		.collector = "sched", .work = have_threads, .what = &n, .options = &threads, .n_options = 1
	};
	struct watched got;

	watch_needs_bpf();
	got = watch(&w);
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

static void have_children(void *what)
{
	for (int i = 0; i < N_CHILDREN; i++)
		if (fork() == 0) {
			(void)usleep(SLEEP_US);
			_exit(0);
		}
	while (wait(NULL) > 0)
		continue;
}

/* The kernel may run out of memory that it has at hand for a few switches. */
static void of_hundreds_that_start_at_once_the_first_switches_are_seen(void **state)
{
	const struct watching w = { .collector = "sched", .work = have_children };
	struct watched got;

	watch_needs_bpf();
	got = watch(&w);
	assert_in_range(watched_gain(&got, "weir.lost", ""), 0, N_CHILDREN / 20);
	/* Each runs at least twice: before it sleeps and after. */
	assert_true(watched_count(&got, "sched.on_cpu", "") >= 2 * N_CHILDREN);
	watched_done(&got);
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
	char own[32];

	watch_needs_bpf();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		print_message("needs two processors\n");
		skip();
	}
	got = watch_all(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d", got.pid);
	/* The first may be none, and waking up may bring one more. */
	assert_in_range(watched_gain(&got, "sched.migrations", own), N_HOPS * 98 / 100, N_HOPS + 4);
	watched_done(&got);
}

/* ---- Stacks ---- */

static void sleep_short_and_long(void *what)
{
	for (int i = 0; i < N_LONG; i++) {
		(void)usleep(SLEEP_US);
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
	char own[64];

	(void)snprintf(own, sizeof(own), "process.pid=%d reason=sleep", got->pid);
	return (double)weight_of(got, "sched.off_cpu.stacks") <=
	       watched_sum(got, "sched.off_cpu", own) - (double)N_LONG * SLEEP_US * 1000;
}

static void long_waits_have_the_stack_on_which_they_began(void **state)
{
	const struct lend_pair stacks = { "stacks", "15ms" };
	const struct watching w = {
		.collector = "sched", .work = sleep_short_and_long, .options = &stacks, .n_options = 1
	};
	struct watched got;

	watch_needs_bpf();
	got = watch_all(&w);
	for (int i = 1; i < TRIES && !is_without_short_ones(&got); i++) {
		print_message("on a busy machine a short sleep may become a long one\n");
		watched_done(&got);
		got = watch_all(&w);
	}
	assert_true(is_without_short_ones(&got));
	assert_true((double)weight_of(&got, "sched.off_cpu.stacks") >= (double)N_LONG * LONG_US * 1000);
	assert_true(watched_says(&got, "hrtimer_nanosleep"));
	assert_true(watched_says(&got, "libc"));
	watched_done(&got);
}

static void without_a_threshold_there_are_no_stacks(void **state)
{
	const struct watching w = { .collector = "sched", .work = sleep_short_and_long };
	struct watched got;

	watch_needs_bpf();
	got = watch(&w);
	assert_int_equal(weight_of(&got, "sched.off_cpu.stacks"), 0);
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
	assert_true(watched_gain(&got, "thread.switches", "") > 0);
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
		cmocka_unit_test(each_wait_has_its_reason_and_counts_are_getrusages),
		cmocka_unit_test(the_wait_for_storage_ends_when_it_could_go_on),
		cmocka_unit_test(threads_are_told_apart_and_each_is_what_schedstat_says),
		cmocka_unit_test(threads_beyond_the_bound_are_lost_and_said_to_be),
		cmocka_unit_test(of_hundreds_that_start_at_once_the_first_switches_are_seen),
		cmocka_unit_test(each_move_to_another_cpu_is_counted),
		cmocka_unit_test(long_waits_have_the_stack_on_which_they_began),
		cmocka_unit_test(without_a_threshold_there_are_no_stacks),
		cmocka_unit_test(without_ebpf_the_schedulers_accounts_are_read),
		cmocka_unit_test(without_capabilities_it_says_which),
		cmocka_unit_test(without_types_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
