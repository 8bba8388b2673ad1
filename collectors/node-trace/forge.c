/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/node-trace/node_trace.h"

#include <string.h>

/* slot >= 0 */
static uint32_t slot_attrs(struct emit *e, const struct slots *s, int64_t slot)
{
	char room[2][DECIMAL_MAX];
	struct weir_attr attrs[2] = { { { "slot", 4 }, decimal((uint64_t)slot, room[0]) } };

	if (s->is_known)
		attrs[1] = (struct weir_attr){ { "epoch", 5 }, decimal((uint64_t)slots_epoch(s, slot), room[1]) };
	return e->host->attrs(e->host, attrs, s->is_known ? 2 : 1);
}

static struct forge_thread *thread_of(struct forge *f, const struct trace_line *line)
{
	uint64_t thread = thread_number(line);

	for (uint32_t i = 0; i < f->n_threads; i++)
		if (f->threads[i].thread == thread)
			return &f->threads[i];
	if (f->n_threads == FORGE_THREADS_MAX)
		return NULL;
	f->threads[f->n_threads] = (struct forge_thread){ .thread = thread, .last_started = -1 };
	return &f->threads[f->n_threads++];
}

static uint32_t series_of(struct forge_thread *t, struct emit *e, enum row row, const struct trace_line *line)
{
	uint32_t *series = &t->series[row - ROW_FORGE_START];

	if (!*series)
		*series = emit_series(e, row, "thread", text_of(line->thread));
	return *series;
}

/* The slots from first to last were never started: a span for each epoch that they lie in. */
static void emit_missed(struct forge_thread *t, struct emit *e, const struct slots *s, int64_t first, int64_t last,
                        const struct trace_line *line)
{
	if (!t->missed)
		t->missed = emit_series(e, ROW_SLOT_MISSED, "thread", text_of(line->thread));
	for (int n = 1; first <= last; n++) {
		int64_t end = s->is_known ? slots_epoch_first(s, slots_epoch(s, first) + 1) - 1 : last;
		struct weir_span span = { .series = t->missed,
			                  .track = (uint32_t)t->thread,
			                  .attrs = slot_attrs(e, s, first),
			                  .flags = WEIR_SPAN_HAS_VALUE };

		if (end > last || n == FORGE_MISSED_SPANS_MAX)
			end = last;
		span.value = (double)(end - first + 1);
		/* Without the genesis all that is known is between which starts they lie. */
		span.time_ns = s->is_known ? slots_start_ns(s, first) : t->previous_start_ns;
		span.duration_ns = s->is_known ? slots_start_ns(s, end + 1) - span.time_ns : line->at_ns - span.time_ns;
		if (span.duration_ns < 0)
			span.duration_ns = 0;
		emit_span(e, &span);
		first = end + 1;
	}
}

static void start(struct forge *f, struct forge_thread *t, struct emit *e, const struct slots *s,
                  const struct trace_line *line)
{
	int64_t slot, late_ns;

	t->is_open = member_i64(line, "slot", &slot) && slots_has(s, slot);
	if (!t->is_open) {
		f->n_no_slot++;
		return;
	}
	f->n_repeated += slot <= t->last_started;
	if (t->last_started >= 0 && slot > t->last_started + 1)
		emit_missed(t, e, s, t->last_started + 1, slot - 1, line);
	if (slot > t->last_started)
		t->last_started = slot;
	t->slot = slot;
	t->last_ns = t->previous_start_ns = line->at_ns;
	t->attrs = slot_attrs(e, s, slot);
	if (!s->is_known)
		return;
	/* A node that is early has a clock problem, not a duration. */
	late_ns = line->at_ns - slots_start_ns(s, slot);
	if (late_ns >= 0)
		emit_span(e, &(struct weir_span){ .time_ns = slots_start_ns(s, slot),
		                                  .duration_ns = late_ns,
		                                  .series = series_of(t, e, ROW_FORGE_START, line),
		                                  .track = (uint32_t)t->thread,
		                                  .attrs = t->attrs });
}

/* A phase lasts from the line before it, of the same slot and thread, to its own. */
static void phase(struct forge *f, struct forge_thread *t, struct emit *e, enum row row, const struct trace_line *line,
                  int has_value, double value)
{
	int64_t slot = t->slot;

	(void)(member_i64(line, "slot", &slot) || member_i64(line, "current slot", &slot));
	if (!t->is_open || slot != t->slot || line->at_ns < t->last_ns) {
		f->n_without++;
		return;
	}
	emit_span(e, &(struct weir_span){ .time_ns = t->last_ns,
	                                  .duration_ns = line->at_ns - t->last_ns,
	                                  .value = value,
	                                  .series = series_of(t, e, row, line),
	                                  .track = (uint32_t)t->thread,
	                                  .attrs = t->attrs,
	                                  .flags = has_value ? WEIR_SPAN_HAS_VALUE : 0 });
	t->last_ns = line->at_ns;
}

/* What keeps a slot from being forged: an instant that names it. */
static void obstacle(struct forge_thread *t, struct emit *e, const struct trace_line *line)
{
	const char *dot = memrchr(line->ns.at, '.', line->ns.n);
	struct parse_text name = line->kind;

	if (dot && !line->ns_is_array)
		name = (struct parse_text){ dot + 1, line->ns.n - (size_t)(dot + 1 - line->ns.at) };
	emit_span(e, &(struct weir_span){ .time_ns = line->at_ns,
	                                  .series = emit_series(e, ROW_FORGE_OBSTACLE, "obstacle", text_of(name)),
	                                  .track = (uint32_t)t->thread,
	                                  .attrs = t->is_open ? t->attrs : 0 });
}

static const struct {
	uint8_t row, has_value;
} phases[MEANING_END] = {
	[MEANING_CONTEXT] = { ROW_FORGE_CONTEXT, 0 },
	[MEANING_STATE] = { ROW_FORGE_STATE, 0 },
	[MEANING_VIEW] = { ROW_FORGE_VIEW, 0 },
	[MEANING_LEADER] = { ROW_FORGE_LEADERSHIP, 1 },
	[MEANING_NOT_LEADER] = { ROW_FORGE_LEADERSHIP, 1 },
	[MEANING_TICKED] = { ROW_FORGE_TICKED, 0 },
	[MEANING_MEMPOOL_SNAPSHOT] = { ROW_FORGE_MEMPOOL, 0 },
	[MEANING_FORGED] = { ROW_FORGE_BLOCK, 0 },
	[MEANING_ADOPTED_OWN] = { ROW_FORGE_ADOPTION, 0 },
};

void forge_line(struct forge *f, struct emit *e, const struct slots *s, enum meaning meaning,
                const struct trace_line *line)
{
	struct forge_thread *t;

	if (meaning < MEANING_START || meaning > MEANING_OBSTACLE)
		return;
	t = thread_of(f, line);
	if (!t)
		f->n_beyond++;
	else if (meaning == MEANING_START)
		start(f, t, e, s, line);
	else if (meaning == MEANING_OBSTACLE)
		obstacle(t, e, line);
	else
		phase(f, t, e, (enum row)phases[meaning].row, line, phases[meaning].has_value,
		      meaning == MEANING_LEADER ? 1 : 0);
}

void forge_join(struct forge *f)
{
	f->n_beyond = f->n_repeated = f->n_without = f->n_no_slot = 0;
}
