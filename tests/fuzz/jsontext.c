/* SPDX-License-Identifier: Apache-2.0 */
/* Our JSON cursor and jansson agree about every text. */
#include "tests/parsers/jsontext_oracle.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	const char *wrong = jsontext_oracle_disagreement((const char *)at, n);

	if (wrong) {
		fprintf(stderr, "jansson disagrees: %s\n", wrong);
		abort();
	}
	return 0;
}
