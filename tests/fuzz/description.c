/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a collector's description as its child sends it. What is read can be written and read again. */
#include "plugins/description.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	struct weir_collector c, again;
	void *memory, *other;
	uint8_t *bytes;
	uint64_t n_bytes;

	if (description_read(at, n, "fuzz", &c, &memory, NULL) < 0)
		return 0;
	if (description_write(&c, &bytes, &n_bytes) < 0 ||
	    description_read(bytes, n_bytes, "x", &again, &other, NULL) < 0)
		abort();
	free(other);
	free(bytes);
	free(memory);
	return 0;
}
