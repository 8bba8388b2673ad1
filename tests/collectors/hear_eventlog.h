/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COLLECTORS_HEAR_EVENTLOG_H
#define COLLECTORS_HEAR_EVENTLOG_H

/* What the eventlog collector says of logs that a test writes. Failing here fails the test. */

#include "tests/collectors/hear.h"
#include "tests/parsers/eventlog_writer.h"

#define EVENTLOG_DATA "tests/data/ghc-eventlog/"

enum {
	T0 = 1000000, /* ns since the runtime's start, when it was 2026-01-01T00:00:00Z */
};

/* A context and options that tests share: the time of the log's file; what leaves no thread out. */
extern const struct lend_pair eventlog_mtime[1], eventlog_all_threads[1];

/* Runs the collector over a log that is there as a whole. The ledger must add up and the host must have nothing to
 * complain of. Frees what was written. */
struct heard hear(struct eventlog_writer *w, const struct lend_pair *options, uint32_t n_options,
                  const struct lend_pair *context, uint32_t n_context);
struct heard hear_plain(struct eventlog_writer *w);
/* The same; is_file: the log can be read a second time. */
struct heard hear_input(struct eventlog_writer *w, const struct lend_pair *options, uint32_t n_options,
                        const struct lend_pair *context, uint32_t n_context, int is_file);
/* A log that is still being written: up to n_polls, step_ns apart, and every second time there is nothing new. What was
 * written stays. */
struct heard hear_live(struct eventlog_writer *w, const struct lend_pair *context, uint32_t n_context, int64_t step_ns,
                       uint64_t n_polls);

/* How often the words are in what was said, one after the other. */
unsigned count_of(const struct heard *heard, const char *words);
/* The words from `at` on; NULL: they are not there. */
const char *find_words(const char *at, const char *end, const char *words);

/* The header, and a first block with the clock: T0. write_end() ends it. */
void write_beginning(struct eventlog_writer *w);
void write_clock(struct eventlog_writer *w);
/* What a collection did: 1000 bytes copied by one thread, 2 of slop, 3 of fragmentation. */
void write_stats(struct eventlog_writer *w, uint64_t time_ns, uint32_t generation);

#endif
