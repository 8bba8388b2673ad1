/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing, and what an instance leaves behind. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/conformance/allocations.h"
#include "plugins/conformance/trial.h"
#include "plugins/option.h"

enum {
	REFUSALS_MAX = 2000,
	CYCLES_FIRST = 8,
	CYCLES = 4,
	PATIENCE = 20,
	LEAST_BLOCK = 24, /* what glibc's malloc(1) takes, or more */
	LONG_TEXT = 65536,
	TURNS_MAX = 100000,
};

static int open_and_close(struct trial *t, struct recorder_result *ret)
{
	struct recorder_setup s = trial_setup(t, 0);
	struct weir_error error = { "" };
	struct recorder *rec;

	if (recorder_open(&s, &rec, &error) < 0) {
		trial_fail(t, "%s", error.text);
		return 0;
	}
	recorder_close(rec, ret);
	recorder_free(rec);
	return 1;
}

static void opens_with_defaults(struct trial *t)
{
	struct recorder_result r;

	if (!open_and_close(t, &r) || r.r >= 0)
		return;
	if (!trial_is_file(t))
		trial_skip(t, "it cannot run here: %s", r.error.text);
	else
		trial_fail(t, "%s", r.error.text[0] ? r.error.text : strerror(-r.r));
}

static void try_option(struct trial *t, uint32_t row, const char *value)
{
	const struct weir_option *o = &t->c->options[row];
	struct recorder_setup s = trial_setup(t, 0);
	struct lend_pair pair = { o->name, value };
	struct recorder_result r;

	s.options = &pair;
	s.n_options = 1;
	if (!trial_result(t, &s, &r))
		return;
	if (r.r < 0 && r.stage == RECORDER_OPENING && o->type != WEIR_OPTION_TEXT && r.r != -ENOMEM)
		trial_fail(t, "%s=%.40s: %s", o->name, value, r.error.text);
	if (r.r == -ETIMEDOUT)
		trial_fail(t, "%s=%.40s: %s", o->name, value, r.error.text);
}

static void try_choices(struct trial *t, uint32_t row)
{
	char *choices = strdup(t->c->options[row].choices), *rest = choices;

	for (char *one = choices ? strsep(&rest, "|") : NULL; one; one = strsep(&rest, "|"))
		try_option(t, row, one);
	free(choices);
}

static void try_long_text(struct trial *t, uint32_t row)
{
	char *text = malloc(LONG_TEXT + 1);

	if (!text)
		return;
	memset(text, 'x', LONG_TEXT);
	text[LONG_TEXT] = '\0';
	try_option(t, row, "");
	try_option(t, row, text);
	free(text);
}

static void try_bounds(struct trial *t, uint32_t row)
{
	const struct weir_option *o = &t->c->options[row];
	char text[32];

	try_option(t, row, option_write(o, o->min, text, sizeof(text)));
	try_option(t, row, option_write(o, o->max, text, sizeof(text)));
}

static void opens_at_every_bound(struct trial *t)
{
	for (uint32_t i = 0; i < t->c->n_options && !trial_is_over(t); i++) {
		switch (t->c->options[i].type) {
		case WEIR_OPTION_BOOL:
			try_option(t, i, "true");
			try_option(t, i, "false");
			break;
		case WEIR_OPTION_REAL:
			try_option(t, i, "0");
			try_option(t, i, "-1e300");
			break;
		case WEIR_OPTION_TEXT:
			try_long_text(t, i);
			break;
		case WEIR_OPTION_CHOICE:
			try_choices(t, i);
			break;
		default:
			try_bounds(t, i);
		}
	}
}

static void closes_nothing(struct trial *t)
{
	t->c->close(NULL);
}

static int watch(struct trial *t)
{
	int r = allocations_watch((import_function *)t->c->open);

	if (r < 0)
		trial_skip(t, "its calls cannot be watched on this machine");
	return r >= 0;
}

static void open_fails_without_memory(struct trial *t)
{
	struct recorder_result r;
	uint64_t before;

	if (!watch(t))
		return;
	for (uint64_t n = 1; n < REFUSALS_MAX && !trial_is_over(t); n++) {
		before = allocations_count();
		allocations_refuse(n, n & 1);
		if (!open_and_close(t, &r))
			return;
		allocations_refuse(0, 0);
		if (allocations_count() - before < n)
			return;
		if (r.r < 0 && !r.error.text[0])
			trial_fail(t, "without its %llu. piece of memory it fails with %d and no word why",
			           (unsigned long long)n, r.r);
		if (r.n_strange)
			trial_fail(t, "without its %llu. piece of memory: %s", (unsigned long long)n, r.error.text);
		if (allocations_live())
			trial_fail(t, "without its %llu. piece of memory it leaves %llu others behind",
			           (unsigned long long)n, (unsigned long long)allocations_live());
	}
}

