/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/trace.h"

#include "parsers/day.h"
#include "parsers/trace_quick.h"

#include <endian.h>
#include <string.h>

static inline int text_is(struct parse_text t, const char *word)
{
	return t.n == strlen(word) && !memcmp(t.at, word, t.n);
}

/* ---- Time ---- */

/* n digits as a number, or -1. */
static inline int digits(const char *at, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		unsigned digit = (unsigned)(at[i] - '0');

		if (digit > 9)
			return -1;
		value = value * 10 + (int)digit;
	}
	return value;
}

/* The first second of `2025-12-01T07:06`, or -1. A log's lines share it for a while. */
static int64_t minute_seconds(struct trace_parser *p, const char *at)
{
	int64_t day;
	int hour, minute;

	if (!memcmp(p->minute, at, sizeof(p->minute)))
		return p->minute_s;
	day = day_of(digits(at, 4), digits(at + 5, 2), digits(at + 8, 2));
	hour = digits(at + 11, 2);
	minute = digits(at + 14, 2);
	if (day < 0 || at[4] != '-' || at[7] != '-' || (at[10] != 'T' && at[10] != ' ') || hour < 0 || hour > 23 ||
	    at[13] != ':' || minute < 0 || minute > 59)
		return -1;
	memcpy(p->minute, at, sizeof(p->minute));
	p->minute_s = day * DAY_SECONDS + hour * 3600 + minute * 60;
	return p->minute_s;
}

/* Whether these are eight digits, and what number: by pairs, then by fours, then all. The first is the lowest byte. */
static inline int eight_digits(uint64_t word, uint64_t *ret)
{
	const uint64_t high = UINT64_C(0xf0f0f0f0f0f0f0f0), zeros = UINT64_C(0x3030303030303030);
	const uint64_t one_of_four = UINT64_C(0x000000ff000000ff);

	if ((word & high) != zeros || ((word + UINT64_C(0x0606060606060606)) & high) != zeros)
		return 0;
	word -= zeros;
	word = word * 10 + (word >> 8);
	*ret = ((word & one_of_four) * (100 + (UINT64_C(1000000) << 32)) +
	        (word >> 16 & one_of_four) * (1 + (UINT64_C(10000) << 32))) >>
	       32;
	return 1;
}

/* `46.219044`: what nearly all nodes write. 1: ret is their microseconds. */
static inline int second_in_us(const char *at, int64_t *ret)
{
	uint64_t word, us;

	memcpy(&word, at + 1, sizeof(word));
	word = le64toh(word);
	if (at[0] < '0' || at[0] > '5' || (word >> 8 & 0xff) != '.')
		return 0;
	/* The second's last digit where the point is, and a zero before it. */
	word = (word & ~UINT64_C(0xffff)) | (word & 0xff) << 8 | '0';
	if (!eight_digits(word, &us))
		return 0;
	*ret = (int64_t)us + (at[0] - '0') * 10000000;
	return 1;
}

/* The fraction `.219044` as nanoseconds, or -1. */
static int64_t fraction_ns(const char *at, size_t n)
{
	static const int32_t scale[] = { 1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1 };
	size_t n_kept = n > 10 ? 9 : n - 1;
	int ns;

	if (n < 2 || n > 13 || *at != '.')
		return -1;
	ns = digits(at + 1, (int)n_kept);
	if (ns < 0 || digits(at + 1 + n_kept, (int)(n - 1 - n_kept)) < 0)
		return -1;
	return (int64_t)ns * scale[n_kept];
}

