/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_BLOCK_H
#define STORE_BLOCK_H

/* A block: up to BLOCK_ROWS_MAX rows of one shape of one series (or of one dictionary of a source), each column encoded
 * on its own, with a CRC. A worker encodes blocks; the store keeps their bytes as they are; a query decodes them. A
 * block is the unit of everything between a worker and the file.
 *
 *     +---------+----------+-----+----------+--------+--------+
 *     | version | column 0 | ... | column k | [tail] | CRC-32 |
 *     +---------+----------+-----+----------+--------+--------+
 *      1 byte    store/column.h                       4 bytes, little-endian
 *
 * The columns of each kind are those of store/rows.h, in that order. The tail of histograms is one more column (when
 * there is any bucket), that of dictionaries is their text: a byte (0: as it is, 1: a zstd frame), the number of bytes
 * of text (4 bytes), the number of bytes that follow (4 bytes), these bytes. The CRC covers what stands beside the
 * bytes, too, so that a block under another's summary is found out.
 *
 * Decoding trusts nothing: any bytes give rows or -EBADMSG.
 */

#include "store/rows.h"

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

/* Of the blocks of a series with this WEIR_SHAPE_* and WEIR_TYPE_*. */
enum block_kind block_kind_of(uint32_t shape, uint32_t type);
/* Of its rows; and whether they have texts. */
uint32_t block_columns(enum block_kind kind);
int block_has_text(enum block_kind kind);

enum {
	BLOCK_ROWS_MAX = 4096,       /* times of a block are in the order of arrival */
	BLOCK_BUCKETS_MAX = 1 << 16, /* of all histograms of one block */
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
	double v_sum; /* NaN: none; NaN values are left out */
	const uint8_t *bytes;
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

/* Holds the memory for encoding and decoding; nothing is allocated after it was made. One thread at a time. */
struct block_coder;

struct block_coder *block_coder_new(void);    /* NULL: no memory */
void block_coder_free(struct block_coder *c); /* NULL is fine */

/* Encodes rows that are within the bounds above; their summary is made here. ret's bytes are borrowed until the next
 * call with the same coder. */
void block_encode(struct block_coder *c, const struct rows *rows, uint32_t series, uint32_t first_id,
                  struct block *ret);

enum {
	BLOCK_TAIL =
		1 << ROWS_COLUMNS_MAX, /* of block_decode()'s columns: buckets, text; needs the columns of lengths */
	BLOCK_ALL = 2 * BLOCK_TAIL - 1,
};

/* Decodes the columns whose bits (1 << column) are set; the others' pointers are NULL. Borrowed until the next call
 * with the same coder. -EBADMSG: damaged. */
int block_decode(struct block_coder *c, const struct block *block, uint32_t columns, struct rows *ret);

/* Whether a block's bounds and CRC are right, without decoding it: 0 or -EBADMSG. */
int block_check(const struct block *block);
/* The CRC that block_check() wants at the end of the bytes. */
uint32_t block_crc(const struct block *block);

#endif
