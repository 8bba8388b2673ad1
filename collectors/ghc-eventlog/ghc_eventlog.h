/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_GHC_EVENTLOG_H
#define GHC_EVENTLOG_GHC_EVENTLOG_H

/* The parts of the eventlog collector.
 *
 *     ghc_eventlog.c  the collector: options, reading, the ledger, damage
 *     metrics.c       its dictionary
 *     rules.c         which part takes which record
 *     lanes.c         capabilities and their intervals
 *     threads.c       what threads do, capability by capability; migrations tie their parts together
 *     thread_times.c  a thread's times, once it is over
 *     gc.c            collections: pauses, parallel and non-moving ones
 *     heap.c          sizes, sparks, tasks
 *     names.c         cost centres and info tables, into frames
 *     samples.c       heap and time profiles
 *     ticky.c         ticky-ticky counters
 *     user.c          what the program says of itself, in the order of time
 *     call_stacks.c   what ghc-stack-profiler says
 *     identity.c      what the log says of the program and of its clock
 *     capability_sets.c
 *                     processes and clocks that capabilities belong to
 *     outbox.c, distribution.c, table.c
 *
 * Records are taken in the file's order. Inside a capability that is the order of time, and nearly everything here
 * needs no more: a thread lives on one capability until that one says that it migrates. What capabilities tell of one
 * thread is joined by the times of its migrations, whichever side is read first (threads.c). Only what the program
 * itself says needs the order of all capabilities (user.c).
 */

#include <weir/collector.h>

#include "collectors/ghc-eventlog/outbox.h"
#include "collectors/ghc-eventlog/table.h"
#include "collectors/ghc-eventlog/texts.h"
#include "parsers/eventlog_fields.h"
#include "parsers/eventlog_order.h"
#include "parsers/eventlog_recovery.h"

struct log; /* all of it: struct weir_instance is one */

/* ---- metrics.c: rows of the dictionary ---- */

enum row {
	ROW_GC_PAUSE = 0,
	ROW_GC_SYNC,
	ROW_GC_COUNT,
	ROW_GC_COPIED,
	ROW_GC_SLOP,
	ROW_GC_FRAGMENTATION,
	ROW_GC_PARALLEL_COPIED,
	ROW_GC_PARALLEL_MAX,
	ROW_GC_PARALLEL_BALANCED,
	ROW_GC_THREAD_TIME,
	ROW_GC_CONCURRENT,
	ROW_GC_MARKED,
	ROW_GC_SEGMENTS,
	ROW_GC_BLOCKS,
	ROW_GC_PRUNED,
	ROW_GC_FLUSHES,
	ROW_HEAP_LIVE,
	ROW_HEAP_SIZE,
	ROW_HEAP_BLOCKS,
	ROW_HEAP_ALLOCATED,
	ROW_HEAP_MEGABLOCKS,
	ROW_CAPABILITY_UTILISATION,
	ROW_CAPABILITY_TIME,
	ROW_CAPABILITY_COUNT,
	ROW_THREAD_COUNT,
	ROW_THREAD_CREATED,
	ROW_THREAD_STOPS,
	ROW_THREAD_WAKEUPS,
	ROW_THREAD_MIGRATIONS,
	ROW_THREAD_RUN_DELAY,
	ROW_THREAD_SLICE,
	ROW_THREAD_TIME,
	ROW_THREAD_LIFE,
	ROW_THREAD_RUN,
	ROW_TASK_LIFE,
	ROW_SPARK_COUNT,
	ROW_SPARK_POOL,
	ROW_SPARK_EVENTS,
	ROW_HEAP_RESIDENCY,
	ROW_PROFILE_TICKS,
	ROW_PROFILE_SAMPLES,
	ROW_TICKY_ENTRIES,
	ROW_TICKY_ALLOC,
	ROW_TICKY_ALLOCD,
	ROW_TICKY_ARITY,
	ROW_PERF_COUNT,
	ROW_USER_MESSAGE,
	ROW_USER_MARKER,
	ROW_USER_SPAN,
	ROW_USER_WINDOW,
	ROW_USER_BINARY,
	ROW_RTS_MESSAGE,
	ROW_COUNT,
};

