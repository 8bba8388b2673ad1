/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/hsprof/stacks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

enum {
	SLOTS = 2 * STACKS_KNOWN_MAX, /* of the table; a power of two */
	LEAST_ROOM = 3,               /* frames beside those that were walked: root, leaf, label */
};

struct known {
	uint64_t hash; /* of a sample; 0: free */
	uint32_t stack;
	uint32_t n; /* in this round */
	uint8_t code, whole;
};

struct stacks {
	const struct weir_host *host;
	struct spaces *spaces;
	struct known *known;
	uint32_t *touched; /* slots that have n > 0 */
	struct stacks_count *counts;
	uint64_t seen[STACKS_CODES][STACKS_WHOLES];
	uint32_t n_known, n_touched, round;
	uint32_t labels[4];
};

enum label {
	LABEL_KERNEL,
	LABEL_RTS,
	LABEL_DEEPER,
	LABEL_BROKEN,
};

/* ---- Names ---- */

static uint32_t frame_called(struct stacks *s, const char *name)
{
	struct weir_text none = { "", 0 };

	return s->host->frame(s->host, (struct weir_text){ name, strlen(name) }, none, none);
}

static uint32_t label(struct stacks *s, enum label which)
{
	static const char *const names[] = { "[kernel]", "[RTS]", "[deeper]", "[broken]" };

	if (s->labels[which] == 0)
		s->labels[which] = frame_called(s, names[which]);
	return s->labels[which];
}

static uint32_t push(struct stacks *s, uint32_t stack, uint32_t frame)
{
	return frame ? s->host->stack(s->host, stack, frame, 0) : stack;
}

static uint32_t push_program(struct stacks *s, const struct file *program)
{
	char name[160];

	if (!program || program == spaces_file(s->spaces, 0))
		return 0;
	(void)snprintf(name, sizeof(name), "[%s]", program->name);
	return push(s, 0, frame_called(s, name));
}

static enum stacks_code code_of(enum names_kind kind)
{
	switch (kind) {
	case NAMES_HASKELL:
	case NAMES_PRIMOP:
	case NAMES_JOINT:
		return STACKS_HASKELL;
	case NAMES_RTS:
		return STACKS_RTS;
	case NAMES_FOREIGN:
		return STACKS_FOREIGN;
	default:
		return STACKS_UNKNOWN;
	}
}

/* Where Haskell code has called the C code that the sample met: the first address on the C stack that is not C's own.
 * Its frame, 0 when the C code was not called from Haskell. */
static uint32_t caller_of(struct stacks *s, struct space *space, const struct hsprof_sample *sample,
                          enum names_kind *ret_kind)
{
	for (uint32_t i = 0; i < sample->n_calls; i++) {
		uint64_t address = sample->frames[sample->n_frames + i];
		uint32_t frame;

		/* Code that handles frames has pointers to their code on its stack too. */
		if (!space_is_after_call(s->spaces, space, address))
			continue;
		/* What is behind the call may already be the next function. */
		frame = space_frame(s->spaces, space, address - 1, s->round, ret_kind);
		if (code_of(*ret_kind) == STACKS_HASKELL)
			return frame;
	}
	return 0;
}

/* Whether the frames that the walk found are to be believed. In Haskell code rbp is the stack pointer. In C it is
 * whatever the compiler made of it: often still the same, or saved, which is so when there is a whole stack right where
 * it points. The collector of garbage looks at stacks too, so in the run-time system it takes a caller in Haskell. */
static enum stacks_whole whole_of(const struct hsprof_sample *sample, enum stacks_code code, int has_caller)
{
	int is_whole = sample->ending == HSPROF_STOPPED || sample->ending == HSPROF_CAPPED;
	int is_saved = (sample->flags & HSPROF_SP_FROM_C) != 0;

	if (sample->ending == HSPROF_NOT_WALKED)
		return STACKS_BARE;
	if (code != STACKS_HASKELL && (!is_whole || sample->n_slides > 0))
		return STACKS_BARE;
	if (code != STACKS_HASKELL && !has_caller && (code == STACKS_RTS || is_saved))
		return STACKS_BARE;
	if (!is_whole || (code == STACKS_HASKELL && is_saved))
		return STACKS_BROKEN;
	return sample->ending == HSPROF_STOPPED ? STACKS_COMPLETE : STACKS_CAPPED;
}

static uint32_t push_walked(struct stacks *s, struct space *space, const struct hsprof_sample *sample, uint32_t stack,
                            uint32_t *last)
{
	for (uint32_t i = sample->n_frames; i-- > 0;) {
		enum names_kind kind;
		uint32_t frame = space_frame(s->spaces, space, sample->frames[i], s->round, &kind);

		if (kind == NAMES_JOINT || frame == *last)
			continue;
		stack = push(s, stack, frame);
		*last = frame;
	}
	return stack;
}

