/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_LOCLI_FILTER_H
#define EXPORTS_LOCLI_FILTER_H

/* logs-NODE.flt.json while it is written: the lines of the logs that begin with a brace, in as few writes as there are
 * runs of them. Lines are given one after the other as they stand in one buffer, with their ends; before the buffer
 * changes they are flushed.
 */

#include "parsers/trace.h"

/* Zero it, but for fd, before the first line. */
struct locli_filter {
	int fd;
	int result;      /* the first error */
	const char *run; /* lines that are to be written, up to `end` */
	const char *end;
	int is_open; /* the last line has no end yet: what comes next is part of it */
	int is_kept; /* that line begins with a brace */
};

void locli_filter_line(struct locli_filter *f, const char *at, size_t n);
/* The same, but written as this text. */
void locli_filter_replace(struct locli_filter *f, const char *at, size_t n, const char *text, size_t n_text);
/* 0, or the first error of any call. */
int locli_filter_flush(struct locli_filter *f);

/* One member's new value. */
struct locli_filter_member {
	const char *name;
	uint64_t value;
};

/* A line whose payload's members are to be other ones: those that are there are replaced, the others added at the
 * payload's end. Returns the text's length, 0 when there is not enough room. */
size_t locli_filter_rewrite(const struct trace_line *line, const struct locli_filter_member *members, int n_members,
                            char *room, size_t n_room);

#endif
