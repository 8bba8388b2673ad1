/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_PLACE_H
#define PLUGINS_PLACE_H

/* The words for a crash record: what happened, where, and from where in the collector. */

#include "plugins/crash.h"

struct place_sentence {
	char text[384];
};

/* What: `SIGSEGV at address 0x10`, `system call socket (41)`. */
void place_cause(const struct crash_record *record, struct place_sentence *ret);

/* Where: `x.so+0x1139 (x_poll)`; for a place outside of the collector `libc.so.6+0x2a, called from x.so+0x1201
 * (x_run)`. Empty when nothing is known. record: a private copy. fd, object: the collector's file and the name to call
 * it by. */
void place_where(const struct crash_record *record, int fd, const char *object, struct place_sentence *ret);

#endif
