/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-prof/ghc_prof.h"

#include <string.h>

enum {
	NS_PER_US = 1000,
	NS_PER_CS = 10000000,
};

static struct weir_text text(const char *of)
{
	return (struct weir_text){ of, strlen(of) };
}

/* The profiling clock's time. The report rounds it to hundredths of seconds; ticks, interval and processors tell it in
 * full, when they are all there and agree with it. */
static uint64_t total_time_ns(uint64_t cs, uint64_t ticks, uint64_t tick_us, uint64_t n_processors)
{
	uint64_t rounded, exact;

	if (__builtin_mul_overflow(cs, (uint64_t)NS_PER_CS, &rounded) || rounded > INT64_MAX / 2)
		return INT64_MAX / 2;
	if (!n_processors || __builtin_mul_overflow(ticks, tick_us, &exact) ||
	    __builtin_mul_overflow(exact, (uint64_t)NS_PER_US, &exact))
		return rounded;
	exact /= n_processors;
	return (exact > rounded ? exact - rounded : rounded - exact) <= NS_PER_CS / 2 ? exact : rounded;
}

/* Whether a heap profile was made too: the report then has the date of the program's start. */
static int has_heap_profile(struct weir_text flags)
{
	for (uint64_t i = 0; i + 2 < flags.n_bytes; i++)
		if (flags.at[i] == '-' && flags.at[i + 1] == 'h' && (i == 0 || flags.at[i - 1] == ' ') &&
		    flags.at[i + 2] != ' ')
			return 1;
	return 0;
}

/* What both forms say of the program. */
struct named {
	struct weir_text program, arguments, flags;
	struct parse_text date;
};

static void say(struct header *header, const struct weir_host *h, const struct named *named)
{
	(void)h->fact(h, "program.name", named->program);
	(void)h->fact(h, "program.arguments", named->arguments);
	(void)h->fact(h, "ghc.rts.flags", named->flags);
	(void)h->fact(h, "ghc.profile.date", text_of(named->date));
	(void)h->fact(h, "ghc.profiled", text("true"));
	header->clock = prof_clock_of(h, named->date, has_heap_profile(named->flags));
	(void)h->clock(h, &(struct weir_clock){ "report", text(header->clock.tie), header->clock.error_ns });
	header->is_there = 1;
}

void header_text(struct header *header, const struct weir_host *h, const struct prof_header *from)
{
	*header = (struct header){ .total_ticks = from->total_ticks,
		                   .total_alloc = from->total_alloc,
		                   .tick_us = from->tick_us,
		                   .n_processors = from->n_processors,
		                   .has_processors = from->has_processors };
	header->total_time_ns = total_time_ns(from->total_time_cs, from->total_ticks, from->tick_us,
	                                      from->has_processors ? from->n_processors : 1);
	say(header, h,
	    &(struct named){ text_of(from->program), text_of(from->arguments), text_of(from->rts_flags), from->date });
}

/* The arguments as -p writes them: behind each other, without quotes. */
static struct weir_text join(struct parse_text arguments, int is_foreign, int n_skipped, char *room, size_t n_room)
{
	struct parse_text argument;
	size_t n = 0;

	while (prof_json_argument(&arguments, is_foreign, &argument)) {
		if (n_skipped-- > 0)
			continue;
		if (argument.n + 1 > n_room - n)
			break;
		if (n)
			room[n++] = ' ';
		n += prof_json_unescape(argument, room + n, n_room - n);
	}
	return (struct weir_text){ room, n };
}

void header_json(struct header *header, const struct weir_host *h, const struct prof_json_header *from, char *room,
                 size_t n_room)
{
	struct weir_text arguments = join(from->arguments, from->is_foreign, 1, room, n_room);
	struct weir_text flags =
		join(from->rts_arguments, from->is_foreign, 0, room + arguments.n_bytes, n_room - arguments.n_bytes);

	*header = (struct header){ .total_ticks = from->total_ticks,
		                   .total_alloc = from->total_alloc,
		                   .tick_us = from->tick_us };
	/* JSON has the number of capabilities at the start, 0 where there is no choice. */
	header->total_time_ns = total_time_ns(from->total_time_cs, from->total_ticks, from->tick_us,
	                                      from->n_capabilities ? from->n_capabilities : 1);
	header->layout = "json";
	say(header, h, &(struct named){ text_of(from->program), arguments, flags, from->end_time });
}

/* ---- Totals ---- */

struct totals {
	const struct weir_host *host;
	int64_t time_ns;
	int result;
};

static void put(struct totals *t, enum row row, const char *scope, uint64_t value)
{
	struct weir_attr attr = { { "scope", 5 }, text(scope ? scope : "") };
	struct weir_number number = { .time_ns = t->time_ns,
		                      .value.i64 = value > INT64_MAX ? INT64_MAX : (int64_t)value };
	int r;

	number.series = t->host->series(t->host, row, &attr, scope != NULL);
	if (!number.series)
		return;
	r = t->host->numbers(t->host, &number, 1);
	t->result = r < 0 ? r : t->result;
}

static void put_three(struct totals *t, const char *scope, uint64_t time_ns, uint64_t ticks, uint64_t alloc)
{
	put(t, ROW_TOTAL_TIME, scope, time_ns);
	put(t, ROW_TOTAL_TICKS, scope, ticks);
	put(t, ROW_TOTAL_ALLOC, scope, alloc);
}

static uint64_t part_ns(const struct header *header, uint64_t ticks)
{
	if (!header->total_ticks)
		return 0;
	return (uint64_t)((double)header->total_time_ns * ((double)ticks / (double)header->total_ticks));
}

int header_totals(const struct header *header, const struct weir_host *h, const struct tree *tree, enum form form)
{
	struct totals t = { h, header->clock.end_ns, 0 };
	uint64_t interval_ns = header->tick_us > INT64_MAX / NS_PER_US ? INT64_MAX : header->tick_us * NS_PER_US;
	const char *mode = form == FORM_JSON ? "pj" : tree->has_system ? "pa" : tree->has_costs ? "P" : "p";

	(void)h->fact(h, "ghc.profile.mode", text(mode));
	if (header->layout)
		(void)h->fact(h, "ghc.profile.layout", text(header->layout));
	if (tree->has_system) {
		put_three(&t, "all", header->total_time_ns, header->total_ticks, header->total_alloc);
		put_three(&t, NULL, part_ns(header, tree->ticks[SCOPE_PROGRAM]), tree->ticks[SCOPE_PROGRAM],
		          tree->bytes[SCOPE_PROGRAM]);
		put_three(&t, "system", part_ns(header, tree->ticks[SCOPE_SYSTEM]), tree->ticks[SCOPE_SYSTEM],
		          tree->bytes[SCOPE_SYSTEM]);
	} else {
		put_three(&t, NULL, header->total_time_ns, header->total_ticks, header->total_alloc);
	}
	put(&t, ROW_TICK_INTERVAL, NULL, interval_ns);
	if (header->has_processors)
		put(&t, ROW_PROCESSORS, NULL, header->n_processors);
	return t.result;
}
