/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GHC_EVENTLOG_GHC_EVENTLOG_H
#define GHC_EVENTLOG_GHC_EVENTLOG_H

/* The parts of the eventlog collector.
 *
 *     ghc_eventlog.c  the collector: options, reading
 *     ledger.c        what became of records, and what was odd
 *     damage.c        what is missing
 *     metrics.c       its dictionary
 *     rules.c         which part takes which record
 *     lanes.c         capabilities and their intervals
 *     threads.c       what threads do, capability by capability
 *     visits.c        threads, and where they are
 *     migrations.c    what two capabilities tell of one thread
 *     pendings.c      ends of migrations that wait for the other one
 *     thread_times.c  a thread's times, once it is over
 *     gc.c            collections: pauses, parallel and non-moving ones
 *     heap.c          sizes, sparks, tasks
 *     names.c         cost centres and info tables, into frames
 *     samples.c       heap and time profiles
 *     ticky.c         ticky-ticky counters
 *     user.c          what the program says of itself, in the order of time
 *     call_stacks.c   what ghc-stack-profiler says
 *     identity.c      what the log says of the program and of its clock
 *     look_ahead.c    the log's clock, where it stands at its end
 *     capability_sets.c
 *                     processes and clocks that capabilities belong to
 *     outbox.c, distribution.c, pages.c, table.c, texts.c
 *
 * Records are taken in the file's order. Inside a capability that is the order of time, and nearly everything here
 * needs no more: a thread lives on one capability until that one says that it migrates. What capabilities tell of one
 * thread is joined by the times of its migrations, whichever side is read first (migrations.c). Only what the program
 * itself says needs the order of all capabilities (user.c).
 */

#include <weir/collector.h>

#include "collectors/ghc-eventlog/capability_sets.h"
#include "collectors/ghc-eventlog/damage.h"
#include "collectors/ghc-eventlog/gc.h"
#include "collectors/ghc-eventlog/heap.h"
#include "collectors/ghc-eventlog/identity.h"
#include "collectors/ghc-eventlog/lanes.h"
#include "collectors/ghc-eventlog/ledger.h"
#include "collectors/ghc-eventlog/metrics.h"
#include "collectors/ghc-eventlog/names.h"
#include "collectors/ghc-eventlog/outbox.h"
#include "collectors/ghc-eventlog/rules.h"
#include "collectors/ghc-eventlog/samples.h"
#include "collectors/ghc-eventlog/texts.h"
#include "collectors/ghc-eventlog/threads.h"
#include "collectors/ghc-eventlog/ticky.h"
#include "collectors/ghc-eventlog/user.h"
#include "parsers/eventlog.h"

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
	struct damage damage;
	uint64_t n_read; /* records and gaps */
	uint64_t fates[FATE_COUNT];
	uint64_t n_unknown[EVENTLOG_TAGS_MAX];
	struct weir_chunk window; /* that is being read */
	uint64_t n_bad_said;
};

#endif
