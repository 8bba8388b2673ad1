/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STORE_VIEWED_H
#define TESTS_STORE_VIEWED_H

/* A store that a test fills row by row and asks through its views. Failing here fails the test. */

#include "tests/store/made_source.h"

#include <sqlite3.h>

/* Of the test that runs: a store with a run, a node and a collector of made_metrics. */
extern struct weir_error error;
extern struct store *store;
extern int64_t run, node, collector;

/* Of the source that is open. */
extern struct builder_sink sink;
extern struct builder *builder;

int viewed_begin(void **state);
int viewed_end(void **state);
#define VIEWED_TEST(name) cmocka_unit_test_setup_teardown(name, viewed_begin, viewed_end)

void viewed_source(const char *path);
void viewed_source_end(void);
void viewed_series(uint32_t id, uint32_t metric, const char *attrs);
uint32_t viewed_stack(uint32_t parent, const char *name, const char *module, const char *source, uint64_t native_id);
/* A made source of n observations of each metric on each of so many nodes. */
void viewed_fill(uint32_t n_nodes, uint32_t n);

sqlite3_stmt *viewed_prepare(const char *sql);
int viewed_step(sqlite3_stmt *statement);

#endif
