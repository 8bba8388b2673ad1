/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/session.h"

#include <errno.h>
#include <openssl/evp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <weir/fail.h>

#include "plugins/child.h"
#include "plugins/job.h"
#include "plugins/reading.h"

enum {
	TICK_NS = 250000000,        /* progress, stalls, memory */
	EVENTS_MAX = 64,            /* of one wait */
	BESIDE_BYTES_MIN = 8 << 20, /* a smaller file is read before a second thread has helped */
	READY_NOW = 1,
};

/* What an epoll event is about: a slot and one of its descriptors, or one of the session's own. */
enum event {
	EVENT_RING = 0,
	EVENT_PROCESS,
	EVENT_OUTPUT,
	EVENT_KINDS,
};

#define EVENT_LIVE_END (UINT64_MAX - 2)
#define EVENT_SIGNAL   (UINT64_MAX - 1)
#define EVENT_TICK     UINT64_MAX

struct slot {
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
	struct slot *slots;
	struct slot *hearing; /* whose messages are being taken */
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

/* ---- Setting up ---- */

static uint32_t cores(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return (uint32_t)CPU_COUNT(&set);
}

static void fill_in(struct session_config *c)
{
	if (c->n_workers == 0)
		c->n_workers = cores();
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

static void close_one(int fd)
{
	if (fd >= 0)
		(void)close(fd);
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

static void hear_diag(struct intake_listener *l, const struct weir_diag *diag)
{
	struct session *s = l->session;

	if (s->config.ops && s->config.ops->diag)
		s->config.ops->diag(s->config.listener, s->hearing->job, diag);
}

static void tell_progress(struct session *s)
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
	p->elapsed_ns = reading_now_ns() - s->started_ns;
	if (s->config.ops && s->config.ops->progress)
		s->config.ops->progress(s->config.listener, p);
}

static void tell_done(struct session *s, uint32_t job, const struct session_outcome *o)
{
	s->totals.n_skipped += o->is_skipped != 0;
	s->totals.n_ok += !o->is_skipped && o->status == STORE_OK;
	s->totals.n_partial += !o->is_skipped && o->status == STORE_PARTIAL;
	s->totals.n_failed += !o->is_skipped && o->status == STORE_FAILED;
	s->progress.n_sources_done++;
	s->n_bytes_ended += s->jobs[job]->size_bytes;
	if (s->config.ops && s->config.ops->done)
		s->config.ops->done(s->config.listener, job, o);
}

/* ---- One source ---- */

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

static int watch(struct session *s, struct slot *slot)
{
	uint64_t at = (uint64_t)(slot - s->slots) * EVENT_KINDS;
	const struct reading *r = slot->reading;
	const int fds[EVENT_KINDS] = { ring_data_fd(r->ring), r->process_fd, r->output_fd };
	struct epoll_event e = { .events = EPOLLIN };

	for (uint32_t i = 0; i < EVENT_KINDS; i++) {
		e.data.u64 = at + i;
		if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fds[i], &e) < 0)
			return -errno;
	}
	slot->is_ready = READY_NOW;
	slot->has_ended = 0;
	return 0;
}

/* Ends the slot's reading, and says so. */
static int conclude(struct session *s, struct slot *slot, struct weir_error *reterr)
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

static int skip(struct session *s, struct slot *slot)
{
	reading_free(slot->reading);
	slot->reading = NULL;
	tell_done(s, slot->job, &(struct session_outcome){ .is_skipped = 1 });
	return 0;
}

static int finish(struct session *s, struct slot *slot, struct weir_error *reterr);

static int run(struct session *s, struct slot *slot, const struct store_source_info *info, struct weir_error *reterr)
{
	struct reading *r = slot->reading;
	int is_beside = (uint64_t)r->file.st_size >= BESIDE_BYTES_MIN && n_unfinished(s) < cores();
	int result;

	s->hearing = slot;
	if (s->config.is_in_process)
		result = reading_run_here(r, info, reterr);
	else
		result = reading_start(r, info, is_beside, reterr);
	if (result > 0)
		return finish(s, slot, reterr);
	if (result == 0 && watch(s, slot) < 0)
		result = weir_fail(reterr, -errno, "session: cannot watch a worker: %s", strerror(errno));
	return result;
}

