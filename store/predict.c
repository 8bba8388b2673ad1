/* SPDX-License-Identifier: Apache-2.0 */
#include "store/predict.h"

#include "store/pack.h"

/* For each prediction, how many first words it has, and how many words of the column they stand for. */
static const uint32_t n_first_words[N_PREDICTIONS] = { 1, 2, 1, 2 };
static const uint32_t n_covered[N_PREDICTIONS] = { 0, 1, 1, 2 };

uint32_t predict_n_first(enum prediction_kind kind)
{
	return n_first_words[kind];
}

uint32_t predict_n_residuals(enum prediction_kind kind, uint32_t n)
{
	return n > n_covered[kind] ? n - n_covered[kind] : 0;
}

static uint64_t zigzag(uint64_t d)
{
	return (d << 1) ^ (0 - (d >> 63));
}

static uint64_t unzigzag(uint64_t z)
{
	return (z >> 1) ^ (0 - (z & 1));
}

static uint64_t least(const uint64_t *words, uint32_t n)
{
	int64_t min = INT64_MAX;

	for (uint32_t i = 0; i < n; i++)
		min = (int64_t)words[i] < min ? (int64_t)words[i] : min;
	return (uint64_t)min;
}

static uint64_t least_delta(const uint64_t *words, uint32_t n)
{
	int64_t min = n > 1 ? INT64_MAX : 0;

	for (uint32_t i = 1; i < n; i++) {
		int64_t d = (int64_t)(words[i] - words[i - 1]);

		min = d < min ? d : min;
	}
	return (uint64_t)min;
}

static struct prediction begin(enum prediction_kind kind, const uint64_t *words, uint32_t n)
{
	struct prediction p = { .kind = kind };

	p.first[0] = kind == PREDICT_NONE ? least(words, n) : words[0];
	if (kind == PREDICT_DELTA)
		p.first[1] = least_delta(words, n);
	else if (kind == PREDICT_SECOND && n > 1)
		p.first[1] = words[1] - words[0];
	return p;
}

static void leave(const struct prediction *p, const uint64_t *words, uint32_t n, uint64_t *ret)
{
	uint32_t i = n_covered[p->kind];

	switch (p->kind) {
	case PREDICT_NONE:
		for (; i < n; i++)
			*ret++ = words[i] - p->first[0];
		break;
	case PREDICT_DELTA:
		for (; i < n; i++)
			*ret++ = words[i] - words[i - 1] - p->first[1];
		break;
	case PREDICT_ZIGZAG:
		for (; i < n; i++)
			*ret++ = zigzag(words[i] - words[i - 1]);
		break;
	default:
		for (; i < n; i++)
			*ret++ = zigzag(words[i] - 2 * words[i - 1] + words[i - 2]);
	}
}

struct prediction predict_best(const uint64_t *words, uint32_t n, uint64_t *residuals, uint64_t *ret_union,
                               uint64_t *ret_n_packed)
{
	struct prediction best = { 0 };
	uint64_t n_packed, bits;

	*ret_n_packed = UINT64_MAX;
	for (uint32_t kind = 0; kind < N_PREDICTIONS; kind++) {
		struct prediction p = begin((enum prediction_kind)kind, words, n);

		leave(&p, words, n, residuals);
		n_packed = pack_size(residuals, predict_n_residuals(p.kind, n), &bits);
		if (n_packed < *ret_n_packed) {
			best = p;
			*ret_n_packed = n_packed;
			*ret_union = bits;
		}
	}
	leave(&best, words, n, residuals);
	return best;
}

void predict_restore(const struct prediction *p, const uint64_t *residuals, uint32_t n, uint64_t *ret)
{
	uint64_t word = p->first[0], delta = p->first[1];
	uint32_t i = n_covered[p->kind];

	ret[0] = word;
	if (p->kind == PREDICT_SECOND && n > 1)
		ret[1] = word += delta;
	switch (p->kind) {
	case PREDICT_NONE:
		for (; i < n; i++)
			ret[i] = word + *residuals++;
		break;
	case PREDICT_DELTA:
		for (; i < n; i++)
			ret[i] = word += delta + *residuals++;
		break;
	case PREDICT_ZIGZAG:
		for (; i < n; i++)
			ret[i] = word += unzigzag(*residuals++);
		break;
	default:
		for (; i < n; i++)
			ret[i] = word += delta += unzigzag(*residuals++);
	}
}
