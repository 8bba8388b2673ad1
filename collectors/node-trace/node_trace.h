/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NODE_TRACE_H
#define NODE_TRACE_H

/* The rooms of the collector of a node's log:
 *
 *     node_trace.c   the verbs: windows to lines, lines to rooms, the ledger
 *     dictionary.c   what it can emit
 *     frequency.c    how often each namespace and kind; what a line means, looked up once for each
 *     slots.c        slot and epoch of a time, from the genesis
 *     forge.c        the forge loop of each thread: phases, leadership, missed slots
 *     blocks.c       blocks, snapshots, mempool, transactions
 *     resources.c    the node's own `Resources` samples
 *     silence.c      gaps between lines, of all and of each thread; time that runs backwards
 *     emit.c         observations on their way to the host
 */

#include "parsers/trace_names.h"

#include <weir/collector.h>

/* Rows of node_trace_metrics, in its order. */
enum row {
	ROW_COUNT,
	ROW_LINES,
	ROW_SILENCE,
	ROW_SILENCE_LONGEST,
	ROW_REVERSAL,
	ROW_SLOT_MISSED,
	ROW_BOUNDARY,
	ROW_EPOCH_PHASE,
	ROW_FORGE_START,
	ROW_FORGE_CONTEXT,
	ROW_FORGE_STATE,
	ROW_FORGE_VIEW,
	ROW_FORGE_LEADERSHIP,
	ROW_FORGE_TICKED,
	ROW_FORGE_MEMPOOL,
	ROW_FORGE_BLOCK,
	ROW_FORGE_ADOPTION,
	ROW_FORGE_OBSTACLE,
	ROW_BLOCK_SEEN,
	ROW_BLOCK_REQUESTED,
	ROW_BLOCK_FETCHED,
	ROW_BLOCK_ANNOUNCED,
	ROW_BLOCK_SENT,
	ROW_BLOCK_ADOPTED,
	ROW_SNAPSHOT,
	ROW_MEMPOOL_TXS,
	ROW_MEMPOOL_BYTES,
	ROW_TXS,
	ROW_UTXO,
	ROW_DENSITY,
	ROW_CPU,
	ROW_GC_COUNT,
	ROW_ALLOCATED,
	ROW_LIVE,
	ROW_HEAP,
	ROW_RSS,
	ROW_THREADS,
	ROW_DISK,
	ROW_NETWORK,
	ROW_BLOCK_IO_WAIT,
	ROW_END,
};

extern const struct weir_metric node_trace_metrics[ROW_END];

/* What a line is about. */
enum meaning {
	MEANING_NONE = 0,
	MEANING_START,
	MEANING_CONTEXT,
	MEANING_STATE,
	MEANING_VIEW,
	MEANING_LEADER,
	MEANING_NOT_LEADER,
	MEANING_TICKED,
	MEANING_MEMPOOL_SNAPSHOT,
	MEANING_FORGED,
	MEANING_ADOPTED_OWN,
	MEANING_OBSTACLE,
	MEANING_SEEN,
	MEANING_REQUESTED,
	MEANING_FETCHED,
	MEANING_ANNOUNCED,
	MEANING_SENT,
	MEANING_ADDED,
	MEANING_SNAPSHOT,
	MEANING_LEDGER_METRICS,
	MEANING_TXS_COLLECTED,
	MEANING_TXS_PROCESSED,
	MEANING_MEMPOOL,
	MEANING_MEMPOOL_REJECTED,
	MEANING_RESOURCES,
	MEANING_END,
};

/* ---- emit.c ---- */

enum {
	EMIT_BATCH = 128,
};

struct emit {
	const struct weir_host *host;
	int result;          /* the first < 0 that the host gave; everything after it is dropped */
	int is_mute;         /* nothing is said: lines of the file before this one */
	uint64_t n_negative; /* numbers below 0: nothing here can be */
	uint32_t n_spans, n_numbers;
	uint32_t plain[ROW_END]; /* series of rows that have no attributes */
	struct weir_span spans[EMIT_BATCH];
	struct weir_number numbers[EMIT_BATCH];
};

/* The series of a row without attributes. */
uint32_t emit_plain(struct emit *e, enum row row);
/* The series of a row with one. */
uint32_t emit_series(struct emit *e, enum row row, const char *key, struct weir_text value);
void emit_span(struct emit *e, const struct weir_span *span);
void emit_i64(struct emit *e, uint32_t series, int64_t time_ns, int64_t value);
void emit_f64(struct emit *e, uint32_t series, int64_t time_ns, double value);
/* What has gathered goes to the host. */
int emit_flush(struct emit *e);

enum {
	DECIMAL_MAX = 20, /* bytes */
};

/* The number as text, in the room. */
struct weir_text decimal(uint64_t value, char room[DECIMAL_MAX]);

static inline struct weir_text text_of(struct parse_text t)
{
	return (struct weir_text){ t.at, t.n };
}

/* ---- slots.c ---- */

/* The clock of the chain; is_known 0: the genesis isn't known, and nothing below counts. */
struct slots {
	int64_t start_ns;  /* of slot 0 */
	int64_t length_ns; /* of a slot, after the Byron era */
	int64_t epoch_length;
	int64_t byron_slots; /* slots of the Byron era; 0: there was none */
	int64_t byron_length_ns;
	int64_t byron_epochs;
	int64_t stability_slots; /* k/f in slots; 0: not known */
	int64_t n_slots_max;     /* slots below it have times that can be told */
	int is_known;
};

