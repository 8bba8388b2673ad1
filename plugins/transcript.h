/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_TRANSCRIPT_H
#define PLUGINS_TRANSCRIPT_H

/* The text of a recorder: what was said, ids resolved. The lines are described in plugins/recorder.h. Everything passed
 * in has been checked by plugins/lend.c. When memory runs out, the text is empty from then on. */

#include "plugins/recorder.h"

struct transcript;

struct transcript *transcript_new(const struct weir_collector *c); /* NULL: no memory */
void transcript_free(struct transcript *t);                        /* NULL is fine */

int transcript_series(struct transcript *t, uint32_t id, uint32_t metric_row, struct weir_text attrs_json);
uint32_t transcript_frame(struct transcript *t, struct weir_text name, struct weir_text module,
                          struct weir_text source);
uint32_t transcript_stack(struct transcript *t, uint32_t parent, uint32_t frame, uint64_t native_id);
uint32_t transcript_attrs(struct transcript *t, struct weir_text attrs_json);

/* Of numbers and weights, the metric is returned. */
const struct weir_metric *transcript_number(struct transcript *t, const struct weir_number *n);
void transcript_histogram(struct transcript *t, const struct weir_histogram *h);
void transcript_span(struct transcript *t, const struct weir_span *s);
const struct weir_metric *transcript_weight(struct transcript *t, const struct weir_weight *w);
void transcript_fact(struct transcript *t, const char *name, struct weir_text value);
void transcript_clock(struct transcript *t, const struct weir_clock *c);
void transcript_diag(struct transcript *t, const struct weir_diag *d);
void transcript_end(struct transcript *t, const struct recorder_result *r, const char *reasons_json);

struct weir_text transcript_text(const struct transcript *t);
struct weir_text transcript_sorted(struct transcript *t);

#endif
