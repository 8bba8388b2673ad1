/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_PROCESS_MAP_H
#define PARSERS_PROCESS_MAP_H

/* A line of /proc/PID/maps (proc(5)):
 *
 *     7f0d65971000-7f0d6597f000 r-xp 0000e000 fe:00 12345                /usr/lib/ghc/rts/libHSrts-ghc9.0.2.so
 *
 * Stateless and pure. Texts point into the buffer.
 */

#include "parsers/result.h"

struct process_map {
	uint64_t start, end, offset, inode;
	struct parse_text path; /* empty: no file; as the kernel writes it, ` (deleted)` behind a file that is gone */
	uint8_t is_executable, is_private;
};

/* Takes one line. PARSE_OK: *ret_used bytes are done with; PARSE_MORE: it isn't whole; PARSE_END: there is none;
 * PARSE_BAD: it is another kind of line, which *ret_used bytes are. */
enum parse_result process_map_next(const char *at, size_t n, struct process_map *ret, size_t *ret_used);

#endif
