/* SPDX-License-Identifier: Apache-2.0 */
#include "exports/timeline_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ROOM_MORE = 512,
	UNIT_RESERVE = 64, /* of a counter's name */
};

/* The value of one attribute, still escaped. In canonical attributes (store/json.h) no text holds a bare quote, so the
 * first `"key":"` is the key's. Empty: not there, or a damaged store has it without an end. */
static struct weir_text attribute(struct weir_text attrs, const char *key)
{
	char pattern[64];
	int n = snprintf(pattern, sizeof(pattern), "\"%s\":\"", key);
	const char *at = memmem(attrs.at, attrs.n_bytes, pattern, (size_t)n), *end, *limit = attrs.at + attrs.n_bytes;

	if (!at)
		return (struct weir_text){ "", 0 };
	at += n;
	for (end = at; end < limit && *end != '"'; end++)
		end += *end == '\\';
	return end < limit ? (struct weir_text){ at, (uint64_t)(end - at) } : (struct weir_text){ "", 0 };
}

static const char *last_word(const char *metric)
{
	const char *dot = strrchr(metric, '.');

	return dot ? dot + 1 : metric;
}

struct weir_text timeline_span_name(const struct chrome_rule *rule, const char *metric, struct weir_text attrs,
                                    struct timeline_room *room)
{
	struct weir_text named = { "", 0 };
	const char *front = rule->name ? rule->name : last_word(metric);
	size_t n_front = strlen(front);

	if (rule->attribute)
		named = attribute(attrs, rule->attribute);
	if (!named.n_bytes && rule->otherwise) {
		named = attribute(attrs, rule->otherwise);
		if (!n_front) {
			front = "thread ";
			n_front = strlen(front);
		}
	}
	if (!named.n_bytes && !n_front)
		named = (struct weir_text){ last_word(metric), strlen(last_word(metric)) };
	if (n_front + named.n_bytes + 1 > room->n) {
		char *more = realloc(room->at, n_front + named.n_bytes + ROOM_MORE);

		if (!more)
			return (struct weir_text){ "", 0 };
		*room = (struct timeline_room){ more, n_front + named.n_bytes + ROOM_MORE };
	}
	memcpy(room->at, front, n_front);
	memcpy(room->at + n_front, named.at, named.n_bytes);
	while (named.n_bytes == 0 && n_front > 0 && room->at[n_front - 1] == ' ')
		n_front--;
	return (struct weir_text){ room->at, n_front + named.n_bytes };
}

/* How many bytes stand for one character of an escaped text: `\\u0001`, `\\n`, or one. */
static uint64_t escape_length(const char *at)
{
	return *at != '\\' ? 1 : at[1] == 'u' ? 6 : 2;
}

/* Copies the inside of a string that begins with a quote at `i`, as far as there is room for whole escapes; returns
 * where it goes on after the closing quote. */
static uint64_t copy_string(struct weir_text from, uint64_t i, char *to, size_t *n)
{
	int has_room = 1;

	i++;
	while (i < from.n_bytes && from.at[i] != '"') {
		uint64_t length = escape_length(from.at + i);

		has_room = has_room && *n + length + UNIT_RESERVE < TIMELINE_COUNTER_MAX && i + length <= from.n_bytes;
		if (has_room) {
			memcpy(to + *n, from.at + i, length);
			*n += length;
		}
		i += length;
	}
	return i + 1;
}

struct weir_text timeline_counter_name(const char *metric, struct weir_text attrs, const char *unit, int is_rate,
                                       char room[TIMELINE_COUNTER_MAX])
{
	size_t n = (size_t)snprintf(room, TIMELINE_COUNTER_MAX, "%.120s", metric);

	for (uint64_t i = 1; i + 1 < attrs.n_bytes && n + UNIT_RESERVE < TIMELINE_COUNTER_MAX; i++) {
		room[n++] = ',';
		room[n++] = ' ';
		i = copy_string(attrs, i, room, &n) + 1;
		room[n++] = ' ';
		i = copy_string(attrs, i, room, &n);
	}
	if (strcmp(unit, "1") != 0)
		n += (size_t)snprintf(room + n, TIMELINE_COUNTER_MAX - n, ", %.32s%s",
		                      is_rate && strcmp(unit, "ns") == 0 ? "s" : unit, is_rate ? "/s" : "");
	return (struct weir_text){ room, n };
}
