/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/eventlog.h"

#include "parsers/cursor.h"
#include "parsers/eventlog_record.h"

#include <string.h>

enum {
	TEXT_MODE_REACH = 128, /* bytes of a type that are looked at for what a copy did to line ends */
	PLAIN_MAX = 128,       /* bytes of a record of fixed size; GHC's longest have 68 */
	GUESSES_WRONG_MAX = EVENTLOG_BATCH_MAX / 8,
	GUESS_PAUSE = 32, /* batches */
};

/* How a run of records ended. */
enum stop {
	STOP_NOT,
	STOP_FULL,   /* no room for more */
	STOP_LIMIT,  /* right at the end of the block */
	STOP_SHORT,  /* inside a record at the end of the buffer */
	STOP_HINGE,  /* before what isn't a plain record: a marker, the end, a header */
	STOP_DAMAGE, /* before what makes no sense */
};

struct run {
	const uint8_t *at;    /* the next record */
	const uint8_t *limit; /* of the block or the buffer, whichever comes first */
	int is_block_limit;
};

static enum parse_result bad(struct parse_fault *f, uint64_t offset, const char *code, const char *reason)
{
	*f = (struct parse_fault){ offset, code, reason };
	return PARSE_BAD;
}

static void forget_types(struct eventlog *s)
{
	for (size_t i = 0; i < EVENTLOG_TAGS_MAX; i++)
		s->size[i] = EVENTLOG_SIZE_UNDECLARED;
	s->block = eventlog_block_none();
}

void eventlog_init(struct eventlog *s)
{
	*s = (struct eventlog){ 0 };
	forget_types(s);
}

/* ---- Runs of records ---- */

/* Why the run can't go on with what stands at `at`. STOP_NOT: it can, with the record in e. */
static enum stop read_special(const struct eventlog *s, const struct eventlog_block *block, const struct run *run,
                              const uint8_t *at, struct eventlog_event *e)
{
	size_t n = (size_t)(run->limit - at);
	uint32_t tag = n >= 2 ? eventlog_u16(at) : 0;
	uint32_t size = eventlog_size_of(s, tag);
	enum parse_result r;

	if (!n && run->is_block_limit)
		return STOP_LIMIT;
	if (n >= 2 && (size == EVENTLOG_SIZE_MARKER || size == EVENTLOG_SIZE_UNDECLARED))
		return STOP_HINGE;
	r = eventlog_measure(s, block, at, n, e);
	if (r == PARSE_OK)
		return STOP_NOT;
	return r == PARSE_BAD || run->is_block_limit ? STOP_DAMAGE : STOP_SHORT;
}

/* A processor guesses branches, but waits for a table: where the next record stands hangs on the size of this one. So
 * the size is guessed to be that of the record before the last one, as in RUN, STOP, RUN, STOP. Where that is often
 * wrong, a wrong guess costs more than right ones save, and the reader does without for a while. */
struct guess {
	uint32_t last, before;
	uint32_t n_wrong;
};

/* The compiler takes no branch whose two results it knows to be the same. */
static inline uint32_t hidden(uint32_t size)
{
	__asm__("" : "+r"(size));
	return size;
}

static inline uint32_t guess_size(struct guess *g, uint32_t size)
{
	uint32_t before = g->before, guess = hidden(before);

	g->before = g->last;
	g->last = size;
	if (size == before)
		return guess;
	g->n_wrong++;
	return size;
}

/* The payload of a record that states its length. 0: it is not all there, or makes no sense. */
static inline int read_length(struct eventlog_event *e, const uint8_t *limit)
{
	size_t n = (size_t)(limit - e->payload);

	if (n < EVENTLOG_LENGTH_BYTES)
		return 0;
	e->n_payload = eventlog_u16(e->payload);
	e->payload += EVENTLOG_LENGTH_BYTES;
	return e->n_payload <= n - EVENTLOG_LENGTH_BYTES && eventlog_is_stack_sound(e);
}

/* The hot loop: records of fixed size and of a stated length here and now; what is special, or so near the end that it
 * might not be whole, through read_special(). `guess` NULL: none. */
