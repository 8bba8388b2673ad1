/* SPDX-License-Identifier: Apache-2.0 */
/* Heap profiles of GHC-compiled programs: a `.hp` file with the `.prof` beside it. First it looks at the profile's
 * header and at its last sample, through a second view of the same file, as both tell when the samples were taken; then
 * it reads the report, if the bands have stacks; then the samples.
 */
#include "collectors/ghc-heap/ghc_heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <weir/fail.h>

enum {
	INPUT_PROFILE = 0,
	INPUT_REPORT,
	INPUT_PROFILE_AGAIN,
	HEADER_MAX = 2 << 20, /* bytes in which the first sample is looked for */
};

enum stage {
	STAGE_HEADER = 0,
	STAGE_LAST_SAMPLE,
	STAGE_REPORT,
	STAGE_SAMPLES,
};

struct weir_instance {
	const struct weir_host *host;
	enum stage stage;
	uint32_t header_input;
	uint64_t n_used; /* of the last window of what the stage reads */
	struct tie_facts facts;
	struct joins joins;
	struct samples samples;
};

static const struct weir_metric metrics[] = {
	{ .name = "ghc.heap.residency",
	  .unit = "By",
	  .brief = "heap by band",
	  .help = "Live bytes of the heap at a census, by what the profile breaks them down by.",
	  .shape = WEIR_SHAPE_WEIGHT,
	  .kind = WEIR_KIND_GAUGE,
	  .type = WEIR_TYPE_I64,
	  .better = -1,
	  .range = WEIR_RANGE_FROM_ZERO },
};

static const struct weir_claim claims[] = { { "*.hp", WEIR_CLAIM_FILE, 0 } };
static const char *const companions[] = { "{stem}.prof", "{stem}.hp" };

static uint32_t ghc_heap_sniff(struct weir_text name, const uint8_t *head, uint64_t n_head)
{
	static const char start[] = "JOB \"";
	uint64_t n = n_head < sizeof(start) - 1 ? n_head : sizeof(start) - 1;

	/* Nobody else's, by its contents: a profile whose beginning is damaged has to be said to be. */
	if (memcmp(head, start, n) != 0)
		return 1;
	return n == sizeof(start) - 1 ? 95 : 50;
}

static void ghc_heap_close(struct weir_instance *i)
{
	if (!i)
		return;
	joins_done(&i->joins);
	samples_done(&i->samples);
	free(i);
}

static int ghc_heap_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));

	if (!i)
		return weir_fail(reterr, -ENOMEM, "ghc-heap: no memory");
	i->host = h;
	i->header_input = INPUT_PROFILE_AGAIN;
	i->facts = (struct tie_facts){ .date_ns = TIE_UNKNOWN,
		                       .total_ns = TIE_UNKNOWN,
		                       .process_start_ns = report_time(h, "process.start_ns"),
		                       .run_start_ns = report_time(h, "run.start_ns"),
		                       .run_end_ns = report_time(h, "run.end_ns"),
		                       .mtime_ns = report_time(h, "file.mtime_ns") };
	i->joins.host = h;
	i->joins.is_json = PARSE_MORE;
	i->samples.host = h;
	i->samples.mode.n_label_max = LABEL_MAX_DEFAULT;
	i->samples.stacks = (struct stacks){ .host = h, .joins = &i->joins, .mode = &i->samples.mode };
	*ret = i;
	return WEIR_OK;
}

/* ---- The header ---- */

static void take_date(struct weir_instance *i, struct parse_text text)
{
	int64_t seconds;

	if (prof_date(text, &seconds) && !__builtin_mul_overflow(seconds, 1000000000, &i->facts.date_ns))
		return;
	i->facts.date_ns = TIE_UNKNOWN;
}

/* Reads up to the first sample. 0: it isn't in the window. */
static int read_header(struct weir_instance *i, const struct weir_chunk *chunk)
{
	const char *at = (const char *)chunk->at;
	struct hp_parser p = { 0 };
	struct hp_record record, job = { 0 };
	struct parse_fault fault;
	size_t n_used;

	for (uint64_t n = 0;; n += n_used) {
		enum parse_result r =
			hp_next(&p, at + n, chunk->n_bytes - n, (int)chunk->is_last, &record, &n_used, &fault);

		if (r == PARSE_MORE && chunk->n_bytes < HEADER_MAX)
			return 0;
		if (r != PARSE_OK || record.what == HP_BEGIN)
			break;
		if (record.what == HP_JOB)
			job = record;
		if (record.what == HP_DATE)
			take_date(i, record.text);
	}
	if (job.what == HP_JOB)
		samples_job(&i->samples, job.text);
	i->facts.n_cpus = i->samples.mode.n_cpus;
	return 1;
}

