/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/fail.h>

enum {
	POLL_BYTES = 4 << 20, /* of one poll, before the host gets a word in */
	SERIES_ATTRS_MAX = 4,
	UNKNOWN_SAID_MAX = 8, /* types that get a note of their own */
	BAD_SAID_MAX = 64,    /* malformed records, too */
};

/* Of a log that is still being written. */
enum {
	CATCH_UP_NS = 250000000,   /* so often what is known goes out, where nothing more has come */
	QUIET_NS = 500000000,      /* nothing has come for so long: nothing earlier is on its way */
	CLOCK_WAIT_NS = 500000000, /* for the log's own clock, which GHC up to 9.0 writes at its end */
};

struct weir_instance {
	struct log log;
	struct eventlog reader;
	struct eventlog_recovery recovery;
	struct eventlog_batch batch;
	uint64_t n_used; /* of the last window */
	uint64_t n_read; /* records and gaps */
	uint64_t n_gaps, n_repaired;
	uint64_t n_damaged_bytes; /* that belong to no record, or are missing from the last block */
	int has_end, is_cut;
	int64_t first_ns, news_ns, caught_up_ns; /* when bytes came first and last, and when what they said went out */
};

static const struct weir_option options[OPTION_COUNT] = {
	[OPTION_DETAIL] = { .name = "detail",
	                    .fallback = "intervals",
	                    .choices = "intervals|collections|threads",
	                    .help = "sums over intervals; or also what each minor collection did; or also each stretch "
	                            "of time that a thread runs",
	                    .type = WEIR_OPTION_CHOICE },
	[OPTION_INTERVAL] = { .name = "interval",
	                      .fallback = "1s",
	                      .help = "over which sums, shares and distributions are taken",
	                      .min = 1000000,
	                      .max = 3600000000000,
	                      .type = WEIR_OPTION_DURATION },
	[OPTION_THREAD_MIN] = { .name = "thread_min",
	                        .fallback = "10ms",
	                        .help = "threads that ran for less and have no label are put together",
	                        .min = 0,
	                        .max = INT64_MAX,
	                        .type = WEIR_OPTION_DURATION },
	[OPTION_MESSAGES] = { .name = "messages",
	                      .fallback = "65536",
	                      .help = "different texts of messages, markers and labels that are kept",
	                      .min = 0,
	                      .max = 1 << 20,
	                      .type = WEIR_OPTION_INT },
	[OPTION_ARGUMENTS] = { .name = "arguments",
	                       .fallback = "all",
	                       .choices = "all|runtime|none",
	                       .help = "which of the program's arguments are kept",
	                       .type = WEIR_OPTION_CHOICE },
	[OPTION_ENVIRONMENT] = { .name = "environment",
	                         .fallback = "false",
	                         .help = "keep the environment, which logs of GHC up to 8.6 hold with all its secrets",
	                         .type = WEIR_OPTION_BOOL },
};

static const struct weir_claim claims[] = { { "*.eventlog", WEIR_CLAIM_FILE, 0 } };

static const struct {
	uint32_t kind;
	const char *reason;
} fates[FATE_COUNT] = {
	[FATE_STORED] = { WEIR_STORED, NULL },
	[FATE_STRUCTURE] = { WEIR_SKIPPED, "eventlog.structure" },
	[FATE_UNKNOWN] = { WEIR_SKIPPED, "eventlog.unknown" },
	[FATE_FOREIGN] = { WEIR_SKIPPED, "eventlog.foreign" },
	[FATE_REDACTED] = { WEIR_SKIPPED, "eventlog.redacted" },
	[FATE_LIMIT] = { WEIR_SKIPPED, "eventlog.limit" },
	[FATE_UNPAIRED] = { WEIR_SKIPPED, "eventlog.unpaired" },
	[FATE_REFUSED] = { WEIR_SKIPPED, "eventlog.refused" },
	[FATE_BAD] = { WEIR_BAD, "eventlog.payload" },
};

