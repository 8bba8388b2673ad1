/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_PROF_HEADER_H
#define PARSERS_PROF_HEADER_H

/* What stands above the two tables of a `.prof` text. A part of prof.c. */

#include "parsers/prof.h"
#include "parsers/prof_lines.h"

/* Takes everything from the title to the head of the top table with the blank line after it. The header is whole only
 * when the tree's head is in sight (or is_last, or PROF_HEADER_MAX bytes are), because arguments can look like totals.
 * PARSE_BAD: this is no report. */
enum parse_result prof_header_take(struct prof_span *s, int is_last, struct prof_header *ret, struct prof_grid *ret_top,
                                   int *ret_is_crlf);

/* Takes what stands between the tables: two blank lines, the line with `individual` and `inherited`, the head of the
 * tree and a blank line. PARSE_BAD: something else comes next. */
enum parse_result prof_tree_head_take(struct prof_span *s, struct prof_grid *ret);

#endif
