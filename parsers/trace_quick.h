/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_TRACE_QUICK_H
#define PARSERS_TRACE_QUICK_H

/* The shape that nearly all lines have, at full speed: compact, keys without escapes, plain ASCII. Anything else is
 * declined and left to the complete reader in trace.c, which gives the same result for every line that is taken here.
 */

#include "parsers/trace.h"

/* Takes line->text, whose end is a newline that may be read. 1: all of line's fields but `what` and `at_ns` are set, as
 * trace_next() sets them before it checks them; 0: declined, with the fields in no particular state. */
int trace_quick(const struct jsontext_marks *marks, struct trace_line *line);

#endif
