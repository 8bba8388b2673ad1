/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of requests in a queue: how many are in flight, which become part of a neighbour's, which a device gives
 * back. Against /sys/block/X/stat and the kernel's own tracepoints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/collectors/disk_work.h"

enum {
	N_READERS = 16,
	PIECE = 64 << 10,
	TRIES = 5,
	AT_ONCE = 16, /* few enough for one request */
	N_WRITES = 100 * AT_ONCE,
	N_DEEP = 120,
	N_ROUNDS = 20,
};

static const struct lend_pair stacked = { "stacked", "true" };

static void must(int is_true)
{
	if (!is_true)
		_exit(1);
}

/* ---- In flight ---- */

static void read_for_ever(atomic_int *n_reading)
{
	int fd = open(disk_loop, O_RDONLY | O_DIRECT | O_CLOEXEC);
	void *piece = NULL;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	must(posix_memalign(&piece, DISK_BLOCK, PIECE) == 0);
	for (int i = 0;; i++) {
		must(pread(fd, piece, PIECE, (off_t)(i % (DISK_FILE_BYTES / PIECE)) * PIECE) == PIECE);
		if (i == 0)
			atomic_fetch_add(n_reading, 1);
	}
}

/* Children that go on while the process itself is done. */
static void leave_readers(void *what)
{
	atomic_int *n_reading = what;

	atomic_store(n_reading, 0);
	for (int i = 0; i < N_READERS; i++)
		if (fork() == 0)
			read_for_ever(n_reading);
	while (atomic_load(n_reading) < N_READERS)
		(void)usleep(1000);
}

