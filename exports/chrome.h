/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_CHROME_H
#define EXPORTS_CHROME_H

/* The Trace Event Format that chrome://tracing, Perfetto and speedscope read, as a stream: events are written in any
 * order and nothing is kept but the names of processes and tracks.
 *
 * A process is a node. Spans that cannot overlap are slices of a track (phase X); others are asynchronous (b and e),
 * which readers put where there is room. Instants are i, numbers are counters (C). Times are microseconds with three
 * decimals from `zero_ns` on: as UTC they would not fit a reader's double. Source: "Trace Event Format", the Chromium
 * project's document of the JSON object format.
 */

#include <stdio.h>
#include <weir/host.h>

struct chrome;

struct chrome_event {
	int64_t time_ns, duration_ns;
	struct weir_text name;  /* the inside of a JSON string: escaped already */
	struct weir_text attrs; /* a JSON object, or empty */
	double value;           /* NaN: none */
	const char *category;
};

/* NULL: no memory. title: of the whole. */
struct chrome *chrome_begin(FILE *file, const char *title, int64_t zero_ns);
/* From here on events are this process's, which is there when it has one. name: borrowed until the next call or the
 * end. */
void chrome_process(struct chrome *c, const char *name);
/* A slice of a track, or an instant on it when its duration is 0. Tracks are named when they are first used and shown
 * in the order of `order`. -ENOMEM. */
int chrome_slice(struct chrome *c, const struct chrome_event *e, const char *track, uint32_t order);
int chrome_instant(struct chrome *c, const struct chrome_event *e, const char *track, uint32_t order);
void chrome_async(struct chrome *c, const struct chrome_event *e);
/* An instant that is drawn across all tracks of the process. */
void chrome_mark(struct chrome *c, const struct chrome_event *e);
/* The name's counter has this value from here on. */
void chrome_counter(struct chrome *c, int64_t time_ns, struct weir_text name, double value);
/* Completes the text; frees it. How many events were written. Errors stay in the stream. */
uint64_t chrome_end(struct chrome *c);

#endif
