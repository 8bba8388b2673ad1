/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/trace_quick.h"

#include <string.h>

/* Written field by field: a copy of what has just been written in parts has to wait for all of them. */
static inline void set_value(struct jsontext_value *to, const char *at, const char *end, enum jsontext_type type)
{
	to->raw.at = at;
	to->raw.n = (size_t)(end - at);
	to->type = (uint8_t)type;
	to->has_escape = 0;
}

/* Each of these passes one thing and returns what stands behind it, or NULL: declined. */

static inline const char *pass_string(const struct jsontext_marks *m, const char *at, const char *end,
                                      struct jsontext_value *ret)
{
	const char *quote = jsontext_quote(m, at + 1, end);

	if (!quote)
		return NULL;
	set_value(ret, at + 1, quote, JSONTEXT_STRING);
	return quote + 1;
}

static inline const char *pass_digits(const char *at)
{
	const char *start = at;

	while (*at >= '0' && *at <= '9')
		at++;
	return at > start ? at : NULL;
}

static inline const char *pass_number(const char *at, struct jsontext_value *ret)
{
	const char *start = at;

	at += *at == '-';
	if (*at == '0' && at[1] >= '0' && at[1] <= '9')
		return NULL;
	at = pass_digits(at);
	if (at && *at == '.')
		at = pass_digits(at + 1);
	if (at && (*at == 'e' || *at == 'E'))
		at = pass_digits(at + (at[1] == '-' || at[1] == '+' ? 2 : 1));
	if (!at)
		return NULL;
	set_value(ret, start, at, JSONTEXT_NUMBER);
	return at;
}

/* Words, arrays and what lies deeper: the complete cursor. */
static const char *pass_other(const struct jsontext_marks *m, const char *at, const char *end,
                              struct jsontext_value *ret)
{
	struct jsontext_cursor c = { .at = at, .end = end, .marks = m };

	return jsontext_value(&c, ret) == PARSE_OK ? c.at : NULL;
}

static inline const char *pass_scalar(const struct jsontext_marks *m, const char *at, const char *end,
                                      struct jsontext_value *ret)
{
	if (*at == '"')
		return pass_string(m, at, end, ret);
	if (*at == '-' || (*at >= '0' && *at <= '9'))
		return pass_number(at, ret);
	return pass_other(m, at, end, ret);
}

/* `"key":` */
static inline const char *pass_key(const struct jsontext_marks *m, const char *at, const char *end,
                                   struct parse_text *ret)
{
	const char *quote;

	if (*at != '"')
		return NULL;
	quote = jsontext_quote(m, at + 1, end);
	if (!quote || quote[1] != ':')
		return NULL;
	ret->at = at + 1;
	ret->n = (size_t)(quote - at - 1);
	return quote + 2;
}

/* A member's object, whose brace is next: `{"bytes":129000,"numTxs":645}`. */
static const char *pass_object(const struct jsontext_marks *m, const char *at, const char *end,
                               struct jsontext_value *ret)
{
	const char *start = at;
	struct jsontext_value value;
	struct parse_text key;

	do {
		at = pass_key(m, at + 1, end, &key);
		if (at)
			at = pass_scalar(m, at, end, &value);
		if (!at)
			return NULL;
	} while (*at == ',');
	if (*at != '}')
		return NULL;
	set_value(ret, start, at + 1, JSONTEXT_OBJECT);
	return at + 1;
}

static inline const char *pass_value(const struct jsontext_marks *m, const char *at, const char *end,
                                     struct jsontext_value *ret)
{
	return *at == '{' ? pass_object(m, at, end, ret) : pass_scalar(m, at, end, ret);
}

/* A member's string, which is the line's kind when it is called so. */
static inline const char *pass_text(const struct jsontext_marks *m, const char *at, const char *end,
                                    struct trace_member *member, struct trace_line *line)
{
	const char *quote = jsontext_quote(m, at + 1, end);

	if (!quote)
		return NULL;
	set_value(&member->value, at + 1, quote, JSONTEXT_STRING);
	if (member->key.n == 4 && !memcmp(member->key.at, "kind", 4)) {
		line->kind.at = at + 1;
		line->kind.n = (size_t)(quote - at - 1);
	}
	return quote + 1;
}

/* The members of `data`, whose brace is next. */
static inline const char *pass_data(const struct jsontext_marks *m, const char *at, const char *end,
                                    struct trace_line *line)
{
	const char *start = at++;
	uint32_t n = 0;

	line->kind.n = 0;
	for (;; at++, n++) {
		struct trace_member *member = &line->members[n];

		if (n == TRACE_MEMBERS_MAX)
			return NULL;
		at = pass_key(m, at, end, &member->key);
		if (!at)
			return NULL;
		at = *at == '"' ? pass_text(m, at, end, member, line) : pass_value(m, at, end, &member->value);
		if (!at)
			return NULL;
		if (*at != ',')
			break;
	}
	/* Without a kind it may be wrapped. */
	if (*at++ != '}' || !line->kind.n)
		return NULL;
	line->n_members = n + 1;
	set_value(&line->data, start, at, JSONTEXT_OBJECT);
	set_value(&line->payload, start, at, JSONTEXT_OBJECT);
	return at;
}

/* `"name":"text"` of the frame of a line, and the byte behind it. */
static inline const char *pass_field(const struct jsontext_marks *m, const char *at, const char *end, const char *name,
                                     size_t n_name, char behind, struct parse_text *ret)
{
	const char *quote;

	if ((size_t)(end - at) <= n_name || memcmp(at, name, n_name))
		return NULL;
	at += n_name;
	quote = jsontext_quote(m, at, end);
	if (!quote || quote[1] != behind)
		return NULL;
	ret->at = at;
	ret->n = (size_t)(quote - at);
	return quote + 2;
}

#define PASS_FIELD(name, behind, ret) pass_field(marks, at, end, name, sizeof(name) - 1, behind, ret)

int trace_quick(const struct jsontext_marks *marks, struct trace_line *line)
{
	static const char data[] = "\"data\":{\"";
	const char *at = line->text.at, *end = at + line->text.n;

	at = PASS_FIELD("{\"at\":\"", ',', &line->at);
	if (!at)
		return 0;
	at = PASS_FIELD("\"ns\":\"", ',', &line->ns);
	if (!at || (size_t)(end - at) < sizeof(data) || memcmp(at, data, sizeof(data) - 1))
		return 0;
	at = pass_data(marks, at + sizeof(data) - 3, end, line);
	if (!at || *at != ',')
		return 0;
	at++;
	at = PASS_FIELD("\"sev\":\"", ',', &line->sev);
	if (!at)
		return 0;
	at = PASS_FIELD("\"thread\":\"", ',', &line->thread);
	if (!at)
		return 0;
	at = PASS_FIELD("\"host\":\"", '}', &line->host);
	if (at != end)
		return 0;
	line->pid.n = 0;
	line->pid.at = NULL;
	set_value(&line->wrapped, NULL, NULL, JSONTEXT_NONE);
	line->n_ns_first = 0;
	line->ns_is_array = line->has_thread_number = 0;
	return 1;
}
