/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include "parsers/call_stack.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum fate keep_string(struct log *l, const struct call_stack_message *m)
{
	const struct parse_text texts[3] = { m->text, { "", 0 }, { "", 0 } };

	return names_keep(l, &l->names.strings, m->id, texts);
}

/* A place in a file, kept as text: its source. */
static enum fate keep_location(struct log *l, const struct call_stack_message *m)
{
	const struct table_slot *file = table_find(&l->names.strings, m->file);
	const char *path = file ? l->names.text + l->names.tables[file->value].at : "";
	char place[1024];
	int n = snprintf(place, sizeof(place), "%s:%" PRIu32 ":%" PRIu32, path, m->line, m->column);
	const struct parse_text texts[3] = { { "", 0 },
		                             { "", 0 },
		                             { place, (size_t)n < sizeof(place) ? (size_t)n : sizeof(place) - 1 } };

	return names_keep(l, &l->names.locations, m->id, texts);
}

/* The two texts in front of a kept location are empty. */
static struct weir_text place_of(struct log *l, uint64_t id)
{
	const struct table_slot *slot = table_find(&l->names.locations, id);
	const char *at = slot ? l->names.text + l->names.tables[slot->value].at + 2 : "";

	return (struct weir_text){ at, strlen(at) };
}

static struct weir_text string_of(struct log *l, uint64_t id)
{
	const struct table_slot *slot = table_find(&l->names.strings, id);
	const char *at = slot ? l->names.text + l->names.tables[slot->value].at : "";

	return (struct weir_text){ at, strlen(at) };
}

static uint32_t item_frame(struct log *l, const struct call_stack_item *item)
{
	uint32_t frame = 0;
	char address[24];

	if (item->kind == CALL_STACK_INFO_TABLE) {
		frame = names_frame(l, &l->names.info_tables, item->id);
	} else if (table_find(&l->names.strings, item->id)) {
		struct weir_text place =
			item->kind == CALL_STACK_PLACE ? place_of(l, item->location) : (struct weir_text){ "", 0 };

		return l->host->frame(l->host, string_of(l, item->id), (struct weir_text){ "", 0 }, place);
	}
	if (frame)
		return frame;
	l->samples.n_unnamed++;
	(void)snprintf(address, sizeof(address), "0x%" PRIx64, item->id);
	return l->host->frame(l->host, (struct weir_text){ address, strlen(address) }, (struct weir_text){ "", 0 },
	                      (struct weir_text){ "", 0 });
}

/* Items are innermost first; the parts of one stack come one after the other. */
static enum fate take_stack(struct log *l, uint64_t time_ns, struct call_stack_message *m)
{
	struct call_stack *s = &l->user.call_stack;
	struct call_stack_item item;
	enum parse_result r;
	uint32_t stack = 0;

	if (m->thread != s->thread || m->capability != s->capability)
		s->n = 0;
	s->thread = m->thread;
	s->capability = m->capability;
	while ((r = call_stack_next(m, &item)) == PARSE_OK)
		if (s->n < CALL_FRAMES_MAX)
			s->frames[s->n++] = item_frame(l, &item);
	if (r == PARSE_BAD) {
		s->n = 0;
		return FATE_BAD;
	}
	if (m->what == CALL_STACK_CHUNK)
		return FATE_STORED;
	for (uint32_t i = s->n; i > 0; i--)
		stack = s->frames[i - 1] ? names_push(l, stack, s->frames[i - 1], 0) : stack;
	s->n = 0;
	return ticks_add(l, &l->samples.calls, ROW_PROFILE_SAMPLES, stack, 0, time_ns);
}

enum fate call_stacks_take(struct log *l, uint64_t time_ns, const uint8_t *at, size_t n)
{
	struct call_stack_message m;

	if (call_stack_message(at, n, &m) != PARSE_OK)
		return FATE_BAD;
	switch (m.what) {
	case CALL_STACK_FINAL:
	case CALL_STACK_CHUNK:
		return take_stack(l, time_ns, &m);
	case CALL_STACK_STRING:
		return keep_string(l, &m);
	case CALL_STACK_LOCATION:
		return keep_location(l, &m);
	default:
		return FATE_UNKNOWN;
	}
}
