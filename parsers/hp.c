/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/hp.h"

#include <endian.h>
#include <string.h>

enum {
	LINE_MAX_BYTES =
		HP_LABEL_MAX + 32, /* a label, its value and the line's end; longer lines come in such pieces */
	SECONDS_MAX = 1000000000,  /* more than 31 years */
	NS_PER_S = 1000000000,
};

struct keyword {
	const char *word; /* with what always stands behind it */
	enum hp_what what;
	int is_time;
};

static const struct keyword keywords[] = {
	{ "BEGIN_SAMPLE ", HP_BEGIN, 1 },
	{ "END_SAMPLE ", HP_END, 1 },
	{ "MARK ", HP_MARK, 1 },
	{ "JOB \"", HP_JOB, 0 },
	{ "DATE \"", HP_DATE, 0 },
	{ "SAMPLE_UNIT \"", HP_SAMPLE_UNIT, 0 },
	{ "VALUE_UNIT \"", HP_VALUE_UNIT, 0 },
};

/* What one call works on. */
struct call {
	struct hp_parser *p;
	const char *at;
	const char *end;
	int is_last;
	struct hp_record *ret;
	size_t *ret_used;
	struct parse_fault *ret_fault;
};

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct parse_text text_of(const char *at, const char *end)
{
	return (struct parse_text){ at, (size_t)(end - at) };
}

/* The end of a line's text: before its newline, and before a CR there. */
static const char *text_end(const char *line, const char *newline)
{
	return newline > line && newline[-1] == '\r' ? newline - 1 : newline;
}

static void use(const struct call *c, const char *next)
{
	*c->ret_used = (size_t)(next - c->at);
	c->p->offset += *c->ret_used;
}

static enum parse_result take(const struct call *c, enum hp_what what, struct parse_text text, const char *next)
{
	c->ret->what = what;
	c->ret->text = text;
	use(c, next);
	return PARSE_OK;
}

static enum parse_result refuse(const struct call *c, const char *next, const char *code, const char *reason)
{
	*c->ret_fault = (struct parse_fault){ c->p->offset, code, reason };
	use(c, next);
	return PARSE_BAD;
}

/* `[-]seconds[.fraction]`, the whole of [at, end). A comma serves too: libraries once wrote it in some locales. */
static int read_time(const char *at, const char *end, int64_t *ret_ns)
{
	int64_t seconds = 0, fraction = 0, unit = NS_PER_S;
	int is_negative = at < end && *at == '-';

	at += is_negative;
	if (at == end || !is_digit(*at))
		return 0;
	for (; at < end && is_digit(*at); at++)
		if ((seconds = seconds * 10 + (*at - '0')) > SECONDS_MAX)
			return 0;
	if (at < end && (*at == '.' || *at == ','))
		for (at++; at < end && is_digit(*at); at++)
			fraction += (unit /= 10) * (*at - '0');
	*ret_ns = seconds * NS_PER_S + fraction;
	if (is_negative)
		*ret_ns = -*ret_ns;
	return at == end;
}

/* How many of the last 8 bytes before `end` are digits at its end, and their value: all 8 at once, as one word. */
static unsigned last_digits(const char *end, int64_t *ret)
{
	const uint64_t zeros = 0x3030303030303030, low = 0x0f0f0f0f0f0f0f0f;
	uint64_t x, others;
	unsigned n;

	memcpy(&x, end - 8, 8);
	x = le64toh(x) ^ zeros;
	others = (x | ((x & ~(uint64_t)0x8080808080808080) + 0x0606060606060606)) & ~low;
	n = others ? (unsigned)__builtin_clzll(others) / 8 : 8;
	x &= n ? ~(uint64_t)0 << (64 - 8 * n) : 0;
	x = (x * 10 + (x >> 8)) & 0x00ff00ff00ff00ff;
	x = (x * 100 + (x >> 16)) & 0x0000ffff0000ffff;
	*ret = (int64_t)((x * 10000 + (x >> 32)) & 0xffffffff);
	return n;
}

/* Reads the digits that end [line, end) and have a tab in front. Returns where they start; NULL: there are none.
 * A value beyond 63 bits gives -1. */
