/* SPDX-License-Identifier: Apache-2.0 */
/* The stack walk of the kernel's half, over memory that the tests made, and what is known of GHC's versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/hsprof_walk.bpf.h"
#include "collectors/hsprof/layout.h"

enum {
	CODE_AT = 0x400000,
	CODE_WORDS = 512,
	LIBRARY_OFFSET = 0x100, /* words into the code that are also seen as a library's */
	HEAP_WORDS = 8192,
	RET_SMALL = 30,
};

#define HEAP_AT    0x4200000000ULL
#define LIBRARY_AT 0x7f1200000000ULL

/* A process with code, a library and a heap, all of them words. */
static uint64_t code[CODE_WORDS], heap[HEAP_WORDS];
static uint32_t n_code, n_reads;
static struct hsprof_sample sample;
static struct hsprof_image image;
static uint64_t libraries;

static const uint64_t *word_at(uint64_t address)
{
	if (address >= CODE_AT && address + 8 <= CODE_AT + 8 * CODE_WORDS)
		return &code[(address - CODE_AT) / 8];
	if (address >= LIBRARY_AT && address + 8 <= LIBRARY_AT + 8 * CODE_WORDS)
		return &code[(address - LIBRARY_AT) / 8];
	if (address >= HEAP_AT && address + 8 <= HEAP_AT + 8 * HEAP_WORDS)
		return &heap[(address - HEAP_AT) / 8];
	return NULL;
}

static __always_inline int walk_read(void *room, __u32 n, __u64 address)
{
	uint8_t *to = room;

	n_reads++;
	for (uint32_t at = 0; at < n; at += 8) {
		const uint64_t *word = word_at(address + at);

		if (!word || address % 8 != 0)
			return -1;
		memcpy(to + at, word, n - at < 8 ? n - at : 8);
	}
	return 0;
}

/* A return point with its info table; returns the info pointer. */
static uint64_t return_point(uint32_t type, uint64_t layout)
{
	code[n_code++] = layout;
	code[n_code++] = type;
	n_code += 2;
	return CODE_AT + 8 * (n_code - 2);
}

static uint64_t heap_address(uint32_t word)
{
	return HEAP_AT + 8ULL * word;
}

static int clear(void **state)
{
	memset(code, 0, sizeof(code));
	memset(heap, 0, sizeof(heap));
	memset(&sample, 0, sizeof(sample));
	n_code = n_reads = 0;
	libraries = 0;
	sample.code_start = CODE_AT;
	sample.code_end = CODE_AT + 8 * CODE_WORDS;
	assert_true(layout_of("9.0.2", &image));
	return 0;
}

static struct walk walk_from(uint32_t word)
{
	struct walk w = { .sample = &sample,
		          .image = &image,
		          .sp = heap_address(word),
		          .libraries = libraries,
		          .n_slides_max = HSPROF_SLIDES_MAX };

	w.ending = HSPROF_CAPPED;
	for (int i = 0; i < HSPROF_STEPS_MAX + HSPROF_SLIDES_MAX; i++)
		if (walk_step(&w))
			break;
	return w;
}

