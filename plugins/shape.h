/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_SHAPE_H
#define PLUGINS_SHAPE_H

/* Whether one observation is one, apart from its ids: NULL, or the constant reason why it isn't. */

#include <math.h>
#include <stddef.h>
#include <weir/collector.h>

static inline int shape_is_interval(int64_t time_ns, int64_t duration_ns)
{
	int64_t end_ns;

	return duration_ns >= 0 && !__builtin_add_overflow(time_ns, duration_ns, &end_ns);
}

static inline int shape_is_value(union weir_value v, uint8_t type)
{
	return type != WEIR_TYPE_F64 || isfinite(v.f64);
}

static inline const char *shape_number_fault(const struct weir_number *n, uint8_t type)
{
	if (!shape_is_value(n->value, type))
		return "its value is not finite";
	return n->reserved ? "its reserved field is not 0" : NULL;
}

const char *shape_histogram_fault(const struct weir_histogram *h);

static inline const char *shape_span_fault(const struct weir_span *s)
{
	if (!shape_is_interval(s->time_ns, s->duration_ns))
		return "it ends before it starts";
	if (s->flags & ~(uint32_t)WEIR_SPAN_HAS_VALUE)
		return "it has unknown flags";
	return (s->flags & WEIR_SPAN_HAS_VALUE) && !isfinite(s->value) ? "its value is not finite" : NULL;
}

static inline const char *shape_weight_fault(const struct weir_weight *w, uint8_t type)
{
	if (!shape_is_interval(w->time_ns, w->duration_ns))
		return "its interval ends before it starts";
	if (w->flags & ~(uint32_t)(WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE))
		return "it has unknown flags";
	if (!w->flags)
		return "it has neither a self nor an inclusive value";
	if ((w->flags & WEIR_WEIGHT_HAS_SELF) && !shape_is_value(w->self, type))
		return "its self value is not finite";
	if ((w->flags & WEIR_WEIGHT_HAS_INCLUSIVE) && !shape_is_value(w->inclusive, type))
		return "its inclusive value is not finite";
	return w->reserved ? "its reserved field is not 0" : NULL;
}

/* `number`, `histogram`, `span`, `weight`; NULL: no such shape. */
const char *shape_name(uint32_t shape);

#endif