void log_say(struct log *l, uint32_t severity, const char *code, uint64_t offset, uint64_t count, const char *format,
             ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	l->host->diag(l->host, &(struct weir_diag){ .code = code,
	                                            .message = { text, strlen(text) },
	                                            .offset = offset,
	                                            .count = count,
	                                            .severity = severity });
}

enum fate log_no_memory(struct log *l)
{
	if (!l->outbox.r)
		l->outbox.r = -ENOMEM;
	return FATE_LIMIT;
}

uint32_t series_of(struct log *l, enum row row, ...)
{
	struct weir_attr attrs[SERIES_ATTRS_MAX];
	uint32_t n = 0;
	va_list args;

	va_start(args, row);
	for (const char *key = va_arg(args, const char *); key && n < SERIES_ATTRS_MAX;
	     key = va_arg(args, const char *)) {
		const char *value = va_arg(args, const char *);

		attrs[n++] = (struct weir_attr){ { key, strlen(key) }, { value, strlen(value) } };
	}
	va_end(args);
	return l->host->series(l->host, row, attrs, n);
}

/* ---- Opening and closing ---- */

static uint32_t ghc_eventlog_sniff(struct weir_text name, const uint8_t *head, uint64_t n_head)
{
	static const char start[] = "hdrbhetb";
	uint64_t n = n_head < 8 ? n_head : 8;

	if (n && memcmp(head, start, n) != 0)
		return 0;
	return n == 8 ? 95 : 50;
}

static int is_choice(const struct weir_host *h, enum option option, const char *choice)
{
	struct weir_text text;

	return h->option_text(h, option, &text) == WEIR_OK && text.n_bytes == strlen(choice) &&
	       memcmp(text.at, choice, text.n_bytes) == 0;
}

static uint64_t number_option(const struct weir_host *h, enum option option)
{
	union weir_value value;

	return h->option(h, option, &value) == WEIR_OK && value.i64 > 0 ? (uint64_t)value.i64 : 0;
}

static struct settings read_settings(const struct weir_host *h)
{
	int has_none = is_choice(h, OPTION_ARGUMENTS, "none"), has_runs = is_choice(h, OPTION_DETAIL, "threads");

	return (struct settings){ .interval_ns = number_option(h, OPTION_INTERVAL),
		                  .thread_min_ns = number_option(h, OPTION_THREAD_MIN),
		                  .n_messages_max = number_option(h, OPTION_MESSAGES),
		                  .has_collections = has_runs || is_choice(h, OPTION_DETAIL, "collections"),
		                  .has_runs = has_runs,
		                  .keeps_arguments = is_choice(h, OPTION_ARGUMENTS, "all"),
		                  .keeps_flags = !has_none,
		                  .keeps_environment = number_option(h, OPTION_ENVIRONMENT) != 0 };
}

static void ghc_eventlog_close(struct weir_instance *i)
{
	if (!i)
		return;
	for (uint32_t k = 0; k < LANE_COUNT; k++)
		lane_free(i->log.lanes[k]);
	threads_done(&i->log.threads);
	table_done(&i->log.tasks.by_id);
	free(i->log.tasks.at);
	names_done(&i->log.names);
	texts_done(&i->log.labels);
	samples_done(&i->log.samples);
	ticky_done(&i->log.ticky);
	user_done(&i->log.user);
	outbox_done(&i->log.outbox);
	free(i);
}

static int ghc_eventlog_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));

	if (!i)
		return weir_fail(reterr, -ENOMEM, "ghc-eventlog: no memory");
	i->log.host = i->log.outbox.host = h;
	i->log.settings = read_settings(h);
	i->log.tasks.at = calloc(TASKS_MAX, sizeof(*i->log.tasks.at));
	if (!i->log.tasks.at || threads_init(&i->log.threads) < 0 || user_init(&i->log.user) < 0) {
		ghc_eventlog_close(i);
		return weir_fail(reterr, -ENOMEM, "ghc-eventlog: no memory");
	}
	eventlog_init(&i->reader);
	*ret = i;
	return WEIR_OK;
}

