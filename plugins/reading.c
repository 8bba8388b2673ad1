/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/reading.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/fail.h>

#include "store/now.h"

/* ---- Files ---- */

/* A FIFO would block, and a device never ends: only files with a size are read. */
static int open_file(const char *path, int is_live, struct stat *ret, struct weir_error *reterr)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int error;

	if (fd < 0)
		return weir_fail(reterr, -errno, "source: %s: %s", path, strerror(errno));
	if (fstat(fd, ret) == 0 && (S_ISREG(ret->st_mode) || is_live)) {
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
		return fd;
	}
	error = weir_fail(reterr, -EINVAL, "source: %s: not a regular file", path);
	(void)close(fd);
	return error;
}

int64_t reading_mtime_ns(const struct stat *st)
{
	return st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec;
}

static uint64_t inputs_size(const struct reading *r)
{
	uint64_t n = (uint64_t)r->file.st_size;

	for (uint32_t i = 0; i < r->setup.job->collector->n_companions; i++)
		n += r->companion_sizes[i];
	return n;
}

static uint64_t rows_bound(uint64_t n_bytes)
{
	uint64_t n;

	if (__builtin_mul_overflow(n_bytes, (uint64_t)SESSION_ROWS_PER_BYTE, &n) ||
	    __builtin_add_overflow(n, (uint64_t)SESSION_ROWS_FREE, &n))
		return UINT64_MAX;
	return n;
}

