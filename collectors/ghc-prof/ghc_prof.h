/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_PROF_H
#define GHC_PROF_H

/* The rooms of the collector of cost-centre profiles:
 *
 *     ghc_prof.c     the verbs: windows to records, faults, the ledger
 *     text.c json.c  the records of the two forms to header and tree
 *     dictionary.c   what it can emit
 *     header.c       facts, totals
 *     clock.c        the report's date as UTC
 *     tree.c         rows to stacks and weights; what is inherited, computed and checked
 *     frames.c       cost centres, and what each costs in both tables
 *     words.c        numbers by index, as many as are used
 *
 * Whose costs: GHC counts what its run-time system does for itself as five stacks below MAIN (GC, SYSTEM, OVERHEAD_of,
 * IDLE, DONT_CARE). -p and -P leave them out of everything; -pa and -pj have them in the tree and in the totals. Here
 * they are always told apart: the program's weights and totals carry no attribute and mean the same in all four; the
 * system's carry scope=system; totals of both together carry scope=all. What MAIN inherits is the program's.
 */

#include "parsers/prof.h"
#include "parsers/prof_json.h"

#include <weir/collector.h>

/* Rows of ghc_prof_metrics, in its order. */
enum row {
	ROW_TICKS,
	ROW_ALLOC,
	ROW_ENTRIES,
	ROW_TIME_SHARE,
	ROW_ALLOC_SHARE,
	ROW_TOTAL_TIME,
	ROW_TOTAL_TICKS,
	ROW_TOTAL_ALLOC,
	ROW_TICK_INTERVAL,
	ROW_PROCESSORS,
	ROW_END,
};

extern const struct weir_metric ghc_prof_metrics[ROW_END];

static inline struct weir_text text_of(struct parse_text t)
{
	return (struct weir_text){ t.at, t.n };
}

/* ---- clock.c ---- */

struct prof_clock {
	int64_t end_ns;   /* when the report was written */
	int64_t error_ns; /* -1: not known */
	const char *tie;
};

/* When a report was written that is dated `date` (n 0: it has no date).
 *
 * The date has minutes and no time zone. It is tied to UTC by what the host knows, the first of these that holds:
 *
 *   1. the file's time is within two minutes of the date in some time zone of the world: it is the end, to a minute or
 *      two
 *   2. the file's time lies within the run: it is the end, as exact as the run is long
 *   3. the date lies within the run in some time zones: it is the end, to a minute if it is only one zone
 *   4. there is only the date: it is taken as UTC, and the error is the widest offset of a zone, 14 hours
 *   5. there is only the file's time: it is the end, and nobody knows how exactly
 *
 * is_start_possible: heap profiling dates the report when the program starts (rts/RtsUtils.c, time_str, keeps its first
 * answer); then 3 and 4 know no bound. */
struct prof_clock prof_clock_of(const struct weir_host *h, struct parse_text date, int is_start_possible);

/* ---- words.c ---- */

struct words {
	uint64_t *at;
	uint64_t n;
};

/* The word with this index, 0 at first; the caller has bounded it. NULL: no memory. Valid until the next call. */
uint64_t *words_at(struct words *w, uint64_t index);
void words_done(struct words *w);

/* ---- frames.c ---- */

/* A cost centre. What is looked up for each row lies together: this and its names. */
struct frame {
	uint32_t id;  /* the host's */
	uint32_t ref; /* ours: for frames_of() */
	uint32_t top; /* of the top table: index from 1 */
	uint32_t n_label, n_module, n_source;
	char text[]; /* label, module and source behind each other */
};

/* What the top table says of a cost centre, and what its rows of the tree add up to: ticks and bytes, or tenths of
 * percent where there are none. */
struct frame_top {
	uint64_t ticks, bytes;
	uint64_t top_ticks, top_bytes;
	uint64_t n_rows, n_top;
};

struct frame_slot {
	uint32_t tag, ref;
};

struct frames {
	char *room;
	struct frame_slot *slots; /* a power of two of them */
	struct frame_top *tops;
	uint64_t n_used, n_room; /* bytes */
	uint32_t n, n_slots, n_tops, n_tops_room;
};

enum {
	FRAMES_MAX = 1 << 20,
	FRAME_ALIGN = 8,
};

/* The cost centre, interned with the host too. NULL: no memory, or more than FRAMES_MAX. Valid until the next call. */
struct frame *frames_get(struct frames *f, const struct weir_host *h, struct weir_text label, struct weir_text module,
                         struct weir_text source);
