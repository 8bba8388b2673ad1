/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lexicon.h"

#include "store/builder.h"
#include "store/segment.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* Rows of texts: row i's text k is text[starts[i * n_columns + k] .. starts[i * n_columns + k + 1]). */
struct texts {
	char *text;
	uint64_t n_text, n_text_max;
	uint64_t *starts;
};

struct part {
	enum block_kind kind;
	uint32_t n_columns; /* of texts; 0: stacks */
	uint64_t id_max;
	uint64_t n, n_max;
	int is_loaded;
	struct texts texts;
	struct block_stack *stacks;
};

struct lexicon {
	sqlite3 *db;
	sqlite3_stmt *blocks;
	struct segment_reader segments;
	struct block_coder *coder;
	int64_t source;
	struct part attrs, frames, stacks;
	char *path;
};

struct lexicon *lexicon_new(sqlite3 *db)
{
	struct lexicon *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->db = l->segments.db = db;
	l->attrs = (struct part){ .kind = BLOCK_ATTRS, .n_columns = ATTRS_COLUMNS, .id_max = BUILDER_ATTRS_MAX };
	l->frames = (struct part){ .kind = BLOCK_FRAMES, .n_columns = FRAME_COLUMNS, .id_max = BUILDER_FRAMES_MAX };
	l->stacks = (struct part){ .kind = BLOCK_STACKS, .id_max = BUILDER_STACKS_MAX };
	return l;
}

static void unload(struct part *p)
{
	free(p->texts.text);
	free(p->texts.starts);
	free(p->stacks);
	*p = (struct part){ .kind = p->kind, .n_columns = p->n_columns, .id_max = p->id_max };
}

void lexicon_free(struct lexicon *l)
{
	if (!l)
		return;
	unload(&l->attrs);
	unload(&l->frames);
	unload(&l->stacks);
	(void)sqlite3_finalize(l->blocks);
	segment_done(&l->segments);
	block_coder_free(l->coder);
	free(l->path);
	free(l);
}

void lexicon_use(struct lexicon *l, int64_t source)
{
	if (l->source == source)
		return;
	l->source = source;
	unload(&l->attrs);
	unload(&l->frames);
	unload(&l->stacks);
}

/* ---- Loading ---- */

/* Room for n more than there are, in an array that grows by halves. */
static int reserve(void **array, uint64_t *n_max, uint64_t n_needed, uint64_t n_each)
{
	uint64_t n = *n_max;
	void *larger;

	if (n_needed <= n)
		return 0;
	n = n_needed > n + n / 2 ? n_needed : n + n / 2;
	larger = reallocarray(*array, n, n_each);
	if (!larger)
		return -ENOMEM;
	*array = larger;
	*n_max = n;
	return 0;
}

static int reserve_rows(struct part *p, uint64_t n_needed)
{
	void *array = p->n_columns ? (void *)p->texts.starts : (void *)p->stacks;
	uint64_t n_max = p->n_max;
	/* One more than the rows: where the last text ends. */
	int r = reserve(&array, &n_max, n_needed + 1,
	                p->n_columns ? p->n_columns * sizeof(*p->texts.starts) : sizeof(*p->stacks));

	if (r < 0)
		return r;
	if (p->n_columns)
		p->texts.starts = array;
	else
		p->stacks = array;
	p->n_max = n_max;
	return 0;
}

static int add_texts(struct part *p, const struct rows *rows)
{
	struct texts *t = &p->texts;
	uint64_t at = t->n_text, *start;
	void *text = t->text;

	if (reserve(&text, &t->n_text_max, t->n_text + rows->n_text + 1, 1) < 0)
		return -ENOMEM;
	t->text = text;
	if (rows->n_text)
		memcpy(t->text + t->n_text, rows->text, rows->n_text);
	t->n_text += rows->n_text;
	start = t->starts + p->n * p->n_columns;
	for (uint32_t i = 0; i < rows->n; i++)
		for (uint32_t c = 0; c < p->n_columns; c++) {
			*start++ = at;
			at += rows->columns[c][i];
		}
	*start = at;
	return 0;
}

static void add_stacks(struct part *p, const struct rows *rows)
{
	for (uint32_t i = 0; i < rows->n; i++)
		p->stacks[p->n + i] = (struct block_stack){ .native_id = rows->columns[STACK_NATIVE_ID][i],
			                                    .parent = (uint32_t)rows->columns[STACK_PARENT][i],
			                                    .frame = (uint32_t)rows->columns[STACK_FRAME][i] };
}

static int add_block(struct lexicon *l, struct part *p, const struct block *b)
{
	struct rows rows;

	if (b->kind != p->kind || b->first_id != p->n + 1 || p->n + b->n_rows > p->id_max ||
	    block_decode(l->coder, b, BLOCK_ALL, &rows) < 0)
		return -EBADMSG;
	if (reserve_rows(p, p->n + rows.n) < 0)
		return -ENOMEM;
	if (!p->n_columns)
		add_stacks(p, &rows);
	else if (add_texts(p, &rows) < 0)
		return -ENOMEM;
	p->n += rows.n;
	return 0;
}

static int fail(const struct lexicon *l, const struct part *p, int r, struct weir_error *reterr)
{
	const char *what = p->kind == BLOCK_ATTRS ? "attributes" : p->kind == BLOCK_FRAMES ? "frames" : "stacks";

	if (r == -ENOMEM)
		return weir_fail(reterr, r, "store: source %" PRId64 ": no memory for its %s", l->source, what);
	return weir_fail(reterr, r, "store: source %" PRId64 ": its %s are damaged after number %" PRIu64, l->source,
	                 what, p->n);
}

