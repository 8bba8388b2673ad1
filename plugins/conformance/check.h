/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFORMANCE_CHECK_H
#define CONFORMANCE_CHECK_H

/* The conformance tests: whether any shared object keeps the contract of include/weir. Each test runs in a process of
 * its own with a time limit, so that whatever the object does costs one verdict. Tests that need the object loaded,
 * taken by the host or opened are skipped when that already fails, and so are tests of files for a collector that only
 * claims a live system, and the other way round.
 */

#include <weir/collector.h>

enum check_outcome {
	CHECK_PASS = 0,
	CHECK_WARN, /* allowed, and rarely meant */
	CHECK_FAIL,
	CHECK_SKIP, /* with its reason */
};

struct check_verdict {
	const char *test;  /* `every_beginning_ends_well` */
	const char *claim; /* what it says when it passes, a sentence */
	enum check_outcome outcome;
	char text[512]; /* why not; empty for CHECK_PASS */
	int64_t elapsed_ns;
};

struct check_listener; /* completed privately by the caller */
typedef void check_say(struct check_listener *l, const struct check_verdict *v);

struct check_config {
	const char *path;           /* of the shared object */
	const char *const *samples; /* files of the kind that the collector claims; companions are looked for beside */
	uint32_t n_samples;
	const char *only;   /* an extended regular expression on the tests' names; NULL: all */
	uint64_t seed;      /* of what is random; the same seed tests the same */
	int64_t timeout_ns; /* of each test; 0: CHECK_TIMEOUT_NS */
	int is_in_process;  /* no processes, no time limit: for a debugger */
	check_say *say;
	struct check_listener *listener;
};

#define CHECK_TIMEOUT_NS INT64_C(30000000000)

struct check_totals {
	uint32_t n_pass, n_warn, n_fail, n_skip;
};

/* Runs the tests in their order. < 0: they could not be run (no such file, bad expression, a sample that cannot be
 * read). */
int check_run(const struct check_config *config, struct check_totals *ret, struct weir_error *reterr);

/* Name and claim of test i; NULL: there is none. In the order they run in. */
const char *check_test(uint32_t i, const char **ret_claim);

#endif
