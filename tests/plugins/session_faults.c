/* SPDX-License-Identifier: Apache-2.0 */
/* What collectors do wrong, each beside a good source. */
#include "tests/plugins/stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/sanitized.h"
#include "tests/support/says.h"

enum {
	LINES = 20,
	LINES_BEFORE = 10, /* the fault */
};

#define HANG_NS INT64_C(1500000000)

/* What is left of `good` when it is read alone. */
static char *lone_dump(void)
{
	static const char *const alone[] = { "good", "good.lines", NULL };
	struct stage s = stage_new();
	char *dump;

	stage_write_lines(&s, "good.lines", 5000, 5000);
	assert_int_equal(stage_run(&s, alone), 0);
	assert_int_equal(s.totals.n_ok, 1);
	dump = stage_dump(&s, "good");
	stage_done(&s);
	return dump;
}

struct fault {
	const char *fixture;
	const char *status; /* of the source */
	const char *code;   /* of the diag that must be there */
	const char *words[3];
	int n_lines_kept; /* -1: that is chance */
	int is_not_for_sanitizers;
};

static const struct fault faults[] = {
	{ "gives-up", "partial", "host.verb", { "gives-up: boom" }, LINES_BEFORE, 0 },
	{ "crash-open", "failed", "host.crash", { "SIGSEGV at address 0x10 in crash-open.so+0x", "in open" }, 0, 0 },
	{ "crash-poll",
	  "partial",
	  "host.crash",
	  { "collector crash-poll: SIGSEGV at address 0x10 in crash-poll.so+0x", "(misbehave), in poll, after" },
	  LINES_BEFORE,
	  0 },
	{ "crash-close", "partial", "host.crash", { "SIGSEGV", "in close" }, LINES, 0 },
	{ "crash-call",
	  "partial",
	  "host.crash",
	  { "SIGSEGV at address 0x0 in 0x0, where no code is, called from crash-call.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "crash-abort",
	  "partial",
	  "host.crash",
	  { "SIGABRT in libc.so.6+0x", "called from crash-abort.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "crash-stack", "partial", "host.crash", { "SIGSEGV", "crash-stack.so+0x" }, LINES_BEFORE, 0 },
	{ "crash-batch",
	  "partial",
	  "host.crash",
	  { "SIGSEGV at address 0x", "called from crash-batch.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "hang-spin",
	  "partial",
	  "host.hang",
	  { "nothing for 1.5 s", "in hang-spin.so+0x", "in poll" },
	  LINES_BEFORE,
	  0 },
	{ "hang-sleep", "partial", "host.hang", { "called from hang-sleep.so+0x" }, LINES_BEFORE, 0 },
	{ "allocate", "partial", "host.memory", { "more than the 256 MiB", "allocate.so+0x" }, -1, 0 },
	{ "allocate-small", "partial", "host.memory", { "more than the 256 MiB", "in poll" }, -1, 0 },
	{ "flood",
	  "partial",
	  "host.flood",
	  { "more than 10", "observations, the bound for inputs of this size", "in poll" },
	  -1,
	  0 },
	{ "undeclared", "partial", "host.metric", { "no metric row 3, only 3 rows" }, LINES, 0 },
	{ "wrong-shape", "partial", "host.id", { "its series has another shape" }, LINES, 0 },
	{ "print",
	  "partial",
	  "host.output",
	  { "hello from print and to stderr", "wrote 31 bytes to its standard output or error: hello" },
	  LINES,
	  0 },
	{ "print-forever",
	  "partial",
	  "host.hang",
	  { "nothing for 1.5 s", "called from print-forever.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "forks", "partial", "host.denied", { "system call clone (", "called from forks.so+0x" }, LINES_BEFORE, 0 },
	{ "starts-thread",
	  "partial",
	  "host.denied",
	  { "which a collector may not make", "called from starts-thread.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "exits", "partial", "host.exit", { "left its process with status 7", "in poll" }, LINES_BEFORE, 0 },
	{ "quits", "failed", "host.exit", { "left its process with status 7", "in poll" }, 0, 0 },
	{ "uses-too-much", "partial", "host.input", { "it used 1048576 bytes of a window of" }, LINES_BEFORE, 0 },
	{ "opens-file", "partial", "host.denied", { "system call openat (" }, LINES_BEFORE, 1 },
	{ "connects",
	  "partial",
	  "host.denied",
	  { "system call socket (", "called from connects.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "runs-program",
	  "partial",
	  "host.denied",
	  { "system call execve (", "called from runs-program.so+0x" },
	  LINES_BEFORE,
	  0 },
	{ "kills-host",
	  "partial",
	  "host.denied",
	  { "system call kill (", "called from kills-host.so+0x" },
	  LINES_BEFORE,
	  0 },
};

static void check_fault(const struct fault *f, const char *good_alone)
{
	const char *const pairs[] = { f->fixture, "bad.lines", "good", "good.lines", NULL };
	struct stage s = stage_new();
	char *dump;

	if (strcmp(f->code, "host.hang") == 0)
		s.config.stall_timeout_ns = HANG_NS;
	if (strncmp(f->fixture, "allocate", 8) == 0)
		s.config.memory_max = 256 << 20;
	stage_write_lines(&s, "bad.lines", LINES, LINES_BEFORE);
	stage_write_lines(&s, "good.lines", 5000, 5000);
	assert_int_equal(stage_run(&s, pairs), 0);
	assert_int_equal(s.totals.n_ok, 1);
	assert_int_equal(s.totals.n_partial + s.totals.n_failed, 1);
	assert_says(stage_query(&s, "SELECT status, collector, code, message FROM sources JOIN diags USING (path, "
	                            "collector) WHERE path = 'bad.lines'"),
	            f->status);
	for (size_t i = 0; i < 3 && f->words[i]; i++)
		assert_says(
			stage_query(&s, "SELECT message FROM diags WHERE path = 'bad.lines' AND code = '%s'", f->code),
			f->words[i]);
	if (f->n_lines_kept >= 0)
		assert_int_equal(stage_count(&s, "SELECT count(*) FROM numbers WHERE collector = '%s'", f->fixture),
		                 f->n_lines_kept);
	if (strcmp(f->code, "host.flood") == 0)
		assert_int_equal(stage_count(&s, "SELECT sum(n) FROM totals WHERE collector = 'flood'"),
		                 stage_count(&s, "SELECT 1000000 + 64 * bytes FROM sources WHERE collector = 'flood'"));
	dump = stage_dump(&s, "good");
	assert_string_equal(dump, good_alone);
	free(dump);
	stage_done(&s);
}

static void every_fault_costs_its_own_source_only(void **state)
{
	char *good_alone = lone_dump();

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (!IS_SANITIZED || !faults[i].is_not_for_sanitizers)
			check_fault(&faults[i], good_alone);
	free(good_alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_costs_its_own_source_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
