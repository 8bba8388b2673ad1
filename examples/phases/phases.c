/* SPDX-License-Identifier: Apache-2.0 */
/* What a program did when, in phases that lie in each other (event.h draws the log). Each phase becomes a span in its
 * track, and at the end each path of phases a weight: how long it took itself, and with everything inside.
 *
 * The file of the same name that ends in `.names`, where there is one, says where phases come from, a line each:
 *
 *     parse Parser src/Parser.hs:10
 *
 * Shows: a companion, spans with attributes and tracks, stacks and weights, facts, a clock, diags with offsets, bounds
 * on everything that the input controls, and a decoder that is apart from what its events mean.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <weir/collector.h>
#include <weir/fail.h>

#include "event.h"

enum {
	TRACKS_MAX = 64,
	DEPTH_MAX = 32, /* phases open at once in one track */
	PATHS_MAX = 512,
	ORIGINS_MAX = 512,
	NAME_BYTES_MAX = 127,
};

enum {
	METRIC_RUN,
	METRIC_TIME,
};

enum {
	INPUT_LOG,
	INPUT_NAMES,
};

/* A path of phases; the tree of them grows as they are met. */
struct path {
	int64_t self_ns, inclusive_ns;
	uint32_t parent; /* an index + 1; 0: none */
	uint32_t stack;  /* the host's id */
	uint32_t attrs;  /* the host's id of {"phase": name} */
	uint32_t n_runs; /* that have ended */
	uint32_t n_name;
	char name[NAME_BYTES_MAX + 1];
};

struct open_phase {
	int64_t start_ns, inner_ns; /* inner: of those in it that have ended */
	uint32_t path;
};

struct track {
	struct open_phase open[DEPTH_MAX];
	uint32_t id, depth;
};

/* A line of the companion. */
struct origin {
	char name[NAME_BYTES_MAX + 1], module[NAME_BYTES_MAX + 1], source[NAME_BYTES_MAX + 1];
};

struct weir_instance {
	const struct weir_host *host;
	struct path *paths;
	struct origin *origins;
	struct track tracks[TRACKS_MAX];
	uint64_t n_used;
	int64_t start_ns, last_ns;
	uint32_t run_series, time_series;
	uint32_t n_paths, n_tracks, n_origins;
	int has_start, has_names; /* has_names: all of the companion, or that there is none */
};

/* ---- Honesty ---- */

static void complain(const struct weir_instance *i, const char *code, const char *message, uint64_t offset)
{
	const struct weir_diag d = { .code = code,
		                     .message = { message, strlen(message) },
		                     .offset = offset,
		                     .count = 1,
		                     .severity = WEIR_WARNING };

	i->host->diag(i->host, &d);
}

static int refuse(const struct weir_instance *i, const char *code, const char *message, uint64_t offset)
{
	i->host->tally(i->host, WEIR_BAD, 1, code);
	complain(i, code, message, offset);
	return WEIR_OK;
}

static int skip(const struct weir_instance *i, const char *reason)
{
	i->host->tally(i->host, WEIR_SKIPPED, 1, reason);
	return WEIR_OK;
}

static int store(const struct weir_instance *i)
{
	i->host->tally(i->host, WEIR_STORED, 1, NULL);
	return WEIR_OK;
}

/* ---- Paths ---- */

static const struct origin *find_origin(const struct weir_instance *i, const char *name, size_t n)
{
	for (uint32_t k = 0; k < i->n_origins; k++)
		if (strlen(i->origins[k].name) == n && memcmp(i->origins[k].name, name, n) == 0)
			return &i->origins[k];
	return NULL;
}

static struct weir_text text(const char *at)
{
	return (struct weir_text){ at, strlen(at) };
}

