/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/shape.h"

#include <math.h>
#include <stddef.h>

enum {
	SCALE_MIN = -10,
	SCALE_MAX = 20,
};

const char *shape_name(uint32_t shape)
{
	static const char *const names[] = {
		[WEIR_SHAPE_NUMBER] = "number",
		[WEIR_SHAPE_HISTOGRAM] = "histogram",
		[WEIR_SHAPE_SPAN] = "span",
		[WEIR_SHAPE_WEIGHT] = "weight",
	};

	return shape < sizeof(names) / sizeof(names[0]) ? names[shape] : NULL;
}

static int is_interval(int64_t time_ns, int64_t duration_ns)
{
	int64_t end_ns;

	return duration_ns >= 0 && !__builtin_add_overflow(time_ns, duration_ns, &end_ns);
}

static int is_value(union weir_value v, uint8_t type)
{
	return type != WEIR_TYPE_F64 || isfinite(v.f64);
}

const char *shape_number_fault(const struct weir_number *n, uint8_t type)
{
	if (!is_value(n->value, type))
		return "its value is not finite";
	return n->reserved ? "its reserved field is not 0" : NULL;
}

static const char *buckets_fault(const struct weir_histogram *h)
{
	uint64_t count = h->n_zero;

	if (h->n_buckets > WEIR_BUCKETS_MAX)
		return "it has too many buckets";
	if (h->n_buckets && !h->buckets)
		return "its buckets are NULL";
	for (uint32_t i = 0; i < h->n_buckets; i++)
		if (__builtin_add_overflow(count, h->buckets[i], &count))
			return "its buckets overflow";
	return count != h->count ? "its buckets do not add up to its count" : NULL;
}

const char *shape_histogram_fault(const struct weir_histogram *h)
{
	if (!is_interval(h->time_ns, h->duration_ns))
		return "its interval ends before it starts";
	if (h->scale < SCALE_MIN || h->scale > SCALE_MAX)
		return "its scale is not from -10 to 20";
	if (!isfinite(h->sum))
		return "its sum is not finite";
	if (h->count && !(isfinite(h->min) && isfinite(h->max) && h->min >= 0 && h->min <= h->max))
		return "its min and max are not 0 <= min <= max";
	return buckets_fault(h);
}

const char *shape_span_fault(const struct weir_span *s)
{
	if (!is_interval(s->time_ns, s->duration_ns))
		return "it ends before it starts";
	if (s->flags & ~(uint32_t)WEIR_SPAN_HAS_VALUE)
		return "it has unknown flags";
	return (s->flags & WEIR_SPAN_HAS_VALUE) && !isfinite(s->value) ? "its value is not finite" : NULL;
}

const char *shape_weight_fault(const struct weir_weight *w, uint8_t type)
{
	if (!is_interval(w->time_ns, w->duration_ns))
		return "its interval ends before it starts";
	if (w->flags & ~(uint32_t)(WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE))
		return "it has unknown flags";
	if (!w->flags)
		return "it has neither a self nor an inclusive value";
	if ((w->flags & WEIR_WEIGHT_HAS_SELF) && !is_value(w->self, type))
		return "its self value is not finite";
	if ((w->flags & WEIR_WEIGHT_HAS_INCLUSIVE) && !is_value(w->inclusive, type))
		return "its inclusive value is not finite";
	return w->reserved ? "its reserved field is not 0" : NULL;
}
