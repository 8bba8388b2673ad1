/* SPDX-License-Identifier: Apache-2.0 */
/* What is read of a process: its maps, the entries of its functions, the statistics in its memory. */
#include "parsers/process_map.h"
#include "parsers/rts_memory.h"
#include "parsers/x86_entry.h"
#include "tests/support/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Maps ---- */

static const char line[] =
	"7f0d65971000-7f0d6597f000 r-xp 0000e000 fe:00 12345                /usr/lib/a b.so (deleted)\n";

static void a_line_of_maps_is_read(void **state)
{
	struct process_map m;
	size_t n_used;

	assert_int_equal(process_map_next(line, sizeof(line) - 1, &m, &n_used), PARSE_OK);
	assert_int_equal(n_used, sizeof(line) - 1);
	assert_true(m.start == 0x7f0d65971000 && m.end == 0x7f0d6597f000 && m.offset == 0xe000 && m.inode == 12345);
	assert_true(m.is_executable && m.is_private);
	assert_int_equal(m.path.n, strlen("/usr/lib/a b.so (deleted)"));
	assert_memory_equal(m.path.at, "/usr/lib/a b.so (deleted)", m.path.n);
	assert_int_equal(process_map_next("1000-2000 rw-s 00000000 00:00 0 \n", 33, &m, &n_used), PARSE_OK);
	assert_true(m.path.n == 0 && !m.is_executable && !m.is_private);
	assert_int_equal(process_map_next("", 0, &m, &n_used), PARSE_END);
}

static void every_prefix_of_a_line_asks_for_more(void **state)
{
	struct process_map m;
	size_t n_used;

	for (size_t n = 1; n < sizeof(line) - 1; n++) {
		struct bytes b = bytes_guarded((const uint8_t *)line, n);

		assert_int_equal(process_map_next((const char *)b.at, n, &m, &n_used), PARSE_MORE);
		bytes_done(&b);
	}
}

static void lines_of_another_kind_are_passed_over(void **state)
{
	static const char *const bad[] = { "\n",
		                           "Rss:  12 kB\n",
		                           "2000-1000 r-xp 0 00:00 0 \n",
		                           "1000-2000 r-x 0 00:00 0 \n",
		                           "1000-2000 r-xp 0 00:00\n",
		                           "10000000000000000-20000000000000000 r-xp 0 00:00 0 \n",
		                           "1000 2000 r-xp 0 00:00 0 \n" };
	struct process_map m;
	size_t n_used;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(process_map_next(bad[i], strlen(bad[i]), &m, &n_used), PARSE_BAD);
		assert_int_equal(n_used, strlen(bad[i]));
	}
}

/* ---- Entries ---- */

static void assert_entry(const uint8_t *at, size_t n, uint32_t offset, uint32_t n_stack, int is_cheap)
{
	struct bytes b = bytes_guarded(at, n);
	struct x86_entry e = x86_entry(b.at, b.n);

	assert_int_equal(e.offset, offset);
	assert_int_equal(e.n_stack_bytes, n_stack);
	assert_int_equal(e.is_cheap, is_cheap);
	bytes_done(&b);
}

#define ENTRY(offset, stack, cheap, ...)                                                                               \
	assert_entry((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), offset, stack, cheap)

/* The bytes of GHC 9.0.2's own functions, and of what other compilers begin with. */
static void the_cheap_place_of_each_entry_is_found(void **state)
{
	ENTRY(0, 0, 1, 0x53, 0x48, 0x89, 0xfb);                            /* stat_startGCSync */
	ENTRY(7, 0, 1, 0x80, 0x3d, 0xda, 0x79, 0x06, 0, 0, 0x53, 0x48);    /* stat_startGC */
	ENTRY(0, 0, 1, 0x41, 0x57, 0xbf);                                  /* stat_endGC */
	ENTRY(4, 0, 1, 0xf3, 0x0f, 0x1e, 0xfa, 0x55);                      /* endbr64; push */
	ENTRY(4, 8, 1, 0x48, 0x83, 0xec, 0x08, 0x53);                      /* sub $8; push */
	ENTRY(5, 0, 1, 0xb8, 0x01, 0, 0, 0, 0x53);                         /* mov to %eax, which is no argument; push */
	ENTRY(0, 0, 0, 0xbf, 0x01, 0, 0, 0, 0x53);                         /* mov to %edi, which is one */
	ENTRY(0, 0, 1, 0x0f, 0x1f, 0x44, 0, 0);                            /* nop */
	ENTRY(0, 0, 0, 0x48, 0x83, 0xec, 0x08, 0xbf, 0x40, 0x7e, 0x4f, 0); /* sub; mov: none */
	ENTRY(0, 0, 0, 0x48, 0x8d, 0x05);                                  /* lea, cut */
	ENTRY(0, 0, 0, 0x41);                                              /* a prefix, cut */
	ENTRY(0, 0, 0, 0x80, 0x3d, 0xda, 0x79);                            /* cmpb, cut */
	ENTRY(0, 0, 0, 0xeb, 0x00, 0x53);                                  /* a jump is never passed */
}

