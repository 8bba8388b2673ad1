/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/make_prof.h"

#include <stdlib.h>
#include <string.h>

enum {
	N_MODULES = 240,
	N_CENTRES = 6000,
	N_CALLEES = 6, /* of a cost centre */
	NAME_MAX_BYTES = 96,
	DEPTH_MAX = 48,
};

struct centre {
	char label[NAME_MAX_BYTES], source[NAME_MAX_BYTES];
	uint32_t module;
	int n_label, n_source;
};

struct stack {
	uint32_t centre, depth;
	uint64_t entries, ticks, bytes, all_ticks, all_bytes;
};

struct maker {
	uint64_t state;
	FILE *to;
	uint32_t n;
	char modules[N_MODULES][NAME_MAX_BYTES];
	struct centre centres[N_CENTRES];
	struct stack *stacks;
	int label_width, module_width, source_width, id_width;
};

static uint64_t draw(struct maker *m)
{
	/* xorshift64*; S. Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled" */
	m->state ^= m->state >> 12;
	m->state ^= m->state << 25;
	m->state ^= m->state >> 27;
	return m->state * 0x2545f4914f6cdd1du;
}

static uint32_t below(struct maker *m, uint32_t n)
{
	return (uint32_t)((draw(m) >> 32) * n >> 32);
}

static void make_names(struct maker *m)
{
	static const char *const tops[] = { "Cardano.Ledger", "Ouroboros.Consensus", "Ouroboros.Network", "Data.Map",
		                            "Codec.CBOR" };
	static const char *const parts[] = { "Shelley",  "Rules",    "Mempool", "Protocol", "Strict",
		                             "Internal", "Decoding", "Block",   "Header",   "State" };
	static const char *const words[] = { "apply",      "decode",   "fold",     "go",     "reapply",
		                             "insertWith", "validate", "tick",     "lookup", "snapshot",
		                             "writeTo",    "$wloop",   "\xce\xbb", "mkEntry" };

	for (uint32_t i = 0; i < N_MODULES; i++)
		(void)snprintf(m->modules[i], NAME_MAX_BYTES, "%s.%s.%s%s", tops[below(m, 5)], parts[below(m, 10)],
		               parts[below(m, 10)], below(m, 2) ? "" : ".Types");
	for (uint32_t i = 0; i < N_CENTRES; i++) {
		struct centre *c = &m->centres[i];

		c->module = below(m, N_MODULES);
		c->n_label = snprintf(c->label, NAME_MAX_BYTES, "%s%s%s%u", words[below(m, 14)],
		                      below(m, 3) ? "" : ".go", below(m, 4) ? "" : ".\\", i);
		c->n_source = snprintf(c->source, NAME_MAX_BYTES, "src/%.40s.hs:(%u,%u)-(%u,%u)", m->modules[c->module],
		                       below(m, 900), below(m, 40), below(m, 900), below(m, 80));
	}
	(void)strcpy(m->centres[0].label, "MAIN");
	(void)strcpy(m->centres[0].source, "<built-in>");
	(void)strcpy(m->modules[m->centres[0].module], "MAIN");
}

/* What a cost centre calls is always the same: mostly of its own module's neighbourhood, else something that is called
 * from everywhere. */
static uint32_t callee(uint32_t centre, uint32_t which)
{
	uint64_t hash = ((uint64_t)centre * N_CALLEES + which + 1) * 0x9e3779b97f4a7c15u;

	hash ^= hash >> 29;
	if (which < N_CALLEES - 2)
		return 1 + (centre + (uint32_t)(hash % 64)) % (N_CENTRES - 1);
	return 1 + (uint32_t)(hash >> 8) % (N_CENTRES / 32);
}

