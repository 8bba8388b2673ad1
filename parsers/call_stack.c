/* SPDX-License-Identifier: Apache-2.0 */
#include "parsers/call_stack.h"

#include "parsers/cursor.h"

enum {
	TAG_FINAL = 0xffca,
	TAG_CHUNK,
	TAG_STRING,
	TAG_LOCATION,
};

static void read_stack(struct cursor *c, struct call_stack_message *m)
{
	m->capability = cursor_be32(c);
	m->thread = cursor_be32(c);
	m->n_items = cursor_be16(c);
	m->items = (struct parse_text){ (const char *)c->at, cursor_left(c) };
}

static void read_string(struct cursor *c, struct call_stack_message *m)
{
	m->id = cursor_be64(c);
	m->text.n = cursor_be16(c);
	m->text.at = (const char *)cursor_take(c, m->text.n);
}

static void read_location(struct cursor *c, struct call_stack_message *m)
{
	m->id = cursor_be64(c);
	m->line = cursor_be32(c);
	m->column = cursor_be32(c);
	m->file = cursor_be64(c);
}

enum parse_result call_stack_message(const uint8_t *at, size_t n, struct call_stack_message *ret)
{
	struct cursor c = cursor_on(at, n);
	uint16_t tag = cursor_be16(&c);

	*ret = (struct call_stack_message){ 0 };
	if (c.is_short || tag < TAG_FINAL || tag > TAG_LOCATION)
		return PARSE_OK;
	ret->what = CALL_STACK_FINAL + (enum call_stack_what)(tag - TAG_FINAL);
	if (tag == TAG_STRING)
		read_string(&c, ret);
	else if (tag == TAG_LOCATION)
		read_location(&c, ret);
	else
		read_stack(&c, ret);
	return c.is_short ? PARSE_BAD : PARSE_OK;
}

enum parse_result call_stack_next(struct call_stack_message *m, struct call_stack_item *ret)
{
	struct cursor c = cursor_on((const uint8_t *)m->items.at, m->items.n);

	if (!m->n_items)
		return PARSE_END;
	ret->kind = (enum call_stack_item_kind)cursor_u8(&c);
	ret->id = cursor_be64(&c);
	ret->location = ret->kind == CALL_STACK_PLACE ? cursor_be64(&c) : 0;
	if (c.is_short || ret->kind < CALL_STACK_INFO_TABLE || ret->kind > CALL_STACK_PLACE)
		return PARSE_BAD;
	m->items = (struct parse_text){ (const char *)c.at, cursor_left(&c) };
	m->n_items--;
	return PARSE_OK;
}
