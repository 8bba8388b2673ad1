/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/collectors/disk_work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TMPFS = 0x01021994,
};

char disk_file[] = "disk-test.XXXXXX";

void *disk_block(void)
{
	void *b = NULL;

	if (posix_memalign(&b, DISK_BLOCK, DISK_BLOCK) != 0)
		_exit(1);
	memset(b, 'x', DISK_BLOCK);
	return b;
}

int disk_make_file(void **state)
{
	struct statfs fs;
	int fd = mkstemp(disk_file);
	void *block = disk_block();

	if (fd < 0)
		return -1;
	for (int i = 0; i < DISK_READS; i++)
		if (write(fd, block, DISK_BLOCK) != DISK_BLOCK)
			return -1;
	free(block);
	(void)fsync(fd);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	*state = statfs(disk_file, &fs) == 0 && fs.f_type == TMPFS ? disk_file : NULL;
	return close(fd);
}

int disk_remove_file(void **state)
{
	return unlink(disk_file);
}

static int64_t read_id(const char *tracepoint)
{
	unsigned long long id = 0;
	char path[96];
	FILE *f;
	int n;

	(void)snprintf(path, sizeof(path), "/sys/kernel/tracing/events/block/%s/id", tracepoint);
	f = fopen(path, "re");
	n = f ? fscanf(f, "%llu", &id) : 0;
	if (f)
		(void)fclose(f);
	return n == 1 ? (int64_t)id : -1;
}

/* Where nobody has mounted tracefs it is mounted for a process that nobody else shares it with. */
static int64_t read_id_apart(const char *tracepoint)
{
	int64_t id = -1;
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		    mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL) == 0)
			id = read_id(tracepoint);
		_exit(write(ends[1], &id, sizeof(id)) != sizeof(id));
	}
	(void)close(ends[1]);
	if (read(ends[0], &id, sizeof(id)) != sizeof(id))
		id = -1;
	(void)close(ends[0]);
	(void)waitpid(pid, NULL, 0);
	return id;
}

/* A tracepoint of the block layer; -1: there is no tracefs. */
static int64_t tracepoint_id(const char *name)
{
	int64_t id = read_id(name);

	return id < 0 ? read_id_apart(name) : id;
}

static void add_event(struct disk_events *e, int64_t tracepoint, pid_t pid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr), .config = (uint64_t)tracepoint, .inherit = cpu < 0
	};
	int fd = e->n < DISK_CPUS_MAX ? (int)syscall(SYS_perf_event_open, &attr, pid, cpu, -1, 0) : -1;

	if (fd >= 0)
		e->fds[e->n++] = fd;
}

struct disk_events disk_events_open(const char *tracepoint)
{
	int64_t id = tracepoint_id(tracepoint);
	struct disk_events ret = { .n = 0 };

	if (id < 0) {
		print_message("needs tracefs\n");
		skip();
	}
	for (int cpu = 0; cpu < DISK_CPUS_MAX && cpu == ret.n; cpu++)
		add_event(&ret, id, -1, cpu);
	assert_true(ret.n > 0);
	return ret;
}

/* Where the first process is the agent of a virtual machine's host, there are kernels that run no BPF program while it
 * has the processor, and so none in the interrupts that come then. Their counters go on. */
static struct disk_events unseen_open(void)
{
	int64_t id = tracepoint_id("block_rq_complete");
	struct disk_events ret = { .n = 0 };
	DIR *threads = id < 0 ? NULL : opendir("/proc/1/task");

	for (struct dirent *t; threads && (t = readdir(threads)) != NULL;)
		if (isdigit((unsigned char)t->d_name[0]))
			add_event(&ret, id, atoi(t->d_name), -1);
	if (threads)
		(void)closedir(threads);
	return ret;
}

int64_t disk_events_close(struct disk_events *e)
{
	int64_t sum = 0, one = 0;

	for (int i = 0; i < e->n; i++) {
		if (read(e->fds[i], &one, sizeof(one)) == sizeof(one))
			sum += one;
		(void)close(e->fds[i]);
	}
	return sum;
}

int64_t disk_unseen;

struct watched disk_watch_seen(const struct watching *w)
{
	struct disk_events unseen = unseen_open();
	struct watched got = watch(w);

	disk_unseen = disk_events_close(&unseen);
	return got;
}

struct watched disk_watch(void **state, const struct watching *w)
{
	disk_need(state);
	watch_needs_bpf();
	return disk_watch_seen(w);
}

void disk_need(void **state)
{
	if (!*state)
		return;
	print_message("needs a build folder on a disk\n");
	skip();
}

void disk_read_directly(void *what)
{
	int fd = open(disk_file, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void *block = disk_block();

	for (int i = 0; i < DISK_READS; i++)
		if (pread(fd, block, DISK_BLOCK, (off_t)((i * 7) % DISK_READS) * DISK_BLOCK) != DISK_BLOCK)
			_exit(1);
	free(block);
	(void)close(fd);
}

char disk_loop[32];

int disk_attach_loop(void)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_DIRECT_IO | LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), n = -1, fd = -1, file;

	if (control >= 0)
		n = ioctl(control, LOOP_CTL_GET_FREE);
	(void)close(control);
	(void)snprintf(disk_loop, sizeof(disk_loop), "/dev/loop%d", n);
	if (n >= 0)
		fd = open(disk_loop, O_RDWR | O_CLOEXEC);
	file = open(disk_file, O_RDWR | O_CLOEXEC);
	config.fd = (__u32)file;
	if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config) < 0) {
		(void)close(fd);
		fd = -1;
	}
	(void)close(file);
	if (fd < 0) {
		print_message("needs loop devices\n");
		skip();
	}
	return fd;
}
