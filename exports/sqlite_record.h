/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPORTS_SQLITE_RECORD_H
#define EXPORTS_SQLITE_RECORD_H

/* A row as SQLite's record format has it: the types of its values, then the values. Inline, for a run has a row for
 * nearly every line of its logs. Source: https://www.sqlite.org/fileformat2.html, §2.1.
 */

#include "exports/sqlite_file.h"

#include <endian.h>
#include <string.h>

enum {
	SQLITE_VARINT_MAX = 9,
	SQLITE_RECORD_HEADER_MAX = 1 + SQLITE_FILE_COLUMNS_MAX * SQLITE_VARINT_MAX,
	SQLITE_CELL_SHORT = 160,  /* bytes that sqlite_cell_short() may write */
	SQLITE_RECORD_SLACK = 16, /* bytes behind what was put that are written, too: in whole words it is quicker */
};

struct sqlite_record {
	uint8_t header[SQLITE_RECORD_HEADER_MAX + SQLITE_VARINT_MAX];
	size_t n_header, n_body;
	size_t n_bytes[SQLITE_FILE_COLUMNS_MAX]; /* of each value */
};

static inline void sqlite_put16(uint8_t *to, uint32_t v)
{
	uint16_t bytes = htobe16((uint16_t)v);

	memcpy(to, &bytes, sizeof(bytes));
}

static inline void sqlite_put32(uint8_t *to, uint32_t v)
{
	sqlite_put16(to, v >> 16);
	sqlite_put16(to + 2, v & 0xffff);
}

/* Big-endian base 128; the ninth byte has eight bits. Returns how many bytes. */
static inline unsigned sqlite_put_varint(uint8_t *to, uint64_t v)
{
	uint8_t reversed[SQLITE_VARINT_MAX];
	unsigned n = 0;

	if (v < 0x80) {
		to[0] = (uint8_t)v;
		return 1;
	}
	if (v < 0x4000) {
		sqlite_put16(to, (uint32_t)(0x8000 | (v >> 7) << 8 | (v & 0x7f)));
		return 2;
	}
	if (v < 0x200000) {
		sqlite_put16(to, (uint32_t)(0x8080 | (v >> 14) << 8 | (v >> 7 & 0x7f)));
		to[2] = (uint8_t)(v & 0x7f);
		return 3;
	}
	if (v < 0x10000000) {
		sqlite_put16(to, (uint32_t)(0x8080 | (v >> 21) << 8 | (v >> 14 & 0x7f)));
		sqlite_put16(to + 2, (uint32_t)(0x8000 | (v >> 7 & 0x7f) << 8 | (v & 0x7f)));
		return 4;
	}
	if (v >> 56) {
		to[8] = (uint8_t)v;
		v >>= 8;
		for (int i = 7; i >= 0; i--, v >>= 7)
			to[i] = (uint8_t)(v | 0x80);
		return SQLITE_VARINT_MAX;
	}
	for (; v; v >>= 7)
		reversed[n++] = (uint8_t)(v | 0x80);
	reversed[0] &= 0x7f;
	for (unsigned i = 0; i < n; i++)
		to[i] = reversed[n - 1 - i];
	return n;
}

/* The n low bytes, big end first; 8 are written. */
static inline void put_big(uint8_t *to, uint64_t v, size_t n)
{
	uint64_t bytes = htobe64(n ? v << (64 - 8 * n) : 0);

	memcpy(to, &bytes, sizeof(bytes));
}

static inline unsigned integer_bytes(int64_t v)
{
	static const uint8_t of_bits[] = { 1, 1, 2, 3, 4, 6, 6, 8, 8 };
	uint64_t magnitude = (uint64_t)(v < 0 ? ~v : v);
	/* One bit more for the sign. */
	unsigned n_bits = magnitude ? 65 - (unsigned)__builtin_clzll(magnitude) : 1;

	return of_bits[(n_bits + 7) / 8];
}

