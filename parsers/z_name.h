/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_Z_NAME_H
#define PARSERS_Z_NAME_H

/* What a symbol of GHC-compiled code says: package, module and name, z-encoded so that linkers bear them.
 *
 *     containerszm0zi6zi4zi1_DataziMapziInternal_zdwbalanceL_info
 *     containers-0.6.4.1     Data.Map.Internal   $wbalanceL   info table
 *
 * Source: compiler/GHC/Utils/Encoding.hs and GHC/Cmm/CLabel.hs of GHC 9.0 (utils/Encoding.hs before). An underscore of
 * a name is encoded too, so those that are left part the fields.
 *
 * Stateless and pure. Decoded texts lie in the caller's room.
 */

#include "parsers/result.h"

enum {
	Z_NAME_MAX = 4096,       /* bytes of a symbol */
	Z_ROOM = 4 * Z_NAME_MAX, /* bytes that any symbol's decoded texts fit in */
	Z_TUPLE_MAX = 64,        /* GHC's largest */
};

enum z_kind {
	Z_OTHER = 0, /* no symbol of GHC's: C, or the assembler's */
	Z_CODE,      /* the code or the info table of a function, a thunk or a return */
	Z_CONSTRUCTOR,
	Z_DATA, /* a closure, a string, a table */
	Z_RTS,  /* hand-written code of the run-time system: `stg_upd_frame_info` */
};

struct z_symbol {
	struct parse_text package; /* empty: the program's own, or not said */
	struct parse_text module;  /* empty: not said */
	struct parse_text name;    /* of Z_OTHER, the symbol as it is */
	enum z_kind kind;
};

/* Decodes a z-encoded text: bytes written, at most n_room, or -1 when it isn't one or there is no room for it. */
int z_decode(struct parse_text text, char *room, size_t n_room);

/* room: Z_ROOM bytes. A symbol longer than Z_NAME_MAX is Z_OTHER. */
void z_symbol(struct parse_text symbol, char *room, struct z_symbol *ret);

#endif
