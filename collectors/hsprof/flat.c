/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hsprof/flat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/family.h"
#include "collectors/program/process.h"

enum {
	RING_PAGES = 16, /* a power of two; a sample takes 24 bytes, so this is 27 s of one processor at 99 a second */
	FIELD_STATE = 3, /* of /proc/PID/stat, proc(5) */
	FIELD_CODE_START = 26,
	FIELD_CODE_END = 27,
};

struct flat {
	int *events;
	uint32_t n_events;
	void **rings; /* one a processor; NULL where there is none */
	int *ring_events;
	uint32_t n_cpus;
	size_t n_ring_bytes;
	uint64_t n_lost;
	uint32_t root, frequency;
	int stat_fd;
	struct hsprof_sample sample; /* of the process that was met last */
};

/* ---- Opening ---- */

static int add_event(struct flat *f, uint32_t tid, uint32_t cpu)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
		                        .size = sizeof(attr),
		                        .config = PERF_COUNT_SW_CPU_CLOCK,
		                        .sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID,
		                        .freq = 1,
		                        .sample_freq = f->frequency,
		                        .inherit = 1,
		                        .exclude_kernel = 1,
		                        .exclude_hv = 1 };
	int fd;

	if (f->n_events == FLAT_EVENTS_MAX)
		return -E2BIG;
	fd = (int)syscall(SYS_perf_event_open, &attr, (pid_t)tid, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return errno == ENODEV || errno == ESRCH ? 0 : -errno;
	f->events[f->n_events++] = fd;
	if (f->rings[cpu])
		return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, f->ring_events[cpu]) < 0 ? -errno : 0;
	f->rings[cpu] = mmap(NULL, f->n_ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (f->rings[cpu] == MAP_FAILED) {
		f->rings[cpu] = NULL;
		return -errno;
	}
	f->ring_events[cpu] = fd;
	return 0;
}

static int add_threads(struct flat *f, int32_t pid)
{
	char path[64];
	struct dirent *entry;
	DIR *threads;
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/%" PRId32 "/task", pid);
	threads = opendir(path);
	while (threads && r == 0 && (entry = readdir(threads))) {
		uint32_t tid = (uint32_t)strtoul(entry->d_name, NULL, 10);

		for (uint32_t cpu = 0; tid && r == 0 && cpu < f->n_cpus; cpu++)
			r = add_event(f, tid, cpu);
	}
	if (threads)
		(void)closedir(threads);
	return r;
}

static int add_tree(struct flat *f)
{
	struct family *family = malloc(sizeof(*family));
	int r = family ? family_init(family, (int32_t)f->root) : -ENOMEM;

	for (uint32_t i = 0; r == 0 && i < family->n; i++)
		r = add_threads(f, family->at[i].pid);
	free(family);
	return r;
}

static void explain(int r, char why[FLAT_WHY_MAX])
{
	char limit[16] = "";
	int fd = open("/proc/sys/kernel/perf_event_paranoid", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, limit, sizeof(limit) - 1);

	if (fd >= 0)
		(void)close(fd);
	limit[n > 0 ? n - 1 : 0] = '\0';
	if (r == -EACCES || r == -EPERM)
		(void)snprintf(why, FLAT_WHY_MAX,
		               "perf events of the process were not permitted (kernel.perf_event_paranoid is %s)",
		               limit);
	else
		(void)snprintf(why, FLAT_WHY_MAX, "perf events could not be had: %s", strerror(-r));
}

static int start(struct flat *f)
{
	long n_cpus = sysconf(_SC_NPROCESSORS_CONF);
	char path[64];
	int r;

	f->n_cpus = n_cpus > 0 ? (uint32_t)n_cpus : 1;
	f->n_ring_bytes = (size_t)(RING_PAGES + 1) * (size_t)sysconf(_SC_PAGESIZE);
	f->events = calloc(FLAT_EVENTS_MAX, sizeof(*f->events));
	f->rings = calloc(f->n_cpus, sizeof(*f->rings));
	f->ring_events = calloc(f->n_cpus, sizeof(*f->ring_events));
	if (!f->events || !f->rings || !f->ring_events)
		return -ENOMEM;
	(void)snprintf(path, sizeof(path), "/proc/%" PRIu32 "/stat", f->root);
	f->stat_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->stat_fd < 0)
		return -errno;
	r = add_tree(f);
	return r == 0 && f->n_events == 0 ? -ESRCH : r;
}

