/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <weir/fail.h>

#include "plugins/name.h"
#include "plugins/transcript.h"
#include "plugins/window.h"

enum {
	NEWER_HOST_BYTES = 64, /* what a newer host's struct has more */
	NEWER_HOST_FILL = 0xA5,
};

/* 2026-01-01T00:00:00Z */
#define NOW_NS INT64_C(1767225600000000000)

struct lend_receiver {
	const struct recorder_setup *setup;
	struct transcript *transcript;
	struct window windows[RECORDER_INPUTS_MAX];
	uint64_t random;
	uint64_t n_input_calls, n_emits;
	uint64_t n_windows; /* of the source itself, in this poll */
	uint64_t n_said;    /* things said, of any sort */
	int has_pipe;       /* an emit of this poll got -EPIPE */
	struct recorder_result *result;
};

struct recorder {
	struct recorder_setup setup;
	struct lend_receiver receiver;
	struct recorder_result result;
	struct lend *lend;
	const struct weir_host *host;
	void *host_map; /* two pages; the struct ends where the second one begins, which nobody may read */
	struct weir_instance *instance;
	struct weir_error error;
	uint64_t n_idle;
};

/* ---- The receiver ---- */

/* splitmix64. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint64_t random_growth(struct lend_receiver *r)
{
	uint64_t dice = next_random(&r->random), spread = next_random(&r->random);

	switch (dice & 3) {
	case 0:
		return 1;
	case 1:
		return 1 + spread % 16;
	case 2:
		return 1 + spread % 256;
	default:
		return 1 + spread % 65536;
	}
}

static int on_input(struct lend_receiver *r, uint32_t input, uint64_t n_used, struct weir_chunk *ret)
{
	const struct recorder_setup *s = r->setup;
	uint64_t n_more = UINT64_MAX;
	int is_late = 0;

	r->n_input_calls += input == 0;
	r->n_windows += input == 0;
	if (input >= RECORDER_INPUTS_MAX || !s->inputs[input].is_there)
		return -ENOENT;
	if (s->windows == RECORDER_STEPS)
		n_more = s->step;
	if (s->windows == RECORDER_RANDOM) {
		n_more = random_growth(r);
		is_late = next_random(&r->random) & 1;
	}
	if (s->again_every && input == 0 && r->n_input_calls % s->again_every == 0)
		n_more = 0;
	return window_next(&r->windows[input], n_used, n_more, is_late, ret);
}

static int on_emit(struct lend_receiver *r, uint64_t n)
{
	r->n_emits++;
	r->result->n_observations += n;
	r->n_said++;
	if (!r->setup->emit_fails_at || r->n_emits < r->setup->emit_fails_at)
		return 0;
	r->has_pipe = 1;
	return -EPIPE;
}

static int64_t on_now(struct lend_receiver *r)
{
	return r->result->now_ns;
}

static int on_series(struct lend_receiver *r, uint32_t id, uint32_t metric_row, struct weir_text attrs_json)
{
	r->n_said++;
	return transcript_series(r->transcript, id, metric_row, attrs_json);
}

static uint32_t on_frame(struct lend_receiver *r, struct weir_text name, struct weir_text module,
                         struct weir_text source)
{
	r->n_said++;
	return transcript_frame(r->transcript, name, module, source);
}

static uint32_t on_stack(struct lend_receiver *r, uint32_t parent, uint32_t frame, uint64_t native_id)
{
	r->n_said++;
	return transcript_stack(r->transcript, parent, frame, native_id);
}

static uint32_t on_attrs(struct lend_receiver *r, struct weir_text attrs_json)
{
	r->n_said++;
	return transcript_attrs(r->transcript, attrs_json);
}

static void watch_range(struct lend_receiver *r, const struct weir_metric *m, union weir_value value)
{
	double v = m->type == WEIR_TYPE_F64 ? value.f64 : (double)value.i64;
	double min = m->range == WEIR_RANGE_FROM_ONE ? 1 : 0;

	if (m->range != WEIR_RANGE_FREE && (v < min || (m->range == WEIR_RANGE_ZERO_TO_ONE && v > 1)))
		r->result->out_of_range = m->name;
}

static int on_numbers(struct lend_receiver *r, const struct weir_number *at, uint64_t n)
{
	int result = on_emit(r, n);

	for (uint64_t i = 0; i < n && result == 0; i++)
		watch_range(r, transcript_number(r->transcript, &at[i]), at[i].value);
	return result;
}

static int on_histograms(struct lend_receiver *r, const struct weir_histogram *at, uint64_t n)
{
	int result = on_emit(r, n);

	for (uint64_t i = 0; i < n && result == 0; i++)
		transcript_histogram(r->transcript, &at[i]);
	return result;
}

static int on_spans(struct lend_receiver *r, const struct weir_span *at, uint64_t n)
{
	int result = on_emit(r, n);

	for (uint64_t i = 0; i < n && result == 0; i++)
		transcript_span(r->transcript, &at[i]);
	return result;
}

static int on_weights(struct lend_receiver *r, const struct weir_weight *at, uint64_t n)
{
	int result = on_emit(r, n);

	for (uint64_t i = 0; i < n && result == 0; i++) {
		const struct weir_metric *m = transcript_weight(r->transcript, &at[i]);

		if (at[i].flags & WEIR_WEIGHT_HAS_SELF)
			watch_range(r, m, at[i].self);
		if (at[i].flags & WEIR_WEIGHT_HAS_INCLUSIVE)
			watch_range(r, m, at[i].inclusive);
	}
	return result;
}

static int on_fact(struct lend_receiver *r, const char *name, struct weir_text value)
{
	r->n_said++;
	transcript_fact(r->transcript, name, value);
	return 0;
}

static int on_clock(struct lend_receiver *r, const struct weir_clock *clock)
{
	r->n_said++;
	r->result->n_clocks++;
	transcript_clock(r->transcript, clock);
	return 0;
}

static int on_diag(struct lend_receiver *r, const struct weir_diag *diag)
{
	const struct recorder_input *in = &r->setup->inputs[diag->input];

	r->n_said++;
	if (diag->offset != WEIR_NO_OFFSET && (!in->is_there || diag->offset > in->n_bytes))
		r->result->n_offsets_outside++;
	if (strncmp(diag->code, "host.", 5) == 0 && diag->severity > WEIR_NOTE)
		r->result->n_host_diags++;
	transcript_diag(r->transcript, diag);
	return 0;
}

static const struct lend_ops ops = {
	.input = on_input,
	.now = on_now,
	.series = on_series,
	.frame = on_frame,
	.stack = on_stack,
	.attrs = on_attrs,
	.numbers = on_numbers,
	.histograms = on_histograms,
	.spans = on_spans,
	.weights = on_weights,
	.fact = on_fact,
	.clock = on_clock,
	.diag = on_diag,
};

/* ---- The host that is lent ---- */

