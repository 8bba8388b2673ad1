/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/eventlog_repair.h"

#include <string.h>

enum {
	TIGHT_SLACK_NS = 10000000, /* how far back a record may step that is to prove something */
	LENGTH_END = EVENTLOG_HEAD_BYTES + 2,
	ZERO_SHARED_MAX = 2,  /* where Y can begin when its first byte has fallen on X's: inside X's tag */
	TRIALS_MAX = 1 << 26, /* of all repairs of a stream: some seconds; then no more are tried */
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

struct eventlog_block eventlog_tighten(const struct eventlog_block *block)
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
	size = eventlog_size_of(s, tag);
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
static enum parse_result weave_try(struct weave *w, const struct eventlog_stretch *q,
                                   const struct eventlog_block *tight, uint8_t pieces[2][EVENTLOG_PIECE_MAX],
                                   struct eventlog_event e[2])
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
static size_t first_part_max(const struct eventlog_stretch *q, const struct eventlog_block *tight, size_t from)
{
	const uint8_t *at = q->at + from;
	size_t n = from < q->n ? q->n - from : 0;
	uint32_t tag, size;

	if (n < LENGTH_END)
		return LENGTH_END;
	tag = eventlog_u16(at);
	size = eventlog_size_of(q->s, tag);
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

static void prove(struct proof *p, struct weave *w, const struct eventlog_stretch *q,
                  const struct eventlog_block *tight)
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

static void prove_all(struct proof *p, const struct eventlog_stretch *q, const struct eventlog_block *tight)
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
static void prove_shared(struct proof *p, const struct eventlog_stretch *q, const struct eventlog_block *tight)
{
	for (size_t n_x = 1; n_x <= ZERO_SHARED_MAX; n_x++)
		for (size_t n_y = 1; n_y < EVENTLOG_PIECE_MAX && !p->is_ambiguous; n_y++) {
			struct weave w = { .at = q->at, .n = q->n, .n_x = n_x, .n_y = n_y, .n_shared = 1 };

			prove(p, &w, q, tight);
		}
}

enum parse_result eventlog_repair(struct eventlog_recovery *r, const struct eventlog_stretch *q,
                                  const struct eventlog_block *block, struct eventlog_event ret[2], size_t *ret_n,
                                  int *ret_is_ambiguous)
{
	struct eventlog_block tight = eventlog_tighten(block);
	struct proof p = { .r = r };
	int is_swapped;

	prove_all(&p, q, &tight);
	if (!p.n_found && !p.is_ambiguous)
		prove_shared(&p, q, &tight);
	*ret_is_ambiguous = p.is_ambiguous;
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
