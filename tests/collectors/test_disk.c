/* SPDX-License-Identifier: Apache-2.0 */
/* The disk collector on processes that do what they are told, against what they did, /proc/PID/io and
 * /sys/block/X/stat.
 *
 * Submissions and system calls happen in the watched process and must be exact. Completions happen in whatever the
 * interrupt hit, and on some virtual machines a BPF program does not run in all of that, so a few may be missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/loop.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/collectors/watch.h"

enum {
	BLOCK = 4096,
	N_READS = 2000,
	FILE_BYTES = N_READS * BLOCK,
	N_FSYNCS = 20,
	N_FDATASYNCS = 30,
	N_FLUSHED = 100,
	N_CHILDREN = 200,
	N_READS_EACH = 4,
	N_LOOP_READS = 400,
	CPUS_MAX = 256,
	TMPFS = 0x01021994,
	RING_ENTRIES = 4,
};

static char path[] = "disk-test.XXXXXX";

/* Whether a is b but for a share of it that may be missing or too much. */
static int is_near(int64_t a, int64_t b, double share, int64_t slack)
{
	double off = (double)(a > b ? a - b : b - a);

	if (off <= share * (double)b + (double)slack)
		return 1;
	print_message("%lld is not near %lld\n", (long long)a, (long long)b);
	return 0;
}

static void *block_buffer(void)
{
	void *b = NULL;

	if (posix_memalign(&b, BLOCK, BLOCK) != 0)
		_exit(1);
	memset(b, 'x', BLOCK);
	return b;
}

static int make_file(void **state)
{
	struct statfs fs;
	int fd = mkstemp(path);
	void *block = block_buffer();

	if (fd < 0)
		return -1;
	for (int i = 0; i < N_READS; i++)
		if (write(fd, block, BLOCK) != BLOCK)
			return -1;
	free(block);
	(void)fsync(fd);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	*state = statfs(path, &fs) == 0 && fs.f_type == TMPFS ? path : NULL;
	return close(fd);
}

static int remove_file(void **state)
{
	return unlink(path);
}

static void need_disk(void **state)
{
	if (!*state)
		return;
	print_message("needs a build folder on a disk\n");
	skip();
}

static void read_directly(void *what)
{
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void *block = block_buffer();

	for (int i = 0; i < N_READS; i++)
		if (pread(fd, block, BLOCK, (off_t)((i * 7) % N_READS) * BLOCK) != BLOCK)
			_exit(1);
	free(block);
	(void)close(fd);
}

static void direct_reads_are_counted_to_the_byte_and_timed(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_directly };
	struct watched got;
	char own[64];

	need_disk(state);
	watch_needs_bpf();
	got = watch(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d direction=read", got.pid);
	assert_true(watched_says(&got, "{\"fact\":\"rung\",\"value\":\"tp_btf\"}"));
	assert_int_equal(watched_gain(&got, "process.disk.io", own), FILE_BYTES);
	assert_int_equal(watched_gain(&got, "process.disk.operations", own), N_READS);
	assert_int_equal(watched_gain(&got, "process.disk.io.accounted", own), FILE_BYTES);
	assert_true(is_near(watched_count(&got, "process.disk.latency", own), N_READS, 0.02, 0));
	assert_true(is_near(watched_count(&got, "process.disk.queue_time", own), N_READS, 0.02, 0));
	assert_true(watched_sum(&got, "process.disk.latency", own) > N_READS * 1000.0);
	/* Others use the disk too, and the two are not read at the same moment. */
	assert_true(is_near(watched_gain(&got, "disk.io", "direction=read"),
	                    watched_gain(&got, "system.disk.io", "direction=read"), 0.03, 1 << 20));
	assert_true(is_near(watched_gain(&got, "disk.operations", "direction=read"),
	                    watched_gain(&got, "system.disk.operations", "direction=read"), 0.03, 50));
	watched_done(&got);
}

static void write_directly(void *what)
{
	int fd = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
	void *block = block_buffer();

	for (int i = 0; i < N_READS; i++)
		if (pwrite(fd, block, BLOCK, (off_t)((i * 7) % N_READS) * BLOCK) != BLOCK)
			_exit(1);
	free(block);
	(void)close(fd);
}

