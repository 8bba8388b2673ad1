/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/fail.h>

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
	int has_end;
	int64_t first_ns, news_ns, caught_up_ns; /* when bytes came first and last, and when what they said went out */
};

static const struct weir_option options[OPTION_COUNT] = {
	[OPTION_DETAIL] = { .name = "detail",
	                    .fallback = "intervals",
	                    .choices = "intervals|collections|threads",
	                    .help = "sums over intervals; or also what each minor collection did; or also every "
	                            "thread, and each stretch of time that it runs",
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
static const char *const companions[] = { "{stem}.eventlog" }; /* the log itself, to look ahead */

/* ---- Opening and closing ---- */

static uint32_t ghc_eventlog_sniff(struct weir_text name, const uint8_t *head, uint64_t n_head)
{
	static const char start[] = "hdrbhetb";
	uint64_t n = n_head < 8 ? n_head : 8;

	/* Nobody else's, by its contents: a log whose beginning is damaged has to be said to be. */
	if (n && memcmp(head, start, n) != 0)
		return 1;
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
		free(i->log.lanes[k]);
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
	i->log.tasks.at = reallocarray(NULL, TASKS_MAX, sizeof(*i->log.tasks.at));
	if (!i->log.tasks.at || threads_init(&i->log.threads) < 0 || user_init(&i->log.user) < 0) {
		ghc_eventlog_close(i);
		return weir_fail(reterr, -ENOMEM, "ghc-eventlog: no memory");
	}
	eventlog_init(&i->reader);
	*ret = i;
	return WEIR_OK;
}

/* ---- Records ---- */

/* Headers have been understood by the reader. */
static int take_batch(struct weir_instance *i)
{
	const struct eventlog_batch *b = &i->batch;
	size_t n_markers, n_repeats;
	struct lane *lane;

	if (b->n && b->events[0].kind != EVENTLOG_RECORD)
		return 0;
	lane = lane_get(&i->log, b->capability);
	if (!lane)
		return -ENOMEM;
	i->log.n_read += b->n;
	n_markers = b->n && b->events[0].tag == EVENTLOG_BLOCK_MARKER;
	n_repeats = damage_repeats(&i->log, lane, b, n_markers);
	if (n_repeats) {
		threads_take(&i->log, lane, b->events, n_markers);
		n_markers += n_repeats;
		threads_take(&i->log, lane, b->events + n_markers, b->n - n_markers);
	} else {
		threads_take(&i->log, lane, b->events, b->n);
	}
	return i->log.outbox.r;
}

/* ---- Reading ---- */

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
	damage_say_end(l, &i->reader, n_left, i->has_end);
	ledger_say_oddities(l);
	ledger_tally(l);
	return l->outbox.r < 0 ? weir_fail(reterr, l->outbox.r, "ghc-eventlog: %s", strerror(-l->outbox.r)) : WEIR_END;
}

static int fail(struct weir_instance *i, const struct parse_fault *fault, struct weir_error *reterr)
{
	i->log.n_read++;
	i->log.host->tally(i->log.host, WEIR_BAD, 1, fault->code);
	log_say(&i->log, WEIR_ERROR, fault->code, fault->offset, 1, "%s", fault->reason);
	ledger_tally(&i->log);
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
		damage_take_gap(&i->log, &gap);
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
	ledger_tally(l);
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
	ledger_tally(&i->log);
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
	.companions = companions,
	.n_metrics = ROW_COUNT,
	.n_options = OPTION_COUNT,
	.n_claims = sizeof(claims) / sizeof(claims[0]),
	.n_companions = sizeof(companions) / sizeof(companions[0]),
	.sniff = ghc_eventlog_sniff,
	.open = ghc_eventlog_open,
	.poll = ghc_eventlog_poll,
	.close = ghc_eventlog_close,
};