static const char *read_value(const char *line, const char *end, int64_t *ret)
{
	const char *at = end;

	if (end - line > 16) {
		int64_t high;
		unsigned n = last_digits(end, ret);

		if (n == 8) {
			n += last_digits(end - 8, &high);
			*ret += high * 100000000;
		}
		if (n < 16)
			return n && end[-(int)n - 1] == '\t' ? end - n : NULL;
	}
	while (at > line && is_digit(at[-1]))
		at--;
	if (at == end || at == line || at[-1] != '\t')
		return NULL;
	*ret = 0;
	for (const char *d = at; d < end; d++)
		if (__builtin_mul_overflow(*ret, 10, ret) || __builtin_add_overflow(*ret, *d - '0', ret))
			return *ret = -1, at;
	return at;
}

static enum parse_result take_band(const struct call *c, const char *digits, int64_t value, const char *next)
{
	if (digits - 1 - c->at > HP_LABEL_MAX)
		return refuse(c, next, "hp.label", "the label is longer than any can be");
	if (value < 0)
		return refuse(c, next, "hp.value", "the value has more than 63 bits");
	c->ret->value = value;
	return take(c, HP_BAND, text_of(c->at, digits - 1), next);
}

static const struct keyword *keyword_of(const char *line, const char *end)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		size_t n = strlen(keywords[i].word);

		if ((size_t)(end - line) >= n && memcmp(line, keywords[i].word, n) == 0)
			return &keywords[i];
	}
	return NULL;
}

/* Whether a line ends what a label could go on into. */
static int ends_sample(const char *line, const char *end)
{
	const struct keyword *k = keyword_of(line, end);
	int64_t time_ns;

	return k && (k->what == HP_BEGIN || k->what == HP_END) && read_time(line + strlen(k->word), end, &time_ns);
}

static enum parse_result take_time(const struct call *c, const struct keyword *k, const char *end, const char *next)
{
	if (!read_time(c->at + strlen(k->word), end, &c->ret->time_ns))
		return refuse(c, next, "hp.time", "the time is none that can be");
	if (k->what == HP_BEGIN)
		c->p->begin_ns = c->ret->time_ns;
	if (k->what != HP_MARK)
		c->p->in_sample = k->what == HP_BEGIN;
	return take(c, k->what, text_of(c->at, end), next);
}

/* The stream's last line has no newline. Only an END_SAMPLE that says what BEGIN_SAMPLE said is sure to be whole. */
static enum parse_result take_rest(const struct call *c)
{
	const struct keyword *k = keyword_of(c->at, c->end);
	int64_t time_ns;

	if (k && k->what == HP_END && c->p->in_sample && read_time(c->at + strlen(k->word), c->end, &time_ns) &&
	    time_ns == c->p->begin_ns)
		return take_time(c, k, c->end, c->end);
	return take(c, HP_CUT, text_of(c->at, c->end), c->end);
}

/* Of a line that is too long. */
static enum parse_result refuse_piece(const struct call *c)
{
	size_t n = (size_t)(c->end - c->at), n_piece = n < LINE_MAX_BYTES ? n : LINE_MAX_BYTES;
	const char *newline = memchr(c->at, '\n', n_piece);

	if (!newline && n < LINE_MAX_BYTES && !c->is_last)
		return PARSE_MORE;
	c->p->in_long_line = !newline;
	return refuse(c, newline ? newline + 1 : c->at + n_piece, "hp.label", "the line is longer than any can be");
}

/* A text of the header. Where one is, there is no sample. */
static enum parse_result take_text(const struct call *c, enum hp_what what, const char *start, const char *end,
                                   const char *next)
{
	c->p->in_sample = 0;
	return take(c, what, text_of(start, end), next);
}

/* An argument of the program may hold newlines and old systems didn't double quotes, so JOB ends where DATE follows;
 * where none does, with its first line. */
static enum parse_result take_job(const struct call *c)
{
	static const char date[] = "\nDATE \"";
	const size_t n_date = sizeof(date) - 1, n = (size_t)(c->end - c->at);
	const char *start = c->at + 5, *limit = n < HP_JOB_MAX ? c->end : c->at + HP_JOB_MAX;
	const char *first = memchr(c->at, '\n', (size_t)(limit - c->at)), *end;

