/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/collectors/sched_work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	NS_PER_S = 1000000000,
};

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

double sched_drift(double share)
{
	static const char source[] = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
	int is_steady = has_word(source, "tsc") ? has_word("/proc/cpuinfo", "constant_tsc")
	                                        : has_word(source, "kvm-clock") || has_word(source, "arch_sys_counter");

	return is_steady ? share : 0.2;
}

int64_t sched_stolen_ns(void)
{
	FILE *f = fopen("/proc/stat", "re");
	unsigned long long ticks = 0;

	if (f && fscanf(f, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &ticks) != 1)
		ticks = 0;
	if (f)
		(void)fclose(f);
	return (int64_t)ticks * NS_PER_S / sysconf(_SC_CLK_TCK);
}

int64_t sched_stolen_since(int64_t before)
{
	int64_t now = sched_stolen_ns();

	return now > 0 ? now - before + NS_PER_S / sysconf(_SC_CLK_TCK) : 0;
}

struct watched sched_watch(const struct watching *w)
{
	struct watched got = watch_kernel(w);

	if (watched_gain(&got, "weir.lost", "") != 0)
		fail_msg("something is lost of\n%s", got.text);
	assert_true(watched_says(&got, "{\"end\":\"ok\""));
	return got;
}

void *sched_spin(void *what)
{
	struct timespec start, now;

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < SCHED_SPIN_MS);
	return NULL;
}

static int64_t own_cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void sched_compete(void *what)
{
	/* Forking is work, too, and much of it in an emulated machine. */
	int64_t before_ns = own_cpu_ns(), *spent_ns = what;
	pid_t rival = fork();
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
	(void)sched_spin(NULL);
	if (rival == 0)
		_exit(0);
	if (spent_ns)
		*spent_ns = own_cpu_ns() - before_ns;
	(void)waitpid(rival, NULL, 0);
}
