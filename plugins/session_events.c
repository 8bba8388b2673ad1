/* SPDX-License-Identifier: Apache-2.0 */
/* What a session waits for: its workers, signals, the end of what is live, and a tick. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "plugins/session_private.h"
#include "store/now.h"

enum {
	TICK_NS = 250000000, /* progress, stalls, memory; of a recording it is LIVE_TICK_S */
	LIVE_TICK_S = 1,
	EVENTS_MAX = 64, /* of one wait */
};

/* What an epoll event is about: a slot and one of its descriptors, or one of the session's own. */
enum event {
	EVENT_RING = 0,
	EVENT_PROCESS,
	EVENT_OUTPUT,
	EVENT_TARGET,
	EVENT_KINDS,
};

#define EVENT_LIVE_END (UINT64_MAX - 2)
#define EVENT_SIGNAL   (UINT64_MAX - 1)
#define EVENT_TICK     UINT64_MAX

/* ---- Opening and closing ---- */

/* What nohup started goes on without its terminal. */
static int is_ignored(int number)
{
	struct sigaction now;

	return number == SIGHUP && sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static int listen_to_signals(struct session *s)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	uint32_t n = s->config.ops && s->config.ops->signal ? sizeof(numbers) / sizeof(numbers[0]) : 3;
	sigset_t set;

	(void)sigemptyset(&set);
	for (uint32_t i = 0; i < n; i++)
		if (!is_ignored(numbers[i]))
			(void)sigaddset(&set, numbers[i]);
	if (sigprocmask(SIG_BLOCK, &set, &s->before) < 0)
		return -errno;
	s->is_blocking = 1;
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signal_fd < 0 ? -errno : 0;
}

static struct timespec tick_of(const struct session *s)
{
	for (uint32_t i = 0; i < s->n_jobs; i++)
		if (!s->jobs[i]->of.is_live)
			return (struct timespec){ 0, TICK_NS };
	return (struct timespec){ LIVE_TICK_S, 0 };
}

int session_events_open(struct session *s)
{
	struct itimerspec tick = { tick_of(s), tick_of(s) };
	struct epoll_event on_signal = { .events = EPOLLIN, .data.u64 = EVENT_SIGNAL };
	struct epoll_event on_live_end = { .events = EPOLLIN, .data.u64 = EVENT_LIVE_END };
	struct epoll_event on_tick = { .events = EPOLLIN, .data.u64 = EVENT_TICK };
	int r = s->config.is_in_process ? 0 : listen_to_signals(s);

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

static void close_one(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

/* 1: it was for the listener. */
static int tell_signal(struct session *s, const struct signalfd_siginfo *info)
{
	const struct session_listener_ops *ops = s->config.ops;

	return ops && ops->signal && ops->signal(s->config.listener, (int)info->ssi_signo, (int)info->ssi_pid);
}

/* The signals that came are answered: they must not end the process once they are let through again. */
void session_events_close(struct session *s)
{
	struct signalfd_siginfo late;

	while (s->signal_fd >= 0 && read(s->signal_fd, &late, sizeof(late)) > 0)
		(void)tell_signal(s, &late);
	if (s->is_blocking)
		(void)sigprocmask(SIG_SETMASK, &s->before, NULL);
	s->is_blocking = 0;
	close_one(s->epoll_fd);
	close_one(s->signal_fd);
	close_one(s->tick_fd);
	s->epoll_fd = s->signal_fd = s->tick_fd = -1;
}

int session_events_watch(struct session *s, struct session_slot *slot)
{
	uint64_t at = (uint64_t)(slot - s->slots) * EVENT_KINDS;
	const struct reading *r = slot->reading;
	const int fds[EVENT_KINDS] = { ring_data_fd(r->ring), r->process_fd, r->output_fd, r->target_fd };
	struct epoll_event e = { .events = EPOLLIN };

	for (uint32_t i = 0; i < EVENT_KINDS; i++) {
		e.data.u64 = at + i;
		if (fds[i] >= 0 && epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fds[i], &e) < 0)
			return -errno;
	}
	if (r->setup.job->target && r->target_fd < 0)
		reading_stop(slot->reading);
	slot->is_ready = 1;
	slot->has_ended = 0;
	return 0;
}

/* ---- Answers ---- */

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

static void answer_signal(struct session *s)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info) || tell_signal(s, &info))
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

/* A collector that looks at its target ends by itself; not all do. */
static void answer_target_end(struct session *s, struct session_slot *slot)
{
	(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, slot->reading->target_fd, NULL);
	reading_stop(slot->reading);
}

static void answer_tick(struct session *s)
{
	int64_t now = now_monotonic_ns();
	uint64_t n;

	(void)!read(s->tick_fd, &n, sizeof(n));
	for (uint32_t i = 0; i < s->config.n_workers; i++) {
		if (s->slots[i].reading && !s->slots[i].has_ended)
			reading_watch(s->slots[i].reading, now);
		/* Too little to be woken for may be there. */
		s->slots[i].is_ready = 1;
	}
	session_tell_progress(s);
}

static void answer(struct session *s, const struct epoll_event *e)
{
	struct session_slot *slot;

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
		slot->is_ready = 1;
		break;
	case EVENT_PROCESS:
		slot->has_ended = 1;
		break;
	case EVENT_TARGET:
		answer_target_end(s, slot);
		break;
	default:
		reading_hear(slot->reading);
	}
}

int session_events_answer(struct session *s, int wait_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(s->epoll_fd, events, EVENTS_MAX, wait_ms);

	for (int i = 0; i < n; i++)
		answer(s, &events[i]);
	return n > 0 ? n : 0;
}
