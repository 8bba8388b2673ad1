/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-heap/ghc_heap.h"

#include <string.h>

enum {
	PIECES_MAX = 4096, /* cost centres of one label; the outermost ones beyond stay one text */
	CUT_BYTES = 3,     /* of `...` */
};

static struct weir_text text(const char *at, size_t n)
{
	return (struct weir_text){ at, n };
}

static int is_word(struct parse_text t, const char *word)
{
	return t.n == strlen(word) && memcmp(t.at, word, t.n) == 0;
}

/* The run-time system writes at most -L bytes less one of a path that it cuts (ProfHeap.c, fprint_ccs). */
static int is_cut_path(const struct stacks *s, struct parse_text path)
{
	return path.n >= CUT_BYTES && memcmp(path.at + path.n - CUT_BYTES, "...", CUT_BYTES) == 0 &&
	       path.n + 1 == s->mode->n_label_max;
}

static uint32_t push(struct stacks *s, uint32_t parent, struct parse_text name, struct parse_text module, uint64_t id)
{
	uint32_t frame = s->host->frame(s->host, text(name.at, name.n), text(module.at, module.n), text("", 0));

	return frame ? s->host->stack(s->host, parent, frame, id) : 0;
}

/* A piece of a path as it stands there: `GHC.Conc.Signal.CAF` is the CAF of a module. */
static uint32_t push_piece(struct stacks *s, uint32_t parent, struct parse_text piece, uint64_t id)
{
	struct parse_text module = { piece.at, 0 };

	if (piece.n > 4 && memcmp(piece.at + piece.n - 4, ".CAF", 4) == 0) {
		module.n = piece.n - 4;
		piece.at += piece.n - 3;
		piece.n = 3;
	}
	return push(s, parent, piece, module, id);
}

static uint32_t main_stack(struct stacks *s)
{
	static const struct parse_text name = { "MAIN", 4 };
	uint32_t stack = joins_main(s->joins);

	return stack ? stack : push(s, 0, name, name, 0);
}

/* A path that nothing explains, innermost first: what it spells, below MAIN unless its outer end is cut off. */
static uint32_t spelled_path(struct stacks *s, uint64_t id, struct parse_text path, int is_cut)
{
	uint32_t stack = is_cut ? 0 : main_stack(s);

	for (int n = 0;; n++) {
		const char *slash = n < PIECES_MAX ? memrchr(path.at, '/', path.n) : NULL;
		const char *start = slash ? slash + 1 : path.at;

		stack = push_piece(s, stack, (struct parse_text){ start, (size_t)(path.at + path.n - start) },
		                   slash ? 0 : id);
		if (!slash || !stack)
			return stack;
		path.n = (size_t)(slash - path.at);
	}
}

/* The run-time system's own cost centres, right below MAIN. Reports leave them out where they cost no time and no
 * allocation, as what lies in blocks that collections do not move. 0: it is none of them. Source: rts/Profiling.c. */
static uint32_t system_stack(struct stacks *s, uint64_t id, struct parse_text path)
{
	static const char *const modules[][2] = {
		{ "DONT_CARE", "MAIN" },        { "GC", "GC" },        { "IDLE", "IDLE" }, { "PINNED", "SYSTEM" },
		{ "OVERHEAD_of", "PROFILING" }, { "SYSTEM", "SYSTEM" }
	};
	const struct weir_text source = text("<built-in>", 10);

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		const char *module = modules[i][1];
		uint32_t frame;

		if (!is_word(path, modules[i][0]))
			continue;
		frame = s->host->frame(s->host, text(path.at, path.n), text(module, strlen(module)), source);
		return frame ? s->host->stack(s->host, main_stack(s), frame, id) : 0;
	}
	return 0;
}

static uint32_t cost_centre(struct stacks *s, struct parse_text label)
{
	struct parse_text path;
	uint32_t stack;
	uint64_t id;
	int differs, is_cut;

	if (!hp_label_id(label, &id, &path))
		return is_word(label, "MAIN") ? main_stack(s)
		                              : push(s, 0, label, (struct parse_text){ label.at, 0 }, 0);
	is_cut = is_cut_path(s, path);
	stack = joins_stack(s->joins, id, path, is_cut, &differs);
	if (!stack && !differs)
		stack = system_stack(s, id, path);
	s->n_differing += (uint64_t)differs;
	s->n_unjoined += stack == 0 && !differs;
	s->n_cut += stack == 0 && is_cut;
	return stack ? stack : spelled_path(s, id, path, is_cut);
}

static uint32_t spelled_set(struct stacks *s, uint64_t id, struct parse_text labels)
{
	uint32_t stack = 0;

	for (int n = 0;; n++) {
		const char *comma = n < PIECES_MAX ? memchr(labels.at, ',', labels.n) : NULL;
		size_t n_piece = comma ? (size_t)(comma - labels.at) : labels.n;

		stack = push(s, stack, (struct parse_text){ labels.at, n_piece }, (struct parse_text){ labels.at, 0 },
		             comma ? 0 : id);
		if (!comma || !stack)
			return stack;
		labels.at += n_piece + 1;
		labels.n -= n_piece + 1;
	}
}

static uint32_t retainer(struct stacks *s, struct parse_text label)
{
	struct parse_text labels;
	uint32_t stack = 0;
	uint64_t id;
	int differs = 0, is_cut = label.n >= s->mode->n_label_max;

	if (!hp_label_id(label, &id, &labels))
		return push(s, 0, label, (struct parse_text){ label.at, 0 }, 0);
	if (s->is_last_census)
		stack = joins_set(s->joins, id, labels, is_cut, &differs);
	s->n_differing += (uint64_t)differs;
	s->n_earlier += s->joins->n_censuses && !s->is_last_census;
	s->n_unjoined += stack == 0 && !differs && (s->is_last_census || !s->joins->n_censuses);
	s->n_cut += stack == 0 && is_cut;
	return stack ? stack : spelled_set(s, id, labels);
}

void stacks_census(struct stacks *s, uint64_t census)
{
	int is_last_census = s->mode->breakdown == BREAKDOWN_RETAINER && census + 1 == s->joins->n_censuses;

	if (is_last_census != s->is_last_census)
		names_done(&s->labels);
	s->is_last_census = is_last_census;
}

static uint32_t make(struct stacks *s, struct parse_text label)
{
	switch (s->mode->breakdown) {
	case BREAKDOWN_COST_CENTRE:
		return cost_centre(s, label);
	case BREAKDOWN_RETAINER:
		return retainer(s, label);
	case BREAKDOWN_MODULE:
		return push(s, 0, label, label, 0);
	default:
		return push(s, 0, label, (struct parse_text){ label.at, 0 }, 0);
	}
}

uint32_t stacks_of(struct stacks *s, struct parse_text label)
{
	struct names *labels = &s->labels;
	uint32_t guess = s->previous < labels->n_names ? labels->names[s->previous].next : NAME_NONE;
	uint32_t number = names_is(labels, guess, label.at, label.n) ? guess : names_find(labels, label.at, label.n),
		 stack;

	/* The next sample has its bands in much the same order. */
	if (number != NAME_NONE && number != guess && s->previous < labels->n_names)
		labels->names[s->previous].next = number;
	s->previous = number;
	if (number != NAME_NONE)
		return labels->names[number].value;
	stack = make(s, label);
	/* When the table is full the host, which knows the stack too, is asked each time. */
	if (stack && names_add(labels, label.at, label.n, stack) == 0)
		s->previous = labels->n_names - 1;
	return stack;
}

void stacks_done(struct stacks *s)
{
	names_done(&s->labels);
}
