/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/self/programs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/family.h"
#include "parsers/procfs.h"

enum {
	TEXT_BYTES = 1024,
};

static long bpf(enum bpf_cmd what, union bpf_attr *attr)
{
	return syscall(SYS_bpf, what, attr, sizeof(*attr));
}

/* 0, or -errno. A descriptor shows what it is of only there. */
static int read_info(pid_t process, int number, char text[TEXT_BYTES], uint64_t *ret_memory)
{
	char path[64];
	int n;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)process, number);
	n = family_read(path, text, TEXT_BYTES);
	if (n < 0)
		return n;
	return procfs_field(text, (size_t)n, "memlock", ret_memory);
}

static int program_info(int fd, struct bpf_prog_info *ret)
{
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd, .info_len = sizeof(*ret), .info = (uintptr_t)ret } };

	memset(ret, 0, sizeof(*ret));
	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) < 0 ? -errno : 0;
}

/* A tag is the hash of a program's instructions: the same for the same program in each recording. */
static void take_tag(const char *text, char ret[PROGRAMS_NAME_MAX])
{
	static const char label[] = "\nprog_tag:\t";
	const char *at = strstr(text, label);
	size_t n = 0;

	for (at = at ? at + sizeof(label) - 1 : ""; n < PROGRAMS_NAME_MAX - 1 && isxdigit((unsigned char)at[n]); n++)
		ret[n] = at[n];
	ret[n] = '\0';
}

static void add_program(struct programs *p, int number, uint64_t id, uint64_t memory, const char *text)
{
	struct programs_object *o = &p->at[p->n];
	union bpf_attr attr = { .prog_id = (uint32_t)id };
	struct bpf_prog_info info;

	/* More than one descriptor may lead to it. */
	for (uint32_t i = 0; i < p->n; i++)
		if (p->at[i].id == id)
			return;
	if (p->n == PROGRAMS_MAX)
		return;
	p->n++;
	p->code_bytes += memory;
	*o = (struct programs_object){ .id = id, .number = number };
	o->fd = (int)bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	take_tag(text, o->name);
	if (o->fd >= 0 && program_info(o->fd, &info) == 0 && info.name[0])
		(void)snprintf(o->name, sizeof(o->name), "%.*s", (int)sizeof(info.name), info.name);
}

/* Whether it is the one that they count in, of their layout. */
static int is_counts(int fd)
{
	static const char name[] = RUNS_MAP_NAME;
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .info = {
					.bpf_fd = (uint32_t)fd, .info_len = sizeof(info), .info = (uintptr_t)&info } };

	return bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && info.type == BPF_MAP_TYPE_PERCPU_ARRAY &&
	       info.value_size == sizeof(struct runs) && strncmp(info.name, name, sizeof(info.name)) == 0;
}

static void add_map(struct programs *p, int number, uint64_t id)
{
	union bpf_attr attr = { .map_id = (uint32_t)id };
	struct programs_object *m = &p->maps[p->n_maps];

	for (uint32_t i = 0; i < p->n_maps; i++)
		if (p->maps[i].id == id)
			return;
	if (p->n_maps == PROGRAMS_MAX)
		return;
	p->n_maps++;
	*m = (struct programs_object){ .id = id, .number = number, .fd = (int)bpf(BPF_MAP_GET_FD_BY_ID, &attr) };
	if (m->fd >= 0 && is_counts(m->fd))
		p->counts_fd = m->fd;
}

static void look_at(struct programs *p, int number)
{
	char text[TEXT_BYTES];
	uint64_t memory, id;

	/* A link has the number of its program, too, and no memory. */
	if (read_info(p->worker, number, text, &memory) < 0)
		return;
	if (procfs_field(text, strlen(text), "prog_id", &id) == 0)
		add_program(p, number, id, memory, text);
	else if (procfs_field(text, strlen(text), "map_id", &id) == 0)
		add_map(p, number, id);
}

