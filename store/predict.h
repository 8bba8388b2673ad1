/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_PREDICT_H
#define STORE_PREDICT_H

/* Predicting each word of a column from those before it, so that what is left is small. Arithmetic is modulo 2^64. What
 * each prediction's residuals and first words are is drawn in store/column.h.
 */

#include <stdint.h>

enum prediction_kind {
	PREDICT_NONE,
	PREDICT_DELTA,
	PREDICT_ZIGZAG,
	PREDICT_SECOND,
	N_PREDICTIONS,
};

struct prediction {
	enum prediction_kind kind;
	uint64_t first[2]; /* words that the residuals start from */
};

uint32_t predict_n_first(enum prediction_kind kind); /* how many of first[] count */
uint32_t predict_n_residuals(enum prediction_kind kind, uint32_t n);

/* The prediction whose residuals take the fewest bytes when packed, with these residuals in `residuals` (room for n).
 * ret_union: the bits that any residual has; ret_n_packed: the bytes. n >= 1. */
struct prediction predict_best(const uint64_t *words, uint32_t n, uint64_t *residuals, uint64_t *ret_union,
                               uint64_t *ret_n_packed);
/* Back to n words. */
void predict_restore(const struct prediction *p, const uint64_t *residuals, uint32_t n, uint64_t *ret);

#endif
