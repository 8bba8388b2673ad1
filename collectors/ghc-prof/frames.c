/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-prof/ghc_prof.h"

#include <stdlib.h>
#include <string.h>

enum {
	SLOTS_FIRST = 512,
	ROOM_FIRST = 1 << 16,
	TOPS_FIRST = 64,
	SOURCE_END = 24, /* bytes of a source that are hashed */
	SHARE_SLACK = 1, /* tenths of percent: the top table divides in 32-bit floats */
};

__extension__ typedef unsigned __int128 uint128;

/* Two words into one: both halves of their 128-bit product, as in wyhash (W. Yi). */
static uint64_t mix(uint64_t a, uint64_t b)
{
	uint128 product = (uint128)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xe7037ed1a0b428dbu);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word_at(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word;
}

/* Sixteen bytes at a time; the last ones overlap. */
static uint64_t hash_text(uint64_t hash, const char *at, uint64_t n)
{
	uint64_t words[2] = { 0, n };

	if (n < 16) {
		memcpy(words, at, n < 8 ? n : 8);
		words[1] ^= n < 8 ? 0 : word_at(at + n - 8) << 5;
		return mix(words[0] ^ hash, words[1]);
	}
	for (uint64_t i = 0; i + 16 < n; i += 16)
		hash = mix(word_at(at + i) ^ hash, word_at(at + i + 8));
	return mix(word_at(at + n - 16) ^ hash, word_at(at + n - 8) ^ n);
}

/* Of the source the end will do: its path is that of the module. A file whose names all collide only costs its own
 * source the time. */
static uint64_t hash_names(struct weir_text label, struct weir_text module, struct weir_text source)
{
	uint64_t n_end = source.n_bytes < SOURCE_END ? source.n_bytes : SOURCE_END;
	uint64_t hash = hash_text(0, label.at, label.n_bytes);

	hash = hash_text(hash, module.at, module.n_bytes);
	return hash_text(hash, source.at + source.n_bytes - n_end, n_end);
}

static int is_same(const struct frame *frame, struct weir_text label, struct weir_text module, struct weir_text source)
{
	const char *text = frame->text;

	return frame->n_label == label.n_bytes && frame->n_module == module.n_bytes &&
	       frame->n_source == source.n_bytes && memcmp(text, label.at, label.n_bytes) == 0 &&
	       memcmp(text + label.n_bytes, module.at, module.n_bytes) == 0 &&
	       memcmp(text + label.n_bytes + module.n_bytes, source.at, source.n_bytes) == 0;
}

static struct frame *frame_at(const struct frames *f, uint32_t ref)
{
	return (struct frame *)(void *)(f->room + (uint64_t)ref * FRAME_ALIGN);
}

static int widen_slots(struct frames *f)
{
	uint32_t n_slots = f->n_slots ? 2 * f->n_slots : SLOTS_FIRST;
	struct frame_slot *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return 0;
	for (uint32_t i = 0; i < f->n_slots; i++) {
		uint32_t to = f->slots[i].tag & (n_slots - 1);

		if (!f->slots[i].ref)
			continue;
		while (slots[to].ref)
			to = (to + 1) & (n_slots - 1);
		slots[to] = f->slots[i];
	}
	free(f->slots);
	f->slots = slots;
	f->n_slots = n_slots;
	return 1;
}

static int make_room(struct frames *f, uint64_t n)
{
	if (f->n == FRAMES_MAX || (2 * (f->n + 1) > f->n_slots && !widen_slots(f)))
		return 0;
	if (n > f->n_room - f->n_used) {
		uint64_t n_room = 2 * f->n_room + n + ROOM_FIRST;
		char *more = n_room / FRAME_ALIGN > UINT32_MAX ? NULL : realloc(f->room, n_room);

		if (!more)
			return 0;
		f->room = more;
		f->n_room = n_room;
	}
	return 1;
}

static struct frame *add(struct frames *f, const struct weir_host *h, uint32_t tag, struct weir_text label,
                         struct weir_text module, struct weir_text source)
{
	uint64_t n = sizeof(struct frame) + label.n_bytes + module.n_bytes + source.n_bytes;
	uint32_t slot;
	struct frame *frame;
	char *text;

	n = (n + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
	if (!make_room(f, n))
		return NULL;
	slot = tag & (f->n_slots - 1);
	while (f->slots[slot].ref)
		slot = (slot + 1) & (f->n_slots - 1);
	f->n_used += f->n_used ? 0 : FRAME_ALIGN; /* reference 0 is none */
	f->slots[slot] = (struct frame_slot){ tag, (uint32_t)(f->n_used / FRAME_ALIGN) };
	frame = frame_at(f, f->slots[slot].ref);
	f->n_used += n;
	f->n++;
	*frame = (struct frame){ .id = h->frame(h, label, module, source),
		                 .ref = f->slots[slot].ref,
		                 .n_label = (uint32_t)label.n_bytes,
		                 .n_module = (uint32_t)module.n_bytes,
		                 .n_source = (uint32_t)source.n_bytes };
	text = mempcpy(frame->text, label.at, label.n_bytes);
	text = mempcpy(text, module.at, module.n_bytes);
	(void)mempcpy(text, source.at, source.n_bytes);
	return frame;
}

struct frame *frames_get(struct frames *f, const struct weir_host *h, struct weir_text label, struct weir_text module,
                         struct weir_text source)
{
	uint32_t tag = (uint32_t)(hash_names(label, module, source) >> 32);

	if (f->n_slots) {
		for (uint32_t i = tag & (f->n_slots - 1); f->slots[i].ref; i = (i + 1) & (f->n_slots - 1)) {
			struct frame *frame = frame_at(f, f->slots[i].ref);

			if (f->slots[i].tag == tag && is_same(frame, label, module, source))
				return frame;
		}
	}
	return add(f, h, tag, label, module, source);
}

struct frame *frames_of(const struct frames *f, uint32_t ref)
{
	return frame_at(f, ref);
}

int frames_add_top(struct frames *f, struct frame *frame, uint64_t ticks, uint64_t bytes)
{
	struct frame_top *top;

	if (!frame->top && f->n_tops == f->n_tops_room) {
		uint32_t n_room = f->n_tops_room ? 2 * f->n_tops_room : TOPS_FIRST;
		struct frame_top *more = reallocarray(f->tops, n_room, sizeof(*more));

		if (!more)
			return 0;
		f->tops = more;
		f->n_tops_room = n_room;
	}
	if (!frame->top) {
		f->tops[f->n_tops++] = (struct frame_top){ 0 };
		frame->top = f->n_tops;
	}
	top = &f->tops[frame->top - 1];
	top->top_ticks += ticks;
	top->top_bytes += bytes;
	top->n_top++;
	return 1;
}

void frames_add_row(struct frames *f, const struct frame *frame, uint64_t ticks, uint64_t bytes)
{
	struct frame_top *top;

	if (!frame->top)
		return;
	top = &f->tops[frame->top - 1];
	top->ticks += ticks;
	top->bytes += bytes;
	top->n_rows++;
}

uint64_t frames_check(const struct frames *f, int has_costs)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < f->n_tops; i++) {
		const struct frame_top *top = &f->tops[i];
		/* Every number is off by half a tenth at most. */
		uint64_t slack = has_costs ? 0 : (top->n_rows + top->n_top) / 2 + SHARE_SLACK;

		n += top->top_ticks > top->ticks + slack || top->top_bytes > top->bytes + slack;
	}
	return n;
}

void frames_done(struct frames *f)
{
	free(f->room);
	free(f->slots);
	free(f->tops);
}
