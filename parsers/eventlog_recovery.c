/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/eventlog_recovery.h"

#include "parsers/eventlog_record.h"
#include "parsers/eventlog_repair.h"

#include <string.h>

enum {
	TIGHT_AHEAD_NS = 100000000, /* how far on a record may be that was written into another */
	TIME_HIGH_MAX = 4,          /* bytes of a time that may stand apart from the rest */
};

/* ---- Resynchronisation ---- */

/* Whether a block may begin here. */
static int is_marker(const struct eventlog_stretch *q, const struct eventlog_block *tight, size_t i)
{
	struct eventlog_block none = eventlog_block_none();
	struct eventlog_event e;

	if (q->n - i < 2 || eventlog_u16(q->at + i) != EVENTLOG_BLOCK_MARKER)
		return 0;
	if (eventlog_measure(q->s, &none, q->at + i, q->n - i, &e) != PARSE_OK)
		return !q->is_last && q->n - i < EVENTLOG_MARKER_BYTES;
	return eventlog_block_is_likely(&e, tight->last_time_ns);
}

/* Whether the log goes on at byte i. is_first: of the damage, so that what stood before it may be at fault. */
static enum parse_result is_way_on(const struct eventlog_stretch *q, const struct eventlog_block *tight, size_t i,
                                   int is_first, int *ret_is_open)
{
	const uint8_t *at = q->at + i;
	uint64_t offset = q->offset + i;
	size_t n = q->n - i;
	struct eventlog_block open = *tight;
	enum parse_result r;

	*ret_is_open = 1;
	open.end_offset = UINT64_MAX;
	if (is_marker(q, tight, i))
		open = eventlog_block_none();
	else if (offset < tight->end_offset && !is_first)
		*ret_is_open = 0;
	r = eventlog_chain(q->s, *ret_is_open ? &open : tight, offset, at, n, q->is_last);
	if (r == PARSE_BAD && n >= 2 && eventlog_u16(at) == EVENTLOG_END_TAG)
		r = eventlog_measure_end(tight, offset, at, n, q->is_last);
	return r;
}

/* Where the log goes on, from byte *i on. PARSE_OK: at *i; ret_is_open: whatever the block says of its end. */
static enum parse_result find_way_on(const struct eventlog_stretch *q, const struct eventlog_block *block,
                                     uint64_t gap_offset, size_t *i, int *ret_is_open)
{
	struct eventlog_block tight = eventlog_tighten(block);
	enum parse_result found = PARSE_BAD;

	for (; *i <= q->n; ++*i) {
		found = is_way_on(q, &tight, *i, q->offset + *i == gap_offset, ret_is_open);
		if (found != PARSE_BAD)
			break;
	}
	*i = *i < q->n ? *i : q->n;
	return found;
}

/* Passes over bytes until the log goes on. PARSE_OK: it does, after *n bytes; else they, too, are lost. */
static enum parse_result resynchronise(const struct eventlog_recovery *r, struct eventlog *s,
                                       const struct eventlog_stretch *q, size_t *n)
{
	int is_open = 0;
	enum parse_result found = find_way_on(q, &s->block, r->gap.offset, n, &is_open);

	if (found == PARSE_OK && is_open)
		s->block.end_offset = UINT64_MAX;
	return found;
}

/* Whether a record seems to begin inside the n_record bytes before byte i, and to go on inside or behind them. Behind
 * them, the rest of the one that it was written into comes first, so that of its time only the end stands in one piece.
 */
static int is_contaminated(const struct eventlog_stretch *q, const struct eventlog_block *block, size_t i,
                           size_t n_record)
{
	struct eventlog_block tight = eventlog_tighten(block);

	tight.span_ns = tight.slack_ns + TIGHT_AHEAD_NS;
	for (size_t k = i - n_record + 1; k < i && k + EVENTLOG_HEAD_BYTES <= q->n; k++)
		if (eventlog_is_declared(q->s, eventlog_u16(q->at + k)) &&
		    eventlog_is_timely(&tight, eventlog_u64(q->at + k + 2)))
			return 1;
	if (i + EVENTLOG_HEAD_BYTES > q->n || eventlog_is_declared(q->s, eventlog_u16(q->at + i)))
		return 0;
	for (unsigned n_high = 0; n_high <= TIME_HIGH_MAX; n_high++) {
		uint64_t low_mask = UINT64_MAX >> (8 * n_high);
		uint64_t time_ns = (block->last_time_ns & ~low_mask) | (eventlog_u64(q->at + i + 2) & low_mask);

		if (eventlog_is_timely(&tight, time_ns))
			return 1;
	}
	return 0;
}

/* ---- Both ---- */

/* Up to two records before the damage that were held back, and how things stood before each and after the last. */
struct held {
	struct eventlog_event e[EVENTLOG_HELD];
	struct eventlog_block block[EVENTLOG_HELD + 1];
	size_t at[EVENTLOG_HELD + 1];
	size_t n;
};

static struct held measure_held(const struct eventlog *s, const struct eventlog_stretch *q, size_t n_bytes)
{
	struct held h = { .block = { s->block } };

	while (h.at[h.n] < n_bytes && h.n < EVENTLOG_HELD) {
		size_t at = h.at[h.n];
		struct eventlog_block block = h.block[h.n];

		if (eventlog_measure_next(s, &block, q->offset + at, q->at + at, q->n - at, &h.e[h.n]) != PARSE_OK)
			break;
		h.at[h.n + 1] = (size_t)(eventlog_end(&h.e[h.n]) - q->at);
		h.block[h.n + 1] = block;
		h.n++;
	}
	return h;
}