static void expect_whole(uint32_t word, uint32_t n, const uint64_t *frames)
{
	struct walk w = walk_from(word);

	assert_int_equal(w.ending, HSPROF_STOPPED);
	assert_int_equal(w.n_frames, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(sample.frames[i], frames[i]);
}

static void a_stack_is_walked_to_its_stop_frame(void **state)
{
	uint64_t f = return_point(RET_SMALL, 2), g = return_point(RET_SMALL, 0), stop = return_point(36, 0);

	heap[10] = f;
	heap[11] = heap[12] = f; /* payload that looks like a frame */
	heap[13] = g;
	heap[14] = stop;
	expect_whole(10, 2, (const uint64_t[]){ f, g });
}

static void frames_that_hold_the_machine_together_are_left_out(void **state)
{
	uint64_t f = return_point(RET_SMALL, 0), update = return_point(33, 1), catches = return_point(34, 2),
		 stop = return_point(36, 0);

	heap[0] = update;
	heap[2] = catches;
	heap[5] = update;
	heap[7] = f;
	heap[8] = stop;
	expect_whole(0, 2, (const uint64_t[]){ catches, f });
}

static void the_size_of_each_kind_of_frame_is_where_it_says(void **state)
{
	uint64_t wide = return_point(31, 0), function = return_point(32, 0), bytecode = return_point(29, 0),
		 f = return_point(RET_SMALL, 63), stop = return_point(36, 0);

	/* A large bitmap 256 bytes before the code, for which a signed half word must be read. */
	n_code = 100;
	wide = return_point(31, (uint32_t)-256 | 0xabcd00000000ULL);
	code[(wide - 256 - CODE_AT) / 8] = 70;
	heap[0] = wide;
	heap[71] = function;
	heap[72] = 5;
	heap[79] = bytecode;
	heap[80] = heap_address(4000);
	heap[4000 + 5] = 9;
	heap[90] = f;
	heap[154] = stop;
	expect_whole(0, 4, (const uint64_t[]){ wide, function, bytecode, f });
}

static void walk_through_chunks(uint32_t header_words)
{
	uint64_t f = return_point(RET_SMALL, 0), underflow = return_point(35, 1), stop = return_point(36, 0);
	struct walk w;

	heap[0] = f;
	heap[1] = underflow;
	heap[2] = heap_address(1000);
	heap[1000 + header_words] = 0xff00000000ULL | 500; /* size; dirty and marking beside it */
	heap[1000 + header_words + 1] = heap_address(1300);
	heap[1300] = return_point(RET_SMALL, 1);
	heap[1302] = stop;
	w = walk_from(0);
	assert_int_equal(w.ending, HSPROF_STOPPED);
	assert_int_equal(w.n_frames, 2);
	assert_int_equal(sample.frames[1], heap[1300]);
}

static void an_underflow_frame_leads_to_the_next_chunk(void **state)
{
	walk_through_chunks(1);
}

static void so_it_does_in_a_profiled_program(void **state)
{
	walk_through_chunks(3);
}

static void a_chunk_whose_sp_lies_outside_of_it_is_none(void **state)
{
	uint64_t f = return_point(RET_SMALL, 0), underflow = return_point(35, 1), stop = return_point(36, 0);

	heap[0] = f;
	heap[1] = underflow;
	heap[2] = heap_address(1000);
	heap[1001] = 10;
	heap[1002] = heap_address(1003 + 10);
	heap[1013] = stop;
	assert_int_equal(walk_from(0).ending, HSPROF_LOST);
	heap[1002] = heap_address(1003 + 9);
	heap[1012] = stop;
	assert_int_equal(walk_from(0).ending, HSPROF_STOPPED);
}

static void direct_recursion_is_one_frame(void **state)
{
	uint64_t f = return_point(RET_SMALL, 1), g = return_point(RET_SMALL, 0), stop = return_point(36, 0);

	for (uint32_t i = 0; i < 200; i++)
		heap[2 * i] = f;
	heap[400] = g;
	heap[401] = f;
	heap[403] = stop;
	expect_whole(0, 3, (const uint64_t[]){ f, g, f });
}

static void recursion_through_two_functions_is_a_pair_of_frames(void **state)
{
	uint64_t f = return_point(RET_SMALL, 0), g = return_point(RET_SMALL, 0), h = return_point(RET_SMALL, 0),
		 stop = return_point(36, 0);
	const uint64_t stack[] = { f, g, f, g, f, g, f, h, f, stop }, kept[] = { f, g, f, h, f };
	struct walk w;

	memcpy(heap, stack, sizeof(stack));
	w = walk_from(0);
	assert_int_equal(w.ending, HSPROF_STOPPED);
	assert_int_equal(w.n_frames, sizeof(kept) / sizeof(kept[0]));
	assert_memory_equal(sample.frames, kept, sizeof(kept));
}

static void recursion_through_three_functions_is_three_frames(void **state)
{
	uint64_t f = return_point(RET_SMALL, 0), g = return_point(RET_SMALL, 0), h = return_point(RET_SMALL, 0),
		 stop = return_point(36, 0);
	const uint64_t stack[] = { g, f, g, h, f, g, h, f, g, h, stop }, kept[] = { g, f, g, h };
	struct walk w;

	memcpy(heap, stack, sizeof(stack));
	w = walk_from(0);
	assert_int_equal(w.ending, HSPROF_STOPPED);
	assert_int_equal(w.n_frames, sizeof(kept) / sizeof(kept[0]));
	assert_memory_equal(sample.frames, kept, sizeof(kept));
}

static void recursion_deeper_than_the_bound_is_capped(void **state)
{
	uint64_t f = return_point(RET_SMALL, 0), stop = return_point(36, 0);
	struct walk w;

	for (uint32_t i = 0; i < HSPROF_STEPS_MAX; i++)
		heap[i] = f;
	heap[HSPROF_STEPS_MAX - 1] = stop;
	assert_int_equal(walk_from(0).ending, HSPROF_STOPPED);
	heap[HSPROF_STEPS_MAX - 1] = f;
	heap[HSPROF_STEPS_MAX] = stop;
	w = walk_from(0);
	assert_int_equal(w.ending, HSPROF_CAPPED);
	assert_int_equal(w.n_frames, 1);
	assert_int_equal(w.n_steps, HSPROF_STEPS_MAX);
}

static void more_different_frames_than_there_is_room_for_are_capped(void **state)
{
	uint64_t f[4], stop = return_point(36, 0);
	struct walk w;

	for (uint32_t i = 0; i < 4; i++)
		f[i] = return_point(RET_SMALL, 0);
	for (uint32_t i = 0; i <= HSPROF_FRAMES_MAX; i++)
		heap[i] = f[i % 4];
	heap[HSPROF_FRAMES_MAX - 1] = stop;
	assert_int_equal(walk_from(0).ending, HSPROF_STOPPED);
	heap[HSPROF_FRAMES_MAX - 1] = f[(HSPROF_FRAMES_MAX - 1) % 4];
	heap[HSPROF_FRAMES_MAX + 1] = stop;
	w = walk_from(0);
	assert_int_equal(w.ending, HSPROF_CAPPED);
	assert_int_equal(w.n_frames, HSPROF_FRAMES_MAX);
	assert_int_equal(sample.frames[HSPROF_FRAMES_MAX], 0);
}

static void a_frame_that_is_being_made_is_passed_over(void **state)
{
	uint64_t f = return_point(RET_SMALL, 0), stop = return_point(36, 0), fun = return_point(8, 0);
	struct walk w;

	heap[0] = heap_address(77);
	heap[1] = fun; /* code, and no frame */
	heap[HSPROF_SLIDES_MAX] = f;
	heap[HSPROF_SLIDES_MAX + 1] = stop;
	w = walk_from(0);
	assert_int_equal(w.ending, HSPROF_STOPPED);
	assert_int_equal(w.n_slides, HSPROF_SLIDES_MAX);
	assert_int_equal(w.n_frames, 1);
	heap[HSPROF_SLIDES_MAX] = 0;
	assert_int_equal(walk_from(0).ending, HSPROF_NO_FRAME);
}

static void what_is_no_frame_further_up_ends_the_walk(void **state)
{
	uint64_t f = return_point(RET_SMALL, 0), stop = return_point(36, 0);
	struct walk w;

	heap[0] = f;
	heap[2] = stop;
	w = walk_from(0);
	assert_int_equal(w.ending, HSPROF_LOST);
	assert_int_equal(w.n_frames, 1);
}

static void memory_that_is_not_there_ends_the_walk(void **state)
{
	struct walk w = { .sample = &sample, .image = &image, .sp = 16, .n_slides_max = HSPROF_SLIDES_MAX };

	assert_int_equal(walk_step(&w), 1);
	assert_int_equal(w.ending, HSPROF_NO_FRAME);
	heap[HEAP_WORDS - 2] = return_point(RET_SMALL, 0);
	heap[HEAP_WORDS - 1] = return_point(RET_SMALL, 0);
	assert_int_equal(walk_from(HEAP_WORDS - 2).ending, HSPROF_LOST);
}

static void a_stop_frame_may_be_the_last_word_there_is(void **state)
{
	heap[HEAP_WORDS - 2] = return_point(RET_SMALL, 0);
	heap[HEAP_WORDS - 1] = return_point(36, 0);
	assert_int_equal(walk_from(HEAP_WORDS - 2).ending, HSPROF_STOPPED);
}

static void code_of_libraries_counts_only_where_the_program_has_some(void **state)
{
	uint64_t f = return_point(RET_SMALL, 0), stop = return_point(36, 0);

	heap[0] = f - CODE_AT + LIBRARY_AT;
	heap[1] = stop - CODE_AT + LIBRARY_AT;
	assert_int_equal(walk_from(0).ending, HSPROF_NO_FRAME);
	image.is_shared = 1;
	libraries = LIBRARY_AT;
	assert_int_equal(walk_from(0).ending, HSPROF_STOPPED);
}

/* Where the kernel maps libraries is drawn anew for each process, from 0x7eff… on and with a large stack limit
 * anywhere, and below it or above it is where they grow to. */
static void libraries_are_where_the_kernel_maps_them(void **state)
{
	const uint64_t tib = 1ULL << 40;
	uint64_t f = return_point(RET_SMALL, 0), stop = return_point(36, 0);
	const struct {
		uint64_t libraries;
		uint32_t ending;
	} cases[] = {
		{ LIBRARY_AT + tib, HSPROF_STOPPED },
		{ LIBRARY_AT + tib + 4096, HSPROF_NO_FRAME },
		{ LIBRARY_AT - tib + 4096, HSPROF_STOPPED },
		{ LIBRARY_AT - tib, HSPROF_NO_FRAME },
	};

	image.is_shared = 1;
	heap[0] = f - CODE_AT + LIBRARY_AT;
	heap[1] = stop - CODE_AT + LIBRARY_AT;
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		libraries = cases[k].libraries;
		assert_int_equal(walk_from(0).ending, cases[k].ending);
	}
}

