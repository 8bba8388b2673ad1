/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

static enum fate structure(struct log *l, struct lane *lane, const struct eventlog_event *e,
                           const struct eventlog_values *v)
{
	return FATE_STRUCTURE;
}

/* Too short for what threads_take() reads of it. */
static enum fate short_record(struct log *l, struct lane *lane, const struct eventlog_event *e,
                              const struct eventlog_values *v)
{
	return FATE_BAD;
}

/* By tag; NULL: nobody takes it. */
static taker *const rules[EVENTLOG_TICKY_BEGIN_SAMPLE + 1] = {
	[EVENTLOG_CREATE_THREAD] = short_record,
	[EVENTLOG_RUN_THREAD] = short_record,
	[EVENTLOG_STOP_THREAD] = short_record,
	[EVENTLOG_THREAD_RUNNABLE] = thread_runnable,
	[EVENTLOG_MIGRATE_THREAD] = short_record,
	[EVENTLOG_THREAD_WAKEUP] = short_record,
	[EVENTLOG_RUN_SPARK] = spark_event,
	[EVENTLOG_STEAL_SPARK] = spark_event,
	[EVENTLOG_SHUTDOWN] = structure,
	[EVENTLOG_GC_START] = gc_start,
	[EVENTLOG_GC_END] = gc_end,
	[EVENTLOG_REQUEST_SEQ_GC] = gc_request,
	[EVENTLOG_REQUEST_PAR_GC] = gc_request,
	[EVENTLOG_CREATE_SPARK_THREAD] = structure,
	[EVENTLOG_LOG_MSG] = user_record,
	[EVENTLOG_STARTUP] = identity_startup,
	[EVENTLOG_BLOCK_MARKER] = structure,
	[EVENTLOG_USER_MSG] = user_record,
	[EVENTLOG_GC_IDLE] = gc_thread,
	[EVENTLOG_GC_WORK] = gc_thread,
	[EVENTLOG_GC_DONE] = gc_thread,
	[EVENTLOG_VERSION] = identity_version,
	[EVENTLOG_PROGRAM_INVOCATION] = identity_version,
	[EVENTLOG_CAPSET_CREATE] = capability_set_create,
	[EVENTLOG_CAPSET_DELETE] = structure,
	[EVENTLOG_CAPSET_ASSIGN_CAP] = capability_set_assign,
	[EVENTLOG_CAPSET_REMOVE_CAP] = structure,
	[EVENTLOG_RTS_IDENTIFIER] = identity_rts,
	[EVENTLOG_PROGRAM_ARGS] = identity_arguments,
	[EVENTLOG_PROGRAM_ENV] = identity_environment,
	[EVENTLOG_OSPROCESS_PID] = identity_pid,
	[EVENTLOG_OSPROCESS_PPID] = identity_pid,
	[EVENTLOG_SPARK_COUNTERS] = spark_counters,
	[EVENTLOG_SPARK_STEAL] = short_record,
	[EVENTLOG_INTERN_STRING] = structure,
	[EVENTLOG_WALL_CLOCK_TIME] = identity_clock,
	[EVENTLOG_THREAD_LABEL] = thread_label,
	[EVENTLOG_CAP_CREATE] = capability_count,
	[EVENTLOG_CAP_DELETE] = capability_count,
	[EVENTLOG_CAP_DISABLE] = capability_count,
	[EVENTLOG_CAP_ENABLE] = capability_count,
	[EVENTLOG_HEAP_ALLOCATED] = heap_allocated,
	[EVENTLOG_HEAP_SIZE] = heap_size,
	[EVENTLOG_HEAP_LIVE] = heap_live,
	[EVENTLOG_HEAP_INFO] = heap_info,
	[EVENTLOG_GC_STATS] = gc_stats,
	[EVENTLOG_GC_GLOBAL_SYNC] = structure,
	[EVENTLOG_TASK_CREATE] = task_create,
	[EVENTLOG_TASK_MIGRATE] = task_migrate,
	[EVENTLOG_TASK_DELETE] = task_delete,
	[EVENTLOG_USER_MARKER] = user_record,
	[EVENTLOG_HACK_T9003] = structure,
	[EVENTLOG_MEM_RETURN] = heap_returned,
	[EVENTLOG_BLOCKS_SIZE] = heap_blocks,
	[EVENTLOG_PERF_NAME] = perf_name,
	[EVENTLOG_PERF_COUNTER] = perf_counter,
	[EVENTLOG_PERF_TRACEPOINT] = perf_counter,
	[EVENTLOG_HEAP_PROF_BEGIN] = sample_heap_begin,
	[EVENTLOG_HEAP_PROF_COST_CENTRE] = name_cost_centre,
	[EVENTLOG_HEAP_PROF_SAMPLE_BEGIN] = sample_heap_start,
	[EVENTLOG_HEAP_PROF_SAMPLE_COST_CENTRE] = sample_heap_stack,
	[EVENTLOG_HEAP_PROF_SAMPLE_STRING] = sample_heap_label,
	[EVENTLOG_HEAP_PROF_SAMPLE_END] = sample_heap_end,
	[EVENTLOG_HEAP_BIO_PROF_SAMPLE_BEGIN] = sample_heap_bio_start,
	[EVENTLOG_PROF_SAMPLE_COST_CENTRE] = sample_time,
	[EVENTLOG_PROF_BEGIN] = sample_time_begin,
	[EVENTLOG_IPE] = name_info_table,
	[EVENTLOG_USER_BINARY_MSG] = user_record,
	[EVENTLOG_CONC_MARK_BEGIN] = gc_concurrent,
	[EVENTLOG_CONC_MARK_END] = gc_concurrent,
	[EVENTLOG_CONC_SYNC_BEGIN] = gc_concurrent,
	[EVENTLOG_CONC_SYNC_END] = gc_concurrent,
	[EVENTLOG_CONC_SWEEP_BEGIN] = gc_concurrent,
	[EVENTLOG_CONC_SWEEP_END] = gc_concurrent,
	[EVENTLOG_CONC_UPD_REM_SET_FLUSH] = gc_flush,
	[EVENTLOG_NONMOVING_HEAP_CENSUS] = gc_census,
	[EVENTLOG_NONMOVING_PRUNED_SEGMENTS] = gc_pruned,
	[EVENTLOG_TICKY_COUNTER_DEF] = ticky_definition,
	[EVENTLOG_TICKY_COUNTER_SAMPLE] = ticky_take,
	[EVENTLOG_TICKY_BEGIN_SAMPLE] = ticky_begin,
};

