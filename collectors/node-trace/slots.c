/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/node-trace/node_trace.h"

#include <string.h>

/* A value of the context, which is written as in JSON. 1: it is there. */
static int context_value(const struct weir_host *h, const char *name, struct jsontext_value *ret)
{
	struct weir_text text;
	struct jsontext_cursor c;

	if (h->context(h, name, &text) != WEIR_OK)
		return 0;
	c = jsontext_on(text.at, text.n_bytes);
	return jsontext_value(&c, ret) == PARSE_OK;
}

static int context_f64(const struct weir_host *h, const char *name, double *ret)
{
	struct jsontext_value v;

	return context_value(h, name, &v) && jsontext_f64(&v, ret);
}

static int64_t context_i64(const struct weir_host *h, const char *name, int64_t fallback)
{
	struct jsontext_value v;
	int64_t value;

	return context_value(h, name, &v) && jsontext_i64(&v, &value) ? value : fallback;
}

/* What a genesis says can be anything; with these bounds no time that is computed from it overflows. */
static int is_plausible(const struct slots *s)
{
	enum {
		START_S_MAX = INT32_MAX,
		LENGTH_S_MAX = 86400,
	};
	static const int64_t second = 1000000000, many = 100000000;
	int has_byron = s->byron_slots > 0;

	return s->start_ns >= 0 && s->start_ns <= START_S_MAX * second && s->length_ns > 0 &&
	       s->length_ns <= LENGTH_S_MAX * second && s->epoch_length > 0 && s->epoch_length <= many * 10 &&
	       s->stability_slots >= 0 && s->stability_slots <= many * 10 && s->byron_slots >= 0 &&
	       s->byron_slots <= many && s->byron_length_ns >= 0 && s->byron_length_ns <= 20 * second &&
	       (!has_byron || (s->byron_length_ns > 0 && s->byron_epochs > 0 && s->byron_slots % s->byron_epochs == 0));
}

/* k/f, where both are known. */
static int64_t stability(const struct weir_host *h)
{
	double f = 0, k = 0, slots;

	if (!context_f64(h, "genesis.active_slots_coeff", &f) || !context_f64(h, "genesis.security_param", &k) ||
	    !(f > 0 && f <= 1))
		return 0;
	slots = k / f + 0.5;
	return slots >= 0 && slots < 1e9 ? (int64_t)slots : 0;
}

void slots_init(struct slots *s, const struct weir_host *h)
{
	*s = (struct slots){
		.start_ns = context_i64(h, "genesis.system_start_ns", -1),
		.length_ns = context_i64(h, "genesis.slot_length_ns", -1),
		.epoch_length = context_i64(h, "genesis.epoch_length_slots", -1),
		.byron_slots = context_i64(h, "genesis.byron_slots", 0),
		.byron_length_ns = context_i64(h, "genesis.byron_slot_length_ns", 0),
		.byron_epochs = context_i64(h, "genesis.byron_epochs", 0),
	};
	s->stability_slots = stability(h);
	s->is_known = is_plausible(s);
	if (s->is_known)
		s->n_slots_max = s->byron_slots + (INT64_MAX / 2 - s->byron_slots * s->byron_length_ns) / s->length_ns;
}

int slots_has(const struct slots *s, int64_t slot)
{
	return slot >= 0 && slot < (s->is_known ? s->n_slots_max : INT64_C(1) << 40);
}

/* Where the slots of the present length begin. */
static int64_t present_start_ns(const struct slots *s)
{
	return s->start_ns + s->byron_slots * s->byron_length_ns;
}

int64_t slots_start_ns(const struct slots *s, int64_t slot)
{
	if (slot < s->byron_slots)
		return s->start_ns + slot * s->byron_length_ns;
	return present_start_ns(s) + (slot - s->byron_slots) * s->length_ns;
}

int64_t slots_at(const struct slots *s, int64_t time_ns)
{
	if (time_ns < s->start_ns)
		return -1;
	if (time_ns < present_start_ns(s))
		return (time_ns - s->start_ns) / s->byron_length_ns;
	return s->byron_slots + (time_ns - present_start_ns(s)) / s->length_ns;
}

int64_t slots_epoch(const struct slots *s, int64_t slot)
{
	if (slot < s->byron_slots)
		return slot / (s->byron_slots / s->byron_epochs);
	return s->byron_epochs + (slot - s->byron_slots) / s->epoch_length;
}

int64_t slots_epoch_first(const struct slots *s, int64_t epoch)
{
	if (epoch < s->byron_epochs)
		return epoch * (s->byron_slots / s->byron_epochs);
	return s->byron_slots + (epoch - s->byron_epochs) * s->epoch_length;
}

static void emit_mark(struct emit *e, enum row row, int64_t time_ns, int64_t epoch, const char *phase)
{
	char room[DECIMAL_MAX];
	struct weir_attr attrs[2] = { { { "epoch", 5 }, decimal((uint64_t)epoch, room) } };

	if (phase)
		attrs[1] = (struct weir_attr){ { "phase", 5 }, { phase, strlen(phase) } };
	emit_span(e, &(struct weir_span){ .time_ns = time_ns,
	                                  .series = emit_plain(e, row),
	                                  .attrs = e->host->attrs(e->host, attrs, phase ? 2 : 1),
	                                  .flags = WEIR_SPAN_HAS_VALUE,
	                                  .value = (double)epoch });
}

static int is_between(const struct slots *s, int64_t slot, int64_t first_ns, int64_t last_ns)
{
	return slots_has(s, slot) && slots_start_ns(s, slot) >= first_ns && slots_start_ns(s, slot) <= last_ns;
}

void slots_emit(const struct slots *s, struct emit *e, int64_t first_ns, int64_t last_ns)
{
	enum {
		EPOCHS_MAX = 100000
	};
	int64_t epoch, last;

	if (!s->is_known || last_ns < s->start_ns)
		return;
	epoch = slots_epoch(s, first_ns < s->start_ns ? 0 : slots_at(s, first_ns));
	last = slots_epoch(s, slots_at(s, last_ns));
	for (int64_t n = 0; epoch <= last && n < EPOCHS_MAX; epoch++, n++) {
		int64_t first = slots_epoch_first(s, epoch);
		/* The reward calculation starts 4k/f into an epoch and is completed by force 2k/f before its end.
		 * Source: cardano-ledger, Shelley RUPD rule. */
		int64_t pulser = first + 4 * s->stability_slots;
		int64_t forced = first + s->epoch_length - 2 * s->stability_slots;

		if (slots_start_ns(s, first) >= first_ns)
			emit_mark(e, ROW_BOUNDARY, slots_start_ns(s, first), epoch, NULL);
		if (epoch < s->byron_epochs || !s->stability_slots)
			continue;
		if (is_between(s, pulser, first_ns, last_ns))
			emit_mark(e, ROW_EPOCH_PHASE, slots_start_ns(s, pulser), epoch, "rewards start");
		if (is_between(s, forced, first_ns, last_ns))
			emit_mark(e, ROW_EPOCH_PHASE, slots_start_ns(s, forced), epoch, "rewards forced");
	}
}
