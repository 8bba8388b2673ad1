/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_PROCFS_H
#define PARSERS_PROCFS_H

/* The three forms in which /proc and /sys print numbers. Whole texts, as one read(2) gives them; no state.
 * Source: proc(5); Documentation/block/stat.rst. */

#include <stddef.h>
#include <stdint.h>

struct procfs_process {
	int32_t pid;
	int32_t parent;
	uint64_t start_ticks; /* since boot, in clock ticks */
	char state;           /* `R`, `S`, ... `Z` and `X`: it has ended */
};

/* /proc/PID/stat: `pid (name) state ppid ...`. The name may hold anything, blanks and parentheses too.
 * 0 or -EBADMSG. */
int procfs_process(const char *at, size_t n, struct procfs_process *ret);

/* `name: number` lines, as of /proc/PID/io and /proc/PID/status. 0, or -ENOENT: there is no such line. */
int procfs_field(const char *at, size_t n, const char *name, uint64_t *ret);

/* Numbers with blanks between them, as of /sys/block/X/stat and /proc/PID/schedstat. How many there are from the start,
 * at most n_ret; one that does not fit 64 bits ends them. */
unsigned procfs_numbers(const char *at, size_t n, uint64_t *ret, unsigned n_ret);

#endif
