/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct widths {
	int label, module, source, id;
};

static int longer(int a, size_t b)
{
	return (int)b > a ? (int)b : a;
}

static struct widths measure(const struct report *r)
{
	struct widths w = { 11, 6, 3, 3 };

	for (uint32_t i = 0; i < r->n_rows; i++) {
		w.label = longer(w.label, strlen(r->rows[i].label) + r->rows[i].depth);
		w.module = longer(w.module, strlen(r->rows[i].module));
		w.source = longer(w.source, strlen(r->rows[i].source));
	}
	return w;
}

static double percent(uint64_t part, uint64_t all)
{
	return all ? 100.0 * (double)part / (double)all : 0;
}

static void print_commas(char *ret, uint64_t n)
{
	char digits[32];
	int n_digits = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	for (int i = 0; i < n_digits; i++) {
		if (i > 0 && (n_digits - i) % 3 == 0)
			*ret++ = ',';
		*ret++ = digits[i];
	}
	*ret = 0;
}

static void print_row(FILE *f, const struct report *r, uint32_t at, struct widths w, uint64_t ticks, uint64_t bytes)
{
	const struct report_row *row = &r->rows[at];
	uint64_t below_ticks = 0, below_bytes = 0;

	for (uint32_t i = at; i == at || (i < r->n_rows && r->rows[i].depth > row->depth); i++) {
		below_ticks += r->rows[i].ticks;
		below_bytes += r->rows[i].bytes;
	}
	fprintf(f, "%*s%-*s %-*s %-*s %*" PRIu32 " %11" PRIu64 "  %5.1f  %5.1f   %5.1f  %5.1f", (int)row->depth, "",
	        w.label - (int)row->depth, row->label, w.module, row->module, w.source, row->source, w.id, at + 100,
	        row->entries, percent(row->ticks, ticks), percent(row->bytes, bytes), percent(below_ticks, ticks),
	        percent(below_bytes, bytes));
	if (r->has_exact)
		fprintf(f, "  %5" PRIu64 " %9" PRIu64, row->ticks, row->bytes);
	fputc('\n', f);
}

char *report_text(const struct report *r)
{
	const char *exact = r->has_exact ? "  ticks     bytes" : "";
	struct widths w = measure(r);
	uint64_t ticks = 0, bytes = 0;
	char commas[48], *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		abort();
	for (uint32_t i = 0; i < r->n_rows; i++) {
		ticks += r->rows[i].ticks;
		bytes += r->rows[i].bytes;
	}
	print_commas(commas, bytes);
	fprintf(f, "\tSat Nov 21 03:00 2026 Time and Allocation Profiling Report  (Final)\n\n\t   %s\n\n", r->command);
	fprintf(f, "\ttotal time  = %11.2f secs   (%" PRIu64 " ticks @ 1000 us, 1 processor)\n", (double)ticks / 1000,
	        ticks);
	fprintf(f, "\ttotal alloc = %11s bytes  (excludes profiling overheads)\n\n", commas);
	/* The top table of a report says nothing that the tree doesn't; it is left as one of no rows. */
	fprintf(f, "%-*s %-*s %-*s %%time %%alloc%s\n\n\n\n", w.label, "COST CENTRE", w.module, "MODULE", w.source,
	        "SRC", exact);
	fprintf(f, "%*s  individual      inherited\n", w.label + w.module + w.source + w.id + 16, "");
	fprintf(f, "%-*s %-*s %-*s %*s %11s  %%time %%alloc   %%time %%alloc%s\n\n", w.label, "COST CENTRE", w.module,
	        "MODULE", w.source, "SRC", w.id, "no.", "entries", exact);
	for (uint32_t i = 0; i < r->n_rows; i++)
		print_row(f, r, i, w, ticks, bytes);
	if (fclose(f) != 0)
		abort();
	return text;
}
