/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_BLOCK_H
#define STORE_BLOCK_H

/* A block: up to BLOCK_ROWS_MAX rows of one shape of one series (or of one dictionary of a source), column by column,
 * delta and byte-shuffle encoded, compressed with zstd, with a CRC. A worker encodes blocks; the store keeps their
 * bytes as they are; a query decodes them. A block is the unit of everything between a worker and the file.
 *
 * Decoding trusts nothing: any bytes give rows or -EBADMSG.
 */

#include <weir/host.h>

enum block_kind {
	BLOCK_NUMBERS_I64 = 1,
	BLOCK_NUMBERS_F64,
	BLOCK_HISTOGRAMS,
	BLOCK_SPANS,
	BLOCK_WEIGHTS_I64,
	BLOCK_WEIGHTS_F64,
	BLOCK_FRAMES, /* dictionaries: row i has id first_id + i */
	BLOCK_STACKS,
	BLOCK_ATTRS,
	BLOCK_KIND_COUNT,
};

enum {
	BLOCK_ROWS_MAX = 4096,       /* of a series; times of a block are in the order of arrival */
	BLOCK_BYTES_MAX = 1 << 20,   /* encoded */
	BLOCK_TEXT_MAX = 512 * 1024, /* text of one dictionary block before it is encoded */
};

/* What stands beside the bytes, so that a query can choose blocks without decoding them. */
struct block {
	uint32_t kind;     /* enum block_kind */
	uint32_t series;   /* the source's own id of it; 0 for dictionaries */
	uint32_t first_id; /* of dictionaries */
	uint32_t n_rows;
	int64_t t_min_ns; /* start of the first and end of the last row; 0 for dictionaries */
	int64_t t_max_ns;
	double v_min; /* of numbers' values, spans' durations, histograms' min/max, weights' self values; NaN: none */
	double v_max;
	double v_sum;
	const uint8_t *bytes; /* begins with a version byte; ends with a CRC-32 of all before it */
	uint64_t n_bytes;
};

/* One row of a dictionary. */
struct block_frame {
	struct weir_text name, module, source;
};

struct block_stack {
	uint64_t native_id;
	uint32_t parent; /* id, always smaller than its own; 0: root */
	uint32_t frame;
};

#endif