struct frame *frames_of(const struct frames *f, uint32_t ref);
/* A row of the top table: 0: no memory. A row of the tree. */
int frames_add_top(struct frames *f, struct frame *frame, uint64_t ticks, uint64_t bytes);
void frames_add_row(struct frames *f, const struct frame *frame, uint64_t ticks, uint64_t bytes);
/* How many cost centres cost more in the top table than all their rows of the tree. */
uint64_t frames_check(const struct frames *f, int has_costs);
void frames_done(struct frames *f);

/* ---- tree.c ---- */

enum {
	TREE_BATCH = 256,
	TREE_IDS_MAX = 1 << 26, /* stack numbers that are looked at for repetition */
};

/* A row of either form. Shares are tenths of percent. */
struct tree_row {
	uint32_t frame; /* the host's */
	uint32_t depth;
	uint64_t id; /* 0: it has none */
	uint64_t entries;
	uint64_t ticks, bytes;
	uint32_t time, alloc, time_inherited, alloc_inherited;
	uint8_t is_system;
	uint8_t is_depth_guess;
};

struct level; /* a row whose children are being read */

struct batch {
	uint32_t n;
	struct weir_weight at[TREE_BATCH];
};

enum scope {
	SCOPE_PROGRAM = 0,
	SCOPE_SYSTEM,
	SCOPES,
};

struct tree {
	const struct weir_host *host;
	int result; /* the first < 0 that the host gave */
	int has_costs, has_shares;
	uint64_t total_ticks, total_bytes; /* as the header has them, to check shares against */
	int64_t time_ns, duration_ns;

	struct level *levels;
	uint32_t n_levels, n_levels_room;
	struct words ids; /* a bit for each number that was seen */

	uint64_t ticks[SCOPES], bytes[SCOPES]; /* of all rows */
	uint64_t n_rows;
	uint64_t n_individual, n_inherited; /* rows whose shares aren't what their costs, or their children's, make */
	uint64_t n_guessed;
	int has_system;

	uint32_t series[ROW_TIME_SHARE + 2][SCOPES];
	struct batch batches[3];
};

/* A tree starts as zeros and its host. */
void tree_done(struct tree *t);
/* Whether the row's number was there before; remembers it. */
int tree_is_repeated(struct tree *t, uint64_t id);
/* Takes the next row; its depth is at most one more than that of the row before. */
void tree_add(struct tree *t, const struct tree_row *row);
/* No more rows. < 0: what the host said to anything so far. */
int tree_finish(struct tree *t);

/* ---- header.c ---- */

enum form {
	FORM_NONE = 0,
	FORM_TEXT,
	FORM_JSON,
};

struct header {
	const char *layout;
	struct prof_clock clock;
	uint64_t total_time_ns, total_ticks, total_alloc, tick_us, n_processors;
	int is_there, has_processors;
};

/* Facts and clock of a report, in either form. */
void header_text(struct header *header, const struct weir_host *h, const struct prof_header *from);
void header_json(struct header *header, const struct weir_host *h, const struct prof_json_header *from, char *room,
                 size_t n_room);
/* Totals, once the tree has shown what is in them. */
int header_totals(const struct header *header, const struct weir_host *h, const struct tree *tree, enum form form);

/* ---- ghc_prof.c ---- */

enum {
	ROOM = PROF_JSON_RECORD_MAX,
	CENTRES_MAX = 1 << 22, /* numbers of cost centres are less */
};

struct ledger {
	uint64_t n_read, n_stored, n_sets, n_censuses, n_bad;
};

struct fault {
	int is_there;
	struct parse_fault at;
	uint64_t n_bytes, n_lines; /* that are left of the input */
};

struct weir_instance {
	const struct weir_host *host;
	uint64_t n_used; /* of the window */
	uint64_t n_seen; /* of the input */
	size_t n_looked; /* for its form */
	enum form form;
	int has_end, has_tree;
	union {
		struct prof_parser text;
		struct prof_json_parser json;
	} parser;
	struct ledger ledger;
	struct fault fault;
	uint64_t n_bad_top, bad_top_offset;
	struct header header;
	struct frames frames;
	struct tree tree;
	struct words centres; /* JSON: by number, references of frames */
	char *room;           /* JSON: unescaped texts */
};

/* One record of the window; *ret_used bytes are done with. */
enum parse_result text_record(struct weir_instance *i, const char *at, size_t n, int is_last, size_t *ret_used);
enum parse_result json_record(struct weir_instance *i, const char *at, size_t n, int is_last, size_t *ret_used);
/* The input is at fault there: nothing more of it is stored. What comes after a report that read well so far is called
 * stale, whichever way it was noticed. */
void prof_fault(struct weir_instance *i, const struct parse_fault *fault);
/* Whether a stack right below MAIN is one that GHC's run-time system keeps for itself. */
int prof_is_system(struct parse_text label, struct parse_text module, struct parse_text source, uint64_t entries);

#endif
