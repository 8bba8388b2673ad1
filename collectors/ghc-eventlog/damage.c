/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const uint64_t old_ns = 1000000; /* ends of collections are up to 11 us older than what stands before them */

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
	l->damage.n_near_gap = 2;
	l->damage.n_bytes += gap->n_bytes;
	l->host->tally(l->host, WEIR_BAD, 1, "eventlog.gap");
	log_say(l, WEIR_WARNING, "eventlog.gap", gap->offset, 1,
	        "%s: %" PRIu64 " bytes belong to no record, and at least one record is lost", gap->reason,
	        gap->n_bytes);
}

/* Nothing of a block can have been there before that is later than all before it, whatever its marker says. One that
 * begins when the one before it did has even its marker from there. */
static void begin_block(struct lane *lane, uint64_t begin_ns)
{
	uint64_t known_ns = lane->capability == LANE_GLOBAL ? 0 : lane->now_ns + 1;
	uint64_t before_ns = begin_ns > old_ns ? begin_ns - old_ns : 0;

	if (lane->block_ns && begin_ns == lane->block_ns && begin_ns < lane->now_ns)
		before_ns = begin_ns = known_ns;
	else
		lane->block_ns = begin_ns;
	lane->repeats_end_ns = begin_ns < known_ns ? begin_ns : known_ns;
	lane->repeats_first_ns = before_ns < known_ns ? before_ns : known_ns;
	lane->repeats_before_ns = lane->repeats_first_ns;
}

size_t damage_repeats(struct log *l, struct lane *lane, const struct eventlog_batch *b, size_t from)
{
	size_t n = 0;

	if (from)
		begin_block(lane, b->events[0].time_ns);
	else if (l->damage.n_near_gap)
		lane->repeats_before_ns = lane->repeats_first_ns;
	l->damage.n_near_gap -= l->damage.n_near_gap > 0 && b->n > 0;
	for (; from + n < b->n && b->events[from + n].time_ns < lane->repeats_before_ns; n++)
		lane->repeats_before_ns = lane->repeats_end_ns;
	if (from + n < b->n)
		lane->repeats_before_ns = 0;
	l->damage.n_repeated += n;
	l->fates[FATE_REPEATED] += n;
	return n;
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
	if (l->damage.n_repeated)
		log_say(l, WEIR_NOTE, "eventlog.repeated", WEIR_NO_OFFSET, l->damage.n_repeated,
		        "records that the runtime had written before were passed over");
	if (l->damage.n_out_of_step)
		log_say(l, WEIR_WARNING, "eventlog.out_of_step", WEIR_NO_OFFSET, l->damage.n_out_of_step,
		        "records that contradict what was known of a thread or a collection: records before them are "
		        "missing");
	say_bytes(l);
}
