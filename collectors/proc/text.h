/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROC_TEXT_H
#define PROC_TEXT_H

/* Small texts of /proc and /sys, read whole and taken apart. The functions on texts are pure; numbers saturate, and
 * nothing that a text says makes them read past its end. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/kept.h"

enum {
	TEXT_BYTES_MAX = 256 * 1024, /* of one file: /proc/stat of a machine with thousands of interrupts fits */
};

struct text {
	char at[TEXT_BYTES_MAX + 1]; /* ends with NUL */
	size_t n;
	int is_cut; /* there was more */
	struct kept files;
};

/* A file from its start. 0, or -errno: the text is empty then. t: all 0 before the first. */
__attribute__((format(printf, 2, 3))) int text_read(struct text *t, const char *path, ...);
/* Lets go of the files. */
void text_close(struct text *t);

/* The number after this label at the start of a line: `VmHWM:`; kB are multiplied out. 0: there is none. */
int text_labelled(const struct text *t, const char *label, uint64_t *ret);

/* Numbers of a line, past what isn't one; stops at the line's end. How many there were. */
uint32_t text_numbers(const char *line, uint64_t *ret, uint32_t n_max);
/* The next line, or NULL. */
const char *text_next_line(const char *line);

struct text_stat {
	char state;
	pid_t parent;
	uint64_t faults[2], child_faults[2]; /* minor, major */
	uint64_t ticks[2], child_ticks[2];   /* user, system */
	uint64_t n_threads, start_ticks, virtual_bytes, resident_pages;
};

/* /proc/PID/stat: proc(5). The name in brackets may hold anything. 0: it isn't one. */
int text_stat(const struct text *t, struct text_stat *ret);

#endif
