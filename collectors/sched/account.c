/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/kept.h"
#include "parsers/procfs.h"
#include "sched.h"

enum {
	COUNTS = 3,   /* of schedstat: ns on a CPU, ns waiting for one, slices */
	SWITCHES = 2, /* of status */
	TEXT_BYTES = 128,
	STATUS_BYTES = 4096,
};

struct thread {
	int32_t pid, tid;
	uint32_t poll; /* the last that saw it */
	uint32_t series[COUNTS], switches[SWITCHES];
};

struct sched_account {
	struct thread threads[SCHED_THREADS_MAX];
	uint32_t n;
	uint32_t next; /* threads come in the same order each time: where the next one is expected */
	uint32_t poll;
	uint32_t is_full;
	struct kept files;
};

struct sched_account *sched_account_new(void)
{
	return calloc(1, sizeof(struct sched_account));
}

void sched_account_free(struct sched_account *a)
{
	if (a)
		kept_close(&a->files);
	free(a);
}

static int read_of(struct kept *files, int32_t pid, int32_t tid, const char *file, char *ret, unsigned n)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)pid, (int)tid, file);
	return (int)kept_read(files, path, ret, n);
}

static const char *const switch_types[SWITCHES] = { "voluntary", "involuntary" };

static void declare(struct kept *files, struct thread *t, const struct outbox *o)
{
	static const uint32_t rows[COUNTS] = { ROW_THREAD_CPU, ROW_THREAD_DELAY, ROW_THREAD_SLICES };
	char pid[16], tid[16], name[TEXT_BYTES];
	struct outbox_pair pairs[4] = { { "process.pid", pid }, { "thread.id", tid }, { "thread.name", name } };

	(void)snprintf(pid, sizeof(pid), "%d", (int)t->pid);
	(void)snprintf(tid, sizeof(tid), "%d", (int)t->tid);
	if (read_of(files, t->pid, t->tid, "comm", name, sizeof(name)) > 0)
		name[strcspn(name, "\n")] = '\0';
	else
		pairs[2].value = NULL;
	for (unsigned i = 0; i < COUNTS; i++)
		t->series[i] = outbox_series(o, rows[i], pairs, 3);
	for (unsigned i = 0; i < SWITCHES; i++) {
		pairs[3] = (struct outbox_pair){ "type", switch_types[i] };
		t->switches[i] = outbox_series(o, ROW_THREAD_SWITCHES, pairs, 4);
	}
}

static struct thread *thread_of(struct sched_account *a, int32_t pid, int32_t tid, const struct outbox *o)
{
	struct thread *t;

	for (uint32_t i = 0; i < a->n; i++) {
		t = &a->threads[(a->next + i) % a->n];
		if (t->tid != tid || t->pid != pid)
			continue;
		a->next = (uint32_t)(t - a->threads) + 1;
		return t;
	}
	if (a->n == SCHED_THREADS_MAX) {
		a->is_full = 1;
		return NULL;
	}
	t = &a->threads[a->n++];
	*t = (struct thread){ .pid = pid, .tid = tid };
	declare(&a->files, t, o);
	return t;
}

static void tell_switches(const struct thread *t, const char *status, size_t n, struct outbox *o)
{
	static const char *const fields[SWITCHES] = { "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches" };
	uint64_t value;

	for (unsigned i = 0; i < SWITCHES; i++)
		if (procfs_field(status, n, fields[i], &value) == 0)
			outbox_count(o, t->switches[i], value);
}

/* Kernels without CONFIG_SCHED_INFO have the status alone. */
static void poll_thread(struct sched_account *a, int32_t pid, int32_t tid, struct outbox *o)
{
	char text[TEXT_BYTES], status[STATUS_BYTES];
	uint64_t numbers[COUNTS];
	int n = read_of(&a->files, pid, tid, "schedstat", text, sizeof(text));
	int has_counts = n > 0 && procfs_numbers(text, (size_t)n, numbers, COUNTS) == COUNTS;
	int n_status = read_of(&a->files, pid, tid, "status", status, sizeof(status));
	struct thread *t = has_counts || n_status > 0 ? thread_of(a, pid, tid, o) : NULL;

	if (!t)
		return;
	t->poll = a->poll;
	for (unsigned i = 0; has_counts && i < COUNTS; i++)
		outbox_count(o, t->series[i], numbers[i]);
	if (n_status > 0)
		tell_switches(t, status, (size_t)n_status, o);
}

static void poll_process(struct sched_account *a, int32_t pid, struct outbox *o)
{
	struct dirent *entry;
	char path[32];
	DIR *tasks;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		long tid = strtol(entry->d_name, NULL, 10);

		if (tid > 0 && tid <= INT32_MAX)
			poll_thread(a, pid, (int32_t)tid, o);
	}
	if (tasks)
		(void)closedir(tasks);
}

static void complain(const struct outbox *o)
{
	live_say(o->host, WEIR_WARNING, "sched.threads_full",
	         "more threads than are followed one by one; those beyond are not in thread.*");
}

void sched_account_poll(struct sched_account *a, const struct family *family, struct outbox *o)
{
	uint32_t n_kept = 0, was_full = a->is_full;

	a->poll++;
	a->next = 0;
	for (uint32_t i = 0; i < family->n; i++)
		if (!family->at[i].is_over || family->at[i].is_zombie)
			poll_process(a, family->at[i].pid, o);
	for (uint32_t i = 0; i < a->n; i++)
		if (a->threads[i].poll == a->poll)
			a->threads[n_kept++] = a->threads[i];
	a->n = n_kept;
	if (a->is_full && !was_full)
		complain(o);
}
