/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_JSONOUT_H
#define EXPORTS_JSONOUT_H

/* Writing JSON to a stream, one value after the other: commas, indentation and escaping are done here. Keys are
 * literals of ours, or texts like any other. What is not UTF-8 becomes U+FFFD; numbers that JSON doesn't have become
 * null. Errors stay in the stream (ferror).
 */

#include <stdint.h>
#include <stdio.h>
#include <weir/host.h>

enum {
	JSONOUT_DEPTH_MAX = 16,
};

struct jsonout {
	FILE *file;
	int is_compact; /* all on one line */
	int is_nested;  /* part of a text that somebody else writes: no newline at the end */
	uint32_t depth;
	uint32_t line_depth; /* of the object that jsonout_line() began, which ends the line; 0: none */
	char closers[JSONOUT_DEPTH_MAX];
	uint8_t has_members[JSONOUT_DEPTH_MAX + 1];
};

struct jsonout jsonout_on(FILE *file, int is_compact);

/* key NULL: an element of an array, or the whole. */
void jsonout_object(struct jsonout *j, const char *key);
void jsonout_line(struct jsonout *j); /* an object that is an element, with all that it holds on one line */
void jsonout_array(struct jsonout *j, const char *key);
void jsonout_end(struct jsonout *j); /* of the innermost; after the last one comes a newline */

void jsonout_text(struct jsonout *j, const char *key, const char *text); /* NULL: null */
void jsonout_bytes(struct jsonout *j, const char *key, struct weir_text text);
void jsonout_i64(struct jsonout *j, const char *key, int64_t value);
void jsonout_u64(struct jsonout *j, const char *key, uint64_t value);
void jsonout_f64(struct jsonout *j, const char *key, double value);
void jsonout_bool(struct jsonout *j, const char *key, int value);
void jsonout_null(struct jsonout *j, const char *key);
/* Text that is JSON already. */
void jsonout_json(struct jsonout *j, const char *key, const char *json);

#endif