/* Reads the slot's source, unless it is whole already. is_changed: its hash was looked at, and is another. */
static int begin(struct session *s, struct slot *slot, int is_changed, struct weir_error *reterr)
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

static int open_next(struct session *s, struct slot *slot, int is_changed, struct weir_error *reterr)
{
	struct reading_setup setup = { .job = &s->jobs[slot->job]->of,
		                       .config = &s->config,
		                       .room = s->room,
		                       .hear = hear_diag,
		                       .listener = &s->ear };

	slot->reading = reading_open(&setup);
	if (!slot->reading)
		return weir_fail(reterr, -ENOMEM, "source: %s: no memory", setup.job->path);
	return begin(s, slot, is_changed, reterr);
}

static int start_next(struct session *s, struct slot *slot, struct weir_error *reterr)
{
	slot->job = s->order[s->n_next++];
	return open_next(s, slot, 0, reterr);
}

/* A reading's process is gone. One that only hashed leads to a skip, or to a real reading. */
static int finish(struct session *s, struct slot *slot, struct weir_error *reterr)
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

/* ---- The loop ---- */

static int start_some(struct session *s, struct weir_error *reterr)
{
	int r = 0;

	for (uint32_t i = 0; i < s->config.n_workers && r == 0; i++)
		while (r == 0 && !s->slots[i].reading && s->n_next < s->n_jobs && !s->is_cancelled)
			r = start_next(s, &s->slots[i], reterr);
	return r;
}

/* Takes what is there, a share of each in turn. 1: somebody has more. */
static int drain_all(struct session *s, struct weir_error *reterr)
{
	int r = 0, has_more = 0;

	for (uint32_t i = 0; i < s->config.n_workers && r >= 0; i++) {
		struct slot *slot = &s->slots[i];

		if (!slot->reading)
			continue;
		if (slot->is_ready) {
			s->hearing = slot;
			r = reading_drain(slot->reading, reterr);
			slot->is_ready = r;
			has_more |= r > 0;
		}
		if (r >= 0 && slot->has_ended)
			r = finish(s, slot, reterr);
	}
	return r < 0 ? r : has_more;
}

static void stop_live(struct session *s)
{
	s->is_stopping = 1;
	for (uint32_t i = 0; i < s->config.n_workers; i++)
		if (s->slots[i].reading)
			reading_stop(s->slots[i].reading);
}

static int has_live(const struct session *s)
{
	for (uint32_t i = 0; i < s->n_jobs; i++)
		if (s->jobs[i]->of.is_live)
			return 1;
	return 0;
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

static void answer_signal(struct session *s)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (s->config.ops && s->config.ops->signal &&
	    s->config.ops->signal(s->config.listener, (int)info.ssi_signo, (int)info.ssi_pid))
		return;
	if (has_live(s) && !s->is_stopping)
		stop_live(s);
	else
		s->is_cancelled = 1;
}

/* It stays readable. */
static void answer_live_end(struct session *s)
{
	(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, s->config.live_end_fd, NULL);
	stop_live(s);
}

static void answer_tick(struct session *s)
{
	int64_t now = reading_now_ns();
	uint64_t n;

	(void)!read(s->tick_fd, &n, sizeof(n));
	for (uint32_t i = 0; i < s->config.n_workers; i++) {
		if (s->slots[i].reading && !s->slots[i].has_ended)
			reading_watch(s->slots[i].reading, now);
		/* Too little to be woken for may be there. */
		s->slots[i].is_ready = READY_NOW;
	}
	tell_progress(s);
}

