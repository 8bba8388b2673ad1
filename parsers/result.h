/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_RESULT_H
#define PARSERS_RESULT_H

/* What every parser answers. One call decodes at most one record; parsers are pure (no allocation, no I/O, no library).
 */

#include <stddef.h>
#include <stdint.h>

enum parse_result {
	PARSE_OK = 0,   /* one record; `used` bytes of the buffer are done with */
	PARSE_END = 1,  /* the format says that it ends here */
	PARSE_MORE = 2, /* the buffer ends inside a record; nothing was used */
	PARSE_BAD = 3,  /* malformed: see struct parse_fault; `used` bytes (> 0) are to be passed over */
};

struct parse_fault {
	uint64_t offset;    /* from the start of the stream */
	const char *code;   /* stable, dotted: `prof.row` */
	const char *reason; /* constant sentence */
};

/* A view of bytes, valid until the next call. */
struct parse_text {
	const char *at;
	size_t n;
};

#endif
