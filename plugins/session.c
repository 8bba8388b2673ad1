/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/session.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#include "plugins/child.h"
#include "plugins/session_private.h"
#include "store/now.h"

enum {
	GATHER_MS = 50, /* how long what one live source said waits for what the others say */
};

/* ---- Setting up ---- */

static void fill_in(struct session_config *c)
{
	if (c->n_workers == 0)
		c->n_workers = session_cores();
	if (c->n_workers > SESSION_WORKERS_MAX)
		c->n_workers = SESSION_WORKERS_MAX;
	if (c->stall_timeout_ns == 0)
		c->stall_timeout_ns = SESSION_STALL_TIMEOUT_NS;
	if (c->memory_max == 0)
		c->memory_max = SESSION_MEMORY_MAX;
}

int session_new(const struct session_config *config, struct session **ret, struct weir_error *reterr)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return weir_fail(reterr, -ENOMEM, "session: no memory");
	child_reserve();
	s->config = *config;
	s->ear.session = s;
	fill_in(&s->config);
	s->epoll_fd = s->signal_fd = s->tick_fd = -1;
	s->room = malloc(RING_MESSAGE_MAX);
	/* The library reads its configuration when it is first used, which a sealed worker could not. */
	(void)EVP_sha256();
	if (!s->room || !OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL)) {
		session_free(s);
		return weir_fail(reterr, -ENOMEM, "session: no memory");
	}
	*ret = s;
	return 0;
}

static void stop_all(struct session *s)
{
	for (uint32_t i = 0; s->slots && i < s->config.n_workers; i++) {
		reading_free(s->slots[i].reading);
		s->slots[i].reading = NULL;
	}
}

void session_free(struct session *s)
{
	if (!s)
		return;
	stop_all(s);
	for (uint32_t i = 0; i < s->n_jobs; i++)
		job_free(s->jobs[i]);
	free(s->jobs);
	free(s->order);
	free(s->collectors);
	free(s->slots);
	free(s->room);
	free(s);
}

int session_add(struct session *s, const struct session_job *job, uint32_t *ret_job, struct weir_error *reterr)
{
	uint32_t n_room = s->n_room * 2 + 16;
	struct job **grown;
	struct job *j;
	int r = job_new(job, &j, reterr);

	if (r < 0)
		return r;
	if (s->n_jobs == s->n_room) {
		grown = reallocarray(s->jobs, n_room, sizeof(*grown));
		if (!grown) {
			job_free(j);
			return weir_fail(reterr, -ENOMEM, "source: %s: no memory", job->path);
		}
		s->jobs = grown;
		s->n_room = n_room;
	}
	s->jobs[s->n_jobs] = j;
	if (ret_job)
		*ret_job = s->n_jobs;
	s->n_jobs++;
	return 0;
}

/* ---- Telling ---- */

void session_tell_progress(struct session *s)
{
	struct session_progress *p = &s->progress;

	p->n_bytes_done = s->n_bytes_ended;
	p->n_running = 0;
	for (uint32_t i = 0; i < s->config.n_workers; i++) {
		if (!s->slots[i].reading)
			continue;
		p->n_running++;
		p->n_bytes_done += reading_bytes(s->slots[i].reading);
	}
	p->elapsed_ns = now_monotonic_ns() - s->started_ns;
	if (s->config.ops && s->config.ops->progress)
		s->config.ops->progress(s->config.listener, p);
}

/* ---- The loop ---- */

static int start_some(struct session *s, struct weir_error *reterr)
{
	int r = 0;

	for (uint32_t i = 0; i < s->config.n_workers && r == 0; i++)
		while (r == 0 && !s->slots[i].reading && s->n_next < s->n_jobs && !s->is_cancelled)
			r = session_start_next(s, &s->slots[i], reterr);
	return r;
}

/* Takes what is there, a share of each in turn. 1: somebody has more. */
static int drain_all(struct session *s, struct weir_error *reterr)
{
	int r = 0, has_more = 0;

	for (uint32_t i = 0; i < s->config.n_workers && r >= 0; i++) {
		struct session_slot *slot = &s->slots[i];

		if (!slot->reading)
			continue;
		if (slot->is_ready) {
			s->hearing = slot;
			r = reading_drain(slot->reading, reterr);
			slot->is_ready = r;
			has_more |= r > 0;
		}
		if (r >= 0 && slot->has_ended)
			r = session_finish(s, slot, reterr);
	}
	return r < 0 ? r : has_more;
}

