/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_SESSION_PRIVATE_H
#define PLUGINS_SESSION_PRIVATE_H

/* A session, as its three files know it: the whole (session.c), its sources one by one (session_source.c), and what it
 * waits for (session_events.c). */

#include <signal.h>

#include "plugins/job.h"
#include "plugins/reading.h"

struct session_slot {
	struct reading *reading; /* NULL: free */
	uint32_t job;
	int is_ready;       /* messages may be there */
	int has_ended;      /* its process is gone */
	uint8_t sha256[32]; /* of the last reading, for one that only hashes */
};

struct intake_listener {
	struct session *session;
};

struct session {
	struct session_config config;
	struct intake_listener ear;
	struct job **jobs;
	uint32_t *order;     /* the largest first: the last one to end then ends early */
	int64_t *collectors; /* the store's ids, by job; 0: not asked yet */
	uint32_t n_jobs, n_room, n_next;
	struct session_slot *slots;
	struct session_slot *hearing; /* whose messages are being taken */
	uint8_t *room;
	int epoll_fd, signal_fd, tick_fd;
	sigset_t before;
	int is_blocking; /* signals, so that they come through signal_fd */
	int is_cancelled;
	int is_stopping; /* live sources were told to end */
	int has_opened;  /* all live sources measure, and that was said */
	int64_t started_ns;
	struct session_totals totals;
	struct session_progress progress;
	uint64_t n_bytes_ended;
};

/* ---- Its sources ---- */

uint32_t session_cores(void);
/* Begins the next source in a free slot. It may have ended already. */
int session_start_next(struct session *s, struct session_slot *slot, struct weir_error *reterr);
/* The slot's process is gone. */
int session_finish(struct session *s, struct session_slot *slot, struct weir_error *reterr);

/* ---- What it waits for ---- */

int session_events_open(struct session *s); /* -errno; to be closed all the same */
void session_events_close(struct session *s);
/* Hears a new worker. -errno. */
int session_events_watch(struct session *s, struct session_slot *slot);
/* Waits for so long at most, -1: for ever, and does what the events ask for. How many there were. */
int session_events_answer(struct session *s, int wait_ms);

void session_tell_progress(struct session *s);

#endif
