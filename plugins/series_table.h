/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_SERIES_TABLE_H
#define PLUGINS_SERIES_TABLE_H

/* The series of one source: a metric's row and an attribute set, by an id that counts up from 1. */

#include <weir/host.h>

enum {
	SERIES_TABLE_TEXT_MAX = 64 << 20, /* bytes of all attribute sets together */
};

struct series_entry {
	uint64_t hash;
	struct weir_text attrs_json; /* owned by the table */
	uint32_t metric_row;
};

struct series_table {
	struct series_entry *entries; /* id - 1 */
	uint32_t *slots;              /* ids, open addressing; 0: free */
	uint32_t n_entries, n_room, n_slots;
	uint64_t n_text;
};

void series_table_init(struct series_table *t);
void series_table_done(struct series_table *t);

/* The id of an equal one, or 0. */
uint32_t series_table_find(const struct series_table *t, uint32_t metric_row, struct weir_text attrs_json);
/* Adds one that is not there yet, and copies the text. 0: no memory, or a bound was hit. */
uint32_t series_table_add(struct series_table *t, uint32_t metric_row, struct weir_text attrs_json);
/* Takes back the one added last. */
void series_table_drop(struct series_table *t);

#endif
