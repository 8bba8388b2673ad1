/* SPDX-License-Identifier: Apache-2.0 */
#include "store/source.h"

#include "store/pending.h"
#include "store/segment.h"

#include <errno.h>
#include <stdlib.h>

#define UNFINISHED_CODE "host.unfinished"

/* A row of its collector's dictionary. */
struct declared {
	int64_t metric;
	uint8_t kind; /* of the blocks that its series have: enum block_kind */
};

struct store_source {
	struct store *store;
	int64_t id;
	char *path;
	struct declared *declared;
	uint32_t n_declared;
	uint8_t *series; /* block kinds, by id - 1 */
	uint32_t n_series, n_series_max;
	uint32_t n_rows[BLOCK_KIND_COUNT]; /* of dictionaries so far */
	uint32_t n_blocks;
	uint8_t *segment; /* SEGMENT_BYTES + SEGMENT_ALONE: blocks that are not written yet */
	uint64_t n_segment;
	int64_t segment_id;
	struct pending *pending;
	int64_t t_first_ns, t_last_ns;
	int has_times;
	int is_kept;
	struct store_source *next_kept;
};

/* ---- What is there ---- */

static struct cell cell_node(int64_t node)
{
	return node ? cell_integer(node) : cell_null();
}

/* What makes a reading the same. */
struct reading {
	struct cell cells[7];
};

static struct reading reading_of(const struct store_source_info *info)
{
	return (struct reading){ { cell_integer(info->run), cell_node(info->node), cell_integer(info->collector),
		                   cell_string(info->path), cell_integer((int64_t)info->size_bytes),
		                   cell_integer(info->mtime_ns),
		                   cell_string(info->options_json ? info->options_json : "{}") } };
}

int store_has(struct store *s, const struct store_source_info *info, uint8_t *ret_sha256, struct weir_error *reterr)
{
	const struct reading key = reading_of(info);
	int r = statement_run(s, SOURCE_HAS, key.cells, N_CELLS(key.cells), reterr);

	if (r <= 0)
		return r;
	if (ret_sha256) {
		memset(ret_sha256, 0, 32);
		(void)statement_bytes(s, SOURCE_HAS, 0, ret_sha256, 32);
	}
	statement_done(s, SOURCE_HAS);
	return 1;
}

int source_forget(struct store *s, int64_t source, struct weir_error *reterr)
{
	static const enum statement statements[] = { FORGET_BLOCKS, FORGET_SEGMENTS, FORGET_SERIES,
		                                     FORGET_DIAGS,  FORGET_FACTS,    FORGET_SOURCE };
	const struct cell cells[] = { cell_integer(source) };
	int r = 0;

	for (int i = 0; i < N_CELLS(statements) && r == 0; i++)
		r = statement_run(s, statements[i], cells, 1, reterr);
	return r;
}

/* ---- Beginning ---- */

static void source_free(struct store_source *src)
{
	if (!src)
		return;
	free(src->path);
	free(src->declared);
	free(src->series);
	free(src->segment);
	pending_free(src->pending);
	free(src);
}

