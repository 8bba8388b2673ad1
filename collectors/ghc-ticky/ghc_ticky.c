/* SPDX-License-Identifier: Apache-2.0 */
/* Ticky-ticky reports: what each closure of a program did, and the run-time system's counters, as of the program's end.
 * A closure is a stack of one frame, whose name is all that the report says of it, as only that is unique.
 *
 * Left out: shares, which are quotients; counters that were not measured.
 */
#include <weir/collector.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/fail.h>

#include "collectors/program/report.h"
#include "parsers/ticky.h"

enum row {
	ROW_ENTRIES,
	ROW_ALLOC,
	ROW_ALLOCD,
	ROW_ARITY,
	ROW_SUM,
	ROW_COUNTER,
	ROW_COUNT,
};

enum {
	FACT_MAX = 64 * 1024, /* bytes of a fact */
	BATCH = 256,          /* rows */
	COUNTS = 3,           /* of a row, which all have the same series */
	WEIGHTS = COUNTS + 1,
};

struct weir_instance {
	const struct weir_host *host;
	uint64_t n_used; /* of the last window */
	struct ticky_parser parser;
	struct ticky_record record;
	struct ending ending;
	uint32_t series[COUNTS];
	struct weir_weight weights[BATCH * WEIGHTS];
	struct weir_number numbers[BATCH];
	uint32_t n_weights, n_numbers;
	uint64_t n_rows, n_counters, n_allocd, n_entered_constructors;
	char room[FACT_MAX];
};

static const struct weir_metric metrics[ROW_COUNT] = {
	[ROW_ENTRIES] = { .name = "ghc.ticky.entries",
	                  .unit = "{entry}",
	                  .brief = "entries",
	                  .help = "How often a closure was entered.",
	                  .shape = WEIR_SHAPE_WEIGHT,
	                  .kind = WEIR_KIND_COUNTER,
	                  .type = WEIR_TYPE_I64,
	                  .better = -1,
	                  .range = WEIR_RANGE_FROM_ZERO },
	[ROW_ALLOC] = { .name = "ghc.ticky.alloc",
	                .unit = "By",
	                .brief = "allocated by",
	                .help = "Bytes that a closure's code allocated.",
	                .shape = WEIR_SHAPE_WEIGHT,
	                .kind = WEIR_KIND_COUNTER,
	                .type = WEIR_TYPE_I64,
	                .better = -1,
	                .range = WEIR_RANGE_FROM_ZERO },
	[ROW_ALLOCD] = { .name = "ghc.ticky.allocd",
	                 .unit = "By",
	                 .brief = "allocated of",
	                 .help = "Bytes of a closure's own kind that were allocated, by whatever code.",
	                 .shape = WEIR_SHAPE_WEIGHT,
	                 .kind = WEIR_KIND_COUNTER,
	                 .type = WEIR_TYPE_I64,
	                 .better = -1,
	                 .range = WEIR_RANGE_FROM_ZERO },
	[ROW_ARITY] = { .name = "ghc.ticky.arity",
	                .unit = "{argument}",
	                .brief = "arity",
	                .help = "How many arguments a closure takes; its attributes are the kinds of its arguments and "
	                        "of its free variables, a letter each, and its own.",
	                .shape = WEIR_SHAPE_WEIGHT,
	                .kind = WEIR_KIND_GAUGE,
	                .type = WEIR_TYPE_I64,
	                .range = WEIR_RANGE_FROM_ZERO },
	[ROW_SUM] = { .name = "ghc.ticky.sum",
	              .unit = "1",
	              .brief = "ticky sum",
	              .help = "The report's own sums of its counters, by name: enters, updates, returns and what they "
	                      "consist of.",
	              .shape = WEIR_SHAPE_NUMBER,
	              .kind = WEIR_KIND_COUNTER,
	              .type = WEIR_TYPE_I64,
	              .range = WEIR_RANGE_FROM_ZERO },
	[ROW_COUNTER] = { .name = "ghc.ticky.counter",
	                  .unit = "1",
	                  .brief = "ticky counter",
	                  .help = "The run-time system's ticky counters by name; `_gds`, `_adm`, `_slp` and `_tot` "
	                          "count bytes.",
	                  .shape = WEIR_SHAPE_NUMBER,
	                  .kind = WEIR_KIND_COUNTER,
	                  .type = WEIR_TYPE_I64,
	                  .range = WEIR_RANGE_FROM_ZERO },
};

