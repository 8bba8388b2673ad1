/* SPDX-License-Identifier: Apache-2.0 */
/* Node log lines: the parser alone, and the whole collector against the host's checks, beside a scan for line ends. */
#include "parsers/trace.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/make_log.h"
#include "tests/bench/sink.h"

enum {
	N_BYTES = 256 << 20,
	N_ROUNDS = 3,
};

/* Of this process: other programs on the machine matter less. */
static double cpu_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double scan(const char *at, size_t n)
{
	double start = cpu_s();
	volatile uint64_t n_lines = 0;

	for (const char *end = at + n; (at = memchr(at, '\n', (size_t)(end - at))); at++)
		n_lines++;
	return cpu_s() - start;
}

static double parse(const char *at, size_t n)
{
	double start = cpu_s();
	struct trace_parser p = { 0 };
	struct trace_line line;
	struct parse_fault fault;
	size_t n_used, n_done = 0;

	while (trace_next(&p, at + n_done, n - n_done, 1, &line, &n_used, &fault) != PARSE_END)
		n_done += n_used;
	return cpu_s() - start;
}

int main(void)
{
	static const struct lend_pair genesis[] = { { "genesis.system_start_ns", "1764572400000000000" },
		                                    { "genesis.slot_length_ns", "1000000000" },
		                                    { "genesis.epoch_length_slots", "600" } };
	struct make_log how = { .seed = 1, .start_s = 1764572400, .host = "node-0", .txs_per_slot = 8 };
	double best_scan = 1e9, best_parse = 1e9, best_collect = 1e9;
	struct sink_counts counts = { 0 };
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	uint64_t n_lines = f ? make_log(&how, N_BYTES, f) : 0;

	if (!f || fclose(f) != 0)
		return 1;
	for (int round = 0; round < N_ROUNDS; round++) {
		double s = scan(text, n), p = parse(text, n), start = cpu_s(), c;

		counts = sink_run("node-trace", (const uint8_t *)text, n, genesis, 3);
		c = cpu_s() - start;
		best_scan = s < best_scan ? s : best_scan;
		best_parse = p < best_parse ? p : best_parse;
		best_collect = c < best_collect ? c : best_collect;
	}
	printf("node log: %.0f MB, %llu lines, %llu observations, processor time, best of %d\n", (double)n / 1e6,
	       (unsigned long long)n_lines, (unsigned long long)counts.n_rows, N_ROUNDS);
	printf("  scan for line ends  %8.0f MB/s\n", (double)n / best_scan / 1e6);
	printf("  lines parsed        %8.0f MB/s  %6.1f times the scan\n", (double)n / best_parse / 1e6,
	       best_parse / best_scan);
	printf("  into observations   %8.0f MB/s  %6.1f times the scan\n", (double)n / best_collect / 1e6,
	       best_collect / best_scan);
	free(text);
	return counts.ledger.n_read == n_lines ? 0 : 1;
}
