/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/atoms.h"
#include "exports/jsonout.h"
#include "exports/profile_out.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef WEIR_VERSION
#error "WEIR_VERSION names the exporter"
#endif

struct speedscope {
	struct jsonout j;
	struct atoms *frames; /* {label NUL file NUL line}: id i is frame i - 1 */
};

/* `src/A.hs:12:3-40` and `src/A.hs:(12,1)-(21,21)`: the file's length and the line; 0 when there is no line. */
static size_t split_source(const char *source, long *ret_line)
{
	const char *colon = source;

	*ret_line = 0;
	while ((colon = strchr(colon, ':'))) {
		const char *digits = colon + 1 + (colon[1] == '(');

		if (isdigit((unsigned char)*digits)) {
			*ret_line = strtol(digits, NULL, 10);
			return (size_t)(colon - source);
		}
		colon++;
	}
	return strlen(source);
}

static uint32_t frame_id(struct speedscope *s, const struct profile_set *set, uint32_t frame)
{
	const char *source = profile_frame(set, frame).source;
	long line;
	size_t n_file = split_source(source, &line), n;
	int n_label = profile_out_label(set, frame, NULL, 0);
	char *key = malloc((size_t)n_label + n_file + 32);
	uint32_t id;

	if (!key)
		return 0;
	n = (size_t)profile_out_label(set, frame, key, (size_t)n_label + 1) + 1;
	memcpy(key + n, source, n_file);
	n += n_file;
	key[n++] = 0;
	n += (size_t)snprintf(key + n, 24, "%ld", line);
	id = atoms_id(s->frames, key, n);
	free(key);
	return id;
}

struct speedscope *speedscope_begin(FILE *file, const char *name)
{
	struct speedscope *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->frames = atoms_new();
	if (!s->frames) {
		free(s);
		return NULL;
	}
	s->j = jsonout_on(file, 1);
	jsonout_object(&s->j, NULL);
	jsonout_text(&s->j, "$schema", "https://www.speedscope.app/file-format-schema.json");
	jsonout_text(&s->j, "name", name);
	jsonout_text(&s->j, "exporter", "weir " WEIR_VERSION);
	jsonout_array(&s->j, "profiles");
	return s;
}

static void put_event(struct speedscope *s, const char *type, uint32_t frame, double at)
{
	jsonout_object(&s->j, NULL);
	jsonout_text(&s->j, "type", type);
	jsonout_u64(&s->j, "frame", frame - 1);
	jsonout_f64(&s->j, "at", at);
	jsonout_end(&s->j);
}

/* Down and up the tree by its links, without a stack of our own: a hostile tree can be deep. Returns the total. */
static double put_events(struct speedscope *s, const struct profile *p, const uint32_t *ids)
{
	uint32_t i = p->stacks[0].first_child;
	double at = 0;

	while (i) {
		put_event(s, "O", ids[p->stacks[i].frame], at);
		if (p->stacks[i].first_child) {
			i = p->stacks[i].first_child;
			continue;
		}
		while (i) {
			at += p->stacks[i].self[0];
			put_event(s, "C", ids[p->stacks[i].frame], at);
			if (p->stacks[i].next_sibling) {
				i = p->stacks[i].next_sibling;
				break;
			}
			i = p->stacks[i].parent;
		}
	}
	return at;
}

static const char *unit_of(const struct profile *p)
{
	static const char *const units[][2] = { { "By", "bytes" },
		                                { "ns", "nanoseconds" },
		                                { "us", "microseconds" },
		                                { "ms", "milliseconds" },
		                                { "s", "seconds" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(p->unit, units[i][0]) == 0)
			return units[i][1];
	return "none";
}

int speedscope_profile(struct speedscope *s, const struct profile_set *set, const struct profile *p, const char *name)
{
	uint32_t n_frames = profile_frame_count(set), *ids = calloc((size_t)n_frames + 1, sizeof(*ids));
	double end;

	for (uint32_t i = 1; ids && i <= n_frames; i++) {
		ids[i] = frame_id(s, set, i);
		if (!ids[i]) {
			free(ids);
			ids = NULL;
		}
	}
	if (!ids)
		return -ENOMEM;
	jsonout_object(&s->j, NULL);
	jsonout_text(&s->j, "type", "evented");
	jsonout_text(&s->j, "name", name);
	jsonout_text(&s->j, "unit", unit_of(p));
	jsonout_i64(&s->j, "startValue", 0);
	jsonout_array(&s->j, "events");
	end = put_events(s, p, ids);
	jsonout_end(&s->j);
	jsonout_f64(&s->j, "endValue", end);
	jsonout_end(&s->j);
	free(ids);
	return 0;
}

static void put_frame(struct speedscope *s, uint32_t id)
{
	const char *label = atoms_bytes(s->frames, id, NULL), *file = label + strlen(label) + 1;
	const char *line = file + strlen(file) + 1;

	jsonout_object(&s->j, NULL);
	jsonout_text(&s->j, "name", label);
	if (*file)
		jsonout_text(&s->j, "file", file);
	if (strcmp(line, "0") != 0)
		jsonout_json(&s->j, "line", line);
	jsonout_end(&s->j);
}

void speedscope_end(struct speedscope *s)
{
	if (!s)
		return;
	jsonout_end(&s->j);
	jsonout_object(&s->j, "shared");
	jsonout_array(&s->j, "frames");
	for (uint32_t i = 1; i <= atoms_count(s->frames); i++)
		put_frame(s, i);
	while (s->j.depth > 0)
		jsonout_end(&s->j);
	atoms_free(s->frames);
	free(s);
}
