/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/load.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* libbpf's print function gets no pointer of its caller's. */
static _Thread_local struct load_log *listening;

static int keep_words(enum libbpf_print_level level, const char *format, va_list args)
{
	struct load_log *log = listening;
	char line[512];
	int n = vsnprintf(line, sizeof(line), format, args);
	size_t n_line;

	if (level != LIBBPF_WARN || !log || n <= 0)
		return 0;
	n_line = (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1;
	if (log->n + n_line >= sizeof(log->text)) {
		size_t n_cut = log->n + n_line + 1 - sizeof(log->text);

		memmove(log->text, log->text + n_cut, log->n - n_cut);
		log->n -= n_cut;
	}
	memcpy(log->text + log->n, line, n_line);
	log->n += n_line;
	log->text[log->n] = '\0';
	return 0;
}

void load_listen(struct load_log *log)
{
	if (log)
		*log = (struct load_log){ .n = 0 };
	listening = log;
	(void)libbpf_set_print(keep_words);
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