extern const struct weir_metric metrics[ROW_COUNT];

/* ---- Options ---- */

enum option {
	OPTION_DETAIL = 0,
	OPTION_INTERVAL,
	OPTION_THREAD_MIN,
	OPTION_MESSAGES,
	OPTION_ARGUMENTS,
	OPTION_ENVIRONMENT,
	OPTION_COUNT,
};

struct settings {
	uint64_t interval_ns;
	uint64_t thread_min_ns;
	uint64_t n_messages_max;
	int has_collections; /* what each one did, minor ones too */
	int has_runs;        /* every running span */
	int keeps_arguments, keeps_flags, keeps_environment;
};

/* ---- The ledger ---- */

/* What becomes of a record. */
enum fate {
	FATE_STORED = 0,
	FATE_STRUCTURE, /* says where others belong: blocks, capability sets */
	FATE_UNKNOWN,   /* a type that is not known */
	FATE_FOREIGN,   /* Eden's, Mercury's */
	FATE_REDACTED,  /* left out because it was asked for, or because nobody asked for it */
	FATE_LIMIT,     /* beyond a bound */
	FATE_UNPAIRED,  /* the other half of it is missing */
	FATE_REFUSED,   /* by the host */
	FATE_BAD,       /* malformed */
	FATE_COUNT,
	FATE_LATER = FATE_COUNT, /* it will be said when it is known */
};

/* ---- lanes.c ---- */

enum {
	LANE_GLOBAL = EVENTLOG_CAPABILITIES_MAX, /* what belongs to no capability */
	LANE_COUNT,
	IDLE_INTERVALS_MAX = 3600, /* said one by one; a longer stretch is one long interval */
	RECENT_VISITS = 64,
	GENERATIONS_MAX = 16, /* of a collector; the default is 2 */
};

/* What a thread is doing, as far as its capability says. */
enum state {
	STATE_RUNNING = 0,
	STATE_RUNNABLE,
	STATE_MVAR,
	STATE_MVAR_READ,
	STATE_BLACK_HOLE,
	STATE_READ,
	STATE_WRITE,
	STATE_DELAY,
	STATE_STM,
	STATE_THROW_TO,
	STATE_FOREIGN,
	STATE_IO,
	STATE_OTHER,
	STATE_COUNT,
};

extern const char *const state_names[STATE_COUNT];

enum gc_thread_state {
	GC_THREAD_NONE = 0,
	GC_THREAD_WORK,
	GC_THREAD_IDLE,
	GC_THREAD_DONE,
	GC_THREAD_COUNT,
};

/* Why a collection was asked for, as far as what went before it tells. */
enum gc_cause {
	GC_CAUSE_UNKNOWN = 0,
	GC_CAUSE_ALLOCATION, /* a thread had used up its allocation area */
	GC_CAUSE_REQUEST,    /* a thread called performGC or its like */
	GC_CAUSE_IDLE,       /* nothing had run for a while */
	GC_CAUSE_COUNT,
};

enum stop {
	STOP_HEAP = 0,
	STOP_STACK,
	STOP_YIELD,
	STOP_FINISHED,
	STOP_BLOCKED, /* the state says on what */
	STOP_MIGRATING,
	STOP_KINDS,
};

enum {
	STATUS_COUNT = 22, /* numbers of reasons to stop */
};

/* By the number: why, and what the thread is from then on. */
extern const struct status {
	uint8_t stop, state;
} statuses[STATUS_COUNT];

enum spark {
	SPARK_CREATED = 0,
	SPARK_DUD,
	SPARK_OVERFLOWED,
	SPARK_CONVERTED,
	SPARK_COLLECTED,
	SPARK_FIZZLED,
	SPARK_REMAINING, /* a level, not a count */
	SPARK_KINDS,
};

