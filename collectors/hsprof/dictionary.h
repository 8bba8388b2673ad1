/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HSPROF_DICTIONARY_H
#define HSPROF_DICTIONARY_H

/* What the profiler can say, and what it can be told. */

#include <weir/collector.h>

enum row {
	ROW_SAMPLES,
	ROW_TIME,
	ROW_CPU,
	ROW_WALKS,
	ROW_LOST,
	ROW_FILL,
	ROW_COUNT,
};

extern const struct weir_metric hsprof_metrics[ROW_COUNT];

enum option {
	OPTION_FREQUENCY,
	OPTION_SYMBOLS,
	OPTION_RUNG,
	OPTION_COUNT,
};

extern const struct weir_option hsprof_options[OPTION_COUNT];

#endif
