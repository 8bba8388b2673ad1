/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_join.h"

#include "parsers/trace_ends.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DISORDER_NS = 1000000000,
};

struct log {
	struct plan_job *job;
	size_t n_folder; /* of the job's file */
	int64_t first_ns, last_ns;
	int has_times;
};

static int same_folder(const struct log *a, const struct log *b)
{
	return a->n_folder == b->n_folder && !memcmp(a->job->file, b->job->file, a->n_folder);
}

/* Run, node, folder, beginning. */
static int by_place_and_time(const void *x, const void *y)
{
	const struct log *a = x, *b = y;

	if (a->job->run != b->job->run)
		return a->job->run < b->job->run ? -1 : 1;
	if (a->job->node != b->job->node)
		return a->job->node < b->job->node ? -1 : 1;
	if (!same_folder(a, b))
		return strcmp(a->job->file, b->job->file);
	if (a->first_ns != b->first_ns)
		return a->first_ns < b->first_ns ? -1 : 1;
	return strcmp(a->job->file, b->job->file);
}

static int is_one_log(const struct log *a, const struct log *b)
{
	return a->job->run == b->job->run && a->job->node == b->job->node && same_folder(a, b);
}

/* Up to LOG_JOIN_BYTES from this offset; how many, or < 0. */
static ssize_t read_piece(int fd, char *room, off_t offset)
{
	ssize_t n, total = 0;

	while ((n = pread(fd, room + total, (size_t)(LOG_JOIN_BYTES - total), offset + total)) > 0)
		total += n;
	return n < 0 ? -1 : total;
}

static int open_log(const struct log *l, off_t *ret_size)
{
	int fd = open(l->job->file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		(void)close(fd);
		return -1;
	}
	*ret_size = fd >= 0 ? st.st_size : 0;
	return fd;
}

/* The file's last bytes into room; how many, or < 0. *ret_is_start: they are all of it. */
static ssize_t read_end(int fd, off_t size, char *room, int *ret_is_start)
{
	off_t offset = size > LOG_JOIN_BYTES ? size - LOG_JOIN_BYTES : 0;

	*ret_is_start = offset == 0;
	return read_piece(fd, room, offset);
}

static void find_times(struct log *l, char *room)
{
	off_t size;
	int fd = open_log(l, &size), is_start;
	ssize_t n;

	if (fd < 0)
		return;
	n = read_piece(fd, room, 0);
	l->has_times = n > 0 && trace_first_ns(room, (size_t)n, &l->first_ns);
	if (l->has_times) {
		n = read_end(fd, size, room, &is_start);
		l->has_times = n > 0 && trace_latest_ns(room, (size_t)n, is_start, &l->last_ns);
	}
	(void)close(fd);
}

/* The end of `before`, from its first whole line, as the job's context. */
static int take_end(const struct log *before, struct plan_job *job, char *room)
{
	off_t size;
	int fd = open_log(before, &size), is_start;
	const char *start = room, *newline;
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read_end(fd, size, room, &is_start);
	(void)close(fd);
	if (n <= 0)
		return 0;
	newline = is_start ? NULL : memchr(room, '\n', (size_t)n);
	if (newline)
		start = newline + 1;
	/* Context is text; what stands behind a NUL is no trace anyway. */
	job->before = strndup(start, (size_t)(room + n - start));
	return job->before ? 0 : -ENOMEM;
}

/* The log before logs[i] among those that lie in front of it in the table; NULL: it is the first. */
static const struct log *find_before(const struct log *logs, size_t i)
{
	const struct log *best = NULL;

	for (size_t k = i; k-- && is_one_log(&logs[k], &logs[i]);)
		if (logs[k].has_times && logs[k].first_ns < logs[i].first_ns &&
		    logs[k].last_ns <= logs[i].first_ns + DISORDER_NS && (!best || logs[k].last_ns > best->last_ns))
			best = &logs[k];
	return best;
}

static int join_all(struct log *logs, size_t n, char *room)
{
	int result = 0;

	qsort(logs, n, sizeof(*logs), by_place_and_time);
	for (size_t i = 0; i < n; i++)
		if ((i > 0 && is_one_log(&logs[i - 1], &logs[i])) || (i + 1 < n && is_one_log(&logs[i], &logs[i + 1])))
			find_times(&logs[i], room);
	qsort(logs, n, sizeof(*logs), by_place_and_time);
	for (size_t i = 0; i < n && result == 0; i++) {
		const struct log *before = logs[i].has_times ? find_before(logs, i) : NULL;

		if (before)
			result = take_end(before, logs[i].job, room);
	}
	return result;
}

int log_join(struct plan *plan)
{
	struct log *logs = calloc(plan->n_jobs + 1u, sizeof(*logs));
	char *room = malloc(LOG_JOIN_BYTES);
	size_t n = 0;
	int result = logs && room ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < plan->n_jobs && result == 0; i++) {
		struct plan_job *job = &plan->jobs[i];
		const char *slash = strrchr(job->file, '/');

		if (strcmp(job->collector->name, "node-trace") == 0)
			logs[n++] = (struct log){ .job = job, .n_folder = slash ? (size_t)(slash - job->file) : 0 };
	}
	if (result == 0)
		result = join_all(logs, n, room);
	free(room);
	free(logs);
	return result;
}
