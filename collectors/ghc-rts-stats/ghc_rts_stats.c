/* SPDX-License-Identifier: Apache-2.0 */
/* The statistics that GHC's run-time system writes as text when a program ends: -s, -S, -t and the machine-readable
 * list, in files of their own or between what a program said on its stderr.
 *
 * -s and -t share one place to write to, and the last flag wins: with both, the file of the other stays empty. So an
 * empty file is no failure when the file beside it has the statistics.
 */
#include "collectors/ghc-rts-stats/ghc_rts_stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/fail.h>

enum {
	FACT_MAX = 64 * 1024, /* bytes of a fact */
	UNSURE_OF_OUTPUT = 5, /* percent: a program's output, whose end isn't seen */
	SURE_OF_NAME = 60,    /* an empty file of a name that only such files have */
};

struct weir_instance {
	const struct weir_host *host;
	uint64_t n_used; /* of the last window */
	struct rts_stats_parser parser;
	struct rts_stats_record record;
	struct ending_facts facts;
	struct report report;
	struct gcs gcs;
	uint64_t list_offset;
	uint64_t n_text_since; /* lines of something else since the last reading */
	uint64_t n_readings_all;
	int64_t start_ns;     /* of collections that had to go before the end was known; ENDING_UNKNOWN: none had to */
	struct ending ending; /* of the last report */
	uint8_t in_list, has_summary, has_command, is_profiled, has_ending;
	char room[FACT_MAX];
};

static const struct weir_claim claims[] = {
	{ "*.stats", WEIR_CLAIM_FILE, 0 },  { "*.gcstats", WEIR_CLAIM_FILE, 0 }, { "stderr", WEIR_CLAIM_FILE, 0 },
	{ "*.stderr", WEIR_CLAIM_FILE, 0 }, { "*.txt", WEIR_CLAIM_FILE, 0 },
};
static const char *const companions[] = { "{stem}.stats", "{stem}.gcstats" };

enum {
	N_COMPANIONS = sizeof(companions) / sizeof(companions[0]),
};

static int ends_with(struct weir_text text, const char *end)
{
	size_t n = strlen(end);

	return text.n_bytes >= n && memcmp(text.at + text.n_bytes - n, end, n) == 0;
}

/* Files that only the run-time system writes. */
static int is_our_name(struct weir_text name)
{
	return ends_with(name, ".stats") || ends_with(name, ".gcstats");
}

static uint32_t rts_stats_sniff_file(struct weir_text name, const uint8_t *head, uint64_t n_head)
{
	int is_ours = is_our_name(name);
	uint32_t sure = rts_stats_sniff((const char *)head, n_head);

	if (!n_head)
		return is_ours ? SURE_OF_NAME : 0;
	if (sure || ends_with(name, ".txt"))
		return sure;
	return ends_with(name, "stderr") || is_ours ? UNSURE_OF_OUTPUT : 0;
}

static void rts_stats_close(struct weir_instance *i)
{
	if (!i)
		return;
	gcs_done(&i->gcs);
	free(i);
}

static int rts_stats_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));

	if (!i)
		return weir_fail(reterr, -ENOMEM, "ghc-rts-stats: no memory");
	i->host = h;
	i->gcs.host = h;
	i->report.number = i->gcs.number = 1;
	i->start_ns = ENDING_UNKNOWN;
	i->facts = report_times(h);
	*ret = i;
	return WEIR_OK;
}

/* ---- Reports ---- */

static void settle_ending(struct weir_instance *i)
{
	int64_t elapsed_ns = report_elapsed_ns(&i->report);

	if (elapsed_ns == ENDING_UNKNOWN && i->gcs.n_all)
		elapsed_ns = ending_ns(i->gcs.last_elapsed_s);
	i->ending = ending_make(&i->facts, elapsed_ns);
	i->has_ending = 1;
}

