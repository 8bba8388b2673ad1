/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_QUANTILE_H
#define STORE_QUANTILE_H

#include <weir/host.h>

/* The value below which a part q (0 .. 1) of a histogram's values lies, estimated from its buckets: within the bucket
 * that the rank q * count falls into, values are taken to lie evenly on a logarithmic scale; the result is kept within
 * min and max. Its relative error is at most that of a bucket, base - 1. NaN when count is 0, or when the buckets do
 * not reach the rank. Buckets are as in struct weir_histogram. */
double quantile(const struct weir_histogram *h, double q);

#endif
