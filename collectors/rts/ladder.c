/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/rts/rts.h"

#include <string.h>

static struct weir_text text(const char *at)
{
	return (struct weir_text){ at, strlen(at) };
}

void ladder_tell(const struct weir_host *h, const struct ladder *l)
{
	const struct weir_rung uprobes = {
		.name = "uprobes",
		.means = text("probes in the run-time system, and its counters in the process's memory"),
		.why_not = text(l->why_no_probes),
		.remedy = text(l->remedy),
		.state = l->has_probes ? WEIR_RUNG_WORKS : WEIR_RUNG_FAILED,
	};
	const struct weir_rung memory = {
		.name = "memory",
		.means = text("the run-time system's counters in the process's memory"),
		.loss = text("each single pause, its generation and its live and copied bytes"),
		.why_not = text(l->why_no_memory),
		.state = l->has_memory ? WEIR_RUNG_WORKS : WEIR_RUNG_FAILED,
	};

	if (!WEIR_HAS(h, rung))
		return;
	h->rung(h, &uprobes);
	if (!l->has_probes)
		h->rung(h, &memory);
}