static int end_report(struct weir_instance *i)
{
	int r = WEIR_OK;

	if (!i->report.n_readings && !i->gcs.n_all)
		return WEIR_OK;
	settle_ending(i);
	if (i->gcs.n) {
		i->gcs.start_ns = i->start_ns != ENDING_UNKNOWN ? i->start_ns : i->ending.start_ns;
		if (i->gcs.start_ns == ENDING_UNKNOWN)
			i->gcs.start_ns = 0;
		r = gcs_emit(&i->gcs);
	}
	if (r >= 0)
		r = report_emit(&i->report, i->host, i->ending.end_ns);
	if (i->in_list)
		report_say(i->host, WEIR_WARNING, "rts_stats.cut", "the list has no end", i->list_offset, 1);
	else if (i->gcs.n_all && !i->has_summary)
		report_say(i->host, WEIR_WARNING, "rts_stats.cut",
		           "there are collections and no summary: the program was killed, or runs on", WEIR_NO_OFFSET,
		           1);
	else if (i->has_summary && !i->report.has[RTS_TOTAL_ELAPSED])
		report_say(i->host, WEIR_WARNING, "rts_stats.cut", "the summary ends before its total", WEIR_NO_OFFSET,
		           1);
	return r;
}

/* Another program's statistics begin. */
static int next_report(struct weir_instance *i)
{
	uint32_t number = i->report.number + 1;
	int r = end_report(i);

	report_say(i->host, WEIR_NOTE, "rts_stats.reports",
	           "more than one program's statistics: when the earlier ones ended isn't known", i->parser.offset, 1);
	i->report = (struct report){ .number = number };
	i->in_list = i->has_summary = 0;
	gcs_next(&i->gcs);
	i->start_ns = ENDING_UNKNOWN;
	return r;
}

static void skip_reading(struct weir_instance *i, enum report_taken taken, uint64_t offset)
{
	static const struct {
		const char *reason, *message;
		uint32_t severity;
	} skips[] = {
		[REPORT_REPEATED] = { "rts_stats.repeated", NULL, 0 },
		[REPORT_CHANGED] = { "rts_stats.repeated",
		                     "the same reading again, with another value: the last one counts", WEIR_NOTE },
		[REPORT_NO_ROOM] = { "rts_stats.no_room", "more generations or counters than are kept", WEIR_WARNING },
		[REPORT_NOT_FINITE] = { "rts_stats.not_finite", "no number: the run-time system divided by zero",
		                        WEIR_NOTE },
		[REPORT_UNKNOWN] = { "rts_stats.unknown_key", "a reading of this name isn't known", WEIR_NOTE },
	};

	i->host->tally(i->host, WEIR_SKIPPED, 1, skips[taken].reason);
	if (skips[taken].message)
		report_say(i->host, skips[taken].severity, skips[taken].reason, skips[taken].message, offset, 1);
}

static int begins_report(const struct weir_instance *i, const struct rts_reading *reading)
{
	static const char second[] = "allocated_bytes";

	return reading->stat == RTS_ALLOCATED_BYTES && i->report.has[RTS_ALLOCATED_BYTES] &&
	       !(reading->key.n == sizeof(second) - 1 && memcmp(reading->key.at, second, reading->key.n) == 0);
}

static int take_readings(struct weir_instance *i, uint64_t offset)
{
	const struct rts_stats_record *record = &i->record;
	int r = WEIR_OK;

	if (begins_report(i, &record->readings[0]))
		r = next_report(i);
	for (uint32_t k = 0; k < record->n_readings; k++) {
		enum report_taken taken = report_take(&i->report, &record->readings[k]);

		i->host->tally(i->host, WEIR_READ, 1, NULL);
		if (taken != REPORT_TAKEN)
			skip_reading(i, taken, offset);
		i->is_profiled |=
			record->readings[k].stat >= RTS_RETAINER_CPU && record->readings[k].stat <= RTS_CENSUS_ELAPSED;
	}
	i->n_readings_all += record->n_readings;
	/* A line of the list has one reading with its key; only -t's has the number of collections without. */
	if (record->readings[0].key.n && record->readings[0].stat != RTS_COUNTER) {
		if (!i->in_list)
			i->list_offset = offset;
		i->in_list = 1;
	} else if (!i->in_list && record->n_readings < 7) {
		i->has_summary = 1;
	}
	return r;
}