static void what_is_in_flight_at_a_poll_is_the_queues_depth(void **state)
{
	atomic_int *n_reading =
		mmap(NULL, sizeof(*n_reading), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct watching w = {
		.collector = "disk", .work = leave_readers, .what = n_reading, .options = &stacked, .n_options = 1
	};
	int64_t depth = 0;
	char reads[64];
	int fd;

	assert_true(n_reading != MAP_FAILED);
	disk_need(state);
	fd = disk_attach_loop();
	(void)snprintf(reads, sizeof(reads), "device=%s direction=read", disk_loop + strlen("/dev/"));
	/* At that moment all of them may be on their way from one read to the next. */
	for (int i = 0; i < TRIES && depth <= 0; i++) {
		struct watched got = disk_watch(state, &w);

		/* Nobody else reads it, and before the first of them nobody did. */
		depth = watched_gain(&got, "disk.queue_depth", reads);
		watched_done(&got);
	}
	assert_in_range(depth, 1, N_READERS);
	(void)close(fd);
	(void)munmap(n_reading, sizeof(*n_reading));
}

/* ---- Many at once, by the system calls of aio(7) ---- */

struct many {
	int fd;
	__u16 op; /* IOCB_CMD_PREAD, IOCB_CMD_PWRITE */
	int n;
	size_t n_bytes; /* of each */
	char *at;
};

static void submit(aio_context_t context, const struct many *m, off_t offset)
{
	struct iocb calls[N_DEEP] = { 0 }, *list[N_DEEP];
	struct io_event events[N_DEEP];

	for (int i = 0; i < m->n; i++) {
		calls[i] = (struct iocb){ .aio_fildes = (__u32)m->fd,
			                  .aio_lio_opcode = m->op,
			                  .aio_buf = (__u64)(uintptr_t)(m->at + (size_t)i * m->n_bytes),
			                  .aio_nbytes = m->n_bytes,
			                  .aio_offset = offset + (off_t)i * (off_t)m->n_bytes };
		list[i] = &calls[i];
	}
	must(syscall(SYS_io_submit, context, m->n, list) == m->n);
	must(syscall(SYS_io_getevents, context, m->n, m->n, events, NULL) == m->n);
	for (int i = 0; i < m->n; i++)
		must(events[i].res == (__s64)m->n_bytes);
}

/* Memory in single pages, so that each is a piece of its own to the device. */
static char *pages(size_t n)
{
	char *at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(at != MAP_FAILED);
	(void)madvise(at, n, MADV_NOHUGEPAGE);
	memset(at, 'x', n);
	return at;
}

/* ---- Merges ---- */

static void write_neighbours(void *what)
{
	const struct many m = { .fd = open(disk_loop, O_WRONLY | O_DIRECT | O_CLOEXEC),
		                .op = IOCB_CMD_PWRITE,
		                .n = AT_ONCE,
		                .n_bytes = DISK_BLOCK,
		                .at = pages((size_t)AT_ONCE * DISK_BLOCK) };
	aio_context_t context = 0;

	must(syscall(SYS_io_setup, AT_ONCE, &context) == 0);
	for (int i = 0; i < N_WRITES; i += AT_ONCE)
		submit(context, &m, (off_t)i * DISK_BLOCK);
	(void)close(m.fd);
}

/* Writes, and those that became part of others, of the loop device since it was made. */
static void read_stat(long long *n_writes, long long *n_merged)
{
	char path[64];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/sys/block/%s/stat", disk_loop + strlen("/dev/"));
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d %*d %*d %*d %lld %lld", n_writes, n_merged), 2);
	(void)fclose(f);
}

static void what_became_part_of_a_neighbours_request_is_counted_apart(void **state)
{
	const struct watching w = {
		.collector = "disk", .work = write_neighbours, .options = &stacked, .n_options = 1
	};
	long long n_before, n_merged_before, n_after, n_merged;
	char writes[64], own[72];
	struct watched got;
	int fd;

	disk_need(state);
	watch_needs_bpf();
	fd = disk_attach_loop();
	(void)snprintf(writes, sizeof(writes), "device=%s direction=write", disk_loop + strlen("/dev/"));
	(void)snprintf(own, sizeof(own), "own %s", writes);
	read_stat(&n_before, &n_merged_before);
	got = disk_watch_seen(&w);
	read_stat(&n_after, &n_merged);
	n_merged -= n_merged_before;
	assert_in_range(n_merged, 1, N_WRITES - 1);
	assert_int_equal(n_after - n_before + n_merged, N_WRITES);
	/* The whole of it is told of a device that was not used before. */
	assert_int_equal(watched_gain(&got, "system.disk.merged", writes), n_merged);
	assert_int_equal(watched_gain(&got, "system.disk.operations", writes), n_after - n_before);
	assert_int_equal(watched_gain(&got, "process.disk.operations", own), n_after - n_before);
	assert_int_equal(watched_gain(&got, "process.disk.io", own), N_WRITES * DISK_BLOCK);
	assert_true(is_near(watched_gain(&got, "disk.operations", writes), n_after - n_before, 0, disk_unseen));
	assert_int_equal(watched_gain(&got, "weir.lost", "cause=disk.owners_full"), 0);
	watched_done(&got);
	(void)close(fd);
}

/* ---- Requeues ---- */

/* What was given back while it was at work: beside it others use the disk. */
static void read_deep(void *what)
{
	struct disk_events events = disk_events_open("block_rq_requeue");
	int64_t *n_given_back = what;
	const struct many m = { .fd = open(disk_file, O_RDONLY | O_DIRECT | O_CLOEXEC),
		                .op = IOCB_CMD_PREAD,
		                .n = N_DEEP,
		                .n_bytes = PIECE,
		                .at = pages((size_t)N_DEEP * PIECE) };
	aio_context_t context = 0;

	must(syscall(SYS_io_setup, N_DEEP, &context) == 0);
	for (int i = 0; i < N_ROUNDS; i++)
		submit(context, &m, 0);
	*n_given_back = disk_events_close(&events);
	(void)close(m.fd);
}

static void what_a_device_gives_back_is_counted(void **state)
{
	int64_t *n_least = mmap(NULL, sizeof(*n_least), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const struct watching w = { .collector = "disk", .work = read_deep, .what = n_least };
	struct disk_events events;
	struct watched got;
	int64_t n_most;

	assert_true(n_least != MAP_FAILED);
	disk_need(state);
	watch_needs_bpf();
	events = disk_events_open("block_rq_requeue");
	got = disk_watch_seen(&w);
	n_most = disk_events_close(&events);
	if (*n_least == 0) {
		watched_done(&got);
		print_message("needs a disk that cannot take %d reads of %d pages at once\n", N_DEEP,
		              PIECE / DISK_BLOCK);
		skip();
	}
	/* The collector's first and last reading lie around the work, and within what the test counts. */
	assert_in_range(watched_gain(&got, "disk.requeues", ""), *n_least, n_most);
	/* What is given back comes again: it is one operation all the same. */
	assert_int_equal(watched_gain(&got, "process.disk.io", "own direction=read"), N_ROUNDS * N_DEEP * PIECE);
	assert_true(is_near(watched_gain(&got, "disk.operations", "direction=read"),
	                    watched_gain(&got, "system.disk.operations", "direction=read"), 0, 50 + disk_unseen));
	watched_done(&got);
	(void)munmap(n_least, sizeof(*n_least));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_in_flight_at_a_poll_is_the_queues_depth),
		cmocka_unit_test(what_became_part_of_a_neighbours_request_is_counted_apart),
		cmocka_unit_test(what_a_device_gives_back_is_counted),
	};

	return cmocka_run_group_tests(tests, disk_make_file, disk_remove_file);
}
