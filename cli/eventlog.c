/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/eventlog.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <weir/fail.h>

enum {
	THREADS_AT_EXIT = 2, /* the main one and the ticker */
};

/* What the run-time system's own words of help say it has. */
struct abilities {
	int is_ghc, is_dynamic, has_log, has_flush;
};

static int has_words(const char *at, size_t n, const char *words)
{
	return memmem(at, n, words, strlen(words)) != NULL;
}

static int look_into(const char *exe, struct abilities *ret)
{
	int fd = open(exe, O_RDONLY | O_CLOEXEC);
	struct stat st;
	const char *at;

	*ret = (struct abilities){ 0 };
	if (fd < 0)
		return -errno;
	at = fstat(fd, &st) == 0 && st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
	                                           : MAP_FAILED;
	(void)close(fd);
	if (at == MAP_FAILED)
		return -EIO;
	ret->is_dynamic = has_words(at, (size_t)st.st_size, "libHSrts");
	ret->is_ghc = ret->is_dynamic || has_words(at, (size_t)st.st_size, "GHCRTS");
	ret->has_log = has_words(at, (size_t)st.st_size, "-ol<file>");
	ret->has_flush = has_words(at, (size_t)st.st_size, "eventlog-flush-interval");
	(void)munmap((void *)(uintptr_t)at, (size_t)st.st_size);
	return 0;
}

static int refuse(const char *exe, const struct abilities *a, struct weir_error *reterr)
{
	if (!a->is_ghc)
		return weir_fail(reterr, -ENOTSUP,
		                 "record: %s: --eventlog: not a program that GHC compiled; if it is a "
		                 "script, give the program itself",
		                 exe);
	return weir_fail(reterr, -ENOTSUP,
	                 "record: %s: --eventlog: its run-time system writes no eventlog; link it with "
	                 "-eventlog (before GHC 9.4)",
	                 exe);
}

/* Blanks end an option of GHCRTS, and there is no quoting. */
static void make_name(const char *exe, char *ret, size_t size)
{
	const char *slash = strrchr(exe, '/');

	(void)snprintf(ret, size, "%.200s.eventlog", slash ? slash + 1 : exe);
	for (char *c = ret; *c; c++)
		if (isspace((unsigned char)*c))
			*c = '_';
}

static int set_environment(const char *name, int has_flush)
{
	const char *before = getenv("GHCRTS");
	char *value;
	int r;

	if (asprintf(&value, "%s%s-l -ol%s%s", before ? before : "", before ? " " : "", name,
	             has_flush ? " --eventlog-flush-interval=1" : "") < 0)
		return -ENOMEM;
	r = setenv("GHCRTS", value, 1) < 0 ? -errno : 0;
	free(value);
	return r;
}

int eventlog_prepare(const char *exe, struct eventlog *ret, struct weir_error *reterr)
{
	struct abilities a;
	char name[256];
	int r = look_into(exe, &a);

	*ret = (struct eventlog){ .fd = -1 };
	if (r < 0)
		return weir_fail(reterr, r, "record: %s: --eventlog: %s", exe, strerror(-r));
	if (!a.is_ghc || (!a.has_log && !a.is_dynamic))
		return refuse(exe, &a, reterr);
	make_name(exe, name, sizeof(name));
	ret->has_flush = a.has_flush;
	ret->fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	if (ret->fd < 0 || !realpath(name, ret->path)) {
		r = -errno;
		eventlog_done(ret);
		return weir_fail(reterr, r, "record: %s: %s", name, strerror(-r));
	}
	r = set_environment(name, a.has_flush);
	if (r < 0) {
		eventlog_done(ret);
		return weir_fail(reterr, r, "record: GHCRTS: %s", strerror(-r));
	}
	return 0;
}

void eventlog_done(struct eventlog *e)
{
	if (e->fd >= 0)
		(void)close(e->fd);
	e->fd = -1;
}

/* ---- A hang ---- */

/* What /proc/PID/task/THREAD/FILE holds, with a NUL behind it; "" where it cannot be read. */
static const char *read_thread(pid_t pid, const char *thread, const char *file, char *room, size_t n_room)
{
	char path[64];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%.16s/%s", (int)pid, thread, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, room, n_room - 1);
	room[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
	return room;
}

static int waits_for_lock(pid_t pid, const char *thread)
{
	char where[64];

	return strstr(read_thread(pid, thread, "wchan", where, sizeof(where)), "futex") != NULL;
}

/* Whether the main thread waits for the ticker's end. Joining is a call futex(&number, how, number, ...) of the
 * thread that is joined. */
static int joins_ticker(pid_t pid)
{
	char main_thread[24], ticker[24], room[256];
	unsigned long long call, at, how, number;

	(void)snprintf(main_thread, sizeof(main_thread), "%d", (int)pid);
	if (sscanf(read_thread(pid, main_thread, "syscall", room, sizeof(room)), "%llu %llx %llx %llx", &call, &at,
	           &how, &number) != 4 ||
	    call != SYS_futex)
		return 0;
	(void)snprintf(ticker, sizeof(ticker), "%llu", number);
	return strcmp(read_thread(pid, ticker, "comm", room, sizeof(room)), "ghc_ticker\n") == 0;
}

/* A program that goes on has threads that wait for something else: input, a timer. Workers may be left beside the two.
 */
static int waits_for_itself(pid_t pid)
{
	char path[64];
	struct dirent *d;
	int n = 0, n_waiting = 0;
	DIR *threads;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	threads = opendir(path);
	while (threads && (d = readdir(threads))) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		n++;
		n_waiting += waits_for_lock(pid, d->d_name);
	}
	if (threads)
		(void)closedir(threads);
	return n_waiting == n && (n == THREADS_AT_EXIT || (n > THREADS_AT_EXIT && joins_ticker(pid)));
}

int eventlog_hangs(struct eventlog *e, pid_t pid, int64_t now_ns)
{
	if (e->fd < 0 || !e->has_flush || !waits_for_itself(pid)) {
		e->hung_since_ns = 0;
		return 0;
	}
	if (e->hung_since_ns == 0)
		e->hung_since_ns = now_ns;
	return now_ns - e->hung_since_ns >= EVENTLOG_HANG_S * INT64_C(1000000000);
}
