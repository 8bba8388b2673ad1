/* SPDX-License-Identifier: Apache-2.0 */
/* Reads tables of numbers, as spreadsheets and scripts write them:
 *
 *     time,temperature,load
 *     1767225600,21.5,0.25
 *     1767225601,,0.5
 *
 * The first line names the columns, the first column is a time, and every other cell is an observation of its column.
 * An empty cell is absent, not 0. Quotes are not understood: a name with a separator in it makes its rows bad.
 *
 * Shows: options, attributes, bad records with their place, bounds, numbers that are read the same in every locale.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <weir/collector.h>
#include <weir/fail.h>

enum {
	COLUMNS_MAX = 64,
	CELL_BYTES_MAX = 63, /* of a number */
};

enum {
	OPTION_SEPARATOR,
	OPTION_UNIT,
};

struct weir_instance {
	const struct weir_host *host;
	locale_t c_locale; /* a decimal point is a point */
	int64_t ns_per_unit;
	uint64_t n_used;
	uint32_t series[COLUMNS_MAX]; /* of each column but the first */
	uint32_t n_columns;           /* 0: the first line has not come yet */
	char separator;
};

struct cells {
	const char *at, *end;
	char separator;
};

/* The next cell of a line; 0: there is none. */
static int cells_next(struct cells *c, struct weir_text *ret)
{
	const char *end;

	if (!c->at)
		return 0;
	end = memchr(c->at, c->separator, (size_t)(c->end - c->at));
	*ret = (struct weir_text){ c->at, (uint64_t)((end ? end : c->end) - c->at) };
	c->at = end ? end + 1 : NULL;
	return 1;
}

/* 1: a finite number; 0: none. strtod() wants a terminated text, and the line is the host's. */
static int read_number(const struct weir_instance *i, struct weir_text cell, double *ret)
{
	char text[CELL_BYTES_MAX + 1];
	char *end;

	if (cell.n_bytes == 0 || cell.n_bytes > CELL_BYTES_MAX)
		return 0;
	memcpy(text, cell.at, cell.n_bytes);
	text[cell.n_bytes] = '\0';
	*ret = strtod_l(text, &end, i->c_locale);
	return end == text + cell.n_bytes && isfinite(*ret);
}

/* 1: a time, in ns. Its whole part is read apart: a double does not hold all nanoseconds since 1970. */
static int read_time(const struct weir_instance *i, struct weir_text cell, int64_t *ret_ns)
{
	uint64_t k = 0;
	double fraction = 0;
	int64_t whole = 0;

	for (; k < cell.n_bytes && cell.at[k] >= '0' && cell.at[k] <= '9'; k++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, cell.at[k] - '0', &whole))
			return 0;
	if (k == 0 || __builtin_mul_overflow(whole, i->ns_per_unit, &whole))
		return 0;
	if (k < cell.n_bytes &&
	    (cell.at[k] != '.' || !read_number(i, (struct weir_text){ cell.at + k, cell.n_bytes - k }, &fraction) ||
	     fraction >= 1))
		return 0;
	return !__builtin_add_overflow(whole, (int64_t)(fraction * (double)i->ns_per_unit), ret_ns);
}

static int fail_row(struct weir_instance *i, const char *why, uint64_t offset)
{
	const struct weir_diag d = { .code = "csv.row",
		                     .message = { why, strlen(why) },
		                     .offset = offset,
		                     .count = 1,
		                     .severity = WEIR_WARNING };

	i->host->tally(i->host, WEIR_BAD, 1, "csv.row");
	i->host->diag(i->host, &d);
	return WEIR_OK;
}

static int take_names(struct weir_instance *i, struct cells line)
{
	const struct weir_host *h = i->host;
	struct weir_attr column = { { "column", 6 }, { NULL, 0 } };

	h->tally(h, WEIR_SKIPPED, 1, "csv.names");
	for (; i->n_columns <= COLUMNS_MAX && cells_next(&line, &column.value); i->n_columns++) {
		if (i->n_columns == 0)
			continue;
		i->series[i->n_columns - 1] = h->series(h, 0, &column, 1);
		if (!i->series[i->n_columns - 1])
			return -EINVAL;
	}
	return line.at ? -E2BIG : WEIR_OK;
}

