/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_RETAINER_H
#define PARSERS_RETAINER_H

/* What retainer profiling (`+RTS -hr`) writes into the `.prof` file, before and after the cost-centre report or without
 * one. The numbers of the sets are the ones that the labels of the `.hp` file carry.
 *
 *     Retainer Profiling: 0, at 0.020716 seconds          a census, one for each sample
 *     <TAB>Max auxiliary stack size = 677                 not written by 7.x and 8.x
 *     <TAB>Average number of visits per object = 1.310341
 *     ...
 *                                                         a blank line
 *     Retainer sets created during profiling:
 *     SET 2 = {<SYSTEM.SYSTEM>}
 *     SET 3 = {<Main.t,Main.f,Main.main>, <>}             a set of stacks, innermost first; <> is MAIN
 *
 * Source: rts/Stats.c (stat_endRP) and rts/RetainerSet.c (outputAllRetainerSet) of GHC 9.10. A label can hold a
 * newline, so a set ends at a `}` that ends its line and is followed by another set or by the end of the text. No label
 * holds a space, so `>, <` only ever stands between two stacks.
 *
 * Stateless and pure. Views point into the buffer.
 */

#include "parsers/result.h"

enum {
	RETAINER_SET_MAX = 1 << 20, /* bytes of one set */
	RETAINER_LINE_MAX = 256,    /* bytes of a line of a census */
};

struct retainer_census {
	uint64_t index;
	int64_t at_us;             /* since the start, on the mutator's clock */
	uint64_t max_stack;        /* when has_max_stack */
	uint64_t visits_millionth; /* visits per object */
	uint8_t has_max_stack;
};

struct retainer_set {
	uint64_t id;
	struct parse_text stacks; /* what stands between the braces */
};

/* Whether the text starts as a census does: PARSE_OK, PARSE_MORE (too short to say) or PARSE_BAD. The same for the two
 * lines, blank and title, before the sets, whose length is in *ret_used. */
enum parse_result retainer_is_census(const char *at, size_t n);
enum parse_result retainer_title(const char *at, size_t n, size_t *ret_used);

/* PARSE_OK: *ret_used bytes are done with. PARSE_MORE: it isn't whole. PARSE_BAD: it is malformed. */
enum parse_result retainer_census_next(const char *at, size_t n, struct retainer_census *ret, size_t *ret_used);
/* The same; when is_last never PARSE_MORE: one that is cut short is PARSE_BAD. */
enum parse_result retainer_set_next(const char *at, size_t n, int is_last, struct retainer_set *ret, size_t *ret_used);

/* Takes the next stack off `rest`, without its `<>`: 1, or 0 when there is none. MAIN's is empty. */
int retainer_stack(struct parse_text *rest, struct parse_text *ret);

/* Takes the innermost cost centre off `rest`, a stack: 1, or 0 when there is none. The text has no sign between module
 * and label: the module is the longest run of capitalised names that leaves a label, as `GHC.IO.Handle.FD` in
 * `GHC.IO.Handle.FD.CAF`. */
int retainer_centre(struct parse_text *rest, struct parse_text *ret_module, struct parse_text *ret_label);

#endif
