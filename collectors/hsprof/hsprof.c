/* SPDX-License-Identifier: Apache-2.0 */
/* A sampling profiler of running Haskell programs as they were built for production: some 99 times a second, wherever a
 * process of the target's tree is on a processor, where it is and which Haskell functions it will return to. Stacks are
 * walked in the kernel, names come from the program's symbols. docs/hsprof.md says how, and what to make of it. */
#include <weir/collector.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/fail.h>

#include "bpf/live.h"
#include "collectors/hsprof/account.h"
#include "collectors/hsprof/dictionary.h"
#include "collectors/hsprof/flat.h"
#include "collectors/hsprof/sampler.h"
#include "collectors/hsprof/stacks.h"

enum {
	BATCH = 256,                /* weights that are handed over at once */
	RING_BYTES_MIN = 256 << 10, /* powers of two */
	RING_BYTES_MAX = 16 << 20,
	SAMPLE_BYTES = 512, /* of a sample with a stack of some 60 frames */
};

enum lost_cause {
	LOST_SAMPLES,
	LOST_TARGETS,
	LOST_CAUSES,
};

static const char *const losses[LOST_CAUSES] = { "samples_full", "targets_full" };

struct weir_instance {
	const struct weir_host *host;
	struct spaces *spaces;
	struct stacks *stacks;
	struct sampler *sampler; /* NULL: on the lower rung */
	struct flat *flat;
	int64_t period_ns, from_ns, cpu_ns;
	uint32_t root;
	uint64_t told[LOST_CAUSES], n_refused, n_taken;
	uint32_t n_files_told;
	uint32_t series_samples, series_time, series_cpu, series_fill, series_lost[LOST_CAUSES],
		series_walks[STACKS_CODES][STACKS_WHOLES];
	struct weir_weight weights[BATCH];
	uint32_t n_weights;
	char symbols[4096];
};

/* ---- Saying ---- */

static struct weir_text text_of(const char *s)
{
	return (struct weir_text){ s, strlen(s) };
}

static void tell_program(struct weir_instance *i, const struct file *f, int is_target)
{
	char sentence[1024];

	if (i->sampler && sampler_set_image(i->sampler, &f->key, &f->layout) < 0)
		live_say(i->host, WEIR_WARNING, "hsprof.programs",
		         "hsprof: too many programs: stacks of some are not walked");
	if (f->ghc_version[0]) {
		(void)i->host->fact(i->host, "ghc.version", text_of(f->ghc_version));
	} else if (is_target) {
		(void)snprintf(sentence, sizeof(sentence),
		               "hsprof: %s: does not say that GHC compiled it: only where it is, no Haskell stacks",
		               f->name);
		live_say(i->host, WEIR_NOTE, "hsprof.other", sentence);
	}
	if (f->why_not[0]) {
		(void)snprintf(sentence, sizeof(sentence), "hsprof: %s: %s", f->name, f->why_not);
		live_say(i->host, WEIR_WARNING, "hsprof.layout", sentence);
	}
	if (f->why_nameless[0])
		live_say(i->host, f->ghc_version[0] ? WEIR_WARNING : WEIR_NOTE, "hsprof.nameless", f->why_nameless);
}

static void tell_origins(struct weir_instance *i, const struct file *f)
{
	uint32_t n = f->names ? names_origins_left_out(f->names) : 0;
	char sentence[512];

	if (n == 0)
		return;
	(void)snprintf(sentence, sizeof(sentence),
	               "hsprof: %s: %u modules say where their code comes from in a form that is not known, or are "
	               "too many: it is named by symbols",
	               f->name, n);
	live_say(i->host, WEIR_NOTE, "hsprof.origins", sentence);
}

/* What is new of the files with code: to the kernel, and to who will read the profile. */
static void tell_files(struct weir_instance *i)
{
	const struct file *f;

	for (; (f = spaces_file(i->spaces, i->n_files_told)); i->n_files_told++) {
		if (f->is_program)
			tell_program(i, f, i->n_files_told == 0);
		tell_origins(i, f);
	}
}

/* A process that ended is in its parent's time once that has waited for it: until then the sum would fall. A process
 * whose root is gone has told all that it will. */
