/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/live.h"

#include <string.h>

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

int live_clock(const struct weir_host *h)
{
	const struct weir_clock clock = { "CLOCK_REALTIME", text_of("read at each poll"), CLOCK_ERROR_NS };

	return h->clock(h, &clock);
}
