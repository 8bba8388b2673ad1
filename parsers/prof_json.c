/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/prof_json.h"

#include <string.h>

enum stage {
	AT_HEADER = 0,
	AT_CENTRES,
	AT_STACKS,
	AT_SETS,
	AT_STALE,
};

enum {
	SAFE_DIGITS = 19, /* of a number that surely has 64 bits */
};

/* What is left of the buffer. The first thing that doesn't read sticks: is_short when the bytes ran out, else is_bad.
 */
struct reading {
	const char *at;
	const char *end;
	int is_last;
	int is_foreign;
	int is_short;
	int is_bad;
};

static int is_stopped(const struct reading *r)
{
	return r->is_short || r->is_bad;
}

static int is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_spaces(struct reading *r)
{
	while (r->at < r->end && is_space(*r->at))
		r->at++;
}

/* The next byte; 0 when there is none, which is then short. */
static char peek(struct reading *r)
{
	skip_spaces(r);
	if (r->at == r->end)
		r->is_short = 1;
	return is_stopped(r) ? 0 : *r->at;
}

/* Passes a byte, with white space before it. */
static void pass_char(struct reading *r, char c)
{
	if (peek(r) == c)
		r->at++;
	else
		r->is_bad |= !r->is_short;
}

/* White space is free between the parts of `what`, and where `what` has some. */
static void pass_freely(struct reading *r, const char *what)
{
	for (; *what && !is_stopped(r); what++) {
		if (is_space(*what))
			continue;
		if (strchr("{}[]:,\"", *what))
			skip_spaces(r);
		if (r->at == r->end)
			r->is_short = 1;
		else if (*r->at == *what)
			r->at++;
		else
			r->is_bad = 1;
	}
}

static inline void pass_exactly(struct reading *r, const char *what, size_t n)
{
	size_t n_left = (size_t)(r->end - r->at);

	if (is_stopped(r))
		return;
	if (n_left < n) {
		r->is_short = memcmp(r->at, what, n_left) == 0;
		r->is_bad = !r->is_short;
	} else if (memcmp(r->at, what, n) == 0) {
		r->at += n;
	} else {
		r->is_bad = 1;
	}
}

/* `what` as GHC writes it. */
static inline void pass(struct reading *r, const char *what)
{
	if (r->is_foreign)
		pass_freely(r, what);
	else
		pass_exactly(r, what, strlen(what));
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static uint64_t pass_number(struct reading *r)
{
	uint64_t value = 0;
	const char *at, *end;

	if (r->at < r->end && *r->at <= ' ')
		skip_spaces(r);
	if (is_stopped(r))
		return 0;
	at = r->at;
	end = r->end - at < SAFE_DIGITS ? r->end : at + SAFE_DIGITS;
	for (; at < end && is_digit(*at); at++)
		value = value * 10 + (uint64_t)(*at - '0');
	for (; at < r->end && is_digit(*at); at++)
		r->is_bad |= __builtin_mul_overflow(value, 10, &value) ||
		             __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value);
	r->is_bad |= at == r->at && at < r->end;
	r->is_short |= at == r->end; /* more digits may come */
	r->at = at;
	return value;
}

static uint64_t number_after(struct reading *r, const char *words)
{
	pass(r, words);
	return pass_number(r);
}

/* A number with a fraction, in hundredths, cut. */
static uint64_t pass_hundredths(struct reading *r)
{
	uint64_t value = pass_number(r), unit = 10;

	if (__builtin_mul_overflow(value, 100, &value))
		r->is_bad = 1;
	if (is_stopped(r) || *r->at != '.')
		return value;
	for (r->at++; r->at < r->end && is_digit(*r->at); r->at++, unit /= 10)
		r->is_bad |= __builtin_add_overflow(value, unit * (uint64_t)(*r->at - '0'), &value);
	r->is_short |= r->at == r->end;
	return value;
}

static int is_escaped(const char *start, const char *at)
{
	size_t n = 0;

	while (at - n > start && at[-1 - (ptrdiff_t)n] == '\\')
		n++;
	return n & 1;
}

/* A string that starts here, without its opening quote, and ends where `tail` is, which is passed. */
static struct parse_text pass_string(struct reading *r, const char *tail)
{
	const char *start = r->at, *quote = start;
	struct reading after = *r;

