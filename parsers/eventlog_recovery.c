/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/eventlog_recovery.h"

#include "parsers/eventlog_record.h"

#include <string.h>

enum {
	TIGHT_SLACK_NS = 10000000, /* how far back a record may step that is to prove something; 11 us have been seen */
	TIGHT_AHEAD_NS = 100000000, /* how far on one may be that was written into another */
	LENGTH_END = EVENTLOG_HEAD_BYTES + 2,
	ZERO_SHARED_MAX = 2,  /* where Y can begin when its first byte has fallen on X's: inside X's tag */
	TRIALS_MAX = 1 << 26, /* of all repairs of a stream: some seconds; then no more are tried */
	REACH = 2 * EVENTLOG_PIECE_MAX,
};

static const uint64_t open_block_ns = 3600000000000; /* how far on, where the block doesn't say when it ends */

/* Two records that may lie in the bytes from `at` on: X[0..n_x) Y[0..n_y) X.. Y.. */
struct weave {
	const uint8_t *at;
	size_t n;
	size_t n_x, n_y;   /* bytes of the first part of each */
	size_t n_shared;   /* 1: Y's first byte, a 0, is not there */
	size_t n_whole[2]; /* found out: of X and Y */
};

struct search {
	const struct eventlog *s;
	const uint8_t *at;
	size_t n;
	uint64_t offset;
	int is_last;
};

/* ---- Repair ---- */

static struct eventlog_block tighten(const struct eventlog_block *block)
{
	struct eventlog_block tight = *block;
	uint64_t ahead_ns = block->span_ns == UINT64_MAX ? open_block_ns : block->span_ns - block->slack_ns;

	tight.slack_ns = tight.last_time_ns < TIGHT_SLACK_NS ? tight.last_time_ns : TIGHT_SLACK_NS;
	tight.span_ns = ahead_ns + tight.slack_ns;
	return tight;
}

/* Byte i of X (which = 0) or Y (1). Y's needs X's length. -1: beyond what there is. */
static int weave_byte(const struct weave *w, int which, size_t i)
{
	size_t n_first = which ? w->n_y : w->n_x;
	size_t at;

	if (which && w->n_shared) {
		if (!i)
			return 0;
		i--;
	}
	if (which)
		at = i < n_first ? w->n_x + i : w->n_whole[0] + i;
	else
		at = i < n_first ? i : w->n_y + i;
	return at < w->n ? w->at[at] : -1;
}

static int weave_copy(const struct weave *w, int which, size_t from, size_t to, uint8_t *piece)
{
	for (size_t i = from; i < to; i++) {
		int byte = weave_byte(w, which, i);

		if (byte < 0)
			return 0;
		piece[i] = (uint8_t)byte;
	}
	return 1;
}

/* Puts one of the two together. 0: it is no record. */
static int weave_gather(struct weave *w, const struct eventlog *s, const struct eventlog_block *tight, int which,
                        uint8_t *piece, struct eventlog_event *e)
{
	size_t n = EVENTLOG_HEAD_BYTES, n_first = (which ? w->n_y + w->n_shared : w->n_x);
	uint32_t tag, size;

	if (!weave_copy(w, which, 0, n, piece) || !eventlog_is_timely(tight, eventlog_u64(piece + 2)))
		return 0;
	tag = eventlog_u16(piece);
	size = tag < EVENTLOG_TAGS_MAX ? s->size[tag] : EVENTLOG_SIZE_UNDECLARED;
	if (size < EVENTLOG_SIZE_SPECIAL_MIN) {
		n += size;
	} else {
		if (size != EVENTLOG_SIZE_VARIABLE || !weave_copy(w, which, n, LENGTH_END, piece))
			return 0;
		n = LENGTH_END + eventlog_u16(piece + EVENTLOG_HEAD_BYTES);
	}
	w->n_whole[which] = n;
	if (n > EVENTLOG_PIECE_MAX || n < n_first || (!which && n == n_first))
		return 0;
	return weave_copy(w, which, 0, n, piece) && eventlog_measure(s, tight, piece, n, e) == PARSE_OK;
}