static int prepare(struct lexicon *l)
{
	static const char text[] = "SELECT kind, first_id, n_rows, segment, start, n_bytes FROM main.block"
				   " WHERE source = ?1 AND series = 0 AND kind = ?2"
				   " ORDER BY t_min_ns, t_max_ns, number";

	if (!l->coder)
		l->coder = block_coder_new();
	if (!l->coder)
		return SQLITE_NOMEM;
	if (!l->blocks && sqlite3_prepare_v2(l->db, text, -1, &l->blocks, NULL) != SQLITE_OK)
		return SQLITE_ERROR;
	(void)sqlite3_bind_int64(l->blocks, 1, l->source);
	return SQLITE_OK;
}

/* The block that the statement stands on. */
static int read_block(struct lexicon *l, struct block *ret)
{
	sqlite3_stmt *s = l->blocks;

	*ret = (struct block){ .kind = (uint32_t)sqlite3_column_int64(s, 0),
		               .first_id = (uint32_t)sqlite3_column_int64(s, 1),
		               .n_rows = (uint32_t)sqlite3_column_int64(s, 2),
		               .v_min = (double)NAN,
		               .v_max = (double)NAN,
		               .v_sum = (double)NAN,
		               .n_bytes = (uint64_t)sqlite3_column_int64(s, 5) };
	return segment_read(&l->segments, sqlite3_column_int64(s, 3), sqlite3_column_int64(s, 4),
	                    sqlite3_column_int64(s, 5), &ret->bytes);
}

static int add_all(struct lexicon *l, struct part *p)
{
	struct block block;
	int r = 0;

	while (r == 0 && sqlite3_step(l->blocks) == SQLITE_ROW) {
		int code = read_block(l, &block);

		if (code == SQLITE_OK)
			r = add_block(l, p, &block);
		else
			r = code == SQLITE_NOMEM ? -ENOMEM : -EBADMSG;
	}
	return r;
}

static int load(struct lexicon *l, struct part *p, struct weir_error *reterr)
{
	int code, r = 0;

	if (p->is_loaded)
		return 0;
	code = prepare(l);
	if (code == SQLITE_OK) {
		(void)sqlite3_bind_int(l->blocks, 2, (int)p->kind);
		r = add_all(l, p);
		code = sqlite3_reset(l->blocks);
	}
	if (r < 0)
		return fail(l, p, r, reterr);
	if (code != SQLITE_OK)
		return code == SQLITE_NOMEM ? fail(l, p, -ENOMEM, reterr) : sql_fail(reterr, l->db, "block");
	p->is_loaded = 1;
	return 0;
}

/* ---- Looking up ---- */

static int find(struct lexicon *l, struct part *p, uint64_t id, struct weir_error *reterr)
{
	int r = load(l, p, reterr);

	if (r == 0 && (id < 1 || id > p->n))
		r = fail(l, p, -EBADMSG, reterr);
	return r;
}

static struct weir_text text_at(const struct part *p, uint64_t id, uint32_t column)
{
	const uint64_t *start = &p->texts.starts[(id - 1) * p->n_columns + column];

	return (struct weir_text){ p->texts.text + start[0], start[1] - start[0] };
}

int lexicon_attrs(struct lexicon *l, uint64_t id, struct weir_text *ret, struct weir_error *reterr)
{
	int r = find(l, &l->attrs, id, reterr);

	if (r == 0)
		*ret = text_at(&l->attrs, id, 0);
	return r;
}

int lexicon_count(struct lexicon *l, uint64_t *ret_n, struct weir_error *reterr)
{
	int r = load(l, &l->stacks, reterr);

	*ret_n = l->stacks.n;
	return r;
}

int lexicon_stack(struct lexicon *l, uint64_t stack, struct block_stack *ret, struct weir_error *reterr)
{
	int r = find(l, &l->stacks, stack, reterr);

	if (r == 0)
		*ret = l->stacks.stacks[stack - 1];
	return r;
}

int lexicon_frame(struct lexicon *l, uint64_t stack, struct block_frame *ret, struct weir_error *reterr)
{
	struct block_stack s = { 0 };
	int r = lexicon_stack(l, stack, &s, reterr);

	if (r == 0)
		r = find(l, &l->frames, s.frame, reterr);
	if (r < 0)
		return r;
	ret->name = text_at(&l->frames, s.frame, FRAME_N_NAME);
	ret->module = text_at(&l->frames, s.frame, FRAME_N_MODULE);
	ret->source = text_at(&l->frames, s.frame, FRAME_N_SOURCE);
	return 0;
}

/* Writes before `at`. */
static char *put_before(char *at, struct weir_text text)
{
	at -= text.n_bytes;
	if (text.n_bytes)
		memcpy(at, text.at, text.n_bytes);
	return at;
}

/* From the leaf backwards, so that one walk is enough. */
int lexicon_path(struct lexicon *l, uint64_t stack, struct weir_text *ret, struct weir_error *reterr)
{
	static const struct weir_text separator = { ";", 1 }, cut = { "\xE2\x80\xA6;", 4 };
	struct block_frame frame;
	char *end, *at;

	if (!l->path)
		l->path = malloc(cut.n_bytes + LEXICON_PATH_MAX);
	if (!l->path)
		return weir_fail(reterr, -ENOMEM, "store: no memory for a stack's path");
	at = end = l->path + cut.n_bytes + LEXICON_PATH_MAX;
	do {
		int r = lexicon_frame(l, stack, &frame, reterr);

		if (r < 0)
			return r;
		if (frame.name.n_bytes + 1 > (uint64_t)(at - l->path) - cut.n_bytes) {
			at = put_before(at, cut);
			break;
		}
		at = put_before(put_before(at, separator), frame.name);
		stack = l->stacks.stacks[stack - 1].parent;
	} while (stack);
	*ret = (struct weir_text){ at, (uint64_t)(end - at) - 1 };
	return 0;
}