int trace_time(struct trace_parser *p, struct parse_text t, int64_t *ret_ns)
{
	enum {
		SECONDS_END = 19
	}; /* `2025-12-01T07:06:46` */
	int64_t minute_s, fraction = 0;
	int second;

	if (t.n < SECONDS_END + 1 || t.at[t.n - 1] != 'Z')
		return 0;
	minute_s = minute_seconds(p, t.at);
	if (t.n == SECONDS_END + 8 && minute_s >= 0 && t.at[16] == ':' && second_in_us(t.at + 17, &fraction)) {
		*ret_ns = minute_s * 1000000000 + fraction * 1000;
		return 1;
	}
	second = digits(t.at + 17, 2);
	/* 60: a leap second counts as the second after it, as in POSIX time. */
	if (minute_s < 0 || second < 0 || second > 60 || t.at[16] != ':')
		return 0;
	if (t.n > SECONDS_END + 1)
		fraction = fraction_ns(t.at + SECONDS_END, t.n - SECONDS_END - 1);
	if (fraction < 0)
		return 0;
	*ret_ns = (minute_s + second) * 1000000000 + fraction;
	return 1;
}

/* ---- Namespace ---- */

/* An array of names: one is a view, several are joined with dots in the parser. */
static enum parse_result ns_array(struct trace_parser *p, struct jsontext_cursor *c, struct trace_line *line)
{
	struct jsontext_value name;
	size_t n_joined = 0;
	unsigned n_names = 0;
	int is_first = 1;
	enum parse_result r = jsontext_enter(c, '[');

	while (r == PARSE_OK && (r = jsontext_element(c, &is_first, &name)) == PARSE_OK) {
		if (name.type != JSONTEXT_STRING || n_joined + name.raw.n + 1 > sizeof(p->ns)) {
			c->reason = name.type != JSONTEXT_STRING ? "ns holds something that is not a string"
			                                         : "ns is longer than 512 bytes";
			return PARSE_BAD;
		}
		if (n_names++)
			p->ns[n_joined++] = '.';
		memcpy(p->ns + n_joined, name.raw.at, name.raw.n);
		n_joined += name.raw.n;
		if (n_names == 1)
			line->n_ns_first = (uint32_t)name.raw.n;
	}
	if (r == PARSE_BAD)
		return r;
	line->ns = n_names == 1 ? name.raw : (struct parse_text){ p->ns, n_joined };
	line->ns_is_array = n_names == 1 ? 1 : 2;
	return PARSE_OK;
}

/* ---- Payload ---- */

static void member_add(struct trace_line *line, const struct jsontext_value *key, const struct jsontext_value *value)
{
	if (line->n_members < TRACE_MEMBERS_MAX)
		line->members[line->n_members] = (struct trace_member){ key->raw, *value };
	line->n_members++;
	if (value->type == JSONTEXT_STRING && text_is(key->raw, "kind"))
		line->kind = value->raw;
}

static enum parse_result members(struct jsontext_cursor *c, struct trace_line *line, struct jsontext_value *ret)
{
	const char *start;
	struct jsontext_value key, value;
	int is_first = 1;
	enum parse_result r;

	(void)jsontext_peek(c);
	start = c->at;
	line->n_members = 0;
	line->kind = (struct parse_text){ 0 };
	r = jsontext_enter(c, '{');
	while (r == PARSE_OK && (r = jsontext_member(c, &is_first, &key, &value)) == PARSE_OK)
		member_add(line, &key, &value);
	*ret = (struct jsontext_value){ { start, (size_t)(c->at - start) }, JSONTEXT_OBJECT, 0 };
	return r == PARSE_END ? PARSE_OK : r;
}

static enum parse_result read_data(struct jsontext_cursor *c, struct trace_line *line)
{
	const struct jsontext_value *wrapped;
	struct jsontext_cursor inner;
	enum parse_result r;

	if (jsontext_peek(c) != '{') {
		r = jsontext_value(c, &line->data);
		line->payload = line->data;
		return r;
	}
	r = members(c, line, &line->data);
	line->payload = line->data;
	if (r != PARSE_OK || line->kind.n || !trace_member(line, "credentials"))
		return r;
	wrapped = trace_member(line, "val");
	if (!wrapped || wrapped->type != JSONTEXT_OBJECT)
		return r;
	inner = jsontext_on(wrapped->raw.at, wrapped->raw.n);
	return members(&inner, line, &line->payload);
}

/* ---- The line ---- */