static void direct_writes_are_the_writers_at_once(void **state)
{
	const struct watching w = { .collector = "disk", .work = write_directly };
	struct watched got;
	char own[64];

	need_disk(state);
	watch_needs_bpf();
	got = watch(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d direction=write", got.pid);
	assert_int_equal(watched_gain(&got, "process.disk.io", own), FILE_BYTES);
	assert_int_equal(watched_gain(&got, "process.disk.operations", own), N_READS);
	assert_true(is_near(watched_gain(&got, "process.disk.io.accounted", own), FILE_BYTES, 0, 16 * BLOCK));
	assert_true(is_near(watched_count(&got, "process.disk.latency", own), N_READS, 0.02, 0));
	assert_true(is_near(watched_gain(&got, "disk.operations", "direction=write"),
	                    watched_gain(&got, "system.disk.operations", "direction=write"), 0.03, 50));
	watched_done(&got);
}

/* What the kernel's own tracepoint tells others must stay theirs, whatever programs of ours hang on it. */
static int64_t count_events(const int *fds, int n)
{
	int64_t sum = 0, one = 0;

	for (int i = 0; i < n; i++) {
		if (read(fds[i], &one, sizeof(one)) == sizeof(one))
			sum += one;
		(void)close(fds[i]);
	}
	return sum;
}

static void nobody_else_is_blinded(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_directly };
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	int fds[CPUS_MAX], n = 0;
	struct watched got;
	FILE *f;

	need_disk(state);
	watch_needs_bpf();
	f = fopen("/sys/kernel/tracing/events/block/block_rq_complete/id", "re");
	if (!f || fscanf(f, "%llu", &attr.config) != 1) {
		print_message("needs tracefs\n");
		skip();
	}
	(void)fclose(f);
	while (n < CPUS_MAX && (fds[n] = (int)syscall(SYS_perf_event_open, &attr, -1, n, -1, 0)) >= 0)
		n++;
	assert_true(n > 0);
	got = watch(&w);
	assert_true(count_events(fds, n) >= N_READS);
	watched_done(&got);
}

static void write_and_flush(void *what)
{
	int fd = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC);
	void *block = block_buffer();

	for (int i = 0; i < N_FLUSHED; i++)
		if (pwrite(fd, block, BLOCK, (off_t)i * BLOCK) != BLOCK || fdatasync(fd) < 0)
			_exit(1);
	free(block);
	(void)close(fd);
}

/* A flush is seen three times: the data, the flush itself, and the empty request that waited for both. */
static void a_flush_is_one_operation(void **state)
{
	const struct watching w = { .collector = "disk", .work = write_and_flush };
	struct watched got;

	need_disk(state);
	watch_needs_bpf();
	got = watch(&w);
	assert_true(is_near(watched_gain(&got, "disk.operations", "direction=write"),
	                    watched_gain(&got, "system.disk.operations", "direction=write"), 0.03, N_FLUSHED / 4));
	/* A device without a cache of its own is not flushed. */
	if (watched_gain(&got, "system.disk.operations", "direction=flush") > 0)
		assert_true(is_near(watched_gain(&got, "disk.operations", "direction=flush"),
		                    watched_gain(&got, "system.disk.operations", "direction=flush"), 0.03,
		                    N_FLUSHED / 4));
	watched_done(&got);
}

/* ---- Devices above others ---- */

static char loop_path[32];

static int attach_loop(void)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_DIRECT_IO | LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), n = -1, fd = -1, file;

	if (control >= 0)
		n = ioctl(control, LOOP_CTL_GET_FREE);
	(void)close(control);
	(void)snprintf(loop_path, sizeof(loop_path), "/dev/loop%d", n);
	if (n >= 0)
		fd = open(loop_path, O_RDWR | O_CLOEXEC);
	file = open(path, O_RDWR | O_CLOEXEC);
	config.fd = (__u32)file;
	if (fd >= 0 && ioctl(fd, LOOP_CONFIGURE, &config) < 0) {
		(void)close(fd);
		fd = -1;
	}
	(void)close(file);
	return fd;
}

