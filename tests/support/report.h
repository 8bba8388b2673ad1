/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_REPORT_H
#define SUPPORT_REPORT_H

/* Cost-centre reports as GHC 8.2 and later write them (rts/ProfilerReport.c), from a tree: what comes out of weir can
 * be held against what went in here. */

#include <stdint.h>

struct report_row {
	uint32_t depth; /* of MAIN: 0; rows in order, each below the last one that is less deep */
	const char *label, *module, *source;
	uint64_t entries, ticks, bytes;
};

struct report {
	const struct report_row *rows;
	uint32_t n_rows;
	const char *command; /* `prog +RTS -P -RTS x` */
	int has_exact;       /* -P: ticks and bytes; else -p */
};

/* The whole text; to be freed. */
char *report_text(const struct report *r);

#endif