/* ---- Records ---- */

/* Of another runtime that writes eventlogs: Eden's, Mercury's. */
static int is_foreign(uint32_t tag)
{
	return (tag >= EVENTLOG_EDEN_START_RECEIVE && tag <= EVENTLOG_EDEN_LOCAL) ||
	       (tag >= EVENTLOG_MERCURY_FIRST && tag <= EVENTLOG_MERCURY_LAST);
}

/* Where a record stands. One that was put together from pieces is not in the window: about there. */
static uint64_t offset_of(const struct log *l, const struct eventlog_event *e)
{
	uintptr_t at = (uintptr_t)e->payload, window = (uintptr_t)l->window.at;

	return l->window.offset + (at - window < l->window.n_bytes ? at - window : 0);
}

static void say_bad(struct log *l, const struct eventlog_event *e, const char *why)
{
	if (l->n_bad_said++ < BAD_SAID_MAX)
		log_say(l, WEIR_WARNING, "eventlog.payload", offset_of(l, e), 1, "a record of type %" PRIu32 ": %s",
		        (uint32_t)e->tag, why);
}

static enum fate take_other(struct log *l, struct lane *lane, const struct eventlog_event *e)
{
	taker *take = e->tag < sizeof(rules) / sizeof(rules[0]) ? rules[e->tag] : NULL;
	struct eventlog_values values;

	if (is_foreign(e->tag))
		return FATE_FOREIGN;
	if (!take) {
		l->n_unknown[e->tag]++;
		return FATE_UNKNOWN;
	}
	if (eventlog_values(e, &values) != PARSE_OK)
		return FATE_BAD;
	lane_reach(l, lane, e->time_ns);
	return take(l, lane, e, &values);
}

static void take_records(struct log *l, struct lane *lane, const struct eventlog_event *e, size_t n)
{
	const struct eventlog_event *end = e + n;

	while (e < end) {
		const struct eventlog_event *other = threads_take(l, lane, e, end);
		enum fate fate;

		l->fates[FATE_STORED] += (uint64_t)(other - e);
		e = other;
		if (e == end)
			break;
		fate = take_other(l, lane, e);
		if (fate == FATE_BAD)
			say_bad(l, e, "its contents make no sense");
		if (fate != FATE_LATER)
			l->fates[fate]++;
		if (e->time_ns > lane->now_ns)
			lane->now_ns = e->time_ns;
		e++;
	}
	if (lane->now_ns > l->last_ns)
		l->last_ns = lane->now_ns;
}

static int is_in_time(const struct eventlog_event *e)
{
	return e->time_ns / 1000000000 < OUTBOX_TIMES_MAX_S;
}

/* Headers have been understood by the reader. Times that are none (34 years after the start) would make all others
 * wrong. */
static int take_batch(struct weir_instance *i)
{
	const struct eventlog_batch *b = &i->batch;
	struct lane *lane;
	size_t from = 0, n = 0;

	if (b->n && b->events[0].kind != EVENTLOG_RECORD)
		return 0;
	lane = lane_get(&i->log, b->capability);
	if (!lane)
		return -ENOMEM;
	i->n_read += b->n;
	for (size_t k = 0; k < b->n; k++, n++) {
		if (is_in_time(&b->events[k]))
			continue;
		take_records(&i->log, lane, b->events + from, n);
		i->log.fates[FATE_BAD]++;
		say_bad(&i->log, &b->events[k], "its time is none: decades after the start");
		from = k + 1;
		n = SIZE_MAX;
	}
	take_records(&i->log, lane, b->events + from, n);
	return i->log.outbox.r;
}