/* The header stays in the window: what reads on sees it too. */
static int poll_header(struct weir_instance *i)
{
	struct weir_chunk chunk;
	int r = i->host->input(i->host, i->header_input, 0, &chunk);

	if (r == -ENOENT && i->header_input == INPUT_PROFILE_AGAIN) {
		i->header_input = INPUT_PROFILE;
		return WEIR_OK;
	}
	if (r < 0 || r == WEIR_AGAIN)
		return r;
	if (r == WEIR_OK && !read_header(i, &chunk))
		return WEIR_OK;
	i->stage = i->header_input == INPUT_PROFILE_AGAIN ? STAGE_LAST_SAMPLE : STAGE_REPORT;
	return WEIR_OK;
}

/* ---- The last sample ---- */

static int read_end(const char *line, size_t n, int64_t *ret_ns)
{
	struct hp_parser p = { 0 };
	struct hp_record record;
	struct parse_fault fault;
	size_t n_used;

	if (n < 11 || memcmp(line, "END_SAMPLE ", 11) != 0 ||
	    hp_next(&p, line, n, 1, &record, &n_used, &fault) != PARSE_OK || record.what != HP_END)
		return 0;
	*ret_ns = record.time_ns;
	return 1;
}

/* The last END_SAMPLE of the whole lines here. */
static void find_end(const char *at, size_t n, int64_t *ret_ns)
{
	while (n) {
		const char *before = memrchr(at, '\n', n - 1);
		const char *line = before ? before + 1 : at;

		if (read_end(line, (size_t)(at + n - line), ret_ns))
			return;
		n = (size_t)(line - at);
	}
}

static int poll_last_sample(struct weir_instance *i)
{
	struct weir_chunk chunk;
	const char *newline;
	int r = i->host->input(i->host, INPUT_PROFILE_AGAIN, i->n_used, &chunk);

	i->n_used = 0;
	if (r == WEIR_AGAIN)
		return r;
	if (r != WEIR_OK) {
		i->stage = STAGE_REPORT;
		return r == WEIR_END ? WEIR_OK : r;
	}
	newline = memrchr(chunk.at, '\n', chunk.n_bytes);
	if (newline)
		i->n_used = (uint64_t)(newline + 1 - (const char *)chunk.at);
	find_end((const char *)chunk.at, i->n_used, &i->facts.total_ns);
	if (chunk.is_last)
		i->n_used = chunk.n_bytes;
	else if (!newline && chunk.n_bytes > HP_JOB_MAX)
		i->n_used = chunk.n_bytes;
	return WEIR_OK;
}

/* ---- Report and samples ---- */

static int has_stacks(const struct mode *mode)
{
	return mode->breakdown == BREAKDOWN_COST_CENTRE || mode->breakdown == BREAKDOWN_RETAINER ||
	       mode->breakdown == BREAKDOWN_UNKNOWN;
}

static int poll_report(struct weir_instance *i)
{
	int r = has_stacks(&i->samples.mode) ? joins_poll(&i->joins) : WEIR_END;
	struct tie *tie = &i->samples.tie;

	if (r != WEIR_END)
		return r;
	*tie = tie_make(&i->facts);
	report_clock(i->host, "mutator CPU time", tie->text, tie->error_ns);
	i->n_used = 0;
	i->stage = STAGE_SAMPLES;
	return WEIR_OK;
}

static int poll_samples(struct weir_instance *i)
{
	struct weir_chunk chunk;
	int64_t taken;
	int r = i->host->input(i->host, INPUT_PROFILE, i->n_used, &chunk);

	i->n_used = 0;
	if (r == WEIR_END)
		samples_finish(&i->samples);
	if (r != WEIR_OK)
		return r;
	taken = samples_take(&i->samples, &chunk);
	if (taken < 0)
		return (int)taken;
	i->n_used = (uint64_t)taken;
	return WEIR_OK;
}

static int ghc_heap_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	static int (*const stages[])(struct weir_instance *) = { poll_header, poll_last_sample, poll_report,
		                                                 poll_samples };
	int r = stages[i->stage](i);

	if (r == -ENOTSUP)
		return weir_fail(reterr, r, "ghc-heap: units: only seconds and bytes are known");
	if (r < 0)
		return weir_fail(reterr, r, "ghc-heap: offset %llu: %s", (unsigned long long)i->samples.parser.offset,
		                 strerror(-r));
	return r;
}

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "ghc-heap",
	.version = "0.1.0",
	.summary = "heap profiles of GHC-compiled programs",
	.licence = "Apache-2.0",
	.metrics = metrics,
	.claims = claims,
	.companions = companions,
	.n_metrics = sizeof(metrics) / sizeof(metrics[0]),
	.n_claims = sizeof(claims) / sizeof(claims[0]),
	.n_companions = sizeof(companions) / sizeof(companions[0]),
	.sniff = ghc_heap_sniff,
	.open = ghc_heap_open,
	.poll = ghc_heap_poll,
	.close = ghc_heap_close,
};
