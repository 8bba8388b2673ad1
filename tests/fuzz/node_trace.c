/* SPDX-License-Identifier: Apache-2.0 */
/* A log through the collector, after itself: the ledger adds up, nothing is said that the host would refuse. */
#include "plugins/recorder.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	char *before = strndup((const char *)at, n / 2);
	const struct lend_pair known[] = { { "genesis.system_start_ns", "1764572400000000000" }, { "trace.before", before },
		                           { "genesis.slot_length_ns", "1000000000" }, { "genesis.epoch_length_slots", "99999999" } };
	struct recorder_setup s = { &weir_collector, { { at, n, 1 } }, NULL, known, 0, n % 2 ? 4 : 0, .loose = RECORDER_LOOSE_ALL };
	struct recorder_result r;
	struct recorder *rec = NULL;

	if (recorder_run(&s, &rec, &r, NULL) < 0 || r.r != WEIR_END || r.n_host_diags || r.n_offsets_outside || r.out_of_range)
		abort();
	recorder_free(rec);
	free(before);
	return r.ledger.n_read == r.ledger.n_stored + r.ledger.n_skipped + r.ledger.n_bad ? 0 : (abort(), 1);
}
