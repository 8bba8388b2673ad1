/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_NAMES_H
#define GHC_EVENTLOG_NAMES_H

/* Cost centres and info tables, into frames. */

#include "collectors/ghc-eventlog/ledger.h"
#include "collectors/ghc-eventlog/texts.h"
#include "parsers/result.h"

struct log;

enum {
	NAMES_BYTES_MAX = 32 << 20, /* of info tables */
	COST_CENTRES_MAX = 1 << 22,
	SYSTEM_MAX = 5, /* cost centres of the runtime itself */
};

struct info_table {
	uint32_t at; /* label or table name, module, source, each with a NUL */
	uint32_t frame;
};

struct names {
	struct table cost_centres; /* id to frame */
	struct texts paths;        /* ids as in a record to stack */
	struct table info_tables;  /* address to index */
	struct table strings;      /* ghc-stack-profiler's ids to index */
	struct table locations;    /* the same: id to index */
	struct table stacks;       /* parent stack and frame to stack */
	struct info_table *tables;
	char *text;
	size_t n_text, n_text_room;
	uint32_t n_tables, n_tables_room;
	uint32_t main_stack;
	uint32_t system[SYSTEM_MAX], n_system;
	uint64_t n_over;
};

/* The stack of cost centres, innermost first, big-endian ids; 0: refused. */
uint32_t names_cost_centre_stack(struct log *l, struct parse_text ids);
/* Whether what the stack costs is the runtime's own and not the program's: GC, SYSTEM, OVERHEAD_of, IDLE, DONT_CARE. */
int names_is_system_stack(const struct names *n, struct parse_text ids);
/* Keeps a name, a module and a source under a key of one of the tables. */
enum fate names_keep(struct log *l, struct table *table, uint64_t key, const struct parse_text texts[3]);
/* The frame that was kept under the key; 0: there is none, or the host refused it. */
uint32_t names_frame(struct log *l, const struct table *table, uint64_t key);
/* A stack that is one frame of this name. */
uint32_t names_label_stack(struct log *l, struct parse_text name, struct parse_text module, uint64_t native_id);
/* native_id: see the host's stack(); 0: none. */
uint32_t names_push(struct log *l, uint32_t parent, uint32_t frame, uint64_t native_id);
/* Where the code of the info table at that address stands. NULL: the log doesn't say. */
const char *names_source(const struct names *n, uint64_t address);
void names_done(struct names *n);

#endif