static struct eventlog_stretch search_from(const struct eventlog_stretch *q, size_t at)
{
	return (struct eventlog_stretch){ q->s, q->at + at, q->n - at, q->offset + at, q->is_last };
}

static void take(struct eventlog_batch *b, const struct eventlog_event *e, size_t n)
{
	memcpy(b->events + b->n, e, n * sizeof(*e));
	b->n += n;
}

/* Whether the log goes on sooner without the last of the sound records: its time was made of two, so that all that
 * follows is too early. Looks no further than is there whatever the windows are. */
static int hides_way_on(const struct held *h, const struct eventlog_stretch *q, size_t n_sound)
{
	size_t from = h->at[n_sound], with = from, without = from, n_near = from + EVENTLOG_REPAIR_REACH;
	struct eventlog_stretch near = *q;
	int is_open = 0;

	if (near.n >= n_near) {
		near.n = n_near;
		near.is_last = 0;
	}
	(void)find_way_on(&near, &h->block[n_sound], q->offset + from, &with, &is_open);
	return find_way_on(&near, &h->block[n_sound - 1], q->offset + from, &without, &is_open) == PARSE_OK &&
	       without < with;
}

/* How many of the held records can be believed although no repair worked. A block's marker can: its own sense was
 * enough. */
static size_t believed(const struct held *h, const struct eventlog_stretch *q, size_t n_sound)
{
	if (!n_sound || h->e[n_sound - 1].tag == EVENTLOG_BLOCK_MARKER)
		return n_sound;
	return n_sound - (size_t)(is_contaminated(q, &h->block[n_sound - 1], h->at[n_sound],
	                                          h->at[n_sound] - h->at[n_sound - 1]) ||
	                          hides_way_on(h, q, n_sound));
}

/* Hands out what of the records before the damage can be believed, and what can be repaired. PARSE_OK: all. PARSE_BAD:
 * the bytes behind b->n_used are lost. PARSE_MORE. */
static enum parse_result mend(struct eventlog_recovery *r, struct eventlog *s, const struct eventlog_stretch *q,
                              size_t n_before, struct eventlog_batch *b)
{
	struct held h = measure_held(s, q, n_before);
	enum parse_result found = PARSE_BAD;
	struct eventlog_event pair[2];
	size_t i = h.n, n_sound = h.n, n = 0;

	for (;; i--) {
		struct eventlog_stretch from = search_from(q, h.at[i]);
		int is_ambiguous = 0;

		found = eventlog_repair(r, &from, &h.block[i], pair, &n, &is_ambiguous);
		if (is_ambiguous)
			n_sound = i;
		if (found != PARSE_BAD || !i || h.e[i - 1].tag == EVENTLOG_BLOCK_MARKER)
			break;
	}
	if (found == PARSE_MORE)
		return found;
	if (found == PARSE_BAD)
		i = believed(&h, q, n_sound);
	take(b, h.e, i);
	s->block = h.block[i];
	b->n_used = h.at[i];
	if (found == PARSE_OK) {
		take(b, pair, 2);
		s->block.last_time_ns = pair[1].time_ns;
		b->n_used += n;
	}
	return found;
}

enum parse_result eventlog_recover(struct eventlog_recovery *r, struct eventlog *s, const uint8_t *at, size_t n,
                                   int is_last, const struct parse_fault *fault, struct eventlog_batch *b,
                                   struct eventlog_gap *ret)
{
	struct eventlog_stretch q = { s, at, n, s->offset, is_last };
	enum parse_result found = PARSE_BAD;
	size_t i = 0;

	b->n = 0;
	b->n_used = 0;
	*ret = (struct eventlog_gap){ 0 };
	if (s->phase == EVENTLOG_AT_START || s->phase == EVENTLOG_IN_HEADER)
		return PARSE_BAD;
	if (s->phase != EVENTLOG_LOST) {
		if (!is_last && n < fault->offset - s->offset + EVENTLOG_REPAIR_REACH)
			return PARSE_MORE;
		found = mend(r, s, &q, (size_t)(fault->offset - s->offset), b);
		if (found == PARSE_MORE)
			return found;
		r->gap = (struct eventlog_gap){ .offset = s->offset + b->n_used,
			                        .code = fault->code,
			                        .reason = fault->reason };
		/* Not with a record that was just dropped, and not twice at the same place: once, as the block may have
		 * lied. */
		i = b->n_used + (r->gap.offset < fault->offset || r->stood_at == s->offset + 1);
	}
	if (found == PARSE_OK) {
		r->gap.offset = fault->offset;
		r->gap.n_records = 2;
		r->gap.is_repaired = 1;
	} else {
		found = resynchronise(r, s, &q, &i);
		b->n_used = i;
	}
	s->offset += b->n_used;
	r->stood_at = found == PARSE_OK && b->n_used == 0 ? s->offset + 1 : 0;
	s->phase = found == PARSE_OK ? EVENTLOG_IN_RECORDS : EVENTLOG_LOST;
	if (found == PARSE_OK) {
		*ret = r->gap;
		if (strcmp(ret->code, "eventlog.cut") == 0 && b->n_used < n) {
			ret->code = "eventlog.length";
			ret->reason = "a record that is longer than all that is left";
		}
		if (!ret->is_repaired)
			ret->n_bytes = s->offset - ret->offset;
		ret->n_records += ret->n_bytes > 0;
	}
	b->capability = s->block.capability;
	return found == PARSE_OK || b->n_used ? PARSE_OK : PARSE_MORE;
}
