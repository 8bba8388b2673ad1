/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STORE_PLACE_H
#define TESTS_STORE_PLACE_H

/* A folder of its own for each test, and questions to a store in it. */

#include "store/store.h"
#include "tests/support/folder.h"

#include <sqlite3.h>

struct place {
	struct folder folder;
	char store[sizeof(struct folder) + sizeof("/s.weir")]; /* folder/s.weir; not there yet */
};

void place_init(struct place *p);
void place_done(struct place *p); /* removes the folder and all in it */
/* A path in the folder; one of four buffers. */
const char *place_path(const struct place *p, const char *name);
/* Files in the folder. */
uint32_t place_count(const struct place *p);

/* Of the test that runs, between place_begin() and place_end(): a cmocka test's setup and teardown. */
extern struct place place;
int place_begin(void **state);
int place_end(void **state);

/* Opens or fails the test. */
struct store *place_open(const struct place *p, enum store_mode mode);
/* The first column of the first row; fails the test when there is none. */
int64_t place_ask(struct store *s, const char *sql);
/* The same as text, in one of four buffers. */
const char *place_ask_text(struct store *s, const char *sql);

/* A CRC of all rows of all views, in an order of their own; row by row when `print` is set. */
uint32_t place_digest(struct store *s, int print);
/* The same, where a query may fail. */
int place_try_digest(struct store *s, int print, uint32_t *ret, struct weir_error *reterr);

#endif
