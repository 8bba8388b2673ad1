/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/sched.h"
#include "parsers/process_map.h"
#include "sched.h"

enum {
	SYMBOL_NAME_MAX = 128,
	WAITS_MAX = 256, /* different ones that are held before they are said */
	MAPS_BYTES_MAX = 1 << 20,
	SYMBOLS_START = 1 << 16,
};

struct symbol {
	uint64_t address;
	uint32_t name; /* where it starts in the names */
};

struct wait {
	uint32_t series, stack;
	int64_t sum_ns;
};

struct sched_stacks {
	const struct weir_host *host;
	struct outbox *outbox; /* of this round */
	struct symbol *symbols;
	char *names;
	size_t n_symbols, n_symbols_max, n_names, n_names_max;
	struct wait waits[WAITS_MAX];
	uint32_t n_waits;
	uint32_t maps_tgid; /* whose maps were read last, in this round; 0: nobody's */
	size_t n_maps;
	char maps[MAPS_BYTES_MAX];
};

/* ---- The kernel's names ---- */

static int make_room(struct sched_stacks *s, size_t n_name)
{
	struct symbol *symbols = s->symbols;
	char *names = s->names;

	if (s->n_symbols == s->n_symbols_max) {
		s->n_symbols_max = s->n_symbols_max ? 2 * s->n_symbols_max : SYMBOLS_START;
		symbols = reallocarray(symbols, s->n_symbols_max, sizeof(*symbols));
	}
	if (!symbols)
		return -1;
	s->symbols = symbols;
	if (s->n_names + n_name > s->n_names_max) {
		s->n_names_max = s->n_names_max ? 2 * s->n_names_max : SYMBOLS_START;
		names = realloc(names, s->n_names_max);
	}
	if (!names)
		return -1;
	s->names = names;
	return 0;
}

static int add_symbol(struct sched_stacks *s, uint64_t address, const char *name)
{
	size_t n = strlen(name) + 1;

	if (make_room(s, n) < 0)
		return -1;
	s->symbols[s->n_symbols++] = (struct symbol){ address, (uint32_t)s->n_names };
	memcpy(s->names + s->n_names, name, n);
	s->n_names += n;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* Of functions only. Who may not know where they are is told 0. */
static void read_symbols(struct sched_stacks *s)
{
	char line[512], name[SYMBOL_NAME_MAX], type;
	FILE *file = fopen("/proc/kallsyms", "re");
	uint64_t address;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 " %c %127s", &address, &type, name) != 3 || !strchr("tTwW", type))
			continue;
		if (!address || add_symbol(s, address, name) < 0)
			break;
	}
	if (file)
		(void)fclose(file);
	if (s->n_symbols)
		qsort(s->symbols, s->n_symbols, sizeof(*s->symbols), compare);
}

static const char *kernel_name(const struct sched_stacks *s, uint64_t address)
{
	size_t low = 0, high = s->n_symbols;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? s->names + s->symbols[low - 1].name : "[unknown]";
}

/* ---- A program's places ---- */

static void read_maps(struct sched_stacks *s, uint32_t tgid)
{
	char path[32];
	FILE *file;

	if (s->maps_tgid == tgid)
		return;
	s->maps_tgid = tgid;
	(void)snprintf(path, sizeof(path), "/proc/%u/maps", tgid);
	file = fopen(path, "re");
	s->n_maps = file ? fread(s->maps, 1, sizeof(s->maps), file) : 0;
	if (file)
		(void)fclose(file);
}

/* The file that is mapped there, without its folder, and the place in it. */
static void user_name(const struct sched_stacks *s, uint64_t address, char name[SYMBOL_NAME_MAX])
{
	size_t at = 0, n_used;
	struct process_map map;
	enum parse_result r;

	while ((r = process_map_next(s->maps + at, s->n_maps - at, &map, &n_used)) == PARSE_OK || r == PARSE_BAD) {
		const char *slash;

		at += n_used;
		if (r == PARSE_BAD || address < map.start || address >= map.end || !map.path.n)
			continue;
		slash = memrchr(map.path.at, '/', map.path.n);
		slash = slash ? slash + 1 : map.path.at;
		(void)snprintf(name, SYMBOL_NAME_MAX, "%.*s+0x%" PRIx64, (int)(map.path.at + map.path.n - slash), slash,
		               address - map.start + map.offset);
		return;
	}
	(void)snprintf(name, SYMBOL_NAME_MAX, "[unknown]");
}