static inline __attribute__((always_inline)) enum stop
read_run_with(const struct eventlog *s, struct eventlog_block *block, struct run *run, struct eventlog_event **ret,
              const struct eventlog_event *e_end, struct guess *guess)
{
	/* As at the first record: where that is more than the slack later, read_special() knows. */
	const uint64_t slack_ns = eventlog_step_back(block);
	const uint64_t span_ns = block->span_ns - (block->slack_ns - slack_ns);
	const uint8_t *at = run->at, *limit = run->limit;
	const uint8_t *whole = limit - at > PLAIN_MAX ? limit - PLAIN_MAX : at;
	uint64_t first_ns = block->last_time_ns - slack_ns; /* that the next record may have */
	struct eventlog_event *e = *ret;
	enum stop stop = STOP_NOT;

	while (e < e_end) {
		if (__builtin_expect(at < whole, 1)) {
			uint16_t tag = eventlog_u16(at);
			uint64_t time_ns = eventlog_u64(at + 2);
			uint32_t size = __builtin_expect(!at[0], 1) ? s->size[at[1]] : eventlog_size_of(s, tag);

			if (guess)
				size = guess_size(guess, size);
			*e = (struct eventlog_event){ time_ns, at + EVENTLOG_HEAD_BYTES, size, tag, EVENTLOG_RECORD };
			if (__builtin_expect(time_ns - first_ns <= span_ns, 1) &&
			    (__builtin_expect(size <= PLAIN_MAX - EVENTLOG_HEAD_BYTES, 1) ||
			     (size == EVENTLOG_SIZE_VARIABLE && read_length(e, limit)))) {
				at = eventlog_end(e);
				first_ns = time_ns - slack_ns;
				e++;
				continue;
			}
		}
		block->last_time_ns = first_ns + slack_ns;
		stop = read_special(s, block, run, at, e);
		if (stop != STOP_NOT)
			break;
		at = eventlog_end(e);
		if (!eventlog_has_own_clock(e->tag))
			first_ns = e->time_ns - slack_ns;
		e++;
	}
	run->at = at;
	*ret = e;
	return stop == STOP_NOT ? STOP_FULL : stop;
}

/* Not inlined, so that the registers are their own. */
static __attribute__((noinline)) enum stop read_run_guessing(const struct eventlog *s, struct eventlog_block *block,
                                                             struct run *run, struct eventlog_event **ret,
                                                             const struct eventlog_event *e_end)
{
	struct guess guess = { 0 };
	enum stop stop = read_run_with(s, block, run, ret, e_end, &guess);

	block->n_until_guess = guess.n_wrong > GUESSES_WRONG_MAX ? GUESS_PAUSE : 0;
	return stop;
}

static __attribute__((noinline)) enum stop read_run_waiting(const struct eventlog *s, struct eventlog_block *block,
                                                            struct run *run, struct eventlog_event **ret,
                                                            const struct eventlog_event *e_end)
{
	block->n_until_guess--;
	return read_run_with(s, block, run, ret, e_end, NULL);
}

static enum stop read_run(const struct eventlog *s, struct eventlog_block *block, struct run *run,
                          struct eventlog_event **ret, const struct eventlog_event *e_end)
{
	return block->n_until_guess ? read_run_waiting(s, block, run, ret, e_end)
	                            : read_run_guessing(s, block, run, ret, e_end);
}

/* Whether the record behind a run at least begins like one. Only so much is asked of it, because so much is all that is
 * there when the buffer ends inside it, and what is handed out must not depend on that. */
static int has_head(const struct eventlog *s, const struct eventlog_block *block, const struct run *run)
{
	uint32_t tag;

	if (run->limit - run->at < EVENTLOG_HEAD_BYTES)
		return 0;
	tag = eventlog_u16(run->at);
	return eventlog_is_declared(s, tag) &&
	       (eventlog_is_timely(block, eventlog_u64(run->at + 2)) || eventlog_has_own_clock(tag));
}

/* Whether a block or the stream ends behind the run as it should. */
static int is_complete(const struct eventlog *s, const struct eventlog_block *block, const struct run *run,
                       enum stop stop, uint64_t offset, size_t n_left, int is_last)
{
	struct eventlog_block after = *block;
	struct eventlog_event e;
	enum parse_result r;

