/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/live_load.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	TICKS = 1000, /* a second */
	TICK_NS = 1000000,
	NS_PER_S = 1000000000,
	BLOCK = 4096,
	FILE_BLOCKS = 2048,
	REGULATED_TICKS = 250, /* between two looks at what the machine does */
	SWITCHES_A_TURN = 4,   /* there and back, each from and to an idle processor */
	TURNS_MAX = 20,        /* a tick */
	ROUNDS = 20,           /* of a portion of work */
	ROUND_TURNS = 5,
	ROUND_SPINS = 200000,
};

void fake_collect(unsigned n, unsigned rest_us);

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "bench-live: %s: %s\n", what, strerror(errno));
	exit(1);
}

struct load_account *load_account(void)
{
	static const char path[] = "bench-live.account";
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at;

	if (fd < 0 || ftruncate(fd, sizeof(struct load_account)) < 0)
		die(path);
	at = mmap(NULL, sizeof(struct load_account), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		die(path);
	(void)close(fd);
	return at;
}

uint64_t load_machine_switches(void)
{
	FILE *f = fopen("/proc/stat", "re");
	uint64_t n = 0;
	char line[8192];

	while (f && n == 0 && fgets(line, sizeof(line), f))
		if (strncmp(line, "ctxt ", 5) == 0)
			n = strtoull(line + 5, NULL, 10);
	if (!f || n == 0)
		die("/proc/stat");
	(void)fclose(f);
	return n;
}

/* ---- What it does ---- */

struct load {
	struct load_account *account;
	int file, sockets[2], to[2], from[2];
	void *block;
	uint64_t n_blocks;
	double turns, owed; /* a tick; what is left of one */
	uint64_t n_switches, n_ticks;
	int part;
	pid_t partner;
};

static void open_file(struct load *l)
{
	static const char path[] = "bench-live.file";
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || posix_memalign(&l->block, BLOCK, BLOCK) != 0)
		die(path);
	memset(l->block, 1, BLOCK);
	for (int i = 0; i < FILE_BLOCKS; i++)
		if (write(fd, l->block, BLOCK) != BLOCK)
			die(path);
	(void)fsync(fd);
	(void)close(fd);
	l->file = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	(void)unlink(path);
}

static void read_some(struct load *l, int n)
{
	for (int i = 0; i < n; i++)
		if (pread(l->file, l->block, BLOCK, (off_t)(l->n_blocks++ % FILE_BLOCKS) * BLOCK) != BLOCK)
			die("reading");
	l->account->n_io += (uint64_t)n;
}

static void call_some(struct load *l, int n)
{
	char message[64] = { 0 };

	for (int i = 0; i < n; i += 2)
		if (write(l->sockets[0], message, sizeof(message)) < 0 ||
		    read(l->sockets[1], message, sizeof(message)) < 0)
			die("socket");
	l->account->n_calls += (uint64_t)n;
}

static void note_switches(struct load *l, int part)
{
	struct rusage used;

	(void)getrusage(RUSAGE_SELF, &used);
	l->account->switches[part] = (uint64_t)(used.ru_nvcsw + used.ru_nivcsw);
}

static void turn_some(struct load *l, int n)
{
	char byte = 0;

	for (int i = 0; i < n; i++)
		if (write(l->to[1], &byte, 1) != 1 || read(l->from[0], &byte, 1) != 1)
			die("pipe");
}

/* The other end of turn_some(): a process of its own. */
static void start_answering(struct load *l)
{
	char byte;

	if (pipe(l->to) < 0 || pipe(l->from) < 0)
		die("pipe");
	l->partner = fork();
	if (l->partner != 0)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)close(l->to[1]);
	for (uint64_t n = 0; read(l->to[0], &byte, 1) == 1; n++) {
		if (n % REGULATED_TICKS == 0)
			note_switches(l, LOAD_PARTS - 1);
		(void)!write(l->from[1], &byte, 1);
	}
	_exit(0);
}

