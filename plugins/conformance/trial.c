/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/conformance/trial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Verdicts ---- */

__attribute__((format(printf, 3, 0))) static void decide(struct trial *t, enum check_outcome outcome,
                                                         const char *format, va_list args)
{
	if (t->outcome != CHECK_PASS && !(t->outcome == CHECK_WARN && outcome == CHECK_FAIL))
		return;
	t->outcome = outcome;
	(void)vsnprintf(t->text, sizeof(t->text), format, args);
}

void trial_fail(struct trial *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	decide(t, CHECK_FAIL, format, args);
	va_end(args);
}

void trial_warn(struct trial *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	decide(t, CHECK_WARN, format, args);
	va_end(args);
}

void trial_skip(struct trial *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	decide(t, CHECK_SKIP, format, args);
	va_end(args);
}

int trial_is_over(const struct trial *t)
{
	return t->outcome == CHECK_FAIL || t->outcome == CHECK_SKIP;
}

/* ---- Runs ---- */

int trial_has_claim(const struct weir_collector *c, uint32_t kind)
{
	for (uint32_t i = 0; i < c->n_claims; i++)
		if (c->claims[i].kind == kind)
			return 1;
	return 0;
}

int trial_is_file(const struct trial *t)
{
	return trial_has_claim(t->c, WEIR_CLAIM_FILE);
}

uint32_t trial_n_samples(const struct trial *t)
{
	return trial_is_file(t) ? t->samples->n : 1;
}

const char *trial_sample_name(const struct trial *t, uint32_t i)
{
	return trial_is_file(t) ? t->samples->all[i].name : "live";
}

enum {
	TRIAL_AT_ONCE = 2,
	TRIAL_CONTEXT = 10,
	TRIAL_LIVE_CONTEXT = 3, /* this process is the target */
};

/* What a source of the sample is told. */
struct surroundings {
	struct lend_pair rows[TRIAL_CONTEXT + TRIAL_LIVE_CONTEXT];
	char size[24], pid[24];
};

static void surround(struct surroundings *ret, const char *path, uint64_t n_bytes)
{
	(void)snprintf(ret->size, sizeof(ret->size), "%" PRIu64, n_bytes);
	(void)snprintf(ret->pid, sizeof(ret->pid), "%d", (int)getpid());
	const struct lend_pair rows[] = {
		{ "run", "check" },
		{ "node", "node-0" },
		{ "path", path },
		{ "file.mtime_ns", "1767225600000000000" },
		{ "file.size_bytes", ret->size },
		{ "run.start_ns", "1767222000000000000" },
		{ "run.end_ns", "1767225600000000000" },
		{ "genesis.system_start_ns", "1767222000000000000" },
		{ "genesis.slot_length_ns", "1000000000" },
		{ "genesis.epoch_length_slots", "600" },
		{ "process.pid", ret->pid },
		{ "process.exe", "/proc/self/exe" },
		{ "interval_ns", "1000000000" },
	};
	_Static_assert(sizeof(rows) == sizeof(ret->rows), "a row for each place");
	memcpy(ret->rows, rows, sizeof(rows));
}

struct recorder_setup trial_setup(struct trial *t, uint32_t i)
{
	static struct surroundings each[TRIAL_AT_ONCE];
	static uint32_t turn;
	struct surroundings *around = &each[turn++ % TRIAL_AT_ONCE];
	struct recorder_setup s = {
		.collector = t->c, .loose = RECORDER_LOOSE_ALL, .context = around->rows, .n_context = TRIAL_CONTEXT
	};

	surround(around, trial_sample_name(t, i), t->samples->all[i].n_bytes);
	if (trial_is_file(t)) {
		samples_inputs(t->samples, i, t->c, s.inputs);
		return s;
	}
	s.n_context += TRIAL_LIVE_CONTEXT;
	s.n_polls = TRIAL_POLLS;
	s.now_step_ns = 1000000000;
	return s;
}

/* NULL when that was not possible at all, which fails the test. */
static struct recorder *run(struct trial *t, const struct recorder_setup *s, struct recorder_result *ret)
{
	struct weir_error error = { "" };
	struct recorder *rec = NULL;

	*ret = (struct recorder_result){ 0 };
	if (recorder_run(s, &rec, ret, &error) == 0)
		return rec;
	trial_fail(t, "%s", error.text);
	recorder_free(rec);
	return NULL;
}

int trial_result(struct trial *t, const struct recorder_setup *s, struct recorder_result *ret)
{
	struct recorder *rec = run(t, s, ret);

	recorder_free(rec);
	return rec != NULL;
}

char *trial_said(struct recorder *rec)
{
	struct weir_text text = recorder_sorted(rec);

	return text.at ? strndup(text.at, text.n_bytes) : NULL;
}

char *trial_text(struct trial *t, const struct recorder_setup *s)
{
	struct recorder_result result;
	struct recorder *rec = run(t, s, &result);
	char *copy = rec ? trial_said(rec) : NULL;

	recorder_free(rec);
	if (!copy)
		trial_fail(t, "%s: no memory for what it says", t->c->name);
	return copy;
}

static int line_bytes(const char *line)
{
	size_t n = strcspn(line, "\n");

	return n < 180 ? (int)n : 180;
}

void trial_compare(struct trial *t, const char *what, const char *is, const char *expected)
{
	size_t i = 0, start = 0;

	if (!is || !expected || strcmp(is, expected) == 0)
		return;
	for (; is[i] && is[i] == expected[i]; i++)
		if (is[i] == '\n')
			start = i + 1;
	trial_fail(t, "%s: %.*s, before it was %.*s", what, line_bytes(is + start), is + start,
	           line_bytes(expected + start), expected + start);
}

void trial_each(struct trial *t, trial_judge *judge)
{
	struct recorder_result result;
	struct recorder_setup s;
	struct recorder *rec;

	for (uint32_t i = 0; i < trial_n_samples(t) && !trial_is_over(t); i++) {
		s = trial_setup(t, i);
		rec = run(t, &s, &result);
		if (rec)
			judge(t, trial_sample_name(t, i), rec, &result);
		recorder_free(rec);
	}
}

void trial_judge_end(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r)
{
	if (r->r == -ETIMEDOUT)
		trial_fail(t, "%s: %s", sample, r->error.text);
}

uint64_t trial_random(uint64_t *state, uint64_t n)
{
	/* xorshift64*. Source: Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
	uint64_t x = *state ? *state : 0x9e3779b97f4a7c15u;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return n ? (x * 0x2545f4914f6cdd1du) % n : 0;
}
