/* SPDX-License-Identifier: Apache-2.0 */
/* From samples to stacks: which walks are believed, how they are labelled, and what is remembered. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "collectors/hsprof/stacks.h"

enum {
	NAMES_MAX = 64,
	STACKS_MAX = 1 << 18,
};

/* A host that numbers names once and stacks each time, as it may, and can say what a stack was. */
static struct {
	struct weir_host host;
	char names[NAMES_MAX][64];
	uint32_t n_names, n_stacks;
	struct {
		uint32_t parent, frame;
	} stacks[STACKS_MAX];
} heard;

static uint32_t hear_frame(const struct weir_host *h, struct weir_text name, struct weir_text module,
                           struct weir_text source)
{
	for (uint32_t i = 0; i < heard.n_names; i++)
		if (strlen(heard.names[i]) == name.n_bytes && memcmp(heard.names[i], name.at, name.n_bytes) == 0)
			return i + 1;
	assert_true(heard.n_names < NAMES_MAX);
	(void)snprintf(heard.names[heard.n_names++], sizeof(heard.names[0]), "%.*s", (int)name.n_bytes, name.at);
	return heard.n_names;
}

static uint32_t hear_stack(const struct weir_host *h, uint32_t parent, uint32_t frame, uint64_t native_id)
{
	for (uint32_t i = 0; i < heard.n_stacks && i < 1000; i++)
		if (heard.stacks[i].parent == parent && heard.stacks[i].frame == frame)
			return i + 1;
	assert_true(heard.n_stacks < STACKS_MAX);
	heard.stacks[heard.n_stacks].parent = parent;
	heard.stacks[heard.n_stacks].frame = frame;
	return ++heard.n_stacks;
}

static const char *stack_text(uint32_t stack)
{
	static char text[512];
	char rest[512] = "";

	text[0] = '\0';
	for (; stack; stack = heard.stacks[stack - 1].parent) {
		(void)snprintf(text, sizeof(text), "%s%s%s", heard.names[heard.stacks[stack - 1].frame - 1],
		               rest[0] ? ";" : "", rest);
		(void)snprintf(rest, sizeof(rest), "%s", text);
	}
	return text;
}

static struct spaces *spaces;
static struct stacks *stacks;

static int begin(void **state)
{
	memset(&heard, 0, sizeof(heard));
	heard.host = (struct weir_host){ .size = sizeof(struct weir_host), .frame = hear_frame, .stack = hear_stack };
	assert_int_equal(spaces_new(&heard.host, "", &spaces, NULL), 0);
	assert_int_equal(stacks_new(&heard.host, spaces, &stacks, NULL), 0);
	return 0;
}

static int end(void **state)
{
	stacks_free(stacks);
	spaces_free(spaces);
	return 0;
}

/* A sample of a process that nobody knows: no program, no names. */
static struct hsprof_sample sample_at(uint64_t ip)
{
	return (struct hsprof_sample){ .code_start = 0x400000, .code_end = 0x500000, .ip = ip, .tgid = UINT32_MAX };
}

static const char *only_stack(void)
{
	uint32_t n;
	const struct stacks_count *counts = stacks_take(stacks, &n);

	assert_int_equal(n, 1);
	return stack_text(counts[0].stack);
}

static void what_has_no_file_is_unknown(void **state)
{
	struct hsprof_sample sample = sample_at(0x401000);

	assert_int_equal(stacks_add(stacks, &sample), 0);
	assert_string_equal(only_stack(), "[unknown]");
	assert_int_equal(stacks_seen(stacks, STACKS_UNKNOWN, STACKS_BARE), 1);
}

static void samples_in_the_kernel_are_labelled(void **state)
{
	struct hsprof_sample sample = sample_at(0x401000);

	sample.flags = HSPROF_IN_KERNEL;
	assert_int_equal(stacks_add(stacks, &sample), 0);
	assert_string_equal(only_stack(), "[unknown];[kernel]");
}

