/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-prof/ghc_prof.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <weir/fail.h>

static const struct weir_claim claims[] = {
	{ .pattern = "*.prof", .kind = WEIR_CLAIM_FILE },
};

/* ---- Sniffing ---- */

enum {
	SURE_OF_NAME = 1, /* nobody knows the contents: a report whose beginning is damaged has to be said to be */
};

static int starts_with(const char *at, uint64_t n, const char *what)
{
	uint64_t n_what = strlen(what), n_both = n < n_what ? n : n_what;

	return n_both > 0 && memcmp(at, what, n_both) == 0;
}

/* Other tools call their files .prof too: what says that it is ours is sure, what could be is a little. */
static uint32_t ghc_prof_sniff(struct weir_text name, const uint8_t *head, uint64_t n_head)
{
	static const char title[] = " Time and Allocation Profiling Report  (";
	const char *at = (const char *)head;

	if (!at || !n_head)
		return 50;
	if (memmem(at, n_head, title, sizeof(title) - 1) || starts_with(at, n_head, "Retainer Profiling: ") ||
	    starts_with(at, n_head, "\nRetainer sets created during profiling:") ||
	    starts_with(at, n_head, "{\n\"program\": \""))
		return 95;
	if (at[0] == '{' && memmem(at, n_head, "\"program\"", 9) && memmem(at, n_head, "\"rts_arguments\"", 15))
		return 90;
	return at[0] == '\t' && n_head < 64 ? 20 : SURE_OF_NAME; /* cut inside the title */
}

/* ---- Opening ---- */

static void ghc_prof_close(struct weir_instance *i)
{
	if (!i)
		return;
	tree_done(&i->tree);
	frames_done(&i->frames);
	words_done(&i->centres);
	free(i->room);
	free(i);
}

static int ghc_prof_open(const struct weir_host *h, struct weir_instance **ret, struct weir_error *reterr)
{
	struct weir_instance *i = calloc(1, sizeof(*i));

	if (!i)
		return weir_fail(reterr, -ENOMEM, "ghc-prof: no memory");
	i->host = i->tree.host = h;
	*ret = i;
	return WEIR_OK;
}

/* ---- Honesty ---- */

static void diag(const struct weir_host *h, uint32_t severity, const char *code, uint64_t offset, uint64_t count,
                 const struct weir_error *text)
{
	h->diag(h, &(struct weir_diag){ .code = code,
	                                .message = { text->text, strlen(text->text) },
	                                .offset = offset,
	                                .count = count,
	                                .severity = severity });
}

void prof_fault(struct weir_instance *i, const struct parse_fault *fault)
{
	static const char *const own[] = { "prof.header", "prof.truncated", "prof.json" };

	i->fault = (struct fault){ .is_there = 1, .at = *fault };
	i->fault.at.code = "prof.stale_tail";
	for (size_t n = 0; n < sizeof(own) / sizeof(own[0]); n++)
		if (strcmp(fault->code, own[n]) == 0)
			i->fault.at.code = own[n];
	i->ledger.n_read++;
	i->ledger.n_bad++;
}

static void say_fault(struct weir_instance *i)
{
	const struct fault *f = &i->fault;
	int is_cut = strcmp(f->at.code, "prof.truncated") == 0;
	struct weir_error text;

	if (!i->header.is_there) {
		(void)weir_fail(&text, 0, "profile: %s; nothing of it was read", f->at.reason);
		diag(i->host, is_cut ? WEIR_WARNING : WEIR_ERROR, f->at.code, f->at.offset, 1, &text);
	} else if (is_cut) {
		(void)weir_fail(&text, 0,
		                "profile: it %s: it was cut there, %" PRIu64
		                " stacks before were kept, those after are missing",
		                f->at.reason, i->ledger.n_stored);
		diag(i->host, WEIR_WARNING, f->at.code, f->at.offset, 1, &text);
	} else {
		(void)weir_fail(&text, 0,
		                "profile: %s: %" PRIu64 " stale bytes (%" PRIu64
		                " lines) from there to the end were ignored, %" PRIu64
		                " stacks before were kept; two programs that write the same file leave this",
		                f->at.reason, f->n_bytes, f->n_lines, i->ledger.n_stored);
		diag(i->host, WEIR_WARNING, f->at.code, f->at.offset, 1, &text);
	}
}

static void complain(struct weir_instance *i, uint32_t severity, const char *code, uint64_t count, const char *sentence)
{
	struct weir_error text;

	if (!count)
		return;
	(void)weir_fail(&text, 0, "%s", sentence);
	diag(i->host, severity, code, WEIR_NO_OFFSET, count, &text);
}

/* Rows that a report has lost at its end without a trace leave its totals behind. */
static void check_sums(struct weir_instance *i)
{
	const struct tree *t = &i->tree;
	uint64_t ticks = t->ticks[SCOPE_PROGRAM] + t->ticks[SCOPE_SYSTEM];
	uint64_t bytes = t->bytes[SCOPE_PROGRAM] + t->bytes[SCOPE_SYSTEM];
	struct weir_error text;

	if (!t->has_costs || i->fault.is_there || (ticks == i->header.total_ticks && bytes == i->header.total_alloc))
		return;
	(void)weir_fail(&text, 0,
	                "profile: its stacks have %" PRIu64 " of %" PRIu64 " ticks and %" PRIu64 " of %" PRIu64
	                " bytes: rows are missing or not its own",
	                ticks, i->header.total_ticks, bytes, i->header.total_alloc);
	diag(i->host, WEIR_WARNING, "prof.totals", WEIR_NO_OFFSET, 1, &text);
}

