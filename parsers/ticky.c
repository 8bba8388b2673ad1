/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/ticky.h"

#include <string.h>

enum {
	SURE = 95, /* percent: the file has what only such a report has */
};

enum part {
	PART_SUMS = 0,
	PART_RULE, /* the line below the table's heading comes next */
	PART_TABLE,
	PART_COUNTERS,
};

enum section {
	ANY = 0,
	ENTERS,
	UPDATES,
	UPDATES_DATA,
	UPDATES_PAP,
};

/* A line of sums. Several sections have lines of the same label. */
static const struct sum_label {
	const char *anchor; /* see label_find() */
	const char *pattern;
	uint8_t section; /* that it must stand in */
	uint8_t opens;   /* that it begins; ANY: none */
	const char *names[TICKY_SUMS_MAX];
} sum_labels[] = {
	{ "ENTERS:", "ENTERS: # of which # (~@%) direct", ANY, ENTERS, { "enters", "enters.direct" } },
	{ " (", "# (~@%) thunks", ENTERS, ANY, { "enters.thunks" } },
	{ " (", "# (~@%) data values", ENTERS, ANY, { "enters.data_values" } },
	{ " (", "# (~@%) normal indirections", ENTERS, ANY, { "enters.indirections" } },
	{ " (", "# (~@%) permanent indirections", ENTERS, ANY, { "enters.permanent_indirections" } },
	{ "FUNCTION ENTRIES:", "FUNCTION ENTRIES: #", ANY, ANY, { "function_entries" } },
	{ "TAIL CALLS:", "TAIL CALLS: #, of which # (~@%) were to", ANY, ANY, { "tail_calls", "tail_calls.known" } },
	{ "SLOW APPL",
	  "SLOW APPLICATIONS: # evaluated, # unevaluated",
	  ANY,
	  ANY,
	  { "slow_applications", "slow_applications.unevaluated" } },
	{ "FUN ",
	  "FUN # # #",
	  ANY,
	  ANY,
	  { "slow_applications.fun.too_few", "slow_applications.fun.correct", "slow_applications.fun.too_many" } },
	{ "PAP ",
	  "PAP # # #",
	  ANY,
	  ANY,
	  { "slow_applications.pap.too_few", "slow_applications.pap.correct", "slow_applications.pap.too_many" } },
	{ "RETURNS:", "RETURNS: #", ANY, ANY, { "returns" } },
	{ " (", "# (~@%) from entering a new constructor", ANY, ANY, { "returns.new" } },
	{ "UPDATE FRAMES:", "UPDATE FRAMES: # (# omitted", ANY, ANY, { "update_frames", "update_frames.omitted" } },
	{ "CATCH FRAMES:", "CATCH FRAMES: #", ANY, ANY, { "catch_frames" } },
	{ "NEW GEN UPDATES:", "NEW GEN UPDATES: #", ANY, ANY, { "updates.new_generation" } },
	{ "OLD GEN UPDATES:", "OLD GEN UPDATES: #", ANY, ANY, { "updates.old_generation" } },
	{ "UPDATES:", "UPDATES: #", ANY, UPDATES, { "updates" } },
	{ " (", "# (~@%) data values", UPDATES, UPDATES_DATA, { "updates.data_values" } },
	{ " in place,",
	  "# in place, # allocated new space",
	  UPDATES_DATA,
	  ANY,
	  { "updates.data_values.in_place", "updates.data_values.new_space" } },
	{ " (", "# (~@%) partial applications", UPDATES_DATA, UPDATES_PAP, { "updates.partial_applications" } },
	{ " in place,",
	  "# in place, # allocated new space",
	  UPDATES_PAP,
	  ANY,
	  { "updates.partial_applications.in_place", "updates.partial_applications.new_space" } },
	{ " (", "# (~@%) updates by squeezing", ANY, ANY, { "updates.squeezing" } },
	{ "TOTAL TAG", "TOTAL TAG PREDICTIONS MADE: #", ANY, ANY, { "tag_predictions" } },
	{ "UNTAGGED PREDICTIONS HIT:", "UNTAGGED PREDICTIONS HIT: #", ANY, ANY, { "tag_predictions.untagged_hit" } },
	{ "UNTAGGED PREDICTIONS MISS:", "UNTAGGED PREDICTIONS MISS: #", ANY, ANY, { "tag_predictions.untagged_miss" } },
	{ "TAGGED PREDICTIONS HIT:", "TAGGED PREDICTIONS HIT: #", ANY, ANY, { "tag_predictions.tagged_hit" } },
};

