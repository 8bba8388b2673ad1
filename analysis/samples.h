/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ANALYSIS_SAMPLES_H
#define ANALYSIS_SAMPLES_H

/* Values at times, in order of time, and what can be said of two sets of them without knowing how they are distributed.
 */

#include <stdint.h>

struct sample {
	int64_t time_ns;
	double value;
	int64_t span_ns; /* of what is over a time that ends at time_ns, as a rate; 0: of a moment */
};

struct samples {
	struct sample *at;
	uint64_t n, n_room;
};

/* 0 or -ENOMEM. */
int samples_add(struct samples *s, const struct sample *one);
int samples_add_moment(struct samples *s, int64_t time_ns, double value);
void samples_done(struct samples *s);

/* The middle one; NaN of none. Sorts a copy. */
double samples_median(const struct samples *s);
/* Weighed by their spans: of rates, the amount by the time. NaN of none. */
double samples_mean(const struct samples *s);

enum samples_statistic {
	SAMPLES_MEDIAN,
	SAMPLES_MEAN,
};

struct samples_effect {
	double difference; /* the statistic of one minus that of the other */
	double low, high;  /* 95 % interval of it; NaN when either has fewer than SAMPLES_BOOTSTRAP_MIN */
};

/* The percentile interval of a circular block bootstrap, with blocks of the cube root of n: samples in the order of
 * time depend on their neighbours, and drawing them one by one would make the interval too narrow. Seeded: the same
 * samples give the same interval. Of more than SAMPLES_BOOTSTRAP_MAX every n-th is drawn from, which can only widen it,
 * or of means those of n neighbours.
 * Sources: B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", ch. 8 and 13; D. Politis, J. Romano, "A
 * circular block-resampling procedure for stationary data", 1992. */
struct samples_effect samples_effect(const struct samples *one, const struct samples *other,
                                     enum samples_statistic statistic);

enum {
	SAMPLES_BOOTSTRAP_MIN = 6, /* the least of which a median has a 95 % interval at all: 2 * 0.5^6 < 0.05 */
	SAMPLES_BOOTSTRAP_MAX = 500,
	SAMPLES_BOOTSTRAP_ROUNDS = 1000,
};

#endif
