/* SPDX-License-Identifier: Apache-2.0 */
/* The disk collector above the block layer: the page cache, synchronising, io_uring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/collectors/disk_work.h"
#include <cmocka.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	TRIES = 10,
	N_FSYNCS = 20,
	N_FDATASYNCS = 30,
	RING_ENTRIES = 4,
};

static void write_lazily(void *what)
{
	int fd = open(disk_file, O_WRONLY | O_CLOEXEC);
	void *block = disk_block();

	for (int i = 0; i < DISK_READS; i++)
		if (write(fd, block, DISK_BLOCK) != DISK_BLOCK)
			_exit(1);
	(void)close(fd);
	free(block);
	sync();
}

static void buffered_writes_are_the_writers_when_made_dirty(void **state)
{
	const struct watching w = { .collector = "disk", .work = write_lazily };
	struct watched got = disk_watch(state, &w);

	/* A completion of unknown size that nobody could be told of: once more. */
	for (int i = 0; i < TRIES && disk_unseen > 0; i++) {
		watched_done(&got);
		got = disk_watch(state, &w);
	}
	/* The inode's own page or two come on top. */
	assert_true(is_near(watched_gain(&got, "process.disk.dirtied", "own"), DISK_FILE_BYTES, 0, 16 * DISK_BLOCK));
	assert_true(watched_gain(&got, "process.disk.dirtied", "own") >= DISK_FILE_BYTES);
	assert_int_equal(watched_gain(&got, "process.disk.io.accounted", "own direction=write"),
	                 watched_gain(&got, "process.disk.dirtied", "own"));
	/* It was written back by somebody else, but it was written. */
	assert_true(watched_gain(&got, "process.disk.io", "own direction=write") < DISK_FILE_BYTES / 2);
	assert_true(watched_gain(&got, "disk.io", "direction=write") >= DISK_FILE_BYTES);
	assert_true(is_near(watched_gain(&got, "disk.io", "direction=write"),
	                    watched_gain(&got, "system.disk.io", "direction=write"), 0, 1 << 20));
	watched_done(&got);
}

static void synchronise(void *what)
{
	int fd = open(disk_file, O_WRONLY | O_CLOEXEC);
	void *block = disk_block();

	for (int i = 0; i < N_FSYNCS + N_FDATASYNCS; i++)
		if (write(fd, block, DISK_BLOCK) != DISK_BLOCK || (i < N_FSYNCS ? fsync(fd) : fdatasync(fd)) < 0)
			_exit(1);
	(void)close(fd);
	free(block);
}

static void every_fsync_is_timed(void **state)
{
	const struct lend_pair calls = { "sync", "calls" };
	struct watching w = { .collector = "disk", .work = synchronise, .options = &calls };

	disk_need(state);
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
	int fd = open(disk_file, O_RDONLY | O_CLOEXEC);
	volatile unsigned char *at = mmap(NULL, DISK_FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	unsigned sum = 0;

	if (at == MAP_FAILED)
		_exit(1);
	for (int i = 0; i < DISK_FILE_BYTES; i += DISK_BLOCK)
		sum += at[i];
	if (sum != 'x' * (unsigned)DISK_READS)
		_exit(1);
	(void)munmap((void *)(uintptr_t)at, DISK_FILE_BYTES);
	(void)close(fd);
}

static void forget_file(void)
{
	int fd = open(disk_file, O_RDONLY | O_CLOEXEC);

	(void)fsync(fd);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	(void)close(fd);
}

static void mapped_files_are_read_into_the_cache_by_who_touches_them(void **state)
{
	const struct watching w = { .collector = "disk", .work = touch_pages };
	struct watched got;

	disk_need(state);
	forget_file();
	got = watch_kernel(&w);
	assert_true(is_near(watched_gain(&got, "process.page_cache.added", "own"), DISK_READS, 0, 64));
	if (!watched_says(&got, "mm_filemap_fault"))
		assert_true(watched_gain(&got, "process.page_cache.faults", "own") > 0);
	assert_true(is_near(watched_gain(&got, "process.disk.io", "own direction=read"), DISK_FILE_BYTES, 0,
	                    64 * DISK_BLOCK));
	assert_int_equal(watched_gain(&got, "process.disk.io", "own direction=read"),
	                 watched_gain(&got, "process.disk.io.accounted", "own direction=read"));
	watched_done(&got);
}

static void read_through_cache(void *what)
{
	int fd = open(disk_file, O_RDONLY | O_CLOEXEC);
	char *block = disk_block();

	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < DISK_READS; i++)
			if (pread(fd, block, DISK_BLOCK, (off_t)i * DISK_BLOCK) != DISK_BLOCK)
				_exit(1);
	free(block);
	(void)close(fd);
}

static void a_file_read_twice_misses_once(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_through_cache };
	struct watched got;

	disk_need(state);
	forget_file();
	got = watch_kernel(&w);
	if (!watched_says(&got, "mm_filemap_get_pages"))
		assert_true(
			is_near(watched_gain(&got, "process.page_cache.requested", "own"), 2 * DISK_READS, 0.02, 16));
	assert_true(is_near(watched_gain(&got, "process.page_cache.added", "own"), DISK_READS, 0, 64));
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
		                                   .off = (__u64)i * DISK_BLOCK,
		                                   .addr = (__u64)(uintptr_t)block,
		                                   .len = DISK_BLOCK };
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
	int fd = open(disk_file, O_RDONLY | O_DIRECT | O_CLOEXEC);
	struct ring r = ring_open();
	void *block = disk_block();

	/* Every other one by a worker thread of the kernel's. */
	for (int i = 0; i < DISK_READS; i++)
		ring_read(&r, fd, block, i, i & 1 ? IOSQE_ASYNC : 0);
	free(block);
	(void)close(fd);
}

static void reads_through_io_uring_are_the_processs_own(void **state)
{
	const struct watching w = { .collector = "disk", .work = read_by_ring };
	struct watched got;
	int ring = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &(struct io_uring_params){ 0 });

	disk_need(state);
	watch_needs_bpf();
	if (ring < 0) {
		print_message("needs io_uring (kernel.io_uring_disabled)\n");
		skip();
	}
	(void)close(ring);
	got = watch(&w);
	assert_int_equal(watched_gain(&got, "process.disk.io", "own direction=read"), DISK_FILE_BYTES);
	assert_int_equal(watched_gain(&got, "process.disk.operations", "own direction=read"), DISK_READS);
	assert_int_equal(watched_gain(&got, "process.disk.io.accounted", "own direction=read"), DISK_FILE_BYTES);
	watched_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffered_writes_are_the_writers_when_made_dirty),
		cmocka_unit_test(every_fsync_is_timed),
		cmocka_unit_test(mapped_files_are_read_into_the_cache_by_who_touches_them),
		cmocka_unit_test(a_file_read_twice_misses_once),
		cmocka_unit_test(reads_through_io_uring_are_the_processs_own),
	};

	return cmocka_run_group_tests(tests, disk_make_file, disk_remove_file);
}