/* ---- Statistics ---- */

static void put32(uint8_t *at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

static void put64(uint8_t *at, uint64_t v)
{
	put32(at, (uint32_t)v);
	put32(at + 4, (uint32_t)(v >> 32));
}

static void a_size_that_nobody_looked_at_is_known_as_such(void **state)
{
	assert_true(rts_memory_is_known(320) && rts_memory_is_known(368) && rts_memory_is_known(376) &&
	            rts_memory_is_known(400));
	assert_false(rts_memory_is_known(0) || rts_memory_is_known(319) || rts_memory_is_known(408));
}

static void statistics_are_read_where_ghc_keeps_them(void **state)
{
	uint8_t at[RTS_MEMORY_HEAD_BYTES] = { 0 };
	struct parse_fault fault;
	struct rts_memory m;

	put32(at, 334);
	put32(at + 4, 18);
	put64(at + 8, 1001);
	put64(at + 64, 2002);
	put64(at + 72, 2001);
	put64(at + 136, 3003);
	put64(at + 152, 3004);
	put32(at + 160, 1);
	put32(at + 164, 2);
	put64(at + 176, 4004);
	put64(at + 200, 4005);
	assert_int_equal(rts_memory(at, sizeof(at), &m, &fault), PARSE_OK);
	assert_true(m.gcs == 334 && m.major_gcs == 18 && m.allocated_bytes == 1001 && m.copied_bytes == 2002);
	assert_true(m.par_copied_bytes == 2001 && m.gc_elapsed_ns == 3003 && m.elapsed_ns == 3004);
	assert_true(m.last_generation == 1 && m.last_threads == 2 && m.last_live_bytes == 4004);
	assert_true(m.last_slop_bytes == 4005);
	for (size_t n = 0; n < sizeof(at); n++) {
		struct bytes b = bytes_guarded(at, n);

		assert_int_equal(rts_memory(b.at, n, &m, &fault), PARSE_MORE);
		bytes_done(&b);
	}
}

static void what_no_program_counts_is_another_layout(void **state)
{
	static const struct {
		uint32_t at, value;
	} wrong[] = { { 4, 335 },
		      { 72, 1 },
		      { 160, RTS_MEMORY_GENERATIONS_MAX },
		      { 164, RTS_MEMORY_THREADS_MAX + 1 },
		      { 12, 0x80000000 } },
	  right[] = { { 4, 334 },
		      { 72, 0 },
		      { 160, RTS_MEMORY_GENERATIONS_MAX - 1 },
		      { 164, RTS_MEMORY_THREADS_MAX },
		      { 12, 0x7fffffff } };
	struct parse_fault fault;
	struct rts_memory m;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint8_t at[RTS_MEMORY_HEAD_BYTES] = { 0 };

		put32(at, 334);
		put32(at + right[i].at, right[i].value);
		assert_int_equal(rts_memory(at, sizeof(at), &m, &fault), PARSE_OK);
		put32(at + wrong[i].at, wrong[i].value);
		assert_int_equal(rts_memory(at, sizeof(at), &m, &fault), PARSE_BAD);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_of_maps_is_read),
		cmocka_unit_test(every_prefix_of_a_line_asks_for_more),
		cmocka_unit_test(lines_of_another_kind_are_passed_over),
		cmocka_unit_test(the_cheap_place_of_each_entry_is_found),
		cmocka_unit_test(a_size_that_nobody_looked_at_is_known_as_such),
		cmocka_unit_test(statistics_are_read_where_ghc_keeps_them),
		cmocka_unit_test(what_no_program_counts_is_another_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
