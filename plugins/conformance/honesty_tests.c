/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what it says is whole, declared and accounted for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plugins/conformance/trial.h"

/* The first line in which the host itself complained of `code`, as a copy in at; NULL: none. */
static const char *complaint(const struct recorder *rec, const char *code, char *at, size_t n)
{
	struct weir_text text = recorder_text(rec);
	char start[64];
	const char *line;
	size_t n_start, n_line;

	(void)snprintf(start, sizeof(start), "{\"diag\":\"%s\"", code);
	n_start = strlen(start);
	line = text.at ? memmem(text.at, text.n_bytes, start, n_start) : NULL;
	if (!line)
		return NULL;
	line = strstr(line, "\"message\":\"");
	if (!line)
		return NULL;
	line += strlen("\"message\":\"");
	n_line = strcspn(line, "\n");
	n_line = n_line > 2 ? n_line - 2 : 0;
	(void)snprintf(at, n, "%.*s", (int)n_line, line);
	return at;
}

static void judge_codes(struct trial *t, const char *sample, const struct recorder *rec, const char *const *codes)
{
	char text[256];

	for (; *codes; codes++)
		if (complaint(rec, *codes, text, sizeof(text)))
			trial_fail(t, "%s: %s", sample, text);
}

static void judge_ledger(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r)
{
	static const char *const codes[] = { "host.ledger", NULL };

	judge_codes(t, sample, rec, codes);
}

static void judge_declared(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r)
{
	static const char *const codes[] = { "host.metric", NULL };

	judge_codes(t, sample, rec, codes);
}

static void judge_ids(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r)
{
	static const char *const codes[] = { "host.id", "host.stack", NULL };

	judge_codes(t, sample, rec, codes);
}

static void judge_observations(struct trial *t, const char *sample, struct recorder *rec,
                               const struct recorder_result *r)
{
	static const char *const codes[] = { "host.observation", NULL };

	judge_codes(t, sample, rec, codes);
}

static void judge_attributes(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r)
{
	static const char *const codes[] = { "host.attribute_key", "host.attributes", NULL };

	judge_codes(t, sample, rec, codes);
}

static void judge_others(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r)
{
	static const char *const codes[] = { "host.text",     "host.input",       "host.diag",
		                             "host.tally",    "host.fact",        "host.clock",
		                             "host.identity", "host.other_codes", NULL };

	judge_codes(t, sample, rec, codes);
}

static void judge_offsets(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r)
{
	if (r->n_offsets_outside)
		trial_fail(t, "%s: %llu diags point behind the end of their input", sample,
		           (unsigned long long)r->n_offsets_outside);
}

static void judge_clock(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r)
{
	if (r->n_observations && !r->n_clocks)
		trial_fail(t, "%s: it emitted %llu observations, and never called clock()", sample,
		           (unsigned long long)r->n_observations);
}

static void judge_ranges(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r)
{
	if (r->out_of_range)
		trial_fail(t, "%s: a value of %s is out of the range that it declares", sample, r->out_of_range);
}

static void judge_results(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r)
{
	if (r->n_strange)
		trial_fail(t, "%s: a result is neither WEIR_OK, WEIR_END, WEIR_AGAIN nor a negative errno", sample);
}

static void judge_sentence(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r)
{
	const char *text = r->error.text;

	if (r->r >= 0 || r->r == -ETIMEDOUT || r->r == -EPROTO)
		return;
	if (!*text)
		trial_fail(t, "%s: it failed with %d and no word why", sample, r->r);
	else if (strchr(text, '\n') || !strstr(text, ": "))
		trial_fail(t, "%s: '%.100s' has not the form `what: object: reason`", sample, text);
}

static void adds_up(struct trial *t)
{
	trial_each(t, judge_ledger);
}

static void emits_only_what_it_declares(struct trial *t)
{
	trial_each(t, judge_declared);
}

static void uses_only_ids_of_the_host(struct trial *t)
{
	trial_each(t, judge_ids);
}

static void emits_whole_observations(struct trial *t)
{
	trial_each(t, judge_observations);
}

static void names_attributes_plainly(struct trial *t)
{
	trial_each(t, judge_attributes);
}

static void gives_no_other_reason_to_complain(struct trial *t)
{
	trial_each(t, judge_others);
}

static void points_into_its_input(struct trial *t)
{
	trial_each(t, judge_offsets);
}

static void states_its_clock(struct trial *t)
{
	trial_each(t, judge_clock);
}

static void stays_in_its_ranges(struct trial *t)
{
	trial_each(t, judge_ranges);
}

static void returns_only_known_results(struct trial *t)
{
	trial_each(t, judge_results);
}

/* Halves and noise fail more often than whole files. */
static void says_why_it_fails(struct trial *t)
{
	uint64_t random = t->seed;
	struct recorder_result r;
	struct recorder_setup s;
	uint8_t noise[256];

	trial_each(t, judge_sentence);
	for (uint32_t i = 0; i < trial_n_samples(t) && trial_is_file(t) && !trial_is_over(t); i++) {
		s = trial_setup(t, i);
		s.inputs[0].n_bytes /= 2;
		if (trial_result(t, &s, &r))
			judge_sentence(t, "half of it", NULL, &r);
		for (size_t k = 0; k < sizeof(noise); k++)
			noise[k] = (uint8_t)trial_random(&random, 256);
		s.inputs[0] = (struct recorder_input){ noise, sizeof(noise), 1 };
		if (trial_result(t, &s, &r))
			judge_sentence(t, "256 random bytes", NULL, &r);
	}
}

const struct trial_test honesty_tests[] = {
	{ "adds_up", "records read are stored, skipped and bad ones together", adds_up, TRIAL_OPENED, 0, 0 },
	{ "emits_only_what_it_declares", "each series is of a metric of its table", emits_only_what_it_declares,
	  TRIAL_OPENED, 0, 0 },
	{ "uses_only_ids_of_the_host", "series, frames, stacks and attributes are those it was given",
	  uses_only_ids_of_the_host, TRIAL_OPENED, 0, 0 },
	{ "emits_whole_observations", "values are finite, intervals go forward, buckets add up, shapes fit",
	  emits_whole_observations, TRIAL_OPENED, 0, 0 },
	{ "names_attributes_plainly", "attribute keys are dotted lower case names, each once", names_attributes_plainly,
	  TRIAL_OPENED, 0, 0 },
	{ "gives_no_other_reason_to_complain", "texts, inputs, tallies, facts and diags are as they should be",
	  gives_no_other_reason_to_complain, TRIAL_OPENED, 0, 0 },
	{ "points_into_its_input", "offsets of diags lie within their input", points_into_its_input, TRIAL_OPENED, 0,
	  0 },
	{ "states_its_clock", "what it emits has a clock", states_its_clock, TRIAL_OPENED, 0, 0 },
	{ "stays_in_its_ranges", "values are in the range that their metric declares", stays_in_its_ranges,
	  TRIAL_OPENED, 0, 0 },
	{ "returns_only_known_results", "results are OK, END, AGAIN or a negative errno", returns_only_known_results,
	  TRIAL_OPENED, 0, 0 },
	{ "says_why_it_fails", "a failure comes with a sentence", says_why_it_fails, TRIAL_OPENED, 0, 0 },
	{ 0 },
};