enum spark_event {
	SPARK_EVENT_CREATE = 0,
	SPARK_EVENT_DUD,
	SPARK_EVENT_OVERFLOW,
	SPARK_EVENT_RUN,
	SPARK_EVENT_STEAL,
	SPARK_EVENT_FIZZLE,
	SPARK_EVENT_GC,
	SPARK_EVENT_KINDS,
};

/* A value that a capability says again and again; the last of an interval goes out. */
struct level {
	uint64_t time_ns, value;
	uint32_t series;
	uint8_t is_new, has_series;
};

/* A number that every interval has, once it has been anything but 0. */
struct real {
	uint32_t series;
	uint8_t has_series;
};

/* A sum that only grows; it goes out at the end of an interval in which it has. */
struct count {
	uint64_t value, said;
	uint32_t series;
	uint8_t has_series;
};

struct generation {
	struct count n, copied;
};

/* The collection that a capability takes part in. */
struct collection {
	uint64_t requested_ns, start_ns;
	uint64_t thread_since_ns;
	enum gc_thread_state thread_state;
	uint32_t generation;
	enum gc_cause cause;
	uint8_t is_running, has_request, is_parallel, has_stats;
};

/* A thread: what it did, on all capabilities. */
struct thread {
	uint64_t time_ns[STATE_COUNT];
	uint64_t created_ns, end_ns;
	uint64_t n_runs, n_migrations;
	char *label;
	uint32_t id, n_label;
	uint32_t n_visits;   /* capabilities on which it is, as far as they have been read */
	uint32_t n_pending;  /* ends of migrations */
	uint32_t pending_to; /* they are of capabilities up to this */
	uint32_t next_free;
	uint32_t attrs; /* the host's id, for running spans */
	uint8_t is_created, is_finished, is_used;
};

/* A thread on a capability, from its first record there to the migration away. */
struct visit {
	uint64_t since_ns; /* the state began */
	uint64_t ready_ns; /* it could have run from then on */
	struct thread *thread;
	uint32_t id, next_free;
	uint32_t pending;  /* its arrival, while the departure has not been read: index + 1 */
	uint8_t state;     /* enum state */
	uint8_t has_ready; /* it is known since when it is runnable */
};

struct lane {
	uint32_t capability;
	uint32_t is_seen;
	uint64_t now_ns;                     /* of the latest record */
	uint64_t interval_ns, edge_ns;       /* where the current interval starts and ends */
	struct table visits;                 /* thread id to visit */
	struct visit *recent[RECENT_VISITS]; /* by the low bits of the id */
	struct visit *running;
	struct visit stranger; /* runs, and there is no room for it */

	/* Sums over the interval, modulo 2^64: what is going on is in them as minus its start. */
	uint64_t run_ns, gc_ns;
	struct level_sum {
		uint64_t ns, n;
	} threads[STATE_COUNT];         /* over all threads in that state; what runs is in run_ns */
	uint64_t n_stops[STATUS_COUNT]; /* by the number that the record has */
	uint32_t last_stop;             /* that number, of the latest */
	struct real thread_levels[STATE_COUNT], run_share, gc_share;

	struct count run_time, gc_time;
	struct count created, wakeups, migrations, stops[STATE_COUNT + STOP_KINDS];
	struct distribution run_delay, slice, gc_sync;
	struct real run_delay_out, slice_out, gc_sync_out;

	struct collection gc;
	struct generation generations[GENERATIONS_MAX + 1]; /* the last: not said */
	struct count gc_thread_time[GC_THREAD_COUNT], parallel_copied, parallel_max, parallel_balanced;
	struct level slop, fragmentation, heap_blocks, heap_size, allocated, megablocks[3];
	struct level sparks[SPARK_KINDS];
	struct count spark_events[SPARK_EVENT_KINDS];
};

