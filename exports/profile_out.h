/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_PROFILE_OUT_H
#define EXPORTS_PROFILE_OUT_H

/* One profile in other tools' formats. Values are those of side 0. Errors stay in the stream. */

#include "analysis/profile.h"

#include <stdio.h>

/* How a frame is called outside: `Module.name`, or what there is of the two. Length as snprintf. */
int profile_out_label(const struct profile_set *set, uint32_t frame, char *ret, size_t size);

/* Folded stacks, one line a stack with a value above 0: `root;Module.f;Module.g 12`. root NULL: none. Values are whole
 * numbers, for that is all that most readers take: percentages become thousandths of a percent. `;` and control
 * characters in names become `:` and `?`.
 * Source: https://github.com/brendangregg/FlameGraph, stackcollapse format. */
int folded_write(FILE *file, const struct profile_set *set, const struct profile *p, const char *root); /* -ENOMEM */

/* Speedscope's own format, evented: each stack opens, holds its children, and closes after its own value. Profiles
 * share one table of frames, so all profiles of a set go into one file, in this order: begin, each profile once, end.
 * Source: https://www.speedscope.app/file-format-schema.json. */
struct speedscope;

struct speedscope *speedscope_begin(FILE *file, const char *name); /* NULL: no memory */
int speedscope_profile(struct speedscope *s, const struct profile_set *set, const struct profile *p,
                       const char *name);  /* -ENOMEM */
void speedscope_end(struct speedscope *s); /* frees it */

#endif
