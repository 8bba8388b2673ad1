/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/plugins/lent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <string.h>

static void a_batch_is_taken_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	struct weir_number n[3] = { { .series = series_of(f, ROW_INTEGER) }, { .series = 1 }, { .series = 2 } };

	assert_int_equal(f->h->numbers(f->h, n, 3), -EINVAL);
	assert_int_equal(f->receiver.n_rows, 0);
	assert_string_equal(f->receiver.last_code, "host.id");
	assert_string_equal(f->receiver.last_message,
	                    "collector: test: number 2 of a batch: its series was never given");
	assert_int_equal(f->h->numbers(f->h, n, 2), WEIR_OK);
	assert_int_equal(f->receiver.n_rows, 2);
	assert_int_equal(f->h->numbers(f->h, NULL, 0), WEIR_OK);
	assert_int_equal(f->h->numbers(f->h, NULL, 1), -EINVAL);
}

static void a_series_takes_its_own_shape(void **state)
{
	struct fixture *f = *state;
	uint32_t span = series_of(f, ROW_SPAN), number = series_of(f, ROW_REAL);

	assert_int_equal(f->h->numbers(f->h, &(struct weir_number){ .series = span }, 1), -EINVAL);
	assert_int_equal(f->h->spans(f->h, &(struct weir_span){ .series = number }, 1), -EINVAL);
	assert_int_equal(f->h->histograms(f->h, &(struct weir_histogram){ .series = span }, 1), -EINVAL);
	assert_int_equal(f->h->weights(f->h, &(struct weir_weight){ .series = span }, 1), -EINVAL);
	assert_int_equal(f->h->spans(f->h, &(struct weir_span){ .series = span }, 1), WEIR_OK);
	assert_int_equal(f->receiver.n_rows, 1);
}

static void values_are_finite(void **state)
{
	struct fixture *f = *state;
	struct weir_number n = { .series = series_of(f, ROW_REAL), .value.f64 = 1 };
	struct weir_number i = { .series = series_of(f, ROW_INTEGER) };

	assert_int_equal(f->h->numbers(f->h, &n, 1), WEIR_OK);
	n.value.f64 = NAN;
	assert_int_equal(f->h->numbers(f->h, &n, 1), -EINVAL);
	assert_string_equal(f->receiver.last_code, "host.observation");
	n.value.f64 = -INFINITY;
	assert_int_equal(f->h->numbers(f->h, &n, 1), -EINVAL);
	memcpy(&i.value, &n.value, sizeof(i.value));
	assert_int_equal(f->h->numbers(f->h, &i, 1), WEIR_OK);
}

static void histograms_add_up(void **state)
{
	struct fixture *f = *state;
	static uint64_t buckets[WEIR_BUCKETS_MAX + 1];
	const struct weir_histogram good = { .series = series_of(f, ROW_HISTOGRAM),
		                             .count = 5,
		                             .n_zero = 2,
		                             .sum = 9,
		                             .min = 0,
		                             .max = 4,
		                             .buckets = buckets,
		                             .n_buckets = 2,
		                             .scale = 20 };
	struct weir_histogram h = good;

	buckets[0] = 1;
	buckets[1] = 2;
	assert_int_equal(f->h->histograms(f->h, &h, 1), WEIR_OK);
	h.n_buckets = WEIR_BUCKETS_MAX;
	h.scale = -10;
	assert_int_equal(f->h->histograms(f->h, &h, 1), WEIR_OK);
	h.n_buckets++;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.scale = 21;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.scale = -11;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.count = 6;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.n_zero = UINT64_MAX;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.min = 5;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.sum = NAN;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.buckets = NULL;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	h = good, h.duration_ns = -1;
	assert_int_equal(f->h->histograms(f->h, &h, 1), -EINVAL);
	assert_int_equal(f->receiver.n_rows, 2);
}

static void spans_go_forward(void **state)
{
	struct fixture *f = *state;
	const struct weir_span good = { .time_ns = INT64_MAX - 5, .duration_ns = 5, .series = series_of(f, ROW_SPAN) };
	struct weir_span s = good;

	assert_int_equal(f->h->spans(f->h, &s, 1), WEIR_OK);
	s.duration_ns = 6;
	assert_int_equal(f->h->spans(f->h, &s, 1), -EINVAL);
	s = good, s.duration_ns = -1;
	assert_int_equal(f->h->spans(f->h, &s, 1), -EINVAL);
	s = good, s.flags = 2;
	assert_int_equal(f->h->spans(f->h, &s, 1), -EINVAL);
	s = good, s.value = NAN;
	assert_int_equal(f->h->spans(f->h, &s, 1), WEIR_OK);
	s.flags = WEIR_SPAN_HAS_VALUE;
	assert_int_equal(f->h->spans(f->h, &s, 1), -EINVAL);
	s = good, s.attrs = 1;
	assert_int_equal(f->h->spans(f->h, &s, 1), -EINVAL);
	assert_string_equal(f->receiver.last_code, "host.id");
	s.attrs = f->h->attrs(f->h, NULL, 0);
	assert_int_equal(f->h->spans(f->h, &s, 1), WEIR_OK);
}

static void weights_have_a_stack_and_a_value(void **state)
{
	struct fixture *f = *state;
	uint32_t stack = f->h->stack(f->h, 0, f->h->frame(f->h, text("f"), text(""), text("")), 0);
	const struct weir_weight good = {
		.series = series_of(f, ROW_WEIGHT), .stack = stack, .flags = WEIR_WEIGHT_HAS_SELF, .inclusive.f64 = NAN
	};
	struct weir_weight w = good;

	assert_int_equal(f->h->weights(f->h, &w, 1), WEIR_OK);
	w.flags = 0;
	assert_int_equal(f->h->weights(f->h, &w, 1), -EINVAL);
	w.flags = WEIR_WEIGHT_HAS_SELF | WEIR_WEIGHT_HAS_INCLUSIVE;
	assert_int_equal(f->h->weights(f->h, &w, 1), -EINVAL);
	w = good, w.flags = 8;
	assert_int_equal(f->h->weights(f->h, &w, 1), -EINVAL);
	w = good, w.stack = 0;
	assert_int_equal(f->h->weights(f->h, &w, 1), -EINVAL);
	w = good, w.stack = stack + 1;
	assert_int_equal(f->h->weights(f->h, &w, 1), -EINVAL);
	w = good, w.reserved = 1;
	assert_int_equal(f->h->weights(f->h, &w, 1), -EINVAL);
}

static void what_the_receiver_says_goes_back(void **state)
{
	struct fixture *f = *state;
	struct weir_number n = { .series = series_of(f, ROW_INTEGER) };

	f->receiver.fails = -EPIPE;
	assert_int_equal(f->h->numbers(f->h, &n, 1), -EPIPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LENT_TEST(a_batch_is_taken_whole_or_not_at_all),
		LENT_TEST(a_series_takes_its_own_shape),
		LENT_TEST(values_are_finite),
		LENT_TEST(histograms_add_up),
		LENT_TEST(spans_go_forward),
		LENT_TEST(weights_have_a_stack_and_a_value),
		LENT_TEST(what_the_receiver_says_goes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
