/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes, in any windows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/conformance/trial.h"

enum {
	SEEDS = 12,
	BEGINNINGS_MAX = 2048, /* of all samples together */
	FLIPS = 1000,
	CHANGED_BYTES_MAX = 65536,
	GIANT_LINE = 1 << 20,
	SMALL_WINDOW = 1 << 18, /* a collector cannot tell it from WEIR_WINDOW_MAX */
	ZEROS = 4096,
	WINDOWS_MAX = 64, /* that one poll may ask for, whatever their size */
	IDLE_POLLS = 100,
};

/* A run over these bytes in the place of sample i's, which must end. */
static void run_bytes_in(struct trial *t, uint32_t i, const void *at, uint64_t n, uint64_t window_max, const char *what)
{
	struct recorder_setup s = trial_setup(t, i);
	struct recorder_result r;

	s.inputs[0] = (struct recorder_input){ at, n, 1 };
	s.window_max = window_max;
	if (trial_result(t, &s, &r))
		trial_judge_end(t, what, NULL, &r);
}

static void run_bytes(struct trial *t, uint32_t i, const void *at, uint64_t n, const char *what)
{
	run_bytes_in(t, i, at, n, 0, what);
}

static void takes_an_empty_input(struct trial *t)
{
	run_bytes(t, 0, "", 0, "no bytes");
}

static void takes_a_missing_companion(struct trial *t)
{
	struct recorder_result r;
	struct recorder_setup s;

	for (uint32_t i = 0; i < t->samples->n && !trial_is_over(t); i++) {
		s = trial_setup(t, i);
		for (uint32_t k = 1; k < RECORDER_INPUTS_MAX; k++)
			s.inputs[k].is_there = 0;
		if (!trial_result(t, &s, &r))
			return;
		if (r.r == -ENOENT)
			trial_fail(t, "%s: %s", trial_sample_name(t, i), r.error.text);
		trial_judge_end(t, trial_sample_name(t, i), NULL, &r);
	}
}

static void compare_windows(struct trial *t, uint32_t i, const char *whole, enum recorder_windows windows, uint64_t n)
{
	struct recorder_setup s = trial_setup(t, i);
	char what[128];
	char *is;

	s.windows = windows;
	s.step = s.seed = n;
	(void)snprintf(what, sizeof(what), "%s in %s %llu", trial_sample_name(t, i),
	               windows == RECORDER_STEPS ? "windows that grow by" : "windows of seed", (unsigned long long)n);
	is = trial_text(t, &s);
	trial_compare(t, what, is, whole);
	free(is);
}

static char *whole_text(struct trial *t, uint32_t i)
{
	struct recorder_setup s = trial_setup(t, i);

	return trial_text(t, &s);
}

static void takes_windows_of_one_byte(struct trial *t)
{
	char *whole;

	for (uint32_t i = 0; i < t->samples->n && !trial_is_over(t); i++) {
		whole = whole_text(t, i);
		compare_windows(t, i, whole, RECORDER_STEPS, 1);
		free(whole);
	}
}

static void takes_windows_of_any_size(struct trial *t)
{
	char *whole;

	for (uint32_t i = 0; i < t->samples->n && !trial_is_over(t); i++) {
		whole = whole_text(t, i);
		for (uint64_t n = 1; n <= SEEDS && !trial_is_over(t); n++)
			compare_windows(t, i, whole, RECORDER_RANDOM, t->seed + n);
		free(whole);
	}
}

static void every_beginning_ends_well(struct trial *t)
{
	for (uint32_t i = 0; i < t->samples->n; i++) {
		const struct sample *sample = &t->samples->all[i];
		uint64_t n_max = sample->n_bytes < CHANGED_BYTES_MAX ? sample->n_bytes : CHANGED_BYTES_MAX;
		uint64_t step = n_max * t->samples->n / BEGINNINGS_MAX + 1;
		char what[128];

		for (uint64_t n = step; n < n_max && !trial_is_over(t); n += step) {
			(void)snprintf(what, sizeof(what), "the first %llu bytes of %.64s", (unsigned long long)n,
			               sample->name);
			run_bytes(t, i, sample->at, n, what);
		}
	}
}

static void flip_one(struct trial *t, uint32_t i, uint8_t *bytes, uint64_t n, uint64_t *random)
{
	uint64_t place = trial_random(random, n), bit = trial_random(random, 8);
	char what[128];

	(void)snprintf(what, sizeof(what), "%.64s with bit %llu of byte %llu flipped", t->samples->all[i].name,
	               (unsigned long long)bit, (unsigned long long)place);
	bytes[place] ^= (uint8_t)(1 << bit);
	run_bytes(t, i, bytes, n, what);
	bytes[place] ^= (uint8_t)(1 << bit);
}

