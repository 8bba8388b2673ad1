/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_CURSOR_H
#define STORE_CURSOR_H

/* A walk over the observations of one shape: the series that a plan chooses, the blocks of each, the rows of each
 * block. It stands on one row until it is at its end. Part of store/tables.c.
 */

#include "store/block.h"
#include "store/lexicon.h"
#include "store/segment.h"
#include "store/sql.h"

/* Columns of the statement over series. */
enum cursor_series {
	SERIES_RUN,
	SERIES_NODE,
	SERIES_COLLECTOR,
	SERIES_METRIC,
	SERIES_UNIT,
	SERIES_ATTRS,
	SERIES_SOURCE,
	SERIES_ID,
};

/* What was done on a connection so far. */
struct cursor_counts {
	int64_t n_series, n_blocks, n_decoded, n_paths;
};

/* What a cursor walks over. */
struct cursor_scope {
	sqlite3 *db;
	struct cursor_counts *counts;
	int shape; /* WEIR_SHAPE_* */
	uint32_t kind_min, kind_max;
};

struct cursor {
	const struct cursor_scope *scope;
	char *plan; /* what the statements were made from */
	sqlite3_stmt *series, *blocks;
	struct block_coder *coder;
	struct lexicon *lexicon;
	struct segment_reader segments;
	struct rows rows;
	uint64_t bucket; /* where the buckets of the current row start */
	int64_t source;  /* whose rows they are; 0: nobody's */
	int64_t number;  /* of its block */
	uint32_t needs;  /* what is decoded of it */
	uint32_t wanted; /* what the query needs */
	uint32_t row;
	int is_end;
	char *merged; /* attributes */
	uint64_t n_merged_max;
};

/* Starts over with a plan (store/plan.h) and its values. Results of this and the next are codes of SQLite; the sentence
 * is written when they are not SQLITE_OK. */
int cursor_start(struct cursor *c, const char *plan, uint32_t wanted, int n_values, sqlite3_value **values,
                 struct weir_error *reterr);
int cursor_next(struct cursor *c, struct weir_error *reterr);
void cursor_done(struct cursor *c);

static inline uint64_t cursor_word(const struct cursor *c, uint32_t column)
{
	return c->rows.columns[column][c->row];
}

/* The dictionaries of the current row's source; NULL: no memory. */
struct lexicon *cursor_lexicon(struct cursor *c);

#endif
