/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that the runtime writes into the log: heap and time; and what ghc-events-perf adds. */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PERF_MAX = 4096, /* counters */
	RETAINERS_MAX = 4096,
	ERA_BYTES = 8, /* where a sample begins and ends */
	BREAKDOWN_COST_CENTRE = 1,
	BREAKDOWN_MODULE,
	BREAKDOWN_RETAINER = 5,
	BREAKDOWN_BIOGRAPHY,
	BREAKDOWN_INFO_TABLE = 8,
};

/* ---- Stacks counted over an interval ---- */

static uint32_t ticks_series(struct log *l, struct ticks *t, enum row row, uint32_t is_system)
{
	uint32_t *series = &t->series[is_system];

	if (!*series)
		*series = is_system ? series_of(l, row, "scope", "system", NULL) : series_of(l, row, NULL);
	return *series;
}

static void ticks_say(struct log *l, struct ticks *t, enum row row)
{
	for (uint32_t i = 0; i < t->n; i++)
		outbox_weight(&l->outbox, ticks_series(l, t, row, t->at[i].is_system), t->start_ns,
		              t->end_ns - t->start_ns, t->at[i].stack, t->at[i].n);
	t->n = 0;
	table_done(&t->by_stack);
}

enum fate ticks_add(struct log *l, struct ticks *t, enum row row, uint32_t stack, int is_system, uint64_t time_ns)
{
	uint64_t interval_ns = l->settings.interval_ns;
	const struct table_slot *slot;

	if (!stack)
		return FATE_REFUSED;
	if (time_ns >= t->end_ns || t->n == TICK_STACKS_MAX) {
		ticks_say(l, t, row);
		t->start_ns = time_ns / interval_ns * interval_ns;
		t->end_ns = t->start_ns + interval_ns;
	}
	slot = table_find(&t->by_stack, stack);
	if (slot) {
		t->at[slot->value].n++;
		return FATE_STORED;
	}
	if (!t->at)
		t->at = calloc(TICK_STACKS_MAX, sizeof(*t->at));
	if (!t->at || table_add(&t->by_stack, stack, t->n) < 0)
		return log_no_memory(l);
	t->at[t->n++] = (struct tick){ .n = 1, .stack = stack, .is_system = is_system != 0 };
	return FATE_STORED;
}

/* ---- Time ---- */

enum fate sample_time_begin(struct log *l, struct lane *lane, const struct eventlog_event *e,
                            const struct eventlog_values *v)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRIu64, v->at[0].number);

	(void)l->host->fact(l->host, "ghc.profile.tick_interval_ns", (struct weir_text){ text, (uint64_t)n });
	return FATE_STORED;
}

/* The timer of a runtime without threads writes its sample where the program is just writing, and one of them ends
 * over the other without a torn byte. Ticks are numbered, the same for all capabilities, and go on while a program has
 * stopped the clock. Source: rts/Proftimer.c, handleProfTick(). */
static void take_tick(struct log *l, const struct eventlog_event *e, uint64_t tick)
{
	struct samples *s = &l->samples;
	uint64_t n_missing = tick > s->tick ? tick - s->tick - 1 : 0;

	if (n_missing > LOST_TICKS_MAX) {
		s->n_stopped_ticks += n_missing;
	} else if (n_missing) {
		if (!s->n_lost_ticks)
			s->lost_offset = ledger_offset(l, e);
		s->n_lost_ticks += n_missing;
	}
	s->tick = tick;
}

static void say_missing_ticks(struct log *l)
{
	const struct samples *s = &l->samples;

	if (s->n_lost_ticks)
		log_say(l, WEIR_WARNING, "eventlog.lost_ticks", s->lost_offset, s->n_lost_ticks,
		        "samples of the time profile that the runtime wrote over; the first was before this one");
	if (s->n_stopped_ticks)
		log_say(l, WEIR_NOTE, "eventlog.stopped_ticks", WEIR_NO_OFFSET, s->n_stopped_ticks,
		        "ticks of the time profile while its clock, or the log, was stopped");
}

enum fate sample_time(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	struct parse_text ids;
	uint64_t tick;

	if (!eventlog_sample_stack(e, &tick, &ids))
		return FATE_BAD;
	take_tick(l, e, tick);
	return ticks_add(l, &l->samples.ticks, ROW_PROFILE_TICKS, names_cost_centre_stack(l, ids),
	                 names_is_system_stack(&l->names, ids), e->time_ns);
}

/* ---- Heap ---- */