	if (stop != STOP_HINGE)
		return stop == STOP_LIMIT || (stop == STOP_SHORT && is_last);
	r = eventlog_measure_end(block, offset, run->at, n_left, is_last);
	if (r == PARSE_BAD)
		r = eventlog_measure_next(s, &after, offset, run->at, n_left, &e);
	return r == PARSE_OK || (r == PARSE_MORE && is_last);
}

/* Whether nothing that may still come can make sense of what stands behind the run. */
static int is_damage(const struct eventlog *s, const struct eventlog_block *block, const struct run *run,
                     enum stop stop, uint64_t offset, size_t n_left)
{
	struct eventlog_block after = *block;
	struct eventlog_event e;

	if (stop != STOP_HINGE)
		return stop == STOP_DAMAGE;
	return eventlog_measure_end(block, offset, run->at, n_left, 0) == PARSE_BAD &&
	       eventlog_measure_next(s, &after, offset, run->at, n_left, &e) == PARSE_BAD;
}

static enum parse_result explain(const struct eventlog *s, const struct eventlog_block *block, uint64_t offset,
                                 const uint8_t *at, size_t n, struct parse_fault *f)
{
	uint32_t tag = n >= 2 ? eventlog_u16(at) : 0;
	uint64_t time_ns = n >= EVENTLOG_HEAD_BYTES ? eventlog_u64(at + 2) : block->last_time_ns;

	if (tag == EVENTLOG_BLOCK_MARKER)
		return bad(f, offset, "eventlog.block", "a block begins where none can, or its marker makes no sense");
	if (offset == block->end_offset)
		return bad(f, offset, "eventlog.block", "no block begins where the one before ended");
	if (!eventlog_is_declared(s, tag))
		return bad(f, offset, "eventlog.tag", "a record of a type that the header does not declare");
	if (!eventlog_is_timely(block, time_ns))
		return bad(f, offset, "eventlog.time", "a record whose time is outside its block's");
	return bad(f, offset, "eventlog.length", "a record that does not fit: its contents, or the block's end");
}

/* What stands first decides which block the batch is of. PARSE_OK: its records may be read, b->n of them already. */
static enum parse_result open_batch(struct eventlog *s, const uint8_t *at, size_t n, int is_last,
                                    struct eventlog_batch *b, struct eventlog_block *block)
{
	enum parse_result r = eventlog_measure_end(block, s->offset, at, n, is_last);

	if (r == PARSE_OK && n >= 2 && eventlog_u16(at) == EVENTLOG_END_TAG) {
		b->n_used = 2;
		s->phase = EVENTLOG_AT_END;
		return PARSE_END;
	}
	if (r == PARSE_OK && n)
		s->phase = EVENTLOG_AT_START;
	if (r != PARSE_BAD)
		return PARSE_MORE;
	if (n < 2 || eventlog_u16(at) != EVENTLOG_BLOCK_MARKER)
		return n >= 2 && s->offset >= block->end_offset ? PARSE_BAD : PARSE_OK;
	r = eventlog_measure_next(s, block, s->offset, at, n, &b->events[0]);
	b->n = r == PARSE_OK;
	return r;
}

static uint64_t last_time(const struct eventlog_batch *b, uint64_t before_ns)
{
	for (size_t i = b->n; i > 0; i--)
		if (!eventlog_has_own_clock(b->events[i - 1].tag))
			return b->events[i - 1].time_ns;
	return before_ns;
}

static enum parse_result read_records(struct eventlog *s, const uint8_t *at, size_t n, int is_last,
                                      struct eventlog_batch *b, struct parse_fault *f)
{
	struct eventlog_block block = s->block;
	enum parse_result r = open_batch(s, at, n, is_last, b, &block);
	struct eventlog_event *e = b->events + b->n;
	struct run run = { .at = b->n ? eventlog_end(&b->events[0]) : at, .limit = at + n };
	uint64_t offset = s->offset;
	enum stop stop;

