/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/place.h"

#include <inttypes.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/symbol.h"

struct namer {
	const struct crash_record *record;
	int fd;
	const char *object;
	struct place_sentence *out;
};

__attribute__((format(printf, 2, 3))) static void add(struct place_sentence *out, const char *format, ...)
{
	size_t n = strlen(out->text);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(out->text + n, sizeof(out->text) - n, format, args);
	va_end(args);
}

static const struct crash_object *object_of(const struct crash_record *r, uint64_t pc)
{
	uint32_t n = r->n_objects < CRASH_OBJECTS_MAX ? r->n_objects : CRASH_OBJECTS_MAX;

	for (uint32_t i = 0; i < n; i++)
		if (pc >= r->objects[i].start && pc < r->objects[i].end)
			return &r->objects[i];
	return NULL;
}

/* A worker loads its collector by descriptor, and everything else by path. */
static int is_collector(const struct crash_object *o)
{
	static const char by_descriptor[] = "/proc/self/fd/";

	return o && strncmp(o->name, by_descriptor, sizeof(by_descriptor) - 1) == 0;
}

static void add_place(const struct namer *n, uint64_t pc)
{
	const struct crash_object *o = object_of(n->record, pc);
	char name[CRASH_NAME_MAX + 1] = "";
	char symbol[SYMBOL_NAME_MAX];
	const char *slash;

	if (!o) {
		add(n->out, "0x%" PRIx64 ", where no code is", pc);
		return;
	}
	memcpy(name, o->name, CRASH_NAME_MAX);
	slash = strrchr(name, '/');
	if (!is_collector(o)) {
		add(n->out, "%s+0x%" PRIx64, slash ? slash + 1 : name[0] ? name : "weir", pc - o->base);
		return;
	}
	add(n->out, "%s+0x%" PRIx64, n->object, pc - o->base);
	if (symbol_find(n->fd, pc - o->base, symbol) == 0)
		add(n->out, " (%s)", symbol);
}

void place_cause(const struct crash_record *r, struct place_sentence *ret)
{
	char *name;

	ret->text[0] = '\0';
	if (r->signal == SIGSYS) {
		name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, r->syscall);
		add(ret, "system call %s (%d)", name ? name : "unknown", r->syscall);
		free(name);
		return;
	}
	add(ret, "SIG%s", sigabbrev_np(r->signal) ? sigabbrev_np(r->signal) : "?");
	if (r->signal == SIGSEGV || r->signal == SIGBUS)
		add(ret, " at address 0x%" PRIx64, r->address);
}

void place_where(const struct crash_record *record, int fd, const char *object, struct place_sentence *ret)
{
	struct namer n = { record, fd, object, ret };
	uint32_t n_frames = record->n_frames < CRASH_FRAMES_MAX ? record->n_frames : CRASH_FRAMES_MAX;
	uint32_t i = 0;

	ret->text[0] = '\0';
	if (n_frames == 0)
		return;
	add_place(&n, record->frames[0]);
	while (i < n_frames && !is_collector(object_of(record, record->frames[i])))
		i++;
	if (i > 0 && i < n_frames) {
		add(ret, ", called from ");
		/* A return address; the call itself is the byte before. */
		add_place(&n, record->frames[i] - 1);
	}
}
