/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

/* A table of text on stdout. The first TABLE_LOOKAHEAD rows decide how wide columns are; later rows stream through.
 * Control characters are shown as `?`. A table of no rows prints nothing but its head.
 */

#include <stdint.h>
#include <weir/host.h>

enum {
	TABLE_COLUMNS_MAX = 64,
	TABLE_LOOKAHEAD = 256,
	TABLE_WIDTH_MAX = 80, /* of a column but the last, in characters; longer texts are cut and end in `…` */
};

enum table_align {
	TABLE_LEFT,
	TABLE_RIGHT,
};

struct table;

/* heads: n_columns titles, copied. indent: blanks in front of every line. NULL: no memory. */
struct table *table_new(const char *const *heads, uint32_t n_columns, uint32_t indent);

/* Cells from left to right; a full row is printed or kept. */
void table_cell(struct table *t, enum table_align align, struct weir_text text);
__attribute__((format(printf, 3, 4))) void table_put(struct table *t, enum table_align align, const char *format, ...);

void table_end(struct table *t); /* prints what is kept; frees it */

#endif
