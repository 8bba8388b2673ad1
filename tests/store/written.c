/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store/written.h"

#include <weir/fail.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int flush(struct builder_sink *w, const struct block *block)
{
	struct weir_error error;
	int result = store_source_block(w->source, block, &error);

	if (result < 0)
		print_error("%s\n", error.text);
	return result;
}

void written_begin(struct builder_sink *w, struct store *s, const char *run, const char *node, const char *collector,
                   const struct weir_metric *rows, uint32_t n_rows)
{
	struct store_collector c = {
		.name = collector, .version = "1.0", .abi_major = 1, .metrics = rows, .n_metrics = n_rows
	};
	struct store_source_info info = { .path = collector, .options_json = "{}" };
	struct weir_error error;

	(void)snprintf((char *)c.sha256, sizeof(c.sha256), "%s", collector);
	*w = (struct builder_sink){ .builder = builder_new(flush, w), .rows = rows };
	assert_non_null(w->builder);
	assert_int_equal(store_run(s, run, &info.run, &error), 0);
	assert_int_equal(store_node(s, info.run, node, &info.node, &error), 0);
	if (store_collector(s, &c, &info.collector, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(store_source_begin(s, &info, &w->source, &error), 0);
}

void written_series(struct builder_sink *w, uint32_t id, uint32_t row, const char *attrs)
{
	const struct weir_text text = { attrs, strlen(attrs) };
	struct weir_error error;

	assert_int_equal(builder_series(w->builder, id, (uint8_t)w->rows[row].shape, (uint8_t)w->rows[row].type), 0);
	assert_int_equal(store_source_series(w->source, id, row, text, &error), 0);
}

void written_end(struct builder_sink *w, int64_t clock_error_ns)
{
	const struct store_source_result result = { .status = STORE_OK,
		                                    .clock = "CLOCK_REALTIME",
		                                    .clock_tie = "t",
		                                    .clock_error_ns = clock_error_ns,
		                                    .reasons_json = "{}" };
	struct weir_error error;

	assert_int_equal(builder_finish(w->builder), 0);
	builder_free(w->builder);
	assert_int_equal(store_source_end(w->source, &result, &error), 0);
}
