/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of /proc: nothing is read beyond them, and no more numbers come out than there is room for. */
#include "parsers/procfs.h"

#include <stdlib.h>
int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	const char *text = (const char *)at;
	struct procfs_process p;
	uint64_t numbers[4] = { 0, 0, 0, 1 };

	if (procfs_numbers(text, n, numbers, 3) > 3 || numbers[3] != 1)
		abort();
	(void)procfs_field(text, n, "read_bytes", numbers);
	if (procfs_process(text, n, &p) == 0 && (p.pid < 0 || p.parent < 0))
		abort();
	return 0;
}