static void read_loop(void *what)
{
	int fd = open(loop_path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void *block = block_buffer();

	for (int i = 0; i < N_LOOP_READS; i++)
		if (pread(fd, block, BLOCK, (off_t)i * BLOCK) != BLOCK)
			_exit(1);
	free(block);
	(void)close(fd);
}

static void only_what_lies_below_others_is_counted_unless_asked(void **state)
{
	const struct lend_pair stacked = { "stacked", "true" };
	struct watching w = { .collector = "disk", .work = read_loop, .options = &stacked };
	char upper[64];
	int fd;

	need_disk(state);
	watch_needs_bpf();
	fd = attach_loop();
	if (fd < 0) {
		print_message("needs loop devices\n");
		skip();
	}
	(void)snprintf(upper, sizeof(upper), "direction=read device=%s", loop_path + strlen("/dev/"));
	for (w.n_options = 0; w.n_options < 2; w.n_options++) {
		struct watched got = watch(&w);
		int64_t n = watched_gain(&got, "disk.operations", upper);

		if (w.n_options == 0)
			assert_int_equal(n, -1);
		else
			assert_true(is_near(n, N_LOOP_READS, 0.03, 0));
		/* By the device's own thread. */
		assert_true(watched_gain(&got, "disk.operations", "direction=read") >= N_LOOP_READS * 97 / 100);
		watched_done(&got);
	}
	(void)close(fd);
}

static void write_lazily(void *what)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	void *block = block_buffer();

	for (int i = 0; i < N_READS; i++)
		if (write(fd, block, BLOCK) != BLOCK)
			_exit(1);
	(void)close(fd);
	free(block);
	sync();
}

static void buffered_writes_are_the_writers_when_made_dirty(void **state)
{
	const struct watching w = { .collector = "disk", .work = write_lazily };
	struct watched got;
	char own[32], direction[64];

	need_disk(state);
	watch_needs_bpf();
	got = watch(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d", got.pid);
	(void)snprintf(direction, sizeof(direction), "%s direction=write", own);
	/* The inode's own page or two come on top. */
	assert_true(is_near(watched_gain(&got, "process.disk.dirtied", own), FILE_BYTES, 0, 16 * BLOCK));
	assert_true(watched_gain(&got, "process.disk.dirtied", own) >= FILE_BYTES);
	assert_int_equal(watched_gain(&got, "process.disk.io.accounted", direction),
	                 watched_gain(&got, "process.disk.dirtied", own));
	/* It was written back by somebody else, but it was written. */
	assert_true(watched_gain(&got, "process.disk.io", direction) < FILE_BYTES / 2);
	assert_true(watched_gain(&got, "disk.io", "direction=write") >= FILE_BYTES * 97 / 100);
	assert_true(is_near(watched_gain(&got, "disk.io", "direction=write"),
	                    watched_gain(&got, "system.disk.io", "direction=write"), 0.03, 1 << 20));
	watched_done(&got);
}

static void synchronise(void *what)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	void *block = block_buffer();

	for (int i = 0; i < N_FSYNCS + N_FDATASYNCS; i++)
		if (write(fd, block, BLOCK) != BLOCK || (i < N_FSYNCS ? fsync(fd) : fdatasync(fd)) < 0)
			_exit(1);
	(void)close(fd);
	free(block);
}

static void every_fsync_is_timed(void **state)
{
	const struct lend_pair calls = { "sync", "calls" };
	struct watching w = { .collector = "disk", .work = synchronise, .options = &calls };

	need_disk(state);
	watch_needs_bpf();
	/* Once by the file system's own hooks where it has them, once by system calls. */
	for (w.n_options = 0; w.n_options < 2; w.n_options++) {
		struct watched got = watch(&w);

		assert_int_equal(watched_count(&got, "fsync.latency", "call=fsync"), N_FSYNCS);
		assert_int_equal(watched_count(&got, "fsync.latency", "call=fdatasync"), N_FDATASYNCS);
		watched_done(&got);
	}
}

