/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/probes.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int probes_open(struct probes *p, const void *bytes, size_t n_bytes, char why[LOAD_WHY_MAX])
{
	int n_cpus = libbpf_num_possible_cpus(), r;

	p->targets = p->members = -1;
	p->object = load_open(bytes, n_bytes, &p->log);
	r = !p->object ? -errno : n_cpus < 0 ? n_cpus : load_leave_out(p->object, p->missing);
	if (r == 0) {
		p->rodata = load_variables(p->object, ".rodata");
		r = p->rodata ? 0 : -ENOMEM;
	}
	if (r < 0)
		load_why(LOAD_OPEN, r, &p->log, why);
	p->n_cpus = n_cpus < 0 ? 0 : (unsigned)n_cpus;
	return r;
}

static struct bpf_program *program_of(const struct probes *p, const char *name)
{
	return bpf_object__find_program_by_name(p->object, name);
}

int probes_has(const struct probes *p, const char *program)
{
	return bpf_program__autoload(program_of(p, program));
}

void probes_choose(const struct probes *p, const char *program, int is_wanted)
{
	(void)bpf_program__set_autoload(program_of(p, program), is_wanted);
}

int probes_need(const struct probes *p, const char *const *programs, unsigned n, char why[LOAD_WHY_MAX])
{
	for (unsigned i = 0; i < n; i++) {
		if (probes_has(p, programs[i]))
			continue;
		(void)snprintf(why, LOAD_WHY_MAX, "this kernel has not: %.200s", p->missing);
		return -ENOTSUP;
	}
	return 0;
}

int probes_load(struct probes *p, char why[LOAD_WHY_MAX])
{
	int r = bpf_object__load(p->object);

	if (r < 0) {
		load_why(LOAD_LOAD, r, &p->log, why);
		return r;
	}
	p->targets = probes_map(p, "targets");
	p->members = probes_map(p, "members");
	p->data = load_variables(p->object, ".data");
	p->bss = load_variables(p->object, ".bss");
	r = p->data && p->bss ? load_attach(p->object, &p->links) : -ENOMEM;
	if (r < 0)
		load_why(LOAD_ATTACH, r, &p->log, why);
	return r;
}

void probes_close(struct probes *p)
{
	load_detach(&p->links);
	bpf_object__close(p->object);
	p->object = NULL;
}

int probes_map(const struct probes *p, const char *name)
{
	return bpf_object__find_map_fd_by_name(p->object, name);
}

/* ---- Targets ---- */

/* The kernel knows a process's first thread by a descriptor of the process. */
static int join(const struct probes *p, uint32_t tgid)
{
	int fd = (int)syscall(SYS_pidfd_open, tgid, 0), r;
	uint32_t is_member = 1;

	if (fd < 0)
		return -errno;
	r = bpf_map_update_elem(p->members, &fd, &is_member, BPF_ANY);
	(void)close(fd);
	return r;
}

static int follow_all(const struct probes *p, const struct family *family)
{
	const struct target known = { 0 };
	int r = 0;

	for (uint32_t i = 0; i < family->n && r == 0; i++) {
		uint32_t tgid = (uint32_t)family->at[i].pid;

		r = bpf_map_update_elem(p->targets, &tgid, &known, BPF_NOEXIST);
		if (r == 0 && p->members >= 0)
			r = join(p, tgid);
		/* It may have ended by now. */
		r = r == -EEXIST || r == -ESRCH ? 0 : r;
	}
	return r;
}

int probes_follow(const struct probes *p, struct family *family)
{
	int r = follow_all(p, family);

	if (r < 0 || family->n == 0)
		return r;
	/* Who was forked before there were programs to see it. */
	(void)family_look(family);
	r = follow_all(p, family);
	/* Nobody will tell the end of who ended before that. */
	(void)family_look(family);
	for (uint32_t i = 0; i < family->n; i++)
		if (family->at[i].is_over)
			(void)bpf_map_delete_elem(p->targets, &family->at[i].pid);
	return r;
}

void probes_look(struct probes *p, struct live *l)
{
	struct family *f = &l->family;
	uint32_t n_live = 0, last;

	p->n_targets = TARGETS_MAX;
	/* There is room for all: -ENOENT says that these were the last. */
	if (bpf_map_lookup_batch(p->targets, NULL, &last, p->tgids, p->found, &p->n_targets, NULL) < 0 &&
	    errno != ENOENT)
		p->n_targets = 0;
	f->n = 0;
	for (uint32_t i = 0; i < p->n_targets; i++) {
		uint32_t is_over = p->found[i].is_over;

		n_live += !is_over;
		if (f->n == FAMILY_MAX)
			f->n_left_out++;
		else
			f->at[f->n++] = (struct family_member){ .pid = (int32_t)p->tgids[i],
				                                .is_over = is_over,
				                                .is_zombie = is_over };
	}
	l->is_followed = l->has_target;
	if (l->has_target)
		l->n_live = n_live;
}

int probes_is_over(const struct probes *p, uint32_t tgid)
{
	struct target t;

	return bpf_map_lookup_elem(p->targets, &tgid, &t) < 0 || t.is_over;
}

uint32_t probes_let_go(struct probes *p, uint32_t ret[TARGETS_MAX])
{
	struct target t;
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_over; i++) {
		/* Its number may be somebody else's by now. */
		if (bpf_map_lookup_elem(p->targets, &p->over[i], &t) < 0 || !t.is_over)
			continue;
		(void)bpf_map_delete_elem(p->targets, &p->over[i]);
		ret[n++] = p->over[i];
	}
	p->n_over = 0;
	for (uint32_t i = 0; i < p->n_targets; i++)
		if (p->found[i].is_over)
			p->over[p->n_over++] = p->tgids[i];
	return n;
}
