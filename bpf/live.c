/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/live.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <weir/fail.h>

enum {
	CLOCK_ERROR_NS = 1000000, /* a poll reads all it has well within it */
};

static struct weir_text text_of(const char *s)
{
	return (struct weir_text){ s, strlen(s) };
}

int64_t live_target(const struct weir_host *h)
{
	struct weir_text text;
	int64_t pid = 0;

	if (h->context(h, "process.pid", &text) < 0)
		return 0;
	for (uint64_t i = 0; i < text.n_bytes; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' || pid > INT32_MAX / 10)
			return -1;
		pid = pid * 10 + (text.at[i] - '0');
	}
	return pid > 0 ? pid : -1;
}

int live_open(struct live *l, const struct weir_host *h, const char *collector, struct weir_error *reterr)
{
	int64_t pid = live_target(h);

	l->host = l->outbox.host = h;
	l->collector = collector;
	l->has_target = pid != 0;
	if (pid < 0 || (pid > 0 && family_init(&l->family, (int32_t)pid) < 0))
		return weir_fail(reterr, -ESRCH, "%s: process %lld: it isn't there", collector, (long long)pid);
	return WEIR_OK;
}

int live_is_chosen(const struct weir_host *h, uint32_t option, const char *choice)
{
	struct weir_text text;

	return h->option_text(h, option, &text) == 0 && text.n_bytes == strlen(choice) &&
	       memcmp(text.at, choice, text.n_bytes) == 0;
}

/* What would change that. */
static const char *remedy(const struct live_rung *rung, int result)
{
	switch (result) {
	case 0:
		return "";
	case -ECANCELED:
		return "leave out the option rung";
	case -ENOSYS:
		return "build weir with -Dbpf=enabled";
	case -EPERM:
	case -EACCES:
		return rung->rights;
	default:
		return rung->kernel;
	}
}

void live_tell_rung(const struct weir_host *h, const struct live_rung *rung, int result, const char *why_not)
{
	const struct weir_rung told = {
		.name = rung->name,
		.means = text_of(rung->means),
		.loss = text_of(rung->loses),
		.why_not = text_of(result == 0 ? "" : why_not),
		.remedy = text_of(remedy(rung, result)),
		.state = result == 0 ? WEIR_RUNG_WORKS : WEIR_RUNG_FAILED,
	};

	if (WEIR_HAS(h, rung))
		h->rung(h, &told);
}

/* 0, or < 0 with why not. */
static int take(struct weir_instance *i, const struct live_step *step, char why[LIVE_WHY_MAX])
{
	int r = step->take ? step->take(i, why) : 0;

	if (r < 0 && !why[0])
		(void)snprintf(why, LIVE_WHY_MAX, "%s", strerror(-r));
	return r;
}

int live_climb(struct live *l, struct weir_instance *i, const struct live_step *steps, unsigned n, uint32_t option)
{
	unsigned wanted = 0;
	int r = -ECANCELED;

	while (wanted + 1 < n && !live_is_chosen(l->host, option, steps[wanted].rung.name))
		wanted++;
	/* `best` is none of their names. */
	if (live_is_chosen(l->host, option, "best"))
		wanted = 0;
	for (unsigned at = 0; at < n && r < 0; at++) {
		char why[LIVE_WHY_MAX] = "";

		if (at < wanted)
			(void)snprintf(why, sizeof(why), "the option rung=%s asks for less", steps[wanted].rung.name);
		else
			r = take(i, &steps[at], why);
		live_tell_rung(l->host, &steps[at].rung, r, why);
	}
	l->last_ns = l->host->now(l->host);
	return live_clock(l->host);
}

void live_begin(struct live *l, int64_t now_ns)
{
	if (!l->is_followed)
		l->n_live = l->has_target ? family_look(&l->family) : 1;
	outbox_begin(&l->outbox, now_ns, now_ns > l->last_ns ? now_ns - l->last_ns : 0);
	l->last_ns = now_ns;
	gauge_begin(&l->gauge);
}

static void complain(struct live *l)
{
	char text[128];

	if (l->has_complained || !l->family.n_left_out)
		return;
	l->has_complained = 1;
	(void)snprintf(text, sizeof(text), "more than %d processes: not all of them are looked at", FAMILY_MAX);
	live_say(l->host, WEIR_WARNING, "live.family_full", text);
}

int live_end(struct live *l, struct weir_error *reterr)
{
	int r;

	complain(l);
	gauge_end(&l->gauge, &l->outbox, l->collector);
	r = outbox_end(&l->outbox);
	if (r < 0)
		return weir_fail(reterr, r, "%s: %s", l->collector, strerror(-r));
	return l->n_live ? WEIR_AGAIN : WEIR_END;
}

void live_say(const struct weir_host *h, uint32_t severity, const char *code, const char *text)
{
	h->diag(h, &(struct weir_diag){ .code = code,
	                                .message = text_of(text),
	                                .offset = WEIR_NO_OFFSET,
	                                .count = 1,
	                                .severity = severity });
}

int live_clock(const struct weir_host *h)
{
	const struct weir_clock clock = { "CLOCK_REALTIME", text_of("read at each poll"), CLOCK_ERROR_NS };

	return h->clock(h, &clock);
}