static void say_cut(struct weir_instance *i, uint64_t offset)
{
	i->n_read++;
	i->is_cut = 1;
	i->log.host->tally(i->log.host, WEIR_BAD, 1, "eventlog.cut");
	log_say(&i->log, WEIR_WARNING, "eventlog.cut", offset, 1,
	        "the log ends inside a record: its program was killed, or is still writing");
}

static void take_gap(struct weir_instance *i, const struct eventlog_gap *gap)
{
	if (strcmp(gap->code, "eventlog.cut") == 0) {
		say_cut(i, gap->offset);
		return;
	}
	i->n_gaps++;
	if (gap->is_repaired) {
		i->n_repaired += gap->n_records;
		log_say(&i->log, WEIR_NOTE, "eventlog.repaired", gap->offset, gap->n_records,
		        "two records were written into each other (%s) and have been put together again", gap->reason);
		return;
	}
	if (!gap->n_bytes) {
		log_say(&i->log, WEIR_NOTE, "eventlog.block", gap->offset, 1, "%s; no bytes were lost", gap->reason);
		return;
	}
	i->n_read++;
	i->n_damaged_bytes += gap->n_bytes;
	i->log.host->tally(i->log.host, WEIR_BAD, 1, "eventlog.gap");
	log_say(&i->log, WEIR_WARNING, "eventlog.gap", gap->offset, 1,
	        "%s: %" PRIu64 " bytes belong to no record, and at least one record is lost", gap->reason,
	        gap->n_bytes);
}

/* ---- Reading ---- */

static void tally(struct weir_instance *i)
{
	const struct weir_host *h = i->log.host;

	if (i->n_read)
		h->tally(h, WEIR_READ, i->n_read, NULL);
	i->n_read = 0;
	for (int f = 0; f < FATE_COUNT; f++) {
		if (i->log.fates[f])
			h->tally(h, fates[f].kind, i->log.fates[f], fates[f].reason);
		i->log.fates[f] = 0;
	}
}

static void say_unknown(struct log *l)
{
	int n_said = 0;

	for (uint32_t tag = 0; tag < EVENTLOG_TAGS_MAX && n_said < UNKNOWN_SAID_MAX; tag++) {
		if (!l->n_unknown[tag])
			continue;
		n_said++;
		log_say(l, WEIR_NOTE, "eventlog.unknown", WEIR_NO_OFFSET, l->n_unknown[tag],
		        "records of type %" PRIu32 ", which is not known, were passed over", tag);
	}
}

static void say_oddities(struct weir_instance *i)
{
	struct log *l = &i->log;

	say_unknown(l);
	if (l->n_bad_said > BAD_SAID_MAX)
		log_say(l, WEIR_WARNING, "eventlog.payload", WEIR_NO_OFFSET, l->n_bad_said - BAD_SAID_MAX,
		        "as many further records make no sense");
	if (l->threads.n_over)
		log_say(l, WEIR_WARNING, "eventlog.threads", WEIR_NO_OFFSET, l->threads.n_over,
		        "more than %d threads at one time: what the others did is in the capabilities' sums only",
		        THREADS_MAX);
	if (l->threads.n_pending_over)
		log_say(l, WEIR_NOTE, "eventlog.migrations", WEIR_NO_OFFSET, l->threads.n_pending_over,
		        "migrations of which one end was not found in time");
	if (l->threads.n_out_of_step)
		log_say(l, WEIR_NOTE, "eventlog.threads_out_of_step", WEIR_NO_OFFSET, l->threads.n_out_of_step,
		        "records that contradict what was known of a thread: records before them are missing");
	if (l->user.order.n_late)
		log_say(l, WEIR_NOTE, "eventlog.late_messages", WEIR_NO_OFFSET, l->user.order.n_late,
		        "messages were read so long after later ones that spans across capabilities may be wrong");
	if (l->user.n_unstarted + l->user.n_unstopped)
		log_say(l, WEIR_NOTE, "eventlog.spans", WEIR_NO_OFFSET, l->user.n_unstarted + l->user.n_unstopped,
		        "%" PRIu64 " spans stop that have not started, %" PRIu64 " start and do not stop",
		        l->user.n_unstarted, l->user.n_unstopped);
	if (l->samples.n_unnamed)
		log_say(l, WEIR_NOTE, "eventlog.unnamed", WEIR_NO_OFFSET, l->samples.n_unnamed,
		        "frames of stacks whose names the log does not hold");
	if (l->ticky.n_unnamed)
		log_say(l, WEIR_NOTE, "eventlog.unnamed_ticky", WEIR_NO_OFFSET, l->ticky.n_unnamed,
		        "samples of ticky counters whose names the log does not hold: a program says them at its end");
	if (l->ticky.n_merged)
		log_say(l, WEIR_NOTE, "eventlog.ticky_merged", WEIR_NO_OFFSET, l->ticky.n_merged,
		        "samples of ticky counters beyond %d were added to the ones before", TICKY_HELD_MAX);
	if (l->names.n_over)
		log_say(l, WEIR_WARNING, "eventlog.names", WEIR_NO_OFFSET, l->names.n_over,
		        "names of info tables beyond %d MiB were not kept", NAMES_BYTES_MAX >> 20);
}

