/* SPDX-License-Identifier: Apache-2.0 */
/* GHC's run-time system as it runs: garbage collections by probes, its counters by reading its memory. */
#include "collectors/rts/rts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <weir/fail.h>

#include "bpf/live.h"

struct weir_instance {
	const struct weir_host *host;
	struct runtime runtime;
	struct probes *probes; /* NULL: not on this rung */
	struct pauses pauses;
	struct counters counters;
	struct ladder ladder;
	uint64_t n_lost;
	uint8_t has_flags, has_complained;
};

/* A copy that ends; NULL: it isn't known. */
static char *context(const struct weir_host *h, const char *name)
{
	struct weir_text text;

	return h->context(h, name, &text) < 0 ? NULL : strndup(text.at, (size_t)text.n_bytes);
}

static int64_t monotonic_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void tie_clock(struct weir_instance *i)
{
	static const char tie[] = "read beside UTC at the start";
	int64_t before = monotonic_ns(), utc = i->host->now(i->host), after = monotonic_ns();

	i->pauses.utc_offset_ns = utc - (before + (after - before) / 2);
	i->pauses.since_ns = utc;
	(void)i->host->clock(i->host, &(struct weir_clock){ .name = "CLOCK_MONOTONIC",
	                                                    .tie = { tie, sizeof(tie) - 1 },
	                                                    .error_ns = (after - before) / 2 + 1 });
}

static void tell_program(struct weir_instance *i)
{
	const struct runtime *rt = &i->runtime;
	const char *slash = strrchr(rt->process.map, '/');
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", rt->process.pid ? rt->process.pid : rt->root);
	rts_fact(i->host, "process.pid", pid);
	rts_fact(i->host, "process.executable.path", rt->process.map);
	if (slash && strncmp(slash, "/libHSrts", 9) != 0)
		rts_fact(i->host, "program.name", slash + 1);
	if (image_ghc_version(rt->image)[0])
		rts_fact(i->host, "ghc.version", image_ghc_version(rt->image));
	if (image_has_symbols(rt->image)) {
		rts_fact(i->host, "ghc.threaded", runtime_is_threaded(rt) ? "true" : "false");
		rts_fact(i->host, "ghc.profiled", rt->symbols[SYMBOL_PROFILED].is_found ? "true" : "false");
	}
	if (i->ladder.has_memory && !rts_memory_is_known(rt->symbols[SYMBOL_STATS].n_bytes))
		live_say(i->host, WEIR_NOTE, "rts.layout",
		         "the program's counters are of a size that was never looked at: they are read as those of GHC "
		         "9.0");
	if (i->probes && probes_slow(i->probes))
		live_say(i->host, WEIR_NOTE, "rts.slow_probe",
		         "not all probes lie on instructions that the kernel emulates: up to 5 us each, not 0.5");
}

/* ---- The rungs ---- */

static void why_no_memory(struct weir_instance *i, int r)
{
	const struct runtime *rt = &i->runtime;

	if (!rt->symbols[SYMBOL_STATS].is_found)
		(void)snprintf(i->ladder.why_no_memory, RTS_TEXT_MAX, "%s",
		               image_has_symbols(rt->image)
		                       ? "the program has no variable stats"
		                       : "the program was stripped of its symbols, so nobody can say "
		                         "where its counters lie");
	else
		(void)snprintf(i->ladder.why_no_memory, RTS_TEXT_MAX, "the memory of process %d: %s", rt->process.pid,
		               strerror(-r));
}

static int open_rungs(struct weir_instance *i, int wants_probes)
{
	int r = runtime_reach(&i->runtime);

	i->ladder.has_memory = i->runtime.symbols[SYMBOL_STATS].is_found && (r >= 0 || r == -EAGAIN);
	if (!i->ladder.has_memory)
		why_no_memory(i, r);
	if (!wants_probes) {
		(void)snprintf(i->ladder.why_no_probes, RTS_TEXT_MAX, "the option probes is false");
		(void)snprintf(i->ladder.remedy, RTS_TEXT_MAX, "leave out the option probes");
	}
	if (wants_probes && probes_open(&i->runtime, &i->probes, i->ladder.why_no_probes, i->ladder.remedy) >= 0)
		i->ladder.has_probes = i->counters.has_probes = 1;
	ladder_tell(i->host, &i->ladder);
	return i->ladder.has_probes || i->ladder.has_memory ? 0 : -ENOTSUP;
}