enum key {
	KEY_OTHER,
	KEY_AT,
	KEY_NS,
	KEY_DATA,
	KEY_SEV,
	KEY_THREAD,
	KEY_HOST,
	KEY_PID,
	KEY_MESSAGE,
};

static inline enum key key_of(struct parse_text k)
{
	switch (k.n) {
	case 2:
		return !memcmp(k.at, "at", 2) ? KEY_AT : !memcmp(k.at, "ns", 2) ? KEY_NS : KEY_OTHER;
	case 3:
		return !memcmp(k.at, "sev", 3) ? KEY_SEV : !memcmp(k.at, "pid", 3) ? KEY_PID : KEY_OTHER;
	case 4:
		return !memcmp(k.at, "data", 4) ? KEY_DATA : !memcmp(k.at, "host", 4) ? KEY_HOST : KEY_OTHER;
	case 6:
		return !memcmp(k.at, "thread", 6) ? KEY_THREAD : KEY_OTHER;
	case 7:
		return !memcmp(k.at, "message", 7) ? KEY_MESSAGE : KEY_OTHER;
	default:
		return KEY_OTHER;
	}
}

static enum parse_result read_ns(struct trace_parser *p, struct jsontext_cursor *c, struct trace_line *line)
{
	struct jsontext_value value;

	if (jsontext_peek(c) == '[')
		return ns_array(p, c, line);
	if (jsontext_value(c, &value) != PARSE_OK)
		return PARSE_BAD;
	if (value.type != JSONTEXT_STRING) {
		c->reason = "ns is neither a string nor an array";
		return PARSE_BAD;
	}
	line->ns = value.raw;
	line->ns_is_array = 0;
	return PARSE_OK;
}

static void set_scalar(struct trace_line *line, enum key key, const struct jsontext_value *value)
{
	struct parse_text text = value->type == JSONTEXT_STRING || value->type == JSONTEXT_NUMBER
	                                 ? value->raw
	                                 : (struct parse_text){ 0 };

	switch (key) {
	case KEY_AT:
		line->at = text;
		break;
	case KEY_SEV:
		line->sev = text;
		break;
	case KEY_THREAD:
		line->thread = text;
		line->has_thread_number = value->type == JSONTEXT_NUMBER;
		break;
	case KEY_HOST:
		line->host = text;
		break;
	case KEY_PID:
		line->pid = text;
		break;
	case KEY_MESSAGE:
		if (value->type == JSONTEXT_STRING)
			line->wrapped = *value;
		break;
	default:
		break;
	}
}

static enum parse_result read_object(struct trace_parser *p, struct jsontext_cursor *c, struct trace_line *line)
{
	struct jsontext_value key, value;
	int is_first = 1;
	enum parse_result r = jsontext_enter(c, '{');

	while (r == PARSE_OK && (r = jsontext_key(c, &is_first, &key)) == PARSE_OK) {
		enum key which = key_of(key.raw);

		if (which == KEY_NS) {
			r = read_ns(p, c, line);
		} else if (which == KEY_DATA) {
			r = read_data(c, line);
		} else {
			r = jsontext_value(c, &value);
			if (r == PARSE_OK)
				set_scalar(line, which, &value);
		}
	}
	return r == PARSE_END ? jsontext_finish(c) : r;
}

/* What a line is that doesn't begin with a brace. */
static enum trace_what what_of(struct parse_text t)
{
	size_t n_space = 0;

	while (n_space < t.n && (t.at[n_space] == ' ' || t.at[n_space] == '\t'))
		n_space++;
	if (n_space == t.n)
		return TRACE_BLANK;
	if (t.n - n_space >= 2 && t.at[n_space] == '/' && t.at[n_space + 1] == '/')
		return TRACE_COMMENT;
	if (t.n > 6 && t.at[0] == '[' && digits(t.at + 1, 4) >= 0 && t.at[5] == '-')
		return TRACE_HUMAN;
	return t.at[n_space] == '{' ? TRACE_OBJECT : TRACE_TEXT;
}