/* The histograms' shares are those of counters that come with their numbers. */
static const char *const headings[] = {
	"STACK USAGE:",
	"[the rest indirected via Node's info ptr]",
	"[the rest from entering an existing constructor]",
	"Too few args   Correct args   Too many args",
	"RET_NEW:         ",
	"RET_OLD:         ",
	"RET_UNBOXED_TUP: ",
	"The following table is explained by ",
	"All allocation numbers are in bytes.",
	"**************************************************",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int has(struct parse_text text, const char *word)
{
	return memmem(text.at, text.n, word, strlen(word)) != NULL;
}

static struct parse_text trim(const char *at, const char *end)
{
	while (at < end && *at == ' ')
		at++;
	while (end > at && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == '\r'))
		end--;
	return (struct parse_text){ at, (size_t)(end - at) };
}

static int read_sums(struct ticky_parser *p, struct ticky_record *ret)
{
	struct label_value values[LABEL_VALUES_MAX];
	unsigned n;

	for (size_t i = 0; i < COUNT(sum_labels); i++) {
		const struct sum_label *l = &sum_labels[i];

		if ((l->section != ANY && l->section != p->section) ||
		    !label_find(ret->text, l->anchor, l->pattern, values, &n))
			continue;
		ret->n_sums = 0;
		for (unsigned k = 0; k < n && k < TICKY_SUMS_MAX && l->names[k]; k++)
			ret->sums[ret->n_sums++] = (struct ticky_sum){ l->names[k], values[k].i64 };
		if (l->opens != ANY)
			p->section = l->opens;
		ret->what = TICKY_SUMS;
		return 1;
	}
	return 0;
}

/* Where the word ends, or stands, in the heading; 0: it isn't there. */
static uint32_t column_of(struct parse_text heading, const char *word, int is_end)
{
	const char *at = memmem(heading.at, heading.n, word, strlen(word));

	return at ? (uint32_t)(at - heading.at) + (is_end ? (uint32_t)strlen(word) : 0) : 0;
}

static int read_table_heading(struct ticky_parser *p, struct parse_text line)
{
	const uint32_t ends[3] = { column_of(line, "Entries", 1), column_of(line, "Alloc ", 1) - 1,
		                   column_of(line, "Alloc'd", 1) };

	if (!ends[0] || ends[1] <= ends[0] || ends[2] <= ends[1] || column_of(line, "STG Name", 0) <= ends[2])
		return 0;
	memcpy(p->column_ends, ends, sizeof(ends));
	p->name_column = column_of(line, "STG Name", 0);
	p->part = PART_RULE;
	return 1;
}

/* A number with nothing but blanks in front. */
static int read_cell(const char *at, const char *end, int64_t *ret)
{
	struct parse_text cell = trim(at, end);
	struct label_value value;

	if (!cell.n || cell.at + cell.n != end || label_whole(cell.at, cell.at + cell.n, &value) != cell.n ||
	    !value.is_finite)
		return 0;
	*ret = value.i64;
	return 1;
}

/* The three numbers by the heading's columns. Returns where they end, or NULL. */
static const char *numbers_by_column(const struct ticky_parser *p, struct parse_text line, int64_t values[3])
{
	uint32_t start = 0;

	if (line.n < p->column_ends[2])
		return NULL;
	for (int i = 0; i < 3; i++) {
		if (!read_cell(line.at + start, line.at + p->column_ends[i], &values[i]))
			return NULL;
		start = p->column_ends[i];
	}
	return line.at + start;
}