/* Types whose values nobody reads one by one (nothing, one text, bytes of any kind, samples), or that are so frequent
 * that who takes them does so without the table of fields. */
static const uint8_t is_whole[EVENTLOG_TICKY_BEGIN_SAMPLE + 1] = {
	[EVENTLOG_GC_START] = 1,
	[EVENTLOG_GC_END] = 1,
	[EVENTLOG_REQUEST_SEQ_GC] = 1,
	[EVENTLOG_REQUEST_PAR_GC] = 1,
	[EVENTLOG_LOG_MSG] = 1,
	[EVENTLOG_USER_MSG] = 1,
	[EVENTLOG_GC_IDLE] = 1,
	[EVENTLOG_GC_WORK] = 1,
	[EVENTLOG_GC_DONE] = 1,
	[EVENTLOG_SPARK_COUNTERS] = 1,
	[EVENTLOG_HEAP_ALLOCATED] = 1,
	[EVENTLOG_HEAP_SIZE] = 1,
	[EVENTLOG_HEAP_LIVE] = 1,
	[EVENTLOG_GC_STATS] = 1,
	[EVENTLOG_GC_GLOBAL_SYNC] = 1,
	[EVENTLOG_USER_MARKER] = 1,
	[EVENTLOG_USER_BINARY_MSG] = 1,
	[EVENTLOG_HEAP_PROF_SAMPLE_BEGIN] = 1,
	[EVENTLOG_HEAP_PROF_SAMPLE_COST_CENTRE] = 1,
	[EVENTLOG_HEAP_PROF_SAMPLE_STRING] = 1,
	[EVENTLOG_HEAP_PROF_SAMPLE_END] = 1,
	[EVENTLOG_PROF_SAMPLE_COST_CENTRE] = 1,
};

/* Of another runtime that writes eventlogs: Eden's, Mercury's. */
static int is_foreign(uint32_t tag)
{
	return (tag >= EVENTLOG_EDEN_START_RECEIVE && tag <= EVENTLOG_EDEN_LOCAL) ||
	       (tag >= EVENTLOG_MERCURY_FIRST && tag <= EVENTLOG_MERCURY_LAST);
}

static enum fate pass_over(struct log *l, uint32_t tag)
{
	if (is_foreign(tag))
		return FATE_FOREIGN;
	l->n_unknown[tag]++;
	return FATE_UNKNOWN;
}

static __attribute__((noinline)) enum fate take_values(struct log *l, struct lane *lane, const struct eventlog_event *e)
{
	struct eventlog_values values;

	return eventlog_values(e, &values) == PARSE_OK ? rules[e->tag](l, lane, e, &values) : FATE_BAD;
}

enum fate rules_take(struct log *l, struct lane *lane, const struct eventlog_event *e)
{
	taker *rule = e->tag < sizeof(rules) / sizeof(rules[0]) ? rules[e->tag] : NULL;

	if (!rule)
		return pass_over(l, e->tag);
	return is_whole[e->tag] ? rule(l, lane, e, NULL) : take_values(l, lane, e);
}
