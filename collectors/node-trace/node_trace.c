/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/node-trace/node_trace.h"
#include "collectors/program/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

enum option {
	OPTION_SILENCE,
	OPTION_THREAD_SILENCE,
};

static const struct weir_option options[] = {
	[OPTION_SILENCE] = { .name = "silence",
	                     .fallback = "2s",
	                     .help = "the shortest time without any line that is stored",
	                     .min = 1000000,
	                     .max = INT64_MAX,
	                     .type = WEIR_OPTION_DURATION },
	[OPTION_THREAD_SILENCE] = { .name = "thread-silence",
	                            .fallback = "10s",
	                            .help = "the same for each thread; 0s: not looked for",
	                            .min = 0,
	                            .max = INT64_MAX,
	                            .type = WEIR_OPTION_DURATION },
};

static const struct weir_claim claims[] = {
	{ .pattern = "stdout*", .kind = WEIR_CLAIM_FILE },      { .pattern = "stderr*", .kind = WEIR_CLAIM_FILE },
	{ .pattern = "*.json", .kind = WEIR_CLAIM_FILE },       { .pattern = "*.jsonl", .kind = WEIR_CLAIM_FILE },
	{ .pattern = "*.log", .kind = WEIR_CLAIM_FILE },        { .pattern = "*.stdout", .kind = WEIR_CLAIM_FILE },
	{ .pattern = "node-*.json*", .kind = WEIR_CLAIM_FILE }, { .pattern = "*.txt", .kind = WEIR_CLAIM_FILE },
};

enum {
	N_WHATS = TRACE_CUT + 1,
	SURE_OF_NAME = 1,
};

struct weir_instance {
	const struct weir_host *host;
	uint64_t n_used; /* of the window */
	uint64_t n_lines[N_WHATS];
	uint64_t n_bad;
	uint64_t n_wrapped;
	int has_end;
	struct emit emit;
	struct slots slots;
	struct blocks blocks;
	struct resources resources;
	struct forge forge;
	struct trace_parser parser, inner_parser;
	struct trace_line line, inner_line;
	struct silence silence;
	struct trace_names names;
	char unwrapped[64 << 10];
};

/* What a node's output is called. */
static int is_output(struct weir_text name)
{
	static const char output[] = "stdout";
	size_t n = sizeof(output) - 1;

	return name.n_bytes >= n &&
	       (memcmp(name.at, output, n) == 0 || memcmp(name.at + name.n_bytes - n, output, n) == 0);
}

/* Whether a line is a trace: enough of them among the first ones make the file ours. */
static uint32_t node_trace_sniff(struct weir_text name, const uint8_t *head, uint64_t n_head)
{
	struct trace_parser p = { 0 };
	struct trace_line line;
	struct parse_fault fault;
	size_t at = 0, n_used;
	uint32_t n_traces = 0, n_others = 0;

	while (at < n_head &&
	       trace_next(&p, (const char *)head + at, n_head - at, 1, &line, &n_used, &fault) != PARSE_END) {
		n_traces += line.what == TRACE_MESSAGE || line.wrapped.type;
		n_others += line.what == TRACE_OBJECT && !line.wrapped.type;
		at += n_used;
	}
	/* One line can be longer than all that is shown here. */
	if (!n_traces && n_head > 8 && !memcmp(head, "{\"at\":\"", 7))
		return 60;
	if (n_traces > n_others)
		return 80;
	/* A node says its whole configuration first, in one line, and other programs talk before they trace. */
	return is_output(name) && n_head ? SURE_OF_NAME : 0;
}

/* What a line of the file before this one says of how this one begins. */
static void recall(struct weir_instance *i, const struct trace_line *line)
{
	enum meaning meaning = frequency_meaning(line->ns, line->kind);

	silence_line(&i->silence, &i->emit, line);
	forge_line(&i->forge, &i->emit, &i->slots, meaning, line);
	if (meaning == MEANING_SNAPSHOT)
		blocks_line(&i->blocks, &i->emit, meaning, line);
}

/* A rotated log goes on in this file. */
static void join(struct weir_instance *i)
{
	struct trace_parser p = { 0 };
	struct parse_fault fault;
	struct weir_text before;
	size_t at = 0, n_used;
	enum parse_result r;

	if (i->host->context(i->host, "trace.before", &before) != WEIR_OK)
		return;
	i->emit.is_mute = 1;
	while ((r = trace_next(&p, before.at + at, before.n_bytes - at, 1, &i->line, &n_used, &fault)) != PARSE_END) {
		at += n_used;
		if (r == PARSE_OK && i->line.what == TRACE_MESSAGE)
			recall(i, &i->line);
	}
	i->emit.is_mute = 0;
	silence_join(&i->silence);
	forge_join(&i->forge);
}