#define C_STACK_AT 0x7ffe00000000ULL

static void a_saved_stack_pointer_is_found_on_the_c_stack(void **state)
{
	uint64_t f = return_point(RET_SMALL, 0), stop = return_point(36, 0), closure = return_point(8, 0);
	__u64 c_stack[HSPROF_SCAN_MASK + 1] = { 0 };
	struct walk w = { .sample = &sample, .image = &image, .sp = 0, .c_sp = C_STACK_AT, .c_stack = c_stack };

	heap[10] = f;
	heap[11] = stop;
	heap[20] = closure;
	c_stack[0] = heap_address(10) + 1;         /* no word's address */
	c_stack[1] = C_STACK_AT - (8 << 20);       /* C's own */
	c_stack[2] = C_STACK_AT + (8 << 20) - 8;   /* so is this */
	c_stack[3] = heap_address(20);             /* to code that is no return point */
	c_stack[4] = f;                            /* code itself */
	c_stack[5] = heap_address(HEAP_WORDS + 1); /* nothing there */
	c_stack[6] = heap_address(10);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(walk_try_saved(&w, i), 0);
	assert_int_equal(w.sp, 0);
	assert_int_equal(walk_try_saved(&w, 6), 1);
	assert_int_equal(w.sp, heap_address(10));
}

