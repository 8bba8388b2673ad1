/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/trace_quick.h"

#include <string.h>

/* The first quote at or after `at`, or NULL. */
static inline const char *next_quote(const struct jsontext_marks *m, const char *at, const char *end)
{
	size_t offset = (size_t)(at - m->start), i = offset / 64;
	uint64_t word = m->quotes[i] >> (offset % 64);

	if (word)
		return at + __builtin_ctzll(word);
	for (size_t n = (size_t)(end - m->start) / 64; ++i <= n;)
		if (m->quotes[i])
			return m->start + i * 64 + __builtin_ctzll(m->quotes[i]);
	return NULL;
}

/* Each of these passes one thing and returns what stands behind it, or NULL: declined. */

static inline const char *pass_string(const struct jsontext_marks *m, const char *at, const char *end,
                                      struct jsontext_value *ret)
{
	const char *quote = next_quote(m, at + 1, end);

	if (!quote)
		return NULL;
	*ret = (struct jsontext_value){ { at + 1, (size_t)(quote - at - 1) }, JSONTEXT_STRING, 0 };
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
	*ret = (struct jsontext_value){ { start, (size_t)(at - start) }, JSONTEXT_NUMBER, 0 };
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
	quote = next_quote(m, at + 1, end);
	if (!quote || quote[1] != ':')
		return NULL;
	*ret = (struct parse_text){ at + 1, (size_t)(quote - at - 1) };
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
	*ret = (struct jsontext_value){ { start, (size_t)(at + 1 - start) }, JSONTEXT_OBJECT, 0 };
	return at + 1;
}

static inline const char *pass_value(const struct jsontext_marks *m, const char *at, const char *end,
                                     struct jsontext_value *ret)
{
	return *at == '{' ? pass_object(m, at, end, ret) : pass_scalar(m, at, end, ret);
}

/* The members of `data`, whose brace is next. */
static inline const char *pass_data(const struct jsontext_marks *m, const char *at, const char *end,
                                    struct trace_line *line)
{
	const char *start = at++;
	uint32_t n = 0;

	for (;; at++, n++) {
		struct trace_member *member = &line->members[n];

		if (n == TRACE_MEMBERS_MAX)
			return NULL;
		at = pass_key(m, at, end, &member->key);
		if (!at)
			return NULL;
		at = pass_value(m, at, end, &member->value);
		if (!at)
			return NULL;
		if (member->key.n == 4 && !memcmp(member->key.at, "kind", 4) && member->value.type == JSONTEXT_STRING)
			line->kind = member->value.raw;
		if (*at != ',')
			break;
	}
	/* Without a kind it may be wrapped. */
	if (*at != '}' || !line->kind.n)
		return NULL;
	line->n_members = n + 1;
	line->data = (struct jsontext_value){ { start, (size_t)(at + 1 - start) }, JSONTEXT_OBJECT, 0 };
	line->payload = line->data;
	return at + 1;
}

/* `"name":"text"` of the frame of a line, and the byte behind it. */
static inline const char *pass_field(const struct jsontext_marks *m, const char *at, const char *end, const char *name,
                                     size_t n_name, char behind, struct parse_text *ret)
{
	const char *quote;

	if ((size_t)(end - at) <= n_name || memcmp(at, name, n_name))
		return NULL;
	at += n_name;
	quote = next_quote(m, at, end);
	if (!quote || quote[1] != behind)
		return NULL;
	*ret = (struct parse_text){ at, (size_t)(quote - at) };
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
	return at == end;
}