/* ---- Lines ---- */

/* More collections than are kept: what is known now has to tell when they were. */
static int settle_early(struct weir_instance *i)
{
	if (i->start_ns == ENDING_UNKNOWN) {
		struct ending e = ending_make(&i->facts, ending_ns(i->gcs.last_elapsed_s));

		i->start_ns = i->facts.process_start_ns != ENDING_UNKNOWN ? i->facts.process_start_ns
		              : i->facts.run_start_ns != ENDING_UNKNOWN   ? i->facts.run_start_ns
		                                                          : e.start_ns;
		if (i->facts.process_start_ns == ENDING_UNKNOWN)
			report_say(
				i->host, WEIR_NOTE, "rts_stats.early_clock",
				"more collections than are kept: their start is the run's, or told by the file's end",
				WEIR_NO_OFFSET, 1);
	}
	i->gcs.start_ns = i->start_ns;
	return gcs_emit(&i->gcs);
}

static int take_gc(struct weir_instance *i)
{
	/* A summary comes after all collections of its program. */
	int r = i->report.has[RTS_ALLOCATED_BYTES] ? next_report(i) : WEIR_OK;

	if (r >= 0)
		r = gcs_add(&i->gcs, &i->record.gc);
	if (r == -ENOBUFS) {
		r = settle_early(i);
		if (r >= 0)
			r = gcs_add(&i->gcs, &i->record.gc);
	}
	return r;
}

/* Whether -s, -S or -t is among the flags: other reports begin with a command line too. */
static int asks_for_statistics(struct parse_text flags)
{
	struct parse_text word;

	while (rts_command_word(&flags, &word))
		if (word.n > 1 && word.at[0] == '-' && (word.at[1] == 's' || word.at[1] == 'S' || word.at[1] == 't'))
			return 1;
	return 0;
}

static int is_blank(struct parse_text text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.at[i] != ' ' && text.at[i] != '\t')
			return 0;
	return 1;
}

static int take_record(struct weir_instance *i, uint64_t offset)
{
	if (i->record.what != RTS_STATS_TEXT)
		i->n_text_since = 0;
	switch (i->record.what) {
	case RTS_STATS_COMMAND:
		report_command(i->host, i->record.text, i->room, FACT_MAX);
		i->has_command = (uint8_t)asks_for_statistics(rts_command_split(i->record.text).flags);
		return WEIR_OK;
	case RTS_STATS_READINGS:
		return take_readings(i, offset);
	case RTS_STATS_GC:
		return take_gc(i);
	case RTS_STATS_SYNC:
		report_tally(i->host, WEIR_SKIPPED, "rts_stats.no_time");
		return WEIR_OK;
	case RTS_STATS_LAST_ALLOC:
		report_tally(i->host, WEIR_SKIPPED, "rts_stats.derived");
		return WEIR_OK;
	case RTS_STATS_LIST_END:
		i->in_list = 0;
		return WEIR_OK;
	case RTS_STATS_CUT:
		report_bad(i->host, "rts_stats.cut_line", "the file ends within a line", offset);
		return WEIR_OK;
	case RTS_STATS_TEXT:
		if (!is_blank(i->record.text)) {
			report_tally(i->host, WEIR_SKIPPED, "rts_stats.other_text");
			i->n_text_since++;
		}
		return WEIR_OK;
	default:
		return WEIR_OK;
	}
}

/* ---- The end ---- */

/* Whether the file beside an empty one has the statistics. WEIR_AGAIN: not known yet. */
static int has_full_twin(struct weir_instance *i)
{
	struct weir_chunk chunk;

	for (uint32_t input = 1; input <= N_COMPANIONS; input++) {
		int r = i->host->input(i->host, input, 0, &chunk);

		if (r == WEIR_AGAIN)
			return r;
		if (r == WEIR_OK && chunk.n_bytes)
			return 1;
	}
	return 0;
}

