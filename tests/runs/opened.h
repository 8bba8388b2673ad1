/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_RUNS_OPENED_H
#define TESTS_RUNS_OPENED_H

/* For each test a folder of its own, and the run that is opened in it. */

#include "runs/run.h"
#include "tests/support/folder.h"

#define OPENED_TEST(name) cmocka_unit_test_setup_teardown(name, opened_begin, opened_end)

extern struct folder place;
extern struct run *run; /* the last one that was opened; NULL: none */

/* A meta.json of the workbench. */
extern const char opened_meta[];

int opened_begin(void **state);
int opened_end(void **state);

/* Instead of the one before it. n_files_max 0: as many as there may be. */
void open_run(uint32_t n_files_max);

/* What is known of the run (node NULL) or a node; value NULL: nothing is. */
void assert_fact(const char *node, const char *name, const char *value);

/* One that is there, with a ledger that adds up. */
const struct run_document *document(const char *path);
const struct run_note *note_of(const char *path);

#endif
