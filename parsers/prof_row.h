/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_PROF_ROW_H
#define PARSERS_PROF_ROW_H

/* One head line or one row of a `.prof` table, whole and without its line end. The part of prof.c that knows columns.
 */

#include "parsers/prof.h"

/* Where the columns of a head line are: 1, or 0 when it is no head line of either table. */
int prof_grid_of(const char *at, size_t n, struct prof_grid *ret);

enum prof_fit {
	PROF_FITS = 0,
	PROF_HAS_NO_NUMBERS, /* the text doesn't end as a row does: perhaps a label goes on in the next line */
	PROF_FITS_NOT,
};

/* Reads a row. A row of more than one line is given whole, its newlines are part of the label. Of depth only the
 * indentation is known here: of an empty label it is everything before MODULE, and is_depth_guess is set. */
enum prof_fit prof_row_of(const struct prof_grid *grid, const char *at, size_t n, struct prof_row *ret);

/* Where the entries of a row end, in columns, past where the grid says the number before them does. 11 in the first row
 * of 8.0 to 8.8, 12 from 9.0. */
size_t prof_entries_width(const struct prof_grid *grid, const char *at, size_t n);

#endif
