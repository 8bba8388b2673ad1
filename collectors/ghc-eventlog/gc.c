/* SPDX-License-Identifier: Apache-2.0 */
/* Collections. In a parallel one every capability records that it takes part, from GC_START to GC_END; the one that
 * leads it has asked for it before, and says what came of it (GC_STATS, since 7.6) in between. Only the leader's is the
 * pause.
 *
 * GC_END may carry an earlier time than GC_STATS before it: the runtime's clock of collections is read before the
 * latter is written. Source: rts/Stats.c, rts/sm/GC.c, rts/Capability.c of GHC 7.0 to 9.14.
 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	IDLE_NS = 10000000, /* a tick: the least that -I can ask for */
	PAUSE_ATTRS_MAX = 3,
};

/* A thread that calls performGC leaves its capability as for any foreign call, and the collection is next. */
static enum gc_cause cause_of(const struct lane *lane, uint64_t time_ns)
{
	const struct status *status = &statuses[lane->last_stop];
	uint64_t pause_ns = since(lane->now_ns, time_ns);

	if (lane->running)
		return GC_CAUSE_UNKNOWN;
	if (status->stop == STOP_HEAP)
		return GC_CAUSE_ALLOCATION;
	if (status->state == STATE_FOREIGN && pause_ns < IDLE_NS)
		return GC_CAUSE_REQUEST;
	if ((status->stop == STOP_BLOCKED || status->stop == STOP_FINISHED) && pause_ns >= IDLE_NS)
		return GC_CAUSE_IDLE;
	return GC_CAUSE_UNKNOWN;
}

enum fate gc_request(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	lane->gc.has_request = 1;
	lane->gc.is_parallel = e->tag == EVENTLOG_REQUEST_PAR_GC;
	lane->gc.requested_ns = e->time_ns;
	lane->gc.cause = cause_of(lane, e->time_ns);
	return FATE_STORED;
}

/* Its end is missing. It went on at least to the last that was read of it. */
static void give_up(struct log *l, struct lane *lane)
{
	uint64_t last_ns = lane->gc.start_ns > lane->gc.thread_since_ns ? lane->gc.start_ns : lane->gc.thread_since_ns;

	lane->gc_ns += last_ns > lane->interval_ns ? last_ns : lane->interval_ns;
	l->damage.n_out_of_step++;
}

/* The end of a collection, or a part of it, that has not begun. A log may begin in the middle of one. */
static enum fate refuse(struct log *l, const struct lane *lane)
{
	l->damage.n_out_of_step += lane->gc.start_ns > 0;
	return FATE_UNPAIRED;
}

enum fate gc_start(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	if (lane->gc.is_running)
		give_up(l, lane);
	else
		lane->gc.cause = lane->gc.has_request ? lane->gc.cause : cause_of(lane, e->time_ns);
	if (lane->gc.has_request)
		distribution_add(&lane->gc_sync, since(lane->gc.requested_ns, e->time_ns));
	lane->gc.is_running = 1;
	lane->gc.start_ns = e->time_ns;
	lane->gc.has_stats = 0;
	lane->gc.thread_state = GC_THREAD_NONE;
	lane->gc_ns -= e->time_ns;
	return FATE_STORED;
}

static struct weir_attr attr_of(const char *key, const char *value)
{
	return (struct weir_attr){ { key, strlen(key) }, { value, strlen(value) } };
}

/* A threaded runtime wakes the I/O manager up before it collects of itself, and that leaves for a foreign call, too;
 * but it collects everything then. */
static enum gc_cause sure_cause(const struct collection *gc)
{
	int is_sure = gc->cause != GC_CAUSE_REQUEST || !gc->has_request || (gc->has_stats && gc->generation == 0);

	return is_sure ? gc->cause : GC_CAUSE_UNKNOWN;
}