/* A number wider than its column moves the rest of the row to the right. */
static const char *numbers_by_blanks(const struct ticky_parser *p, struct parse_text line, int64_t values[3])
{
	const char *end = line.at + line.n, *at;
	struct label_value v[LABEL_VALUES_MAX];
	unsigned n;

	at = label_match(line.at, end, "~# # #", v, &n);
	if (!at || at - line.at <= p->column_ends[2])
		return NULL;
	for (int i = 0; i < 3; i++) {
		if (!v[i].is_finite)
			return NULL;
		values[i] = v[i].i64;
	}
	return at;
}

static int is_module_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '\'';
}

/* Where the module of `main:Zoo.Animals.feed` ends; `at`: it has none. */
static const char *module_end(const char *at, const char *end)
{
	const char *module = at, *ret = at;

	for (const char *c = at; c < end && (is_module_char(*c) || strchr("@.-:", *c)); c++)
		if (*c == ':' && *at >= 'a' && *at <= 'z') {
			module = c + 1;
			break;
		}
	module += module < end && *module == ':';
	while (module < end && *module >= 'A' && *module <= 'Z') {
		const char *c = module;

		while (c < end && is_module_char(*c))
			c++;
		if (c == end || *c != '.')
			break;
		ret = c;
		module = c + 1;
	}
	return ret;
}

/* Whether the text between parentheses behind a name is a module, not `fun`, `thk,se` or `con: Data.Map.Bin{d r3}`. */
static int is_module(struct parse_text text)
{
	if (!text.n || memchr(text.at, ' ', text.n) || memchr(text.at, ',', text.n))
		return 0;
	return (*text.at >= 'A' && *text.at <= 'Z') || memchr(text.at, ':', text.n);
}

void ticky_split(struct parse_text name, struct parse_text *ret_closure, struct parse_text *ret_module)
{
	const char *at = name.at, *end = at + name.n, *brace = name.n ? memchr(at, '{', name.n) : NULL;
	const char *behind = brace ? memmem(brace, (size_t)(end - brace), "} (", 3) : NULL;
	const char *close = behind ? memchr(behind, ')', (size_t)(end - behind)) : NULL;

	brace = brace ? memchr(brace, '}', (size_t)(end - brace)) : NULL;
	*ret_closure = (struct parse_text){ at, brace ? (size_t)(brace + 1 - at) : name.n };
	*ret_module = (struct parse_text){ at, (size_t)(module_end(at, at + ret_closure->n) - at) };
	if (close && is_module((struct parse_text){ behind + 3, (size_t)(close - behind - 3) }))
		*ret_module = (struct parse_text){ behind + 3, (size_t)(close - behind - 3) };
}

static int read_row(const struct ticky_parser *p, struct parse_text line, struct ticky_row *ret)
{
	const char *end = line.at + line.n, *at, *name;
	int64_t values[3];
	struct label_value arity;
	unsigned n;

	at = numbers_by_column(p, line, values);
	if (!at)
		at = numbers_by_blanks(p, line, values);
	if (!at || (size_t)(end - at) <= p->name_column - p->column_ends[2])
		return 0;
	name = at + (p->name_column - p->column_ends[2]);
	at = label_match(at, end, " #", &arity, &n);
	if (!at || name <= at)
		return 0;
	ret->entries = values[0];
	ret->alloc_bytes = values[1];
	ret->allocd_bytes = values[2];
	ret->arity = (uint64_t)arity.i64;
	ret->arguments = trim(at, name);
	ret->name = trim(name, end);
	ticky_split(ret->name, &ret->closure, &ret->module);
	return 1;
}

