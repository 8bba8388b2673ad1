/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/chrome.h"

#include "analysis/atoms.h"
#include "store/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifndef WEIR_VERSION
#error "WEIR_VERSION names the exporter"
#endif

enum {
	NUMBER_ROOM = 64,
	NS_PER_US = 1000,
	SLICE_GAP_NS = 2,
};

struct chrome {
	FILE *file;
	int64_t zero_ns;
	struct atoms *tracks; /* {process, name}: ids are numbers of threads */
	uint32_t process;
	const char *process_name; /* NULL: it has been written */
	uint64_t n_events, n_async;
};

static void put(struct chrome *c, const char *text)
{
	(void)fputs_unlocked(text, c->file);
}

static void put_bytes(struct chrome *c, const char *at, uint64_t n)
{
	if (n > 0)
		(void)fwrite_unlocked(at, 1, n, c->file);
}

/* How many bytes of well-formed UTF-8 one character takes here; 0: it isn't any. */
static uint64_t character(struct weir_text t)
{
	for (uint64_t n = 1; n <= 4 && n <= t.n_bytes; n++)
		if (json_is_utf8((struct weir_text){ t.at, n }))
			return n;
	return 0;
}

/* What is JSON but perhaps not UTF-8, for the store keeps texts as they were found. */
static void put_json(struct chrome *c, struct weir_text t)
{
	static const char replacement[] = "\xef\xbf\xbd";

	if (json_is_utf8(t)) {
		put_bytes(c, t.at, t.n_bytes);
		return;
	}
	while (t.n_bytes > 0) {
		uint64_t n = character(t);

		put_bytes(c, n ? t.at : replacement, n ? n : sizeof(replacement) - 1);
		n = n ? n : 1;
		t.at += n;
		t.n_bytes -= n;
	}
}

static void put_string(struct chrome *c, const char *text)
{
	struct json_out out = { 0 };
	char *room;

	json_put_string(&out, (struct weir_text){ text, strlen(text) });
	room = malloc(out.n);
	if (!room) {
		put(c, "\"\"");
		return;
	}
	out = (struct json_out){ .at = room, .n_max = out.n };
	json_put_string(&out, (struct weir_text){ text, strlen(text) });
	put_bytes(c, room, out.n);
	free(room);
}

static void put_i64(struct chrome *c, int64_t value)
{
	char room[NUMBER_ROOM];
	struct json_out out = { .at = room, .n_max = sizeof(room) };

	json_put_i64(&out, value);
	put_bytes(c, room, out.n);
}

static void put_f64(struct chrome *c, double value)
{
	char room[NUMBER_ROOM];
	struct json_out out = { .at = room, .n_max = sizeof(room) };

	json_put_f64(&out, isfinite(value) ? value : 0);
	put_bytes(c, room, out.n);
}

