/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel counted for a process and its children, as GNU time writes it for the workbench into
 * `kernel-resource-summary.json` when a node ends:
 *
 *     Command terminated by signal 9                      only when it failed, or with a status
 *     { "wall_clock_s":       %e
 *     , "user_cpu_s":         %U
 *     …
 *     , "avg_cpu_pct":       "%P"
 *     , "cmdline":           "%C"                         not escaped
 *     , "exit_code":          %x }
 *
 * Left out: the average share of a CPU, a quotient; signals and swaps, which Linux does not count and reports as 0
 * (getrusage(2): ru_nsignals, ru_nswap are unmaintained); the exit code of a process that a signal ended, which is 0.
 */
#include <weir/collector.h>

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/fail.h>

#include "collectors/program/report.h"

enum row {
	ROW_CPU,
	ROW_ELAPSED,
	ROW_RSS_MAX,
	ROW_SWITCHES,
	ROW_FAULTS,
	ROW_DISK,
	ROW_COUNT,
};

enum {
	SUMMARY_MAX = 4 << 20, /* bytes: a command line is at most 2 MiB, doubled when it is escaped */
	BLOCK_BYTES = 512,     /* of ru_inblock and ru_oublock */
	NUMBERS_MAX = 32,
};

struct weir_instance {
	const struct weir_host *host;
	struct ending_facts facts;
	struct weir_number numbers[NUMBERS_MAX];
	uint32_t n_numbers;
	int has_signal;
};

enum as {
	AS_NUMBER = 0, /* times factor */
	AS_SECONDS,
	AS_EXIT_CODE,
	AS_COMMAND,
	AS_DERIVED,
	AS_NOT_MEASURED,
};

static const struct member {
	const char *name;
	uint8_t as;
	uint8_t row;
	const char *key, *value; /* the series' attribute */
	int64_t factor;
} members[] = {
	{ "wall_clock_s", AS_SECONDS, ROW_ELAPSED, NULL, NULL, 0 },
	{ "user_cpu_s", AS_SECONDS, ROW_CPU, "state", "user", 0 },
	{ "sys_cpu_s", AS_SECONDS, ROW_CPU, "state", "system", 0 },
	{ "avg_cpu_pct", AS_DERIVED, 0, NULL, NULL, 0 },
	{ "rss_peak_kb", AS_NUMBER, ROW_RSS_MAX, NULL, NULL, 1024 },
	{ "signals_received", AS_NOT_MEASURED, 0, NULL, NULL, 0 },
	{ "ctxsw_involuntary", AS_NUMBER, ROW_SWITCHES, "type", "involuntary", 1 },
	{ "ctxsw_volunt_waits", AS_NUMBER, ROW_SWITCHES, "type", "voluntary", 1 },
	{ "pageflt_major", AS_NUMBER, ROW_FAULTS, "type", "major", 1 },
	{ "pageflt_minor", AS_NUMBER, ROW_FAULTS, "type", "minor", 1 },
	{ "swaps", AS_NOT_MEASURED, 0, NULL, NULL, 0 },
	{ "io_fs_reads", AS_NUMBER, ROW_DISK, "direction", "read", BLOCK_BYTES },
	{ "io_fs_writes", AS_NUMBER, ROW_DISK, "direction", "write", BLOCK_BYTES },
	{ "cmdline", AS_COMMAND, 0, NULL, NULL, 0 },
	{ "exit_code", AS_EXIT_CODE, 0, NULL, NULL, 0 },
};

#define COUNTER(n, u, b, h, w)                                                                                         \
	{                                                                                                              \
		.name = n, .unit = u, .brief = b, .help = h, .shape = WEIR_SHAPE_NUMBER, .kind = WEIR_KIND_COUNTER,    \
		.type = WEIR_TYPE_I64, .better = w, .range = WEIR_RANGE_FROM_ZERO                                      \
	}

static const struct weir_metric metrics[ROW_COUNT] = {
	[ROW_CPU] =
		COUNTER("process.cpu.time", "ns", "CPU time", "CPU time of the process by state: user and system.", -1),
	[ROW_ELAPSED] =
		COUNTER("process.elapsed.time", "ns", "elapsed time", "Time from the process's start to its end.", -1),
	[ROW_RSS_MAX] = { .name = "process.memory.usage.max",
	                  .unit = "By",
	                  .brief = "largest RSS",
	                  .help = "The most resident memory of the process, or of the largest of its children.",
	                  .shape = WEIR_SHAPE_NUMBER,
	                  .kind = WEIR_KIND_GAUGE,
	                  .type = WEIR_TYPE_I64,
	                  .better = -1,
	                  .range = WEIR_RANGE_FROM_ZERO },
	[ROW_SWITCHES] = COUNTER("process.context_switches", "{context_switch}", "context switches",
	                         "Context switches: voluntary ones wait, involuntary ones were due.", -1),
	[ROW_FAULTS] = COUNTER("process.paging.faults", "{fault}", "page faults",
	                       "Page faults; major ones read from storage.", -1),
	[ROW_DISK] =
		COUNTER("process.disk.io", "By", "disk IO",
	                "Bytes that the process caused to be read from and written to storage, in blocks of 512.", -1),
};