static void addresses_of_code_on_the_c_stack_are_kept_behind_the_frames(void **state)
{
	__u64 c_stack[HSPROF_SCAN_MASK + 1] = { 0 };
	struct walk w = { .sample = &sample, .image = &image, .c_sp = C_STACK_AT, .c_stack = c_stack, .n_frames = 3 };

	c_stack[0] = CODE_AT - 1;
	c_stack[1] = CODE_AT;
	c_stack[2] = CODE_AT + 8 * CODE_WORDS - 1;
	c_stack[3] = CODE_AT + 8 * CODE_WORDS;
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(walk_keep_call(&w, i), 0);
	assert_int_equal(sample.n_calls, 2);
	assert_int_equal(sample.frames[3], CODE_AT);
	assert_int_equal(sample.frames[4], CODE_AT + 8 * CODE_WORDS - 1);
	for (uint32_t i = 3; i < HSPROF_CALLS_MAX; i++)
		assert_int_equal(walk_keep_call(&w, 1), 0);
	assert_int_equal(walk_keep_call(&w, 1), 1);
	assert_int_equal(sample.n_calls, HSPROF_CALLS_MAX);
}

static void c_is_what_lies_outside_of_haskell_code(void **state)
{
	struct walk w = { .sample = &sample, .image = &image };

	sample.ip = CODE_AT + 16;
	assert_false(walk_is_c(&w)); /* not known where Haskell is */
	image.haskell_from = 16;
	image.haskell_to = 32;
	assert_false(walk_is_c(&w));
	sample.ip = CODE_AT + 15;
	assert_true(walk_is_c(&w));
	sample.ip = CODE_AT + 31;
	assert_false(walk_is_c(&w));
	sample.ip = CODE_AT + 32;
	assert_true(walk_is_c(&w));
	sample.ip = LIBRARY_AT;
	assert_true(walk_is_c(&w));
	image.is_shared = 1;
	assert_false(walk_is_c(&w));
}

