/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_SHAPE_H
#define PLUGINS_SHAPE_H

/* Whether one observation is one, apart from its ids: NULL, or the constant reason why it isn't. */

#include <weir/collector.h>

const char *shape_number_fault(const struct weir_number *n, uint8_t type);
const char *shape_histogram_fault(const struct weir_histogram *h);
const char *shape_span_fault(const struct weir_span *s);
const char *shape_weight_fault(const struct weir_weight *w, uint8_t type);

/* `number`, `histogram`, `span`, `weight`; NULL: no such shape. */
const char *shape_name(uint32_t shape);

#endif