static uint32_t make_pause_series(struct log *l, const struct collection *gc)
{
	static const char *const causes[GC_CAUSE_COUNT] = { NULL, "allocation", "request", "idle" };
	const char *mode = gc->is_parallel ? "parallel" : "sequential";
	struct weir_attr attrs[PAUSE_ATTRS_MAX];
	char generation[12];
	uint32_t n = 0;

	(void)snprintf(generation, sizeof(generation), "%" PRIu32, gc->generation);
	if (sure_cause(gc))
		attrs[n++] = attr_of("cause", causes[sure_cause(gc)]);
	if (gc->has_stats)
		attrs[n++] = attr_of("generation", generation);
	if (gc->has_request)
		attrs[n++] = attr_of("mode", mode);
	return l->host->series(l->host, ROW_GC_PAUSE, attrs, n);
}

static uint32_t pause_series(struct log *l, const struct collection *gc, uint32_t generation)
{
	uint32_t *series = &l->pause_series[generation][gc->has_request ? 1 + gc->is_parallel : 0][sure_cause(gc)];

	if (!*series || generation == GENERATIONS_MAX)
		*series = make_pause_series(l, gc);
	return *series;
}

/* The value is what stopping the capabilities took before it. */
static void say_pause(struct log *l, const struct lane *lane, uint32_t generation, uint64_t end_ns)
{
	const struct collection *gc = &lane->gc;
	struct weir_span *span = outbox_span(&l->outbox, pause_series(l, gc, generation), gc->start_ns);

	span->duration_ns = (int64_t)since(gc->start_ns, end_ns);
	span->track = lane->capability;
	if (gc->has_request) {
		span->value = (double)since(gc->requested_ns, gc->start_ns);
		span->flags = WEIR_SPAN_HAS_VALUE;
	}
}

static void end_thread_state(struct lane *lane, uint64_t time_ns)
{
	struct collection *gc = &lane->gc;

	if (gc->thread_state != GC_THREAD_NONE)
		lane->gc_thread_time[gc->thread_state].value += since(gc->thread_since_ns, time_ns);
	gc->thread_since_ns = time_ns;
}

enum fate gc_end(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	struct collection *gc = &lane->gc;
	uint32_t generation = gc->has_stats && gc->generation < GENERATIONS_MAX ? gc->generation : GENERATIONS_MAX;

	if (!gc->is_running)
		return refuse(l, lane);
	end_thread_state(lane, e->time_ns);
	lane->gc_ns += e->time_ns;
	gc->is_running = 0;
	if (gc->has_stats || gc->has_request) {
		lane_generation(lane, generation)->n.value++;
		say_pause(l, lane, generation, e->time_ns);
		if (gc->has_stats && (gc->generation > 0 || l->settings.has_collections))
			lane_say_collection(l, lane, e->time_ns > gc->start_ns ? e->time_ns : gc->start_ns);
	}
	gc->has_request = 0;
	return FATE_STORED;
}

enum fate gc_thread(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	if (!lane->gc.is_running)
		return refuse(l, lane);
	end_thread_state(lane, e->time_ns);
	lane->gc.thread_state = e->tag == EVENTLOG_GC_WORK   ? GC_THREAD_WORK
	                        : e->tag == EVENTLOG_GC_IDLE ? GC_THREAD_IDLE
	                                                     : GC_THREAD_DONE;
	return FATE_STORED;
}

/* Where the numbers of its statistics stand. */
enum {
	STATS_GENERATION_AT = 4,
	STATS_COPIED_AT = 6,
	STATS_SLOP_AT = 14,
	STATS_FRAGMENTATION_AT = 22,
	STATS_THREADS_AT = 30,
	STATS_MAX_COPIED_AT = 34,
	STATS_ALL_COPIED_AT = 42,
	STATS_BALANCED_AT = 50, /* or the payload ends here */
	STATS_BYTES = 58,
};

