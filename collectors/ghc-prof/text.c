/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-prof/ghc_prof.h"

#include <errno.h>
#include <string.h>

static int is_text(struct parse_text text, const char *expected)
{
	return text.n == strlen(expected) && memcmp(text.at, expected, text.n) == 0;
}

int prof_is_system(struct parse_text label, struct parse_text module, struct parse_text source, uint64_t entries)
{
	static const char *const names[][2] = {
		{ "GC", "GC" },     { "SYSTEM", "SYSTEM" },  { "OVERHEAD_of", "PROFILING" },
		{ "IDLE", "IDLE" }, { "DONT_CARE", "MAIN" },
	};

	if (entries || (source.n && !is_text(source, "<built-in>")))
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_text(label, names[i][0]) && is_text(module, names[i][1]))
			return 1;
	return 0;
}

static void lack_memory(struct weir_instance *i)
{
	if (i->tree.result >= 0)
		i->tree.result = -ENOMEM;
}

static struct frame *frame_of(struct weir_instance *i, const struct prof_row *row)
{
	return frames_get(&i->frames, i->host, text_of(row->label), text_of(row->module), text_of(row->source));
}

static void on_header(struct weir_instance *i, const struct prof_header *from)
{
	header_text(&i->header, i->host, from);
	i->tree.has_costs = i->parser.text.top.has_costs;
	i->tree.has_shares = 1;
	i->tree.total_ticks = i->header.total_ticks;
	i->tree.total_bytes = i->header.total_alloc;
	i->tree.duration_ns = i->header.total_time_ns ? (int64_t)i->header.total_time_ns : 1;
	i->tree.time_ns = i->header.clock.end_ns - i->tree.duration_ns;
}

static void on_top(struct weir_instance *i, const struct prof_row *row)
{
	struct frame *frame = frame_of(i, row);
	int has_costs = i->tree.has_costs;

	if (!frame ||
	    !frames_add_top(&i->frames, frame, has_costs ? row->ticks : row->time, has_costs ? row->bytes : row->alloc))
		lack_memory(i);
}

static void on_row(struct weir_instance *i, const struct prof_row *row)
{
	const struct frame *frame = frame_of(i, row);
	int has_costs = i->tree.has_costs;
	struct tree_row to = { .depth = row->depth,
		               .id = row->id,
		               .entries = row->entries,
		               .ticks = row->ticks,
		               .bytes = row->bytes,
		               .time = row->time,
		               .alloc = row->alloc,
		               .time_inherited = row->time_inherited,
		               .alloc_inherited = row->alloc_inherited,
		               .is_depth_guess = row->is_depth_guess };

	if (!frame) {
		lack_memory(i);
		return;
	}
	frames_add_row(&i->frames, frame, has_costs ? row->ticks : row->time, has_costs ? row->bytes : row->alloc);
	to.frame = frame->id;
	to.is_system = (uint8_t)(row->depth == 1 && prof_is_system(row->label, row->module, row->source, row->entries));
	tree_add(&i->tree, &to);
	i->ledger.n_read++;
	i->ledger.n_stored++;
}

/* A number that comes twice is that of another report, whose rows happen to have these columns. */
static void on_repeated(struct weir_instance *i, uint64_t offset, size_t n_bytes)
{
	prof_stop(&i->parser.text);
	prof_fault(i, &(struct parse_fault){ offset, "prof.id", "a stack has the number of one above" });
	i->fault.n_bytes += n_bytes;
	i->fault.n_lines++;
}

static void on_record(struct weir_instance *i, const struct prof_record *record, size_t n_bytes)
{
	switch (record->what) {
	case PROF_CENSUS:
		i->ledger.n_censuses++;
		break;
	case PROF_HEADER:
		on_header(i, &record->header);
		break;
	case PROF_TOP:
		on_top(i, &record->row);
		break;
	case PROF_TREE:
		i->has_tree = 1;
		break;
	case PROF_ROW:
		if (tree_is_repeated(&i->tree, record->row.id))
			on_repeated(i, record->offset, n_bytes);
		else
			on_row(i, &record->row);
		break;
	case PROF_SET:
		i->ledger.n_sets++;
		break;
	case PROF_STALE:
		i->fault.n_bytes += record->stale.n_bytes;
		i->fault.n_lines += record->stale.n_lines;
		break;
	}
}

static const char *layout_of(const struct prof_parser *p)
{
	if (!p->tree.source_at)
		return "ghc-7";
	return p->is_glued ? "ghc-8" : "ghc-9";
}

enum parse_result text_record(struct weir_instance *i, const char *at, size_t n, int is_last, size_t *ret_used)
{
	struct prof_parser *p = &i->parser.text;
	struct prof_record record;
	struct parse_fault fault;
	enum parse_result r = prof_next(p, at, n, is_last, &record, ret_used, &fault);

	if (r == PARSE_OK) {
		on_record(i, &record, *ret_used);
		if (record.what == PROF_ROW)
			i->header.layout = layout_of(p);
	} else if (r == PARSE_BAD && *ret_used) {
		i->bad_top_offset = i->n_bad_top++ ? i->bad_top_offset : fault.offset;
	} else if (r == PARSE_BAD) {
		prof_fault(i, &fault);
	}
	return r;
}