static const char *breakdown_name(uint32_t breakdown)
{
	static const char *const names[] = { "unknown",  "cost-centre", "module",       "closure",    "type",
		                             "retainer", "biography",   "closure-type", "info-table", "era" };

	return breakdown < sizeof(names) / sizeof(names[0]) ? names[breakdown] : names[0];
}

static void set_breakdown(struct log *l, uint32_t breakdown)
{
	struct samples *s = &l->samples;
	const char *name = breakdown_name(breakdown);

	if (s->has_heap_series && s->breakdown == breakdown)
		return;
	texts_done(&l->labels);
	s->breakdown = breakdown;
	s->has_heap_series = 1;
	s->heap_series = series_of(l, ROW_HEAP_RESIDENCY, "breakdown", name, NULL);
}

/* What restricts the profile (`-hcname`) is a fact: bands that it leaves out are not 0. */
enum fate sample_heap_begin(struct log *l, struct lane *lane, const struct eventlog_event *e,
                            const struct eventlog_values *v)
{
	static const char *const flags[] = { "-hm", "-hd", "-hy", "-hc", "-hC", "-hr", "-hb" };
	char text[1024];
	size_t n = 0;

	set_breakdown(l, (uint32_t)v->at[2].number);
	for (int i = 0; i < 7; i++) {
		const struct parse_text *filter = &v->at[3 + i].text;

		if (!filter->n || n + filter->n + 5 > sizeof(text))
			continue;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%.*s", n ? " " : "", flags[i], (int)filter->n,
		                      filter->at);
	}
	if (n)
		(void)l->host->fact(l->host, "ghc.heap.profile.selection", (struct weir_text){ text, n });
	return FATE_STORED;
}

enum fate sample_heap_start(struct log *l, struct lane *lane, const struct eventlog_event *e,
                            const struct eventlog_values *v)
{
	if (e->n_payload < ERA_BYTES)
		return FATE_BAD;
	l->samples.in_heap = 1;
	l->samples.heap_ns = e->time_ns;
	return FATE_STORED;
}

/* Biographies are known at the end only: all samples are written there, with the times they are of. */
enum fate sample_heap_bio_start(struct log *l, struct lane *lane, const struct eventlog_event *e,
                                const struct eventlog_values *v)
{
	if (v->at[1].number >= OUTBOX_TIMES_END_NS)
		return FATE_BAD;
	l->samples.in_heap = 1;
	l->samples.heap_ns = v->at[1].number;
	return FATE_STORED;
}

enum fate sample_heap_end(struct log *l, struct lane *lane, const struct eventlog_event *e,
                          const struct eventlog_values *v)
{
	if (e->n_payload < ERA_BYTES)
		return FATE_BAD;
	l->samples.in_heap = 0;
	return FATE_STORED;
}

static enum fate say_band(struct log *l, uint64_t time_ns, uint32_t stack, uint64_t bytes)
{
	struct samples *s = &l->samples;

	if (!stack || bytes >= HEAP_BYTES_END)
		return stack ? FATE_BAD : FATE_REFUSED;
	outbox_weight(&l->outbox, s->heap_series, s->in_heap ? s->heap_ns : time_ns, 0, stack, bytes);
	return FATE_STORED;
}

enum fate sample_heap_stack(struct log *l, struct lane *lane, const struct eventlog_event *e,
                            const struct eventlog_values *v)
{
	struct parse_text ids;
	uint64_t bytes;

	if (!eventlog_sample_stack(e, &bytes, &ids))
		return FATE_BAD;
	if (!l->samples.has_heap_series)
		set_breakdown(l, BREAKDOWN_COST_CENTRE);
	return say_band(l, e->time_ns, names_cost_centre_stack(l, ids), bytes);
}

/* `(7)a,b`: a number and the sets' members; spelled as one stack, as ghc-heap does where no report explains the number.
 */
static uint32_t retainer_stack(struct log *l, struct parse_text label)
{
	const char *close = label.n && label.at[0] == '(' ? memchr(label.at, ')', label.n) : NULL;
	struct parse_text rest = label, nothing = { "", 0 };
	uint64_t id = 0;
	uint32_t stack = 0;

	if (!close)
		return names_label_stack(l, label, nothing, 0);
	for (const char *c = label.at + 1; c < close; c++) {
		if (*c < '0' || *c > '9' || id > UINT32_MAX)
			return names_label_stack(l, label, nothing, 0);
		id = id * 10 + (uint64_t)(*c - '0');
	}
	rest.n -= (size_t)(close + 1 - label.at);
	rest.at = close + 1;
	for (int i = 0;; i++) {
		const char *comma = i < RETAINERS_MAX ? memchr(rest.at, ',', rest.n) : NULL;
		size_t n = comma ? (size_t)(comma - rest.at) : rest.n;
		uint32_t frame = l->host->frame(l->host, (struct weir_text){ rest.at, n }, (struct weir_text){ "", 0 },
		                                (struct weir_text){ "", 0 });

		stack = frame ? l->host->stack(l->host, stack, frame, comma ? 0 : id) : 0;
		if (!comma || !stack)
			return stack;
		rest.at += n + 1;
		rest.n -= n + 1;
	}
}

