/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/rts/rts.h"

#include "bpf/load.h"
#include "bpf/rts.skel.h"
#include "parsers/x86_entry.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct probes {
	struct bpf_object *object;
	struct load_log log;
	const struct rts_bpf__bss *bss; /* the kernel's, mapped */
	struct load_links links;
	struct ring_buffer *ring;
	unsigned n_slow;
	uint8_t is_in_file; /* so that others that run it are heard too */
	/* Of the drain that is going on. */
	struct runtime *runtime;
	struct pauses *pauses;
	int result;
};

/* Where a probe goes. Of the non-moving collector's phases both ends have to be there. */
struct place {
	enum symbol symbol;
	struct x86_entry entry;
};

static struct x86_entry entry_of(const struct runtime *rt, enum symbol symbol)
{
	const struct image_symbol *s = &rt->symbols[symbol];
	size_t n = s->n_bytes && s->n_bytes < X86_ENTRY_BYTES ? (size_t)s->n_bytes : X86_ENTRY_BYTES;
	uint8_t code[X86_ENTRY_BYTES];

	if (!image_is_x86_64(rt->image) || image_read(rt->image, s->address, code, n) < 0)
		return (struct x86_entry){ 0, 0, 0 };
	return x86_entry(code, n);
}

static int attach(struct probes *p, const struct runtime *rt, const char *program, enum symbol symbol)
{
	struct x86_entry entry = entry_of(rt, symbol);
	struct bpf_link *link;
	uint64_t offset;

	if (!image_offset(rt->image, rt->symbols[symbol].address + entry.offset, &offset))
		return -ENOENT;
	p->n_slow += !entry.is_cheap && symbol <= SYMBOL_GC_END;
	/* Of a program that is yet to be started, whoever runs the file. */
	link = bpf_program__attach_uprobe(bpf_object__find_program_by_name(p->object, program), false,
	                                  rt->process.pid ? rt->process.pid : -1, rt->process.path, (size_t)offset);
	if (!link)
		return errno ? -errno : -EIO;
	p->links.at[p->links.n++] = link;
	return 0;
}

static int attach_pair(struct probes *p, const struct runtime *rt, const char *start, const char *end,
                       enum symbol symbol)
{
	int r;

	if (!rt->symbols[symbol].is_found || !rt->symbols[symbol + 1].is_found)
		return 0;
	r = attach(p, rt, start, symbol);
	return r < 0 ? r : attach(p, rt, end, symbol + 1);
}

static int attach_all(struct probes *p, const struct runtime *rt)
{
	/* The end first: what starts before all of them are there is not said at all. */
	int r = attach(p, rt, "on_gc_end", SYMBOL_GC_END);

	if (r >= 0)
		r = attach(p, rt, "on_gc_start", SYMBOL_GC_START);
	if (r >= 0 && rt->symbols[SYMBOL_GC_ASKED].is_found)
		r = attach(p, rt, "on_gc_asked", SYMBOL_GC_ASKED);
	if (r >= 0)
		r = attach_pair(p, rt, "on_concurrent_start", "on_concurrent_end", SYMBOL_CONCURRENT_START);
	if (r >= 0)
		r = attach_pair(p, rt, "on_sync_start", "on_sync_end", SYMBOL_SYNC_START);
	return r;
}

/* The kernel's number of the process is ours only where nobody has numbered them anew. */
static int is_of_the_program(struct probes *p, const struct rts_event *e)
{
	if (!p->is_in_file)
		return 1;
	return (pid_t)e->process == p->runtime->process.pid ||
	       (!p->runtime->process.pid && runtime_adopt(p->runtime, (pid_t)e->process));
}

static int on_event(void *context, void *at, size_t n)
{
	struct probes *p = context;
	struct rts_event e;

	if (n < sizeof(e) || p->result < 0)
		return 0;
	memcpy(&e, at, sizeof(e));
	if (is_of_the_program(p, &e))
		p->result = pauses_take(p->pauses, &e);
	else
		pauses_skip(p->pauses);
	return 0;
}

