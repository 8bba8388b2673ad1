/* SPDX-License-Identifier: Apache-2.0 */
/* Ids that stand for names. A log says what they mean before it uses them, in the same block, so one reading is enough.
 * Info tables are many (every closure of a big program) and few of them are ever used: their names wait here, as text,
 * and become frames when they are. */
#include "collectors/ghc-eventlog/ghc_eventlog.h"

#include <stdlib.h>
#include <string.h>

#include "collectors/program/report.h"

static struct weir_text text_of(const char *at)
{
	return (struct weir_text){ at, strlen(at) };
}

uint32_t names_push(struct log *l, uint32_t parent, uint32_t frame, uint64_t native_id)
{
	uint64_t key = (uint64_t)parent << 32 | frame;
	const struct table_slot *slot = table_find(&l->names.stacks, key);
	uint32_t stack;

	if (slot)
		return slot->value;
	stack = frame ? l->host->stack(l->host, parent, frame, native_id) : 0;
	if (stack)
		(void)table_add(&l->names.stacks, key, stack);
	return stack;
}

uint32_t names_label_stack(struct log *l, struct parse_text name, struct parse_text module, uint64_t native_id)
{
	uint32_t frame = l->host->frame(l->host, report_text(name), report_text(module), text_of(""));

	return frame ? l->host->stack(l->host, 0, frame, native_id) : 0;
}

/* ---- Cost centres ---- */

static int is_word(struct parse_text text, const char *word)
{
	return text.n == strlen(word) && memcmp(text.at, word, text.n) == 0;
}

/* As ignoreCCS() of rts/Profiling.c has them. A function may have such a name, but not from there. */
static int is_system(struct parse_text label, struct parse_text module, struct parse_text source)
{
	static const char *const names[SYSTEM_MAX][2] = {
		{ "GC", "GC" },     { "SYSTEM", "SYSTEM" },  { "OVERHEAD_of", "PROFILING" },
		{ "IDLE", "IDLE" }, { "DONT_CARE", "MAIN" },
	};

	for (int i = 0; i < SYSTEM_MAX; i++)
		if (is_word(label, names[i][0]) && is_word(module, names[i][1]))
			return is_word(source, "<built-in>");
	return 0;
}

int names_is_system_stack(const struct names *n, struct parse_text ids)
{
	uint32_t outermost = ids.n >= 4 ? eventlog_u32((const uint8_t *)ids.at + ids.n - 4) : 0;

	for (uint32_t i = 0; i < n->n_system; i++)
		if (n->system[i] == outermost)
			return 1;
	return 0;
}

enum fate name_cost_centre(struct log *l, struct lane *lane, const struct eventlog_event *e,
                           const struct eventlog_values *v)
{
	struct names *n = &l->names;
	struct table_slot *slot = table_find(&n->cost_centres, v->at[0].number);
	uint32_t frame = l->host->frame(l->host, report_text(v->at[1].text), report_text(v->at[2].text),
	                                report_text(v->at[3].text));

	if (!frame)
		return FATE_REFUSED;
	if (v->at[1].text.n == 4 && memcmp(v->at[1].text.at, "MAIN", 4) == 0 && v->at[2].text.n == 4)
		n->main_stack = names_push(l, 0, frame, v->at[0].number);
	if (slot && slot->value == frame)
		return FATE_STORED;
	if (n->n_system < SYSTEM_MAX && is_system(v->at[1].text, v->at[2].text, v->at[3].text))
		n->system[n->n_system++] = (uint32_t)v->at[0].number;
	texts_done(&n->paths);
	if (slot)
		slot->value = frame;
	else if (n->cost_centres.n >= COST_CENTRES_MAX)
		return FATE_LIMIT;
	else if (table_add(&n->cost_centres, v->at[0].number, frame) < 0)
		return log_no_memory(l);
	return FATE_STORED;
}

/* MAIN is the root of all stacks in a report, and never said in a log's. */
static uint32_t main_stack(struct log *l)
{
	struct names *n = &l->names;

	if (!n->main_stack)
		n->main_stack = names_push(
			l, 0, l->host->frame(l->host, text_of("MAIN"), text_of("MAIN"), text_of("<built-in>")), 0);
	return n->main_stack;
}

