/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/load.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* libbpf explains to programmers, and for each EPERM it advises a limit that has nothing to do with it. */
static int say_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

struct bpf_object *load_open(const void *bytes, size_t n_bytes, struct load_log *log)
{
	const struct bpf_object_open_opts how = { .sz = sizeof(how),
		                                  .kernel_log_buf = log->text,
		                                  .kernel_log_size = sizeof(log->text) };

	log->text[0] = '\0';
	(void)libbpf_set_print(say_nothing);
	return bpf_object__open_mem(bytes, n_bytes, &how);
}

int load_attach(struct bpf_object *object, struct load_links *links)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		struct bpf_link *link;

		if (!bpf_program__autoload(program) || bpf_program__expected_attach_type(program) == BPF_TRACE_ITER)
			continue;
		if (links->n == LOAD_LINKS_MAX)
			return -E2BIG;
		link = bpf_program__attach(program);
		if (!link)
			return -errno;
		links->at[links->n++] = link;
	}
	return 0;
}

void load_detach(struct load_links *links)
{
	while (links->n)
		(void)bpf_link__destroy(links->at[--links->n]);
}

int load_iterate(const struct bpf_object *object, const char *program)
{
	struct bpf_link *link = bpf_program__attach_iter(bpf_object__find_program_by_name(object, program), NULL);
	char text[64];
	ssize_t n = 0;
	int fd;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd >= 0)
		while ((n = read(fd, text, sizeof(text))) > 0)
			continue;
	n = fd < 0 || n < 0 ? -errno : 0;
	if (fd >= 0)
		(void)close(fd);
	(void)bpf_link__destroy(link);
	return (int)n;
}

void *load_variables(const struct bpf_object *object, const char *section)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(object, section);
	int fd = map ? bpf_map__fd(map) : -1, is_constant;
	size_t n = 0;
	void *at;

	if (!map)
		return NULL;
	/* It gives the memory itself; const only by its type. */
	at = (void *)(uintptr_t)bpf_map__initial_value((struct bpf_map *)(uintptr_t)map, &n);
	if (!at || fd < 0)
		return at;
	/* Until libbpf 1.5 it stays the initial copy; only a skeleton's load puts the kernel's in its place. */
	is_constant = (bpf_map__map_flags(map) & BPF_F_RDONLY_PROG) != 0;
	at = mmap(at, n, is_constant ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

/* What a program's section says that it hangs on, as a type of the kernel's; 0: on nothing that types tell of. */
static int hook_type(const char *section, const char **ret_prefix, const char **ret_name)
{
	static const struct {
		const char *section, *prefix;
		int kind;
	} hooks[] = {
		{ "tp_btf/", "btf_trace_", BTF_KIND_TYPEDEF },
		{ "fentry/", "", BTF_KIND_FUNC },
		{ "fexit/", "", BTF_KIND_FUNC },
		{ "iter/", "bpf_iter_", BTF_KIND_FUNC },
	};

	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		if (strncmp(section, hooks[i].section, strlen(hooks[i].section)) != 0)
			continue;
		*ret_prefix = hooks[i].prefix;
		*ret_name = section + strlen(hooks[i].section);
		return hooks[i].kind;
	}
	return 0;
}

int load_leave_out(struct bpf_object *object, char missing[LOAD_MISSING_MAX])
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct bpf_program *program;
	size_t n = 0;

	missing[0] = '\0';
	if (!btf)
		return -errno;
	bpf_object__for_each_program(program, object)
	{
		const char *prefix, *name;
		char type[128];
		int kind = hook_type(bpf_program__section_name(program), &prefix, &name);

		if (!kind || !bpf_program__autoload(program))
			continue;
		(void)snprintf(type, sizeof(type), "%s%s", prefix, name);
		if (btf__find_by_name_kind(btf, type, (unsigned)kind) > 0)
			continue;
		(void)bpf_program__set_autoload(program, false);
		if (n < LOAD_MISSING_MAX && !strstr(missing, name))
			n += (size_t)snprintf(missing + n, LOAD_MISSING_MAX - n, "%s%s", n ? ", " : "", name);
	}
	btf__free(btf);
	return 0;
}

/* The piece of libbpf's words that names what is at fault; empty: there is none. */
static void cite(const struct load_log *log, char *ret, size_t n_ret)
{
	static const char *const telling[] = { "failed to resolve CO-RE relocation",
		                               "failed to find kernel BTF type",
		                               "access beyond struct",
		                               "invalid func",
		                               "unknown func",
		                               "is not supported" };
	size_t n;

	ret[0] = '\0';
	for (size_t i = 0; log && i < sizeof(telling) / sizeof(telling[0]); i++) {
		const char *at = strstr(log->text, telling[i]);

		if (!at)
			continue;
		n = strcspn(at, "\n");
		(void)snprintf(ret, n_ret, ": %.*s", (int)(n < 120 ? n : 120), at);
		return;
	}
}

void load_why(enum load_phase phase, int result, const struct load_log *log, char why[LOAD_WHY_MAX])
{
	static const char *const doing[] = { "opening", "loading", "attaching" };
	char cited[128];

	cite(log, cited, sizeof(cited));
	if ((result == -ESRCH || result == -ENOENT) && access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		(void)snprintf(
			why, LOAD_WHY_MAX,
			"this kernel shows no types of its own (no /sys/kernel/btf/vmlinux: CONFIG_DEBUG_INFO_BTF)");
	else if (result == -EPERM || result == -EACCES)
		(void)snprintf(why, LOAD_WHY_MAX, "%s was not permitted: it needs CAP_BPF and CAP_PERFMON, or root%s",
		               doing[phase], cited);
	else
		(void)snprintf(why, LOAD_WHY_MAX, "%s failed: %s%s", doing[phase], strerror(-result), cited);
}