static const struct weir_claim claims[] = { { "kernel-resource-summary.json", WEIR_CLAIM_FILE, 0 } };

static void resources_close(struct weir_instance *i)
{
	free(i);
}

static int resources_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));

	if (!i)
		return weir_fail(reterr, -ENOMEM, "kernel-resources: no memory");
	/* Else jansson opens /dev/urandom for a seed, which a collector may not. */
	json_object_seed((size_t)h->now(h) | 1);
	i->host = h;
	i->facts = report_times(h);
	*ret = i;
	return WEIR_OK;
}

/* ---- The text ---- */

/* What stands in front of the object. */
static void take_preamble(struct weir_instance *i, const char *at, size_t n)
{
	static const char signal[] = "terminated by signal ";
	const char *found = memmem(at, n, signal, sizeof(signal) - 1);
	const char *digits = found ? found + sizeof(signal) - 1 : NULL;
	size_t n_digits = 0;

	while (digits && digits + n_digits < at + n && digits[n_digits] >= '0' && digits[n_digits] <= '9')
		n_digits++;
	i->has_signal = n_digits > 0;
	if (i->has_signal)
		(void)i->host->fact(i->host, "process.exit_signal", (struct weir_text){ digits, n_digits });
}

static size_t put_escaped(char *room, const char *at, size_t n)
{
	size_t n_room = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)at[i];

		if (c < ' ')
			n_room += (size_t)sprintf(room + n_room, "\\u%04x", c);
		else {
			if (c == '"' || c == '\\')
				room[n_room++] = '\\';
			room[n_room++] = (char)c;
		}
	}
	return n_room;
}

/* GNU time doesn't escape the command line: it is what stands between its own first quote and the last one before
 * `exit_code`. */
static json_t *load_escaped(const char *at, size_t n)
{
	static const char key[] = "\"cmdline\":", next[] = "\"exit_code\"";
	const char *start = memmem(at, n, key, sizeof(key) - 1), *end = NULL, *end_of_all = at + n;
	char *room;
	size_t n_room;
	json_t *ret;

	start = start ? memchr(start + sizeof(key) - 1, '"', (size_t)(end_of_all - start) - sizeof(key) + 1) : NULL;
	for (const char *p = start; p; p = memmem(p + 1, (size_t)(end_of_all - p - 1), next, sizeof(next) - 1))
		end = p;
	if (!start || end == start)
		return NULL;
	end = memrchr(start + 1, '"', (size_t)(end - start - 1));
	room = end ? malloc(n + 6 * (size_t)(end - start)) : NULL;
	if (!room)
		return NULL;
	n_room = (size_t)(start + 1 - at);
	memcpy(room, at, n_room);
	n_room += put_escaped(room + n_room, start + 1, (size_t)(end - start - 1));
	memcpy(room + n_room, end, (size_t)(end_of_all - end));
	n_room += (size_t)(end_of_all - end);
	ret = json_loadb(room, n_room, 0, NULL);
	free(room);
	return ret;
}

static json_t *load(struct weir_instance *i, const char *at, size_t n)
{
	const char *brace = memchr(at, '{', n);
	size_t n_before = brace ? (size_t)(brace - at) : n;
	json_error_t error;
	json_t *ret;

	if (!brace) {
		report_say(i->host, WEIR_WARNING, "resources.none",
		           "there is no summary: GNU time was killed, or waits", WEIR_NO_OFFSET, 1);
		return NULL;
	}
	take_preamble(i, at, n_before);
	ret = json_loadb(brace, n - n_before, 0, &error);
	if (!ret) {
		ret = load_escaped(brace, n - n_before);
		if (ret)
			report_say(i->host, WEIR_NOTE, "resources.quotes",
			           "the command line has quotes, which GNU time does not escape", n_before, 1);
	}
	if (!ret || !json_is_object(ret)) {
		json_decref(ret);
		report_bad(i->host, "resources.json", "the summary is no JSON object", n_before);
		return NULL;
	}
	return ret;
}

/* ---- Members ---- */

static void emit(struct weir_instance *i, const struct member *m, int64_t value)
{
	struct weir_attr attr = { { m->key, m->key ? strlen(m->key) : 0 },
		                  { m->value, m->value ? strlen(m->value) : 0 } };
	uint32_t series = i->host->series(i->host, m->row, &attr, m->key ? 1 : 0);

	if (!series || i->n_numbers == NUMBERS_MAX) {
		report_tally(i->host, WEIR_SKIPPED, "resources.refused");
		return;
	}
	i->numbers[i->n_numbers++] = (struct weir_number){ .value = { .i64 = value }, .series = series };
	report_tally(i->host, WEIR_STORED, NULL);
}

