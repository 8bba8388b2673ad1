/* SPDX-License-Identifier: Apache-2.0 */
/* Cost-centre reports of each form: the parser alone, and the whole collector against the host's checks, beside a copy
 * and a scan for line ends. */
#include "parsers/prof.h"
#include "parsers/prof_json.h"

#include <stdlib.h>
#include <string.h>

#include "tests/bench/make_prof.h"
#include "tests/bench/sink.h"

enum {
	N_STACKS = 1000000,
	N_ROUNDS = 5,
};

static double copy(const char *at, size_t n, char *to)
{
	double start = sink_now();

	memcpy(to, at, n);
	__asm__ volatile("" : : "r"(to) : "memory");
	return sink_now() - start;
}

static double scan(const char *at, size_t n)
{
	double start = sink_now();
	volatile uint64_t n_lines = 0;

	for (const char *end = at + n; (at = memchr(at, '\n', (size_t)(end - at))); at++)
		n_lines++;
	return sink_now() - start;
}

static double parse_text(const char *at, size_t n, uint64_t *ret_n)
{
	double start = sink_now();
	struct prof_parser p = { 0 };
	struct prof_record record;
	struct parse_fault fault;
	size_t n_used, n_done = 0;

	for (*ret_n = 0; prof_next(&p, at + n_done, n - n_done, 1, &record, &n_used, &fault) == PARSE_OK;
	     n_done += n_used)
		*ret_n += record.what == PROF_ROW;
	return sink_now() - start;
}

static double parse_json(const char *at, size_t n, uint64_t *ret_n)
{
	double start = sink_now();
	struct prof_json_parser p = { 0 };
	struct prof_json_record record;
	struct parse_fault fault;
	size_t n_used, n_done = 0;

	for (*ret_n = 0; prof_json_next(&p, at + n_done, n - n_done, 1, &record, &n_used, &fault) == PARSE_OK;
	     n_done += n_used)
		*ret_n += record.what == PROF_JSON_STACK;
	return sink_now() - start;
}

static void keep_best(double *best, double t)
{
	*best = t < *best ? t : *best;
}

static void say(const char *what, size_t n, double t, double base_copy, double base_scan)
{
	printf("  %-20s%8.0f MB/s %8.2f M stacks/s %7.1f times the copy %7.1f times the scan\n", what,
	       (double)n / t / 1e6, N_STACKS / t / 1e6, t / base_copy, t / base_scan);
}

static int measure(const char *name, enum make_prof_form form)
{
	double best_copy = 1e9, best_scan = 1e9, best_parse = 1e9, best_tree = 1e9;
	char *text = NULL, *to;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	uint64_t n_rows = 0;
	struct sink_counts counts = { 0 };

	if (!f || make_prof(1, N_STACKS, form, f) < 0 || fclose(f) != 0 || !(to = malloc(n)))
		return 0;
	memset(to, 1, n);
	for (int round = 0; round < N_ROUNDS; round++) {
		double start;

		keep_best(&best_copy, copy(text, n, to));
		keep_best(&best_scan, scan(text, n));
		keep_best(&best_parse,
		          form == MAKE_PROF_JSON ? parse_json(text, n, &n_rows) : parse_text(text, n, &n_rows));
		start = sink_now();
		counts = sink_run("ghc-prof", (const uint8_t *)text, n, NULL, 0);
		keep_best(&best_tree, sink_now() - start);
	}
	printf("%s: %.0f MB, %u stacks, %llu weights, best of %d\n", name, (double)n / 1e6, N_STACKS,
	       (unsigned long long)counts.n_rows, N_ROUNDS);
	say("copy", n, best_copy, best_copy, best_scan);
	say("scan for line ends", n, best_scan, best_copy, best_scan);
	say("rows parsed", n, best_parse, best_copy, best_scan);
	say("into the tree", n, best_tree, best_copy, best_scan);
	free(text);
	free(to);
	return n_rows == N_STACKS && counts.ledger.n_stored == N_STACKS && counts.n_diags == 0;
}

int main(void)
{
	int is_whole = measure("report -P", MAKE_PROF_COSTS);

	is_whole &= measure("report -p", MAKE_PROF_SHARES);
	is_whole &= measure("report -pj", MAKE_PROF_JSON);
	return is_whole ? 0 : 1;
}