/* Whether this weave explains the bytes. PARSE_OK with both records in e and pieces. */
static enum parse_result weave_try(struct weave *w, const struct search *q, const struct eventlog_block *tight,
                                   uint8_t pieces[2][EVENTLOG_PIECE_MAX], struct eventlog_event e[2])
{
	struct eventlog_block after = *tight;
	size_t n;

	if (!weave_gather(w, q->s, tight, 0, pieces[0], &e[0]) || !weave_gather(w, q->s, tight, 1, pieces[1], &e[1]))
		return PARSE_BAD;
	if (e[0].tag != EVENTLOG_PROF_SAMPLE_COST_CENTRE && e[1].tag != EVENTLOG_PROF_SAMPLE_COST_CENTRE)
		return PARSE_BAD;
	n = w->n_whole[0] + w->n_whole[1] - w->n_shared;
	after.last_time_ns = e[0].time_ns > e[1].time_ns ? e[0].time_ns : e[1].time_ns;
	return eventlog_chain(q->s, &after, q->offset + n, q->at + n, q->n - n, q->is_last);
}

/* How many bytes of the record at `from` may come before the other one cuts in: those of its head and, when that is
 * whole, all that it says it has. */
static size_t first_part_max(const struct search *q, const struct eventlog_block *tight, size_t from)
{
	const uint8_t *at = q->at + from;
	size_t n = from < q->n ? q->n - from : 0;
	uint32_t tag, size;

	if (n < LENGTH_END)
		return LENGTH_END;
	tag = eventlog_u16(at);
	size = tag < EVENTLOG_TAGS_MAX ? q->s->size[tag] : EVENTLOG_SIZE_UNDECLARED;
	if (!eventlog_is_timely(tight, eventlog_u64(at + 2)) ||
	    (size >= EVENTLOG_SIZE_SPECIAL_MIN && size != EVENTLOG_SIZE_VARIABLE))
		return LENGTH_END;
	n = size == EVENTLOG_SIZE_VARIABLE ? LENGTH_END + (size_t)eventlog_u16(at + EVENTLOG_HEAD_BYTES)
	                                   : EVENTLOG_HEAD_BYTES + size;
	return n < EVENTLOG_PIECE_MAX ? n : EVENTLOG_PIECE_MAX;
}

static int is_same(const struct eventlog_event *a, const struct eventlog_event *b)
{
	return a->tag == b->tag && a->time_ns == b->time_ns && a->n_payload == b->n_payload &&
	       memcmp(a->payload, b->payload, a->n_payload) == 0;
}

static int is_same_pair(const struct eventlog_event a[2], const struct eventlog_event b[2])
{
	return (is_same(&a[0], &b[0]) && is_same(&a[1], &b[1])) || (is_same(&a[0], &b[1]) && is_same(&a[1], &b[0]));
}

/* What all ways to weave two records have in common: exactly one pair, or nothing is proved. */
struct proof {
	struct eventlog_recovery *r;
	struct eventlog_event found[2];
	size_t n_found; /* bytes; 0: none yet */
	int is_ambiguous, is_short;
};

static void prove(struct proof *p, struct weave *w, const struct search *q, const struct eventlog_block *tight)
{
	uint8_t pieces[2][EVENTLOG_PIECE_MAX];
	struct eventlog_event e[2];
	enum parse_result r;

	if (p->r->n_trials >= TRIALS_MAX) {
		p->is_ambiguous = 1;
		return;
	}
	p->r->n_trials++;
	r = weave_try(w, q, tight, pieces, e);
	p->is_short |= r == PARSE_MORE;
	if (r != PARSE_OK)
		return;
	if (p->n_found) {
		p->is_ambiguous |= !is_same_pair(e, p->found);
		return;
	}
	p->n_found = w->n_whole[0] + w->n_whole[1] - w->n_shared;
	for (int i = 0; i < 2; i++) {
		memcpy(p->r->pieces[i], pieces[i], w->n_whole[i]);
		p->found[i] = e[i];
		p->found[i].payload = p->r->pieces[i] + (e[i].payload - pieces[i]);
	}
}