static int add_declared(struct store_source *src, const struct declared *d)
{
	struct declared *all = reallocarray(src->declared, src->n_declared + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	all[src->n_declared++] = *d;
	src->declared = all;
	return 0;
}

static int load_declared(struct store_source *src, int64_t collector, struct weir_error *reterr)
{
	struct store *s = src->store;
	const struct cell cells[] = { cell_integer(collector) };
	int r = statement_run(s, DECLARED_LIST, cells, 1, reterr);

	while (r > 0) {
		enum block_kind kind = block_kind_of((uint32_t)statement_integer(s, DECLARED_LIST, 1),
		                                     (uint32_t)statement_integer(s, DECLARED_LIST, 2));
		struct declared d = { statement_integer(s, DECLARED_LIST, 0), (uint8_t)kind };

		if (add_declared(src, &d) < 0) {
			statement_done(s, DECLARED_LIST);
			return weir_fail(reterr, -ENOMEM, "store: %s: no memory", src->path);
		}
		r = statement_next(s, DECLARED_LIST, reterr);
	}
	return r;
}

static int add_source(struct store_source *src, const struct store_source_info *info, struct weir_error *reterr)
{
	const struct reading key = reading_of(info);
	int r = statement_run(src->store, SOURCE_ADD, key.cells, N_CELLS(key.cells), reterr);

	src->id = sqlite3_last_insert_rowid(src->store->db);
	return r;
}

int store_source_begin(struct store *s, const struct store_source_info *info, struct store_source **ret,
                       struct weir_error *reterr)
{
	struct store_source *src;
	int r = store_begin(s, reterr);

	if (r < 0)
		return r;
	src = calloc(1, sizeof(*src));
	if (src) {
		src->path = strdup(info->path);
		src->segment = malloc(SEGMENT_BYTES + SEGMENT_ALONE);
	}
	if (!src || !src->path || !src->segment) {
		source_free(src);
		return weir_fail(reterr, -ENOMEM, "store: %s: no memory", info->path);
	}
	src->store = s;
	r = load_declared(src, info->collector, reterr);
	if (r == 0)
		r = add_source(src, info, reterr);
	if (r == 0)
		src->pending = pending_new(s, src->id);
	if (r == 0 && !src->pending)
		r = weir_fail(reterr, -ENOMEM, "store: %s: no memory", info->path);
	if (r < 0) {
		source_free(src);
		return r;
	}
	*ret = src;
	return 0;
}

/* ---- What it says ---- */

static int refuse(const struct store_source *src, struct weir_error *reterr, int code, const char *what, uint32_t id)
{
	return weir_fail(reterr, code, "store: %s: %s %u", src->path, what, id);
}

static int add_series(struct store_source *src, uint8_t kind)
{
	if (src->n_series == src->n_series_max) {
		uint32_t n_max = src->n_series_max ? src->n_series_max * 2 : 64;
		uint8_t *series = realloc(src->series, n_max);

		if (!series)
			return -ENOMEM;
		src->series = series;
		src->n_series_max = n_max;
	}
	src->series[src->n_series++] = kind;
	return 0;
}

int store_source_series(struct store_source *src, uint32_t id, uint32_t metric_row, struct weir_text attrs_json,
                        struct weir_error *reterr)
{
	int r;

	if (metric_row >= src->n_declared)
		return refuse(src, reterr, -EINVAL, "its collector declares no metric", metric_row);
	if (id != src->n_series + 1)
		return refuse(src, reterr, -EINVAL, "a series out of order:", id);
	if (add_series(src, src->declared[metric_row].kind) < 0)
		return refuse(src, reterr, -ENOMEM, "no memory for series", id);
	r = store_begin(src->store, reterr);
	if (r == 0)
		r = pending_series(src->pending, id, src->declared[metric_row].metric, attrs_json, reterr);
	return r;
}

/* Whether the block is one that this source can have now. */
static int check_block(const struct store_source *src, const struct block *b, struct weir_error *reterr)
{
	if (block_check(b) < 0)
		return refuse(src, reterr, -EBADMSG, "a damaged block of series", b->series);
	if (b->kind >= BLOCK_FRAMES) {
		if (b->series != 0 || b->first_id != src->n_rows[b->kind] + 1)
			return refuse(src, reterr, -EBADMSG, "a dictionary out of order at id", b->first_id);
		return 0;
	}
	if (b->series < 1 || b->series > src->n_series || src->series[b->series - 1] != b->kind)
		return refuse(src, reterr, -EBADMSG, "a block that does not fit series", b->series);
	return 0;
}

static void note_block(struct store_source *src, const struct block *b)
{
	if (b->kind >= BLOCK_FRAMES) {
		src->n_rows[b->kind] += b->n_rows;
		return;
	}
	if (!src->has_times || b->t_min_ns < src->t_first_ns)
		src->t_first_ns = b->t_min_ns;
	if (!src->has_times || b->t_max_ns > src->t_last_ns)
		src->t_last_ns = b->t_max_ns;
	src->has_times = 1;
}

static int write_segment(struct store_source *src, int64_t id, const uint8_t *at, uint64_t n, struct weir_error *reterr)
{
	const struct cell cells[] = { cell_integer(id), cell_integer(src->id), cell_bytes(at, n) };

	src->store->n_pending += n;
	return statement_run(src->store, SEGMENT_ADD, cells, N_CELLS(cells), reterr);
}

static int write_open_segment(struct store_source *src, struct weir_error *reterr)
{
	uint64_t n = src->n_segment;

	src->n_segment = 0;
	return n ? write_segment(src, src->segment_id, src->segment, n, reterr) : 0;
}

static int place_bytes(struct store_source *src, const struct block *b, struct block_place *ret,
                       struct weir_error *reterr)
{
	if (b->n_bytes >= SEGMENT_ALONE) {
		*ret = (struct block_place){ src->store->next_segment++, 0 };
		return write_segment(src, ret->segment, b->bytes, b->n_bytes, reterr);
	}
	if (src->n_segment == 0)
		src->segment_id = src->store->next_segment++;
	*ret = (struct block_place){ src->segment_id, src->n_segment };
	memcpy(src->segment + src->n_segment, b->bytes, b->n_bytes);
	src->n_segment += b->n_bytes;
	return src->n_segment < SEGMENT_BYTES ? 0 : write_open_segment(src, reterr);
}

static int add_block(struct store_source *src, const struct block *b, struct weir_error *reterr)
{
	struct block_place place;
	int r = place_bytes(src, b, &place, reterr);

	return r < 0 ? r : pending_block(src->pending, b, src->n_blocks++, place, reterr);
}

/* What is in memory only. */
static int write_open(struct store_source *src, struct weir_error *reterr)
{
	int r = write_open_segment(src, reterr);

	return r < 0 ? r : pending_write(src->pending, reterr);
}

int store_source_block(struct store_source *src, const struct block *b, struct weir_error *reterr)
{
	int r = check_block(src, b, reterr);

	if (r == 0)
		r = store_begin(src->store, reterr);
	if (r == 0)
		r = add_block(src, b, reterr);
	if (r < 0)
		return r;
	note_block(src, b);
	return store_commit(src->store, 0, reterr);
}

int store_source_fact(struct store_source *src, const char *name, struct weir_text value, struct weir_error *reterr)
{
	const struct cell cells[] = { cell_integer(src->id), cell_string(name), cell_text(value) };
	int r = store_begin(src->store, reterr);

	return r < 0 ? r : statement_run(src->store, SOURCE_FACT_PUT, cells, N_CELLS(cells), reterr);
}

int store_source_diag(struct store_source *src, const struct weir_diag *d, struct weir_error *reterr)
{
	const struct cell cells[] = {
		cell_integer(src->id),
		cell_integer(d->severity),
		cell_string(d->code),
		d->offset == WEIR_NO_OFFSET ? cell_null() : cell_integer((int64_t)d->offset),
		cell_integer((int64_t)d->count),
		cell_integer(d->input),
		cell_text(d->message),
	};
	int r = store_begin(src->store, reterr);

	return r < 0 ? r : statement_run(src->store, DIAG_ADD, cells, N_CELLS(cells), reterr);
}

/* ---- Ending ---- */

static void stop_keeping(struct store_source *src)
{
	struct store_source **at = &src->store->kept;

	while (*at && *at != src)
		at = &(*at)->next_kept;
	if (*at)
		*at = src->next_kept;
}

int source_write_kept(struct store *s, struct weir_error *reterr)
{
	int r = 0;

	for (struct store_source *src = s->kept; src && r == 0; src = src->next_kept)
		r = write_open(src, reterr);
	return r;
}

static int put_end(struct store_source *src, const struct store_source_result *result, struct weir_error *reterr)
{
	const struct store_ledger *l = &result->ledger;
	const struct cell cells[] = {
		cell_integer(src->id),
		cell_integer(result->status),
		result->has_sha256 ? cell_bytes(result->sha256, sizeof(result->sha256)) : cell_null(),
		cell_string(result->clock),
		cell_string(result->clock_tie),
		result->clock_error_ns < 0 ? cell_null() : cell_integer(result->clock_error_ns),
		cell_integer((int64_t)l->n_read),
		cell_integer((int64_t)l->n_stored),
		cell_integer((int64_t)l->n_skipped),
		cell_integer((int64_t)l->n_bad),
		cell_integer((int64_t)l->n_lost),
		cell_string(result->reasons_json ? result->reasons_json : "{}"),
		src->has_times ? cell_integer(src->t_first_ns) : cell_null(),
		src->has_times ? cell_integer(src->t_last_ns) : cell_null(),
	};

	return statement_run(src->store, SOURCE_END, cells, N_CELLS(cells), reterr);
}

static int forget_older(struct store_source *src, struct weir_error *reterr)
{
	struct store *s = src->store;
	const struct cell cells[] = { cell_integer(src->id) };
	int r;

	while ((r = statement_run(s, SOURCE_OLDER, cells, 1, reterr)) > 0) {
		int64_t older = statement_integer(s, SOURCE_OLDER, 0);

		statement_done(s, SOURCE_OLDER);
		r = source_forget(s, older, reterr);
		if (r < 0)
			return r;
	}
	return r;
}

static int begin_keeping(struct store_source *src, struct weir_error *reterr)
{
	static const char sentence[] = "the recording has no end: weir was killed, or is still at work";
	const struct weir_diag unfinished = { .code = UNFINISHED_CODE,
		                              .message = { sentence, sizeof(sentence) - 1 },
		                              .offset = WEIR_NO_OFFSET,
		                              .count = 1,
		                              .severity = WEIR_WARNING };

	src->is_kept = 1;
	src->next_kept = src->store->kept;
	src->store->kept = src;
	return store_source_diag(src, &unfinished, reterr);
}

int store_source_keep(struct store_source *src, const struct store_source_result *so_far, struct weir_error *reterr)
{
	int r = store_begin(src->store, reterr);

	if (r == 0 && !src->is_kept)
		r = begin_keeping(src, reterr);
	return r < 0 ? r : put_end(src, so_far, reterr);
}

static int remove_unfinished(struct store_source *src, struct weir_error *reterr)
{
	const struct cell cells[] = { cell_integer(src->id), cell_string(UNFINISHED_CODE) };

	return statement_run(src->store, DIAG_REMOVE, cells, N_CELLS(cells), reterr);
}

int store_source_end(struct store_source *src, const struct store_source_result *result, struct weir_error *reterr)
{
	struct store *s = src->store;
	int r = store_begin(s, reterr);

	if (r == 0)
		r = write_open(src, reterr);
	if (r == 0)
		r = put_end(src, result, reterr);
	/* A recording replaces none. */
	if (r == 0)
		r = src->is_kept ? remove_unfinished(src, reterr) : forget_older(src, reterr);
	stop_keeping(src);
	source_free(src);
	return r < 0 ? r : store_commit(s, 0, reterr);
}

void store_source_abort(struct store_source *src)
{
	if (!src)
		return;
	if (src->is_kept && store_begin(src->store, NULL) == 0)
		(void)write_open(src, NULL);
	stop_keeping(src);
	/* What cannot be removed now is removed when the store is opened next. */
	if (!src->is_kept && store_begin(src->store, NULL) == 0)
		(void)source_forget(src->store, src->id, NULL);
	source_free(src);
}
