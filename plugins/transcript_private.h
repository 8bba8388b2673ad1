/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_TRANSCRIPT_PRIVATE_H
#define PLUGINS_TRANSCRIPT_PRIVATE_H

/* What the two files of plugins/transcript.h share: transcript.c (identity, the text) and transcript_lines.c (the
 * lines). */

#include <locale.h>
#include <stdio.h>

#include "plugins/transcript.h"

enum {
	LIST_FIRST = 64,
	STACK_DEPTH_MAX = 4096, /* names of one stack that are written: those nearest the leaf */
};

/* A growing array; each `at` is of the list's own element size. */
struct transcript_list {
	void *at;
	uint32_t n, n_room;
};

struct transcript_series {
	char *attrs_json;
	const struct weir_metric *metric;
};

struct transcript_frame {
	struct weir_text name, module, source;
};

struct transcript_stack {
	uint64_t native_id;
	uint32_t parent, frame;
};

struct transcript_line {
	uint64_t at, n_bytes;
	uint64_t n_key; /* its first bytes that name the kind and the series */
};

struct transcript {
	const struct weir_collector *collector;
	FILE *out;
	char *text;
	size_t n_text;
	char *sorted;
	locale_t c_locale; /* a number's point is a point, whatever locale a test runs under */
	struct transcript_list series, frames, stacks, attrs, lines;
	int has_failed;
};

/* The next element of a list, zeroed; NULL: no memory. */
void *transcript_add(struct transcript_list *l, size_t size);

#endif