	for (const char *nl = first; nl; nl = memchr(nl + 1, '\n', (size_t)(limit - nl - 1))) {
		end = text_end(c->at, nl);
		if (end[-1] == '"' && (size_t)(c->end - nl) >= n_date && memcmp(nl, date, n_date) == 0)
			return take_text(c, HP_JOB, start, end > start ? end - 1 : start, nl + 1);
	}
	if (n < HP_JOB_MAX + n_date && !c->is_last)
		return PARSE_MORE;
	if (!first)
		return n < LINE_MAX_BYTES ? take_rest(c) : refuse_piece(c);
	end = text_end(c->at, first);
	end -= end > start && end[-1] == '"';
	return take_text(c, HP_JOB, start, end, first + 1);
}

/* No newline in sight. */
static enum parse_result unended(const struct call *c)
{
	const struct keyword *k = keyword_of(c->at, c->end);

	if (k && k->what == HP_JOB)
		return take_job(c);
	if (c->end - c->at >= LINE_MAX_BYTES)
		return refuse_piece(c);
	return c->is_last ? take_rest(c) : PARSE_MORE;
}

static enum parse_result take_header(const struct call *c, const struct keyword *k, const char *end, const char *next)
{
	const char *start = c->at + strlen(k->word);

	if (k->what == HP_JOB)
		return take_job(c);
	end -= end > start && end[-1] == '"';
	return take_text(c, k->what, start, end, next);
}

/* A line of a sample that has no value: the label goes on in the next. */
static enum parse_result long_label(const struct call *c, const char *newline)
{
	const char *limit = c->end - c->at < LINE_MAX_BYTES ? c->end : c->at + LINE_MAX_BYTES;

	for (;;) {
		const char *line = newline + 1, *end, *digits;
		int64_t value;

		newline = memchr(line, '\n', (size_t)(limit - line));
		if (!newline && limit - c->at == LINE_MAX_BYTES)
			return refuse(c, line, "hp.label", "the label is longer than any can be");
		if (!newline && c->is_last)
			return ends_sample(line, c->end) ? refuse(c, line, "hp.line", "the line has no value")
			                                 : take(c, HP_CUT, text_of(c->at, c->end), c->end);
		if (!newline)
			return PARSE_MORE;
		end = text_end(line, newline);
		digits = read_value(line, end, &value);
		if (digits)
			return take_band(c, digits, value, newline + 1);
		if (ends_sample(line, end))
			return refuse(c, line, "hp.line", "the line has no value");
	}
}

static enum parse_result take_line(const struct call *c, const char *newline)
{
	const char *end = text_end(c->at, newline);
	const struct keyword *k;
	int64_t value;
	const char *digits = c->p->in_sample ? read_value(c->at, end, &value) : NULL;

	if (digits)
		return take_band(c, digits, value, newline + 1);
	k = keyword_of(c->at, end);
	if (k && k->is_time)
		return take_time(c, k, end, newline + 1);
	if (k)
		return take_header(c, k, end, newline + 1);
	if (c->p->in_sample)
		return long_label(c, newline);
	return refuse(c, newline + 1, "hp.line", "the line is none of a heap profile");
}

enum parse_result hp_next(struct hp_parser *p, const char *at, size_t n, int is_last, struct hp_record *ret,
                          size_t *ret_used, struct parse_fault *ret_fault)
{
	const struct call c = { p, at, at + n, is_last, ret, ret_used, ret_fault };
	const char *newline;

	*ret_used = 0;
	if (n == 0)
		return is_last ? PARSE_END : PARSE_MORE;
	if (p->in_long_line)
		return refuse_piece(&c);
	newline = memchr(at, '\n', n < LINE_MAX_BYTES ? n : LINE_MAX_BYTES);
	return newline ? take_line(&c, newline) : unended(&c);
}

size_t hp_unquote(struct parse_text text, char *room, size_t n_room)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n && n < n_room; i++) {
		room[n++] = text.at[i];
		i += text.at[i] == '"' && i + 1 < text.n && text.at[i + 1] == '"';
	}
	return n;
}

int hp_label_id(struct parse_text label, uint64_t *ret_id, struct parse_text *ret_rest)
{
	uint64_t id = 0;
	size_t i = 1;

	if (label.n < 3 || label.at[0] != '(')
		return 0;
	for (; i < label.n && is_digit(label.at[i]); i++)
		if (__builtin_mul_overflow(id, 10, &id) ||
		    __builtin_add_overflow(id, (uint64_t)(label.at[i] - '0'), &id))
			return 0;
	if (i == 1 || i == label.n || label.at[i] != ')')
		return 0;
	*ret_id = id;
	*ret_rest = (struct parse_text){ label.at + i + 1, label.n - i - 1 };
	return 1;
}