static int node_trace_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	static const char tie[] = "written by the node, UTC";
	struct weir_instance *i = calloc(1, sizeof(*i));
	union weir_value silence, thread_silence;

	if (!i)
		return weir_fail(reterr, -ENOMEM, "node-trace: no memory");
	i->host = i->emit.host = h;
	if (h->option(h, OPTION_SILENCE, &silence) < 0 || h->option(h, OPTION_THREAD_SILENCE, &thread_silence) < 0) {
		free(i);
		return weir_fail(reterr, -EINVAL, "node-trace: options: the host doesn't give them");
	}
	i->silence.threshold_ns = silence.i64;
	i->silence.thread_threshold_ns = thread_silence.i64;
	i->blocks.second = INT64_MIN;
	slots_init(&i->slots, h);
	join(i);
	(void)h->clock(h, &(struct weir_clock){ "CLOCK_REALTIME", { tie, sizeof(tie) - 1 }, 0 });
	*ret = i;
	return WEIR_OK;
}

static void message(struct weir_instance *i, const struct trace_line *line)
{
	enum meaning meaning = frequency_count(&i->names, line);

	silence_line(&i->silence, &i->emit, line);
	if (!meaning)
		return;
	forge_line(&i->forge, &i->emit, &i->slots, meaning, line);
	if (meaning == MEANING_RESOURCES)
		resources_line(&i->resources, &i->emit, line);
	else
		blocks_line(&i->blocks, &i->emit, meaning, line);
}

/* A trace that another tool has put into a string of its own object. 1: it was one. */
static int unwrap(struct weir_instance *i)
{
	size_t n = jsontext_unescape(&i->line.wrapped, i->unwrapped, sizeof(i->unwrapped)), n_used;
	struct parse_fault fault;

	if (n > sizeof(i->unwrapped) ||
	    trace_next(&i->inner_parser, i->unwrapped, n, 1, &i->inner_line, &n_used, &fault) != PARSE_OK ||
	    i->inner_line.what != TRACE_MESSAGE)
		return 0;
	i->n_wrapped++;
	message(i, &i->inner_line);
	return 1;
}

static void bad_line(struct weir_instance *i, const struct parse_fault *fault)
{
	i->n_bad++;
	report_say(i->host, WEIR_WARNING, fault->code, fault->reason, fault->offset, 1);
}

static void good_line(struct weir_instance *i)
{
	struct trace_line *line = &i->line;

	if (line->what == TRACE_MESSAGE) {
		message(i, line);
	} else if (line->what == TRACE_OBJECT && line->wrapped.type && unwrap(i)) {
		i->n_lines[TRACE_MESSAGE]++;
		return;
	} else if (line->what == TRACE_CUT) {
		report_say(i->host, WEIR_WARNING, "trace.cut", "the last line was cut: the node was killed",
		           i->parser.offset - line->text.n, 1);
	}
	i->n_lines[line->what]++;
}

/* ---- The end ---- */

static const struct {
	const char *name, *skipped_as;
} whats[N_WHATS] = {
	[TRACE_MESSAGE] = { "trace", NULL },
	[TRACE_OBJECT] = { "object", "not_a_trace" },
	[TRACE_TEXT] = { "text", "text" },
	[TRACE_HUMAN] = { "human", "human_readable" },
	[TRACE_COMMENT] = { "comment", "comment" },
	[TRACE_BLANK] = { "blank", "blank" },
	[TRACE_CUT] = { "cut", NULL },
};

static void tally_window(struct weir_instance *i, uint64_t *before)
{
	const struct weir_host *h = i->host;

	for (int w = TRACE_MESSAGE; w < N_WHATS; w++) {
		uint64_t n = i->n_lines[w] - before[w];

		if (!n)
			continue;
		h->tally(h, WEIR_READ, n, NULL);
		if (w == TRACE_MESSAGE)
			h->tally(h, WEIR_STORED, n, NULL);
		else if (w == TRACE_CUT)
			h->tally(h, WEIR_BAD, n, "trace.cut");
		else
			h->tally(h, WEIR_SKIPPED, n, whats[w].skipped_as);
	}
}