/* Finds the line's end and, where the line allows it, its marks (marks->start is NULL where it doesn't). PARSE_MORE:
 * the end isn't there yet. *ret_used counts the end too. */
static enum parse_result find_line(struct trace_parser *p, const char *at, size_t n, int is_last,
                                   struct jsontext_marks *marks, struct parse_text *ret, size_t *ret_used)
{
	size_t n_limit = n < TRACE_LINE_MAX ? n : TRACE_LINE_MAX, n_line;
	const char *newline;
	int is_plain;

	if (!p->width)
		p->width = jsontext_widest();
	n_line = jsontext_mark_line((enum jsontext_width)p->width, at, n_limit, marks, &is_plain);
	newline = n_line < n_limit && at[n_line] == '\n' ? at + n_line : memchr(at + n_line, '\n', n_limit - n_line);
	if (!newline && !is_last && n < TRACE_LINE_MAX)
		return PARSE_MORE;
	*ret_used = newline ? (size_t)(newline - at) + 1 : n_limit;
	*ret = (struct parse_text){ at, newline ? (size_t)(newline - at) : *ret_used };
	if (newline && ret->n && ret->at[ret->n - 1] == '\r')
		ret->n--;
	if (!is_plain)
		marks->start = NULL;
	return PARSE_OK;
}

static enum parse_result bad(struct trace_line *line, struct parse_fault *ret, uint64_t offset, const char *code,
                             const char *reason)
{
	*ret = (struct parse_fault){ offset, code, reason };
	line->what = TRACE_OBJECT;
	return PARSE_BAD;
}

/* Checks what a trace must have. */
static enum parse_result finish(struct trace_parser *p, struct trace_line *line, uint64_t offset,
                                struct parse_fault *ret)
{
	line->what = TRACE_OBJECT;
	if (!line->at.n && !line->ns.n)
		return PARSE_OK;
	if (!line->at.n || !line->ns.n)
		return bad(line, ret, offset, "trace.field", line->at.n ? "a trace without ns" : "a trace without at");
	if (!trace_time(p, line->at, &line->at_ns))
		return bad(line, ret, offset + (uint64_t)(line->at.at - line->text.at), "trace.time",
		           "at is not a time such as 2025-12-01T07:06:46.219Z");
	line->what = TRACE_MESSAGE;
	return PARSE_OK;
}

/* Everything but the members, which n_members guards: they are most of the struct. */
static void start_line(struct trace_line *line, struct parse_text text)
{
	memset(line, 0, offsetof(struct trace_line, members));
	line->text = text;
}

enum parse_result trace_next(struct trace_parser *p, const char *at, size_t n, int is_last, struct trace_line *ret,
                             size_t *ret_used, struct parse_fault *ret_fault)
{
	uint64_t offset = p->offset;
	struct jsontext_marks marks;
	struct parse_text text;
	struct jsontext_cursor c;
	int has_end;

	if (!n)
		return is_last ? PARSE_END : PARSE_MORE;
	if (find_line(p, at, n, is_last, &marks, &text, ret_used) == PARSE_MORE)
		return PARSE_MORE;
	p->offset += *ret_used;
	has_end = *ret_used > text.n;
	ret->text.at = text.at;
	ret->text.n = text.n;
	if (marks.start && has_end && trace_quick(&marks, ret))
		return finish(p, ret, offset, ret_fault);
	start_line(ret, text);
	if (!has_end && !(is_last && *ret_used == n))
		return bad(ret, ret_fault, offset, "trace.line_length", "line longer than 16 MiB");
	ret->what = what_of(ret->text);
	if (ret->what != TRACE_OBJECT)
		return PARSE_OK;
	c = jsontext_on(ret->text.at, ret->text.n);
	if (read_object(p, &c, ret) != PARSE_OK) {
		if (!has_end) {
			ret->what = TRACE_CUT;
			return PARSE_OK;
		}
		return bad(ret, ret_fault, offset + (uint64_t)(c.at - ret->text.at), "trace.json", c.reason);
	}
	return finish(p, ret, offset, ret_fault);
}