static void open_companions(struct reading *r)
{
	const char *const *paths = r->setup.job->companions;
	struct weir_error ignored;

	for (uint32_t i = 0; i < r->setup.job->collector->n_companions; i++) {
		r->companion_fds[i] = paths && paths[i] ? open_file(paths[i], 0, &r->companions[i], &ignored) : -1;
		if (r->companion_fds[i] < 0)
			r->companions[i] = (struct stat){ 0 };
		r->companion_sizes[i] = (uint64_t)r->companions[i].st_size;
	}
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

struct reading *reading_open(const struct reading_setup *setup)
{
	struct reading *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->setup = *setup;
	r->process_fd = -1;
	r->output_fd = -1;
	r->stop_fd = setup->job->is_live ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
	r->target_fd = setup->job->target ? pidfd_open(setup->job->target, 0) : -1;
	r->gauge = mmap(NULL, sizeof(*r->gauge), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* What is live and cannot be told to end would measure for ever. */
	if (r->gauge == MAP_FAILED || (setup->job->is_live && r->stop_fd < 0)) {
		if (r->gauge != MAP_FAILED)
			(void)munmap(r->gauge, sizeof(*r->gauge));
		close_one(&r->stop_fd);
		close_one(&r->target_fd);
		free(r);
		return NULL;
	}
	r->fd = setup->job->is_stream ? fcntl(setup->job->stream_fd, F_DUPFD_CLOEXEC, 0)
	                              : open_file(setup->job->file, setup->job->is_live, &r->file, &r->open_error);
	if (r->fd < 0 || setup->job->is_live)
		r->file = (struct stat){ 0 };
	open_companions(r);
	(void)snprintf(r->mtime_ns, sizeof(r->mtime_ns), "%" PRId64, reading_mtime_ns(&r->file));
	(void)snprintf(r->size_bytes, sizeof(r->size_bytes), "%" PRId64, (int64_t)r->file.st_size);
	(void)snprintf(r->interval_ns, sizeof(r->interval_ns), "%" PRId64, setup->job->interval_ns);
	r->rows_max = setup->job->is_live ? UINT64_MAX : rows_bound(inputs_size(r));
	return r;
}

struct store_source_info reading_info(const struct reading *r, int64_t collector, const char *options_json)
{
	const struct session_job *job = r->setup.job;

	return (struct store_source_info){ .run = job->run,
		                           .node = job->node,
		                           .collector = collector,
		                           .path = job->path,
		                           .size_bytes = (uint64_t)r->file.st_size,
		                           .mtime_ns = job->is_live ? job->started_ns : reading_mtime_ns(&r->file),
		                           .options_json = options_json };
}

void reading_free(struct reading *r)
{
	if (!r)
		return;
	if (r->pid > 0) {
		(void)kill(r->pid, SIGKILL);
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	store_source_abort(r->source);
	ring_free(r->ring);
	intake_done(&r->intake);
	(void)munmap(r->gauge, sizeof(*r->gauge));
	close_one(&r->fd);
	close_one(&r->process_fd);
	close_one(&r->output_fd);
	close_one(&r->stop_fd);
	close_one(&r->target_fd);
	for (uint32_t i = 0; i < r->setup.job->collector->n_companions; i++)
		close_one(&r->companion_fds[i]);
	free(r);
}

/* ---- Start ---- */

/* The job's context and three things more; lives in `room`. */
static struct worker_task task_of(const struct reading *r, int is_beside, struct lend_pair *room)
{
	const struct session_job *job = r->setup.job;
	struct worker_task t = { .collector = r->is_hash_only ? NULL : job->collector,
		                 .fd = r->fd,
		                 .size_bytes = (uint64_t)r->file.st_size,
		                 .companion_fds = r->companion_fds,
		                 .companion_sizes = r->companion_sizes,
		                 .options = job->options,
		                 .n_options = job->n_options,
		                 .context = room,
		                 .n_context = job->n_context + 3,
		                 .rows_max = r->rows_max,
		                 .memory_max = r->setup.config->memory_max,
		                 .is_beside = is_beside,
		                 .is_live = job->is_live,
		                 .interval_ns = job->interval_ns,
		                 .began_ns = r->setup.began_ns,
		                 .schedule = job->schedule,
		                 .stop_fd = r->stop_fd,
		                 .is_stream = job->is_stream,
		                 .has_own_end = job->has_own_end,
		                 .head = job->head,
		                 .n_head = job->n_head,
		                 .target = job->target };

	if (job->n_context)
		memcpy(room, job->context, job->n_context * sizeof(*room));
	room[job->n_context] = (struct lend_pair){ "path", job->path };
	room[job->n_context + 1] = (struct lend_pair){ "file.mtime_ns", r->mtime_ns };
	room[job->n_context + 2] = (struct lend_pair){ "file.size_bytes", r->size_bytes };
	if (job->is_live) {
		room[job->n_context + 1] = (struct lend_pair){ "interval_ns", r->interval_ns };
		t.n_context--;
	}
	return t;
}

static int begin(struct reading *r, const struct store_source_info *info, struct weir_error *reterr)
{
	int result;

	r->is_hash_only = !info;
	r->started_ns = now_monotonic_ns();
	r->moved_ns = r->started_ns;
	result = info ? store_source_begin(r->setup.config->store, info, &r->source, reterr) : 0;
	r->intake = (struct intake){ .source = r->source,
		                     .collector = info ? r->setup.job->collector : NULL,
		                     .rows_max = r->rows_max,
		                     .hear = r->setup.hear,
		                     .listener = r->setup.listener,
		                     .clock_error_ns = -1 };
	return result < 0 ? result : r->fd < 0;
}

static int start_process(struct reading *r, const struct worker_task *task, struct weir_error *reterr)
{
	pid_t parent = getpid();
	int output[2];

	if (pipe2(output, O_CLOEXEC) < 0)
		return weir_fail(reterr, -errno, "worker: %s: no pipe: %s", r->setup.job->path, strerror(errno));
	(void)fflush(NULL);
	r->pid = fork();
	if (r->pid == 0)
		worker_child(task, r->ring, r->gauge, output[1], parent);
	(void)close(output[1]);
	r->output_fd = output[0];
	(void)fcntl(r->output_fd, F_SETFL, O_NONBLOCK);
	r->process_fd = r->pid < 0 ? -1 : pidfd_open(r->pid, 0);
	if (r->process_fd >= 0)
		return 0;
	return weir_fail(reterr, -errno, "worker: %s: cannot be started: %s", r->setup.job->path, strerror(errno));
}

int reading_start(struct reading *r, const struct store_source_info *info, int is_beside, struct weir_error *reterr)
{
	struct lend_pair *context = calloc(r->setup.job->n_context + 3, sizeof(*context));
	struct worker_task task;
	int result = begin(r, info, reterr);

	if (result == 0 && (!context || ring_new(&r->ring) < 0))
		result = weir_fail(reterr, -ENOMEM, "worker: %s: no memory for it", r->setup.job->path);
	if (result == 0) {
		task = task_of(r, is_beside, context);
		result = start_process(r, &task, reterr);
	}
	free(context);
	return result;
}

/* ---- In this process ---- */

struct worker_outlet {
	struct reading *reading;
	struct weir_error error;
	int store_error;
};

/* What the worker's message leads to: the store's errors end the session, others the source. */
static int take(struct reading *r, const uint8_t *at, uint64_t n, struct weir_error *reterr)
{
	struct weir_error error;
	int result;

	if (r->fate == FATE_BROKEN || r->fate == FATE_FLOOD)
		return 0;
	result = intake_take(&r->intake, at, n, &error);
	if (result == -EPROTO || result == -EDQUOT) {
		r->fate = result == -EDQUOT ? FATE_FLOOD : FATE_BROKEN;
		r->fault = error;
		return 0;
	}
	return result < 0 ? weir_fail(reterr, result, "%s", error.text) : 0;
}

static int take_here(struct worker_outlet *outlet, const struct ring_part *parts, uint32_t n_parts)
{
	struct reading *r = outlet->reading;
	uint64_t n = 0;

	for (uint32_t i = 0; i < n_parts; i++) {
		if (parts[i].n_bytes > RING_MESSAGE_MAX - n)
			return -EMSGSIZE;
		if (parts[i].n_bytes)
			memcpy(r->setup.room + n, parts[i].at, parts[i].n_bytes);
		n += parts[i].n_bytes;
	}
	outlet->store_error = take(r, r->setup.room, n, &outlet->error);
	return outlet->store_error < 0 || r->fate != FATE_OWN ? -EPIPE : 0;
}

int reading_run_here(struct reading *r, const struct store_source_info *info, struct weir_error *reterr)
{
	struct lend_pair *context = calloc(r->setup.job->n_context + 3, sizeof(*context));
	struct worker_outlet outlet = { .reading = r };
	struct worker_task task;
	int result = begin(r, info, reterr);

	if (result == 0 && !context)
		result = weir_fail(reterr, -ENOMEM, "source: %s: no memory", r->setup.job->path);
	if (result == 0) {
		task = task_of(r, 0, context);
		(void)worker_in_process(&task, take_here, &outlet, r->gauge);
		result = outlet.store_error < 0 ? weir_fail(reterr, outlet.store_error, "%s", outlet.error.text) : 0;
	}
	free(context);
	return result < 0 ? result : 1;
}

/* ---- While it runs ---- */

int reading_drain(struct reading *r, struct weir_error *reterr)
{
	int64_t n = 0;
	int result;

	for (uint32_t i = 0; i < READING_MESSAGES_MAX; i++) {
		n = ring_receive(r->ring, r->setup.room);
		if (n <= 0)
			break;
		result = take(r, r->setup.room, (uint64_t)n, reterr);
		if (result < 0)
			return result;
	}
	if (n < 0 && r->fate == FATE_OWN) {
		r->fate = FATE_BROKEN;
		(void)weir_fail(&r->fault, 0, "its ring is broken");
	}
	if (r->pid > 0 && (r->fate == FATE_BROKEN || r->fate == FATE_FLOOD))
		(void)kill(r->pid, SIGKILL);
	return n > 0;
}

void reading_hear(struct reading *r)
{
	char bytes[4096];
	uint64_t n_kept;
	ssize_t n;

	for (int i = 0; i < READING_PIECES_MAX && r->output_fd >= 0; i++) {
		n = read(r->output_fd, bytes, sizeof(bytes));
		if (n < 0)
			return;
		/* Nobody has the other end any more. */
		if (n == 0)
			close_one(&r->output_fd);
		n_kept = r->n_output < READING_OUTPUT_MAX ? READING_OUTPUT_MAX - r->n_output : 0;
		memcpy(r->output + (READING_OUTPUT_MAX - n_kept), bytes, n_kept < (uint64_t)n ? n_kept : (uint64_t)n);
		r->n_output += (uint64_t)n;
	}
}

void reading_stop(struct reading *r)
{
	if (r->stop_fd >= 0)
		(void)eventfd_write(r->stop_fd, 1);
}

int reading_is_open(const struct reading *r)
{
	return !r->setup.job->is_live || r->intake.n_ticks > 0 || r->intake.has_end;
}

uint64_t reading_bytes(const struct reading *r)
{
	uint64_t n = atomic_load_explicit(&r->gauge->n_read, memory_order_relaxed);

	if (r->setup.job->is_stream)
		return n;
	return n < (uint64_t)r->file.st_size ? n : (uint64_t)r->file.st_size;
}

static uint64_t private_bytes(pid_t pid)
{
	unsigned long n_pages, n_resident, n_shared;
	char path[32];
	uint64_t n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%lu %lu %lu", &n_pages, &n_resident, &n_shared) == 3 && n_resident > n_shared)
		n = (n_resident - n_shared) * (uint64_t)sysconf(_SC_PAGESIZE);
	(void)fclose(f);
	return n;
}

#define LIVE_WEIGHED_NS INT64_C(5000000000)

/* A file's worker may grow by a GiB in a second; one that lives for days is not to be read about four times in one. */
static int is_too_large(struct reading *r, int64_t now_ns)
{
	if (r->setup.job->is_live && now_ns - r->weighed_ns < LIVE_WEIGHED_NS)
		return 0;
	r->weighed_ns = now_ns;
	return private_bytes(r->pid) > r->setup.config->memory_max;
}

/* Asks once where it stands and for what it has, and ends it for good when it doesn't answer. One that has crashed is
 * on its way out already, and is only given its time. */
static void end_worker(struct reading *r, enum verdict_fate fate, int64_t now_ns)
{
	if (r->told_ns == 0) {
		r->told_ns = now_ns;
		r->fate = fate;
		if (fate != FATE_OWN)
			(void)kill(r->pid, CRASH_SIGNAL_STALL);
	} else if (now_ns - r->told_ns > READING_GRACE_MS * INT64_C(1000000))
		(void)kill(r->pid, SIGKILL);
}

/* How long one that works may be silent: a live one is, between two polls. */
static int64_t silence_ns(const struct reading *r)
{
	const struct session_job *job = r->setup.job;
	int64_t coarse_ns = job->schedule.period_ns > 0 ? job->schedule.coarse_ns : 0;

	return r->setup.config->stall_timeout_ns + (coarse_ns > job->interval_ns ? coarse_ns : job->interval_ns);
}

void reading_watch(struct reading *r, int64_t now_ns)
{
	const struct worker_gauge *g = r->gauge;
	uint64_t n_seen =
		atomic_load(&g->n_read) + atomic_load(&g->offset) + atomic_load(&g->n_rows) + atomic_load(&g->n_sent);

	if (n_seen != r->n_seen || !ring_is_empty(r->ring))
		r->moved_ns = now_ns;
	r->n_seen = n_seen;
	if (r->told_ns != 0)
		end_worker(r, r->fate, now_ns);
	else if (is_too_large(r, now_ns))
		end_worker(r, FATE_MEMORY, now_ns);
	else if (now_ns - r->moved_ns > silence_ns(r))
		end_worker(r, FATE_HANG, now_ns);
	else if (g->crash.is_set)
		end_worker(r, FATE_OWN, now_ns);
}
