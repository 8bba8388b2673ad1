/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_LOCLI_SUMS_H
#define EXPORTS_LOCLI_SUMS_H

/* analysis/SHA256SUMS: the checksums of a run's raw logs, for `sha256sum -c` in that folder. Names lead up from it:
 *
 *     9038e9ce…4cc86109  ../node-0/stdout
 *
 * As in GNU coreutils a line begins with a backslash where the name's backslashes and newlines are escaped.
 */

#include <stdint.h>
#include <weir/host.h>

#define LOCLI_SUMS_NAME "SHA256SUMS"

struct locli_sum {
	const char *path; /* below the run's folder */
	uint8_t sha256[32];
	int is_known; /* else it is left out */
};

/* Of a regular file, all of it. */
int locli_sum_file(const char *path, uint8_t ret_sha256[32], struct weir_error *reterr);

/* Into folder/analysis, which is there. The file is replaced at once or not at all. */
int locli_sums_write(const char *folder, const struct locli_sum *sums, uint32_t n, struct weir_error *reterr);

#endif
