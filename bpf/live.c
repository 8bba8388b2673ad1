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

int live_family(const struct weir_host *h, const char *collector, struct family *ret, struct weir_error *reterr)
{
	int64_t pid = live_target(h);

	if (pid == 0)
		return 0;
	if (pid < 0 || family_init(ret, (int32_t)pid) < 0)
		return weir_fail(reterr, -ESRCH, "%s: process %lld: it isn't there", collector, (long long)pid);
	return 1;
}

int live_is_chosen(const struct weir_host *h, uint32_t option, const char *choice)
{
	struct weir_text text;

	return h->option_text(h, option, &text) == 0 && text.n_bytes == strlen(choice) &&
	       memcmp(text.at, choice, text.n_bytes) == 0;
}

void live_tell_rung(const struct weir_host *h, const struct live_rung *rung, int works, const char *why_not)
{
	const struct weir_rung told = {
		.name = rung->name,
		.means = text_of(rung->means),
		.loss = text_of(rung->loses),
		.why_not = text_of(works ? "" : why_not),
		.remedy = text_of(works ? "" : rung->remedy),
		.state = works ? WEIR_RUNG_WORKS : WEIR_RUNG_FAILED,
	};

	if (WEIR_HAS(h, rung))
		h->rung(h, &told);
}

unsigned live_climb(const struct weir_host *h, struct weir_instance *i, const struct live_step *steps, unsigned n,
                    uint32_t option)
{
	unsigned wanted = 0, at = 0;

	while (wanted + 1 < n && !live_is_chosen(h, option, steps[wanted].rung.name))
		wanted++;
	/* `best` is none of their names. */
	if (live_is_chosen(h, option, "best"))
		wanted = 0;
	for (;; at++) {
		char why[LIVE_WHY_MAX] = "";
		int works = at >= wanted && (!steps[at].take || steps[at].take(i, why) == 0);

		if (at < wanted)
			(void)snprintf(why, sizeof(why), "the option rung=%s asks for less", steps[wanted].rung.name);
		live_tell_rung(h, &steps[at].rung, works, why);
		if (works || at + 1 == n)
			return at;
	}
}

void live_note(const struct weir_host *h, const char *code, const char *text)
{
	h->diag(h, &(struct weir_diag){ .code = code,
	                                .message = text_of(text),
	                                .offset = WEIR_NO_OFFSET,
	                                .count = 1,
	                                .severity = WEIR_NOTE });
}

int live_clock(const struct weir_host *h)
{
	const struct weir_clock clock = { "CLOCK_REALTIME", text_of("read at each poll"), CLOCK_ERROR_NS };

	return h->clock(h, &clock);
}
