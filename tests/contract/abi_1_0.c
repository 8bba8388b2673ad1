/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of ABI 1.0 on 64-bit machines, frozen. A line of this file never changes: fields that came later stand in
 * the file of the minor version that they came with, and sizes are what a struct had at 1.0, at least.
 */
#include <weir/collector.h>

#define OFFSET(object, field, n) _Static_assert(offsetof(object, field) == (n), #object "." #field)
#define SIZE(object, n)          _Static_assert(sizeof(object) == (n), #object)
#define SIZE_SINCE(object, n)    _Static_assert(sizeof(object) >= (n), #object)
#define VALUE(name, n)           _Static_assert((name) == (n), #name)

/* Only these two carry their own size, and may grow. What goes over the border in arrays, or without a size, may not.
 */
OFFSET(struct weir_error, text, 0);
SIZE(struct weir_error, 512);

OFFSET(struct weir_text, at, 0);
OFFSET(struct weir_text, n_bytes, 8);
SIZE(struct weir_text, 16);

OFFSET(struct weir_attr, key, 0);
OFFSET(struct weir_attr, value, 16);
SIZE(struct weir_attr, 32);

OFFSET(union weir_value, i64, 0);
OFFSET(union weir_value, f64, 0);
SIZE(union weir_value, 8);

OFFSET(struct weir_number, time_ns, 0);
OFFSET(struct weir_number, value, 8);
OFFSET(struct weir_number, series, 16);
OFFSET(struct weir_number, reserved, 20);
SIZE(struct weir_number, 24);

OFFSET(struct weir_histogram, time_ns, 0);
OFFSET(struct weir_histogram, duration_ns, 8);
OFFSET(struct weir_histogram, count, 16);
OFFSET(struct weir_histogram, n_zero, 24);
OFFSET(struct weir_histogram, sum, 32);
OFFSET(struct weir_histogram, min, 40);
OFFSET(struct weir_histogram, max, 48);
OFFSET(struct weir_histogram, buckets, 56);
OFFSET(struct weir_histogram, n_buckets, 64);
OFFSET(struct weir_histogram, scale, 68);
OFFSET(struct weir_histogram, offset, 72);
OFFSET(struct weir_histogram, series, 76);
SIZE(struct weir_histogram, 80);

OFFSET(struct weir_span, time_ns, 0);
OFFSET(struct weir_span, duration_ns, 8);
OFFSET(struct weir_span, value, 16);
OFFSET(struct weir_span, series, 24);
OFFSET(struct weir_span, track, 28);
OFFSET(struct weir_span, attrs, 32);
OFFSET(struct weir_span, flags, 36);
SIZE(struct weir_span, 40);

OFFSET(struct weir_weight, time_ns, 0);
OFFSET(struct weir_weight, duration_ns, 8);
OFFSET(struct weir_weight, self, 16);
OFFSET(struct weir_weight, inclusive, 24);
OFFSET(struct weir_weight, series, 32);
OFFSET(struct weir_weight, stack, 36);
OFFSET(struct weir_weight, flags, 40);
OFFSET(struct weir_weight, reserved, 44);
SIZE(struct weir_weight, 48);

OFFSET(struct weir_chunk, at, 0);
OFFSET(struct weir_chunk, n_bytes, 8);
OFFSET(struct weir_chunk, offset, 16);
OFFSET(struct weir_chunk, is_last, 24);
OFFSET(struct weir_chunk, reserved, 28);
SIZE(struct weir_chunk, 32);

OFFSET(struct weir_diag, code, 0);
OFFSET(struct weir_diag, message, 8);
OFFSET(struct weir_diag, offset, 24);
OFFSET(struct weir_diag, count, 32);
OFFSET(struct weir_diag, severity, 40);
OFFSET(struct weir_diag, input, 44);
SIZE(struct weir_diag, 48);

OFFSET(struct weir_clock, name, 0);
OFFSET(struct weir_clock, tie, 8);
OFFSET(struct weir_clock, error_ns, 24);
SIZE(struct weir_clock, 32);

OFFSET(struct weir_host, abi_major, 0);
OFFSET(struct weir_host, abi_minor, 4);
OFFSET(struct weir_host, size, 8);
OFFSET(struct weir_host, reserved, 12);
OFFSET(struct weir_host, input, 16);
OFFSET(struct weir_host, option, 24);
OFFSET(struct weir_host, option_text, 32);
OFFSET(struct weir_host, context, 40);
OFFSET(struct weir_host, now, 48);
OFFSET(struct weir_host, series, 56);
OFFSET(struct weir_host, frame, 64);
OFFSET(struct weir_host, stack, 72);
OFFSET(struct weir_host, attrs, 80);
OFFSET(struct weir_host, numbers, 88);
OFFSET(struct weir_host, histograms, 96);
OFFSET(struct weir_host, spans, 104);
OFFSET(struct weir_host, weights, 112);
OFFSET(struct weir_host, fact, 120);
OFFSET(struct weir_host, clock, 128);
OFFSET(struct weir_host, tally, 136);
OFFSET(struct weir_host, diag, 144);
SIZE_SINCE(struct weir_host, 152);

