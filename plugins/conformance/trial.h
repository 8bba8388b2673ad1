/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFORMANCE_TRIAL_H
#define CONFORMANCE_TRIAL_H

/* One conformance test while it runs, and what tests are made of. Part of check.c; a test returns when it knows, and
 * the first thing that it says counts. */

#include "plugins/conformance/check.h"
#include "plugins/conformance/object.h"
#include "plugins/conformance/samples.h"

/* What must have passed before a test makes sense. */
enum trial_gate {
	TRIAL_OBJECT,    /* nothing: it reads the file */
	TRIAL_LOADED,    /* `loads`: raw is there, its tables unchecked */
	TRIAL_SUPPORTED, /* `names_this_abi`: the struct has the fields that we know */
	TRIAL_TAKEN,     /* `is_taken_by_the_host` */
	TRIAL_OPENED,    /* `opens_with_defaults` */
	TRIAL_GATES,
};

/* What the collector must have for a test to apply. */
enum {
	TRIAL_FILE = 1,
	TRIAL_LIVE = 2,
	TRIAL_COMPANIONS = 4,
	TRIAL_OPTIONS = 8,
	TRIAL_SNIFF = 16,
	TRIAL_SAMPLE = 32, /* a user's own */
};

struct trial {
	const char *path;
	const struct object *object;
	const struct weir_collector *raw; /* as it lies in the object; from TRIAL_LOADED on */
	const struct weir_collector *c;   /* checked; from TRIAL_TAKEN on */
	struct samples *samples;
	uint64_t seed;
	enum check_outcome outcome;
	char text[512];
};

struct trial_test {
	const char *name, *claim;
	void (*run)(struct trial *t);
	enum trial_gate gate;
	unsigned applies;      /* TRIAL_* that are needed, or-ed */
	enum trial_gate opens; /* the gate that it opens by passing; 0: none */
};

/* The tables of tests, each ended by a row without a name. */
extern const struct trial_test object_tests[];
extern const struct trial_test table_tests[];
extern const struct trial_test sniff_tests[];
extern const struct trial_test open_tests[];
extern const struct trial_test input_tests[];
extern const struct trial_test honesty_tests[];
extern const struct trial_test surroundings_tests[];

/* Form of the reason: `object: reason`, or a sentence. */
__attribute__((format(printf, 2, 3))) void trial_fail(struct trial *t, const char *format, ...);
__attribute__((format(printf, 2, 3))) void trial_warn(struct trial *t, const char *format, ...);
__attribute__((format(printf, 2, 3))) void trial_skip(struct trial *t, const char *format, ...);

int trial_is_over(const struct trial *t); /* it has failed */

/* Whether one of its claims is of that kind, WEIR_CLAIM_*; it may have both. */
int trial_has_claim(const struct weir_collector *c, uint32_t kind);
int trial_is_file(const struct trial *t);

/* A setup over sample i: everything loose, the whole input at once, a context like a real one, defaults; a live one is
 * polled TRIAL_POLLS times. Valid until the next call but one, so that two can run at once. */
enum {
	TRIAL_POLLS = 3,
};
struct recorder_setup trial_setup(struct trial *t, uint32_t i);
/* Sample 0 of a live collector is the only one that makes sense. */
uint32_t trial_n_samples(const struct trial *t);
const char *trial_sample_name(const struct trial *t, uint32_t i);

/* Runs, forgets what was said, and gives the result. 0: it could not run. */
int trial_result(struct trial *t, const struct recorder_setup *s, struct recorder_result *ret);

/* What was said so far, sorted, as a copy to be freed; NULL: no memory. */
char *trial_said(struct recorder *rec);
/* What a run says, the same way; NULL: it could not run. */
char *trial_text(struct trial *t, const struct recorder_setup *s);

/* Fails unless both texts are equal; shows the first line that differs. */
void trial_compare(struct trial *t, const char *what, const char *is, const char *expected);

/* Runs over every sample and lets judge look. It stops when the test is over. */
typedef void trial_judge(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r);
void trial_each(struct trial *t, trial_judge *judge);

/* Fails unless the run ended after a bounded number of polls. */
void trial_judge_end(struct trial *t, const char *sample, struct recorder *rec, const struct recorder_result *r);

/* A random number of [0, n). */
uint64_t trial_random(uint64_t *state, uint64_t n);

#endif
