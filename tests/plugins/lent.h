/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_PLUGINS_LENT_H
#define TESTS_PLUGINS_LENT_H

/* A collector's tables, and a host lent to it over a receiver that remembers what reached it last. */

#include "plugins/lend.h"
#include "plugins/name.h"

struct lend_receiver {
	char last_attrs[1024], last_fact[512];
	char last_code[160], last_message[5000], last_text[70000];
	uint64_t last_count, last_text_bytes;
	uint32_t last_severity, last_input;
	uint64_t n_rows, n_diags, n_ids, n_series;
	int fails; /* what observations and series return */
};

extern const struct lend_ops lent_ops;

enum {
	ROW_INTEGER,
	ROW_REAL,
	ROW_HISTOGRAM,
	ROW_SPAN,
	ROW_WEIGHT,
	N_ROWS,
};

extern const struct weir_collector lent_collector;

struct fixture {
	struct lend_receiver receiver;
	struct lend *lend;
	const struct weir_host *h;
};

int lent_begin(void **state);
int lent_end(void **state);
#define LENT_TEST(test) cmocka_unit_test_setup_teardown(test, lent_begin, lent_end)

static inline struct weir_text text(const char *s)
{
	return name_text(s);
}

static inline uint32_t series_of(struct fixture *f, uint32_t row)
{
	return f->h->series(f->h, row, NULL, 0);
}

#endif