/* Makes the host know a new path; 0: it refused. */
static int introduce(struct weir_instance *i, struct path *p)
{
	const struct weir_host *h = i->host;
	const struct origin *o = find_origin(i, p->name, p->n_name);
	const struct weir_text name = { p->name, p->n_name };
	const struct weir_attr attr = { { "phase", 5 }, name };
	uint32_t frame = h->frame(h, name, text(o ? o->module : ""), text(o ? o->source : ""));

	p->attrs = h->attrs(h, &attr, 1);
	p->stack = h->stack(h, p->parent ? i->paths[p->parent - 1].stack : 0, frame, 0);
	return p->attrs && p->stack;
}

/* The path of a name below another one, as an index + 1. 0: there is no room for it. */
static uint32_t path_of(struct weir_instance *i, uint32_t parent, const char *name, size_t n)
{
	struct path *p;

	for (uint32_t k = 0; k < i->n_paths; k++)
		if (i->paths[k].parent == parent && i->paths[k].n_name == n && memcmp(i->paths[k].name, name, n) == 0)
			return k + 1;
	if (i->n_paths == PATHS_MAX || n > NAME_BYTES_MAX)
		return 0;
	p = &i->paths[i->n_paths];
	*p = (struct path){ .parent = parent, .n_name = (uint32_t)n };
	memcpy(p->name, name, n);
	if (!introduce(i, p))
		return 0;
	return ++i->n_paths;
}

static struct track *track_of(struct weir_instance *i, uint32_t id)
{
	for (uint32_t k = 0; k < i->n_tracks; k++)
		if (i->tracks[k].id == id)
			return &i->tracks[k];
	if (i->n_tracks == TRACKS_MAX)
		return NULL;
	i->tracks[i->n_tracks] = (struct track){ .id = id };
	return &i->tracks[i->n_tracks++];
}

/* ---- Events ---- */

static int begin(struct weir_instance *i, const struct event *e, uint64_t offset)
{
	struct track *t = track_of(i, e->track);
	uint32_t path;

	if (!t || t->depth == DEPTH_MAX)
		return refuse(i, "phases.bound", t ? "too many phases lie in each other" : "too many tracks", offset);
	path = path_of(i, t->depth ? t->open[t->depth - 1].path : 0, e->name, e->n_name);
	if (!path)
		return refuse(i, "phases.bound", "a name is too long, or there are too many paths", offset);
	t->open[t->depth++] = (struct open_phase){ .start_ns = e->time_ns, .path = path };
	return store(i);
}

static int end(struct weir_instance *i, const struct event *e, uint64_t offset)
{
	struct track *t = track_of(i, e->track);
	struct open_phase *phase = t && t->depth ? &t->open[t->depth - 1] : NULL;
	struct weir_span s;
	struct path *p;
	int64_t sum;
	int r;

	if (!phase)
		return refuse(i, "phases.end", "nothing is open in its track", offset);
	s = (struct weir_span){ .time_ns = i->start_ns + phase->start_ns,
		                .duration_ns = e->time_ns - phase->start_ns,
		                .series = i->run_series,
		                .track = t->id,
		                .attrs = i->paths[phase->path - 1].attrs };
	p = &i->paths[phase->path - 1];
	if (--t->depth)
		t->open[t->depth - 1].inner_ns += s.duration_ns;
	/* Tracks run beside each other: together they may take longer than there is time. */
	if (__builtin_add_overflow(p->inclusive_ns, s.duration_ns, &sum))
		return refuse(i, "phases.bound", "with it its path takes longer than a number holds", offset);
	p->n_runs++;
	p->inclusive_ns = sum;
	p->self_ns += s.duration_ns - phase->inner_ns;
	r = i->host->spans(i->host, &s, 1);
	return r < 0 ? r : store(i);
}

static int start(struct weir_instance *i, const struct event *e, uint64_t offset)
{
	if (i->has_start)
		return refuse(i, "phases.start", "it starts twice", offset);
	i->has_start = 1;
	i->start_ns = e->time_ns;
	return skip(i, "phases.start");
}

