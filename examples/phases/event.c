/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <string.h>

struct cursor {
	const char *at, *end;
	int is_bad; /* sticks: read a whole line, then ask once */
};

static void take_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
		c->is_bad = 1;
	else
		c->at += n;
}

static int64_t take_number(struct cursor *c, int64_t max)
{
	const char *start = c->at;
	int64_t value = 0;

	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *c->at - '0', &value))
			c->is_bad = 1;
	if (c->at == start || value > max)
		c->is_bad = 1;
	return value;
}

static struct event finish(const struct cursor *c, struct event e)
{
	if (c->is_bad || c->at != c->end)
		return (struct event){ .kind = EVENT_BAD };
	return e;
}

static struct event read_start(struct cursor *c)
{
	struct event e = { .kind = EVENT_START };

	take_word(c, "phases 1 ");
	e.time_ns = take_number(c, INT64_MAX);
	return finish(c, e);
}

static struct event read_begin(struct cursor *c)
{
	struct event e = { .kind = EVENT_BEGIN };

	take_word(c, "+ ");
	e.time_ns = take_number(c, INT64_MAX);
	take_word(c, " ");
	e.track = (uint32_t)take_number(c, UINT32_MAX);
	take_word(c, " ");
	e.name = c->at;
	e.n_name = (size_t)(c->end - c->at);
	c->is_bad |= e.n_name == 0;
	c->at = c->end;
	return finish(c, e);
}

static struct event read_end(struct cursor *c)
{
	struct event e = { .kind = EVENT_END };

	take_word(c, "- ");
	e.time_ns = take_number(c, INT64_MAX);
	take_word(c, " ");
	e.track = (uint32_t)take_number(c, UINT32_MAX);
	return finish(c, e);
}

struct event event_read(const char *line, size_t n)
{
	struct cursor c = { line, line + n, 0 };

	switch (n ? line[0] : '#') {
	case 'p':
		return read_start(&c);
	case '+':
		return read_begin(&c);
	case '-':
		return read_end(&c);
	case '#':
		return (struct event){ .kind = EVENT_REMARK };
	default:
		return (struct event){ .kind = EVENT_UNKNOWN };
	}
}