int programs_find(pid_t worker, struct programs *ret)
{
	struct dirent *entry;
	char path[64];
	DIR *files;

	*ret = (struct programs){ .worker = worker, .counts_fd = -1 };
	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)worker);
	files = opendir(path);
	if (!files)
		return errno == EACCES || errno == EPERM ? -EACCES : 0;
	while ((entry = readdir(files)))
		if (isdigit((unsigned char)entry->d_name[0]))
			look_at(ret, (int)strtol(entry->d_name, NULL, 10));
	(void)closedir(files);
	return 0;
}

static void release(struct programs_object *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (at[i].fd >= 0)
			(void)close(at[i].fd);
}

void programs_release(struct programs *p)
{
	release(p->at, p->n);
	release(p->maps, p->n_maps);
	p->n = p->n_maps = 0;
	p->counts_fd = -1;
}

int programs_may_be_held(void)
{
	union bpf_attr attr = { .start_id = 0 };

	/* There may be none. */
	return bpf(BPF_MAP_GET_NEXT_ID, &attr) == 0 || errno == ENOENT ? 0 : -errno;
}

uint32_t programs_processors(void)
{
	char text[TEXT_BYTES];
	const char *last;
	int n = family_read("/sys/devices/system/cpu/possible", text, sizeof(text));

	/* `0`, `0-63`, or several of these. */
	if (n <= 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	last = strrchr(text, '-');
	if (!last || strchr(last, ','))
		last = strrchr(text, ',');
	return 1 + (uint32_t)strtoul(last ? last + 1 : text, NULL, 10);
}

static void add_counts(struct programs *p, const struct runs *of_processor)
{
	for (uint32_t i = 0; i < p->n; i++)
		for (uint32_t k = 0; k < RUNS_PROGRAMS_MAX; k++) {
			const struct runs_count *c = &of_processor->of[k];

			if (strncmp(c->name, p->at[i].name, RUNS_NAME_MAX) != 0)
				continue;
			p->at[i].n_runs += c->n_runs;
			p->at[i].time_ns += c->time_ns;
		}
}

int programs_count(struct programs *p, struct runs *room, uint32_t n_processors)
{
	uint32_t zero = 0;
	union bpf_attr attr = { .map_fd = (uint32_t)p->counts_fd, .key = (uintptr_t)&zero, .value = (uintptr_t)room };

	if (p->counts_fd < 0)
		return -ENOENT;
	if (bpf(BPF_MAP_LOOKUP_ELEM, &attr) < 0)
		return -errno;
	for (uint32_t i = 0; i < p->n; i++)
		p->at[i].n_runs = p->at[i].time_ns = 0;
	for (uint32_t c = 0; c < n_processors; c++)
		add_counts(p, &room[c]);
	return 0;
}

int programs_cost(const struct programs *p, uint32_t i, uint64_t *ret_ns, uint64_t *ret_runs)
{
	const struct programs_object *o = &p->at[i];
	struct bpf_prog_info info;
	char text[TEXT_BYTES];
	uint64_t memory;
	int r;

	if (o->fd >= 0) {
		r = program_info(o->fd, &info);
		*ret_ns = info.run_time_ns;
		*ret_runs = info.run_cnt;
		return r;
	}
	r = read_info(p->worker, o->number, text, &memory);
	if (r == 0)
		r = procfs_field(text, strlen(text), "run_time_ns", ret_ns);
	return r < 0 ? r : procfs_field(text, strlen(text), "run_cnt", ret_runs);
}

uint64_t programs_memory(const struct programs *p)
{
	uint64_t bytes = p->code_bytes, n;
	char text[TEXT_BYTES];

	for (uint32_t i = 0; i < p->n_maps; i++) {
		const struct programs_object *m = &p->maps[i];

		if (read_info(m->fd >= 0 ? getpid() : p->worker, m->fd >= 0 ? m->fd : m->number, text, &n) == 0)
			bytes += n;
	}
	return bytes;
}