/* Times must go forward, and stay in what an int64 holds together with the start. */
static int is_in_time(struct weir_instance *i, const struct event *e)
{
	int64_t sum;

	if (!i->has_start || e->time_ns < i->last_ns || __builtin_add_overflow(e->time_ns, i->start_ns, &sum))
		return 0;
	i->last_ns = e->time_ns;
	return 1;
}

static int take_event(struct weir_instance *i, const struct event *e, uint64_t offset)
{
	i->host->tally(i->host, WEIR_READ, 1, NULL);
	switch (e->kind) {
	case EVENT_START:
		return start(i, e, offset);
	case EVENT_BEGIN:
		return is_in_time(i, e) ? begin(i, e, offset) : refuse(i, "phases.time", "it goes back", offset);
	case EVENT_END:
		return is_in_time(i, e) ? end(i, e, offset) : refuse(i, "phases.time", "it goes back", offset);
	case EVENT_REMARK:
		return skip(i, "phases.remark");
	case EVENT_UNKNOWN:
		return skip(i, "phases.unknown");
	case EVENT_BAD:
		break;
	}
	return refuse(i, "phases.line", "its fields are not as they should be", offset);
}

/* ---- The end ---- */

static int emit_weights(struct weir_instance *i)
{
	struct weir_weight w = { .time_ns = i->start_ns,
		                 .duration_ns = i->last_ns,
		                 .series = i->time_series,
		                 .flags = WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE };
	int r = WEIR_OK;

	for (uint32_t k = 0; k < i->n_paths && r >= 0; k++) {
		if (!i->paths[k].n_runs)
			continue; /* what was not measured is not 0 */
		w.stack = i->paths[k].stack;
		w.self.i64 = i->paths[k].self_ns;
		w.inclusive.i64 = i->paths[k].inclusive_ns;
		r = i->host->weights(i->host, &w, 1);
	}
	return r;
}

static int finish(struct weir_instance *i, struct weir_error *reterr)
{
	int r = emit_weights(i);

	for (uint32_t k = 0; k < i->n_tracks; k++)
		if (i->tracks[k].depth)
			complain(i, "phases.open",
			         "a track has phases that never end; their time is not in the weights", WEIR_NO_OFFSET);
	return r < 0 ? weir_fail(reterr, r, "phases: weights: cannot be passed on") : WEIR_END;
}

/* ---- Inputs ---- */

typedef int take_line(struct weir_instance *i, const char *at, size_t n, uint64_t offset);

static int take_log_line(struct weir_instance *i, const char *at, size_t n, uint64_t offset)
{
	const struct event e = event_read(at, n);

	return take_event(i, &e, offset);
}

/* A word of a line: copied, cut to what fits, and passed over together with the blank after it. */
static void take_word(const char **at, const char *line_end, char word[NAME_BYTES_MAX + 1])
{
	const char *blank = memchr(*at, ' ', (size_t)(line_end - *at));
	size_t n = (size_t)((blank ? blank : line_end) - *at);

	if (n > NAME_BYTES_MAX)
		n = NAME_BYTES_MAX;
	memcpy(word, *at, n);
	word[n] = '\0';
	*at = blank ? blank + 1 : line_end;
}

static int take_name_line(struct weir_instance *i, const char *at, size_t n, uint64_t offset)
{
	const char *line_end = at + n;
	struct origin *o;

	if (i->n_origins == ORIGINS_MAX)
		return WEIR_OK;
	o = &i->origins[i->n_origins++];
	take_word(&at, line_end, o->name);
	take_word(&at, line_end, o->module);
	take_word(&at, line_end, o->source);
	return WEIR_OK;
}