static void touch_pages(void *what)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	volatile unsigned char *at = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	unsigned sum = 0;

	if (at == MAP_FAILED)
		_exit(1);
	for (int i = 0; i < FILE_BYTES; i += BLOCK)
		sum += at[i];
	if (sum != 'x' * (unsigned)N_READS)
		_exit(1);
	(void)munmap((void *)(uintptr_t)at, FILE_BYTES);
	(void)close(fd);
}

static void forget_file(void)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	(void)fsync(fd);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	(void)close(fd);
}

static void mapped_files_are_read_into_the_cache_by_who_touches_them(void **state)
{
	const struct watching w = { .collector = "disk", .work = touch_pages };
	struct watched got;
	char own[32], direction[64];

	need_disk(state);
	watch_needs_bpf();
	forget_file();
	got = watch(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d", got.pid);
	(void)snprintf(direction, sizeof(direction), "%s direction=read", own);
	assert_true(is_near(watched_gain(&got, "process.page_cache.added", own), N_READS, 0, 64));
	if (!watched_says(&got, "mm_filemap_fault"))
		assert_true(watched_gain(&got, "process.page_cache.faults", own) > 0);
	assert_true(is_near(watched_gain(&got, "process.disk.io", direction), FILE_BYTES, 0, 64 * BLOCK));
	assert_int_equal(watched_gain(&got, "process.disk.io", direction),
	                 watched_gain(&got, "process.disk.io.accounted", direction));
	watched_done(&got);
}

static void read_through_cache(void *what)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *block = block_buffer();

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < N_READS; i++)
			if (pread(fd, block, BLOCK, (off_t)i * BLOCK) != BLOCK)
				_exit(1);
	free(block);
	(void)close(fd);
}

static void a_file_read_twice_misses_once(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_through_cache };
	struct watched got;
	char own[64];

	need_disk(state);
	watch_needs_bpf();
	forget_file();
	got = watch(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d", got.pid);
	if (!watched_says(&got, "mm_filemap_get_pages"))
		assert_true(is_near(watched_gain(&got, "process.page_cache.requested", own), 2 * N_READS, 0.02, 16));
	assert_true(is_near(watched_gain(&got, "process.page_cache.added", own), N_READS, 0, 64));
	watched_done(&got);
}

static void read_in_a_child(void *what)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		read_directly(what);
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
}

static void children_are_followed_and_read_before_they_go(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_in_a_child };
	struct watched got;
	char own[64];

	need_disk(state);
	watch_needs_bpf();
	got = watch(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d direction=read", got.pid);
	assert_int_equal(watched_gain(&got, "process.disk.io", "direction=read"), FILE_BYTES);
	assert_int_equal(watched_gain(&got, "process.disk.io", own), -1);
	watched_done(&got);
}

static void read_in_many_children(void *what)
{
	void *block = block_buffer();

	for (int i = 0; i < N_CHILDREN; i++)
		if (fork() == 0) {
			int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);

			for (int k = 0; k < N_READS_EACH; k++)
				if (pread(fd, block, BLOCK, (off_t)(i * N_READS_EACH + k) * BLOCK) != BLOCK)
					_exit(1);
			_exit(0);
		}
	while (wait(NULL) > 0)
		continue;
	free(block);
}

static void hundreds_that_come_and_go_between_two_polls_are_all_counted(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_in_many_children };
	struct watched got;

	need_disk(state);
	watch_needs_bpf();
	got = watch(&w);
	/* The kernel may have no memory at hand for one of them. */
	assert_in_range(watched_gain(&got, "weir.lost", ""), 0, N_READS_EACH);
	assert_true(is_near(watched_gain(&got, "process.disk.io", "direction=read"), N_CHILDREN * N_READS_EACH * BLOCK,
	                    0, watched_gain(&got, "weir.lost", "") * BLOCK));
	watched_done(&got);
}

/* ---- io_uring, by its system calls ---- */

struct ring {
	int fd;
	unsigned *sq_tail, *sq_array, *cq_head, *cq_tail;
	unsigned sq_mask;
	struct io_uring_sqe *entries;
};