/* The capability's lane, made when it isn't there. NULL: no memory. */
struct lane *lane_get(struct log *l, uint32_t capability);
/* Ends the intervals that are over at that time. */
void lane_advance(struct log *l, struct lane *lane, uint64_t time_ns);
/* Says what the collection that has just ended did, at that time. */
void lane_say_collection(struct log *l, struct lane *lane, uint64_t end_ns);
/* Ends the last interval where the lane's records end. */
void lane_finish(struct log *l, struct lane *lane);
void lane_free(struct lane *lane);

static inline void level_set(struct level *level, uint64_t time_ns, uint64_t value)
{
	level->time_ns = time_ns;
	level->value = value;
	level->is_new = 1;
}

static inline void lane_reach(struct log *l, struct lane *lane, uint64_t time_ns)
{
	if (__builtin_expect(time_ns >= lane->edge_ns, 0))
		lane_advance(l, lane, time_ns);
}

/* Series with these attributes; pairs of texts, a NULL ends them. */
uint32_t series_of(struct log *l, enum row row, ...);

/* ---- threads.c ---- */

enum {
	THREADS_MAX = 1 << 17,   /* at one time; what more do is in the capabilities' sums only */
	PENDING_MAX = 1 << 18,   /* ends of migrations whose other end has not been read */
	PENDING_STEPS_MAX = 256, /* of one thread and capability that are looked at for the other end */
};

#define THREAD_NONE UINT32_MAX

/* One end of a migration. Where a thread is sent on before it was heard of, since when it could run is known only when
 * its earlier departure is: then the arrival there has an heir, which waits for that. Links are index + 1. */
struct pending {
	uint64_t time_ns;
	uint64_t ready_ns; /* of a departure: it could run from then on. Of an arrival that has run: when it did */
	uint32_t to;       /* capability */
	uint32_t next;     /* of its thread's to that capability, in the order of time */
	uint32_t before;   /* of the first one: the last */
	uint32_t heir;     /* of an arrival: the departure or the arrival that is told */
	uint32_t parent;   /* of a departure: the arrival whose heir it is */
	uint8_t is_arrival;
	uint8_t has_run;   /* of an arrival: all that its delay lacks is the departure */
	uint8_t has_ready; /* of a departure */
};

struct threads {
	struct table by_id;
	struct thread *at; /* THREADS_MAX, touched as they are used */
	struct visit *visits;
	struct pending *pendings;
	struct table pending_lists;       /* thread's index, capability and kind to the first of them */
	uint32_t n, n_visits, n_pendings; /* ever used */
	uint32_t free, free_visit, free_pending;
	uint32_t n_waiting; /* finished, with an end of a migration still to come */
	uint64_t n_over, n_pending_over;
	uint64_t n_out_of_step;                        /* records that contradict what was known of a thread */
	uint32_t run_series[STATE_COUNT + STOP_KINDS]; /* of running spans */
	/* thread_times.c */
	uint64_t others_ns[STATE_COUNT];
	uint64_t n_others, n_said;
	uint64_t others_end_ns;
};

int threads_init(struct threads *t);
void threads_done(struct threads *t);

/* Takes the three records that a log is made of (run, stop, wake-up), up to the first other one, which is returned. */
const struct eventlog_event *threads_take(struct log *l, struct lane *lane, const struct eventlog_event *e,
                                          const struct eventlog_event *end);
/* Everything that still goes on ends where its capability's records end. */
void threads_finish(struct log *l);

/* ---- thread_times.c ---- */

/* What a stop is called: why it stopped, or on what it blocked. */
const char *thread_stop_name(uint32_t stop, uint32_t state);
/* The thread's number and label, as attributes of a span. */
uint32_t thread_attrs(struct log *l, const struct thread *thread);
/* Says what a thread did, or adds it to the others'. */
void thread_say(struct log *l, struct thread *thread);
/* Says the others. */
void thread_say_others(struct log *l);

/* ---- Rules: a record's taker ---- */

typedef enum fate taker(struct log *l, struct lane *lane, const struct eventlog_event *e,
                        const struct eventlog_values *v);

/* By tag; NULL: nobody takes it. */
extern taker *const rules[EVENTLOG_TICKY_BEGIN_SAMPLE + 1];

