/* SPDX-License-Identifier: Apache-2.0 */
/* One source of a session, from its slot's opening to its outcome. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

#include "plugins/session_private.h"

enum {
	BESIDE_BYTES_MIN = 8 << 20, /* a smaller file is read before a second thread has helped */
};

uint32_t session_cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (uint32_t)CPU_COUNT(&set);
}

static void hear_diag(struct intake_listener *l, const struct weir_diag *diag)
{
	struct session *s = l->session;

	if (s->config.ops && s->config.ops->diag)
		s->config.ops->diag(s->config.listener, s->hearing->job, diag);
}

static void tell_done(struct session *s, uint32_t job, const struct session_outcome *o)
{
	int has_status = !o->is_skipped && !o->is_left_out;

	s->totals.n_skipped += o->is_skipped != 0;
	s->totals.n_ok += has_status && o->status == STORE_OK;
	s->totals.n_partial += has_status && o->status == STORE_PARTIAL;
	s->totals.n_failed += has_status && o->status == STORE_FAILED;
	s->progress.n_sources_done++;
	s->n_bytes_ended += s->jobs[job]->size_bytes;
	if (s->config.ops && s->config.ops->done)
		s->config.ops->done(s->config.listener, job, o);
}

static int register_collector(struct session *s, uint32_t job, struct weir_error *reterr)
{
	const struct registry_collector *c = s->jobs[job]->of.collector;
	struct store_collector of = { .name = c->name,
		                      .version = c->version,
		                      .abi_major = c->abi_major,
		                      .abi_minor = c->abi_minor,
		                      .metrics = c->metrics,
		                      .n_metrics = c->n_metrics };

	for (uint32_t i = 0; i < s->n_jobs && s->collectors[job] == 0; i++)
		if (s->jobs[i]->of.collector == c)
			s->collectors[job] = s->collectors[i];
	if (s->collectors[job] != 0)
		return 0;
	memcpy(of.sha256, c->sha256, sizeof(of.sha256));
	return store_collector(s->config.store, &of, &s->collectors[job], reterr);
}

/* Sources that are being read or wait for it: while they are fewer than the cores, a core is free to hash. */
static uint32_t n_unfinished(const struct session *s)
{
	return s->n_jobs - s->progress.n_sources_done;
}

/* Ends the slot's reading, and says so. */
static int conclude(struct session *s, struct session_slot *slot, struct weir_error *reterr)
{
	struct session_outcome outcome;
	int r;

	s->hearing = slot;
	r = reading_end(slot->reading, &outcome, reterr);
	if (r < 0)
		return r;
	s->progress.n_rows += outcome.n_rows;
	reading_free(slot->reading);
	slot->reading = NULL;
	tell_done(s, slot->job, &outcome);
	return 0;
}

static int skip(struct session *s, struct session_slot *slot)
{
	reading_free(slot->reading);
	slot->reading = NULL;
	tell_done(s, slot->job, &(struct session_outcome){ .is_skipped = 1 });
	return 0;
}

static int run(struct session *s, struct session_slot *slot, const struct store_source_info *info,
               struct weir_error *reterr)
{
	struct reading *r = slot->reading;
	int is_beside = (uint64_t)r->file.st_size >= BESIDE_BYTES_MIN && n_unfinished(s) < session_cores();
	int result;

	s->hearing = slot;
	if (s->config.is_in_process)
		result = reading_run_here(r, info, reterr);
	else
		result = reading_start(r, info, is_beside, reterr);
	if (result > 0)
		return session_finish(s, slot, reterr);
	if (result == 0 && session_events_watch(s, slot) < 0)
		result = weir_fail(reterr, -errno, "session: cannot watch a worker: %s", strerror(errno));
	return result;
}

/* Reads the slot's source, unless it is whole already. is_changed: its hash was looked at, and is another. */
static int begin(struct session *s, struct session_slot *slot, int is_changed, struct weir_error *reterr)
{
	struct reading *r = slot->reading;
	char *options = job_options_json(s->jobs[slot->job], r->companions);
	struct store_source_info info;
	int result = options ? 0 : weir_fail(reterr, -ENOMEM, "source: %s: no memory", s->jobs[slot->job]->of.path);

	if (result == 0)
		result = register_collector(s, slot->job, reterr);
	info = reading_info(r, s->collectors[slot->job], options);
	if (result == 0 && r->fd >= 0 && !is_changed && !s->jobs[slot->job]->of.is_live)
		result = store_has(s->config.store, &info, slot->sha256, reterr);
	if (result == 0)
		result = run(s, slot, &info, reterr);
	else if (result > 0)
		result = s->config.has_verify ? run(s, slot, NULL, reterr) : skip(s, slot);
	free(options);
	return result;
}

static int open_next(struct session *s, struct session_slot *slot, int is_changed, struct weir_error *reterr)
{
	struct reading_setup setup = { .job = &s->jobs[slot->job]->of,
		                       .config = &s->config,
		                       .began_ns = s->started_ns,
		                       .room = s->room,
		                       .hear = hear_diag,
		                       .listener = &s->ear };

	slot->reading = reading_open(&setup);
	if (!slot->reading)
		return weir_fail(reterr, -ENOMEM, "source: %s: no memory", setup.job->path);
	return begin(s, slot, is_changed, reterr);
}

int session_start_next(struct session *s, struct session_slot *slot, struct weir_error *reterr)
{
	slot->job = s->order[s->n_next++];
	return open_next(s, slot, 0, reterr);
}

/* A reading's process is gone. One that only hashed leads to a skip, or to a real reading. */
int session_finish(struct session *s, struct session_slot *slot, struct weir_error *reterr)
{
	struct session_outcome ignored;
	int result;

	if (!slot->reading->is_hash_only)
		return conclude(s, slot, reterr);
	result = reading_end(slot->reading, &ignored, reterr);
	if (result < 0)
		return result;
	if (reading_has_hash(slot->reading, slot->sha256))
		return skip(s, slot);
	reading_free(slot->reading);
	slot->reading = NULL;
	return open_next(s, slot, 1, reterr);
}
