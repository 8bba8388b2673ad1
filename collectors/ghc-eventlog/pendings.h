/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_PENDINGS_H
#define GHC_EVENTLOG_PENDINGS_H

/* Ends of migrations that wait for their other end. Between migrations.c and visits.c; not for others. */

#include "collectors/ghc-eventlog/threads.h"

/* A place for one; its index + 1. 0: there are too many, and that is counted. */
uint32_t pending_new(struct threads *t, const struct pending *pending);
void pending_free(struct threads *t, uint32_t i);

/* The same, put where the other end will be looking for it: behind what is not later. */
uint32_t pending_add(struct threads *t, struct thread *thread, const struct pending *pending);
/* Takes the other end out of what waits: of a departure (is_arrival 1) the first arrival from then on, of an arrival
 * the last departure up to then. Its index + 1, for pending_free() later; 0: there is none. */
uint32_t pending_take(struct threads *t, struct thread *thread, uint32_t is_arrival, uint32_t to, uint64_t time_ns);
/* Gives up on all of the thread's. How many there were. */
uint64_t pendings_forget(struct threads *t, struct thread *thread);

#endif