static void poll_all(struct recorder *rec, uint64_t n_polls)
{
	int state = WEIR_OK;

	for (uint64_t i = 0; i < n_polls && state >= 0 && state != WEIR_END; i++)
		state = recorder_poll(rec);
}

/* Leaves the facts and observations of a text: in place. */
static void drop_complaints(char *text)
{
	char *to = text;

	for (char *line = text; *line;) {
		size_t n = strcspn(line, "\n");

		n += line[n] == '\n';
		if (strncmp(line, "{\"diag\":", 8) != 0 && strncmp(line, "{\"end\":", 7) != 0) {
			memmove(to, line, n);
			to += n;
		}
		line += n;
	}
	*to = '\0';
}

/* One run whose n-th allocation after open gets nothing. 0: it asks for fewer. */
static int poll_short_of_memory(struct trial *t, uint32_t i, uint64_t n, const char *whole)
{
	struct recorder_setup s = trial_setup(t, i);
	struct weir_error error = { "" };
	struct recorder_result r;
	struct recorder *rec;
	uint64_t before;
	char *said;

	if (recorder_open(&s, &rec, &error) < 0) {
		trial_fail(t, "%s", error.text);
		return 0;
	}
	before = allocations_count();
	allocations_refuse(n, 0);
	poll_all(rec, s.n_polls ? s.n_polls : TURNS_MAX);
	allocations_refuse(0, 0);
	recorder_close(rec, &r);
	said = trial_said(rec);
	if (said)
		drop_complaints(said);
	if (said && r.r >= 0 && r.status == STORE_OK && trial_is_file(t) && strcmp(said, whole) != 0)
		trial_fail(t, "%s: without its %llu. piece of memory it says less, and not why",
		           trial_sample_name(t, i), (unsigned long long)n);
	free(said);
	recorder_free(rec);
	return allocations_count() - before >= n;
}

static void poll_fails_without_memory(struct trial *t)
{
	struct recorder_setup s;
	char *whole;
	int has_asked = 0;

	if (!watch(t))
		return;
	for (uint32_t i = 0; i < trial_n_samples(t) && !trial_is_over(t); i++) {
		s = trial_setup(t, i);
		whole = trial_text(t, &s);
		if (whole)
			drop_complaints(whole);
		for (uint64_t n = 1; whole && n < REFUSALS_MAX && poll_short_of_memory(t, i, n, whole); n++)
			has_asked = 1;
		free(whole);
	}
	if (!has_asked)
		trial_skip(t, "its poll asks for no memory");
}

static void cycle(struct trial *t)
{
	struct recorder_result r;
	struct recorder_setup s;

	for (uint32_t i = 0; i < trial_n_samples(t) && !trial_is_over(t); i++) {
		s = trial_setup(t, i);
		(void)trial_result(t, &s, &r);
		/* What is live has no end: any poll is in the middle. */
		if (!trial_is_file(t))
			continue;
		s.n_polls = 1;
		(void)trial_result(t, &s, &r);
	}
}

/* Bytes that each of some more runs leaves in the heap, as far as that can be told: blocks that were split in another
 * way differ by a few. */
static size_t growth(struct trial *t)
{
	size_t before = mallinfo2().uordblks, after;

	for (int i = 0; i < CYCLES; i++)
		cycle(t);
	after = mallinfo2().uordblks;
	return after > before ? (after - before) / CYCLES : 0;
}

static void gives_its_memory_back(struct trial *t)
{
	size_t n_bytes;

	if (!watch(t))
		return;
	for (int i = 0; i < CYCLES_FIRST; i++)
		cycle(t);
	if (allocations_live())
		trial_fail(t, "%llu pieces of memory, %llu bytes, are never freed",
		           (unsigned long long)allocations_live(), (unsigned long long)allocations_live_bytes());
	for (int i = 0; i < PATIENCE; i++) {
		n_bytes = growth(t);
		if (n_bytes < LEAST_BLOCK)
			return;
	}
	trial_fail(t, "its libraries keep about %zu bytes more with each run", n_bytes);
}

static struct recorder *open_one(struct trial *t, struct recorder_setup *s, uint32_t i)
{
	struct weir_error error = { "" };
	struct recorder *rec = NULL;

	*s = trial_setup(t, i);
	s->windows = RECORDER_STEPS;
	s->step = 7;
	if (recorder_open(s, &rec, &error) < 0)
		trial_fail(t, "%s", error.text);
	return rec;
}

