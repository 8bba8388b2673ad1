/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROGRAM_PROCESS_H
#define PROGRAM_PROCESS_H

/* The process that runs GHC's run-time system: which one of a tree it is, which file the system's code comes from,
 * where that file lies in its memory. All of it is read from /proc. Not thread-safe.
 */

#include <weir/host.h>

#include <limits.h>
#include <sys/types.h>

#include "collectors/program/image.h"

enum {
	PROCESS_TREE_MAX = 1024,
	PROCESS_DEPTH_MAX = 64,
	PROCESS_MAPS_MAX = 8 << 20, /* bytes of /proc/PID/maps that are looked at */
	PROCESS_ROOT_MAX = 32,      /* bytes of "/proc/PID/root" */
};

struct process {
	pid_t pid;
	char path[PATH_MAX]; /* the file with the run-time system, as this process can open it */
	char map[PATH_MAX];  /* the same as the process's own maps name it */
	uint8_t has_started; /* 0: it has yet to become the program (exec) */
};

/* The first process of root's tree, root before its children, that has GHC's run-time system, and that file's image.
 * exe: what root is about to run, or NULL; looked at when root isn't running it yet. -ENXIO: none has it. -ESRCH: no
 * such process. Else why the program's file can't be read. */
int process_find(pid_t root, const char *exe, struct process *ret, struct image **ret_image, struct weir_error *reterr);

/* The same for a program that is yet to be started by somebody in root's tree: its file's image; pid is 0. */
int process_expect(const char *program, struct process *ret, struct image **ret_image, struct weir_error *reterr);

/* What to add to an address of the image to have the one in the process. -EAGAIN: the process hasn't mapped it (yet);
 * -ESRCH: it is gone; else why its maps can't be read. */
int process_bias(const struct process *p, const struct image *i, uint64_t *ret_bias);

/* The whole of /proc/PID/maps, to be freed; NULL: it can't be read (errno). */
char *process_maps(pid_t pid, size_t *ret_n);

/* A process may see another root than this one: a container's, or chroot()'s. Its files are below `root`, under the
 * names that it knows them by. */
void process_root(pid_t pid, char root[PROCESS_ROOT_MAX]);
/* Such a name, from what maps and links of /proc call the file: those name it from our root on, where they can. A part
 * of `map`. */
const char *process_within(pid_t pid, const char *map);

/* Whether a process is of root's tree, which everybody may look at. */
int process_is_below(pid_t pid, pid_t root);

/* Whether the process on whose /proc/PID/stat this descriptor is open has ended. */
int process_is_over(int stat_fd);

#endif
