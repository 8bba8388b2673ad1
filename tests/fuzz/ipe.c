/* SPDX-License-Identifier: Apache-2.0 */
/* A node and its entries behind it: as many are read as there are bytes for, and no more. */
#include "parsers/ipe.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	struct ipe_entry e;
	struct ipe_node node;
	size_t n_read = 0;

	if (n < IPE_NODE_BYTES)
		return 0;
	ipe_node(at, 0x400000, &node);
	while (ipe_entry(&node, at + IPE_NODE_BYTES, n - IPE_NODE_BYTES, n_read, &e) == PARSE_OK)
		n_read++;
	if (n_read != (n - IPE_NODE_BYTES) / (node.tables_at ? 24 : 40))
		abort();
	return 0;
}