static void make_out(struct stacks *s, const struct hsprof_sample *sample, struct known *ret)
{
	struct space *space = spaces_of(s->spaces, sample, s->round);
	enum names_kind kind = NAMES_UNKNOWN, caller_kind = NAMES_UNKNOWN;
	uint32_t stack, leaf, caller = 0, last = 0;

	leaf = space ? space_frame(s->spaces, space, sample->ip, s->round, &kind) : frame_called(s, "[unknown]");
	ret->code = (uint8_t)code_of(kind);
	if (space && ret->code != STACKS_HASKELL)
		caller = caller_of(s, space, sample, &caller_kind);
	ret->whole = (uint8_t)whole_of(sample, ret->code, caller != 0);
	stack = push_program(s, space ? space_program(s->spaces, space) : NULL);
	if (ret->whole == STACKS_CAPPED)
		stack = push(s, stack, label(s, LABEL_DEEPER));
	if (ret->whole == STACKS_BROKEN)
		stack = push(s, stack, label(s, LABEL_BROKEN));
	if (space && ret->whole != STACKS_BARE)
		stack = push_walked(s, space, sample, stack, &last);
	if (ret->whole != STACKS_BARE && caller && caller != last && caller_kind != NAMES_JOINT) {
		stack = push(s, stack, caller);
		last = caller;
	}
	if (kind == NAMES_RTS)
		stack = push(s, stack, label(s, LABEL_RTS));
	if (leaf != last)
		stack = push(s, stack, leaf);
	if (sample->flags & HSPROF_IN_KERNEL)
		stack = push(s, stack, label(s, LABEL_KERNEL));
	ret->stack = stack;
}

/* ---- Counting ---- */

int stacks_new(const struct weir_host *h, struct spaces *spaces, struct stacks **ret, struct weir_error *reterr)
{
	struct stacks *s = calloc(1, sizeof(*s));

	if (s) {
		s->host = h;
		s->spaces = spaces;
		s->known = calloc(SLOTS, sizeof(*s->known));
		s->touched = calloc(SLOTS, sizeof(*s->touched));
		s->counts = calloc(STACKS_KNOWN_MAX, sizeof(*s->counts));
	}
	if (!s || !s->known || !s->touched || !s->counts) {
		stacks_free(s);
		return weir_fail(reterr, -ENOMEM, "hsprof: no memory");
	}
	*ret = s;
	return 0;
}

void stacks_free(struct stacks *s)
{
	if (!s)
		return;
	free(s->known);
	free(s->touched);
	free(s->counts);
	free(s);
}

/* FNV-1a over words, then MurmurHash3's last mixing: equal samples of a process must meet, others must not. */
static uint64_t hash_of(const struct hsprof_sample *sample)
{
	uint64_t h = 0xcbf29ce484222325ULL;
	const uint64_t head[] = { sample->code_start, sample->code_end, sample->ip,
		                  (uint64_t)sample->tgid << 32 | (uint64_t)sample->n_frames << 16 |
		                          (uint64_t)sample->ending << 8 | sample->flags,
		                  (uint64_t)sample->n_slides << 8 | sample->n_calls };

	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		h = (h ^ head[i]) * 0x100000001b3ULL ^ h >> 29;
	for (uint32_t i = 0; i < (uint32_t)sample->n_frames + sample->n_calls; i++)
		h = (h ^ sample->frames[i]) * 0x100000001b3ULL ^ h >> 29;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
	h ^= h >> 33;
	return h ? h : 1;
}

static struct known *slot_of(struct stacks *s, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (SLOTS - 1);

	while (s->known[i].hash && s->known[i].hash != hash)
		i = (i + 1) & (SLOTS - 1);
	return &s->known[i];
}

/* Forgets what was met before this round, so that there is room. 1, or 0 when this round alone fills it. */
static int forget(struct stacks *s)
{
	uint32_t n = s->n_touched;
	struct known *kept = n < STACKS_KNOWN_MAX ? calloc(n ? n : 1, sizeof(*kept)) : NULL;

	if (!kept)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		kept[i] = s->known[s->touched[i]];
	memset(s->known, 0, SLOTS * sizeof(*s->known));
	for (uint32_t i = 0; i < n; i++) {
		struct known *k = slot_of(s, kept[i].hash);

		*k = kept[i];
		s->touched[i] = (uint32_t)(k - s->known);
	}
	s->n_known = n;
	free(kept);
	return 1;
}

int stacks_add(struct stacks *s, const struct hsprof_sample *sample)
{
	uint64_t hash = hash_of(sample);
	struct known *k = slot_of(s, hash);

	if (!k->hash) {
		if (s->n_known == STACKS_KNOWN_MAX) {
			if (!forget(s))
				return -E2BIG;
			k = slot_of(s, hash);
		}
		make_out(s, sample, k);
		if (!k->stack)
			return -EINVAL;
		k->hash = hash;
		s->n_known++;
	}
	s->seen[k->code][k->whole]++;
	if (k->n++ == 0)
		s->touched[s->n_touched++] = (uint32_t)(k - s->known);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct stacks_count *x = a, *y = b;

	return x->stack < y->stack ? -1 : x->stack > y->stack;
}

const struct stacks_count *stacks_take(struct stacks *s, uint32_t *ret_n)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_touched; i++) {
		struct known *k = &s->known[s->touched[i]];

		s->counts[i] = (struct stacks_count){ k->stack, k->n };
		k->n = 0;
	}
	qsort(s->counts, s->n_touched, sizeof(*s->counts), compare);
	for (uint32_t i = 0; i < s->n_touched; i++) {
		if (n > 0 && s->counts[n - 1].stack == s->counts[i].stack)
			s->counts[n - 1].n += s->counts[i].n;
		else
			s->counts[n++] = s->counts[i];
	}
	s->n_touched = 0;
	s->round++;
	*ret_n = n;
	return s->counts;
}

uint64_t stacks_seen(const struct stacks *s, enum stacks_code code, enum stacks_whole whole)
{
	return s->seen[code][whole];
}
