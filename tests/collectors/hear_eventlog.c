/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/collectors/hear_eventlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

const struct lend_pair eventlog_mtime[1] = { { "file.mtime_ns", "1795230300000000000" } };
const struct lend_pair eventlog_all_threads[1] = { { "thread_min", "0" } };

static struct heard run(const struct recorder_setup *setup)
{
	struct weir_error error = { "" };
	struct heard heard = { 0 };

	if (recorder_run(setup, &heard.rec, &heard.result, &error) < 0)
		fail_msg("%s", error.text);
	heard.text = recorder_text(heard.rec);
	return heard;
}

struct heard hear_input(struct eventlog_writer *w, const struct lend_pair *options, uint32_t n_options,
                        const struct lend_pair *context, uint32_t n_context, int is_file)
{
	const struct golden what = { .collector = "ghc-eventlog",
		                     .options = options,
		                     .n_options = n_options,
		                     .context = context,
		                     .n_context = n_context };
	struct recorder_setup setup = golden_setup(&what);
	struct heard heard;

	setup.inputs[0] = (struct recorder_input){ w->at, w->n, 1 };
	setup.inputs[1] = (struct recorder_input){ w->at, w->n, is_file };
	heard = run(&setup);
	assert_int_equal(heard.result.n_host_diags, 0);
	assert_int_equal(heard.result.ledger.n_read,
	                 heard.result.ledger.n_stored + heard.result.ledger.n_skipped + heard.result.ledger.n_bad);
	eventlog_writer_done(w);
	return heard;
}

struct heard hear(struct eventlog_writer *w, const struct lend_pair *options, uint32_t n_options,
                  const struct lend_pair *context, uint32_t n_context)
{
	return hear_input(w, options, n_options, context, n_context, 0);
}

struct heard hear_plain(struct eventlog_writer *w)
{
	return hear(w, NULL, 0, NULL, 0);
}

struct heard hear_live(struct eventlog_writer *w, const struct lend_pair *context, uint32_t n_context, int64_t step_ns,
                       uint64_t n_polls)
{
	const struct golden what = { .collector = "ghc-eventlog", .context = context, .n_context = n_context };
	struct recorder_setup setup = golden_setup(&what);

	setup.inputs[0] = (struct recorder_input){ w->at, w->n, 1 };
	setup.now_ns = (int64_t)1767225601000000000;
	setup.now_step_ns = step_ns;
	setup.n_polls = n_polls;
	setup.windows = RECORDER_STEPS;
	setup.step = w->n - 1;
	setup.again_every = 2;
	return run(&setup);
}

/* As memmem(), of which the sanitizer looks over all of the text at each call. */
const char *find_words(const char *at, const char *end, const char *words)
{
	size_t n = strlen(words);

	while ((size_t)(end - at) >= n && (at = memchr(at, words[0], (size_t)(end - at) - n + 1))) {
		if (memcmp(at, words, n) == 0)
			return at;
		at++;
	}
	return NULL;
}

unsigned count_of(const struct heard *heard, const char *words)
{
	const char *at = heard->text.at, *end = at + heard->text.n_bytes;
	unsigned n = 0;

	while ((at = find_words(at, end, words))) {
		at += strlen(words);
		n++;
	}
	return n;
}

void write_clock(struct eventlog_writer *w)
{
	write_numbers(w, 43, T0, "iqi", 1, (uint64_t)1767225600, 0);
}

void write_beginning(struct eventlog_writer *w)
{
	eventlog_writer_init(w);
	write_header(w);
	write_block(w, 0, 0xffff);
	write_clock(w);
	write_block_end(w, T0);
}

void write_stats(struct eventlog_writer *w, uint64_t time_ns, uint32_t generation)
{
	write_numbers(w, 53, time_ns, "ihqqqiqqq", 1, generation, (uint64_t)1000, (uint64_t)2, (uint64_t)3, 1,
	              (uint64_t)0, (uint64_t)0, (uint64_t)0);
}
