/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/trace_ends.h"

#include <string.h>

/* The next trace at or after *used. 1: line is it. */
static int next_message(struct trace_parser *p, const char *at, size_t n, size_t *used, struct trace_line *line)
{
	struct parse_fault fault;
	enum parse_result r;
	size_t n_used;

	while ((r = trace_next(p, at + *used, n - *used, 1, line, &n_used, &fault)) != PARSE_END) {
		*used += n_used;
		if (r == PARSE_OK && line->what == TRACE_MESSAGE)
			return 1;
	}
	return 0;
}

int trace_first_ns(const char *at, size_t n, int64_t *ret_ns)
{
	struct trace_parser p = { 0 };
	struct trace_line line;
	size_t used = 0;

	if (!next_message(&p, at, n, &used, &line))
		return 0;
	*ret_ns = line.at_ns;
	return 1;
}

int trace_latest_ns(const char *at, size_t n, int is_start, int64_t *ret_ns)
{
	const char *newline = is_start ? NULL : memchr(at, '\n', n);
	size_t used = is_start ? 0 : newline ? (size_t)(newline + 1 - at) : n;
	struct trace_parser p = { 0 };
	struct trace_line line;
	int found = 0;

	while (next_message(&p, at, n, &used, &line)) {
		if (!found || line.at_ns > *ret_ns)
			*ret_ns = line.at_ns;
		found = 1;
	}
	return found;
}