static void outside_of_haskell_only_whole_stacks_are_believed(void **state)
{
	static const struct {
		uint8_t ending, n_slides, flags;
		enum stacks_whole whole;
	} cases[] = {
		{ HSPROF_STOPPED, 0, 0, STACKS_COMPLETE }, { HSPROF_CAPPED, 0, 0, STACKS_CAPPED },
		{ HSPROF_LOST, 0, 0, STACKS_BARE },        { HSPROF_NO_FRAME, 0, 0, STACKS_BARE },
		{ HSPROF_STOPPED, 1, 0, STACKS_BARE },     { HSPROF_STOPPED, 0, HSPROF_SP_FROM_C, STACKS_BARE },
		{ HSPROF_NOT_WALKED, 0, 0, STACKS_BARE },
	};
	uint64_t seen[STACKS_WHOLES] = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hsprof_sample sample = sample_at(0x401000);

		sample.ending = cases[i].ending;
		sample.n_slides = cases[i].n_slides;
		sample.flags = cases[i].flags;
		sample.n_frames = 1;
		sample.frames[0] = 0x402000;
		assert_int_equal(stacks_add(stacks, &sample), 0);
		seen[cases[i].whole]++;
		assert_int_equal(stacks_seen(stacks, STACKS_UNKNOWN, cases[i].whole), seen[cases[i].whole]);
	}
}

static void a_stack_beyond_the_bound_says_so_at_its_root(void **state)
{
	struct hsprof_sample sample = sample_at(0x401000);

	sample.ending = HSPROF_CAPPED;
	sample.n_frames = 2;
	assert_int_equal(stacks_add(stacks, &sample), 0);
	assert_string_equal(only_stack(), "[deeper];[unknown]");
}

static void equal_stacks_are_counted_together(void **state)
{
	struct hsprof_sample one = sample_at(0x401000), other = sample_at(0x402000);
	const struct stacks_count *counts;
	uint32_t n;

	for (int i = 0; i < 3; i++)
		assert_int_equal(stacks_add(stacks, &one), 0);
	assert_int_equal(stacks_add(stacks, &other), 0);
	counts = stacks_take(stacks, &n);
	assert_int_equal(n, 1);
	assert_int_equal(counts[0].n, 4);
	(void)stacks_take(stacks, &n);
	assert_int_equal(n, 0);
}

static void a_round_holds_as_many_as_there_is_room_for(void **state)
{
	struct hsprof_sample sample;
	const struct stacks_count *counts;
	uint32_t n;

	for (uint64_t i = 0; i < STACKS_KNOWN_MAX; i++) {
		sample = sample_at(0x401000 + i);
		assert_int_equal(stacks_add(stacks, &sample), 0);
	}
	assert_int_equal(stacks_add(stacks, &sample), 0); /* known */
	sample = sample_at(0x300000);
	assert_int_equal(stacks_add(stacks, &sample), -E2BIG);
	counts = stacks_take(stacks, &n);
	assert_int_equal(n, 1);
	assert_int_equal(counts[0].n, STACKS_KNOWN_MAX + 1);
	/* The next one has room again, and what it met before that is still counted. */
	sample = sample_at(0x401000);
	assert_int_equal(stacks_add(stacks, &sample), 0);
	sample = sample_at(0x300000);
	assert_int_equal(stacks_add(stacks, &sample), 0);
	counts = stacks_take(stacks, &n);
	assert_int_equal(counts[0].n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_has_no_file_is_unknown, begin, end),
		cmocka_unit_test_setup_teardown(samples_in_the_kernel_are_labelled, begin, end),
		cmocka_unit_test_setup_teardown(outside_of_haskell_only_whole_stacks_are_believed, begin, end),
		cmocka_unit_test_setup_teardown(a_stack_beyond_the_bound_says_so_at_its_root, begin, end),
		cmocka_unit_test_setup_teardown(equal_stacks_are_counted_together, begin, end),
		cmocka_unit_test_setup_teardown(a_round_holds_as_many_as_there_is_room_for, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