static void flipped_bits_end_well(struct trial *t)
{
	uint8_t *bytes = malloc(CHANGED_BYTES_MAX);
	uint64_t random = t->seed;

	for (uint32_t i = 0; bytes && i < t->samples->n; i++) {
		const struct sample *sample = &t->samples->all[i];
		uint64_t n = sample->n_bytes < CHANGED_BYTES_MAX ? sample->n_bytes : CHANGED_BYTES_MAX;

		if (n)
			memcpy(bytes, sample->at, n);
		for (uint32_t k = 0; k < FLIPS / t->samples->n && n && !trial_is_over(t); k++)
			flip_one(t, i, bytes, n, &random);
	}
	free(bytes);
}

/* The sample's start, so that its format is met, then one byte again and again. */
static void run_long(struct trial *t, uint32_t i, char fill, uint64_t n, uint64_t window_max, const char *what)
{
	const struct sample *sample = &t->samples->all[i];
	uint64_t n_start = sample->n_bytes < CHANGED_BYTES_MAX ? sample->n_bytes : CHANGED_BYTES_MAX;
	uint8_t *bytes = malloc(n_start + n);

	if (!bytes) {
		trial_skip(t, "no memory for it");
		return;
	}
	if (n_start)
		memcpy(bytes, sample->at, n_start);
	memset(bytes + n_start, fill, n);
	run_bytes_in(t, i, bytes, n_start + n, window_max, what);
	free(bytes);
}

static void a_giant_line_ends_well(struct trial *t)
{
	for (uint32_t i = 0; i < t->samples->n && !trial_is_over(t); i++) {
		run_long(t, i, 'x', GIANT_LINE, 0, "a line of 1 MiB");
		run_long(t, i, '9', GIANT_LINE, 0, "a number of 1 MiB");
	}
}

static void a_line_beyond_the_window_ends_well(struct trial *t)
{
	for (uint32_t i = 0; i < t->samples->n && !trial_is_over(t); i++)
		run_long(t, i, 'x', 2 * SMALL_WINDOW, SMALL_WINDOW, "a line that no window holds");
}

static void takes_what_is_not_utf8(struct trial *t)
{
	static const char bytes[] = "\xff\xfe\xfd,\xc0\xaf\n\xed\xa0\x80 = \xf4\x90\x80\x80\n\xe2\x82\n\xb5s\n\xe4\xb8";

	for (uint32_t i = 0; i < t->samples->n && !trial_is_over(t); i++) {
		const struct sample *sample = &t->samples->all[i];
		uint64_t n = sample->n_bytes < CHANGED_BYTES_MAX ? sample->n_bytes : CHANGED_BYTES_MAX;
		uint8_t *both = malloc(n + sizeof(bytes));

		if (!both)
			return;
		if (n)
			memcpy(both, sample->at, n);
		memcpy(both + n, bytes, sizeof(bytes) - 1);
		run_bytes(t, i, both, n + sizeof(bytes) - 1, "bytes that are not UTF-8");
		free(both);
	}
}

static void takes_many_zero_bytes(struct trial *t)
{
	for (uint32_t i = 0; i < t->samples->n && !trial_is_over(t); i++)
		run_long(t, i, '\0', ZEROS, 0, "zero bytes");
}

/* All samples again, in small windows, with one thing watched. */
static void run_watched(struct trial *t, unsigned loose)
{
	struct recorder_result r;
	struct recorder_setup s;

	for (uint32_t i = 0; i < t->samples->n && !trial_is_over(t); i++) {
		s = trial_setup(t, i);
		s.loose = loose;
		(void)trial_result(t, &s, &r);
		s.windows = RECORDER_STEPS;
		s.step = 5;
		(void)trial_result(t, &s, &r);
	}
}

static void reads_only_its_window(struct trial *t)
{
	run_watched(t, RECORDER_LOOSE_HOST | RECORDER_LOOSE_PAST);
}

static void keeps_no_window(struct trial *t)
{
	run_watched(t, RECORDER_LOOSE_HOST | RECORDER_LOOSE_ENDS);
}

