/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PLUGINS_STAGE_H
#define TESTS_PLUGINS_STAGE_H

/* What a session plays on: a folder, a store in it, the fixtures' registry, files of lines. Failing here fails the
 * test. */

#include "plugins/session.h"
#include "tests/support/folder.h"

struct stage {
	struct folder folder;
	struct store *store;
	struct registry *registry;
	int64_t run, node;
	struct session_config config; /* for the next session; set what differs */
	struct session_totals totals; /* of the last one */
	struct weir_error error;
};

struct stage stage_new(void);
void stage_done(struct stage *s);

/* What the fixtures read: `line 1`, `line 2` …, with `boom` after n_before of n lines; n_before = n: none. */
void stage_write_lines(struct stage *s, const char *path, uint32_t n, uint32_t n_before);
/* The collector of a fixture, added when it isn't yet. */
const struct registry_collector *stage_collector(struct stage *s, const char *fixture);
/* A job for a file of the folder, stored under the same name. */
struct session_job stage_job(struct stage *s, const char *fixture, const char *path);

/* Runs jobs, one for each pair of fixture and path, NULL at the end; gives session_run()'s result. */
int stage_run(struct stage *s, const char *const *pairs);

void stage_open_store(struct stage *s); /* when it isn't open */
void stage_close_store(struct stage *s);

/* The rows of a query, columns joined by `|`, one row a line; good until the next call. */
const char *stage_query(struct stage *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
int64_t stage_count(struct stage *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Everything a collector left, row by row, in an order of its own; to be freed. */
char *stage_dump(struct stage *s, const char *collector);

#endif