static void say_all(struct weir_instance *i)
{
	const struct tree *t = &i->tree;

	if (i->fault.is_there)
		say_fault(i);
	if (i->n_bad_top) {
		struct weir_error text;

		(void)weir_fail(&text, 0, "profile: lines of the top table don't fit its columns; the tree has it all");
		diag(i->host, WEIR_WARNING, "prof.top", i->bad_top_offset, i->n_bad_top, &text);
	}
	if (i->has_tree) {
		check_sums(i);
		complain(i, WEIR_WARNING, "prof.individual", t->n_individual,
		         "profile: shares of a stack are not those of its costs");
		complain(i, WEIR_WARNING, "prof.inherited", t->n_inherited,
		         "profile: what a stack inherits is not what it and its children cost");
		complain(i, WEIR_WARNING, "prof.top_sum",
		         i->fault.is_there || t->has_shares == 0 ? 0 : frames_check(&i->frames, t->has_costs),
		         "profile: a cost centre costs more in the top table than in the tree");
		complain(i, WEIR_NOTE, "prof.unlabelled", t->n_guessed,
		         "profile: stacks without a label don't show their depth: it was told from what is inherited");
	}
	if (!i->header.is_there && !i->fault.is_there && i->ledger.n_sets + i->ledger.n_censuses)
		complain(i, WEIR_NOTE, "prof.retainer_only", 1,
		         "profile: it has retainer text only, no cost-centre report");
	if (!i->n_seen)
		complain(i, WEIR_WARNING, "prof.empty", 1,
		         "profile: it is empty: GHC writes the report when the program ends by itself, so it was "
		         "killed, it crashed, or it still runs");
}

static void tally(struct weir_instance *i)
{
	const struct weir_host *h = i->host;
	const struct ledger *l = &i->ledger;
	uint64_t n_skipped = l->n_sets + l->n_censuses;

	if (l->n_read + n_skipped)
		h->tally(h, WEIR_READ, l->n_read + n_skipped, NULL);
	if (l->n_stored)
		h->tally(h, WEIR_STORED, l->n_stored, NULL);
	if (l->n_sets)
		h->tally(h, WEIR_SKIPPED, l->n_sets, "retainer_set");
	if (l->n_censuses)
		h->tally(h, WEIR_SKIPPED, l->n_censuses, "retainer_census");
	if (l->n_bad)
		h->tally(h, WEIR_BAD, l->n_bad, i->fault.at.code);
}

static int finish(struct weir_instance *i, struct weir_error *reterr)
{
	int r = tree_finish(&i->tree);

	i->has_end = 1;
	if (i->header.is_there && r >= 0)
		r = header_totals(&i->header, i->host, &i->tree, i->form);
	if (r < 0)
		return r == -EPIPE ? r : weir_fail(reterr, r, "ghc-prof: %s", strerror(-r));
	say_all(i);
	tally(i);
	return WEIR_END;
}

/* ---- Polling ---- */

/* 0: what has been seen doesn't tell yet. */
static int choose_form(struct weir_instance *i, const struct weir_chunk *window)
{
	enum parse_result is_json =
		prof_is_json((const char *)window->at, window->n_bytes, (int)window->is_last, &i->n_looked);

	if (is_json == PARSE_MORE)
		return 0;
	i->form = is_json == PARSE_OK ? FORM_JSON : FORM_TEXT;
	if (i->form == FORM_TEXT)
		return 1;
	i->room = malloc(ROOM);
	return i->room ? 1 : -ENOMEM;
}

/* Everything that is whole in the window. */
static enum parse_result read_window(struct weir_instance *i, const struct weir_chunk *window)
{
	enum parse_result r;
	size_t n_used;

	do {
		const char *at = (const char *)window->at + i->n_used;
		size_t n = window->n_bytes - i->n_used;

		r = i->form == FORM_JSON ? json_record(i, at, n, (int)window->is_last, &n_used)
		                         : text_record(i, at, n, (int)window->is_last, &n_used);
		i->n_used += n_used;
	} while ((r == PARSE_OK || r == PARSE_BAD) && i->tree.result >= 0);
	return r;
}

static int ghc_prof_poll(struct weir_instance *i, int64_t now_ns, struct weir_error *reterr)
{
	struct weir_chunk window;
	int r;

	if (i->has_end)
		return WEIR_END;
	r = i->host->input(i->host, 0, i->n_used, &window);
	if (r != WEIR_OK && r != WEIR_END) {
		i->n_used = 0;
		return r < 0 ? weir_fail(reterr, r, "ghc-prof: input: cannot be read") : r;
	}
	i->n_used = 0;
	if (r == WEIR_END)
		return finish(i, reterr);
	i->n_seen = window.offset + window.n_bytes;
	if (i->form == FORM_NONE) {
		r = choose_form(i, &window);
		if (r <= 0)
			return r < 0 ? weir_fail(reterr, r, "ghc-prof: no memory") : WEIR_OK;
	}
	if (read_window(i, &window) == PARSE_END || i->tree.result < 0)
		return finish(i, reterr);
	return WEIR_OK;
}

const struct weir_collector weir_collector = {
	.abi_major = WEIR_ABI_MAJOR,
	.abi_minor = WEIR_ABI_MINOR,
	.size = sizeof(struct weir_collector),
	.name = "ghc-prof",
	.version = "0.1.0",
	.summary = "cost-centre profiles of GHC programs: +RTS -p, -P, -pa, -pj",
	.licence = "Apache-2.0",
	.metrics = ghc_prof_metrics,
	.claims = claims,
	.n_metrics = ROW_END,
	.n_claims = sizeof(claims) / sizeof(claims[0]),
	.sniff = ghc_prof_sniff,
	.open = ghc_prof_open,
	.poll = ghc_prof_poll,
	.close = ghc_prof_close,
};