static int tell_account(struct weir_instance *i, int64_t now_ns)
{
	struct weir_number number = { .time_ns = now_ns, .series = i->series_cpu };
	int64_t cpu_ns, sum_ns = 0;
	uint32_t tgid = 0;

	if (account_cpu_ns(i->root, &cpu_ns) < 0)
		return 0;
	if (!i->sampler)
		sum_ns = cpu_ns;
	while (i->sampler && sampler_next_target(i->sampler, &tgid))
		if (account_cpu_ns(tgid, &cpu_ns) == 0)
			sum_ns += cpu_ns;
	if (sum_ns > i->cpu_ns)
		i->cpu_ns = sum_ns;
	number.value.i64 = i->cpu_ns;
	return i->host->numbers(i->host, &number, 1);
}

/* ---- The rungs ---- */

static const struct live_rung rungs[] = {
	{ "perf_event", "a timer on each processor; stacks walked in the kernel", "",
	  "run weir as root or with CAP_BPF and CAP_PERFMON", "Linux 5.17 or newer with CONFIG_DEBUG_INFO_BTF" },
	{ "flat", "a timer on each thread", "stacks, and what happens in the kernel",
	  "profile a process of your own, with kernel.perf_event_paranoid at most 2",
	  "a kernel with CONFIG_PERF_EVENTS" },
};

/* pid 0: only to see which one works. None: the last one's result, and why not. */
static int open_rungs(const struct weir_host *h, uint32_t pid, int wants_best, uint32_t frequency,
                      uint64_t n_ring_bytes, struct sampler **ret_sampler, struct flat **ret_flat,
                      char why[SAMPLER_WHY_MAX])
{
	int r = -ECANCELED;

	*ret_sampler = NULL;
	*ret_flat = NULL;
	(void)snprintf(why, SAMPLER_WHY_MAX, "the option rung says so");
	if (wants_best)
		r = sampler_open(pid, frequency, n_ring_bytes, ret_sampler, why);
	live_tell_rung(h, &rungs[0], r, why);
	if (r == 0)
		return 0;
	r = flat_open(pid, frequency, ret_flat, why);
	live_tell_rung(h, &rungs[1], r, why);
	return r;
}

/* ---- Opening ---- */

static int64_t context_number(const struct weir_host *h, const char *name, int64_t fallback)
{
	struct weir_text text;
	char digits[32] = "", *end;
	long long value;

	if (h->context(h, name, &text) < 0 || text.n_bytes == 0 || text.n_bytes >= sizeof(digits))
		return fallback;
	memcpy(digits, text.at, text.n_bytes);
	errno = 0;
	value = strtoll(digits, &end, 10);
	return errno || *end ? fallback : (int64_t)value;
}

static void make_series(struct weir_instance *i)
{
	static const char *const codes[] = { "haskell", "rts", "foreign", "unknown" };
	static const char *const wholes[] = { "complete", "capped", "broken", "bare" };
	struct weir_attr map = { text_of("map"), text_of("samples") };
	const struct weir_host *h = i->host;

	i->series_samples = h->series(h, ROW_SAMPLES, NULL, 0);
	i->series_time = h->series(h, ROW_TIME, NULL, 0);
	i->series_cpu = h->series(h, ROW_CPU, NULL, 0);
	i->series_fill = h->series(h, ROW_FILL, &map, 1);
	for (int cause = 0; cause < LOST_CAUSES; cause++) {
		struct weir_attr attr = { text_of("cause"), text_of(losses[cause]) };

		i->series_lost[cause] = h->series(h, ROW_LOST, &attr, 1);
	}
	for (int code = 0; code < STACKS_CODES; code++)
		for (int whole = 0; whole < STACKS_WHOLES; whole++) {
			struct weir_attr attrs[] = { { text_of("code"), text_of(codes[code]) },
				                     { text_of("stack"), text_of(wholes[whole]) } };

			i->series_walks[code][whole] = h->series(h, ROW_WALKS, attrs, 2);
		}
}

static uint64_t ring_bytes(const struct weir_host *h, int64_t frequency)
{
	int64_t interval_ns = context_number(h, "interval_ns", 1000000000), n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	double n_wanted = 2.0 * SAMPLE_BYTES * (double)frequency * (double)n_cpus * (double)interval_ns / 1e9;
	uint64_t n = RING_BYTES_MIN;

	while (n < RING_BYTES_MAX && (double)n < n_wanted)
		n *= 2;
	return n;
}