/* One window of an input, line by line. */
static int take_lines(struct weir_instance *i, uint32_t input, take_line *take)
{
	struct weir_chunk c;
	int r = i->host->input(i->host, input, i->n_used, &c);

	i->n_used = 0;
	while (r == WEIR_OK && i->n_used < c.n_bytes) {
		const char *at = (const char *)c.at + i->n_used;
		const char *line_end = memchr(at, '\n', c.n_bytes - i->n_used);
		size_t n = line_end ? (size_t)(line_end - at) : c.n_bytes - i->n_used;

		if (!line_end && !c.is_last)
			break;
		r = take(i, at, n, c.offset + i->n_used);
		i->n_used += n + (line_end != NULL);
	}
	return r;
}

static int phases_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	int r;

	if (!i->has_names) {
		r = take_lines(i, INPUT_NAMES, take_name_line);
		if (r == WEIR_OK || r == WEIR_AGAIN)
			return r;
		/* Its end; or it isn't there, or has a line that no window holds: then phases have no origin. */
		i->has_names = 1;
		i->n_used = 0;
		if (r != WEIR_END && r != -ENOENT)
			complain(i, "phases.names", "the names beside the log cannot be read", WEIR_NO_OFFSET);
		return WEIR_OK;
	}
	r = take_lines(i, INPUT_LOG, take_log_line);
	if (r == WEIR_END)
		return finish(i, reterr);
	return r < 0 ? weir_fail(reterr, r, "phases: input: cannot go on") : r;
}

static uint32_t phases_sniff(struct weir_text name, const uint8_t *head, uint64_t n_head)
{
	static const char first[] = "phases 1 ";

	return n_head >= sizeof(first) - 1 && memcmp(head, first, sizeof(first) - 1) == 0 ? 95 : 0;
}

static int phases_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	const struct weir_clock clock = { .name = "program's own", .tie = { "first line", 10 }, .error_ns = 0 };
	struct weir_instance *i = calloc(1, sizeof(*i));

	if (!i)
		return weir_fail(reterr, -ENOMEM, "phases: open: no memory");
	*ret = i;
	i->host = h;
	i->paths = calloc(PATHS_MAX, sizeof(*i->paths));
	i->origins = calloc(ORIGINS_MAX, sizeof(*i->origins));
	if (!i->paths || !i->origins)
		return weir_fail(reterr, -ENOMEM, "phases: open: no memory");
	i->run_series = h->series(h, METRIC_RUN, NULL, 0);
	i->time_series = h->series(h, METRIC_TIME, NULL, 0);
	return h->clock(h, &clock);
}

static void phases_close(struct weir_instance *i)
{
	if (!i)
		return;
	free(i->paths);
	free(i->origins);
	free(i);
}

static const struct weir_metric metrics[] = {
	[METRIC_RUN] = { .name = "phase.run",
	                 .unit = "ns",
	                 .brief = "phase",
	                 .help = "A phase, from its begin to its end.",
	                 .shape = WEIR_SHAPE_SPAN,
	                 .better = -1 },
	[METRIC_TIME] = { .name = "phase.time",
	                  .unit = "ns",
	                  .brief = "time",
	                  .help = "How long each path of phases took, all tracks together.",
	                  .shape = WEIR_SHAPE_WEIGHT,
	                  .kind = WEIR_KIND_GAUGE,
	                  .type = WEIR_TYPE_I64,
	                  .better = -1,
	                  .range = WEIR_RANGE_FROM_ZERO },
};

static const struct weir_claim claims[] = { { .pattern = "*.phases", .kind = WEIR_CLAIM_FILE } };

static const char *const companions[] = { [INPUT_NAMES - 1] = "{stem}.names" };

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "phases",
	.version = "1.0",
	.summary = "what a program did when, in nested phases",
	.licence = "Apache-2.0",
	.metrics = metrics,
	.n_metrics = sizeof(metrics) / sizeof(metrics[0]),
	.claims = claims,
	.n_claims = 1,
	.companions = companions,
	.n_companions = 1,
	.sniff = phases_sniff,
	.open = phases_open,
	.poll = phases_poll,
	.close = phases_close,
};