static int read_counter(struct ticky_record *ret)
{
	static const char excuse[] = " requires +RTS -Z";
	const char *end = ret->text.at + ret->text.n, *at;
	struct label_value value;
	unsigned n;

	at = label_match(ret->text.at, end, "~# ", &value, &n);
	if (!at || at == end || !value.is_finite || memchr(at, '%', (size_t)(end - at)))
		return 0;
	ret->name = trim(at, end);
	ret->is_measured = !has(ret->name, excuse);
	if (!ret->is_measured)
		ret->name.n -= sizeof(excuse) - 1;
	ret->value = value.i64;
	ret->what = TICKY_COUNTER;
	return !memchr(ret->name.at, ' ', ret->name.n);
}

static void read_heading(struct ticky_parser *p, struct ticky_record *ret)
{
	ret->what = TICKY_TEXT;
	for (size_t i = 0; i < COUNT(headings); i++)
		if (has(ret->text, headings[i]))
			ret->what = TICKY_HEADING;
	if (p->part == PART_TABLE && has(ret->text, "***"))
		p->part = PART_COUNTERS;
}

static enum parse_result read_line(struct ticky_parser *p, struct ticky_record *ret)
{
	ret->what = TICKY_HEADING;
	if (p->part == PART_RULE) {
		p->part = PART_TABLE;
	} else if (p->part == PART_COUNTERS && read_counter(ret)) {
		return PARSE_OK;
	} else if (p->part == PART_TABLE && ret->text.n && !has(ret->text, "****")) {
		ret->what = TICKY_ROW;
		return read_row(p, ret->text, &ret->row) ? PARSE_OK : PARSE_BAD;
	} else if (!(p->part == PART_SUMS && (read_table_heading(p, ret->text) || read_sums(p, ret)))) {
		read_heading(p, ret);
	}
	return PARSE_OK;
}

static enum parse_result take_line(struct ticky_parser *p, size_t n_used, int is_ended, struct ticky_record *ret,
                                   struct parse_fault *ret_fault)
{
	int is_piece = !is_ended && n_used == TICKY_LINE_MAX;

	*ret_fault =
		(struct parse_fault){ p->offset, "ticky.row", "the row has not three numbers, an arity and a name" };
	if (is_piece || p->in_long_line) {
		p->in_long_line = (uint8_t)is_piece;
		ret_fault->code = "ticky.line";
		ret_fault->reason = "the line is longer than any can be";
		return PARSE_BAD;
	}
	if (is_ended)
		return read_line(p, ret);
	ret->what = TICKY_CUT;
	return PARSE_OK;
}

enum parse_result ticky_next(struct ticky_parser *p, const char *at, size_t n, int is_last, struct ticky_record *ret,
                             size_t *ret_used, struct parse_fault *ret_fault)
{
	enum parse_result r = p->offset == 0 && n ? rts_command_line(at, n, is_last, ret_used) : PARSE_END;
	int is_ended;

	if (r == PARSE_OK) {
		ret->what = TICKY_COMMAND;
		ret->text = trim(at, at + *ret_used);
	} else if (r == PARSE_END) {
		*ret_used = label_line(at, n, TICKY_LINE_MAX, is_last, &ret->text, &is_ended);
		if (!*ret_used)
			return is_last ? PARSE_END : PARSE_MORE;
		r = take_line(p, *ret_used, is_ended, ret, ret_fault);
	} else {
		*ret_used = 0;
	}
	p->offset += *ret_used;
	return r;
}

unsigned ticky_sniff(const char *at, size_t n)
{
	struct ticky_parser p = { 0 };
	struct ticky_record record;
	struct parse_fault fault;
	size_t n_used;

	for (; ticky_next(&p, at, n, 0, &record, &n_used, &fault) == PARSE_OK; at += n_used, n -= n_used)
		if (p.part == PART_TABLE || (record.what == TICKY_SUMS && strcmp(record.sums[0].name, "enters") == 0))
			return SURE;
	return 0;
}