static void waits_for_more(struct trial *t)
{
	struct recorder_result r;
	struct recorder_setup s;
	uint32_t i = 0;

	while (t->samples->all[i].n_bytes == 0)
		i++; /* the plain ones have bytes */
	s = trial_setup(t, i);
	s.again_every = 1;
	s.n_polls = IDLE_POLLS;
	if (!trial_result(t, &s, &r))
		return;
	if (r.r < 0)
		trial_fail(t, "an input that has nothing new: %s", r.error.text);
	else if (r.r != WEIR_AGAIN)
		trial_fail(t, "an input that has nothing new: poll says %d, and not WEIR_AGAIN", r.r);
	else if (r.n_most_windows > WINDOWS_MAX)
		trial_fail(t, "an input that has nothing new was asked %llu times by one poll",
		           (unsigned long long)r.n_most_windows);
}

static void works_in_pieces(struct trial *t)
{
	struct recorder_result r;
	struct recorder_setup s;

	for (uint32_t i = 0; i < t->samples->n && !trial_is_over(t); i++) {
		s = trial_setup(t, i);
		s.windows = RECORDER_STEPS;
		s.step = 1;
		if (trial_result(t, &s, &r) && r.n_most_windows > WINDOWS_MAX)
			trial_fail(t, "%s: one poll asked for %llu windows; ask for one, and return",
			           trial_sample_name(t, i), (unsigned long long)r.n_most_windows);
	}
}

static void gives_up_when_the_host_goes(struct trial *t)
{
	struct recorder_result r;
	struct recorder_setup s;
	int has_emitted = 0;

	for (uint32_t i = 0; i < trial_n_samples(t) && !trial_is_over(t); i++) {
		s = trial_setup(t, i);
		s.emit_fails_at = 1;
		if (!trial_result(t, &s, &r))
			return;
		has_emitted |= r.n_observations > 0;
		if (r.n_polls_on_pipe)
			trial_fail(t, "%s: an emit said -EPIPE, and poll said %d", trial_sample_name(t, i), r.r);
	}
	if (!has_emitted)
		trial_skip(t, "it emitted nothing");
}

const struct trial_test input_tests[] = {
	{ "takes_an_empty_input", "it ends on an input without bytes", takes_an_empty_input, TRIAL_OPENED, TRIAL_FILE,
	  0 },
	{ "takes_a_missing_companion", "it reads its source without its companions", takes_a_missing_companion,
	  TRIAL_OPENED, TRIAL_FILE | TRIAL_COMPANIONS, 0 },
	{ "takes_windows_of_one_byte", "byte by byte it says what it says of the whole", takes_windows_of_one_byte,
	  TRIAL_OPENED, TRIAL_FILE, 0 },
	{ "takes_windows_of_any_size", "in random windows it says what it says of the whole", takes_windows_of_any_size,
	  TRIAL_OPENED, TRIAL_FILE, 0 },
	{ "every_beginning_ends_well", "a file that is cut anywhere ends, in a result", every_beginning_ends_well,
	  TRIAL_OPENED, TRIAL_FILE, 0 },
	{ "flipped_bits_end_well", "a file with any bit flipped ends, in a result", flipped_bits_end_well, TRIAL_OPENED,
	  TRIAL_FILE, 0 },
	{ "a_giant_line_ends_well", "a line of 1 MiB ends, in a result", a_giant_line_ends_well, TRIAL_OPENED,
	  TRIAL_FILE, 0 },
	{ "a_line_beyond_the_window_ends_well", "a line that no window holds ends, in a result",
	  a_line_beyond_the_window_ends_well, TRIAL_OPENED, TRIAL_FILE, 0 },
	{ "takes_what_is_not_utf8", "bytes that are not UTF-8 end, in a result", takes_what_is_not_utf8, TRIAL_OPENED,
	  TRIAL_FILE, 0 },
	{ "takes_many_zero_bytes", "zero bytes end, in a result", takes_many_zero_bytes, TRIAL_OPENED, TRIAL_FILE, 0 },
	{ "reads_only_its_window", "it reads no byte behind its window", reads_only_its_window, TRIAL_OPENED,
	  TRIAL_FILE, 0 },
	{ "keeps_no_window", "it reads no window that is over", keeps_no_window, TRIAL_OPENED, TRIAL_FILE, 0 },
	{ "waits_for_more", "it returns WEIR_AGAIN while its input has nothing new", waits_for_more, TRIAL_OPENED,
	  TRIAL_FILE, 0 },
	{ "works_in_pieces", "one poll asks for a bounded number of windows", works_in_pieces, TRIAL_OPENED, TRIAL_FILE,
	  0 },
	{ "gives_up_when_the_host_goes", "it passes on -EPIPE", gives_up_when_the_host_goes, TRIAL_OPENED, 0, 0 },
	{ 0 },
};