	while (!is_stopped(r) && (quote = memchr(quote, '"', (size_t)(r->end - quote)))) {
		after = *r;
		after.at = quote;
		if (!is_escaped(start, quote))
			pass(&after, tail);
		else
			after.is_bad = 1;
		if (!after.is_bad) {
			*r = after;
			return (struct parse_text){ start, (size_t)(quote - start) };
		}
		quote++;
	}
	if (!is_stopped(r))
		r->is_short = 1;
	return (struct parse_text){ start, 0 };
}

/* What stands between brackets, of which the opening one is passed: nothing, or strings. */
static struct parse_text pass_strings(struct reading *r, const char *tail_after_none, const char *tail)
{
	struct parse_text strings;

	if (peek(r) != '"') {
		strings = (struct parse_text){ r->at, 0 };
		pass(r, tail_after_none);
		return strings;
	}
	r->at++;
	strings = pass_string(r, tail);
	return (struct parse_text){ strings.at - 1, strings.n + 2 };
}

static enum parse_result take_header(struct reading *r, struct prof_json_parser *p, struct prof_json_header *ret)
{
	static const char start[] = "{\n\"program\": \"";
	struct reading ghc = *r;

	pass_exactly(&ghc, start, sizeof(start) - 1);
	if (ghc.is_short)
		return PARSE_MORE;
	p->is_foreign = (uint8_t)ghc.is_bad;
	r->is_foreign = ret->is_foreign = p->is_foreign;

	pass(r, start);
	ret->program = pass_string(r, "\",\n\"arguments\": [");
	ret->arguments = pass_strings(r, "],\n\"rts_arguments\": [", "\"],\n\"rts_arguments\": [");
	ret->rts_arguments = pass_strings(r, "],\n\"end_time\": \"", "\"],\n\"end_time\": \"");
	ret->end_time = pass_string(r, "\",\n\"initial_capabilities\": ");
	ret->n_capabilities = pass_number(r);
	pass(r, ",\n\"total_time\": ");
	ret->total_time_cs = pass_hundredths(r);
	ret->total_ticks = number_after(r, ",\n\"total_ticks\": ");
	ret->tick_us = number_after(r, ",\n\"tick_interval\": ");
	ret->total_alloc = number_after(r, ",\n\"total_alloc\":");
	pass(r, ",\n\"cost_centres\": [\n");
	p->stage = AT_CENTRES;
	return is_stopped(r) ? r->is_short ? PARSE_MORE : PARSE_BAD : PARSE_OK;
}

static void take_centre(struct reading *r, struct prof_json_centre *ret)
{
	ret->id = number_after(r, "{\"id\": ");
	pass(r, ", \"label\": \"");
	ret->label = pass_string(r, "\", \"module\": \"");
	ret->module = pass_string(r, "\", \"src_loc\": \"");
	ret->source = pass_string(r, "\", \"is_caf\": ");
	ret->is_caf = peek(r) == 't';
	pass(r, ret->is_caf ? "true}" : "false}");
}

static void take_stack(struct reading *r, struct prof_json_parser *p, struct prof_json_stack *ret)
{
	ret->centre = number_after(r, "{\"id\": ");
	ret->entries = number_after(r, ", \"entries\": ");
	ret->alloc = number_after(r, ", \"alloc\": ");
	ret->ticks = number_after(r, ", \"ticks\": ");
	pass(r, ", \"children\": [");
	ret->depth = p->depth++;
	p->is_inside = 0;
}

/* Passes a comma where one has to be. */
static void pass_comma(struct reading *r, const struct prof_json_parser *p)
{
	char c = peek(r);

	if ((c == ',') != (p->is_inside != 0))
		r->is_bad |= c != 0;
	else if (c == ',')
		r->at++;
	(void)peek(r);
}

/* What closes stacks before the next one. */
static void pass_closed(struct reading *r, struct prof_json_parser *p)
{
	while (p->depth && peek(r) == ']') {
		r->at++;
		pass_char(r, '}');
		p->depth--;
		p->is_inside = 1;
	}
}

static enum parse_result take_census(struct reading *r, struct prof_json_record *ret)
{
	size_t n_used = 0;
	enum parse_result is = retainer_census_next(r->at, (size_t)(r->end - r->at), &ret->census, &n_used);

	r->at += n_used;
	ret->what = PROF_JSON_CENSUS;
	return is;
}

static enum parse_result take_set(struct reading *r, struct prof_json_record *ret)
{
	size_t n = (size_t)(r->end - r->at), n_used = 0;
	enum parse_result is = n ? retainer_set_next(r->at, n, r->is_last, &ret->set, &n_used) : PARSE_END;

