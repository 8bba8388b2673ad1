/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_COLUMN_H
#define STORE_COLUMN_H

/* One column of a block: up to COLUMN_VALUES_MAX 64-bit words, kept bit by bit.
 *
 * A column is first predicted (what is left are residuals: small where the prediction is good), then stored. Doubles
 * that are decimals of a few digits, as gauges print them, are first turned into the integers value * 10^k, when every
 * one of them comes back with the same bits. Which prediction and which storage is chosen for each column by size.
 *
 *     +------+-----------+----------------+-------------+---------+
 *     | head | n_payload | [unit, word 0] | first words | payload |
 *     +------+-----------+----------------+-------------+---------+
 *      1 byte   varint      2 of 8 bytes    1 or 2 of 8   n_payload bytes
 *
 *     head bits 0-1   prediction   0 none       residual = word - least word (signed), which is the first word
 *                                  1 delta      residual = word - word before - least delta (signed); first words:
 *                                               word 0, least delta
 *                                  2 zigzag     residual = zigzag(word - word before); first word: word 0
 *                                  3 second     residual = zigzag(delta - delta before); first words: word 0, delta 0
 *     head bit 2      unit         all words differ from word 0 by multiples of a unit (signed): what is predicted
 *                                  is (word - word 0) / unit
 *     head bits 3-4   storage      0 nothing    all residuals are 0; n_payload is 0
 *                                  1 packed     groups of 128 residuals (the last may be shorter): a byte with the
 *                                               width in bits (0 .. 56 or 64), then the bits, least first
 *                                  2 planes     a byte with the number of planes p (1 .. 8), then a zstd frame of
 *                                               the residuals' lowest bytes, then their second bytes ... p times
 *     head bits 5-7   decimals     0: words as they are; k + 1: words are integers that stand for word / 10^k
 *                                  (0 <= k <= 6)
 *
 * Words of 8 bytes are little-endian, varints LEB128.
 *
 * All arithmetic is modulo 2^64, so that no delta overflows. A coder holds the memory; nothing is allocated after it
 * was made. One thread at a time.
 */

#include <stdint.h>

enum {
	COLUMN_VALUES_MAX = 1 << 16,
	COLUMN_DECIMALS_MAX = 6,
};

enum column_type {
	COLUMN_INTEGERS,
	COLUMN_DOUBLES, /* words are the bits of doubles */
};

struct column_coder;

struct column_coder *column_coder_new(void); /* NULL: no memory */
void column_coder_free(struct column_coder *c);

/* The most bytes that n words take. */
uint64_t column_bound(uint32_t n);

/* Returns the bytes written, at most column_bound(n). 1 <= n <= COLUMN_VALUES_MAX. */
uint64_t column_encode(struct column_coder *c, const uint64_t *words, uint32_t n, enum column_type type, uint8_t *at);

/* Reads n words; returns the bytes used, or -EBADMSG whatever the bytes are. ret NULL: skips the column without looking
 * into it. */
int64_t column_decode(struct column_coder *c, const uint8_t *at, uint64_t n_at, uint32_t n, uint64_t *ret);

#endif
