/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFORMANCE_SAMPLES_H
#define CONFORMANCE_SAMPLES_H

/* Inputs to run a collector over in this process: the user's files, and for conformance tests a few plain texts that
 * are nobody's format, for a collector must also do well with what it should never have been given. */

#include "plugins/recorder.h"

enum {
	SAMPLES_MAX = 64,
	SAMPLE_BYTES_MAX = 1 << 20, /* of a user's file that conformance tests look at */
};

struct sample {
	char *name; /* base name */
	char *path; /* NULL: one of the plain ones */
	uint8_t *at;
	uint64_t n_bytes;
	struct recorder_input companions[RECORDER_INPUTS_MAX - 1]; /* as far as they have been asked for */
	int has_companions;
};

struct samples {
	struct sample all[SAMPLES_MAX]; /* the user's first */
	uint32_t n, n_own;
};

/* n_max: how many bytes of each file are read at most. */
int samples_open(struct samples *s, const char *const *paths, uint32_t n_paths, uint64_t n_max,
                 struct weir_error *reterr);
int samples_add_plains(struct samples *s, struct weir_error *reterr);
void samples_close(struct samples *s);

/* The inputs of a run over sample i: itself, and what lies beside a user's file under the companions' names; a plain
 * text is its own companion. They live as long as s, and are the first collector's that asks. */
void samples_inputs(struct samples *s, uint32_t i, const struct weir_collector *c,
                    struct recorder_input ret[RECORDER_INPUTS_MAX]);

#endif
