/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CELL_BYTES_MAX = 4096,
	GAP = 2,
};

struct cell {
	char *text; /* NULL: empty */
	enum table_align align;
};

struct table {
	struct cell rows[TABLE_LOOKAHEAD + 1][TABLE_COLUMNS_MAX]; /* row 0: the head */
	uint32_t widths[TABLE_COLUMNS_MAX];
	uint32_t n_columns, n_rows, column, indent;
	int is_streaming;
};

/* Characters, not bytes: terminals count so, wide ones apart. */
static uint32_t count_characters(const char *text)
{
	uint32_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* Cuts a text to a number of characters, the last of which then is an ellipsis. */
static void cut(char *text, uint32_t n_max)
{
	uint32_t n = 0;
	char *at = text;

	if (count_characters(text) <= n_max)
		return;
	for (; *at; at++) {
		if (((unsigned char)*at & 0xc0) != 0x80 && n++ == n_max - 1)
			break;
	}
	memcpy(at, "…", sizeof("…"));
}

static char *clean(struct weir_text text, int is_last)
{
	uint64_t n = text.n_bytes < CELL_BYTES_MAX ? text.n_bytes : CELL_BYTES_MAX;
	char *copy = malloc(n + sizeof("…"));

	if (!copy)
		return NULL;
	for (uint64_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text.at[i];

		copy[i] = c < ' ' || c == 0x7f ? '?' : (char)c;
	}
	copy[n] = 0;
	if (!is_last)
		cut(copy, TABLE_WIDTH_MAX);
	return copy;
}

static void print_blanks(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		(void)putchar(' ');
}

static void print_row(const struct table *t, const struct cell *row)
{
	uint32_t last = t->n_columns;

	/* No blanks at the end of a line. */
	while (last > 1 && (!row[last - 1].text || !*row[last - 1].text))
		last--;
	print_blanks(t->indent);
	for (uint32_t i = 0; i < last; i++) {
		const char *text = row[i].text ? row[i].text : "";
		uint32_t n = count_characters(text), pad = t->widths[i] > n ? t->widths[i] - n : 0;

		if (i > 0)
			print_blanks(GAP);
		if (row[i].align == TABLE_RIGHT)
			print_blanks(pad);
		(void)fputs(text, stdout);
		if (row[i].align == TABLE_LEFT && i + 1 < last)
			print_blanks(pad);
	}
	(void)putchar('\n');
}

static void clear_row(struct table *t, uint32_t row)
{
	for (uint32_t i = 0; i < t->n_columns; i++) {
		free(t->rows[row][i].text);
		t->rows[row][i].text = NULL;
	}
}

static void flush(struct table *t)
{
	/* A head stands over its numbers as they stand. */
	for (uint32_t i = 0; i < t->n_columns; i++)
		t->rows[0][i].align = t->n_rows > 1 ? t->rows[1][i].align : TABLE_LEFT;
	for (uint32_t i = 0; i < t->n_rows; i++) {
		print_row(t, t->rows[i]);
		clear_row(t, i);
	}
	t->n_rows = 0;
	t->is_streaming = 1;
}

static void end_row(struct table *t)
{
	t->column = 0;
	t->n_rows++;
	if (t->is_streaming) {
		print_row(t, t->rows[0]);
		clear_row(t, 0);
		t->n_rows = 0;
	} else if (t->n_rows == TABLE_LOOKAHEAD + 1) {
		flush(t);
	}
}

void table_cell(struct table *t, enum table_align align, struct weir_text text)
{
	struct cell *cell = &t->rows[t->n_rows][t->column];
	uint32_t n;

	cell->text = clean(text, t->column + 1 == t->n_columns);
	cell->align = align;
	n = cell->text ? count_characters(cell->text) : 0;
	if (!t->is_streaming && n > t->widths[t->column])
		t->widths[t->column] = n;
	if (++t->column == t->n_columns)
		end_row(t);
}

void table_put(struct table *t, enum table_align align, const char *format, ...)
{
	char text[CELL_BYTES_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0)
		n = 0;
	table_cell(t, align, (struct weir_text){ text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1 });
}

struct table *table_new(const char *const *heads, uint32_t n_columns, uint32_t indent)
{
	struct table *t = calloc(1, sizeof(*t));

	assert(n_columns > 0 && n_columns <= TABLE_COLUMNS_MAX);
	if (!t)
		return NULL;
	t->n_columns = n_columns;
	t->indent = indent;
	for (uint32_t i = 0; i < n_columns; i++)
		table_cell(t, TABLE_LEFT, (struct weir_text){ heads[i], strlen(heads[i]) });
	return t;
}

void table_end(struct table *t)
{
	if (!t)
		return;
	if (!t->is_streaming)
		flush(t);
	free(t);
}
