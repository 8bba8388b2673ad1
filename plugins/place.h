/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_PLACE_H
#define PLUGINS_PLACE_H

/* The words for a crash record: what happened, where, and from where in the collector. */

#include "plugins/crash.h"

struct place_sentence {
	char text[512];
};

/* `SIGSEGV at address 0x10 in x.so+0x1139 (x_poll)`, and for a place outside of the collector `, called from
 * x.so+0x1201 (x_run)`. record: a private copy. object_fd, object: the collector's file and the name to call it by. */
void place_describe(const struct crash_record *record, int object_fd, const char *object, struct place_sentence *ret);

#endif