static void prove_all(struct proof *p, const struct search *q, const struct eventlog_block *tight)
{
	size_t n_x_max = first_part_max(q, tight, 0);

	for (size_t n_x = 1; n_x < n_x_max && !p->is_ambiguous; n_x++) {
		size_t n_y_max = first_part_max(q, tight, n_x);

		for (size_t n_y = 1; n_y <= n_y_max && !p->is_ambiguous; n_y++) {
			struct weave w = { .at = q->at, .n = q->n, .n_x = n_x, .n_y = n_y };

			prove(p, &w, q, tight);
		}
	}
}

/* The same where Y's first byte is missing. Y can't be measured where it stands, so all its lengths are tried. */
static void prove_shared(struct proof *p, const struct search *q, const struct eventlog_block *tight)
{
	for (size_t n_x = 1; n_x <= ZERO_SHARED_MAX; n_x++)
		for (size_t n_y = 1; n_y < EVENTLOG_PIECE_MAX && !p->is_ambiguous; n_y++) {
			struct weave w = { .at = q->at, .n = q->n, .n_x = n_x, .n_y = n_y, .n_shared = 1 };

			prove(p, &w, q, tight);
		}
}

/* PARSE_OK: both records, in the order of their times, and in ret_n how many bytes they are made of. */
static enum parse_result repair(struct eventlog_recovery *r, const struct search *q, const struct eventlog_block *block,
                                struct eventlog_event *ret, size_t *ret_n)
{
	struct eventlog_block tight = tighten(block);
	struct proof p = { .r = r };
	int is_swapped;

	prove_all(&p, q, &tight);
	if (!p.n_found && !p.is_ambiguous)
		prove_shared(&p, q, &tight);
	if (p.is_short && !q->is_last)
		return PARSE_MORE;
	if (!p.n_found || p.is_ambiguous)
		return PARSE_BAD;
	is_swapped = p.found[1].time_ns < p.found[0].time_ns;
	ret[0] = p.found[is_swapped];
	ret[1] = p.found[!is_swapped];
	*ret_n = p.n_found;
	return PARSE_OK;
}

/* ---- Resynchronisation ---- */

/* Whether the log goes on at byte i. is_first: of the damage, so that what stood before it may be at fault. */
static enum parse_result is_way_on(const struct search *q, const struct eventlog_block *tight, size_t i, int is_first,
                                   int *ret_is_open)
{
	const uint8_t *at = q->at + i;
	uint64_t offset = q->offset + i;
	size_t n = q->n - i;
	struct eventlog_block open = *tight;
	enum parse_result r;

	*ret_is_open = 1;
	open.end_offset = UINT64_MAX;
	if (n >= 2 && eventlog_u16(at) == EVENTLOG_BLOCK_MARKER)
		open = eventlog_block_none();
	else if (offset < tight->end_offset && !is_first)
		*ret_is_open = 0;
	r = eventlog_chain(q->s, *ret_is_open ? &open : tight, offset, at, n, q->is_last);
	if (r == PARSE_BAD && n >= 2 && eventlog_u16(at) == EVENTLOG_END_TAG)
		r = eventlog_measure_end(tight, offset, at, n, q->is_last);
	return r;
}

/* Passes over bytes until the log goes on. PARSE_OK: it does, after *n bytes; else they, too, are lost. */
static enum parse_result resynchronise(const struct eventlog_recovery *r, struct eventlog *s, const struct search *q,
                                       size_t *n)
{
	struct eventlog_block tight = tighten(&s->block);
	enum parse_result found = PARSE_BAD;
	int is_open = 0;
	size_t i = *n;

	for (; i <= q->n; i++) {
		found = is_way_on(q, &tight, i, q->offset + i == r->gap.offset, &is_open);
		if (found != PARSE_BAD)
			break;
	}
	*n = i < q->n ? i : q->n;
	if (found == PARSE_OK && is_open)
		s->block.end_offset = UINT64_MAX;
	return found;
}