enum fate gc_stats(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	const uint8_t *at = e->payload;
	uint32_t generation;

	if (e->n_payload < STATS_BYTES && e->n_payload != STATS_BALANCED_AT)
		return FATE_BAD;
	generation = eventlog_u16(at + STATS_GENERATION_AT);
	lane->gc.has_stats = 1;
	lane->gc.generation = generation;
	lane_generation(lane, generation)->copied.value += eventlog_u64(at + STATS_COPIED_AT);
	level_set(&lane->slop, e->time_ns, eventlog_u64(at + STATS_SLOP_AT));
	level_set(&lane->fragmentation, e->time_ns, eventlog_u64(at + STATS_FRAGMENTATION_AT));
	if (eventlog_u32(at + STATS_THREADS_AT) > 1) {
		lane->parallel_max.value += eventlog_u64(at + STATS_MAX_COPIED_AT);
		lane->parallel_copied.value += eventlog_u64(at + STATS_ALL_COPIED_AT);
		lane->parallel_balanced.value += e->n_payload >= STATS_BYTES ? eventlog_u64(at + STATS_BALANCED_AT) : 0;
	}
	return FATE_STORED;
}

/* Said in the block of no capability, about one. */
enum fate gc_flush(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	uint32_t capability = (uint32_t)v->at[0].number;
	char text[12];

	if (capability >= LANE_GLOBAL)
		return FATE_BAD;
	(void)snprintf(text, sizeof(text), "%" PRIu32, capability);
	outbox_count(&l->outbox, series_of(l, ROW_GC_FLUSHES, "capability", text, NULL), e->time_ns,
	             ++l->concurrent.n_flushes[capability]);
	return FATE_STORED;
}

/* ---- The non-moving collector ---- */

enum fate gc_concurrent(struct log *l, struct lane *lane, const struct eventlog_event *e,
                        const struct eventlog_values *v)
{
	static const char *const names[] = { "mark", "sync", "sweep" };
	uint32_t phase = (uint32_t)(e->tag - EVENTLOG_CONC_MARK_BEGIN) / 2;
	struct concurrent *c = &l->concurrent;

	if (e->tag == EVENTLOG_CONC_MARK_END)
		outbox_count(&l->outbox, series_of(l, ROW_GC_MARKED, NULL), e->time_ns, v->at[0].number);
	if ((e->tag - EVENTLOG_CONC_MARK_BEGIN) % 2 == 0) {
		c->start_ns[phase] = e->time_ns;
		c->is_running[phase] = 1;
		return FATE_STORED;
	}
	if (!c->is_running[phase])
		return e->tag == EVENTLOG_CONC_MARK_END ? FATE_STORED : FATE_UNPAIRED;
	c->is_running[phase] = 0;
	outbox_span(&l->outbox, series_of(l, ROW_GC_CONCURRENT, "phase", names[phase], NULL), c->start_ns[phase])
		->duration_ns = (int64_t)since(c->start_ns[phase], e->time_ns);
	return FATE_STORED;
}

enum fate gc_census(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	char size[24];

	(void)snprintf(size, sizeof(size), "%" PRIu64, v->at[0].number);
	outbox_count(&l->outbox, series_of(l, ROW_GC_SEGMENTS, "block_size", size, "state", "active", NULL), e->time_ns,
	             v->at[1].number);
	outbox_count(&l->outbox, series_of(l, ROW_GC_SEGMENTS, "block_size", size, "state", "filled", NULL), e->time_ns,
	             v->at[2].number);
	outbox_count(&l->outbox, series_of(l, ROW_GC_BLOCKS, "block_size", size, NULL), e->time_ns, v->at[3].number);
	return FATE_STORED;
}

enum fate gc_pruned(struct log *l, struct lane *lane, const struct eventlog_event *e, const struct eventlog_values *v)
{
	outbox_count(&l->outbox, series_of(l, ROW_GC_PRUNED, "state", "pruned", NULL), e->time_ns, v->at[0].number);
	outbox_count(&l->outbox, series_of(l, ROW_GC_PRUNED, "state", "free", NULL), e->time_ns, v->at[1].number);
	return FATE_STORED;
}
