/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/rts/rts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

static const struct image_name names[SYMBOL_COUNT] = {
	[SYMBOL_GC_ASKED] = { "stat_startGCSync", 0, 0 },
	[SYMBOL_GC_START] = { "stat_startGC", 0, 0 },
	[SYMBOL_GC_END] = { "stat_endGC", 0, 0 },
	[SYMBOL_CONCURRENT_START] = { "stat_startNonmovingGc", 0, 0 },
	[SYMBOL_CONCURRENT_END] = { "stat_endNonmovingGc", 0, 0 },
	[SYMBOL_SYNC_START] = { "stat_startNonmovingGcSync", 0, 0 },
	[SYMBOL_SYNC_END] = { "stat_endNonmovingGcSync", 0, 0 },
	[SYMBOL_STATS] = { "stats", RTS_MEMORY_SIZE_MIN, RTS_MEMORY_SIZE_MAX },
	[SYMBOL_CAPABILITIES] = { "enabled_capabilities", 0, 0 },
	[SYMBOL_MEGABLOCKS] = { "mblocks_allocated", 0, 0 },
	[SYMBOL_ARGUMENT_COUNT] = { "rts_argc", 0, 0 },
	[SYMBOL_ARGUMENTS] = { "rts_argv", 0, 0 },
	[SYMBOL_FLAGS] = { "RtsFlags", 0, 0 },
	[SYMBOL_PROFILED] = { "CCS_MAIN", 0, 0 },
};

static int open_of(pid_t pid, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int find(struct runtime *rt, const struct runtime_hints *hints, struct weir_error *reterr)
{
	int r;

	if (!hints->program)
		return process_find(rt->root, hints->exe, &rt->process, &rt->image, reterr);
	r = process_expect(hints->program, &rt->process, &rt->image, reterr);
	if (r >= 0)
		(void)runtime_meet(rt);
	return r;
}

int runtime_open(struct runtime *rt, pid_t root, const struct runtime_hints *hints, struct weir_error *reterr)
{
	struct weir_error ignored;
	int r;

	rt->memory_fd = rt->stat_fd = -1;
	rt->root = root;
	r = find(rt, hints, reterr);
	if (r < 0)
		return r;
	if (rt->stat_fd < 0)
		rt->stat_fd = open_of(rt->process.pid ? rt->process.pid : root, "stat");
	if (rt->stat_fd < 0)
		return weir_fail(reterr, -ESRCH, "rts: process %d: it is gone", root);
	r = image_take_symbols(rt->image, hints->symbols, hints->symbols ? reterr : &ignored);
	if (r < 0 && hints->symbols)
		return r;
	return image_find(rt->image, names, rt->symbols, SYMBOL_COUNT);
}

static int become(struct runtime *rt, const struct process *found)
{
	int fd = open_of(found->pid, "stat");

	if (fd < 0)
		return 0;
	if (rt->stat_fd >= 0)
		(void)close(rt->stat_fd);
	rt->stat_fd = fd;
	rt->process = *found;
	return 1;
}

int runtime_adopt(struct runtime *rt, pid_t pid)
{
	struct process found = rt->process;

	found.pid = pid;
	return process_is_below(pid, rt->root) && become(rt, &found);
}

int runtime_meet(struct runtime *rt)
{
	struct weir_error ignored;
	struct image *image = NULL;
	struct process found;

	if (rt->process.pid)
		return 1;
	if (process_find(rt->root, NULL, &found, &image, &ignored) < 0)
		return 0;
	image_close(image);
	return strcmp(found.map, rt->process.map) == 0 && become(rt, &found);
}

int runtime_reach(struct runtime *rt)
{
	int r;

	if (rt->memory_fd >= 0)
		return 0;
	if (!runtime_meet(rt))
		return -EAGAIN;
	r = process_bias(&rt->process, rt->image, &rt->bias);
	if (r < 0)
		return r;
	rt->memory_fd = open_of(rt->process.pid, "mem");
	return rt->memory_fd < 0 ? -errno : 0;
}

int runtime_read_at(const struct runtime *rt, uint64_t address, void *room, size_t n)
{
	ssize_t got;

	if (rt->memory_fd < 0)
		return -EBADF;
	if (address > INT64_MAX)
		return -EFAULT;
	got = pread(rt->memory_fd, room, n, (off_t)address);
	if (got == 0)
		return -ESRCH;
	return got < 0 ? -errno : (size_t)got < n ? -EFAULT : 0;
}

int runtime_read(const struct runtime *rt, enum symbol symbol, void *room, size_t n)
{
	const struct image_symbol *s = &rt->symbols[symbol];

	if (!s->is_found || (s->n_bytes && s->n_bytes < n))
		return -ENOENT;
	return runtime_read_at(rt, rt->bias + s->address, room, n);
}

int runtime_is_threaded(const struct runtime *rt)
{
	return rt->symbols[SYMBOL_GC_ASKED].is_found;
}

void runtime_close(struct runtime *rt)
{
	if (rt->memory_fd >= 0)
		(void)close(rt->memory_fd);
	if (rt->stat_fd >= 0)
		(void)close(rt->stat_fd);
	image_close(rt->image);
}
