/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/rts/rts.h"

#include <stdio.h>
#include <string.h>

static void fact(const struct weir_host *h, const char *name, const char *value)
{
	(void)h->fact(h, name, (struct weir_text){ value, strlen(value) });
}

void ladder_tell(const struct weir_host *h, const struct ladder *l)
{
	char line[3 * RTS_TEXT_MAX];

	fact(h, "rung", l->has_probes ? "uprobes" : l->has_memory ? "memory" : "none");
	if (l->has_probes)
		return;
	fact(h, "rung.loses", "each single pause, its generation and its live and copied bytes");
	fact(h, "rung.refused.uprobes", l->why_no_probes);
	(void)snprintf(line, sizeof(line), "uprobes: %s%s%s", l->why_no_probes, *l->remedy ? "; " : "", l->remedy);
	h->diag(h, &(struct weir_diag){ .code = "rung.refused",
	                                .message = { line, strlen(line) },
	                                .offset = WEIR_NO_OFFSET,
	                                .count = 1,
	                                .severity = WEIR_NOTE });
}