int flat_open(uint32_t root, uint32_t frequency, struct flat **ret, char why[FLAT_WHY_MAX])
{
	struct flat *f = calloc(1, sizeof(*f));
	int r = -ENOMEM;

	if (f) {
		f->stat_fd = -1;
		f->root = root ? root : (uint32_t)getpid();
		f->frequency = frequency;
		r = start(f);
	}
	if (r < 0) {
		explain(r, why);
		flat_close(f);
		f = NULL;
	}
	*ret = f;
	return r;
}

void flat_close(struct flat *f)
{
	if (!f)
		return;
	for (uint32_t cpu = 0; f->rings && cpu < f->n_cpus; cpu++)
		if (f->rings[cpu])
			(void)munmap(f->rings[cpu], f->n_ring_bytes);
	for (uint32_t i = 0; i < f->n_events; i++)
		(void)close(f->events[i]);
	if (f->stat_fd >= 0)
		(void)close(f->stat_fd);
	free(f->events);
	free(f->rings);
	free(f->ring_events);
	free(f);
}

/* ---- Running ---- */

/* Where the process has its program's code; 0 both: it is gone, or may not be asked. */
static void look_at(uint32_t pid, struct hsprof_sample *ret)
{
	char path[64], line[1024], *at;
	ssize_t n = -1;
	int fd;

	*ret = (struct hsprof_sample){ .tgid = pid };
	(void)snprintf(path, sizeof(path), "/proc/%" PRIu32 "/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, line, sizeof(line) - 1);
		(void)close(fd);
	}
	line[n > 0 ? n : 0] = '\0';
	at = strrchr(line, ')');
	for (int field = FIELD_STATE - 1; at && field < FIELD_CODE_START; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, " %llu %llu", &ret->code_start, &ret->code_end) != 2 || ret->code_start < 4096)
		ret->code_start = ret->code_end = 0;
}

/* Bytes of a ring, which may go over its end. */
static void copy_out(const uint8_t *data, size_t n_data, uint64_t at, void *room, size_t n)
{
	size_t start = (size_t)(at % n_data), n_first = n < n_data - start ? n : n_data - start;

	memcpy(room, data + start, n_first);
	memcpy((uint8_t *)room + n_first, data, n - n_first);
}

struct sampled {
	struct perf_event_header header;
	uint64_t ip;
	uint32_t pid, tid;
};

struct lost {
	struct perf_event_header header;
	uint64_t id, n;
};

static int take_record(struct flat *f, const uint8_t *data, size_t n_data, uint64_t at,
                       int (*take)(struct weir_instance *i, const struct hsprof_sample *sample),
                       struct weir_instance *i)
{
	struct perf_event_header header;
	struct sampled sampled;
	struct lost lost;

	copy_out(data, n_data, at, &header, sizeof(header));
	if (header.type == PERF_RECORD_LOST && header.size >= sizeof(lost)) {
		copy_out(data, n_data, at, &lost, sizeof(lost));
		f->n_lost += lost.n;
	}
	if (header.type != PERF_RECORD_SAMPLE || header.size < sizeof(sampled))
		return 0;
	copy_out(data, n_data, at, &sampled, sizeof(sampled));
	if (f->sample.tgid != sampled.pid)
		look_at(sampled.pid, &f->sample);
	f->sample.ip = sampled.ip;
	return take(i, &f->sample);
}

static int drain_ring(struct flat *f, struct perf_event_mmap_page *page,
                      int (*take)(struct weir_instance *i, const struct hsprof_sample *sample), struct weir_instance *i)
{
	size_t n_page = (size_t)sysconf(_SC_PAGESIZE), n_data = RING_PAGES * n_page;
	const uint8_t *data = (const uint8_t *)page + n_page;
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE), at = page->data_tail;
	struct perf_event_header header;
	int r = 0;

	while (r == 0 && head - at >= sizeof(header) && head - at <= n_data) {
		copy_out(data, n_data, at, &header, sizeof(header));
		if (header.size < sizeof(header) || header.size > head - at)
			break;
		r = take_record(f, data, n_data, at, take, i);
		at += header.size;
	}
	__atomic_store_n(&page->data_tail, head, __ATOMIC_RELEASE);
	return r;
}

int flat_drain(struct flat *f, int (*take)(struct weir_instance *i, const struct hsprof_sample *sample),
               struct weir_instance *i)
{
	int r = 0;

	f->sample.tgid = 0;
	for (uint32_t cpu = 0; r == 0 && cpu < f->n_cpus; cpu++)
		if (f->rings[cpu])
			r = drain_ring(f, f->rings[cpu], take, i);
	return r;
}

int flat_has_targets(struct flat *f)
{
	return !process_is_over(f->stat_fd);
}

uint64_t flat_lost(const struct flat *f)
{
	return f->n_lost;
}