/* Nanoseconds as microseconds, exactly. */
static void put_us(struct chrome *c, int64_t ns)
{
	uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	unsigned rest = (unsigned)(size % NS_PER_US);
	char decimals[4] = { '.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10) };

	if (ns < 0)
		put(c, "-");
	put_i64(c, (int64_t)(size / NS_PER_US));
	if (rest)
		put_bytes(c, decimals, sizeof(decimals));
}

static void begin_event(struct chrome *c, const char *phase)
{
	put(c, c->n_events++ ? ",\n{\"ph\":\"" : "\n{\"ph\":\"");
	put(c, phase);
	put(c, "\",\"pid\":");
	put_i64(c, c->process);
}

static void put_time(struct chrome *c, int64_t time_ns)
{
	put(c, ",\"ts\":");
	put_us(c, time_ns - c->zero_ns);
}

static void put_name(struct chrome *c, struct weir_text name)
{
	put(c, ",\"name\":\"");
	put_json(c, name);
	put(c, "\"");
}

static void put_args(struct chrome *c, const struct chrome_event *e)
{
	int has_attrs = e->attrs.n_bytes > 2;

	put(c, ",\"args\":{");
	if (!isnan(e->value)) {
		put(c, "\"value\":");
		put_f64(c, e->value);
		put(c, has_attrs ? "," : "");
	}
	if (has_attrs)
		put_json(c, (struct weir_text){ e->attrs.at + 1, e->attrs.n_bytes - 2 });
	put(c, "}");
}

static void put_event(struct chrome *c, const struct chrome_event *e)
{
	put(c, ",\"cat\":\"");
	put(c, e->category);
	put(c, "\"");
	put_name(c, e->name);
	put_args(c, e);
}

static void put_metadata(struct chrome *c, uint32_t thread, const char *what)
{
	begin_event(c, "M");
	put(c, ",\"tid\":");
	put_i64(c, thread);
	put(c, ",\"name\":\"");
	put(c, what);
	put(c, "\",\"args\":{");
}

static void put_label(struct chrome *c, uint32_t thread, const char *what, const char *name)
{
	put_metadata(c, thread, what);
	put(c, "\"name\":");
	put_string(c, name);
	put(c, "}}");
}

static void put_order(struct chrome *c, uint32_t thread, const char *what, uint32_t order)
{
	put_metadata(c, thread, what);
	put(c, "\"sort_index\":");
	put_i64(c, order);
	put(c, "}}");
}

struct chrome *chrome_begin(FILE *file, const char *title, int64_t zero_ns)
{
	struct chrome *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	*c = (struct chrome){ .file = file, .zero_ns = zero_ns, .tracks = atoms_new() };
	if (!c->tracks) {
		free(c);
		return NULL;
	}
	put(c, "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"title\":");
	put_string(c, title);
	put(c, ",\"exporter\":\"weir " WEIR_VERSION "\",\"zero_ns\":\"");
	put_i64(c, zero_ns);
	put(c, "\"},\"traceEvents\":[");
	return c;
}

void chrome_process(struct chrome *c, const char *name)
{
	c->process_name = name;
}

/* The process of what comes next; one without events has no place in a timeline. */
static void start_process(struct chrome *c)
{
	const char *name = c->process_name;

	if (!name)
		return;
	c->process_name = NULL;
	c->process++;
	put_label(c, 0, "process_name", name);
	put_order(c, 0, "process_sort_index", c->process);
}

/* The thread that stands for a track; 0: no memory. */
static uint32_t thread_of(struct chrome *c, const char *track, uint32_t order)
{
	char key[256];
	uint32_t n_before = atoms_count(c->tracks), thread;
	int n;

	start_process(c);
	n = snprintf(key, sizeof(key), "%" PRIu32 " %s", c->process, track);

	thread = atoms_id(c->tracks, key, n < (int)sizeof(key) ? (size_t)n : sizeof(key) - 1);
	if (thread > n_before) {
		put_label(c, thread, "thread_name", track);
		put_order(c, thread, "thread_sort_index", order);
	}
	return thread;
}

static int put_on_track(struct chrome *c, const struct chrome_event *e, const char *phase, const char *track,
                        uint32_t order)
{
	uint32_t thread = thread_of(c, track, order);

	if (!thread)
		return -ENOMEM;
	begin_event(c, phase);
	put(c, ",\"tid\":");
	put_i64(c, thread);
	put_time(c, e->time_ns);
	return 0;
}

int chrome_slice(struct chrome *c, const struct chrome_event *e, const char *track, uint32_t order)
{
	if (e->duration_ns == 0)
		return chrome_instant(c, e, track, order);
	if (put_on_track(c, e, "X", track, order) < 0)
		return -ENOMEM;
	put(c, ",\"dur\":");
	put_us(c, e->duration_ns > SLICE_GAP_NS ? e->duration_ns - SLICE_GAP_NS : 0);
	put_event(c, e);
	put(c, "}");
	return 0;
}

int chrome_instant(struct chrome *c, const struct chrome_event *e, const char *track, uint32_t order)
{
	if (put_on_track(c, e, "i", track, order) < 0)
		return -ENOMEM;
	put(c, ",\"s\":\"t\"");
	put_event(c, e);
	put(c, "}");
	return 0;
}

static void put_half(struct chrome *c, const struct chrome_event *e, const char *phase, int64_t time_ns)
{
	begin_event(c, phase);
	put(c, ",\"tid\":0,\"id2\":{\"local\":\"");
	put_i64(c, (int64_t)c->n_async);
	put(c, "\"}");
	put_time(c, time_ns);
	put_event(c, e);
	put(c, "}");
}

void chrome_async(struct chrome *c, const struct chrome_event *e)
{
	struct chrome_event end = { .name = e->name, .category = e->category, .value = NAN };

	start_process(c);
	c->n_async++;
	put_half(c, e, "b", e->time_ns);
	put_half(c, &end, "e", e->time_ns + e->duration_ns);
}

void chrome_mark(struct chrome *c, const struct chrome_event *e)
{
	start_process(c);
	begin_event(c, "i");
	put(c, ",\"tid\":0,\"s\":\"p\"");
	put_time(c, e->time_ns);
	put_event(c, e);
	put(c, "}");
}

void chrome_counter(struct chrome *c, int64_t time_ns, struct weir_text name, double value)
{
	start_process(c);
	begin_event(c, "C");
	put(c, ",\"tid\":0");
	put_time(c, time_ns);
	put_name(c, name);
	put(c, ",\"args\":{\"value\":");
	put_f64(c, value);
	put(c, "}}");
}

uint64_t chrome_end(struct chrome *c)
{
	uint64_t n = c->n_events;

	put(c, "\n]}\n");
	atoms_free(c->tracks);
	free(c);
	return n;
}