	if (is == PARSE_BAD && r->is_last && !memchr(r->at, '\n', n))
		is = PARSE_MORE; /* it is cut */
	r->at += n_used;
	ret->what = PROF_JSON_SET;
	return is;
}

/* What stands behind the closing brace. */
static enum parse_result take_end(struct reading *r, struct prof_json_parser *p, struct prof_json_record *ret)
{
	size_t n = (size_t)(r->end - r->at), n_title = 0;
	enum parse_result is_title = n && *r->at == '\n' ? retainer_title(r->at + 1, n - 1, &n_title) : PARSE_BAD;

	if (is_title == PARSE_MORE && !r->is_last)
		return is_title;
	if (is_title == PARSE_OK) {
		r->at += 1 + n_title;
		p->stage = AT_SETS;
		return take_set(r, ret);
	}
	skip_spaces(r);
	return PARSE_END;
}

static enum parse_result take_centres(struct reading *r, struct prof_json_parser *p, struct prof_json_record *ret)
{
	if (peek(r) == ']') {
		pass_freely(r, "],\"profile\":");
		(void)peek(r);
		p->stage = AT_STACKS;
		take_stack(r, p, &ret->stack);
		ret->what = PROF_JSON_STACK;
	} else {
		pass_comma(r, p);
		take_centre(r, &ret->centre);
		p->is_inside = 1;
		ret->what = PROF_JSON_CENTRE;
	}
	return is_stopped(r) ? r->is_short ? PARSE_MORE : PARSE_BAD : PARSE_OK;
}

static enum parse_result take_stacks(struct reading *r, struct prof_json_parser *p, struct prof_json_record *ret)
{
	pass_closed(r, p);
	if (!p->depth && !is_stopped(r)) {
		pass_char(r, '}');
		return is_stopped(r) ? r->is_short ? PARSE_MORE : PARSE_BAD : take_end(r, p, ret);
	}
	pass_comma(r, p);
	take_stack(r, p, &ret->stack);
	ret->what = PROF_JSON_STACK;
	return is_stopped(r) ? r->is_short ? PARSE_MORE : PARSE_BAD : PARSE_OK;
}

/* Censuses stand before the header, if any do. */
static enum parse_result take_start(struct reading *r, struct prof_json_parser *p, struct prof_json_record *ret)
{
	enum parse_result is_census = retainer_is_census(r->at, (size_t)(r->end - r->at));

	if (is_census == PARSE_OK)
		return take_census(r, ret);
	ret->what = PROF_JSON_HEADER;
	return is_census == PARSE_BAD ? take_header(r, p, &ret->header) : is_census;
}

static enum parse_result take(struct reading *r, struct prof_json_parser *p, struct prof_json_record *ret)
{
	switch (p->stage) {
	case AT_HEADER:
		return take_start(r, p, ret);
	case AT_CENTRES:
		return take_centres(r, p, ret);
	case AT_STACKS:
		return take_stacks(r, p, ret);
	case AT_SETS:
		return take_set(r, ret);
	default:
		ret->what = PROF_JSON_STALE;
		ret->n_stale = (uint64_t)(r->end - r->at);
		r->at = r->end;
		return ret->n_stale ? PARSE_OK : PARSE_MORE;
	}
}

/* What comes next, n_passed bytes on, is not to be read. */
static enum parse_result fault(struct prof_json_parser *p, size_t n_passed, const char *code, const char *reason,
                               size_t *ret_used, struct parse_fault *ret)
{
	p->stage = AT_STALE;
	p->offset += n_passed;
	*ret_used = n_passed;
	*ret = (struct parse_fault){ p->offset, code, reason };
	return PARSE_BAD;
}

enum parse_result prof_json_next(struct prof_json_parser *p, const char *at, size_t n, int is_last,
                                 struct prof_json_record *ret, size_t *ret_used, struct parse_fault *ret_fault)
{
	static const size_t n_max[] = { [AT_HEADER] = PROF_JSON_HEADER_MAX,
		                        [AT_CENTRES] = PROF_JSON_RECORD_MAX,
		                        [AT_STACKS] = PROF_JSON_RECORD_MAX,
		                        [AT_SETS] = RETAINER_SET_MAX,
		                        [AT_STALE] = SIZE_MAX };
	/* No record is longer, however much of it is in sight. */
	size_t n_seen = n < n_max[p->stage] ? n : n_max[p->stage];
	struct reading r = {
		.at = at, .end = at + n_seen, .is_last = is_last && n_seen == n, .is_foreign = p->is_foreign
	};
	struct prof_json_parser after = *p;
	enum parse_result is = take(&r, &after, ret);
	size_t n_passed = (size_t)(r.at - at);

