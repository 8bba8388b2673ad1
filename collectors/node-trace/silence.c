/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/node-trace/node_trace.h"

static void emit_gap(struct emit *e, uint32_t series, uint64_t track, int64_t from_ns, int64_t to_ns)
{
	emit_span(e, &(struct weir_span){ .time_ns = from_ns,
	                                  .duration_ns = to_ns - from_ns,
	                                  .series = series,
	                                  .track = (uint32_t)track });
}

static void thread_silence(struct silence *s, struct emit *e, const struct trace_line *line)
{
	uint64_t thread = thread_number(line);
	struct silence_thread *t = &s->threads[thread * 0x9e3779b97f4a7c15u >> 52];
	int64_t gap_ns;

	_Static_assert(SILENCE_THREADS_MAX == 1 << 12, "the shift above takes 12 bits");
	if (!t->n_lines || t->thread != thread)
		*t = (struct silence_thread){ .thread = thread, .last_ns = line->at_ns };
	gap_ns = line->at_ns - t->last_ns;
	if (gap_ns > t->longest_ns)
		t->longest_ns = gap_ns;
	if (gap_ns >= s->thread_threshold_ns && gap_ns > 0 && s->thread_threshold_ns)
		emit_gap(e, emit_series(e, ROW_SILENCE, "thread", text_of(line->thread)), thread, t->last_ns,
		         line->at_ns);
	t->last_ns = line->at_ns;
	t->n_lines++;
}

static void reversal(struct silence *s, struct emit *e, const struct trace_line *line)
{
	int64_t back_ns = s->highest_ns - line->at_ns;

	s->n_back++;
	if (back_ns > s->furthest_back_ns)
		s->furthest_back_ns = back_ns;
	/* Threads write their lines a little out of order; a clock that was set back is another matter. */
	if (back_ns >= s->threshold_ns && line->at_ns < s->last_ns)
		emit_gap(e, emit_plain(e, ROW_REVERSAL), 0, line->at_ns, s->last_ns);
}

void silence_line(struct silence *s, struct emit *e, const struct trace_line *line)
{
	int64_t gap_ns = line->at_ns - s->highest_ns;

	if (!s->first_ns || line->at_ns < s->first_ns)
		s->first_ns = line->at_ns;
	if (!s->highest_ns) {
		s->highest_ns = line->at_ns;
	} else if (gap_ns < 0) {
		reversal(s, e, line);
	} else {
		if (gap_ns > s->longest_ns)
			s->longest_ns = gap_ns;
		if (gap_ns >= s->threshold_ns)
			emit_gap(e, emit_plain(e, ROW_SILENCE), 0, s->highest_ns, line->at_ns);
		s->highest_ns = line->at_ns;
	}
	s->last_ns = line->at_ns;
	thread_silence(s, e, line);
}

/* Names that are no numbers have none here: bit 63 marks their hashes. */
static void emit_thread(struct emit *e, const struct silence_thread *t, int64_t time_ns)
{
	char room[DECIMAL_MAX];

	emit_i64(e, emit_series(e, ROW_SILENCE_LONGEST, "thread", decimal(t->thread, room)), time_ns, t->longest_ns);
}

void silence_finish(const struct silence *s, struct emit *e)
{
	emit_i64(e, emit_plain(e, ROW_SILENCE_LONGEST), s->highest_ns, s->longest_ns);
	for (size_t i = 0; i < SILENCE_THREADS_MAX; i++)
		if (s->threads[i].longest_ns && !(s->threads[i].thread >> 63))
			emit_thread(e, &s->threads[i], s->highest_ns);
}

void silence_join(struct silence *s)
{
	for (size_t i = 0; i < SILENCE_THREADS_MAX; i++)
		s->threads[i].longest_ns = 0;
	s->joined_ns = s->highest_ns;
	s->first_ns = s->longest_ns = s->furthest_back_ns = 0;
	s->n_back = 0;
}
