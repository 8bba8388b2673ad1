/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARSERS_EVENTLOG_H
#define PARSERS_EVENTLOG_H

/* GHC's binary eventlog, from bytes to records, as GHC 6.12 to 9.14 write it.
 *
 *     stream  = header record* end?                  all integers big-endian, on every machine
 *     header  = "hdrb" "hetb" type* "hete" "hdre" "datb"
 *     type    = "etb\0" u16 tag, u16 size, u32 n, n bytes of description, u32 m, m bytes of nothing yet, "ete\0"
 *     record  = u16 tag, u64 time in ns since the runtime started, [u16 n when the type's size is 0xffff], payload
 *     block   = record 18 (u32 bytes of the block with this record, u64 time of its end, u16 capability), record*
 *     end     = 0xffff
 *
 *         0     2         10                14        22    24
 *         +-----+---------+-----------------+---------+-----+---------------------------
 *         | 18  | time    | bytes of block  | end     | cap | records of that capability ...
 *         +-----+---------+-----------------+---------+-----+---------------------------
 *
 * A capability fills a buffer of 2 MB and then writes it as one block; what belongs to no capability goes to a buffer
 * of its own (capability 0xffff). So blocks of different capabilities overlap in time, and times inside a block are
 * nearly but not quite sorted. Neither is put right here: see eventlog_order.h.
 *
 * What is tolerated, because real runtimes write it: an end marker that is missing, a header that comes again, sizes
 * that the header declares wrongly (6.12, one snapshot of 9.5), info-table records whose length is one too large or has
 * wrapped around at 64 KiB. What is not: see eventlog_recovery.h.
 *
 * Source: GHC's rts/eventlog/EventLog.c and rts/include/rts/EventLogFormat.h, 6.12 to 9.14.
 */

#include "parsers/result.h"

#include <stdint.h>

