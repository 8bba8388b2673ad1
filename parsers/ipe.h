/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_IPE_H
#define PARSERS_IPE_H

/* Where info tables come from, as GHC's -finfo-table-map puts it into a program: a node for each module (the symbol
 * `Module_ipe_buf`), an entry for each of its info tables. Piece by piece, as the caller reads them; nothing in a piece
 * is trusted, and what a piece says of another one is for the caller's read to refuse. Pure.
 *
 *     GHC 9.6    node   0 next  8 ->texts  16 n  24 entries[n]
 *                entry  0 ->info table  8 name  12 type, as text  16 -  20 label  24 module  28 file  32 place
 *     GHC 9.10   node   0 next  8 is_compressed (0 or 1)  16 n  24 ->(->info table)[n]  32 ->entries  40 bytes of them
 *                       48 ->texts  56 bytes of them  64 unit  68 module
 *                entry  0 name  4 type  8 -  12 label  16 file  20 place
 *
 * Pointers and counts have 8 bytes, all else 4: offsets of texts that end with a NUL. What is compressed is a zstd
 * frame (GHC's --enable-ipe-data-compression) whose plain size is the one that is given. Source: rts/include/rts/IPE.h
 * of both; run on 9.6.6 and 9.10.3.
 */

#include "parsers/result.h"

enum {
	IPE_NODE_BYTES = 72,
};

struct ipe_node {
	uint64_t n, entries_at, n_entry_bytes; /* n_entry_bytes: of all, once they are plain */
	uint64_t tables_at;                    /* 0: each entry has its own */
	uint64_t texts_at, n_text_bytes;       /* n_text_bytes 0: not known */
	uint32_t module;                       /* a text; without tables_at: each entry has its own */
	uint8_t is_compressed;
};

struct ipe_entry {
	uint64_t table; /* address of the code behind the info table; 0: it is in the list of tables */
	uint32_t name, type, type_text, label, module, file, place; /* texts, but for type */
};

/* at: IPE_NODE_BYTES that lie at `address`. */
void ipe_node(const uint8_t *at, uint64_t address, struct ipe_node *ret);

/* Entry `index` of a node's plain entries: PARSE_OK, or PARSE_MORE when the bytes end before it does. Where its type is
 * a text, type is 0 and type_text says which. */
enum parse_result ipe_entry(const struct ipe_node *node, const uint8_t *entries, size_t n, size_t index,
                            struct ipe_entry *ret);

#endif