/* ---- At rates ---- */

static void read_tick(struct load *l)
{
	read_some(l, LOAD_IO / TICKS);
}

static void call_tick(struct load *l)
{
	call_some(l, LOAD_CALLS / TICKS);
}

/* What everybody else does counts, too, so as many turns are taken as are missing. */
static void regulate(struct load *l)
{
	uint64_t now = load_machine_switches();
	double missing = LOAD_SWITCHES - (double)(now - l->n_switches) * TICKS / REGULATED_TICKS;

	l->turns += l->n_switches ? missing / TICKS / SWITCHES_A_TURN / 2 : 0;
	l->turns = l->turns < 0 ? 0 : l->turns > TURNS_MAX ? TURNS_MAX : l->turns;
	l->n_switches = now;
}

static void turn_tick(struct load *l)
{
	if (l->n_ticks % REGULATED_TICKS == 0)
		regulate(l);
	l->owed += l->turns;
	turn_some(l, (int)l->owed);
	l->owed -= (int)l->owed;
}

__attribute__((noreturn)) static void each_tick(struct load *l, void (*work)(struct load *l))
{
	struct timespec next;

	(void)clock_gettime(CLOCK_MONOTONIC, &next);
	for (;; l->n_ticks++) {
		work(l);
		if (l->n_ticks % REGULATED_TICKS == 0)
			note_switches(l, l->part);
		next.tv_nsec += TICK_NS;
		next.tv_sec += next.tv_nsec / NS_PER_S;
		next.tv_nsec %= NS_PER_S;
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}

static void prepare(struct load *l)
{
	l->account = load_account();
	open_file(l);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, l->sockets) < 0)
		die("socketpair");
}

void load_at_rates(void)
{
	static void (*const parts[])(struct load * l) = { read_tick, call_tick, turn_tick };
	struct load l = { .file = -1 };

	prepare(&l);
	for (int i = 0; i < 3; i++)
		if (fork() == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			l.part = i;
			if (parts[i] == turn_tick)
				start_answering(&l);
			each_tick(&l, parts[i]);
		}
	for (;;) {
		fake_collect(1, 1000000 / LOAD_COLLECTIONS);
		l.account->n_collections++;
		note_switches(&l, 3);
	}
}

/* ---- Work ---- */

static void spin(void)
{
	for (volatile int i = 0; i < ROUND_SPINS; i++)
		continue;
}

static uint64_t used_ns(clockid_t clock)
{
	struct timespec used;

	if (clock_gettime(clock, &used) < 0)
		die("processor time");
	return (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
}

static void do_portion(struct load *l)
{
	for (int i = 0; i < ROUNDS; i++, l->n_ticks++) {
		spin();
		read_some(l, LOAD_IO / TICKS);
		call_some(l, LOAD_CALLS / TICKS);
		turn_some(l, ROUND_TURNS);
		if (l->n_ticks % (TICKS / LOAD_COLLECTIONS) == 0)
			fake_collect(1, 0);
	}
}

void load_portions(int ask, int tell)
{
	struct load l = { .file = -1 };
	clockid_t partner;
	cpu_set_t one;
	char byte;

	/* All of it on one processor: where the two ends of a turn are makes more of a difference than anything else.
	 */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	(void)sched_setaffinity(0, sizeof(one), &one);
	prepare(&l);
	start_answering(&l);
	if (clock_getcpuclockid(l.partner, &partner) != 0)
		die("the partner's processor time");
	while (read(ask, &byte, 1) == 1) {
		uint64_t ns = used_ns(CLOCK_PROCESS_CPUTIME_ID) + used_ns(partner);

		do_portion(&l);
		ns = used_ns(CLOCK_PROCESS_CPUTIME_ID) + used_ns(partner) - ns;
		if (write(tell, &ns, sizeof(ns)) != sizeof(ns))
			die("telling");
	}
	exit(0);
}