enum eventlog_tag {
	EVENTLOG_CREATE_THREAD = 0,
	EVENTLOG_RUN_THREAD,
	EVENTLOG_STOP_THREAD,
	EVENTLOG_THREAD_RUNNABLE,
	EVENTLOG_MIGRATE_THREAD,
	EVENTLOG_RUN_SPARK,
	EVENTLOG_STEAL_SPARK,
	EVENTLOG_SHUTDOWN,
	EVENTLOG_THREAD_WAKEUP,
	EVENTLOG_GC_START,
	EVENTLOG_GC_END,
	EVENTLOG_REQUEST_SEQ_GC,
	EVENTLOG_REQUEST_PAR_GC,
	EVENTLOG_CREATE_SPARK_THREAD = 15,
	EVENTLOG_LOG_MSG,
	EVENTLOG_STARTUP,
	EVENTLOG_BLOCK_MARKER,
	EVENTLOG_USER_MSG,
	EVENTLOG_GC_IDLE,
	EVENTLOG_GC_WORK,
	EVENTLOG_GC_DONE,
	EVENTLOG_VERSION,
	EVENTLOG_PROGRAM_INVOCATION,
	EVENTLOG_CAPSET_CREATE,
	EVENTLOG_CAPSET_DELETE,
	EVENTLOG_CAPSET_ASSIGN_CAP,
	EVENTLOG_CAPSET_REMOVE_CAP,
	EVENTLOG_RTS_IDENTIFIER,
	EVENTLOG_PROGRAM_ARGS,
	EVENTLOG_PROGRAM_ENV,
	EVENTLOG_OSPROCESS_PID,
	EVENTLOG_OSPROCESS_PPID,
	EVENTLOG_SPARK_COUNTERS,
	EVENTLOG_SPARK_CREATE,
	EVENTLOG_SPARK_DUD,
	EVENTLOG_SPARK_OVERFLOW,
	EVENTLOG_SPARK_RUN,
	EVENTLOG_SPARK_STEAL,
	EVENTLOG_SPARK_FIZZLE,
	EVENTLOG_SPARK_GC,
	EVENTLOG_INTERN_STRING,
	EVENTLOG_WALL_CLOCK_TIME,
	EVENTLOG_THREAD_LABEL,
	EVENTLOG_CAP_CREATE,
	EVENTLOG_CAP_DELETE,
	EVENTLOG_CAP_DISABLE,
	EVENTLOG_CAP_ENABLE,
	EVENTLOG_HEAP_ALLOCATED,
	EVENTLOG_HEAP_SIZE,
	EVENTLOG_HEAP_LIVE,
	EVENTLOG_HEAP_INFO,
	EVENTLOG_GC_STATS,
	EVENTLOG_GC_GLOBAL_SYNC,
	EVENTLOG_TASK_CREATE,
	EVENTLOG_TASK_MIGRATE,
	EVENTLOG_TASK_DELETE,
	EVENTLOG_USER_MARKER,
	EVENTLOG_HACK_T9003,
	EVENTLOG_EDEN_START_RECEIVE,
	EVENTLOG_EDEN_END_RECEIVE,
	EVENTLOG_EDEN_CREATE_PROCESS,
	EVENTLOG_EDEN_KILL_PROCESS,
	EVENTLOG_EDEN_ASSIGN_THREAD,
	EVENTLOG_EDEN_CREATE_MACHINE,
	EVENTLOG_EDEN_KILL_MACHINE,
	EVENTLOG_EDEN_SEND,
	EVENTLOG_EDEN_RECEIVE,
	EVENTLOG_EDEN_LOCAL,
	EVENTLOG_MEM_RETURN = 90,
	EVENTLOG_BLOCKS_SIZE,
	EVENTLOG_MERCURY_FIRST = 100,
	EVENTLOG_MERCURY_LAST = 113,
	EVENTLOG_PERF_NAME = 140,
	EVENTLOG_PERF_COUNTER,
	EVENTLOG_PERF_TRACEPOINT,
	EVENTLOG_HEAP_PROF_BEGIN = 160,
	EVENTLOG_HEAP_PROF_COST_CENTRE,
	EVENTLOG_HEAP_PROF_SAMPLE_BEGIN,
	EVENTLOG_HEAP_PROF_SAMPLE_COST_CENTRE,
	EVENTLOG_HEAP_PROF_SAMPLE_STRING,
	EVENTLOG_HEAP_PROF_SAMPLE_END,
	EVENTLOG_HEAP_BIO_PROF_SAMPLE_BEGIN,
	EVENTLOG_PROF_SAMPLE_COST_CENTRE,
	EVENTLOG_PROF_BEGIN,
	EVENTLOG_IPE,
	EVENTLOG_USER_BINARY_MSG = 181,
	EVENTLOG_CONC_MARK_BEGIN = 200,
	EVENTLOG_CONC_MARK_END,
	EVENTLOG_CONC_SYNC_BEGIN,
	EVENTLOG_CONC_SYNC_END,
	EVENTLOG_CONC_SWEEP_BEGIN,
	EVENTLOG_CONC_SWEEP_END,
	EVENTLOG_CONC_UPD_REM_SET_FLUSH,
	EVENTLOG_NONMOVING_HEAP_CENSUS,
	EVENTLOG_NONMOVING_PRUNED_SEGMENTS,
	EVENTLOG_TICKY_COUNTER_DEF = 210,
	EVENTLOG_TICKY_COUNTER_SAMPLE,
	EVENTLOG_TICKY_BEGIN_SAMPLE,
};

enum {
	EVENTLOG_END_TAG = 0xffff,
	EVENTLOG_NO_CAPABILITY = 0xffff,  /* the block of what belongs to none, and records before the first block */
	EVENTLOG_TAGS_MAX = 512,          /* tags from here on may not be declared; GHC's highest is 212 */
	EVENTLOG_CAPABILITIES_MAX = 1024, /* GHC stops at 256 */
	EVENTLOG_DESCRIPTION_MAX = 4096,  /* bytes; GHC's longest is 44 */
	EVENTLOG_RECORD_MAX = 1 << 20,    /* bytes of one record; only an info table's names can pass 64 KiB */
	EVENTLOG_BATCH_MAX = 256,         /* records */
	EVENTLOG_HEAD_BYTES = 10,         /* of a record: tag, time */
	EVENTLOG_HELD = 2, /* records that must follow one, at least their heads, before it is handed out */
	EVENTLOG_MARKER_BYTES = 24,
	EVENTLOG_TIME_SLACK_NS = 1000000000,
};