static char *finish(struct recorder *rec)
{
	struct recorder_result r;
	char *said;

	recorder_close(rec, &r);
	said = trial_said(rec);
	recorder_free(rec);
	return said;
}

/* Two at once by turns, against each alone. */
static void interleave(struct trial *t, uint32_t i, uint32_t k)
{
	struct recorder_setup s[2];
	struct recorder *rec[2] = { open_one(t, &s[0], i), open_one(t, &s[1], k) };
	int state[2] = { 0, 0 };
	char *is, *alone;

	for (int turn = 0; rec[0] && rec[1] && turn < TURNS_MAX; turn++) {
		for (int n = 0; n < 2; n++)
			if (state[n] >= 0 && state[n] != WEIR_END)
				state[n] = recorder_poll(rec[n]);
		if (state[0] != WEIR_OK && state[0] != WEIR_AGAIN && state[1] != WEIR_OK && state[1] != WEIR_AGAIN)
			break;
	}
	for (int n = 0; n < 2; n++) {
		is = rec[n] ? finish(rec[n]) : NULL;
		alone = trial_text(t, &s[n]);
		trial_compare(t, n ? "the second of two at once" : "the first of two at once", is, alone);
		free(is);
		free(alone);
	}
}

static void two_at_once_do_not_mix(struct trial *t)
{
	uint32_t n = trial_n_samples(t);

	for (uint32_t i = 0; i < n && !trial_is_over(t); i++)
		interleave(t, i, (i + 1) % n);
}

static void needs_no_context(struct trial *t)
{
	struct recorder_result r;
	struct recorder_setup s;

	for (uint32_t i = 0; i < trial_n_samples(t) && !trial_is_over(t); i++) {
		s = trial_setup(t, i);
		s.n_context = 0;
		if (trial_result(t, &s, &r) && r.r < 0 && r.stage == RECORDER_OPENING)
			trial_fail(t, "where nothing is known beforehand: %s", r.error.text);
	}
}

static void runs_under_a_newer_host(struct trial *t)
{
	struct recorder_setup s;
	char *is, *expected;

	for (uint32_t i = 0; i < trial_n_samples(t) && !trial_is_over(t); i++) {
		s = trial_setup(t, i);
		expected = trial_text(t, &s);
		s.is_newer_host = 1;
		is = trial_text(t, &s);
		trial_compare(t, trial_sample_name(t, i), is, trial_is_file(t) ? expected : NULL);
		free(is);
		free(expected);
	}
}

static void reads_nothing_past_the_host(struct trial *t)
{
	struct recorder_result r;
	struct recorder_setup s;

	for (uint32_t i = 0; i < trial_n_samples(t) && !trial_is_over(t); i++) {
		s = trial_setup(t, i);
		s.loose &= ~(unsigned)RECORDER_LOOSE_HOST;
		(void)trial_result(t, &s, &r);
	}
}

const struct trial_test open_tests[] = {
	{ "opens_with_defaults", "it opens when no option is given", opens_with_defaults, TRIAL_TAKEN, 0,
	  TRIAL_OPENED },
	{ "opens_at_every_bound", "it opens with each option at its least, its most and each of its choices",
	  opens_at_every_bound, TRIAL_OPENED, TRIAL_OPTIONS, 0 },
	{ "needs_no_context", "it opens where nothing is known beforehand", needs_no_context, TRIAL_OPENED, TRIAL_FILE,
	  0 },
	{ "closes_nothing", "close takes NULL", closes_nothing, TRIAL_TAKEN, 0, 0 },
	{ "open_fails_without_memory", "an open that gets no memory fails, and close takes what it left",
	  open_fails_without_memory, TRIAL_OPENED, 0, 0 },
	{ "poll_fails_without_memory", "a poll that gets no memory fails, or says what is missing",
	  poll_fails_without_memory, TRIAL_OPENED, 0, 0 },
	{ "gives_its_memory_back", "close frees everything, after the end and in the middle", gives_its_memory_back,
	  TRIAL_OPENED, 0, 0 },
	{ "two_at_once_do_not_mix", "two instances by turns say what each says alone", two_at_once_do_not_mix,
	  TRIAL_OPENED, TRIAL_FILE, 0 },
	{ "runs_under_a_newer_host", "it runs under a host of the next minor version", runs_under_a_newer_host,
	  TRIAL_OPENED, 0, 0 },
	{ "reads_nothing_past_the_host", "it reads no function that a host of its version lacks",
	  reads_nothing_past_the_host, TRIAL_OPENED, 0, 0 },
	{ 0 },
};
