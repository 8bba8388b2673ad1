/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-prof/ghc_prof.h"

#include <errno.h>
#include <stdlib.h>

static void on_header(struct weir_instance *i, const struct prof_json_header *from)
{
	header_json(&i->header, i->host, from, i->room, ROOM);
	i->tree.has_costs = 1;
	i->tree.duration_ns = i->header.total_time_ns ? (int64_t)i->header.total_time_ns : 1;
	i->tree.time_ns = i->header.clock.end_ns - i->tree.duration_ns;
	i->has_tree = 1;
}

static struct weir_text unescaped(struct parse_text text, char **room)
{
	char *at = *room;

	*room += prof_json_unescape(text, at, text.n);
	return (struct weir_text){ at, (uint64_t)(*room - at) };
}

/* Says what is wrong with a record that reads well; NULL: nothing. */
static const char *on_centre(struct weir_instance *i, const struct prof_json_centre *c)
{
	char *room = i->room; /* a record fits in it */
	struct weir_text label = unescaped(c->label, &room), source = unescaped(c->source, &room);
	const struct frame *frame;
	uint64_t *ref;

	if (c->id >= CENTRES_MAX)
		return "a cost centre's number is 4194304 or more";
	ref = words_at(&i->centres, c->id);
	if (ref && *ref)
		return "a cost centre has the number of one before";
	frame = ref ? frames_get(&i->frames, i->host, label, text_of(c->module), source) : NULL;
	if (frame)
		*ref = frame->ref;
	else if (i->tree.result >= 0)
		i->tree.result = -ENOMEM;
	return NULL;
}

static const char *on_stack(struct weir_instance *i, const struct prof_json_stack *s)
{
	struct tree_row to = {
		.depth = s->depth, .id = s->centre, .entries = s->entries, .ticks = s->ticks, .bytes = s->alloc
	};
	const struct frame *frame;
	struct parse_text label, module, source;

	if (s->centre >= i->centres.n || !i->centres.at[s->centre])
		return "a stack is of a cost centre that isn't there";
	frame = frames_of(&i->frames, (uint32_t)i->centres.at[s->centre]);
	label = (struct parse_text){ frame->text, frame->n_label };
	module = (struct parse_text){ label.at + label.n, frame->n_module };
	source = (struct parse_text){ module.at + module.n, frame->n_source };
	to.frame = frame->id;
	to.is_system = (uint8_t)(s->depth == 1 && prof_is_system(label, module, source, s->entries));
	tree_add(&i->tree, &to);
	i->ledger.n_read++;
	i->ledger.n_stored++;
	return NULL;
}

enum parse_result json_record(struct weir_instance *i, const char *at, size_t n, int is_last, size_t *ret_used)
{
	struct prof_json_parser *p = &i->parser.json;
	struct prof_json_record record;
	struct parse_fault fault;
	enum parse_result r = prof_json_next(p, at, n, is_last, &record, ret_used, &fault);
	const char *wrong = NULL;

	if (r == PARSE_BAD)
		prof_fault(i, &fault);
	if (r != PARSE_OK)
		return r;
	if (record.what == PROF_JSON_HEADER)
		on_header(i, &record.header);
	else if (record.what == PROF_JSON_CENTRE)
		wrong = on_centre(i, &record.centre);
	else if (record.what == PROF_JSON_STACK)
		wrong = on_stack(i, &record.stack);
	else if (record.what == PROF_JSON_CENSUS)
		i->ledger.n_censuses++;
	else if (record.what == PROF_JSON_SET)
		i->ledger.n_sets++;
	else
		i->fault.n_bytes += record.n_stale;
	if (wrong) {
		prof_json_stop(p);
		prof_fault(i, &(struct parse_fault){ record.offset, "prof.json", wrong });
		i->fault.n_bytes += *ret_used;
	}
	return r;
}