/* ---- Stacks ---- */

static uint32_t push(struct sched_stacks *s, uint32_t stack, const char *name, const char *module)
{
	const struct weir_text none = { "", 0 };
	uint32_t frame = s->host->frame(s->host, (struct weir_text){ name, strlen(name) },
	                                (struct weir_text){ module, strlen(module) }, none);

	return frame ? s->host->stack(s->host, stack, frame, 0) : stack;
}

static uint32_t n_frames(int32_t n_bytes, uint32_t n_max)
{
	uint32_t n = n_bytes > 0 ? (uint32_t)n_bytes / 8 : 0;

	return n < n_max ? n : n_max;
}

/* What is inside of the switch itself says nothing. */
static uint32_t outside_of_switch(const struct sched_stacks *s, const struct sched_long_wait *w, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(kernel_name(s, w->kernel[i]), "__schedule") == 0)
			return i;
	return 0;
}

static uint32_t stack_of(struct sched_stacks *s, const struct sched_long_wait *w)
{
	uint32_t n_kernel = n_frames(w->n_kernel_bytes, SCHED_KERNEL_FRAMES_MAX);
	uint32_t n_user = n_frames(w->n_user_bytes, SCHED_USER_FRAMES_MAX), stack = 0, first;
	char name[SYMBOL_NAME_MAX];

	read_maps(s, w->tgid);
	while (n_user-- > 0) {
		user_name(s, w->user[n_user], name);
		stack = push(s, stack, name, "");
	}
	if (!s->n_symbols)
		return push(s, stack, "[kernel]", "kernel");
	first = outside_of_switch(s, w, n_kernel);
	while (n_kernel-- > first)
		stack = push(s, stack, kernel_name(s, w->kernel[n_kernel]), "kernel");
	return stack;
}

/* ---- Saying ---- */

static void flush(struct sched_stacks *s)
{
	struct weir_weight weights[WAITS_MAX];
	const struct outbox *o = s->outbox;

	for (uint32_t i = 0; i < s->n_waits; i++)
		weights[i] = (struct weir_weight){ .time_ns = o->time_ns - o->duration_ns,
			                           .duration_ns = o->duration_ns,
			                           .self.i64 = s->waits[i].sum_ns,
			                           .series = s->waits[i].series,
			                           .stack = s->waits[i].stack,
			                           .flags = WEIR_WEIGHT_HAS_SELF };
	outbox_weights(s->outbox, weights, s->n_waits);
	s->n_waits = 0;
}

void sched_stacks_begin(struct sched_stacks *s, struct outbox *o)
{
	s->outbox = o;
	s->maps_tgid = 0;
}

void sched_stacks_take(struct sched_stacks *s, const struct sched_long_wait *w, int has_threads)
{
	struct sched_names names;
	uint32_t series, stack;

	sched_names(w->tgid, has_threads ? w->tid : 0, sched_reason_name(w->reason), &names);
	series = outbox_series(s->outbox, ROW_STACKS, names.pairs, SCHED_NAMES);
	stack = stack_of(s, w);
	if (!series || !stack)
		return;
	for (uint32_t i = 0; i < s->n_waits; i++)
		if (s->waits[i].series == series && s->waits[i].stack == stack) {
			s->waits[i].sum_ns += (int64_t)w->duration_ns;
			return;
		}
	if (s->n_waits == WAITS_MAX)
		flush(s);
	s->waits[s->n_waits++] = (struct wait){ series, stack, (int64_t)w->duration_ns };
}

void sched_stacks_end(struct sched_stacks *s)
{
	flush(s);
}

/* ---- Life ---- */

struct sched_stacks *sched_stacks_new(const struct weir_host *h)
{
	struct sched_stacks *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->host = h;
	read_symbols(s);
	return s;
}

void sched_stacks_free(struct sched_stacks *s)
{
	if (!s)
		return;
	free(s->symbols);
	free(s->names);
	free(s);
}
