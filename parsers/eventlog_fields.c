/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/eventlog_fields.h"

#include "parsers/cursor.h"

#include <string.h>

enum {
	OLD_CENSUS_BYTES = 13,
	OLD_CENSUS_LOG_MAX = 63,
};

#define U8(name)                                                                                                       \
	{                                                                                                              \
		name, EVENTLOG_U8, 0                                                                                   \
	}
#define U16(name)                                                                                                      \
	{                                                                                                              \
		name, EVENTLOG_U16, 0                                                                                  \
	}
#define U32(name)                                                                                                      \
	{                                                                                                              \
		name, EVENTLOG_U32, 0                                                                                  \
	}
#define U64(name)                                                                                                      \
	{                                                                                                              \
		name, EVENTLOG_U64, 0                                                                                  \
	}
#define CSTRING(name)                                                                                                  \
	{                                                                                                              \
		name, EVENTLOG_CSTRING, 0                                                                              \
	}
#define TEXT(name)                                                                                                     \
	{                                                                                                              \
		name, EVENTLOG_TEXT, 0                                                                                 \
	}
#define OPTIONAL(k, n)                                                                                                 \
	{                                                                                                              \
		n, EVENTLOG_##k, 1                                                                                     \
	}

static const struct eventlog_type types[EVENTLOG_TICKY_BEGIN_SAMPLE + 1] = {
	[EVENTLOG_CREATE_THREAD] = { "create_thread", { U32("thread") } },
	[EVENTLOG_RUN_THREAD] = { "run_thread", { U32("thread") } },
	[EVENTLOG_STOP_THREAD] = { "stop_thread", { U32("thread"), U16("status"), OPTIONAL(U32, "info") } },
	[EVENTLOG_THREAD_RUNNABLE] = { "thread_runnable", { U32("thread") } },
	[EVENTLOG_MIGRATE_THREAD] = { "migrate_thread", { U32("thread"), U16("capability") } },
	[EVENTLOG_RUN_SPARK] = { "run_spark", { U32("thread") } },
	[EVENTLOG_STEAL_SPARK] = { "steal_spark", { U32("thread"), U16("victim") } },
	[EVENTLOG_SHUTDOWN] = { "shutdown", { { 0 } } },
	[EVENTLOG_THREAD_WAKEUP] = { "thread_wakeup", { U32("thread"), U16("capability") } },
	[EVENTLOG_GC_START] = { "gc_start", { { 0 } } },
	[EVENTLOG_GC_END] = { "gc_end", { { 0 } } },
	[EVENTLOG_REQUEST_SEQ_GC] = { "request_seq_gc", { { 0 } } },
	[EVENTLOG_REQUEST_PAR_GC] = { "request_par_gc", { { 0 } } },
	[EVENTLOG_CREATE_SPARK_THREAD] = { "create_spark_thread", { U32("thread") } },
	[EVENTLOG_LOG_MSG] = { "log_msg", { TEXT("text") } },
	[EVENTLOG_STARTUP] = { "startup", { OPTIONAL(U16, "capabilities") } },
	[EVENTLOG_BLOCK_MARKER] = { "block_marker", { U32("bytes"), U64("end_ns"), U16("capability") } },
	[EVENTLOG_USER_MSG] = { "user_msg", { TEXT("text") } },
	[EVENTLOG_GC_IDLE] = { "gc_idle", { { 0 } } },
	[EVENTLOG_GC_WORK] = { "gc_work", { { 0 } } },
	[EVENTLOG_GC_DONE] = { "gc_done", { { 0 } } },
	[EVENTLOG_VERSION] = { "version", { TEXT("text") } },
	[EVENTLOG_PROGRAM_INVOCATION] = { "program_invocation", { TEXT("text") } },
	[EVENTLOG_CAPSET_CREATE] = { "capset_create", { U32("set"), U16("type") } },
	[EVENTLOG_CAPSET_DELETE] = { "capset_delete", { U32("set") } },
	[EVENTLOG_CAPSET_ASSIGN_CAP] = { "capset_assign_cap", { U32("set"), U16("capability") } },
	[EVENTLOG_CAPSET_REMOVE_CAP] = { "capset_remove_cap", { U32("set"), U16("capability") } },
	[EVENTLOG_RTS_IDENTIFIER] = { "rts_identifier", { U32("set"), TEXT("text") } },
	[EVENTLOG_PROGRAM_ARGS] = { "program_args", { U32("set"), { "arguments", EVENTLOG_TEXTS, 0 } } },
	[EVENTLOG_PROGRAM_ENV] = { "program_env", { U32("set"), { "variables", EVENTLOG_TEXTS, 0 } } },
	[EVENTLOG_OSPROCESS_PID] = { "osprocess_pid", { U32("set"), U32("pid") } },
	[EVENTLOG_OSPROCESS_PPID] = { "osprocess_ppid", { U32("set"), U32("pid") } },
	[EVENTLOG_SPARK_COUNTERS] = { "spark_counters",
	                              { U64("created"), U64("dud"), U64("overflowed"), U64("converted"),
	                                U64("collected"), U64("fizzled"), U64("remaining") } },
	[EVENTLOG_SPARK_CREATE] = { "spark_create", { { 0 } } },
	[EVENTLOG_SPARK_DUD] = { "spark_dud", { { 0 } } },
	[EVENTLOG_SPARK_OVERFLOW] = { "spark_overflow", { { 0 } } },
	[EVENTLOG_SPARK_RUN] = { "spark_run", { { 0 } } },
	[EVENTLOG_SPARK_STEAL] = { "spark_steal", { U16("victim") } },
	[EVENTLOG_SPARK_FIZZLE] = { "spark_fizzle", { { 0 } } },
	[EVENTLOG_SPARK_GC] = { "spark_gc", { { 0 } } },
	[EVENTLOG_INTERN_STRING] = { "intern_string", { { "text", EVENTLOG_TEXT_BUT_U32, 0 }, U32("id") } },
	[EVENTLOG_WALL_CLOCK_TIME] = { "wall_clock_time", { U32("set"), U64("s"), U32("ns") } },
	[EVENTLOG_THREAD_LABEL] = { "thread_label", { U32("thread"), TEXT("text") } },
	[EVENTLOG_CAP_CREATE] = { "cap_create", { U16("capability") } },
	[EVENTLOG_CAP_DELETE] = { "cap_delete", { U16("capability") } },
	[EVENTLOG_CAP_DISABLE] = { "cap_disable", { U16("capability") } },
	[EVENTLOG_CAP_ENABLE] = { "cap_enable", { U16("capability") } },
	[EVENTLOG_HEAP_ALLOCATED] = { "heap_allocated", { U32("set"), U64("bytes") } },
	[EVENTLOG_HEAP_SIZE] = { "heap_size", { U32("set"), U64("bytes") } },
	[EVENTLOG_HEAP_LIVE] = { "heap_live", { U32("set"), U64("bytes") } },
	[EVENTLOG_HEAP_INFO] = { "heap_info",
	                         { U32("set"), U16("generations"), U64("max_bytes"), U64("area_bytes"),
	                           U64("mblock_bytes"), U64("block_bytes") } },
	[EVENTLOG_GC_STATS] = { "gc_stats",
	                        { U32("set"), U16("generation"), U64("copied_bytes"), U64("slop_bytes"),
	                          U64("fragmentation_bytes"), U32("threads"), U64("max_copied_bytes"),
	                          U64("total_copied_bytes"), OPTIONAL(U64, "balanced_copied_bytes") } },
	[EVENTLOG_GC_GLOBAL_SYNC] = { "gc_global_sync", { { 0 } } },
	[EVENTLOG_TASK_CREATE] = { "task_create", { U64("task"), U16("capability"), U64("tid") } },
	[EVENTLOG_TASK_MIGRATE] = { "task_migrate", { U64("task"), U16("capability"), U16("new_capability") } },
	[EVENTLOG_TASK_DELETE] = { "task_delete", { U64("task") } },
	[EVENTLOG_USER_MARKER] = { "user_marker", { TEXT("text") } },
	[EVENTLOG_HACK_T9003] = { "hack_t9003", { { 0 } } },
	[EVENTLOG_EDEN_START_RECEIVE] = { "eden_start_receive", { { 0 } } },
	[EVENTLOG_EDEN_END_RECEIVE] = { "eden_end_receive", { { 0 } } },
	[EVENTLOG_EDEN_CREATE_PROCESS] = { "eden_create_process", { U32("process") } },
	[EVENTLOG_EDEN_KILL_PROCESS] = { "eden_kill_process", { U32("process") } },
	[EVENTLOG_EDEN_ASSIGN_THREAD] = { "eden_assign_thread", { U32("thread"), U32("process") } },
	[EVENTLOG_EDEN_CREATE_MACHINE] = { "eden_create_machine", { U16("machine"), U64("time") } },
	[EVENTLOG_EDEN_KILL_MACHINE] = { "eden_kill_machine", { U16("machine") } },
	[EVENTLOG_EDEN_SEND] = { "eden_send",
	                         { U8("kind"), U32("process"), U32("thread"), U16("to_machine"), U32("to_process"),
	                           U32("to_port") } },
	[EVENTLOG_EDEN_RECEIVE] = { "eden_receive",
	                            { U8("kind"), U32("process"), U32("port"), U16("from_machine"), U32("from_process"),
	                              U32("from_thread"), U32("bytes") } },
	[EVENTLOG_EDEN_LOCAL] = { "eden_local",
	                          { U8("kind"), U32("process"), U32("thread"), U32("to_process"), U32("to_port") } },
	[EVENTLOG_MEM_RETURN] = { "mem_return", { U32("set"), U32("current"), U32("needed"), U32("returned") } },
	[EVENTLOG_BLOCKS_SIZE] = { "blocks_size", { U32("set"), U64("bytes") } },
	[EVENTLOG_MERCURY_FIRST] = { "mercury_start_par_conjunction", { U64("dynamic"), U32("static") } },
	[EVENTLOG_MERCURY_FIRST + 1] = { "mercury_stop_par_conjunction", { U64("dynamic") } },
	[EVENTLOG_MERCURY_FIRST + 2] = { "mercury_stop_par_conjunct", { U64("dynamic") } },
	[EVENTLOG_MERCURY_FIRST + 3] = { "mercury_create_spark", { U64("dynamic"), U32("spark") } },
	[EVENTLOG_MERCURY_FIRST + 4] = { "mercury_future_create", { U64("future"), U32("name") } },
	[EVENTLOG_MERCURY_FIRST + 5] = { "mercury_future_wait_nosuspend", { U64("future") } },
	[EVENTLOG_MERCURY_FIRST + 6] = { "mercury_future_wait_suspended", { U64("future") } },
	[EVENTLOG_MERCURY_FIRST + 7] = { "mercury_future_signal", { U64("future") } },
	[EVENTLOG_MERCURY_FIRST + 8] = { "mercury_looking_for_global_context", { { 0 } } },
	[EVENTLOG_MERCURY_FIRST + 9] = { "mercury_work_stealing", { { 0 } } },
	[EVENTLOG_MERCURY_FIRST + 10] = { "mercury_release_context", { U32("context") } },
	[EVENTLOG_MERCURY_FIRST + 11] = { "mercury_engine_sleeping", { { 0 } } },
	[EVENTLOG_MERCURY_FIRST + 12] = { "mercury_looking_for_local_spark", { { 0 } } },
	[EVENTLOG_MERCURY_LAST] = { "mercury_calling_main", { { 0 } } },
	[EVENTLOG_PERF_NAME] = { "perf_name", { U32("counter"), TEXT("text") } },
	[EVENTLOG_PERF_COUNTER] = { "perf_counter", { U32("counter"), U64("tid"), U64("period") } },
	[EVENTLOG_PERF_TRACEPOINT] = { "perf_tracepoint", { U32("counter"), U64("tid") } },
	[EVENTLOG_HEAP_PROF_BEGIN] = { "heap_prof_begin",
	                               { U8("id"), U64("period_ns"), U32("breakdown"), CSTRING("module"),
	                                 CSTRING("closure"), CSTRING("type"), CSTRING("cost_centre"), CSTRING("stack"),
	                                 CSTRING("retainer"), CSTRING("biography") } },
	[EVENTLOG_HEAP_PROF_COST_CENTRE] = { "heap_prof_cost_centre",
	                                     { U32("id"), CSTRING("label"), CSTRING("module"), CSTRING("source"),
	                                       U8("is_caf") } },
	[EVENTLOG_HEAP_PROF_SAMPLE_BEGIN] = { "heap_prof_sample_begin", { U64("era") } },
	[EVENTLOG_HEAP_PROF_SAMPLE_COST_CENTRE] = { "heap_prof_sample_cost_centre",
	                                            { U8("id"),
	                                              U64("bytes"),
	                                              U8("depth"),
	                                              { "stack", EVENTLOG_U32S, 0 } } },
	[EVENTLOG_HEAP_PROF_SAMPLE_STRING] = { "heap_prof_sample_string",
	                                       { U8("id"), U64("bytes"), CSTRING("label") } },
	[EVENTLOG_HEAP_PROF_SAMPLE_END] = { "heap_prof_sample_end", { U64("era") } },
	[EVENTLOG_HEAP_BIO_PROF_SAMPLE_BEGIN] = { "heap_bio_prof_sample_begin", { U64("era"), U64("time_ns") } },
	[EVENTLOG_PROF_SAMPLE_COST_CENTRE] = { "prof_sample_cost_centre",
	                                       { U32("capability"),
	                                         U64("tick"),
	                                         U8("depth"),
	                                         { "stack", EVENTLOG_U32S, 0 } } },
	[EVENTLOG_PROF_BEGIN] = { "prof_begin", { U64("interval_ns") } },
	[EVENTLOG_IPE] = { "ipe",
	                   { U64("address"), CSTRING("table"), CSTRING("closure"), CSTRING("type"), CSTRING("label"),
	                     CSTRING("module"), CSTRING("source") } },
	[EVENTLOG_USER_BINARY_MSG] = { "user_binary_msg", { { "bytes", EVENTLOG_BYTES, 0 } } },
	[EVENTLOG_CONC_MARK_BEGIN] = { "conc_mark_begin", { { 0 } } },
	[EVENTLOG_CONC_MARK_END] = { "conc_mark_end", { U32("objects") } },
	[EVENTLOG_CONC_SYNC_BEGIN] = { "conc_sync_begin", { { 0 } } },
	[EVENTLOG_CONC_SYNC_END] = { "conc_sync_end", { { 0 } } },
	[EVENTLOG_CONC_SWEEP_BEGIN] = { "conc_sweep_begin", { { 0 } } },
	[EVENTLOG_CONC_SWEEP_END] = { "conc_sweep_end", { { 0 } } },
	[EVENTLOG_CONC_UPD_REM_SET_FLUSH] = { "conc_upd_rem_set_flush", { U16("capability") } },
	[EVENTLOG_NONMOVING_HEAP_CENSUS] = { "nonmoving_heap_census",
	                                     { { "block_bytes", EVENTLOG_CENSUS_SIZE, 0 },
	                                       U32("active_segments"),
	                                       U32("filled_segments"),
	                                       U32("live_blocks") } },
	[EVENTLOG_NONMOVING_PRUNED_SEGMENTS] = { "nonmoving_pruned_segments", { U32("pruned"), U32("free") } },
	[EVENTLOG_TICKY_COUNTER_DEF] = { "ticky_counter_def",
	                                 { U64("id"), U16("arity"), CSTRING("kinds"), CSTRING("name"),
	                                   OPTIONAL(U64, "info"), OPTIONAL(CSTRING, "json") } },
	[EVENTLOG_TICKY_COUNTER_SAMPLE] = { "ticky_counter_sample",
	                                    { U64("id"), U64("entries"), U64("allocs"), U64("allocd") } },
	[EVENTLOG_TICKY_BEGIN_SAMPLE] = { "ticky_begin_sample", { { 0 } } },
};

