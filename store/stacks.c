/* SPDX-License-Identifier: Apache-2.0 */
#include "store/stacks.h"

#include "store/block.h"
#include "store/builder.h"
#include "store/lexicon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum stacks_column {
	STACKS_SOURCE,
	STACKS_ID,
	STACKS_PARENT,
	STACKS_NATIVE,
	STACKS_DEPTH,
	STACKS_NAME,
	STACKS_MODULE,
	STACKS_SRC,
};

enum {
	PLAN_ALL,
	PLAN_SOURCE_IS, /* the first argument is the source */
};

struct stacks_table {
	sqlite3_vtab base;
	sqlite3 *db;
};

struct stacks_cursor {
	sqlite3_vtab_cursor base;
	sqlite3_stmt *sources; /* id, number of stacks */
	struct lexicon *lexicon;
	uint32_t *depths; /* by id, of the source it stands in */
	struct block_stack stack;
	int64_t source;
	uint64_t id, n;
	int is_end;
};

static int connect_table(sqlite3 *db, void *aux, int n, const char *const *arguments, sqlite3_vtab **ret, char **reterr)
{
	struct stacks_table *t = sqlite3_malloc(sizeof(*t));
	int code =
		t ? sqlite3_declare_vtab(db, "CREATE TABLE x (source_id INTEGER, stack_id INTEGER, parent_id INTEGER,"
	                                     " native_id INTEGER, depth INTEGER, name TEXT, module TEXT, src TEXT)")
		  : SQLITE_NOMEM;

	if (code != SQLITE_OK) {
		sqlite3_free(t);
		return code;
	}
	*t = (struct stacks_table){ .db = db };
	*ret = &t->base;
	return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *base)
{
	sqlite3_free(base);
	return SQLITE_OK;
}

static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	int is_ordered = info->nOrderBy > 0;

	info->idxNum = PLAN_ALL;
	info->estimatedCost = 1e9;
	for (int i = 0; i < info->nConstraint; i++) {
		const struct sqlite3_index_constraint *c = &info->aConstraint[i];

		if (!c->usable || c->iColumn != STACKS_SOURCE || c->op != SQLITE_INDEX_CONSTRAINT_EQ)
			continue;
		info->aConstraintUsage[i].argvIndex = 1;
		info->aConstraintUsage[i].omit = 1;
		info->idxNum = PLAN_SOURCE_IS;
		info->estimatedCost = 1e4;
		break;
	}
	/* Rows come by source and stack, upwards. */
	for (int i = 0; i < info->nOrderBy; i++)
		if (info->aOrderBy[i].desc ||
		    info->aOrderBy[i].iColumn != i + (info->idxNum == PLAN_SOURCE_IS ? STACKS_ID : STACKS_SOURCE))
			is_ordered = 0;
	info->orderByConsumed = is_ordered && info->nOrderBy <= 2;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
	struct stacks_cursor *c = calloc(1, sizeof(*c));

	if (!c)
		return SQLITE_NOMEM;
	c->lexicon = lexicon_new(((struct stacks_table *)base)->db);
	if (!c->lexicon) {
		free(c);
		return SQLITE_NOMEM;
	}
	*ret = &c->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base)
{
	struct stacks_cursor *c = (struct stacks_cursor *)base;

	(void)sqlite3_finalize(c->sources);
	lexicon_free(c->lexicon);
	free(c->depths);
	free(c);
	return SQLITE_OK;
}

static int fail(struct stacks_cursor *c, const struct weir_error *error)
{
	sqlite3_free(c->base.pVtab->zErrMsg);
	c->base.pVtab->zErrMsg = sqlite3_mprintf("%s", error->text);
	return SQLITE_CORRUPT_VTAB;
}

/* The next source that has stacks, if any. */
static int next_source(struct stacks_cursor *c)
{
	int code = sqlite3_step(c->sources);
	uint32_t *depths;

	c->is_end = code != SQLITE_ROW;
	if (c->is_end)
		return code == SQLITE_DONE ? SQLITE_OK : code;
	c->source = sqlite3_column_int64(c->sources, 0);
	c->n = (uint64_t)sqlite3_column_int64(c->sources, 1);
	c->id = 0;
	if (c->n > BUILDER_STACKS_MAX) {
		struct weir_error error;

		(void)weir_fail(&error, -EBADMSG, "store: source %lld: more stacks than there can be",
		                (long long)c->source);
		return fail(c, &error);
	}
	lexicon_use(c->lexicon, c->source);
	depths = reallocarray(c->depths, c->n + 1, sizeof(*depths));
	if (!depths)
		return SQLITE_NOMEM;
	c->depths = depths;
	depths[0] = 0;
	return SQLITE_OK;
}

