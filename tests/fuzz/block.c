/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a byte of kind, two of row count, two of first id, then a block's bytes but for the CRC, which is put right.
 */
#include "tests/store/made.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t n)
{
	static struct block_coder *coder, *other;
	struct block block = { 0 }, again;
	struct rows rows, back;

	if (!coder && (!(coder = block_coder_new()) || !(other = block_coder_new())))
		abort();
	if (n > 5 && made_block(at, n, &block) && block_decode(coder, &block, BLOCK_ALL, &rows) == 0) {
		block_encode(other, &rows, block.series, block.first_id, &again);
		if (block_decode(other, &again, BLOCK_ALL, &back) < 0 || !made_rows_same(&rows, &back))
			abort();
	}
	made_block_done(&block);
	return 0;
}
