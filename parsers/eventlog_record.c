/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/eventlog_record.h"

#include <string.h>

enum {
	MARKER_PAYLOAD_BYTES = EVENTLOG_MARKER_BYTES - EVENTLOG_HEAD_BYTES,
	INFO_TABLE_ADDRESS_BYTES = 8,
	INFO_TABLE_NAMES = 6,
	NEXT_BLOCK_MAX = 16 << 20, /* bytes; GHC's have 2 MiB */
	NEXT_BLOCK_S = 3600,
	CHAIN_BEFORE_CUT = 2, /* records before one that the stream ends in: any length looks like that */
};

/* Types that some runtime declared with another size than it wrote; those of one group belong together, and the first
 * of them decides whether the group can be meant. */
static const struct quirk {
	uint16_t group, tag, declared, written;
} quirks[] = {
	{ 0, EVENTLOG_STARTUP, 0, 2 },       /* 6.12 */
	{ 1, EVENTLOG_CREATE_THREAD, 8, 4 }, /* 6.12: thread ids were declared as 8 bytes and written as 4 */
	{ 1, EVENTLOG_RUN_THREAD, 8, 4 },
	{ 1, EVENTLOG_STOP_THREAD, 10, 6 },
	{ 1, EVENTLOG_THREAD_RUNNABLE, 8, 4 },
	{ 1, EVENTLOG_MIGRATE_THREAD, 10, 6 },
	{ 1, EVENTLOG_RUN_SPARK, 8, 4 },
	{ 1, EVENTLOG_STEAL_SPARK, 10, 6 },
	{ 1, EVENTLOG_THREAD_WAKEUP, 10, 6 },
	{ 1, EVENTLOG_CREATE_SPARK_THREAD, 8, 4 },
	{ 2, EVENTLOG_TASK_CREATE, 14, 18 }, /* snapshots of 9.5 */
	{ 3, EVENTLOG_TICKY_BEGIN_SAMPLE, 32, 0 },
};

enum {
	N_QUIRKS = sizeof(quirks) / sizeof(quirks[0]),
	N_QUIRK_GROUPS = 4,
};

struct eventlog_block eventlog_block_none(void)
{
	return (struct eventlog_block){ .end_offset = UINT64_MAX,
		                        .span_ns = UINT64_MAX,
		                        .capability = EVENTLOG_NO_CAPABILITY };
}

int eventlog_block_open(const struct eventlog_event *marker, uint64_t offset, struct eventlog_block *ret)
{
	uint64_t n = eventlog_u32(marker->payload);
	uint64_t end_ns = eventlog_u64(marker->payload + 4);
	uint32_t capability = eventlog_u16(marker->payload + 12);

	if (capability >= EVENTLOG_CAPABILITIES_MAX && capability != EVENTLOG_NO_CAPABILITY)
		return 0;
	if ((n && n < EVENTLOG_MARKER_BYTES) || (end_ns && end_ns < marker->time_ns))
		return 0;
	*ret = (struct eventlog_block){ .end_offset = n ? offset + n : UINT64_MAX,
		                        .last_time_ns = marker->time_ns,
		                        .slack_ns = EVENTLOG_TIME_SLACK_NS,
		                        .span_ns = UINT64_MAX,
		                        .capability = capability };
	if (end_ns && end_ns < INT64_MAX)
		ret->span_ns = end_ns - marker->time_ns + 2 * (uint64_t)EVENTLOG_TIME_SLACK_NS;
	return 1;
}

int eventlog_block_is_likely(const struct eventlog_event *marker, uint64_t last_time_ns)
{
	uint64_t latest_ns = last_time_ns + (uint64_t)NEXT_BLOCK_S * 1000000000;

	return eventlog_u32(marker->payload) <= NEXT_BLOCK_MAX && marker->time_ns <= latest_ns &&
	       eventlog_u64(marker->payload + 4) <= latest_ns;
}

/* Where the names of an info table end, whatever its length says: that is one too large since 9.6, and wraps around. */
static enum parse_result measure_names(const uint8_t *at, size_t n, size_t n_declared, struct eventlog_event *ret)
{
	size_t n_names = INFO_TABLE_ADDRESS_BYTES;

	for (int i = 0; i < INFO_TABLE_NAMES; i++) {
		const uint8_t *nul = n_names < n ? memchr(at + n_names, 0, n - n_names) : NULL;

		if (!nul)
			return n < EVENTLOG_RECORD_MAX ? PARSE_MORE : PARSE_BAD;
		n_names = (size_t)(nul - at) + 1;
	}
	if (n_names > EVENTLOG_RECORD_MAX)
		return PARSE_BAD;
	if ((uint16_t)n_names != n_declared && (uint16_t)(n_names + 1) != n_declared)
		return PARSE_BAD;
	ret->payload = at;
	ret->n_payload = (uint32_t)n_names;
	return PARSE_OK;
}

static enum parse_result measure_variable(uint32_t size, const uint8_t *at, size_t n, struct eventlog_event *ret)
{
	size_t n_payload;

	if (n < EVENTLOG_HEAD_BYTES + EVENTLOG_LENGTH_BYTES)
		return PARSE_MORE;
	n_payload = eventlog_u16(at + EVENTLOG_HEAD_BYTES);
	at += EVENTLOG_HEAD_BYTES + EVENTLOG_LENGTH_BYTES;
	n -= EVENTLOG_HEAD_BYTES + EVENTLOG_LENGTH_BYTES;
	if (size == EVENTLOG_SIZE_NAMES)
		return measure_names(at, n, n_payload, ret);
	if (n < n_payload)
		return PARSE_MORE;
	ret->payload = at;
	ret->n_payload = (uint32_t)n_payload;
	return eventlog_is_stack_sound(ret) ? PARSE_OK : PARSE_BAD;
}

