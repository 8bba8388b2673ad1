/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/family.h"

#include "bpf/kept.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "parsers/procfs.h"

enum {
	STAT_BYTES = 1024,
	LIST_BYTES = FAMILY_MAX * 8, /* more children than have room, of seven digits each */
};

int family_read(const char *path, char *ret, unsigned n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long r;

	if (fd < 0)
		return -errno;
	r = kept_read_open(fd, ret, n);
	(void)close(fd);
	return (int)r;
}

static int read_process(int32_t pid, struct procfs_process *ret)
{
	char path[32], text[STAT_BYTES];
	int n;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	n = family_read(path, text, sizeof(text));
	if (n < 0)
		return n;
	return procfs_process(text, (size_t)n, ret);
}

static int has_ended(const struct procfs_process *p)
{
	return p->state == 'Z' || p->state == 'X';
}

static struct family_member *member(struct family *f, int32_t pid)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->at[i].pid == pid)
			return &f->at[i];
	return NULL;
}

static void add(struct family *f, const struct procfs_process *p)
{
	if (f->n == FAMILY_MAX) {
		f->n_left_out++;
		return;
	}
	f->at[f->n++] = (struct family_member){ .pid = p->pid, .start_ticks = p->start_ticks };
}

/* Whether it is one, and new. */
static void add_if_child(struct family *f, long pid)
{
	struct procfs_process p;

	if (pid <= 0 || pid > INT32_MAX || member(f, (int32_t)pid))
		return;
	if (read_process((int32_t)pid, &p) == 0 && !has_ended(&p) && member(f, p.parent))
		add(f, &p);
}

/* For a kernel without CONFIG_PROC_CHILDREN. */
static void add_from_all(struct family *f)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		add_if_child(f, strtol(entry->d_name, NULL, 10));
	if (proc)
		(void)closedir(proc);
}

/* Of a list of children. */
static void add_listed(struct family *f, const char *list)
{
	char *end;

	for (long pid = strtol(list, &end, 10); end != list; pid = strtol(list, &end, 10)) {
		add_if_child(f, pid);
		list = end;
	}
}

/* What its threads started. */
static void add_children_of(struct family *f, int32_t pid)
{
	char path[64], list[LIST_BYTES];
	struct dirent *thread;
	DIR *threads;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	threads = opendir(path);
	while (threads && (thread = readdir(threads))) {
		(void)snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", (int)pid, thread->d_name);
		if (thread->d_name[0] != '.' && family_read(path, list, sizeof(list)) > 0)
			add_listed(f, list);
	}
	if (threads)
		(void)closedir(threads);
}

static void add_children(struct family *f)
{
	uint32_t n_before;

	/* Reaches those that it adds, too. */
	for (uint32_t i = 0; f->has_lists && i < f->n; i++)
		add_children_of(f, f->at[i].pid);
	/* A child may stand before its parent in /proc: then the next pass finds it. */
	do {
		n_before = f->n;
		if (!f->has_lists)
			add_from_all(f);
	} while (f->n > n_before && f->n < FAMILY_MAX);
}

int family_init(struct family *f, int32_t root)
{
	struct procfs_process p;

	f->n = 0;
	f->n_left_out = 0;
	f->has_lists = access("/proc/thread-self/children", R_OK) == 0;
	if (read_process(root, &p) < 0 || has_ended(&p))
		return -ESRCH;
	add(f, &p);
	add_children(f);
	return 0;
}

uint32_t family_look(struct family *f)
{
	uint32_t n_kept = 0, n_live = 0;
	struct procfs_process p;

	for (uint32_t i = 0; i < f->n; i++)
		if (!f->at[i].is_over)
			f->at[n_kept++] = f->at[i];
	f->n = n_kept;
	add_children(f);
	for (uint32_t i = 0; i < f->n; i++) {
		struct family_member *m = &f->at[i];
		int is_same = read_process(m->pid, &p) == 0 && p.start_ticks == m->start_ticks;

		m->is_over = !is_same || has_ended(&p);
		m->is_zombie = is_same && m->is_over;
		n_live += !m->is_over;
	}
	return n_live;
}