/* `0x4012f8` */
static uint32_t address_stack(struct log *l, struct parse_text label)
{
	struct parse_text nothing = { "", 0 };
	char digits[24], *end;
	uint32_t frame = 0;

	if (label.n > 2 && label.n < sizeof(digits) && memcmp(label.at, "0x", 2) == 0) {
		memcpy(digits, label.at, label.n);
		digits[label.n] = '\0';
		frame = names_frame(l, &l->names.info_tables, strtoull(digits, &end, 16));
	}
	l->samples.n_unnamed += !frame;
	return frame ? names_push(l, 0, frame, 0) : names_label_stack(l, label, nothing, 0);
}

static uint32_t label_stack(struct log *l, struct parse_text label)
{
	struct parse_text nothing = { "", 0 };

	switch (l->samples.breakdown) {
	case BREAKDOWN_RETAINER:
		return retainer_stack(l, label);
	case BREAKDOWN_INFO_TABLE:
		return address_stack(l, label);
	case BREAKDOWN_MODULE:
		return names_label_stack(l, label, label, 0);
	default:
		return names_label_stack(l, label, nothing, 0);
	}
}

/* The host's id of the label's stack. Samples repeat their labels, so most are found here. */
static uint32_t known_stack(struct log *l, struct parse_text label)
{
	uint32_t stack = texts_find(&l->labels, label.at, label.n);

	if (stack)
		return stack;
	stack = label_stack(l, label);
	if (stack)
		(void)texts_add(&l->labels, label.at, label.n, stack);
	return stack;
}

enum fate sample_heap_label(struct log *l, struct lane *lane, const struct eventlog_event *e,
                            const struct eventlog_values *v)
{
	struct parse_text label;
	uint64_t bytes;

	if (!eventlog_sample_label(e, &bytes, &label))
		return FATE_BAD;
	if (!l->samples.has_heap_series)
		set_breakdown(l, 0);
	return say_band(l, e->time_ns, known_stack(l, label), bytes);
}

/* ---- perf ---- */

enum fate perf_name(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	struct samples *s = &l->samples;
	struct weir_attr attr = { { "counter", 7 }, { v->at[1].text.at, v->at[1].text.n } };

	if (table_find(&s->perf, v->at[0].number))
		return FATE_STORED;
	if (!s->perf_counts)
		s->perf_counts = calloc(PERF_MAX, sizeof(*s->perf_counts));
	if (s->n_perf == PERF_MAX)
		return FATE_LIMIT;
	if (!s->perf_counts || table_add(&s->perf, v->at[0].number, s->n_perf) < 0)
		return log_no_memory(l);
	s->perf_counts[s->n_perf++].series = l->host->series(l->host, ROW_PERF_COUNT, &attr, 1);
	return FATE_STORED;
}

enum fate perf_counter(struct log *l, struct lane *lane, const struct eventlog_event *e,
                       const struct eventlog_values *v)
{
	const struct table_slot *slot = table_find(&l->samples.perf, v->at[0].number);
	struct count *count;

	if (!slot)
		return FATE_UNPAIRED;
	count = &l->samples.perf_counts[slot->value];
	count->value += e->tag == EVENTLOG_PERF_COUNTER ? v->at[2].number : 1;
	outbox_count(&l->outbox, count->series, e->time_ns, count->value);
	return FATE_STORED;
}

void samples_finish(struct log *l)
{
	ticks_say(l, &l->samples.ticks, ROW_PROFILE_TICKS);
	ticks_say(l, &l->samples.calls, ROW_PROFILE_SAMPLES);
	say_missing_ticks(l);
}

void samples_done(struct samples *s)
{
	free(s->ticks.at);
	free(s->calls.at);
	table_done(&s->ticks.by_stack);
	table_done(&s->calls.by_stack);
	free(s->perf_counts);
	table_done(&s->perf);
}
