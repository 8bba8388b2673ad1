/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_RULES_H
#define GHC_EVENTLOG_RULES_H

/* Which part takes which record. */

#include "collectors/ghc-eventlog/ledger.h"
#include "parsers/eventlog_fields.h"

struct log;
struct lane;

/* v: NULL for types whose payload is taken as a whole. */
typedef enum fate taker(struct log *l, struct lane *lane, const struct eventlog_event *e,
                        const struct eventlog_values *v);

/* Takes a record of a lane whose interval it is in, and says what becomes of it. */
enum fate rules_take(struct log *l, struct lane *lane, const struct eventlog_event *e);

taker thread_label, thread_runnable;
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

#endif
