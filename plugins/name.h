/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_NAME_H
#define PLUGINS_NAME_H

/* What a name may look like. */

#include <weir/host.h>

enum {
	NAME_MAX_BYTES = 128, /* of metrics, attribute keys, codes, reasons and facts */
	NAME_COLLECTOR_MAX = 32,
};

/* Words of lower case letters, digits and underscores with single dots between them; the first one starts with a
 * letter: `process.disk.io`, `prof.stale_tail`. */
int name_is_dotted(struct weir_text name);
/* The same of what may be NULL, or not end where it should. */
int name_is_dotted_string(const char *name);

/* A collector's: lower case letters, digits and dashes, a letter first: `rts-stats`. */
int name_is_collector(const char *name);

/* A constant or terminated string as a text; NULL is empty. */
struct weir_text name_text(const char *name);

#endif