static void tell_opened(struct session *s)
{
	for (uint32_t i = 0; i < s->config.n_workers; i++)
		if (s->slots[i].reading && !reading_is_open(s->slots[i].reading))
			return;
	s->has_opened = 1;
	if (s->config.ops && s->config.ops->opened)
		s->config.ops->opened(s->config.listener);
}

static int is_anything_running(const struct session *s)
{
	for (uint32_t i = 0; i < s->config.n_workers; i++)
		if (s->slots[i].reading)
			return 1;
	return 0;
}

/* Files are read for the sake of all of it; of what is live somebody may be watching each second. */
static int is_all_live(const struct session *s)
{
	for (uint32_t i = 0; i < s->config.n_workers; i++)
		if (s->slots[i].reading && !s->jobs[s->slots[i].job]->of.is_live)
			return 0;
	return 1;
}

/* Live sources hand over at the same time: once no more comes, it is written in one go. */
static int loop(struct session *s, struct weir_error *reterr)
{
	int r = start_some(s, reterr);
	int has_more = 1, n_events, wait_ms;

	while (r == 0 && !s->is_cancelled && is_anything_running(s)) {
		wait_ms = store_is_changing(s->config.store) ? GATHER_MS : -1;
		n_events = session_events_answer(s, has_more ? 0 : wait_ms);
		has_more = drain_all(s, reterr);
		r = has_more < 0 ? has_more
		                 : store_commit(s->config.store, !has_more && !n_events && is_all_live(s), reterr);
		if (r == 0)
			r = start_some(s, reterr);
		if (r == 0 && !s->has_opened)
			tell_opened(s);
	}
	if (!s->has_opened)
		tell_opened(s);
	return r;
}

/* ---- Start and end of a run ---- */

/* Live ones first: they all run at once. */
static int by_size_falling(const void *a, const void *b, void *data)
{
	struct job *const *jobs = data;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	if (jobs[i]->of.is_live != jobs[k]->of.is_live)
		return jobs[i]->of.is_live ? -1 : 1;
	if (jobs[i]->size_bytes != jobs[k]->size_bytes)
		return jobs[i]->size_bytes < jobs[k]->size_bytes ? 1 : -1;
	return i < k ? -1 : i > k;
}

static int put_in_order(struct session *s)
{
	for (uint32_t i = 0; i < s->n_jobs; i++)
		s->config.n_workers += s->jobs[i]->of.is_live != 0;
	s->slots = calloc(s->config.n_workers, sizeof(*s->slots));
	s->order = calloc((size_t)s->n_jobs + 1, sizeof(*s->order));
	s->collectors = calloc((size_t)s->n_jobs + 1, sizeof(*s->collectors));
	if (!s->slots)
		s->config.n_workers = 0;
	if (!s->slots || !s->order || !s->collectors)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->n_jobs; i++) {
		s->order[i] = i;
		s->progress.n_bytes_total += s->jobs[i]->size_bytes;
	}
	s->progress.n_sources_total = s->n_jobs;
	qsort_r(s->order, s->n_jobs, sizeof(*s->order), by_size_falling, s->jobs);
	return 0;
}

int session_run(struct session *s, struct session_totals *ret, struct weir_error *reterr)
{
	int r, error;

	s->started_ns = now_monotonic_ns();
	r = put_in_order(s);
	if (r == 0)
		r = session_events_open(s);
	if (r < 0)
		r = weir_fail(reterr, r, "session: cannot be set up: %s", strerror(-r));
	else
		r = loop(s, reterr);
	stop_all(s);
	session_events_close(s);
	/* What has ended counts, whatever came after. */
	error = store_commit(s->config.store, 1, r < 0 ? NULL : reterr);
	session_tell_progress(s);
	*ret = s->totals;
	if (r == 0)
		r = error;
	if (r == 0 && s->is_cancelled)
		r = weir_fail(reterr, -EINTR,
		              "session: cancelled: %u of %u sources are done; run the same command again for "
		              "the rest",
		              s->progress.n_sources_done, s->n_jobs);
	return r;
}
