/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHASES_EVENT_H
#define PHASES_EVENT_H

/* The lines of a phase log, decoded. Knows nothing of weir, allocates nothing.
 *
 *     phases 1 1767225600000000000     first line: version, and the UTC time of its 0 in ns
 *     + 1000 1 parse                   at 1000 ns a phase begins in track 1
 *     - 2500 1                         at 2500 ns the innermost phase of track 1 ends
 *     # anything                       a remark
 */

#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EVENT_START, /* time_ns is UTC */
	EVENT_BEGIN,
	EVENT_END,
	EVENT_REMARK,
	EVENT_UNKNOWN, /* another first character: of a version that we don't know */
	EVENT_BAD,
};

struct event {
	enum event_kind kind;
	int64_t time_ns;
	uint32_t track;
	const char *name; /* of EVENT_BEGIN; in the line */
	size_t n_name;
};

/* line: without its line end. Views live as long as it. */
struct event event_read(const char *line, size_t n);

#endif