enum parse_result eventlog_measure(const struct eventlog *s, const struct eventlog_block *block, const uint8_t *at,
                                   size_t n, struct eventlog_event *ret)
{
	struct eventlog_block inner;
	uint32_t size;

	if (n < 2)
		return PARSE_MORE;
	ret->tag = eventlog_u16(at);
	ret->kind = EVENTLOG_RECORD;
	size = eventlog_size_of(s, ret->tag);
	if (size == EVENTLOG_SIZE_UNDECLARED)
		return PARSE_BAD;
	if (n < EVENTLOG_HEAD_BYTES)
		return PARSE_MORE;
	ret->time_ns = eventlog_u64(at + 2);
	if (size != EVENTLOG_SIZE_MARKER && !eventlog_is_timely(block, ret->time_ns) &&
	    !eventlog_has_own_clock(ret->tag))
		return PARSE_BAD;
	if (size >= EVENTLOG_SIZE_NAMES)
		return measure_variable(size, at, n, ret);
	ret->payload = at + EVENTLOG_HEAD_BYTES;
	ret->n_payload = size == EVENTLOG_SIZE_MARKER ? MARKER_PAYLOAD_BYTES : size;
	if (n - EVENTLOG_HEAD_BYTES < ret->n_payload)
		return PARSE_MORE;
	return size != EVENTLOG_SIZE_MARKER || eventlog_block_open(ret, 0, &inner) ? PARSE_OK : PARSE_BAD;
}

enum parse_result eventlog_measure_end(const struct eventlog_block *block, uint64_t offset, const uint8_t *at, size_t n,
                                       int is_last)
{
	size_t n_end = n >= 2 && eventlog_u16(at) == EVENTLOG_END_TAG ? 2 : 0;

	if (n_end && offset + n_end == block->end_offset)
		return PARSE_OK;
	if (n == n_end)
		return is_last ? PARSE_OK : PARSE_MORE;
	if (n < n_end + 4)
		return is_last || memcmp(at + n_end, "hdrb", n - n_end) ? PARSE_BAD : PARSE_MORE;
	return memcmp(at + n_end, "hdrb", 4) ? PARSE_BAD : PARSE_OK;
}

enum parse_result eventlog_measure_next(const struct eventlog *s, struct eventlog_block *block, uint64_t offset,
                                        const uint8_t *at, size_t n, struct eventlog_event *e)
{
	enum parse_result r = eventlog_measure(s, block, at, n, e);
	int is_at_end = offset >= block->end_offset;

	if (r != PARSE_OK)
		return r == PARSE_MORE && is_at_end && n >= 2 && e->tag != EVENTLOG_BLOCK_MARKER ? PARSE_BAD : r;
	if (e->tag == EVENTLOG_BLOCK_MARKER) {
		if (block->end_offset != UINT64_MAX && offset != block->end_offset)
			return PARSE_BAD;
		return eventlog_block_open(e, offset, block) ? PARSE_OK : PARSE_BAD;
	}
	if (is_at_end || offset + (uint64_t)(eventlog_end(e) - at) > block->end_offset)
		return PARSE_BAD;
	if (!eventlog_has_own_clock(e->tag))
		block->last_time_ns = e->time_ns;
	return PARSE_OK;
}

enum parse_result eventlog_chain(const struct eventlog *s, const struct eventlog_block *block, uint64_t offset,
                                 const uint8_t *at, size_t n, int is_last)
{
	struct eventlog_block now = *block;

	for (int i = 0; i < EVENTLOG_CHAIN; i++) {
		struct eventlog_event e;
		enum parse_result r = eventlog_measure_end(&now, offset, at, n, is_last);
		uint64_t last_ns;
		size_t n_record;

		if (r != PARSE_BAD)
			return r;
		last_ns = now.last_time_ns;
		r = eventlog_measure_next(s, &now, offset, at, n, &e);
		if (r == PARSE_OK && i && e.tag == EVENTLOG_BLOCK_MARKER && !eventlog_block_is_likely(&e, last_ns))
			return PARSE_BAD;
		if (r != PARSE_OK)
			return r == PARSE_MORE && is_last ? (i < CHAIN_BEFORE_CUT ? PARSE_BAD : PARSE_OK) : r;
		n_record = (size_t)(eventlog_end(&e) - at);
		at += n_record;
		n -= n_record;
		offset += n_record;
	}
	return PARSE_OK;
}

static void apply_quirks(struct eventlog *s, unsigned groups)
{
	int is_meant = 0;

	for (size_t i = 0; i < N_QUIRKS; i++) {
		const struct quirk *q = &quirks[i];

		if (!i || q->group != quirks[i - 1].group)
			is_meant = (groups >> q->group & 1) && s->size[q->tag] == q->declared;
		if (is_meant && s->size[q->tag] == q->declared)
			s->size[q->tag] = q->written;
	}
}

int eventlog_adapt(struct eventlog *s, const uint8_t *at, size_t n, int is_last)
{
	for (unsigned groups = 1; groups < 1U << N_QUIRK_GROUPS; groups++) {
		struct eventlog other = *s;

		apply_quirks(&other, groups);
		if (memcmp(&other, s, sizeof(other)) == 0)
			continue;
		if (eventlog_chain(&other, &s->block, s->offset, at, n, is_last) != PARSE_OK)
			continue;
		*s = other;
		return 1;
	}
	return 0;
}