static void *ring_map(int fd, size_t n, off_t offset)
{
	void *at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

	if (at == MAP_FAILED)
		_exit(1);
	return at;
}

static struct ring ring_open(void)
{
	struct io_uring_params p = { 0 };
	struct ring r = { .fd = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &p) };
	char *sq, *cq;

	if (r.fd < 0)
		_exit(1);
	sq = ring_map(r.fd, p.sq_off.array + p.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	cq = ring_map(r.fd, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	r.entries = ring_map(r.fd, p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	r.sq_tail = (unsigned *)(void *)(sq + p.sq_off.tail);
	r.sq_array = (unsigned *)(void *)(sq + p.sq_off.array);
	r.sq_mask = p.sq_entries - 1;
	r.cq_head = (unsigned *)(void *)(cq + p.cq_off.head);
	r.cq_tail = (unsigned *)(void *)(cq + p.cq_off.tail);
	return r;
}

static void ring_read(struct ring *r, int fd, void *block, int i, unsigned flags)
{
	unsigned place = *r->sq_tail & r->sq_mask;

	r->entries[place] = (struct io_uring_sqe){ .opcode = IORING_OP_READ,
		                                   .flags = (__u8)flags,
		                                   .fd = fd,
		                                   .off = (__u64)i * BLOCK,
		                                   .addr = (__u64)(uintptr_t)block,
		                                   .len = BLOCK };
	r->sq_array[place] = place;
	__atomic_store_n(r->sq_tail, *r->sq_tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		_exit(1);
	if (__atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE) == *r->cq_head)
		_exit(1);
	__atomic_store_n(r->cq_head, *r->cq_head + 1, __ATOMIC_RELEASE);
}

static void read_by_ring(void *what)
{
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	struct ring r = ring_open();
	void *block = block_buffer();

	/* Every other one by a worker thread of the kernel's. */
	for (int i = 0; i < N_READS; i++)
		ring_read(&r, fd, block, i, i & 1 ? IOSQE_ASYNC : 0);
	free(block);
	(void)close(fd);
}

static void reads_through_io_uring_are_the_processs_own(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_by_ring };
	struct watched got;
	char own[64];
	int ring = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &(struct io_uring_params){ 0 });

	need_disk(state);
	watch_needs_bpf();
	if (ring < 0) {
		print_message("needs io_uring (kernel.io_uring_disabled)\n");
		skip();
	}
	(void)close(ring);
	got = watch(&w);
	(void)snprintf(own, sizeof(own), "process.pid=%d direction=read", got.pid);
	assert_int_equal(watched_gain(&got, "process.disk.io", own), FILE_BYTES);
	assert_int_equal(watched_gain(&got, "process.disk.operations", own), N_READS);
	assert_int_equal(watched_gain(&got, "process.disk.io.accounted", own), FILE_BYTES);
	watched_done(&got);
}

static void nothing_is_lost_and_the_ledger_adds_up(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_directly };
	struct watched got;

	need_disk(state);
	watch_needs_bpf();
	got = watch(&w);
	assert_int_equal(watched_gain(&got, "weir.lost", ""), 0);
	assert_true(watched_says(&got, "{\"end\":\"ok\""));
	assert_true(watched_says(&got, "\"skipped\":0,\"bad\":0,\"lost\":0"));
	watched_done(&got);
}

static void of_nobody_the_devices_are_measured(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_directly, .is_without_target = 1 };
	struct watched got;

	need_disk(state);
	watch_needs_bpf();
	got = watch(&w);
	assert_true(watched_gain(&got, "disk.operations", "direction=read") >= N_READS * 97 / 100);
	assert_true(watched_count(&got, "disk.latency", "direction=read") >= N_READS * 97 / 100);
	assert_int_equal(watched_gain(&got, "process.disk.io", ""), -1);
	watched_done(&got);
}

/* ---- The lowest rung ---- */