/* A value's serial type (file format §2.1) and how many bytes it takes in the body. */
static inline __attribute__((always_inline)) uint64_t serial_type(const struct sqlite_file_value *v, size_t *ret_n)
{
	static const uint8_t of_width[] = { 0, 1, 2, 3, 4, 0, 5, 0, 6 };

	*ret_n = 0;
	switch (v->type) {
	case SQLITE_FILE_INTEGER:
		if (v->integer == 0 || v->integer == 1)
			return 8 + (uint64_t)v->integer;
		*ret_n = integer_bytes(v->integer);
		return of_width[*ret_n];
	case SQLITE_FILE_REAL:
		*ret_n = 8;
		return 7;
	case SQLITE_FILE_TEXT:
		*ret_n = v->bytes.n;
		return 13 + 2 * (uint64_t)v->bytes.n;
	case SQLITE_FILE_BLOB:
		*ret_n = v->bytes.n;
		return 12 + 2 * (uint64_t)v->bytes.n;
	default:
		return 0;
	}
}

/* Works out the header and how many bytes each value takes. */
static inline void sqlite_record_start(struct sqlite_record *r, const struct sqlite_file_value *values, unsigned n)
{
	r->n_header = 1; /* its own length: one byte, as there are at most 16 columns of which few are long */
	r->n_body = 0;
	for (unsigned i = 0; i < n; i++) {
		r->n_header += sqlite_put_varint(r->header + r->n_header, serial_type(&values[i], &r->n_bytes[i]));
		r->n_body += r->n_bytes[i];
	}
	r->header[0] = (uint8_t)r->n_header;
}

/* As memcpy(), for texts of which most are short: two words that may overlap. */
static inline void put_bytes(uint8_t *to, const char *at, size_t n)
{
	if (n > 32) {
		memcpy(to, at, n);
	} else if (n >= 16) {
		memcpy(to, at, 16);
		memcpy(to + n - 16, at + n - 16, 16);
	} else if (n >= 8) {
		memcpy(to, at, 8);
		memcpy(to + n - 8, at + n - 8, 8);
	} else if (n >= 4) {
		memcpy(to, at, 4);
		memcpy(to + n - 4, at + n - 4, 4);
	} else if (n) {
		to[0] = (uint8_t)at[0];
		to[n / 2] = (uint8_t)at[n / 2];
		to[n - 1] = (uint8_t)at[n - 1];
	}
}

static inline __attribute__((always_inline)) uint8_t *put_value(uint8_t *to, const struct sqlite_file_value *v,
                                                                size_t n)
{
	uint64_t bits;

	if (v->type == SQLITE_FILE_REAL) {
		memcpy(&bits, &v->real, sizeof(bits));
		put_big(to, bits, 8);
	} else if (v->type == SQLITE_FILE_INTEGER) {
		put_big(to, (uint64_t)v->integer, n);
	} else {
		put_bytes(to, v->bytes.at, n);
	}
	return to + n;
}

/* Writes it: n_header + n_body bytes, and up to SQLITE_RECORD_SLACK more. */
static inline void sqlite_record_put(uint8_t *to, const struct sqlite_record *r, const struct sqlite_file_value *values,
                                     unsigned n)
{
	memcpy(to, r->header, SQLITE_RECORD_SLACK);
	if (r->n_header > SQLITE_RECORD_SLACK)
		memcpy(to, r->header, r->n_header);
	to += r->n_header;
	for (unsigned i = 0; i < n; i++)
		to = put_value(to, &values[i], r->n_bytes[i]);
}

/* A whole cell of a row that is short, as most are: each length in it takes one byte, so that types and values can be
 * written in one go. How many bytes it is; 0: the row isn't short. It may write SQLITE_CELL_SHORT bytes in any case. */
static inline __attribute__((always_inline)) size_t sqlite_cell_short(uint8_t *cell, uint64_t rowid,
                                                                      const struct sqlite_file_value *values,
                                                                      unsigned n)
{
	uint8_t *record = cell + 1 + sqlite_put_varint(cell + 1, rowid);
	uint8_t *type = record + 1, *to = type + n;

	*record = (uint8_t)(n + 1);
#pragma GCC unroll 8
	for (unsigned i = 0; i < n; i++) {
		size_t n_value;
		uint64_t of_value = serial_type(&values[i], &n_value);

		if (of_value > 127 || to + n_value > record + 128)
			return 0;
		*type++ = (uint8_t)of_value;
		to = put_value(to, &values[i], n_value);
	}
	*cell = (uint8_t)(to - record);
	return to - record > 127 ? 0 : (size_t)(to - cell);
}

#endif
