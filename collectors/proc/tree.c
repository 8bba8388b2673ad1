/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/proc/tree.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- One process ---- */

static void take_stat(struct tree *t, struct tree_process *p, const struct text_stat *s)
{
	p->parent = s->parent;
	p->is_zombie = s->state == 'Z' || s->state == 'X';
	for (int i = 0; i < 2; i++) {
		p->now[TREE_CPU_USER + i] = s->ticks[i] + s->child_ticks[i];
		p->now[TREE_FAULTS_MINOR + i] = s->faults[i] + s->child_faults[i];
	}
	if (p->is_zombie)
		return;
	t->n_alive++;
	t->gauges[TREE_PROCESSES]++;
	t->gauges[TREE_THREADS] += s->n_threads;
	t->gauges[TREE_VIRTUAL] += s->virtual_bytes;
}

static void take_status(struct tree *t, pid_t pid)
{
	uint64_t n;

	if (text_read(&t->text, "/proc/%d/status", pid) < 0)
		return;
	if (text_labelled(&t->text, "VmRSS:", &n))
		t->gauges[TREE_RESIDENT] += n;
	if (text_labelled(&t->text, "VmSwap:", &n))
		t->gauges[TREE_SWAPPED] += n;
	if (text_labelled(&t->text, "VmHWM:", &n) && n > t->gauges[TREE_RESIDENT_MAX])
		t->gauges[TREE_RESIDENT_MAX] = n;
}

static void take_io(struct tree *t, struct tree_process *p)
{
	static const struct {
		const char *label;
		enum tree_counter counter;
	} rows[] = {
		{ "read_bytes:", TREE_READ },
		{ "write_bytes:", TREE_WRITTEN },
		{ "rchar:", TREE_CALL_READ },
		{ "wchar:", TREE_CALL_WRITTEN },
		{ "cancelled_write_bytes:", TREE_CANCELLED },
	};
	uint64_t n;
	int r = text_read(&t->text, "/proc/%d/io", p->pid);

	t->n_closed_io += r == -EACCES || r == -EPERM;
	for (size_t i = 0; r == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (text_labelled(&t->text, rows[i].label, &n))
			p->now[rows[i].counter] = n;
}

/* ---- Its threads: switches, and children ---- */

static void add(struct tree *t, pid_t pid);

static void add_children(struct tree *t, pid_t pid, const char *thread)
{
	const char *at = t->text.at;
	uint64_t child;

	if (text_read(&t->text, "/proc/%d/task/%.16s/children", pid, thread) < 0)
		return;
	while (text_numbers(at, &child, 1) == 1) {
		if (child > 0 && child < INT_MAX)
			add(t, (pid_t)child);
		at += strcspn(at, "0123456789");
		at += strspn(at, "0123456789");
	}
}

static void add_switches(struct tree *t, pid_t pid, const char *thread, uint64_t sum[2])
{
	uint64_t n;

	if (text_read(&t->text, "/proc/%d/task/%.16s/status", pid, thread) < 0)
		return;
	if (text_labelled(&t->text, "voluntary_ctxt_switches:", &n))
		sum[0] += n;
	if (text_labelled(&t->text, "nonvoluntary_ctxt_switches:", &n))
		sum[1] += n;
}

static void take_threads(struct tree *t, struct tree_process *p)
{
	char path[64];
	struct dirent *d;
	uint64_t sum[2] = { 0, 0 };
	pid_t pid = p->pid;
	DIR *threads;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	threads = opendir(path);
	if (!threads)
		return;
	while ((d = readdir(threads))) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		add_switches(t, pid, d->d_name, sum);
		add_children(t, pid, d->d_name);
	}
	(void)closedir(threads);
	for (int i = 0; i < 2; i++) {
		if (sum[i] < p->switches[i])
			p->switches_gone[i] += p->switches[i] - sum[i];
		p->switches[i] = sum[i];
		p->now[TREE_SWITCHES_VOLUNTARY + i] = p->switches_gone[i] + sum[i];
	}
}

