/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_LIVE_LOAD_H
#define BENCH_LIVE_LOAD_H

/* What a busy node does, by processes of its own: reads of a disk, socket calls, context switches and collections of a
 * made-up run-time system, whose own work costs nobody but itself. Both kinds say what they did in a file that is
 * mapped by who asked for it, in the folder where all run. Ends this program when something fails.
 */

#include <stdint.h>

enum {
	LOAD_IO = 2000, /* a second */
	LOAD_CALLS = 20000,
	LOAD_SWITCHES = 20000, /* of the whole machine, as the kernel counts them */
	LOAD_COLLECTIONS = 5,
	LOAD_PARTS = 5, /* processes whose own switches are known */
};

struct load_account {
	_Atomic uint64_t n_io, n_calls, n_collections;
	_Atomic uint64_t switches[LOAD_PARTS]; /* away from each part */
};

/* Of the folder's file, made when it isn't there. */
struct load_account *load_account(void);
/* The machine's context switches since it was started. */
uint64_t load_machine_switches(void);

/* The rates above, until it is ended. */
__attribute__((noreturn)) void load_at_rates(void);
/* A fixed amount of work, some 10 ms of everything in the same proportions, for each byte that comes; says what
 * processor time it took, in nanoseconds as a uint64_t. Until nobody asks any more. */
__attribute__((noreturn)) void load_portions(int ask, int tell);

#endif
