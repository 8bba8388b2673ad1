/* SPDX-License-Identifier: Apache-2.0 */
/* Sets and their stacks stay within their text. */
#include "parsers/retainer.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	struct parse_text rest = { (const char *)at, n }, stack, module, label;
	struct retainer_census census;
	struct retainer_set set;
	size_t n_used = 0, n_stacks = 0;

	if (retainer_census_next((const char *)at, n, &census, &n_used) == PARSE_OK && n_used > n)
		abort();
	if (retainer_set_next((const char *)at, n, n & 1, &set, &n_used) == PARSE_OK)
		rest = set.stacks;
	while (retainer_stack(&rest, &stack))
		for (n_stacks++; retainer_centre(&stack, &module, &label);)
			if (n_stacks > n || label.at + label.n > (const char *)at + n)
				abort();
	return 0;
}