/* The program that the process will be, and the one that it is; whichever can be read. */
static int add_programs(struct weir_instance *i, int64_t pid, struct weir_error *reterr)
{
	struct weir_text exe;
	char path[4096];
	int r = -ENOENT;

	if (i->host->context(i->host, "process.exe", &exe) == 0 && exe.n_bytes < sizeof(path)) {
		memcpy(path, exe.at, exe.n_bytes);
		path[exe.n_bytes] = '\0';
		r = spaces_add_program(i->spaces, path, reterr);
	}
	if (r == -ENOENT && pid > 0)
		r = spaces_add_running(i->spaces, (pid_t)pid, reterr);
	/* Without a file of symbols all that fails by this is names, of which the profile will say so. */
	return r < 0 && i->symbols[0] ? r : 0;
}

static void hsprof_close(struct weir_instance *i)
{
	if (!i)
		return;
	sampler_close(i->sampler);
	flat_close(i->flat);
	stacks_free(i->stacks);
	spaces_free(i->spaces);
	free(i);
}

static int start(struct weir_instance *i, struct weir_error *reterr)
{
	const struct weir_host *h = i->host;
	int64_t pid = live_target(h);
	char why[SAMPLER_WHY_MAX];
	union weir_value frequency;
	struct weir_text symbols, rung;
	int r;

	if (pid <= 0 || pid > INT32_MAX)
		return weir_fail(reterr, -EINVAL, "hsprof: process.pid: the process to profile is not known");
	r = h->option(h, OPTION_FREQUENCY, &frequency);
	if (r == 0)
		r = h->option_text(h, OPTION_SYMBOLS, &symbols);
	if (r == 0)
		r = h->option_text(h, OPTION_RUNG, &rung);
	if (r < 0)
		return r;
	(void)snprintf(i->symbols, sizeof(i->symbols), "%.*s", (int)symbols.n_bytes, symbols.at);
	i->period_ns = 1000000000 / frequency.i64;
	r = spaces_new(h, i->symbols, &i->spaces, reterr);
	if (r == 0)
		r = stacks_new(h, i->spaces, &i->stacks, reterr);
	if (r == 0)
		r = add_programs(i, pid, reterr);
	if (r < 0)
		return r;
	r = open_rungs(h, (uint32_t)pid, rung.n_bytes == 4 && memcmp(rung.at, "best", 4) == 0, (uint32_t)frequency.i64,
	               ring_bytes(h, frequency.i64), &i->sampler, &i->flat, why);
	if (r < 0)
		return weir_fail(reterr, r, "hsprof: %" PRId64 ": %s", pid, why);
	make_series(i);
	tell_files(i);
	i->root = (uint32_t)pid;
	i->from_ns = h->now(h);
	return tell_account(i, i->from_ns);
}

static int hsprof_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));
	int r;

	if (!i)
		return weir_fail(reterr, -ENOMEM, "hsprof: no memory");
	i->host = h;
	r = live_clock(h);
	if (r == 0)
		r = start(i, reterr);
	if (r < 0) {
		hsprof_close(i);
		return r;
	}
	*ret = i;
	return 0;
}

static int hsprof_probe(const struct weir_host *h, struct weir_error *reterr)
{
	struct sampler *sampler;
	struct flat *flat;
	char why[SAMPLER_WHY_MAX];

	(void)open_rungs(h, 0, 1, 1, RING_BYTES_MIN, &sampler, &flat, why);
	sampler_close(sampler);
	flat_close(flat);
	return 0;
}

/* ---- Polling ---- */

static int take(struct weir_instance *i, const struct hsprof_sample *sample)
{
	i->n_taken++;
	if (stacks_add(i->stacks, sample) < 0)
		i->n_refused++;
	return 0;
}

static int flush(struct weir_instance *i)
{
	uint32_t n = i->n_weights;

	i->n_weights = 0;
	return n ? i->host->weights(i->host, i->weights, n) : 0;
}

static int weigh(struct weir_instance *i, uint32_t series, const struct stacks_count *count, int64_t each,
                 int64_t now_ns)
{
	i->weights[i->n_weights++] = (struct weir_weight){ .time_ns = i->from_ns,
		                                           .duration_ns = now_ns - i->from_ns,
		                                           .self.i64 = (int64_t)count->n * each,
		                                           .series = series,
		                                           .stack = count->stack,
		                                           .flags = WEIR_WEIGHT_HAS_SELF };
	return i->n_weights == BATCH ? flush(i) : 0;
}