static const struct weir_claim claims[] = {
	{ "*.ticky", WEIR_CLAIM_FILE, 0 },
	{ "*.out", WEIR_CLAIM_FILE, 0 },
	{ "*.txt", WEIR_CLAIM_FILE, 0 },
};

static uint32_t ticky_sniff_file(struct weir_text name, const uint8_t *head, uint64_t n_head)
{
	static const char ending[] = ".ticky";
	int is_ours = name.n_bytes > 6 && memcmp(name.at + name.n_bytes - 6, ending, 6) == 0;
	uint32_t sure = ticky_sniff((const char *)head, n_head);

	/* A killed program leaves its command line, or nothing. */
	return sure ? sure : is_ours ? 60 : 0;
}

static void ticky_close(struct weir_instance *i)
{
	free(i);
}

static int ticky_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));
	struct ending_facts times = report_times(h);

	if (!i)
		return weir_fail(reterr, -ENOMEM, "ghc-ticky: no memory");
	i->host = h;
	i->ending = ending_make(&times, ENDING_UNKNOWN);
	report_clock(h, "end of the program", i->ending.tie, i->ending.error_ns);
	for (uint32_t k = 0; k < COUNTS; k++)
		i->series[k] = h->series(h, ROW_ENTRIES + k, NULL, 0);
	*ret = i;
	return WEIR_OK;
}

static int flush(struct weir_instance *i)
{
	int r = i->n_weights ? i->host->weights(i->host, i->weights, i->n_weights) : WEIR_OK;

	if (r >= 0 && i->n_numbers)
		r = i->host->numbers(i->host, i->numbers, i->n_numbers);
	i->n_weights = i->n_numbers = 0;
	return r;
}

static int is_constructor(const struct ticky_row *row)
{
	return memmem(row->name.at, row->name.n, " (con", 5) != NULL;
}

static void add_weight(struct weir_instance *i, uint32_t series, uint32_t stack, int64_t value)
{
	i->weights[i->n_weights++] = (struct weir_weight){ .time_ns = i->ending.end_ns,
		                                           .self = { .i64 = value },
		                                           .series = series,
		                                           .stack = stack,
		                                           .flags = WEIR_WEIGHT_HAS_SELF };
}

static int take_row(struct weir_instance *i, const struct ticky_row *row)
{
	const struct weir_attr kinds = { { "arguments", 9 }, report_text(row->arguments) };
	uint32_t arity = i->host->series(i->host, ROW_ARITY, &kinds, row->arguments.n > 0);
	const int64_t values[COUNTS] = { row->entries, row->alloc_bytes, row->allocd_bytes };
	uint32_t frame =
		i->host->frame(i->host, report_text(row->name), report_text(row->module), (struct weir_text){ "", 0 });
	uint32_t stack = frame ? i->host->stack(i->host, 0, frame, 0) : 0;

	i->n_rows++;
	i->n_allocd += row->allocd_bytes > 0;
	i->n_entered_constructors += row->entries > 0 && is_constructor(row);
	if (!stack || !arity) {
		report_tally(i->host, WEIR_SKIPPED, "ticky.refused");
		return WEIR_OK;
	}
	for (uint32_t k = 0; k < COUNTS; k++)
		add_weight(i, i->series[k], stack, values[k]);
	add_weight(i, arity, stack, (int64_t)row->arity);
	report_tally(i->host, WEIR_STORED, NULL);
	return i->n_weights == BATCH * WEIGHTS ? flush(i) : WEIR_OK;
}

static int take_number(struct weir_instance *i, enum row row, const char *key, struct weir_text name, int64_t value)
{
	struct weir_attr attr = { { key, strlen(key) }, name };
	uint32_t series = i->host->series(i->host, row, &attr, 1);

	if (!series) {
		report_tally(i->host, WEIR_SKIPPED, "ticky.refused");
		return WEIR_OK;
	}
	i->numbers[i->n_numbers++] =
		(struct weir_number){ .time_ns = i->ending.end_ns, .value = { .i64 = value }, .series = series };
	report_tally(i->host, WEIR_STORED, NULL);
	return i->n_numbers == BATCH ? flush(i) : WEIR_OK;
}