static int finish_empty(struct weir_instance *i)
{
	int has_twin = has_full_twin(i);

	if (has_twin == WEIR_AGAIN)
		return has_twin;
	if (has_twin)
		report_say(i->host, WEIR_NOTE, "rts_stats.empty_twin",
		           "the file is empty as it should be: of -s and -t the last one wins, and its file is beside "
		           "this "
		           "one",
		           WEIR_NO_OFFSET, 1);
	else
		report_say(i->host, WEIR_WARNING, "rts_stats.empty",
		           "the file is empty: its program was killed, or runs on", WEIR_NO_OFFSET, 1);
	return WEIR_END;
}

static void say_clock(struct weir_instance *i)
{
	/* Lines of others behind the statistics say that the file was written to later. */
	int is_end_of_file = i->n_text_since == 0 || i->ending.start_ns == i->facts.process_start_ns;

	if (!i->ending.tie)
		report_say(i->host, WEIR_WARNING, "rts_stats.no_clock",
		           "nothing tells when the program ended: it is put at 0", WEIR_NO_OFFSET, 1);
	report_clock(i->host, "elapsed time", i->ending.tie, is_end_of_file ? i->ending.error_ns : -1);
}

static void say_none(struct weir_instance *i)
{
	struct weir_text path;

	if (i->has_command)
		report_say(i->host, WEIR_WARNING, "rts_stats.none",
		           "there is a command line and no statistics: the program was killed, or runs on",
		           WEIR_NO_OFFSET, 1);
	else if (i->host->context(i->host, "path", &path) >= 0 && is_our_name(path))
		report_say(i->host, WEIR_WARNING, "rts_stats.none",
		           "there are no statistics: the file was cut, or another program calls its own so",
		           WEIR_NO_OFFSET, 1);
	else
		report_say(i->host, WEIR_NOTE, "rts_stats.none", "there are no statistics in this text", WEIR_NO_OFFSET,
		           1);
}

static int finish(struct weir_instance *i)
{
	int r;

	if (!i->parser.offset)
		return finish_empty(i);
	r = end_report(i);
	if (r < 0)
		return r;
	if (i->has_ending)
		say_clock(i);
	else
		say_none(i);
	if (i->is_profiled)
		report_fact(i->host, "ghc.profiled", (struct parse_text){ "true", 4 });
	return WEIR_END;
}

static int take_window(struct weir_instance *i, const struct weir_chunk *chunk)
{
	const char *at = (const char *)chunk->at;
	struct parse_fault fault;
	size_t n_used;
	int r = WEIR_OK;

	for (i->n_used = 0; r >= 0; i->n_used += n_used) {
		uint64_t offset = i->parser.offset;
		enum parse_result p = rts_stats_next(&i->parser, at + i->n_used, chunk->n_bytes - i->n_used,
		                                     (int)chunk->is_last, &i->record, &n_used, &fault);

		if (p == PARSE_OK)
			r = take_record(i, offset);
		else if (p == PARSE_BAD)
			report_bad(i->host, fault.code, fault.reason, fault.offset);
		else
			return WEIR_OK;
	}
	return r;
}

static int rts_stats_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct weir_chunk chunk;
	int r = i->host->input(i->host, 0, i->n_used, &chunk);

	i->n_used = 0;
	if (r == WEIR_END)
		r = finish(i);
	else if (r == WEIR_OK)
		r = take_window(i, &chunk);
	if (r < 0)
		return weir_fail(reterr, r, "ghc-rts-stats: offset %llu: %s", (unsigned long long)i->parser.offset,
		                 strerror(-r));
	return r;
}

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "ghc-rts-stats",
	.version = "0.1.0",
	.summary = "statistics of GHC's run-time system: -s, -S, -t",
	.licence = "Apache-2.0",
	.metrics = rts_stats_metrics,
	.claims = claims,
	.companions = companions,
	.n_metrics = ROW_COUNT,
	.n_claims = sizeof(claims) / sizeof(claims[0]),
	.n_companions = N_COMPANIONS,
	.sniff = rts_stats_sniff_file,
	.open = rts_stats_open,
	.poll = rts_stats_poll,
	.close = rts_stats_close,
};