static uint32_t push_all(struct log *l, struct parse_text ids, int *ret_is_named)
{
	const uint8_t *at = (const uint8_t *)ids.at;
	uint32_t stack = main_stack(l);

	*ret_is_named = 1;
	for (size_t i = ids.n; i >= 4 && stack; i -= 4) {
		const struct table_slot *slot = table_find(&l->names.cost_centres, eventlog_u32(at + i - 4));

		if (slot)
			stack = names_push(l, stack, slot->value, slot->key);
		else
			*ret_is_named = 0;
	}
	return stack;
}

/* The same stacks come again and again: the ids as they are in the record are looked up first. */
uint32_t names_cost_centre_stack(struct log *l, struct parse_text ids)
{
	uint32_t stack = texts_find(&l->names.paths, ids.at, ids.n);
	int is_named;

	if (stack)
		return stack;
	stack = push_all(l, ids, &is_named);
	if (stack && is_named)
		(void)texts_add(&l->names.paths, ids.at, ids.n, stack);
	l->samples.n_unnamed += !is_named;
	return stack;
}

/* ---- Info tables, and what ghc-stack-profiler calls by a number ---- */

static enum fate keep_text(struct log *l, const char *at, size_t n_bytes)
{
	struct names *n = &l->names;

	if (n->n_text + n_bytes + 1 > n->n_text_room) {
		size_t n_room = n->n_text_room ? 2 * n->n_text_room : 64 * 1024;
		char *bigger;

		while (n_room < n->n_text + n_bytes + 1)
			n_room *= 2;
		if (n_room > NAMES_BYTES_MAX) {
			n->n_over++;
			return FATE_LIMIT;
		}
		bigger = realloc(n->text, n_room);
		if (!bigger)
			return log_no_memory(l);
		n->text = bigger;
		n->n_text_room = n_room;
	}
	if (n_bytes)
		memcpy(n->text + n->n_text, at, n_bytes);
	n->n_text += n_bytes;
	n->text[n->n_text++] = '\0';
	return FATE_STORED;
}

/* Keeps name, module and source under a key. What is there already stays. */
enum fate names_keep(struct log *l, struct table *table, uint64_t key, const struct parse_text texts[3])
{
	struct names *n = &l->names;
	size_t before = n->n_text;

	if (table_find(table, key))
		return FATE_STORED;
	if (n->n_tables == n->n_tables_room) {
		uint32_t n_room = n->n_tables_room ? 2 * n->n_tables_room : 1024;
		struct info_table *bigger = reallocarray(n->tables, n_room, sizeof(*bigger));

		if (!bigger)
			return log_no_memory(l);
		n->tables = bigger;
		n->n_tables_room = n_room;
	}
	for (int i = 0; i < 3; i++)
		if (keep_text(l, texts[i].at, texts[i].n) != FATE_STORED) {
			n->n_text = before;
			return FATE_LIMIT;
		}
	if (table_add(table, key, n->n_tables) < 0)
		return log_no_memory(l);
	n->tables[n->n_tables++] = (struct info_table){ .at = (uint32_t)before };
	return FATE_STORED;
}

enum fate name_info_table(struct log *l, struct lane *lane, const struct eventlog_event *e,
                          const struct eventlog_values *v)
{
	const struct parse_text *label = &v->at[4].text;
	const struct parse_text texts[3] = { label->n ? *label : v->at[1].text, v->at[5].text, v->at[6].text };

	return names_keep(l, &l->names.info_tables, v->at[0].number, texts);
}

const char *names_source(const struct names *n, uint64_t address)
{
	const struct table_slot *slot = table_find(&n->info_tables, address);
	const char *at = slot ? n->text + n->tables[slot->value].at : NULL;

	for (int i = 0; at && i < 2; i++)
		at += strlen(at) + 1;
	return at;
}

uint32_t names_frame(struct log *l, const struct table *table, uint64_t key)
{
	const struct table_slot *slot = table_find(table, key);
	struct info_table *t;
	const char *name, *module;

	if (!slot)
		return 0;
	t = &l->names.tables[slot->value];
	if (t->frame)
		return t->frame;
	name = l->names.text + t->at;
	module = name + strlen(name) + 1;
	t->frame = l->host->frame(l->host, text_of(name), text_of(module), text_of(module + strlen(module) + 1));
	return t->frame;
}

void names_done(struct names *n)
{
	table_done(&n->cost_centres);
	texts_done(&n->paths);
	table_done(&n->info_tables);
	table_done(&n->stacks);
	table_done(&n->strings);
	table_done(&n->locations);
	free(n->tables);
	free(n->text);
}
