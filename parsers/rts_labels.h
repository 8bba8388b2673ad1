/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_RTS_LABELS_H
#define PARSERS_RTS_LABELS_H

/* What the labels of rts_stats.h's formats mean: one table a format. */

#include "parsers/rts_stats.h"

/* All take the line's groups too, so that few labels need be looked for. */

/* The readings of a line of -s (or -S's end). `ret_ends_in_number`: the line's end could be a cut number. Returns how
 * many there are. */
uint32_t rts_labels_summary(struct parse_text line, const struct label_groups *groups, struct rts_reading *ret,
                            int *ret_ends_in_number);

/* The readings of -t's one line, which stands anywhere in `line`. */
uint32_t rts_labels_one_line(struct parse_text line, const struct label_groups *groups, struct rts_reading *ret);

/* What a key of the list means: stat, generation and key are filled. */
void rts_labels_key(struct parse_text key, struct rts_reading *ret);

/* Whether the line is one of the run-time system's without numbers. */
int rts_labels_is_heading(struct parse_text line, const struct label_groups *groups);

#endif
