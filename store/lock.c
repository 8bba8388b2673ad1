/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum {
	FILE_MODE = 0666,  /* before the umask */
	ORPHANS_MS = 5000, /* how long the children of a killed holder get to follow it, at most */
	ORPHANS_NAP_MS = 2,
};

struct lock {
	struct lock *next;
	dev_t device;
	ino_t inode;
	int fd;
	int is_released; /* but its descriptor must stay open */
};

/* All locks of this process: fcntl's locks belong to the process, so what protects them does, too. */
static struct lock *locks;
static pthread_mutex_t locks_mutex = PTHREAD_MUTEX_INITIALIZER;

static void remember(struct lock *l)
{
	(void)pthread_mutex_lock(&locks_mutex);
	l->next = locks;
	locks = l;
	(void)pthread_mutex_unlock(&locks_mutex);
}

static int is_same_file(const struct lock *a, const struct lock *b)
{
	return a->device == b->device && a->inode == b->inode;
}

static void close_file(const struct lock *file)
{
	const struct lock key = *file;
	struct lock **at = &locks;

	while (*at) {
		struct lock *l = *at;

		if (!is_same_file(l, &key)) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		(void)close(l->fd);
		free(l);
	}
}

void lock_release(struct lock *l)
{
	const struct lock *other;

	if (!l)
		return;
	(void)pthread_mutex_lock(&locks_mutex);
	(void)flock(l->fd, LOCK_UN);
	l->is_released = 1;
	for (other = locks; other; other = other->next)
		if (is_same_file(other, l) && !other->is_released)
			break;
	if (!other)
		close_file(l);
	(void)pthread_mutex_unlock(&locks_mutex);
}

/* proc(5), /proc/locks: `1: FLOCK  ADVISORY  WRITE 708 08:01:1310732 0 EOF`, device in hexadecimal. */
static pid_t find_holder(const struct lock *l)
{
	FILE *f = fopen("/proc/locks", "re");
	unsigned device_major, device_minor;
	uint64_t inode;
	char line[256];
	int pid, holder = 0;

	while (f && !holder && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s FLOCK %*s WRITE %d %x:%x:%" SCNu64, &pid, &device_major, &device_minor, &inode) ==
		            4 &&
		    inode == l->inode && device_major == major(l->device) && device_minor == minor(l->device))
			holder = pid;
	if (f)
		(void)fclose(f);
	return holder > 0 ? holder : 0;
}

/* Dead, or dead and not yet waited for: proc(5), /proc/PID/stat: `708 (weir) Z …`. */
static int is_dead(pid_t pid)
{
	char path[32], line[512] = "", *end;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT;
	(void)fgets(line, sizeof(line), f);
	(void)fclose(f);
	end = strrchr(line, ')');
	return !end || strncmp(end, ") Z", 3) == 0 || strncmp(end, ") X", 3) == 0;
}

/* A killed holder's children share its lock until they are gone, too, which is a matter of milliseconds. */
static int take(struct lock *l, pid_t *ret_holder)
{
	const struct timespec nap = { .tv_nsec = ORPHANS_NAP_MS * 1000000L };

	for (int waited_ms = 0;; waited_ms += ORPHANS_NAP_MS) {
		if (flock(l->fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return -errno;
		*ret_holder = find_holder(l);
		if (waited_ms >= ORPHANS_MS || (*ret_holder && !is_dead(*ret_holder)))
			return -EBUSY;
		(void)nanosleep(&nap, NULL);
	}
}

static int open_file(const char *path, int flags, struct lock *l)
{
	struct stat st;
	int r = 0;

	/* O_NONBLOCK: opening a fifo must not wait; regular files don't care. */
	l->fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, FILE_MODE);
	if (l->fd < 0)
		return -errno;
	if (fstat(l->fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -EBADMSG;
	if (r < 0) {
		(void)close(l->fd);
		return r;
	}
	l->device = st.st_dev;
	l->inode = st.st_ino;
	return 0;
}

int lock_take(const char *path, int flags, int exclusive, struct lock **ret, pid_t *ret_holder)
{
	struct lock *l = calloc(1, sizeof(*l));
	int r = l ? open_file(path, flags, l) : -ENOMEM;

	*ret_holder = 0;
	if (r < 0) {
		free(l);
		return r;
	}
	remember(l);
	if (exclusive)
		r = take(l, ret_holder);
	if (r < 0)
		lock_release(l);
	else
		*ret = l;
	return r;
}
