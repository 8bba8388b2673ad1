/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HSPROF_NAMES_H
#define HSPROF_NAMES_H

/* The code of one file by name: which symbol an address belongs to, and what kind of code that is.
 *
 * GHC gives symbols to what a module exports, with the size of each one's first piece of code. What lies between two
 * symbols is told apart by the info tables in front of each piece:
 *
 *     lookup_info      0x400                    lookup
 *     (return points)  info tables of frames    lookup, which they are the rest of
 *     (a function)     its own info table       insert.local1: local to insert, or only used by it
 *     (return points)                           insert.local1
 *     insert_info      0x900                    insert
 *
 * A program that was compiled with -finfo-table-map says itself what its pieces are called, local ones too, and where
 * they stand in the source (origins.h): then that is what they are called.
 *
 * Source: GHC 9.0, GHC.Cmm.ProcPoint (return points follow what they are of) and GHC.StgToCmm (what is nested comes
 * before what it is in); rts/include/rts/storage/InfoTables.h; the same in programs of 9.6.6 and 9.10.3. Not
 * thread-safe.
 */

#include <weir/host.h>

#include "collectors/program/image.h"
#include "parsers/z_name.h"

enum names_kind {
	NAMES_UNKNOWN = 0, /* no symbol there */
	NAMES_HASKELL,
	NAMES_PRIMOP, /* the run-time system's own code on the Haskell stack: `stg_newByteArray#` */
	NAMES_JOINT,  /* the same, where it only holds other frames together: `stg_ap_pp` */
	NAMES_RTS,    /* the run-time system's C */
	NAMES_FOREIGN /* C and the rest */
};

struct names;

/* file: what the code of C is shown under. Takes the image over, also when it fails. -ENODATA: no symbols at all. */
int names_open(struct image *image, const char *file, struct names **ret, struct weir_error *reterr);
void names_close(struct names *n); /* NULL is fine */

/* Modules that say where their code comes from in a way that nobody here can read. */
uint32_t names_origins_left_out(const struct names *n);

/* Where Haskell code starts and ends: 1, or 0 when there is none. */
int names_haskell(const struct names *n, uint64_t *ret_start, uint64_t *ret_end);

/* The frame of an address, as the host numbers it; 0: there is no symbol, or the host refuses it. */
uint32_t names_frame(struct names *n, const struct weir_host *h, uint64_t address, enum names_kind *ret_kind);

/* Whether a call comes right before an address, so that something may return to it. */
int names_is_after_call(const struct names *n, uint64_t address);

#endif