/* Sets it from the host's context. */
void slots_init(struct slots *s, const struct weir_host *h);
/* Whether slots_start_ns() can be asked of a slot. */
int slots_has(const struct slots *s, int64_t slot);
int64_t slots_start_ns(const struct slots *s, int64_t slot);
/* The slot that a time falls into; < 0 before slot 0. */
int64_t slots_at(const struct slots *s, int64_t time_ns);
int64_t slots_epoch(const struct slots *s, int64_t slot);
int64_t slots_epoch_first(const struct slots *s, int64_t epoch);
/* Emits the epoch boundaries and the marks of the reward calculation that fall into the log. */
void slots_emit(const struct slots *s, struct emit *e, int64_t first_ns, int64_t last_ns);

/* ---- frequency.c ---- */

/* Counts the line and says what it means. */
enum meaning frequency_count(struct trace_names *names, const struct trace_line *line);
void frequency_emit(const struct trace_names *names, struct emit *e, int64_t time_ns);
/* The rule behind it: first hit of namespace, then of kind without `Cardano.Node.`. */
enum meaning frequency_meaning(struct parse_text ns, struct parse_text kind);

/* ---- forge.c ---- */

enum {
	FORGE_THREADS_MAX = 64,        /* threads that start leadership checks, in one log */
	FORGE_MISSED_SPANS_MAX = 4096, /* epochs of one gap that get a span each; the last one has the rest */
};

struct forge_thread {
	uint64_t thread;
	int64_t slot, last_ns, previous_start_ns;
	int64_t last_started; /* the highest slot that was started; -1: none yet */
	uint32_t attrs;       /* of the slot */
	uint32_t series[ROW_FORGE_OBSTACLE - ROW_FORGE_START + 1];
	uint32_t missed;
	int is_open;
};

struct forge {
	uint32_t n_threads;
	uint64_t n_beyond;   /* lines of threads past the bound */
	uint64_t n_repeated; /* starts of a slot that was started before */
	uint64_t n_without;  /* phase lines without a start before them */
	uint64_t n_no_slot;  /* starts whose slot is no number that a chain can reach */
	struct forge_thread threads[FORGE_THREADS_MAX];
};

/* Does nothing with a line that isn't one of the forge loop. */
void forge_line(struct forge *f, struct emit *e, const struct slots *s, enum meaning meaning,
                const struct trace_line *line);
void forge_join(struct forge *f); /* as silence_join() */

/* ---- blocks.c ---- */

enum {
	BLOCKS_MEMPOOL_MAX = 256, /* bytes of a mempool's size as written; a longer one is not looked at */
};

struct blocks {
	int64_t txs[4]; /* collected, accepted, rejected, rejected by the mempool */
	uint32_t txs_series[4];
	uint8_t txs_seen[4];
	char mempool[BLOCKS_MEMPOOL_MAX]; /* the last size of the running second, as written */
	uint32_t n_mempool;
	int64_t second;
	int64_t second_ns;
	int64_t snapshot_open_ns;
	uint8_t has_snapshot_open;
};

/* Does nothing with a line that is about something else. */
void blocks_line(struct blocks *b, struct emit *e, enum meaning meaning, const struct trace_line *line);
/* Emits what the last second gathered. */
void blocks_finish(struct blocks *b, struct emit *e);

/* ---- resources.c ---- */

enum {
	RESOURCES_DEAD = 3, /* NetRd, NetWr, CentiBlkIO: 0 in every node of today, whatever it does */
};

struct resources {
	uint64_t n_samples;
	uint64_t n_dead[RESOURCES_DEAD];
	uint8_t is_alive[RESOURCES_DEAD];
	uint32_t series[20];
};

void resources_line(struct resources *r, struct emit *e, const struct trace_line *line);
/* Says which fields were not measured. */
void resources_finish(const struct resources *r, const struct weir_host *h);

/* ---- silence.c ---- */

enum {
	SILENCE_THREADS_MAX = 4096, /* a power of two; threads past it share a place */
};

struct silence_thread {
	uint64_t thread;
	int64_t last_ns, longest_ns;
	uint64_t n_lines;
};

struct silence {
	int64_t threshold_ns, thread_threshold_ns;
	int64_t first_ns, last_ns, highest_ns;
	int64_t longest_ns;
	int64_t furthest_back_ns;
	int64_t joined_ns; /* where the file before this one ended; 0: none is known */
	uint64_t n_back;
	struct silence_thread threads[SILENCE_THREADS_MAX];
};

void silence_line(struct silence *s, struct emit *e, const struct trace_line *line);
/* Emits the longest time without a line, of the log and of each thread. */
void silence_finish(const struct silence *s, struct emit *e);
/* The lines so far were those of the file before this one: what goes on is kept, what was counted is not. */
void silence_join(struct silence *s);

/* ---- Members of a line's payload ---- */

/* 1: it is there and is an integer (or, for a text, digits). */
int member_i64(const struct trace_line *line, const char *key, int64_t *ret);
int member_f64(const struct trace_line *line, const char *key, double *ret);
/* A string member as written; empty when it isn't there. */
struct weir_text member_text(const struct trace_line *line, const char *key);
/* A thread's number; a hash of its name where it is none. */
uint64_t thread_number(const struct trace_line *line);

#endif