/* A copy that ends; NULL: the user gave none. */
static char *option_text(const struct weir_host *h, enum option row)
{
	struct weir_text text;

	return h->option_text(h, (uint32_t)row, &text) < 0 || text.n_bytes == 0
	               ? NULL
	               : strndup(text.at, (size_t)text.n_bytes);
}

static int find(struct weir_instance *i, struct weir_error *reterr)
{
	char *exe = context(i->host, "process.exe");
	char *program = option_text(i->host, OPTION_PROGRAM), *symbols = option_text(i->host, OPTION_SYMBOLS);
	struct runtime_hints hints = { exe, program, symbols };
	int64_t pid = live_target(i->host);
	int r;

	if (pid > 0)
		r = runtime_open(&i->runtime, (pid_t)pid, &hints, reterr);
	else
		r = weir_fail(reterr, -EINVAL, "rts: no process was named");
	free(exe);
	free(program);
	free(symbols);
	return r;
}

static int rts_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));
	union weir_value wants_probes = { .i64 = 1 };
	int r;

	if (!i)
		return weir_fail(reterr, -ENOMEM, "rts: no memory");
	*ret = i;
	i->host = i->pauses.host = i->counters.host = h;
	i->runtime.memory_fd = i->runtime.stat_fd = -1;
	tie_clock(i);
	r = find(i, reterr);
	if (r < 0)
		return r;
	(void)h->option(h, OPTION_PROBES, &wants_probes);
	r = open_rungs(i, wants_probes.i64 != 0);
	if (r < 0 && !image_has_symbols(i->runtime.image))
		return weir_fail(
			reterr, r,
			"rts: %s: stripped of its symbols, which say where its counters lie and where it collects; "
			"give a copy that has them, or its debug information, as -O rts.symbols=FILE",
			i->runtime.process.map);
	if (r < 0)
		return weir_fail(reterr, r, "rts: process %d: %s; %s", i->runtime.root, i->ladder.why_no_probes,
		                 i->ladder.why_no_memory);
	tell_program(i);
	return WEIR_OK;
}

/* ---- Polling ---- */

static void count_lost(struct weir_instance *i)
{
	uint64_t n = probes_lost(i->probes);

	if (n > i->n_lost)
		i->host->tally(i->host, WEIR_LOST, n - i->n_lost, "rts.ring_full");
	i->n_lost = n;
}

/* Once it is known to be refused, and not just early or late, it is said once. */
static void complain_of_memory(struct weir_instance *i, int r)
{
	if (i->has_complained || r == -EAGAIN || r == -ESRCH || r == -EIO)
		return;
	i->has_complained = 1;
	why_no_memory(i, r);
	live_say(i->host, i->probes ? WEIR_NOTE : WEIR_WARNING, "rts.no_memory", i->ladder.why_no_memory);
}

static int poll_memory(struct weir_instance *i, int64_t now_ns)
{
	int r;

	if (!i->ladder.has_memory)
		return WEIR_OK;
	r = runtime_reach(&i->runtime);
	if (r >= 0)
		r = counters_poll(&i->counters, &i->runtime, now_ns);
	if (r == -EPIPE || r == -EINVAL)
		return r;
	if (r < 0)
		complain_of_memory(i, r);
	if (!i->has_flags && i->runtime.memory_fd >= 0)
		i->has_flags = (uint8_t)flags_tell(i->host, &i->runtime);
	return WEIR_OK;
}

static int rts_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	/* Before what it did is drained, so that nothing it did before its end is missed. */
	int is_over = process_is_over(i->runtime.stat_fd);
	int r = poll_memory(i, now_ns);

	if (r >= 0 && i->probes) {
		r = probes_drain(i->probes, &i->runtime, &i->pauses);
		count_lost(i);
	}
	if (r >= 0)
		r = pauses_end(&i->pauses, now_ns);
	if (r < 0)
		return weir_fail(reterr, r, "rts: process %d: %s", i->runtime.process.pid, strerror(-r));
	return is_over ? WEIR_END : WEIR_AGAIN;
}

static void rts_close(struct weir_instance *i)
{
	if (!i)
		return;
	probes_close(i->probes);
	runtime_close(&i->runtime);
	free(i);
}

const struct weir_collector weir_collector =
	LIVE_COLLECTOR("rts", "GHC's run-time system of a running program: garbage collections, heap, settings",
                       rts_metrics, rts_options, rts_open, rts_poll, rts_close, NULL);