static void answer(struct session *s, const struct epoll_event *e)
{
	struct slot *slot;

	if (e->data.u64 == EVENT_SIGNAL) {
		answer_signal(s);
		return;
	}
	if (e->data.u64 == EVENT_LIVE_END) {
		answer_live_end(s);
		return;
	}
	if (e->data.u64 == EVENT_TICK) {
		answer_tick(s);
		return;
	}
	slot = &s->slots[e->data.u64 / EVENT_KINDS];
	if (!slot->reading)
		return;
	switch ((enum event)(e->data.u64 % EVENT_KINDS)) {
	case EVENT_RING:
		slot->is_ready = READY_NOW;
		break;
	case EVENT_PROCESS:
		slot->has_ended = 1;
		break;
	default:
		reading_hear(slot->reading);
	}
}

static int is_anything_running(const struct session *s)
{
	for (uint32_t i = 0; i < s->config.n_workers; i++)
		if (s->slots[i].reading)
			return 1;
	return 0;
}

static int loop(struct session *s, struct weir_error *reterr)
{
	struct epoll_event events[EVENTS_MAX];
	int r = start_some(s, reterr);
	int n, has_more = 1;

	while (r == 0 && !s->is_cancelled && is_anything_running(s)) {
		n = epoll_wait(s->epoll_fd, events, EVENTS_MAX, has_more ? 0 : -1);
		for (int i = 0; i < n; i++)
			answer(s, &events[i]);
		has_more = drain_all(s, reterr);
		r = has_more < 0 ? has_more : store_commit(s->config.store, 0, reterr);
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

static int listen_to_signals(struct session *s)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, &s->before) < 0)
		return -errno;
	s->is_blocking = 1;
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signal_fd < 0 ? -errno : 0;
}

static int set_up(struct session *s)
{
	struct itimerspec tick = { { 0, TICK_NS }, { 0, TICK_NS } };
	struct epoll_event on_signal = { .events = EPOLLIN, .data.u64 = EVENT_SIGNAL };
	struct epoll_event on_live_end = { .events = EPOLLIN, .data.u64 = EVENT_LIVE_END };
	struct epoll_event on_tick = { .events = EPOLLIN, .data.u64 = EVENT_TICK };
	int r = put_in_order(s);

	if (r == 0)
		r = s->config.is_in_process ? 0 : listen_to_signals(s);
	if (r < 0)
		return r;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->epoll_fd < 0 || s->tick_fd < 0 || timerfd_settime(s->tick_fd, 0, &tick, NULL) < 0 ||
	    (s->signal_fd >= 0 && epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->signal_fd, &on_signal) < 0) ||
	    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->tick_fd, &on_tick) < 0 ||
	    (s->config.live_end_fd > 0 &&
	     epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->config.live_end_fd, &on_live_end) < 0))
		return -errno;
	return 0;
}

/* The signals that came are answered: they must not end the process once they are let through again. */
static void tear_down(struct session *s)
{
	struct signalfd_siginfo ignored;

	stop_all(s);
	while (s->signal_fd >= 0 && read(s->signal_fd, &ignored, sizeof(ignored)) > 0)
		;
	if (s->is_blocking)
		(void)sigprocmask(SIG_SETMASK, &s->before, NULL);
	s->is_blocking = 0;
	close_one(s->epoll_fd);
	close_one(s->signal_fd);
	close_one(s->tick_fd);
	s->epoll_fd = s->signal_fd = s->tick_fd = -1;
}

int session_run(struct session *s, struct session_totals *ret, struct weir_error *reterr)
{
	int r, error;

	s->started_ns = reading_now_ns();
	r = set_up(s);
	if (r < 0)
		r = weir_fail(reterr, r, "session: cannot be set up: %s", strerror(-r));
	else
		r = loop(s, reterr);
	tear_down(s);
	/* What has ended counts, whatever came after. */
	error = store_commit(s->config.store, 1, r < 0 ? NULL : reterr);
	tell_progress(s);
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
