/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_SHAPES_H
#define STORE_SHAPES_H

/* The columns of the four shapes' tables, and how each cell is had from a cursor. Part of store/tables.c. */

#include "store/cursor.h"
#include "store/plan.h"

enum {
	SHAPES = 4,
	SHAPES_COLUMNS_MAX = 20,
};

/* Gives a cell of the current row; < 0: it could not, and the sentence says why. */
typedef int shapes_give(struct cursor *c, sqlite3_context *to, uint32_t argument, struct weir_error *reterr);

struct shape_column {
	const char *name;
	const char *type;
	shapes_give *give;
	uint32_t argument; /* a column of the statement over series, or of a block's rows; a quantile in percent */
	struct plan_column plan;
};

struct shape {
	const char *table;
	int shape; /* WEIR_SHAPE_* */
	uint32_t kind_min, kind_max;
	int n_columns;
	struct shape_column columns[SHAPES_COLUMNS_MAX];
};

extern const struct shape shapes[SHAPES];

#endif