static void make_stacks(struct maker *m)
{
	uint32_t depth = 0, open[DEPTH_MAX + 2] = { 0 };

	for (uint32_t i = 0; i < m->n; i++) {
		struct stack *s = &m->stacks[i];
		uint32_t rise = below(m, 8);

		*s = (struct stack){ .depth = i ? depth : 0 };
		s->centre = s->depth == 0   ? 0
		            : s->depth == 1 ? 1 + below(m, N_CENTRES - 1)
		                            : callee(open[s->depth - 1], below(m, N_CALLEES));
		open[s->depth] = s->centre;
		s->entries = i ? 1 + below(m, 1u << below(m, 31)) : 0;
		s->ticks = below(m, 8) ? 0 : below(m, 400);
		s->bytes = below(m, 3) ? 0 : 8 * (uint64_t)below(m, 1u << below(m, 28));
		depth = s->depth < DEPTH_MAX && rise < 4 ? s->depth + 1
		        : s->depth > rise                ? s->depth + 1 - rise / 2
		                                         : s->depth;
		depth = depth ? depth : 1;
	}
}

/* Children come right after their parents: what is open above a stack are its ancestors. */
static void sum_up(struct maker *m)
{
	uint32_t open[DEPTH_MAX + 2] = { 0 }, n_open = 0;

	for (uint32_t i = 0; i <= m->n; i++) {
		uint32_t depth = i < m->n ? m->stacks[i].depth : 0;

		for (; n_open > depth; n_open--) {
			const struct stack *child = &m->stacks[open[n_open - 1]];

			if (n_open > 1) {
				m->stacks[open[n_open - 2]].all_ticks += child->all_ticks;
				m->stacks[open[n_open - 2]].all_bytes += child->all_bytes;
			}
		}
		if (i < m->n) {
			m->stacks[i].all_ticks = m->stacks[i].ticks;
			m->stacks[i].all_bytes = m->stacks[i].bytes;
			open[n_open++] = i;
		}
	}
}

