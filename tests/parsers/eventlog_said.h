/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENTLOG_SAID_H
#define EVENTLOG_SAID_H

/* Logs that tests write, and what is read of them. */

#include "tests/parsers/eventlog_writer.h"
#include "tests/parsers/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline char *transcript_of(const struct eventlog_writer *w)
{
	return eventlog_transcript((const char *)w->at, w->n, w->n, 1);
}

/* What follows the header of what is said. */
static inline const char *body(const char *said)
{
	const char *at = said, *next = said;

	while (strncmp(next, "type\t", 5) == 0 || strncmp(next, "header\n", 7) == 0) {
		at = strchr(next, '\n') + 1;
		next = at;
	}
	return at;
}

static inline void assert_body(struct eventlog_writer *w, const char *expected)
{
	char *said = transcript_of(w);

	assert_string_equal(body(said), expected);
	free(said);
	eventlog_writer_done(w);
}

/* The header and the begin of a block; finish() ends both. */
static inline void begin(struct eventlog_writer *w)
{
	eventlog_writer_init(w);
	write_header(w);
	write_block(w, 100, 3);
}

static inline void finish(struct eventlog_writer *w, uint64_t time_ns)
{
	write_block_end(w, time_ns);
	write_u16(w, 0xffff);
}

#endif
