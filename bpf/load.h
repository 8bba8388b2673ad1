/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPF_LOAD_H
#define BPF_LOAD_H

/* What collectors that load BPF share: the verifier's words kept for each of them and a plain sentence for
 * why something could not be had. It finds out by doing, never by a kernel's version.
 */

#include <bpf/libbpf.h>
#include <stddef.h>

enum {
	LOAD_LOG_MAX = 8192,
	LOAD_WHY_MAX = 256,
	LOAD_MISSING_MAX = 512,
};

/* What the kernel's verifier said, with libbpf's words where it knows better. */
struct load_log {
	char text[LOAD_LOG_MAX];
};

/* An object of a skeleton's bytes, programs and all. The skeleton's own functions are not used: what they allocate in
 * the collector libbpf frees, which no check of a collector's memory can follow. The log must outlive the object;
 * nothing goes to stderr. NULL: errno says why. */
struct bpf_object *load_open(const void *bytes, size_t n_bytes, struct load_log *log);

enum {
	LOAD_LINKS_MAX = 32,
};

struct load_links {
	struct bpf_link *at[LOAD_LINKS_MAX];
	unsigned n;
};

/* Attaches all programs that were not left out, but iterators, which hang on nothing. On failure those that are
 * attached stay so, in links. */
int load_attach(struct bpf_object *object, struct load_links *links);
void load_detach(struct load_links *links);

/* Runs an iterator of the object once, to its end. 0 or -errno. */
int load_iterate(const struct bpf_object *object, const char *program);

/* The variables of a section (`.rodata` until it is loaded, `.data`, `.bss`) in memory shared with the programs. */
void *load_variables(const struct bpf_object *object, const char *section);

enum load_phase {
	LOAD_OPEN,
	LOAD_LOAD,
	LOAD_ATTACH,
};

/* Programs of an object whose tracepoint or function this kernel hasn't are left out, so that each costs only its own
 * metrics. missing: their hooks' names, separated by `, `; empty when all are there. 0, or -errno: this kernel's types
 * cannot be read at all (-ENOENT: it has none). */
int load_leave_out(struct bpf_object *object, char missing[LOAD_MISSING_MAX]);

/* Why what could not be had: a sentence's end, from the result of the libbpf call that failed and what libbpf said. */
void load_why(enum load_phase phase, int result, const struct load_log *log, char why[LOAD_WHY_MAX]);

#endif