	if (r != PARSE_OK)
		return r == PARSE_BAD ? explain(s, &s->block, s->offset, at, n, f) : r;
	if (block.end_offset - s->offset <= n) {
		run.limit = at + (block.end_offset - s->offset);
		run.is_block_limit = 1;
	}
	stop = read_run(s, &block, &run, &e, b->events + EVENTLOG_BATCH_MAX + EVENTLOG_HELD);
	n -= (size_t)(run.at - at);
	offset += (uint64_t)(run.at - at);
	b->n = (size_t)(e - b->events);
	if (!is_complete(s, &block, &run, stop, offset, n, is_last)) {
		size_t n_held = EVENTLOG_HELD - (size_t)(stop != STOP_FULL && has_head(s, &block, &run));

		b->n -= b->n < n_held ? b->n : n_held;
	}
	if (!b->n)
		return is_damage(s, &block, &run, stop, offset, n) ? explain(s, &block, offset, run.at, n, f)
		                                                   : PARSE_MORE;
	b->capability = block.capability;
	block.last_time_ns = last_time(b, s->block.last_time_ns);
	b->n_used = (size_t)(eventlog_end(&b->events[b->n - 1]) - at);
	s->block = block;
	return PARSE_OK;
}

/* ---- The header ---- */

/* Whether a copy that changed line ends explains why the type at `at` can't be read: its fields hold 10 and 13 like any
 * number. */
static int is_text_mode(const uint8_t *at, size_t n)
{
	if (n > TEXT_MODE_REACH)
		n = TEXT_MODE_REACH;
	for (size_t i = 0; i + 1 < n; i++)
		if ((at[i] == '\r' && at[i + 1] == '\n') || (at[i] == '\n' && at[i + 1] == '\r'))
			return 1;
	if (n < 12 || (at[11] != '\n' && at[11] != '\r'))
		return 0;
	for (size_t n_text = 10; n_text <= 13; n_text += 3)
		if (at[11] != n_text && n >= n_text + 20 && memcmp(at + n_text + 16, "ete", 4) == 0)
			return 1;
	return 0;
}

static enum parse_result bad_header(const struct eventlog *s, const uint8_t *at, size_t n, struct parse_fault *f)
{
	if (is_text_mode(at, n))
		return bad(
			f, s->offset, "eventlog.header.text_mode",
			"the header was changed by a copy that rewrote line ends (text mode); copy the file as binary");
	return bad(f, s->offset, "eventlog.header", "the header is malformed");
}

static enum parse_result declare(struct eventlog *s, uint32_t tag, uint32_t size)
{
	if (tag == EVENTLOG_BLOCK_MARKER) {
		if (size != EVENTLOG_MARKER_BYTES - EVENTLOG_HEAD_BYTES)
			return PARSE_BAD;
		size = EVENTLOG_SIZE_MARKER;
	} else if (tag == EVENTLOG_IPE && size == EVENTLOG_SIZE_VARIABLE) {
		size = EVENTLOG_SIZE_NAMES;
	} else if (size >= EVENTLOG_SIZE_SPECIAL_MIN && size != EVENTLOG_SIZE_VARIABLE) {
		return PARSE_BAD;
	}
	if (tag >= EVENTLOG_TAGS_MAX)
		return PARSE_BAD;
	s->size[tag] = (uint16_t)size;
	return PARSE_OK;
}

/* One "etb" ... "ete". */
static enum parse_result read_type(struct eventlog *s, struct cursor *c, struct eventlog_event *e)
{
	uint32_t tag = cursor_be16(c);
	uint32_t size = cursor_be16(c);
	uint32_t n_text = cursor_be32(c);
	const uint8_t *text = n_text <= EVENTLOG_DESCRIPTION_MAX ? cursor_take(c, n_text) : NULL;
	uint32_t n_extra = cursor_be32(c);
	const uint8_t *mark;

	if (n_text > EVENTLOG_DESCRIPTION_MAX || (!c->is_short && n_extra > EVENTLOG_DESCRIPTION_MAX))
		return PARSE_BAD;
	(void)cursor_take(c, n_extra);
	mark = cursor_take(c, 4);
	if (!mark)
		return PARSE_MORE;
	if (memcmp(mark, "ete", 4) != 0)
		return PARSE_BAD;
	*e = (struct eventlog_event){
		.payload = text, .n_payload = n_text, .tag = (uint16_t)tag, .kind = EVENTLOG_DECLARATION
	};
	return declare(s, tag, size);
}

