/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_CRASH_H
#define PLUGINS_CRASH_H

/* What is known about a process that came to a bad end: the signal, the forbidden system call, the place in the code
 * and how it was reached. Written by the process itself into shared memory, from a signal handler on a stack of its
 * own; read by the host, which believes none of it and turns addresses into names (plugins/place.h).
 */

#include <stdint.h>

enum {
	CRASH_FRAMES_MAX = 16,
	CRASH_OBJECTS_MAX = 32,
	CRASH_NAME_MAX = 96,
	CRASH_STACK_BYTES = 256 * 1024, /* of the handler: sanitizers need more than the system's minimum */
	CRASH_SIGNAL_STALL = 10,        /* SIGUSR1: sent by the host to ask a process that stands still where it is */
};

struct crash_object {
	uint64_t start, end; /* of its code */
	uint64_t base;       /* where its address 0 is */
	char name[CRASH_NAME_MAX];
};

struct crash_record {
	uint32_t is_set;
	int32_t signal;
	int32_t syscall; /* of SIGSYS */
	uint32_t is_out_of_memory;
	uint64_t address; /* what SIGSEGV and SIGBUS could not reach */
	uint32_t n_frames;
	uint32_t n_objects;
	uint64_t frames[CRASH_FRAMES_MAX]; /* the place itself first */
	struct crash_object objects[CRASH_OBJECTS_MAX];
};

/* Catches what is a crash from here on. leave: called once, on the alternate stack and only on the thread that armed,
 * when the record is written; must not return. A second crash ends the process. 0 or -errno. */
int crash_arm(struct crash_record *record, void (*leave)(void));
/* Notes which objects are loaded; call again after loading one. */
void crash_note_objects(struct crash_record *record);

#endif
