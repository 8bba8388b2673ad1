/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/rts_memory.h"

#include "parsers/cursor.h"

static void read_sizes(struct cursor *c, struct rts_memory *m)
{
	uint64_t *const sizes[] = {
		&m->allocated_bytes,  &m->max_live_bytes,       &m->max_large_bytes,          &m->max_compact_bytes,
		&m->max_slop_bytes,   &m->max_mem_bytes,        &m->cumulative_live_bytes,    &m->copied_bytes,
		&m->par_copied_bytes, &m->par_max_copied_bytes, &m->par_balanced_copied_bytes
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		*sizes[i] = cursor_le64(c);
}

static void read_times(struct cursor *c, struct rts_memory *m)
{
	int64_t *const times[] = { &m->init_cpu_ns, &m->init_elapsed_ns, &m->mutator_cpu_ns, &m->mutator_elapsed_ns,
		                   &m->gc_cpu_ns,   &m->gc_elapsed_ns,   &m->cpu_ns,         &m->elapsed_ns };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		*times[i] = (int64_t)cursor_le64(c);
}

static int is_plausible(const struct rts_memory *m)
{
	return m->major_gcs <= m->gcs && m->par_copied_bytes <= m->copied_bytes &&
	       m->last_generation < RTS_MEMORY_GENERATIONS_MAX && m->last_threads <= RTS_MEMORY_THREADS_MAX &&
	       (m->gcs > 0 || m->copied_bytes == 0) && m->allocated_bytes <= INT64_MAX &&
	       m->copied_bytes <= INT64_MAX && m->last_live_bytes <= INT64_MAX;
}

int rts_memory_is_known(uint64_t n_bytes)
{
	static const uint16_t known[] = { 320, 368, 376, 400 };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == n_bytes)
			return 1;
	return 0;
}

enum parse_result rts_memory(const uint8_t *at, size_t n, struct rts_memory *ret, struct parse_fault *ret_fault)
{
	struct cursor c = cursor_on(at, n);

	ret->gcs = cursor_le32(&c);
	ret->major_gcs = cursor_le32(&c);
	read_sizes(&c, ret);
	read_times(&c, ret);
	ret->last_generation = cursor_le32(&c);
	ret->last_threads = cursor_le32(&c);
	ret->last_allocated_bytes = cursor_le64(&c);
	ret->last_live_bytes = cursor_le64(&c);
	ret->last_large_bytes = cursor_le64(&c);
	ret->last_compact_bytes = cursor_le64(&c);
	ret->last_slop_bytes = cursor_le64(&c);
	if (n < RTS_MEMORY_HEAD_BYTES || c.is_short)
		return PARSE_MORE;
	if (is_plausible(ret))
		return PARSE_OK;
	*ret_fault = (struct parse_fault){ 0, "rts_memory.layout", "not what GHC's statistics look like" };
	return PARSE_BAD;
}