taker thread_create, thread_migrate, thread_label, thread_runnable;
taker gc_request, gc_start, gc_end, gc_thread, gc_stats, gc_concurrent, gc_census, gc_pruned, gc_flush;
taker heap_allocated, heap_size, heap_live, heap_info, heap_blocks, heap_returned;
taker spark_counters, spark_event, task_create, task_delete, task_migrate, capability_count;
taker name_cost_centre, name_info_table;
taker sample_heap_begin, sample_heap_start, sample_heap_bio_start, sample_heap_stack, sample_heap_label,
	sample_heap_end;
taker sample_time_begin, sample_time, perf_name, perf_counter;
taker ticky_definition, ticky_begin, ticky_take;
taker capability_set_create, capability_set_assign;
taker user_record;
taker identity_rts, identity_arguments, identity_environment, identity_pid, identity_clock, identity_version,
	identity_startup;

/* ---- gc.c ---- */

/* Phases of the non-moving collector, by their first record. */
struct concurrent {
	uint64_t start_ns[3];
	uint8_t is_running[3];
	uint32_t n_flushes[LANE_GLOBAL];
};

/* ---- heap.c ---- */

enum {
	TASKS_MAX = 1 << 16,
};

struct task {
	uint64_t id, tid, start_ns;
	uint32_t capability, next_free;
};

struct tasks {
	struct table by_id;
	struct task *at;
	uint32_t n, free;
};

void tasks_finish(struct log *l);

/* ---- names.c ---- */

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
uint32_t names_push(struct log *l, uint32_t parent, uint32_t frame);
/* Where the code of the info table at that address stands. NULL: the log doesn't say. */
const char *names_source(const struct names *n, uint64_t address);
void names_done(struct names *n);

/* ---- samples.c ---- */

enum {
	TICK_STACKS_MAX = 1 << 16, /* different stacks in one interval */
};

struct tick {
	uint64_t n;
	uint32_t stack, is_system;
};

struct ticks {
	struct table by_stack; /* to index */
	struct tick *at;
	uint32_t n;
	uint32_t series[2];        /* of the program's stacks, and of the system's; 0: none yet */
	uint64_t start_ns, end_ns; /* of the interval; end 0: there is none */
};

struct samples {
	uint64_t heap_ns;   /* time of the current heap sample */
	uint64_t n_unnamed; /* stacks with a frame that no name was read for */
	uint32_t breakdown, heap_series;
	uint8_t in_heap, has_heap_series;
	struct ticks ticks, calls;
	struct table perf; /* counter to index */
	struct count *perf_counts;
	uint32_t n_perf;
};

enum fate ticks_add(struct log *l, struct ticks *t, enum row row, uint32_t stack, int is_system, uint64_t time_ns);
void samples_finish(struct log *l);
void samples_done(struct samples *s);

/* ---- ticky.c ---- */

enum {
	TICKY_MAX = 1 << 20,      /* counters with a name */
	TICKY_HELD_MAX = 1 << 18, /* samples that wait for theirs */
	TICKY_COUNTS = 3,         /* entries, bytes by it, bytes of it */
};

struct ticky_sample {
	uint64_t id, start_ns, end_ns, n_records;
	uint64_t counts[TICKY_COUNTS];
};

struct ticky {
	struct table names; /* id to stack */
	struct table last;  /* id to its last sample that waits */
	struct ticky_sample *held;
	uint32_t n_held, n_room;
	uint32_t series[TICKY_COUNTS];
	uint32_t has_begun;
	uint64_t before_ns, now_ns; /* where the current sample starts and ends */
	uint64_t n_merged, n_unnamed;
};

void ticky_finish(struct log *l);
void ticky_done(struct ticky *t);

/* ---- user.c, call_stacks.c ---- */

enum {
	ORDER_CELLS = 1 << 17,      /* 64 bytes each */
	ORDER_CELLS_EASY = 1 << 13, /* so many may wait without a look at what needn't any more */
	SPANS_OPEN_MAX = 1 << 16,
	CALL_FRAMES_MAX = 4096,
};