static int columns(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

static void measure(struct maker *m)
{
	m->label_width = 11;
	m->module_width = 6;
	m->source_width = 3;
	m->id_width = larger(3, snprintf(NULL, 0, "%u", 200 + m->n));
	for (uint32_t i = 0; i < m->n; i++) {
		const struct centre *c = &m->centres[m->stacks[i].centre];

		m->label_width = larger(m->label_width, (int)m->stacks[i].depth + columns(c->label));
		m->module_width = larger(m->module_width, columns(m->modules[c->module]));
		m->source_width = larger(m->source_width, columns(c->source));
	}
}

static double share(uint64_t part, uint64_t all)
{
	return all ? (double)part / (double)all * 100.0 : 0.0;
}

static void put_texts(struct maker *m, uint32_t depth, const char *label, const char *module, const char *source)
{
	fprintf(m->to, "%*s%s%*s %s%*s %s%*s", (int)depth, "", label, m->label_width - (int)depth - columns(label), "",
	        module, m->module_width - columns(module), "", source, m->source_width - columns(source), "");
}

static void put_commas(struct maker *m, uint64_t value)
{
	if (value >= 1000) {
		put_commas(m, value / 1000);
		fprintf(m->to, ",%03u", (unsigned)(value % 1000));
	} else {
		fprintf(m->to, "%u", (unsigned)value);
	}
}

static void put_text(struct maker *m, int has_costs)
{
	const struct stack *all = &m->stacks[0];
	const char *costs = has_costs ? "  ticks     bytes" : "";

	fprintf(m->to,
	        "\tSat Nov 21 00:08 2026 Time and Allocation Profiling Report  (Final)\n\n\t   cardano-node +RTS %s "
	        "-RTS run\n\n",
	        has_costs ? "-P" : "-p");
	fprintf(m->to, "\ttotal time  = %11.2f secs   (%llu ticks @ 1000 us, 1 processor)\n\ttotal alloc = ",
	        (double)all->all_ticks / 1000.0, (unsigned long long)all->all_ticks);
	put_commas(m, all->all_bytes);
	fprintf(m->to, " bytes  (excludes profiling overheads)\n\n");
	fprintf(m->to, "COST CENTRE MODULE SRC %%time %%alloc%s\n\n\n\n", costs);
	put_texts(m, 0, "", "", "");
	fprintf(m->to, " %-*s %11s  %12s   %12s\n", m->id_width, "", "", "individual", "inherited");
	put_texts(m, 0, "COST CENTRE", "MODULE", "SRC");
	fprintf(m->to, " %-*s %11s  %5s %6s   %5s %6s%s\n\n", m->id_width, "no.", "entries", "%time", "%alloc", "%time",
	        "%alloc", costs);
	for (uint32_t i = 0; i < m->n; i++) {
		const struct stack *s = &m->stacks[i];
		const struct centre *c = &m->centres[s->centre];

		put_texts(m, s->depth, c->label, m->modules[c->module], c->source);
		fprintf(m->to, " %*u %11llu  %5.1f  %5.1f   %5.1f  %5.1f", m->id_width, 200 + i,
		        (unsigned long long)s->entries, share(s->ticks, all->all_ticks),
		        share(s->bytes, all->all_bytes), share(s->all_ticks, all->all_ticks),
		        share(s->all_bytes, all->all_bytes));
		if (has_costs)
			fprintf(m->to, "  %5llu %9llu", (unsigned long long)s->ticks, (unsigned long long)s->bytes);
		fputc('\n', m->to);
	}
}

static void put_json(struct maker *m)
{
	const struct stack *all = &m->stacks[0];
	uint32_t n_open = 0;

	fprintf(m->to,
	        "{\n\"program\": \"cardano-node\",\n\"arguments\": [\"cardano-node\", \"run\"],\n\"rts_arguments\": "
	        "[\"-pj\"],\n"
	        "\"end_time\": \"Sat Nov 21 00:08 2026\",\n\"initial_capabilities\": 1,\n\"total_time\": %11.2f,\n"
	        "\"total_ticks\": %llu,\n\"tick_interval\": 1000,\n\"total_alloc\":%llu,\n\"cost_centres\": [\n",
	        (double)all->all_ticks / 1000.0, (unsigned long long)all->all_ticks,
	        (unsigned long long)all->all_bytes);
	for (uint32_t i = 0; i < N_CENTRES; i++) {
		const struct centre *c = &m->centres[i];

		fprintf(m->to, "%s{\"id\": %u, \"label\": \"", i ? ", " : "", i + 1);
		for (const char *at = c->label; *at; at++)
			fprintf(m->to, *at == '\\' ? "\\\\" : "%c", *at);
		fprintf(m->to, "\", \"module\": \"%s\", \"src_loc\": \"%s\", \"is_caf\": false}", m->modules[c->module],
		        c->source);
	}
	fprintf(m->to, "]\n,\n\"profile\": ");
	for (uint32_t i = 0; i < m->n; i++) {
		const struct stack *s = &m->stacks[i];
		int is_sibling = n_open > s->depth;

		for (; n_open > s->depth; n_open--)
			fputs("]}\n", m->to);
		fprintf(m->to, "%s{\"id\": %u, \"entries\": %llu, \"alloc\": %llu, \"ticks\": %llu, \"children\": [",
		        is_sibling ? "," : "", s->centre + 1, (unsigned long long)s->entries,
		        (unsigned long long)s->bytes, (unsigned long long)s->ticks);
		n_open++;
	}
	for (; n_open > 0; n_open--)
		fputs("]}\n", m->to);
	fputs("}\n", m->to);
}

int make_prof(uint64_t seed, uint32_t n_stacks, enum make_prof_form form, FILE *to)
{
	struct maker *m = calloc(1, sizeof(*m));

	if (m)
		m->stacks = calloc(n_stacks, sizeof(*m->stacks));
	if (!m || !m->stacks) {
		free(m);
		return -1;
	}
	m->state = seed;
	m->n = n_stacks;
	m->to = to;
	make_names(m);
	make_stacks(m);
	sum_up(m);
	measure(m);
	if (form == MAKE_PROF_JSON)
		put_json(m);
	else
		put_text(m, form == MAKE_PROF_COSTS);
	free(m->stacks);
	free(m);
	return ferror(to) ? -1 : 0;
}