static void emit_lines(struct weir_instance *i)
{
	for (int w = TRACE_MESSAGE; w < N_WHATS; w++)
		if (i->n_lines[w])
			emit_i64(&i->emit,
			         emit_series(&i->emit, ROW_LINES, "what",
			                     (struct weir_text){ whats[w].name, strlen(whats[w].name) }),
			         i->silence.last_ns, (int64_t)i->n_lines[w]);
	if (i->n_bad)
		emit_i64(&i->emit, emit_series(&i->emit, ROW_LINES, "what", (struct weir_text){ "bad", 3 }),
		         i->silence.last_ns, (int64_t)i->n_bad);
}

static void note(const struct weir_host *h, const char *code, uint64_t count, const char *message_text)
{
	if (count)
		report_say(h, WEIR_NOTE, code, message_text, WEIR_NO_OFFSET, count);
}

static int finish(struct weir_instance *i)
{
	i->has_end = 1;
	if (i->n_lines[TRACE_MESSAGE]) {
		slots_emit(&i->slots, &i->emit, i->silence.joined_ns ? i->silence.joined_ns + 1 : i->silence.first_ns,
		           i->silence.highest_ns);
		blocks_finish(&i->blocks, &i->emit);
		silence_finish(&i->silence, &i->emit);
		frequency_emit(&i->names, &i->emit, i->silence.highest_ns);
		emit_lines(i);
	}
	resources_finish(&i->resources, i->host);
	note(i->host, "trace.joined", i->silence.joined_ns != 0, "the log goes on from the file before this one");
	note(i->host, "trace.backwards", i->silence.n_back, "lines whose time is before that of a line above them");
	note(i->host, "trace.repeated_slot", i->forge.n_repeated,
	     "leadership checks of a slot that was checked before");
	note(i->host, "trace.negative", i->emit.n_negative, "amounts below 0 are left out");
	note(i->host, "trace.no_slot", i->forge.n_no_slot, "leadership checks whose slot is no slot");
	note(i->host, "trace.phase_alone", i->forge.n_without,
	     "lines of the forge loop without the start of their slot");
	note(i->host, "trace.snapshot_open", i->blocks.has_snapshot_open,
	     "a ledger snapshot was begun and not finished");
	note(i->host, "trace.forge_threads", i->forge.n_beyond, "lines of more than 64 forging threads are left out");
	if (!i->slots.is_known && i->forge.n_threads)
		note(i->host, "trace.no_genesis", 1,
		     "no genesis: slot times, start delays and epochs are not measured");
	return emit_flush(&i->emit) < 0 ? i->emit.result : WEIR_END;
}

static int node_trace_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct weir_chunk window;
	uint64_t before[N_WHATS], n_bad = i->n_bad, at = 0;
	int r;

	if (i->has_end)
		return WEIR_END;
	r = i->host->input(i->host, 0, i->n_used, &window);
	i->n_used = 0;
	if (r == WEIR_END)
		return finish(i);
	if (r != WEIR_OK)
		return r < 0 ? weir_fail(reterr, r, "node-trace: input: cannot be read") : r;
	memcpy(before, i->n_lines, sizeof(before));
	for (;;) {
		struct parse_fault fault;
		size_t n_used;
		enum parse_result p = trace_next(&i->parser, (const char *)window.at + at, window.n_bytes - at,
		                                 (int)window.is_last, &i->line, &n_used, &fault);

		if (p == PARSE_MORE || p == PARSE_END)
			break;
		at += n_used;
		if (p == PARSE_BAD)
			bad_line(i, &fault);
		else
			good_line(i);
	}
	i->n_used = at;
	tally_window(i, before);
	if (i->n_bad > n_bad) {
		i->host->tally(i->host, WEIR_READ, i->n_bad - n_bad, NULL);
		i->host->tally(i->host, WEIR_BAD, i->n_bad - n_bad, "malformed");
	}
	return emit_flush(&i->emit) < 0 ? i->emit.result : WEIR_OK;
}

static void node_trace_close(struct weir_instance *i)
{
	free(i);
}

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "node-trace",
	.version = "0.1.0",
	.summary = "a node's trace log: forge loop, blocks, resources, frequencies, silences",
	.licence = "Apache-2.0",
	.metrics = node_trace_metrics,
	.options = options,
	.claims = claims,
	.n_metrics = ROW_END,
	.n_options = sizeof(options) / sizeof(options[0]),
	.n_claims = sizeof(claims) / sizeof(claims[0]),
	.sniff = node_trace_sniff,
	.open = node_trace_open,
	.poll = node_trace_poll,
	.close = node_trace_close,
};