static int has_functions(const struct runtime *rt)
{
	return rt->symbols[SYMBOL_GC_START].is_found && rt->symbols[SYMBOL_GC_END].is_found;
}

/* What stands in the way, and what would remove it. These programs need no types of the kernel, so little can. */
static int refuse(int r, const char *what, char *why, char *remedy)
{
	int is_right = r == -EPERM || r == -EACCES;

	(void)snprintf(why, RTS_TEXT_MAX, "%s: %s", what,
	               is_right       ? "the kernel doesn't let this user do that"
	               : r == -ENOSYS ? "this kernel has no eBPF"
	                              : strerror(-r));
	(void)snprintf(remedy, RTS_TEXT_MAX, "%s",
	               is_right       ? "run weir as root or with CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE"
	               : r == -ENOSYS ? "a kernel with CONFIG_BPF_SYSCALL"
	                              : "");
	return r;
}

static int load_programs(struct probes *p, const struct runtime *rt)
{
	struct rts_bpf__rodata *rodata;
	size_t n_bytes;
	const void *bytes = rts_bpf__elf_bytes(&n_bytes);
	int r;

	p->object = load_open(bytes, n_bytes, &p->log);
	if (!p->object)
		return -errno;
	rodata = load_variables(p->object, ".rodata");
	if (!rodata)
		return -ENOMEM;
	rodata->end_stack_bytes = entry_of(rt, SYMBOL_GC_END).n_stack_bytes;
	r = bpf_object__load(p->object);
	if (r < 0)
		return r;
	p->bss = load_variables(p->object, ".bss");
	return p->bss ? 0 : -ENOMEM;
}

static int load(struct probes *p, const struct runtime *rt, char *why, char *remedy)
{
	int r = load_programs(p, rt);

	if (r < 0)
		return refuse(r, "loading BPF programs", why, remedy);
	r = attach_all(p, rt);
	if (r < 0)
		return refuse(r, "putting probes into the program", why, remedy);
	p->ring = ring_buffer__new(bpf_object__find_map_fd_by_name(p->object, "events"), on_event, p, NULL);
	return p->ring ? 0 : refuse(-errno, "mapping a ring buffer", why, remedy);
}

int probes_open(const struct runtime *rt, struct probes **ret, char *why, char *remedy)
{
	struct probes *p;
	int r;

	if (!has_functions(rt)) {
		(void)snprintf(
			why, RTS_TEXT_MAX, "%s",
			image_has_symbols(rt->image)
				? "the program has no functions stat_startGC and stat_endGC"
				: "the program was stripped of its symbols, so nobody can say where its run-time "
				  "system collects garbage");
		(void)snprintf(remedy, RTS_TEXT_MAX, "%s",
		               "give a copy that wasn't stripped, or its debug information, with the option symbols");
		return -ENODATA;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->is_in_file = rt->process.pid == 0;
	r = load(p, rt, why, remedy);
	if (r < 0) {
		probes_close(p);
		return r;
	}
	*ret = p;
	return 0;
}

int probes_drain(struct probes *p, struct runtime *rt, struct pauses *pauses)
{
	p->runtime = rt;
	p->pauses = pauses;
	p->result = 0;
	(void)ring_buffer__consume(p->ring);
	return p->result;
}

uint64_t probes_lost(const struct probes *p)
{
	return __atomic_load_n(&p->bss->n_dropped, __ATOMIC_RELAXED) +
	       __atomic_load_n(&p->bss->n_refused, __ATOMIC_RELAXED);
}

unsigned probes_slow(const struct probes *p)
{
	return p->n_slow;
}

void probes_close(struct probes *p)
{
	if (!p)
		return;
	ring_buffer__free(p->ring);
	load_detach(&p->links);
	bpf_object__close(p->object);
	free(p);
}
