/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-prof/ghc_prof.h"

#include <stdlib.h>
#include <string.h>

enum {
	FRAMES_FIRST = 256,
	TEXTS_FIRST = 1 << 16,
	SHARE_SLACK = 1, /* tenths of percent: the top table divides in 32-bit floats */
};

/* Names of one report, not of an adversary: a flood of collisions only costs that source its time limit. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

static uint64_t hash_text(uint64_t hash, struct weir_text text)
{
	uint64_t word = 0, n = text.n_bytes;
	const char *at = text.at;

	for (; n >= sizeof(word); n -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = mix(hash, word);
	}
	word = 0;
	memcpy(&word, at, n);
	return mix(mix(hash, word), text.n_bytes);
}

static int is_same(const struct frames *f, const struct frame *frame, struct weir_text label, struct weir_text module,
                   struct weir_text source)
{
	const char *text = f->texts + frame->text_at;

	return frame->n_label == label.n_bytes && frame->n_module == module.n_bytes &&
	       frame->n_text == label.n_bytes + module.n_bytes + source.n_bytes &&
	       memcmp(text, label.at, label.n_bytes) == 0 &&
	       memcmp(text + label.n_bytes, module.at, module.n_bytes) == 0 &&
	       memcmp(text + label.n_bytes + module.n_bytes, source.at, source.n_bytes) == 0;
}

static int widen_slots(struct frames *f)
{
	uint32_t n_slots = f->n_slots ? 2 * f->n_slots : 2 * FRAMES_FIRST;
	uint32_t *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return 0;
	for (uint32_t i = 0; i < f->n; i++) {
		uint64_t slot = f->at[i].hash & (n_slots - 1);

		while (slots[slot])
			slot = (slot + 1) & (n_slots - 1);
		slots[slot] = i + 1;
	}
	free(f->slots);
	f->slots = slots;
	f->n_slots = n_slots;
	return 1;
}

static int make_room(struct frames *f, uint64_t n_text)
{
	if (f->n == f->n_room) {
		uint32_t n_room = f->n_room ? 2 * f->n_room : FRAMES_FIRST;
		struct frame *more = n_room > FRAMES_MAX ? NULL : reallocarray(f->at, n_room, sizeof(*more));

		if (!more)
			return 0;
		f->at = more;
		f->n_room = n_room;
	}
	if (n_text > f->n_texts_room - f->n_texts) {
		uint64_t n_room = 2 * f->n_texts_room + n_text + TEXTS_FIRST;
		char *more = realloc(f->texts, n_room);

		if (!more)
			return 0;
		f->texts = more;
		f->n_texts_room = n_room;
	}
	return 2 * (f->n + 1) <= f->n_slots || widen_slots(f);
}

struct frame *frames_get(struct frames *f, const struct weir_host *h, struct weir_text label, struct weir_text module,
                         struct weir_text source)
{
	uint64_t hash = hash_text(hash_text(hash_text(0, label), module), source), slot;
	uint64_t n_text = label.n_bytes + module.n_bytes + source.n_bytes;
	struct frame *frame;
	char *text;

	for (slot = f->n_slots ? hash & (f->n_slots - 1) : 0; f->n_slots && f->slots[slot];
	     slot = (slot + 1) & (f->n_slots - 1)) {
		frame = &f->at[f->slots[slot] - 1];
		if (frame->hash == hash && is_same(f, frame, label, module, source))
			return frame;
	}
	if (!make_room(f, n_text))
		return NULL;
	slot = hash & (f->n_slots - 1);
	while (f->slots[slot])
		slot = (slot + 1) & (f->n_slots - 1);
	frame = &f->at[f->n++];
	f->slots[slot] = f->n;
	*frame = (struct frame){ .hash = hash,
		                 .id = h->frame(h, label, module, source),
		                 .n_label = (uint32_t)label.n_bytes,
		                 .n_module = (uint32_t)module.n_bytes,
		                 .text_at = f->n_texts,
		                 .n_text = n_text };
	text = mempcpy(f->texts + f->n_texts, label.at, label.n_bytes);
	text = mempcpy(text, module.at, module.n_bytes);
	(void)mempcpy(text, source.at, source.n_bytes);
	f->n_texts += n_text;
	return frame;
}

uint64_t frames_check(const struct frames *f, int has_costs)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct frame *frame = &f->at[i];
		/* Every number is off by half a tenth at most. */
		uint64_t slack = has_costs ? 0 : (frame->n_rows + frame->n_top) / 2 + SHARE_SLACK;

		n += frame->top_ticks > frame->ticks + slack || frame->top_bytes > frame->bytes + slack;
	}
	return n;
}

void frames_done(struct frames *f)
{
	free(f->at);
	free(f->slots);
	free(f->texts);
}