static int emit_stacks(struct weir_instance *i, int64_t now_ns)
{
	uint32_t n;
	const struct stacks_count *counts = stacks_take(i->stacks, &n);
	int r = 0;

	for (uint32_t k = 0; r == 0 && k < n; k++)
		r = weigh(i, i->series_samples, &counts[k], 1, now_ns);
	for (uint32_t k = 0; r == 0 && k < n; k++)
		r = weigh(i, i->series_time, &counts[k], i->period_ns, now_ns);
	return r == 0 ? flush(i) : r;
}

static int emit_numbers(struct weir_instance *i, const struct sampler_counts *counts, int64_t now_ns)
{
	struct weir_number numbers[STACKS_CODES * STACKS_WHOLES + LOST_CAUSES + 1];
	uint32_t n = 0;

	for (int code = 0; code < STACKS_CODES; code++)
		for (int whole = 0; whole < STACKS_WHOLES; whole++) {
			uint64_t seen = stacks_seen(i->stacks, (enum stacks_code)code, (enum stacks_whole)whole);

			if (seen > 0)
				numbers[n++] = (struct weir_number){ .time_ns = now_ns,
					                             .value.i64 = (int64_t)seen,
					                             .series = i->series_walks[code][whole] };
		}
	for (int cause = 0; cause < LOST_CAUSES; cause++)
		numbers[n++] = (struct weir_number){ .time_ns = now_ns,
			                             .value.i64 = (int64_t)i->told[cause],
			                             .series = i->series_lost[cause] };
	if (counts->n_ring_bytes)
		numbers[n++] =
			(struct weir_number){ .time_ns = now_ns,
			                      .value.f64 = (double)counts->n_most_bytes / (double)counts->n_ring_bytes,
			                      .series = i->series_fill };
	return n ? i->host->numbers(i->host, numbers, n) : 0;
}

static void keep_ledger(struct weir_instance *i, const struct sampler_counts *counts)
{
	const struct weir_host *h = i->host;

	h->tally(h, WEIR_READ, i->n_taken, NULL);
	h->tally(h, WEIR_STORED, i->n_taken - i->n_refused, NULL);
	if (i->n_refused)
		h->tally(h, WEIR_SKIPPED, i->n_refused, "hsprof.too_many_stacks");
	for (int cause = 0; cause < LOST_CAUSES; cause++) {
		uint64_t now = cause == LOST_SAMPLES ? counts->n_lost : counts->n_lost_targets;

		if (now > i->told[cause])
			h->tally(h, WEIR_LOST, now - i->told[cause], losses[cause]);
		i->told[cause] = now;
	}
	i->n_taken = i->n_refused = 0;
}

static int drain(struct weir_instance *i, int *ret_has_targets, struct sampler_counts *ret)
{
	int r;

	/* Asked first: what comes until it is over is still drained. */
	*ret_has_targets = i->sampler ? sampler_has_targets(i->sampler) : flat_has_targets(i->flat);
	r = i->sampler ? sampler_drain(i->sampler, take, i) : flat_drain(i->flat, take, i);
	*ret = i->sampler ? sampler_counts(i->sampler) : (struct sampler_counts){ .n_lost = flat_lost(i->flat) };
	return r;
}

static int hsprof_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct sampler_counts counts;
	int has_targets, r = drain(i, &has_targets, &counts);

	if (r < 0)
		return weir_fail(reterr, r, "hsprof: samples: %s", strerror(-r));
	tell_files(i);
	keep_ledger(i, &counts);
	if (now_ns < i->from_ns)
		now_ns = i->from_ns;
	r = emit_stacks(i, now_ns);
	if (r == 0 && has_targets)
		r = tell_account(i, now_ns);
	if (r == 0)
		r = emit_numbers(i, &counts, now_ns);
	i->from_ns = now_ns;
	if (r < 0)
		return r;
	return has_targets ? WEIR_AGAIN : WEIR_END;
}

const struct weir_collector weir_collector =
	LIVE_COLLECTOR("hsprof", "CPU profiles with Haskell stacks of running programs, profiled or not",
                       hsprof_metrics, hsprof_options, hsprof_open, hsprof_poll, hsprof_close, hsprof_probe);
