/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_STATEMENT_H
#define STORE_STATEMENT_H

/* The statements that change a store or look something up for a change, prepared once each. */

#include <string.h>
#include <weir/host.h>

struct store;

enum statement {
	RUN_FIND,
	RUN_ADD,
	NODE_FIND,
	NODE_ADD,
	FACT_PUT,
	FACT_DELETE,
	COMPONENT_PUT,
	UNCLAIMED_PUT,
	UNCLAIMED_CLEAR,
	COLLECTOR_FIND,
	COLLECTOR_ADD,
	METRIC_FIND,
	METRIC_ADD,
	METRIC_UPDATE,
	METRIC_OTHER_COLLECTOR,
	METRIC_IS_USED,
	DECLARED_PUT,
	DECLARED_LIST,
	SOURCE_HAS,
	SOURCE_ADD,
	SOURCE_END,
	SOURCE_OLDER,
	SERIES_ADD,
	SERIES_ADD_MANY, /* PENDING_ROWS */
	BLOCK_ADD,
	BLOCK_ADD_MANY,
	SEGMENT_ADD,
	SEGMENT_LAST,
	SOURCE_FACT_PUT,
	DIAG_ADD,
	DIAG_REMOVE,
	FORGET_BLOCKS,
	FORGET_SEGMENTS,
	FORGET_SERIES,
	FORGET_DIAGS,
	FORGET_FACTS,
	FORGET_SOURCE,
	UNFINISHED_LIST,
	N_STATEMENTS,
};

enum cell_type {
	CELL_NULL,
	CELL_INTEGER,
	CELL_REAL,
	CELL_TEXT,
	CELL_BYTES,
};

#define N_CELLS(cells) ((int)(sizeof(cells) / sizeof((cells)[0])))

/* A value for a statement's parameter. Texts and bytes are borrowed until the statement has run. */
struct cell {
	enum cell_type type;
	int64_t integer;
	double real;
	const void *at;
	uint64_t n;
};

static inline struct cell cell_null(void)
{
	return (struct cell){ .type = CELL_NULL };
}

static inline struct cell cell_integer(int64_t v)
{
	return (struct cell){ .type = CELL_INTEGER, .integer = v };
}

static inline struct cell cell_real(double v)
{
	return (struct cell){ .type = CELL_REAL, .real = v };
}

static inline struct cell cell_text(struct weir_text text)
{
	return (struct cell){ .type = CELL_TEXT, .at = text.at ? text.at : "", .n = text.n_bytes };
}

/* NULL is NULL. */
static inline struct cell cell_string(const char *text)
{
	return text ? (struct cell){ .type = CELL_TEXT, .at = text, .n = strlen(text) } : cell_null();
}

static inline struct cell cell_bytes(const void *at, uint64_t n)
{
	return (struct cell){ .type = CELL_BYTES, .at = at, .n = n };
}

/* Binds the cells to ?1, ?2 … and takes one step. 1: there is a row; read it with statement_integer() and the like,
 * then call statement_next() or statement_done(). 0: done. */
int statement_run(struct store *s, enum statement id, const struct cell *cells, int n_cells, struct weir_error *reterr);
int statement_next(struct store *s, enum statement id, struct weir_error *reterr);
void statement_done(struct store *s, enum statement id);

int64_t statement_integer(struct store *s, enum statement id, int column);
/* Terminated; "" for NULL; lives until the next step. */
const char *statement_text(struct store *s, enum statement id, int column);
/* Copies up to n bytes; returns how many there are. */
uint64_t statement_bytes(struct store *s, enum statement id, int column, void *ret, uint64_t n);

#endif
