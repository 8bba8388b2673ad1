/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/shape.h"

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
	if (!shape_is_interval(h->time_ns, h->duration_ns))
		return "its interval ends before it starts";
	if (h->scale < SCALE_MIN || h->scale > SCALE_MAX)
		return "its scale is not from -10 to 20";
	if (!isfinite(h->sum))
		return "its sum is not finite";
	if (h->count && !(isfinite(h->min) && isfinite(h->max) && h->min >= 0 && h->min <= h->max))
		return "its min and max are not 0 <= min <= max";
	return buckets_fault(h);
}
