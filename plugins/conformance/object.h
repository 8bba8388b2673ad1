/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFORMANCE_OBJECT_H
#define CONFORMANCE_OBJECT_H

/* What a shared object's file says of it, read with libelf: no code of it runs. 64-bit ELF. */

#include <weir/host.h>

struct object {
	char **imports; /* names of undefined symbols; owned */
	uint32_t n_imports;
	uint32_t n_exports;
	char other_export[128]; /* one that is not `weir_collector`; empty: none */
	char run_path[256];     /* DT_RPATH or DT_RUNPATH */
	char writable[256];     /* names of variables that can be written, as far as they are known */
	uint64_t n_writable;    /* bytes of them, thread-local ones included */
	int has_collector;
	int is_collector_data;     /* it is an object, not a function */
	int is_collector_writable; /* after relocation */
	int has_text_relocations;
	int has_executable_stack;
};

/* -ENOEXEC: no shared object of this kind of machine. object_done() is needed only after 0. */
int object_read(const char *path, struct object *ret, struct weir_error *reterr);
void object_done(struct object *o);

#endif