/* Reads the whole row before it emits any of it: a bad row is bad as a whole. */
static int take_row(struct weir_instance *i, struct cells line, uint64_t offset)
{
	struct weir_number row[COLUMNS_MAX];
	struct weir_text cell;
	uint32_t n = 0, column = 0;
	int64_t time_ns;
	double value;
	int r;

	if (!cells_next(&line, &cell) || !read_time(i, cell, &time_ns))
		return fail_row(i, "its time is no number", offset);
	for (; cells_next(&line, &cell); column++) {
		if (column + 1 >= i->n_columns)
			return fail_row(i, "it has more cells than there are names", offset);
		if (cell.n_bytes == 0)
			continue;
		if (!read_number(i, cell, &value))
			return fail_row(i, "a cell is no number", offset);
		row[n++] = (struct weir_number){ .time_ns = time_ns, .value.f64 = value, .series = i->series[column] };
	}
	r = i->host->numbers(i->host, row, n);
	if (r >= 0)
		i->host->tally(i->host, WEIR_STORED, 1, NULL);
	return r;
}

static int take_line(struct weir_instance *i, const char *at, uint64_t n, uint64_t offset)
{
	struct cells line = { at, at + n, i->separator };

	if (n && at[n - 1] == '\r')
		line.end--;
	i->host->tally(i->host, WEIR_READ, 1, NULL);
	return i->n_columns ? take_row(i, line, offset) : take_names(i, line);
}

static int csv_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct weir_chunk c;
	int r = i->host->input(i->host, 0, i->n_used, &c);

	i->n_used = 0;
	while (r == WEIR_OK && i->n_used < c.n_bytes) {
		const char *at = (const char *)c.at + i->n_used;
		const char *end = memchr(at, '\n', c.n_bytes - i->n_used);
		uint64_t n = end ? (uint64_t)(end - at) : c.n_bytes - i->n_used;

		if (!end && !c.is_last)
			break;
		r = take_line(i, at, n, c.offset + i->n_used);
		i->n_used += n + (end != NULL);
	}
	if (r == -E2BIG)
		return weir_fail(reterr, r, "csv: input: offset %llu: a line or a row of names is too long",
		                 (unsigned long long)c.offset);
	return r < 0 ? weir_fail(reterr, r, "csv: input: offset %llu: cannot go on", (unsigned long long)c.offset) : r;
}

/* ---- open and close ---- */

static int read_options(struct weir_instance *i)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 } };
	struct weir_text separator, unit;

	if (i->host->option_text(i->host, OPTION_SEPARATOR, &separator) < 0 ||
	    i->host->option_text(i->host, OPTION_UNIT, &unit) < 0)
		return -EINVAL;
	/* The host has checked that each is one of its choices: their first letters tell them apart. */
	i->separator = separator.at[0] == 'c' ? ',' : separator.at[0] == 's' ? ';' : '\t';
	for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++)
		if (strcmp(units[k].name, unit.at) == 0)
			i->ns_per_unit = units[k].ns;
	return 0;
}

static int csv_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	const struct weir_clock clock = { .name = "first column", .tie = { "taken as UTC", 12 }, .error_ns = -1 };
	struct weir_instance *i = calloc(1, sizeof(*i));

	if (!i)
		return weir_fail(reterr, -ENOMEM, "csv: open: no memory");
	*ret = i; /* the host closes it, also when this fails */
	i->host = h;
	i->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!i->c_locale)
		return weir_fail(reterr, -ENOMEM, "csv: open: no memory");
	if (read_options(i) < 0)
		return weir_fail(reterr, -EINVAL, "csv: options: the host has none");
	return h->clock(h, &clock);
}

static void csv_close(struct weir_instance *i)
{
	if (i && i->c_locale)
		freelocale(i->c_locale);
	free(i);
}

static const struct weir_metric metrics[] = {
	{ .name = "table.value",
	  .unit = "1",
	  .brief = "value",
	  .help = "A cell of the column that the attribute `column` names.",
	  .shape = WEIR_SHAPE_NUMBER,
	  .kind = WEIR_KIND_GAUGE,
	  .type = WEIR_TYPE_F64 },
};

static const struct weir_option options[] = {
	[OPTION_SEPARATOR] = { .name = "separator",
	                       .fallback = "comma",
	                       .choices = "comma|semicolon|tab",
	                       .help = "What stands between cells.",
	                       .type = WEIR_OPTION_CHOICE },
	[OPTION_UNIT] = { .name = "unit",
	                  .fallback = "s",
	                  .choices = "s|ms|us|ns",
	                  .help = "What the first column counts, from 1970.",
	                  .type = WEIR_OPTION_CHOICE },
};

static const struct weir_claim claims[] = { { .pattern = "*.csv", .kind = WEIR_CLAIM_FILE } };

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "csv",
	.version = "1.0",
	.summary = "tables of numbers, one row a time",
	.licence = "Apache-2.0",
	.metrics = metrics,
	.n_metrics = 1,
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.claims = claims,
	.n_claims = 1,
	.open = csv_open,
	.poll = csv_poll,
	.close = csv_close,
};