const struct eventlog_type *eventlog_type(uint32_t tag)
{
	return tag < sizeof(types) / sizeof(types[0]) && types[tag].name ? &types[tag] : NULL;
}

/* Bytes of a number; 0: a field of another kind. */
static const uint8_t widths[EVENTLOG_BYTES + 1] = {
	[EVENTLOG_U8] = 1, [EVENTLOG_U16] = 2, [EVENTLOG_U32] = 4, [EVENTLOG_U64] = 8
};

/* Of 1 to 8 bytes, of which n_left > 0 are followed by nothing that may be read. */
static inline uint64_t read_number(const uint8_t *at, size_t n_left, uint32_t width)
{
	uint64_t number = 0;

	if (__builtin_expect(n_left >= 8, 1))
		return eventlog_u64(at) >> (64 - 8 * width);
	for (uint32_t i = 0; i < width; i++)
		number = number << 8 | at[i];
	return number;
}

static uint64_t read_census_size(struct cursor *c, size_t n_payload)
{
	uint8_t log;

	if (n_payload != OLD_CENSUS_BYTES)
		return cursor_be16(c);
	log = cursor_u8(c);
	return log <= OLD_CENSUS_LOG_MAX ? (uint64_t)1 << log : 0;
}

static struct parse_text read_text(struct cursor *c, size_t n)
{
	const uint8_t *at = cursor_take(c, n);