	*ret_used = 0;
	if (is == PARSE_MORE && p->stage == AT_STALE)
		return is_last ? PARSE_END : is;
	if (is == PARSE_END && n_passed < n)
		return fault(p, n_passed, "prof.stale", "bytes after the end of the profile", ret_used, ret_fault);
	if (is == PARSE_END)
		return is_last ? is : PARSE_MORE;
	if (is == PARSE_MORE && n >= n_max[p->stage])
		is = PARSE_BAD;
	if (is == PARSE_MORE)
		return is_last ? fault(p, 0, "prof.truncated", "ends inside the profile", ret_used, ret_fault) : is;
	if (is == PARSE_BAD && p->stage == AT_HEADER)
		return fault(p, n_passed, "prof.header", "not the head of a JSON profile", ret_used, ret_fault);
	if (is == PARSE_BAD)
		return fault(p, n_passed, "prof.json", "not what GHC writes at this place", ret_used, ret_fault);
	if (after.depth >= PROF_JSON_DEPTH_MAX)
		return fault(p, 0, "prof.depth", "a stack is deeper than 65534", ret_used, ret_fault);
	ret->offset = p->offset;
	*p = after;
	*ret_used = n_passed;
	p->offset += n_passed;
	return is;
}

enum parse_result prof_is_json(const char *at, size_t n, int is_last, size_t *io_looked)
{
	struct retainer_census census;
	enum parse_result is = PARSE_OK;

	for (size_t n_used = 0; is == PARSE_OK; *io_looked += n_used) {
		if (*io_looked < n && is_space(at[*io_looked])) {
			n_used = 1;
			continue;
		}
		is = *io_looked < n ? retainer_is_census(at + *io_looked, n - *io_looked) : PARSE_MORE;
		if (is == PARSE_BAD && at[*io_looked] == '{')
			return PARSE_OK;
		n_used = 0;
		if (is == PARSE_OK)
			is = retainer_census_next(at + *io_looked, n - *io_looked, &census, &n_used);
	}
	return is == PARSE_MORE && (is_last || n >= PROF_JSON_HEADER_MAX) ? PARSE_BAD : is;
}

void prof_json_stop(struct prof_json_parser *p)
{
	p->stage = AT_STALE;
}

int prof_json_argument(struct parse_text *rest, int is_foreign, struct parse_text *ret)
{
	struct reading r = { .at = rest->at, .end = rest->at + rest->n, .is_foreign = is_foreign };

	if (rest->n < 2)
		return 0;
	r.at++;
	*ret = pass_string(&r, "\", \"");
	if (is_stopped(&r)) {
		*ret = (struct parse_text){ rest->at + 1, rest->n - 2 };
		rest->n = 0;
		return 1;
	}
	*rest = (struct parse_text){ r.at - 1, (size_t)(r.end - r.at) + 1 };
	return 1;
}

/* The value of four hexadecimal digits; -1: they aren't. */
static int hex_of(const char *at)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = at[i] ? strchr(digits, at[i] | 0x20) : NULL;

		if (!digit)
			return -1;
		value = value * 16 + (int)(digit - digits);
	}
	return value;
}

/* What the escape at `at` stands for, and how long it is; -1: it is none. GHC's \u are all ASCII. */
static int escape_of(const char *at, const char *end, size_t *ret_n)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *name = end - at > 1 && at[1] ? strchr(names, at[1]) : NULL;
	int value;

	*ret_n = 2;
	if (name)
		return values[name - names];
	if (end - at < 6 || at[1] != 'u')
		return -1;
	*ret_n = 6;
	value = hex_of(at + 2);
	return value < 0x80 ? value : -1;
}

size_t prof_json_unescape(struct parse_text text, char *room, size_t n_room)
{
	const char *at = text.at, *end = at + text.n;
	size_t n = 0;

	if (text.n > n_room)
		return text.n;
	while (at < end) {
		size_t n_escape = 0;
		int c = *at == '\\' ? escape_of(at, end, &n_escape) : -1;

		room[n++] = c < 0 ? *at : (char)c;
		at += c < 0 ? 1 : n_escape;
	}
	return n;
}
