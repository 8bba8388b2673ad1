/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/ghc-heap/ghc_heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	INDEX_FIRST = 1024,
	ROOM_FIRST = 16,
	RETAINERS_MAX = 64, /* of one set; `-R` allows 8, by default */
};

/* Room for one more than n: an array that grows to twice its size when n is a power of two. */
static int make_room(void **at, uint32_t n, size_t n_bytes_each)
{
	void *bigger;

	if (n && (n < ROOM_FIRST || (n & (n - 1))))
		return 0;
	bigger = reallocarray(*at, n ? n * 2 : ROOM_FIRST, n_bytes_each);
	if (!bigger)
		return -ENOMEM;
	*at = bigger;
	return 0;
}

/* ---- Rows of the report ---- */

static uint32_t *index_slot(uint32_t *index, uint32_t n_index, const struct join_row *rows, uint64_t id)
{
	uint32_t i = (uint32_t)(id * 0x9e3779b97f4a7c15 >> 32);

	for (;; i++) {
		uint32_t *slot = &index[i & (n_index - 1)];

		if (*slot == JOIN_NONE || rows[*slot].id == id)
			return slot;
	}
}

static int grow_index(struct joins *j)
{
	uint32_t n = j->n_index ? j->n_index * 2 : INDEX_FIRST;
	uint32_t *bigger = malloc(n * sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	memset(bigger, 0xff, n * sizeof(*bigger));
	for (uint32_t i = 0; i < j->n_rows; i++)
		*index_slot(bigger, n, j->rows, j->rows[i].id) = i;
	free(j->index);
	j->index = bigger;
	j->n_index = n;
	return 0;
}

static int intern_frame(struct joins *j, const struct prof_row *row, uint32_t *ret)
{
	size_t n = row->label.n + row->module.n + row->source.n;
	uint32_t name;
	int r;

	if (n > PROF_ROW_MAX)
		return -E2BIG;
	memcpy(j->scratch, row->label.at, row->label.n);
	memcpy(j->scratch + row->label.n, row->module.at, row->module.n);
	memcpy(j->scratch + row->label.n + row->module.n, row->source.at, row->source.n);
	name = names_find(&j->frame_names, j->scratch, n);
	*ret = name == NAME_NONE ? JOIN_NONE : j->frame_names.names[name].value;
	if (*ret != JOIN_NONE && j->frames[*ret].n_label == row->label.n && j->frames[*ret].n_module == row->module.n)
		return 0;
	r = make_room((void **)&j->frames, j->n_frames, sizeof(*j->frames));
	if (r >= 0 && name == NAME_NONE) {
		name = j->frame_names.n_names;
		r = names_add(&j->frame_names, j->scratch, n, j->n_frames);
	}
	if (r < 0)
		return r;
	j->frames[j->n_frames] =
		(struct join_frame){ j->frame_names.names[name].at, (uint32_t)row->label.n, (uint32_t)row->module.n,
		                     j->host->frame(j->host, report_text(row->label), report_text(row->module),
		                                    report_text(row->source)) };
	*ret = j->n_frames++;
	return 0;
}

static int add_row(struct joins *j, const struct prof_row *row)
{
	struct join_row new = { .id = row->id, .parent = row->depth ? j->ancestors[row->depth - 1] : JOIN_NONE };
	int r;

	if (j->n_rows == JOIN_ROWS_MAX)
		return -E2BIG;
	r = intern_frame(j, row, &new.frame);
	if (r >= 0)
		r = make_room((void **)&j->rows, j->n_rows, sizeof(*j->rows));
	if (r >= 0 && j->n_rows >= j->n_index / 4 * 3)
		r = grow_index(j);
	if (r < 0)
		return r;
	j->rows[j->n_rows] = new;
	*index_slot(j->index, j->n_index, j->rows, new.id) = j->n_rows;
	j->ancestors[row->depth] = j->n_rows++;
	return 0;
}

static int add_set(struct joins *j, const struct retainer_set *set)
{
	struct join_set new = { .id = set->id, .at = (uint32_t)j->texts.n_bytes, .n_bytes = (uint32_t)set->stacks.n };
	uint32_t name = names_find(&j->texts, set->stacks.at, set->stacks.n);
	int r = make_room((void **)&j->sets, j->n_sets, sizeof(*j->sets));

	if (name != NAME_NONE)
		new.at = j->texts.names[name].at;
	else if (r >= 0)
		r = names_add(&j->texts, set->stacks.at, set->stacks.n, 0);
	if (r >= 0)
		j->sets[j->n_sets++] = new;
	return r;
}

/* ---- Reading ---- */

static void note(struct joins *j, const char *code, const char *message, uint64_t offset)
{
	j->host->diag(j->host, &(struct weir_diag){ .code = code,
	                                            .message = { message, strlen(message) },
	                                            .offset = offset,
	                                            .count = 1,
	                                            .severity = WEIR_NOTE,
	                                            .input = 1 });
}

static int take_record(struct joins *j, const struct prof_record *record)
{
	int r = 0;

	if (record->what == PROF_CENSUS)
		j->n_censuses++;
	else if (record->what == PROF_ROW && !j->is_full)
		r = add_row(j, &record->row);
	else if (record->what == PROF_SET && !j->is_full)
		r = add_set(j, &record->set);
	if (r == -E2BIG) {
		note(j, "hp.join_full", "the report has more stacks than are joined", record->offset);
		j->is_full = 1;
		r = 0;
	}
	return r;
}

/* The next record of either form, as one of the text's. */
static enum parse_result next_record(struct joins *j, const char *at, size_t n, int is_last, struct prof_record *ret,
                                     size_t *ret_used, struct parse_fault *ret_fault)
{
	struct prof_json_record record;
	enum parse_result r;

	if (j->is_json != PARSE_OK)
		return prof_next(&j->parser, at, n, is_last, ret, ret_used, ret_fault);
	r = prof_json_next(&j->json, at, n, is_last, &record, ret_used, ret_fault);
	if (r != PARSE_OK)
		return r;
	*ret = (struct prof_record){ .what = PROF_HEADER, .offset = record.offset };
	if (record.what == PROF_JSON_CENSUS)
		ret->what = PROF_CENSUS;
	if (record.what == PROF_JSON_SET) {
		ret->what = PROF_SET;
		ret->set = record.set;
	}
	return r;
}

static int take_window(struct joins *j, const struct weir_chunk *chunk)
{
	const char *at = (const char *)chunk->at;
	struct prof_record record;
	struct parse_fault fault;
	size_t n_used;
	int r = 0;

	j->n_used = 0;
	if (j->is_json == PARSE_MORE)
		j->is_json = prof_is_json(at, chunk->n_bytes, (int)chunk->is_last, &j->n_looked);
	if (j->is_json == PARSE_MORE)
		return WEIR_OK;
	for (; r >= 0; j->n_used += n_used) {
		size_t n = chunk->n_bytes - j->n_used;

		switch (next_record(j, at + j->n_used, n, (int)chunk->is_last, &record, &n_used, &fault)) {
		case PARSE_OK:
			r = take_record(j, &record);
			break;
		case PARSE_MORE:
			return WEIR_OK;
		case PARSE_END:
			return WEIR_END;
		case PARSE_BAD:
			if (n_used)
				break;
			note(j, "hp.report",
			     "the report beside it is not whole, or none of stacks: bands behind this place "
			     "keep the stack that their label spells",
			     fault.offset);
			return WEIR_END;
		}
	}
	return r;
}

static int prepare(struct joins *j)
{
	if (j->ancestors)
		return 0;
	j->ancestors = malloc(PROF_DEPTH_MAX * sizeof(*j->ancestors));
	j->path = malloc(PROF_DEPTH_MAX * sizeof(*j->path));
	j->scratch = malloc(PROF_ROW_MAX);
	return j->ancestors && j->path && j->scratch ? 0 : -ENOMEM;
}

int joins_poll(struct joins *j)
{
	struct weir_chunk chunk;
	int r = j->host->input(j->host, 1, j->n_used, &chunk);

	if (r == -ENOENT)
		return WEIR_END;
	if (r < 0 && r != -EPIPE) {
		note(j, "hp.report", "the report beside it cannot be read", WEIR_NO_OFFSET);
		return WEIR_END;
	}
	if (r == WEIR_AGAIN)
		j->n_used = 0;
	if (r != WEIR_OK)
		return r;
	if (prepare(j) < 0)
		return -ENOMEM;
	return take_window(j, &chunk);
}

void joins_done(struct joins *j)
{
	names_done(&j->frame_names);
	names_done(&j->texts);
	free(j->frames);
	free(j->rows);
	free(j->sets);
	free(j->index);
	free(j->ancestors);
	free(j->path);
	free(j->scratch);
}

/* ---- Stacks ---- */

static uint32_t stack_of(struct joins *j, uint32_t row)
{
	uint32_t n = 0, stack = 0;

	for (; row != JOIN_NONE && !j->rows[row].stack; row = j->rows[row].parent)
		j->path[n++] = row;
	if (row != JOIN_NONE)
		stack = j->rows[row].stack;
	while (n) {
		struct join_row *r = &j->rows[j->path[--n]];

		r->stack = stack = j->host->stack(j->host, stack, j->frames[r->frame].frame, r->id);
		if (!stack)
			break;
	}
	return stack;
}

/* Takes `piece` off the path. 1: it was there; 0: something else was; -1: the path, which was cut, ends within it. */
static int take_piece(struct parse_text *path, struct parse_text piece, int is_cut)
{
	size_t n = 0;

	while (n < piece.n && n < path->n && piece.at[n] == path->at[n])
		n++;
	path->at += n;
	path->n -= n;
	if (n == piece.n)
		return 1;
	return is_cut && !path->n ? -1 : 0;
}

/* Whether the label spells this row's stack: innermost first, `/` between, MAIN left out, a CAF with its module. */
static int is_path_of(const struct joins *j, uint32_t row, struct parse_text path, int is_cut)
{
	path.n -= is_cut ? 3 : 0; /* the `...` */
	for (; j->rows[row].parent != JOIN_NONE; row = j->rows[row].parent) {
		const struct join_frame *f = &j->frames[j->rows[row].frame];
		const char *label = j->frame_names.text + f->at;
		int is_caf = f->n_label == 3 && memcmp(label, "CAF", 3) == 0;
		int is_outermost = j->rows[j->rows[row].parent].parent == JOIN_NONE, r = 1;

		if (is_caf)
			r = take_piece(&path, (struct parse_text){ label + f->n_label, f->n_module }, is_cut);
		if (r > 0)
			r = is_caf ? take_piece(&path, (struct parse_text){ ".CAF", 4 }, is_cut)
			           : take_piece(&path, (struct parse_text){ label, f->n_label }, is_cut);
		if (r > 0 && !is_caf && !is_outermost)
			r = take_piece(&path, (struct parse_text){ "/", 1 }, is_cut);
		if (r <= 0)
			return r < 0;
	}
	return path.n == 0;
}

uint32_t joins_stack(struct joins *j, uint64_t id, struct parse_text path, int is_cut, int *ret_differs)
{
	uint32_t row = j->n_index ? *index_slot(j->index, j->n_index, j->rows, id) : JOIN_NONE;

	*ret_differs = row != JOIN_NONE && !is_path_of(j, row, path, is_cut);
	return row == JOIN_NONE || *ret_differs ? 0 : stack_of(j, row);
}

uint32_t joins_main(struct joins *j)
{
	return j->n_rows && j->rows[0].parent == JOIN_NONE ? stack_of(j, 0) : 0;
}

/* ---- Retainer sets ---- */

static struct join_set *find_set(const struct joins *j, uint64_t id)
{
	for (uint32_t low = 0, high = j->n_sets; low < high;) {
		uint32_t middle = low + (high - low) / 2;

		if (j->sets[middle].id == id)
			return &j->sets[middle];
		if (j->sets[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The innermost cost centre of a retainer: what the short label shows of it. */
static struct parse_text innermost(struct parse_text retainer, struct parse_text *ret_module)
{
	struct parse_text label;

	if (retainer.n && retainer_centre(&retainer, ret_module, &label))
		return label;
	*ret_module = (struct parse_text){ "MAIN", 4 };
	return *ret_module;
}

/* Whether the label lists the set's innermost cost centres. */
static int is_label_of(struct parse_text rest, struct parse_text labels, int is_cut)
{
	struct parse_text retainer, module;

	for (int is_first = 1; retainer_stack(&rest, &retainer); is_first = 0) {
		struct parse_text label = innermost(retainer, &module);

		if (!labels.n && is_cut)
			return 1;
		if (!is_first && take_piece(&labels, (struct parse_text){ ",", 1 }, 0) <= 0)
			return 0;
		if (take_piece(&labels, label, 0) <= 0)
			return is_cut && !labels.n;
	}
	return !labels.n;
}

/* A frame for each retainer, named as in the label, its whole stack as the source; the set's number at the last. */
static uint32_t set_stack(struct joins *j, const struct join_set *set)
{
	struct parse_text rest = { j->texts.text + set->at, set->n_bytes }, retainer, next, label, module;
	int has_next = retainer_stack(&rest, &next);
	uint32_t stack = 0, frame;

	for (int n = 0; has_next && n < RETAINERS_MAX; n++) {
		retainer = next;
		has_next = retainer_stack(&rest, &next);
		label = innermost(retainer, &module);
		frame = j->host->frame(j->host, report_text(label), report_text(module), report_text(retainer));
		stack = j->host->stack(j->host, stack, frame, has_next ? 0 : set->id);
		if (!stack)
			break;
	}
	return stack;
}

uint32_t joins_set(struct joins *j, uint64_t id, struct parse_text labels, int is_cut, int *ret_differs)
{
	struct join_set *set = find_set(j, id);

	*ret_differs =
		set && !is_label_of((struct parse_text){ j->texts.text + set->at, set->n_bytes }, labels, is_cut);
	if (!set || *ret_differs)
		return 0;
	if (!set->stack)
		set->stack = set_stack(j, set);
	return set->stack;
}