/* Sizes that are none; those of fixed types are below. */
enum {
	EVENTLOG_SIZE_MARKER = 0xfffc, /* a block begins */
	EVENTLOG_SIZE_NAMES = 0xfffd,  /* variable, but the names in it are believed, not its length: info tables */
	EVENTLOG_SIZE_UNDECLARED = 0xfffe,
	EVENTLOG_SIZE_VARIABLE = 0xffff, /* as in the file */
	EVENTLOG_SIZE_SPECIAL_MIN = EVENTLOG_SIZE_MARKER,
};

enum eventlog_kind {
	EVENTLOG_RECORD = 0,
	EVENTLOG_HEADER,      /* a header begins: all declarations so far are void. No payload */
	EVENTLOG_DECLARATION, /* of the type `tag`; the payload is its description */
};

struct eventlog_event {
	uint64_t time_ns;       /* since the runtime started */
	const uint8_t *payload; /* in the buffer that was read, and valid as long as that */
	uint32_t n_payload;
	uint16_t tag;
	uint16_t kind; /* enum eventlog_kind */
};

/* Records of one block, in the file's order. The block's own marker is the first of them. */
struct eventlog_batch {
	size_t n;
	size_t n_used; /* bytes of the buffer that are done with */
	uint32_t capability;
	struct eventlog_event events[EVENTLOG_BATCH_MAX + EVENTLOG_HELD]; /* the last ones are never handed out */
};

enum eventlog_phase {
	EVENTLOG_AT_START = 0, /* a header must come */
	EVENTLOG_IN_HEADER,
	EVENTLOG_IN_RECORDS,
	EVENTLOG_AT_END, /* after an end marker: nothing, or another header */
	EVENTLOG_LOST,   /* out of step: eventlog_recover() is looking for a way on */
};

/* What is known of the block that is being read. A record's time may lie EVENTLOG_TIME_SLACK_NS before the one before
 * it (some are taken before they are written), and as long after the block's end. */
struct eventlog_block {
	uint64_t end_offset;   /* UINT64_MAX: not known */
	uint64_t last_time_ns; /* of the record before */
	uint64_t slack_ns;     /* how far back a record may step */
	uint64_t span_ns;      /* how far a record may lie after the earliest time it may have */
	uint32_t capability;
	uint32_t n_until_guess; /* batches until the reader guesses sizes again */
};

/* Where a reader stands. The caller's, and copyable. */
struct eventlog {
	uint64_t offset; /* of the next byte, from the start of the stream */
	struct eventlog_block block;
	uint32_t phase; /* enum eventlog_phase */
	uint32_t n_headers;
	uint16_t size[EVENTLOG_TAGS_MAX]; /* by tag: bytes of payload, or EVENTLOG_SIZE_* */
};

void eventlog_init(struct eventlog *s);

/* Reads up to EVENTLOG_BATCH_MAX records of one block. `is_last`: nothing comes after the n bytes.
 *
 * A record is handed out only once what follows it makes sense (or the block or the stream ends there), so that one
 * which another record was written into is seen before it is believed. Which records come out, and in which order, does
 * not depend on how the stream was cut into buffers; only how many at once.
 *
 * PARSE_OK: b->n records (0 in a header), b->n_used bytes > 0. PARSE_MORE: the buffer ends inside a record; with
 * is_last the stream does, in the header. PARSE_END: the end marker, b->n_used bytes; a further header may follow.
 * PARSE_BAD: nothing is used. A fault in the header (code `eventlog.header…`) ends all reading, any other is for
 * eventlog_recover(): also that the stream ends inside a record (`eventlog.cut`), for a damaged length looks like that.
 */
enum parse_result eventlog_read(struct eventlog *s, const uint8_t *at, size_t n, int is_last, struct eventlog_batch *b,
                                struct parse_fault *fault) __attribute__((warn_unused_result));

/* Passes over the rest of the block that is being read, and says how many bytes of the stream that is; 0 where its end
 * isn't known. */
uint64_t eventlog_skip_block(struct eventlog *s);

/* Where a record ends. */
static inline const uint8_t *eventlog_end(const struct eventlog_event *e)
{
	return e->payload + e->n_payload;
}

static inline uint16_t eventlog_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t eventlog_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t eventlog_u64(const uint8_t *at)
{
	uint64_t high = eventlog_u32(at);

	return high << 32 | eventlog_u32(at + 4);
}

#endif
