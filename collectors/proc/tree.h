/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROC_TREE_H
#define PROC_TREE_H

/* A process and all that come from it, as sums that never fall.
 *
 * What a process used is in its own files; when its parent has waited for it, it is in the parent's. So the sum over
 * those that are there, each with what it inherited from its dead children, is all of it; but for those that somebody
 * outside of the tree waited for, whose last reading is kept. Context switches are nobody's after a death: their last
 * reading is kept always, and what a thread did after the last look at it is missing. */

#include "collectors/proc/text.h"

enum {
	TREE_PROCESSES_MAX = 1024,
	TREE_DESCRIPTORS_MAX = 65536, /* of one process, at one look */
};

enum tree_counter {
	TREE_CPU_USER, /* clock ticks */
	TREE_CPU_SYSTEM,
	TREE_FAULTS_MINOR,
	TREE_FAULTS_MAJOR,
	TREE_SWITCHES_VOLUNTARY,
	TREE_SWITCHES_INVOLUNTARY,
	TREE_READ, /* bytes */
	TREE_WRITTEN,
	TREE_CANCELLED,
	TREE_CALL_READ,
	TREE_CALL_WRITTEN,
	TREE_COUNTERS,
};

enum tree_gauge {
	TREE_RESIDENT, /* bytes */
	TREE_VIRTUAL,
	TREE_SWAPPED,
	TREE_RESIDENT_MAX, /* of the process that had most */
	TREE_PROCESSES,
	TREE_THREADS,
	TREE_DESCRIPTORS,
	TREE_SOCKETS,
	TREE_GAUGES,
};

struct tree_process {
	pid_t pid, parent;
	uint64_t start_ticks;
	uint64_t now[TREE_COUNTERS];            /* with what it inherited */
	uint64_t switches_gone[2], switches[2]; /* of threads that are gone; of those that were there last */
	int is_zombie, is_there;
};

struct tree {
	struct tree_process at[TREE_PROCESSES_MAX];
	uint32_t n;
	uint64_t gone[TREE_COUNTERS];
	uint64_t total[TREE_COUNTERS], gauges[TREE_GAUGES];
	uint32_t n_alive;        /* that are more than zombies */
	uint32_t n_closed_io;    /* whose io may not be read, at the last look */
	uint32_t n_closed_files; /* whose descriptors may not be listed */
	uint64_t n_overlooked;   /* children for whom there was no room */
	struct text text;        /* for reading */
};

/* root: its first process. -ESRCH: there is none. */
int tree_init(struct tree *t, pid_t root);

/* Reads all of them. What is left in total and gauges is of now. */
void tree_look(struct tree *t);

#endif
