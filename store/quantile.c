/* SPDX-License-Identifier: Apache-2.0 */
#include "store/quantile.h"

#include <math.h>

static double within(const struct weir_histogram *h, double v)
{
	if (v < h->min)
		return h->min;
	return v > h->max ? h->max : v;
}

double quantile(const struct weir_histogram *h, double q)
{
	double rank = q * (double)h->count, n_below = (double)h->n_zero;

	if (h->count == 0)
		return (double)NAN;
	if (rank <= n_below)
		return within(h, 0);
	for (uint32_t i = 0; i < h->n_buckets; i++) {
		double n = (double)h->buckets[i];

		/* Bucket i reaches from base^(offset + i) to base^(offset + i + 1), base = 2^(2^-scale). */
		if (n > 0 && rank <= n_below + n)
			return within(h, exp2(ldexp((double)h->offset + i + (rank - n_below) / n, -h->scale)));
		n_below += n;
	}
	return (double)NAN;
}
