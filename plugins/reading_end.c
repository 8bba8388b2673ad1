/* SPDX-License-Identifier: Apache-2.0 */
/* How a reading ends: the verdict, and what it leaves in the store. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "plugins/reading.h"
#include "store/now.h"

__attribute__((format(printf, 4, 5))) static int say(struct reading *r, const char *code, struct weir_error *reterr,
                                                     const char *format, ...)
{
	struct weir_diag d = { .code = code,
		               .offset = WEIR_NO_OFFSET,
		               .count = 1,
		               .severity = r->intake.n_rows > 0 ? WEIR_WARNING : WEIR_ERROR };
	char text[2 * READING_OUTPUT_MAX + 256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	d.message = (struct weir_text){ text, strlen(text) };
	return intake_diag(&r->intake, &d, reterr);
}

/* The first bytes of what it wrote, on one line. */
static int say_output(struct reading *r, struct weir_error *reterr)
{
	uint64_t n_kept = r->n_output < READING_OUTPUT_MAX ? r->n_output : READING_OUTPUT_MAX;
	struct weir_diag d = { .code = "host.output", .offset = WEIR_NO_OFFSET, .count = 1, .severity = WEIR_WARNING };
	char text[READING_OUTPUT_MAX + 128];
	int n;

	if (r->n_output == 0)
		return 0;
	n = snprintf(text, sizeof(text), "collector %s: wrote %" PRIu64 " bytes to its standard output or error: ",
	             r->setup.job->collector->name, r->n_output);
	for (uint64_t i = 0; i < n_kept; i++)
		text[(uint64_t)n + i] = iscntrl((unsigned char)r->output[i]) ? ' ' : r->output[i];
	while (n_kept > 0 && text[(uint64_t)n + n_kept - 1] == ' ')
		n_kept--;
	d.message = (struct weir_text){ text, (uint64_t)n + n_kept };
	return intake_diag(&r->intake, &d, reterr);
}

static int say_changes(struct reading *r, struct weir_error *reterr)
{
	const char *path = r->setup.job->path;
	struct stat now;

	if (r->setup.job->is_live)
		return 0;
	if (r->intake.has_end && r->intake.end.is_short)
		return say(r, "host.shrank", reterr, "source: %s: it got shorter while it was read", path);
	if (fstat(r->fd, &now) == 0 &&
	    (now.st_size != r->file.st_size || reading_mtime_ns(&now) != reading_mtime_ns(&r->file)))
		return say(r, "host.changed", reterr,
		           "source: %s: it changed while it was read; run the same command again for the rest", path);
	return 0;
}

static int say_verdict(struct reading *r, int wait_status, struct weir_error *reterr)
{
	struct evidence e = { .collector = r->setup.job->collector,
		              .fate = r->fate,
		              .fault = r->fault.text,
		              .has_end = r->intake.has_end,
		              .end = r->intake.end,
		              .crash = r->gauge->crash,
		              .sentence = r->intake.sentence.text,
		              .wait_status = wait_status,
		              .offset = atomic_load(&r->gauge->offset),
		              .verb = r->intake.has_end ? r->intake.end.verb : atomic_load(&r->gauge->verb),
		              .rows_max = r->rows_max,
		              .memory_max = r->setup.config->memory_max,
		              .stall_ns = r->setup.config->stall_timeout_ns };
	struct weir_diag d = { .offset = e.offset,
		               .count = 1,
		               .severity = r->intake.n_rows > 0 ? WEIR_WARNING : WEIR_ERROR };
	struct verdict v;

	verdict_reach(&e, &v);
	if (!v.code)
		return 0;
	d.code = v.code;
	d.message = (struct weir_text){ v.message.text, strlen(v.message.text) };
	return intake_diag(&r->intake, &d, reterr);
}

/* What the worker thinks of a source that it finished counts; else what is there of it. */
static enum store_status status_of(const struct reading *r)
{
	const struct intake *in = &r->intake;

	if (in->worst == WEIR_ERROR)
		return STORE_FAILED;
	if (!in->has_end || in->end.way != WIRE_WAY_DONE)
		return in->n_rows > 0 ? STORE_PARTIAL : STORE_FAILED;
	if (in->end.status == STORE_OK && in->worst == WEIR_WARNING)
		return STORE_PARTIAL;
	return (enum store_status)in->end.status;
}

static int end_source(struct reading *r, enum store_status status, struct weir_error *reterr)
{
	const struct intake *in = &r->intake;
	const struct lend_ledger *l = &in->end.ledger;
	struct store_source_result result = {
		.status = status,
		.ledger = { l->n_read, l->n_stored, l->n_skipped, l->n_bad, l->n_lost },
		.has_sha256 = in->has_end && in->end.has_sha256,
		.clock = in->clock,
		.clock_tie = in->clock_tie,
		.clock_error_ns = in->clock_error_ns,
		.reasons_json = in->reasons_json ? in->reasons_json : "{}",
	};
	struct store_source *source = r->source;

	memcpy(result.sha256, in->end.sha256, sizeof(result.sha256));
	r->source = NULL;
	return store_source_end(source, &result, reterr);
}

static int reap(struct reading *r, int *ret_status, struct weir_error *reterr)
{
	int result = 1;

	*ret_status = 0;
	if (r->pid == 0)
		return 0;
	while (waitpid(r->pid, ret_status, 0) < 0 && errno == EINTR)
		;
	r->pid = 0;
	while (result > 0)
		result = reading_drain(r, reterr);
	reading_hear(r);
	return result;
}

static int say_all(struct reading *r, int wait_status, struct weir_error *reterr)
{
	int result;

	if (r->fd < 0)
		return say(r, "host.file", reterr, "%s", r->open_error.text);
	result = say_verdict(r, wait_status, reterr);
	if (result == 0)
		result = say_changes(r, reterr);
	return result < 0 ? result : say_output(r, reterr);
}

static int is_left_out(const struct reading *r)
{
	const struct wire_end *e = &r->intake.end;

	return r->setup.job->is_optional && r->intake.has_end && e->way == WIRE_WAY_FAILED &&
	       e->verb == WORKER_VERB_OPEN && e->code == -ENXIO;
}

int reading_end(struct reading *r, struct session_outcome *ret, struct weir_error *reterr)
{
	int wait_status;
	int result = reap(r, &wait_status, reterr);

	*ret = (struct session_outcome){ 0 };
	if (result < 0 || r->is_hash_only)
		return result;
	ret->is_left_out = is_left_out(r);
	if (ret->is_left_out) {
		ret->why = r->intake.sentence;
		store_source_abort(r->source);
		r->source = NULL;
		return 0;
	}
	result = say_all(r, wait_status, reterr);
	if (result < 0)
		return result;
	ret->status = status_of(r);
	ret->ledger = (struct store_ledger){ r->intake.end.ledger.n_read, r->intake.end.ledger.n_stored,
		                             r->intake.end.ledger.n_skipped, r->intake.end.ledger.n_bad,
		                             r->intake.end.ledger.n_lost };
	ret->n_rows = r->intake.n_rows;
	ret->n_bytes = r->setup.job->is_stream ? reading_bytes(r) : (uint64_t)r->file.st_size;
	ret->elapsed_ns = now_monotonic_ns() - r->started_ns;
	return end_source(r, ret->status, reterr);
}

int reading_has_hash(const struct reading *r, const uint8_t sha256[32])
{
	return r->intake.has_end && r->intake.end.has_sha256 && memcmp(r->intake.end.sha256, sha256, 32) == 0;
}