static void take_number(struct weir_instance *i, const struct member *m, const json_t *value)
{
	int64_t number = ENDING_UNKNOWN;

	if (m->as == AS_SECONDS && json_is_number(value))
		number = ending_ns(json_number_value(value));
	else if (json_is_integer(value) &&
	         __builtin_mul_overflow((int64_t)json_integer_value(value), m->factor, &number))
		number = ENDING_UNKNOWN;
	if (number >= 0) {
		emit(i, m, number);
		return;
	}
	report_bad(i->host, "resources.value", "a member has a value that it cannot have", WEIR_NO_OFFSET);
}

static void take_exit_code(struct weir_instance *i, const json_t *value)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRId64, (int64_t)json_integer_value(value));

	if (i->has_signal || !json_is_integer(value)) {
		report_tally(i->host, WEIR_SKIPPED, "resources.not_measured");
		return;
	}
	(void)i->host->fact(i->host, "process.exit_code", (struct weir_text){ digits, (uint64_t)n });
	report_tally(i->host, WEIR_STORED, NULL);
}

static void take_command(struct weir_instance *i, const json_t *value)
{
	if (json_string_length(value))
		(void)i->host->fact(i->host, "process.command_line",
		                    (struct weir_text){ json_string_value(value), json_string_length(value) });
	report_tally(i->host, WEIR_STORED, NULL);
}

static const struct member *find_member(const char *name)
{
	for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++)
		if (strcmp(members[k].name, name) == 0)
			return &members[k];
	return NULL;
}

static void take_member(struct weir_instance *i, const char *name, const json_t *value)
{
	const struct member *m = find_member(name);

	if (!m) {
		report_tally(i->host, WEIR_SKIPPED, "resources.unknown_member");
		report_say(i->host, WEIR_NOTE, "resources.unknown_member", "a member of this name isn't known",
		           WEIR_NO_OFFSET, 1);
	} else if (m->as == AS_DERIVED) {
		report_tally(i->host, WEIR_SKIPPED, "resources.derived");
	} else if (m->as == AS_NOT_MEASURED) {
		report_tally(i->host, WEIR_SKIPPED, "resources.not_measured");
	} else if (m->as == AS_EXIT_CODE) {
		take_exit_code(i, value);
	} else if (m->as == AS_COMMAND) {
		take_command(i, value);
	} else {
		take_number(i, m, value);
	}
}

static int take_summary(struct weir_instance *i, json_t *summary)
{
	const json_t *wall = json_object_get(summary, "wall_clock_s");
	struct ending ending =
		ending_make(&i->facts, json_is_number(wall) ? ending_ns(json_number_value(wall)) : ENDING_UNKNOWN);
	const char *name;
	json_t *value;

	json_object_foreach(summary, name, value) take_member(i, name, value);
	for (uint32_t k = 0; k < i->n_numbers; k++)
		i->numbers[k].time_ns = ending.end_ns;
	if (!ending.tie)
		report_say(i->host, WEIR_WARNING, "resources.no_clock",
		           "nothing tells when the program ended: it is put at 0", WEIR_NO_OFFSET, 1);
	report_clock(i->host, "end of the process", ending.tie, ending.error_ns);
	return i->n_numbers ? i->host->numbers(i->host, i->numbers, i->n_numbers) : WEIR_OK;
}

static int resources_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct weir_chunk chunk;
	json_t *summary;
	int r = i->host->input(i->host, 0, 0, &chunk);

	if (r == WEIR_END) {
		report_say(i->host, WEIR_WARNING, "resources.none", "the file is empty: GNU time was killed, or waits",
		           WEIR_NO_OFFSET, 1);
		return r;
	}
	if (r == WEIR_OK && chunk.n_bytes > SUMMARY_MAX)
		return weir_fail(reterr, -E2BIG, "kernel-resources: offset 0: longer than any summary");
	if (r < 0)
		return weir_fail(reterr, r, "kernel-resources: offset 0: %s", strerror(-r));
	if (r != WEIR_OK || !chunk.is_last)
		return r;
	summary = load(i, (const char *)chunk.at, chunk.n_bytes);
	r = summary ? take_summary(i, summary) : WEIR_OK;
	json_decref(summary);
	if (r < 0)
		return weir_fail(reterr, r, "kernel-resources: emit: %s", strerror(-r));
	return WEIR_END;
}

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "kernel-resources",
	.version = "0.1.0",
	.summary = "what the kernel counted for a node, as GNU time writes it",
	.licence = "Apache-2.0",
	.metrics = metrics,
	.claims = claims,
	.n_metrics = ROW_COUNT,
	.n_claims = sizeof(claims) / sizeof(claims[0]),
	.open = resources_open,
	.poll = resources_poll,
	.close = resources_close,
};