static void annotation_frames_are_known_where_the_version_has_them(void **state)
{
	uint64_t annotation = return_point(65, 1), stop = return_point(36, 0);

	heap[0] = annotation;
	heap[2] = stop;
	assert_int_equal(walk_from(0).n_slides, 2);
	assert_true(layout_of("9.14.1", &image));
	assert_int_equal(walk_from(0).n_slides, 0);
	assert_int_equal(sample.frames[0], annotation);
}

static void versions_that_nobody_looked_at_are_refused(void **state)
{
	static const char *const known[] = { "8.6.5", "8.10.7", "9.0.2", "9.6.7", "9.12.2", "9.14.1" };
	static const char *const unknown[] = { "7.10.3", "8.4.4", "9.13.20250101", "9.16.1", "10.0.1", "", "x" };
	struct hsprof_image i;

	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
		assert_true(layout_of(known[k], &i));
		assert_true(i.is_haskell);
	}
	for (size_t k = 0; k < sizeof(unknown) / sizeof(unknown[0]); k++) {
		assert_false(layout_of(unknown[k], &i));
		assert_false(i.is_haskell);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_stack_is_walked_to_its_stop_frame, clear),
		cmocka_unit_test_setup(frames_that_hold_the_machine_together_are_left_out, clear),
		cmocka_unit_test_setup(the_size_of_each_kind_of_frame_is_where_it_says, clear),
		cmocka_unit_test_setup(an_underflow_frame_leads_to_the_next_chunk, clear),
		cmocka_unit_test_setup(so_it_does_in_a_profiled_program, clear),
		cmocka_unit_test_setup(a_chunk_whose_sp_lies_outside_of_it_is_none, clear),
		cmocka_unit_test_setup(direct_recursion_is_one_frame, clear),
		cmocka_unit_test_setup(recursion_through_two_functions_is_a_pair_of_frames, clear),
		cmocka_unit_test_setup(recursion_through_three_functions_is_three_frames, clear),
		cmocka_unit_test_setup(recursion_deeper_than_the_bound_is_capped, clear),
		cmocka_unit_test_setup(more_different_frames_than_there_is_room_for_are_capped, clear),
		cmocka_unit_test_setup(a_frame_that_is_being_made_is_passed_over, clear),
		cmocka_unit_test_setup(what_is_no_frame_further_up_ends_the_walk, clear),
		cmocka_unit_test_setup(memory_that_is_not_there_ends_the_walk, clear),
		cmocka_unit_test_setup(a_stop_frame_may_be_the_last_word_there_is, clear),
		cmocka_unit_test_setup(code_of_libraries_counts_only_where_the_program_has_some, clear),
		cmocka_unit_test_setup(libraries_are_where_the_kernel_maps_them, clear),
		cmocka_unit_test_setup(a_saved_stack_pointer_is_found_on_the_c_stack, clear),
		cmocka_unit_test_setup(addresses_of_code_on_the_c_stack_are_kept_behind_the_frames, clear),
		cmocka_unit_test_setup(c_is_what_lies_outside_of_haskell_code, clear),
		cmocka_unit_test_setup(annotation_frames_are_known_where_the_version_has_them, clear),
		cmocka_unit_test_setup(versions_that_nobody_looked_at_are_refused, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