OFFSET(struct weir_metric, name, 0);
OFFSET(struct weir_metric, unit, 8);
OFFSET(struct weir_metric, brief, 16);
OFFSET(struct weir_metric, help, 24);
OFFSET(struct weir_metric, shape, 32);
OFFSET(struct weir_metric, kind, 33);
OFFSET(struct weir_metric, type, 34);
OFFSET(struct weir_metric, better, 35);
OFFSET(struct weir_metric, scale, 36);
OFFSET(struct weir_metric, range, 37);
OFFSET(struct weir_metric, reserved, 38);
SIZE(struct weir_metric, 40);

OFFSET(struct weir_option, name, 0);
OFFSET(struct weir_option, fallback, 8);
OFFSET(struct weir_option, choices, 16);
OFFSET(struct weir_option, help, 24);
OFFSET(struct weir_option, min, 32);
OFFSET(struct weir_option, max, 40);
OFFSET(struct weir_option, type, 48);
OFFSET(struct weir_option, reserved, 52);
SIZE(struct weir_option, 56);

OFFSET(struct weir_claim, pattern, 0);
OFFSET(struct weir_claim, kind, 8);
OFFSET(struct weir_claim, reserved, 12);
SIZE(struct weir_claim, 16);

OFFSET(struct weir_collector, abi_major, 0);
OFFSET(struct weir_collector, abi_minor, 4);
OFFSET(struct weir_collector, size, 8);
OFFSET(struct weir_collector, reserved, 12);
OFFSET(struct weir_collector, name, 16);
OFFSET(struct weir_collector, version, 24);
OFFSET(struct weir_collector, summary, 32);
OFFSET(struct weir_collector, licence, 40);
OFFSET(struct weir_collector, metrics, 48);
OFFSET(struct weir_collector, options, 56);
OFFSET(struct weir_collector, claims, 64);
OFFSET(struct weir_collector, companions, 72);
OFFSET(struct weir_collector, n_metrics, 80);
OFFSET(struct weir_collector, n_options, 84);
OFFSET(struct weir_collector, n_claims, 88);
OFFSET(struct weir_collector, n_companions, 92);
OFFSET(struct weir_collector, sniff, 96);
OFFSET(struct weir_collector, open, 104);
OFFSET(struct weir_collector, poll, 112);
OFFSET(struct weir_collector, close, 120);
SIZE_SINCE(struct weir_collector, 128);

VALUE(WEIR_ABI_MAJOR, 1);
VALUE(WEIR_OK, 0);
VALUE(WEIR_END, 1);
VALUE(WEIR_AGAIN, 2);
VALUE(WEIR_BUCKETS_MAX, 4096);
VALUE(WEIR_SPAN_HAS_VALUE, 1);
VALUE(WEIR_WEIGHT_HAS_SELF, 1);
VALUE(WEIR_WEIGHT_HAS_INCLUSIVE, 2);
VALUE(WEIR_WINDOW_MAX, 67108864);
VALUE(WEIR_READ, 0);
VALUE(WEIR_STORED, 1);
VALUE(WEIR_SKIPPED, 2);
VALUE(WEIR_BAD, 3);
VALUE(WEIR_LOST, 4);
VALUE(WEIR_NOTE, 0);
VALUE(WEIR_WARNING, 1);
VALUE(WEIR_ERROR, 2);
VALUE(WEIR_SHAPE_NUMBER, 1);
VALUE(WEIR_SHAPE_HISTOGRAM, 2);
VALUE(WEIR_SHAPE_SPAN, 3);
VALUE(WEIR_SHAPE_WEIGHT, 4);
VALUE(WEIR_KIND_GAUGE, 1);
VALUE(WEIR_KIND_COUNTER, 2);
VALUE(WEIR_TYPE_I64, 1);
VALUE(WEIR_TYPE_F64, 2);
VALUE(WEIR_SCALE_LINEAR, 0);
VALUE(WEIR_SCALE_LOG, 1);
VALUE(WEIR_RANGE_FREE, 0);
VALUE(WEIR_RANGE_FROM_ZERO, 1);
VALUE(WEIR_RANGE_FROM_ONE, 2);
VALUE(WEIR_RANGE_ZERO_TO_ONE, 3);
VALUE(WEIR_OPTION_BOOL, 1);
VALUE(WEIR_OPTION_INT, 2);
VALUE(WEIR_OPTION_REAL, 3);
VALUE(WEIR_OPTION_DURATION, 4);
VALUE(WEIR_OPTION_SIZE, 5);
VALUE(WEIR_OPTION_TEXT, 6);
VALUE(WEIR_OPTION_CHOICE, 7);
VALUE(WEIR_CLAIM_FILE, 1);
VALUE(WEIR_CLAIM_LIVE, 2);
VALUE(WEIR_NO_OFFSET, UINT64_MAX);
