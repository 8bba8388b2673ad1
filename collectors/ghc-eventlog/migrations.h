/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_MIGRATIONS_H
#define GHC_EVENTLOG_MIGRATIONS_H

/* Joins what two capabilities tell of a thread that goes from one to the other.
 *
 * What a migration took, from one capability's record to the other's, is joined by time: a departure for a capability
 * goes with the first arrival there that is not earlier, an arrival with the last departure that is not later. A thread
 * is in one place at a time, so this is right whichever side is read first. What waits for its other side is bounded,
 * because a capability's records are at most its buffer, 2 MB, behind the others'.
 */

#include "collectors/ghc-eventlog/visits.h"

/* A thread that turns up without having been created here: it has migrated. NULL: there are too many. */
struct visit *migration_arrive(struct log *l, struct lane *lane, uint32_t id, uint64_t time_ns);
/* A thread is sent to another capability; its visit is over. */
void migration_depart(struct log *l, struct lane *lane, struct visit *visit, uint32_t to, uint64_t time_ns);

#endif