static void assert_procfs_measures(const struct watching *w, const char *why)
{
	struct watched got = watch(w);
	char own[64];

	(void)snprintf(own, sizeof(own), "process.pid=%d direction=read", got.pid);
	if (!watched_says(&got, why))
		fail_msg("'%s' is not in\n%s", why, got.text);
	assert_true(watched_says(&got, "{\"fact\":\"rung\",\"value\":\"procfs\"}"));
	assert_true(watched_says(&got, "it lacks: latency"));
	assert_int_equal(watched_gain(&got, "process.disk.io", own), FILE_BYTES);
	assert_true(watched_gain(&got, "system.disk.io", "direction=read") >= FILE_BYTES);
	assert_int_equal(watched_count(&got, "disk.latency", ""), -1);
	watched_done(&got);
}

static void without_ebpf_the_kernels_own_accounts_are_read(void **state)
{
	const struct lend_pair procfs = { "rung", "procfs" };

	need_disk(state);
	if (access("/sys/block", F_OK) < 0) {
		print_message("needs /sys\n");
		skip();
	}
	assert_procfs_measures(
		&(struct watching){ .collector = "disk", .work = read_directly, .options = &procfs, .n_options = 1 },
		"rung=procfs");
}

static void without_capabilities_it_says_which(void **state)
{
	need_disk(state);
	watch_needs_bpf();
	assert_procfs_measures(&(struct watching){ .collector = "disk",
	                                           .work = read_directly,
	                                           .is_without_capabilities = WATCH_BOTH_WITHOUT },
	                       "CAP_BPF");
}

static void what_may_not_be_read_is_said_and_absent(void **state)
{
	const struct watching w = { .collector = "disk",
		                    .work = read_directly,
		                    .is_without_capabilities = WATCH_WITHOUT };
	struct watched got;

	need_disk(state);
	watch_needs_bpf();
	got = watch(&w);
	assert_true(watched_says(&got, "disk.account_denied"));
	assert_true(watched_says(&got, "CAP_SYS_PTRACE"));
	assert_int_equal(watched_gain(&got, "process.disk.io", ""), -1);
	assert_true(watched_says(&got, "{\"end\":\"partial\""));
	watched_done(&got);
}

static void without_types_it_says_so(void **state)
{
	need_disk(state);
	watch_needs_bpf();
	assert_procfs_measures(&(struct watching){ .collector = "disk", .work = read_directly, .is_without_types = 1 },
	                       "CONFIG_DEBUG_INFO_BTF");
}

static void without_tracefs_nothing_is_missed(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_directly, .is_without_tracefs = 1 };
	struct watched got;

	need_disk(state);
	watch_needs_bpf();
	got = watch(&w);
	assert_true(watched_says(&got, "{\"fact\":\"rung\",\"value\":\"tp_btf\"}"));
	assert_int_equal(watched_gain(&got, "process.disk.io", "direction=read"), FILE_BYTES);
	watched_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(direct_reads_are_counted_to_the_byte_and_timed),
		cmocka_unit_test(direct_writes_are_the_writers_at_once),
		cmocka_unit_test(nobody_else_is_blinded),
		cmocka_unit_test(a_flush_is_one_operation),
		cmocka_unit_test(only_what_lies_below_others_is_counted_unless_asked),
		cmocka_unit_test(buffered_writes_are_the_writers_when_made_dirty),
		cmocka_unit_test(every_fsync_is_timed),
		cmocka_unit_test(mapped_files_are_read_into_the_cache_by_who_touches_them),
		cmocka_unit_test(a_file_read_twice_misses_once),
		cmocka_unit_test(children_are_followed_and_read_before_they_go),
		cmocka_unit_test(hundreds_that_come_and_go_between_two_polls_are_all_counted),
		cmocka_unit_test(reads_through_io_uring_are_the_processs_own),
		cmocka_unit_test(without_tracefs_nothing_is_missed),
		cmocka_unit_test(of_nobody_the_devices_are_measured),
		cmocka_unit_test(nothing_is_lost_and_the_ledger_adds_up),
		cmocka_unit_test(without_ebpf_the_kernels_own_accounts_are_read),
		cmocka_unit_test(without_capabilities_it_says_which),
		cmocka_unit_test(what_may_not_be_read_is_said_and_absent),
		cmocka_unit_test(without_types_it_says_so),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