/* ---- Its descriptors ---- */

static void take_descriptors(struct tree *t, pid_t pid)
{
	char path[64], link[16];
	struct dirent *d;
	uint32_t n = 0;
	DIR *files;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	files = opendir(path);
	t->n_closed_files += !files && (errno == EACCES || errno == EPERM);
	if (!files)
		return;
	while (n < TREE_DESCRIPTORS_MAX && (d = readdir(files))) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		n++;
		t->gauges[TREE_SOCKETS] +=
			readlinkat(dirfd(files), d->d_name, link, sizeof(link)) > 7 && memcmp(link, "socket:", 7) == 0;
	}
	(void)closedir(files);
	t->gauges[TREE_DESCRIPTORS] += n;
}

/* ---- All of them ---- */

static struct tree_process *find(struct tree *t, pid_t pid)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->at[i].pid == pid)
			return &t->at[i];
	return NULL;
}

static void add(struct tree *t, pid_t pid)
{
	if (find(t, pid))
		return;
	if (t->n == TREE_PROCESSES_MAX) {
		t->n_overlooked++;
		return;
	}
	t->at[t->n++] = (struct tree_process){ .pid = pid, .is_there = 1 };
}

static void look_at(struct tree *t, struct tree_process *p)
{
	struct text_stat s;
	int is_there = text_read(&t->text, "/proc/%d/stat", p->pid) == 0 && text_stat(&t->text, &s);

	/* Another process may have got the number since. */
	if (!is_there || (p->start_ticks && p->start_ticks != s.start_ticks)) {
		p->is_there = 0;
		return;
	}
	p->start_ticks = s.start_ticks;
	take_stat(t, p, &s);
	take_io(t, p);
	if (!p->is_zombie) {
		take_status(t, p->pid);
		take_descriptors(t, p->pid);
	}
	take_threads(t, p);
}

/* What was not left to a parent in the tree is kept here. */
static void bury(struct tree *t, const struct tree_process *p)
{
	const struct tree_process *parent = find(t, p->parent);

	for (int i = 0; i < TREE_COUNTERS; i++)
		if (!parent || i == TREE_SWITCHES_VOLUNTARY || i == TREE_SWITCHES_INVOLUNTARY)
			t->gone[i] += p->now[i];
}

static void bury_all(struct tree *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->n; i++)
		if (!t->at[i].is_there)
			bury(t, &t->at[i]);
	for (uint32_t i = 0; i < t->n; i++)
		if (t->at[i].is_there)
			t->at[n++] = t->at[i];
	t->n = n;
}

static void sum_up(struct tree *t)
{
	uint64_t sum;

	for (int i = 0; i < TREE_COUNTERS; i++) {
		sum = t->gone[i];
		for (uint32_t k = 0; k < t->n; k++)
			sum += t->at[k].now[i];
		/* A child that died between two files of one look is counted when its parent is read next. */
		if (sum > t->total[i])
			t->total[i] = sum;
	}
}

void tree_look(struct tree *t)
{
	uint64_t most = t->gauges[TREE_RESIDENT_MAX];

	memset(t->gauges, 0, sizeof(t->gauges));
	t->gauges[TREE_RESIDENT_MAX] = most;
	t->n_alive = t->n_closed_io = t->n_closed_files = 0;
	/* Children are added at the end, so that this reaches them too. */
	for (uint32_t i = 0; i < t->n; i++)
		look_at(t, &t->at[i]);
	bury_all(t);
	sum_up(t);
}

int tree_init(struct tree *t, pid_t root)
{
	struct text_stat s;

	memset(t, 0, sizeof(*t));
	if (text_read(&t->text, "/proc/%d/stat", root) < 0 || !text_stat(&t->text, &s))
		return -ESRCH;
	add(t, root);
	return 0;
}