	return (struct parse_text){ (const char *)at, at ? n : 0 };
}

static struct parse_text read_cstring(struct cursor *c)
{
	const uint8_t *nul = cursor_left(c) ? memchr(c->at, 0, cursor_left(c)) : NULL;
	struct parse_text text = { "", 0 };

	if (!nul) {
		c->is_short = 1;
		return text;
	}
	text = read_text(c, (size_t)(nul - c->at));
	(void)cursor_take(c, 1);
	return text;
}

static struct parse_text read_text_field(struct cursor *c, uint8_t kind, uint64_t before)
{
	size_t n = cursor_left(c);

	switch (kind) {
	case EVENTLOG_CSTRING:
		return read_cstring(c);
	case EVENTLOG_U32S:
		return read_text(c, before * 4);
	case EVENTLOG_TEXT_BUT_U32:
		return read_text(c, n < 4 ? n + 1 : n - 4);
	default:
		return read_text(c, n);
	}
}

enum parse_result eventlog_values(const struct eventlog_event *e, struct eventlog_values *ret)
{
	const struct eventlog_type *type = eventlog_type(e->tag);
	struct cursor c = { e->payload, e->payload + e->n_payload, 0 };
	uint32_t n = 0;

	ret->n = 0;
	if (!type)
		return PARSE_END;
	for (; n < EVENTLOG_FIELDS_MAX && type->fields[n].name; n++) {
		const struct eventlog_field *f = &type->fields[n];
		struct eventlog_value *v = &ret->at[n];
		size_t n_left = cursor_left(&c);

		if (f->is_optional && !n_left)
			break;
		if (widths[f->kind]) {
			if (n_left < widths[f->kind])
				return PARSE_BAD;
			v->number = read_number(c.at, n_left, widths[f->kind]);
			c.at += widths[f->kind];
		} else if (f->kind == EVENTLOG_CENSUS_SIZE) {
			v->number = read_census_size(&c, e->n_payload);
		} else {
			v->text = read_text_field(&c, f->kind, n ? ret->at[n - 1].number : 0);
		}
	}
	ret->n = n;
	return c.is_short ? PARSE_BAD : PARSE_OK;
}

int eventlog_next_text(struct parse_text *rest, struct parse_text *ret)
{
	const char *nul;

	if (!rest->n)
		return 0;
	nul = memchr(rest->at, 0, rest->n);
	ret->at = rest->at;
	ret->n = nul ? (size_t)(nul - rest->at) : rest->n;
	rest->n -= ret->n + (nul != NULL);
	rest->at += ret->n + (nul != NULL);
	return 1;
}