static int lend_at_guard(struct recorder *rec)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *end;
	struct weir_host *host;

	rec->host_map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (rec->host_map == MAP_FAILED) {
		rec->host_map = NULL;
		return -ENOMEM;
	}
	end = (uint8_t *)rec->host_map + page;
	if (!(rec->setup.loose & RECORDER_LOOSE_HOST) && mprotect(end, page, PROT_NONE) < 0)
		return -errno;
	if (rec->setup.is_newer_host) {
		end -= NEWER_HOST_BYTES;
		memset(end, NEWER_HOST_FILL, NEWER_HOST_BYTES);
	}
	host = lend_host_before(rec->lend, end);
	if (rec->setup.is_newer_host) {
		host->abi_minor++;
		host->size += NEWER_HOST_BYTES;
	}
	rec->host = host;
	return 0;
}

static int prepare(struct recorder *rec, struct weir_error *reterr)
{
	const struct recorder_setup *s = &rec->setup;
	struct lend_config config = { .collector = s->collector,
		                      .ops = &ops,
		                      .receiver = &rec->receiver,
		                      .options = s->options,
		                      .context = s->context,
		                      .n_options = s->n_options,
		                      .n_context = s->n_context };
	uint64_t n_max = s->window_max ? s->window_max : WEIR_WINDOW_MAX;
	int r;

	rec->result.now_ns = s->now_ns ? s->now_ns : NOW_NS;
	rec->receiver.setup = s;
	rec->receiver.result = &rec->result;
	rec->receiver.random = s->seed;
	for (uint32_t i = 0; i < RECORDER_INPUTS_MAX; i++)
		if (window_init(&rec->receiver.windows[i], &s->inputs[i], n_max, s->loose) < 0)
			return weir_fail(reterr, -ENOMEM, "recorder: input %u: no memory", i);
	rec->receiver.transcript = transcript_new(s->collector);
	if (!rec->receiver.transcript)
		return weir_fail(reterr, -ENOMEM, "recorder: transcript: no memory");
	r = lend_new(&config, &rec->lend, reterr);
	if (r == 0 && lend_at_guard(rec) < 0)
		r = weir_fail(reterr, -ENOMEM, "recorder: host: no memory");
	return r;
}

/* ---- Verbs ---- */

static int is_known(int r)
{
	return r >= -4095 && r <= WEIR_AGAIN;
}

