/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_ANALYSIS_MADE_EPOCHS_H
#define TESTS_ANALYSIS_MADE_EPOCHS_H

/* A store with a run `made` of slots of a second: node-0, of which live collectors saw everything, and node-1, of which
 * there is its log and a collector that looked four times a second. */

enum {
	EPOCH_SLOTS = 100,
	N_SLOTS = 300,      /* epochs 0, 1 and 2; then the log ends as epoch 3 begins */
	FIRST_MISSED = 108, /* the last two of the epoch's first tenth, and one of the second */
	N_MISSED = 3,
	FIRST_BLOCK = 107,
};

/* A test's setup: makes it in `place` (tests/store/place.h); place_end() is its teardown. */
int made_epochs_begin(void **state);

#endif