static int next_row(sqlite3_vtab_cursor *base)
{
	struct stacks_cursor *c = (struct stacks_cursor *)base;
	struct weir_error error;
	int code;

	while (!c->is_end && c->id == c->n) {
		code = next_source(c);
		if (code != SQLITE_OK)
			return code;
	}
	if (c->is_end)
		return SQLITE_OK;
	c->id++;
	if (lexicon_stack(c->lexicon, c->id, &c->stack, &error) < 0)
		return fail(c, &error);
	if (c->stack.parent >= c->id) {
		(void)weir_fail(&error, -EBADMSG, "store: source %lld: stack %llu: its parent comes after it",
		                (long long)c->source, (unsigned long long)c->id);
		return fail(c, &error);
	}
	c->depths[c->id] = c->depths[c->stack.parent] + 1;
	return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int plan, const char *text, int n_values, sqlite3_value **values)
{
	static const char all[] =
		"SELECT b.source, max(b.first_id + b.n_rows - 1) FROM main.block b"
		" JOIN main.source o ON o.id = b.source WHERE o.status IS NOT NULL AND b.series = 0"
		" AND b.kind = ?1 AND (?2 IS NULL OR b.source = ?2) GROUP BY b.source ORDER BY b.source";
	static const char one[] = "SELECT b.source, max(b.first_id + b.n_rows - 1) FROM main.block b"
				  " JOIN main.source o ON o.id = b.source WHERE o.status IS NOT NULL AND b.series = 0"
				  " AND b.kind = ?1 AND b.source = ?2 GROUP BY b.source";
	struct stacks_cursor *c = (struct stacks_cursor *)base;
	int code;

	(void)sqlite3_finalize(c->sources);
	c->sources = NULL;
	c->is_end = 0;
	c->id = c->n = 0;
	code = sqlite3_prepare_v2(((struct stacks_table *)base->pVtab)->db, plan == PLAN_SOURCE_IS ? one : all, -1,
	                          &c->sources, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int(c->sources, 1, BLOCK_STACKS);
	if (code == SQLITE_OK && plan == PLAN_SOURCE_IS)
		code = sqlite3_bind_value(c->sources, 2, values[0]);
	return code == SQLITE_OK ? next_row(base) : code;
}

static int at_end(sqlite3_vtab_cursor *base)
{
	return ((struct stacks_cursor *)base)->is_end;
}

static void give_text(sqlite3_context *to, struct weir_text text)
{
	sqlite3_result_text64(to, text.at ? text.at : "", text.n_bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static int give_frame(struct stacks_cursor *c, sqlite3_context *to, int column)
{
	struct block_frame frame;
	struct weir_error error;

	if (lexicon_frame(c->lexicon, c->id, &frame, &error) < 0)
		return fail(c, &error);
	give_text(to, column == STACKS_NAME ? frame.name : column == STACKS_MODULE ? frame.module : frame.source);
	return SQLITE_OK;
}

static int column_value(sqlite3_vtab_cursor *base, sqlite3_context *to, int column)
{
	struct stacks_cursor *c = (struct stacks_cursor *)base;
	const int64_t values[] = { [STACKS_SOURCE] = c->source,
		                   [STACKS_ID] = (int64_t)c->id,
		                   [STACKS_PARENT] = c->stack.parent,
		                   [STACKS_NATIVE] = (int64_t)c->stack.native_id,
		                   [STACKS_DEPTH] = c->depths[c->id] };

	if (column >= STACKS_NAME)
		return give_frame(c, to, column);
	if (column == STACKS_NATIVE && c->stack.native_id == 0)
		return SQLITE_OK; /* the source has no number of its own for it: NULL */
	sqlite3_result_int64(to, values[column]);
	return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	struct stacks_cursor *c = (struct stacks_cursor *)base;

	*ret = (c->source << 25) + (int64_t)c->id;
	return SQLITE_OK;
}

int stacks_register(sqlite3 *db)
{
	static const sqlite3_module module = {
		.xConnect = connect_table, /* no xCreate: there is one, and nobody makes it */
		.xBestIndex = best_index,
		.xDisconnect = disconnect_table,
		.xOpen = open_cursor,
		.xClose = close_cursor,
		.xFilter = filter,
		.xNext = next_row,
		.xEof = at_end,
		.xColumn = column_value,
		.xRowid = row_id,
	};

	return sqlite3_create_module(db, "weir_stacks", &module, NULL);
}