static int note_result(struct recorder *rec, int r, enum recorder_stage stage)
{
	if (!is_known(r)) {
		rec->result.n_strange++;
		r = weir_fail(&rec->error, -EPROTO, "recorder: %s: its result %d is no state and no -errno",
		              rec->setup.collector->name, r);
	}
	if (stage == RECORDER_POLLING && rec->receiver.n_windows > rec->result.n_most_windows)
		rec->result.n_most_windows = rec->receiver.n_windows;
	if (rec->receiver.has_pipe && r != -EPIPE)
		rec->result.n_polls_on_pipe++;
	rec->result.r = r;
	rec->result.stage = r < 0 ? stage : RECORDER_DONE;
	return r;
}

int recorder_open(const struct recorder_setup *setup, struct recorder **ret, struct weir_error *reterr)
{
	struct recorder *rec = calloc(1, sizeof(*rec));
	int r;

	if (!rec)
		return weir_fail(reterr, -ENOMEM, "recorder: no memory");
	rec->setup = *setup;
	r = prepare(rec, reterr);
	if (r < 0) {
		recorder_free(rec);
		return r;
	}
	*ret = rec;
	r = note_result(rec, setup->collector->open(rec->host, &rec->instance, &rec->error), RECORDER_OPENING);
	if (r > 0)
		rec->result.n_strange++;
	return 0;
}

static uint64_t progress(const struct recorder *rec)
{
	struct lend_ledger g = lend_ledger(rec->lend);
	uint64_t n = rec->receiver.n_said + g.n_read + g.n_stored + g.n_skipped + g.n_bad + g.n_lost;

	for (uint32_t i = 0; i < RECORDER_INPUTS_MAX; i++)
		n += rec->receiver.windows[i].n_progress;
	return n;
}

int recorder_poll(struct recorder *rec)
{
	uint64_t before = progress(rec);
	int r;

	if (rec->result.r < 0 || rec->result.r == WEIR_END)
		return rec->result.r;
	rec->result.now_ns += rec->setup.now_step_ns;
	rec->receiver.n_windows = 0;
	rec->receiver.has_pipe = 0;
	rec->error.text[0] = '\0';
	rec->result.n_polls++;
	r = rec->setup.collector->poll(rec->instance, rec->result.now_ns, &rec->error);
	r = note_result(rec, r, RECORDER_POLLING);
	rec->n_idle = progress(rec) == before ? rec->n_idle + 1 : 0;
	if (r >= 0 && r != WEIR_END && rec->n_idle > RECORDER_IDLE_MAX) {
		r = weir_fail(&rec->error, -ETIMEDOUT, "recorder: %s: %d polls in a row took nothing and said nothing",
		              rec->setup.collector->name, RECORDER_IDLE_MAX);
		rec->result.r = r;
		rec->result.stage = RECORDER_POLLING;
	}
	return r;
}

void recorder_close(struct recorder *rec, struct recorder_result *ret)
{
	struct recorder_result *result = &rec->result;

	rec->setup.collector->close(rec->instance);
	rec->instance = NULL;
	(void)lend_finish(rec->lend);
	result->n_input_calls = rec->receiver.n_input_calls;
	result->status = lend_status(rec->lend, result->r);
	result->ledger = lend_ledger(rec->lend);
	if (result->r < 0) {
		rec->error.text[sizeof(rec->error.text) - 1] = '\0';
		result->error = rec->error;
	}
	transcript_end(rec->receiver.transcript, result, lend_reasons_json(rec->lend));
	*ret = *result;
}

int recorder_run(const struct recorder_setup *setup, struct recorder **ret_recorder, struct recorder_result *ret,
                 struct weir_error *reterr)
{
	int r = recorder_open(setup, ret_recorder, reterr);
	int state;

	if (r < 0)
		return r;
	state = (*ret_recorder)->result.r;
	for (uint64_t i = 0; state >= 0 && state != WEIR_END && (!setup->n_polls || i < setup->n_polls); i++)
		state = recorder_poll(*ret_recorder);
	recorder_close(*ret_recorder, ret);
	return 0;
}

void recorder_free(struct recorder *rec)
{
	if (!rec)
		return;
	lend_free(rec->lend);
	transcript_free(rec->receiver.transcript);
	for (uint32_t i = 0; i < RECORDER_INPUTS_MAX; i++)
		window_done(&rec->receiver.windows[i]);
	if (rec->host_map)
		(void)munmap(rec->host_map, 2 * (size_t)sysconf(_SC_PAGESIZE));
	free(rec);
}

struct weir_text recorder_text(const struct recorder *rec)
{
	return transcript_text(rec->receiver.transcript);
}

struct weir_text recorder_sorted(struct recorder *rec)
{
	return transcript_sorted(rec->receiver.transcript);
}