/* Whether another record seems to begin inside this one. */
static int is_contaminated(const struct search *q, const struct eventlog_block *block, size_t n_record)
{
	struct eventlog_block tight = tighten(block);

	tight.span_ns = tight.slack_ns + TIGHT_AHEAD_NS;
	for (size_t i = 1; i < n_record && i + EVENTLOG_HEAD_BYTES <= q->n; i++) {
		uint32_t tag = eventlog_u16(q->at + i);

		if (tag < EVENTLOG_TAGS_MAX && q->s->size[tag] != EVENTLOG_SIZE_UNDECLARED &&
		    eventlog_is_timely(&tight, eventlog_u64(q->at + i + 2)))
			return 1;
	}
	return 0;
}

/* ---- Both ---- */

static void take(struct eventlog_batch *b, const struct eventlog_event *e, size_t n)
{
	memcpy(b->events + b->n, e, n * sizeof(*e));
	b->n += n;
}

/* The record before the damage, if there is one, is still held back: n_before bytes. PARSE_OK: the damage is repaired.
 * PARSE_BAD: it is not; s->block and b are past what could be kept. */
static enum parse_result mend(struct eventlog_recovery *r, struct eventlog *s, const struct search *q, size_t n_before,
                              struct eventlog_batch *b)
{
	struct search after = { s, q->at + n_before, q->n - n_before, q->offset + n_before, q->is_last };
	struct eventlog_block block = s->block;
	struct eventlog_event before, pair[2];
	enum parse_result found;
	int is_marker = 0;
	size_t n;

	if (n_before) {
		(void)eventlog_measure_next(s, &block, q->offset, q->at, q->n, &before);
		is_marker = before.tag == EVENTLOG_BLOCK_MARKER;
	}
	found = repair(r, &after, &block, pair, &n);
	if (found == PARSE_MORE)
		return found;
	if (found == PARSE_BAD && n_before && !is_marker) {
		found = repair(r, q, &s->block, pair, &n);
		if (found == PARSE_MORE)
			return found;
		if (found == PARSE_BAD && is_contaminated(q, &s->block, n_before))
			return found;
		n_before = found == PARSE_OK ? 0 : n_before;
	}
	if (n_before) {
		take(b, &before, 1);
		s->block = block;
	}
	if (found == PARSE_OK) {
		take(b, pair, 2);
		s->block.last_time_ns = pair[1].time_ns;
	}
	b->n_used = n_before + (found == PARSE_OK ? n : 0);
	return found;
}

enum parse_result eventlog_recover(struct eventlog_recovery *r, struct eventlog *s, const uint8_t *at, size_t n,
                                   int is_last, const struct parse_fault *fault, struct eventlog_batch *b,
                                   struct eventlog_gap *ret)
{
	struct search q = { s, at, n, s->offset, is_last };
	enum parse_result found = PARSE_BAD;
	size_t i = 0;

	b->n = 0;
	b->n_used = 0;
	*ret = (struct eventlog_gap){ 0 };
	if (s->phase == EVENTLOG_AT_START || s->phase == EVENTLOG_IN_HEADER)
		return PARSE_BAD;
	if (s->phase != EVENTLOG_LOST) {
		if (!is_last && n < fault->offset - s->offset + REACH)
			return PARSE_MORE;
		found = mend(r, s, &q, (size_t)(fault->offset - s->offset), b);
		if (found == PARSE_MORE)
			return found;
		r->gap = (struct eventlog_gap){ .offset = s->offset + b->n_used,
			                        .code = fault->code,
			                        .reason = fault->reason };
		i = b->n_used;
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
	s->phase = found == PARSE_OK ? EVENTLOG_IN_RECORDS : EVENTLOG_LOST;
	if (found == PARSE_OK) {
		*ret = r->gap;
		if (!ret->is_repaired)
			ret->n_bytes = s->offset - ret->offset;
		ret->n_records += ret->n_bytes > 0;
	}
	b->capability = s->block.capability;
	return found == PARSE_OK || b->n_used ? PARSE_OK : PARSE_MORE;
}
