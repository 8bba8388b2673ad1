/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_TIMELINE_NAME_H
#define EXPORTS_TIMELINE_NAME_H

/* What is drawn in a timeline, by name. Names are escaped as the attributes that they are made of are (store/json.h).
 */

#include "exports/chrome_rules.h"

#include <stddef.h>
#include <weir/host.h>

enum {
	TIMELINE_COUNTER_MAX = 512, /* of a counter; longer ones are cut */
};

/* Grows; at is to be freed. */
struct timeline_room {
	char *at;
	size_t n;
};

/* A span: the rule's word before one of its attributes. Valid until the next call with this room, whose `at` stays NULL
 * where there is no memory. */
struct weir_text timeline_span_name(const struct chrome_rule *rule, const char *metric, struct weir_text attrs,
                                    struct timeline_room *room);

/* `ghc.heap.allocated, capability 0, By/s` */
struct weir_text timeline_counter_name(const char *metric, struct weir_text attrs, const char *unit, int is_rate,
                                       char room[TIMELINE_COUNTER_MAX]);

#endif