/* Whether the last block is shorter than its marker says. */
static int is_short(const struct eventlog *reader)
{
	return reader->block.end_offset != UINT64_MAX && reader->offset < reader->block.end_offset;
}

/* What the last bytes say: a program that was killed leaves no end marker, and that is no fault. */
static void say_end(struct weir_instance *i, uint64_t n_left)
{
	struct log *l = &i->log;

	if (!i->reader.n_headers) {
		log_say(l, WEIR_WARNING, "eventlog.empty", 0, 1,
		        "the log is empty: its program was killed, or has not begun to write");
	} else if (n_left) {
		say_cut(i, i->reader.offset);
	} else if (is_short(&i->reader) && !i->is_cut) {
		i->n_damaged_bytes += i->reader.block.end_offset - i->reader.offset;
		log_say(l, WEIR_WARNING, "eventlog.short", i->reader.offset, 1,
		        "the last block is %" PRIu64 " bytes shorter than it says: records are missing, here or before",
		        i->reader.block.end_offset - i->reader.offset);
	} else if (!i->has_end && !i->is_cut) {
		log_say(l, WEIR_NOTE, "eventlog.no_end", i->reader.offset, 1,
		        "the log has no end marker: its program was killed, hung at its end, or is still running");
	}
}

static void say_damage(struct weir_instance *i)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, i->n_damaged_bytes);

	if (i->n_damaged_bytes)
		(void)i->log.host->fact(i->log.host, "eventlog.damaged_bytes", (struct weir_text){ text, (uint64_t)n });
}

static int finish(struct weir_instance *i, uint64_t n_left, struct weir_error *reterr)
{
	struct log *l = &i->log;

	user_finish(l);
	samples_finish(l);
	ticky_finish(l);
	tasks_finish(l);
	threads_finish(l);
	for (uint32_t k = 0; k < LANE_COUNT; k++)
		if (l->lanes[k])
			lane_finish(l, l->lanes[k]);
	identity_settle(l, 1);
	capability_sets_say(l);
	outbox_flush(&l->outbox);
	say_end(i, n_left);
	say_damage(i);
	say_oddities(i);
	tally(i);
	return l->outbox.r < 0 ? weir_fail(reterr, l->outbox.r, "ghc-eventlog: %s", strerror(-l->outbox.r)) : WEIR_END;
}

static int fail(struct weir_instance *i, const struct parse_fault *fault, struct weir_error *reterr)
{
	i->n_read++;
	i->log.host->tally(i->log.host, WEIR_BAD, 1, fault->code);
	log_say(&i->log, WEIR_ERROR, fault->code, fault->offset, 1, "%s", fault->reason);
	tally(i);
	return weir_fail(reterr, -EBADMSG, "ghc-eventlog: offset %" PRIu64 ": %s", fault->offset, fault->reason);
}

