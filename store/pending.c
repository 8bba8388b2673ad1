/* SPDX-License-Identifier: Apache-2.0 */
#include "store/pending.h"

#include <math.h>
#include <stdlib.h>

enum {
	SERIES_CELLS = 4,
	BLOCK_CELLS = 14,
};

struct series_row {
	int64_t metric;
	uint32_t id, n_text;
	const char *text; /* in pending.text */
};

struct pending {
	struct store *store;
	int64_t source;
	struct series_row series[PENDING_SERIES];
	struct cell blocks[PENDING_ROWS * BLOCK_CELLS];
	uint32_t n_series, n_blocks, n_text;
	char text[PENDING_TEXT_BYTES];
};

struct pending *pending_new(struct store *s, int64_t source)
{
	struct pending *p = malloc(sizeof(*p));

	if (!p)
		return NULL;
	p->store = s;
	p->source = source;
	p->n_series = p->n_blocks = p->n_text = 0;
	return p;
}

void pending_free(struct pending *p)
{
	free(p);
}

/* Whole statements' worth with the one for many, the rest one by one. */
static int write_rows(struct store *s, enum statement many, enum statement one, const struct cell *cells, uint32_t n,
                      int n_cells, struct weir_error *reterr)
{
	uint32_t at = 0;
	int r = 0;

	for (; n - at >= PENDING_ROWS && r == 0; at += PENDING_ROWS)
		r = statement_run(s, many, cells + at * (uint32_t)n_cells, PENDING_ROWS * n_cells, reterr);
	for (; at < n && r == 0; at++)
		r = statement_run(s, one, cells + at * (uint32_t)n_cells, n_cells, reterr);
	return r;
}

/* ---- Series ---- */

static int by_key(const void *a, const void *b)
{
	const struct series_row *one = a, *other = b;

	if (one->metric != other->metric)
		return one->metric < other->metric ? -1 : 1;
	return one->id < other->id ? -1 : 1;
}

static void put_series(const struct pending *p, const struct series_row *row, struct cell *ret)
{
	ret[0] = cell_integer(p->source);
	ret[1] = cell_integer(row->metric);
	ret[2] = cell_integer(row->id);
	ret[3] = cell_text((struct weir_text){ row->text, row->n_text });
}

static int write_series(struct pending *p, struct weir_error *reterr)
{
	struct cell cells[PENDING_ROWS * SERIES_CELLS];
	uint32_t n = p->n_series;
	int r = 0;

	p->n_series = p->n_text = 0;
	qsort(p->series, n, sizeof(p->series[0]), by_key);
	for (uint32_t at = 0; at < n && r == 0; at += PENDING_ROWS) {
		uint32_t n_rows = n - at < PENDING_ROWS ? n - at : PENDING_ROWS;

		for (uint32_t i = 0; i < n_rows; i++)
			put_series(p, &p->series[at + i], &cells[i * SERIES_CELLS]);
		r = write_rows(p->store, SERIES_ADD_MANY, SERIES_ADD, cells, n_rows, SERIES_CELLS, reterr);
	}
	return r;
}

int pending_series(struct pending *p, uint32_t id, int64_t metric, struct weir_text attrs_json,
                   struct weir_error *reterr)
{
	struct series_row row = { metric, id, (uint32_t)attrs_json.n_bytes, attrs_json.at };
	int r = 0;

	if (attrs_json.n_bytes > PENDING_TEXT_BYTES) {
		struct cell cells[SERIES_CELLS];

		put_series(p, &row, cells);
		return statement_run(p->store, SERIES_ADD, cells, SERIES_CELLS, reterr);
	}
	if (p->n_series == PENDING_SERIES || row.n_text > PENDING_TEXT_BYTES - p->n_text)
		r = write_series(p, reterr);
	row.text = p->text + p->n_text;
	if (row.n_text)
		memcpy(p->text + p->n_text, attrs_json.at, row.n_text);
	p->n_text += row.n_text;
	p->series[p->n_series++] = row;
	return r;
}

/* ---- Blocks ---- */

static int write_blocks(struct pending *p, struct weir_error *reterr)
{
	uint32_t n = p->n_blocks;

	p->n_blocks = 0;
	return write_rows(p->store, BLOCK_ADD_MANY, BLOCK_ADD, p->blocks, n, BLOCK_CELLS, reterr);
}

static struct cell cell_summary(double v)
{
	return isnan(v) ? cell_null() : cell_real(v);
}

int pending_block(struct pending *p, const struct block *b, uint32_t number, struct block_place place,
                  struct weir_error *reterr)
{
	const struct cell cells[BLOCK_CELLS] = {
		cell_integer(p->source),
		cell_integer(b->series),
		cell_integer(b->t_min_ns),
		cell_integer(b->t_max_ns),
		cell_integer(number),
		cell_integer(b->kind),
		cell_integer(b->first_id),
		cell_integer(b->n_rows),
		cell_summary(b->v_min),
		cell_summary(b->v_max),
		cell_summary(b->v_sum),
		cell_integer(place.segment),
		cell_integer((int64_t)place.start),
		cell_integer((int64_t)b->n_bytes),
	};

	memcpy(&p->blocks[p->n_blocks * BLOCK_CELLS], cells, sizeof(cells));
	return ++p->n_blocks < PENDING_ROWS ? 0 : write_blocks(p, reterr);
}

int pending_write(struct pending *p, struct weir_error *reterr)
{
	int r = write_series(p, reterr);

	return r < 0 ? r : write_blocks(p, reterr);
}