enum user_key {
	USER_MESSAGE = 0,
	USER_MARKER,
	USER_LABEL,
	USER_KEYS,
};

struct user_span {
	uint64_t start_ns;
	char *label; /* NULL: it is over */
	uint32_t n_label, lane;
	uint32_t next; /* opened before, with a label of the same hash; or the next free one */
};

/* The part of a call stack that has been said so far, innermost first. */
struct call_stack {
	uint32_t capability, thread, n;
	uint32_t frames[CALL_FRAMES_MAX];
};

struct user {
	struct eventlog_order order;
	struct eventlog_order_cell *cells;
	struct eventlog_order_queue *queues;
	uint8_t *room;
	struct table open; /* hash of a label to the span that was opened last */
	struct user_span *spans;
	uint32_t n_spans, free_span;
	struct texts attrs[USER_KEYS]; /* text to the host's id */
	uint64_t n_said;               /* different texts */
	uint32_t n_until_look;
	uint64_t n_unstarted, n_unstopped;
	uint32_t series[ROW_COUNT];
	struct call_stack call_stack;
};

int user_init(struct user *u);
/* Takes what has waited long enough in a log that is still being written: a capability that is idle may not say so for
 * hours. is_quiet: none of them says anything. */
void user_catch_up(struct log *l, int is_quiet);
/* Takes all that still waits. */
void user_finish(struct log *l);
void user_done(struct user *u);

/* One binary message of ghc-stack-profiler. FATE_UNKNOWN: it is none. */
enum fate call_stacks_take(struct log *l, uint64_t time_ns, const uint8_t *at, size_t n);

/* ---- identity.c ---- */

struct identity {
	uint64_t capabilities; /* enabled */
	uint32_t capability_series;
	uint8_t has_capability_series;
	uint8_t has_clock;    /* the log's own */
	uint8_t has_estimate; /* it had to be settled for */
	int64_t estimate_ns, estimate_error_ns;
	int64_t arrival_ns; /* the earliest start by when records came; 0: none */
	uint8_t is_live;    /* they come as they are written */
};

/* The log's latest record was there at now_ns. */
void identity_arrive(struct log *l, int64_t now_ns);
/* Settles when the runtime started for what is known without the log's own word. is_end: the log has been read. */
void identity_settle(struct log *l, int is_end);

/* ---- capability_sets.c ---- */

enum {
	CAPABILITY_SETS_MAX = 64,
};

struct capability_set {
	uint32_t id, type;
	uint8_t members[EVENTLOG_CAPABILITIES_MAX / 8];
};

struct capability_sets {
	struct capability_set at[CAPABILITY_SETS_MAX];
	uint32_t n;
};

void capability_sets_say(struct log *l);

/* ---- All of it ---- */

struct log {
	const struct weir_host *host;
	struct settings settings;
	struct outbox outbox;
	struct lane *lanes[LANE_COUNT];
	uint64_t last_ns; /* the latest time of any record */
	struct threads threads;
	uint32_t pause_series[GENERATIONS_MAX + 1][3][GC_CAUSE_COUNT]; /* asked for: not known how, one thread, all */
	uint32_t heap_live_series, heap_size_series;
	struct concurrent concurrent;
	struct tasks tasks;
	struct names names;
	struct texts labels; /* of heap profiles, to stacks */
	struct samples samples;
	struct ticky ticky;
	struct user user;
	struct identity identity;
	struct capability_sets capability_sets;
	uint64_t fates[FATE_COUNT];
	uint64_t n_unknown[EVENTLOG_TAGS_MAX];
	struct weir_chunk window; /* that is being read */
	uint64_t n_bad_said;
};

/* There is no memory for what a record says: the log is given up. */
enum fate log_no_memory(struct log *l);
void log_say(struct log *l, uint32_t severity, const char *code, uint64_t offset, uint64_t count, const char *format,
             ...) __attribute__((format(printf, 6, 7)));

#endif