static int take_sums(struct weir_instance *i)
{
	int r = WEIR_OK;

	for (uint32_t k = 0; k < i->record.n_sums && r >= 0; k++) {
		const struct ticky_sum *sum = &i->record.sums[k];

		r = take_number(i, ROW_SUM, "sum", (struct weir_text){ sum->name, strlen(sum->name) }, sum->value);
	}
	return r;
}

static int take_counter(struct weir_instance *i)
{
	i->n_counters++;
	if (i->record.is_measured)
		return take_number(i, ROW_COUNTER, "counter", report_text(i->record.name), i->record.value);
	report_tally(i->host, WEIR_SKIPPED, "ticky.not_measured");
	return WEIR_OK;
}

static int take_record(struct weir_instance *i, uint64_t offset)
{
	switch (i->record.what) {
	case TICKY_COMMAND:
		report_command(i->host, i->record.text, i->room, FACT_MAX);
		return WEIR_OK;
	case TICKY_ROW:
		return take_row(i, &i->record.row);
	case TICKY_SUMS:
		return take_sums(i);
	case TICKY_COUNTER:
		return take_counter(i);
	case TICKY_CUT:
		report_bad(i->host, "ticky.cut_line", "the file ends within a line", offset);
		return WEIR_OK;
	case TICKY_TEXT:
		if (i->record.text.n)
			report_tally(i->host, WEIR_SKIPPED, "ticky.other_text");
		return WEIR_OK;
	default:
		return WEIR_OK;
	}
}

static int finish(struct weir_instance *i)
{
	int r = flush(i);

	if (r < 0)
		return r;
	if (!i->n_rows && !i->n_counters)
		report_say(i->host, WEIR_WARNING, "ticky.none",
		           "there is no report: the program was killed, or runs on", WEIR_NO_OFFSET, 1);
	else if (!i->n_counters)
		report_say(i->host, WEIR_WARNING, "ticky.cut", "the report ends before its counters", WEIR_NO_OFFSET,
		           1);
	/* Constructors are never entered. Seen with 9.6.6, against the same program under 9.0.2. */
	if (i->n_entered_constructors && !i->n_allocd)
		report_say(
			i->host, WEIR_WARNING, "ticky.entries",
			"constructors have entries and nothing has Alloc'd: this GHC adds the bytes of Alloc'd to the "
			"entries",
			WEIR_NO_OFFSET, i->n_entered_constructors);
	if (!i->ending.tie && (i->n_rows || i->n_counters))
		report_say(i->host, WEIR_WARNING, "ticky.no_clock",
		           "nothing tells when the program ended: it is put at 0", WEIR_NO_OFFSET, 1);
	return WEIR_END;
}

static int take_window(struct weir_instance *i, const struct weir_chunk *chunk)
{
	const char *at = (const char *)chunk->at;
	struct parse_fault fault;
	size_t n_used;
	int r = WEIR_OK;

	for (i->n_used = 0; r >= 0; i->n_used += n_used) {
		uint64_t offset = i->parser.offset;
		enum parse_result p = ticky_next(&i->parser, at + i->n_used, chunk->n_bytes - i->n_used,
		                                 (int)chunk->is_last, &i->record, &n_used, &fault);

		if (p == PARSE_OK)
			r = take_record(i, offset);
		else if (p == PARSE_BAD)
			report_bad(i->host, fault.code, fault.reason, fault.offset);
		else
			return WEIR_OK;
	}
	return r;
}

static int ticky_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct weir_chunk chunk;
	int r = i->host->input(i->host, 0, i->n_used, &chunk);

	i->n_used = 0;
	if (r == WEIR_END)
		r = finish(i);
	else if (r == WEIR_OK)
		r = take_window(i, &chunk);
	if (r < 0)
		return weir_fail(reterr, r, "ghc-ticky: offset %llu: %s", (unsigned long long)i->parser.offset,
		                 strerror(-r));
	return r;
}

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "ghc-ticky",
	.version = "0.1.0",
	.summary = "ticky-ticky reports of GHC-compiled programs",
	.licence = "Apache-2.0",
	.metrics = metrics,
	.claims = claims,
	.n_metrics = ROW_COUNT,
	.n_claims = sizeof(claims) / sizeof(claims[0]),
	.sniff = ticky_sniff_file,
	.open = ticky_open,
	.poll = ticky_poll,
	.close = ticky_close,
};
