/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void say_cut(struct log *l, uint64_t offset)
{
	l->n_read++;
	l->damage.is_cut = 1;
	l->host->tally(l->host, WEIR_BAD, 1, "eventlog.cut");
	log_say(l, WEIR_WARNING, "eventlog.cut", offset, 1,
	        "the log ends inside a record: its program was killed, or is still writing");
}

void damage_take_gap(struct log *l, const struct eventlog_gap *gap)
{
	if (strcmp(gap->code, "eventlog.cut") == 0) {
		say_cut(l, gap->offset);
		return;
	}
	if (gap->is_repaired) {
		log_say(l, WEIR_NOTE, "eventlog.repaired", gap->offset, gap->n_records,
		        "two records were written into each other (%s) and have been put together again", gap->reason);
		return;
	}
	if (!gap->n_bytes) {
		log_say(l, WEIR_NOTE, "eventlog.block", gap->offset, 1, "%s; no bytes were lost", gap->reason);
		return;
	}
	l->n_read++;
	l->damage.n_bytes += gap->n_bytes;
	l->host->tally(l->host, WEIR_BAD, 1, "eventlog.gap");
	log_say(l, WEIR_WARNING, "eventlog.gap", gap->offset, 1,
	        "%s: %" PRIu64 " bytes belong to no record, and at least one record is lost", gap->reason,
	        gap->n_bytes);
}

/* Whether the last block is shorter than its marker says. */
static int is_short(const struct eventlog *reader)
{
	return reader->block.end_offset != UINT64_MAX && reader->offset < reader->block.end_offset;
}

static void say_bytes(struct log *l)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, l->damage.n_bytes);

	if (l->damage.n_bytes)
		(void)l->host->fact(l->host, "eventlog.damaged_bytes", (struct weir_text){ text, (uint64_t)n });
}

void damage_say_end(struct log *l, const struct eventlog *reader, uint64_t n_left, int has_end)
{
	if (!reader->n_headers) {
		log_say(l, WEIR_WARNING, "eventlog.empty", 0, 1,
		        "the log is empty: its program was killed, or has not begun to write");
	} else if (n_left) {
		say_cut(l, reader->offset);
	} else if (is_short(reader) && !l->damage.is_cut) {
		l->damage.n_bytes += reader->block.end_offset - reader->offset;
		log_say(l, WEIR_WARNING, "eventlog.short", reader->offset, 1,
		        "the last block is %" PRIu64 " bytes shorter than it says: records are missing, here or before",
		        reader->block.end_offset - reader->offset);
	} else if (!has_end && !l->damage.is_cut) {
		log_say(l, WEIR_NOTE, "eventlog.no_end", reader->offset, 1,
		        "the log has no end marker: its program was killed, hung at its end, or is still running");
	}
	say_bytes(l);
}
