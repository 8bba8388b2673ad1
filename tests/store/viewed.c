/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/store/viewed.h"

#include "store/query.h"
#include "tests/store/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct weir_error error;
struct store *store;
int64_t run, node, collector;
struct builder_sink sink;
struct builder *builder;

int viewed_begin(void **state)
{
	place_init(&place);
	error.text[0] = '\0';
	store = place_open(&place, STORE_CREATE);
	assert_int_equal(store_run(store, "run-1", &run, &error), 0);
	assert_int_equal(store_node(store, run, "node-0", &node, &error), 0);
	assert_int_equal(made_collector(store, "made", &collector, &error), 0);
	return 0;
}

int viewed_end(void **state)
{
	store_close(store);
	place_done(&place);
	return 0;
}

void viewed_source(const char *path)
{
	const struct store_source_info info = { run, node, collector, path, 1, 1, "{}" };

	sink = (struct builder_sink){ .error = &error };
	assert_int_equal(store_source_begin(store, &info, &sink.source, &error), 0);
	builder = builder_new(made_flush, &sink);
	assert_non_null(builder);
}

void viewed_source_end(void)
{
	assert_int_equal(builder_finish(builder), 0);
	assert_int_equal(made_end(sink.source, 1, &error), 0);
	builder_free(builder);
}

void viewed_series(uint32_t id, uint32_t metric, const char *attrs)
{
	assert_int_equal(made_series(builder, &sink, id, metric, attrs), 0);
}

sqlite3_stmt *viewed_prepare(const char *sql)
{
	sqlite3_stmt *statement;

	if (query_prepare(store, sql, &statement, &error) < 0)
		fail_msg("%s", error.text);
	return statement;
}

int viewed_step(sqlite3_stmt *statement)
{
	int r = query_step(store, statement, &error);

	if (r < 0)
		fail_msg("%s", error.text);
	return r;
}

uint32_t viewed_stack(uint32_t parent, const char *name, const char *module, const char *source, uint64_t native_id)
{
	const struct block_frame frame = { { name, strlen(name) },
		                           { module, strlen(module) },
		                           { source, strlen(source) } };

	return builder_stack(builder, &(struct block_stack){ native_id, parent, builder_frame(builder, &frame) });
}

void viewed_fill(uint32_t n_nodes, uint32_t n)
{
	for (uint32_t i = 0; i < n_nodes; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "node-%u", i);
		assert_int_equal(store_node(store, run, name, &node, &error), 0);
		assert_int_equal(
			made_ingest(store, &(struct made_source){ run, node, collector, "a", i, n, 0 }, &error), 0);
	}
}