static enum parse_result read_header(struct eventlog *s, const uint8_t *at, size_t n, struct eventlog_batch *b,
                                     struct parse_fault *f)
{
	enum parse_result r = PARSE_MORE;

	while (s->phase == EVENTLOG_IN_HEADER && b->n < EVENTLOG_BATCH_MAX) {
		struct cursor c = cursor_on(at + b->n_used, n - b->n_used);
		const uint8_t *mark = cursor_take(&c, 4);

		r = PARSE_MORE;
		if (mark && memcmp(mark, "etb", 4) == 0) {
			r = read_type(s, &c, &b->events[b->n]);
			b->n += r == PARSE_OK;
		} else if (mark && memcmp(mark, "hete", 4) != 0) {
			r = PARSE_BAD;
		} else if (mark && (mark = cursor_take(&c, 8))) {
			r = memcmp(mark, "hdredatb", 8) == 0 ? PARSE_OK : PARSE_BAD;
			s->phase = r == PARSE_OK ? EVENTLOG_IN_RECORDS : EVENTLOG_IN_HEADER;
		}
		if (r != PARSE_OK)
			break;
		b->n_used = n - cursor_left(&c);
	}
	if (b->n_used)
		return PARSE_OK;
	return r == PARSE_BAD ? bad_header(s, at, n, f) : r;
}

static enum parse_result read_start(struct eventlog *s, const uint8_t *at, size_t n, struct eventlog_batch *b,
                                    struct parse_fault *f)
{
	if (memcmp(at, "hdrbhetb", n < 8 ? n : 8) != 0)
		return bad(f, s->offset, "eventlog.header.start", "not an eventlog: it does not begin with hdrb, hetb");
	if (n < 8)
		return PARSE_MORE;
	forget_types(s);
	s->phase = EVENTLOG_IN_HEADER;
	s->n_headers++;
	b->events[0] = (struct eventlog_event){ .payload = at + 8, .kind = EVENTLOG_HEADER };
	b->n = 1;
	b->n_used = 8;
	return PARSE_OK;
}

enum parse_result eventlog_read(struct eventlog *s, const uint8_t *at, size_t n, int is_last, struct eventlog_batch *b,
                                struct parse_fault *f)
{
	enum parse_result r = PARSE_MORE;

	b->n = 0;
	b->n_used = 0;
	b->capability = EVENTLOG_NO_CAPABILITY;
	if (s->phase == EVENTLOG_LOST)
		return bad(f, s->offset, "eventlog.lost", "no way on has been found yet");
	if (s->phase == EVENTLOG_IN_RECORDS) {
		r = read_records(s, at, n, is_last, b, f);
		if (r == PARSE_BAD && eventlog_adapt(s, at, n, is_last))
			r = read_records(s, at, n, is_last, b, f);
		if (r == PARSE_MORE && is_last && n && s->phase == EVENTLOG_IN_RECORDS)
			return bad(f, s->offset, "eventlog.cut", "the stream ends inside a record");
	} else if (s->phase == EVENTLOG_AT_END) {
		if (!n)
			return is_last ? PARSE_END : PARSE_MORE;
		if (memcmp(at, "hdrb", n < 4 ? n : 4) != 0)
			return bad(f, s->offset, "eventlog.trailing", "bytes after the end marker");
		s->phase = EVENTLOG_AT_START;
	}
	if (s->phase == EVENTLOG_AT_START && n)
		r = read_start(s, at, n, b, f);
	else if (s->phase == EVENTLOG_IN_HEADER)
		r = read_header(s, at, n, b, f);
	s->offset += b->n_used;
	return r;
}

uint64_t eventlog_skip_block(struct eventlog *s)
{
	uint64_t n = 0;

	if (s->phase == EVENTLOG_IN_RECORDS && s->block.end_offset != UINT64_MAX && s->block.end_offset > s->offset)
		n = s->block.end_offset - s->offset;
	s->offset += n;
	return n;
}