/* One batch, or one step of a recovery. */
static enum parse_result step(struct weir_instance *i, const uint8_t *at, size_t n, int is_last,
                              struct parse_fault *fault)
{
	enum parse_result r = eventlog_read(&i->reader, at, n, is_last, &i->batch, fault);
	struct eventlog_gap gap = { 0 };

	if (r == PARSE_BAD)
		r = eventlog_recover(&i->recovery, &i->reader, at, n, is_last, fault, &i->batch, &gap);
	if (gap.code)
		take_gap(i, &gap);
	i->has_end |= r == PARSE_END;
	return r;
}

static int take_window(struct weir_instance *i, const struct weir_chunk *chunk, struct weir_error *reterr)
{
	uint64_t used = 0;

	i->log.window = *chunk;
	for (;;) {
		struct parse_fault fault;
		enum parse_result r = step(i, chunk->at + used, chunk->n_bytes - used, (int)chunk->is_last, &fault);
		int taken = r == PARSE_OK ? take_batch(i) : 0;

		used += i->batch.n_used;
		i->n_used = used;
		if (taken < 0)
			return weir_fail(reterr, taken, "ghc-eventlog: %s", strerror(-taken));
		if (outbox_is_full(&i->log.outbox))
			identity_settle(&i->log, 0);
		if (r == PARSE_BAD)
			return fail(i, &fault, reterr);
		if (r == PARSE_MORE || (r == PARSE_END && !i->batch.n_used))
			return chunk->is_last ? finish(i, chunk->n_bytes - used, reterr) : WEIR_OK;
	}
}

/* All that has been written so far has been read: whoever watches is to see it. */
static int catch_up(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct log *l = &i->log;

	if (!i->first_ns || now_ns - i->caught_up_ns < CATCH_UP_NS)
		return WEIR_AGAIN;
	i->caught_up_ns = now_ns;
	l->identity.is_live = 1;
	user_catch_up(l, now_ns - i->news_ns >= QUIET_NS);
	if (now_ns - i->first_ns >= CLOCK_WAIT_NS && l->last_ns)
		identity_settle(l, 0);
	outbox_flush(&l->outbox);
	tally(i);
	return l->outbox.r < 0 ? weir_fail(reterr, l->outbox.r, "ghc-eventlog: %s", strerror(-l->outbox.r))
	                       : WEIR_AGAIN;
}

static int ghc_eventlog_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct weir_chunk chunk;
	int r = i->log.host->input(i->log.host, 0, i->n_used, &chunk);

	i->n_used = 0;
	if (r == WEIR_END)
		return finish(i, 0, reterr);
	if (r < 0)
		return weir_fail(reterr, r, "ghc-eventlog: reading: %s", strerror(-r));
	if (r == WEIR_AGAIN && !chunk.is_last)
		return catch_up(i, now_ns, reterr);
	if (!i->first_ns)
		i->first_ns = i->caught_up_ns = now_ns;
	i->news_ns = now_ns;
	r = take_window(i, &chunk, reterr);
	identity_arrive(&i->log, now_ns);
	tally(i);
	return r;
}

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "ghc-eventlog",
	.version = "0.1.0",
	.summary = "GHC's eventlog: collections, threads, heap, profiles, messages",
	.licence = "Apache-2.0",
	.metrics = metrics,
	.options = options,
	.claims = claims,
	.n_metrics = ROW_COUNT,
	.n_options = OPTION_COUNT,
	.n_claims = sizeof(claims) / sizeof(claims[0]),
	.sniff = ghc_eventlog_sniff,
	.open = ghc_eventlog_open,
	.poll = ghc_eventlog_poll,
	.close = ghc_eventlog_close,
};
