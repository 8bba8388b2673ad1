/* SPDX-License-Identifier: Apache-2.0 */
#include "store/summary.h"

#include <math.h>

double summary_plain(double v)
{
	return isnan(v) ? (double)NAN : v + 0.0;
}

static void widen(struct block *b, double v)
{
	if (isnan(v))
		return;
	if (!(b->v_min <= v))
		b->v_min = v;
	if (!(b->v_max >= v))
		b->v_max = v;
}

static void add(struct block *b, double v)
{
	if (!isnan(v))
		b->v_sum = isnan(b->v_sum) ? v : b->v_sum + v;
}

static void add_value(struct block *b, uint64_t word, int is_double)
{
	double v = is_double ? rows_double(word) : (double)(int64_t)word;

	widen(b, v);
	add(b, v);
}

static void add_column(struct block *b, const uint64_t *words, uint32_t n, int are_doubles)
{
	for (uint32_t i = 0; i < n; i++)
		add_value(b, words[i], are_doubles);
}

static void add_histograms(struct block *b, const struct rows *rows)
{
	for (uint32_t i = 0; i < rows->n; i++) {
		if (!rows->columns[HISTOGRAM_COUNT][i])
			continue;
		add(b, rows_double(rows->columns[HISTOGRAM_SUM][i]));
		widen(b, rows_double(rows->columns[HISTOGRAM_MIN][i]));
		widen(b, rows_double(rows->columns[HISTOGRAM_MAX][i]));
	}
}

static void add_weights(struct block *b, const struct rows *rows)
{
	for (uint32_t i = 0; i < rows->n; i++)
		if (rows->columns[WEIGHT_FLAGS][i] & WEIR_WEIGHT_HAS_SELF)
			add_value(b, rows->columns[WEIGHT_SELF][i], rows->kind == BLOCK_WEIGHTS_F64);
}

static void add_times(struct block *b, const uint64_t *times, const uint64_t *durations, uint32_t n)
{
	b->t_min_ns = INT64_MAX;
	b->t_max_ns = INT64_MIN;
	for (uint32_t i = 0; i < n; i++) {
		int64_t start = (int64_t)times[i], end = start;

		if (durations && (int64_t)durations[i] > 0 &&
		    __builtin_add_overflow(start, (int64_t)durations[i], &end))
			end = INT64_MAX;
		b->t_min_ns = start < b->t_min_ns ? start : b->t_min_ns;
		b->t_max_ns = end > b->t_max_ns ? end : b->t_max_ns;
	}
}

void summary_make(const struct rows *rows, struct block *b)
{
	uint64_t *const *columns = rows->columns;

	b->t_min_ns = b->t_max_ns = 0;
	b->v_min = b->v_max = b->v_sum = NAN;
	switch (rows->kind) {
	case BLOCK_NUMBERS_I64:
	case BLOCK_NUMBERS_F64:
		add_times(b, columns[NUMBER_TIME], NULL, rows->n);
		add_column(b, columns[NUMBER_VALUE], rows->n, rows->kind == BLOCK_NUMBERS_F64);
		break;
	case BLOCK_HISTOGRAMS:
		add_times(b, columns[HISTOGRAM_TIME], columns[HISTOGRAM_DURATION], rows->n);
		add_histograms(b, rows);
		break;
	case BLOCK_SPANS:
		add_times(b, columns[SPAN_TIME], columns[SPAN_DURATION], rows->n);
		add_column(b, columns[SPAN_DURATION], rows->n, 0);
		break;
	case BLOCK_WEIGHTS_I64:
	case BLOCK_WEIGHTS_F64:
		add_times(b, columns[WEIGHT_TIME], columns[WEIGHT_DURATION], rows->n);
		add_weights(b, rows);
		break;
	default:
		break;
	}
	b->v_min = summary_plain(b->v_min);
	b->v_max = summary_plain(b->v_max);
	b->v_sum = summary_plain(b->v_sum);
}
